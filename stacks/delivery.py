"""What happens to live events: channel events run the workflow `deliver`, status updates wait in a queue.

The order of the workflow's steps is in workflows/deliver.asl.json, as the console shows it.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES
from functions.settings import BroadcastStatusSettings, PostToConnectionsSettings
from stacks.chat_function import ChatFunction
from stacks.data import DataStack
from stacks.events import STATUS_FUNCTION_TIMEOUT, EventsStack
from stacks.logs import log_group
from stacks.packaging import ROOT
from stacks.rules import live_rule
from stacks.stack import StageStack, acknowledge
from stacks.stage import Stage
from stacks.websocket_api import WebSocketApiStack

WORKFLOW: Path = ROOT / "workflows" / "deliver.asl.json"

STATUS_BATCH = 100
STATUS_WINDOW = cdk.Duration.seconds(1)
STATUS_CONCURRENCY = 5


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
        super().__init__(scope, "Delivery", stage=stage, description="the workflow deliver, and who posts frames")
        self.data = data
        self.events = events
        self.websocket = websocket

        self.post_to_connections = self._post_to_connections()
        # Step Functions writes logs through the vended-logs delivery, whose policy covers names of this form.
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
        )
        self.output("DeliverStateMachineArn", self.deliver.state_machine_arn)
        self.output("DeliverLogGroupName", self.deliver_logs.log_group_name)
        self.output("PostToConnectionsFunctionName", self.post_to_connections.function_name)
        self.output("PostToConnectionsLogGroupName", self.post_to_connections.logs.log_group_name)

    def _deliver(self) -> stepfunctions.StateMachine:
        data = self.data
        level = self.stage.workflow_log_level
        role = iam.Role(
            self,
            "DeliverRole",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            ),
            description=f"What the workflow deliver of Parley ({self.stage.name}) may do",
        )
        steps = iam.Policy(
            self,
            "DeliverSteps",
            roles=[role],
            statements=[
                _may("dynamodb:GetItem", "dynamodb:UpdateItem", on=data.channels.table_arn),
                _may("dynamodb:GetItem", "dynamodb:PutItem", on=data.message_ids.table_arn),
                _may("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", on=data.messages.table_arn),
                _may("dynamodb:GetItem", "dynamodb:UpdateItem", on=data.reactions.table_arn),
                _may("dynamodb:GetItem", on=data.members.table_arn),
                _may("dynamodb:Query", on=data.subscriptions.table_arn),
                _may("dynamodb:Query", on=data.connections.table_arn),
                _may("lambda:InvokeFunction", on=self.post_to_connections.function_arn),
                _may("sqs:SendMessage", on=self.events.delivery_dead_letters.queue_arn),
            ],
        )
        observe = iam.Policy(
            self,
            "DeliverObserve",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "xray:PutTraceSegments",
                        "xray:PutTelemetryRecords",
                        "xray:GetSamplingRules",
                        "xray:GetSamplingTargets",
                    ],
                    resources=["*"],
                ),
                iam.PolicyStatement(
                    actions=[
                        "logs:CreateLogDelivery",
                        "logs:GetLogDelivery",
                        "logs:UpdateLogDelivery",
                        "logs:DeleteLogDelivery",
                        "logs:ListLogDeliveries",
                        "logs:PutResourcePolicy",
                        "logs:DescribeResourcePolicies",
                        "logs:DescribeLogGroups",
                    ],
                    resources=["*"],
                ),
            ],
        )
        acknowledge(
            observe,
            {"AwsSolutions-IAM5[Resource::*]": "Neither X-Ray nor the delivery of vended logs knows resources."},
        )
        machine = stepfunctions.StateMachine(
            self,
            "Deliver",
            comment=f"Parley ({self.stage.name}): persist a channel event, then post it",
            definition_body=stepfunctions.DefinitionBody.from_string(WORKFLOW.read_text()),
            definition_substitutions={
                "ChannelsTable": data.channels.table_name,
                "MessagesTable": data.messages.table_name,
                "MessageIdsTable": data.message_ids.table_name,
                "ReactionsTable": data.reactions.table_name,
                "MembersTable": data.members.table_name,
                "SubscriptionsTable": data.subscriptions.table_name,
                "ConnectionsTable": data.connections.table_name,
                "PostToConnectionsFunctionArn": self.post_to_connections.function_arn,
                "DeliveryDeadLetterQueueUrl": self.events.delivery_dead_letters.queue_url,
            },
            state_machine_type=stepfunctions.StateMachineType.EXPRESS,
            # The rights are said above, in full.
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
                {"AwsSolutions-SF1": f"Logs of every step hold chat text; this stage logs {level} without data."},
            )
        return machine

    def _start_deliver_on_channel_events(self) -> None:
        role = iam.Role(
            self,
            "StartDeliverRole",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            ),
            description=f"Starts the workflow deliver of Parley ({self.stage.name})",
            inline_policies={
                "Start": iam.PolicyDocument(
                    statements=[_may("states:StartExecution", on=self.deliver.state_machine_arn)]
                )
            },
        )
        live_rule(
            self,
            "DeliverChannelEvents",
            bus=self.events.bus,
            detail_types=CHANNEL_EVENTS,
            description="deliver-channel-events: durable, persisted before anyone sees them",
            target_arn=self.deliver.state_machine_arn,
            role_arn=role.role_arn,
            dead_letters=self.events.delivery_dead_letters,
        )

    def _post_to_connections(self) -> ChatFunction:
        data = self.data
        function = ChatFunction(
            self,
            "PostToConnections",
            handler="post_to_connections",
            memory_mib=1024,
            timeout=cdk.Duration.seconds(90),
            settings=PostToConnectionsSettings(
                connections_table=data.connections.table_name,
                subscriptions_table=data.subscriptions.table_name,
                members_table=data.members.table_name,
                bus_name=self.events.bus.event_bus_name,
            ),
            environment=self.websocket.posting_environment,
        )
        function.execution_role.add_managed_policy(self.websocket.may_post)
        # A post that finds a connection gone forgets it, and tells.
        function.allow("dynamodb:GetItem", "dynamodb:DeleteItem", on=[data.connections.table_arn])
        function.allow("dynamodb:Query", on=[data.members.table_arn])
        function.allow("dynamodb:GetItem", "dynamodb:BatchWriteItem", on=[data.subscriptions.table_arn])
        function.allow("events:PutEvents", on=[self.events.bus.event_bus_arn])
        return function

    def _broadcast_status(self) -> ChatFunction:
        data = self.data
        function = ChatFunction(
            self,
            "BroadcastStatus",
            handler="broadcast_status",
            timeout=STATUS_FUNCTION_TIMEOUT,
            settings=BroadcastStatusSettings(
                connections_table=data.connections.table_name,
                subscriptions_table=data.subscriptions.table_name,
                members_table=data.members.table_name,
                users_table=data.users.table_name,
                bus_name=self.events.bus.event_bus_name,
            ),
            environment=self.websocket.posting_environment,
        )
        function.execution_role.add_managed_policy(self.websocket.may_post)
        function.allow(
            "dynamodb:Query", "dynamodb:GetItem", "dynamodb:DeleteItem", on=[data.connections.table_arn]
        )
        function.allow("dynamodb:UpdateItem", on=[data.users.table_arn])
        function.allow("dynamodb:Query", on=[data.members.table_arn])
        function.allow("dynamodb:Query", "dynamodb:BatchWriteItem", on=[data.subscriptions.table_arn])
        function.allow("events:PutEvents", on=[self.events.bus.event_bus_arn])
        function.allow(
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            on=[self.events.status_queue.queue_arn],
        )
        lambda_.EventSourceMapping(
            self,
            "StatusQueue",
            target=function,
            event_source_arn=self.events.status_queue.queue_arn,
            batch_size=STATUS_BATCH,
            max_batching_window=STATUS_WINDOW,
            max_concurrency=STATUS_CONCURRENCY,
            report_batch_item_failures=True,
        )
        return function


def _may(*actions: str, on: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[on])
