"""The bus, its archive, and the queues. The rules for live events are in the Delivery stack."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.contract.events import SOURCE
from stacks.rules import replay_rule
from stacks.stack import StageStack, acknowledge, removal_policy
from stacks.stage import Stage

STATUS_FUNCTION_TIMEOUT = cdk.Duration.seconds(30)
# Six times the timeout of the function, as AWS recommends for queues that Lambda polls:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
STATUS_VISIBILITY = cdk.Duration.seconds(180)
STATUS_RECEIVES = 5
# Operators drain the queue with `parley replay`, which they may stop and run again many times.
REPLAY_RECEIVES = 100


class EventsStack(StageStack):
    """The bus and its archive, the queues and their dead-letter queues, and the rule for replayed events."""

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Events", stage=stage, description="bus, archive and queues")
        self.bus = events.EventBus(
            self,
            "Bus",
            # A bus must have a name. A stage may keep its bus, so each deployment needs another name.
            event_bus_name=f"Parley-{stage.name}-{self.unique_suffix}",
            description=f"The events of Parley ({stage.name})",
        )
        # EventBridge does not delete a bus that has an archive, so both stay or neither.
        self.bus.apply_removal_policy(removal_policy(stage))
        archive = self._archive()

        self.delivery_dead_letters = self._dead_letters("DeliveryDeadLetters")
        self.status_dead_letters = self._dead_letters("StatusDeadLetters")
        self.replay_dead_letters = self._dead_letters("ReplayDeadLetters")
        self.status_queue = self._queue(
            "Status",
            visibility_timeout=STATUS_VISIBILITY,
            # Long enough that no update expires unseen: an alarm watches the age of the oldest, and after
            # STATUS_RECEIVES it is a dead letter. A late update does no harm: presence is recomputed, and typing
            # that has ended is dropped. Dead letters keep the time at which they were first sent, so this must
            # be shorter than their retention.
            retention_period=cdk.Duration.days(4),
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
            description="replayed-events: kept for `parley replay`, never delivered to clients",
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
        # The L2 construct writes an empty key id, which EventBridge refuses:
        # https://github.com/aws/aws-cdk/issues/37847
        cast(events.CfnArchive, archive.node.default_child).add_property_deletion_override("KmsKeyIdentifier")
        archive.apply_removal_policy(removal_policy(self.stage))
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
        # Any rule of this bus: the ARNs of rules in other stacks are not known yet, since those depend on this
        # one.
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
