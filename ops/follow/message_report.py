"""Follow one message: its event, archive, rule, runs, posts, queues and traces, and its time by hop.

Everything is read from the stage: the stored row from the tables, the runs from the workflow's log, the posts
from the function's log, the times from X-Ray. A source that no longer has data is left out.
"""

from collections.abc import Sequence

from functions.contract.model import milliseconds, timestamp
from functions.contract.rows import MessageIdRow, MessageRow, fault_of
from ops import times
from ops.errors import NotFoundError
from ops.events.bus_event import BusEvent
from ops.follow import console_links, latency, traces
from ops.models import (
    ArchiveStatus,
    EventSummary,
    Hop,
    MessagePost,
    MessageReport,
    QueueStatus,
    RuleStatus,
    RunDetail,
    StoredMessage,
    Total,
    Trace,
)
from ops.runs import dead_letters, held_letters, posts
from ops.runs.run_log import RunLog
from ops.stage import tables
from ops.stage.stage import Stage
from ops.stage.tables import Unreadable
from ops.wording import counted

BEFORE_MS = 60_000
AFTER_MS = 15 * 60_000
FIRST_DELIVERY_MS = 6 * 60_000
ARCHIVE_LAG_MS = 10 * 60_000
LONGEST_RUN_MS = 5 * 60_000
"""An Express workflow is ended then: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
LOG_LAG_MS = 60_000
"""Until when a log line is late, and not lost. AWS promises neither a time nor that each line arrives."""


def follow(stage: Stage, message_id: str, *, look_back_to_ms: int | None = None) -> MessageReport:
    """The steps of one message. Raises NotFoundError.

    `look_back_to_ms` is how far back to look for one that is not stored: a day without it.
    """
    if not tables.can_be_key(message_id):
        raise NotFoundError(f"'{message_id}' cannot be the id of a message: copy it whole.")
    message = stored(stage, message_id)
    log = RunLog(stage)
    now = times.now()
    trace_ids: list[str] = []
    if message is not None:
        sent_ms = milliseconds(message.sent_at)
        since_ms, until_ms = sent_ms - BEFORE_MS, min(sent_ms + AFTER_MS, now)
        trace_ids = traces.annotated(stage, "messageId", message_id, since_ms=since_ms, until_ms=until_ms)
    else:
        since_ms, until_ms = look_back_to_ms or times.parse("1d"), now
        trace_ids = traces.annotated(
            stage, "messageId", message_id, since_ms=max(since_ms, now - 6 * 3_600_000), until_ms=until_ms
        )
    runs = log.about(message_id, since_ms=since_ms, until_ms=until_ms + FIRST_DELIVERY_MS)
    if any(run.troubled for run in runs) and until_ms + FIRST_DELIVERY_MS < now:
        # It may have been repaired much later.
        known = {run.execution_arn for run in runs}
        later = log.about(message_id, since_ms=until_ms + FIRST_DELIVERY_MS, until_ms=now)
        runs += [run for run in later if run.execution_arn not in known]
    runs = [run for run in runs if run.event.message_id == message_id and run.event.detail_type == "MessageSent"]
    if message is None and not runs and not trace_ids:
        raise NotFoundError(
            f"No table, log or trace of the stage '{stage.name}' knows the message {message_id} (looked back to "
            f"{times.iso(since_ms)}; --since looks further)."
        )
    event = runs[0].event if runs else None
    if event is not None and event.trace_id:
        trace_ids = [event.trace_id, *trace_ids]
    found_traces = traces.by_id(stage, trace_ids)
    details = [posts.run_detail(stage, run) for run in runs]
    run_posts = [
        MessagePost(**post.model_dump(), run_id=detail.run_id) for detail in details for post in detail.posts
    ]
    queues = _queues(stage, message_id)
    first_delivery = next((run for run in runs if run.mode == "live"), None)
    damaged = None if message else unreadable(stage, message_id)
    hops = latency.of_run(first_delivery, found_traces) if first_delivery else []
    return MessageReport(
        message_id=message_id,
        stage=stage.name,
        message=message,
        unreadable=damaged.fault if damaged else None,
        event=EventSummary.model_validate(event) if event else None,
        archive=_archive(stage, event, now),
        rule=_rule(stage, bool(runs)),
        runs=details,
        posts=run_posts,
        queues=queues,
        hops=hops,
        total=_total(hops),
        traces=found_traces,
        links=console_links.console(stage, first_delivery, event.trace_id if event else None),
        problems=problems(
            message=message,
            runs=details,
            run_posts=run_posts,
            queues=queues,
            found_traces=found_traces,
            omission=None if runs else log.omission,
            now_ms=now,
            damage=f"Its stored row cannot be read ({damaged.fault}). Repair it with: "
            + stage.command(*damaged.repair)
            if damaged
            else None,
        ),
        unfinished=unfinished(details, now),
    )


def problems(
    *,
    message: StoredMessage | None,
    runs: Sequence[RunDetail],
    run_posts: Sequence[MessagePost],
    queues: Sequence[QueueStatus],
    found_traces: Sequence[Trace],
    omission: str | None,
    now_ms: int,
    damage: str | None = None,
) -> list[str]:
    """What is wrong with a message, one sentence each.

    `omission`: what the workflow's log leaves out; `damage`: the sentence about a stored row that cannot be read.
    """
    sentences = []
    if damage is not None:
        sentences.append(damage)
    elif message is None and not any(_can_be_under_way(run, now_ms) for run in runs):
        sentences.append("It is not stored: no run persisted it.")
    if not runs:
        sentences.append(
            omission
            or "The workflow's log holds no run of it: it was sent just now, is older than the log's retention, "
            "or was never started."
        )
    sentences += [f"Run {run.run_id[:8]} ({run.status}): {run.trouble}" for run in not_repaired(runs)]
    # A connection that is closed, or is closed because it was slow, backfills when its client connects again.
    settled = {post.connection_id for post in run_posts if post.outcome != "undelivered"}
    missed = {post.connection_id for post in run_posts if post.outcome == "undelivered"} - settled
    # A deleted message is not posted again: its repaired run ended without posts.
    if missed and not (message is not None and message.deleted_at and not not_repaired(runs)):
        sentences.append(f"{counted(len(missed), 'connection')} never received it.")
    sentences += [f"It is in the queue {queue.name}: {queue.note}" for queue in queues if queue.holds_it]
    # The segment of a run is written when it ends: until then, its trace is not complete.
    has_ended = any(run.status != "RUNNING" for run in runs)
    if has_ended and found_traces and not any(trace.connected for trace in found_traces):
        sentences.append("Its trace is not connected: a segment's parent is missing.")
    return sentences


def unfinished(runs: Sequence[RunDetail], now_ms: int) -> str | None:
    """The sentence about the latest run without an end in the log, or None if all have ended."""
    run = next((run for run in reversed(runs) if run.status == "RUNNING"), None)
    if run is None:
        return None
    last = f", which was last in {run.states[-1].name}" if run.states else ""
    if _can_be_under_way(run, now_ms):
        return f"The log has no end of run {run.run_id[:8]} yet{last}. Look again to see how it ends."
    return (
        f"The log has no end of run {run.run_id[:8]}{last}. Every run ends within five minutes, so its last lines "
        "are lost: what it did after that is not known."
    )


def _can_be_under_way(run: RunDetail, now_ms: int) -> bool:
    return run.status == "RUNNING" and now_ms - milliseconds(run.started_at) < LONGEST_RUN_MS + LOG_LAG_MS


def not_repaired(runs: Sequence[RunDetail]) -> list[RunDetail]:
    """The runs in trouble that no later live run has repaired."""
    repaired_at = max(
        (run.started_at for run in runs if run.mode == "live" and run.status == "SUCCEEDED" and not run.troubled),
        default="",
    )
    return [run for run in runs if run.troubled and run.started_at >= repaired_at]


def _total(hops: Sequence[Hop]) -> Total | None:
    if not hops:
        return None
    start, end = hops[0].start_ms, hops[-1].end_ms
    return Total(ms=round(end - start, 3), from_=timestamp(int(start)), to=timestamp(int(end)))


def stored(stage: Stage, message_id: str) -> StoredMessage | None:
    """What the tables say of a message; its text stays there."""
    database = stage.resource("dynamodb")
    place = database.Table(stage.output("Data", "MessageIdsTableName")).get_item(
        Key={"messageId": message_id}, ConsistentRead=True
    )
    if "Item" not in place:
        return None
    if fault_of(MessageIdRow, place["Item"]) is not None:
        return None
    key = {"channelId": place["Item"]["channelId"], "seq": place["Item"]["seq"]}
    row = (
        database.Table(stage.output("Data", "MessagesTableName"))
        .get_item(Key=key, ConsistentRead=True)
        .get("Item")
    )
    if row is None or fault_of(MessageRow, row) is not None:
        return None
    return StoredMessage.model_validate(row)


def unreadable(stage: Stage, message_id: str) -> Unreadable | None:
    """The row of a message, or of its id, that cannot be read; None if there is none."""
    place = next(tables.message_ids(stage, [message_id]), None)
    if place is None:
        return None
    damaged: list[Unreadable] = []
    if not list(tables.readable("messageIds", [place], damaged.append)):
        return damaged[0]
    key = {"channelId": place["channelId"], "seq": place["seq"]}
    rows = tables.batch_get(stage, "Messages", [key])
    list(tables.readable("messages", rows, damaged.append))
    return damaged[0] if damaged else None


def _archive(stage: Stage, event: BusEvent | None, now: int) -> ArchiveStatus:
    name = stage.output("Events", "ArchiveName")
    archive = stage.client("events").describe_archive(ArchiveName=name)
    retention = int(archive.get("RetentionDays") or 0)
    holds: bool | None = None
    if event is None:
        note = "Only a replay can show whether it holds the event."
    elif retention and now - event.occurred_ms > retention * 86_400_000:
        holds, note = False, f"The event is older than the {retention} days that the archive keeps."
    elif not stage.is_local and now - event.occurred_ms < ARCHIVE_LAG_MS:
        note = "Events reach the archive within about ten minutes; replay it then."
    else:
        since, until = times.iso(event.occurred_ms - 1_000), times.iso(event.occurred_ms + 1_000)
        replay = stage.command("replay", "--since", since, "--until", until)
        holds, note = True, f"It takes every event of the bus; replay it with: {replay}"
    return ArchiveStatus(name=name, state=archive["State"], retention_days=retention, holds_it=holds, note=note)


def _rule(stage: Stage, has_started_a_run: bool) -> RuleStatus:
    events = stage.client("events")
    bus = stage.output("Events", "EventBusName")
    machine = stage.output("Delivery", "DeliverStateMachineArn")
    names = events.list_rule_names_by_target(TargetArn=machine, EventBusName=bus)["RuleNames"]
    if not names:
        note = "No rule of the bus starts the workflow."
        return RuleStatus(name=None, state="MISSING", target=machine, note=note)
    rule = events.describe_rule(Name=names[0], EventBusName=bus)
    note = "It started a run with the event." if has_started_a_run else "No run with the event is in the log."
    return RuleStatus(name=names[0], state=rule["State"], target=machine, note=note)


def _queues(stage: Stage, message_id: str) -> list[QueueStatus]:
    """The dead letters of deliveries: the only queue on a message's path."""
    found = dead_letters.count(stage, "delivery")
    letters = held_letters.look(stage, "delivery") if found.total else []
    own = [letter for letter in letters if letter.event.message_id == message_id]
    note = own[0].reason if own else "It is not among them."
    if held := found.not_read(len(letters)):
        note += f" {dead_letters.held_by_another('delivery', held)}"
    return [QueueStatus(name="delivery dead letters", waiting=found.total, holds_it=bool(own), note=note)]
