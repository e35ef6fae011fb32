"""The rules of a stage's bus."""

from typing import Any

from ops.stage.stage import Stage


def read(stage: Stage, prefix: str | None = None) -> list[dict[str, Any]]:
    """All rules of the bus, or those with a prefix of their name. Raises ClientError if the bus does not exist."""
    wanted = {"NamePrefix": prefix} if prefix else {}
    pages = stage.client("events").get_paginator("list_rules")
    found = pages.paginate(EventBusName=stage.output("Events", "EventBusName"), **wanted)
    return [rule for page in found for rule in page["Rules"]]
