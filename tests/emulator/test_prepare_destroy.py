"""What prevents the deletion of a bus: `prepare-destroy` removes or reports it, a tail what it made."""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from local import deployment
from ops.errors import ExitCode
from ops.events.tail import open_tail
from ops.events.teardown import NO_BUS, Teardown, prepare
from ops.stage import sessions
from ops.stage.stage import STACKS, Stage
from tests.emulator.conftest import Stack
from tests.emulator.parley_app import ROOT
from tests.emulator.test_cloudformation import delete, deploy
from tests.unit.local.test_command_line import run
from tests.waiting import COMMAND_SECONDS


@pytest.fixture
def events(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of EventBridge. The emulator is AWS for the commands too."""
    for name, value in deployment.environment(stack.emulator.url).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return stack.client("events")


def deploy_bus(stack: Stack, stage: str, *rules: str, policy: str = "Delete") -> str:
    """Deploy the stack `Events` of a stage with a bus alone, add rules to the bus, and return its name."""
    bus = f"Parley-{stage}-1a2b3c4d"
    resource = {"Type": "AWS::Events::EventBus", "Properties": {"Name": bus}, "DeletionPolicy": policy}
    outputs = {"EventBusName": {"Value": {"Ref": "Bus"}}}
    deploy(stack, f"Parley-{stage}-Events", {"Bus": resource}, outputs=outputs)
    for rule in rules:
        pattern = json.dumps({"source": ["parley"]})
        stack.client("events").put_rule(Name=rule, EventBusName=bus, EventPattern=pattern)
    return bus


def test_the_rules_and_queues_of_tails_are_removed(stack: Stack, events: Any):
    """Of all tails, however new. The rules of the stacks stay: CloudFormation deletes them."""
    of_the_stage = "Parley-tails-Delivery-StatusEvents-ABC"
    bus = deploy_bus(stack, "tails", of_the_stage)
    stage = Stage.remaining("tails", sessions.of_operator())
    with open_tail(stage), open_tail(stage):
        assert prepare(stage) == Teardown(removed_tails=2, other_rules=[], bus_is_kept=False)
        assert [rule["Name"] for rule in events.list_rules(EventBusName=bus)["Rules"]] == [of_the_stage]
        assert not stack.client("sqs").list_queues(QueueNamePrefix="parley-tails-").get("QueueUrls")


def test_a_rule_that_parley_did_not_make_is_reported(
    stack: Stack, events: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The command names it and fails, so that `make destroy` stops before it deletes anything."""
    bus = deploy_bus(stack, "reported", "Parley-reported-Delivery-StatusEvents-ABC", "of-a-colleague")
    assert run(monkeypatch, "--stage", "reported", "prepare-destroy") == ExitCode.FAILED
    message = capsys.readouterr().err
    assert "of-a-colleague" in message
    assert "StatusEvents" not in message
    events.delete_rule(Name="of-a-colleague", EventBusName=bus)
    assert run(monkeypatch, "--stage", "reported", "prepare-destroy") == ExitCode.DONE


def test_such_a_rule_does_not_matter_to_a_stage_that_keeps_its_bus(
    stack: Stack, events: Any, monkeypatch: pytest.MonkeyPatch
):
    """The bus is not deleted."""
    deploy_bus(stack, "keeps", "of-a-colleague", policy="Retain")
    assert run(monkeypatch, "--stage", "keeps", "prepare-destroy") == ExitCode.DONE


def test_a_stage_that_is_deleted_in_part_can_be_prepared_again(stack: Stack, events: Any):
    """Without its bus, or without the stack, there is nothing to do."""
    events.delete_event_bus(Name=deploy_bus(stack, "partial"))
    assert prepare(Stage.remaining("partial", sessions.of_operator())) == NO_BUS
    assert delete(stack, "Parley-partial-Events")[0] == "DELETE_COMPLETE"
    assert prepare(Stage.remaining("partial", sessions.of_operator())) == NO_BUS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_tail_that_is_terminated_removes_its_rule(stack: Stack, events: Any, number: signal.Signals):
    """And its queue: by `kill`, or by its terminal, which was closed."""
    stage = f"ended-{number.name.lower()}"
    bus = deploy_bus(stack, stage)
    addresses = {name: {"Value": "http://localhost"} for name in ("SiteUrl", "WebSocketUrl")}
    for part in set(STACKS) - {"Events"}:
        deploy(stack, f"Parley-{stage}-{part}", {"Queue": {"Type": "AWS::SQS::Queue"}}, outputs=addresses)

    def resources() -> list[str]:
        rules = events.list_rules(EventBusName=bus)["Rules"]
        queues = stack.client("sqs").list_queues(QueueNamePrefix=f"parley-{stage}-tail-").get("QueueUrls", [])
        return [rule["Name"] for rule in rules] + list(queues)

    tail = subprocess.Popen(
        [sys.executable, "-m", "local.command_line", "--stage", stage, "tail"],
        cwd=ROOT,
        env=deployment.environment(stack.emulator.url),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tail.stderr is not None
        assert "Watching" in tail.stderr.readline()
        assert len(resources()) == 2
        tail.send_signal(number)
        tail.communicate(timeout=COMMAND_SECONDS)
    finally:
        tail.kill()
    assert resources() == []
