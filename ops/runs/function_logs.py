"""The log lines of all functions of a stage: those of one request or event, or the errors.

A client's error has a correlation id: the id of the request or invocation that failed. Every line that a function
wrote for it has the id as well, as does the event that it published, so the id also finds the workflow's runs.
"""

import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.contract.model import timestamp
from ops import refusals
from ops.runs.execution import decoded
from ops.stage import logs
from ops.stage.stage import STACKS, Stage

MAX_CONCURRENT_SEARCHES = 4
"""FilterLogEvents allows five calls per second for the account."""
LAMBDA_ERRORS = ("[ERROR]", "Task timed out", "Runtime exited", "Status: timeout")
"""What Lambda's own lines about a failed call contain: a function that did not start or did not end."""
FUNCTION_ERRORS = ("ERROR", *LAMBDA_ERRORS[1:])
"""Terms in the lines that are errors, and in some that are not."""
WORKFLOW_ERRORS = ("TaskFailed", "TaskTimedOut", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")
LEVEL_VARIABLE = "POWERTOOLS_LOG_LEVEL"
COMPLETE_LEVELS = ("DEBUG", "INFO")
ERROR_LEVELS = ("ERROR", "CRITICAL")
LOG_GROUP = re.compile(r"^(?P<function>\w+?)(Logs)?[0-9A-F]{8}$")
WORKFLOW = "workflow"


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One line of a log. `level` and the ids are None where the line is Lambda's own."""

    at_ms: int
    function: str
    level: str | None
    message: str
    correlation_id: str | None
    details: dict[str, Any]

    @property
    def at(self) -> str:
        """When it was written."""
        return timestamp(self.at_ms)

    @property
    def error(self) -> str | None:
        """The name of the exception that it reports."""
        name = self.details.get("exception_name") or self.details.get("errorType")
        return str(name) if name else None

    @property
    def cause(self) -> str | None:
        """The last line of the exception that it reports: its message, also where it is Lambda's JSON.

        A line about a row or an event that cannot be read has a fault in place of an exception.
        """
        exception = str(self.details.get("exception") or "").strip()
        reported = decoded(exception)
        if isinstance(reported, dict) and reported.get("errorMessage"):
            return str(reported["errorMessage"])
        if exception:
            return exception.splitlines()[-1]
        fault = self.details.get("fault")
        return str(fault) if fault else None


def groups(stage: Stage) -> dict[str, str]:
    """The log group of each function by the function's name in the stacks, and the workflow's."""
    found = {WORKFLOW: stage.output("Delivery", "DeliverLogGroupName")}
    client = stage.client("cloudformation")
    for stack in STACKS:
        pages = client.get_paginator("list_stack_resources").paginate(StackName=f"Parley-{stage.name}-{stack}")
        for page in pages:
            for resource in page["StackResourceSummaries"]:
                name = LOG_GROUP.match(resource["LogicalResourceId"])
                group = resource.get("PhysicalResourceId")
                if resource["ResourceType"] == "AWS::Logs::LogGroup" and name and group not in found.values():
                    found[name["function"]] = group
    return found


def omission(stage: Stage) -> str | None:
    """What the log level of the functions leaves out, as a sentence; None for the levels INFO and DEBUG.

    All functions of a stage have the same level.
    """
    function = stage.output("Delivery", "PostToConnectionsFunctionName")
    try:
        configuration = stage.client("lambda").get_function_configuration(FunctionName=function)
    except ClientError as refusal:
        return f"Whether the functions' log level hides lines is not known. {refusals.sentence(refusal)}"
    level = configuration.get("Environment", {}).get("Variables", {}).get(LEVEL_VARIABLE, "INFO")
    if level in COMPLETE_LEVELS:
        return None
    return (
        f"This stage's functions log {level} and above only: lines about what succeeded are not in their logs "
        "(logLevel in cdk.json)."
    )


def about(stage: Stage, term: str, *, since_ms: int, until_ms: int) -> list[LogLine]:
    """Every line with a term, such as a correlation id, oldest first. Raises LogSearchError."""
    return _search(stage, groups(stage), since_ms, until_ms, (term,))


def errors(stage: Stage, *, since_ms: int, until_ms: int) -> list[LogLine]:
    """The errors of all functions, and of tasks and runs of the workflow, oldest first. Raises LogSearchError."""
    found = groups(stage)
    workflow = {WORKFLOW: found.pop(WORKFLOW)}
    lines = _search(stage, found, since_ms, until_ms, FUNCTION_ERRORS)
    lines += _search(stage, workflow, since_ms, until_ms, WORKFLOW_ERRORS)
    return sorted((line for line in lines if line.level in ERROR_LEVELS), key=lambda line: line.at_ms)


def _search(
    stage: Stage, searched: dict[str, str], since_ms: int, until_ms: int, terms: Sequence[str]
) -> list[LogLine]:
    def one(name: str) -> list[LogLine]:
        try:
            found = logs.timed_lines(
                stage.client("logs"), searched[name], since_ms=since_ms, until_ms=until_ms, containing=terms
            )
            return [parse(name, at_ms, text) for at_ms, text in found]
        except ClientError as refusal:
            # A log group that was deleted, or whose function never ran.
            if refusal.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise

    with ThreadPoolExecutor(max_workers=MAX_CONCURRENT_SEARCHES, thread_name_prefix="logs") as pool:
        found: Iterator[LogLine] = (line for lines in pool.map(one, searched) for line in lines)
        return sorted(found, key=lambda line: line.at_ms)


def parse(function: str, at_ms: int, text: str) -> LogLine:
    """One line: JSON that a function or the workflow wrote, or Lambda's own text."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        first, _, rest = text.strip().partition("\n")
        return LogLine(
            at_ms=at_ms,
            function=function,
            level="ERROR" if any(term in first for term in LAMBDA_ERRORS) else None,
            message=first,
            correlation_id=None,
            details={"text": rest} if rest else {},
        )
    if function == WORKFLOW:
        details = fields.get("details") or {}
        state = details.get("name")
        message = " ".join(str(part) for part in (fields.get("type"), state) if part)
        failure = {"exception_name": details.get("error"), "exception": details.get("cause")}
        return LogLine(
            at_ms=at_ms,
            function=function,
            level="ERROR" if details.get("error") else None,
            message=message,
            correlation_id=None,
            details={**fields, **failure} if details.get("error") else fields,
        )
    return LogLine(
        at_ms=at_ms,
        function=function,
        level=fields.get("level"),
        message=str(fields.get("message", fields.get("errorMessage", ""))),
        correlation_id=fields.get("correlationId"),
        details=fields,
    )
