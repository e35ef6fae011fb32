"""Runs of `deliver` in a second engine: every failure of a task is repeated or becomes a dead letter, in time."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sfnx.testing import Call, Failure

from functions.contract.shards import last_rows, shard_key
from tests.events import message_sent
from tests.second_engine import EXPRESS_SECONDS, Run
from tests.unit.workflows.conftest import CHANNEL_ID, Deliver, Failing
from tests.workflow_cases import CASE_OF_TASK, CASES

pytestmark = pytest.mark.slow

TRANSIENT = (
    # What throttled on-demand tables raise: the SDK for Java of the optimised integrations has no class for it.
    "{dynamodb}.{other}",
    "{dynamodb}.ThrottlingException",
    "{dynamodb}.ProvisionedThroughputExceededException",
    "{dynamodb}.RequestLimitExceeded",
    "{dynamodb}.RequestLimitExceededException",
    "{dynamodb}.InternalServerError",
    "{dynamodb}.InternalServerErrorException",
    "{dynamodb}.SdkClientException",
    "{dynamodb}.TransactionConflictException",
    "{dynamodb}.TransactionInProgressException",
    "States.Timeout",
    "States.TaskFailed",
    "An.ErrorThatIsNotKnownYet",
)
TRANSIENT_OF_LAMBDA = (
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "ClientError",
)
PERMANENT = ("States.QueryEvaluationError", "States.DataLimitExceeded")
ALL_ERRORS = {"AssignSequence", "PersistOnce"}
"""A task of each integration that gets every error, in thorough runs.

The definition's test checks that all tasks catch errors alike, whatever their names.
"""
TABLE_TASKS = [task for task in CASE_OF_TASK if task != "PostBatch"]
SDK_TASKS = {"PersistOnce", "FindRecipients", "FindLeaverConnections"}


def spelled(error: str, task: str) -> str:
    """An error's name as the integration of a task spells it."""
    is_sdk = task in SDK_TASKS
    return error.format(
        dynamodb="DynamoDb" if is_sdk else "DynamoDB",
        other="DynamoDbException" if is_sdk else "AmazonDynamoDBException",
    )


def posts_of(run: Run) -> tuple[int, int]:
    """The numbers of connections that a run reached and did not reach, by its output."""
    assert run.output is not None
    return run.output["reached"], run.output["unreached"]


def test_every_case_ends_within_its_time(deliver: Deliver):
    """Without a fault, no run waits. A failed run leaves a dead letter with its event, a dry run nothing.

    The cases make every call of the workflow. The engine checks each against botocore's model.
    """
    for number, (case, prepare) in enumerate(CASES.items()):
        channel_id = f"c-{number}"
        deliver.stage.put("channels", channelId=channel_id, kind="private", name="tea", lastSeq=0)
        deliver.subscribe("a", "b", channel_id=channel_id)
        event = prepare(channel_id, deliver.run, deliver.table)
        run = deliver.run(event)
        assert run.seconds == 0, case
        letters = deliver.dead_letters()
        assert len(letters) == (run.status == "FAILED" and event.get("mode") != "dry-run"), case
        assert all(letter["event"] == event for letter in letters), case
    deliver.run(message_sent("c-0"), fault=Failing("PostBatch", "MalformedEventError"))
    states = deliver.engine.definition["States"]
    tasks = {name for name, state in states.items() if state["Type"] == "Task"} | {"PostBatch"}
    assert {call.state for call in deliver.engine.calls} == tasks
    assert json.dumps([call.arguments for call in deliver.engine.calls]).count("{%") == 0


@pytest.mark.parametrize(
    ("task", "error"),
    [
        *((task, error) for task in TABLE_TASKS for error in TRANSIENT[:1]),
        *(
            pytest.param(task, error, marks=pytest.mark.thorough)
            for task in sorted(ALL_ERRORS)
            for error in TRANSIENT[1:]
        ),
    ],
)
def test_a_failure_of_any_name_is_repeated(deliver: Deliver, task: str, error: str):
    """After two failures the run ends as if there had been none: posted, without a dead letter."""
    event = deliver.prepared(CASE_OF_TASK[task])
    fault = Failing(task, spelled(error, task), times=2)
    run = deliver.run(event, fault=fault)
    assert (run.status, fault.left) == ("SUCCEEDED", 0)
    assert run.states.count("BackOff") == 2
    assert deliver.dead_letters() == []
    assert {connection for batch in deliver.posts for connection in batch} >= {"a", "b"}
    assert len(deliver.stage.rows("messages")) == (CASE_OF_TASK[task] not in ("new channel", "member who left"))


@pytest.mark.parametrize(
    "error",
    [
        *TRANSIENT_OF_LAMBDA[:1],
        *(pytest.param(error, marks=pytest.mark.thorough) for error in TRANSIENT_OF_LAMBDA[1:]),
    ],
)
def test_a_failed_batch_is_posted_again(deliver: Deliver, error: str):
    """Whatever the failure's name; the run itself does not start again."""
    event = deliver.prepared("new channel")
    run = deliver.run(event, fault=Failing("PostBatch", error, times=2))
    assert run.status == "SUCCEEDED"
    assert run.states.count("PostBatch") == 3
    assert "BackOff" not in run.states
    assert deliver.posts == [["a", "b"]]
    assert deliver.dead_letters() == []


def test_a_throttled_function_is_invoked_until_the_deadline(deliver: Deliver):
    """A new account runs ten functions at once, so a throttle is likely; after a minute the batch is posted."""
    event = deliver.prepared("new channel")

    def throttled(call: Call) -> None:
        if call.state == "PostBatch" and deliver.engine.waited < 60:
            raise Failure("Lambda.TooManyRequestsException", "Rate Exceeded.")

    run = deliver.run(event, fault=throttled)
    assert (run.status, run.states.count("PostBatch") > 9) == ("SUCCEEDED", True)
    assert deliver.dead_letters() == []
    assert deliver.posts == [["a", "b"]]


@pytest.mark.parametrize(
    ("error", "tries"), [("Runtime.ExitError", range(8, 9)), ("Lambda.TooManyRequestsException", range(10, 100))]
)
def test_a_batch_that_cannot_be_posted_is_kept(deliver: Deliver, error: str, tries: range):
    """After eight tries, or at the deadline; the run goes on, and its output has the number."""
    event = deliver.prepared("new channel")
    run = deliver.run(event, fault=Failing("PostBatch", error, times=10_000))
    assert run.status == "SUCCEEDED"
    assert posts_of(run) == (0, 2)
    assert run.states.count("PostBatch") in tries
    assert run.seconds < 140
    [letter] = deliver.dead_letters()
    assert (letter["undelivered"], letter["failure"]["Error"]) == (["a", "b"], error)


@pytest.mark.parametrize("error", PERMANENT)
@pytest.mark.parametrize("task", sorted(ALL_ERRORS))
def test_a_failure_that_would_be_the_same_again_is_not_repeated(deliver: Deliver, task: str, error: str):
    """It is a dead letter at once."""
    event = deliver.prepared(CASE_OF_TASK[task])
    run = deliver.run(event, fault=Failing(task, error, times=99))
    assert (run.status, run.error, run.states.count(task), run.seconds) == ("FAILED", error, 1, 0)
    [letter] = deliver.dead_letters()
    assert letter["failure"] == {"Error": error, "Cause": "injected"}


@pytest.mark.parametrize("error", [*PERMANENT, "MalformedEventError", "Sandbox.Timedout", "States.Timeout"])
def test_a_batch_that_would_fail_again_is_kept_at_once(deliver: Deliver, error: str):
    """A batch that ran too long was posted to, at least in part."""
    event = deliver.prepared("new channel")
    run = deliver.run(event, fault=Failing("PostBatch", error, times=99))
    assert (run.status, run.states.count("PostBatch"), run.seconds) == ("SUCCEEDED", 1, 0)
    [letter] = deliver.dead_letters()
    assert (letter["undelivered"], letter["failure"]["Error"]) == (["a", "b"], error)


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_cancelled_for_another_reason_than_a_condition_keeps_its_seq(deliver: Deliver, reason: str):
    """The same seq is stored later, so the channel's order has no hole."""
    cause = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{reason}, None]"
    fault = Failing("PersistOnce", "DynamoDb.TransactionCanceledException", cause, times=5)
    run = deliver.run(message_sent(CHANNEL_ID), fault=fault)
    assert (run.status, run.states.count("AssignSequence"), run.states.count("PersistOnce")) == ("SUCCEEDED", 1, 6)
    [row] = deliver.stage.rows("messages")
    assert row["seq"] == 1


def test_a_seq_survives_failures_of_every_kind_after_it(deliver: Deliver):
    """A run that starts again after AssignSequence uses the seq that it has."""
    run = deliver.run(
        message_sent(CHANNEL_ID), fault=Failing("PersistOnce", "DynamoDb.DynamoDbException", times=4)
    )
    assert (run.states.count("AssignSequence"), run.output and run.output["seq"]) == (1, 1)


def test_a_lost_answer_of_the_transaction_does_not_store_the_message_twice(deliver: Deliver):
    """The message was stored, and the run learned of a failure: it finds the original, at the same seq."""

    def lose_answer(call: Call) -> None:
        if call.state == "PersistOnce" and not deliver.stage.rows("messages"):
            deliver.engine._perform(call)
            raise Failure("DynamoDb.InternalServerErrorException", "lost")

    run = deliver.run(message_sent(CHANNEL_ID), fault=lose_answer)
    assert run.output is not None
    assert (run.output["outcome"], run.output["seq"]) == ("delivered", 1)
    assert "LookUpStored" in run.states
    assert len(deliver.stage.rows("messages")) == 1


def test_a_seq_that_another_message_has_is_given_up(deliver: Deliver):
    """The next one is assigned; three in a row end in a dead letter."""
    run = deliver.run(deliver.prepared("message whose seq is taken"))
    assert (run.output and run.output["seq"], run.states.count("AssignSequence"), run.seconds) == (2, 2, 0)
    for seq in (3, 4, 5):
        deliver.stage.put("messages", channelId=CHANNEL_ID, seq=seq, messageId="another")
    run = deliver.run(message_sent(CHANNEL_ID))
    assert run.error == "Parley.PersistContention"
    [letter] = deliver.dead_letters()
    assert letter["failure"]["Error"] == "Parley.PersistContention"


def throttled_for(seconds: float, deliver: Deliver) -> Callable[[Call], None]:
    """A fault: every call to a table fails in the first `seconds` of the run."""

    def fault(call: Call) -> None:
        if ":dynamodb:" in call.resource and deliver.engine.waited < seconds:
            raise Failure(spelled("{dynamodb}.{other}", call.state), "Throughput exceeds the current capacity")

    return fault


@pytest.mark.parametrize("case", sorted(set(CASE_OF_TASK.values())))
def test_a_throttle_of_a_minute_has_no_effect_but_delay(deliver: Deliver, case: str):
    """Every table refuses every call for 60 s: the event is processed and posted, without a dead letter."""
    event = deliver.prepared(case)
    run = deliver.run(event, fault=throttled_for(60, deliver))
    assert run.output
    assert run.output["outcome"] == "delivered"
    assert 60 <= run.seconds < 120
    assert deliver.dead_letters() == []
    assert len(deliver.posts) == 1


@pytest.mark.parametrize("task", TABLE_TASKS)
def test_a_throttle_without_end_becomes_a_dead_letter_in_time(deliver: Deliver, task: str):
    """Before Step Functions ends the run, which would leave no dead letter."""
    event = deliver.prepared(CASE_OF_TASK[task])
    error = spelled("{dynamodb}.{other}", task)
    run = deliver.run(event, fault=Failing(task, error, times=10_000))
    assert (run.status, run.error) == ("FAILED", error)
    assert 120 <= run.seconds < 140
    [letter] = deliver.dead_letters()
    assert letter["event"] == event


@pytest.mark.parametrize("fails_after", [0, 60, 119])
@pytest.mark.parametrize("case", ["new message", "duplicate whose row was lost", "member who left"])
def test_the_slowest_run_ends_before_it_is_timed_out(deliver: Deliver, case: str, fails_after: float):
    """Every call takes as long as it may, and fails up to the deadline, or from then on."""
    event = deliver.prepared(case)
    definition = deliver.engine.definition
    timeouts = {
        name: state["TimeoutSeconds"]
        for machine in (definition, definition["States"]["PostToConnections"]["ItemProcessor"])
        for name, state in machine["States"].items()
        if "TimeoutSeconds" in state
    }

    def slow(call: Call) -> None:
        deliver.engine.advance(timeouts[call.state])
        if ":sqs:" not in call.resource and deliver.engine.waited >= fails_after:
            raise Failure("Lambda.Unknown" if call.state == "PostBatch" else "States.Timeout", "slow")

    run = deliver.run(event, fault=slow)
    assert run.seconds < EXPRESS_SECONDS
    kept = [state for state in run.states if state in ("KeepUndelivered", "SendToDeadLetterQueue")]
    assert len(deliver.dead_letters()) == len(kept)
    assert kept or event.get("mode") == "dry-run" or fails_after


@pytest.mark.parametrize(
    "case",
    ["duplicate of a deleted message", "member who joined and left since", "member who left and joined since"],
)
@pytest.mark.parametrize("redrive", [{}, {"onlyTo": ["a"]}], ids=["again", "redrive"])
def test_what_has_changed_since_is_not_posted(deliver: Deliver, case: str, redrive: dict[str, Any]):
    """A deleted message, and a membership that ended or began again, whatever started the run."""
    event = deliver.prepared(case)
    before = deliver.stage.rows("messages")
    run = deliver.run(event, **redrive)
    assert run.output == {"outcome": "superseded", "detailType": event["detail-type"]}
    assert (deliver.posts, deliver.dead_letters()) == ([], [])
    assert deliver.stage.rows("messages") == before


@pytest.mark.parametrize("mode", ["live", "dry-run"])
def test_the_id_of_a_message_in_another_channel_gives_no_seq(deliver: Deliver, mode: str):
    """Otherwise a user could store messages at seqs of their choice. They can raise no alarm with it either."""
    event = deliver.prepared("message with the id of one in another channel")
    channels = deliver.stage.rows("channels")
    run = deliver.run(event, mode=mode)
    assert run.output == {"outcome": "id-taken", "detailType": "MessageSent"}
    assert (deliver.posts, deliver.dead_letters(), deliver.stage.rows("messages")) == ([], [], [])
    assert deliver.stage.rows("channels") == channels


def marks(deliver: Deliver, name: str) -> list[bool]:
    """A mark of each batch: `isLate`, so that the function reads what is stored now, or `isRepeated`."""
    return [
        call.arguments["Payload"][name]  # type: ignore[index]
        for call in deliver.engine.calls
        if call.state == "PostBatch"
    ]


@pytest.mark.parametrize(
    ("case", "failures", "late", "repeated"),
    [
        ("new message", 0, [False], [False]),
        ("new message", 2, [False, True, True], [False, True, True]),
        ("duplicate of an edited message", 0, [True], [False]),
        ("edit", 1, [False, True], [False, True]),
    ],
)
def test_a_late_or_repeated_post_is_marked(
    deliver: Deliver, case: str, failures: int, late: list[bool], repeated: list[bool]
):
    """A duplicate, and a batch that is posted again: the message may have been changed, and members have left."""
    event = deliver.prepared(case)
    deliver.engine.calls.clear()
    assert (
        deliver.run(event, fault=Failing("PostBatch", "Runtime.ExitError", times=failures)).status == "SUCCEEDED"
    )
    assert marks(deliver, "isLate") == late
    assert marks(deliver, "isRepeated") == repeated


@pytest.mark.parametrize("case", ["edit", "deletion"])
def test_a_change_of_another_message_at_the_seq_has_no_effect(deliver: Deliver, case: str):
    """The message got another seq since: the old event must not change the message that has the seq now."""
    event = deliver.prepared(case)
    row = deliver.stage.rows("messages")[0] | {"messageId": "another"}
    deliver.stage.put("messages", **row)
    assert deliver.run(event).output == {"outcome": "superseded", "detailType": event["detail-type"]}
    assert deliver.stage.rows("messages") == [row]


def test_a_duplicate_at_whose_seq_is_another_message_is_kept(deliver: Deliver):
    """It is not posted with the seq of the other message."""
    run = deliver.run(deliver.prepared("duplicate at whose seq is another message"))
    assert run.error == "Parley.SeqTaken"
    assert deliver.posts == []
    assert len(deliver.dead_letters()) == 1


def in_pages_of(deliver: Deliver, size: int) -> None:
    """Let a page of recipients have `size` rows."""
    state = deliver.engine.definition["States"]["FindRecipients"]
    state["Arguments"] = state["Arguments"].replace("500 - $count($leaver)", str(size))


def test_recipients_on_pages_after_the_deadline_are_kept_for_a_redrive(deliver: Deliver):
    """The dead letter names the page to continue with; a redrive posts to the rest, and to no connection twice."""
    in_pages_of(deliver, 2)
    deliver.subscribe(*(f"k-{number}" for number in range(8)))

    def slow(call: Call) -> None:
        if call.state == "PostBatch":
            deliver.engine.advance(59)

    sent = message_sent(CHANNEL_ID)
    run = deliver.run(sent, fault=slow)
    assert (run.status, run.error) == ("FAILED", "Parley.OutOfTime")
    posted = [connection for batch in deliver.posts for connection in batch]
    assert 2 <= len(posted) < 8
    [letter] = deliver.dead_letters()
    again = deliver.run(letter["event"], pageStart=letter["pageStart"])
    assert again.status == "SUCCEEDED"
    assert posts_of(again) == (8 - len(posted), 0)
    assert sorted(connection for batch in deliver.posts for connection in batch) == [f"k-{n}" for n in range(8)]
    assert len(deliver.stage.rows("messages")) == 1


def test_a_run_that_starts_again_continues_at_its_page(deliver: Deliver):
    """A page that was posted is not posted again."""
    in_pages_of(deliver, 2)
    deliver.subscribe(*(f"k-{number}" for number in range(6)))
    read: list[Any] = []

    def fault(call: Call) -> None:
        if call.state == "FindRecipients":
            read.append(call)
            if len(read) == 2:
                raise Failure("DynamoDb.DynamoDbException", "throttled")

    assert deliver.run(message_sent(CHANNEL_ID), fault=fault).status == "SUCCEEDED"
    assert sorted(connection for batch in deliver.posts for connection in batch) == [f"k-{n}" for n in range(6)]


@pytest.mark.parametrize("per_page", [1, 2, 3, 500])
def test_every_shard_of_a_hot_channel_is_posted_to_once(deliver: Deliver, per_page: int):
    """The row that names the next shard may be the last one of a page, alone in it, or in its middle."""
    in_pages_of(deliver, per_page)
    shard_with_connections(deliver)
    assert deliver.run(message_sent(CHANNEL_ID)).status == "SUCCEEDED"
    assert sorted(connection for batch in deliver.posts for connection in batch) == SHARDED


@pytest.mark.parametrize("per_page", [1, 100])
@pytest.mark.parametrize("damage", [{"nextShard": 7}, {}], ids=["of another type", "without attributes"])
def test_a_damaged_row_that_names_the_next_shard_hides_no_connection(
    deliver: Deliver, per_page: int, damage: dict[str, Any]
):
    """The shards are numbered, so the next one is known."""
    in_pages_of(deliver, per_page)
    shard_with_connections(deliver)
    for row in last_rows(CHANNEL_ID, 3):
        deliver.stage.put("subscriptions", channelId=row["channelId"], connectionId=row["connectionId"], **damage)
    run = deliver.run(message_sent(CHANNEL_ID))
    assert (run.status, deliver.dead_letters()) == ("SUCCEEDED", [])
    assert sorted(connection for batch in deliver.posts for connection in batch) == SHARDED


def test_a_run_out_of_time_continues_in_the_shard_where_it_stopped(deliver: Deliver):
    """The page of the dead letter is of any shard, or the beginning of one."""
    in_pages_of(deliver, 2)
    shard_with_connections(deliver)
    letters: list[Any] = [{"event": message_sent(CHANNEL_ID)}]
    pages: list[Any] = []
    while letters:
        [letter] = letters
        start = {"pageStart": letter["pageStart"]} if "pageStart" in letter else {}
        pages.append(start)

        def slow(call: Call) -> None:
            if call.state == "PostBatch":
                deliver.engine.advance(130)

        deliver.run(letter["event"], fault=slow, **start)
        letters = deliver.dead_letters()
    assert sorted(connection for batch in deliver.posts for connection in batch) == SHARDED
    assert {"pageStart": {"channelId": {"S": f"{CHANNEL_ID}#1"}}} in pages


SHARDED = ["k-0-0", "k-0-1", "k-0-2", "k-2-0", "k-2-1"]
"""The connections of `shard_with_connections`. The shard in the middle has none."""


def shard_with_connections(deliver: Deliver) -> None:
    """Give the channel three shards, the one in the middle without a connection."""
    for row in last_rows(CHANNEL_ID, 3):
        deliver.stage.put("subscriptions", **row)
    for connection_id in SHARDED:
        deliver.subscribe(connection_id, channel_id=shard_key(CHANNEL_ID, int(connection_id[2])))


def test_the_member_who_left_gets_the_frame_with_the_recipients(deliver: Deliver):
    """Their connections are in the first page's batches: if posting fails, the run goes on and keeps them."""
    event = deliver.prepared("member who left")
    leaver = [f"{event['detail']['data']['userId']}-{number}" for number in range(2)]
    assert deliver.run(event).status == "SUCCEEDED"
    assert deliver.posts == [[*leaver, "a", "b"]]
    deliver.posts.clear()
    run = deliver.run(event, fault=Failing("PostBatch", "Runtime.ExitError", times=99))
    assert run.status == "SUCCEEDED"
    [letter] = deliver.dead_letters()
    assert letter["undelivered"] == [*leaver, "a", "b"]
    assert deliver.run(event, onlyTo=letter["undelivered"][:1]).status == "SUCCEEDED"
    assert deliver.posts == [leaver[:1]]


@pytest.mark.parametrize("task", ["AssignSequence", "PostBatch"])
def test_a_long_cause_is_cut(deliver: Deliver, task: str):
    """A cause alone can be as long as a dead letter may be."""
    event = deliver.prepared(CASE_OF_TASK[task])
    run = deliver.run(event, fault=Failing(task, "States.DataLimitExceeded", "x" * 250_000, times=99))
    assert "SendToDeadLetterQueue" in run.states or "KeepUndelivered" in run.states
    [letter] = deliver.dead_letters()
    assert letter["failure"]["Cause"] == "x" * 2000


def test_a_failure_without_a_cause_is_kept_too(deliver: Deliver):
    """An empty cause is no reason to lose the dead letter."""
    deliver.run(message_sent(CHANNEL_ID), fault=Failing("AssignSequence", "States.DataLimitExceeded", ""))
    assert [letter["failure"]["Cause"] for letter in deliver.dead_letters()] == [""]
