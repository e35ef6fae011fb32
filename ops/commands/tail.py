"""`tail`: events as they are published."""

import time
from typing import Annotated

import typer
from rich.text import Text

from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.event_types import parse_event_types
from ops.commands.names import ChannelOption, UserOption, choose_channel, choose_user
from ops.events.bus_event import BusEvent, EventFilter
from ops.events.tail import open_tail
from ops.events.texts import Texts
from ops.models import PublishedEvent
from ops.wording import counted


@app.command(rich_help_panel=OPERATE)
def tail(
    context: typer.Context,
    kinds: Annotated[list[str] | None, typer.Option("--type", help="Only this event type; repeatable.")] = None,
    channel: ChannelOption = None,
    user: UserOption = None,
    seconds: Annotated[float, typer.Option(min=0, help="Stop after this many seconds; 0: until Ctrl-C.")] = 0,
    count: Annotated[int, typer.Option(min=0, help="Stop after this many events; 0: no limit.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show events, message texts included, as they are published, until Ctrl-C."""
    types = parse_event_types(kinds)
    stage = stage_of(context)
    chosen = choose_channel(stage, channel)
    chosen.require(None)
    wanted = EventFilter(types=types, channel_id=chosen.channel_id, user_id=choose_user(stage, user))
    console, notes = output.console(), output.console(stderr=True)
    shown, texts = 0, Texts(stage)
    deadline = time.monotonic() + seconds if seconds else float("inf")
    with open_tail(stage, on_note=output.warn) as opened:
        notes.print(f"Watching {stage.output('Events', 'EventBusName')}; stop with Ctrl-C.", style="dim")
        try:
            while time.monotonic() < deadline and (not count or shown < count):
                for event in opened.poll():
                    if not wanted.matches(event) or (count and shown >= count):
                        continue
                    shown += 1
                    event = texts.opened(event)
                    if as_json:
                        output.as_json_line(PublishedEvent.model_validate(event))
                    else:
                        console.print(line(event))
        except KeyboardInterrupt:
            notes.print(f"{counted(shown, 'event')}.", style="dim")


def line(event: BusEvent) -> Text:
    """One event on one line."""
    text = Text(event.occurred_at[11:23], style="dim")
    text.append(f"  {event.detail_type:<16}", style="bold")
    text.append(f"  {event.channel_id or '':<20}")
    text.append(f"  by {event.actor or '?'}", style="cyan")
    for name in ("messageId", "seq", "text", "emoji", "userId", "connectionId", "readSeq"):
        value = event.data.get(name)
        if value is not None and value != event.actor:
            text.append(f"  {name}=", style="dim")
            text.append(str(value)[:80].replace("\n", " "))
    return text
