"""The target of each event, by the synthesised rules, and the queues that keep what is not delivered."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from functions.contract.events import CHANNEL_EVENTS, SOURCE, STATUS_UPDATES
from tests.stacks.conftest import Resource, Synthesised, named

EVENTS = [*CHANNEL_EVENTS, *STATUS_UPDATES]


def rules(stage: Synthesised) -> dict[str, Resource]:
    """The rules by the names at the start of their descriptions."""
    found = stage.resources("AWS::Events::Rule").values()
    return {rule["Properties"]["Description"].split(":")[0]: rule["Properties"] for rule in found}


def matching(stage: Synthesised, event: Any) -> set[str]:
    """Return the rules that an event matches."""
    return {
        name
        for name, rule in rules(stage).items()
        if EventPattern.load(json.dumps(rule["EventPattern"])).matches_event(event)
    }


def event_of(detail_type: str, **extra: str) -> dict[str, Any]:
    return {"source": SOURCE, "detail-type": detail_type, "detail": {}, **extra}


@pytest.mark.parametrize("detail_type", EVENTS)
def test_every_event_matches_one_live_rule(stage: Synthesised, detail_type: str) -> None:
    """Durable events start the workflow, ephemeral events go to the queue."""
    expected = "deliver-channel-events" if detail_type in CHANNEL_EVENTS else "status-events"
    assert matching(stage, event_of(detail_type)) == {expected}


@pytest.mark.parametrize("detail_type", EVENTS)
def test_a_replayed_event_matches_no_live_rule(stage: Synthesised, detail_type: str) -> None:
    """It goes to the replay queue only."""
    assert matching(stage, event_of(detail_type, **{"replay-name": "yesterday"})) == {"replayed-events"}


def test_events_of_other_sources_match_no_rule(stage: Synthesised) -> None:
    """The bus may be shared."""
    assert matching(stage, {**event_of("MessageSent"), "source": "another.source"}) == set()


def test_every_rule_has_a_dead_letter_queue(stage: Synthesised) -> None:
    """Channel events are retried for a day, EventBridge's limit; other events for five minutes."""
    for name, rule in rules(stage).items():
        (target,) = rule["Targets"]
        assert "DeadLetters" in named(target["DeadLetterConfig"]["Arn"]), name
        seconds = 24 * 3600 if name == "deliver-channel-events" else 300
        assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == seconds, name
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 185, name


def test_every_queue_has_a_dead_letter_queue(stage: Synthesised) -> None:
    """Except for the dead-letter queues themselves, which keep messages for two weeks."""
    for key, queue in stage.resources("AWS::SQS::Queue").items():
        properties = queue["Properties"]
        if "DeadLetters" in key:
            assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600, key
        else:
            assert "DeadLetters" in named(properties["RedrivePolicy"]["deadLetterTargetArn"]), key
        assert properties["SqsManagedSseEnabled"], key


def test_no_status_update_expires_before_it_is_a_dead_letter(stage: Synthesised) -> None:
    """Also if each receive times out, and with days left to repair the function. A dead letter keeps its age."""
    (queue,) = (
        queue["Properties"]
        for key, queue in stage.resources("AWS::SQS::Queue").items()
        if "Status" in key and "DeadLetters" not in key
    )
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    # A throttled function receives too. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    assert receives >= 5
    tried_seconds = queue["VisibilityTimeout"] * receives
    assert tried_seconds + 3 * 24 * 3600 <= queue["MessageRetentionPeriod"] <= 7 * 24 * 3600


def test_a_replay_that_is_stopped_often_makes_no_dead_letters(stage: Synthesised) -> None:
    """Each stopped command has received events that it did not delete. The next one gets them within minutes."""
    (queue,) = (
        queue["Properties"]
        for key, queue in stage.resources("AWS::SQS::Queue").items()
        if "Replay" in key and "DeadLetters" not in key
    )
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 100
    assert queue["VisibilityTimeout"] == 60


def test_queues_accept_messages_of_this_buss_rules_only(stage: Synthesised) -> None:
    """Not from another bus or another account."""
    for key, policy in stage.resources("AWS::SQS::QueuePolicy").items():
        (allowed,) = [
            statement
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow"
        ]
        source = named(allowed["Condition"]["ArnLike"]["aws:SourceArn"])
        assert ":rule/<Bus" in source, key
        assert source.endswith("/*"), key


def test_every_event_is_archived(stage: Synthesised) -> None:
    """Only archived events can be replayed. EventBridge would refuse an empty key id."""
    (archive,) = stage.resources("AWS::Events::Archive").values()
    assert archive["Properties"]["EventPattern"] == {"source": [SOURCE]}
    assert archive["Properties"]["RetentionDays"] == (90 if stage.stage == "prod" else 14)
    assert "KmsKeyIdentifier" not in archive["Properties"]


def test_the_workflow_logs_data_except_in_production(dev: Synthesised, prod: Synthesised) -> None:
    """Level ALL with data shows each run in the console; in production, logs contain no message texts."""
    for stage, level, data in ((dev, "ALL", True), (prod, "ERROR", False)):
        (machine,) = stage.resources("AWS::StepFunctions::StateMachine").values()
        logging = machine["Properties"]["LoggingConfiguration"]
        assert (logging["Level"], logging["IncludeExecutionData"]) == (level, data)
        assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}
        assert machine["Properties"]["StateMachineType"] == "EXPRESS"


def test_every_placeholder_of_the_workflow_has_a_value(stage: Synthesised) -> None:
    """A missing value would deploy and fail at run time."""
    (machine,) = stage.resources("AWS::StepFunctions::StateMachine").values()
    definition = machine["Properties"]["DefinitionString"]
    assert isinstance(definition, str)
    json.loads(definition)
    values = machine["Properties"]["DefinitionSubstitutions"]
    placeholders = {part.split("}")[0] for part in definition.split("${")[1:]}
    assert placeholders == set(values)


def test_status_updates_are_received_in_batches(stage: Synthesised) -> None:
    """A batch is coalesced, and a failed record does not bring back the others."""
    (source,) = stage.resources("AWS::Lambda::EventSourceMapping").values()
    properties = source["Properties"]
    assert properties["BatchSize"] == 200
    assert properties["MaximumBatchingWindowInSeconds"] == 1
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["ScalingConfig"]["MaximumConcurrency"] == 2


def test_the_batches_of_status_updates_at_once_are_a_setting(full: Synthesised) -> None:
    """A stage with more people needs more posts per second (docs/scale.md)."""
    (source,) = full.resources("AWS::Lambda::EventSourceMapping").values()
    assert source["Properties"]["ScalingConfig"]["MaximumConcurrency"] == 8
