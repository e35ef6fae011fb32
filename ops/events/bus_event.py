"""An event of the bus as rules, the archive and dead-letter queues deliver it, and a filter of such events."""

import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from functions.contract.events import trace_id
from functions.contract.model import milliseconds


@dataclass(frozen=True)
class BusEvent:
    """One event as delivered. Any field may be missing or of a wrong type: malformed events are shown as well."""

    raw: dict[str, Any]

    @property
    def detail_type(self) -> str:
        """The event's name."""
        return str(self.raw.get("detail-type", ""))

    @property
    def metadata(self) -> dict[str, Any]:
        """The envelope's `metadata`; empty if malformed."""
        return _mapping(_mapping(self.raw.get("detail")).get("metadata"))

    @property
    def data(self) -> dict[str, Any]:
        """The envelope's `data`; empty if malformed."""
        return _mapping(_mapping(self.raw.get("detail")).get("data"))

    @property
    def event_id(self) -> str:
        """The publisher's id, the same in every copy; without one, EventBridge's id."""
        return str(self.metadata.get("eventId") or self.raw.get("id") or "")

    @property
    def occurred_at(self) -> str:
        """When it happened, to the millisecond; without that, EventBridge's time, to the second."""
        return str(self.metadata.get("occurredAt") or self.raw.get("time") or "")

    @cached_property
    def occurred_ms(self) -> int:
        """`occurred_at` in milliseconds since 1970. If it is not a time: EventBridge's time, or 0 without one."""
        for text in (self.occurred_at, str(self.raw.get("time"))):
            with suppress(ValueError, OverflowError):
                return milliseconds(text)
        return 0

    @property
    def actor(self) -> str | None:
        """The id of the user who caused it."""
        return _text(self.metadata.get("actor"))

    @property
    def channel_id(self) -> str | None:
        """The channel; None for events about connections."""
        return _text(self.data.get("channelId"))

    @property
    def message_id(self) -> str | None:
        """The message that it creates or changes."""
        return _text(self.data.get("messageId"))

    @property
    def user_id(self) -> str | None:
        """The user that it is about, who may differ from the actor."""
        return _text(self.data.get("userId"))

    @property
    def trace_id(self) -> str | None:
        """The X-Ray trace in which it was published."""
        return trace_id(_text(self.metadata.get("traceHeader")))

    @property
    def replay_name(self) -> str | None:
        """The name of the replay that it comes from; None for a live event."""
        return _text(self.raw.get("replay-name"))

    @property
    def size(self) -> int:
        """The size of its detail in bytes."""
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
    """Conditions that an event must meet; None or empty is no condition. `until_ms` is exclusive."""

    types: Collection[str] = field(default_factory=frozenset)
    channel_id: str | None = None
    user_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    def matches(self, event: BusEvent) -> bool:
        """Whether an event meets every condition. `user_id` is the actor or the user that the event is about."""
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
