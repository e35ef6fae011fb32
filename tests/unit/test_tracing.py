"""What goes into a trace: ids to find it by, and nothing that people wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.builders import SECRET, bus_event, facts, socket_event

ROOT = Path(__file__).resolve().parents[2]
HEADER = "Root=1-6924271c-5f3a1b2c4d5e6f7081920a3b;Parent=53995c3f42cd8ad8;Sampled=1"

# Tracing is decided when the functions are imported, so it is on in a process of its own.
PROGRAM = """
import json, sys
from types import SimpleNamespace
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
UDPEmitter.send_entity = lambda self, entity: print(entity.serialize(), file=sys.stderr)
from functions.aws import sockets
from functions.handlers import default, post_to_connections
frame, task = json.load(sys.stdin)
context = SimpleNamespace(function_name="f", aws_request_id="r")
default.handler(frame, context)
sockets.post = lambda text, ids: sockets.Posted(delivered=tuple(ids), gone=(), undelivered=())
post_to_connections.handler(task, context)
task["event"]["detail"]["data"]["sentAt"] = "never"
try:
    post_to_connections.handler(task, context)
except Exception as error:
    print(type(error).__name__)
"""


def segments() -> list[dict[str, Any]]:
    """What the daemon is sent for a refused frame, a posted message, and a malformed event."""
    frame = socket_event({"action": "sendMessage", "text": SECRET})
    task = {"event": bus_event(facts()["MessageSent"]), "seq": 42, "connectionIds": ["a1"]}
    names = ("connections", "subscriptions", "members")
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "_X_AMZN_TRACE_ID": HEADER,
        "POWERTOOLS_SERVICE_NAME": "f",
        "POWERTOOLS_METRICS_NAMESPACE": "Parley",
        "PARLEY_BUS_NAME": "bus",
        **{f"PARLEY_{name.upper()}_TABLE": name for name in names},
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([frame, task]),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "MalformedEvent" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]


def test_a_trace_is_found_by_ids_and_holds_no_text():
    """Neither the frame, nor the response, nor an error's message; the message's id is on its segment."""
    sent = segments()
    assert {segment["trace_id"] for segment in sent} == {"1-6924271c-5f3a1b2c4d5e6f7081920a3b"}
    refused, posted, failed = [segment for segment in sent if segment["name"] == "## handler"]
    assert (refused["annotations"]["userId"], refused["annotations"]["connectionId"]) == ("alice", "a1")
    assert (posted["annotations"]["messageId"], posted["annotations"]["channelId"]) == ("m-1", "c-1")
    assert failed["fault"] is True
    assert not any("response" in json.dumps(segment.get("metadata", {})) for segment in (refused, posted))
