"""Evaluate JSONata expressions with jlens, whose engine is compiled.

On AWS, a state machine's expressions are parsed when it is created, and evaluated by Step Functions. MiniStack
(`stepfunctions._evaluate_jsonata`) parses an expression at every evaluation, and evaluates it in Python: for the
message of a chat, that took longer than everything else that the workflow does. This addition replaces that
function: it parses a text once, gives jlens only what the expression reads, because jlens converts all values that
it is given, and follows a path such as `$data.text` itself. It also replaces the function for a value with
expressions in it (`_apply_jsonata_template`): the engine evaluates all expressions of a state's arguments, output
or variables at once.

jlens has no strings with half a surrogate pair, which JSON allows: executions whose input has one are left to
MiniStack.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jlens import Expression, JlensError

from local.emulator import patching

MAX_PARSED_EXPRESSIONS = 1_024
MAX_TEMPLATES = 1_024
MAX_EVALUATION_MS = 1_000
PATH = re.compile(r"\$[A-Za-z]\w*(?:\.[A-Za-z]\w*)*")
UNKNOWN = object()
FUNCTIONS = ("partition", "range", "hash", "random", "uuid", "parse")
"""What Step Functions adds to JSONata; `toMillis` and `replace` of jlens are those of JavaScript already."""

_has_half_pairs: ContextVar[bool] = ContextVar("parley_has_half_pairs", default=False)
"""Whether the input of this execution has half a surrogate pair."""


class JsonataExpressions:
    """Evaluates for MiniStack, once installed; the functions that Step Functions adds stay MiniStack's."""

    def __init__(self) -> None:
        service = "services.stepfunctions"
        self._error = patching.original(service, "_ExecutionError")
        self._apply_slowly = patching.original(service, "_apply_jsonata_template")
        self._templates: dict[int, Template] = {}
        self._evaluate_slowly = patching.original(service, "_evaluate_jsonata")
        self._functions: dict[str, Callable[..., Any]] = {
            name: patching.original(service, f"_sfn_jsonata_{name}") for name in FUNCTIONS
        }

    def install(self) -> None:
        """Replace MiniStack's functions."""
        patching.replace("services.stepfunctions", "_evaluate_jsonata", self.evaluate)
        patching.replace("services.stepfunctions", "_apply_jsonata_template", self.apply)

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
        bindings = variables_of(state_input, context or {}, result, error_output)
        found = look_up(path_of(expression), bindings)
        if found is not UNKNOWN:
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

    def apply(
        self,
        value: Any,
        state_input: Any,
        context: dict[str, Any] | None = None,
        result: Any = None,
        error_output: Any = None,
    ) -> Any:
        """A copy of a value with the value of each expression in it. Raises States.QueryEvaluationError."""
        if type(value) is str:
            expression = expression_in(value)
            if expression is None:
                return value
            return self.evaluate(expression, state_input, context, result, error_output)
        if _has_half_pairs.get():
            return self._apply_slowly(value, state_input, context, result, error_output)
        bindings = variables_of(state_input, context or {}, result, error_output)
        found = self._values(self._template(value), bindings)

        def value_of(expression: str) -> Any:
            if expression in found:
                return found[expression]
            # It has no result, or one of them has an error.
            return self.evaluate(expression, state_input, context, result, error_output)

        return filled(value, value_of)

    def _values(self, template: "Template", bindings: dict[str, Any]) -> dict[str, Any]:
        """The values of a template's expressions. Those without a result are missing, and after an error most."""
        found = {}
        for expression, path in template.paths.items():
            value = look_up(path, bindings)
            if value is not UNKNOWN:
                found[expression] = value
        if template.together:
            try:
                values = self._run(template.together, bindings)
            except Exception:
                return found
            # jlens leaves out what is undefined, and functions: None is null.
            found |= {template.expressions[int(number)]: value for number, value in values.items()}
        return found

    def _template(self, value: Any) -> "Template":
        """The template of a value, which nothing changes: it is part of a definition."""
        known = self._templates.get(id(value))
        if known is not None and known.source is value:
            return known
        if len(self._templates) >= MAX_TEMPLATES:
            self._templates.clear()
        template = self._templates[id(value)] = template_of(value)
        return template

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


def variables_of(state_input: Any, context: dict[str, Any], result: Any, error_output: Any) -> dict[str, Any]:
    """The variables of an execution, with `$states`."""
    states = {"input": state_input, "result": result, "errorOutput": error_output, "context": context}
    return {**context.get("variables", {}), "states": states}


@dataclass(frozen=True)
class Template:
    """The expressions of a value in a definition."""

    source: Any
    """The value. It is kept, so that no other one gets its `id`."""
    expressions: tuple[str, ...]
    paths: dict[str, tuple[str, ...]]
    """The names in those that are paths."""
    together: str
    """One expression for the others: an object with their values, by their number. Empty if there are none."""


def template_of(value: Any) -> Template:
    """The template of a value."""
    expressions = tuple(dict.fromkeys(expressions_in(value)))
    paths = {expression: path_of(expression) for expression in expressions if path_of(expression)}
    others = [
        f"'{number}': ({expression})"
        for number, expression in enumerate(expressions)
        if expression not in paths and is_valid(expression)
    ]
    return Template(value, expressions, paths, f"{{{', '.join(others)}}}" if others else "")


def expressions_in(value: Any) -> Iterator[str]:
    """The expressions in a value of a definition, in its order."""
    if isinstance(value, str):
        expression = expression_in(value)
        if expression is not None:
            yield expression
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from expressions_in(inner)


def expression_in(text: str) -> str | None:
    """The expression between `{%` and `%}`, if a text is one."""
    return text[2:-2].strip() if text.startswith("{%") and text.endswith("%}") else None


def is_valid(expression: str) -> bool:
    """Whether an expression has no syntax error. It could not be evaluated with others."""
    try:
        Expression(expression)
    except JlensError:
        return False
    return True


def filled(value: Any, value_of: Callable[[str], Any]) -> Any:
    """A copy of a value with what `value_of` returns for each expression in it."""
    kind = type(value)
    if kind is str:
        expression = expression_in(value)
        return value if expression is None else value_of(expression)
    if kind is dict:
        return {name: filled(inner, value_of) for name, inner in value.items()}
    if kind is list:
        return [filled(inner, value_of) for inner in value]
    return value


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
    """What a path through objects leads to; UNKNOWN if the engine must be asked.

    It is asked for what is missing, and for a path through the elements of an array.
    """
    if not path:
        return UNKNOWN
    for name in path:
        if type(values) is not dict or name not in values:
            return UNKNOWN
        values = values[name]
    return values
