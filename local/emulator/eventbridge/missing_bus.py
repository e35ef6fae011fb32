"""Refuse to list the rules of a bus that does not exist.

On AWS, ListRules fails for such a bus. MiniStack (`eventbridge._list_rules`) returns an empty list, as for a bus
without rules. This addition checks first.
"""

from typing import Any

from local.emulator import patching

Response = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Put the check in front of EventBridge's function."""
    service, responses = patching.module("services.eventbridge"), patching.module("core.responses")

    def list_rules(data: dict[str, Any]) -> Response:
        bus = str(data.get("EventBusName") or "default").rpartition("/")[2]
        if bus not in service._event_buses:
            message = f"Event bus {bus} does not exist."
            refusal: Response = responses.error_response_json("ResourceNotFoundException", message, 400)
            return refusal
        response: Response = before(data)
        return response

    before = patching.replace("services.eventbridge", "_list_rules", list_rules)
