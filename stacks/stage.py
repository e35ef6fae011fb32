"""What a stage is: its name and its settings, typed.

The defaults here make a stage for trying things out. `stages.NAME` in cdk.json holds what a stage has
otherwise; a stage that is not named there has the defaults. Nothing here knows the CDK.
"""

import re
from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

DEFAULT_NAME = "dev"
NAME_PATTERN = re.compile(r"^[a-z][a-z0-9-]{0,19}$")
# A user pool's domain carries the stage's name, and Cognito refuses these words in it.
RESERVED_WORDS = ("aws", "amazon", "cognito")
ORIGIN_PATTERN = r"^https?://[A-Za-z0-9.-]+(:\d+)?$"

# What CloudWatch Logs takes as a retention.
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class StageError(Exception):
    """The stage asked for cannot be. The message is one sentence for whoever runs `cdk`."""


class Stage(BaseModel):
    """One deployment of Parley, complete and apart from all others."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: str

    layer_platform: Literal["lambda", "host"] = "lambda"
    """What the dependency layer is built for: Lambda, or the Python that runs the CDK (the local stage)."""

    auth_mode: Literal["demo", "verified", "mfa"] = "demo"
    """demo: whoever signs up is in. verified: by a code sent by e-mail. mfa: that, and an authenticator app."""

    threat_protection: bool = False
    """Cognito's Plus plan: compromised credentials and risky sign-ins are stopped. Priced per active user."""

    log_retention_days: RetentionDays = 14
    archive_retention_days: int = Field(14, ge=1)

    workflow_log_level: Literal["ALL", "ERROR", "FATAL", "OFF"] = "ALL"
    """ALL holds inputs and outputs, so the console shows every execution, and the logs hold chat text.
    Any other level holds neither."""

    access_logs: bool = False
    """Who called what: of both APIs to CloudWatch Logs, of the distribution to a bucket."""

    inspector: bool = True
    """Whether the UI shows the inspector."""

    point_in_time_recovery: bool = False
    deletion_protection: bool = False
    removal_policy: Literal["destroy", "retain"] = "destroy"
    """What `cdk destroy` does to what people wrote: tables, the archive's events, users, logs."""

    site_origins: tuple[str, ...] = ()
    """Origins besides the distribution's own that people may sign in from, such as http://localhost:4280."""

    messages_per_second: float = Field(2.0, gt=0)
    message_burst: int = Field(20, ge=1)

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not NAME_PATTERN.match(name):
            raise ValueError(
                f"a stage's name is 1 to 20 lower-case letters, digits and hyphens, a letter first; got {name!r}"
            )
        for word in RESERVED_WORDS:
            if word in name:
                raise ValueError(f"a stage's name may not contain {word!r}: Cognito refuses it in a domain")
        return name

    @field_validator("site_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not re.match(ORIGIN_PATTERN, origin):
                raise ValueError(
                    f"a site origin looks like https://chat.example.com, without a path; got {origin!r}"
                )
        return origins

    @classmethod
    def from_context(cls, context: Callable[[str], Any]) -> Self:
        """The stage that `-c stage=NAME` asks for. `context` finds a value of cdk.json or of `-c` by its key.

        Raises StageError.
        """
        name = context("stage") or DEFAULT_NAME
        overrides = (context("stages") or {}).get(name, {})
        if "name" in overrides:
            raise StageError(f"stages.{name} in cdk.json sets 'name', which is the key's to say.")
        origin = context("siteOrigin")
        if origin:
            overrides = {**overrides, "siteOrigins": [*overrides.get("siteOrigins", ()), origin]}
        try:
            return cls.model_validate({"name": name, **overrides})
        except ValidationError as refusal:
            raise StageError(f"Stage '{name}' cannot be: {_sentence(refusal)}") from None


def _sentence(refusal: ValidationError) -> str:
    fault = refusal.errors(include_url=False)[0]
    setting = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = ", ".join(to_camel(field) for field in Stage.model_fields if field != "name")
        return f"cdk.json has the setting '{setting}', which is not one of: {known}."
    if fault["type"] == "value_error":
        return f"{fault['ctx']['error']}."
    return f"{setting}: {fault['msg']}; got {fault['input']!r}."
