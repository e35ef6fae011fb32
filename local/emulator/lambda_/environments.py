"""Execution environments of Python functions: processes that answer one invocation at a time."""

import contextlib
import json
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.emulator.lambda_.function_processes import (
    FORKS,
    INIT_SECONDS,
    FunctionProcess,
    FunctionProcesses,
    Start,
)
from local.emulator.lambda_.unpacked_archives import UnpackedArchives

logger = logging.getLogger("parley.functions")


@dataclass(frozen=True)
class FunctionSpec:
    """The inputs of an execution environment; `key` changes with any of them."""

    arn: str
    name: str
    version: str
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


class Environment:
    """One execution environment: a process that answers one invocation at a time."""

    def __init__(self, connection: socket.socket, *, version: str) -> None:
        self._connection = connection
        self._stream = connection.makefile("rwb")
        connection.settimeout(INIT_SECONDS)
        self.process_id = int(json.loads(self._stream.readline())["processId"])
        self.last_used = time.monotonic()
        day = time.strftime("%Y/%m/%d", time.gmtime())
        self.log_stream = f"{day}/[{version}]{uuid.uuid4().hex}"
        self.broken = False

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

    def __init__(self, spec: FunctionSpec, archives: UnpackedArchives, processes: FunctionProcesses) -> None:
        self._spec = spec
        self._archives = archives
        self._processes = processes
        self._lock = threading.Lock()
        self._started: list[FunctionProcess] = []

    def open(self) -> Environment:
        """Start an environment, ready for its first call. Raises FunctionInitError when the import fails."""
        with self._lock:
            for ended in [process for process in self._started if not process.is_running()]:
                ended.stop()
                self._started.remove(ended)
            if not (FORKS and self._started):
                self._started.append(self._start())
            return Environment(self._started[-1].open_environment(), version=self._spec.version)

    def stop(self) -> None:
        """End the processes that imported the function."""
        with self._lock:
            for process in self._started:
                process.stop()
            self._started.clear()

    def _start(self) -> FunctionProcess:
        layers = [self._archives.path_of(layer) for layer in self._spec.layers]
        layer_paths = [str(path / "python") for path in layers if (path / "python").is_dir()]
        for path in layers:
            layer_paths += [str(packages) for packages in path.glob("python/lib/python3*/site-packages")]
        start = Start(
            code=self._archives.path_of(self._spec.code),
            layer_paths=tuple(layer_paths),
            handler=self._spec.handler,
            environment=self._spec.environment,
        )
        process = self._processes.start(start)
        logger.info("Function %s is ready (process %d)", self._spec.name, process.process_id)
        return process
