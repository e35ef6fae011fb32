"""The rate limit, for any schedule of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chat.rate import RateLimit

limits = st.builds(RateLimit, per_second=st.sampled_from([0.5, 1, 2, 5, 10]), burst=st.integers(1, 20))
pauses = st.lists(st.integers(0, 3000), min_size=1, max_size=200)


class Member:
    """The number of one member, updated as the table updates it."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.rested_at_ms = 0

    def send(self, now_ms: int) -> int:
        """Return how long to wait, 0 if the message was accepted."""
        wait = self.limit.retry_after_ms(self.rested_at_ms, now_ms)
        if not wait:
            self.rested_at_ms = max(self.rested_at_ms, now_ms) + self.limit.interval_ms
        return wait


def moments(pauses: list[int]) -> list[int]:
    return [1_000_000 + sum(pauses[: number + 1]) for number in range(len(pauses))]


@given(limits, pauses)
def test_no_schedule_exceeds_the_burst_and_the_rate(limit: RateLimit, pauses: list[int]):
    """In any time span, at most burst + rate x span messages are accepted."""
    member = Member(limit)
    # At the last moment, more messages than a burst.
    accepted = [now for now in moments([*pauses, *[0] * (limit.burst + 1)]) if not member.send(now)]
    assert len(accepted) >= limit.burst
    for first, start in enumerate(accepted):
        for count, end in enumerate(accepted[first:], start=1):
            assert count <= limit.burst + (end - start) / limit.interval_ms


@given(limits, pauses)
def test_the_wait_is_exact(limit: RateLimit, pauses: list[int]):
    """A refused message is accepted after exactly the returned wait."""
    member, refused = Member(limit), 0
    for now in moments([*pauses, *[0] * (limit.burst + 1)]):
        wait = member.send(now)
        if wait:
            refused += 1
            assert limit.retry_after_ms(member.rested_at_ms, now + wait - 1) == 1
            assert limit.retry_after_ms(member.rested_at_ms, now + wait) == 0
    assert refused


@given(limits)
def test_after_a_pause_a_whole_burst_is_accepted(limit: RateLimit):
    """Exactly the burst; the next message has to wait one interval."""
    member = Member(limit)
    now = 1_000_000
    assert [member.send(now) for _ in range(limit.burst)] == [0] * limit.burst
    assert member.send(now) == limit.interval_ms


@given(limits, st.integers(1, 300))
def test_the_steady_rate_is_never_refused(limit: RateLimit, count: int):
    """For any number of messages."""
    member = Member(limit)
    assert not any(member.send(1_000_000 + number * limit.interval_ms) for number in range(count))


@pytest.mark.parametrize(("per_second", "interval_ms"), [(2.0, 500), (0.5, 2000), (20, 50)])
def test_the_interval_is_the_inverse_of_the_rate(per_second: float, interval_ms: int):
    """Two per second is one in 500 ms."""
    assert RateLimit(per_second=per_second, burst=1).interval_ms == interval_ms
