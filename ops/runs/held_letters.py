"""Hold dead letters while a command works on them, so that no other operator processes them at the same time.

SQS hides a received message for its visibility timeout. Here that is a short lease, renewed for as long as the
command works: when a command is killed, its dead letters are visible again when the lease ends.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from ops.runs import dead_letters
from ops.runs.dead_letters import LEASE_SECONDS, MAX_DEAD_LETTERS, DeadLetter
from ops.stage.stage import Stage

RENEW_SECONDS = 20.0
"""A third of the lease, so that a call may fail."""


class HeldLetters:
    """The dead letters that a command holds, until the block ends, however it ends. Thread-safe."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._letters: dict[str, DeadLetter] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True, name="renew-leases")

    def __enter__(self) -> Self:
        """Start to renew the leases."""
        self._renewing.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Make the dead letters visible to other readers again."""
        self._ended.set()
        self._renewing.join()
        self._hide_for(0)

    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Hold further dead letters, which were received just now."""
        with self._lock:
            self._letters.update((letter.message_id, letter) for letter in letters)

    def remove(self, letter: DeadLetter) -> None:
        """Hold a dead letter no longer: it is deleted."""
        with self._lock:
            self._letters.pop(letter.message_id, None)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            self._hide_for(LEASE_SECONDS)

    def _hide_for(self, seconds: int) -> None:
        with self._lock:
            letters = list(self._letters.values())
        # A call that fails is not an error: the next one follows, or the lease ends.
        with suppress(BotoCoreError, ClientError):
            dead_letters.hide(self._stage, letters, seconds=seconds)


def look(stage: Stage, queue: str, *, limit: int = MAX_DEAD_LETTERS) -> list[DeadLetter]:
    """The dead letters of a queue, which stay there: they are held while they are read."""
    found: list[DeadLetter] = []
    with HeldLetters(stage) as held:
        for page in dead_letters.pages(stage, queue, limit=limit):
            held.add(page)
            found += page
    return found
