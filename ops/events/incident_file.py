"""An incident in a file: events as JSON lines, to be run on another machine's stage.

The first line says what the file is. With redaction the file holds no texts, or no names, that people wrote: each
is replaced by one of the same kind, the same for the same.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops import times
from ops.errors import BadRequestError
from ops.events.bus_event import BusEvent

FORMAT = "parley-events"
VERSION = 1
REDACTIONS = ("text", "names")


@dataclass(frozen=True)
class Incident:
    """What a file holds."""

    events: list[BusEvent]
    seqs: dict[str, int]
    about: dict[str, Any]


@dataclass
class Redaction:
    """Replaces what people wrote."""

    kinds: Sequence[str]
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what there is no such thing of."""
        for kind in self.kinds:
            if kind not in REDACTIONS:
                raise BadRequestError(f"There is no '{kind}' to redact; there are {' and '.join(REDACTIONS)}.")

    def apply(self, event: BusEvent) -> BusEvent:
        """The event without it."""
        detail = event.raw.get("detail")
        if not self.kinds or not isinstance(detail, dict):
            return event
        return BusEvent({**event.raw, "detail": {**detail, "data": self._redacted(detail.get("data"))}})

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._redacted(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {name: self._value(name, each, value) for name, each in value.items()}

    def _value(self, name: str, value: Any, around: Mapping[str, Any]) -> Any:
        if not isinstance(value, str):
            return self._redacted(value)
        if name == "text" and "text" in self.kinds:
            return f"[redacted, {len(value)} characters]"
        if name == "displayName" and "names" in self.kinds:
            return self._named("Person", value)
        if name == "name" and "channelId" in around and "names" in self.kinds and value and value != "general":
            return self._named("channel", value)
        return value

    def _named(self, kind: str, value: str) -> str:
        known = [key for key in self._names if key.startswith(f"{kind}:")]
        return self._names.setdefault(f"{kind}:{value}", f"{kind} {len(known) + 1}")


def write(
    path: Path, events: Iterable[BusEvent], seqs: Mapping[str, int], *, stage: str, redact: Sequence[str] = ()
) -> int:
    """Write a file, whole or not at all. Returns how many events are in it."""
    redaction = Redaction(redact)
    about = {"format": FORMAT, "version": VERSION, "stage": stage, "exportedAt": times.text(times.now())}
    lines = [json.dumps({**about, "redacted": list(redact)})]
    for event in events:
        # What belongs to one replay and one account stays behind.
        raw = {name: value for name, value in event.raw.items() if name not in ("replay-name", "account")}
        entry: dict[str, Any] = {"event": redaction.apply(BusEvent(raw)).raw}
        seq = seqs.get(event.message_id or "")
        if event.detail_type == "MessageSent" and seq is not None:
            entry["seq"] = seq
        lines.append(json.dumps(entry, ensure_ascii=False))
    unfinished = path.with_name(path.name + ".new")
    try:
        unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as fault:
        raise BadRequestError(f"{path} cannot be written: {fault.strerror}.") from None
    return len(lines) - 1


def read(path: Path) -> Incident:
    """Read a file. Raises BadRequestError for one that is none, naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "it is no text"
        raise BadRequestError(f"{path} cannot be read: {reason}.") from None
    about = _object(path, 1, lines[0] if lines else "")
    if about.get("format") != FORMAT or about.get("version") != VERSION:
        raise BadRequestError(
            f"{path} is no export of events: its first line does not say {FORMAT}, version {VERSION}."
        )
    events, seqs = [], {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        entry = _object(path, number, line)
        if not isinstance(entry.get("event"), dict):
            raise BadRequestError(f"{path}, line {number}: there is no event in it.")
        event = BusEvent(entry["event"])
        events.append(event)
        if event.message_id and isinstance(entry.get("seq"), int):
            seqs[event.message_id] = entry["seq"]
    return Incident(events, seqs, about)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadRequestError(f"{path}, line {number}: it is not a JSON object.")
    return found
