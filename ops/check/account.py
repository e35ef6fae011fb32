"""Checks of an AWS account and region, before and after a deployment: rights, quotas, bootstrap, e-mail, traces.

They read only. What a new account lacks is a warning, because a small stage works without it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.check import guarded
from ops.check.guarded import Check, Finding, judged
from ops.models import HealthCheck
from ops.stage import sessions
from ops.stage.sessions import SessionError

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
        """A client. Raises BotoCoreError, and SessionError if a setting of the environment cannot be parsed."""
        from botocore.config import Config

        config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
        try:
            return self._session.client(service, config=config)  # type: ignore[call-overload]
        except ValueError as error:
            raise sessions.unusable(error) from None


def checks(account: Account) -> Iterator[HealthCheck]:
    """One check after the other. Without an identity, there is only that one."""
    identity = _identity(account)
    yield identity.of("identity")
    if identity.status == "failed":
        return
    yield from guarded.run(
        (
            Check("CDK bootstrap", ("cloudformation:DescribeStacks",), lambda: _bootstrap(account)),
            Check("functions at once", ("lambda:GetAccountSettings",), lambda: _concurrency(account)),
            Check("requests per second", ("apigateway:GET",), lambda: _requests(account)),
            Check("API Gateway log role", ("apigateway:GET",), lambda: _log_role(account)),
            Check(
                "new connections",
                ("servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"),
                lambda: _connections(account),
            ),
            Check(
                "events per second",
                ("servicequotas:ListServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"),
                lambda: _events(account),
            ),
            Check("Amazon SES", ("ses:GetAccount",), lambda: _ses(account)),
            Check(
                "trace destination",
                ("xray:GetTraceSegmentDestination", "xray:GetIndexingRules"),
                lambda: _traces(account),
            ),
        )
    )


def _identity(account: Account) -> Finding:
    if account.region is None:
        return Finding("failed", "no region is chosen", "Choose one with --region or AWS_REGION.")
    fix = "Sign in, for example with: aws sso login; then choose the profile with --profile or AWS_PROFILE."
    try:
        caller = account.client("sts").get_caller_identity()
    except ClientError as refusal:
        return Finding("failed", f"AWS refused the credentials: {refusal.response['Error']['Message']}", fix)
    except (BotoCoreError, SessionError) as fault:
        return Finding("failed", str(fault), fix)
    partition = caller["Arn"].split(":")[1]
    detail = f"{caller['Arn']}, account {caller['Account']}, region {account.region}"
    fix = f"Parley is not made for the partition {partition}: use a region of aws."
    return judged(partition == "aws", detail, fix)


def _bootstrap(account: Account) -> Finding:
    command = f"npx cdk bootstrap aws://ACCOUNT/{account.region}"
    try:
        [stack] = account.client("cloudformation").describe_stacks(StackName=BOOTSTRAP_STACK)["Stacks"]
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ValidationError":
            raise
        detail = f"there is no stack {BOOTSTRAP_STACK} in {account.region}"
        return Finding("failed", detail, f"Run: {command}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    version, status = outputs.get("BootstrapVersion", "0"), stack["StackStatus"]
    is_usable = status.endswith("_COMPLETE") and "ROLLBACK" not in status
    is_new_enough = version.isdigit() and int(version) >= MIN_BOOTSTRAP_VERSION
    detail = f"{BOOTSTRAP_STACK} is {status}, version {version}"
    if not is_new_enough:
        detail += f", and the CDK requires {MIN_BOOTSTRAP_VERSION}"
    return judged(is_new_enough and is_usable, detail, f"Run again: {command}")


def _concurrency(account: Account) -> Finding:
    limit = account.client("lambda").get_account_settings()["AccountLimit"]
    total, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    return judged(
        unreserved >= MIN_CONCURRENCY,
        f"{total} in this region, {unreserved} not reserved by other functions",
        f"Messages are delayed when functions are throttled: request the quota {LAMBDA_CONCURRENCY_QUOTA} "
        "(Lambda, concurrent executions) of 1,000 in Service Quotas.",
        otherwise="warning",
    )


def _requests(account: Account) -> Finding:
    throttle = account.client("apigateway").get_account().get("throttleSettings") or {}
    rate, burst = throttle.get("rateLimit", 0), throttle.get("burstLimit", 0)
    return judged(
        rate >= MIN_REQUESTS_PER_SECOND,
        f"{rate:g}, at once {burst}; REST, frames and posts of all stages share them",
        "Request a higher throttle of API Gateway in Service Quotas.",
        otherwise="warning",
    )


def _log_role(account: Account) -> Finding:
    role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
    if role:
        return Finding("ok", f"{role}, for all APIs of this account and region")
    return Finding("ok", "none; a stage with accessLogs sets one for all APIs of this account and region")


def _connections(account: Account) -> Finding:
    value = _quota(account, "apigateway", NEW_CONNECTIONS_QUOTA)
    return judged(
        value >= MIN_CONNECTIONS_PER_SECOND,
        f"{value:g} per second, for all WebSocket APIs of this account and region",
        f"Request the quota {NEW_CONNECTIONS_QUOTA} of API Gateway in Service Quotas.",
        otherwise="warning",
    )


def _quota(account: Account, service: str, code: str) -> float:
    """The applied value of a quota, or its default if none is applied."""
    quotas = account.client("service-quotas")
    try:
        quota = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    except quotas.exceptions.NoSuchResourceException:
        quota = quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]
    return float(quota["Value"])


def _events(account: Account) -> Finding:
    quotas = account.client("service-quotas")
    # A quota that has no applied value is only in the list of the defaults.
    values = _put_events_throttles(quotas.get_paginator("list_service_quotas")) or _put_events_throttles(
        quotas.get_paginator("list_aws_default_service_quotas")
    )
    if not values:
        return Finding("warning", "not checked: Service Quotas lists no throttle of PutEvents")
    return judged(
        min(values) >= MIN_EVENTS_PER_SECOND,
        f"{min(values):g} calls of PutEvents",
        "Request a higher throttle of EventBridge's PutEvents in Service Quotas.",
        otherwise="warning",
    )


def _put_events_throttles(listed: Any) -> list[float]:
    """The values in a list of quotas, by their names."""
    return [
        float(quota["Value"])
        for page in listed.paginate(ServiceCode="events")
        for quota in page["Quotas"]
        if "putevents" in quota["QuotaName"].lower() and "throttle" in quota["QuotaName"].lower()
    ]


def _ses(account: Account) -> Finding:
    answer = account.client("sesv2").get_account()
    quota = answer.get("SendQuota") or {}
    per_day = quota.get("Max24HourSend", 0)
    if answer.get("ProductionAccessEnabled"):
        return Finding(
            "ok", f"{per_day:g} e-mails a day, {quota.get('SentLast24Hours', 0):g} sent in the last day"
        )
    return Finding(
        "ok",
        "in the sandbox: it sends to verified addresses only; a stage that does not use it is not affected",
        "Before a stage sends e-mail with SES, request production access in the SES console.",
    )


def _traces(account: Account) -> Finding:
    xray = account.client("xray")
    answer = xray.get_trace_segment_destination()
    if answer.get("Destination") != "CloudWatchLogs":
        return Finding("ok", "X-Ray, where follow reads")
    rules = xray.get_indexing_rules().get("IndexingRules", [])
    shares = [rule["Rule"]["Probabilistic"] for rule in rules if "Probabilistic" in rule.get("Rule", {})]
    share = shares[0].get("ActualSamplingPercentage", shares[0]["DesiredSamplingPercentage"]) if shares else 0
    return Finding(
        "warning",
        f"CloudWatch Logs (Transaction Search is on): X-Ray's API finds {share:g} % of the traces",
        "parley follow shows the other messages without a trace. Index more traces in the CloudWatch console, "
        "or search the log group aws/spans.",
    )
