"""How often a member may speak: a steady rate with a burst on top, kept as one number per member.

This is the generic cell rate algorithm (ITU-T I.371): the number is the time at which the member would be
fully rested. Each message pushes it one interval further; more than a burst's worth ahead of now is too much.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """`per_second` messages for ever, or `burst` at once after a rest."""

    per_second: float
    burst: int

    @property
    def interval_ms(self) -> int:
        """What one message costs."""
        return round(1000 / self.per_second)

    @property
    def tolerance_ms(self) -> int:
        """How far ahead of now the member's rest may lie for one more message to be taken."""
        return self.interval_ms * (self.burst - 1)

    def retry_after_ms(self, rested_at_ms: int, now_ms: int) -> int:
        """How long until the next message is taken; 0 if it is taken now."""
        return max(0, rested_at_ms - self.tolerance_ms - now_ms)
