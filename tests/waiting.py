"""Polls a condition until one generous deadline, which all tests share.

A test asserts what happens, never how fast: on a slow machine it takes longer and still passes. `bench/` measures
speed. To show that something does *not* happen, wait for a later event on the same path (a sentinel) and look
then, instead of sleeping.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

DEADLINE_SECONDS = float(os.environ.get("PARLEY_TEST_DEADLINE_SECONDS", "90"))
"""The deadline. `make mutants` sets a shorter one, because there every test is expected to fail."""

DEADLINE_MS = DEADLINE_SECONDS * 1000
"""The deadline in milliseconds, for Playwright."""

COMMAND_SECONDS = 3 * DEADLINE_SECONDS
"""The timeout of a command in its own process, which may deploy a stage."""

START_SECONDS = 240.0
"""The timeout of the start of a local stage. It does not depend on the tests' deadline."""

POLL_SECONDS = 0.05

Result = TypeVar("Result")


def wait_until(condition: Callable[[], Result], what: str, *, every: float = POLL_SECONDS) -> Result:
    """Call `condition` until its result is truthy, and return the result.

    `what` completes the sentence "waited 90 s until …". Raises AssertionError with the last result at the
    deadline.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(_timeout_message(what, result))
        time.sleep(every)
    return result


@overload
async def until(condition: Callable[[], Awaitable[Result]], what: str, *, every: float = ...) -> Result: ...
@overload
async def until(condition: Callable[[], Result], what: str, *, every: float = ...) -> Result: ...
async def until(condition: Callable[[], Any], what: str, *, every: float = POLL_SECONDS) -> Any:
    """`wait_until` for asynchronous tests; `condition` may be a coroutine function."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        outcome = condition()
        result = await outcome if inspect.isawaitable(outcome) else outcome
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(_timeout_message(what, result))
        await asyncio.sleep(every)


def _timeout_message(what: str, result: object) -> str:
    return f"waited {DEADLINE_SECONDS:g} s until {what}; last result: {result!r:.500}"
