"""Deploy `AWS::Events::Archive` through EventBridge's own archive functions.

On AWS, an archive keeps the events of one bus (that match a pattern, for a number of days) for replays. MiniStack
has archives in its API but no CloudFormation type for them, and keeps their events for ever. This addition
registers the type, and deletes events at the end of that time.
"""

import json
import time
from typing import Any
from uuid import uuid4

from local.emulator import patching
from local.emulator.cloudformation.resource_types import Created, Properties, register, reject_failure

SECONDS_PER_DAY = 86_400


def install() -> None:
    """Register the type, and delete expired events when another one is archived and before a replay."""
    service = patching.module("services.eventbridge")
    keep = patching.original("services.eventbridge", "_archive_event")
    start_replay = patching.original("services.eventbridge", "_start_replay")

    def archive(event: dict[str, Any], view: Any = None) -> None:
        keep(event, view)
        for each in service._archives.values():
            events = each.get("Events")
            # The event that was archived first stands for all: each event would be compared otherwise.
            if events and events[0]["Time"] < oldest_time(each):
                delete_expired(each)

    def start(data: dict[str, Any]) -> Any:
        for each in service._archives.values():
            delete_expired(each)
        return start_replay(data)

    patching.replace("services.eventbridge", "_archive_event", archive)
    patching.replace("services.eventbridge", "_start_replay", start)
    for name in ("_create_archive", "_update_archive", "_delete_archive"):
        patching.original("services.eventbridge", name)
    register("AWS::Events::Archive", create=create, update=update, delete=delete)


def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    """CreateArchive, with the name in the properties, or a name derived from the stack as by CloudFormation."""
    make_name = patching.original("services.cloudformation.provisioners", "_physical_name")
    name = properties.get("ArchiveName") or make_name(stack_name, logical_id, max_len=48)
    data = {"ArchiveName": name, "EventSourceArn": properties["SourceArn"], **_updatable(properties)}
    response = patching.module("services.eventbridge")._create_archive(data)
    reject_failure(response, f"Creating the archive {name}")
    return name, {"Arn": json.loads(response[2])["ArchiveArn"], "ArchiveName": name}


def update(
    physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
) -> Created:
    """UpdateArchive; another source or name needs a new archive, after which CloudFormation deletes this one."""
    if any(before.get(name) != after.get(name) for name in ("SourceArn", "ArchiveName")):
        seed = patching.original("services.cloudformation.provisioners", "_NAME_SEED")
        seed.set(uuid4().hex[:8])
        return create(logical_id or physical_id, after, stack_name)
    response = patching.module("services.eventbridge")._update_archive(
        {"ArchiveName": physical_id, **_updatable(after)}
    )
    reject_failure(response, f"Updating the archive {physical_id}")
    return physical_id, {"Arn": json.loads(response[2])["ArchiveArn"], "ArchiveName": physical_id}


def delete(physical_id: str, properties: Properties) -> None:
    """DeleteArchive; no error when the archive does not exist."""
    patching.module("services.eventbridge")._delete_archive({"ArchiveName": physical_id})


def delete_expired(archive: dict[str, Any]) -> None:
    """Delete the events that are older than an archive's number of days."""
    oldest = oldest_time(archive)
    # A new list: the state may be saved meanwhile, from the old one.
    archive["Events"] = [event for event in archive.get("Events", []) if event["Time"] >= oldest]
    archive["EventCount"] = len(archive["Events"])


def oldest_time(archive: dict[str, Any]) -> float:
    """The time of the oldest event that an archive keeps (epoch seconds); 0 if it keeps all."""
    days = archive.get("RetentionDays") or 0
    return time.time() - days * SECONDS_PER_DAY if days else 0


def _updatable(properties: Properties) -> dict[str, Any]:
    pattern = properties.get("EventPattern") or ""
    return {
        "Description": properties.get("Description", ""),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern,
        "RetentionDays": int(properties.get("RetentionDays") or 0),
    }
