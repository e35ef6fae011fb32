"""The definition under AWS's own validator, and its expressions under the JSONata version that AWS states."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sfnx.testing
from ministack.services import stepfunctions
from sfnx.testing import Call

from local.emulator.stepfunctions.jsonata_expressions import JsonataExpressions
from tests.events import message_sent
from tests.second_engine import DEFINITION
from tests.unit.workflows.conftest import CHANNEL_ID, Deliver, Failing
from tests.unit.workflows.test_deliver_definition import strings
from tests.waiting import COMMAND_SECONDS
from tests.workflow_cases import CASES

HERE = Path(__file__).parent
PINNED = {"$millis()": "1795000000123", "$random()": "0.75"}
"""Functions whose results change, and what replaces them."""
UNDEFINED = {"undefined": True}
EXPRESSIONS = JsonataExpressions()
PAGE = "500 - $count($leaver)"
"""How many recipients are read at once; two in the runs that need several pages."""


def node(script: str, text: str) -> Any:
    """The JSON that a script of this directory prints for an input."""
    path = shutil.which("node")
    assert path
    command = [path, str(HERE / script)]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_aws_language_service_has_no_finding():
    """The validator of the AWS Toolkit accepts the definition, and rejects a transition to no state."""
    text = DEFINITION.read_text(encoding="utf-8")
    assert node("validate_definition.cjs", text) == []
    broken = text.replace('"Default": "BackOff"', '"Default": "Nowhere"')
    assert node("validate_definition.cjs", broken)


class Evaluations:
    """The expressions that runs evaluate, with the variables and `$states` that they read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.original = sfnx.testing.evaluate
        self.recorded: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {}
        monkeypatch.setattr(sfnx.testing, "evaluate", self._record)

    def _record(self, code: str, variables: Any, states: Any) -> object:
        read = {name: value for name, value in variables.items() if f"${name}" in code}
        # Copies, because runs change what the variables hold. Most conditions are evaluated again and again.
        text = json.dumps([pinned(code), read, states if "$states" in code else {"input": {}, "context": {}}])
        self.recorded[text] = tuple(json.loads(text))
        return self.original(code, variables, states)

    def in_second_engine(self, code: str, variables: dict[str, Any], states: dict[str, Any]) -> object:
        """The result in sfnx."""
        try:
            return self.original(code, variables, states)
        except sfnx.testing.Failure:
            return UNDEFINED

    @staticmethod
    def in_emulator(code: str, variables: dict[str, Any], states: dict[str, Any]) -> object:
        """The result in the emulator."""
        context = {**states["context"], "variables": variables}
        try:
            return EXPRESSIONS.evaluate(
                code, states["input"], context, states.get("result"), states.get("errorOutput")
            )
        except stepfunctions._ExecutionError:
            return UNDEFINED


def pinned(code: str) -> str:
    """An expression whose result depends on its bindings only."""
    for call, value in PINNED.items():
        code = code.replace(call, value)
    return code


def record_every_path(deliver: Deliver) -> None:
    """Run every case, and the faults that lead to the other states."""
    for number, prepare in enumerate(CASES.values()):
        channel_id = f"c-{number}"
        deliver.stage.put("channels", channelId=channel_id, kind="private", name="tea", lastSeq=0)
        deliver.subscribe("a", "b", channel_id=channel_id)
        deliver.run(prepare(channel_id, deliver.run, deliver.table))
    deliver.subscribe("a", "b", *(f"k-{number}" for number in range(120)))
    deliver.run(message_sent(CHANNEL_ID), onlyTo=["a", "k-1"])
    deliver.run(message_sent(CHANNEL_ID), onlyTo="a")
    deliver.run({"id": "nothing", "detail-type": "MessageSent"})
    for fault in (
        Failing("AssignSequence", "DynamoDB.AmazonDynamoDBException"),
        Failing("PersistOnce", "DynamoDb.TransactionCanceledException", "[TransactionConflict, None]"),
        Failing("PostBatch", "Runtime.ExitError", times=3),
        Failing("PostBatch", "MalformedEventError"),
    ):
        deliver.run(message_sent(CHANNEL_ID), fault=fault)
    deliver.invoke = lambda payload: {"delivered": 0, "gone": 0, "undelivered": payload["connectionIds"][:1]}
    deliver.run(message_sent(CHANNEL_ID))
    arguments = deliver.engine.definition["States"]["FindRecipients"]["Arguments"]
    deliver.engine.definition["States"]["FindRecipients"]["Arguments"] = arguments.replace(PAGE, "2")

    def slow(call: Call) -> None:
        if call.state == "PostBatch":
            deliver.engine.advance(59)

    deliver.run(message_sent(CHANNEL_ID), fault=slow)


@pytest.mark.thorough
def test_every_expression_gives_the_same_in_jsonata_2_0_6(deliver: Deliver, monkeypatch: pytest.MonkeyPatch):
    """In the JavaScript library of the version that AWS states, in the emulator and in the second engine."""
    evaluations = Evaluations(monkeypatch)
    definition = copy.deepcopy(deliver.engine.definition)
    record_every_path(deliver)
    recorded = list(evaluations.recorded.values())
    evaluated = {code for code, _, _ in recorded}
    defined = {pinned(text[2:-2]) for text in strings(definition) if text.startswith("{%")}
    assert defined - {code.replace("'Limit': 2", f"'Limit': {PAGE}") for code in evaluated} == set(), (
        "an expression that no case evaluates"
    )
    requests = [
        {"code": code, "bindings": {**variables, "states": states}} for code, variables, states in recorded
    ]
    answers = node("evaluate_jsonata.cjs", json.dumps(requests))
    for (code, variables, states), answer in zip(recorded, answers, strict=True):
        expected = answer.get("value", UNDEFINED) if "error" not in answer else UNDEFINED
        assert evaluations.in_second_engine(code, variables, states) == expected, code
        assert evaluations.in_emulator(code, variables, states) == expected, code
