"""Read from the code which AWS calls a handler can make: (action, resource) pairs such as PutItem on `members`.

This follows references from the handler through `functions`, with the names of the tables that are passed along: a
parameter is what the caller passes, `settings.members_table` is `members`. Everything referenced counts as called.
The routes of a router count where the router is referenced.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic.alias_generators import to_camel

ROOT = Path(__file__).resolve().parents[2]

TABLE_CALLS = {
    "get_item": "GetItem",
    "put_item": "PutItem",
    "update_item": "UpdateItem",
    "delete_item": "DeleteItem",
    "query": "Query",
    "scan": "Scan",
    "batch_writer": "BatchWriteItem",
}
TRANSACTION_CALLS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
OTHER_CALLS = {
    "put_events": ("events:PutEvents", "bus"),
    "post_to_connection": ("execute-api:ManageConnections", "POST"),
    "get_parameter": ("ssm:GetParameter", "parameter"),
    "delete_connection": ("execute-api:ManageConnections", "DELETE"),
}
# The statements of a module that run when it is imported.
TOP_LEVEL = "<module>"
Need = tuple[str, str]
Bindings = Mapping[str, str]


@dataclass(frozen=True)
class Module:
    """A module of `functions`: its definitions, and the full names of its imports."""

    name: str
    definitions: Mapping[str, ast.AST]
    imports: Mapping[str, str]


@cache
def module(name: str) -> Module | None:
    """Return a module by its dotted name, or None."""
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    if not path.is_file():
        return None
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, str] = {}
    top_level: list[ast.stmt] = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    definitions[target.id] = node
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("functions"):
            imports |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Expr):
            top_level.append(node)
    definitions[TOP_LEVEL] = ast.Module(top_level, [])
    return Module(name, definitions, imports)


def calls_of(handler: str) -> set[Need]:
    """Return the calls that a handler, such as `functions.handlers.connect`, can make."""
    needs: set[Need] = set()
    visited: set[tuple[str, str, tuple[tuple[str, str], ...]]] = set()

    def visit(home: Module, name: str, bindings: Bindings) -> None:
        key = (home.name, name, tuple(sorted(bindings.items())))
        definition = home.definitions.get(name)
        if definition is None or key in visited:
            return
        visited.add(key)
        for other, node in home.definitions.items():
            if other != name and isinstance(node, ast.FunctionDef) and name in decorators(node):
                visit(home, other, {})
        needs.update(needs_in(definition, bindings, where=f"{home.name}.{name}"))
        for target, tables in references(home, definition, bindings):
            visit(*target, tables)

    start = module(handler)
    assert start is not None
    for name in start.definitions:
        visit(start, name, {})
    return needs


def decorators(function: ast.FunctionDef) -> set[str]:
    """Return the names in the decorators of a function: `router` for `@router.get(…)`."""
    return {
        node.id
        for decorator in function.decorator_list
        for node in ast.walk(decorator)
        if isinstance(node, ast.Name)
    }


def references(
    home: Module, definition: ast.AST, bindings: Bindings
) -> Iterator[tuple[tuple[Module, str], Bindings]]:
    """Yield the definitions that some code refers to, with the tables that it passes to them."""
    called: dict[int, ast.Call] = {
        id(node.func): node for node in ast.walk(definition) if isinstance(node, ast.Call)
    }
    for node in ast.walk(definition):
        target = resolve(home, node)
        if target is None:
            continue
        yield target, arguments(target, called.get(id(node)), bindings)


def resolve(home: Module, node: ast.AST) -> tuple[Module, str] | None:
    """Return the definition that a name or an attribute of a module refers to, or None."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        found = module(home.imports.get(node.value.id, ""))
        return (found, node.attr) if found else None
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id in home.definitions:
            return home, node.id
        parent, _, name = home.imports.get(node.id, "").rpartition(".")
        found = module(parent) if parent else None
        return (found, name) if found else None
    return None


def arguments(target: tuple[Module, str], call: ast.Call | None, bindings: Bindings) -> Bindings:
    """Return the tables that a call passes to the parameters of a definition."""
    definition = target[0].definitions.get(target[1])
    if call is None or not isinstance(definition, ast.FunctionDef):
        return {}
    names = [parameter.arg for parameter in (*definition.args.args, *definition.args.kwonlyargs)]
    passed = dict(zip(names, call.args, strict=False)) | {
        keyword.arg: keyword.value for keyword in call.keywords if keyword.arg
    }
    tables: dict[str, str] = {}
    for name, value in passed.items():
        if isinstance(value, ast.Starred):
            continue
        if table := table_of(value, bindings):
            tables[name] = table
    starred = [value for value in call.args if isinstance(value, ast.Starred)]
    if starred:
        # In `messages.page(*tables, …)`, the names of the parameters are those of the tables.
        tables |= {name: table_name(name) for name in names if name.endswith("_table")}
    return tables


def table_of(node: ast.AST, bindings: Bindings) -> str | None:
    """Return the table that an expression names: by a parameter or a setting. None if it does not."""
    if isinstance(node, ast.Name):
        return bindings.get(node.id)
    if isinstance(node, ast.Attribute) and node.attr.endswith("_table"):
        return table_name(node.attr)
    return None


def table_name(setting: str) -> str:
    """Return the table of a setting: `textKeys` for `text_keys_table`."""
    return to_camel(setting.removesuffix("_table"))


def needs_in(definition: ast.AST, bindings: Bindings, *, where: str) -> Iterator[Need]:
    """Yield the calls that the code of one definition makes itself."""
    reads_batches = any(
        isinstance(node, ast.Attribute) and node.attr == "batch_get_item" for node in ast.walk(definition)
    )
    for node in ast.walk(definition):
        if isinstance(node, ast.Call):
            # `table(name).query(…)`, or `paginate(table(name).query, …)`
            for method in (node.func, *node.args):
                if isinstance(method, ast.Attribute):
                    yield from needs_of_method(method, node.keywords, bindings)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and key.value in TRANSACTION_CALLS
                    and isinstance(value, ast.Dict)
                ):
                    if table := transaction_table(value, bindings):
                        yield f"dynamodb:{TRANSACTION_CALLS[str(key.value)]}", table
                elif reads_batches and isinstance(key, ast.Name) and key.id in bindings:
                    yield "dynamodb:BatchGetItem", bindings[key.id]


def needs_of_method(method: ast.Attribute, keywords: list[ast.keyword], bindings: Bindings) -> Iterator[Need]:
    """Yield the call that a method of a client or a table makes when it is called with the keywords."""
    name, receiver = method.attr, method.value
    if name in OTHER_CALLS:
        yield OTHER_CALLS[name]
    elif name in TABLE_CALLS and isinstance(receiver, ast.Call) and is_table(receiver):
        table = table_of(receiver.args[0], bindings)
        if table is None:
            # Referenced without a call, so the table is unknown. The calls are followed separately.
            return
        index = next((keyword.value for keyword in keywords if keyword.arg == "IndexName"), None)
        suffix = f"/{index.value!s}" if isinstance(index, ast.Constant) else ""
        yield f"dynamodb:{TABLE_CALLS[name]}", f"{table}{suffix}"


def is_table(node: ast.AST) -> bool:
    """Whether an expression is `table(…)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "table"


def transaction_table(item: ast.Dict, bindings: Bindings) -> str | None:
    """Return the table of one item of a transaction."""
    for key, value in zip(item.keys, item.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "TableName":
            return table_of(value, bindings)
    return None
