"""The settings of each function: CDK writes them to the environment, the handler reads them back.

One class does both, so that they cannot drift. A function's class names every table, queue and bus that it
may touch: what is not here, it has no right to.
"""

import os
from functools import cache
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_snake


class FunctionSettings(BaseModel):
    """Settings as environment variables: `bus_name` is PARLEY_BUS_NAME."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_env(self) -> dict[str, str]:
        """The environment to give to the function."""
        return {f"PARLEY_{name.upper()}": str(value) for name, value in self.model_dump().items()}

    @classmethod
    @cache
    def from_env(cls) -> Self:
        """The settings of this process. Raises RuntimeError naming the variables that are missing or wrong."""
        names = {name: f"PARLEY_{name.upper()}" for name in cls.model_fields}
        found = {name: os.environ[variable] for name, variable in names.items() if variable in os.environ}
        try:
            return cls.model_validate(found)
        except ValidationError as refusal:
            wrong = ", ".join(names[str(fault["loc"][0])] for fault in refusal.errors())
            raise RuntimeError(f"{to_snake(cls.__name__)}: missing or wrong in the environment: {wrong}") from None


class AuthorizeSettings(FunctionSettings):
    """`authorize`: consumes a ticket."""

    tickets_table: str


class DisconnectSettings(FunctionSettings):
    """`disconnect`: forgets a connection and its subscriptions."""

    connections_table: str
    subscriptions_table: str
    members_table: str
    bus_name: str


class ConnectSettings(DisconnectSettings):
    """`connect`: registers a connection and its subscriptions, unless its session has been ended."""

    tickets_table: str


class SendMessageSettings(FunctionSettings):
    """`send_message`: admits and publishes."""

    members_table: str
    bus_name: str
    messages_per_second: float = 2.0
    message_burst: int = 20


class ChangeMessageSettings(SendMessageSettings):
    """`change_message`: edits, deletes and reacts."""

    messages_table: str


class StartTypingSettings(FunctionSettings):
    """`start_typing`: publishes, stores nothing."""

    members_table: str
    bus_name: str


class PostToConnectionsSettings(DisconnectSettings):
    """`post_to_connections`: posts a frame and forgets connections that are gone."""


class BroadcastStatusSettings(DisconnectSettings):
    """`broadcast_status`: recomputes presence and posts what changed."""

    users_table: str


class ApiSettings(DisconnectSettings):
    """`api`: the REST API, which ends connections when somebody signs out."""

    channels_table: str
    messages_table: str
    reactions_table: str
    users_table: str
    tickets_table: str
