"""uvicorn without its signal handlers, so that a command can stop what belongs to it in order."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

import uvicorn
from starlette.types import ASGIApp

from ops import signals
from ops.errors import ExitCode

GRACEFUL_SECONDS = 2
"""How long open requests and streams may go on after the server is asked to stop."""


class Server(uvicorn.Server):
    """A server for one ASGI application. Set `should_exit` to stop it."""

    def __init__(self, application: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="off",
                server_header=False,
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=GRACEFUL_SECONDS,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handlers."""
        yield


def stop_request() -> asyncio.Event:
    """An event of the running loop that Ctrl-C, SIGTERM or SIGHUP sets."""
    requested = asyncio.Event()
    for number in signals.STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, requested.set)
    return requested


async def serve_until_stopped(
    application: ASGIApp, listener: socket.socket, *, end_streams: Callable[[], None]
) -> None:
    """Serve on a listening socket until a signal. `end_streams` lets the open streams end then."""
    requested, server = stop_request(), Server(application)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(requested.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    end_streams()
    stopping.cancel()
    await serving


def end_process() -> NoReturn:
    """End the process without waiting for the threads of requests: one that reads the archive takes minutes.

    What such a thread leaves, for example a replay on AWS, ends by itself.
    """
    sys.stdout.flush()
    os._exit(ExitCode.DONE)
