"""A Parallel state in JSONata: its arguments, its output, and the variables of its branches."""

import json
from typing import Any

from tests.unit.local.emulator.stepfunctions.conftest import Run


def branch(*states: dict[str, Any]) -> dict[str, Any]:
    """A branch with these states, one after the other."""
    named = {f"Step{number}": state | {"Next": f"Step{number + 1}"} for number, state in enumerate(states[:-1])}
    last = {f"Step{len(states) - 1}": states[-1] | {"End": True}}
    return {"StartAt": "Step0", "States": named | last}


def test_its_branches_get_its_arguments_and_it_returns_its_output(run: Run):
    """Its output and its variables are computed from the results of the branches."""
    both = {
        "Type": "Parallel",
        "Arguments": {"count": "{% $states.input.count + 1 %}"},
        "Branches": [
            branch({"Type": "Pass", "Output": "{% $states.input.count %}"}),
            branch({"Type": "Pass", "Output": "{% $states.input.count * 10 %}"}),
        ],
        "Assign": {"total": "{% $sum($states.result) %}"},
        "Output": {"results": "{% $states.result %}"},
        "Next": "Read",
    }
    read = {"Type": "Pass", "Output": {"total": "{% $total %}", "input": "{% $states.input %}"}, "End": True}
    output = json.loads(run({"Both": both, "Read": read}, {"count": 1})["output"])
    assert output == {"total": 22, "input": {"results": [2, 20]}}


def test_the_variables_of_a_branch_are_its_own(run: Run):
    """A branch reads those of the workflow; what it assigns does not exist outside."""
    step = {"Type": "Pass", "Output": "{% $mine + $ours %}"}
    branches = [branch({"Type": "Pass", "Assign": {"mine": mine}}, step) for mine in (1, 2)]
    states = {
        "Begin": {"Type": "Pass", "Assign": {"ours": 10}, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": branches, "Next": "Read"},
        "Read": {
            "Type": "Pass",
            "Output": {"results": "{% $states.input %}", "leaked": "{% $exists($mine) %}"},
            "End": True,
        },
    }
    assert json.loads(run(states, {})["output"]) == {"results": [11, 12], "leaked": False}
