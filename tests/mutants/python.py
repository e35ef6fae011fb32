"""Mutants of Python code: a target, found by its name, and an edit of it.

A target is `package.module:name`: a function, `Class.function`, a class, or a constant of the module. It is found
in the syntax tree, so moved or reformatted code is found as well. Every edit changes one thing, and raises
MutationError when that thing is missing, or when there are two of it.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeGuard, TypeVar

from tests.mutants.errors import MutationError

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign
Node = TypeVar("Node")


class Edit(Protocol):
    """A change of a definition, made in place. Raises MutationError."""

    def apply(self, target: Definition) -> None:
        """Make the change."""


@dataclass(frozen=True)
class PythonChange:
    """An edit of a target, `functions.chat.rate:RateLimit.tolerance_ms`."""

    target: str
    edit: Edit

    @property
    def file(self) -> str:
        """Where the target is, below the root of the project."""
        return self.target.partition(":")[0].replace(".", "/") + ".py"

    @property
    def name(self) -> str:
        """The target, as reports name it."""
        return self.target

    def applied(self, root: Path) -> str:
        """The changed text of the file. Raises MutationError."""
        path = root / self.file
        if not path.is_file():
            raise MutationError(f"{self.target}: there is no file {self.file}")
        return mutated(path.read_text(), self.target.partition(":")[2], self.edit, self.target)


def mutated(source: str, name: str, edit: Edit, label: str = "") -> str:
    """Source code with an edit made, without comments. Raises MutationError, which begins with `label`."""
    tree = ast.parse(source)
    before = ast.dump(tree)
    try:
        edit.apply(find(tree, name))
    except MutationError as error:
        raise MutationError(f"{label or name}: {error}") from None
    changed = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    if ast.dump(ast.parse(changed)) == before:
        raise MutationError(f"{label or name}: {edit} changes nothing")
    return changed


def find(tree: ast.Module, name: str) -> Definition:
    """The definition of `name` or `Class.name`; also of a module's constant. Raises MutationError."""
    body: list[ast.stmt] = tree.body
    *owners, last = name.split(".")
    for owner in owners:
        body = _one(
            [each for each in body if isinstance(each, ast.ClassDef) and each.name == owner], f"class {owner}"
        ).body
    return _one([each for each in body if _is_definition(each, last)], f"definition of {last}")


def _is_definition(statement: ast.stmt, name: str) -> TypeGuard[Definition]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return statement.name == name
    return name in _assigned(statement)


def _assigned(statement: ast.AST) -> list[str]:
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return [statement.target.id] if isinstance(statement.target, ast.Name) else []
    return []


@dataclass(frozen=True)
class ReplaceBody:
    """Other statements instead of a function's own; its docstring stays."""

    statements: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        function = _function(target)
        kept = function.body[:1] if ast.get_docstring(function, clean=False) is not None else []
        function.body = [*kept, *_statements(self.statements)]


@dataclass(frozen=True)
class RemoveCall:
    """Without the statement that only calls a function, `tickets.end_session`."""

    call: str

    def apply(self, target: Definition) -> None:
        """See `Edit`. A block that would be empty gets a `pass`."""
        found = [
            (block, statement)
            for block in _blocks(_function(target))
            for statement in block
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if _is_named(statement.value.func, self.call)
        ]
        block, statement = _one(found, f"statement that calls {self.call}")
        block[block.index(statement)] = ast.Pass()
        if len(block) > 1:
            block[:] = [each for each in block if not isinstance(each, ast.Pass)]


@dataclass(frozen=True, kw_only=True)
class SetCondition:
    """Another condition for an `if`, found by what it does: what it raises, what it returns, or a statement of it.

    Its own block counts, not the blocks in it, nor its `else`.
    """

    to: str
    raising: str | None = None
    """The name of an exception."""
    returning: str | None = None
    """The returned expression."""
    doing: str | None = None
    """A statement."""

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        found = [
            node
            for node in ast.walk(_function(target))
            if isinstance(node, ast.If) and any(self._is_meant(statement) for statement in node.body)
        ]
        _one(found, f"'if' that {self._what}").test = _expression(self.to)

    def _is_meant(self, statement: ast.stmt) -> bool:
        if self.raising is not None:
            raised = statement.exc if isinstance(statement, ast.Raise) else None
            named = raised.func if isinstance(raised, ast.Call) else raised
            return named is not None and _is_named(named, self.raising)
        if self.returning is not None:
            value = statement.value if isinstance(statement, ast.Return) else None
            return value is not None and _same(value, _expression(self.returning))
        return _same(statement, *_statements(self.doing or "pass"))

    @property
    def _what(self) -> str:
        if self.raising is not None:
            return f"raises {self.raising}"
        return f"returns {self.returning}" if self.returning is not None else f"does '{self.doing}'"


def never(*, raising: str | None = None, returning: str | None = None, doing: str | None = None) -> SetCondition:
    """An `if` that is never taken."""
    return SetCondition(to="False", raising=raising, returning=returning, doing=doing)


def always(*, raising: str | None = None, returning: str | None = None, doing: str | None = None) -> SetCondition:
    """An `if` that is always taken."""
    return SetCondition(to="True", raising=raising, returning=returning, doing=doing)


@dataclass(frozen=True)
class SetArgument:
    """Another argument, by its place or keyword, for a call; `having` is an argument that tells it from others."""

    call: str
    argument: int | str
    to: str
    having: str | None = None

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        call = _call(target, self.call, self.having)
        if isinstance(self.argument, str):
            keyword = _one(
                [each for each in call.keywords if each.arg == self.argument],
                f"argument {self.argument} of {self.call}",
            )
            keyword.value = _expression(self.to)
        elif self.argument < len(call.args):
            call.args[self.argument] = _expression(self.to)
        else:
            raise MutationError(f"{self.call} has no argument number {self.argument}")


@dataclass(frozen=True)
class DropArgument:
    """A call without one of its arguments: a keyword's name, or an expression, `'dynamodb:DeleteItem'`."""

    call: str
    argument: str
    having: str | None = None

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        call = _call(target, self.call, self.having)
        keywords = [each for each in call.keywords if each.arg == self.argument]
        places = [each for each in call.args if _same(each, _expression(self.argument))]
        dropped = _one([*keywords, *places], f"argument {self.argument} of {self.call}")
        call.keywords = [each for each in call.keywords if each is not dropped]
        call.args = [each for each in call.args if each is not dropped]


@dataclass(frozen=True)
class DropElement:
    """A list, tuple or set without the element that is, or mentions, an expression."""

    mentioning: str

    def apply(self, target: Definition) -> None:
        """See `Edit`. Of collections in each other, the innermost that has such an element is meant."""
        wanted = _expression(self.mentioning)
        found = [
            (collection, element)
            for collection in ast.walk(target)
            if isinstance(collection, ast.List | ast.Tuple | ast.Set)
            for element in collection.elts
            if any(_same(node, wanted) for node in ast.walk(element))
        ]
        innermost = [
            (collection, element)
            for collection, element in found
            if not any(other is not collection and other in ast.walk(element) for other, _ in found)
        ]
        collection, dropped = _one(innermost, f"element with {self.mentioning}")
        collection.elts = [element for element in collection.elts if element is not dropped]


@dataclass(frozen=True)
class DropKey:
    """A dictionary, written out, without one of its keys."""

    key: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        found = [
            (node, place)
            for node in ast.walk(target)
            if isinstance(node, ast.Dict)
            for place, key in enumerate(node.keys)
            if isinstance(key, ast.Constant) and key.value == self.key
        ]
        node, place = _one(found, f"key '{self.key}'")
        del node.keys[place], node.values[place]


@dataclass(frozen=True)
class SetVariable:
    """Another value for a local variable that is assigned once."""

    name: str
    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        found = [
            node
            for node in ast.walk(_function(target))
            if isinstance(node, ast.Assign | ast.AnnAssign) and self.name in _assigned(node)
        ]
        _one(found, f"assignment to {self.name}").value = _expression(self.to)


@dataclass(frozen=True)
class SetReturn:
    """Another value for a function to return; it has one `return`."""

    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        found = [node for node in ast.walk(_function(target)) if isinstance(node, ast.Return)]
        _one(found, "return").value = _expression(self.to)


@dataclass(frozen=True)
class DropHandler:
    """An `except` that catches nothing; it is the one that names an exception."""

    catching: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        found = [
            node
            for node in ast.walk(_function(target))
            if isinstance(node, ast.ExceptHandler) and node.type is not None
            if any(isinstance(each, ast.expr) and _is_named(each, self.catching) for each in ast.walk(node.type))
        ]
        _one(found, f"except of {self.catching}").type = ast.Tuple(elts=[], ctx=ast.Load())


@dataclass(frozen=True)
class SetConstant:
    """Another value for a constant of a module."""

    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        if not isinstance(target, ast.Assign | ast.AnnAssign):
            raise MutationError("it is no constant")
        target.value = _expression(self.to)


@dataclass(frozen=True)
class SetClassArgument:
    """Another value for a keyword in the head of a class, `extra`."""

    keyword: str
    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        if not isinstance(target, ast.ClassDef):
            raise MutationError("it is no class")
        found = [each for each in target.keywords if each.arg == self.keyword]
        _one(found, f"argument {self.keyword} of the class").value = _expression(self.to)


def _function(target: Definition) -> Function:
    if not isinstance(target, ast.FunctionDef | ast.AsyncFunctionDef):
        raise MutationError("it is no function")
    return target


def _one(found: Iterable[Node], what: str) -> Node:
    """The only one. Raises MutationError if there is none, or another."""
    candidates = list(found)
    if len(candidates) != 1:
        raise MutationError(f"there is no {what}" if not candidates else f"there are {len(candidates)} × {what}")
    return candidates[0]


def _call(target: Definition, name: str, having: str | None) -> ast.Call:
    found = [node for node in ast.walk(target) if isinstance(node, ast.Call) and _is_named(node.func, name)]
    if having is not None:
        wanted = _expression(having)
        found = [
            node
            for node in found
            if any(_same(each, wanted) for each in [*node.args, *(each.value for each in node.keywords)])
        ]
    return _one(found, f"call of {name}" + (f" with {having}" if having is not None else ""))


def _blocks(function: Function) -> Iterator[list[ast.stmt]]:
    """Every list of statements in a function."""
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                yield block


def _is_named(node: ast.expr, name: str) -> bool:
    """Whether an expression is a name: `query` matches `query` and `table(x).query`."""
    text = ast.unparse(node)
    return text == name or text.endswith(f".{name}")


def _same(node: ast.AST, other: ast.AST) -> bool:
    return ast.dump(node) == ast.dump(other)


def _expression(source: str) -> ast.expr:
    return _parsed(lambda: ast.parse(source, mode="eval").body, source)


def _statements(source: str) -> list[ast.stmt]:
    return _parsed(lambda: ast.parse(source).body, source)


def _parsed(parse: Callable[[], Node], source: str) -> Node:
    try:
        return parse()
    except SyntaxError as error:
        raise MutationError(f"'{source}' is not Python: {error.msg}") from None
