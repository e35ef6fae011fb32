"""The names of users and channels, for a page that is not part of the chat."""

from collections.abc import Iterator
from itertools import islice

from inspector.models import KnownNames
from ops.stage import tables
from ops.stage.stage import Stage

MAX_NAMES = 2_000
"""The most users, and the most channels, that are read. The others are shown by their ids."""


def read(stage: Stage) -> KnownNames:
    """The names of up to MAX_NAMES users and channels."""
    return KnownNames(
        users=dict(islice(_named(stage, "Users", "userId", "displayName"), MAX_NAMES)),
        channels={
            channel_id: name
            for channel_id, name in islice(_named(stage, "Channels", "channelId", "name"), MAX_NAMES)
            if not channel_id.startswith(tables.NAME_PREFIX)
        },
    )


def _named(stage: Stage, table: str, key: str, name: str) -> Iterator[tuple[str, str]]:
    """The keys and names of a table's rows, as far as they are texts."""
    rows = tables.paginate(
        stage.table(table).scan,
        ProjectionExpression="#key, #name",
        ExpressionAttributeNames={"#key": key, "#name": name},
    )
    return ((str(row[key]), row[name]) for row in rows if isinstance(row.get(name), str) and row[name])
