"""The definition of the workflow `deliver` follows its rules. tests/workflows tests what it does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from functions.aws.connection_posts import MAX_CONCURRENT_POSTS
from functions.contract.events import CHANNEL_EVENTS

PATH = Path(__file__).resolve().parents[3] / "workflows" / "deliver.asl.json"
TEXT = PATH.read_text(encoding="utf-8")
DEFINITION: dict[str, Any] = json.loads(TEXT)

MAY_FAIL = {"Task", "Map", "Parallel"}
TERMINAL = {"Succeed", "Fail"}
LETTERS = {"deliver.SendToDeadLetterQueue", "deliver.KeepUndelivered"}
POST_BATCH = "deliver.PostToConnections.PostBatch"
RUN_SECONDS = 300
"""Step Functions ends an Express run after this time, without another state and so without a dead letter."""
MARGIN_SECONDS = 30
"""For Step Functions itself: the time between states."""
LONGEST_PAUSE_SECONDS = 8


def machines(machine: dict[str, Any], name: str = "deliver") -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, definition) of the workflow and of every state machine nested in it."""
    yield name, machine
    for state_name, state in machine["States"].items():
        processors = [state[key] for key in ("ItemProcessor",) if key in state] + state.get("Branches", [])
        for nested in processors:
            yield from machines(nested, f"{name}.{state_name}")


MACHINES = dict(machines(DEFINITION))
STATES = {
    f"{name}.{state}": body for name, machine in MACHINES.items() for state, body in machine["States"].items()
}


def nexts(state: dict[str, Any]) -> list[str]:
    """The names of the states that can follow a state."""
    transitions = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    names = [transition["Next"] for transition in transitions if "Next" in transition]
    return names + ([state["Default"]] if "Default" in state else [])


def strings(value: Any) -> Iterator[str]:
    """Every string in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


@pytest.mark.parametrize("name", STATES)
def test_a_state_has_a_comment(name: str):
    """Every state, nested ones too, has a comment, which the Step Functions console shows with it."""
    comment = STATES[name].get("Comment", "")
    assert comment.endswith(".")
    assert len(comment) >= 20


def test_the_definition_has_a_comment_and_uses_jsonata():
    """The whole definition uses JSONata, and no state uses JSONPath."""
    assert DEFINITION["Comment"].endswith(".")
    assert DEFINITION["QueryLanguage"] == "JSONata"
    assert not [name for name, state in STATES.items() if "QueryLanguage" in state]
    jsonpath = {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "ItemsPath", "Variable"}
    assert not [name for name, state in STATES.items() if jsonpath & set(state)]


@pytest.mark.parametrize("name", STATES)
def test_only_tasks_and_maps_have_retry_and_catch(name: str):
    """Retry and Catch are only in states that can fail; elsewhere Step Functions refuses the definition."""
    state = STATES[name]
    if state["Type"] not in MAY_FAIL:
        assert not {"Retry", "Catch"} & set(state)


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] in MAY_FAIL])
def test_every_failure_is_caught(name: str):
    """Whatever its name. Only the tasks that keep an event have a Retry; others are repeated by a Choice."""
    state = STATES[name]
    catchers = state.get("Catch", [])
    if name == "deliver.SendToDeadLetterQueue":
        assert catchers == [], "its failure fails the run"
    elif name == "deliver.KeepUndelivered":
        assert [catcher["Next"] for catcher in catchers] == ["DeliveryFailed"]
    elif name == POST_BATCH:
        [catcher] = catchers
        assert (catcher["ErrorEquals"], catcher["Next"]) == (["States.ALL"], "MayPostAgain")
    else:
        assert catchers[-1] == {
            "ErrorEquals": ["States.ALL"],
            "Assign": {"failure": "{% $states.errorOutput %}"},
            "Next": "MayStartAgain",
        }
    assert ("Retry" in state) == (name in LETTERS)


@pytest.mark.parametrize("name", sorted(LETTERS))
def test_a_dead_letter_is_tried_again_after_every_failure(name: str):
    """With full jitter; nothing else can keep the event."""
    [retry] = STATES[name]["Retry"]
    assert (retry["ErrorEquals"], retry["JitterStrategy"]) == (["States.ALL"], "FULL")


@pytest.mark.parametrize("name", STATES)
def test_the_general_error_handler_is_the_last(name: str):
    """States.ALL is alone in the last handler, because handlers after it would never match."""
    for kind in ("Retry", "Catch"):
        errors = [handler["ErrorEquals"] for handler in STATES[name].get(kind, ())]
        assert all("States.ALL" not in names for names in errors[:-1])
        assert all(names == ["States.ALL"] for names in errors[-1:] if "States.ALL" in names)


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Task"])
def test_only_errors_of_the_state_s_meaning_are_named(name: str):
    """Conditions that failed; spelled DynamoDB. for optimised integrations, DynamoDb. for those of the SDK."""
    state = STATES[name]
    named = {error for handler in state.get("Catch", ()) for error in handler["ErrorEquals"]} - {"States.ALL"}
    is_sdk = ":aws-sdk:" in state["Resource"]
    assert named <= {
        "DynamoDb.TransactionCanceledException" if is_sdk else "DynamoDB.ConditionalCheckFailedException"
    }


def test_a_failure_is_repeated_unless_it_would_be_the_same_again():
    """The errors that are not repeated are named once; throttles, conflicts and timeouts are not among them."""
    [rule] = STATES["deliver.MayStartAgain"]["Choices"]
    assert set(re.findall(r"'([\w.]+)'", rule["Condition"])) == {
        "DynamoDB.ConditionalCheckFailedException",
        "States.QueryEvaluationError",
        "States.DataLimitExceeded",
    }


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Wait"])
def test_a_pause_is_random_from_zero(name: str):
    """Full jitter: between 0 and a limit that doubles, up to the longest pause."""
    seconds = STATES[name]["Seconds"]
    assert seconds.startswith("{% $floor($random() * $min([8, $power(2, ")
    assert LONGEST_PAUSE_SECONDS == 8


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Task"])
def test_a_task_has_a_timeout(name: str):
    """A call without an answer must not use up the time of the run."""
    assert 1 <= STATES[name]["TimeoutSeconds"] <= 60


def deadline_seconds() -> int:
    """The time of a run after which nothing is repeated or continued."""
    found = re.search(r"StartTime\) \+ (\d+) \* 1000 ", DEFINITION["States"]["ReadEvent"]["Assign"]["deadline"])
    assert found
    return int(found[1])


def before_the_deadline(state: dict[str, Any]) -> set[str]:
    """The next states that a Choice enters only before the deadline."""
    choices = state.get("Choices", ())
    guarded = {choice["Next"] for choice in choices if "$millis() < $deadline" in choice["Condition"]}
    if any("$millis() >= $deadline" in choice["Condition"] for choice in choices):
        guarded.add(state["Default"])
    return guarded


def longest(machine: dict[str, Any], start: str, within: tuple[str, ...] = ()) -> float:
    """The longest time from a state to the end, if the deadline has passed."""
    assert start not in within, f"{start} is repeated without regard to the deadline"
    state = machine["States"][start]
    after = [name for name in nexts(state) if name not in before_the_deadline(state)]
    return own_seconds(state) + max((longest(machine, name, (*within, start)) for name in after), default=0)


def own_seconds(state: dict[str, Any]) -> float:
    """The longest time of a state itself, with its retries."""
    if state["Type"] == "Wait":
        return LONGEST_PAUSE_SECONDS
    if state["Type"] == "Map":
        processor = state["ItemProcessor"]
        starts = {processor["StartAt"]}.union(*map(before_the_deadline, processor["States"].values()))
        return max(longest(processor, start) for start in starts)
    seconds = float(state.get("TimeoutSeconds", 0))
    for retry in state.get("Retry", ()):
        pauses = [retry["IntervalSeconds"] * retry["BackoffRate"] ** n for n in range(retry["MaxAttempts"])]
        seconds += state["TimeoutSeconds"] * retry["MaxAttempts"] + sum(pauses)
    return seconds


def test_no_run_is_timed_out_without_a_dead_letter():
    """Whatever fails and however long each call takes, every way through the states ends before that.

    The longest run is the deadline, and the longest way from a state that is entered right before the deadline.
    """
    entered = {DEFINITION["StartAt"]}.union(*map(before_the_deadline, DEFINITION["States"].values()))
    assert {"BackOff", "FindRecipients"} <= entered
    seconds = deadline_seconds() + max(longest(DEFINITION, name) for name in entered)
    assert seconds <= RUN_SECONDS - MARGIN_SECONDS


def test_recipients_are_read_consistently():
    """A member who was removed gets nothing more, and a connection that was just opened misses nothing.

    An eventually consistent read can return a subscription that is deleted, and miss one that is stored.
    """
    assert "'ConsistentRead': true" in STATES["deliver.FindRecipients"]["Arguments"]


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Task"])
def test_arguments_have_static_keys(name: str):
    """One expression for all arguments is measured for integrations of the SDK only."""
    arguments = STATES[name]["Arguments"]
    assert isinstance(arguments, dict) or ":aws-sdk:" in STATES[name]["Resource"]


def test_placeholders_are_names_and_arns_only():
    """CloudFormation substitutes only names and ARNs of a stage, no logic."""
    placeholders = set(re.findall(r"\$\{([^}]*)\}", TEXT))
    assert placeholders
    assert {name for name in placeholders if not re.fullmatch(r"\w+(Table|Arn|Url)", name)} == set()
    whole = {text for text in strings(DEFINITION) if "${" in text and "{%" not in text}
    assert whole
    assert all(re.fullmatch(r"\$\{\w+\}", text) for text in whole), (
        "a name is a whole value, or quoted in an expression"
    )
    assert "arn:aws:lambda" not in TEXT
    assert not re.search(r"\d{12}", TEXT), "no account id"


@pytest.mark.parametrize("name", MACHINES)
def test_every_transition_leads_to_a_state_and_every_state_is_reachable(name: str):
    """Every named state exists, every state is reachable, and each has a next state or is an end."""
    machine = MACHINES[name]
    states: dict[str, Any] = machine["States"]
    reached: set[str] = set()
    ahead = [machine["StartAt"]]
    while ahead:
        here = ahead.pop()
        assert here in states, f"{here} is not a state"
        if here not in reached:
            reached.add(here)
            ahead += nexts(states[here])
    assert set(states) == reached
    for state_name, state in states.items():
        is_end = state.get("End") is True or state["Type"] in TERMINAL
        has_next = "Next" in state or state["Type"] == "Choice"
        assert is_end != has_next, state_name


def test_one_run_posts_to_a_part_of_the_accounts_quota_at_once():
    """A post takes at least 20 ms, and the account has 10,000 requests a second for all clients and runs."""
    posting = STATES["deliver.PostToConnections"]
    posts_at_once = posting["MaxConcurrency"] * MAX_CONCURRENT_POSTS
    assert posts_at_once / 0.020 <= 10_000
    # A new account has 10 concurrent executions of functions.
    assert posting["MaxConcurrency"] <= 5


def test_a_page_of_recipients_is_posted_to_at_once():
    """So a page takes no longer than one batch, and a slow one cannot use up the five minutes of a run."""
    per_page = re.search(r"'Limit': (\d+)", STATES["deliver.FindRecipients"]["Arguments"])
    per_batch = re.search(r"connectionIds, (\d+)\)", STATES["deliver.PostToConnections"]["Items"])
    assert per_page is not None
    assert per_batch is not None
    assert int(per_page[1]) <= int(per_batch[1]) * STATES["deliver.PostToConnections"]["MaxConcurrency"]
    # The connections of a member who left are posted to with the first page.
    assert f"'Limit': {per_page[1]} - $count($leaver)" in STATES["deliver.FindRecipients"]["Arguments"]
    assert STATES["deliver.FindLeaverConnections"]["Arguments"]["Limit"] < int(per_page[1])


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Choice"])
def test_a_choice_has_a_default(name: str):
    """Without a default a run that matches no choice fails with a runtime error."""
    assert "Default" in STATES[name]


def test_every_channel_event_has_a_choice():
    """An event that matches the rule and no choice would become a dead letter."""
    conditions = " ".join(choice["Condition"] for choice in STATES["deliver.ChooseChange"]["Choices"])
    assert {name for name in CHANNEL_EVENTS if f"'{name}'" not in conditions} == set()


def test_a_dry_run_reaches_no_state_that_writes():
    """A dry run reaches only states that read: it also writes no dead letter."""
    reached: set[str] = set()
    ahead = [DEFINITION["StartAt"]]
    while ahead:
        here = ahead.pop()
        if here in reached:
            continue
        reached.add(here)
        state = DEFINITION["States"][here]
        # A dry run can take every branch up to the one whose condition tests the mode.
        next_names = nexts(state)
        for number, choice in enumerate(state.get("Choices", ())):
            if "dry-run" in choice["Condition"]:
                next_names = [taken["Next"] for taken in state["Choices"][: number + 1]]
                break
        ahead += next_names
    tasks = {name for name in reached if DEFINITION["States"][name]["Type"] in MAY_FAIL}
    assert tasks == {"FindOriginal", "LookUpStored"}
    assert all(DEFINITION["States"][task]["Resource"].endswith(":getItem") for task in tasks)
    assert {"WouldDeliver", "DeliveryFailed"} <= reached


EXPRESSIONS = re.compile(r"'?\"?(\w+Expression)\"?'?: ?['\"](?:{% ')?([^'\"]+)['\"]")
FUNCTIONS = {
    "attribute_exists",
    "attribute_not_exists",
    "attribute_type",
    "begins_with",
    "contains",
    "size",
    "if_not_exists",
    "list_append",
}
SYNTAX = {"SET", "ADD", "REMOVE", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"}


@pytest.mark.parametrize("expression", sorted({text for _, text in EXPRESSIONS.findall(TEXT)}))
def test_no_expression_uses_a_reserved_word(expression: str):
    """DynamoDB refuses reserved words only when the expression runs, and an emulator may accept them."""
    reserved = {word.upper() for word in ReservedKeywords.get_reserved_keywords()}
    names = set(re.findall(r"(?<![#:\w])[A-Za-z_]\w*", expression)) - FUNCTIONS - SYNTAX
    assert names
    assert {name for name in names if name.upper() in reserved} == set()
