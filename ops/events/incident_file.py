"""Export events to a file of JSON lines and read them back, to replay an incident on another stage.

The first line is a header with format, version and stage; each further line is `{"event", "seq"?, "sealed"?}`.
Texts are opened, because their keys stay on the stage. `sealed` marks those: they are sealed again when the file
is read on a stage that has the key. Redaction replaces the texts that users wrote, and leaves out whom they
mention; or it replaces the names of users and channels. Equal names get the same replacement.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops import text_files, times
from ops.errors import BadRequestError
from ops.events.bus_event import BusEvent

FORMAT = "parley-events"
VERSION = 1
REDACTIONS = ("text", "names")


@dataclass(frozen=True)
class Incident:
    """The content of a file: events, the seq per messageId, and the header."""

    events: list[BusEvent]
    seqs: dict[str, int]
    header: dict[str, Any]
    opened: frozenset[str] = frozenset()
    """The ids of the events whose texts were sealed before the export opened them."""

    def sealed_again(self, sealed: Callable[[BusEvent], BusEvent]) -> "Incident":
        """The same, with the texts that the export opened as `sealed` returns them."""
        events = [sealed(event) if event.event_id in self.opened else event for event in self.events]
        return Incident(events, self.seqs, self.header, self.opened)


@dataclass
class Redaction:
    """Replaces the texts and names in events. `kinds` are from REDACTIONS."""

    kinds: Sequence[str]
    _replacements: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the kinds. Raises BadRequestError."""
        require_kinds(self.kinds)

    def apply(self, event: BusEvent) -> BusEvent:
        """The event with replacements; the same event if there is nothing to redact."""
        detail = event.raw.get("detail")
        if not self.kinds or not isinstance(detail, dict):
            return event
        return BusEvent({**event.raw, "detail": {**detail, "data": self._redacted(detail.get("data"))}})

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._redacted(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._redacted_field(name, item, value)
            for name, item in value.items()
            if not (name == "mentions" and "text" in self.kinds)
        }

    def _redacted_field(self, name: str, value: Any, parent: Mapping[str, Any]) -> Any:
        if name == "mentions" and "names" in self.kinds and isinstance(value, list):
            return [self._replacement("user", str(username)) for username in value]
        if not isinstance(value, str):
            return self._redacted(value)
        if name == "text" and "text" in self.kinds:
            return f"[redacted, {len(value)} characters]"
        if name == "displayName" and "names" in self.kinds:
            return self._replacement("Person", value)
        if name == "name" and "channelId" in parent and "names" in self.kinds and value and value != "general":
            return self._replacement("channel", value)
        return value

    def _replacement(self, kind: str, value: str) -> str:
        of_kind = [key for key in self._replacements if key.startswith(f"{kind}:")]
        return self._replacements.setdefault(f"{kind}:{value}", f"{kind} {len(of_kind) + 1}")


def require_kinds(kinds: Iterable[str]) -> None:
    """Raise BadRequestError for a kind of redaction that does not exist."""
    for kind in kinds:
        if kind not in REDACTIONS:
            raise BadRequestError(f"Invalid --redact '{kind}': use {' or '.join(REDACTIONS)}.")


def write(
    path: Path,
    events: Iterable[BusEvent],
    seqs: Mapping[str, int],
    *,
    stage: str,
    redact: Sequence[str] = (),
    opened: Callable[[BusEvent], BusEvent] = lambda event: event,
) -> int:
    """Write a file that only this operator can read, with texts as `opened` returns them.

    Returns the number of events in it.

    Raises BadRequestError.
    """
    redaction = Redaction(redact)
    header = {"format": FORMAT, "version": VERSION, "stage": stage, "exportedAt": times.iso(times.now())}
    lines = [json.dumps({**header, "redacted": list(redact)})]
    for event in events:
        # Leave out what is specific to one replay and one account.
        raw = {name: value for name, value in event.raw.items() if name not in ("replay-name", "account")}
        readable = opened(BusEvent(raw))
        entry: dict[str, Any] = {"event": redaction.apply(readable).raw}
        if readable.data.get("text") != event.data.get("text") and "text" not in redact:
            entry["sealed"] = True
        seq = seqs.get(event.message_id or "")
        if event.detail_type == "MessageSent" and seq is not None:
            entry["seq"] = seq
        lines.append(json.dumps(entry, ensure_ascii=False))
    text_files.replace(path, "\n".join(lines) + "\n")
    return len(lines) - 1


def read(path: Path) -> Incident:
    """Read a file. Raises BadRequestError, with the line number, if it is not an export."""
    lines = text_files.read_lines(path)
    header = _object(path, 1, lines[0] if lines else "")
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise BadRequestError(
            f"{path} is not an export of events: its first line must name the format {FORMAT}, version {VERSION}. "
            "Write one with: replay --export"
        )
    events, seqs, opened = [], {}, set()
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        entry = _object(path, number, line)
        if not isinstance(entry.get("event"), dict):
            raise BadRequestError(f"{path}, line {number}: the object has no field 'event'.")
        event = BusEvent(entry["event"])
        events.append(event)
        if entry.get("sealed"):
            opened.add(event.event_id)
        if event.message_id and isinstance(entry.get("seq"), int):
            seqs[event.message_id] = entry["seq"]
    return Incident(events, seqs, header, frozenset(opened))


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        parsed = json.loads(line)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise BadRequestError(f"{path}, line {number}: this is not a JSON object.")
    return parsed
