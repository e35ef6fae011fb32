"""The rate limit of a member: a steady rate and a burst, kept as one number per member.

This is the generic cell rate algorithm (ITU-T I.371, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm).
The number `restedAt` is the time at which the whole burst is available again. Each message moves it one interval
later; a message is refused while it is more than a burst ahead of now.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """A steady rate of `per_second` messages, or `burst` messages together after a pause."""

    per_second: float
    burst: int

    @property
    def interval_ms(self) -> int:
        """How far one message moves `restedAt`."""
        return round(1000 / self.per_second)

    @property
    def tolerance_ms(self) -> int:
        """How far ahead of now `restedAt` may be for another message to be accepted."""
        return self.interval_ms * (self.burst - 1)

    def retry_after_ms(self, rested_at_ms: int, now_ms: int) -> int:
        """Return how long until the next message is accepted, 0 for now."""
        return max(0, rested_at_ms - self.tolerance_ms - now_ms)
