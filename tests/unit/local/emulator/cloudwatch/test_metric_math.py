"""Metric maths, as CloudWatch documents it."""

import pytest

from local.emulator.cloudwatch.metric_math import MetricMathError, Series, evaluate, in_order

TIMES = (0, 60, 120)
SERIES: dict[str, Series] = {
    "errors": {0: 1, 60: 0, 120: 5},
    "calls": {0: 100, 60: 0, 120: 50},
    "opened": {0: 3, 120: 1},
    "closed": {60: 2},
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("errors", SERIES["errors"]),
        ("7", {0: 7, 60: 7, 120: 7}),
        ("-errors", {0: -1, 60: 0, 120: -5}),
        ("errors + 2 * calls", {0: 201, 60: 0, 120: 105}),
        # A division by zero has no value.
        ("100 * errors / calls", {0: 1, 120: 10}),
        # Only where both have a value.
        ("opened - closed", {}),
        ("opened > 2", {0: 1, 120: 0}),
        ("IF(calls >= 20, 100 * errors / calls, 0)", {0: 1, 60: 0, 120: 10}),
        ("FILL(opened, 0) - FILL(closed, 0)", {0: 3, 60: -2, 120: 1}),
        ("RUNNING_SUM(FILL(opened, 0) - FILL(closed, 0))", {0: 3, 60: 1, 120: 2}),
        ("DIFF(errors)", {60: -1, 120: 5}),
        # A period without data is skipped.
        ("DIFF(opened)", {120: -2}),
        ("1 / 0", {}),
    ],
)
def test_an_expression(expression: str, expected: Series) -> None:
    """Values by the times of their periods."""
    assert evaluate(expression, SERIES, TIMES) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("sent", "'sent', which no query has as its id"),
        ("ANOMALY_DETECTION_BAND(errors)", "is not emulated"),
        ("errors &&", "cannot be parsed"),
        ("__import__('os')", "is not emulated"),
    ],
)
def test_what_is_not_emulated_is_named(expression: str, message: str) -> None:
    """Instead of a wrong value."""
    with pytest.raises(MetricMathError, match=message):
        evaluate(expression, SERIES, TIMES)


def test_an_expression_comes_after_those_that_it_uses():
    """A template may list them in any order. Metrics and functions are no expressions."""
    expressions = {"share": "100 * failed / calls", "failed": "FILL(raised, 0) + FILL(answered, 0)"}
    assert in_order(expressions) == ["failed", "share"]


def test_expressions_that_use_each_other_are_refused():
    """None of them has a value."""
    with pytest.raises(MetricMathError, match="expressions use each other"):
        in_order({"first": "second + 1", "second": "first + 1"})
