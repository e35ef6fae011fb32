"""The dashboard: every metric is emitted by something."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.commands import run_ops
from tests.integration.conftest import NewClient
from tests.local_stage import TestStage
from tests.waiting import until

pytestmark = pytest.mark.anyio

EMITTED_BY_FAULTS = {
    "pruned (410)": "tests/unit/functions/handlers/test_broadcast_status.py",
    "slow clients": "tests/unit/functions/handlers/test_post_to_connections.py",
    "floods": "tests/unit/functions/handlers/test_floods.py",
    "unreadable rows": "tests/unit/functions/aws/test_unreadable_rows.py",
    "answered by a function": "tests/unit/functions/handlers/test_send_message.py",
    "integration errors": "tests/unit/local/emulator/cloudwatch/test_metrics.py",
}
"""Lines without values in a stage without faults, and the tests that find their metrics."""


def report(stage: TestStage) -> dict[str, Any]:
    result = run_ops(stage, "dashboard", "--since", "20m", "--json")
    assert result.code == 0, result.err
    answer: dict[str, Any] = result.json
    return answer


async def test_traffic_gives_every_line_of_the_dashboard_values(stage: TestStage, new_client: NewClient):
    """Each metric by its name, with the dimensions that the dashboard asks for."""
    dora, emil = await new_client("dora"), await new_client("emil")
    channel = await dora.api.post("/channels", {"name": f"metrics {uuid4()}"})
    await dora.send_message("hello", channel_id=channel["channelId"])
    await dora.sockets[0].send(action="startTyping", channelId=channel["channelId"])
    await dora.sockets[0].send(action="addReaction", channelId=channel["channelId"], seq=1, emoji="👍")
    await dora.sockets[0].send(action="unknown")
    await emil.close()

    missing: set[str] = set()

    def have_values() -> bool:
        found = report(stage)
        assert len(found["graphs"]) > 15
        assert all(graph["whenRed"] for graph in found["graphs"])
        lines = [line for graph in found["graphs"] for line in graph["lines"]]
        assert not [line for line in lines if line["problem"]]
        missing.clear()
        missing.update(line["label"] for line in lines if not line["values"])
        return missing <= EMITTED_BY_FAULTS.keys()

    try:
        await until(lambda: asyncio.to_thread(have_values), "every line has values", every=0.5)
    except AssertionError:
        pytest.fail(f"without values: {sorted(missing - EMITTED_BY_FAULTS.keys())}")
