"""`cost`: what messages, idle connections and the stage itself cost, by list prices."""

from typing import Annotated

import typer
from rich.console import Console

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.cost import design, report, resources
from ops.cost.prices import AT_REST, PRICES
from ops.models import CostReport, CostShare, MeasuredLoad
from ops.stage.stage import Stage
from ops.wording import counted


@app.command(rich_help_panel=OPERATE)
def cost(
    context: typer.Context,
    measure: Annotated[
        bool, typer.Option("--measure", help="Also send a small load, as a temporary user, and measure it.")
    ] = False,
    messages: Annotated[int, typer.Option(min=1, max=200, help="With --measure: how many messages to send.")] = 10,
    recipients: Annotated[int, typer.Option(min=1, max=50, help="With --measure: how many sockets to open.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what 1,000 messages, an idle connection and the stage at rest cost, and what changes it."""
    stage = stage_of(context)
    found = report.report(resources.at_rest(stage))
    if measure:
        found = found.model_copy(update={"measured": _measure(stage, messages, recipients)})
    if as_json:
        output.as_json(found)
    else:
        _show(found, output.console())


def _measure(stage: Stage, messages: int, recipients: int) -> MeasuredLoad:
    # Not at the top: the commands' help imports this module, and clients take time to load.
    from ops.cost import measured

    load = measured.run(stage, messages=messages, recipients=recipients)
    used = load.per_message(is_local=stage.is_local)
    notes = [measured.NOT_MEASURED]
    if stage.is_local:
        notes.append(measured.NOT_MEASURED_LOCALLY)
    if load.traced < len(load.message_ids):
        notes.append(f"X-Ray has traces of {load.traced} messages: the calls of DynamoDB are those of them")
    return MeasuredLoad(
        messages=len(load.message_ids),
        recipients=load.recipients,
        traced=load.traced,
        shares=report.shares(used),
        dollars=report.thousand(used),
        by_design=report.thousand(design.message(load.recipients)),
        notes=notes,
    )


def _show(found: CostReport, console: Console) -> None:
    console.print(f"List prices of {found.region}, {found.prices_checked}, in US dollars, without free tiers.\n")
    columns = ("recipients", "Parley (log ALL)", "Parley (log ERROR)", "posted to 1,000 sockets", "AppSync Events")
    table = output.table(*columns, "AppSync, stored", right=(*columns, "AppSync, stored"))
    for row in found.per_thousand_messages:
        prices = (row.dev, row.prod, row.posting_to_all, row.appsync, row.appsync_stored)
        table.add_row(f"{row.recipients:,}", *(f"{price:.4f}" for price in prices))
    console.print("1,000 messages:")
    console.print(table)
    console.print("\nOne message to 10 recipients, in dollars per 1,000:")
    console.print(_shares(found.message_shares))
    console.print(
        f"\n1,000 idle connected hours: {found.idle_thousand_hours:.4f} "
        f"(AppSync Events: {found.idle_thousand_hours_appsync:.4f})"
    )
    console.print(_shares(found.idle_shares))
    console.print("\nWhat changes it, per 1,000 messages or idle hours:")
    table = output.table("knob", "change", "dollars", "percent", right=("dollars", "percent"))
    for knob in found.knobs:
        table.add_row(knob.name, knob.change, f"{knob.dollars:+.4f}", f"{knob.percent:+.0f}")
    console.print(table)
    kinds = "; ".join(f"{AT_REST[kind].unit}: {count}" for kind, count in found.at_rest.items())
    console.print(f"\nAt rest: {found.at_rest_month:.2f} a month, and what is stored ({kinds}).")
    if found.measured:
        _show_measured(found.measured, console)
    assumed = ", ".join(f"{name} {value:g}" for name, value in found.assumptions.items())
    console.print(f"\nAssumptions: {assumed}.", style="dim")


def _show_measured(load: MeasuredLoad, console: Console) -> None:
    console.print(
        f"\nMeasured: {counted(load.messages, 'message')} to {counted(load.recipients, 'recipient')}: "
        f"{load.dollars:.4f} per 1,000 "
        f"(by the design {load.by_design:.4f})"
    )
    console.print(_shares(load.shares))
    for note in load.notes:
        console.print(f"Not measured: {note}.", style="dim")


def _shares(shares: list[CostShare]) -> object:
    table = output.table(
        "dollars", "percent", "amount of one", "what", right=("dollars", "percent", "amount of one")
    )
    for share in shares:
        unit = PRICES[share.name].unit
        table.add_row(f"{share.dollars * 1000:.4f}", f"{share.percent:.1f}", f"{share.amount:.6g}", unit)
    return table
