"""A table is replaced, all stacks are deployed again by the CDK CLI, and the chat goes on with the new table."""

from pathlib import Path
from typing import Any

import pytest

from tests.emulator.parley_app import synthesise
from tests.local_stage import TestStage, running_stage

TABLE = "parley-messages-2"


def another_table(app: Any) -> None:
    """Give the table of messages a name. A name can be changed only by replacing the table, as keys can."""
    data = app.node.find_child("Parley-local-Data")
    data.messages.node.default_child.table_name = TABLE


async def one_message(stage: TestStage, text: str) -> list[str]:
    """Send a message as a new user, wait until it is posted, and return the texts of the channel."""
    async with stage.connected_user("dora") as dora:
        sent = await dora.send_message(text)
        await dora.sockets[0].wait_for_type("message", messageId=sent["messageId"])
        page = await dora.api.get("/channels/general/messages")
        return [message["text"] for message in page["items"]]


@pytest.mark.thorough
@pytest.mark.anyio
async def test_the_chat_goes_on_after_a_table_was_replaced(tmp_path: Path) -> None:
    """Functions and workflow use the new table, which is empty; the old one is deleted."""
    state = tmp_path / "state"
    first = synthesise(tmp_path / "1", "local")
    with running_stage(state, assembly=first, keeps_state=True) as stage:
        old = stage.output("Data", "MessagesTableName")
        assert "one" in await one_message(stage, "one")
    second = synthesise(tmp_path / "2", "local", change=another_table)
    with running_stage(state, assembly=second) as stage:
        assert stage.output("Data", "MessagesTableName") == TABLE
        assert await one_message(stage, "two") == ["two"]
        tables = stage.client("dynamodb").list_tables()["TableNames"]
        assert TABLE in tables
        assert old not in tables
