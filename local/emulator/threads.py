"""Daemon threads that are used again: a new one for each call would delay the caller until it runs.

MiniStack starts a thread for each invocation, each execution, each task and each item of a Map. There are as many
of these threads as calls that run at once, without a limit, because a call may wait for another one.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_all
from queue import SimpleQueue
from typing import Any, Self

MAX_IDLE_THREADS = 32

Call = tuple["Future[Any]", contextvars.Context, Callable[..., Any], tuple[Any, ...]]


class ReusedThreads:
    """The threads, of which at most MAX_IDLE_THREADS stay when they have nothing to do.

    A call is given to the thread that became idle last, because its stack and its memory are still in the
    processor's caches.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Call]] = []
        """The queues from which idle threads take their next call."""

    def submit(self, target: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call a function in a thread, with the context variables of the caller."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        call = (future, contextvars.copy_context(), target, arguments)
        with self._lock:
            calls = self._idle.pop() if self._idle else None
        if calls is None:
            calls = SimpleQueue()
            threading.Thread(target=self._run, args=(calls,), daemon=True, name=self._name).start()
        calls.put(call)
        return future

    async def call(self, target: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a function that is called in a thread. The call goes on when the caller is cancelled."""
        return await asyncio.shield(asyncio.wrap_future(self.submit(target, *arguments)))

    def _run(self, calls: "SimpleQueue[Call]") -> None:
        while True:
            future, context, target, arguments = calls.get()
            try:
                future.set_result(context.run(target, *arguments))
            except BaseException as error:
                future.set_exception(error)
            # The references would keep the data of the last call alive.
            del future, context, target, arguments
            with self._lock:
                if len(self._idle) >= MAX_IDLE_THREADS:
                    return
                self._idle.append(calls)


threads = ReusedThreads("emulator")


class LimitedCall(Future[Any]):
    """A call of `LimitedThreads`."""

    def __init__(self, pool: "LimitedThreads", target: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        super().__init__()
        self.pool = pool
        self._target = target
        self._arguments = arguments
        self.set_running_or_notify_cancel()

    def run(self) -> None:
        """Make the call."""
        try:
            self.set_result(self._target(*self._arguments))
        except BaseException as error:
            self.set_exception(error)


class LimitedThreads:
    """Has the methods of ThreadPoolExecutor that MiniStack's Map states use, and runs calls in `threads`.

    If there is one call only, the thread that waits for it runs it: handing it over would take longer.
    """

    def __init__(self, max_workers: int) -> None:
        self._free = max_workers
        self._lock = threading.Lock()
        self._waiting: deque[LimitedCall] = deque()
        self._only: LimitedCall | None = None
        self._has_more = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Return at once: MiniStack has waited for all calls."""
        self.run_only_call()

    def submit(self, target: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call a function in a thread, when fewer than `max_workers` of these calls run."""
        call = LimitedCall(self, target, arguments)
        with self._lock:
            if self._only is None and not self._has_more:
                self._only = call
                return call
            self._has_more = True
            first, self._only = self._only, None
        for ready in (first, call):
            if ready is not None:
                self._start(ready)
        return call

    def run_only_call(self) -> None:
        """Run the call that was submitted, in this thread, if there is only one."""
        with self._lock:
            call, self._only = self._only, None
            self._has_more = True
        if call is not None:
            call.run()

    def _start(self, call: LimitedCall) -> None:
        with self._lock:
            self._waiting.append(call)
            is_free = self._free > 0
            if is_free:
                self._free -= 1
        if is_free:
            threads.submit(self._run)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                call = self._waiting.popleft()
            call.run()


def wait_for_calls(calls: "Iterable[Future[Any]]") -> None:
    """Wait until all calls have ended."""
    waited = list(calls)
    for call in waited:
        if isinstance(call, LimitedCall):
            call.pool.run_only_call()
    wait_for_all(waited)
