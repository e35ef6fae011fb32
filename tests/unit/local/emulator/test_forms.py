"""The forms of AWS that the emulator's additions write and read."""

import io
import json
import zipfile

import pytest

from local.emulator.cloudformation.bucket_deployment import headers_for, is_selected, unpack
from local.emulator.lambda_.function_invocations import rewrite_hosts
from local.emulator.lambda_.invocation_logs import InvocationReport
from local.emulator.stepfunctions.workflow_executions import history_line, is_logged, split_resource
from local.emulator.xray import trace_headers
from local.emulator.xray.trace_collector import FilterExpressionError, TraceStore, parse_filter, summary
from local.front_door.sign_in_page import is_sign_in_page, read, render

ROOT = "1-67000000-0123456789abcdef01234567"


def test_a_trace_header_is_read_and_written():
    """Its parts in any order; without a decision it counts as sampled."""
    parsed = trace_headers.parse(f"Sampled=0;Root={ROOT};Parent=0123456789abcdef;Lineage=a:1")
    assert parsed == trace_headers.TraceHeader(ROOT, "0123456789abcdef", sampled=False)
    assert str(parsed) == f"Root={ROOT};Parent=0123456789abcdef;Sampled=0"
    assert trace_headers.parse(f"Root={ROOT}") == trace_headers.TraceHeader(ROOT, None, sampled=True)
    assert trace_headers.parse("nonsense") is None
    assert trace_headers.parse(str(trace_headers.new_trace())) is not None


def test_a_filter_expression_is_annotations_joined_by_and():
    """Anything else is refused."""
    assert parse_filter('annotation.messageId = "a b" AND annotation[n] = 3') == [("messageId", "a b"), ("n", "3")]
    for refused in ("", 'service("x")', 'annotation.a = "1" OR annotation.b = "2"', "duration > 5"):
        with pytest.raises(FilterExpressionError):
            parse_filter(refused)


def test_the_trace_store_keeps_the_newest():
    """The one untouched for longest goes first; a completed segment replaces its own beginning."""
    store = TraceStore(kept_traces=2)
    for number in (1, 2, 3):
        trace_id = f"1-7fffffff-{number:024x}"
        store.add({"trace_id": trace_id, "id": "a", "start_time": 1.0, "in_progress": True})
        store.add(
            {"trace_id": trace_id, "id": "a", "start_time": 1.0, "end_time": 3.5, "annotations": {"n": number}}
        )
    assert store.trace_ids() == [f"1-7fffffff-{number:024x}" for number in (3, 2)]
    held = store.segments(store.trace_ids()[0])
    assert len(held) == 1
    described = summary("id", held)
    assert described["Duration"] == 2.5
    assert described["Annotations"] == {"n": [{"AnnotationValue": {"NumberValue": 3}}]}
    assert not described["IsPartial"]


def test_a_history_event_in_vended_form():
    """Strings in the frame, details with their truncation marks; without execution data, neither."""
    event = {
        "id": 4,
        "type": "TaskScheduled",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "previousEventId": 3,
        "taskScheduledEventDetails": {
            "resource": "arn:aws:states:::aws-sdk:dynamodb:query",
            "parameters": '{"TableName":"t"}',
        },
    }
    arn = "arn:aws:states:eu-west-1:0:express:m:n:u"
    assert json.loads(history_line(event, arn, with_data=True)) == {
        "id": "4",
        "type": "TaskScheduled",
        "details": {
            "resource": "query",
            "resourceType": "aws-sdk:dynamodb",
            "region": "eu-west-1",
            "parameters": '{"TableName":"t"}',
        },
        "previous_event_id": "3",
        "event_timestamp": "1767323045678",
        "execution_arn": arn,
        "redrive_count": "0",
    }
    assert "parameters" not in json.loads(history_line(event, arn, with_data=False))["details"]


@pytest.mark.parametrize(
    ("event_type", "levels"),
    [
        ("PassStateEntered", {"ALL"}),
        ("TaskFailed", {"ALL", "ERROR"}),
        ("ExecutionFailed", {"ALL", "ERROR", "FATAL"}),
        ("ExecutionSucceeded", {"ALL"}),
    ],
)
def test_levels_keep_what_they_should(event_type: str, levels: set[str]):
    """ALL everything, ERROR failures, FATAL an execution's own."""
    assert {level for level in ("ALL", "ERROR", "FATAL") if is_logged(event_type, level)} == levels


def test_a_tasks_resource_is_split_as_history_names_it():
    """Optimised, SDK and function resources."""
    assert split_resource("arn:aws:states:::lambda:invoke") == ("lambda", "invoke")
    assert split_resource("arn:aws:states:::aws-sdk:dynamodb:query") == ("aws-sdk:dynamodb", "query")
    arn = "arn:aws:lambda:us-east-1:0:function:f"
    assert split_resource(arn) == ("lambda", arn)


def test_lambda_writes_its_own_lines_in_both_formats():
    """As text with tabs, or as platform events in JSON, around the lines of the handler."""
    report = InvocationReport(
        "r",
        version="$LATEST",
        memory_megabytes=128,
        used_megabytes=60,
        duration_ms=1.2,
        trace=trace_headers.TraceHeader(ROOT, "0123456789abcdef", sampled=True),
        succeeded=True,
    )
    start, printed, end, last = report.lines(["printed"], as_json=False)
    assert start == "START RequestId: r Version: $LATEST"
    assert printed == "printed"
    assert end == "END RequestId: r"
    assert "Duration: 1.20 ms\tBilled Duration: 2 ms" in last
    assert f"XRAY TraceId: {ROOT}\tSegmentId: 0123456789abcdef" in last
    kinds = [json.loads(line)["type"] for line in report.lines([], as_json=True)]
    assert kinds == ["platform.start", "platform.report"]


def test_only_execute_api_hosts_are_rewritten():
    """In a function's environment, to the emulator's data plane."""
    before = "https://abc.execute-api.us-east-1.amazonaws.com/socket"
    assert rewrite_hosts(before, 4566) == "http://127.0.0.1:4566/_aws/execute-api/abc/socket"
    other = "https://sqs.us-east-1.amazonaws.com/0/q"
    assert rewrite_hosts(other, 4566) == other


def test_a_deployments_files_markers_types_and_filters():
    """Markers are filled in every file, names decide types, metadata of the deployment wins."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("folder/", "")
        files.writestr("folder/a.json", '{"x": "<<marker:0xbaba:1>>"}')
    assert list(unpack(archive.getvalue(), {"<<marker:0xbaba:1>>": "filled"})) == [
        ("folder/a.json", b'{"x": "filled"}')
    ]
    assert headers_for("a.JS", {}) == {"content-type": "text/javascript"}
    headers = headers_for("a.unknown", {"SystemMetadata": {"content-type": "x/y"}, "UserMetadata": {"k": "v"}})
    assert headers == {"content-type": "x/y", "x-amz-meta-k": "v"}
    assert is_selected("a.txt", [], [])
    assert not is_selected("a.txt", ["*.txt"], [])
    assert is_selected("a.txt", ["*"], ["a.*"])


FORM = """<html><body><h1>Sign in</h1><div class="error">Incorrect &lt;user&gt;</div>
<form method="POST" action="/login"><input type="hidden" name="state" value="a&quot;b">
<label for="username">Username</label><input type="text" id="username" name="username" required autofocus>
<button type="submit">Sign in</button></form></body></html>"""


def test_the_sign_in_form_keeps_its_fields_in_our_page():
    """Hidden values, labels, flags, the error and the button; the people are named on the first step."""
    assert is_sign_in_page("text/html; charset=utf-8", FORM)
    page = render(read(FORM))
    assert '<input type="hidden" name="state" value="a&quot;b">' in page
    assert '<label for="username">Username</label>' in page
    assert " required autofocus" in page
    assert 'role="alert">Incorrect &lt;user&gt;</p>' in page
    assert 'aria-invalid="true"' in page
    assert '<button type="submit">Sign in</button>' in page
    assert "Parley-alice-1" in page
    assert "Parley-alice-1" not in render(read(FORM.replace('name="username"', 'name="new_password"')))
