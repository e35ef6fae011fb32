"""Run a local stage for the tests: started by the real command, on free ports, with a new state directory."""

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
    """A user of the user pool, with the password."""

    username: str
    password: str


@dataclass(frozen=True)
class TestStage:
    """The stage under test, with methods that create users and their tokens."""

    __test__ = False

    stage: Stage
    state_dir: Path | None
    """The state directory of a local stage; None for a deployed one."""

    @property
    def url(self) -> str:
        """The site's address."""
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

    def client(self, service: str) -> Any:
        """A boto3 client for the stage."""
        return self.stage.client(service)

    def resource(self, service: str) -> Any:
        """A boto3 resource for the stage."""
        return self.stage.resource(service)

    def new_user(self, name: str) -> Person:
        """Create a user with a unique username; the display name is `name`, capitalised."""
        person = Person(f"{name}-{uuid4().hex[:8]}", f"Parley-{name}-1")
        self.stage.user_pool.add(person.username, display_name=name.capitalize(), password=person.password)
        return person

    def id_token(self, person: Person) -> str:
        """A new ID token."""
        return self.stage.user_pool.id_token(person.username, person.password)


@contextmanager
def running_stage(state_dir: Path) -> Iterator[TestStage]:
    """Run a stage until the block ends. Raises RuntimeError with the command's output if it does not start."""
    command = [sys.executable, "-m", "local.command_line"]
    options = ["--state-dir", str(state_dir)]
    started = subprocess.run(
        # --stop-with stops the stage even if the tests are killed.
        [*command, "up", "--detach", "--port", "0", "--stop-with", str(os.getpid()), *options],
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
        shutil.rmtree(state_dir, ignore_errors=True)
