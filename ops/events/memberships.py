"""The changes of memberships since the archive was read, up to the time at which the rows were read.

A member who leaves has no row any more. On AWS, the event of the leaving is in the archive about ten minutes
later: until then, a membership that has ended looks as if its row was lost, and must not be restored.
"""

from collections.abc import Collection

from ops.events import archive
from ops.events.archive import OnNote
from ops.events.bus_event import BusEvent, EventFilter
from ops.stage.stage import Stage

MEMBERSHIPS = frozenset({"ChannelCreated", "MemberJoined", "MemberLeft"})


def since(
    stage: Stage, since_ms: int, *, rows_read_ms: int, channel_ids: Collection[str | None], on_note: OnNote
) -> list[BusEvent]:
    """The events of the memberships of these channels from `since_ms` on, complete up to `rows_read_ms`.

    On AWS, this waits until the archive has them. Raises what `archive.read` raises.
    """
    archive.wait_until_complete(stage, rows_read_ms, on_note)
    return archive.read(
        stage,
        EventFilter(types=MEMBERSHIPS),
        since_ms=since_ms,
        until_ms=max(since_ms, archive.complete_until_ms(stage)) + 1,
        on_note=on_note,
        keep=lambda event: event.channel_id in channel_ids,
    )
