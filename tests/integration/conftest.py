"""People who chat on the local stage, each a new user, so that no test meets another's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from ops.chat_client import ChatClient, open_client
from tests.local_stage import TestStage

Join = Callable[[str], Awaitable[ChatClient]]


@pytest.fixture
async def join(stage: TestStage) -> AsyncIterator[Join]:
    """`await join("dora")`: a new user of that name, signed in, with one open socket."""
    async with AsyncExitStack() as stack:

        async def enter(name: str) -> ChatClient:
            person = stage.new_user(name)
            return await stack.enter_async_context(
                open_client(
                    api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=stage.id_token(person)
                )
            )

        yield enter
