"""The emulator's JSONata: parsed once, with the results and errors of MiniStack's own evaluation."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jsonata.parser import Parser
from ministack.services import stepfunctions

from local.emulator.stepfunctions import jsonata_expressions
from local.emulator.stepfunctions.jsonata_expressions import JsonataExpressions

DEEP = {
    "list": [{"n": 1}, {"n": None}],
    "one": [7],
    "none": None,
    "word": "tea",
    "number": 0,
    "no": False,
    "empty": {},
}
VARIABLES = {"text": "a b", "nothing": None, "numbers": [1, 2, 3], "deep": DEEP}
EXPRESSIONS = (
    "$text",
    "$nothing",
    "null",
    "$unknown",
    "$states.input.missing",
    "[$states.input.missing]",
    "$states.input.value",
    "$states.context.Execution.Id",
    "$deep.list.n",
    "$deep.list[1].n",
    "$deep.list",
    "$deep",
    "$deep.one",
    "$deep.none",
    "$deep.word.more",
    "$deep.number",
    "$deep.no",
    "$deep.empty",
    "$states.input",
    "$states.result",
    "$states.errorOutput",
    "$text.more",
    "$nothing.more",
    "$now",
    "{'a': $nothing, 'b': [null]}",
    "$numbers[$ > 1]",
    "$numbers[$ > 5]",
    "$partition($numbers, 2)",
    "$partition($numbers, 0)",
    "$map($numbers, function($n) { $n * 2 })",
    "($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(5))",
    "$text + 1",
    "$toMillis('2026-11-28T10:00:00Z')",
    "$toMillis('yesterday')",
    "$parse('{\"a\": null}')",
    "$error('no')",
    "(",
)


@pytest.fixture(scope="module")
def expressions() -> JsonataExpressions:
    return JsonataExpressions()


def outcome(evaluate: Any, expression: str) -> Any:
    context = {"variables": VARIABLES, "Execution": {"Id": "run"}}
    try:
        return evaluate(expression, {"value": [1]}, context, {"Item": {}}, None)
    except stepfunctions._ExecutionError as failure:
        return failure.error, failure.cause


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_evaluates_as_ministack_does(expressions: JsonataExpressions, expression: str):
    """The same value or error, in the first evaluation and in a later one."""
    expected = outcome(stepfunctions._evaluate_jsonata, expression)
    assert [outcome(expressions.evaluate, expression) for _ in range(2)] == [expected, expected]


def test_parses_a_text_once(expressions: JsonataExpressions, monkeypatch: pytest.MonkeyPatch):
    """Neither a later evaluation nor a null result parses again."""
    parsed = []
    parse = Parser.parse

    def count(parser: Parser, text: str, *others: Any) -> Any:
        parsed.append(text)
        return parse(parser, text, *others)

    monkeypatch.setattr(Parser, "parse", count)
    for _ in range(3):
        outcome(expressions.evaluate, "$nothing ? 1 : null")
    assert parsed == ["$nothing ? 1 : null"]


def test_threads_do_not_share_an_evaluation(expressions: JsonataExpressions):
    """Each sees its own variables, though the parsed expression is one object."""

    def total(number: int) -> Any:
        context = {"variables": {"numbers": list(range(number))}}
        return expressions.evaluate("$sum($map($numbers, function($n) { $n + 1 }))", None, context)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(total, range(1, 200))) == [n * (n + 1) / 2 for n in range(1, 200)]


def test_ends_an_evaluation_that_takes_too_long(expressions: JsonataExpressions, monkeypatch: pytest.MonkeyPatch):
    """Step Functions stops it after a second."""
    monkeypatch.setattr(jsonata_expressions, "MAX_EVALUATION_MS", 0)
    error, cause = outcome(expressions.evaluate, "($f := function($n) { $f($n + 1) }; $f(1))")
    assert error == "States.QueryEvaluationError"
    assert cause.startswith("D1012")
