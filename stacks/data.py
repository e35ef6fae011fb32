"""The tables and their keys. The rights on them are in the declarations of the functions and the workflow."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.stack import StageStack, acknowledge, removal_policy
from stacks.stage import Stage

STRING = dynamodb.AttributeType.STRING
NUMBER = dynamodb.AttributeType.NUMBER
TEXT_KEY_RECOVERY_DAYS = 7
"""With `pointInTimeRecovery`: how long an erased key, or the whole lost table, can be restored."""


class DataStack(StageStack):
    """The tables. Capacity is on demand; CloudFormation chooses their names."""

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "Data", stage=stage, description="tables")
        self.channels = self._table("Channels", "channelId")
        self._index(self.channels, "byKind", "kind", "name")

        self.members = self._table("Members", "userId", "channelId")
        self._index(self.members, "byChannel", "channelId", "userId", attributes=("role", "joinedAt"))

        self.messages = self._table("Messages", "channelId", "seq", sort_type=NUMBER)
        # Only messages that mention users have a mentionSeq, which is their seq: the index has no others.
        self._index(
            self.messages, "byMention", "channelId", "mentionSeq", sort_type=NUMBER, attributes=("mentions",)
        )
        self.message_ids = self._table("MessageIds", "messageId")
        # reactionKey is seq#emoji#userId, so that one query reads the reactions to a page of messages.
        self.reactions = self._table("Reactions", "channelId", "reactionKey")

        self.connections = self._table("Connections", "userId", "connectionId", expires=True)
        self.subscriptions = self._table("Subscriptions", "channelId", "connectionId", expires=True)

        self.users = self._table("Users", "userId")
        self._index(self.users, "directory", "directory", "displayName")

        self.tickets = self._table("Tickets", "ticketHash", expires=True)
        self.rates = self._table("Rates", "userId", "limitName", expires=True)

        # Texts are erased only when their key cannot be restored any more: it is recoverable for a shorter time.
        self.text_keys = self._table("TextKeys", "userId", recoverable_days=TEXT_KEY_RECOVERY_DAYS)

    def _table(
        self,
        name: str,
        partition_key: str,
        sort_key: str | None = None,
        *,
        sort_type: dynamodb.AttributeType = STRING,
        expires: bool = False,
        recoverable_days: int | None = None,
    ) -> dynamodb.Table:
        recoverable = self.stage.point_in_time_recovery
        table = dynamodb.Table(
            self,
            name,
            partition_key=dynamodb.Attribute(name=partition_key, type=STRING),
            sort_key=dynamodb.Attribute(name=sort_key, type=sort_type) if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expiresAt" if expires else None,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=recoverable,
                recovery_period_in_days=recoverable_days if recoverable else None,
            ),
            deletion_protection=self.stage.deletion_protection,
            removal_policy=removal_policy(self.stage),
        )
        if not recoverable:
            acknowledge(
                table,
                {"AwsSolutions-DDB3": "A stage for development; prod has pointInTimeRecovery on."},
            )
        self.output(f"{name}TableName", table.table_name)
        return table

    @staticmethod
    def _index(
        table: dynamodb.Table,
        name: str,
        partition_key: str,
        sort_key: str,
        *,
        sort_type: dynamodb.AttributeType = STRING,
        attributes: tuple[str, ...] = (),
    ) -> None:
        """An index of the keys and these attributes. Readers that need more read the rows themselves.

        All public channels are in one partition of their index, and so are all users and the members of a channel.
        A partition takes about 1,000 writes per second. If it is exceeded, DynamoDB refuses writes to the table
        ("GSI back-pressure"). So no attribute that a message, a read marker or a change of presence writes may be
        in an index: a write that changes nothing in an index does not write to it.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/gsi-throttling.html
        """
        table.add_global_secondary_index(
            index_name=name,
            partition_key=dynamodb.Attribute(name=partition_key, type=STRING),
            sort_key=dynamodb.Attribute(name=sort_key, type=sort_type),
            projection_type=dynamodb.ProjectionType.INCLUDE if attributes else dynamodb.ProjectionType.KEYS_ONLY,
            non_key_attributes=list(attributes) or None,
        )
