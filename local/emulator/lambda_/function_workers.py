"""Run Python functions in a limited number of warm execution environments per function; further calls queue.

AWS starts an environment for every concurrent call. MiniStack does so too, without a limit; on a laptop these are
hundreds of processes that import boto3 at the same time. In this addition, a call first waits a moment for a busy
environment, one more is started at a time, and above the limit calls queue. Its classes do not depend on
MiniStack: `function_invocations` calls them.
"""

import contextlib
import hashlib
import io
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

logger = logging.getLogger("parley.functions")

PROGRAM = Path(__file__).with_name("function_process.py")
# A fork can crash a process that uses Apple's frameworks, so elsewhere each environment is a new process.
FORKS = sys.platform == "linux"
INIT_SECONDS = 60.0
# How long a call may queue, unless the timeout of its function is longer.
MIN_QUEUE_SECONDS = 30.0
UNPACKED_SECONDS = 7 * 24 * 3600
MAX_IDLE_SECONDS = 120.0


class FunctionInitError(Exception):
    """The import of a function's module failed: an error of Lambda's init phase."""

    def __init__(self, error: dict[str, Any], log: str) -> None:
        super().__init__(error.get("errorMessage", ""))
        self.error = error
        self.log = log


class FunctionBusyError(Exception):
    """No environment of a function became free in the time that a call may wait."""


@dataclass(frozen=True)
class FunctionSpec:
    """The inputs of an execution environment; `key` changes with any of them."""

    arn: str
    name: str
    handler: str
    key: str
    code: bytes = field(repr=False)
    layers: tuple[bytes, ...] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)


@dataclass
class Invocation:
    """One call of a handler, and its timeout."""

    event: Any
    request_id: str
    function_arn: str
    trace_header: str
    timeout_seconds: float


@dataclass
class InvocationResult:
    """The result of a call, or an error in Lambda's form, with what the handler printed."""

    log: str
    log_stream: str
    memory_megabytes: int
    result: Any = None
    error: dict[str, Any] | None = None


class UnpackedArchives:
    """Zip archives unpacked once per content, so that workers and restarts share the files and their bytecode."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        # The archive is kept with its path, so that no other object gets its id.
        self._unpacked: dict[int, tuple[bytes, Path]] = {}
        directory.mkdir(parents=True, exist_ok=True)
        for entry in directory.iterdir():
            if time.time() - entry.stat().st_mtime > UNPACKED_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)

    def path_of(self, archive: bytes) -> Path:
        """The directory with the files of an archive, which are unpacked at the first call."""
        with self._lock:
            entry = self._unpacked.get(id(archive))
            if entry is not None and entry[1].exists():
                return entry[1]
            target = self._directory / hashlib.sha256(archive).hexdigest()[:32]
            if not target.exists():
                self._unpack(archive, target)
            os.utime(target)
            self._unpacked[id(archive)] = (archive, target)
            return target

    def _unpack(self, archive: bytes, target: Path) -> None:
        unfinished = Path(tempfile.mkdtemp(dir=self._directory, prefix="unpacking-"))
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            files.extractall(unfinished)
        unfinished.rename(target)


class Environment:
    """One execution environment: a process that answers one invocation at a time."""

    def __init__(self, connection: socket.socket, name: str) -> None:
        self._connection = connection
        self._stream = connection.makefile("rwb")
        connection.settimeout(INIT_SECONDS)
        self.process_id = int(json.loads(self._stream.readline())["processId"])
        self.last_used = time.monotonic()
        day = time.strftime("%Y/%m/%d", time.gmtime())
        self.log_stream = f"{day}/[$LATEST]{uuid.uuid4().hex}"
        self.broken = False
        self._name = name

    def invoke(self, invocation: Invocation) -> InvocationResult:
        """Run one call; the environment is broken afterwards if the call timed out or its process ended."""
        self.last_used = time.monotonic()
        message = {
            "event": invocation.event,
            "requestId": invocation.request_id,
            "functionArn": invocation.function_arn,
            "traceHeader": invocation.trace_header,
            "timeoutSeconds": invocation.timeout_seconds,
            "logStream": self.log_stream,
        }
        self._connection.settimeout(invocation.timeout_seconds)
        try:
            self._stream.write(json.dumps(message).encode() + b"\n")
            self._stream.flush()
            line = self._stream.readline()
        except TimeoutError:
            return self._failed(
                "Sandbox.Timedout",
                f"RequestId: {invocation.request_id} Error: Task timed out after "
                f"{invocation.timeout_seconds:.2f} seconds",
            )
        except OSError as failure:
            return self._failed("Runtime.ExitError", str(failure))
        if not line:
            return self._failed("Runtime.ExitError", f"RequestId: {invocation.request_id} Error: Runtime exited")
        answer = json.loads(line)
        return InvocationResult(
            log=answer["log"],
            log_stream=self.log_stream,
            memory_megabytes=answer.get("memoryMegabytes", 0),
            result=answer.get("result"),
            error=answer.get("error"),
        )

    def _failed(self, error_type: str, message: str) -> InvocationResult:
        self.broken = True
        self.stop()
        error = {"errorType": error_type, "errorMessage": message}
        return InvocationResult(log=message, log_stream=self.log_stream, memory_megabytes=0, error=error)

    def stop(self) -> None:
        """End the process; idempotent."""
        with contextlib.suppress(OSError):
            os.kill(self.process_id, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._stream.close()
        self._connection.close()


class EnvironmentSource:
    """Starts environments of one function: forks of one process that imported it, or a new process each."""

    def __init__(self, spec: FunctionSpec, archives: UnpackedArchives) -> None:
        self._spec = spec
        self._archives = archives
        self._lock = threading.Lock()
        self._processes: list[tuple[subprocess.Popen[bytes], socket.socket]] = []

    def open(self) -> Environment:
        """Start an environment, ready for its first call. Raises FunctionInitError when the import fails."""
        with self._lock:
            if FORKS and self._processes and self._processes[0][0].poll() is None:
                control = self._processes[0][1]
            else:
                control = self._start()
            ours, theirs = socket.socketpair()
            socket.send_fds(control, [b"e"], [theirs.fileno()])
            theirs.close()
            return Environment(ours, self._spec.name)

    def stop(self) -> None:
        """Close the control sockets, which ends the processes that imported the function."""
        with self._lock:
            for process, control in self._processes:
                control.close()
                process.kill()
                process.wait()
            self._processes.clear()

    def _start(self) -> socket.socket:
        code = self._archives.path_of(self._spec.code)
        layers = [self._archives.path_of(layer) for layer in self._spec.layers]
        layer_paths = [str(path / "python") for path in layers if (path / "python").is_dir()]
        for path in layers:
            layer_paths += [str(packages) for packages in path.glob("python/lib/python3*/site-packages")]
        ours, theirs = socket.socketpair()
        start = {
            "controlDescriptor": theirs.fileno(),
            "codeDirectory": str(code),
            "layerPaths": layer_paths,
            "handler": self._spec.handler,
            "fork": FORKS,
        }
        process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), json.dumps(start)],
            cwd=code,
            env={**self._spec.environment, "LAMBDA_TASK_ROOT": str(code)},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        ours.settimeout(INIT_SECONDS)
        line = ours.makefile("rb").readline()
        report: dict[str, Any] = (
            json.loads(line) if line else {"error": {"errorType": "Runtime.ExitError", "errorMessage": ""}}
        )
        if "error" in report:
            ours.close()
            process.wait()
            raise FunctionInitError(report["error"], str(report.get("log", "")))
        self._processes = [entry for entry in self._processes if entry[0].poll() is None]
        self._processes.append((process, ours))
        logger.info("Function %s is ready (process %d)", self._spec.name, process.pid)
        return ours


class FunctionPool:
    """The environments of one function: idle ones are reused, one is started at a time, other calls queue."""

    def __init__(
        self, spec: FunctionSpec, archives: UnpackedArchives, *, limit: int, patience_seconds: float
    ) -> None:
        self.spec = spec
        self._source = EnvironmentSource(spec, archives)
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
        environment = self._take(time.monotonic() + max(MIN_QUEUE_SECONDS, invocation.timeout_seconds))
        try:
            return environment.invoke(invocation)
        finally:
            self._give_back(environment)

    def warm(self) -> None:
        """Start an environment unless there is one."""
        environment = self._take(time.monotonic() + INIT_SECONDS)
        self._give_back(environment)

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

    def _take(self, deadline: float) -> Environment:
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
                    threading.Thread(target=self._start_one, daemon=True, name=f"start-{self.spec.name}").start()
                can_start = not self._starting and started < self._limit
                self._changed.wait(self._patience if can_start else min(1.0, deadline - now))

    def _start_one(self) -> None:
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

    def _give_back(self, environment: Environment) -> None:
        with self._changed:
            self._busy.discard(environment)
            if not environment.broken and not self._closed:
                self._idle.append(environment)
            self._changed.notify()


class FunctionPools:
    """The pools of all functions: each is created at its first call and replaced when its function changes."""

    def __init__(self, archives: UnpackedArchives, *, limit: int, patience_seconds: float) -> None:
        self._archives = archives
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
            pool = FunctionPool(make_spec(), self._archives, limit=self._limit, patience_seconds=self._patience)
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

    def _stop_idle(self) -> None:
        while True:
            time.sleep(MAX_IDLE_SECONDS / 4)
            with self._lock:
                pools = list(self._pools.values())
            for pool in pools:
                pool.stop_idle()
