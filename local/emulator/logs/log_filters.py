"""Filter log events by the patterns of CloudWatch Logs, fast.

On AWS, a pattern consists of case-sensitive terms (each must occur; `"quoted words"`, `?either ?or`, `-not`), or
it is a JSON selector such as `{ ($.type = "A") || ($.details.name = "B*") }`. MiniStack
(`cloudwatch_logs._compile_filter_pattern`) ignores case, does not support `?`, returns every event for a JSON
selector, and treats each term as a glob, which makes a search through the long lines of a workflow slow. This
addition replaces that function.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from local.emulator import patching

Matcher = Callable[[str], bool]

TERM = re.compile(r'(?P<sign>[-?]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>\S+))')
COMPARISON = re.compile(
    r'^\s*\(?\s*\$\.(?P<path>[A-Za-z0-9_.]+)\s*(?P<operator>!?=)\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s()]+))\s*\)?\s*$'
)


def install() -> None:
    """Replace MiniStack's function; JSON selectors that are not supported here stay with it."""
    before = patching.original("services.cloudwatch_logs", "_compile_filter_pattern")

    def compile_pattern(raw: str) -> Matcher:
        text = (raw or "").strip()
        if text.startswith("{"):
            return compile_json(text) or before(raw)
        return compile_terms(text)

    patching.replace("services.cloudwatch_logs", "_compile_filter_pattern", compile_pattern)


def compile_terms(pattern: str) -> Matcher:
    """A matcher of terms: required ones, `?` alternatives and `-` exclusions."""
    required: list[str] = []
    alternatives: list[str] = []
    excluded: list[str] = []
    for match in TERM.finditer(pattern):
        quoted = match["quoted"]
        term = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match["bare"]
        {"": required, "?": alternatives, "-": excluded}[match["sign"]].append(term)

    def matches(message: str) -> bool:
        return (
            all(term in message for term in required)
            and (not alternatives or any(term in message for term in alternatives))
            and not any(term in message for term in excluded)
        )

    return matches


def compile_json(pattern: str) -> Matcher | None:
    """A matcher of a JSON selector: comparisons joined by `||` or by `&&`; None for a selector of another form."""
    inner = pattern.strip().removeprefix("{").removesuffix("}")
    joined_by_and = "&&" in inner
    if joined_by_and and "||" in inner:
        return None
    comparisons = []
    for part in re.split(r"\|\||&&", inner):
        match = COMPARISON.match(part)
        if match is None:
            return None
        value = match["quoted"] if match["quoted"] is not None else match["bare"]
        comparisons.append((match["path"].split("."), match["operator"], value))
    # A line that does not contain the values cannot match and is not parsed, unless a comparison is `!=`.
    literals = [value.split("*")[0] for _, operator, value in comparisons if operator == "="]
    quantifier = all if joined_by_and else any
    can_skip = len(literals) == len(comparisons) and all(literals)

    def matches(message: str) -> bool:
        if can_skip and not quantifier(literal in message for literal in literals):
            return False
        try:
            document = json.loads(message)
        except ValueError:
            return False
        return quantifier(_holds(document, *comparison) for comparison in comparisons)

    return matches


def _holds(document: Any, path: list[str], operator: str, value: str) -> bool:
    for name in path:
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    text = document if isinstance(document, str) else json.dumps(document)
    return fnmatchcase(text, value) is (operator == "=")
