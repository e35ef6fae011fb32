"""The emulator returns log events in pages with tokens, as CloudWatch Logs does."""

import json
from typing import Any
from uuid import uuid4

from local.emulator.logs import log_groups, log_pages


def pages(group: str, **request: Any) -> list[list[dict[str, Any]]]:
    """The events of all pages."""
    found, token = [], None
    while True:
        data = {"logGroupName": group, **request, **({"nextToken": token} if token else {})}
        answer = json.loads(log_pages.filter_log_events(data)[2])
        found.append(answer["events"])
        token = answer.get("nextToken")
        if token is None:
            return found


def test_all_events_are_returned_once():
    """Also those of one millisecond, which several pages share."""
    group = f"/tests/{uuid4()}"
    log_groups.append(group, "a", [f"a{number}" for number in range(7)], first_at=1.0)
    log_groups.append(group, "b", [f"b{number}" for number in range(4)], first_at=0.5, last_at=1.0)
    found = pages(group, limit=3)
    assert [len(page) for page in found] == [3, 3, 3, 2]
    events = [event for page in found for event in page]
    assert sorted(event["message"] for event in events) == sorted(
        [f"a{number}" for number in range(7)] + [f"b{number}" for number in range(4)]
    )
    assert len({event["eventId"] for event in events}) == 11
    again = [event["eventId"] for page in pages(group) for event in page]
    assert again == [event["eventId"] for event in events]


def test_the_last_full_page_has_no_token():
    """Pages end where the events end."""
    group = f"/tests/{uuid4()}"
    log_groups.append(group, "a", ["one", "two"], first_at=1.0)
    assert [len(page) for page in pages(group, limit=2)] == [2]
