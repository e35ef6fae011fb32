"""One emulator process with the stack of these tests, reached over real sockets."""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from local import deployment
from local.emulator_process import EmulatorProcess
from local.ports import free_port
from tests.emulator.template import template
from tests.waiting import DEADLINE_SECONDS, wait_until


class Stack:
    """The deployed stack: its outputs, and clients of its services."""

    def __init__(self, emulator: EmulatorProcess) -> None:
        self.emulator = emulator
        self._clients: dict[str, Any] = {}
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(StackName="tests", TemplateBody=json.dumps(template()))

        def status() -> str:
            value: str = cloudformation.describe_stacks(StackName="tests")["Stacks"][0]["StackStatus"]
            return "" if value.endswith("IN_PROGRESS") else value

        assert wait_until(status, "the tests' stack was deployed") == "CREATE_COMPLETE"
        self.outputs = deployment.outputs(emulator.url)["tests"]

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = deployment.client(service, self.emulator.url)
        return self._clients[service]

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        response = self.client("lambda").invoke(FunctionName=self.outputs[function], Payload=json.dumps(event))
        answer = json.loads(response["Payload"].read())
        return {"failed": "FunctionError" in response, "answer": answer}

    def put_event(self, kind: str, detail: dict[str, Any], **more: Any) -> dict[str, Any]:
        entry = {"Source": "tests", "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": "tests"}
        response: dict[str, Any] = self.client("events").put_events(Entries=[entry | more])
        return response

    def receive(self, queue: str, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message of a queue whose body matches; it and those before it are deleted."""
        return self.receive_until(queue, matches)[-1]

    def receive_until(self, queue: str, matches: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """The messages of a queue up to the first whose body matches, all of which are deleted."""
        sqs = self.client("sqs")
        received: list[dict[str, Any]] = []

        def look() -> bool:
            response = sqs.receive_message(
                QueueUrl=self.outputs[queue],
                WaitTimeSeconds=1,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            for message in response.get("Messages", []):
                sqs.delete_message(QueueUrl=self.outputs[queue], ReceiptHandle=message["ReceiptHandle"])
                received.append(message)
                if matches(json.loads(message["Body"])):
                    return True
            return False

        wait_until(look, f"a matching message reached {queue}", every=0)
        return received

    def log_lines(self, group: str, containing: str, *, at_least: int = 1) -> list[str]:
        """The messages of a log group that contain a text; waits until there are `at_least` of them."""
        logs = self.client("logs")

        def look() -> list[str]:
            lines: list[str] = []
            # A function's log group is created with its first line.
            with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
                for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
                    lines += [event["message"] for event in page["events"] if containing in event["message"]]
            return lines if len(lines) >= at_least else []

        return wait_until(look, f"{group} contained {at_least} lines with {containing!r}")

    def socket_url(self, ticket: str | None) -> str:
        query = f"?ticket={ticket}" if ticket is not None else ""
        base = self.emulator.url.replace("http", "ws", 1)
        return f"{base}/_aws/execute-api/{self.outputs['Api']}/socket{query}"

    @contextlib.contextmanager
    def connected(self, ticket: str = "alice") -> Iterator[ClientConnection]:
        with connect(self.socket_url(ticket), proxy=None, max_size=None) as websocket:
            yield websocket


def send_frame(websocket: ClientConnection, **frame: Any) -> None:
    websocket.send(json.dumps(frame))


def receive_frame(websocket: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(websocket.recv(timeout=DEADLINE_SECONDS))
    return frame


def receive_close(websocket: ClientConnection) -> tuple[int, str]:
    """Wait until the server closes a connection; its close code and reason."""
    with pytest.raises(ConnectionClosed) as closed:
        websocket.recv(timeout=DEADLINE_SECONDS)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def launch(directory: Path, **settings: str) -> EmulatorProcess:
    emulator = EmulatorProcess(free_port(), directory, directory.with_suffix(".log"), settings)
    emulator.start()
    return emulator


def create_notes(tables: Any) -> None:
    """Create the table `notes`, whose key is `id`."""
    tables.create_table(
        TableName="notes",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    emulator = launch(tmp_path_factory.mktemp("emulator"), CANARY_SECONDS="30")
    try:
        deployed = Stack(emulator)
        assert emulator.ask("warm") == {"failed": []}
        yield deployed
    finally:
        emulator.stop()


@pytest.fixture
def trace_socket() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp_socket:
        yield udp_socket
