"""What remains of an erased user: each copy with the time until which it is kept."""

from ops import times
from ops.privacy.remaining_copies import DAY_MS, Retention, copies

NOW_MS = times.now()
NOW = times.iso(NOW_MS)
OLD = times.iso(NOW_MS - 10 * DAY_MS)


def after(days: int) -> str:
    return times.iso(NOW_MS + days * DAY_MS)


def test_production_keeps_names_in_the_archive_and_rows_in_backups():
    """And the key for as long as its table can be restored."""
    kept = Retention(archive=90, log=0, tables=35, keys=7)
    found = {copy.where: copy.until for copy in copies(kept, erased_at=NOW, sealed_since=OLD, messages=())}
    assert found["the archive of the bus"] == after(90)
    assert found["point-in-time recovery of the tables"] == after(35)
    assert found["point-in-time recovery of the keys"] == after(7)
    assert "the workflow's log" not in found
    assert found["browsers of other members"] is None


def test_texts_of_before_the_keys_remain_until_the_retention_ends():
    """Counted from the last of them; one whose retention has ended is left out."""
    kept = Retention(archive=14, log=14, tables=0, keys=0)
    messages = [{"sentAt": OLD}, {"sentAt": NOW}]
    [texts] = [
        copy
        for copy in copies(kept, erased_at=NOW, sealed_since=NOW, messages=messages)
        if "before texts were sealed" in copy.what
    ]
    assert (texts.until, "1 message from" in texts.what) == (after(4), True)
    expired = copies(
        Retention(archive=5, log=5, tables=0, keys=0), erased_at=NOW, sealed_since=NOW, messages=messages
    )
    assert not [copy for copy in expired if "before texts were sealed" in copy.what]
