"""Evaluate CloudWatch's metric maths over time series.

A series is `{time: value}`, with the times of its periods. An operation of two series has a value where both
have one, and a division by zero has none. Of the functions, those are here that Parley's dashboard and alarms
use.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

Series = dict[int, float]
Value = Series | float

OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class MetricMathError(ValueError):
    """An expression is invalid, or uses what is not emulated."""


def evaluate(expression: str, series: Mapping[str, Series], times: Sequence[int]) -> Series:
    """Return the series of an expression. `times` are all periods of the query. Raises MetricMathError."""
    return _everywhere(_value(_parse(expression), series, times), times)


def in_order(expressions: Mapping[str, str]) -> list[str]:
    """Return the ids of expressions so that each comes after those that it uses. Raises MetricMathError."""
    uses = {
        query_id: {node.id for node in ast.walk(_parse(expression)) if isinstance(node, ast.Name)}
        for query_id, expression in expressions.items()
    }
    try:
        ordered = list(TopologicalSorter(uses).static_order())
    except CycleError as error:
        raise MetricMathError(f"expressions use each other: {', '.join(error.args[1])}") from None
    return [query_id for query_id in ordered if query_id in expressions]


def _parse(expression: str) -> ast.expr:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except SyntaxError as error:
        raise MetricMathError(f"the expression {expression!r} cannot be parsed: {error.msg}") from None


def _value(node: ast.AST, series: Mapping[str, Series], times: Sequence[int]) -> Value:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in series:
            raise MetricMathError(f"the expression uses {node.id!r}, which no query has as its id")
        return series[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _combine(operator.sub, 0.0, _value(node.operand, series, times))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = (_value(part, series, times) for part in (node.left, node.right))
        return _combine(OPERATORS[type(node.op)], left, right)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
        left, right = (_value(part, series, times) for part in (node.left, node.comparators[0]))
        return _combine(OPERATORS[type(node.ops[0])], left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        arguments = [_value(argument, series, times) for argument in node.args]
        return FUNCTIONS[node.func.id](arguments, times)
    raise MetricMathError(f"{ast.unparse(node)!r} is not emulated")


def _combine(apply: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return float(apply(left, right)) if right or apply is not operator.truediv else {}
    times = [set(value) for value in (left, right) if not isinstance(value, float)]
    combined: Series = {}
    for time in sorted(set.intersection(*times)):
        one, other = _at(left, time), _at(right, time)
        if one is not None and other is not None and (other or apply is not operator.truediv):
            combined[time] = float(apply(one, other))
    return combined


def _at(value: Value, time: int) -> float | None:
    return value if isinstance(value, float) else value.get(time)


def _everywhere(value: Value, times: Sequence[int]) -> Series:
    return dict.fromkeys(times, value) if isinstance(value, float) else value


def _if(arguments: Sequence[Value], times: Sequence[int]) -> Value:
    """`IF(condition, value, other)`, at the times of the condition."""
    condition, value, other = arguments
    chosen: Series = {}
    for time, holds in _everywhere(condition, times).items():
        result = _at(value if holds else other, time)
        if result is not None:
            chosen[time] = result
    return chosen


def _fill(arguments: Sequence[Value], times: Sequence[int]) -> Value:
    """`FILL(series, value)`: the value in the periods without data."""
    series, value = arguments
    filled: Series = {}
    for time in times:
        found = _at(series, time)
        result = _at(value, time) if found is None else found
        if result is not None:
            filled[time] = result
    return filled


def _running_sum(arguments: Sequence[Value], times: Sequence[int]) -> Value:
    """`RUNNING_SUM(series)`: the sum of the values up to each one."""
    (series,) = arguments
    total, sums = 0.0, {}
    for time, value in sorted(_everywhere(series, times).items()):
        total += value
        sums[time] = total
    return sums


def _difference(arguments: Sequence[Value], times: Sequence[int]) -> Value:
    """`DIFF(series)`: how much each value is above the one before it; the first has none."""
    (series,) = arguments
    ordered = sorted(_everywhere(series, times).items())
    return {time: value - before for (_, before), (time, value) in pairwise(ordered)}


FUNCTIONS: dict[str, Callable[[Sequence[Value], Sequence[int]], Value]] = {
    "IF": _if,
    "FILL": _fill,
    "RUNNING_SUM": _running_sum,
    "DIFF": _difference,
}
