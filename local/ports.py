"""Find and check loopback ports."""

import errno
import socket

from local.errors import LocalStageError

LOOPBACK = "127.0.0.1"


def listen(port: int, purpose: str, option: str) -> socket.socket:
    """A listening loopback socket; port 0 takes a free one. A taken port is named with the way out."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
    except OSError as failure:
        bound.close()
        if failure.errno == errno.EADDRINUSE:
            raise LocalStageError(
                f"Port {port} for {purpose} is in use: stop what listens there, or choose another with {option} N "
                f"({option} 0 takes a free one)."
            ) from None
        raise LocalStageError(f"Port {port} for {purpose} cannot be opened: {failure.strerror}.") from None
    bound.listen(512)
    return bound


def require_free(port: int, purpose: str, option: str) -> None:
    """Raise when something else listens on a port."""
    listen(port, purpose, option).close()


def free_port() -> int:
    """A loopback port that is free now."""
    probe = listen(0, "a probe", "")
    try:
        return int(probe.getsockname()[1])
    finally:
        probe.close()
