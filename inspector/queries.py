"""What the inspector asks, answered from the readers that the commands use."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ops import times
from ops.errors import NotFoundError
from ops.events import archive, ordering
from ops.events.bus_event import BusEvent, EventFilter
from ops.runs import posts
from ops.runs.history import Execution
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage

MEMBERSHIPS = ("ChannelCreated", "MemberJoined", "MemberLeft")
PRESENCE = ("UserConnected", "UserDisconnected")
MAX_EVENTS = 20_000
RUN_LOOK_BACK = "1d"


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """Which runs are wanted; None lets everything through."""

    status: str | None = None
    detail_type: str | None = None
    channel_id: str | None = None
    message_id: str | None = None
    user_id: str | None = None
    mode: str | None = None

    def matches(self, run: Execution) -> bool:
        """Whether a run is wanted."""
        event = run.event
        pairs = (
            (self.detail_type, event.detail_type),
            (self.channel_id, event.channel_id),
            (self.message_id, event.message_id),
            (self.user_id, event.actor),
            (self.mode, run.mode),
        )
        if any(wanted is not None and wanted != found for wanted, found in pairs):
            return False
        if self.status == "succeeded":
            return run.status == "SUCCEEDED"
        if self.status == "failed":
            return run.status not in ("SUCCEEDED", "RUNNING")
        return self.status != "troubled" or run.is_troubled


def workflow(stage: Stage) -> dict[str, Any]:
    """The workflow's definition, as deployed."""
    arn = stage.output("Delivery", "DeliverStateMachineArn")
    machine = stage.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    return {"name": machine["name"], "stateMachineArn": arn, "definition": json.loads(machine["definition"])}


def runs(
    stage: Stage, wanted: RunFilter, *, since_ms: int, limit: int, failed_first: bool = False
) -> dict[str, Any]:
    """Recent runs, newest first or those in trouble first."""
    log, until_ms = RunLog(stage), times.now() + 1_000
    if wanted.message_id:
        found = log.about(wanted.message_id, since_ms=since_ms, until_ms=until_ms)[::-1]
        found = [run for run in found if wanted.matches(run)]
    elif wanted.status in ("failed", "troubled"):
        found = [
            run
            for run in log.troubled(since_ms=since_ms, until_ms=until_ms, limit=limit + 1)
            if wanted.matches(run)
        ]
    else:
        found = log.newest(since_ms=since_ms, until_ms=until_ms, limit=limit + 1, wanted=wanted.matches)
    if failed_first:
        troubled = [run for run in found if run.is_troubled]
        if wanted.status is None and not wanted.message_id:
            known = {run.arn for run in troubled}
            more = log.troubled(since_ms=since_ms, until_ms=until_ms, limit=limit)
            troubled += [run for run in more if run.arn not in known and wanted.matches(run)]
        found = troubled + [run for run in found if not run.is_troubled]
    return {"items": [run.summary() for run in found[:limit]], "truncated": len(found) > limit}


def run(stage: Stage, run_id: str) -> dict[str, Any]:
    """One run with its posts. Raises NotFoundError."""
    found = RunLog(stage).run(run_id, since_ms=times.moment(RUN_LOOK_BACK))
    if found is None:
        raise NotFoundError(f"The workflow's log holds no run {run_id} of the last day.")
    accounted = posts.of_run(stage, found) if found.mode == "live" else []
    return {**found.detail(), "posts": [post.as_json() for post in accounted]}


def events(stage: Stage, wanted: EventFilter, *, since_ms: int, until_ms: int, limit: int) -> dict[str, Any]:
    """Archived events of a time, oldest first; of too many the newest."""
    found = ordering.in_order(archive.read(stage, wanted, since_ms=since_ms, until_ms=until_ms), {})
    return {"items": [event.as_json() for event in found[-limit:]], "truncated": len(found) > limit}


def channels(stage: Stage) -> dict[str, Any]:
    """The channels that archived events tell of, the busiest first."""
    found: dict[str, dict[str, Any]] = {}
    for event in ordering.in_order(_everything(stage), {}):
        if event.channel_id is None:
            continue
        channel = found.setdefault(
            event.channel_id,
            {
                "channelId": event.channel_id,
                "name": "",
                "kind": None,
                "events": 0,
                "firstAt": event.occurred_at,
                "lastAt": event.occurred_at,
            },
        )
        channel["events"] += 1
        channel["lastAt"] = event.occurred_at
        summary = event.data.get("channel")
        if isinstance(summary, dict):
            channel |= {"name": summary.get("name", ""), "kind": summary.get("kind")}
    return {"items": sorted(found.values(), key=lambda channel: -channel["events"])}


def channel(stage: Stage, channel_id: str) -> dict[str, Any]:
    """Everything that happened in a channel, and the comings and goings of whoever was ever in it."""
    everything = _everything(stage)
    own = [event for event in everything if event.channel_id == channel_id]
    if not own:
        raise NotFoundError(f"The archive holds no event of the channel {channel_id}.")
    members = set(_people_of(own))
    coming_and_going = [
        event for event in everything if event.detail_type in PRESENCE and event.user_id in members
    ]
    ordered = ordering.in_order([*own, *coming_and_going], {})
    return {
        "channelId": channel_id,
        "from": ordered[0].occurred_at,
        "to": ordered[-1].occurred_at,
        "items": [event.as_json() for event in ordered[-MAX_EVENTS:]],
        "people": _names(everything),
        "truncated": len(ordered) > MAX_EVENTS,
    }


def _everything(stage: Stage) -> list[BusEvent]:
    description = stage.client("events").describe_archive(ArchiveName=stage.output("Events", "ArchiveName"))
    since_ms = int(description["CreationTime"].timestamp() * 1000) - 60_000
    return archive.read(stage, EventFilter(), since_ms=since_ms, until_ms=times.now() + 1_000)


def _people_of(events: Iterable[BusEvent]) -> Iterable[str]:
    for event in events:
        if event.detail_type == "MessageSent" and event.actor:
            yield event.actor
        if event.detail_type in MEMBERSHIPS:
            if event.user_id:
                yield event.user_id
            first = event.data.get("firstMemberIds")
            yield from (str(each) for each in first) if isinstance(first, list) else ()


def _names(events: Iterable[BusEvent]) -> dict[str, str]:
    """What people called themselves, as far as events tell."""
    found: dict[str, str] = {}
    for event in events:
        sender = event.data.get("sender")
        if isinstance(sender, dict) and sender.get("userId"):
            found[str(sender["userId"])] = str(sender.get("displayName", ""))
        elif event.user_id and event.data.get("displayName"):
            found.setdefault(event.user_id, str(event.data["displayName"]))
    return found
