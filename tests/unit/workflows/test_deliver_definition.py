"""The definition of the workflow `deliver` follows its rules. tests/workflows tests what it does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from functions.aws.clients import MAX_CONCURRENT_POSTS
from functions.contract.events import CHANNEL_EVENTS

PATH = Path(__file__).resolve().parents[3] / "workflows" / "deliver.asl.json"
TEXT = PATH.read_text(encoding="utf-8")
DEFINITION: dict[str, Any] = json.loads(TEXT)

MAY_FAIL = {"Task", "Map", "Parallel"}
TERMINAL = {"Succeed", "Fail"}
RETRIED_WRITES = {
    "dynamodb:updateItem",
    "dynamodb:getItem",
    "dynamodb:putItem",
    "aws-sdk:dynamodb:query",
    "aws-sdk:dynamodb:transactWriteItems",
}


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
    """Every state that can fail catches all errors, except SendToDeadLetterQueue, whose failure fails the run."""
    state = STATES[name]
    if name == "deliver.SendToDeadLetterQueue":
        assert "Retry" in state
        return
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    if state["Type"] == "Task":
        assert state["Retry"]


@pytest.mark.parametrize("name", STATES)
def test_the_general_error_handler_is_the_last(name: str):
    """States.ALL is alone in the last handler, because handlers after it would never match."""
    for kind in ("Retry", "Catch"):
        errors = [handler["ErrorEquals"] for handler in STATES[name].get(kind, ())]
        assert all("States.ALL" not in names for names in errors[:-1])
        assert all(names == ["States.ALL"] for names in errors[-1:] if "States.ALL" in names)


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Task"])
def test_errors_are_spelled_as_the_integration_spells_them(name: str):
    """Errors of optimised integrations begin with DynamoDB., those of SDK integrations with DynamoDb."""
    state = STATES[name]
    integration = state["Resource"].removeprefix("arn:aws:states:::")
    if integration.startswith("aws-sdk:dynamodb"):
        prefix, suffix = "DynamoDb.", "Exception"
    elif integration.startswith("dynamodb"):
        prefix, suffix = "DynamoDB.", ""
    elif integration.startswith("lambda"):
        prefix, suffix = "Lambda.", "Exception"
    else:
        prefix, suffix = "States.ALL", ""
    errors = [
        error for kind in ("Retry", "Catch") for handler in state.get(kind, ()) for error in handler["ErrorEquals"]
    ]
    assert errors
    wrong = [
        error
        for error in errors
        if error != "States.ALL" and not (error.startswith(prefix) and error.endswith(suffix))
    ]
    assert wrong == []


def test_assigning_a_seq_is_retried_after_a_conflict():
    """AssignSequence retries a conflict with the transaction that writes the channel's row when a user joins."""
    [retry] = STATES["deliver.AssignSequence"]["Retry"]
    assert "DynamoDB.TransactionConflictException" in retry["ErrorEquals"]


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


EXPRESSIONS = re.compile(r"'?\"?(\w+Expression)\"?'?: ?['\"]([^'\"]+)['\"]")
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
