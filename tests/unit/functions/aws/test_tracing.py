"""The content of traces, ids and no texts, and how they are sent."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.unit.builders import SECRET, bus_event, facts, socket_event
from tests.waiting import COMMAND_SECONDS

ROOT = Path(__file__).resolve().parents[4]
HEADER = "Root=1-6924271c-5f3a1b2c4d5e6f7081920a3b;Parent=53995c3f42cd8ad8;Sampled=1"

# Importing the functions turns tracing on or off, so it is on in a separate process.
PROGRAM = """
import json, sys
from types import SimpleNamespace
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
UDPEmitter.send_entity = lambda self, entity: print(entity.serialize(), file=sys.stderr)
from functions.aws import sockets
from functions.handlers import default, post_to_connections
frame, task = json.load(sys.stdin)
context = SimpleNamespace(function_name="f", aws_request_id="r", get_remaining_time_in_millis=lambda: 10_000)
default.handler(frame, context)
sockets.post = lambda text, ids: sockets.Posted(delivered=tuple(ids), gone=(), limited=(), undelivered=())
post_to_connections.handler(task, context)
task["event"]["detail"]["data"]["sentAt"] = "never"
try:
    post_to_connections.handler(task, context)
except Exception as error:
    print(type(error).__name__)
"""


# One invocation for each argument: seconds that steps are kept, number of steps, address of the daemon.
CALLS = """
import sys
from aws_xray_sdk.core import xray_recorder
from botocore.exceptions import ClientError
from functions.aws import clients, concurrency, sockets, tracing

@tracing.traced
def handler(event, context):
    with tracing.step("admit"):
        try:
            clients.table("members").get_item(Key={"id": "a"})
        except ClientError:
            pass
    for number in range(event["steps"]):
        with tracing.step("publish"):
            pass
    with tracing.step("update presence"):
        concurrency.map_concurrently(tracing.step("one of two")(lambda _: None), [1, 2])
    with tracing.step("post frames"):
        assert sockets.post("{}", ["a1", "a2"]).delivered == ("a1", "a2")

for invocation in sys.argv[1:]:
    seconds, steps, address = invocation.split()
    tracing.MAX_BUFFER_SECONDS = float(seconds)
    xray_recorder.emitter.set_daemon_address(address)
    handler({"steps": int(steps)}, None)
"""


class Aws(BaseHTTPRequestHandler):
    """Accepts posts to connections, and UpdateItem; other calls fail, because no table exists."""

    def do_POST(self) -> None:
        """Answer a call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        is_post = "/@connections/" in self.path
        is_update = self.headers.get("X-Amz-Target", "").endswith("UpdateItem")
        missing = b'{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}'
        body = b"" if is_post else b"{}" if is_update else missing
        self.send_response(200 if is_post or is_update else 400)
        self.send_header("x-amzn-RequestId", "r-1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the name is the standard library's
        """Write nothing."""


@pytest.fixture(scope="module", autouse=True)
def aws_endpoint() -> Iterator[None]:
    """The calls of all programs go to `Aws`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Aws) as server, pytest.MonkeyPatch.context() as patch:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


def run(program: str, *arguments: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process with Lambda's environment variables."""
    process = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=stdin,
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "LAMBDA_TASK_ROOT": str(ROOT),
            "_X_AMZN_TRACE_ID": HEADER,
            "POWERTOOLS_SERVICE_NAME": "f",
            "POWERTOOLS_METRICS_NAMESPACE": "Parley",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process


def segments() -> list[dict[str, Any]]:
    """The segments sent to the daemon for a refused frame, a posted message, and a malformed event."""
    frame = socket_event({"action": "sendMessage", "text": SECRET})
    task = {"event": bus_event(facts()["MessageSent"]), "seq": 42, "connectionIds": ["a1"]}
    names = ("connections", "subscriptions", "members", "messages", "text_keys")
    tables = {f"PARLEY_{name.upper()}_TABLE": name for name in names}
    process = run(PROGRAM, stdin=json.dumps([frame, task]), PARLEY_BUS_NAME="bus", **tables)
    assert "MalformedEvent" in process.stdout
    assert SECRET not in process.stdout + process.stderr
    return [json.loads(line) for line in process.stderr.splitlines() if line.startswith("{")]


class Daemon:
    """The socket of an X-Ray daemon."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def received(self) -> list[dict[str, Any]]:
        """What was sent to it; closes the socket."""
        received = []
        with self._socket:
            while True:
                try:
                    received.append(json.loads(self._socket.recv(65_536).partition(b"\n")[2]))
                except BlockingIOError:
                    return received


@cache
def datagrams() -> dict[str, list[dict[str, Any]]]:
    """The datagrams of three invocations in one process. Each calls a table, publishes, and posts twice."""
    invocations = {"short": (60, 1), "long": (0, 1), "many steps": (60, 100)}
    daemons = {name: Daemon() for name in invocations}
    run(CALLS, *(f"{seconds} {steps} {daemons[name].address}" for name, (seconds, steps) in invocations.items()))
    return {name: daemon.received() for name, daemon in daemons.items()}


def names(segment: dict[str, Any]) -> Any:
    """The name of a segment and, recursively, of its subsegments."""
    return segment["name"], [names(part) for part in segment.get("subsegments", [])]


@pytest.mark.slow
def test_a_trace_contains_ids_and_no_text():
    """Neither the frame, the response nor the error's message. The segment is annotated with the message's id."""
    sent = segments()
    assert {segment["trace_id"] for segment in sent} == {"1-6924271c-5f3a1b2c4d5e6f7081920a3b"}
    refused, posted, failed = [segment for segment in sent if segment["name"] == "## handler"]
    assert (refused["annotations"]["userId"], refused["annotations"]["connectionId"]) == ("alice", "a1")
    assert (posted["annotations"]["messageId"], posted["annotations"]["channelId"]) == ("m-1", "c-1")
    assert failed["fault"] is True
    assert not any("response" in json.dumps(segment.get("metadata", {})) for segment in (refused, posted))


@pytest.mark.slow
def test_a_short_invocation_is_sent_in_one_datagram():
    """Calls to AWS are parts of their step; posts are not, because there may be a thousand."""
    (sent,) = datagrams()["short"]
    assert names(sent) == (
        "## handler",
        [
            ("admit", [("dynamodb", [])]),
            ("publish", []),
            ("update presence", [("one of two", []), ("one of two", [])]),
            ("post frames", []),
        ],
    )
    assert sent["parent_id"] == "53995c3f42cd8ad8"
    call = sent["subsegments"][0]["subsegments"][0]
    assert (call["aws"]["operation"], call["aws"]["table_name"], call["error"]) == ("GetItem", "members", True)


def test_a_long_invocation_is_sent_in_parts():
    """So that an invocation that times out shows how far it came."""
    sent = [segment["name"] for segment in datagrams()["long"]]
    assert sent == [
        "dynamodb",
        "admit",
        "publish",
        "one of two",
        "one of two",
        "update presence",
        "post frames",
        "## handler",
    ]


def test_an_invocation_with_many_steps_is_sent_in_parts():
    """Each part fits into a datagram; nothing is lost or sent twice."""
    sent = datagrams()["many steps"]
    assert len(sent) > 1
    assert sum(json.dumps(names(segment)).count('"publish"') for segment in sent) == 100


TWICE = """
import os
from functions.aws import tracing

@tracing.traced
def handler(event, context):
    with tracing.step("publish"):
        print(tracing.trace_header())

for parent in ("53995c3f42cd8ad8", "63995c3f42cd8ad9"):
    os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-6924271c-5f3a1b2c4d5e6f7081920a3b;Parent={parent};Sampled=1"
    handler({}, None)
"""


def test_the_steps_of_each_invocation_in_a_trace_belong_to_it():
    """The workflow calls a function several times in one trace, often in the same environment."""
    daemon = Daemon()
    run(TWICE, AWS_XRAY_DAEMON_ADDRESS=daemon.address)
    assert [segment["parent_id"] for segment in daemon.received()] == ["53995c3f42cd8ad8", "63995c3f42cd8ad9"]


UPDATES = """
from functools import partial
from functions.aws import clients, direct_calls, tracing

@tracing.traced
def handler(event, context):
    by_boto3 = clients.table("members").update_item
    for update in (by_boto3, partial(direct_calls.call, by_boto3)):
        with tracing.step("admit"):
            update(Key={"id": "a"})

handler({}, None)
"""


@pytest.mark.slow
def test_a_direct_call_is_traced_like_one_of_boto3():
    """X-Ray draws the same map, and finds the call by its request id."""
    daemon = Daemon()
    run(UPDATES, AWS_XRAY_DAEMON_ADDRESS=daemon.address)
    (sent,) = daemon.received()
    by_boto3, direct = ([dict(part) for part in step["subsegments"]] for step in sent["subsegments"])
    for part in (*by_boto3, *direct):
        for own in ("id", "parent_id", "start_time", "end_time"):
            del part[own]
    assert direct == by_boto3
    [call] = direct
    assert (call["namespace"], call["http"]["response"]["status"]) == ("aws", 200)
    assert call["aws"] == {
        "operation": "UpdateItem",
        "region": "us-east-1",
        "request_id": "r-1",
        "table_name": "members",
    }


# The last eight digits of the trace's id are 40 % of the way from 0 to ffffffff.
UNSAMPLED = "Root=1-6924271c-5f3a1b2c4d5e6f7066666666;Parent=53995c3f42cd8ad8;Sampled=0"
PUBLISHED = """
import json, os, sys
from aws_xray_sdk.core import recorder
from botocore.exceptions import ClientError
from functions.aws import clients, tracing

names, unsampled_step = [], recorder.DummySubsegment
recorder.DummySubsegment = lambda segment, name: names.append(name) or unsampled_step(segment, name)

@tracing.traced
def handler(event, context):
    with tracing.step("publish"):
        print(tracing.trace_header())
    try:
        clients.table("members").get_item(Key={"id": "a"})
    except ClientError:
        names.append("refused")

handler({}, None)
for percent in sys.argv[1:]:
    os.environ[tracing.EXTRA_SAMPLE_VARIABLE] = percent
    names.clear()
    handler({}, None)
print(json.dumps(names))
"""
PERCENTAGES = ("41", "39", "0")


@cache
def unsampled_invocations() -> list[str]:
    """The trace headers of published events without a setting and with PERCENTAGES; the last one's steps."""
    return run(PUBLISHED, *PERCENTAGES, _X_AMZN_TRACE_ID=UNSAMPLED).stdout.splitlines()


def published_headers() -> dict[str, str]:
    """The trace header of a published event by the setting of the stage; "" if it has none."""
    return dict(zip(("", *PERCENTAGES), unsampled_invocations()[:-1], strict=True))


@pytest.mark.slow
def test_an_extra_share_of_traces_is_sampled_from_the_next_hop_on():
    """Lambda's own rate cannot be configured; the header of the published event can."""
    assert published_headers()["41"] == UNSAMPLED.replace("Sampled=0", "Sampled=1")


def test_the_other_traces_and_a_stage_without_the_setting_stay_unsampled():
    """The decision of Lambda is passed on unchanged."""
    assert [published_headers()[percent] for percent in ("39", "0", "")] == [UNSAMPLED] * 3


def test_a_call_of_an_unsampled_trace_is_made_without_a_step():
    """The SDK would take a fifth of the call's processor time for a step that is sent nowhere."""
    assert json.loads(unsampled_invocations()[-1]) == ["## handler", "publish", "refused"]
