"""Imports point one way, as the house style's rooms have it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("functions", "stacks", "workflows", "local", "ops", "bench", "docs", "tests", "app")

# What is on the wire is named in one place: routes, rules and request models take it from there.
WIRE = tuple(
    f"functions.chat.{module}"
    for module in ("events", "commands", "frames", "resources", "errors", "headers", "routes")
)

# Who may import what of ours. The longest name that fits a module speaks for it; tests may import everything.
ROOMS: dict[str, tuple[str, ...]] = {
    "functions.chat": ("functions.chat",),
    "functions.settings": (),
    "functions.aws": ("functions.aws", "functions.chat", "functions.settings"),
    "functions.handlers": ("functions.handlers", "functions.aws", "functions.chat", "functions.settings"),
    "stacks": ("stacks", "functions.settings", "workflows", *WIRE),
    "app": ("stacks",),
    "docs": ("docs", "functions.chat"),
    "local": ("local", "ops", "functions.chat"),
    "ops": ("ops", "local", "functions.chat"),
    "bench": ("bench", "ops", "local", "functions.chat", "tests"),
}
# Packages of others that stay in one room.
PURE = ("pydantic",)
CONFINED: dict[str, tuple[str, ...]] = {
    "boto3": ("functions.aws",),
    "botocore": ("functions.aws",),
    "aws_xray_sdk": ("functions.aws.tracing",),
}


def modules() -> list[Path]:
    """Every module but the tests."""
    found = [path for room in OURS if room not in ("tests", "app") for path in (ROOT / room).rglob("*.py")]
    return sorted([*found, ROOT / "app.py"])


def name_of(path: Path) -> str:
    """The module's dotted name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, `from a import b` as `a.b`: b may be a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, rooms: tuple[str, ...]) -> bool:
    """Whether a dotted name lies in one of the rooms."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def room_of(module: str) -> str:
    """The room that a module is in."""
    return max((room for room in ROOMS if within(module, (room,))), key=len)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_from_the_rooms_it_may(path: Path):
    """Handlers may know everything of the functions, the domain nothing but itself."""
    if name_of(path) == "functions":
        return
    room = room_of(name_of(path))
    wrong = [name for name in imports(path) if within(name, OURS) and not within(name, ROOMS[room])]
    assert wrong == [], f"{room} may import {ROOMS[room] or 'nothing of ours'}"


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if within(name_of(path), ("functions.chat", "functions.settings"))],
    ids=name_of,
)
def test_the_domain_is_pure(path: Path):
    """Standard library and pydantic only: no AWS, and no clock or I/O of its own."""
    packages = {name.split(".")[0] for name in imports(path)}
    assert packages <= sys.stdlib_module_names | {"functions", *PURE}
    if within(name_of(path), ("functions.chat",)):
        assert not packages & {"os", "time", "random", "socket", "pathlib", "io", "subprocess", "threading"}


@pytest.mark.parametrize(
    "path", [path for path in modules() if within(name_of(path), ("functions",))], ids=name_of
)
def test_what_is_confined_stays_there(path: Path):
    """Handlers speak to AWS through the edge; the X-Ray SDK has one door."""
    wrong = [
        name
        for name in imports(path)
        if (allowed := CONFINED.get(name.split(".")[0])) and not within(name_of(path), allowed)
    ]
    assert wrong == []


def test_every_module_says_what_it_does():
    """It opens with what it is for; only packages of tests may be silent."""
    silent = [
        name_of(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_test_says_what_it_shows():
    """A test's docstring states a behaviour."""
    silent = [
        f"{name_of(path)}.{node.name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
