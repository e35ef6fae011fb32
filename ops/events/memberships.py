"""The changes of memberships since the archive was read, up to the time at which the rows were read.

A member who leaves has no row any more. On AWS, the event of the leaving is in the archive about ten minutes
later: until then, a membership that has ended looks as if its row was lost, and must not be restored.
"""

import time
from collections.abc import Collection

from ops import times
from ops.events import archive
from ops.events.archive import LAG_MS, MINUTE_MS, OnNote
from ops.events.bus_event import BusEvent, EventFilter
from ops.stage.stage import Stage

MEMBERSHIPS = frozenset({"ChannelCreated", "MemberJoined", "MemberLeft"})


def since(
    stage: Stage, since_ms: int, *, rows_read_ms: int, channel_ids: Collection[str | None], on_note: OnNote
) -> list[BusEvent]:
    """The events of the memberships of these channels from `since_ms` on, complete up to `rows_read_ms`.

    On AWS, this waits until the archive has them. Raises what `archive.read` raises.
    """
    _wait_until_complete(stage, rows_read_ms, on_note)
    return archive.read(
        stage,
        EventFilter(types=MEMBERSHIPS),
        since_ms=since_ms,
        until_ms=max(since_ms, archive.complete_until_ms(stage)) + 1,
        on_note=on_note,
        keep=lambda event: event.channel_id in channel_ids,
    )


def _wait_until_complete(stage: Stage, until_ms: int, on_note: OnNote) -> None:
    """Wait until the archive is complete up to a time that has passed. If it is not, `on_note` gets a sentence."""
    if until_ms > archive.complete_until_ms(stage):
        end = times.iso(until_ms + LAG_MS + MINUTE_MS - 1)[11:16]
        on_note(
            "A membership is not stored, and its user may have left in the last ten minutes. Waiting until "
            f"{end} UTC, when the archive has all events of that time."
        )
    while (left_ms := until_ms - archive.complete_until_ms(stage)) > 0:
        time.sleep(left_ms / 1000)
