"""The price table: list prices of us-east-1 in US dollars, without free tiers, discounts and taxes.

Everything that names a price takes it from here. Check the sources when you change CHECKED.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

CHECKED = "2026-11-28"
REGION = "us-east-1"
MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Price:
    """A price in dollars for `per` units of what is counted."""

    unit: str
    dollars: Decimal
    per: int
    source: str

    @property
    def each(self) -> Decimal:
        """The price of one unit."""
        return self.dollars / self.per


def _price(unit: str, dollars: str, page: str, per: int = MILLION) -> Price:
    return Price(unit=unit, dollars=Decimal(dollars), per=per, source=f"https://aws.amazon.com/{page}/pricing/")


PRICES: Mapping[str, Price] = {
    "socket_messages": _price("message of up to 32 KB on a socket, in or out", "1.00", "api-gateway"),
    "connection_minutes": _price("minute of an open socket", "0.25", "api-gateway"),
    "rest_requests": _price("REST request", "3.50", "api-gateway"),
    "events": _price("event of up to 64 KB on the bus", "1.00", "eventbridge"),
    "archived_gb": _price("GB into the archive", "0.10", "eventbridge", 1),
    "runs": _price("run of the Express workflow", "1.00", "step-functions"),
    "run_gb_seconds": _price("GB-second of a run: 64 MB, 100 ms steps", "0.00001667", "step-functions", 1),
    "invocations": _price("call of a function", "0.20", "lambda"),
    "function_gb_seconds": _price("GB-second of a function (arm64)", "0.0000133334", "lambda", 1),
    "write_units": _price("write request unit: 1 KB, twice in a transaction", "0.625", "dynamodb"),
    "read_units": _price("read request unit: 4 KB, strongly consistent", "0.125", "dynamodb"),
    "queue_requests": _price("request to SQS", "0.40", "sqs"),
    "logged_gb": _price("GB into CloudWatch Logs", "0.50", "cloudwatch", 1),
    "traces": _price("trace recorded by X-Ray", "5.00", "xray"),
    "sent_gb": _price("GB sent to the internet", "0.09", "ec2/on-demand", 1),
    "appsync_operations": _price("operation of an AppSync Event API, of up to 5 KB", "1.00", "appsync"),
    "appsync_minutes": _price("minute of a connection to AppSync", "0.08", "appsync"),
}

AT_REST: Mapping[str, Price] = {
    "AWS::CloudWatch::Alarm": _price("metric that an alarm watches", "0.10", "cloudwatch", 1),
    "AWS::CloudWatch::CompositeAlarm": _price("composite alarm", "0.50", "cloudwatch", 1),
    "AWS::CloudWatch::Dashboard": _price("dashboard, after the account's first three", "3.00", "cloudwatch", 1),
    "AWS::WAFv2::WebACL": _price("web ACL with two rules", "7.00", "waf", 1),
    "AWS::SecretsManager::Secret": _price("secret", "0.40", "secrets-manager", 1),
    "AWS::Lambda::EventSourceMapping": _price("queue that Lambda polls while it is empty", "0.26", "sqs", 1),
}
"""What costs by the month, used or not. Other resource types of a stage cost by use or by size: docs/cost.md."""
