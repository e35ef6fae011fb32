"""The rules of the bus. This module creates all of them, so that every live rule ignores replayed events.

L1 constructs, because the L2 event pattern has no `replay-name`, and because the L2 target adds to the queue's
policy, which would make the stacks of the queue and of the rule depend on each other.
"""

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.contract.events import SOURCE, STATUS_UPDATE_AGE_SECONDS
from stacks.stage import Stage

# EventBridge repeats a delivery that fails, until the event has this age; then the dead-letter queue keeps it.
# A channel event is durable: its sender has the ack. These are EventBridge's own limits, a day.
CHANNEL_EVENT_AGE_SECONDS = 86_400
# A status update is ephemeral: five minutes later (STATUS_UPDATE_AGE_SECONDS), a newer one has replaced it.
# EventBridge's limit: the age alone decides.
RETRY_ATTEMPTS = 185


def channel_events_rule(stage: Stage) -> str:
    """Return the name of the rule that starts the workflow.

    Metrics need it, and on a custom bus, CloudFormation's Ref of a rule is not its name.
    """
    return f"Parley-{stage.name}-deliver-channel-events"


def live_rule(
    scope: Construct,
    construct_id: str,
    *,
    bus: events.IEventBus,
    detail_types: Iterable[str],
    description: str,
    target_arn: str,
    dead_letters: sqs.IQueue,
    max_age_seconds: int,
    role_arn: str | None = None,
    name: str | None = None,
) -> events.CfnRule:
    """A rule for live events. Replayed events never match it."""
    return _rule(
        scope,
        construct_id,
        bus=bus,
        pattern={
            "source": [SOURCE],
            "detail-type": sorted(detail_types),
            "replay-name": [{"exists": False}],
        },
        description=description,
        target_arn=target_arn,
        dead_letters=dead_letters,
        max_age_seconds=max_age_seconds,
        role_arn=role_arn,
        name=name,
    )


def replay_rule(
    scope: Construct,
    construct_id: str,
    *,
    bus: events.IEventBus,
    description: str,
    target_arn: str,
    dead_letters: sqs.IQueue,
) -> events.CfnRule:
    """The rule for replayed events. Live events never match it."""
    return _rule(
        scope,
        construct_id,
        bus=bus,
        pattern={"source": [SOURCE], "replay-name": [{"exists": True}]},
        description=description,
        target_arn=target_arn,
        dead_letters=dead_letters,
        max_age_seconds=STATUS_UPDATE_AGE_SECONDS,
    )


def start_retries(
    bus: events.IEventBus, *, stage: Stage, period: cdk.Duration, label: str | None = None
) -> cloudwatch.Metric:
    """How often EventBridge repeated the start of a run, because Step Functions throttled or failed it.

    EventBridge publishes no zeros.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring-events-best-practices.html
    """
    return cloudwatch.Metric(
        namespace="AWS/Events",
        metric_name="RetryInvocationAttempts",
        dimensions_map={"EventBusName": bus.event_bus_name, "RuleName": channel_events_rule(stage)},
        statistic="sum",
        period=period,
        label=label,
    )


def _rule(
    scope: Construct,
    construct_id: str,
    *,
    bus: events.IEventBus,
    pattern: dict[str, object],
    description: str,
    target_arn: str,
    dead_letters: sqs.IQueue,
    max_age_seconds: int,
    role_arn: str | None = None,
    name: str | None = None,
) -> events.CfnRule:
    return events.CfnRule(
        scope,
        construct_id,
        name=name,
        description=description,
        event_bus_name=bus.event_bus_name,
        event_pattern=pattern,
        state="ENABLED",
        targets=[
            events.CfnRule.TargetProperty(
                id="Target",
                arn=target_arn,
                role_arn=role_arn,
                dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead_letters.queue_arn),
                retry_policy=events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=max_age_seconds,
                    maximum_retry_attempts=RETRY_ATTEMPTS,
                ),
            )
        ],
    )
