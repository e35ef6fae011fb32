"""What operators look at: one dashboard, the alarms behind it, saved queries, and the group of traces.

It reads what the other stacks make; nothing depends on it.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_xray as xray
from constructs import Construct

from stacks.chat_function import METRICS_NAMESPACE, ChatFunction, service_name
from stacks.delivery import DeliveryStack
from stacks.events import EventsStack
from stacks.rest_api import RestApiStack
from stacks.stack import StageStack
from stacks.stage import Stage
from stacks.websocket_api import WebSocketApiStack

PERIOD = cdk.Duration.minutes(1)
ALARM_PERIOD = cdk.Duration.minutes(5)
# Of a full-width row of the dashboard.
THIRD = 8


def dashboard_name(stage: Stage) -> str:
    """Dashboards are the account's, in all regions together, so the name carries both."""
    return f"Parley-{stage.name}-{cdk.Aws.REGION}"


class ObservabilityStack(StageStack):
    """Dashboard, alarms, saved queries, trace group."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        events: EventsStack,
        websocket: WebSocketApiStack,
        delivery: DeliveryStack,
        rest: RestApiStack,
    ) -> None:
        super().__init__(scope, "Observability", stage=stage, description="dashboard, alarms, queries and traces")
        self.events = events
        self.delivery = delivery
        self.rest = rest
        self.dead_letters = {
            "delivery": events.delivery_dead_letters,
            "status": events.status_dead_letters,
            "replay": events.replay_dead_letters,
        }
        self.functions = [
            construct
            for stack in (websocket, delivery, rest)
            for construct in stack.node.children
            if isinstance(construct, ChatFunction)
        ]
        self.alarms = [*self._dead_letter_alarms(), *self._workflow_alarms()]
        self._dashboard()
        self._saved_queries()
        self._trace_group()
        self.output("DashboardName", dashboard_name(stage))

    def _dashboard(self) -> None:
        machine = self.delivery.deliver
        dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=dashboard_name(self.stage), default_interval=cdk.Duration.hours(3)
        )
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=self.alarms, width=24, height=3))
        dashboard.add_widgets(
            _graph("Connections", [self._own("NewConnections"), self._own("ClosedConnections")]),
            _graph("Messages", [self._own("MessagesSent"), self._own("MessagesDelivered")]),
            _graph(
                "Sent to delivered (ms)",
                [self._own("DeliveryLatency", "p50"), self._own("DeliveryLatency", "p95")],
            ),
        )
        dashboard.add_widgets(
            _graph(
                "Workflow: runs",
                [
                    machine.metric_started(period=PERIOD),
                    machine.metric_succeeded(period=PERIOD),
                    machine.metric_failed(period=PERIOD),
                    machine.metric_timed_out(period=PERIOD),
                ],
            ),
            _graph(
                "Workflow: duration (ms)",
                [
                    machine.metric_time(statistic="p50", period=PERIOD, label="p50"),
                    machine.metric_time(statistic="p95", period=PERIOD, label="p95"),
                ],
            ),
            _graph("Dead letters", [_depth(queue, name) for name, queue in self.dead_letters.items()]),
        )
        dashboard.add_widgets(
            _graph(
                "Queues: waiting",
                [_depth(self.events.status_queue, "status"), _depth(self.events.replay_queue, "replay")],
            ),
            _graph(
                "Queues: age of the oldest (s)",
                [
                    queue.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="max", label=name)
                    for name, queue in (("status", self.events.status_queue), ("replay", self.events.replay_queue))
                ],
            ),
            _graph(
                "REST API: latency (ms)",
                [
                    self.rest.api.metric_latency(statistic="p50", period=PERIOD, label="p50"),
                    self.rest.api.metric_latency(statistic="p95", period=PERIOD, label="p95"),
                ],
            ),
        )
        dashboard.add_widgets(
            _graph(
                "REST API: refusals and errors",
                [
                    self.rest.api.metric_client_error(period=PERIOD, statistic="sum", label="4xx"),
                    self.rest.api.metric_server_error(period=PERIOD, statistic="sum", label="5xx"),
                ],
            ),
            _graph("Functions: errors", [function.metric_errors(period=PERIOD) for function in self.functions]),
            _graph(
                "Functions: duration (p95, ms)",
                [function.metric_duration(period=PERIOD, statistic="p95") for function in self.functions],
            ),
        )

    def _own(self, name: str, statistic: str = "sum") -> cloudwatch.Metric:
        """A metric that the functions write to their logs."""
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=name,
            dimensions_map={"service": service_name(self.stage.name)},
            statistic=statistic,
            period=PERIOD,
            label=name if statistic == "sum" else statistic,
        )

    def _dead_letter_alarms(self) -> list[cloudwatch.Alarm]:
        return [
            cloudwatch.Alarm(
                self,
                f"{name.capitalize()}DeadLettersAlarm",
                alarm_description=f"Parley ({self.stage.name}): something waits in the dead-letter queue of "
                f"{name}. Read it, mend the cause, then `parley redrive`.",
                metric=queue.metric_approximate_number_of_messages_visible(period=ALARM_PERIOD, statistic="max"),
                threshold=1,
                evaluation_periods=1,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for name, queue in self.dead_letters.items()
        ]

    def _workflow_alarms(self) -> list[cloudwatch.Alarm]:
        machine = self.delivery.deliver
        endings = (
            ("Failed", "failed", machine.metric_failed(period=ALARM_PERIOD)),
            ("TimedOut", "timed out", machine.metric_timed_out(period=ALARM_PERIOD)),
        )
        return [
            cloudwatch.Alarm(
                self,
                f"Workflow{ending}Alarm",
                alarm_description=f"Parley ({self.stage.name}): a run of the workflow deliver {sentence}. "
                "Its event is in the archive; `parley replay` shows what is missing.",
                metric=metric,
                threshold=1,
                evaluation_periods=1,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for ending, sentence, metric in endings
        ]

    def _saved_queries(self) -> None:
        groups = [function.logs.log_group_name for function in self.functions]
        self._query(
            "OneMessage",
            "the way of one message through the functions (put its id in)",
            groups,
            "fields @timestamp, level, message, @log, @message\n"
            "| filter @message like /MESSAGE-ID/\n"
            "| sort @timestamp asc",
        )
        self._query(
            "Errors",
            "what went wrong, latest first",
            groups,
            "fields @timestamp, message, correlationId, exception_name, @log\n"
            '| filter level = "ERROR"\n'
            "| sort @timestamp desc\n| limit 100",
        )
        self._query(
            "ColdStarts",
            "how often functions start cold, and how long that takes",
            groups,
            'filter @type = "REPORT" and ispresent(@initDuration)\n'
            "| stats count() as starts, pct(@initDuration, 50) as p50, pct(@initDuration, 95) as p95 by @log",
        )
        self._query(
            "WorkflowFailures",
            "runs of the workflow deliver that failed, and why",
            [self.delivery.deliver_logs.log_group_name],
            "fields @timestamp, execution_arn, type, details.error, details.cause\n"
            "| filter type like /Failed|TimedOut|Aborted/\n| sort @timestamp desc\n| limit 100",
        )

    def _query(self, construct_id: str, title: str, groups: Sequence[str], query: str) -> None:
        logs.CfnQueryDefinition(
            self,
            construct_id,
            name=f"Parley-{self.stage.name}/{title}",
            log_group_names=list(groups),
            query_string=query,
        )

    def _trace_group(self) -> None:
        # Powertools annotates every segment of a function with its service.
        xray.CfnGroup(
            self,
            "Traces",
            group_name=f"Parley-{self.stage.name}",
            filter_expression=f'annotation.Service = "{service_name(self.stage.name)}"',
        )


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=THIRD, height=6)


def _depth(queue: sqs.IQueue, label: str) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="max", label=label)
