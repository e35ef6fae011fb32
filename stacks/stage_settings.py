"""The settings of a deployment stage by subject: their types, their defaults and what they do.

The classes are the sections of docs/settings.md, which `make docs` generates from them: a field's docstring is its
row. A validator's message is one sentence that names the setting and what would do. This module does not depend on
the CDK.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

# Cognito refuses callback addresses with http, except for this machine.
ORIGIN_PATTERN = re.compile(r"^(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:\d+)?$")
EMAIL_PATTERN = re.compile(r"^[^\s@<>,]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
REGION_PATTERN = re.compile(r"^[a-z]{2}-[a-z]+-\d$")
DOMAIN_PATTERN = re.compile(r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")
CERTIFICATE_PATTERN = re.compile(r"^arn:aws:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[\w-]+$")
HOSTED_ZONE_PATTERN = re.compile(r"^Z[A-Z0-9]{5,31}$")
PARAMETER_PATTERN = re.compile(r"^/[\w.-]+(/[\w.-]+)*$")
# CloudFront is a global service whose certificates and web ACLs are in this region.
GLOBAL_REGION = "us-east-1"
GLOBAL_WEB_ACL_PATTERN = re.compile(rf"^arn:aws:wafv2:{GLOBAL_REGION}:\d{{12}}:global/webacl/[\w-]+/[\w-]+$")

# The values that CloudWatch Logs allows.
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


def _email(address: str) -> str:
    if not EMAIL_PATTERN.match(address):
        raise ValueError(f"{address!r} is not an e-mail address; use one like parley@example.com")
    return address


def _region(region: str) -> str:
    if not REGION_PATTERN.match(region):
        raise ValueError(f"{region!r} is not a region; use one like eu-west-1")
    return region


def _domain(domain: str) -> str:
    if not DOMAIN_PATTERN.match(domain):
        raise ValueError(f"{domain!r} is not a domain; use one like chat.example.com, in lower case")
    return domain


def _certificate(arn: str) -> str:
    if not CERTIFICATE_PATTERN.match(arn):
        raise ValueError(
            f"{arn!r} is not a certificate; use the ARN of one in AWS Certificate Manager, like "
            "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
        )
    return arn


def _global_certificate(arn: str) -> str:
    match = CERTIFICATE_PATTERN.match(_certificate(arn))
    if match is None or match["region"] != GLOBAL_REGION:
        raise ValueError(
            f"{arn!r} is not in {GLOBAL_REGION}; CloudFront uses certificates of that region only, wherever the "
            "stage is"
        )
    return arn


def _global_web_acl(arn: str) -> str:
    if not GLOBAL_WEB_ACL_PATTERN.match(arn):
        raise ValueError(
            f"{arn!r} is not a web ACL for CloudFront; use the ARN of one with the scope CLOUDFRONT, like "
            "arn:aws:wafv2:us-east-1:111122223333:global/webacl/chat/12345678-1234-1234-1234-123456789012"
        )
    return arn


def _hosted_zone(zone_id: str) -> str:
    if not HOSTED_ZONE_PATTERN.match(zone_id):
        raise ValueError(
            f"{zone_id!r} is not a hosted zone; use an id of Amazon Route 53, like Z0123456789ABCDEFGHIJ"
        )
    return zone_id


def _origin(origin: str) -> str:
    if not ORIGIN_PATTERN.match(origin):
        raise ValueError(
            f"{origin!r} is not a site origin; use one like https://chat.example.com, without a path "
            "(http only for localhost and 127.0.0.1)"
        )
    return origin


def _parameter_name(name: str) -> str:
    if not PARAMETER_PATTERN.match(name):
        raise ValueError(
            f"{name!r} is not the name of a parameter; use one like /parley/prod/alarm-webhook, which contains "
            "the webhook's address"
        )
    return name


Email = Annotated[str, AfterValidator(_email)]
Region = Annotated[str, AfterValidator(_region)]
Domain = Annotated[str, AfterValidator(_domain)]
Certificate = Annotated[str, AfterValidator(_certificate)]
GlobalCertificate = Annotated[str, AfterValidator(_global_certificate)]
GlobalWebAcl = Annotated[str, AfterValidator(_global_web_acl)]
HostedZone = Annotated[str, AfterValidator(_hosted_zone)]
Origin = Annotated[str, AfterValidator(_origin)]
ParameterName = Annotated[str, AfterValidator(_parameter_name)]


class Settings(BaseModel):
    """The base class of the sections."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    def _require_together(self, *names: str) -> None:
        """Raise ValueError if some of these settings have a value and others have none."""
        missing = [name for name in names if getattr(self, name) is None]
        if missing and len(missing) < len(names):
            listed = " and ".join(to_camel(name) for name in names)
            raise ValueError(f"{listed} need each other; set both or neither")


class SignInSettings(Settings):
    """Sign-in."""

    auth_mode: Literal["demo", "verified", "mfa"] = "verified"
    """How users sign up. `demo`: confirmed at once, with any e-mail address, which is not verified; for the local
    stage. `verified`: a code by e-mail. `mfa`: also an authenticator app."""

    threat_protection: bool = False
    """Cognito's Plus plan blocks compromised passwords and risky sign-ins. Priced per active user."""

    ses_from: Email | None = None
    """The address that the user pool's e-mails come from, an identity verified in Amazon SES. Without it, Cognito
    sends them itself: about 50 per day and account, then sign-ups and password resets fail until the next day."""

    ses_region: Region | None = None
    """The region of that SES identity. Required with `sesFrom`."""

    ses_verified_domain: str | None = None
    """The identity in SES, if it is the domain of `sesFrom` and not the address itself."""

    ses_reply_to: Email | None = None
    """The address that answers to these e-mails go to."""

    ses_configuration_set: str | None = None
    """SES's configuration set for these e-mails."""

    @model_validator(mode="after")
    def _check_ses(self) -> Self:
        if self.ses_from is None:
            optional = ("ses_region", "ses_verified_domain", "ses_reply_to", "ses_configuration_set")
            given = [name for name in optional if getattr(self, name) is not None]
            if given:
                raise ValueError(f"{to_camel(given[0])} has no effect without sesFrom; set both or neither")
        elif self.ses_region is None:
            raise ValueError("sesFrom needs sesRegion, the region in which SES has verified the identity")
        domain = self.ses_verified_domain
        if self.ses_from and domain and self.ses_from.partition("@")[2] != domain:
            raise ValueError(f"sesFrom {self.ses_from!r} is not in the domain {domain!r} of sesVerifiedDomain")
        return self


class SiteSettings(Settings):
    """Addresses and their protection."""

    site_domain: Domain | None = None
    """The domain of the site, instead of CloudFront's own. Connections older than TLS 1.2 are then refused."""

    site_certificate_arn: GlobalCertificate | None = None
    """The certificate of `siteDomain`, in us-east-1. Required with it."""

    socket_domain: Domain | None = None
    """The domain of the WebSocket API for browsers, instead of API Gateway's own. It takes TLS 1.2 or newer."""

    socket_certificate_arn: Certificate | None = None
    """The certificate of `socketDomain`, in the region of the stage. Required with it."""

    hosted_zone_id: HostedZone | None = None
    """The zone of Amazon Route 53 in which the records of these domains are created. Without it, the outputs
    `SiteDomainTarget` and `SocketDomainTarget` are what your DNS must refer to."""

    firewall_requests_per_address: int | None = Field(None, ge=10, le=2_000_000_000)
    """A web ACL (AWS WAF) refuses an IP address after this many requests in five minutes, to the REST API and to
    the user pool. A web ACL cannot be attached to a WebSocket API, whose frames have limits per user instead."""

    site_web_acl_arn: GlobalWebAcl | None = None
    """A web ACL that exists already, with the scope `CLOUDFRONT`, for the whole distribution."""

    site_origins: tuple[Origin, ...] = ()
    """Other origins that users may sign in from, with https; http for localhost and 127.0.0.1 only."""

    inspector: bool = True
    """Whether the UI shows the inspector."""

    @model_validator(mode="after")
    def _check_domains(self) -> Self:
        self._require_together("site_domain", "site_certificate_arn")
        self._require_together("socket_domain", "socket_certificate_arn")
        if self.site_domain is not None and self.site_domain == self.socket_domain:
            raise ValueError(
                f"siteDomain and socketDomain are both {self.site_domain!r}, but lead to different services; use "
                f"a second name, like socket.{self.site_domain}"
            )
        if self.hosted_zone_id is not None and self.site_domain is None and self.socket_domain is None:
            raise ValueError("hostedZoneId has no effect without siteDomain or socketDomain; set one of them")
        return self


class DataSettings(Settings):
    """Data."""

    point_in_time_recovery: bool = False
    """Tables can be restored to each second of the last 35 days."""

    deletion_protection: bool = False
    """Tables, the user pool and the stacks cannot be deleted."""

    removal_policy: Literal["destroy", "retain"] = "destroy"
    """What `cdk destroy` does to data: tables, the archive's events, users, logs."""

    archive_retention_days: int = Field(14, ge=1)
    """How far back `parley replay` and `parley check` can look."""


class LogSettings(Settings):
    """Logs and traces."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What the functions log. Above `INFO`, `parley follow` cannot show to whom a message was posted."""

    workflow_log_level: Literal["ALL", "ERROR", "FATAL", "OFF"] = "ALL"
    """`ALL` logs inputs and outputs, so that the console shows each run; the logs then contain ids,
    display names and sealed texts, and cost more than the runs. The other levels log neither."""

    access_logs: bool = False
    """Access logs: of both APIs to CloudWatch Logs, of the distribution to a bucket. Changes a setting of the
    account."""

    log_retention_days: RetentionDays = 14
    """All log groups of the stage, and the distribution's access logs."""

    trace_sample_percent: float | None = Field(None, ge=0, le=100)
    """The share of messages, status updates and REST requests whose traces X-Ray keeps, in addition to its default
    sample (the first in each second and 5 % of the others, per function). $5 per million traces."""


class AlarmSettings(Settings):
    """Alarms and costs."""

    alarms: Literal["none", "essential", "all"] = "essential"
    """`essential`: dead letters, failed runs, late status updates, lost notifications. `all`: also errors,
    throttles, durations and concurrency of functions, errors of both APIs, and one for the health of the whole
    chat."""

    alarm_emails: tuple[Email, ...] = ()
    """Who gets the alarms by e-mail. Each address must confirm once, by a link that AWS sends."""

    alarm_webhook_parameter: ParameterName | None = None
    """The name of a secure parameter in Systems Manager with the address of a chat's incoming webhook, which gets
    the alarms as `{"text": …}`."""

    account_concurrency: int = Field(1000, ge=10)
    """The quota of concurrent executions of the account, for the alarm at 80 % of it."""

    monthly_budget_usd: float | None = Field(None, gt=0)
    """A budget for this stage: an e-mail to `budgetEmail` at 80 % of it, at 100 %, and when AWS forecasts 100 %.
    It stops nothing. Counts only what has the cost allocation tag `parley:stage`, which the account must
    activate once."""

    budget_email: Email | None = None
    """Who gets the e-mails of the budget. The receivers of alarms get them too."""

    @property
    def has_alarm_receiver(self) -> bool:
        """Whether an alarm reaches a person."""
        return bool(self.alarm_emails) or self.alarm_webhook_parameter is not None

    @model_validator(mode="after")
    def _check_budget(self) -> Self:
        if self.budget_email is not None and self.monthly_budget_usd is None:
            raise ValueError("budgetEmail has no effect without monthlyBudgetUsd; set both or neither")
        if self.monthly_budget_usd is not None and self.budget_email is None and not self.has_alarm_receiver:
            raise ValueError("monthlyBudgetUsd needs a receiver; set budgetEmail or alarmEmails")
        if self.has_alarm_receiver and self.alarms == "none":
            raise ValueError("alarms 'none' leaves nothing to receive; use 'essential' or 'all'")
        return self


class ThrottleSettings(Settings):
    """Throttles."""

    messages_per_second: float = Field(2.0, gt=0)
    """Messages, edits, deletions and reactions per member and channel."""

    message_burst: int = Field(20, ge=1)
    """The same, at once after a pause."""

    frames_per_second: float = Field(1000, gt=0)
    """Frames of all clients together. Beyond it, API Gateway refuses the frame."""

    frame_burst: int = Field(2000, ge=1)
    """The same, at once."""

    requests_per_second: float = Field(500, gt=0)
    """REST requests of all clients together. Beyond it, API Gateway answers 429."""

    request_burst: int = Field(1000, ge=1)
    """The same, at once."""

    pings_per_second: float = Field(300, gt=0)
    """Pings of all clients together: each open browser sends one in four minutes. Beyond it, API Gateway refuses
    the ping."""

    ping_burst: int = Field(600, ge=1)
    """The same, at once."""

    status_concurrency: int = Field(2, ge=2, le=1000)
    """How many batches of status updates (presence, typing, read markers) are posted at once. Each posts about
    1,750 frames per second; beyond that, they wait in a queue."""


class BuildSettings(Settings):
    """The stage itself."""

    production: bool = False
    """A stage with users to protect: settings that are not safe for them are refused, and so are alarms that reach
    no operator."""

    function_deployment: Literal["at-once", "canary"] = "at-once"
    """How a new version of a function replaces the old one. `canary`: AWS CodeDeploy gives it 10 % of the calls
    for five minutes. If one of them fails unexpectedly, the old version gets all calls again, and the stack is
    rolled back. Each stack with changed functions then takes five minutes longer to deploy."""

    layer_platform: Literal["lambda", "host"] = "lambda"
    """The target of the dependency layer: Lambda, or the Python that runs the CDK (the local stage)."""


SECTIONS: tuple[type[Settings], ...] = (
    SignInSettings,
    SiteSettings,
    DataSettings,
    LogSettings,
    AlarmSettings,
    ThrottleSettings,
    BuildSettings,
)
