"""Connected clients, each of a new user, so that tests do not affect one another."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.chat_client import ChatClient
from tests.local_stage import TestStage

NewClient = Callable[[str], Awaitable[ChatClient]]


@pytest.fixture
async def new_client(stage: TestStage) -> AsyncIterator[NewClient]:
    """`await new_client("dora")`: the client of a new user of that name, with one open socket."""
    async with AsyncExitStack() as stack:

        async def enter(name: str) -> ChatClient:
            return await stack.enter_async_context(stage.connected_user(name))

        yield enter
