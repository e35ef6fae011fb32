"""The live feed says why it has nothing, once, also to a page that is opened later."""

import pytest
from botocore.exceptions import ClientError

from inspector.live import LiveFeed
from inspector.models import Problem
from tests.unit.ops.stages import deployed_stage

pytestmark = pytest.mark.anyio

DENIED = ClientError(
    {"Error": {"Code": "AccessDenied", "Message": "User: x is not authorized to perform: events:PutRule"}},
    "PutRule",
)


async def test_a_problem_is_posted_once_and_taken_back(monkeypatch: pytest.MonkeyPatch):
    """A page that is opened while there is a problem gets it too."""
    feed = LiveFeed(deployed_stage())
    monkeypatch.setattr(feed, "_watch_events", lambda: None)
    monkeypatch.setattr(feed, "_watch_runs", lambda: None)

    async def posted(listener) -> list[str | None]:
        problems = [item.answer for item in await listener.next(1) if isinstance(item.answer, Problem)]
        return [problem.message for problem in problems]

    first = feed.join()
    feed._note("events", DENIED)
    feed._note("events", DENIED)
    [message] = await posted(first)
    assert "events:PutRule" in str(message)
    second = feed.join()
    assert await posted(second) == [message]
    feed._note("events", None)
    assert [await posted(first), await posted(second)] == [[None], [None]]
    assert await posted(feed.join()) == []
    feed.close()
