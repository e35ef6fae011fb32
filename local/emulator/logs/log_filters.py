"""Filter log events by the patterns that CloudWatch Logs knows, fast.

AWS: a pattern is terms (each must occur; `"quoted words"`, `?either ?or`, `-not`), case-sensitive, or a JSON
selector such as `{ ($.type = "A") || ($.details.name = "B*") }`. MiniStack
(`cloudwatch_logs._compile_filter_pattern`) ignores case, knows no `?`, lets everything through for JSON, and takes
each term for a glob, which makes a search through a workflow's long lines much slower than it need be.
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
    """Take the place of MiniStack's own."""
    before = patching.original("services.cloudwatch_logs", "_compile_filter_pattern")

    def compile_pattern(raw: str) -> Matcher:
        text = (raw or "").strip()
        if text.startswith("{"):
            return compile_json(text) or before(raw)
        return compile_terms(text)

    patching.replace("services.cloudwatch_logs", "_compile_filter_pattern", compile_pattern)


def compile_terms(pattern: str) -> Matcher:
    """A matcher of terms."""
    wanted: list[str] = []
    either: list[str] = []
    unwanted: list[str] = []
    for found in TERM.finditer(pattern):
        quoted = found["quoted"]
        term = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else found["bare"]
        {"": wanted, "?": either, "-": unwanted}[found["sign"]].append(term)

    def matches(message: str) -> bool:
        return (
            all(term in message for term in wanted)
            and (not either or any(term in message for term in either))
            and not any(term in message for term in unwanted)
        )

    return matches


def compile_json(pattern: str) -> Matcher | None:
    """A matcher of comparisons joined by `||` or by `&&`; None for a selector of another form."""
    inner = pattern.strip().removeprefix("{").removesuffix("}")
    joined_by_and = "&&" in inner
    if joined_by_and and "||" in inner:
        return None
    found = [COMPARISON.match(part) for part in re.split(r"\|\||&&", inner)]
    if not all(found):
        return None
    comparisons = [
        (each["path"].split("."), each["operator"], each["quoted"] if each["quoted"] is not None else each["bare"])
        for each in found
        if each
    ]
    # A line without any of the values need not be parsed; one that must not hold a value may lack them all.
    likely = [value.split("*")[0] for _, operator, value in comparisons if operator == "="]
    quantifier = all if joined_by_and else any
    can_skip = len(likely) == len(comparisons) and all(likely)

    def matches(message: str) -> bool:
        if can_skip and not quantifier(value in message for value in likely):
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
