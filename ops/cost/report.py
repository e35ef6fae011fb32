"""The figures of `parley cost` and of docs/cost.md: by the design, with named assumptions."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from ops.cost import alternatives, design
from ops.cost.design import DEFAULT, OWN_MARKERS, PROD, TYPING_FRAMES, Assumptions
from ops.cost.prices import AT_REST, CHECKED, REGION
from ops.cost.usage import Usage, prices, total
from ops.models import CostKnob, CostOfMessages, CostReport, CostShare

RECIPIENTS = (2, 10, 100, 1_000)
MESSAGES = 1_000
CONNECTED = 1_000
"""The open sockets of the stage, for the design that posts to all of them."""
KNOB_RECIPIENTS = 10

KNOBS: tuple[tuple[str, str, Assumptions], ...] = (
    ("workflowLogLevel", "ALL to ERROR", replace(DEFAULT, workflow_log=False)),
    ("traceSamplePercent", "5 to 100", replace(DEFAULT, trace_percent=100.0)),
    ("size of a text", "62 to 2,000 bytes", replace(DEFAULT, text_bytes=2_000)),
    ("duration of a post", "15 to 60 ms", replace(DEFAULT, post_ms=60.0)),
    ("typing", "none to 4 frames a message", replace(DEFAULT, typing_frames=TYPING_FRAMES)),
    ("the sender's read marker", "none to one a message", replace(DEFAULT, own_markers=OWN_MARKERS)),
    ("read markers", "each recipient reads each message at once", replace(DEFAULT, read_percent=100.0)),
)
"""Each changes 1,000 messages to KNOB_RECIPIENTS recipients."""
IDLE_KNOBS: tuple[tuple[str, str, Assumptions], ...] = (
    ("time between pings", "4 to 8 min", replace(DEFAULT, ping_minutes=8.0)),
    ("channels of a user", "5 to 50", replace(DEFAULT, channels_of_user=50)),
)
"""Each changes 1,000 idle connected hours."""


def report(at_rest: Mapping[str, int]) -> CostReport:
    """All figures. `at_rest` are the stage's resources by type, as `resources.at_rest` counts them."""
    return CostReport(
        prices_checked=CHECKED,
        region=REGION,
        assumptions=DEFAULT.by_name(),
        per_thousand_messages=[of_messages(recipients) for recipients in RECIPIENTS],
        message_shares=shares(design.message(KNOB_RECIPIENTS)),
        idle_thousand_hours=thousand(design.idle_hour()),
        idle_thousand_hours_appsync=thousand(alternatives.appsync_idle_hour()),
        idle_shares=shares(design.idle_hour()),
        knobs=knobs(),
        at_rest={kind: count for kind, count in at_rest.items() if kind in AT_REST},
        at_rest_month=float(rest_month(at_rest)),
    )


def of_messages(recipients: int) -> CostOfMessages:
    """The price of 1,000 messages to this number of recipients, in each design."""
    return CostOfMessages(
        recipients=recipients,
        dev=thousand(design.message(recipients, DEFAULT)),
        prod=thousand(design.message(recipients, PROD)),
        posting_to_all=thousand(alternatives.posting_to_all(max(recipients, CONNECTED), PROD)),
        appsync=thousand(alternatives.appsync_message(recipients, PROD)),
        appsync_stored=thousand(alternatives.appsync_stored_message(recipients, PROD)),
    )


def thousand(one: Usage) -> float:
    """The price of a usage a thousand times, in dollars."""
    return _dollars(total(one) * MESSAGES)


def shares(part: Usage) -> list[CostShare]:
    """What a usage consists of, the highest price first."""
    whole = total(part)
    return [
        CostShare(
            name=name,
            amount=float(part[name]),
            dollars=float(price),
            percent=float(round(price / whole * 100, 1)),
        )
        for name, price in prices(part).items()
    ]


def knobs() -> list[CostKnob]:
    """What each setting or assumption changes."""
    messages = [
        _knob(name, change, design.message(KNOB_RECIPIENTS), design.message(KNOB_RECIPIENTS, assumed))
        for name, change, assumed in KNOBS
    ]
    idle = [
        _knob(name, change, design.idle_hour(), design.idle_hour(assumed)) for name, change, assumed in IDLE_KNOBS
    ]
    return messages + idle


def rest_month(resources: Mapping[str, int]) -> Decimal:
    """The price of resources, as `resources.at_rest` counts them, for a month, used or not."""
    return sum((AT_REST[kind].dollars * count for kind, count in resources.items() if kind in AT_REST), Decimal(0))


def _knob(name: str, change: str, before: Usage, after: Usage) -> CostKnob:
    difference = total(after) - total(before)
    return CostKnob(
        name=name,
        change=change,
        dollars=_dollars(difference * MESSAGES),
        percent=float(round(difference / total(before) * 100)),
    )


def _dollars(amount: Decimal) -> float:
    return float(round(amount, 6))
