"""A local stage for tests, started by `parley` on free ports with its own state directory."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from ops.stage.stage import Stage
from tests.chat_client import ChatClient
from tests.waiting import COMMAND_SECONDS, START_SECONDS

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Person:
    """The username and password of a user in the stage's user pool."""

    username: str
    password: str


@dataclass(frozen=True)
class TestStage:
    """A stage under test, with functions that create users and sign them in."""

    __test__ = False

    stage: Stage
    state_dir: Path | None
    """A local stage's state directory; None for a deployed stage."""

    @property
    def url(self) -> str:
        """The chat's address."""
        return self.stage.site_url

    @property
    def api_url(self) -> str:
        """The REST API's address."""
        return self.stage.api_url

    @property
    def websocket_url(self) -> str:
        """The WebSocket API's address."""
        return self.stage.websocket_url

    def output(self, stack: str, name: str) -> str:
        """One output of a stack."""
        return self.stage.output(stack, name)

    def resource_name(self, logical_id: str, kind: str) -> str:
        """The name that CloudFormation chose for a resource, by the start of its logical id."""
        client = self.client("cloudformation")
        for stack in self.stage.outputs:
            name = f"Parley-{self.stage.name}-{stack}"
            for page in client.get_paginator("list_stack_resources").paginate(StackName=name):
                for resource in page["StackResourceSummaries"]:
                    if resource["ResourceType"] == kind and resource["LogicalResourceId"][:-8] == logical_id:
                        return str(resource["PhysicalResourceId"])
        raise LookupError(f"no {kind} called {logical_id}")

    def client(self, service: str) -> Any:
        """A boto3 client for the stage."""
        return self.stage.client(service)

    def resource(self, service: str) -> Any:
        """A boto3 resource for the stage."""
        return self.stage.resource(service)

    def table(self, name: str) -> Any:
        """A table of the stage: `Messages`."""
        return self.stage.table(name)

    def new_user(self, name: str) -> Person:
        """A new user with a unique username; the display name is `name`, capitalized."""
        user = Person(f"{name}-{uuid4().hex[:8]}", f"Parley-{name}-1")
        self.stage.user_pool.add(user.username, display_name=name.capitalize(), password=user.password)
        return user

    def id_token(self, user: Person) -> str:
        """A new ID token."""
        return self.stage.user_pool.id_token(user.username, user.password)

    async def sign_in(self, user: Person) -> ChatClient:
        """A client in a new session of a user, without a socket; the caller closes it. Raises httpx.HTTPError."""
        token = await asyncio.to_thread(self.id_token, user)
        return await ChatClient.sign_in(api_url=self.api_url, websocket_url=self.websocket_url, id_token=token)

    @asynccontextmanager
    async def connected_user(self, name: str) -> AsyncIterator[ChatClient]:
        """The client of a new user with one open socket, until the block ends."""
        client = await self.sign_in(await asyncio.to_thread(self.new_user, name))
        try:
            await client.open_socket()
            yield client
        finally:
            await client.close()


@contextmanager
def running_stage(
    state_dir: Path, *, assembly: Path | None = None, keeps_state: bool = False
) -> Iterator[TestStage]:
    """Start a local stage that runs until the block ends. Raises RuntimeError with the command's output.

    It deploys the repository's app, or a synthesised assembly. Without `keeps_state`, its data is deleted then.
    """
    command = [sys.executable, "-m", "local.command_line"]
    options = ["--state-dir", str(state_dir)]
    app = ["--app", str(assembly)] if assembly else []
    started = subprocess.run(
        # The stage stops with this process, also when the tests are interrupted or killed.
        [*command, "up", "--detach", "--port", "0", "--stop-with", str(os.getpid()), *app, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    if started.returncode != 0:
        raise RuntimeError(f"The local stage did not start:\n{started.stdout}\n{started.stderr}")
    try:
        yield TestStage(Stage.local(state_dir), state_dir)
    finally:
        subprocess.run(
            [*command, "down", *options], cwd=ROOT, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
        if not keeps_state:
            shutil.rmtree(state_dir, ignore_errors=True)
