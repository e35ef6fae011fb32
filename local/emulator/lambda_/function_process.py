"""The program that runs a Python function's handler; `function_processes` starts it by its path.

It uses the standard library only. It imports the handler once, as Lambda's init phase does, and then turns each
socket that it receives into one execution environment: on Linux it forks (a second environment takes milliseconds,
without another import); on other systems it serves that one socket itself. An environment answers each
invocation with one JSON line, which includes what the handler printed, so that the emulator need not wait for log
lines.

On Linux, the process of a function is itself a fork: of one that has imported what most functions import, which
takes most of the time in which a function starts.
"""

import contextlib
import gc
import importlib
import io
import json
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn, TextIO

PRELOADED = ("boto3", "pydantic")
"""What most functions import; `function_processes` knows the environment variables that they read then."""


class CapturedOutput(io.TextIOBase):
    """Replaces standard output and error, and keeps what is written until `take`."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._parts.append(text)
        return len(text)

    def take(self) -> str:
        """Return everything written since the last call."""
        parts, self._parts = self._parts, []
        return "".join(parts)


class RequestIdFormatter(logging.Formatter):
    """Lambda's text format of a log record: level, time, request id and message, between tabs."""

    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = f"[{record.levelname}]\t{stamp}.{int(record.msecs):03d}Z\t{self.request_id}\t{record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class Context:
    """The context object that Lambda passes to a handler."""

    identity = None
    client_context = None

    def __init__(self, invocation: dict[str, Any]) -> None:
        environment = os.environ
        self._deadline = time.time() + invocation["timeoutSeconds"]
        self.aws_request_id = invocation["requestId"]
        self.invoked_function_arn = invocation["functionArn"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function times out."""
        return max(0, int((self._deadline - time.time()) * 1000))


def describe(error: BaseException, *, error_type: str | None = None) -> dict[str, Any]:
    """An error in Lambda's form: its type, its message and its stack."""
    return {
        "errorMessage": str(error),
        "errorType": error_type or type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def serve(connection: socket.socket, handler: Any, output: CapturedOutput, formatter: RequestIdFormatter) -> None:
    """Be one execution environment: answer invocations on a socket until its other end closes."""
    stream = connection.makefile("rwb")
    stream.write(json.dumps({"processId": os.getpid()}).encode() + b"\n")
    stream.flush()
    for line in stream:
        invocation = json.loads(line)
        os.environ["_X_AMZN_TRACE_ID"] = invocation["traceHeader"]
        os.environ["AWS_LAMBDA_LOG_STREAM_NAME"] = invocation["logStream"]
        formatter.request_id = invocation["requestId"]
        answer: dict[str, Any]
        try:
            result = handler(invocation["event"], Context(invocation))
        except Exception as error:
            traceback.print_exc(file=output)
            answer = {"error": describe(error)}
        else:
            answer = {"result": result}
        answer["log"] = output.take()
        answer["memoryMegabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        try:
            encoded = json.dumps(answer)
        except (TypeError, ValueError) as error:
            answer = {"error": describe(error, error_type="Runtime.MarshalError"), "log": answer["log"]}
            encoded = json.dumps(answer)
        stream.write(encoded.encode() + b"\n")
        stream.flush()


def wait_for_sockets(
    control: socket.socket, handler: Any, output: CapturedOutput, formatter: RequestIdFormatter, *, fork: bool
) -> NoReturn:
    """Turn each received socket into an execution environment, until the other end of `control` closes.

    Without `fork`, this process is the environment of the first one.
    """
    if fork:
        connection = next_fork(control)
    else:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not descriptors:
            os._exit(0)
        control.close()
        connection = socket.socket(fileno=descriptors[0])
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        serve(connection, handler, output, formatter)
    os._exit(0)


def import_for_forks(control: socket.socket, layer_paths: list[str]) -> socket.socket:
    """Import what functions have in common, and return in a fork for each received socket, with that socket.

    Reports the names of all modules that the forks have before the code of a function is known.
    """
    sys.path[:0] = layer_paths
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del sys.path[: len(layer_paths)]
    gc.collect()
    gc.freeze()
    modules = sorted({name.partition(".")[0] for name in sys.modules})
    control.sendall(json.dumps({"modules": modules}).encode() + b"\n")
    return next_fork(control)


def next_fork(control: socket.socket) -> socket.socket:
    """Return in a fork for each socket that `control` receives, with that socket; ends when `control` closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system removes ended forks
    while True:
        select.select([control], [], [])
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message or not descriptors:
            os._exit(0)
        if os.fork():
            os.close(descriptors[0])
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        return socket.socket(fileno=descriptors[0])


def name_process(name: str) -> None:
    """Let `top` and `ps -e` show a name, of which Linux keeps 15 characters; other systems keep the program's."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name, encoding="utf-8")


def run_function(control: socket.socket) -> NoReturn:
    """Read a function's start from `control`, import its handler, report success or the error, and serve."""
    with control.makefile("rb") as lines:
        start = json.loads(lines.readline())
    os.environ.clear()
    os.environ.update(start["environment"])
    time.tzset()
    os.chdir(start["codeDirectory"])
    module_name, _, function_name = start["handler"].replace("/", ".").rpartition(".")
    name_process(module_name.rpartition(".")[2])
    control.sendall(json.dumps({"processId": os.getpid()}).encode() + b"\n")
    real_output: TextIO = sys.stdout
    output = CapturedOutput()
    sys.stdout = sys.stderr = output
    formatter = RequestIdFormatter()
    root_handler = logging.StreamHandler(output)
    root_handler.setFormatter(formatter)
    logging.getLogger().addHandler(root_handler)
    # As on Lambda: the code first, then the layers, then the packages of the runtime.
    sys.path[:0] = [start["codeDirectory"], *start["layerPaths"]]
    try:
        handler = getattr(importlib.import_module(module_name), function_name)
    except BaseException as error:
        traceback.print_exc(file=output)
        report = {"error": describe(error, error_type="Runtime.ImportModuleError"), "log": output.take()}
        control.sendall(json.dumps(report).encode() + b"\n")
        real_output.flush()
        os._exit(1)
    gc.collect()
    gc.freeze()  # so that forked environments share the memory of the imported modules
    control.sendall(b'{"ready": true}\n')
    wait_for_sockets(control, handler, output, formatter, fork=start["fork"])


def main() -> NoReturn:
    """Run one function, or, if the paths of layers are given, a process whose forks run one function each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor handles Ctrl-C
    control = socket.socket(fileno=int(sys.argv[1]))
    if len(sys.argv) > 2:
        control = import_for_forks(control, json.loads(sys.argv[2]))
    run_function(control)


if __name__ == "__main__":
    main()
