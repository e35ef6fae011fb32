"""Open loopback ports, and choose those of the site and the emulator."""

import contextlib
import errno
import socket

from local.errors import LocalStageError

LOOPBACK = "127.0.0.1"
DEFAULT_SITE_PORT = 4280
DEFAULT_EMULATOR_PORT = 4566
MAX_PORT = 65_535


def listen(port: int, purpose: str, option: str) -> socket.socket:
    """A listening loopback socket; port 0 takes a free one. Raises LocalStageError, which names the option."""
    # asyncio turns off Nagle's algorithm for sockets of this protocol only. With it, the body of each answer waits
    # 40 ms for the acknowledgement of its headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as failure:
        listener.close()
        if failure.errno == errno.EADDRINUSE:
            raise LocalStageError(
                f"Port {port} for {purpose} is in use: stop the process that listens there, or choose another "
                f"port with {option} N ({option} 0 takes a free one)."
            ) from None
        raise LocalStageError(
            f"Port {port} for {purpose} cannot be opened ({failure.strerror}): choose another with {option} N."
        ) from None
    listener.listen(512)
    return listener


def require_free(port: int, purpose: str, option: str) -> None:
    """Raise LocalStageError if a process listens on a port."""
    listen(port, purpose, option).close()


def free_port() -> int:
    """A loopback port that is free now."""
    with listen(0, "a probe", "") as probe:
        return int(probe.getsockname()[1])


def open_site_port(requested: int | None, saved: int | None) -> socket.socket:
    """Listen for the site: on the requested port, else on that of the saved stage, else on the default.

    A request for 0 prefers the saved port and takes a free one if that is in use.
    """
    if requested == 0:
        with contextlib.suppress(LocalStageError):
            return listen(saved or 0, "the site", "--port")
        return listen(0, "the site", "--port")
    return listen(requested or saved or DEFAULT_SITE_PORT, "the site", "--port")


def choose_emulator_port(requested: int | None, saved: int | None) -> int:
    """The saved stage's port, else the requested one (0: a free one), else the default.

    A saved stage keeps its port, because the URLs of its queues contain it.
    """
    if saved is not None:
        if requested not in (None, 0, saved):
            raise LocalStageError(
                f"The saved stage was deployed with the emulator on port {saved}: omit --emulator-port, or delete "
                f"the saved data with --fresh --emulator-port {requested}."
            )
        purpose = "the emulator of the saved stage (whose data --fresh deletes)"
        require_free(saved, purpose, "--fresh --emulator-port")
        return saved
    if requested == 0:
        return free_port()
    port = requested or DEFAULT_EMULATOR_PORT
    require_free(port, "the emulator", "--emulator-port")
    return port
