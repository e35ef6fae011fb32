"""What a report and the log say about runs that are not logged."""

from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from functions.contract.model import milliseconds
from ops.commands import output
from ops.commands.follow import show
from ops.follow.message_report import problems, unfinished
from ops.models import (
    ArchiveStatus,
    MessagePost,
    MessageReport,
    RuleStatus,
    RunDetail,
    StateExecution,
    StoredMessage,
    Trace,
)
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage
from tests.unit.ops.event_builders import at

UNLOGGED: dict[str, Any] = {"replayed": False, "outcome": None, "duration_ms": None, "states": []}
DEFINITION = '{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}'


class StageWithLevel:
    """A stage with nothing but a workflow, created in moto."""

    def __init__(self, level: str) -> None:
        # One name per level: moto's account is shared, and an existing state machine keeps its first level.
        log_group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/deliver:*"
        logging = {
            "level": level,
            "includeExecutionData": level == "ALL",
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": log_group}}],
        }
        self.workflows = boto3.client("stepfunctions", region_name="us-east-1")
        self.arn = self.workflows.create_state_machine(
            name=f"deliver-{level}",
            definition=DEFINITION,
            roleArn="arn:aws:iam::123456789012:role/deliver",
            type="EXPRESS",
            loggingConfiguration=cast(Any, logging),
        )["stateMachineArn"]

    def client(self, _service: str) -> Any:
        return self.workflows

    def output(self, _stack: str, _name: str) -> str:
        return self.arn


@mock_aws
@pytest.mark.parametrize(
    ("level", "message"), [("ALL", None), ("ERROR", "logs ERROR only"), ("OFF", "logs nothing")]
)
def test_the_omission_names_the_log_level(level: str, message: str | None):
    """With the level ALL, every run is logged and there is no omission."""
    omission = RunLog(cast(Stage, StageWithLevel(level))).omission
    assert (omission is None) if message is None else (omission and message in omission)


def test_a_message_without_runs_has_the_log_s_omission_as_its_problem():
    """Without an omission: the run is older than the log's retention, or was never started."""
    fields: dict[str, Any] = {
        "message": StoredMessage(channel_id="general", seq=1, sender_id="a", sender_name="A", sent_at=at(0)),
        "runs": [],
        "run_posts": [],
        "queues": [],
        "found_traces": [],
    }
    assert problems(**fields, now_ms=0, omission="logs ERROR only") == ["logs ERROR only"]
    [reason] = problems(**fields, now_ms=0, omission=None)
    assert "older than the log's retention" in reason


def run_of(run_id: str, second: int, *, trouble: str | None = None, mode: str = "live") -> RunDetail:
    """One run of a message."""
    fields: dict[str, Any] = {
        "run_id": run_id,
        "started_at": at(second),
        "mode": mode,
        "status": "SUCCEEDED",
        "troubled": bool(trouble),
        "trouble": trouble,
    }
    return RunDetail.model_construct(**fields)


def post_of(run_id: str, outcome: str) -> MessagePost:
    """One post to the connection k-1."""
    fields: dict[str, Any] = {"run_id": run_id, "connection_id": "k-1", "outcome": outcome}
    return MessagePost.model_construct(**fields)


@pytest.mark.parametrize(
    ("later", "outcome", "is_repaired"),
    [
        (run_of("later-run", 9), "delivered", True),
        (run_of("later-run", 9), "gone", True),
        (run_of("later-run", 9, mode="dry-run"), None, False),
        (run_of("later-run", 9, trouble="1 of 1 not reached"), "undelivered", False),
    ],
    ids=["redelivered", "the connection is closed", "only compared", "failed again"],
)
def test_a_repaired_run_is_no_problem(later: RunDetail, outcome: str | None, is_repaired: bool):
    """A later live run without trouble has repaired it; otherwise both are listed."""
    posts = [post_of("first-run", "undelivered")] + ([post_of("later-run", outcome)] if outcome else [])
    found = problems(
        message=StoredMessage(channel_id="general", seq=1, sender_id="a", sender_name="A", sent_at=at(0)),
        runs=[run_of("first-run", 0, trouble="1 of 1 not reached"), later],
        run_posts=posts,
        queues=[],
        found_traces=[],
        omission=None,
        now_ms=0,
    )
    assert (found == []) is is_repaired


def test_a_deleted_message_has_no_problem_when_its_run_was_repaired():
    """The repair posts nothing of it, so the connections that the first run missed need nothing more."""
    deleted = {"deleted_at": at(5), "deleted_by": "u-2"}
    message = StoredMessage(channel_id="general", seq=1, sender_id="a", sender_name="A", sent_at=at(0), **deleted)
    first = run_of("first-run", 0, trouble="1 of 1 not reached")
    posts = [post_of("first-run", "undelivered")]
    fields: dict[str, Any] = {"message": message, "run_posts": posts, "queues": [], "found_traces": []}
    assert problems(**fields, now_ms=0, runs=[first, run_of("repair", 9)], omission=None) == []
    assert problems(**fields, now_ms=0, runs=[first], omission=None) == [
        "Run first-ru (SUCCEEDED): 1 of 1 not reached",
        "1 connection never received it.",
    ]


def test_the_trace_of_a_run_that_is_not_logged_yet_is_no_problem():
    """A run writes its segment when it ends."""
    fields: dict[str, Any] = {"message": None, "run_posts": [], "queues": [], "omission": None, "now_ms": 0}
    trace = Trace.model_construct(trace_id="1-2", connected=False, started_at=at(0), duration_ms=1.0, segments=[])
    found = problems(**fields, runs=[], found_traces=[trace])
    assert not [sentence for sentence in found if "not connected" in sentence]
    assert "Its trace is not connected: a segment's parent is missing." in problems(
        **fields, runs=[run_of("a-run", 1)], found_traces=[trace]
    )


def report_of(**changes: Any) -> MessageReport:
    """A report of a message without runs."""
    fields: dict[str, Any] = {
        "message_id": "m-1",
        "stage": "tests",
        "message": None,
        "event": None,
        "archive": ArchiveStatus(name="archive", state="ENABLED", retention_days=1, holds_it=True, note=""),
        "rule": RuleStatus(name="rule", state="ENABLED", target="deliver", note=""),
        "links": None,
        "total": None,
    }
    lists: dict[str, Any] = {name: [] for name in ("runs", "posts", "queues", "hops", "traces", "problems")}
    return MessageReport(**{**fields, **lists, **changes})


def test_a_row_that_cannot_be_read_is_stored(capsys: pytest.CaptureFixture[str]):
    """It is not headed as if nothing was stored."""
    show(report_of(unreadable="sentAt: not a text"), output.console())
    assert "stored    yes, but its row cannot be read (sentAt: not a text)" in capsys.readouterr().out
    show(report_of(), output.console())
    assert "stored    no" in capsys.readouterr().out


def test_a_repaired_run_of_a_deleted_message_is_shown_as_such(capsys: pytest.CaptureFixture[str]):
    """It does not say that the message was posted to every recipient."""
    message = StoredMessage(
        channel_id="general",
        seq=1,
        sender_id="a",
        sender_name="A",
        sent_at=at(0),
        deleted_at=at(5),
        deleted_by="a",
    )
    run = RunDetail.model_construct(**{**vars(run_of("run", 0, trouble="1 of 1 not reached")), **UNLOGGED})
    show(report_of(message=message).model_copy(update={"runs": [run]}), output.console())
    assert "✓ Repaired: stored once. It was deleted later, so it is not posted again" in capsys.readouterr().out


def test_a_run_that_has_not_ended_is_shown_as_such(capsys: pytest.CaptureFixture[str]):
    """Whether the message reaches everyone is not known yet: it is neither a success nor a problem."""
    named: list[dict[str, Any]] = [{"name": "FindRecipients"}, {"name": "PostBatch"}]
    states = [StateExecution.model_construct(**fields) for fields in named]
    run = RunDetail.model_construct(
        **{**vars(run_of("a-long-run", 0)), **UNLOGGED, "status": "RUNNING", "states": states}
    )
    sentence = (
        "The log has no end of run a-long-r yet, which was last in PostBatch. Look again to see how it ends."
    )
    soon = milliseconds(run.started_at) + 5 * 60_000
    assert unfinished([run, run_of("ended", 1)], soon) == sentence
    assert unfinished([run_of("ended", 1)], soon) is None
    fields: dict[str, Any] = {"run_posts": [], "queues": [], "found_traces": [], "omission": None, "now_ms": soon}
    assert problems(message=None, runs=[run], **fields) == []
    assert problems(message=None, runs=[run_of("ended", 1)], **fields) == [
        "It is not stored: no run persisted it."
    ]
    show(report_of(unfinished=sentence), output.console())
    printed = capsys.readouterr().out
    assert f"… {sentence}" in printed
    assert "posted to every recipient" not in printed


def test_a_run_whose_last_log_lines_are_lost_is_not_awaited():
    """No Express run lasts longer than five minutes, and AWS does not promise that every log line arrives."""
    states = [StateExecution.model_construct(**cast(dict[str, Any], {"name": "PostBatch"}))]
    run = RunDetail.model_construct(
        **{**vars(run_of("a-long-run", 0)), **UNLOGGED, "status": "RUNNING", "states": states}
    )
    later = milliseconds(run.started_at) + 6 * 60_000
    assert unfinished([run], later) == (
        "The log has no end of run a-long-r, which was last in PostBatch. Every run ends within five minutes, so "
        "its last lines are lost: what it did after that is not known."
    )
    fields: dict[str, Any] = {"run_posts": [], "queues": [], "found_traces": [], "omission": None}
    assert problems(message=None, runs=[run], now_ms=later, **fields) == ["It is not stored: no run persisted it."]


@pytest.mark.parametrize(
    ("changes", "head", "end"),
    [
        ({}, "", "recipient.\n"),
        ({"edited_at": at(5)}, f"edited    at {at(5)}", "It was edited later"),
        ({"deleted_at": at(6), "deleted_by": "u-2"}, f"deleted   at {at(6)}, by u-2", "It was deleted later"),
    ],
)
def test_a_changed_message_is_shown_as_such(
    changes: dict[str, str], head: str, end: str, capsys: pytest.CaptureFixture[str]
):
    """What was posted first is not what users see."""
    message = StoredMessage(channel_id="general", seq=1, sender_id="a", sender_name="A", sent_at=at(0), **changes)
    report = report_of(message=message)
    show(report, output.console())
    printed = capsys.readouterr().out
    assert head in printed
    assert end in printed
