"""Write the history of Express executions to the workflow's log group, as Step Functions' vended logs."""

import time
from datetime import datetime
from functools import lru_cache
from typing import Any

from local.emulator.json_text import json_text
from local.emulator.logs import log_groups

Execution = dict[str, Any]

UNENCODED = "values"
"""The key of data that is encoded when the history is written, in the details of events of Express executions."""


def write_history(
    execution: Execution,
    machine: dict[str, Any],
    events: list[dict[str, Any]],
    *,
    began: float,
    first_at: float,
    last_at: float,
) -> None:
    """Write events of an Express execution, which began at `began`, to the log group of its workflow.

    The first line has the time `first_at` (epoch seconds), the others `last_at`.
    """
    configuration = lower_keys(machine.get("loggingConfiguration") or {})
    level = configuration.get("level", "OFF")
    if machine.get("type") != "EXPRESS" or level == "OFF":
        return
    lines = [
        history_line(event, execution["executionArn"], with_data=bool(configuration.get("includeExecutionData")))
        for event in events
        if is_logged(event["type"], level)
    ]
    minute = time.strftime("%Y-%m-%d-%H-%M", time.gmtime(began))
    for destination in configuration.get("destinations") or []:
        arn = (destination.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn", "")
        if ":log-group:" in arn:
            group = arn.partition(":log-group:")[2].removesuffix(":*")
            stream = f"states/{machine['name']}/{minute}/{execution['executionArn'][-8:]}"
            log_groups.append(group, stream, lines, first_at=first_at, last_at=last_at)


def data_of(execution: Execution, **data: Any) -> dict[str, Any]:
    """Inputs, outputs and variables for the details of an event, which are JSON texts there.

    The history of an Express execution is encoded when it is written, so no message waits for that.
    """
    return {UNENCODED: data} if is_express(execution) else encoded(data)


def is_express(execution: Execution) -> bool:
    """Whether an execution is one of an Express workflow."""
    return ":express:" in execution["executionArn"]


def encoded(data: dict[str, Any]) -> dict[str, Any]:
    """Inputs and outputs as JSON texts, and each of the assigned variables."""
    return {
        name: {variable: json_text(inner) for variable, inner in value.items()}
        if name == "assignedVariables"
        else json_text(value)
        for name, value in data.items()
    }


def is_logged(event_type: str, level: str) -> bool:
    """Whether events of this type are logged at a level: ALL, ERROR, FATAL."""
    if level == "ALL":
        return True
    fatal = event_type in ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")
    if level == "FATAL":
        return fatal
    return fatal or event_type.endswith(("Failed", "TimedOut", "Aborted"))


def history_line(event: dict[str, Any], execution_arn: str, *, with_data: bool) -> str:
    """One history event as a line of Step Functions' vended logs, whose values are strings except `details`."""
    details: dict[str, Any] = {}
    for key, value in event.items():
        if key.endswith("EventDetails") and isinstance(value, dict):
            details = dict(value)
    data = details.pop(UNENCODED, {})
    if with_data:
        details |= encoded(data)
    if "resource" in details:
        details["resourceType"], details["resource"] = split_resource(str(details["resource"]))
        details.setdefault("region", execution_arn.split(":")[3])
    for name in ("input", "output", "parameters", "cause"):
        if name in details and not with_data:
            del details[name]
    if not with_data:
        details.pop("assignedVariables", None)
        details.pop("assignedVariablesDetails", None)
    for name in ("input", "output"):
        if name in details:
            details[f"{name}Details"] = {"truncated": False}
    return json_text(
        {
            "id": str(event["id"]),
            "type": event["type"],
            "details": details,
            "previous_event_id": str(event.get("previousEventId", event["id"] - 1)),
            "event_timestamp": epoch_milliseconds(event["timestamp"]),
            "execution_arn": execution_arn,
            "redrive_count": "0",
        }
    )


@lru_cache(100)
def epoch_milliseconds(timestamp: str) -> str:
    """A timestamp as milliseconds since the epoch. Events that follow each other often have the same one."""
    moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    return str(int(moment.timestamp() * 1000))


def split_resource(resource: str) -> tuple[str, str]:
    """A task's resource ARN as (resource type, resource) of its history events, such as (`lambda`, `invoke`)."""
    if not resource.startswith("arn:aws:states:::"):
        return "lambda", resource
    integration, _, action = resource.removeprefix("arn:aws:states:::").rpartition(":")
    return integration, action


def lower_keys(value: Any) -> Any:
    """A configuration of CloudFormation in the form of the API, whose keys begin in lower case."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [lower_keys(item) for item in value]
    return value
