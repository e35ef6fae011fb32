"""`shard`: spread the subscriptions of a hot channel over several partitions."""

from typing import Annotated

import typer

from functions.contract.shards import MAX_SHARDS
from ops.commands import output
from ops.commands.cli import OPERATE, AsJson, app, stage_of
from ops.commands.recording import recorded
from ops.errors import NotFoundError
from ops.models import ChannelSharded
from ops.stage import lookup, shards
from ops.wording import counted

DEFAULT_SHARDS = 8


@app.command(name="shard", rich_help_panel=OPERATE)
def shard(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="The channel, by its name or id.")],
    count: Annotated[
        int, typer.Option("--shards", min=2, max=MAX_SHARDS, help="How many partitions its subscriptions get.")
    ] = DEFAULT_SHARDS,
    as_json: AsJson = False,
) -> None:
    """Spread a hot channel's subscriptions over partitions. It cannot be undone; see docs/scale.md."""
    stage = stage_of(context)
    channel_id = lookup.channel_id(stage, channel)
    if channel_id is None:
        raise NotFoundError(f"There is no channel '{channel}'.")
    with recorded(stage, "shard", channel=channel_id, shards=count):
        changed = shards.shard(stage, channel_id, count)
    if as_json:
        output.as_json(ChannelSharded(channel_id=channel_id, shards=count, changed=changed))
    elif changed:
        output.console().print(
            f"The subscriptions of {channel_id} have {counted(count, 'shard')}. "
            "Connections that open from now on use them."
        )
    else:
        output.console().print(f"The subscriptions of {channel_id} have {counted(count, 'shard')} already.")
