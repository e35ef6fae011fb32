"""The values in docs/limits.md equal those in the code, in every row that links the name that sets its value.

A row's third cell is ``[`Name.part`](../file)``. In Python files the parts are classes, functions, assignments,
parameters, keyword arguments and dictionary keys, each nested in the one before; in TypeScript files the name is
that of a constant; in JSON files the parts are keys and indexes. Nothing is imported, so the CDK is not needed.
"""

import ast
import json
import operator
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "limits.md"
NAMED = re.compile(r"^\[`([\w.]+)`\]\(\.\./([\w./-]+\.(?:py|tsx?|json))\)$")
QUANTITY = re.compile(r"^([\d,]+(?:\.\d+)?) ?(ms|s|min|h|days?|KiB)?\b")

SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3_600.0, "day": 86_400.0, "days": 86_400.0}
SUFFIXES = {"_MS": 0.001, "_S": 1.0, "_SECONDS": 1.0, "DAYS": 86_400.0}
"""The suffixes of names that hold a time, with the unit in seconds."""
DURATIONS = {"seconds": 1.0, "minutes": 60.0, "hours": 3_600.0, "days": 86_400.0}
"""The methods of the CDK's Duration, with the unit in seconds."""
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Mult: operator.mul,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Limit:
    """A number in the code, in seconds if it is a time."""

    number: float
    is_time: bool = False


class NoNumberError(ValueError):
    """The value of a name is not a number."""


def rows() -> list[tuple[str, str, str, str]]:
    """(description, value, name, file) of each row that links the name that sets its value."""
    linked = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        if len(cells) >= 3 and (named := NAMED.match(cells[2])):
            linked.append((cells[0], cells[1], named[1], named[2]))
    return linked


def printed(part: str, *, is_time: bool) -> float:
    """The quantity at the beginning of a cell (`8,192 bytes`, `105 min`, `32 KiB`), in bytes or seconds."""
    match = QUANTITY.match(part)
    assert match, f"{part!r} does not begin with a number"
    number, unit = float(match[1].replace(",", "")), match[2]
    if is_time:
        assert unit in SECONDS, f"{part!r} has no unit of time"
        return number * SECONDS[unit]
    assert unit in (None, "s", "KiB"), f"the unit of {part!r} is not in the code"
    return number * 1024 if unit == "KiB" else number


def in_code(name: str, file: str) -> list[Limit]:
    """The values of a name in a file: one, or several for a list."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".py"):
        limits = [in_python(ast.parse(text), name.split("."))]
    elif file.endswith(".json"):
        limits = [in_json(json.loads(text), name.split("."))]
    else:
        limits = in_typescript(text, name)
    suffix = next((suffix for suffix in SUFFIXES if name.upper().endswith(suffix)), None)
    if suffix is None:
        return limits
    return [limit if limit.is_time else Limit(limit.number * SUFFIXES[suffix], is_time=True) for limit in limits]


def in_python(tree: ast.Module, parts: list[str]) -> Limit:
    """The number that a name stands for. Raises AssertionError if there are none or several."""
    scopes: list[ast.AST] = [tree]
    for part in parts:
        scopes = [node for scope in scopes for node in named_in(scope, part)]
    limits = set()
    for scope in scopes:
        with suppress(NoNumberError):
            limits.add(evaluated(scope, tree))
    assert len(limits) == 1, f"{'.'.join(parts)} stands for {len(limits)} numbers"
    return limits.pop()


def named_in(scope: ast.AST, name: str) -> Iterator[ast.AST]:
    """The nodes that a name stands for within a piece of code."""
    for node in ast.walk(scope):
        match node:
            case ast.ClassDef() | ast.FunctionDef() if node.name == name:
                yield node
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                yield value
            case ast.keyword(arg=keyword, value=value) if keyword == name:
                yield value
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == name)
            case ast.arguments(args=args, defaults=defaults, kwonlyargs=kwonly, kw_defaults=kw_defaults):
                parameters = [
                    *zip(reversed(args), reversed(defaults), strict=False),
                    *zip(kwonly, kw_defaults, strict=True),
                ]
                yield from (
                    value for parameter, value in parameters if parameter.arg == name and value is not None
                )


def evaluated(node: ast.AST, tree: ast.Module) -> Limit:
    """The value of a number, constant, arithmetic, Duration, or a call's first argument, as in Field(20, ge=1)."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return Limit(float(number))
        case ast.Name(id=name) if name.isupper():
            return in_python(tree, [name])
        case ast.BinOp(left=left, op=op, right=right):
            return Limit(OPERATORS[type(op)](evaluated(left, tree).number, evaluated(right, tree).number))
        case ast.BoolOp(values=values):
            return evaluated(values[-1], tree)
        case ast.Call(func=ast.Attribute(attr=unit), args=[argument]) if unit in DURATIONS:
            return Limit(evaluated(argument, tree).number * DURATIONS[unit], is_time=True)
        case ast.Call(args=[argument, *_]):
            return evaluated(argument, tree)
    raise NoNumberError(ast.unparse(node))


def in_typescript(text: str, name: str) -> list[Limit]:
    """The numbers of a constant. Numbers and arithmetic in TypeScript are valid Python expressions."""
    match = re.search(rf"^(?:export )?const {name}(?:: [^=]+)? = ([^;]+);", text, re.MULTILINE)
    assert match, f"there is no constant {name}"
    expression = ast.parse(match[1], mode="eval").body
    elements = expression.elts if isinstance(expression, ast.List) else [expression]
    no_names = ast.Module([], [])
    return [evaluated(element, no_names) for element in elements]


def in_json(content: Any, parts: list[str]) -> Limit:
    """The number at a path, or in the JSONata expression there, apart from the 1000 that converts milliseconds."""
    for part in parts:
        content = content[int(part)] if isinstance(content, list) else content[part]
    numbers = set(re.findall(r"(?<![\w.])\d+(?![\w.])", str(content)))
    candidates = numbers if len(numbers) == 1 else numbers - {"0", "1000"}
    assert len(candidates) == 1, f"{'.'.join(parts)} holds the numbers {sorted(numbers)}"
    return Limit(float(candidates.pop()))


@pytest.mark.parametrize(("description", "value", "name", "file"), rows(), ids=lambda cell: str(cell)[:60])
def test_a_limit_equals_the_value_in_the_code(description: str, value: str, name: str, file: str):
    """The value in the page equals the value in the file that the row links."""
    limits = in_code(name, file)
    parts = value.split(", ") if len(limits) > 1 else [value]
    stated = [printed(part, is_time=limit.is_time) for part, limit in zip(parts, limits, strict=True)]
    assert stated == pytest.approx([limit.number for limit in limits]), f"{description}: {value}"


def test_most_limits_are_compared_with_the_code():
    """Most rows of the page link a name. Otherwise a change of the tables' form would leave nothing to compare."""
    assert len(rows()) > 100
