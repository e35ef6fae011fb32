"""Every mutant can be applied to the current code, changes only its target, and has tests that exist."""

import ast
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.report import PROMISES
from tests.mutants import running
from tests.mutants.catalogue import BROWSER, MUTANTS, SERVER, Mutant
from tests.mutants.deployed import imported_files, package
from tests.mutants.errors import MutationError
from tests.mutants.outcomes import Ending, Outcome, from_junit, from_vitest
from tests.mutants.python import (
    DropArgument,
    DropElement,
    DropHandler,
    DropKey,
    Edit,
    PythonChange,
    RemoveCall,
    ReplaceBody,
    SetArgument,
    SetClassArgument,
    SetCondition,
    SetConstant,
    SetReturn,
    SetVariable,
    always,
    find,
    mutated,
    never,
)
from tests.mutants.running import Result, Runner, Verdict, judge
from tests.mutants.workflow import Replace, WorkflowChange

ROOT = Path(__file__).resolve().parents[3]


# --- the catalogue


@pytest.mark.parametrize("mutant", SERVER, ids=lambda mutant: mutant.description)
def test_a_mutant_changes_its_target_and_nothing_else(mutant: Mutant):
    """The changed file parses, and equals the original file except for the target."""
    change = mutant.change
    assert isinstance(change, PythonChange | WorkflowChange)
    original, changed = (ROOT / change.file).read_text(), change.applied(ROOT)
    if isinstance(change, WorkflowChange):
        assert differences(json.loads(original), json.loads(changed)) == [change.path[-1]]
        return
    name = change.target.partition(":")[2]
    before, after = ast.parse(original), ast.parse(changed)
    assert ast.dump(find(before, name)) != ast.dump(find(after, name))
    assert dump_except(before, name) == dump_except(after, name)


def differences(one: Any, other: Any, key: str | int = "") -> list[str | int]:
    """The keys under which two JSON values differ, the innermost of each."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [key for name in one for key in differences(one[name], other[name], name)]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            key
            for index, (item, other_item) in enumerate(zip(one, other, strict=True))
            for key in differences(item, other_item, index)
        ]
    return [] if one == other else [key]


def dump_except(tree: ast.Module, name: str) -> str:
    """The dump of a module's syntax tree without one definition."""
    target = find(tree, name)

    class Remover(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return None if node is target else self.generic_visit(node)

    return ast.dump(Remover().visit(tree))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.description)
def test_the_tests_of_a_mutant_exist(mutant: Mutant):
    """Each test of a mutant is a function in a Python module, or a title in a Vitest file."""
    assert mutant.tests
    for test in mutant.tests:
        if mutant in BROWSER:
            file, *titles = test.split(" > ")
            text = (ROOT / "ui" / file).read_text()
            assert titles
            assert all(f'"{title}"' in text for title in titles)
        else:
            file, _, name = test.partition("::")
            tree = ast.parse((ROOT / file).read_text())
            assert isinstance(find(tree, name), ast.FunctionDef | ast.AsyncFunctionDef)


@pytest.mark.parametrize("mutant", BROWSER, ids=lambda mutant: mutant.description)
def test_a_mutant_of_the_browser_names_a_file(mutant: Mutant):
    """The file of a browser mutant exists. ui/tests/mutants.test.ts checks its symbol."""
    assert (ROOT / mutant.change.file).is_file()


def test_every_promise_has_a_mutant():
    """Each promise has a mutant, which shows that its tests can fail."""
    assert {mutant.promise for mutant in MUTANTS} == set(PROMISES)


def test_descriptions_of_mutants_are_unique():
    """The description identifies a mutant in the results."""
    assert len({mutant.description for mutant in MUTANTS}) == len(MUTANTS)


# --- edits of Python code

FUNCTION = '''
import json
LIMIT = 3
KINDS = [Kind('a', 1), Kind('b', 2)]

class Shape(Base, extra="forbid"):
    """A shape."""

    @property
    def size(self) -> int:
        """How large."""
        return self.width * 2

def send(table, text, *, limit):
    size = len(text)
    if size > limit:
        log.info("long", extra={"size": size})
        raise TooLong(f"{size}")
    if not text:
        return None
    elif size == 1:
        size += 1
    try:
        table.query(Key=text, Forward=size > 1)
    except (ValueError, OSError):
        raise Invalid from None
    if text:
        audit.close(text)
    log.info("sent", extra={"size": size, "kind": ["a", text]})
    allow("read", "write", on=[table])
    return size

async def other():
    audit.close(1)
    audit.close(2)
    return send(1, 2) or send(3, 4)
'''

EDITS: list[tuple[str, Edit, str, str]] = [
    ("Shape.size", ReplaceBody("return 0"), "return self.width * 2", "return 0"),
    ("send", RemoveCall("audit.close"), "audit.close(text)\n    log", "pass\n    log"),
    ("send", RemoveCall("allow"), "    allow('read', 'write', on=[table])\n", ""),
    ("send", never(raising="TooLong"), "if size > limit:", "if False:"),
    ("send", always(returning="None"), "if not text:", "if True:"),
    ("send", SetCondition(doing="size += 1", to="size == 2"), "elif size == 1:", "elif size == 2:"),
    ("send", SetArgument("query", "Forward", "True"), "Forward=size > 1", "Forward=True"),
    ("send", SetArgument("len", 0, "limit"), "len(text)", "len(limit)"),
    ("send", SetArgument("log.info", "extra", "{}", with_argument="'long'"),
     "extra={'size': size})\n        raise", "extra={})\n        raise"),
    ("send", DropArgument("allow", "'write'"), "'read', 'write'", "'read'"),
    ("send", DropArgument("allow", "on"), ", on=[table])", ")"),
    ("KINDS", DropElement("'b'"), "[Kind('a', 1), Kind('b', 2)]", "[Kind('a', 1)]"),
    ("send", DropElement("'a'"), "['a', text]", "[text]"),
    ("send", DropKey("kind"), ", 'kind': ['a', text]}", "}"),
    ("send", SetVariable("size", "0"), "size = len(text)", "size = 0"),
    ("Shape.size", SetReturn("1"), "return self.width * 2", "return 1"),
    ("send", DropHandler("ValueError"), "except (ValueError, OSError):", "except ():"),
    ("LIMIT", SetConstant("4"), "LIMIT = 3", "LIMIT = 4"),
    ("Shape", SetClassArgument("extra", "'ignore'"), "extra='forbid'", "extra='ignore'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "edit", "before", "after"), EDITS, ids=lambda value: str(value)[:60])
def test_an_edit_changes_one_thing(name: str, edit: Edit, before: str, after: str):
    """The rest of the code is as it was."""
    source = ast.unparse(ast.parse(FUNCTION)) + "\n"
    assert source.count(before) == 1
    assert mutated(FUNCTION, name, edit) == source.replace(before, after)


REFUSED: list[tuple[str, Edit, str]] = [
    ("nothing", ReplaceBody("pass"), "nothing: there is no definition of nothing"),
    ("Nothing.size", ReplaceBody("pass"), "there is no class Nothing"),
    ("Shape.width", ReplaceBody("pass"), "there is no definition of width"),
    ("LIMIT", ReplaceBody("pass"), "it is not a function"),
    ("send", SetConstant("1"), "it is not a constant"),
    ("send", SetClassArgument("extra", "1"), "it is not a class"),
    ("Shape", SetClassArgument("title", "1"), "there is no argument title of the class"),
    ("Shape.size", ReplaceBody("return self.width * 2"), "changes nothing"),
    ("send", ReplaceBody("return ("), "'return (' is not Python"),
    ("send", RemoveCall("close_all"), "there is no statement that calls close_all"),
    ("send", RemoveCall("len"), "there is no statement that calls len"),
    ("other", RemoveCall("audit.close"), "there are 2 × statement that calls audit.close"),
    ("send", never(raising="KeyError"), "there is no 'if' that raises KeyError"),
    ("send", never(returning="size"), "there is no 'if' that returns size"),
    ("send", never(doing="size += 2"), "there is no 'if' that does 'size += 2'"),
    ("send", SetArgument("query", "Backward", "1"), "there is no argument Backward of query"),
    ("send", SetArgument("query", 0, "1"), "query has no argument number 0"),
    ("send", SetArgument("log.info", "extra", "{}"), "there are 2 × call of log.info"),
    ("send", SetArgument("log.info", "extra", "{}", with_argument="'x'"), "there is no call of log.info with 'x'"),
    ("send", DropArgument("allow", "'delete'"), "there is no argument 'delete' of allow"),
    ("KINDS", DropElement("'c'"), "there is no element with 'c'"),
    ("KINDS", DropElement("Kind"), "there are 2 × element with Kind"),
    ("send", DropKey("size"), "there are 2 × key 'size'"),
    ("send", SetVariable("text", "1"), "there is no assignment to text"),
    ("send", SetReturn("1"), "there are 2 × return"),
    ("send", DropHandler("KeyError"), "there is no except of KeyError"),
]


@pytest.mark.parametrize(("name", "edit", "message"), REFUSED, ids=lambda value: str(value)[:60])
def test_an_edit_without_a_unique_match_fails(name: str, edit: Edit, message: str):
    """The error names the target and the code that was not found once."""
    with pytest.raises(MutationError) as refusal:
        mutated(FUNCTION, name, edit)
    assert message in str(refusal.value)
    assert str(refusal.value).startswith(name)


def test_a_moved_target_is_found():
    """A target is found after the file was reordered or reformatted."""
    moved = '"""Moved."""\n\n\nclass Other:\n    def size(self):\n        return 7\n' + FUNCTION.replace(
        "    ", "  "
    )
    assert "return 0" in mutated(moved, "Shape.size", ReplaceBody("return 0"))


def test_a_missing_file_fails():
    """The error names the target and the file."""
    with pytest.raises(MutationError) as refusal:
        PythonChange("functions.nothing:it", ReplaceBody("pass")).applied(ROOT)
    assert str(refusal.value) == "functions.nothing:it: there is no file functions/nothing.py"


# --- edits of the workflow

DEFINITION: dict[str, Any] = {
    "States": {
        "One": {"Type": "Pass", "Choices": [{"Condition": "a > b"}], "Default": "Two"},
        "Each": {"Type": "Map", "ItemProcessor": {"States": {"Inner": {"Items": "x, x"}}}},
    }
}


def test_a_change_sets_a_value_of_the_workflow():
    """A change sets the value at a path of a state, also a nested one, in a copy of the definition."""
    changed = WorkflowChange("One", ("Choices", 0, "Condition"), Replace(">", "<")).applied_to(DEFINITION)
    assert changed["States"]["One"]["Choices"] == [{"Condition": "a < b"}]
    assert differences(DEFINITION, changed) == ["Condition"]
    changed = WorkflowChange("Inner", ("Items",), "y").applied_to(DEFINITION)
    assert changed["States"]["Each"]["ItemProcessor"]["States"]["Inner"] == {"Items": "y"}
    assert DEFINITION["States"]["One"]["Choices"] == [{"Condition": "a > b"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (WorkflowChange("Two", ("Default",), "x"), "there are 0 states Two"),
        (WorkflowChange("One", ("Choices", 1, "Condition"), "x"), "there is no such path"),
        (WorkflowChange("One", ("Default", "Next"), "x"), "there is no such path"),
        (WorkflowChange("One", ("Default",), "Two"), "the value is 'Two' already"),
        (WorkflowChange("One", ("Default",), Replace("x", "y")), "'x' occurs 0 times, not once"),
        (WorkflowChange("Inner", ("Items",), Replace("x", "y")), "'x' occurs 2 times, not once"),
        (WorkflowChange("One", ("Choices",), Replace("x", "y")), "'x' occurs 0 times, not once"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_change_of_the_workflow_without_a_unique_match_fails(change: WorkflowChange, message: str):
    """The error names the target and the code that was not found once."""
    with pytest.raises(MutationError) as refusal:
        change.applied_to(DEFINITION)
    assert message in str(refusal.value)


# --- the functions' package


def test_a_package_holds_the_functions_with_the_change():
    """The package holds every file of `functions`, with the changed text for the named file."""
    with zipfile.ZipFile(BytesIO(package({"functions/settings.py": "changed = True\n"}))) as archive:
        assert archive.read("functions/settings.py") == b"changed = True\n"
        expected = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "functions").rglob("*.py"))
        assert sorted(archive.namelist()) == expected


def test_the_files_of_a_function_are_those_that_it_imports():
    """Direct and indirect imports count."""
    files = imported_files("functions.handlers.api")
    assert {"functions/handlers/api.py", "functions/chat/messages.py", "functions/settings.py"} <= files
    assert "functions/handlers/connect.py" not in files
    assert imported_files("aws_cdk.custom_resources") == set()


# --- verdicts

PASSED, FAILED, NOT_RUN = (Outcome(ending, "because") for ending in (Ending.PASSED, Ending.FAILED, Ending.NOT_RUN))


@pytest.mark.parametrize(
    ("control", "outcomes", "verdict"),
    [
        ([PASSED], [FAILED], Verdict.KILLED),
        ([PASSED, PASSED], [FAILED, FAILED], Verdict.KILLED),
        ([PASSED, PASSED], [FAILED, PASSED], Verdict.SURVIVED),
        ([PASSED], [PASSED], Verdict.SURVIVED),
        ([PASSED], [NOT_RUN], Verdict.NO_PROOF),
        ([PASSED], [], Verdict.NO_PROOF),
        ([FAILED], [FAILED], Verdict.NO_PROOF),
        ([FAILED], [], Verdict.NO_PROOF),
        ([NOT_RUN], [FAILED], Verdict.NO_PROOF),
    ],
)
def test_a_mutant_is_killed_by_tests_that_pass_only_without_it(
    control: list[Outcome], outcomes: list[Outcome], verdict: Verdict
):
    """A test that fails without the mutant, or does not run, proves nothing."""
    assert judge(control, outcomes)[0] is verdict


def test_outcomes_are_read_from_a_report_of_pytest():
    """A failed set-up and a skipped test do not count as failures."""
    outcomes = from_junit(
        """<testsuites><testsuite>
        <testcase classname="tests.a.test_b" name="test_ok"/>
        <testcase classname="tests.a.test_b" name="test_bad"><failure message="assert 1&#10; == 2"/></testcase>
        <testcase classname="tests.a.test_b" name="test_set_up"><error message="no stage"/></testcase>
        <testcase classname="tests.a.test_b" name="test_left"><skipped message="not here"/></testcase>
        <testcase classname="tests.a.test_b" name="test_each[1]"><failure message="one"/></testcase>
        <testcase classname="tests.a.test_b" name="test_each[2]"/>
        </testsuite></testsuites>"""
    )
    assert outcomes == {
        "tests/a/test_b.py::test_ok": Outcome(Ending.PASSED),
        "tests/a/test_b.py::test_bad": Outcome(Ending.FAILED, "assert 1 == 2"),
        "tests/a/test_b.py::test_set_up": Outcome(Ending.NOT_RUN, "no stage"),
        "tests/a/test_b.py::test_left": Outcome(Ending.NOT_RUN, "not here"),
        "tests/a/test_b.py::test_each": Outcome(Ending.FAILED, "one"),
    }


def case(title: str, status: str, *messages: str) -> dict[str, Any]:
    """A test in a JSON report of Vitest."""
    return {"ancestorTitles": ["of it"], "title": title, "status": status, "failureMessages": list(messages)}


def test_outcomes_are_read_from_a_report_of_vitest():
    """The tests of a file that fails as a whole, for example before it loads its module, count as not run."""
    tests = [case("holds", "passed"), case("breaks", "failed", "Error: no\n at x"), case("left", "skipped")]
    files = [
        {"name": "/ui/tests/a.test.ts", "status": "failed", "message": "", "assertionResults": tests},
        {
            "name": "/ui/tests/b.test.ts",
            "status": "failed",
            "message": "never loaded",
            "assertionResults": [case("holds", "passed")],
        },
    ]
    assert from_vitest(json.dumps({"testResults": files}), Path("/ui")) == {
        "tests/a.test.ts > of it > holds": Outcome(Ending.PASSED),
        "tests/a.test.ts > of it > breaks": Outcome(Ending.FAILED, "Error: no"),
        "tests/b.test.ts > of it > holds": Outcome(Ending.NOT_RUN, "never loaded"),
    }


def test_browser_mutants_run_without_a_stage(monkeypatch: pytest.MonkeyPatch):
    """Browser mutants share one control run, and the results are in the order of the mutants."""
    runs: list[dict[str, str]] = []

    def run_vitest(tests: list[str], environment: dict[str, str]) -> dict[str, Outcome]:
        runs.append(environment)
        return dict.fromkeys(tests, FAILED if environment else PASSED)

    def no_stage() -> None:
        raise AssertionError("a stage was started")

    monkeypatch.setattr(running, "run_vitest", run_vitest)
    monkeypatch.setattr(running, "mutable_stage", no_stage)
    reported: list[Result] = []
    results = Runner(2, 20, reported.append).run(BROWSER)
    assert [result.mutant for result in results] == BROWSER
    assert {result.verdict for result in results} == {Verdict.KILLED}
    assert sorted(result.mutant.description for result in reported) == sorted(
        mutant.description for mutant in BROWSER
    )
    assert runs[0] == {}
    assert len(runs) == 1 + len(BROWSER)
