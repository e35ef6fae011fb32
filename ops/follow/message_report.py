"""The whole way of one message: event, archive, rule, runs, posts, queues, trace, and its time split by hop.

Everything is read from the stage: the tables say what is stored, the workflow's log what ran, the functions' log
whom it reached, X-Ray how long each step took. What one of them does not know (any more) the others still tell.
"""

from dataclasses import dataclass, field
from typing import Any

from functions.contract.model import milliseconds, timestamp
from ops import times
from ops.errors import NotFoundError
from ops.events.bus_event import BusEvent
from ops.follow import console_links, latency, traces
from ops.follow.latency import Hop
from ops.follow.traces import Trace
from ops.runs import dead_letters, posts
from ops.runs.history import Execution
from ops.runs.posts import Post
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage

BEFORE_MS = 60_000
AFTER_MS = 15 * 60_000
FIRST_DELIVERY_MS = 6 * 60_000
ARCHIVE_LAG_MS = 10 * 60_000


@dataclass
class MessageReport:
    """What was found of a message's way."""

    message_id: str
    stage: Stage
    message: dict[str, Any] | None
    runs: list[Execution]
    posts: list[tuple[Execution, Post]]
    traces: list[Trace]
    archive: dict[str, Any]
    rule: dict[str, Any]
    queues: list[dict[str, Any]]
    hops: list[Hop] = field(default_factory=list)
    omission: str | None = None
    """What the workflow's log leaves out on this stage."""

    @property
    def event(self) -> BusEvent | None:
        """The event as its first run got it."""
        return self.runs[0].event if self.runs else None

    @property
    def first_delivery(self) -> Execution | None:
        """The run that the users' message came with."""
        return next((run for run in self.runs if run.mode == "live"), None)

    @property
    def problems(self) -> list[str]:
        """What is wrong with it, in sentences."""
        found = []
        if self.message is None:
            found.append("It is not stored: no run persisted it.")
        if not self.runs:
            found.append(
                self.omission
                or "The workflow's log holds no run of it: older than the log's retention, or never started."
            )
        found += [f"Run {run.run_id[:8]} ({run.status}): {run.trouble}" for run in self.runs if run.is_troubled]
        reached = {post.connection_id for _, post in self.posts if post.outcome == "delivered"}
        missed = {post.connection_id for _, post in self.posts if post.outcome == "undelivered"} - reached
        if missed:
            found.append(f"{len(missed)} connection(s) never got it.")
        found += [
            f"It waits in the queue {each['name']}: {each['note']}" for each in self.queues if each["holdsIt"]
        ]
        if self.traces and not any(trace.is_connected for trace in self.traces):
            found.append("Its trace is torn: some segment's parent is missing.")
        return found

    def as_json(self) -> dict[str, Any]:
        """The form of `--json` and of the inspector."""
        event = self.event
        by_run: dict[str, list[dict[str, Any]]] = {}
        for run, post in self.posts:
            by_run.setdefault(run.run_id, []).append(post.as_json())
        total = None
        if self.hops:
            start, end = self.hops[0].start_ms, self.hops[-1].end_ms
            total = {"ms": round(end - start, 3), "from": timestamp(int(start)), "to": timestamp(int(end))}
        first = self.first_delivery
        return {
            "messageId": self.message_id,
            "stage": self.stage.name,
            "message": self.message,
            "event": None
            if event is None
            else {
                "eventId": event.event_id,
                "detailType": event.detail_type,
                "occurredAt": event.occurred_at,
                "actor": event.actor,
                "correlationId": event.as_json()["correlationId"],
                "traceId": event.trace_id,
            },
            "archive": self.archive,
            "rule": self.rule,
            "runs": [{**run.detail(), "posts": by_run.get(run.run_id, [])} for run in self.runs],
            "posts": [{**post.as_json(), "runId": run.run_id} for run, post in self.posts],
            "queues": self.queues,
            "hops": [hop.as_json(self.hops[0].start_ms) for hop in self.hops],
            "total": total,
            "traces": [trace.as_json() for trace in self.traces],
            "links": console_links.console(self.stage, first, event.trace_id if event else None),
            "problems": self.problems,
        }


def follow(stage: Stage, message_id: str, *, since: str = "1d") -> MessageReport:
    """The way of one message. `since` is how far back to look for one that is not stored. Raises NotFoundError."""
    message = stored(stage, message_id)
    log = RunLog(stage)
    now = times.now()
    trace_ids: list[str] = []
    if message is not None:
        sent_ms = milliseconds(str(message["sentAt"]))
        since_ms, until_ms = sent_ms - BEFORE_MS, min(sent_ms + AFTER_MS, now)
        trace_ids = traces.annotated(stage, "messageId", message_id, since_ms=since_ms, until_ms=until_ms)
    else:
        since_ms, until_ms = times.moment(since), now
        trace_ids = traces.annotated(
            stage, "messageId", message_id, since_ms=max(since_ms, now - 6 * 3_600_000), until_ms=until_ms
        )
    runs = log.about(message_id, since_ms=since_ms, until_ms=until_ms + FIRST_DELIVERY_MS)
    runs = [run for run in runs if run.event.message_id == message_id and run.event.detail_type == "MessageSent"]
    if message is None and not runs and not trace_ids:
        raise NotFoundError(
            f"No table, log or trace of the stage '{stage.name}' knows the message {message_id} (looked back to "
            f"{times.text(since_ms)}; --since looks further)."
        )
    event = runs[0].event if runs else None
    if event is not None and event.trace_id:
        trace_ids = [event.trace_id, *trace_ids]
    found_traces = traces.by_id(stage, trace_ids)
    report = MessageReport(
        message_id=message_id,
        stage=stage,
        message=message,
        runs=runs,
        posts=[(run, post) for run in runs if run.mode == "live" for post in posts.of_run(stage, run)],
        traces=found_traces,
        archive=_archive(stage, event, now),
        rule=_rule(stage, bool(runs)),
        queues=_queues(stage, message_id),
        omission=None if runs else log.omission,
    )
    if report.first_delivery is not None:
        report.hops = latency.of_run(report.first_delivery, found_traces)
    return report


def stored(stage: Stage, message_id: str) -> dict[str, Any] | None:
    """What the tables say of a message; its text stays there."""
    database = stage.resource("dynamodb")
    place = database.Table(stage.output("Data", "MessageIdsTableName")).get_item(Key={"messageId": message_id})
    if "Item" not in place:
        return None
    key = {"channelId": place["Item"]["channelId"], "seq": place["Item"]["seq"]}
    row = (
        database.Table(stage.output("Data", "MessagesTableName"))
        .get_item(Key=key, ConsistentRead=True)
        .get("Item")
    )
    if row is None:
        return None
    return {
        "channelId": row["channelId"],
        "seq": int(row["seq"]),
        "senderId": row["senderId"],
        "senderName": row["senderName"],
        "sentAt": row["sentAt"],
        "editedAt": row.get("editedAt"),
        "deletedAt": row.get("deletedAt"),
    }


def _archive(stage: Stage, event: BusEvent | None, now: int) -> dict[str, Any]:
    name = stage.output("Events", "ArchiveName")
    archive = stage.client("events").describe_archive(ArchiveName=name)
    retention = int(archive.get("RetentionDays") or 0)
    holds: bool | None = None
    if event is None:
        note = "Whether it holds the event, only a replay can tell."
    elif retention and now - event.occurred_ms > retention * 86_400_000:
        holds, note = False, f"The event is older than the {retention} days that the archive keeps."
    elif not stage.is_local and now - event.occurred_ms < ARCHIVE_LAG_MS:
        note = "Events reach the archive within about ten minutes; replay it then."
    else:
        holds, note = True, "It takes every event of the bus; replay it with: python -m ops replay"
    return {
        "name": name,
        "state": archive["State"],
        "retentionDays": retention,
        "holdsIt": holds,
        "note": note,
    }


def _rule(stage: Stage, has_started_a_run: bool) -> dict[str, Any]:
    events = stage.client("events")
    bus = stage.output("Events", "EventBusName")
    machine = stage.output("Delivery", "DeliverStateMachineArn")
    names = events.list_rule_names_by_target(TargetArn=machine, EventBusName=bus)["RuleNames"]
    if not names:
        return {
            "name": None,
            "state": "MISSING",
            "target": machine,
            "note": "No rule of the bus starts the workflow.",
        }
    rule = events.describe_rule(Name=names[0], EventBusName=bus)
    return {
        "name": names[0],
        "state": rule["State"],
        "target": machine,
        "note": "It started a run with the event."
        if has_started_a_run
        else "No run with the event is in the log.",
    }


def _queues(stage: Stage, message_id: str) -> list[dict[str, Any]]:
    """The dead letters of deliveries. A message's live way has no queue to wait in."""
    count = dead_letters.waiting(stage, "delivery")
    letters = dead_letters.read(stage, "delivery") if count else []
    mine = [letter for letter in letters if letter.event.message_id == message_id]
    dead_letters.release(stage, letters)
    return [
        {
            "name": "delivery dead letters",
            "waiting": count,
            "holdsIt": bool(mine),
            "note": mine[0].reason if mine else "It is not among them.",
        }
    ]
