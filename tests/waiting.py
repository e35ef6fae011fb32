"""How long tests wait, said once: a generous deadline for everything awaited, polled.

A test asserts what happens, never how fast: on a slow or busy machine it takes longer and passes all the same, and
`bench/` measures speed. To show that something does *not* happen, let something else happen behind it (a sentinel
that takes the same way) and look then, instead of sleeping.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

DEADLINE_SECONDS = float(os.environ.get("PARLEY_TEST_DEADLINE_SECONDS", "90"))
"""The only deadline. `make mutants` sets a shorter one, because there every test is expected to fail."""

DEADLINE_MS = DEADLINE_SECONDS * 1000
"""The same, as Playwright counts."""

COMMAND_SECONDS = 3 * DEADLINE_SECONDS
"""For a whole command as a process, which may deploy a stage."""

START_SECONDS = 240.0
"""For the start of a local stage, whatever the deadline of the tests is."""

POLL_SECONDS = 0.05

Found = TypeVar("Found")


def wait_until(look: Callable[[], Found], what: str, *, every: float = POLL_SECONDS) -> Found:
    """Look again and again until the answer is truthy, and return it.

    `what` completes the sentence "waited 90 s until …". Raises AssertionError with the last answer after that.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(_in_vain(what, found))
        time.sleep(every)
    return found


@overload
async def until(look: Callable[[], Awaitable[Found]], what: str, *, every: float = ...) -> Found: ...
@overload
async def until(look: Callable[[], Found], what: str, *, every: float = ...) -> Found: ...
async def until(look: Callable[[], Any], what: str, *, every: float = POLL_SECONDS) -> Any:
    """`wait_until` for asynchronous tests; `look` may be a coroutine function."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        answer = look()
        found = await answer if inspect.isawaitable(answer) else answer
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(_in_vain(what, found))
        await asyncio.sleep(every)


def _in_vain(what: str, found: object) -> str:
    return f"waited {DEADLINE_SECONDS:g} s until {what}; last seen: {found!r:.500}"
