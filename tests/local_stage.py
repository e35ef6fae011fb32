"""A local stage of the tests' own: started by the real command, on free ports, with a state of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from ops.stage.stage import Stage
from tests.waiting import COMMAND_SECONDS, START_SECONDS

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Person:
    """A user with a password."""

    username: str
    password: str


@dataclass(frozen=True)
class TestStage:
    """The stage, and ways to people it."""

    __test__ = False

    stage: Stage
    state_dir: Path | None
    """Where a local stage keeps its state; a deployed one has none."""

    @property
    def url(self) -> str:
        """Where the chat opens."""
        return self.stage.site_url

    @property
    def api_url(self) -> str:
        """Where the REST API is."""
        return self.stage.api_url

    @property
    def websocket_url(self) -> str:
        """Where sockets open."""
        return self.stage.websocket_url

    def output(self, stack: str, name: str) -> str:
        """One output of a stack."""
        return self.stage.output(stack, name)

    def client(self, service: str) -> Any:
        """A boto3 client for the emulator."""
        return self.stage.client(service)

    def resource(self, service: str) -> Any:
        """A boto3 resource for the emulator."""
        return self.stage.resource(service)

    def new_user(self, name: str) -> Person:
        """A user that no other test knows; `name` is their display name."""
        person = Person(f"{name}-{uuid4().hex[:8]}", f"Parley-{name}-1")
        self.stage.user_pool.add(person.username, display_name=name.capitalize(), password=person.password)
        return person

    def id_token(self, person: Person) -> str:
        """A fresh ID token."""
        return self.stage.user_pool.id_token(person.username, person.password)


@contextmanager
def running_stage(state_dir: Path) -> Iterator[TestStage]:
    """A stage that runs until the block ends. Raises RuntimeError with the command's output if it fails."""
    command = [sys.executable, "-m", "local.command_line"]
    options = ["--state-dir", str(state_dir)]
    started = subprocess.run(
        # However these tests end, interrupted or killed, no stage outlives them.
        [*command, "up", "--detach", "--port", "0", "--stop-with", str(os.getpid()), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    if started.returncode != 0:
        raise RuntimeError(f"the local stage did not start:\n{started.stdout}\n{started.stderr}")
    try:
        yield TestStage(Stage.local(state_dir), state_dir)
    finally:
        subprocess.run(
            [*command, "down", *options], cwd=ROOT, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
        shutil.rmtree(state_dir, ignore_errors=True)
