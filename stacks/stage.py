"""The name and the settings of a deployment stage.

The defaults are for development. `stages.NAME` in cdk.json overrides them for one stage; a stage that is not in
cdk.json has the defaults. The settings are in stage_settings.py. This module does not depend on the CDK.
"""

import difflib
import re
from collections.abc import Callable
from typing import Any, Self

from pydantic import ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from stacks.default_stage import RESERVED_WORDS, default_stage
from stacks.stage_settings import (
    AlarmSettings,
    BuildSettings,
    DataSettings,
    LogSettings,
    SignInSettings,
    SiteSettings,
    ThrottleSettings,
)

NAME_PATTERN = re.compile(r"^[a-z][a-z0-9-]{0,19}$")


class StageError(Exception):
    """The stage's name or settings are invalid. The message is one line for the person who runs `cdk`."""


class Stage(
    SignInSettings, SiteSettings, DataSettings, LogSettings, AlarmSettings, ThrottleSettings, BuildSettings
):
    """The settings of one deployment of Parley."""

    name: str

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

    @model_validator(mode="after")
    def _check_production(self) -> Self:
        if not self.production:
            return self
        if self.auth_mode == "demo":
            raise ValueError(
                "authMode 'demo' confirms sign-ups with any address, which production refuses; use "
                "'verified' or 'mfa'"
            )
        if not self.has_alarm_receiver:
            raise ValueError(
                "the alarms of a production stage must reach an operator; set alarmEmails, like "
                f'["operations@example.com"], or alarmWebhookParameter in stages.{self.name} of cdk.json, or add '
                "-c alarmEmail=operations@example.com"
            )
        # Not deletion_protection: it must be switched off before a stage is destroyed.
        for setting, safe in (("point_in_time_recovery", True), ("removal_policy", "retain")):
            value = getattr(self, setting)
            if value != safe:
                raise ValueError(
                    f"{to_camel(setting)} {value!r} can lose messages, which production refuses; use {safe!r}, or "
                    "set production to false"
                )
        return self

    @classmethod
    def from_context(cls, context: Callable[[str], Any]) -> Self:
        """Return the stage that `-c stage=NAME` names, or the user's own. Raises StageError.

        `context` returns a value from `-c` or cdk.json by its key.
        """
        stages = context("stages") or {}
        name = context("stage") or default_stage(stages)
        overrides = stages.get(name, {})
        if "name" in overrides:
            raise StageError(f"stages.{name} in cdk.json sets 'name'. Remove it: the key '{name}' is the name.")
        origin = context("siteOrigin")
        if origin:
            overrides = {**overrides, "siteOrigins": [*overrides.get("siteOrigins", ()), origin]}
        email = context("alarmEmail")
        if email:
            overrides = {**overrides, "alarmEmails": [*overrides.get("alarmEmails", ()), email]}
        try:
            return cls.model_validate({"name": name, **overrides})
        except ValidationError as refusal:
            raise StageError(f"Stage '{name}' is invalid: {_sentence(refusal)}") from None


def _sentence(refusal: ValidationError) -> str:
    fault = refusal.errors(include_url=False)[0]
    setting = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = sorted(to_camel(field) for field in Stage.model_fields if field != "name")
        similar = difflib.get_close_matches(setting, known, n=1)
        meant = f" Did you mean '{similar[0]}'?" if similar else ""
        return f"cdk.json has the unknown setting '{setting}'.{meant} Use one of: {', '.join(known)}."
    if fault["type"] == "value_error":
        prefix = "" if len(fault["loc"]) == 0 or setting == "name" else f"{setting}: "
        return f"{prefix}{fault['ctx']['error']}."
    return f"{setting}: {fault['msg']}; got {fault['input']!r}."
