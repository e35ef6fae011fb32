"""The definition of the workflow `deliver` keeps to the house style. What it does is tested by running it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

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
    """The definition, and every machine nested in it."""
    yield name, machine
    for state_name, state in machine["States"].items():
        inner = [state[key] for key in ("ItemProcessor",) if key in state] + state.get("Branches", [])
        for nested in inner:
            yield from machines(nested, f"{name}.{state_name}")


MACHINES = dict(machines(DEFINITION))
STATES = {
    f"{name}.{state}": body for name, machine in MACHINES.items() for state, body in machine["States"].items()
}


def nexts(state: dict[str, Any]) -> list[str]:
    """Where a state may lead to."""
    ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return [way["Next"] for way in ways if "Next" in way] + ([state["Default"]] if "Default" in state else [])


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
def test_a_state_says_what_it_is_for(name: str):
    """The console shows it beside the state; nested states too."""
    comment = STATES[name].get("Comment", "")
    assert comment.endswith(".")
    assert len(comment) >= 20


def test_the_definition_says_what_it_does():
    """And speaks JSONata from the top, in no state anything else."""
    assert DEFINITION["Comment"].endswith(".")
    assert DEFINITION["QueryLanguage"] == "JSONata"
    assert not [name for name, state in STATES.items() if "QueryLanguage" in state]
    jsonpath = {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "ItemsPath", "Variable"}
    assert not [name for name, state in STATES.items() if jsonpath & set(state)]


@pytest.mark.parametrize("name", STATES)
def test_only_what_can_fail_catches(name: str):
    """Retry and Catch are for tasks and maps; elsewhere the definition would be refused."""
    state = STATES[name]
    if state["Type"] not in MAY_FAIL:
        assert not {"Retry", "Catch"} & set(state)


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] in MAY_FAIL])
def test_no_failure_is_lost(name: str):
    """Whatever fails is caught, down to the last resort, which makes the run fail and the alarm ring."""
    state = STATES[name]
    if name == "deliver.SendToDeadLetterQueue":
        assert "Retry" in state
        return
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    if state["Type"] == "Task":
        assert state["Retry"]


@pytest.mark.parametrize("name", STATES)
def test_the_specific_comes_before_the_general(name: str):
    """States.ALL stands alone and last, or it would take what the others are for."""
    for kind in ("Retry", "Catch"):
        errors = [handler["ErrorEquals"] for handler in STATES[name].get(kind, ())]
        assert all("States.ALL" not in each for each in errors[:-1])
        assert all(each == ["States.ALL"] for each in errors[-1:] if "States.ALL" in each)


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Task"])
def test_errors_are_spelled_as_the_integration_spells_them(name: str):
    """Optimised integrations say DynamoDB., SDK integrations say DynamoDb.; the other never matches."""
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
        error for kind in ("Retry", "Catch") for each in state.get(kind, ()) for error in each["ErrorEquals"]
    ]
    assert errors
    wrong = [
        error
        for error in errors
        if error != "States.ALL" and not (error.startswith(prefix) and error.endswith(suffix))
    ]
    assert wrong == []


def test_a_place_in_the_order_is_worth_a_retry():
    """Who joins writes the channel's row in a transaction; a message at that moment must not be lost to it."""
    [retry] = STATES["deliver.AssignSequence"]["Retry"]
    assert "DynamoDB.TransactionConflictException" in retry["ErrorEquals"]


def test_placeholders_are_names_and_arns_only():
    """CloudFormation fills in what differs between stages, and nothing of the logic."""
    placeholders = set(re.findall(r"\$\{([^}]*)\}", TEXT))
    assert placeholders
    assert {each for each in placeholders if not re.fullmatch(r"\w+(Table|Arn|Url)", each)} == set()
    whole = {text for text in strings(DEFINITION) if "${" in text and "{%" not in text}
    assert whole
    assert all(re.fullmatch(r"\$\{\w+\}", text) for text in whole), (
        "a name is a whole value, or quoted in an expression"
    )
    assert "arn:aws:lambda" not in TEXT
    assert not re.search(r"\d{12}", TEXT), "no account's number"


@pytest.mark.parametrize("name", MACHINES)
def test_every_way_leads_somewhere_and_every_state_is_reached(name: str):
    """No state is missing, none is left over, and each has a way on or is an end."""
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
        goes_on = "Next" in state or state["Type"] == "Choice"
        assert is_end != goes_on, state_name


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] == "Choice"])
def test_a_choice_has_a_default(name: str):
    """Without one a run that fits no choice would fail unheard."""
    assert "Default" in STATES[name]


def test_every_channel_event_has_its_way():
    """An event that the rule lets in and no state knows would end with the dead letters."""
    conditions = " ".join(choice["Condition"] for choice in STATES["deliver.ChooseChange"]["Choices"])
    assert {name for name in CHANNEL_EVENTS if f"'{name}'" not in conditions} == set()


def test_a_dry_run_meets_no_state_that_writes():
    """Wherever the mode is asked a dry run turns off; all else on its way only reads, dead letters included."""
    reached: set[str] = set()
    ahead = [DEFINITION["StartAt"]]
    while ahead:
        here = ahead.pop()
        if here in reached:
            continue
        reached.add(here)
        state = DEFINITION["States"][here]
        # Of choices that depend on more than the mode every branch up to the one that asks is possible.
        ways = nexts(state)
        for number, choice in enumerate(state.get("Choices", ())):
            if "dry-run" in choice["Condition"]:
                ways = [each["Next"] for each in state["Choices"][: number + 1]]
                break
        ahead += ways
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
    """DynamoDB refuses them when the run is under way; an emulator may not."""
    reserved = {word.upper() for word in ReservedKeywords.get_reserved_keywords()}
    names = set(re.findall(r"(?<![#:\w])[A-Za-z_]\w*", expression)) - FUNCTIONS - SYNTAX
    assert names
    assert {name for name in names if name.upper() in reserved} == set()
