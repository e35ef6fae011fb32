"""Evaluate JSONata expressions whose text was parsed before.

On AWS, a state machine's expressions are parsed when it is created. MiniStack (`stepfunctions._evaluate_jsonata`)
parses an expression at every evaluation, and once more with `$exists` around it when the result is null: an eighth
of the emulator's time per message. This addition replaces that function: it keeps the parsed form of each
text, asks the engine itself whether a result is null or undefined, and follows a path such as `$data.text` itself.
"""

import copy
import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from local.emulator import patching

MAX_PARSED_EXPRESSIONS = 1_024
MAX_EVALUATION_MS = 1_000
PATH = re.compile(r"\$[A-Za-z]\w*(?:\.[A-Za-z]\w*)*")
STEPS_PER_LOOK_AT_THE_CLOCK = 64


class JsonataExpressions:
    """Evaluates for MiniStack, once installed; the functions that Step Functions adds stay MiniStack's."""

    def __init__(self) -> None:
        service = "services.stepfunctions"
        self._error = patching.original(service, "_ExecutionError")
        self._add_functions = patching.original(service, "_register_sfn_jsonata_functions")

    def install(self) -> None:
        """Replace MiniStack's function."""
        patching.replace("services.stepfunctions", "_evaluate_jsonata", self.evaluate)

    def evaluate(
        self,
        expression: str,
        state_input: Any,
        context: dict[str, Any] | None = None,
        result: Any = None,
        error_output: Any = None,
    ) -> Any:
        """The value of an expression (the text inside `{% %}`). Raises States.QueryEvaluationError."""
        context = context or {}
        states = {"input": state_input, "result": result, "errorOutput": error_output, "context": context}
        variables = context.get("variables", {})
        found = look_up(path_of(expression), {**variables, "states": states})
        if found is not None:
            return found
        # The engine takes None for undefined.
        bindings = {name: Utils.NULL_VALUE if value is None else value for name, value in variables.items()}
        # The engine looks for the last two in every frame at each step, so they are in the innermost.
        bindings |= {"states": states, "__evaluate_entry": time_limit(), "__evaluate_exit": None}
        try:
            value = self._run(expression, bindings)
        except self._error:
            raise
        except Exception as failure:
            code = getattr(failure, "error", None)
            message = f"{code}: {failure}" if isinstance(code, str) and code else str(failure)
            raise self._error("States.QueryEvaluationError", message) from failure
        if value is None:
            raise self._error(
                "States.QueryEvaluationError", f"JSONata expression did not return a result: {expression}"
            )
        return Utils.convert_nulls(value)

    def _run(self, expression: str, bindings: dict[str, Any]) -> Any:
        # The engine keeps the state of an evaluation in the object that has the parsed expression, and finds it by
        # the current thread.
        evaluation = copy.copy(self._parsed(expression))
        Jsonata.CURRENT.jsonata = evaluation
        return evaluation.evaluate(None, bindings)

    @lru_cache(MAX_PARSED_EXPRESSIONS)  # noqa: B019 - there is one object, which lives as long as the emulator
    def _parsed(self, expression: str) -> Jsonata:
        parsed = Jsonata(expression)
        # Without the conversion, a null is NULL_VALUE and an undefined result is None.
        parsed.set_output_convert_nulls(False)
        self._add_functions(parsed)
        return parsed


@lru_cache(MAX_PARSED_EXPRESSIONS)
def path_of(expression: str) -> tuple[str, ...]:
    """The names in an expression that is a path, such as `$data.text`; empty for another one."""
    return tuple(expression[1:].split(".")) if PATH.fullmatch(expression) else ()


def look_up(path: tuple[str, ...], values: Any) -> Any:
    """What a path through objects leads to, if the engine would give the same; None if it is asked.

    It is asked for what is missing or null, and for arrays, whose elements a path goes through.
    """
    if not path:
        return None
    for name in path:
        if type(values) is not dict:
            return None
        values = values.get(name)
    return None if isinstance(values, list) else values


def time_limit() -> Callable[[Any, Any, Any], None]:
    """A function that the engine calls at each step, and that raises D1012 once the evaluation took too long."""
    deadline = time.monotonic() + MAX_EVALUATION_MS / 1000
    steps = 0

    def check(_expression: Any, _input: Any, _environment: Any) -> None:
        nonlocal steps
        steps += 1
        if steps % STEPS_PER_LOOK_AT_THE_CLOCK == 0 and time.monotonic() > deadline:
            raise JException("D1012", -1, MAX_EVALUATION_MS)

    return check
