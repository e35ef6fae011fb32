"""Channels and users as options name them: by id, or by name."""

from dataclasses import dataclass
from typing import Annotated

import typer

from ops.errors import NotFoundError
from ops.stage import lookup, tables
from ops.stage.stage import Stage

ChannelOption = Annotated[str | None, typer.Option("--channel", help="Only of this channel, by its name or id.")]
UserOption = Annotated[
    str | None, typer.Option("--user", help="Only by or about this user, by their username or id.")
]


@dataclass(frozen=True)
class ChosenChannel:
    """The channel of an option. Both None: the option was not given.

    `unknown` is what was typed if no row belongs to it. It is still searched for: it may be the id of a channel
    whose rows are all lost.
    """

    channel_id: str | None
    unknown: str | None = None

    def require(self, found: object) -> None:
        """Raise NotFoundError if no row belongs to the channel, and nothing was found of it elsewhere."""
        if self.unknown is not None and not found:
            raise NotFoundError(f"There is no channel '{self.unknown}'.")


def choose_channel(stage: Stage, text: str | None) -> ChosenChannel:
    """The channel that an option names. Raises BadRequestError if several have the name, and NotFoundError if
    none can have it.
    """
    if text is None:
        return ChosenChannel(None)
    if not tables.can_be_key(text):
        raise NotFoundError(f"There is no channel '{text}'.")
    known = lookup.channel_id(stage, text)
    return ChosenChannel(known or text, None if known else text)


def choose_user(stage: Stage, text: str | None) -> str | None:
    """The id of the user that an option names. Raises NotFoundError."""
    if text is None:
        return None
    known = lookup.user_id(stage, text)
    if known is None:
        raise NotFoundError(f"There is no user '{text}'.")
    return known
