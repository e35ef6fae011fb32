"""Compare an event with what is stored, from the output of its dry run.

The output holds what the workflow would store and what is stored. An event whose effect was replaced by a later
change is superseded; any other event whose effect is not stored is missing or different.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from functions.contract.text import ERASED_NAME
from ops.events.bus_event import BusEvent


class Verdict(StrEnum):
    """How what is stored compares with an event."""

    SAME = "same"
    SUPERSEDED = "superseded"
    MISSING = "missing"
    DIFFERENT = "different"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One event's verdict, with a sentence that explains it (empty for SAME)."""

    event: BusEvent
    verdict: Verdict
    note: str = ""
    seq: int | None = None

    @property
    def user_id(self) -> str | None:
        """The user whom the event is about, else its actor."""
        return self.event.user_id or self.event.actor


def judge(event: BusEvent, output: Mapping[str, Any]) -> Finding:
    """The verdict on an event. `output` is `{seq, stored, wouldStore}`, with rows in DynamoDB's JSON."""
    if output.get("outcome") == "id-taken":
        return Finding(event, Verdict.SUPERSEDED, ID_TAKEN)
    stored = _row(output.get("stored"))
    seq = output.get("seq") if isinstance(output.get("seq"), int) else None
    if event.detail_type == "MessageSent":
        verdict, note = _message(_row(output.get("wouldStore")) or {}, stored, seq)
    else:
        verdict, note = JUDGES[event.detail_type](event.data, stored)
        seq = event.data.get("seq") if seq is None else seq
    return Finding(event, verdict, note, seq)


def failed(event: BusEvent, reason: str) -> Finding:
    """The verdict on an event whose run failed."""
    return Finding(event, Verdict.FAILED, reason)


Judgement = tuple[Verdict, str]
Row = dict[str, Any]
ID_TAKEN = "Its id is that of a message in another channel, so the workflow refuses it."
SAME: Judgement = (Verdict.SAME, "")


def _message(expected: Row, stored: Row | None, seq: int | None) -> Judgement:
    if seq is None:
        return Verdict.MISSING, "The message is not stored."
    if stored is None:
        return Verdict.MISSING, f"Its id is stored with seq {seq}, but the message is not."
    compared = {"messageId", "clientMessageId", "senderId", "senderName", "sentAt"}
    if "editedAt" not in stored and "deletedAt" not in stored:
        # The text of a changed message is compared when its edit or deletion is.
        compared |= {"text"}
    if "deletedAt" in stored and stored.get("senderName") == ERASED_NAME:
        compared -= {"senderName"}
    wrong = sorted(name for name in compared if stored.get(name) != expected.get(name))
    return (Verdict.DIFFERENT, f"The stored row differs in: {', '.join(wrong)}.") if wrong else SAME


def _edit(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The message that it edits is not stored."
    if stored.get("messageId") != data.get("messageId"):
        return Verdict.DIFFERENT, "Another message is stored at its seq."
    if "deletedAt" in stored:
        return Verdict.SUPERSEDED, "The message was deleted later."
    if stored.get("senderId") != data.get("editedBy"):
        return Verdict.SUPERSEDED, "The editor is not the author, so the workflow refuses the edit."
    edited_at = str(stored.get("editedAt", ""))
    if edited_at > data["editedAt"]:
        return Verdict.SUPERSEDED, "The message was edited again later."
    if edited_at < data["editedAt"]:
        return Verdict.MISSING, "The edit is not stored."
    return SAME if stored.get("text") == data.get("text") else (Verdict.DIFFERENT, "The stored text differs.")


def _deletion(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The message that it deletes is not stored."
    if stored.get("messageId") != data.get("messageId"):
        return Verdict.DIFFERENT, "Another message is stored at its seq."
    if "deletedAt" not in stored:
        return Verdict.MISSING, "The deletion is not stored."
    if stored.get("text"):
        return Verdict.DIFFERENT, "The message is marked as deleted, but its text is still stored."
    if stored["deletedAt"] != data["deletedAt"]:
        return Verdict.SUPERSEDED, "Another deletion was stored first."
    return SAME


def _reaction(present: bool) -> Callable[[Row, Row | None], Judgement]:
    def judge_reaction(data: Row, stored: Row | None) -> Judgement:
        reacted_at = str((stored or {}).get("reactedAt", ""))
        if stored is None or reacted_at < data["reactedAt"]:
            return Verdict.MISSING, f"The {'reaction' if present else 'removal of the reaction'} is not stored."
        if reacted_at > data["reactedAt"]:
            return Verdict.SUPERSEDED, "The reaction was changed again later."
        if stored.get("present") is not present:
            return Verdict.DIFFERENT, f"The reaction is stored as {'removed' if present else 'present'}."
        return SAME

    return judge_reaction


def _channel(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The channel is not stored."
    summary = data.get("channel") or {}
    names = ("kind", "name", "createdAt", "createdBy")
    wrong = [name for name in names if stored.get(name, "") != summary.get(name, "")]
    return (Verdict.DIFFERENT, f"The stored row differs in: {', '.join(wrong)}.") if wrong else SAME


def _joined(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return Verdict.MISSING, "The membership is not stored."
    joined_at = str(stored.get("joinedAt", ""))
    if joined_at > data["changedAt"]:
        return Verdict.SUPERSEDED, "The user left and joined again later."
    return SAME if joined_at == data["changedAt"] else (Verdict.DIFFERENT, f"The stored joinedAt is {joined_at}.")


def _left(data: Row, stored: Row | None) -> Judgement:
    if stored is None:
        return SAME
    if str(stored.get("joinedAt", "")) > data["changedAt"]:
        return Verdict.SUPERSEDED, "The user joined again later."
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


def with_later_memberships(findings: list[Finding], left_at: Mapping[tuple[str, str], str]) -> list[Finding]:
    """The findings, with SUPERSEDED in place of MISSING for a MemberJoined whose user left later.

    `left_at` maps (userId, channelId) to the time of the latest MemberLeft, in ISO 8601.
    """
    updated = []
    for finding in findings:
        data, verdict = finding.event.data, finding.verdict
        key = (str(data.get("userId")), str(data.get("channelId")))
        is_joining = finding.event.detail_type == "MemberJoined" and verdict is Verdict.MISSING
        if is_joining and left_at.get(key, "") > str(data.get("changedAt")):
            finding = Finding(finding.event, Verdict.SUPERSEDED, "The user left later.", finding.seq)
        updated.append(finding)
    return updated


def with_repeated_sends(findings: list[Finding]) -> list[Finding]:
    """The findings, with SUPERSEDED in place of DIFFERENT for a MessageSent whose message another one stored.

    A send that was repeated, because its ack was lost, has an event for each try, with its own time.
    """
    stored = {
        finding.event.message_id
        for finding in findings
        if finding.event.detail_type == "MessageSent" and finding.verdict is Verdict.SAME
    }
    return [
        Finding(finding.event, Verdict.SUPERSEDED, "Another try of the same send was stored.", finding.seq)
        if finding.event.detail_type == "MessageSent"
        and finding.verdict is Verdict.DIFFERENT
        and finding.event.message_id in stored
        else finding
        for finding in findings
    ]


def _row(item: Any) -> Row | None:
    """A row from DynamoDB's JSON; None if there is none. Numbers are Decimal."""
    if not isinstance(item, dict):
        return None
    # Not at the top: the commands' help imports this module, and boto3 takes a third of a second.
    from boto3.dynamodb.types import TypeDeserializer

    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}
