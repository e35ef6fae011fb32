"""Each package imports only the packages that its layer allows."""

import ast
import functools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("functions", "stacks", "workflows", "inspector", "local", "ops", "bench", "docs", "tests", "app")

# The packages of this repository that each package may import. The longest matching name applies to a module.
# Tests may import everything, and only bench imports tests.
ALLOWED: dict[str, tuple[str, ...]] = {
    "functions.contract": ("functions.contract",),
    "functions.chat": ("functions.chat", "functions.contract"),
    "functions.settings": (),
    "functions.aws": ("functions.aws", "functions.chat", "functions.contract", "functions.settings"),
    "functions.logic": (
        "functions.logic",
        "functions.aws",
        "functions.chat",
        "functions.contract",
        "functions.settings",
    ),
    "functions.handlers": (
        "functions.handlers",
        "functions.logic",
        "functions.aws",
        "functions.chat",
        "functions.contract",
        "functions.settings",
    ),
    "stacks": ("stacks", "functions.settings", "functions.contract", "workflows"),
    "app": ("stacks",),
    "docs": ("docs", "functions.contract", "ops", "inspector", "stacks.stage", "stacks.stage_settings"),
    "ops": ("ops", "functions.contract"),
    "inspector": ("inspector", "ops", "functions.contract"),
    "local": ("local", "inspector", "ops"),
    "local.emulator": ("local.emulator",),
    "bench": (
        "bench",
        "local",
        "inspector",
        "ops",
        "functions.handlers",
        "functions.aws",
        "functions.contract",
        "stacks.packaging",
        "tests",
    ),
}
# Third-party packages that only some of our packages import.
PURE = ("pydantic", "markdown_it")
WITH_CRYPTOGRAPHY = ("functions.contract.sealing",)
CONFINED: dict[str, tuple[str, ...]] = {
    "boto3": ("functions.aws",),
    "botocore": ("functions.aws",),
    "aws_xray_sdk": ("functions.aws.tracing",),
}


def modules() -> list[Path]:
    """Every module except those of the tests."""
    packaged = [
        path for package in OURS if package not in ("tests", "app") for path in (ROOT / package).rglob("*.py")
    ]
    return sorted([*packaged, ROOT / "app.py"])


def name_of(path: Path) -> str:
    """The module's dotted name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@dataclass(frozen=True)
class Contents:
    """What these tests check of a module.

    `imports` are the dotted names that it imports, `from a import b` as `a.b`: b may be a module. Those of
    `imported_at_once` are imported when the module is loaded, outside of its functions. `undocumented` are its
    functions without a docstring.
    """

    has_docstring: bool
    imports: list[str]
    imported_at_once: list[str]
    undocumented: list[str]


@functools.cache
def contents(path: Path) -> Contents:
    """Read a module once. Its syntax tree is not kept: all of them together slow down the process."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(statements(tree))
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return Contents(
        has_docstring=bool(ast.get_docstring(tree)),
        imports=names_in(nodes, path),
        imported_at_once=names_in(tree.body, path),
        undocumented=[node.name for node in functions if not ast.get_docstring(node)],
    )


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a node except expressions, in which there are no statements."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):
            yield child
            yield from statements(child)


def names_in(nodes: Iterable[ast.AST], path: Path) -> list[str]:
    """The dotted names that the import statements among the nodes of a module have."""
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the packages or a module of one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def package_of(module: str) -> str:
    """The package in ALLOWED whose rule applies to a module."""
    return max((package for package in ALLOWED if within(module, (package,))), key=len)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_what_its_package_may(path: Path):
    """A module imports only the packages that ALLOWED lists for it."""
    if name_of(path) == "functions":
        return
    package = package_of(name_of(path))
    wrong = [name for name in contents(path).imports if within(name, OURS) and not within(name, ALLOWED[package])]
    assert wrong == [], f"{package} may import {ALLOWED[package] or 'none of our packages'}"


def test_packages_do_not_import_each_other_in_a_circle():
    """The folders of `functions`, `ops` and `local`, and the other packages as a whole."""
    imported: dict[str, set[str]] = {}
    for path in modules():
        package = folder_of(name_of(path))
        imported.setdefault(package, set()).update(
            folder_of(name) for name in contents(path).imports if within(name, OURS)
        )
        imported[package].discard(package)
    list(TopologicalSorter(imported).static_order())  # raises CycleError, with the circle


def folder_of(module: str) -> str:
    """The folder that a module is in: `ops.runs` for `ops.runs.posts`; a module of a package's root is itself."""
    top, *rest = module.split(".")
    return ".".join([top, *rest[:1]]) if top in ("functions", "ops", "local") else top


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in modules()
        if within(name_of(path), ("functions.contract", "functions.chat", "functions.settings"))
    ],
    ids=name_of,
)
def test_contract_and_chat_are_pure(path: Path):
    """They import the standard library, pydantic and a parser only, and no module for time or I/O."""
    packages = {name.split(".")[0] for name in contents(path).imports}
    ciphers = {"cryptography"} if name_of(path) in WITH_CRYPTOGRAPHY else set()
    assert packages <= sys.stdlib_module_names | {"functions", *PURE} | ciphers
    if within(name_of(path), ("functions.contract", "functions.chat")):
        assert not packages & {"os", "time", "random", "socket", "pathlib", "io", "subprocess", "threading"}


@pytest.mark.parametrize(
    "path", [path for path in modules() if within(name_of(path), ("functions",))], ids=name_of
)
def test_confined_packages_are_imported_in_one_place_only(path: Path):
    """Only functions.aws imports boto3, and only its module for tracing imports the X-Ray SDK."""
    wrong = [
        name
        for name in contents(path).imports
        if (allowed := CONFINED.get(name.split(".")[0])) and not within(name_of(path), allowed)
    ]
    assert wrong == []


@pytest.mark.slow
def test_no_test_module_loads_the_cdk():
    """Every test process imports all test modules, and the CDK takes seconds: tests import it in functions."""

    waiting = sorted((ROOT / "tests").rglob("*.py"))
    imported_by = dict.fromkeys(waiting, "a test process")
    with_the_cdk = []
    while waiting:
        path = waiting.pop()
        names = contents(path).imported_at_once
        if any(within(name, ("aws_cdk",)) for name in names):
            with_the_cdk.append(f"{imported_by[path]} imports {name_of(path)}")
            continue
        more = {file for name in names if (file := module_file(name))} - imported_by.keys()
        imported_by |= dict.fromkeys(more, name_of(path))
        waiting += more
    assert with_the_cdk == []


def module_file(name: str) -> Path | None:
    """The file of a module of ours, by its dotted name or that of something in it; None for other names."""
    if not within(name, OURS):
        return None
    path = ROOT.joinpath(*name.split("."))
    candidates = (path.with_suffix(".py"), path.parent.with_suffix(".py"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def test_every_module_has_a_docstring():
    """Every module outside the tests begins with a docstring."""
    undocumented = [name_of(path) for path in modules() if not contents(path).has_docstring]
    assert undocumented == []


def test_every_test_has_a_docstring():
    """Every test has a docstring, which states the behaviour that it tests."""
    undocumented = [
        f"{name_of(path)}.{name}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in contents(path).undocumented
        if name.startswith("test_")
    ]
    assert undocumented == []
