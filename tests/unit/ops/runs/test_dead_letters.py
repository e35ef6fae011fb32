"""Reading dead letters only hides them, and releasing them tolerates those that are visible or deleted."""

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from functions.contract.operations import OperationEnded, OperationStarted
from local import command_line
from ops.commands import dead_letters as commands
from ops.errors import ExitCode
from ops.events.bus_event import BusEvent
from ops.runs import dead_letters, held_letters, kept_letters, runner
from ops.runs.dead_letters import DeadLetter, Redriven
from ops.runs.redrive import Redrive
from ops.runs.runner import RunResult
from ops.stage import lookup, operations, publishing
from ops.stage.stage import Stage
from tests.unit.ops.stages import stage_with_dead_letters
from tests.waiting import DEADLINE_SECONDS


@pytest.fixture(scope="module")
def session() -> Iterator[boto3.Session]:
    """A session with one simulated account for all tests: to start one takes most of a second."""
    with mock_aws():
        yield boto3.Session()


@pytest.fixture
def queue(session: boto3.Session) -> Stage:
    """A stage with nothing but an empty dead-letter queue of deliveries."""
    return stage_with_dead_letters(session)


def put(stage: Stage, body: str) -> None:
    """Send a message to the dead-letter queue."""
    stage.client("sqs").send_message(
        QueueUrl=stage.output("Events", "DeliveryDeadLetterQueueUrl"), MessageBody=body
    )


def event(number: int = 0) -> dict[str, Any]:
    """An event that the workflow processes."""
    return {"id": f"event-{number}", "detail-type": "MessageSent", "detail": {}}


def redrive(stage: Stage) -> list[Redriven]:
    """Redrive the whole queue with one command."""
    work = Redrive(stage, None, 1_000)
    work.redrive("delivery")
    return work.results


def run_parley(monkeypatch: pytest.MonkeyPatch, stage: Stage, *arguments: str) -> int:
    """Run a command on this stage in this process; its exit code."""
    monkeypatch.setattr(Stage, "find", lambda *_, **__: stage)
    monkeypatch.setattr(sys, "argv", ["parley", *arguments])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    return int(end.value.code or 0)


def test_a_released_dead_letter_is_visible_at_once(queue: Stage):
    """Before that, it is hidden from other readers."""
    put(queue, "{}")
    found = dead_letters.read(queue, "delivery")
    assert [letter.body for letter in found] == ["{}"]
    assert dead_letters.read(queue, "delivery") == []
    dead_letters.release(queue, found)
    assert [letter.body for letter in dead_letters.read(queue, "delivery")] == ["{}"]


def test_releasing_a_deleted_or_visible_dead_letter_has_no_effect(queue: Stage):
    """The others are released nevertheless."""
    for body in ("deleted", "visible", "hidden"):
        put(queue, body)
    letters = {letter.body: letter for letter in dead_letters.read(queue, "delivery")}
    dead_letters.delete(queue, letters["deleted"])
    dead_letters.release(queue, [letters["visible"]])
    dead_letters.release(queue, [letters["deleted"], letters["visible"], letters["hidden"]])
    assert sorted(letter.body for letter in dead_letters.read(queue, "delivery")) == ["hidden", "visible"]


def test_a_dead_letter_that_becomes_visible_while_reading_is_not_read_twice(queue: Stage):
    """Its page was hidden for a shorter time than the reading takes."""
    for number in range(25):
        put(queue, str(number))
    found = [
        letter.body
        for page in dead_letters.pages(queue, "delivery", limit=100, hidden_seconds=0)
        for letter in page
    ]
    assert len(found) == len(set(found))


@pytest.mark.slow
def test_an_event_that_fails_again_is_redriven_once(queue: Stage, monkeypatch: pytest.MonkeyPatch):
    """The run puts a new dead letter into the queue that is being read."""
    for number in range(25):
        put(queue, json.dumps(event(number)))
    runs: list[str] = []

    def fail_again(stage: Stage, event: BusEvent, *_: Any, **__: Any) -> RunResult:
        runs.append(event.event_id)
        put(stage, json.dumps({"event": event.raw, "failure": {"Error": "Parley.MalformedEvent"}}))
        return RunResult(event, False, {}, "Parley.MalformedEvent", "FAILED")

    monkeypatch.setattr(runner, "run_event", fail_again)
    results = redrive(queue)
    assert len(results) == 25
    assert sorted(runs) == sorted({*runs})
    left = dead_letters.read(queue, "delivery")
    assert sorted(letter.event.event_id for letter in left) == sorted(runs)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ("TIMED_OUT", "States.Timeout"),
        ("FAILED", "SQS.SdkClientException"),
        ("FAILED", "States.Timeout: The task timed out"),
    ],
)
def test_a_dead_letter_is_kept_when_its_run_could_not_write_a_new_one(
    queue: Stage, monkeypatch: pytest.MonkeyPatch, status: str, failure: str
):
    """Otherwise the event would be in no queue."""
    put(queue, json.dumps({"id": "event", "detail-type": "MessageSent", "detail": {}}))
    monkeypatch.setattr(
        runner, "run_event", lambda _, event, *__, **___: RunResult(event, False, {}, failure, status)
    )
    [result] = redrive(queue)
    assert not result.redriven
    assert [letter.event.event_id for letter in dead_letters.read(queue, "delivery")] == ["event"]


def test_a_redrive_continues_at_the_page_where_the_run_ended(queue: Stage, monkeypatch: pytest.MonkeyPatch):
    """Recipients on the pages before it have the frame."""
    page_start = {"channelId": {"S": "c-1"}, "connectionId": {"S": "k-3000"}}
    event = {"detail-type": "MessageSent", "detail": {"data": {"channelId": "c-1"}}}
    put(queue, json.dumps({"event": event, "failure": {"Error": "Parley.OutOfTime"}, "pageStart": page_start}))
    given: list[dict[str, Any]] = []

    def run_event(_stage: Stage, ran: BusEvent, _mode: str, **options: Any) -> RunResult:
        given.append(options)
        return RunResult(ran, True, {"outcome": "delivered"}, None)

    monkeypatch.setattr(runner, "run_event", run_event)
    [letter] = dead_letters.read(queue, "delivery")
    assert dead_letters.redrive(queue, letter).redriven
    assert given == [{"only_to": (), "page_start": page_start}]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_redrive_releases_its_dead_letters(
    queue: Stage, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    """Also those of an earlier page, and when the signal comes twice, as from a closed terminal.

    The record of the command has the exit code with which it ended.
    """
    facts: list[OperationStarted | OperationEnded] = []
    monkeypatch.setattr(publishing, "publish", lambda _, published, **__: facts.extend(published))
    for position in range(15):
        put(queue, json.dumps(event(position)))
    runs: list[str] = []

    def run_event(_stage: Stage, ran: BusEvent, *_: Any, **__: Any) -> RunResult:
        runs.append(ran.event_id)
        if len(runs) == 12:
            os.kill(os.getpid(), number)
        return RunResult(ran, False, {}, f"{runner.NOT_STARTED}: throttled")

    release = dead_letters.hide

    def signalled_again(stage: Stage, letters: Sequence[DeadLetter], *, seconds: int) -> None:
        if seconds == 0:  # the release; on a slow machine the leases are renewed before it
            os.kill(os.getpid(), number)
        release(stage, letters, seconds=seconds)

    monkeypatch.setattr(runner, "run_event", run_event)
    monkeypatch.setattr(dead_letters, "hide", signalled_again)
    assert run_parley(monkeypatch, queue, "redrive", "--queue", "delivery") == 128 + number
    monkeypatch.setattr(dead_letters, "hide", release)
    assert len(dead_letters.read(queue, "delivery")) == 15
    [ended] = [fact for fact in facts if isinstance(fact, OperationEnded)]
    assert (ended.exit_code, ended.outcome) == (128 + number, "failed")


def test_a_killed_redrive_hides_its_dead_letters_for_a_short_lease(queue: Stage, monkeypatch: pytest.MonkeyPatch):
    """The lease is renewed while the command works, so that it can be short."""
    put(queue, "{}")
    hidden: list[int] = []
    renewed = threading.Event()

    def hide(_stage: Stage, _letters: Sequence[DeadLetter], *, seconds: int) -> None:
        hidden.append(seconds)
        renewed.set()

    monkeypatch.setattr(dead_letters, "hide", hide)
    monkeypatch.setattr(held_letters, "RENEW_SECONDS", 0.01)
    with held_letters.HeldLetters(queue) as held:
        held.add(dead_letters.read(queue, "delivery"))
        assert renewed.wait(DEADLINE_SECONDS)
    assert hidden[0] == dead_letters.LEASE_SECONDS <= 60
    assert hidden[-1] == 0


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--dry-run",), ExitCode.DONE), ((), ExitCode.UNREPAIRED)], ids=["look", "redrive"]
)
def test_dead_letters_that_another_redrive_holds_are_reported(
    queue: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: ExitCode,
):
    """They are not "No dead letters.", and a redrive that did not get them is not a success."""
    for position in range(3):
        put(queue, json.dumps(event(position)))
    held = dead_letters.read(queue, "delivery")
    assert run_parley(monkeypatch, queue, "redrive", "--queue", "delivery", *arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search(r"(?m)^3 dead letters are held by another redrive .* until \d\d:\d\d UTC", printed.err)
    dead_letters.release(queue, held)
    run_parley(monkeypatch, queue, "redrive", "--queue", "delivery", "--dry-run")
    assert "held by" not in capsys.readouterr().err


@pytest.mark.parametrize(("limit", "code"), [(2, ExitCode.UNREPAIRED), (3, ExitCode.DONE)])
def test_dead_letters_beyond_the_limit_are_reported(
    queue: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    limit: int,
    code: ExitCode,
):
    """A redrive that left some in the queue is not a success. One that read exactly the limit left none."""
    monkeypatch.setattr(
        runner, "run_event", lambda _, ran, *__, **___: RunResult(ran, True, {"outcome": "delivered"}, None)
    )
    for position in range(3):
        put(queue, json.dumps(event(position)))
    options = ("--queue", "delivery", "--limit", str(limit))
    run_parley(monkeypatch, queue, "redrive", *options, "--dry-run")
    looked = capsys.readouterr().err
    assert run_parley(monkeypatch, queue, "redrive", *options) == code
    for err in (looked, capsys.readouterr().err):
        assert ("Not read: about 1 further dead letter of the queue 'delivery'" in err) is bool(code)


@pytest.mark.parametrize("arguments", [("list",), ("show", "event-0")])
@pytest.mark.parametrize("why", ["held", "beyond the limit"])
def test_dead_letters_that_are_not_listed_are_reported(
    queue: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    why: str,
    arguments: tuple[str, ...],
):
    """Neither "No dead letters." nor "There is no dead letter" is true of them."""
    monkeypatch.setattr(dead_letters, "QUEUES", {"delivery": dead_letters.QUEUES["delivery"]})
    for module in (kept_letters, commands):
        monkeypatch.setattr(module, "QUEUES", dead_letters.QUEUES)
    put(queue, json.dumps(event()))
    if why == "held":
        dead_letters.read(queue, "delivery")
    else:
        for module in (dead_letters, kept_letters, commands):
            monkeypatch.setattr(module, "MAX_DEAD_LETTERS", 0)
    run_parley(monkeypatch, queue, "dead-letters", *arguments)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert (
        "1 dead letter is held by" if why == "held" else "Not read: about 1 further dead letter"
    ) in printed.err
    assert "There is no dead letter" not in printed.err


def test_an_interrupted_restore_says_what_is_put_back(
    queue: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """Run again with the whole file, it would put back the same dead letters twice."""
    record = {"queue": "delivery", "attributes": {}, "messageId": "m-1"}
    file = tmp_path / "kept.jsonl"
    file.write_text("".join(json.dumps({**record, "body": f"{number}"}) + "\n" for number in range(3)))
    sent: list[str] = []

    def send_message(**request: Any) -> None:
        sent.append(request["MessageBody"])
        if len(sent) == 3:
            raise EndpointConnectionError(endpoint_url="https://sqs")

    monkeypatch.setattr(queue.client("sqs"), "send_message", send_message)
    assert run_parley(monkeypatch, queue, "dead-letters", "restore", str(file)) == ExitCode.FAILED
    warned = " ".join(capsys.readouterr().err.split())
    assert f"first 2 lines of {file} are put back: remove these lines." in warned.replace("- ", "-")


def test_a_dead_letter_without_an_event_is_named_by_its_id(
    queue: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It has no event type and no event id, and only its id finds it again."""
    put(queue, "not an event")
    [letter] = dead_letters.read(queue, "delivery")
    dead_letters.release(queue, [letter])
    assert run_parley(monkeypatch, queue, "redrive", "--queue", "delivery") == ExitCode.UNREPAIRED
    printed = capsys.readouterr().out
    assert f"✗ {letter.message_id}: It holds no event that can be read. " in printed
    assert printed.endswith(f"dead-letters show {letter.message_id}\n")


def test_an_option_without_a_value_is_not_recorded(queue: Stage, monkeypatch: pytest.MonkeyPatch):
    """A dead letter without an event has no event id: `parley operations` would show the word "event" alone."""
    facts: list[OperationStarted | OperationEnded] = []
    monkeypatch.setattr(publishing, "publish", lambda _, published, **__: facts.extend(published))
    put(queue, "not an event")
    [letter] = dead_letters.read(queue, "delivery")
    with operations.recorded(
        queue,
        "dead-letters discard",
        {"id": letter.message_id, "event": letter.event.event_id},
        warn=lambda _: None,
    ):
        pass
    [started] = [fact for fact in facts if isinstance(fact, OperationStarted)]
    assert started.options == {"id": letter.message_id}


@pytest.mark.parametrize(
    ("is_held", "arguments", "code"),
    [
        (True, (), ExitCode.UNREPAIRED),
        (False, ("--channel", "nope"), ExitCode.NOT_FOUND),
        (False, (), ExitCode.DONE),
    ],
    ids=["held", "unknown channel", "empty queue"],
)
def test_a_redrive_is_recorded_with_its_exit_code(
    queue: Stage, monkeypatch: pytest.MonkeyPatch, is_held: bool, arguments: tuple[str, ...], code: ExitCode
):
    """`parley operations` shows a redrive that failed as failed."""
    monkeypatch.setattr(lookup, "channel_id", lambda *_: None)
    facts: list[OperationStarted | OperationEnded] = []
    monkeypatch.setattr(publishing, "publish", lambda _, published, **__: facts.extend(published))
    if is_held:
        put(queue, json.dumps(event()))
        dead_letters.read(queue, "delivery")
    assert run_parley(monkeypatch, queue, "redrive", "--queue", "delivery", *arguments) == code
    [ended] = [fact for fact in facts if isinstance(fact, OperationEnded)]
    assert (ended.exit_code, ended.outcome) == (code, "done" if code == ExitCode.DONE else "failed")


def test_a_run_that_reached_no_connection_is_no_success(
    queue: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It succeeds and writes a new dead letter; the command exits with 5 and leaves one dead letter."""
    put(queue, json.dumps({"event": event(), "undelivered": ["k-1"]}))

    def run_event(stage: Stage, ran: BusEvent, *_: Any, **__: Any) -> RunResult:
        put(stage, json.dumps({"event": ran.raw, "undelivered": ["k-1"]}))
        return RunResult(ran, True, {"outcome": "delivered", "reached": 0, "unreached": 1}, None, "SUCCEEDED")

    monkeypatch.setattr(runner, "run_event", run_event)
    assert run_parley(monkeypatch, queue, "redrive", "--queue", "delivery") == ExitCode.UNREPAIRED
    assert "connections that were not reached: 1" in capsys.readouterr().out
    assert len(dead_letters.read(queue, "delivery")) == 1


def test_the_dead_letters_overrule_a_run_that_says_nothing(queue: Stage, monkeypatch: pytest.MonkeyPatch):
    """A stage whose workflow is older does not count the connections that a run did not reach."""
    put(queue, json.dumps({"event": event(), "undelivered": ["k-1"]}))

    def run_event(stage: Stage, ran: BusEvent, *_: Any, **__: Any) -> RunResult:
        put(stage, json.dumps({"event": ran.raw, "undelivered": ["k-1"]}))
        return RunResult(ran, True, {"outcome": "delivered"}, None, "SUCCEEDED")

    monkeypatch.setattr(runner, "run_event", run_event)
    results = redrive(queue)
    assert not any(result.redriven for result in results)
    assert len(results) <= 2
    assert len(dead_letters.read(queue, "delivery")) == 1
