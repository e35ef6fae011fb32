"""The delivery of live events: channel events start the workflow `deliver`, status updates go to a queue.

The steps of the workflow are in workflows/deliver.asl.json.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct
from pydantic.alias_generators import to_pascal

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATE_AGE_SECONDS, STATUS_UPDATES
from functions.settings import BroadcastStatusSettings, PostToConnectionsSettings
from stacks.chat_function import ChatFunction
from stacks.data import DataStack
from stacks.events import STATUS_FUNCTION_TIMEOUT, EventsStack
from stacks.logs import log_group
from stacks.packaging import ROOT
from stacks.rules import CHANNEL_EVENT_AGE_SECONDS, channel_events_rule, live_rule
from stacks.stack import StageStack, acknowledge, service_role
from stacks.stage import Stage
from stacks.uses import Use, allow, publish_to, receive_from, table
from stacks.websocket_api import WebSocketApiStack

WORKFLOW: Path = ROOT / "workflows" / "deliver.asl.json"

# The larger a batch, the more of its updates are coalesced; but 500 changes of presence, each to 90 connections,
# would not fit into STATUS_FUNCTION_TIMEOUT: the last posts would be left out.
STATUS_BATCH = 200
STATUS_WINDOW = cdk.Duration.seconds(1)


class DeliveryStack(StageStack):
    """The workflow, the two live rules, and the functions that post frames."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        data: DataStack,
        events: EventsStack,
        websocket: WebSocketApiStack,
    ) -> None:
        super().__init__(
            scope, "Delivery", stage=stage, description="the workflow deliver, and the functions that post frames"
        )
        self.data = data
        self.events = events
        self.websocket = websocket

        self.post_to_connections = self._post_to_connections()
        # Step Functions delivers logs as vended logs, whose resource policy covers names with this prefix.
        self.deliver_logs = log_group(
            self,
            "DeliverLogs",
            stage=stage,
            name=f"/aws/vendedlogs/states/Parley-{stage.name}-deliver-{self.unique_suffix}",
        )
        self.deliver = self._deliver()
        self._start_deliver_on_channel_events()

        self.broadcast_status = self._broadcast_status()
        live_rule(
            self,
            "StatusEvents",
            bus=events.bus,
            detail_types=STATUS_UPDATES,
            description="status-events: ephemeral, buffered and coalesced",
            target_arn=events.status_queue.queue_arn,
            dead_letters=events.status_dead_letters,
            max_age_seconds=STATUS_UPDATE_AGE_SECONDS,
        )
        self.output("DeliverStateMachineArn", self.deliver.state_machine_arn)
        self.output("DeliverLogGroupName", self.deliver_logs.log_group_name)
        self.output("PostToConnectionsFunctionName", self.post_to_connections.function_name)
        self.output("PostToConnectionsLogGroupName", self.post_to_connections.logs.log_group_name)

    def _deliver_uses(self) -> list[Use]:
        data, post, dead_letters = self.data, self.post_to_connections.live, self.events.delivery_dead_letters
        return [
            table(data.channels, "GetItem", "UpdateItem"),
            table(data.message_ids, "GetItem", "PutItem"),
            table(data.messages, "GetItem", "PutItem", "UpdateItem"),
            table(data.reactions, "GetItem", "UpdateItem"),
            table(data.members, "GetItem"),
            table(data.subscriptions, "Query"),
            table(data.connections, "Query"),
            Use(
                settings={"post_to_connections_function_arn": post.function_arn},
                statements=[allow("lambda:InvokeFunction", on=post.function_arn)],
            ),
            Use(
                settings={"delivery_dead_letter_queue_url": dead_letters.queue_url},
                statements=[allow("sqs:SendMessage", on=dead_letters.queue_arn)],
            ),
        ]

    def _deliver(self) -> stepfunctions.StateMachine:
        uses = self._deliver_uses()
        description = f"What the workflow deliver of Parley ({self.stage.name}) may do"
        role = service_role(self, "DeliverRole", service="states", description=description)
        statements = [statement for use in uses for statement in use.statements]
        steps = iam.Policy(self, "DeliverSteps", roles=[role], statements=statements)
        observe = self._observe_policy(role)
        level = self.stage.workflow_log_level
        machine = stepfunctions.StateMachine(
            self,
            "Deliver",
            comment=f"Parley ({self.stage.name}): persist a channel event, then post it",
            definition_body=stepfunctions.DefinitionBody.from_string(WORKFLOW.read_text()),
            # The placeholders of the file: ${MembersTable} is the setting members_table.
            definition_substitutions={
                to_pascal(name): value for use in uses for name, value in use.settings.items()
            },
            state_machine_type=stepfunctions.StateMachineType.EXPRESS,
            # Without this, the L2 construct adds rights to the role. Those of `uses` are complete.
            role=role.without_policy_updates(),
            tracing_enabled=True,
            logs=stepfunctions.LogOptions(
                destination=self.deliver_logs,
                level=getattr(stepfunctions.LogLevel, level),
                include_execution_data=level == "ALL",
            ),
        )
        machine.node.add_dependency(steps, observe)
        if level != "ALL":
            acknowledge(
                machine,
                {"AwsSolutions-SF1": f"Level ALL logs names and sealed texts; this one, {level}, logs no data."},
            )
        return machine

    def _observe_policy(self, role: iam.Role) -> iam.Policy:
        """The rights to write traces and to deliver logs."""
        traces = ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")
        log_delivery = (
            "CreateLogDelivery",
            "GetLogDelivery",
            "UpdateLogDelivery",
            "DeleteLogDelivery",
            "ListLogDeliveries",
            "PutResourcePolicy",
            "DescribeResourcePolicies",
            "DescribeLogGroups",
        )
        policy = iam.Policy(
            self,
            "DeliverObserve",
            roles=[role],
            statements=[
                allow(*(f"xray:{action}" for action in traces), on="*"),
                allow(*(f"logs:{action}" for action in log_delivery), on="*"),
            ],
        )
        acknowledge(
            policy,
            {"AwsSolutions-IAM5[Resource::*]": "These actions of X-Ray and Logs do not support resource ARNs."},
        )
        return policy

    def _start_deliver_on_channel_events(self) -> None:
        machine_arn = self.deliver.state_machine_arn
        role = service_role(
            self,
            "StartDeliverRole",
            service="events",
            description=f"Starts the workflow deliver of Parley ({self.stage.name})",
            rights={"Start": [allow("states:StartExecution", on=machine_arn)]},
        )
        live_rule(
            self,
            "DeliverChannelEvents",
            name=channel_events_rule(self.stage),
            bus=self.events.bus,
            detail_types=CHANNEL_EVENTS,
            description="deliver-channel-events: durable, persisted before they are posted",
            target_arn=machine_arn,
            role_arn=role.role_arn,
            dead_letters=self.events.delivery_dead_letters,
            max_age_seconds=CHANNEL_EVENT_AGE_SECONDS,
        )

    def _post_to_connections(self) -> ChatFunction:
        return ChatFunction(
            self,
            "PostToConnections",
            handler="post_to_connections",
            memory_mib=1024,
            # Less than the TimeoutSeconds of PostBatch, so that the task learns how the invocation ended.
            timeout=cdk.Duration.seconds(55),
            settings=PostToConnectionsSettings,
            uses=[
                self.websocket.posting,
                # To close slow clients.
                self.websocket.closing,
                table(self.data.text_keys, "BatchGetItem"),
                # To prune stale connections.
                table(self.data.connections, "GetItem", "DeleteItem"),
                table(self.data.members, "Query"),
                table(self.data.subscriptions, "BatchGetItem", "BatchWriteItem"),
                # To post what is stored now, if a post is late.
                table(self.data.messages, "GetItem"),
                publish_to(self.events.bus),
            ],
        )

    def _broadcast_status(self) -> ChatFunction:
        function = ChatFunction(
            self,
            "BroadcastStatus",
            handler="broadcast_status",
            # 0.65 of a processor. Posting is bound by it, so it costs the same with more memory.
            memory_mib=1152,
            timeout=STATUS_FUNCTION_TIMEOUT,
            settings=BroadcastStatusSettings,
            uses=[
                self.websocket.posting,
                table(self.data.connections, "Query", "GetItem", "DeleteItem"),
                table(self.data.users, "GetItem", "UpdateItem"),
                table(self.data.channels, "BatchGetItem"),
                table(self.data.members, "Query"),
                table(self.data.subscriptions, "Query", "BatchGetItem", "BatchWriteItem"),
                publish_to(self.events.bus),
                receive_from(self.events.status_queue),
            ],
        )
        lambda_.EventSourceMapping(
            self,
            "StatusQueue",
            target=function.live,
            event_source_arn=self.events.status_queue.queue_arn,
            batch_size=STATUS_BATCH,
            max_batching_window=STATUS_WINDOW,
            max_concurrency=self.stage.status_concurrency,
            report_batch_item_failures=True,
        )
        return function
