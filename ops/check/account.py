"""Checks of an AWS account and region, before and after a deployment: rights, quotas, bootstrap, e-mail, traces.

They read only. What a new account lacks is a warning, because a small stage works with it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.check import guarded
from ops.check.guarded import Check
from ops.models import HealthCheck

if TYPE_CHECKING:
    import boto3

BOOTSTRAP_STACK = "CDKToolkit"
MIN_BOOTSTRAP_VERSION = 6
"""The version that the CDK's default synthesizer requires (`requiresBootstrapStackVersion` in cdk.out)."""
MIN_CONCURRENCY = 100
"""Functions at once that a small stage needs: a channel event, its posts, and the frames of its users."""
MIN_REQUESTS_PER_SECOND = 1_500
"""The sum of the throttles of a stage's WebSocket API and REST API."""
MIN_CONNECTIONS_PER_SECOND = 100
MIN_EVENTS_PER_SECOND = 1_000
MANY_EMAILS_PER_DAY = 1_000
NEW_CONNECTIONS_QUOTA = "L-9ED1E49A"
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""
LAMBDA_CONCURRENCY_QUOTA = "L-B99A9384"
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
ATTEMPTS = 4


class Account:
    """The account and the region of a session."""

    def __init__(self, session: "boto3.Session") -> None:
        self._session = session

    @property
    def region(self) -> str | None:
        """The region, None if none is chosen."""
        return self._session.region_name

    def client(self, service: str) -> Any:
        """A client. Raises BotoCoreError."""
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
        return self._session.client(service, config=config)  # type: ignore[call-overload]


def checks(account: Account) -> Iterator[HealthCheck]:
    """One check after the other. Without an identity, there is only that one."""
    identity = _identity(account)
    yield identity
    if identity.status == "failed":
        return
    yield from guarded.run(
        (
            Check("CDK bootstrap", ("cloudformation:DescribeStacks",), lambda: _bootstrap(account)),
            Check("functions at once", ("lambda:GetAccountSettings",), lambda: _concurrency(account)),
            Check("requests per second", ("apigateway:GET",), lambda: _requests(account)),
            Check("API Gateway log role", ("apigateway:GET",), lambda: _log_role(account)),
            Check("new connections", ("servicequotas:GetServiceQuota",), lambda: _connections(account)),
            Check("events per second", ("servicequotas:ListServiceQuotas",), lambda: _events(account)),
            Check("Amazon SES", ("ses:GetAccount",), lambda: _ses(account)),
            Check(
                "trace destination",
                ("xray:GetTraceSegmentDestination", "xray:GetIndexingRules"),
                lambda: _traces(account),
            ),
        )
    )


def _identity(account: Account) -> HealthCheck:
    fix = "Sign in, for example with: aws sso login; then choose the profile with AWS_PROFILE."
    if account.region is None:
        fix = "Choose a region with AWS_REGION, or in the profile."
        return HealthCheck(name="identity", status="failed", detail="no region is chosen", fix=fix)
    try:
        caller = account.client("sts").get_caller_identity()
    except ClientError as refusal:
        detail = f"AWS refused the credentials: {refusal.response['Error']['Message']}"
        return HealthCheck(name="identity", status="failed", detail=detail, fix=fix)
    except BotoCoreError as fault:
        return HealthCheck(name="identity", status="failed", detail=str(fault), fix=fix)
    partition = caller["Arn"].split(":")[1]
    return HealthCheck(
        name="identity",
        status="ok" if partition == "aws" else "failed",
        detail=f"{caller['Arn']}, account {caller['Account']}, region {account.region}",
        fix=""
        if partition == "aws"
        else f"Parley is not made for the partition {partition}: use a region of aws.",
    )


def _bootstrap(account: Account) -> HealthCheck:
    name, command = "CDK bootstrap", f"npx cdk bootstrap aws://ACCOUNT/{account.region}"
    try:
        [stack] = account.client("cloudformation").describe_stacks(StackName=BOOTSTRAP_STACK)["Stacks"]
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ValidationError":
            raise
        detail = f"there is no stack {BOOTSTRAP_STACK} in {account.region}"
        return HealthCheck(name=name, status="failed", detail=detail, fix=f"Run: {command}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    version, status = outputs.get("BootstrapVersion", "0"), stack["StackStatus"]
    is_usable = status.endswith("_COMPLETE") and "ROLLBACK" not in status
    is_new_enough = version.isdigit() and int(version) >= MIN_BOOTSTRAP_VERSION
    return HealthCheck(
        name=name,
        status="ok" if is_new_enough and is_usable else "failed",
        detail=f"{BOOTSTRAP_STACK} is {status}, version {version}"
        + ("" if is_new_enough else f", and the CDK requires {MIN_BOOTSTRAP_VERSION}"),
        fix="" if is_new_enough and is_usable else f"Run again: {command}",
    )


def _concurrency(account: Account) -> HealthCheck:
    limit = account.client("lambda").get_account_settings()["AccountLimit"]
    total, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    is_enough = unreserved >= MIN_CONCURRENCY
    return HealthCheck(
        name="functions at once",
        status="ok" if is_enough else "warning",
        detail=f"{total} in this region, {unreserved} not reserved by other functions",
        fix=""
        if is_enough
        else f"Messages are delayed when functions are throttled: request the quota {LAMBDA_CONCURRENCY_QUOTA} "
        "(Lambda, concurrent executions) of 1,000 in Service Quotas.",
    )


def _requests(account: Account) -> HealthCheck:
    throttle = account.client("apigateway").get_account().get("throttleSettings") or {}
    rate, burst = throttle.get("rateLimit", 0), throttle.get("burstLimit", 0)
    is_enough = rate >= MIN_REQUESTS_PER_SECOND
    return HealthCheck(
        name="requests per second",
        status="ok" if is_enough else "warning",
        detail=f"{rate:g}, at once {burst}; REST, frames and posts of all stages share them",
        fix="" if is_enough else "Request a higher throttle of API Gateway in Service Quotas.",
    )


def _log_role(account: Account) -> HealthCheck:
    role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
    return HealthCheck(
        name="API Gateway log role",
        status="ok",
        detail=f"{role}, for all APIs of this account and region"
        if role
        else "none; a stage with accessLogs sets one for all APIs of this account and region",
        fix="",
    )


def _connections(account: Account) -> HealthCheck:
    value = _quota(account, "apigateway", NEW_CONNECTIONS_QUOTA)
    is_enough = value >= MIN_CONNECTIONS_PER_SECOND
    return HealthCheck(
        name="new connections",
        status="ok" if is_enough else "warning",
        detail=f"{value:g} per second, for all WebSocket APIs of this account and region",
        fix="" if is_enough else f"Request the quota {NEW_CONNECTIONS_QUOTA} of API Gateway in Service Quotas.",
    )


def _quota(account: Account, service: str, code: str) -> float:
    """The applied value of a quota, or its default if none is applied."""
    quotas = account.client("service-quotas")
    try:
        quota = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    except quotas.exceptions.NoSuchResourceException:
        quota = quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    return float(quota["Value"])


def _events(account: Account) -> HealthCheck:
    pages = account.client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="events")
    values = [
        quota["Value"]
        for page in pages
        for quota in page["Quotas"]
        if "putevents" in quota["QuotaName"].lower() and "throttle" in quota["QuotaName"].lower()
    ]
    if not values:
        detail = "not checked: Service Quotas lists no throttle of PutEvents"
        return HealthCheck(name="events per second", status="warning", detail=detail, fix="")
    is_enough = min(values) >= MIN_EVENTS_PER_SECOND
    return HealthCheck(
        name="events per second",
        status="ok" if is_enough else "warning",
        detail=f"{min(values):g} calls of PutEvents",
        fix="" if is_enough else "Request a higher throttle of EventBridge's PutEvents in Service Quotas.",
    )


def _ses(account: Account) -> HealthCheck:
    answer = account.client("sesv2").get_account()
    quota = answer.get("SendQuota") or {}
    per_day = quota.get("Max24HourSend", 0)
    if answer.get("ProductionAccessEnabled"):
        detail = f"{per_day:g} e-mails a day, {quota.get('SentLast24Hours', 0):g} sent in the last day"
        return HealthCheck(name="Amazon SES", status="ok", detail=detail, fix="")
    return HealthCheck(
        name="Amazon SES",
        status="ok",
        detail="in the sandbox: it sends to verified addresses only; a stage that does not use it is not affected",
        fix="Before a stage sends e-mail with SES, request production access in the SES console.",
    )


def _traces(account: Account) -> HealthCheck:
    xray = account.client("xray")
    answer = xray.get_trace_segment_destination()
    if answer.get("Destination") != "CloudWatchLogs":
        return HealthCheck(name="trace destination", status="ok", detail="X-Ray, where follow reads", fix="")
    rules = xray.get_indexing_rules().get("IndexingRules", [])
    shares = [rule["Rule"]["Probabilistic"] for rule in rules if "Probabilistic" in rule.get("Rule", {})]
    share = shares[0].get("ActualSamplingPercentage", shares[0]["DesiredSamplingPercentage"]) if shares else 0
    return HealthCheck(
        name="trace destination",
        status="warning",
        detail=f"CloudWatch Logs (Transaction Search is on): X-Ray's API finds {share:g} % of the traces",
        fix="parley follow shows the other messages without a trace. Index more traces in the CloudWatch console, "
        "or search the log group aws/spans.",
    )
