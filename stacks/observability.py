"""For operators: the dashboard, the alarms, saved log queries, the trace group and its sampling, and the budget.

This stack refers to resources of the other stacks; no stack depends on it.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_xray as xray
from constructs import Construct

from stacks.alarm_topic import add_alarm_topic
from stacks.alarms import RUNBOOK, Watch, watches
from stacks.budget import add_budget
from stacks.chat_function import ChatFunction, service_name
from stacks.dashboard import Dashboard
from stacks.delivery import DeliveryStack
from stacks.events import EventsStack
from stacks.rest_api import STAGE_NAME, RestApiStack
from stacks.stack import StageStack
from stacks.stage import Stage
from stacks.websocket_api import WebSocketApiStack

# Before X-Ray's default rule, which is the last with 10,000.
SAMPLING_PRIORITY = 1000
DEFAULT_SAMPLE_PERCENT = 5


def dashboard_name(stage: Stage) -> str:
    """Return the dashboard's name. It must be unique in the account, across stages and regions."""
    return f"Parley-{stage.name}-{cdk.Aws.REGION}"


class ObservabilityStack(StageStack):
    """The dashboard, alarms, saved queries, the trace group, and by setting sampling rules and a budget."""

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
        self.websocket = websocket
        self.delivery = delivery
        self.rest = rest
        self.functions = [
            construct
            for stack in (websocket, delivery, rest)
            for construct in stack.node.children
            if isinstance(construct, ChatFunction)
        ]
        notified = add_alarm_topic(self)
        topic = notified.topic if notified else None
        watched = watches(
            stage,
            events=events,
            websocket=websocket,
            delivery=delivery,
            rest=rest,
            functions=self.functions,
            notify_alarm=notified.notify_alarm if notified else None,
        )
        self.alarms = self._alarms(watched, topic)
        self._dashboard()
        self._saved_queries()
        self._trace_group()
        if stage.trace_sample_percent is not None:
            self._sampling_rules(stage.trace_sample_percent)
        add_budget(self, stage=stage, topic=topic)
        self.output("DashboardName", dashboard_name(stage))

    def _dashboard(self) -> None:
        dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=dashboard_name(self.stage), default_interval=cdk.Duration.hours(3)
        )
        if self.alarms:
            dashboard.add_widgets(
                cloudwatch.AlarmStatusWidget(title="Alarms", alarms=self.alarms, width=24, height=3)
            )
        graphs = Dashboard(
            self.stage,
            events=self.events,
            websocket=self.websocket,
            delivery=self.delivery,
            rest=self.rest,
            functions=self.functions,
        )
        for row in graphs.rows():
            dashboard.add_widgets(*row)

    def _alarms(self, watches: Sequence[Watch], topic: sns.ITopic | None) -> list[cloudwatch.Alarm]:
        """Create the alarms, which notify the topic when they are raised and when they end."""
        alarms = {watch.name: watch.create(self, self.stage) for watch in watches}
        raised: list[cloudwatch.AlarmBase] = list(alarms.values())
        outages = [alarms[watch.name] for watch in watches if watch.is_outage]
        if self.stage.alarms == "all":
            raised.append(self._unhealthy(outages))
        if topic is not None:
            action = cloudwatch_actions.SnsAction(topic)
            for alarm in raised:
                alarm.add_alarm_action(action)
                alarm.add_ok_action(action)
        return list(alarms.values())

    def _unhealthy(self, alarms: Sequence[cloudwatch.Alarm]) -> cloudwatch.CompositeAlarm:
        """One alarm for everything that users notice."""
        return cloudwatch.CompositeAlarm(
            self,
            "UnhealthyAlarm",
            # The CDK would name it without hyphens, unlike the other alarms.
            composite_alarm_name=f"Parley-{self.stage.name}-Unhealthy",
            alarm_description=f"Parley ({self.stage.name}): the chat is unhealthy: users notice it. "
            f"Look and repair: {RUNBOOK}#the-chat-is-unhealthy",
            alarm_rule=cloudwatch.AlarmRule.any_of(
                *(cloudwatch.AlarmRule.from_alarm(alarm, cloudwatch.AlarmState.ALARM) for alarm in alarms)
            ),
        )

    def _saved_queries(self) -> None:
        groups = [function.logs.log_group_name for function in self.functions]
        self._query(
            "OneMessage",
            "the log lines of one message (replace MESSAGE-ID)",
            groups,
            "fields @timestamp, level, message, @log, @message\n"
            "| filter @message like /MESSAGE-ID/\n"
            "| sort @timestamp asc",
        )
        self._query(
            "Errors",
            "errors, latest first",
            groups,
            "fields @timestamp, message, correlationId, exception_name, @log\n"
            '| filter level = "ERROR"\n'
            "| sort @timestamp desc\n| limit 100",
        )
        self._query(
            "ColdStarts",
            "cold starts",
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
        # Powertools annotates the segments of a function with its service name.
        xray.CfnGroup(
            self,
            "Traces",
            group_name=f"Parley-{self.stage.name}",
            filter_expression=f'annotation.Service = "{service_name(self.stage.name)}"',
        )

    def _sampling_rules(self, percent: float) -> None:
        """Sample more REST requests, and runs of the workflow that begin their own trace.

        Functions do not read sampling rules: Lambda samples by X-Ray's default, to which functions/aws/tracing.py
        adds a share of the events that they publish.
        """
        services = {
            "SampleRequests": ("api", "AWS::ApiGateway::Stage", f"Parley-{self.stage.name}/{STAGE_NAME}"),
            "SampleRuns": ("run", "AWS::StepFunctions::StateMachine", self.delivery.deliver.state_machine_name),
        }
        for construct_id, (suffix, service_type, service) in services.items():
            xray.CfnSamplingRule(
                self,
                construct_id,
                sampling_rule=xray.CfnSamplingRule.SamplingRuleProperty(
                    rule_name=f"Parley-{self.stage.name}-{suffix}",
                    priority=SAMPLING_PRIORITY,
                    service_type=service_type,
                    service_name=service,
                    reservoir_size=1,
                    # Never less than X-Ray's default.
                    fixed_rate=max(DEFAULT_SAMPLE_PERCENT, percent) / 100,
                    host="*",
                    http_method="*",
                    url_path="*",
                    resource_arn="*",
                    version=1,
                ),
            )
