"""Start the processes that import a function: forks of one that has imported what functions have in common."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("function_process.py")
# A fork can crash a process that uses Apple's frameworks, so elsewhere each process is a new one.
FORKS = sys.platform == "linux"
INIT_SECONDS = 60.0
READ_AT_IMPORT = frozenset({"AWS_NEW_RETRIES_2026", "BOTO_DISABLE_CRT"})
"""The variables that the import of boto3 reads."""
ENDED = b'{"error": {"errorType": "Runtime.ExitError", "errorMessage": "Error: Runtime exited"}, "log": ""}'
"""The report of a process that ended during its import."""
MAX_PRELOADED = 4
"""Each set of layers needs one; those of earlier deployments are no longer used."""


class FunctionInitError(Exception):
    """The import of a function's module failed: an error of Lambda's init phase."""

    def __init__(self, error: dict[str, Any], log: str) -> None:
        super().__init__(error.get("errorMessage", ""))
        self.error = error
        self.log = log


@dataclass(frozen=True)
class Start:
    """What a function's process needs to import it."""

    code: Path
    layer_paths: tuple[str, ...]
    handler: str
    environment: Mapping[str, str]


class FunctionProcess:
    """A process that has imported a function."""

    def __init__(self, control: socket.socket, process: subprocess.Popen[bytes] | None, start: Start) -> None:
        """Wait for the import. Raises FunctionInitError, and TimeoutError after INIT_SECONDS."""
        self._control = control
        self._process = process
        message = {
            "codeDirectory": str(start.code),
            "layerPaths": start.layer_paths,
            "handler": start.handler,
            "environment": {**start.environment, "LAMBDA_TASK_ROOT": str(start.code)},
            "fork": FORKS,
        }
        control.settimeout(INIT_SECONDS)
        control.sendall(json.dumps(message).encode() + b"\n")
        self.process_id = 0
        try:
            with control.makefile("rb") as lines:
                self.process_id = int(json.loads(lines.readline() or b'{"processId": 0}')["processId"])
                report = json.loads(lines.readline() or ENDED)
        except TimeoutError:
            if self.process_id:
                os.kill(self.process_id, signal.SIGKILL)
            self.stop()
            raise
        if "error" in report:
            self.stop()
            raise FunctionInitError(report["error"], report["log"])
        control.setblocking(False)

    def is_running(self) -> bool:
        """Whether it has not ended."""
        if self._process is not None:
            return self._process.poll() is None
        try:
            return self._control.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def open_environment(self) -> socket.socket:
        """The socket of a new execution environment."""
        return _send_socket(self._control)

    def stop(self) -> None:
        """Close its socket, which ends it."""
        self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class PreloadedProcess:
    """A process that has imported what functions with the same layers have in common; its forks run them."""

    def __init__(self, layer_paths: tuple[str, ...]) -> None:
        self._process, self._control = _new_process(json.dumps(layer_paths), environment={"TZ": ":UTC"})
        self._control.settimeout(INIT_SECONDS)
        with self._control.makefile("rb") as lines:
            report = json.loads(lines.readline() or b'{"modules": []}')
        self.modules: frozenset[str] = frozenset(report["modules"])

    def is_running(self) -> bool:
        """Whether it can be forked."""
        return self._process.poll() is None

    def fork(self) -> socket.socket:
        """The control socket of a new fork."""
        return _send_socket(self._control)

    def stop(self) -> None:
        """End it; its forks go on."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class FunctionProcesses:
    """Starts the processes of all functions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._preloaded: dict[tuple[str, ...], PreloadedProcess] = {}

    def start(self, start: Start) -> FunctionProcess:
        """Import a function in a new process. Raises FunctionInitError, and TimeoutError after INIT_SECONDS."""
        if FORKS and not READ_AT_IMPORT.intersection(start.environment):
            preloaded = self._preloaded_for(start.layer_paths)
            # A module in the function's code comes before one of the same name that is imported already.
            if not preloaded.modules.intersection(path.stem for path in start.code.iterdir()):
                return FunctionProcess(preloaded.fork(), None, start)
        process, control = _new_process(environment=start.environment)
        return FunctionProcess(control, process, start)

    def stop(self) -> None:
        """End the processes that are forked."""
        with self._lock:
            for preloaded in self._preloaded.values():
                preloaded.stop()
            self._preloaded.clear()

    def _preloaded_for(self, layer_paths: tuple[str, ...]) -> PreloadedProcess:
        with self._lock:
            preloaded = self._preloaded.pop(layer_paths, None)
            if preloaded is None or not preloaded.is_running():
                ended = [preloaded] if preloaded else []
                while len(self._preloaded) >= MAX_PRELOADED:
                    ended.append(self._preloaded.pop(next(iter(self._preloaded))))
                for process in ended:
                    process.stop()
                preloaded = PreloadedProcess(layer_paths)
            self._preloaded[layer_paths] = preloaded
            return preloaded


def _new_process(*arguments: str, environment: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the program, and return its process and the other end of its control socket."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-P", str(PROGRAM), str(theirs.fileno()), *arguments],
        env=environment,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()
    return process, ours


def _send_socket(control: socket.socket) -> socket.socket:
    """Send one end of a new pair of sockets, and return the other one."""
    ours, theirs = socket.socketpair()
    socket.send_fds(control, [b"s"], [theirs.fileno()])
    theirs.close()
    return ours
