"""The dashboard of a stage: what each graph shows, and what to do when it looks wrong.

This is the only definition of the dashboard. `parley dashboard` reads the deployed one, so that it shows the same
graphs. Below each graph is a text that says what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from stacks import alarm_thresholds, alarms
from stacks.chat_function import ChatFunction, service_name
from stacks.delivery import STATUS_BATCH, DeliveryStack
from stacks.events import EventsStack
from stacks.function_metrics import METRICS_NAMESPACE
from stacks.rest_api import RestApiStack
from stacks.rules import start_retries
from stacks.stage import Stage
from stacks.websocket_api import WebSocketApiStack

PERIOD = cdk.Duration.minutes(1)
# A row of a dashboard is 24 units wide.
GRAPHS_PER_ROW = 3
GRAPH_HEIGHT = 6
TEXT_HEIGHT = 2
PERCENTILES = ("p50", "p95", "p99")
# The durations that users wait for. The wait for status updates is another graph.
WAITED_FOR = ("api", "send_message", "connect", "post_to_connections")
# What AWS charges for a thousand frames, events or runs of the workflow, for a thousand calls of a function, and
# for a thousand milliseconds of one with 1 GiB (docs/cost.md). As text: CloudWatch does not read 1e-05.
DOLLARS_PER_UNITS = "0.001"
DOLLARS_PER_CALLS = "0.0002"
DOLLARS_PER_MILLISECONDS = "0.0000133334"


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph."""

    title: str
    when_red: str
    """What a bad value looks like, and what to do then: one line of Markdown."""
    metrics: Sequence[cloudwatch.IMetric]
    limits: Sequence[tuple[str, float]] = field(default=())
    """Lines in the graph: (label, value)."""

    def column(self) -> cloudwatch.Column:
        """The graph with its text."""
        width = 24 // GRAPHS_PER_ROW
        return cloudwatch.Column(
            cloudwatch.GraphWidget(
                title=self.title,
                left=list(self.metrics),
                left_annotations=[
                    cloudwatch.HorizontalAnnotation(label=label, value=value, color=cloudwatch.Color.RED)
                    for label, value in self.limits
                ],
                left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
                width=width,
                height=GRAPH_HEIGHT,
            ),
            cloudwatch.TextWidget(
                markdown=self.when_red,
                background=cloudwatch.TextWidgetBackground.TRANSPARENT,
                width=width,
                height=TEXT_HEIGHT,
            ),
        )


class Dashboard:
    """The graphs of a stage."""

    def __init__(
        self,
        stage: Stage,
        *,
        events: EventsStack,
        websocket: WebSocketApiStack,
        delivery: DeliveryStack,
        rest: RestApiStack,
        functions: Sequence[ChatFunction],
    ) -> None:
        self.stage = stage
        self.events = events
        self.websocket = websocket
        self.machine = delivery.deliver
        self.api = rest.api
        self.functions = functions

    def rows(self) -> list[list[cloudwatch.IWidget]]:
        """The graphs in rows, with the most important first."""
        columns = [cast(cloudwatch.IWidget, graph.column()) for graph in self.graphs()]
        return [columns[first : first + GRAPHS_PER_ROW] for first in range(0, len(columns), GRAPHS_PER_ROW)]

    def graphs(self) -> list[Graph]:
        """All graphs."""
        return [
            *self._connections(),
            *self._messages(),
            *self._workflow(),
            *self._queues(),
            *self._functions(),
            *self._apis(),
            self._cost(),
        ]

    def _connections(self) -> list[Graph]:
        return [
            Graph(
                title="Connections",
                when_red="*Closed* far above *opened*: clients lose their sockets. `parley doctor --send`",
                metrics=[
                    self._own("NewConnections", label="opened"),
                    self._own("ClosedConnections", label="closed"),
                    self._own("PrunedConnections", label="pruned (410)"),
                ],
            ),
            Graph(
                title="Connections open, from the start of the graph on",
                when_red="A sudden fall is an outage or a deployment; pings keep sockets open. `parley doctor`",
                metrics=[
                    cloudwatch.MathExpression(
                        expression="RUNNING_SUM(FILL(opened, 0) - FILL(closed, 0))",
                        using_metrics={
                            "opened": self._own("NewConnections"),
                            "closed": self._own("ClosedConnections"),
                        },
                        period=PERIOD,
                        label="opened - closed",
                    )
                ],
            ),
            Graph(
                title="Sockets closed by the server",
                when_red="*Slow*: clients that do not read. *Floods*: one user; `parley users disable`",
                metrics=[
                    self._own("SlowClients", label="slow clients"),
                    self._own("FloodingConnections", label="floods"),
                ],
            ),
        ]

    def _messages(self) -> list[Graph]:
        hops = {"AcceptLatency": "accept", "WorkflowLatency": "bus and workflow", "PostLatency": "post"}
        return [
            Graph(
                title="Messages",
                when_red="*Sent* without *delivered*: the workflow or the posts fail. `parley runs --failed`",
                metrics=[
                    self._own("MessagesSent", label="sent"),
                    self._own("MessagesDelivered", label="delivered"),
                ],
            ),
            Graph(
                title="Rows that could not be read",
                when_red="Damaged rows are left out or shown as unreadable; their repair: `parley check`",
                metrics=[self._own("UnreadableRows", label="unreadable rows")],
            ),
            Graph(
                title="Sent to delivered (ms)",
                when_red="Above a second at p95: the next graph shows which hop. `parley follow MESSAGE_ID`",
                metrics=[self._own("DeliveryLatency", percentile, label=percentile) for percentile in PERCENTILES],
                limits=[("p95 at most", 1000)],
            ),
            Graph(
                title="By hop (ms): accept, bus and workflow, post",
                when_red="*Accept*: table or bus. *Bus and workflow*: throttled runs. *Post*: API Gateway",
                metrics=[
                    self._own(name, percentile, label=f"{label} {percentile}")
                    for name, label in hops.items()
                    for percentile in PERCENTILES
                ],
            ),
            Graph(
                title="Fan-out: connections per batch of posts",
                when_red="Always 100: large channels, in many batches; docs/scale.md says what that costs",
                metrics=[
                    self._own("FanOut", "avg", label="average"),
                    self._own("FanOut", "max", label="most"),
                ],
            ),
        ]

    def _workflow(self) -> list[Graph]:
        machine = self.machine
        return [
            Graph(
                title="Workflow: runs",
                when_red="Failed or timed out: `parley runs --failed`, then `parley redrive --queue delivery`. "
                "Starts repeated: Step Functions refuses runs, and messages are late",
                metrics=[
                    machine.metric_started(period=PERIOD, label="started"),
                    machine.metric_failed(period=PERIOD, label="failed"),
                    machine.metric_timed_out(period=PERIOD, label="timed out"),
                    start_retries(self.events.bus, stage=self.stage, period=PERIOD, label="starts repeated"),
                ],
            ),
            Graph(
                title="Workflow: duration (ms)",
                when_red="Above ten seconds: tasks fail and are repeated. `parley runs` shows which.",
                metrics=[
                    machine.metric_time(period=PERIOD, statistic=percentile, label=percentile)
                    for percentile in PERCENTILES
                ],
            ),
        ]

    def _queues(self) -> list[Graph]:
        events = self.events
        dead_letters = {
            "delivery": events.delivery_dead_letters,
            "status": events.status_dead_letters,
            "replay": events.replay_dead_letters,
        }
        return [
            Graph(
                title="Dead letters",
                when_red="One or more: `parley redrive --queue NAME --dry-run`, then fix the cause",
                metrics=[_depth(queue, name) for name, queue in dead_letters.items()],
                limits=[("none", 1)],
            ),
            Graph(
                title="Status updates: wait of the oldest (s)",
                when_red="Above ten minutes: `broadcast_status` fails or is throttled; see its errors below.",
                metrics=[
                    events.status_queue.metric_approximate_age_of_oldest_message(
                        period=PERIOD, statistic="max", label="oldest"
                    ),
                ],
                limits=[("alarm", alarm_thresholds.MAX_STATUS_AGE_SECONDS)],
            ),
            Graph(
                title="Status updates: batch size, and updates per frame",
                when_red=(
                    f"Full batches of {STATUS_BATCH} and a growing wait: more updates than are posted in time. "
                    "Raise `statusConcurrency`"
                ),
                metrics=[
                    self._own("StatusUpdates", "avg", label="batch size"),
                    cloudwatch.MathExpression(
                        expression="IF(frames > 0, updates / frames, 0)",
                        using_metrics={
                            "updates": self._own("StatusUpdates"),
                            "frames": self._own("StatusFrames"),
                        },
                        period=PERIOD,
                        label="updates per frame",
                    ),
                ],
            ),
        ]

    def _functions(self) -> list[Graph]:
        waited_for = [function for function in self.functions if function.handler_name in WAITED_FOR]
        return [
            Graph(
                title="Functions: errors",
                when_red="Any: the saved query *errors, latest first*; deploy the last good version",
                metrics=[
                    self._own("UnexpectedErrors", label="answered by a function"),
                    *(
                        function.metric_errors(period=PERIOD, label=function.handler_name)
                        for function in self.functions
                    ),
                ],
            ),
            Graph(
                title="Functions: throttles and concurrency of the account",
                when_red="Throttles: request a higher quota (*Concurrent executions*). `parley doctor` shows it.",
                metrics=[
                    _account_metric("Throttles", "sum", "throttles"),
                    _account_metric("ClaimedAccountConcurrency", "max", "at once"),
                ],
                limits=[("alarm", self.stage.account_concurrency * alarm_thresholds.CONCURRENCY_PERCENT / 100)],
            ),
            Graph(
                title="Functions: duration (p95, ms)",
                when_red="Near the timeout: a slow call to AWS. `parley follow MESSAGE_ID` shows the trace.",
                metrics=[
                    function.metric_duration(period=PERIOD, statistic="p95", label=function.handler_name)
                    for function in waited_for
                ],
            ),
            Graph(
                title="Functions: cold starts",
                when_red="Many without a deployment: the load jumps. Times: the saved query *cold starts*",
                metrics=[self._own("ColdStarts", label="cold starts")],
            ),
        ]

    def _apis(self) -> list[Graph]:
        def socket(name: str, label: str) -> cloudwatch.Metric:
            return alarms.websocket_metric(self.websocket, name, period=PERIOD, label=label)

        api = self.api
        return [
            Graph(
                title="REST: requests by class",
                when_red="Reads far above the messages: clients load again and again; see the refusals.",
                metrics=[
                    self._own("RestReads", label="reads"),
                    self._own("RestWrites", label="writes"),
                ],
            ),
            Graph(
                title="REST: refusals and errors",
                when_red="5xx: errors of `api` above. 4xx: tokens or limits; see the access logs",
                metrics=[
                    api.metric_client_error(period=PERIOD, statistic="sum", label="4xx"),
                    api.metric_server_error(period=PERIOD, statistic="sum", label="5xx"),
                ],
            ),
            Graph(
                title="REST: latency (ms)",
                when_red="Above a second at p95: cold starts or a slow table; see the duration of `api`.",
                metrics=[
                    api.metric_latency(period=PERIOD, statistic=percentile, label=percentile)
                    for percentile in PERCENTILES
                ],
                limits=[("p95 at most", 1000)],
            ),
            Graph(
                title="WebSocket: refusals and errors",
                when_red="Errors: `parley doctor --send`. Refusals: handshakes without a ticket",
                metrics=[
                    socket("ClientError", "refused"),
                    socket("IntegrationError", "integration errors"),
                    socket("ExecutionError", "execution errors"),
                ],
            ),
        ]

    def _cost(self) -> Graph:
        functions = {function.handler_name: function for function in self.functions}
        send, post = functions["send_message"], functions["post_to_connections"]
        # A run may start, and end, in another minute than its message was sent.
        delivered, runs, sending, posting = (
            f"FILL({name}, 0)" for name in ("delivered", "runs", "sending", "posting")
        )
        dollars = (
            f"{DOLLARS_PER_UNITS} * (2 * sent + {runs} + {delivered}) + {DOLLARS_PER_CALLS} * (sent + {runs}) + "
            f"{DOLLARS_PER_MILLISECONDS} * ({sending} + {posting})"
        )
        return Graph(
            title="Cost of 1,000 messages ($): frames, event, run, functions",
            when_red="A jump follows the fan-out. Logs, tables and traces are not in it: [costs](docs/cost.md)",
            metrics=[
                cloudwatch.MathExpression(
                    expression=f"IF(sent > 0, ({dollars}) / sent, 0)",
                    using_metrics={
                        "sent": self._own("MessagesSent"),
                        "delivered": self._own("MessagesDelivered"),
                        "runs": self.machine.metric_started(period=PERIOD),
                        "sending": send.metric_duration(period=PERIOD, statistic="sum"),
                        "posting": post.metric_duration(period=PERIOD, statistic="sum"),
                    },
                    period=PERIOD,
                    label="dollars",
                )
            ],
        )

    def _own(self, name: str, statistic: str = "sum", *, label: str | None = None) -> cloudwatch.Metric:
        """A metric that the functions write to their logs in the embedded metric format."""
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": service_name(self.stage.name)},
            statistic=statistic,
            period=PERIOD,
            label=label or name,
        )


def _account_metric(name: str, statistic: str, label: str) -> cloudwatch.Metric:
    """A metric of all functions of the account and region."""
    return cloudwatch.Metric(
        namespace="AWS/Lambda", metric_name=name, statistic=statistic, period=PERIOD, label=label
    )


def _depth(queue: sqs.IQueue, label: str) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="max", label=label)
