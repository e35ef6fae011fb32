"""The name and the settings of a deployment stage.

The defaults are for development. `stages.NAME` in cdk.json overrides them for one stage; a stage that is not in
cdk.json has the defaults. This module does not depend on the CDK.
"""

import re
from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

DEFAULT_NAME = "dev"
NAME_PATTERN = re.compile(r"^[a-z][a-z0-9-]{0,19}$")
# The user pool's domain contains the stage's name, and Cognito does not allow these words in it.
RESERVED_WORDS = ("aws", "amazon", "cognito")
# Cognito refuses callback addresses with http, except for this machine.
ORIGIN_PATTERN = r"^(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:\d+)?$"
EMAIL_PATTERN = r"^[^\s@<>,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
REGION_PATTERN = r"^[a-z]{2}-[a-z]+-\d$"

# The values that CloudWatch Logs allows.
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]

SES_SETTINGS = ("ses_region", "ses_verified_domain", "ses_reply_to", "ses_configuration_set")


class StageError(Exception):
    """The stage's name or settings are invalid. The message is one line for the person who runs `cdk`."""


class Stage(BaseModel):
    """The settings of one deployment of Parley."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    name: str

    layer_platform: Literal["lambda", "host"] = "lambda"
    """The target of the dependency layer: Lambda, or the Python that runs the CDK (the local stage)."""

    auth_mode: Literal["demo", "verified", "mfa"] = "verified"
    """How users sign up. demo: confirmed at once, with any e-mail address, which is not verified; for the local
    stage. verified: a code by e-mail. mfa: also an authenticator app."""

    ses_from: str | None = None
    """The address that Cognito's e-mails come from, an identity verified in Amazon SES. Without it, Cognito sends
    them itself: about 50 per day and account, then sign-ups and password resets fail until the next day."""

    ses_region: str | None = None
    """The region of that SES identity. Required with `sesFrom`."""

    ses_verified_domain: str | None = None
    """The identity in SES, if it is the domain of `sesFrom` and not the address itself."""

    ses_reply_to: str | None = None
    ses_configuration_set: str | None = None

    threat_protection: bool = False
    """Cognito's Plus plan blocks compromised credentials and risky sign-ins. Priced per active user."""

    log_retention_days: RetentionDays = 14
    archive_retention_days: int = Field(14, ge=1)

    workflow_log_level: Literal["ALL", "ERROR", "FATAL", "OFF"] = "ALL"
    """ALL logs inputs and outputs, so that the console shows each run; the logs then contain message texts, and
    cost $17 to $21 per million messages (docs/cost.md). The other levels log neither."""

    access_logs: bool = False
    """Access logs: of both APIs to CloudWatch Logs, of the distribution to a bucket."""

    trace_sample_percent: float | None = Field(None, ge=0, le=100)
    """The share of messages, status updates and REST requests whose traces X-Ray keeps, in addition to its default
    sample (the first in each second and 5 % of the others, per function). $5 per million traces."""

    monthly_budget_usd: float | None = Field(None, gt=0)
    """A budget for this stage: an e-mail to `budgetEmail` at 80 % of it, at 100 %, and when AWS forecasts 100 %.
    It stops nothing. Counts only what has the cost allocation tag `parley:stage`, which the account must
    activate once."""

    budget_email: str | None = None
    """Who gets the e-mails of the budget. Required with `monthlyBudgetUsd`."""

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
                    f"{origin!r} is not a site origin; use one like https://chat.example.com, without a path "
                    "(http only for localhost and 127.0.0.1)"
                )
        return origins

    @field_validator("ses_from", "ses_reply_to", "budget_email")
    @classmethod
    def _check_email(cls, address: str | None) -> str | None:
        if address is not None and not re.match(EMAIL_PATTERN, address):
            raise ValueError(f"{address!r} is not an e-mail address; use one like parley@example.com")
        return address

    @field_validator("ses_region")
    @classmethod
    def _check_ses_region(cls, region: str | None) -> str | None:
        if region is not None and not re.match(REGION_PATTERN, region):
            raise ValueError(f"sesRegion {region!r} is not a region; use one like eu-west-1")
        return region

    @model_validator(mode="after")
    def _check_settings_that_need_each_other(self) -> Self:
        if self.ses_from is None:
            given = [name for name in SES_SETTINGS if getattr(self, name) is not None]
            if given:
                raise ValueError(f"{to_camel(given[0])} has no effect without sesFrom; set both or neither")
        elif self.ses_region is None:
            raise ValueError("sesFrom needs sesRegion, the region in which SES has verified the identity")
        domain = self.ses_verified_domain
        if self.ses_from and domain and self.ses_from.partition("@")[2] != domain:
            raise ValueError(f"sesFrom {self.ses_from!r} is not in the domain {domain!r} of sesVerifiedDomain")
        if (self.monthly_budget_usd is None) != (self.budget_email is None):
            raise ValueError("monthlyBudgetUsd and budgetEmail need each other; set both or neither")
        return self

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
