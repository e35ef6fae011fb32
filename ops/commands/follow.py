"""`follow MESSAGE_ID`: a message's whole way on one screen."""

from typing import Annotated

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from ops.commands import output, waterfall
from ops.commands.cli import AsJson, app, stage_of
from ops.follow.message_report import MessageReport
from ops.follow.message_report import follow as find_way

BAR = 30


@app.command()
def follow(
    context: typer.Context,
    message_id: Annotated[str, typer.Argument(help="As the ack, the message's menu, or a log line tells it.")],
    since: Annotated[str, typer.Option(help="How far to look back for one that was never stored.")] = "1d",
    as_json: AsJson = False,
) -> None:
    """Show the whole way of one message: event, run, posts, trace, and where its time went."""
    report = find_way(stage_of(context), message_id, since=since)
    if as_json:
        output.as_json(report.as_json())
    else:
        show(report, output.console())


def show(report: MessageReport, console: Console) -> None:
    """One screen."""
    found = report.as_json()
    console.print(Panel(_heads(found), title=f"message {report.message_id}", title_align="left", expand=False))
    for run in found["runs"]:
        console.print(_run(run))
    if found["posts"]:
        console.print(_posts(found))
    if found["hops"]:
        console.print(_hops(found))
    for trace in report.traces:
        console.print()
        torn = "" if trace.is_connected else "  (torn: a parent is missing)"
        console.print(Text(f"trace {trace.trace_id}{torn}", style="bold"))
        console.print(waterfall.draw(trace))
    for name, link in (found["links"] or {}).items():
        console.print(f"{name:<10} {link}", soft_wrap=True)
    console.print()
    for problem in report.problems:
        console.print(Text(f"✗ {problem}", style="bold red"))
    if not report.problems:
        console.print(Text("✓ Stored once, posted, and accounted for.", style="green"))


def _heads(found: dict) -> Group:  # type: ignore[type-arg]
    message, event, archive, rule = found["message"], found["event"], found["archive"], found["rule"]
    lines = []
    if message:
        lines.append(
            f"stored    #{message['channelId']} seq {message['seq']}, "
            f"by {message['senderName']} at {message['sentAt']}"
        )
    else:
        lines.append("stored    no")
    if event:
        lines.append(f"event     {event['detailType']} {event['eventId']} at {event['occurredAt']}")
    lines.append(f"archive   {archive['state']}, {archive['retentionDays']} days. {archive['note']}")
    lines.append(f"rule      {rule['state']}. {rule['note']}")
    lines += [f"queue     {each['name']}: {each['waiting']} waiting. {each['note']}" for each in found["queues"]]
    return Group(*lines)


def _run(run: dict) -> Group:  # type: ignore[type-arg]
    kind = ("replay, " if run["replayed"] else "") + run["mode"]
    head = Text(f"run {run['runId']}  {kind}  {run['status']}", style="bold")
    head.append(f"  {run['outcome'] or ''}  {output.milliseconds(run['durationMs'])}", style="default")
    if run["trouble"]:
        head.append(f"\n  {run['trouble']}", style="red")
    table = output.table("  state", "at", "took", "", right=("at", "took"))
    for state in run["states"]:
        mark = {"succeeded": "", "caught": "caught: ", "failed": "failed: ", "running": "still running"}[
            state["status"]
        ]
        error = f"{mark}{state['error']['error']}" if state["error"] and mark else mark.removesuffix(": ")
        indent = "    " if state["iteration"] else "  "
        table.add_row(
            Text(indent + state["name"], style="red" if mark else ""),
            f"{state['offsetMs']:.0f}",
            output.milliseconds(state["durationMs"]),
            Text(error, style="red"),
        )
    return Group(Text(), head, table)


def _posts(found: dict) -> Group:  # type: ignore[type-arg]
    table = output.table("  connection", "whose", "outcome", "retries", "why", right=("retries",))
    colours = {"delivered": "green", "gone": "yellow", "undelivered": "red"}
    for post in found["posts"]:
        table.add_row(
            f"  {post['connectionId']}",
            post["displayName"] or post["userId"] or "no longer known",
            Text(post["outcome"], style=colours.get(post["outcome"], "")),
            str(post["retries"]),
            post["reason"] or "",
        )
    return Group(Text(), Text("posts", style="bold"), table)


def _hops(found: dict) -> Group:  # type: ignore[type-arg]
    total = found["total"]["ms"]
    table = output.table("  hop", "took", "share", "", right=("took", "share"))
    for hop in found["hops"]:
        share = hop["durationMs"] / total if total else 0
        table.add_row(
            f"  {hop['label']}",
            output.milliseconds(hop["durationMs"]),
            f"{share:.0%}",
            Text("█" * round(BAR * share), style="cyan"),
        )
    table.add_row("  total", output.milliseconds(total), "100%", "")
    return Group(Text(), Text("where the time went", style="bold"), table)
