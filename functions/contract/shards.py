"""The shards of a hot channel: the partitions of the table `subscriptions` that hold its rows.

Most channels have one partition, whose key is the channelId. A partition serves 3,000 reads and 1,000 writes per
second, so an operator can give a channel more of them. The last row of a partition names the next one. That row is
never deleted, and readers read every partition: a row is found in whichever of them it was written.
"""

from typing import Any
from zlib import crc32

MAX_SHARDS = 16
"""A message reads at least one page of each shard, one after the other."""

LAST_ROW = "~"
"""The connectionId of the row that names the next shard: it sorts after those of connections."""


def shard_key(channel_id: str, shard: int) -> str:
    """The partition key of a shard. The first one has the rows from before the channel was sharded."""
    return f"{channel_id}#{shard}" if shard else channel_id


def shard_of(channel_id: str, connection_id: str, shards: int) -> str:
    """The partition key to which a connection's subscription is written."""
    return shard_key(channel_id, crc32(connection_id.encode()) % shards)


def shard_after(key: str) -> str:
    """The partition key of the next shard."""
    channel_id, _, shard = key.partition("#")
    return shard_key(channel_id, int(shard or 0) + 1)


def all_shards(channel_id: str) -> list[str]:
    """The partition keys of all shards that a channel can have."""
    return [shard_key(channel_id, shard) for shard in range(MAX_SHARDS)]


def possible_shards(channel_id: str, connection_id: str, shards: int) -> list[str]:
    """The partition keys under which a connection's subscription may be: it may be older than the shards.

    All of them, if the number of shards is 0: it cannot be read.
    """
    if not shards:
        return all_shards(channel_id)
    return list(dict.fromkeys((channel_id, shard_of(channel_id, connection_id, shards))))


def last_rows(channel_id: str, shards: int) -> list[dict[str, Any]]:
    """The rows that link the shards, in the order in which they are written.

    The first shard's is the last one: only with it do writers use the shards, and then readers find all of them.
    """
    return [
        {
            "channelId": shard_key(channel_id, shard),
            "connectionId": LAST_ROW,
            "nextShard": shard_key(channel_id, shard + 1),
            "shards": shards,
        }
        for shard in reversed(range(shards - 1))
    ]
