"""The values in docs/limits.md equal those in the code, for every row that links the name that sets its value.

A row's third cell is ``[`Name.part`](../file)``. In Python files the parts are classes, functions, assignments,
parameters, keyword arguments and dictionary keys, one inside the other; in TypeScript files the name is that of a
constant; in JSON files the parts are keys and indexes. Nothing is imported, so the CDK is not needed.
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
"""A name that ends so holds a time; in how many seconds its unit is."""
DURATIONS = {"seconds": 1.0, "minutes": 60.0, "hours": 3_600.0, "days": 86_400.0}
"""The methods of the CDK's Duration."""
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Mult: operator.mul,
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Limit:
    """A value of the code: a number, in seconds if it is a time."""

    number: float
    is_time: bool = False


class NoNumberError(ValueError):
    """The code that a name stands for is not a number."""


def rows() -> list[tuple[str, str, str, str]]:
    """What, value, name and file of each row that names what sets its value."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
        if len(cells) >= 3 and (named := NAMED.match(cells[2])):
            found.append((cells[0], cells[1], named[1], named[2]))
    return found


def printed(part: str, *, is_time: bool) -> float:
    """The quantity that a cell begins with: `8,192 bytes`, `105 min`, `32 KiB`."""
    match = QUANTITY.match(part)
    assert match, f"{part!r} does not begin with a number"
    number, unit = float(match[1].replace(",", "")), match[2]
    if is_time:
        assert unit in SECONDS, f"{part!r} has no unit of time"
        return number * SECONDS[unit]
    assert unit in (None, "s", "KiB"), f"the unit of {part!r} cannot be told from the code"
    return number * 1024 if unit == "KiB" else number


def in_code(name: str, file: str) -> list[Limit]:
    """The value that a name has in a file; several for a list."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".py"):
        found = [in_python(ast.parse(text), name.split("."))]
    elif file.endswith(".json"):
        found = [in_json(json.loads(text), name.split("."))]
    else:
        found = in_typescript(text, name)
    suffix = next((suffix for suffix in SUFFIXES if name.upper().endswith(suffix)), None)
    if suffix is None:
        return found
    return [limit if limit.is_time else Limit(limit.number * SUFFIXES[suffix], is_time=True) for limit in found]


def in_python(tree: ast.Module, parts: list[str]) -> Limit:
    """The one number that a name stands for."""
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
    """What a name stands for within a piece of code."""
    for node in ast.walk(scope):
        match node:
            case ast.ClassDef() | ast.FunctionDef() if node.name == name:
                yield node
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                yield value
            case ast.keyword(arg=found, value=value) if found == name:
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
    """A number, a name for one, arithmetic, a Duration, or the first argument of a call, as of Field(20, ge=1)."""
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
    """The numbers of a constant: TypeScript writes them, and arithmetic on them, as Python does."""
    match = re.search(rf"^(?:export )?const {name}(?:: [^=]+)? = ([^;]+);", text, re.MULTILINE)
    assert match, f"there is no constant {name}"
    expression = ast.parse(match[1], mode="eval").body
    elements = expression.elts if isinstance(expression, ast.List) else [expression]
    nothing = ast.Module([], [])
    return [evaluated(element, nothing) for element in elements]


def in_json(content: Any, parts: list[str]) -> Limit:
    """The number at a path, or the one in a JSONata expression there; the 1000 of milliseconds is not meant."""
    for part in parts:
        content = content[int(part)] if isinstance(content, list) else content[part]
    numbers = set(re.findall(r"(?<![\w.])\d+(?![\w.])", str(content)))
    meant = numbers if len(numbers) == 1 else numbers - {"0", "1000"}
    assert len(meant) == 1, f"{'.'.join(parts)} holds the numbers {sorted(numbers)}"
    return Limit(float(meant.pop()))


@pytest.mark.parametrize(("what", "value", "name", "file"), rows(), ids=lambda cell: str(cell)[:60])
def test_a_limit_is_what_the_code_says(what: str, value: str, name: str, file: str):
    """The value in the page is the value in the file that the row links."""
    limits = in_code(name, file)
    parts = value.split(", ") if len(limits) > 1 else [value]
    stated = [printed(part, is_time=limit.is_time) for part, limit in zip(parts, limits, strict=True)]
    assert stated == pytest.approx([limit.number for limit in limits]), f"{what}: {value}"


def test_most_limits_are_compared_with_the_code():
    """The page's tables are read: a change of their form would otherwise leave nothing to compare."""
    assert len(rows()) > 100
