"""Run Python functions in a limited number of warm execution environments per function; further calls queue.

AWS starts an environment for every concurrent call. MiniStack does so too, without a limit; on a laptop these are
hundreds of processes that import boto3 at the same time. In this addition, a call first waits a moment for a busy
environment, one more is started at a time, and above the limit calls queue. Its classes do not depend on
MiniStack: `function_invocations` calls them.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection

from local.emulator.lambda_.environments import (
    Environment,
    EnvironmentSource,
    FunctionSpec,
    Invocation,
    InvocationResult,
)
from local.emulator.lambda_.function_processes import INIT_SECONDS, FunctionInitError, FunctionProcesses
from local.emulator.lambda_.unpacked_archives import UnpackedArchives

logger = logging.getLogger("parley.functions")

# How long a call may queue, unless the timeout of its function is longer.
MIN_QUEUE_SECONDS = 30.0
MAX_IDLE_SECONDS = 120.0


class FunctionBusyError(Exception):
    """No environment of a function became free in the time that a call may wait."""


class FunctionPool:
    """The environments of one function: idle ones are reused, one is started at a time, other calls queue."""

    def __init__(
        self,
        spec: FunctionSpec,
        archives: UnpackedArchives,
        processes: FunctionProcesses,
        *,
        limit: int,
        patience_seconds: float,
    ) -> None:
        self.spec = spec
        self._source = EnvironmentSource(spec, archives, processes)
        self._limit = limit
        self._patience = patience_seconds
        self._changed = threading.Condition()
        self._idle: list[Environment] = []
        self._busy: set[Environment] = set()
        self._starting = 0
        self._failures: list[FunctionInitError] = []
        self._closed = False

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one call in the next free environment. Raises FunctionInitError and FunctionBusyError."""
        environment = self._acquire(time.monotonic() + max(MIN_QUEUE_SECONDS, invocation.timeout_seconds))
        try:
            return environment.invoke(invocation)
        finally:
            self._release(environment)

    def warm(self) -> None:
        """Start an environment unless there is one."""
        environment = self._acquire(time.monotonic() + INIT_SECONDS)
        self._release(environment)

    def stop(self) -> None:
        """End every environment; running calls fail."""
        with self._changed:
            self._closed = True
            environments = [*self._idle, *self._busy]
            self._idle.clear()
            self._changed.notify_all()
        for environment in environments:
            environment.stop()
        self._source.stop()

    def stop_idle(self) -> None:
        """End the environments that have been idle for MAX_IDLE_SECONDS, but keep one."""
        with self._changed:
            oldest_first = sorted(self._idle, key=lambda environment: environment.last_used)
            spare = oldest_first[: max(0, len(self._idle) + len(self._busy) - 1)]
            expired = [
                environment for environment in spare if time.monotonic() - environment.last_used > MAX_IDLE_SECONDS
            ]
            self._idle = [environment for environment in self._idle if environment not in expired]
        for environment in expired:
            environment.stop()

    def _acquire(self, deadline: float) -> Environment:
        waiting_since = time.monotonic()
        with self._changed:
            while True:
                if self._closed:
                    raise FunctionBusyError(f"{self.spec.name} was replaced or deleted")
                if self._idle:
                    environment = self._idle.pop()
                    self._busy.add(environment)
                    return environment
                if self._failures:
                    raise self._failures.pop()
                now = time.monotonic()
                if now >= deadline:
                    raise FunctionBusyError(
                        f"{self.spec.name} has {self._limit} environments, and none became free in time"
                    )
                started = len(self._busy) + self._starting
                has_waited = now - waiting_since >= self._patience
                if not self._starting and (started == 0 or (has_waited and started < self._limit)):
                    self._starting += 1
                    threading.Thread(
                        target=self._start_environment, daemon=True, name=f"start-{self.spec.name}"
                    ).start()
                can_start = not self._starting and started < self._limit
                self._changed.wait(self._patience if can_start else min(1.0, deadline - now))

    def _start_environment(self) -> None:
        environment = None
        failure: FunctionInitError | None = None
        try:
            environment = self._source.open()
        except FunctionInitError as error:
            failure = error
        except Exception as error:
            logger.exception("Starting %s failed", self.spec.name)
            failure = FunctionInitError({"errorType": "Runtime.ExitError", "errorMessage": str(error)}, "")
        with self._changed:
            self._starting -= 1
            if environment is not None:
                self._idle.append(environment)
            if failure is not None:
                self._failures = [failure]
            self._changed.notify_all()

    def _release(self, environment: Environment) -> None:
        with self._changed:
            self._busy.discard(environment)
            if not environment.broken and not self._closed:
                self._idle.append(environment)
            self._changed.notify()


class FunctionPools:
    """The pools of all functions: each is created at its first call and replaced when its function changes."""

    def __init__(self, archives: UnpackedArchives, *, limit: int, patience_seconds: float) -> None:
        self._archives = archives
        self._processes = FunctionProcesses()
        self._limit = limit
        self._patience = patience_seconds
        self._lock = threading.Lock()
        self._pools: dict[str, FunctionPool] = {}
        threading.Thread(target=self._stop_idle, daemon=True, name="idle-functions").start()

    def pool(self, arn: str, key: str, make_spec: Callable[[], FunctionSpec]) -> FunctionPool:
        """The pool of a function as it is deployed now."""
        with self._lock:
            pool = self._pools.get(arn)
            if pool is not None and pool.spec.key == key:
                return pool
            replaced = pool
            pool = FunctionPool(
                make_spec(),
                self._archives,
                self._processes,
                limit=self._limit,
                patience_seconds=self._patience,
            )
            self._pools[arn] = pool
        if replaced is not None:
            threading.Thread(target=replaced.stop, daemon=True, name="stop-replaced-function").start()
        return pool

    def keep_only(self, arns: Collection[str]) -> None:
        """Stop the pools of all other functions."""
        with self._lock:
            stopped = [self._pools.pop(arn) for arn in list(self._pools) if arn not in arns]
        for pool in stopped:
            pool.stop()

    def stop(self) -> None:
        """End every environment of every function."""
        self.keep_only(())
        self._processes.stop()

    def _stop_idle(self) -> None:
        while True:
            time.sleep(MAX_IDLE_SECONDS / 4)
            with self._lock:
                pools = list(self._pools.values())
            for pool in pools:
                pool.stop_idle()
