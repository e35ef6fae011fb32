"""`health`: queues, rates, latency, errors and alarms on one screen."""

from typing import Annotated

import typer
from rich.text import Text

from ops.check import vitals
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.models import Vitals
from ops.wording import counted

MAX_MINUTES = 180
"""CloudWatch returns up to three hours minute by minute in one call."""


@app.command(rich_help_panel=OPERATE)
def health(
    context: typer.Context,
    minutes: Annotated[
        int, typer.Option(min=1, max=MAX_MINUTES, help="How many of the last minutes to show.")
    ] = 15,
    as_json: AsJson = False,
) -> None:
    """Show queues, rates, latency, errors and alarms of the last minutes on one screen."""
    read = vitals.read(stage_of(context), minutes=minutes)
    if as_json:
        output.as_json(read)
    else:
        _show(read)


def _show(read: Vitals) -> None:
    console = output.console()
    console.print(f"{read.stage}, the last {read.minutes} minutes")
    rate = read.messages_sent / read.minutes
    console.print(
        f"messages  {read.messages_sent} sent ({rate:.1f} a minute), {counted(read.messages_delivered, 'post')}"
    )
    p50, p95 = output.milliseconds(read.latency_p50_ms), output.milliseconds(read.latency_p95_ms)
    console.print(f"latency   {p50} at the median, {p95} at the 95th percentile")
    console.print(
        Text(f"runs      {read.runs}, {read.runs_failed} failed", style="red" if read.runs_failed else "")
    )
    queues = output.table("queue", "waiting", "in flight", "oldest", right=("waiting", "in flight", "oldest"))
    for queue in read.queues:
        age = "" if queue.oldest_seconds is None else f"{queue.oldest_seconds} s"
        is_bad = queue.name.startswith("dead letters") and queue.waiting + queue.in_flight > 0
        queues.add_row(
            Text(queue.name, style="red" if is_bad else ""), str(queue.waiting), str(queue.in_flight), age
        )
    console.print(queues)
    columns = ("calls", "errors", "throttled", "p95", "slowest")
    functions = output.table("function", *columns, right=columns)
    for one in read.functions:
        functions.add_row(
            Text(one.name, style="red" if one.errors or one.throttles else ""),
            str(one.calls),
            str(one.errors),
            str(one.throttles),
            output.milliseconds(one.p95_ms),
            output.milliseconds(one.slowest_ms),
        )
    console.print(functions)
    for alarm in read.alarms:
        console.print(
            Text(f"{alarm.state}  {alarm.name} since {alarm.since}: {alarm.reason}",
                 style="red" if alarm.state == "ALARM" else "")
        )  # fmt: skip
