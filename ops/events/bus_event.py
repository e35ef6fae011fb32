"""An event of the bus, as rules, the archive and dead-letter queues hand it out, and which of them are wanted."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from functions.contract.events import trace_id
from functions.contract.model import milliseconds


@dataclass(frozen=True)
class BusEvent:
    """One event, whole. Nothing in it is taken for granted: a poisoned one must be shown as well."""

    raw: dict[str, Any]

    @property
    def detail_type(self) -> str:
        """What happened."""
        return str(self.raw.get("detail-type", ""))

    @property
    def metadata(self) -> dict[str, Any]:
        """Who and when."""
        return _mapping(_mapping(self.raw.get("detail")).get("metadata"))

    @property
    def data(self) -> dict[str, Any]:
        """What exactly."""
        return _mapping(_mapping(self.raw.get("detail")).get("data"))

    @property
    def event_id(self) -> str:
        """The publisher's id of it, the same in every copy; EventBridge's own where that is missing."""
        return str(self.metadata.get("eventId") or self.raw.get("id") or "")

    @property
    def occurred_at(self) -> str:
        """When it happened, to the millisecond; EventBridge's own second where that is missing."""
        return str(self.metadata.get("occurredAt") or self.raw.get("time") or "")

    @cached_property
    def occurred_ms(self) -> int:
        """The same, as a number; 0 for what is no time."""
        try:
            return milliseconds(self.occurred_at)
        except ValueError:
            return 0

    @property
    def actor(self) -> str | None:
        """Whose doing it was."""
        return _text(self.metadata.get("actor"))

    @property
    def channel_id(self) -> str | None:
        """Where; events about connections have no channel."""
        return _text(self.data.get("channelId"))

    @property
    def message_id(self) -> str | None:
        """Which message it made or changed."""
        return _text(self.data.get("messageId"))

    @property
    def user_id(self) -> str | None:
        """Whom it is about, where that is not the actor."""
        return _text(self.data.get("userId"))

    @property
    def trace_id(self) -> str | None:
        """The trace that published it."""
        return trace_id(_text(self.metadata.get("traceHeader")))

    @property
    def replay_name(self) -> str | None:
        """The replay that brought it back; None for a live one."""
        return _text(self.raw.get("replay-name"))

    @property
    def size(self) -> int:
        """Bytes of its detail."""
        return len(json.dumps(self.raw.get("detail"), separators=(",", ":"), ensure_ascii=False).encode())

    @property
    def correlation_id(self) -> str | None:
        """The id of the request or invocation that published it."""
        return _text(self.metadata.get("correlationId"))

    @property
    def detail(self) -> Any:
        """The detail as it came: an envelope, unless the event is malformed."""
        return self.raw.get("detail")


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """A filter of events; what is None or empty lets everything through."""

    types: Collection[str] = field(default_factory=frozenset)
    channel_id: str | None = None
    user_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    def matches(self, event: BusEvent) -> bool:
        """Whether an event is wanted. A user's are those by them and those about them."""
        if self.types and event.detail_type not in self.types:
            return False
        if self.channel_id and event.channel_id != self.channel_id:
            return False
        if self.user_id and self.user_id not in (event.actor, event.user_id):
            return False
        if self.since_ms is not None and event.occurred_ms < self.since_ms:
            return False
        return self.until_ms is None or event.occurred_ms < self.until_ms


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
