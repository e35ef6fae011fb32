"""Times as operators write them: `15m`, `2h`, `09:30`, `2026-11-24T09:30Z`. In numbers: ms since 1970."""

import re
import time
from datetime import UTC, datetime

from functions.contract.model import milliseconds, timestamp
from ops.errors import BadRequestError

AGO = re.compile(r"^(\d+)\s*(s|m|h|d)(?:\s+ago)?$")
UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def now() -> int:
    """The time of this machine."""
    return time.time_ns() // 1_000_000


def moment(text: str, *, now_ms: int | None = None) -> int:
    """Parse `now`, a duration before now, a time of today (UTC), or ISO 8601 (UTC if it names no zone).

    Raises BadRequestError.
    """
    reference_ms = now() if now_ms is None else now_ms
    iso = text.strip()
    if iso == "now":
        return reference_ms
    if ago := AGO.match(iso):
        return reference_ms - int(ago[1]) * UNITS[ago[2]]
    try:
        if re.match(r"^\d{1,2}:\d{2}(:\d{2})?$", iso):
            iso = f"{timestamp(reference_ms)[:10]}T{iso.zfill(5) if len(iso) < 6 else iso.zfill(8)}"
        parsed = datetime.fromisoformat(iso)
    except ValueError:
        raise BadRequestError(
            f"Invalid time '{text}': use 15m, 2h or 1d (ago), 09:30 (today, UTC), or 2026-11-24T09:30:00Z."
        ) from None
    return milliseconds((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).isoformat())


def text(moment_ms: float) -> str:
    """The time in the API's format: ISO 8601 in UTC, with milliseconds."""
    return timestamp(int(moment_ms))
