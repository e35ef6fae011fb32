"""Runs the workflow `deliver` in a second engine: sfnx, whose semantics were measured on Step Functions.

The engine is independent of the emulator's. Its tasks call DynamoDB, SQS and Lambda through boto3 clients: those
of a stage, or mocked ones. Every call is checked against the service's model first. Time is simulated: it advances
in Wait states, and in tasks that a fault delays.

The tests run one definition hundreds of times, so each expression is parsed and checked once.
"""

import functools
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
import jsonata
import sfnx.testing
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from jsonata.parser import Parser
from sfnx.integrations import sdk_member

DEFINITION = Path(__file__).resolve().parents[1] / "workflows" / "deliver.asl.json"
EXPRESS_SECONDS = 300
"""The time after which an Express run ends without any further state."""

Fault = Callable[[sfnx.testing.Call], None]
"""Called before each call of a task: raises `sfnx.testing.Failure`, or does nothing."""

_MODELS = botocore.session.get_session()


class _ParserThatRemembers(Parser):  # type: ignore[misc] # jsonata has no types
    """Keeps the syntax tree of each expression; evaluation does not change it."""

    @functools.cache  # noqa: B019 # there is one parser
    def parse(self, code: str, regex_engine: Any) -> Any:
        return Parser().parse(code, regex_engine)


_PARSER = _ParserThatRemembers()
jsonata.Jsonata.get_parser = staticmethod(lambda: _PARSER)


def _look_up(frame: Any, name: str) -> Any:
    """The value of a variable. The library's own method calls itself for each enclosing frame."""
    while frame is not None:
        if name in frame.bindings:
            return frame.bindings[name]
        frame = frame.parent
    return None


jsonata.Jsonata.Frame.lookup = _look_up

# `run` checks its definition, which reads the trees of all expressions.
sfnx.testing.states_fields = functools.cache(sfnx.testing.states_fields)


@dataclass(frozen=True)
class Run:
    """A finished run: its status, its result, and the states that it entered, in order."""

    status: str
    output: dict[str, Any] | None
    error: str | None
    states: list[str]
    seconds: float = 0
    """The simulated duration."""


@dataclass
class SecondEngine:
    """Runs a definition. `client` gives a boto3 client by service, `invoke` calls a function with a payload."""

    definition: dict[str, Any]
    client: Callable[[str], Any]
    invoke: Callable[[str, dict[str, Any]], Any]
    calls: list[sfnx.testing.Call] = field(default_factory=list)
    """Every call of every run."""
    waited: float = 0

    def run(self, event: dict[str, Any], *, fault: Fault = lambda _: None) -> Run:
        """Run the definition with an event to its end."""
        began, self.waited = time.time(), 0.0

        def perform(call: sfnx.testing.Call) -> object:
            self.calls.append(call)
            validate(call)
            fault(call)
            return self._perform(call)

        run = sfnx.testing.run(
            self.definition,
            event,
            perform,
            functions={"millis": lambda: int((began + self.waited) * 1000), "random": lambda: 0.999},
            on_wait=lambda wait: self.advance(wait.seconds or 0),
            start_time=datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds"),
        )
        status = "SUCCEEDED" if run.error is None else "FAILED"
        output: Any = run.output if run.error is None else None
        return Run(status, output, run.error, list(run.states), self.waited)

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.waited += seconds

    def _perform(self, call: sfnx.testing.Call) -> object:
        service, action, is_sdk = integration(call)
        arguments: Any = call.arguments
        if service == "lambda":
            return {"StatusCode": 200, "Payload": self.invoke(arguments["FunctionName"], arguments["Payload"])}
        try:
            answer: dict[str, Any] = getattr(self.client(service), xform_name(action))(**arguments)
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            raise sfnx.testing.Failure(error_name(service, code, is_sdk=is_sdk), message) from None
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def integration(call: sfnx.testing.Call) -> tuple[str, str, bool]:
    """The service, the operation and whether it is an `aws-sdk:` integration."""
    resource = call.resource.removeprefix("arn:aws:states:::")
    service, _, action = resource.removeprefix("aws-sdk:").partition(":")
    return service, action[0].upper() + action[1:], resource.startswith("aws-sdk:")


def error_name(service: str, code: str, *, is_sdk: bool) -> str:
    """The name of a service's error in a workflow: the service's own where its SDK has no class for the error."""
    if service != "dynamodb":
        return f"{service.upper()}.{code}"
    prefix, other = ("DynamoDb", "DynamoDbException") if is_sdk else ("DynamoDB", "AmazonDynamoDBException")
    classes = {shape.name for shape in _MODELS.get_service_model("dynamodb").error_shapes} - {
        "ThrottlingException"
    }
    return f"{prefix}.{code if code in classes else other}"


def validate(call: sfnx.testing.Call) -> None:
    """Check the arguments of a call against the model of its operation. Raises AssertionError."""
    service, action, is_sdk = integration(call)
    operation = _MODELS.get_service_model(service).operation_model(action)
    arguments: Any = call.arguments
    if service == "lambda":
        # An object is the payload's JSON.
        arguments = {**arguments, "Payload": json.dumps(arguments["Payload"])}
    if is_sdk:
        # These integrations spell members as the SDK for Java does: `Bool`, not `BOOL`.
        misspelled = {name for name in member_names(arguments) if sdk_member(name) != name}
        assert not misspelled, f"{call.state}: {misspelled}"
    assert operation.input_shape
    report = ParamValidator().validate(arguments, operation.input_shape)
    assert not report.has_errors(), f"{call.state}: {report.generate_report()}"


def member_names(value: object) -> set[str]:
    """The names of the types of attribute values (`S`, `BOOL`) and other members in capitals."""
    if isinstance(value, dict):
        own = {name for name in value if name.isupper() and name.isalpha()}
        return own.union(*(member_names(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(member_names(inner) for inner in value))
    return set()


def with_names(names: Callable[[str], str]) -> dict[str, Any]:
    """The definition in the file, with its placeholders (`MessagesTable`) replaced."""
    text = DEFINITION.read_text(encoding="utf-8")
    definition: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)\}", lambda found: names(found[1]), text))
    return definition
