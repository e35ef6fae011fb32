"""A tail leaves nothing behind, and the next one removes what a killed tail left, but never one that is in use."""

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from ops import signals
from ops.events import tail
from ops.events.tail import LEASE_SECONDS, LEASE_TAG, open_tail
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage


@pytest.fixture(scope="module")
def account() -> Iterator[boto3.Session]:
    """One simulated account for all tests."""
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.fixture
def stage(account: boto3.Session) -> Iterator[Stage]:
    """A stage with a bus. Nothing is left on it after each test."""
    bus = f"bus-{uuid4()}"
    account.client("events").create_event_bus(Name=bus)
    stage = deployed_stage(Events={"EventBusName": bus})
    yield stage
    tail.remove_tails(stage, in_use=True)


def left(stage: Stage) -> tuple[int, int]:
    """How many rules and queues of tails there are."""
    rules = stage.client("events").list_rules(EventBusName=stage.output("Events", "EventBusName"))["Rules"]
    return len(rules), len(tail._queues(stage, tail._prefix(stage)))


def kill(stage: Stage) -> str:
    """Open a tail and end it without its clean-up. Returns the URL of its queue."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "_remove", lambda *_: None)
        with open_tail(stage) as opened:
            return opened.queue_url


@pytest.mark.parametrize("number", signals.STOPPING)
def test_a_stopped_tail_removes_its_rule_and_queue(stage: Stage, number: signal.Signals):
    """Also when the signal comes twice."""

    def work() -> None:
        with signals.raised(), open_tail(stage):
            assert left(stage) == (1, 1)
            os.kill(os.getpid(), number)

    with pytest.raises((KeyboardInterrupt, SystemExit)):
        work()
    assert left(stage) == (0, 0)


def test_a_tail_that_is_stopped_while_it_opens_leaves_no_queue(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """The queue exists already, and its URL is not known."""
    sqs = stage.client("sqs")
    create = sqs.create_queue

    def stopped(**request: Any) -> None:
        create(**request)
        raise KeyboardInterrupt

    monkeypatch.setattr(sqs, "create_queue", stopped)
    with pytest.raises(KeyboardInterrupt), open_tail(stage):
        pass
    assert left(stage) == (0, 0)


def test_a_killed_tail_is_removed_and_reported_when_its_lease_has_ended(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    """A tail in use renews its lease, and is not removed however old it is."""
    started = time.time()
    monkeypatch.setattr("ops.events.tail.time.time", lambda: started - 2 * LEASE_SECONDS)
    kill(stage)
    in_use = kill(stage)
    monkeypatch.setattr("ops.events.tail.time.time", lambda: started)
    renewed = tail.Tail(stage, in_use, _renewed=time.monotonic() - tail.RENEW_SECONDS - 1)
    renewed.poll(wait_seconds=0)
    tags = stage.client("sqs").list_queue_tags(QueueUrl=in_use)["Tags"]
    assert int(tags[LEASE_TAG]) == int(started) + LEASE_SECONDS
    notes: list[str] = []
    with open_tail(stage, on_note=notes.append):
        assert left(stage) == (2, 2)
        assert in_use in tail._queues(stage, tail._prefix(stage)).values()
    assert notes == ["Removed the rule and queue of a tail that was killed."]
    assert left(stage) == (1, 1)


def test_the_rules_and_queues_of_the_stage_stay(stage: Stage):
    """On the same bus, and of another stage whose name begins alike."""
    events, bus = stage.client("events"), stage.output("Events", "EventBusName")
    own = ["Parley-tests-deliver-channel-events", f"parley-{stage.name}2-tail-1-abc"]
    for name in own:
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["parley"]}))
        stage.client("sqs").create_queue(QueueName=name)
    kill(stage)
    # A tail that was being opened or removed may have a rule alone.
    events.put_rule(
        Name=f"{tail._prefix(stage)}1-abc", EventBusName=bus, EventPattern=json.dumps({"source": ["parley"]})
    )
    assert tail.remove_tails(stage, in_use=True) == 2
    assert [rule["Name"] for rule in events.list_rules(EventBusName=bus)["Rules"]] == own
    assert {*own} <= {*tail._queues(stage, "")}
