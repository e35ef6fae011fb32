"""Rate limits: of a member in a channel, and of a user. A steady rate and a burst, kept as one number.

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


@dataclass(frozen=True, kw_only=True)
class UserLimit(RateLimit):
    """A limit of a user, in all channels and on all connections together. `name` is a key in the table `rates`."""

    name: str


FRAMES_COUNTED_TOGETHER = 16
"""A process counts a user's frames in memory and writes every sixteenth: a write per frame would cost too much."""

FRAME_BURST_SECONDS = 16
"""A burst of a user has as many frames as the rate allows in this time."""


def frames_of_user(per_second: float) -> UserLimit:
    """Return the limit of a user's frames, of which one use counts `FRAMES_COUNTED_TOGETHER`."""
    uses = per_second / FRAMES_COUNTED_TOGETHER
    return UserLimit(name="frames", per_second=uses, burst=max(1, round(uses * FRAME_BURST_SECONDS)))


REFUSED_FRAMES = UserLimit(name="refusedFrames", per_second=1, burst=30)
"""Frames that are answered with an error. Beyond the limit, the socket is closed. A browser gets few of them: it
waits for the time in the error."""


def reactions_to(message_id: str) -> UserLimit:
    """Return the limit of one user's changes of their reactions to one message.

    Each emoji that was ever added is a row that every reader of the message reads.
    """
    return UserLimit(name=f"reactions#{message_id}", per_second=1 / 3600, burst=60)


TICKETS = UserLimit(name="tickets", per_second=1, burst=60)
NEW_CHANNELS = UserLimit(name="newChannels", per_second=0.1, burst=30)
"""Channels and direct channels."""
MEMBERSHIP_CHANGES = UserLimit(name="membershipChanges", per_second=1, burst=100)
"""Joining, adding, leaving and removing: each is a transaction and an event."""
RENAMES = UserLimit(name="renames", per_second=0.1, burst=10)

COOL_DOWN_MS = 30_000
"""How long a user whose socket was closed gets no ticket, and each further refused frame closes its socket."""
