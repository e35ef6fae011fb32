"""Whether an event has left what it should have: a dry run's answer, read.

A dry run of the workflow says what it would store and what is stored. A later change legitimately hides an earlier
one; everything else that is not as the event says is missing, or different.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from ops.events.bus_event import BusEvent

_plain = TypeDeserializer()


class Verdict(StrEnum):
    """How the stage compares with an event."""

    SAME = "same"
    SUPERSEDED = "superseded"
    MISSING = "missing"
    DIFFERENT = "different"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One event's verdict, and what is wrong, in a sentence (empty when nothing is)."""

    event: BusEvent
    verdict: Verdict
    note: str = ""
    seq: int | None = None

    @property
    def user_id(self) -> str | None:
        """The user whom the event is about, else its actor."""
        return self.event.user_id or self.event.actor


def judge(event: BusEvent, answer: Mapping[str, Any]) -> Finding:
    """The verdict on an event, from the output of its dry run."""
    stored = _row(answer.get("stored"))
    seq = answer.get("seq") if isinstance(answer.get("seq"), int) else None
    if event.detail_type == "MessageSent":
        verdict, note = _message(_row(answer.get("wouldStore")) or {}, stored, seq)
    else:
        verdict, note = JUDGES[event.detail_type](event.data, stored)
        seq = event.data.get("seq") if seq is None else seq
    return Finding(event, verdict, note, seq)


def failed(event: BusEvent, reason: str) -> Finding:
    """The verdict on an event whose run failed."""
    return Finding(event, Verdict.FAILED, reason)


Judgement = tuple[Verdict, str]
Row = dict[str, Any]
SAME: Judgement = (Verdict.SAME, "")


def _message(wanted: Row, stored: Row | None, seq: int | None) -> Judgement:
    if seq is None:
        return Verdict.MISSING, "The message is not stored."
    if stored is None:
        return Verdict.MISSING, f"Its id is known, at seq {seq}, but its row is gone."
    compared = {"messageId", "clientMessageId", "senderId", "senderName", "sentAt"}
    if "editedAt" not in stored and "deletedAt" not in stored:
        # A text that was edited is compared with the edit, one that was deleted with the deletion.
        compared |= {"text"}
    wrong = sorted(name for name in compared if stored.get(name) != wanted.get(name))
    return (Verdict.DIFFERENT, f"Stored with another {', '.join(wrong)}.") if wrong else SAME


def _edit(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The message that it edits is not stored."
    if stored.get("messageId") != data.get("messageId"):
        return Verdict.DIFFERENT, "Another message is stored at its seq."
    if "deletedAt" in stored:
        return Verdict.SUPERSEDED, "Deleted since."
    if stored.get("senderId") != data.get("editedBy"):
        return Verdict.SUPERSEDED, "Not its author's: refused, then and now."
    edited_at = str(stored.get("editedAt", ""))
    if edited_at > data["editedAt"]:
        return Verdict.SUPERSEDED, "Edited again since."
    if edited_at < data["editedAt"]:
        return Verdict.MISSING, "The edit is not stored."
    return SAME if stored.get("text") == data.get("text") else (Verdict.DIFFERENT, "Stored with another text.")


def _deletion(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The message that it deletes is not stored."
    if stored.get("messageId") != data.get("messageId"):
        return Verdict.DIFFERENT, "Another message is stored at its seq."
    if "deletedAt" not in stored:
        return Verdict.MISSING, "The deletion is not stored."
    if stored.get("text"):
        return Verdict.DIFFERENT, "Deleted, but a text is stored."
    return (
        SAME if stored["deletedAt"] == data["deletedAt"] else (Verdict.SUPERSEDED, "Another deletion came first.")
    )


def _reaction(present: bool) -> Callable[[Row, Row | None], Judgement]:
    def judge_reaction(data: Row, stored: Row | None) -> Judgement:
        reacted_at = str((stored or {}).get("reactedAt", ""))
        if stored is None or reacted_at < data["reactedAt"]:
            return Verdict.MISSING, "The reaction is not stored." if present else "Its removal is not stored."
        if reacted_at > data["reactedAt"]:
            return Verdict.SUPERSEDED, "Changed again since."
        return SAME if stored.get("present") is present else (Verdict.DIFFERENT, "Stored the other way round.")

    return judge_reaction


def _channel(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The channel is not stored."
    summary = data.get("channel") or {}
    names = ("kind", "name", "createdAt", "createdBy")
    wrong = [name for name in names if stored.get(name, "") != summary.get(name, "")]
    return (Verdict.DIFFERENT, f"Stored with another {', '.join(wrong)}.") if wrong else SAME


def _joined(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The membership is not stored."
    joined_at = str(stored.get("joinedAt", ""))
    if joined_at > data["changedAt"]:
        return Verdict.SUPERSEDED, "Left and joined again since."
    return SAME if joined_at == data["changedAt"] else (Verdict.DIFFERENT, f"Stored as joined at {joined_at}.")


def _left(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return SAME
    if str(stored.get("joinedAt", "")) > data["changedAt"]:
        return Verdict.SUPERSEDED, "Joined again since."
    return Verdict.DIFFERENT, "The membership that it ended is still stored."


JUDGES: dict[str, Callable[[Row, Row | None], Judgement]] = {
    "MessageEdited": _edit,
    "MessageDeleted": _deletion,
    "ReactionAdded": _reaction(True),
    "ReactionRemoved": _reaction(False),
    "ChannelCreated": _channel,
    "MemberJoined": _joined,
    "MemberLeft": _left,
}


def with_later_memberships(findings: list[Finding], later: Mapping[tuple[str, str], str]) -> list[Finding]:
    """A membership that is missing because it ended later is none that is missing.

    `later` maps (userId, channelId) to when it last ended, or was last begun, after the events looked at.
    """
    settled = []
    for finding in findings:
        data, verdict = finding.event.data, finding.verdict
        key = (str(data.get("userId")), str(data.get("channelId")))
        is_joining = finding.event.detail_type == "MemberJoined" and verdict is Verdict.MISSING
        if is_joining and later.get(key, "") > str(data.get("changedAt")):
            finding = Finding(finding.event, Verdict.SUPERSEDED, "Left since.", finding.seq)
        settled.append(finding)
    return settled


def _row(item: Any) -> Row | None:
    """DynamoDB's own JSON as a plain row; numbers as int."""
    if not isinstance(item, dict):
        return None
    return {name: _plain.deserialize(value) for name, value in item.items()}
