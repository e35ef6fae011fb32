"""The server's clock. Times in events and tables come from here, never from clients."""

import time


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
