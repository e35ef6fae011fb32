"""The alarms of a stage: what each watches, from when on, and which entry of the runbook says what to do.

AWS's recommendations for the services in use, and what Parley itself promises. Missing data raises no alarm: most
of these metrics have values only while something happens, and nothing happens in a quiet night.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from pydantic.alias_generators import to_pascal

from stacks.alarm_thresholds import (
    CONCURRENCY_PERCENT,
    DEAD_LETTERS_GROWTH,
    ERROR_PERCENT,
    MAX_STATUS_AGE_SECONDS,
    MIN_CALLS,
    REFUSED_PERCENT,
    SOCKET_ERRORS,
    START_RETRIES,
    TIMEOUT_PERCENT,
)
from stacks.chat_function import ChatFunction
from stacks.delivery import DeliveryStack
from stacks.events import EventsStack
from stacks.function_metrics import failed_calls
from stacks.rest_api import RestApiStack
from stacks.rules import start_retries
from stacks.stage import Stage
from stacks.websocket_api import STAGE_NAME, WebSocketApiStack

RUNBOOK: Final = "docs/runbook.md"
PERIOD = cdk.Duration.minutes(5)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One alarm."""

    name: str
    """Its construct id, `…Alarm`."""
    runbook: str
    """The heading of its entry in the runbook, as an anchor."""
    text: str
    """What is wrong when it is raised. A sentence without a full stop."""
    metric: cloudwatch.IMetric
    threshold: float = 1
    periods: int = 1
    """How many periods of five minutes in a row must reach the threshold."""
    is_essential: bool = False
    """Whether a stage has it with the setting `alarms: essential`."""
    is_outage: bool = False
    """Whether users notice: a part of the composite alarm."""

    def create(self, scope: cdk.Stack, stage: Stage) -> cloudwatch.Alarm:
        """Create the alarm."""
        return cloudwatch.Alarm(
            scope,
            f"{self.name}Alarm",
            alarm_description=f"Parley ({stage.name}): {self.text}. Look and repair: {RUNBOOK}#{self.runbook}",
            metric=self.metric,
            threshold=self.threshold,
            evaluation_periods=self.periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def watches(
    stage: Stage,
    *,
    events: EventsStack,
    websocket: WebSocketApiStack,
    delivery: DeliveryStack,
    rest: RestApiStack,
    functions: Sequence[ChatFunction],
    notify_alarm: ChatFunction | None,
) -> list[Watch]:
    """Return the alarms that the stage's settings ask for."""
    found = [
        *_dead_letters(events),
        _status_age(events),
        *_workflow(delivery),
        _workflow_starts(stage, events),
        *(watch for function in functions for watch in _function(function)),
        _concurrency(stage),
        *_rest(rest),
        _sockets(websocket),
        *_notifications(notify_alarm),
    ]
    if stage.alarms == "none":
        return []
    return [watch for watch in found if watch.is_essential or stage.alarms == "all"]


def _dead_letters(events: EventsStack) -> Iterator[Watch]:
    queues = {
        "delivery": events.delivery_dead_letters,
        "status": events.status_dead_letters,
        "replay": events.replay_dead_letters,
    }
    for name, queue in queues.items():
        waiting = queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="max")
        yield Watch(
            name=f"{name.capitalize()}DeadLetters",
            runbook=f"dead-letters-of-{name}",
            text=f"the dead-letter queue of {name} has messages",
            metric=waiting,
            is_essential=True,
            is_outage=name == "delivery",
        )
        if name != "replay":
            yield Watch(
                name=f"{name.capitalize()}DeadLettersGrow",
                runbook=f"dead-letters-of-{name}-grow",
                text=f"the dead-letter queue of {name} gets more messages: the fault continues",
                metric=cloudwatch.MathExpression(
                    expression="DIFF(waiting)",
                    using_metrics={"waiting": waiting},
                    period=PERIOD,
                    label=f"growth of the dead letters of {name}",
                ),
                threshold=DEAD_LETTERS_GROWTH,
            )


def _status_age(events: EventsStack) -> Watch:
    return Watch(
        name="StatusAge",
        runbook="status-updates-wait",
        text="status updates wait for minutes, so presence and typing are late",
        metric=events.status_queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="max"),
        threshold=MAX_STATUS_AGE_SECONDS,
        is_essential=True,
    )


def _workflow(delivery: DeliveryStack) -> Iterator[Watch]:
    machine = delivery.deliver
    for name, ending, metric in (
        ("Failed", "failed", machine.metric_failed(period=PERIOD)),
        ("TimedOut", "timed out", machine.metric_timed_out(period=PERIOD)),
    ):
        yield Watch(
            name=f"Workflow{name}",
            runbook="workflow-failed-or-timed-out",
            text=f"a run of the workflow deliver {ending}",
            metric=metric,
            is_essential=True,
            is_outage=True,
        )


def _workflow_starts(stage: Stage, events: EventsStack) -> Watch:
    # ExecutionThrottled of Step Functions counts throttled state transitions, which Express workflows do not have.
    # A start that is refused is counted by EventBridge alone, which repeats it.
    return Watch(
        name="WorkflowStarts",
        runbook="workflow-starts-are-repeated",
        text="runs of the workflow deliver start late: EventBridge has to repeat their starts",
        metric=start_retries(events.bus, stage=stage, period=PERIOD),
        threshold=START_RETRIES,
        is_outage=True,
    )


def _function(function: ChatFunction) -> Iterator[Watch]:
    name, handler = to_pascal(function.handler_name), function.handler_name
    yield Watch(
        name=f"{name}Errors",
        runbook="function-errors",
        text=f"more than {ERROR_PERCENT} % of the calls of {handler} failed",
        metric=_share(
            failed_calls(function, period=PERIOD, label=f"failed calls of {handler}"),
            function.metric_invocations(period=PERIOD),
            f"errors of {handler} (%)",
        ),
        threshold=ERROR_PERCENT,
        is_outage=True,
    )
    yield Watch(
        name=f"{name}Throttles",
        runbook="function-throttles",
        text=f"calls of {handler} were throttled",
        metric=function.metric_throttles(period=PERIOD),
        is_outage=True,
    )
    seconds = function.timeout.to_seconds() if function.timeout else 0
    yield Watch(
        name=f"{name}Duration",
        runbook="function-duration",
        text=f"one in a hundred calls of {handler} takes more than {TIMEOUT_PERCENT} % of its {seconds:g} s",
        metric=function.metric_duration(period=PERIOD, statistic="p99"),
        threshold=seconds * 1000 * TIMEOUT_PERCENT / 100,
        periods=2,
    )


def _notifications(notify_alarm: ChatFunction | None) -> Iterator[Watch]:
    if notify_alarm is None:
        return
    yield Watch(
        name="LostNotifications",
        runbook="notifications-are-lost",
        text="an alarm could not be posted to the chat, and is not tried again",
        # SNS calls the function asynchronously. Lambda counts what it drops after two repetitions.
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        metric=notify_alarm.metric("AsyncEventsDropped", statistic="sum", period=PERIOD),
        is_essential=True,
    )


def _concurrency(stage: Stage) -> Watch:
    return Watch(
        name="Concurrency",
        runbook="concurrency",
        text=f"more than {CONCURRENCY_PERCENT} % of the account's concurrency is in use or reserved",
        # Without dimensions: all functions of the account and region share the quota. What functions have reserved
        # is not available to others, also while they do not run:
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html
        metric=cloudwatch.Metric(
            namespace="AWS/Lambda", metric_name="ClaimedAccountConcurrency", statistic="max", period=PERIOD
        ),
        threshold=stage.account_concurrency * CONCURRENCY_PERCENT / 100,
    )


def _rest(rest: RestApiStack) -> Iterator[Watch]:
    requests = rest.api.metric_count(period=PERIOD, statistic="sum")
    yield Watch(
        name="RestErrors",
        runbook="rest-errors",
        text=f"more than {ERROR_PERCENT} % of the REST requests were answered 5xx",
        metric=_share(rest.api.metric_server_error(period=PERIOD, statistic="sum"), requests, "5xx (%)"),
        threshold=ERROR_PERCENT,
        is_outage=True,
    )
    yield Watch(
        name="RestRefusals",
        runbook="rest-refusals",
        text=f"more than {REFUSED_PERCENT} % of the REST requests were refused with 4xx",
        metric=_share(rest.api.metric_client_error(period=PERIOD, statistic="sum"), requests, "4xx (%)"),
        threshold=REFUSED_PERCENT,
        periods=3,
    )


def _sockets(websocket: WebSocketApiStack) -> Watch:
    def metric(name: str) -> cloudwatch.Metric:
        return websocket_metric(websocket, name, period=PERIOD)

    return Watch(
        name="SocketErrors",
        runbook="socket-errors",
        text="API Gateway could not call the functions of sockets",
        metric=cloudwatch.MathExpression(
            # A sum has no value where one of the two has none.
            expression="FILL(integration, 0) + FILL(execution, 0)",
            using_metrics={"integration": metric("IntegrationError"), "execution": metric("ExecutionError")},
            period=PERIOD,
            label="errors of the WebSocket API",
        ),
        threshold=SOCKET_ERRORS,
        is_outage=True,
    )


def websocket_metric(
    websocket: WebSocketApiStack, name: str, *, period: cdk.Duration, label: str | None = None
) -> cloudwatch.Metric:
    """Return a metric of the WebSocket API's API stage, summed up."""
    return cloudwatch.Metric(
        namespace="AWS/ApiGateway",
        metric_name=name,
        dimensions_map={"ApiId": websocket.api.api_id, "Stage": STAGE_NAME},
        statistic="sum",
        period=period,
        label=label,
    )


def _share(part: cloudwatch.IMetric, whole: cloudwatch.IMetric, label: str) -> cloudwatch.MathExpression:
    """A percentage. Zero while there are few calls."""
    return cloudwatch.MathExpression(
        expression=f"IF(whole >= {MIN_CALLS}, 100 * part / whole, 0)",
        using_metrics={"part": part, "whole": whole},
        period=PERIOD,
        label=label,
    )
