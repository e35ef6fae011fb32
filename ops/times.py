"""Moments as operators write them: `15m`, `2h`, `09:30`, `2026-11-24T09:30Z`. Milliseconds since 1970 inside."""

import re
import time
from datetime import UTC, datetime

from functions.contract.model import milliseconds, timestamp
from ops.errors import BadRequestError

AGO = re.compile(r"^(\d+)\s*(s|m|h|d)(?:\s+ago)?$")
UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def now() -> int:
    """This machine's time."""
    return time.time_ns() // 1_000_000


def moment(text: str, *, now_ms: int | None = None) -> int:
    """A moment: so long ago, a time of today (UTC), or ISO 8601 (UTC unless it says otherwise).

    Raises BadRequestError.
    """
    here = now() if now_ms is None else now_ms
    wanted = text.strip()
    if wanted == "now":
        return here
    if ago := AGO.match(wanted):
        return here - int(ago[1]) * UNITS[ago[2]]
    try:
        if re.match(r"^\d{1,2}:\d{2}(:\d{2})?$", wanted):
            wanted = f"{timestamp(here)[:10]}T{wanted.zfill(5) if len(wanted) < 6 else wanted.zfill(8)}"
        found = datetime.fromisoformat(wanted)
    except ValueError:
        raise BadRequestError(
            f"'{text}' is no moment: write 15m, 2h or 1d (ago), 09:30 (today, UTC), or 2026-11-24T09:30:00Z."
        ) from None
    return milliseconds((found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat())


def text(moment_ms: float) -> str:
    """A moment as the API writes it."""
    return timestamp(int(moment_ms))
