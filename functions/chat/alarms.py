"""The text in which an alarm is posted to a chat."""

from collections.abc import Mapping
from typing import Any

MARKS = {"ALARM": "🔴", "OK": "🟢", "INSUFFICIENT_DATA": "⚪"}
# Chats cut long messages; AWS's reason can have a list of data points.
MAX_TEXT_CHARACTERS = 1500


def notification(alarm: Mapping[str, Any] | str, *, subject: str | None) -> str:
    """Return what is wrong, since when and why, and what to do, from CloudWatch's notification.

    Text that is no notification of an alarm, such as a budget's, is returned with its subject.
    """
    if isinstance(alarm, str) or "NewStateValue" not in alarm:
        text = alarm if isinstance(alarm, str) else str(dict(alarm))
        return f"{subject}\n{text}"[:MAX_TEXT_CHARACTERS] if subject else text[:MAX_TEXT_CHARACTERS]
    state = str(alarm["NewStateValue"])
    lines = [
        f"{MARKS.get(state, '')} {state}: {alarm.get('AlarmDescription') or alarm.get('AlarmName')}".strip(),
        f"{alarm.get('AlarmName')}, {alarm.get('StateChangeTime')}, {alarm.get('Region')}",
        str(alarm.get("NewStateReason", "")),
    ]
    return "\n".join(line for line in lines if line)[:MAX_TEXT_CHARACTERS]
