"""One open socket of a WebSocket API, and the clock that ends it."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any

MAX_WAITING_FRAMES = 2_000


class ConnectionClock:
    """The clock that ends connections; tests may move it forward. For use in one event loop."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """The time in seconds, since an arbitrary moment."""
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward, for every connection."""
        self._ahead += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, moment: float) -> None:
        """Sleep until a time of this clock; ends early when the clock is moved."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), max(0.0, moment - self.now()))


@dataclass
class Connection:
    """One open socket: what `@connections` returns about it, and its outgoing frames."""

    connection_id: str
    api_id: str
    stage: str
    account_id: str
    region: str
    source_ip: str
    headers: dict[str, str]
    clock: ConnectionClock
    connected_at: float = field(default_factory=time.time)
    last_active: float = field(default_factory=time.time)
    last_traffic: float = field(init=False)
    """By the connection clock; `connected_at` and `last_active` are epoch seconds."""
    outbox: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING_FRAMES))
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    close_code: int = 1000
    close_reason: str = ""
    authorizer: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.last_traffic = self.clock.now()

    def touch(self) -> None:
        """Record traffic, in either direction: the ten idle minutes begin again."""
        self.last_active = time.time()
        self.last_traffic = self.clock.now()

    def close(self, code: int, reason: str) -> None:
        """Ask the session to close the connection; the first code and reason are used."""
        if not self.closing.is_set():
            self.close_code, self.close_reason = code, reason
            self.closing.set()
