"""The rate limit as what it promises, over any schedule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.chat.rate import RateLimit

limits = st.builds(RateLimit, per_second=st.sampled_from([0.5, 1, 2, 5, 10]), burst=st.integers(1, 20))
pauses = st.lists(st.integers(0, 3000), min_size=1, max_size=200)


class Member:
    """A member's one number, moved as the table moves it."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self.rested_at_ms = 0

    def speak(self, now_ms: int) -> int:
        """How long to wait; 0 when the message was taken."""
        wait = self.limit.retry_after_ms(self.rested_at_ms, now_ms)
        if not wait:
            self.rested_at_ms = max(self.rested_at_ms, now_ms) + self.limit.interval_ms
        return wait


def moments(pauses: list[int]) -> list[int]:
    return [1_000_000 + sum(pauses[: number + 1]) for number in range(len(pauses))]


@given(limits, pauses)
def test_no_schedule_gets_more_than_the_burst_and_the_rate(limit: RateLimit, pauses: list[int]):
    """In any span of time at most burst + rate x span messages are taken, wherever the span starts."""
    member = Member(limit)
    # As many at the last moment as are certainly too many.
    taken = [now for now in moments([*pauses, *[0] * (limit.burst + 1)]) if not member.speak(now)]
    assert len(taken) >= limit.burst
    for first, start in enumerate(taken):
        for count, end in enumerate(taken[first:], start=1):
            assert count <= limit.burst + (end - start) / limit.interval_ms


@given(limits, pauses)
def test_the_wait_is_exact(limit: RateLimit, pauses: list[int]):
    """A refused message is taken after the wait that it was told, and not a millisecond before."""
    member, refused = Member(limit), 0
    for now in moments([*pauses, *[0] * (limit.burst + 1)]):
        wait = member.speak(now)
        if wait:
            refused += 1
            assert limit.retry_after_ms(member.rested_at_ms, now + wait - 1) == 1
            assert limit.retry_after_ms(member.rested_at_ms, now + wait) == 0
    assert refused


@given(limits)
def test_after_a_rest_a_whole_burst_is_taken_at_once(limit: RateLimit):
    """Exactly the burst, then one interval's wait for the next."""
    member = Member(limit)
    now = 1_000_000
    assert [member.speak(now) for _ in range(limit.burst)] == [0] * limit.burst
    assert member.speak(now) == limit.interval_ms


@given(limits, st.integers(1, 300))
def test_the_steady_rate_goes_on_for_ever(limit: RateLimit, count: int):
    """Who keeps to the rate is never refused."""
    member = Member(limit)
    assert not any(member.speak(1_000_000 + number * limit.interval_ms) for number in range(count))


@pytest.mark.parametrize(("per_second", "interval_ms"), [(2.0, 500), (0.5, 2000), (20, 50)])
def test_the_interval_is_the_rate_turned_over(per_second: float, interval_ms: int):
    """Two a second is one in 500 ms."""
    assert RateLimit(per_second=per_second, burst=1).interval_ms == interval_ms
