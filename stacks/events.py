"""The bus, its archive, and the queues that events wait in. What happens to live events, `delivery` says."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.contract.events import SOURCE
from stacks.rules import replay_rule
from stacks.stack import StageStack, acknowledge
from stacks.stage import Stage

STATUS_FUNCTION_TIMEOUT = cdk.Duration.seconds(30)
# Six times the timeout of the function that consumes it, as AWS advises for queues that Lambda polls.
STATUS_VISIBILITY = cdk.Duration.seconds(180)
STATUS_RECEIVES = 5
# A replay is drained by a person's command, which may be stopped and run again as often as they like.
REPLAY_RECEIVES = 100


class EventsStack(StageStack):
    """The bus and its archive, the queues and their dead-letter queues, the rule that sets replays apart."""

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Events", stage=stage, description="bus, archive and queues")
        self.bus = events.EventBus(self, "Bus", description=f"What happens in Parley ({stage.name})")
        archive = self._archive()

        self.delivery_dead_letters = self._dead_letters("DeliveryDeadLetters")
        self.status_dead_letters = self._dead_letters("StatusDeadLetters")
        self.replay_dead_letters = self._dead_letters("ReplayDeadLetters")
        self.status_queue = self._queue(
            "Status",
            visibility_timeout=STATUS_VISIBILITY,
            # Who was typing an hour ago is of no use to anybody.
            retention_period=cdk.Duration.hours(1),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.status_dead_letters, max_receive_count=STATUS_RECEIVES
            ),
        )
        self.replay_queue = self._queue(
            "Replay",
            visibility_timeout=cdk.Duration.seconds(60),
            retention_period=cdk.Duration.days(1),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.replay_dead_letters, max_receive_count=REPLAY_RECEIVES
            ),
        )
        replay_rule(
            self,
            "ReplayedEvents",
            bus=self.bus,
            description="replayed-events: what a replay brings back waits for `ops replay`, and touches nobody",
            target_arn=self.replay_queue.queue_arn,
            dead_letters=self.replay_dead_letters,
        )

        self.output("EventBusName", self.bus.event_bus_name)
        self.output("ArchiveName", archive.archive_name)
        self.output("StatusQueueUrl", self.status_queue.queue_url)
        self.output("StatusDeadLetterQueueUrl", self.status_dead_letters.queue_url)
        self.output("DeliveryDeadLetterQueueUrl", self.delivery_dead_letters.queue_url)
        self.output("ReplayQueueUrl", self.replay_queue.queue_url)
        self.output("ReplayDeadLetterQueueUrl", self.replay_dead_letters.queue_url)

    def _archive(self) -> events.Archive:
        archive = self.bus.archive(
            "Archive",
            description=f"Every event of Parley ({self.stage.name})",
            event_pattern=events.EventPattern(source=[SOURCE]),
            retention=cdk.Duration.days(self.stage.archive_retention_days),
        )
        # The L2 writes an empty key id, which EventBridge refuses (aws-cdk issue 37847).
        cast(events.CfnArchive, archive.node.default_child).add_property_deletion_override("KmsKeyIdentifier")
        return archive

    def _dead_letters(self, construct_id: str) -> sqs.Queue:
        queue = self._queue(construct_id, retention_period=cdk.Duration.days(14))
        acknowledge(queue, {"AwsSolutions-SQS3": "This is a dead-letter queue; an alarm watches it."})
        return queue

    def _queue(
        self,
        construct_id: str,
        *,
        retention_period: cdk.Duration,
        visibility_timeout: cdk.Duration | None = None,
        dead_letter_queue: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        queue = sqs.Queue(
            self,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=retention_period,
            visibility_timeout=visibility_timeout,
            dead_letter_queue=dead_letter_queue,
        )
        # Any rule of this bus, rather than one by its ARN: the rules of other stacks need this one first.
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RulesOfTheBus",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={
                    "ArnLike": {
                        "aws:SourceArn": self.format_arn(
                            service="events", resource="rule", resource_name=f"{self.bus.event_bus_name}/*"
                        )
                    }
                },
            )
        )
        return queue
