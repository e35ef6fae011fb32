"""`dashboard`: the stage's dashboard and its alarms in the terminal."""

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ops import times
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.metrics import dashboard as metrics
from ops.models import DashboardGraph, DashboardLine, DashboardReport
from ops.wording import counted

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 48
MAX_CHANGES = 10
"""The most changes of alarms that are printed, the latest first; `--json` has all."""
ALARM_COLOURS = {"ALARM": "bold red", "OK": "green", "INSUFFICIENT_DATA": "yellow"}


@app.command(rich_help_panel=OPERATE)
def dashboard(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="Start time: 15m, 2h, 09:30, or ISO 8601.")] = "1h",
    until: Annotated[str, typer.Option(help="End time.")] = "now",
    as_json: AsJson = False,
) -> None:
    """Show the dashboard's graphs, with what to do when one looks wrong, and the alarms."""
    since_ms, until_ms = times.parse(since), times.parse(until)
    times.require_order(since_ms, until_ms)
    report = metrics.read(stage_of(context), since_ms=since_ms, until_ms=until_ms)
    if as_json:
        output.as_json(report)
        return
    console = output.console()
    print_alarms(console, report)
    for graph in report.graphs:
        _print_graph(console, graph)


def print_alarms(console: Console, report: DashboardReport) -> None:
    """The raised alarms with what to do, and the latest changes of all."""
    raised = [alarm for alarm in report.alarms if alarm.state == "ALARM"]
    quiet = len(report.alarms) - len(raised)
    console.print(
        Text(
            f"{counted(len(raised), 'alarm')} raised, {quiet} not, {report.since} to {report.until}", style="bold"
        )
    )
    for alarm in raised:
        console.print(Text(alarm.name, style=ALARM_COLOURS["ALARM"]))
        console.print(Text(f"  {alarm.description}"))
        console.print(Text(f"  since {alarm.changed_at}: {alarm.reason}", style="dim"))
    if report.transitions:
        table = output.table("at", "alarm", "from", "to", whole=("at", "alarm", "from", "to"))
        for change in report.transitions[:MAX_CHANGES]:
            colour = ALARM_COLOURS.get(change.after, "")
            table.add_row(change.at, change.name, change.before, Text(change.after, style=colour))
        console.print(table)


def _print_graph(console: Console, graph: DashboardGraph) -> None:
    exceeded = any(
        value >= limit for limit in graph.limits.values() for line in graph.lines for value in line.values
    )
    console.print()
    console.print(Text(graph.title, style="bold red" if exceeded else "bold"))
    table = output.table("line", "", "last", "most", right=("last", "most"), whole=("line", "", "last", "most"))
    for line in graph.lines:
        if line.problem:
            table.add_row(line.label, Text(line.problem, style="yellow"), "", "")
        elif line.values:
            table.add_row(line.label, bars(line), f"{line.values[-1]:g}", f"{max(line.values):g}")
        else:
            table.add_row(line.label, Text("no data", style="dim"), "", "")
    console.print(table)
    for label, limit in graph.limits.items():
        console.print(Text(f"limit: {limit:g} ({label})", style="dim"))
    console.print(Text(graph.when_red, style="dim"))


def bars(line: DashboardLine) -> str:
    """The last values as bars, each of a height between zero and the greatest value."""
    values = line.values[-WIDTH:]
    top = max(*values, 0.0) or 1.0
    return "".join(
        BARS[min(len(BARS) - 1, int(max(0.0, value) / top * (len(BARS) - 1) + 0.5))] for value in values
    )
