"""When an emulator counts as started, and what its end means to who asks it."""

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from local.emulator_process import EmulatorProcess


@pytest.mark.parametrize(
    ("answer", "is_healthy"),
    [
        ({"status": "ok", "pid": 7}, True),
        ({"status": "ok", "pid": 8}, False),
        ({"status": "ok"}, False),
        ([], False),
        (ConnectionRefusedError(), False),
    ],
)
def test_only_the_started_process_is_healthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any, is_healthy: bool
):
    """A stage that starts at the same time may have taken the port, and must not get the deployment."""

    def ask(*_arguments: Any, **_options: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    emulator = EmulatorProcess(1, tmp_path, tmp_path / "log")
    monkeypatch.setattr(EmulatorProcess, "pid", 7)
    monkeypatch.setattr(emulator, "ask", ask)
    assert emulator.is_healthy() is is_healthy


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n", b""], ids=["other", "cut", "none"]
)
def test_an_emulator_that_ends_in_the_middle_of_its_answer_is_not_reachable(tmp_path: Path, answer: bytes):
    """The supervisor asks it while its functions start, and starts it again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        emulator = EmulatorProcess(listener.getsockname()[1], tmp_path, tmp_path / "log")
        with pytest.raises(ConnectionError):
            emulator.ask("warm")
        serving.join()
