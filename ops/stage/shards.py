"""Give a hot channel more partitions for its subscriptions (functions/contract/shards.py)."""

from functions.contract.shards import LAST_ROW, last_rows
from ops.errors import BadRequestError
from ops.stage.conditional_writes import write_if
from ops.stage.stage import Stage


def shard(stage: Stage, channel_id: str, shards: int) -> bool:
    """Shard a channel. Returns False if it has this number of shards already; continues where a call was stopped.

    Raises BadRequestError if the channel has another number of shards: subscriptions would be looked for in the
    wrong ones.
    """
    subscriptions = stage.table("Subscriptions")
    key = {"channelId": channel_id, "connectionId": LAST_ROW}
    present = subscriptions.get_item(Key=key, ConsistentRead=True).get("Item")
    if present is None:
        *others, first = last_rows(channel_id, shards)
        for row in others:
            subscriptions.put_item(Item=row)
        if write_if(subscriptions.put_item, Item=first, ConditionExpression="attribute_not_exists(channelId)"):
            return True
        # Another operator sharded the channel at the same time.
        return shard(stage, channel_id, shards)
    if int(present["shards"]) != shards:
        raise BadRequestError(
            f"This channel has {present['shards']} shards, and their number cannot be changed afterwards."
        )
    return False
