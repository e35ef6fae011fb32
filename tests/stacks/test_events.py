"""Which event goes where, by the synthesised rules; and that nothing is lost on its way."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from functions.contract.events import CHANNEL_EVENTS, SOURCE, STATUS_UPDATES
from tests.stacks.conftest import Resource, Synthesised, named

EVENTS = [*CHANNEL_EVENTS, *STATUS_UPDATES]


def rules(stage: Synthesised) -> dict[str, Resource]:
    """The rules by the names that their descriptions open with."""
    found = stage.resources("AWS::Events::Rule").values()
    return {rule["Properties"]["Description"].split(":")[0]: rule["Properties"] for rule in found}


def matching(stage: Synthesised, event: Any) -> set[str]:
    """The rules that an event matches."""
    return {
        name
        for name, rule in rules(stage).items()
        if EventPattern.load(json.dumps(rule["EventPattern"])).matches_event(event)
    }


def event_of(detail_type: str, **extra: str) -> dict[str, Any]:
    return {"source": SOURCE, "detail-type": detail_type, "detail": {}, **extra}


@pytest.mark.parametrize("detail_type", EVENTS)
def test_every_event_has_one_way(stage: Synthesised, detail_type: str) -> None:
    """Durable events run the workflow, ephemeral ones wait in the queue, and none does both or neither."""
    expected = "deliver-channel-events" if detail_type in CHANNEL_EVENTS else "status-events"
    assert matching(stage, event_of(detail_type)) == {expected}


@pytest.mark.parametrize("detail_type", EVENTS)
def test_a_replayed_event_touches_nobody(stage: Synthesised, detail_type: str) -> None:
    """Whatever is replayed goes to the replay queue, and to no live rule."""
    assert matching(stage, event_of(detail_type, **{"replay-name": "yesterday"})) == {"replayed-events"}


def test_events_of_others_are_left_alone(stage: Synthesised) -> None:
    """The bus may be shared; Parley's rules take Parley's events."""
    assert matching(stage, {**event_of("MessageSent"), "source": "somebody.else"}) == set()


def test_every_rule_keeps_what_it_cannot_deliver(stage: Synthesised) -> None:
    """Each target has a dead-letter queue, and gives up within minutes."""
    for name, rule in rules(stage).items():
        (target,) = rule["Targets"]
        assert "DeadLetters" in named(target["DeadLetterConfig"]["Arn"]), name
        assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 300, name
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0, name


def test_every_queue_has_a_dead_letter_queue(stage: Synthesised) -> None:
    """But the dead-letter queues themselves, which keep what they hold for two weeks."""
    for key, queue in stage.resources("AWS::SQS::Queue").items():
        properties = queue["Properties"]
        if "DeadLetters" in key:
            assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600, key
        else:
            assert "DeadLetters" in named(properties["RedrivePolicy"]["deadLetterTargetArn"]), key
        assert properties["SqsManagedSseEnabled"], key


def test_queues_take_from_rules_of_this_bus_only(stage: Synthesised) -> None:
    """EventBridge of another bus, or another account, cannot fill our queues."""
    for key, policy in stage.resources("AWS::SQS::QueuePolicy").items():
        (allowed,) = [
            statement
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]
        source = named(allowed["Condition"]["ArnLike"]["aws:SourceArn"])
        assert ":rule/<Bus" in source, key
        assert source.endswith("/*"), key


def test_everything_on_the_bus_is_archived(stage: Synthesised) -> None:
    """What is not archived cannot be replayed. An empty key id would be refused by EventBridge."""
    (archive,) = stage.resources("AWS::Events::Archive").values()
    assert archive["Properties"]["EventPattern"] == {"source": [SOURCE]}
    assert archive["Properties"]["RetentionDays"] == (90 if stage.stage == "prod" else 14)
    assert "KmsKeyIdentifier" not in archive["Properties"]


def test_the_workflow_shows_its_work_but_not_in_production(dev: Synthesised, prod: Synthesised) -> None:
    """ALL with data fills the console's view of each run; in production logs hold no chat text."""
    for stage, level, data in ((dev, "ALL", True), (prod, "ERROR", False)):
        (machine,) = stage.resources("AWS::StepFunctions::StateMachine").values()
        logging = machine["Properties"]["LoggingConfiguration"]
        assert (logging["Level"], logging["IncludeExecutionData"]) == (level, data)
        assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}
        assert machine["Properties"]["StateMachineType"] == "EXPRESS"


def test_every_placeholder_of_the_workflow_is_filled(stage: Synthesised) -> None:
    """A name that the file asks for and the stack does not give would deploy, and fail at run time."""
    (machine,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    definition = machine["Properties"]["DefinitionString"]
    assert isinstance(definition, str)
    json.loads(definition)
    given = machine["Properties"]["DefinitionSubstitutions"]
    asked = {part.split("}")[0] for part in definition.split("${")[1:]}
    assert asked == set(given)


def test_status_updates_are_taken_many_at_once(stage: Synthesised) -> None:
    """A batch is coalesced, and one bad record does not bring back the others."""
    (source,) = stage.resources("AWS::Lambda::EventSourceMapping").values()
    properties = source["Properties"]
    assert properties["BatchSize"] == 100
    assert properties["MaximumBatchingWindowInSeconds"] == 1
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["ScalingConfig"]["MaximumConcurrency"] >= 2
