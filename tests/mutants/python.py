"""Mutants of Python code: the name of a target, and an edit of it.

A target is `package.module:name`: a function, `Class.function`, a class, or a constant of the module. It is looked
up in the syntax tree, so that it is found after code was moved or reformatted. An edit changes one node, and
raises MutationError when there is no such node or more than one.
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
        """The target's file, below the root of the project."""
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
            [node for node in body if isinstance(node, ast.ClassDef) and node.name == owner], f"class {owner}"
        ).body
    return _one([node for node in body if _is_definition(node, last)], f"definition of {last}")


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
    """Replaces the statements of a function; its docstring stays."""

    statements: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        function = _function(target)
        kept = function.body[:1] if ast.get_docstring(function, clean=False) is not None else []
        function.body = [*kept, *_statements(self.statements)]


@dataclass(frozen=True)
class RemoveCall:
    """Removes the statement that only calls a function, such as `tickets.end_session`."""

    call: str

    def apply(self, target: Definition) -> None:
        """See `Edit`. A block that would be empty gets a `pass`."""
        matches = [
            (block, statement)
            for block in _blocks(_function(target))
            for statement in block
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            if _is_named(statement.value.func, self.call)
        ]
        block, statement = _one(matches, f"statement that calls {self.call}")
        block[block.index(statement)] = ast.Pass()
        if len(block) > 1:
            block[:] = [statement for statement in block if not isinstance(statement, ast.Pass)]


@dataclass(frozen=True, kw_only=True)
class SetCondition:
    """Replaces the condition of the `if` whose block raises an exception, returns a value, or has a statement.

    Blocks nested in it and its `else` do not count.
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
        matches = [
            node
            for node in ast.walk(_function(target))
            if isinstance(node, ast.If) and any(self._matches(statement) for statement in node.body)
        ]
        _one(matches, f"'if' that {self._what}").test = _expression(self.to)

    def _matches(self, statement: ast.stmt) -> bool:
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
    """Replaces an argument of a call, by position or keyword; `with_argument` selects one of several calls."""

    call: str
    argument: int | str
    to: str
    with_argument: str | None = None

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        call = _call(target, self.call, self.with_argument)
        if isinstance(self.argument, str):
            keyword = _one(
                [keyword for keyword in call.keywords if keyword.arg == self.argument],
                f"argument {self.argument} of {self.call}",
            )
            keyword.value = _expression(self.to)
        elif self.argument < len(call.args):
            call.args[self.argument] = _expression(self.to)
        else:
            raise MutationError(f"{self.call} has no argument number {self.argument}")


@dataclass(frozen=True)
class DropArgument:
    """Removes an argument of a call: the name of a keyword, or an expression such as `'dynamodb:DeleteItem'`."""

    call: str
    argument: str
    with_argument: str | None = None

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        call = _call(target, self.call, self.with_argument)
        keywords = [keyword for keyword in call.keywords if keyword.arg == self.argument]
        arguments = [argument for argument in call.args if _same(argument, _expression(self.argument))]
        dropped = _one([*keywords, *arguments], f"argument {self.argument} of {self.call}")
        call.keywords = [keyword for keyword in call.keywords if keyword is not dropped]
        call.args = [argument for argument in call.args if argument is not dropped]


@dataclass(frozen=True)
class DropElement:
    """Removes the element of a list, tuple or set that is, or contains, an expression."""

    mentioning: str

    def apply(self, target: Definition) -> None:
        """See `Edit`. Of nested collections it changes the innermost with such an element."""
        expression = _expression(self.mentioning)
        matches = [
            (collection, element)
            for collection in ast.walk(target)
            if isinstance(collection, ast.List | ast.Tuple | ast.Set)
            for element in collection.elts
            if any(_same(node, expression) for node in ast.walk(element))
        ]
        innermost = [
            (collection, element)
            for collection, element in matches
            if not any(other is not collection and other in ast.walk(element) for other, _ in matches)
        ]
        collection, dropped = _one(innermost, f"element with {self.mentioning}")
        collection.elts = [element for element in collection.elts if element is not dropped]


@dataclass(frozen=True)
class DropKey:
    """Removes a key of a dictionary display."""

    key: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        matches = [
            (node, place)
            for node in ast.walk(target)
            if isinstance(node, ast.Dict)
            for place, key in enumerate(node.keys)
            if isinstance(key, ast.Constant) and key.value == self.key
        ]
        node, place = _one(matches, f"key '{self.key}'")
        del node.keys[place], node.values[place]


@dataclass(frozen=True)
class SetVariable:
    """Replaces the value of a local variable that is assigned once."""

    name: str
    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        matches = [
            node
            for node in ast.walk(_function(target))
            if isinstance(node, ast.Assign | ast.AnnAssign) and self.name in _assigned(node)
        ]
        _one(matches, f"assignment to {self.name}").value = _expression(self.to)


@dataclass(frozen=True)
class SetReturn:
    """Replaces the returned value of a function with one `return`."""

    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        matches = [node for node in ast.walk(_function(target)) if isinstance(node, ast.Return)]
        _one(matches, "return").value = _expression(self.to)


@dataclass(frozen=True)
class DropHandler:
    """Lets the `except` that names an exception catch nothing."""

    catching: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        matches = [
            node
            for node in ast.walk(_function(target))
            if isinstance(node, ast.ExceptHandler) and node.type is not None
            if any(isinstance(name, ast.expr) and _is_named(name, self.catching) for name in ast.walk(node.type))
        ]
        _one(matches, f"except of {self.catching}").type = ast.Tuple(elts=[], ctx=ast.Load())


@dataclass(frozen=True)
class SetConstant:
    """Replaces the value of a module's constant."""

    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        if not isinstance(target, ast.Assign | ast.AnnAssign):
            raise MutationError("it is not a constant")
        target.value = _expression(self.to)


@dataclass(frozen=True)
class SetClassArgument:
    """Replaces the value of a keyword argument of a class, such as `extra`."""

    keyword: str
    to: str

    def apply(self, target: Definition) -> None:
        """See `Edit`."""
        if not isinstance(target, ast.ClassDef):
            raise MutationError("it is not a class")
        matches = [keyword for keyword in target.keywords if keyword.arg == self.keyword]
        _one(matches, f"argument {self.keyword} of the class").value = _expression(self.to)


def _function(target: Definition) -> Function:
    if not isinstance(target, ast.FunctionDef | ast.AsyncFunctionDef):
        raise MutationError("it is not a function")
    return target


def _one(matches: Iterable[Node], what: str) -> Node:
    """The only match. Raises MutationError if there is none, or more than one."""
    candidates = list(matches)
    if len(candidates) != 1:
        raise MutationError(f"there is no {what}" if not candidates else f"there are {len(candidates)} × {what}")
    return candidates[0]


def _call(target: Definition, name: str, with_argument: str | None) -> ast.Call:
    matches = [node for node in ast.walk(target) if isinstance(node, ast.Call) and _is_named(node.func, name)]
    if with_argument is not None:
        argument = _expression(with_argument)
        matches = [
            node
            for node in matches
            if any(_same(value, argument) for value in [*node.args, *(keyword.value for keyword in node.keywords)])
        ]
    return _one(matches, f"call of {name}" + (f" with {with_argument}" if with_argument is not None else ""))


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
