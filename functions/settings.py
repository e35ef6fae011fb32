"""The settings of each function: CDK writes them to the environment, the handler reads them.

The same class does both, so they cannot differ. It names every table and bus that the function may access; the
function has no rights on any other.
"""

import os
from functools import cache
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_snake


class FunctionSettings(BaseModel):
    """Settings in environment variables: `bus_name` is in PARLEY_BUS_NAME."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_env(self) -> dict[str, str]:
        """Return the environment variables for the function."""
        return {f"PARLEY_{name.upper()}": str(value) for name, value in self.model_dump().items()}

    @classmethod
    @cache
    def from_env(cls) -> Self:
        """Read the settings of this process. Raises RuntimeError that names missing and invalid variables."""
        names = {name: f"PARLEY_{name.upper()}" for name in cls.model_fields}
        values = {name: os.environ[variable] for name, variable in names.items() if variable in os.environ}
        try:
            return cls.model_validate(values)
        except ValidationError as refusal:
            wrong = ", ".join(names[str(error["loc"][0])] for error in refusal.errors())
            raise RuntimeError(
                f"{to_snake(cls.__name__)}: environment variables missing or invalid: {wrong}"
            ) from None


class AuthorizeSettings(FunctionSettings):
    """`authorize`: consumes a ticket."""

    tickets_table: str


class DisconnectSettings(FunctionSettings):
    """`disconnect`: deletes a connection and its subscriptions."""

    connections_table: str
    subscriptions_table: str
    members_table: str
    bus_name: str


class ConnectSettings(DisconnectSettings):
    """`connect`: registers a connection and its subscriptions, unless its session has ended."""

    tickets_table: str


class SocketRouteSettings(FunctionSettings):
    """A route of the WebSocket API, such as `default`: counts frames, and those that it refuses, per user."""

    rates_table: str
    frames_per_user: float = 20.0
    """In a second, in all channels and on all connections together."""


class SendMessageSettings(SocketRouteSettings):
    """`send_message`: admits a message and publishes it."""

    members_table: str
    text_keys_table: str
    bus_name: str
    messages_per_second: float = 2.0
    message_burst: int = 20


class ChangeMessageSettings(SendMessageSettings):
    """`change_message`: publishes edits, deletions and reactions."""

    messages_table: str


class StartTypingSettings(SocketRouteSettings):
    """`start_typing`: publishes and stores nothing."""

    members_table: str
    bus_name: str


class PostToConnectionsSettings(DisconnectSettings):
    """`post_to_connections`: posts a frame and prunes stale connections."""

    messages_table: str
    text_keys_table: str


class BroadcastStatusSettings(DisconnectSettings):
    """`broadcast_status`: recomputes presence, posts status frames and prunes stale connections."""

    users_table: str
    channels_table: str


class NotifyAlarmSettings(FunctionSettings):
    """`notify_alarm`: posts alarms to the webhook whose address is in a parameter."""

    webhook_parameter: str


class ApiSettings(DisconnectSettings):
    """`api`: the REST API, which closes the connections of a session at sign-out."""

    channels_table: str
    messages_table: str
    reactions_table: str
    text_keys_table: str
    users_table: str
    tickets_table: str
    rates_table: str
