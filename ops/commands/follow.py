"""`follow MESSAGE_ID`: one message through the system, on one screen."""

from typing import Annotated

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from ops import times
from ops.commands import output, waterfall
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.follow import message_report
from ops.models import MessageReport, RunDetail

BAR = 30
STATE_MARKS = {"succeeded": "", "caught": "caught: ", "failed": "failed: ", "running": "still running"}
OUTCOME_COLOURS = {"delivered": "green", "gone": "yellow", "slow": "yellow", "undelivered": "red"}


@app.command(rich_help_panel=OPERATE)
def follow(
    context: typer.Context,
    message_id: Annotated[str, typer.Argument(help="From the ack, the message's menu, or a log line.")],
    since: Annotated[str, typer.Option(help="How far to look back for a message that is not stored.")] = "1d",
    as_json: AsJson = False,
) -> None:
    """Follow one message: event, runs, posts, traces, and its time by hop."""
    since_ms = times.parse(since)
    times.require_past(since_ms)
    report = message_report.follow(stage_of(context), message_id, look_back_to_ms=since_ms)
    if as_json:
        output.as_json(report)
    else:
        show(report, output.console())


def show(report: MessageReport, console: Console) -> None:
    """Print a report."""
    console.print(Panel(_head(report), title=f"message {report.message_id}", title_align="left", expand=False))
    for run in report.runs:
        console.print(_run(run))
    if report.posts:
        console.print(_posts(report))
    if report.total:
        console.print(_hops(report, report.total.ms))
    for trace in report.traces:
        console.print()
        suffix = "" if trace.connected else "  (not connected: a segment's parent is missing)"
        console.print(Text(f"trace {trace.trace_id}{suffix}", style="bold"))
        console.print(waterfall.draw(trace))
    for name, link in (report.links or {}).items():
        console.print(f"{name:<10} {link}", soft_wrap=True)
    console.print()
    for problem in report.problems:
        console.print(Text(f"✗ {problem}", style="bold red"))
    if report.unfinished:
        console.print(Text(f"… {report.unfinished}", style="yellow"))
    elif not report.problems:
        console.print(Text(f"✓ {_success(report)}", style="green"))


def _success(report: MessageReport) -> str:
    """The sentence about a message without problems: how it was delivered, and whether it was changed since."""
    message, repaired = report.message, any(run.troubled for run in report.runs)
    if message and message.deleted_at and repaired:
        return "Repaired: stored once. It was deleted later, so it is not posted again: users see no text."
    how = "Repaired: stored" if repaired else "Stored"
    sentence = f"{how} once and posted to every recipient."
    if message and message.deleted_at:
        return f"{sentence} It was deleted later: users see no text."
    return (
        f"{sentence} It was edited later: users see the new text." if message and message.edited_at else sentence
    )


def _head(report: MessageReport) -> Group:
    message, event = report.message, report.event
    lines = [
        f"stored    #{message.channel_id} seq {message.seq}, by {message.sender_name} at {message.sent_at}"
        if message
        else f"stored    yes, but its row cannot be read ({report.unreadable})"
        if report.unreadable
        else "stored    no"
    ]
    if message and message.edited_at:
        lines.append(f"edited    at {message.edited_at}")
    if message and message.deleted_at:
        lines.append(
            f"deleted   at {message.deleted_at}" + (f", by {message.deleted_by}" if message.deleted_by else "")
        )
    if event:
        lines.append(f"event     {event.detail_type} {event.event_id} at {event.occurred_at}")
    archive = report.archive
    lines.append(f"archive   {archive.state}, {archive.retention_days} days. {archive.note}")
    lines.append(f"rule      {report.rule.state}. {report.rule.note}")
    lines += [f"queue     {queue.name}: {queue.waiting} waiting. {queue.note}" for queue in report.queues]
    return Group(*lines)


def _run(run: RunDetail) -> Group:
    kind = ("replay, " if run.replayed else "") + run.mode
    head = Text(f"run {run.run_id}  {kind}  {run.status}", style="bold")
    head.append(f"  {run.outcome or ''}  {output.milliseconds(run.duration_ms)}", style="default")
    if run.trouble:
        head.append(f"\n  {run.trouble}", style="red")
    table = output.table("  state", "at", "took", "", right=("at", "took"))
    for state in run.states:
        mark = STATE_MARKS[state.status]
        error = f"{mark}{state.error.error}" if state.error and mark else mark.removesuffix(": ")
        indent = "    " if state.iteration else "  "
        table.add_row(
            Text(indent + state.name, style="red" if mark else ""),
            f"{state.offset_ms:.0f}",
            output.milliseconds(state.duration_ms),
            Text(error, style="red"),
        )
    return Group(Text(), head, table)


def _posts(report: MessageReport) -> Group:
    table = output.table("  connection", "user", "outcome", "retries", "reason", right=("retries",))
    for post in report.posts:
        table.add_row(
            f"  {post.connection_id}",
            post.display_name or post.user_id or "no longer known",
            Text(post.outcome, style=OUTCOME_COLOURS.get(post.outcome, "")),
            str(post.retries),
            post.reason or "",
        )
    return Group(Text(), Text("posts", style="bold"), table)


def _hops(report: MessageReport, total_ms: float) -> Group:
    table = output.table("  hop", "took", "share", "", right=("took", "share"))
    for hop in report.hops:
        share = hop.duration_ms / total_ms if total_ms else 0
        table.add_row(
            f"  {hop.label}",
            output.milliseconds(hop.duration_ms),
            f"{share:.0%}",
            Text("█" * round(BAR * share), style="cyan"),
        )
    table.add_row("  total", output.milliseconds(total_ms), "100%", "")
    return Group(Text(), Text("time by hop", style="bold"), table)
