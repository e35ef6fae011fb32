"""The program that runs a Python function's handler; `environments` starts it by its path.

It uses the standard library only. It imports the handler once, as Lambda's init phase does, and then turns each
socket that it receives into one execution environment: on Linux it forks (a second environment takes milliseconds,
without another import of boto3); on other systems it serves that one socket itself. An environment answers each
invocation with one JSON line, which includes what the handler printed, so that the emulator need not wait for log
lines.
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
from typing import Any, NoReturn, TextIO


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
    """Turn each received socket into an execution environment, until the other end of `control` closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system removes ended environments
    while True:
        select.select([control], [], [])
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message or not descriptors:
            os._exit(0)
        if fork and os.fork():
            os.close(descriptors[0])
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            serve(socket.socket(fileno=descriptors[0]), handler, output, formatter)
        os._exit(0)


def main() -> NoReturn:
    """Import the handler, report success or the error on the control socket, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor handles Ctrl-C
    start = json.loads(sys.argv[1])
    control = socket.socket(fileno=start["controlDescriptor"])
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
        module_name, _, function_name = start["handler"].replace("/", ".").rpartition(".")
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


if __name__ == "__main__":
    main()
