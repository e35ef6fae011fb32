"""A stage of the last release is upgraded by the CDK CLI, with its users and messages."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.chat_client import ChatClient
from tests.emulator.parley_app import synthesise
from tests.local_stage import Person, TestStage, running_stage
from tests.stacks.stateful import RELEASES, version_of
from tests.stacks.test_upgrade import checked_out, git, newest_tag

PROGRAM = (
    "import pathlib, sys; from tests.emulator.parley_app import synthesise; "
    "synthesise(pathlib.Path(sys.argv[1]), 'local')"
)
KEPT = (
    ("Data", "MessagesTableName"),
    ("Data", "ChannelsTableName"),
    ("Auth", "UserPoolId"),
    ("Events", "EventBusName"),
)


def released() -> str:
    """The newest tag. Before the first one, the commit that added the file of the newest release."""
    newest = max(RELEASES.glob("*.json"), key=lambda path: version_of(path.stem))
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest))
    return newest_tag() or added.strip()


def synthesised_by(revision: Path, folder: Path) -> Path:
    """The assembly of the local stage that the app of another revision synthesises."""
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], cwd=revision, check=True, stdout=subprocess.DEVNULL
    )
    return folder / "cdk.out"


def kept(stage: TestStage) -> list[str]:
    """The names of what holds data, which another resource would not have."""
    return [stage.output(part, name) for part, name in KEPT]


@asynccontextmanager
async def connected(stage: TestStage, user: Person) -> AsyncIterator[ChatClient]:
    """The client of a user, signed in, with an open socket until the block ends."""
    client = await stage.sign_in(user)
    try:
        await client.open_socket()
        yield client
    finally:
        await client.close()


@pytest.mark.thorough
@pytest.mark.anyio
async def test_users_and_messages_are_kept_by_an_upgrade(tmp_path: Path) -> None:
    """The user signs in again, finds the message, and the next one follows it."""
    state = tmp_path / "state"
    first = synthesised_by(checked_out(released(), tmp_path), tmp_path / "1")
    with running_stage(state, assembly=first, keeps_state=True) as stage:
        before = kept(stage)
        user = await asyncio.to_thread(stage.new_user, "dora")
        async with connected(stage, user) as dora:
            channel = (await dora.api.post("/channels", {"name": "kept"}))["channelId"]
            await dora.send_message("before the upgrade", channel_id=channel)
            await dora.sockets[0].wait_for_type("message", channelId=channel)
    second = synthesise(tmp_path / "2", "local")
    with running_stage(state, assembly=second) as stage:
        assert kept(stage) == before
        async with connected(stage, user) as dora:
            await dora.send_message("after the upgrade", channel_id=channel)
            await dora.sockets[0].wait_for_type("message", channelId=channel)
            page = await dora.api.get(f"/channels/{channel}/messages")
            assert [(message["seq"], message["text"]) for message in page["items"]] == [
                (1, "before the upgrade"),
                (2, "after the upgrade"),
            ]
