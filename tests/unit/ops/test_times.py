"""Times as operators write them."""

import pytest

from functions.contract.model import milliseconds, timestamp
from ops import times
from ops.errors import BadRequestError

NOW = milliseconds("2026-11-24T12:00:00.000Z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-24T12:00:00.000Z"),
        ("90s", "2026-11-24T11:58:30.000Z"),
        ("15m", "2026-11-24T11:45:00.000Z"),
        ("2h", "2026-11-24T10:00:00.000Z"),
        ("1d", "2026-11-23T12:00:00.000Z"),
        ("15 m ago", "2026-11-24T11:45:00.000Z"),
        ("9:30", "2026-11-24T09:30:00.000Z"),
        ("09:30:15", "2026-11-24T09:30:15.000Z"),
        ("2026-11-24T09:30", "2026-11-24T09:30:00.000Z"),
        ("2026-11-24T10:30:00+01:00", "2026-11-24T09:30:00.000Z"),
        ("2026-11-24", "2026-11-24T00:00:00.000Z"),
    ],
)
def test_a_time_is_parsed(text: str, expected: str):
    """A duration before now, a time of today, or ISO 8601; UTC without a zone."""
    assert timestamp(times.parse(text, now_ms=NOW)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "15", "25:00", "2026-13-01", "-5m"),
        *("30000d", "999999999999d", "9" * 5000 + "s", "0001-01-01", "9999-12-31T23:59:59-23:59"),
    ],
    ids=lambda text: text[:30],
)
def test_an_invalid_time_is_refused(text: str):
    """Also one before 1970 or after 9999. The message has the text and examples of valid times."""
    with pytest.raises(BadRequestError, match="Invalid time"):
        times.parse(text, now_ms=NOW)


@pytest.mark.parametrize("until_ms", [NOW, NOW - 1])
def test_an_empty_time_range_is_refused(until_ms: int):
    """Both times are in the message; an empty answer would look as if all were well."""
    with pytest.raises(BadRequestError, match=r"--since \(2026-11-24T12:00:00.000Z\) must be before --until"):
        times.require_order(NOW, until_ms)
    times.require_order(NOW - 1, NOW)


def test_a_start_in_the_future_is_refused():
    """By commands that read until now, `operations` and `follow`."""
    with pytest.raises(BadRequestError, match=r"--since \(.*Z\) is in the future"):
        times.require_past(times.now() + 60_000)
    times.require_past(times.now())
