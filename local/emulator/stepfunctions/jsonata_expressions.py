"""Evaluate JSONata expressions with jlens, whose engine is compiled.

On AWS, a state machine's expressions are parsed when it is created, and evaluated by Step Functions. MiniStack
(`stepfunctions._evaluate_jsonata`) parses an expression at every evaluation, and evaluates it in Python: for the
message of a chat, that took longer than everything else that the workflow does. This addition replaces that
function: it parses a text once, gives jlens only what the expression reads, because jlens converts all values that
it is given, and follows a path such as `$data.text` itself.

jlens has no strings with half a surrogate pair, which JSON allows: executions whose input has one are left to
MiniStack.
"""

import json
import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from jlens import Expression, JlensError

from local.emulator import patching

MAX_PARSED_EXPRESSIONS = 1_024
MAX_EVALUATION_MS = 1_000
PATH = re.compile(r"\$[A-Za-z]\w*(?:\.[A-Za-z]\w*)*")
FUNCTIONS = ("partition", "range", "hash", "random", "uuid", "parse")
"""What Step Functions adds to JSONata; `toMillis` and `replace` of jlens are those of JavaScript already."""

_has_half_pairs: ContextVar[bool] = ContextVar("parley_has_half_pairs", default=False)
"""Whether the input of this execution has half a surrogate pair."""


class JsonataExpressions:
    """Evaluates for MiniStack, once installed; the functions that Step Functions adds stay MiniStack's."""

    def __init__(self) -> None:
        service = "services.stepfunctions"
        self._error = patching.original(service, "_ExecutionError")
        self._evaluate_slowly = patching.original(service, "_evaluate_jsonata")
        self._functions: dict[str, Callable[..., Any]] = {
            name: patching.original(service, f"_sfn_jsonata_{name}") for name in FUNCTIONS
        }

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
        if _has_half_pairs.get():
            return self._evaluate_slowly(expression, state_input, context, result, error_output)
        context = context or {}
        states = {"input": state_input, "result": result, "errorOutput": error_output, "context": context}
        bindings = {**context.get("variables", {}), "states": states}
        found = look_up(path_of(expression), bindings)
        if found is not None:
            return found
        try:
            value = self._run(expression, bindings)
        except JlensError as failure:
            raise self._error("States.QueryEvaluationError", f"{failure.code}: {failure}") from failure
        except Exception as failure:
            # One of the functions that Step Functions adds.
            raise self._error("States.QueryEvaluationError", str(failure)) from failure
        # jlens returns None for null, for undefined and for a function, and only null is a result.
        if value is None and not self._run(f"$type(({expression})) = 'null'", bindings):
            raise self._error(
                "States.QueryEvaluationError", f"JSONata expression did not return a result: {expression}"
            )
        return value

    def _run(self, expression: str, bindings: dict[str, Any]) -> Any:
        parsed, reads = self._parsed(expression)
        return parsed.evaluate(None, selected(bindings, reads), timeout=MAX_EVALUATION_MS / 1000)

    @lru_cache(MAX_PARSED_EXPRESSIONS)  # noqa: B019 - there is one object, which lives as long as the emulator
    def _parsed(self, expression: str) -> tuple[Expression, Any]:
        """A parsed expression, and what it reads of its variables, as for `selected`."""
        parsed = Expression(expression)
        for name, implementation in self._functions.items():
            if f"${name}" in expression:
                parsed.register_function(name, implementation)
        reads = parsed.reads()
        return parsed, True if reads.get("everyBinding") else reads["bindings"]


def selected(value: Any, reads: Any) -> Any:
    """The part of a value that is read: `reads` is True for all, or the names of an object with what is read of
    each.

    Of an array, the same is read of each element.
    """
    if reads is True:
        return value
    if type(value) is dict:
        return {name: selected(value[name], inner) for name, inner in reads.items() if name in value}
    return [selected(element, reads) for element in value] if isinstance(value, list) else value


def note_input(text: str) -> None:
    """Note for the evaluations of this execution whether its input, as JSON, has half a surrogate pair."""
    _has_half_pairs.set(has_half_pairs(text))


def has_half_pairs(text: str) -> bool:
    r"""Whether a JSON text has half a surrogate pair, escaped (`\ud83d`) or not."""
    if text.isascii() and "\\u" not in text:
        return False
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


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
