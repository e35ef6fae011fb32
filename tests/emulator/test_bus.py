"""Events are delivered as by EventBridge."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulator.conftest import Stack
from tests.waiting import wait_until

TRACE = "Root=1-6745a1b2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"


def test_the_trace_header_reaches_a_queue_and_its_function(stack: Stack):
    """PutEvents' TraceHeader is the AWSTraceHeader of the message and of the function's record."""
    stack.put_event("Said", {"id": "traced"}, TraceHeader=TRACE)
    message = stack.receive("Live", lambda body: body["detail"]["id"] == "traced")
    assert message["Attributes"]["AWSTraceHeader"] == TRACE
    stack.put_event("Drain", {"id": "drained"}, TraceHeader=TRACE)
    lines = stack.log_lines(f"/aws/lambda/{stack.outputs['Drain']}", '"id": "drained"')
    assert json.loads(lines[0])["header"] == TRACE


def test_an_event_keeps_its_time(stack: Stack):
    """The time in the entry of PutEvents, not that of its arrival."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    stack.put_event("Said", {"id": "timed"}, Time=moment)
    message = stack.receive("Live", lambda body: body["detail"]["id"] == "timed")
    assert json.loads(message["Body"])["time"] == "2026-01-02T03:04:05Z"


def test_entries_fail_independently(stack: Stack):
    """A malformed detail fails its own entry only."""
    good = {"Source": "tests", "DetailType": "Nothing", "Detail": "{}", "EventBusName": "tests"}
    response = stack.client("events").put_events(Entries=[good, good | {"Detail": "not JSON"}])
    assert response["FailedEntryCount"] == 1
    assert response["Entries"][1]["ErrorCode"] == "MalformedDetail"


def test_an_event_whose_target_does_not_exist_goes_to_the_dead_letter_queue(stack: Stack):
    """The message has the target and the reason as attributes."""
    stack.put_event("Lost", {"id": "lost"})
    message = stack.receive("Dead", lambda body: body["detail"]["id"] == "lost")
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"].endswith(":stateMachine:gone")
    assert attributes["ERROR_CODE"] == "RESOURCE_NOT_FOUND"


def test_a_replay_reaches_only_the_rules_in_its_filter(stack: Stack):
    """A replayed event has the name of its replay and no trace header, and reaches only rules in FilterArns."""
    events = stack.client("events")
    stack.put_event("Archived", {"id": "archived"}, TraceHeader=TRACE)
    stack.receive("Unwanted", lambda body: body["detail"].get("id") == "archived")
    archive = events.describe_archive(ArchiveName=stack.outputs["Archive"])
    assert archive["RetentionDays"] == 3
    rules = {rule["Name"]: rule["Arn"] for rule in events.list_rules(EventBusName="tests")["Rules"]}
    now = datetime.now(UTC)
    events.start_replay(
        ReplayName="again",
        EventSourceArn=archive["ArchiveArn"],
        EventStartTime=now - timedelta(minutes=5),
        EventEndTime=now + timedelta(minutes=5),
        Destination={
            "Arn": archive["EventSourceArn"],
            "FilterArns": [arn for name, arn in rules.items() if "ReplayRule" in name],
        },
    )
    message = stack.receive("Replayed", lambda body: body["detail"].get("id") == "archived")
    assert json.loads(message["Body"])["replay-name"] == "again"
    assert "AWSTraceHeader" not in message["Attributes"]
    wait_until(
        lambda: events.describe_replay(ReplayName="again")["State"] == "COMPLETED", "the replay had been delivered"
    )
    # Queues keep the order here: a replayed event would arrive before an event that is put on the bus now.
    stack.put_event("Archived", {"id": "after the replay"})
    messages = stack.receive_until("Unwanted", lambda body: body["detail"].get("id") == "after the replay")
    assert [body for body in map(body_of, messages) if "replay-name" in body] == []


def body_of(message: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(message["Body"])
    return body


def test_a_batching_window_collects_messages(stack: Stack):
    """The messages of a window reach the function as one batch; without a window the maximum is ten."""
    functions = stack.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=stack.outputs["Drain"])["EventSourceMappings"]
    expected = sorted(f"collected-{number:02}" for number in range(25))
    # The function receives nothing until all messages are in the queue, however long that takes.
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for name in expected:
        stack.put_event("Drain", {"id": name})
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    lines = stack.log_lines(f"/aws/lambda/{stack.outputs['Drain']}", '"batch": ["collected-')
    assert [json.loads(line)["batch"] for line in lines] == [expected]


def test_the_matched_events_of_a_rule_are_counted(stack: Stack):
    """The metric of a custom bus has both dimensions, and counts replayed events too."""
    events = stack.client("events")
    [rule] = [
        rule["Name"] for rule in events.list_rules(EventBusName="tests")["Rules"] if "ReplayRule" in rule["Name"]
    ]
    before = matched(stack, rule)
    for number in range(3):
        stack.put_event("Archived", {"id": f"counted-{number}"})
    start = datetime.now(UTC) - timedelta(minutes=5)
    replay = start_replay(stack, "counted", start, datetime.now(UTC) + timedelta(minutes=5))
    count = len(replayed(stack, "counted"))
    assert count >= 3
    assert matched(stack, rule) - before == count
    assert replay["EventLastReplayedTime"] >= start.replace(microsecond=0)


def test_a_replay_ends_before_its_end_time(stack: Stack):
    """An event at the end time is not replayed, as on AWS."""
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    for seconds in (0, 1):
        stack.put_event("Archived", {"id": f"at-{seconds}"}, Time=moment + timedelta(seconds=seconds))
    start_replay(stack, "bounded", moment, moment + timedelta(seconds=1))
    assert [body["detail"]["id"] for body in replayed(stack, "bounded")] == ["at-0"]


def test_an_archive_deletes_events_after_its_retention(stack: Stack):
    """Those of the last three days are replayed, and older ones are not."""
    now = datetime.now(UTC)
    for days in (4, 2):
        stack.put_event("Archived", {"id": f"{days} days old"}, Time=now - timedelta(days=days))
    start_replay(stack, "retained", now - timedelta(days=5), now - timedelta(days=1, hours=1))
    assert [body["detail"]["id"] for body in replayed(stack, "retained")] == ["2 days old"]


def matched(stack: Stack, rule: str) -> float:
    """The metric MatchedEvents of a rule."""
    points = stack.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Events",
        MetricName="MatchedEvents",
        Dimensions=[{"Name": "EventBusName", "Value": "tests"}, {"Name": "RuleName", "Value": rule}],
        StartTime=datetime.now(UTC) - timedelta(hours=1),
        EndTime=datetime.now(UTC) + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def start_replay(stack: Stack, name: str, start: datetime, end: datetime) -> dict[str, Any]:
    """Replay to the rule of replays, and wait for the end. Returns the description of the replay."""
    events = stack.client("events")
    archive = events.describe_archive(ArchiveName=stack.outputs["Archive"])
    rules = events.list_rules(EventBusName="tests")["Rules"]
    events.start_replay(
        ReplayName=name,
        EventSourceArn=archive["ArchiveArn"],
        EventStartTime=start,
        EventEndTime=end,
        Destination={
            "Arn": archive["EventSourceArn"],
            "FilterArns": [rule["Arn"] for rule in rules if "ReplayRule" in rule["Name"]],
        },
    )

    def ended() -> dict[str, Any]:
        replay: dict[str, Any] = events.describe_replay(ReplayName=name)
        return replay if replay["State"] == "COMPLETED" else {}

    return wait_until(ended, f"the replay {name} had ended")


def replayed(stack: Stack, name: str) -> list[dict[str, Any]]:
    """The events of a replay that has ended; the queue is emptied."""
    sqs = stack.client("sqs")
    found: list[dict[str, Any]] = []
    while True:
        messages = sqs.receive_message(QueueUrl=stack.outputs["Replayed"], MaxNumberOfMessages=10).get(
            "Messages", []
        )
        if not messages:
            return [body for body in found if body.get("replay-name") == name]
        for message in messages:
            found.append(body_of(message))
            sqs.delete_message(QueueUrl=stack.outputs["Replayed"], ReceiptHandle=message["ReceiptHandle"])
