"""Which AWS calls a handler can reach, read from the code: (action, resource) pairs such as PutItem on `members`.

Follows references from the handler through `functions`, with the names of tables as they are passed along: a
parameter is whatever the caller hands in, `settings.members_table` is `members`. What is referenced counts as
called; a router's routes count where the router is.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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
    "delete_connection": ("execute-api:ManageConnections", "DELETE"),
}
# What a module does when it is imported.
LOOSE = "<module>"
Need = tuple[str, str]
Bindings = Mapping[str, str]


@dataclass(frozen=True)
class Module:
    """A module of `functions`: its definitions, and what its names stand for."""

    name: str
    definitions: Mapping[str, ast.AST]
    imports: Mapping[str, str]


@cache
def module(name: str) -> Module | None:
    """A module by its dotted name; None where there is none of that name."""
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    if not path.is_file():
        return None
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, str] = {}
    loose: list[ast.stmt] = []
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
            loose.append(node)
    definitions[LOOSE] = ast.Module(loose, [])
    return Module(name, definitions, imports)


def calls_of(handler: str) -> set[Need]:
    """Everything that a handler (`functions.handlers.connect`) can ask of AWS."""
    found: set[Need] = set()
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
        found.update(needs_in(definition, bindings, where=f"{home.name}.{name}"))
        for target, more in references(home, definition, bindings):
            visit(*target, more)

    start = module(handler)
    assert start is not None
    for name in start.definitions:
        visit(start, name, {})
    return found


def decorators(function: ast.FunctionDef) -> set[str]:
    """The names that decorators begin with: `@router.get(…)` is by `router`."""
    return {node.id for each in function.decorator_list for node in ast.walk(each) if isinstance(node, ast.Name)}


def references(
    home: Module, definition: ast.AST, bindings: Bindings
) -> Iterator[tuple[tuple[Module, str], Bindings]]:
    """The definitions of ours that code refers to, and what it calls them with."""
    called: dict[int, ast.Call] = {
        id(node.func): node for node in ast.walk(definition) if isinstance(node, ast.Call)
    }
    for node in ast.walk(definition):
        target = resolve(home, node)
        if target is None:
            continue
        yield target, arguments(target, called.get(id(node)), bindings)


def resolve(home: Module, node: ast.AST) -> tuple[Module, str] | None:
    """The definition that a name, or a module's attribute, stands for."""
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
    """The tables that a call hands to the parameters of what it calls."""
    definition = target[0].definitions.get(target[1])
    if call is None or not isinstance(definition, ast.FunctionDef):
        return {}
    names = [each.arg for each in (*definition.args.args, *definition.args.kwonlyargs)]
    handed = dict(zip(names, call.args, strict=False)) | {
        each.arg: each.value for each in call.keywords if each.arg
    }
    tables: dict[str, str] = {}
    for name, value in handed.items():
        if isinstance(value, ast.Starred):
            continue
        if table := table_of(value, bindings):
            tables[name] = table
    starred = [value for value in call.args if isinstance(value, ast.Starred)]
    if starred:
        # `messages.page(*tables, …)`: the parameters are named for their tables.
        tables |= {name: name.removesuffix("_table") for name in names if name.endswith("_table")}
    return tables


def table_of(node: ast.AST, bindings: Bindings) -> str | None:
    """The table that an expression names: a parameter's, or a setting's."""
    if isinstance(node, ast.Name):
        return bindings.get(node.id)
    if isinstance(node, ast.Attribute) and node.attr.endswith("_table"):
        return node.attr.removesuffix("_table")
    return None


def needs_in(definition: ast.AST, bindings: Bindings, *, where: str) -> Iterator[Need]:
    """What the code of one definition asks of AWS itself."""
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
    """What a method of a client or table, called with the keywords, asks of AWS."""
    name, receiver = method.attr, method.value
    if name in OTHER_CALLS:
        yield OTHER_CALLS[name]
    elif name in TABLE_CALLS and isinstance(receiver, ast.Call) and is_table(receiver):
        table = table_of(receiver.args[0], bindings)
        if table is None:
            # Reached by a reference that hands nothing in; every real call is followed besides.
            return
        index = next((keyword.value for keyword in keywords if keyword.arg == "IndexName"), None)
        suffix = f"/{index.value!s}" if isinstance(index, ast.Constant) else ""
        yield f"dynamodb:{TABLE_CALLS[name]}", f"{table}{suffix}"


def is_table(node: ast.AST) -> bool:
    """Whether an expression is `table(…)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "table"


def transaction_table(item: ast.Dict, bindings: Bindings) -> str | None:
    """The table of one item of a transaction."""
    for key, value in zip(item.keys, item.values, strict=True):
        if isinstance(key, ast.Constant) and key.value == "TableName":
            return table_of(value, bindings)
    return None
