"""Times as operators write them: `15m`, `2h`, `09:30`, `2026-11-24T09:30Z`. In numbers: ms since 1970."""

import re
import time
from datetime import UTC, datetime

from functions.contract.model import milliseconds, timestamp
from ops.errors import BadRequestError

AGO = re.compile(r"^(\d+)\s*(s|m|h|d)(?:\s+ago)?$")
UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LATEST_MS = 253_402_300_799_999
"""The last moment of the year 9999."""


def now() -> int:
    """The time of this machine."""
    return time.time_ns() // 1_000_000


def parse(text: str, *, now_ms: int | None = None) -> int:
    """Parse `now`, a duration before now, a time of today (UTC), or ISO 8601 (UTC if it names no zone).

    Raises BadRequestError, also for a time before 1970 or after 9999.
    """
    reference_ms = now() if now_ms is None else now_ms
    try:
        parsed = _parse(text.strip(), reference_ms)
    except (ValueError, OverflowError):
        parsed = -1
    if not 0 <= parsed <= LATEST_MS:
        raise BadRequestError(
            f"Invalid time '{text}': use 15m, 2h or 1d (ago), 09:30 (today, UTC), or 2026-11-24T09:30:00Z."
        )
    return parsed


def _parse(value: str, reference_ms: int) -> int:
    """Raises ValueError or OverflowError."""
    if value == "now":
        return reference_ms
    if ago := AGO.match(value):
        return reference_ms - int(ago[1]) * UNITS[ago[2]]
    if re.match(r"^\d{1,2}:\d{2}(:\d{2})?$", value):
        value = f"{timestamp(reference_ms)[:10]}T{value.zfill(5) if len(value) < 6 else value.zfill(8)}"
    parsed = datetime.fromisoformat(value)
    return milliseconds((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).isoformat())


def require_order(since_ms: int, until_ms: int) -> None:
    """Raise BadRequestError if the time range of the options --since and --until is empty."""
    if since_ms >= until_ms:
        raise BadRequestError(
            f"The time range is empty: --since ({iso(since_ms)}) must be before --until ({iso(until_ms)})."
        )


def require_past(since_ms: int) -> None:
    """Raise BadRequestError if the option --since of a command that reads until now is in the future."""
    if since_ms > now():
        raise BadRequestError(f"The time range is empty: --since ({iso(since_ms)}) is in the future.")


def as_datetime(time_ms: float) -> datetime:
    """A time as boto3 takes it."""
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def iso(time_ms: float) -> str:
    """The time in the API's format: ISO 8601 in UTC, with milliseconds."""
    return timestamp(int(time_ms))
