"""Applies mutants to a running local stage: it updates the functions' code or the workflow's definition.

That takes a second, where deploying the changed project takes half a minute, and uses the same APIs as a
deployment. Mutants of the stacks, and those that unit tests kill, need a copy of the project
(`project_copy`).
"""

import ast
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.emulator_control import LocalStage
from tests.local_stage import ROOT, running_stage
from tests.mutants.errors import MutationError
from tests.mutants.python import PythonChange
from tests.mutants.workflow import WorkflowChange


@dataclass(frozen=True)
class MutableStage:
    """A local stage whose code can be changed and restored."""

    state_dir: Path
    stage: LocalStage

    @contextmanager
    def with_change(self, change: PythonChange | WorkflowChange) -> Iterator[None]:
        """Apply a change until the block ends. Raises MutationError if the changed functions do not start."""
        if isinstance(change, WorkflowChange):
            with self._with_changed_workflow(change):
                yield
        else:
            with self._with_changed_functions(change):
                yield

    @contextmanager
    def _with_changed_functions(self, change: PythonChange) -> Iterator[None]:
        changed = package({change.file: change.applied(ROOT)})
        names = self._functions_with(change.file)
        try:
            self._update_functions(names, changed)
            yield
        finally:
            self._update_functions(names, package({}))

    @contextmanager
    def _with_changed_workflow(self, change: WorkflowChange) -> Iterator[None]:
        machines = self.stage.client("stepfunctions")
        arn = self.stage.outputs["DeliverStateMachineArn"]
        definition = machines.describe_state_machine(stateMachineArn=arn)["definition"]
        changed = json.dumps(change.applied_to(json.loads(definition)))
        try:
            machines.update_state_machine(stateMachineArn=arn, definition=changed)
            yield
        finally:
            machines.update_state_machine(stateMachineArn=arn, definition=definition)

    def _update_functions(self, names: list[str], code: bytes) -> None:
        functions = self.stage.client("lambda")
        for name in names:
            functions.update_function_code(FunctionName=name, ZipFile=code)
        failed = self.stage.warm_functions()
        if failed:
            raise MutationError(f"these functions do not start with the change: {', '.join(failed)}")

    def _functions_with(self, file: str) -> list[str]:
        """The functions that import a file. Raises MutationError if none does."""
        pages = self.stage.client("lambda").get_paginator("list_functions").paginate()
        names = [
            str(function["FunctionName"])
            for page in pages
            for function in page["Functions"]
            if file in imported_files(str(function.get("Handler", "")).rpartition(".")[0])
        ]
        if not names:
            raise MutationError(f"no function imports {file}")
        return names


@contextmanager
def mutable_stage() -> Iterator[MutableStage]:
    """Start a local stage of this project until the block ends. Raises RuntimeError if it does not start."""
    with tempfile.TemporaryDirectory(prefix="parley-mutants-") as folder:
        state_dir = Path(folder) / "stage"
        with running_stage(state_dir):
            yield MutableStage(state_dir, LocalStage.load(state_dir))


def imported_files(module: str) -> set[str]:
    """The files of `functions` that one of its modules imports, directly or indirectly, by path below the root."""
    files: set[str] = set()
    pending = [module]
    while pending:
        path = Path(*pending.pop().split(".")).with_suffix(".py")
        if path.parts[:1] != ("functions",) or path.as_posix() in files or not (ROOT / path).is_file():
            continue
        files.add(path.as_posix())
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Import):
                pending += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                pending += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return files


def package(changed: dict[str, str]) -> bytes:
    """A zip of the package `functions`, with changed content for some files (paths below the root)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((ROOT / "functions").rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            archive.writestr(name, changed.get(name) or path.read_text())
    return buffer.getvalue()
