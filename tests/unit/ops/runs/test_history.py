"""A run is assembled from the lines of its history, including concurrent branches."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ops.models import MapIteration, RunDetail, RunSummary
from ops.runs.execution import Execution, failure_message
from ops.runs.history import HistoryEvent, read
from ops.runs.posts import posts_of_batch

ARN = "arn:aws:states:us-east-1:000000000000:express:deliver:name:run-1"


def line(number: int, previous: int, kind: str, at_ms: int, **details: Any) -> HistoryEvent:
    """One line as Step Functions writes it, in which every top-level value is a string."""
    encoded = {
        name: json.dumps(value) if name in ("input", "output", "parameters") else value
        for name, value in details.items()
    }
    text = json.dumps(
        {
            "id": str(number),
            "type": kind,
            "details": encoded,
            "previous_event_id": str(previous),
            "event_timestamp": str(at_ms),
            "execution_arn": ARN,
        }
    )
    event = HistoryEvent.parse(text)
    assert event is not None
    return event


def two_batches(*, second_fails: bool = False) -> list[HistoryEvent]:
    """A run whose Map posts two batches concurrently, with interleaved lines."""
    ending = (
        line(12, 9, "TaskFailed", 30, error="Lambda.Unknown", cause='{"errorMessage": "broken"}')
        if second_fails
        else line(12, 9, "TaskSucceeded", 30, output={"Payload": {"delivered": 0, "gone": 1, "undelivered": []}})
    )
    failed = {"connectionIds": ["c"], "tries": 1, "failure": {"Error": "Lambda.Unknown", "Cause": "broken"}}
    second_output = failed if second_fails else {"delivered": 0, "gone": 1, "undelivered": []}
    return [
        line(
            1,
            0,
            "ExecutionStarted",
            10,
            input={"detail-type": "MessageSent", "detail": {"data": {"messageId": "m"}}},
        ),
        line(2, 1, "MapStateEntered", 11, name="PostToConnections", input={"connectionIds": ["a", "b", "c"]}),
        line(3, 2, "MapIterationStarted", 11, name="PostToConnections", index=0),
        line(4, 2, "MapIterationStarted", 11, name="PostToConnections", index=1),
        line(5, 3, "TaskStateEntered", 12, name="PostBatch", input={"connectionIds": ["a", "b"]}),
        line(6, 4, "TaskStateEntered", 12, name="PostBatch", input={"connectionIds": ["c"]}),
        line(7, 5, "TaskScheduled", 13, resourceType="lambda", resource="invoke", parameters={"n": 1}),
        line(9, 6, "TaskScheduled", 13, resourceType="lambda", resource="invoke", parameters={"n": 2}),
        line(11, 7, "TaskSucceeded", 20, output={"Payload": {"delivered": 2, "gone": 0, "undelivered": []}}),
        ending,
        line(
            13, 11, "TaskStateExited", 21, name="PostBatch", output={"delivered": 2, "gone": 0, "undelivered": []}
        ),
        line(14, 12, "TaskStateExited", 31, name="PostBatch", output=second_output),
        line(15, 13, "MapIterationSucceeded", 21, name="PostToConnections", index=0),
        line(16, 14, "MapIterationSucceeded", 31, name="PostToConnections", index=1),
        line(17, 2, "MapStateExited", 32, name="PostToConnections", output={}),
        line(18, 17, "SucceedStateEntered", 33, name="Delivered"),
        line(19, 18, "ExecutionSucceeded", 34, output={"outcome": "delivered", "seq": 7}),
    ]


def one(lines: list[HistoryEvent], **more: Any) -> Execution:
    """The only run in these lines."""
    [run] = read(lines, **more)
    return run


def test_each_branch_keeps_its_own_states():
    """Inputs, outputs and times of two concurrent batches are kept apart."""
    run = one(two_batches())
    first, second = [state for state in run.states if state.name == "PostBatch"]
    assert (first.iteration, second.iteration) == (
        MapIteration(map="PostToConnections", index=0),
        MapIteration(map="PostToConnections", index=1),
    )
    assert (first.exited_ms, second.exited_ms) == (21, 31)
    assert [state.task and state.task.parameters for state in (first, second)] == [{"n": 1}, {"n": 2}]
    summary = RunSummary.model_validate(run).model_dump(by_alias=True)
    assert summary == {
        **summary,
        "status": "SUCCEEDED",
        "outcome": "delivered",
        "seq": 7,
        "recipients": 3,
        "delivered": 2,
        "gone": 1,
        "undelivered": 0,
        "troubled": False,
        "durationMs": 24.0,
    }


def test_the_order_of_lines_does_not_matter():
    """CloudWatch guarantees no order within a millisecond."""
    assert RunDetail.model_validate(one(two_batches()[::-1])) == RunDetail.model_validate(one(two_batches()))


def test_a_run_with_a_failed_batch_is_troubled_although_it_succeeded():
    """The trouble has the caught error and the number of connections that were not reached."""
    run = one(two_batches(second_fails=True))
    assert (run.status, run.troubled, run.undelivered) == ("SUCCEEDED", True, 1)
    assert run.trouble == "1 connection was not reached: Lambda.Unknown: broken"
    failed = [state for state in run.states if state.name == "PostBatch"][1]
    assert failed.status == "caught"


def test_a_batch_that_was_posted_at_a_later_try_is_no_trouble():
    """The tries of a batch are one batch, with the outcome of the last."""
    delivered = {"delivered": 1, "gone": 0, "undelivered": []}
    again = [
        line(20, 14, "TaskStateEntered", 40, name="PostBatch", input={"connectionIds": ["c"], "tries": 1}),
        line(21, 20, "TaskScheduled", 41, resourceType="lambda", resource="invoke", parameters={"n": 2}),
        line(22, 21, "TaskSucceeded", 42, output={"Payload": delivered}),
        line(23, 22, "TaskStateExited", 43, name="PostBatch", output=delivered),
    ]
    run = one([*two_batches(second_fails=True), *again])
    assert [batch.connection_ids for batch in run.batches] == [("a", "b"), ("c",)]
    assert (run.recipients, run.delivered, run.undelivered, run.troubled) == (3, 3, 0, False)


def test_every_connection_of_a_batch_gets_an_outcome():
    """From the function's log line; without it, from the counts if all outcomes are equal."""
    first, second = one(two_batches()).batches
    reports: list[dict[str, Any]] = [
        {"delivered": ["a"], "gone": ["b"], "slow": [], "undelivered": [], "retries": {"a": 2}},
        {"delivered": ["x"]},
    ]
    outcomes = {post.connection_id: (post.outcome, post.retries) for post in posts_of_batch(first, reports)}
    assert outcomes == {"a": ("delivered", 2), "b": ("gone", 0)}
    assert [post.outcome for post in posts_of_batch(first, [])] == ["delivered", "delivered"]
    assert [post.outcome for post in posts_of_batch(second, [])] == ["gone"]
    [missed] = posts_of_batch(one(two_batches(second_fails=True)).batches[1], [])
    assert (missed.outcome, missed.reason) == ("undelivered", "Lambda.Unknown: broken")


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([{"delivered": ["a"]}], ["delivered", "unknown"]),
        ([{"delivered": []}, {"gone": ["b"]}], ["unknown", "gone"]),
        ([{"delivered": ["a"]}, {"delivered": ["a"], "slow": ["b"]}], ["delivered", "slow"]),
        ([{"delivered": ["a"], "slow": ["b"]}, {"delivered": ["a"]}], ["delivered", "slow"]),
        ([{"delivered": ["a", "c"]}], ["unknown", "unknown"]),
    ],
)
def test_a_batch_that_was_repeated_names_fewer_connections(reports: list[dict[str, Any]], expected: list[str]):
    """Those that are not subscribed any more are left out. A line that names all of a batch's has priority."""
    [batch] = one(two_batches()).batches[:1]
    posts = posts_of_batch(replace(batch, delivered=1), reports)
    assert [post.outcome for post in posts] == expected


def test_a_run_with_only_a_failure_line_is_read_as_partial():
    """With the log level ERROR, there is no first line; the failure is still shown."""
    lines = [line(25, 24, "ExecutionFailed", 50, error="Parley.MalformedEvent", cause="A field is missing")]
    assert read(lines) == []
    run = one(lines, partial=True)
    assert (run.status, run.trouble) == ("FAILED", "Parley.MalformedEvent: A field is missing")


def test_lines_that_are_not_history_are_ignored():
    """A log group may contain other lines."""
    assert HistoryEvent.parse("") is None
    assert HistoryEvent.parse("{}") is None
    assert HistoryEvent.parse('{"id": "x", "type": "T", "execution_arn": "a"}') is None


def test_a_failure_message_is_short():
    """Lambda's cause is JSON with a stack trace, which is too long for a table."""
    stack = json.dumps({"errorMessage": "No module named 'x'", "errorType": "E", "stackTrace": ["…"] * 50})
    assert failure_message("Runtime.ImportModuleError", stack) == "Runtime.ImportModuleError: No module named 'x'"
    assert failure_message("E", "") == "E"
    assert len(failure_message("E", "long " * 1000)) < 250
