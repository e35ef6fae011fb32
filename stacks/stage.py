"""The name and the settings of a deployment stage.

The defaults are for development. `stages.NAME` in cdk.json overrides them for one stage; a stage that is not in
cdk.json has the defaults. This module does not depend on the CDK.
"""

import re
from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

DEFAULT_NAME = "dev"
NAME_PATTERN = re.compile(r"^[a-z][a-z0-9-]{0,19}$")
# The user pool's domain contains the stage's name, and Cognito does not allow these words in it.
RESERVED_WORDS = ("aws", "amazon", "cognito")
ORIGIN_PATTERN = r"^https?://[A-Za-z0-9.-]+(:\d+)?$"

# The values that CloudWatch Logs allows.
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


class StageError(Exception):
    """The stage's name or settings are invalid. The message is one line for the person who runs `cdk`."""


class Stage(BaseModel):
    """The settings of one deployment of Parley."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: str

    layer_platform: Literal["lambda", "host"] = "lambda"
    """The target of the dependency layer: Lambda, or the Python that runs the CDK (the local stage)."""

    auth_mode: Literal["demo", "verified", "mfa"] = "demo"
    """How users sign up. demo: confirmed at once. verified: a code by e-mail. mfa: also an authenticator app."""

    threat_protection: bool = False
    """Cognito's Plus plan blocks compromised credentials and risky sign-ins. Priced per active user."""

    log_retention_days: RetentionDays = 14
    archive_retention_days: int = Field(14, ge=1)

    workflow_log_level: Literal["ALL", "ERROR", "FATAL", "OFF"] = "ALL"
    """ALL logs inputs and outputs, so that the console shows each run; the logs then contain message texts.
    The other levels log neither."""

    access_logs: bool = False
    """Access logs: of both APIs to CloudWatch Logs, of the distribution to a bucket."""

    inspector: bool = True
    """Whether the UI shows the inspector."""

    point_in_time_recovery: bool = False
    deletion_protection: bool = False
    removal_policy: Literal["destroy", "retain"] = "destroy"
    """What `cdk destroy` does to data: tables, the archive's events, users, logs."""

    site_origins: tuple[str, ...] = ()
    """Other origins that users may sign in from, such as http://localhost:4280."""

    messages_per_second: float = Field(2.0, gt=0)
    message_burst: int = Field(20, ge=1)

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not NAME_PATTERN.match(name):
            raise ValueError(
                "use 1 to 20 lower-case letters, digits and hyphens, starting with a letter, like dev-2"
            )
        for word in RESERVED_WORDS:
            if word in name:
                raise ValueError(f"use a name without {word!r}, which Cognito does not allow in a domain")
        return name

    @field_validator("site_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not re.match(ORIGIN_PATTERN, origin):
                raise ValueError(
                    f"{origin!r} is not a site origin; use one like https://chat.example.com, without a path"
                )
        return origins

    @classmethod
    def from_context(cls, context: Callable[[str], Any]) -> Self:
        """Return the stage that `-c stage=NAME` names. `context` returns a value from `-c` or cdk.json by its key.

        Raises StageError.
        """
        name = context("stage") or DEFAULT_NAME
        overrides = (context("stages") or {}).get(name, {})
        if "name" in overrides:
            raise StageError(f"stages.{name} in cdk.json sets 'name'. Remove it: the key '{name}' is the name.")
        origin = context("siteOrigin")
        if origin:
            overrides = {**overrides, "siteOrigins": [*overrides.get("siteOrigins", ()), origin]}
        try:
            return cls.model_validate({"name": name, **overrides})
        except ValidationError as refusal:
            raise StageError(f"Stage '{name}' is invalid: {_sentence(refusal)}") from None


def _sentence(refusal: ValidationError) -> str:
    fault = refusal.errors(include_url=False)[0]
    setting = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = ", ".join(to_camel(field) for field in Stage.model_fields if field != "name")
        return f"cdk.json has the unknown setting '{setting}'. Use one of: {known}."
    if fault["type"] == "value_error":
        return f"{fault['ctx']['error']}."
    return f"{setting}: {fault['msg']}; got {fault['input']!r}."
