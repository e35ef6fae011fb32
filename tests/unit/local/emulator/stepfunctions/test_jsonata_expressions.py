"""The emulator's JSONata: parsed once, with the results and error codes of MiniStack's own evaluation."""

import contextvars
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from jlens import Expression
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
LISTS = {"one": ["a"], "empty": [], "nested": [[1], [2, [3]]], "nulls": [None, {"n": None}]}
VARIABLES = {"text": "a b", "nothing": None, "numbers": [1, 2, 3], "none": [], "deep": DEEP, "lists": LISTS}
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
    "$states",
    "$states.context",
    "$keys($deep)",
    "$deep.*",
    "$deep.**.n",
    "$lookup($deep, 'word')",
    "$deep[word = 'tea'].list.n",
    "$map($deep.list, function($each) { $each })",
    "($part := $deep; $part.word)",
    "$each($deep, function($value, $key) { $key })",
    "$deep ~> $merge",
    "$count($deep.list)",
    "$exists($deep.list.n)",
    "$text.more",
    "$nothing.more",
    "{'a': $nothing, 'b': [null]}",
    "$numbers",
    "$none",
    "$lists.one",
    "$lists.empty",
    "$lists.nested",
    "$lists.nulls",
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
    """The value, or the error with the code that its cause begins with."""
    context = {"variables": VARIABLES, "Execution": {"Id": "run"}}
    try:
        return evaluate(expression, {"value": [1]}, context, {"Item": {}}, None)
    except stepfunctions._ExecutionError as failure:
        return failure.error, failure.cause if " did not return " in failure.cause else failure.cause[:5]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_evaluates_as_ministack_does(expressions: JsonataExpressions, expression: str):
    """The same value or error, in the first evaluation and in a later one."""
    expected = outcome(stepfunctions._evaluate_jsonata, expression)
    assert [outcome(expressions.evaluate, expression) for _ in range(2)] == [expected, expected]


def test_expressions_are_evaluated_together(expressions: JsonataExpressions, monkeypatch: pytest.MonkeyPatch):
    """A value with all expressions that have a result is as MiniStack makes it, with one evaluation."""

    def has_value(expression: str) -> bool:
        return not isinstance(outcome(expressions.evaluate, expression), tuple)

    together = [f"{{% {expression} %}}" for expression in EXPRESSIONS if has_value(expression)]
    value = {"all": together, "again": {"text": "{%$text%}", "nothing": None, "one": 1}, "word": "{% tea"}
    context = {"variables": VARIABLES, "Execution": {"Id": "run"}}
    given: Any = (value, {"value": [1]}, context, {"Item": {}}, None)
    expected = stepfunctions._apply_jsonata_template(*given)
    runs: list[str] = []
    run = expressions._run

    def count(expression: str, bindings: dict[str, Any]) -> Any:
        runs.append(expression)
        return run(expression, bindings)

    monkeypatch.setattr(expressions, "_run", count)
    assert [expressions.apply(*given) for _ in range(2)] == [expected, expected]
    assert len(together) > 30
    # The path through the elements of an array is evaluated by itself.
    assert [text for text in runs if text != "$deep.list.n"] == [runs[0]] * 2


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_with_others_has_the_same_outcome(expressions: JsonataExpressions, expression: str):
    """The value, or the error, is that of the expression alone."""

    value = {"first": "{% 1 + 1 %}", "it": f"{{% {expression} %}}"}

    def with_another(apply: Any) -> Any:
        return outcome(lambda _, *given: apply(value, *given), expression)

    assert with_another(expressions.apply) == with_another(stepfunctions._apply_jsonata_template)


def test_a_function_is_no_result(expressions: JsonataExpressions):
    """Step Functions cannot represent it as JSON."""
    error, _ = outcome(expressions.evaluate, "$now")
    assert error == "States.QueryEvaluationError"


def test_parses_a_text_once(expressions: JsonataExpressions, monkeypatch: pytest.MonkeyPatch):
    """A later evaluation does not parse again; a null result is looked at with a second expression."""
    parsed = []

    def count(text: str) -> Expression:
        parsed.append(text)
        return Expression(text)

    monkeypatch.setattr(jsonata_expressions, "Expression", count)
    for _ in range(3):
        outcome(expressions.evaluate, "$nothing ? 1 : null")
    assert parsed == ["$nothing ? 1 : null", "$type(($nothing ? 1 : null)) = 'null'"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"text": "tea"}', False),
        (r'{"text": "\ud83d\ude00"}', False),
        ('{"text": "\U0001f600"}', False),
        (r'{"text": "\ud83d"}', True),
        (r'{"text": "\ude00\ud83d"}', True),
        ('{"text": "\ud83d"}', True),
    ],
)
def test_finds_half_a_surrogate_pair(text: str, expected: bool):
    """Escaped or not; both halves in order are a character."""
    assert jsonata_expressions.has_half_pairs(text) is expected


def test_half_a_surrogate_pair_is_not_replaced(expressions: JsonataExpressions):
    """An execution with one is evaluated by MiniStack; the next execution is not."""

    def is_half_in_execution(text: str) -> Any:
        jsonata_expressions.note_input(json.dumps({"text": text}))
        return expressions.evaluate(r"$contains($states.input, /[\ud800-\udbff]/)", text)

    for text in ("\ud83d", "\ufffd"):
        found = contextvars.copy_context().run(is_half_in_execution, text)
        assert found is (text == "\ud83d")


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
