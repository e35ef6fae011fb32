"""Calls run in threads that are used again, as many at once as there are calls."""

import asyncio
import contextvars
import gc
import threading
import weakref
from concurrent.futures import wait

import pytest

from local.emulator import threads as module
from local.emulator.threads import LimitedThreads, ReusedThreads, wait_for_calls
from tests.waiting import DEADLINE_SECONDS, wait_until

scope: contextvars.ContextVar[str] = contextvars.ContextVar("scope", default="")


def test_a_thread_is_used_again():
    """Each call has the context variables of its caller."""
    pool = ReusedThreads("again")
    names = []
    for number in range(20):
        scope.set(f"account {number}")
        name, seen = pool.submit(lambda: (threading.get_ident(), scope.get())).result(DEADLINE_SECONDS)
        names.append(name)
        assert seen == f"account {number}"
        wait_until(lambda: len(pool._idle) == 1, "the thread is idle", every=0.001)
    assert len(set(names)) == 1


def test_the_thread_that_became_idle_last_is_used():
    """However many others are idle."""
    pool, together = ReusedThreads("last"), threading.Barrier(4)
    wait([pool.submit(together.wait) for _ in range(4)], DEADLINE_SECONDS)
    names = []
    for _ in range(8):
        wait_until(lambda: len(pool._idle) == 4, "all threads are idle", every=0.001)
        names.append(pool.submit(threading.get_ident).result(DEADLINE_SECONDS))
    assert len(set(names)) == 1


def test_calls_that_wait_for_each_other_do_not_block():
    """There is no limit that a call of a call could reach."""
    pool = ReusedThreads("nested")

    def nested(depth: int) -> int:
        return 0 if depth == 0 else 1 + pool.submit(nested, depth - 1).result(DEADLINE_SECONDS)

    assert nested(100) == 100


def test_idle_threads_end(monkeypatch: pytest.MonkeyPatch):
    """Beyond the number that is kept."""
    monkeypatch.setattr(module, "MAX_IDLE_THREADS", 3)
    pool, together = ReusedThreads("idle"), threading.Barrier(8)
    wait([pool.submit(together.wait) for _ in range(8)], DEADLINE_SECONDS)
    wait_until(
        lambda: sum(thread.name == "idle" for thread in threading.enumerate()) == 3, "three are left", every=0.001
    )


@pytest.mark.thorough
def test_an_idle_thread_keeps_nothing_alive():
    """Neither the arguments nor the result of its last call."""
    pool = ReusedThreads("clean")

    class Data:
        """What a call was given."""

    data = Data()
    kept = weakref.ref(data)
    pool.submit(lambda given: given, data).result(DEADLINE_SECONDS)
    wait_until(lambda: len(pool._idle) == 1, "the thread is idle", every=0.001)
    del data
    gc.collect()
    assert kept() is None


def test_a_cancelled_caller_does_not_end_its_call():
    """The work goes on, as that of a function whose client has disconnected."""
    pool, began, may_end, ended = ReusedThreads("call"), threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        may_end.wait(DEADLINE_SECONDS)
        ended.set()

    async def cancel() -> None:
        task = asyncio.create_task(pool.call(work))
        await asyncio.to_thread(began.wait, DEADLINE_SECONDS)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        may_end.set()
        assert await asyncio.to_thread(ended.wait, DEADLINE_SECONDS)

    asyncio.run(cancel())


def test_a_failed_call_raises_for_its_caller():
    """The thread stays usable."""
    pool = ReusedThreads("failing")

    async def call() -> str:
        with pytest.raises(ValueError, match="no"):
            await pool.call(lambda: int("no"))
        return str(await pool.call(lambda: "again"))

    assert asyncio.run(call()) == "again"


def test_at_most_max_workers_run_at_once():
    """The others wait for their turn, and all have their results."""
    lock, running, most = threading.Lock(), 0, 0
    pair = threading.Barrier(2)

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        pair.wait(DEADLINE_SECONDS)
        with lock:
            running -= 1
        return number

    with LimitedThreads(max_workers=2) as pool:
        calls = [pool.submit(work, number) for number in range(50)]
        failed = pool.submit(int, "no")
    assert [call.result(DEADLINE_SECONDS) for call in calls] == list(range(50))
    assert isinstance(failed.exception(DEADLINE_SECONDS), ValueError)
    assert most == 2


def test_the_only_call_runs_in_the_thread_that_waits_for_it():
    """With its result or its error; of two calls, each has a thread of the pool."""
    here = threading.current_thread()
    with LimitedThreads(max_workers=2) as pool:
        call = pool.submit(threading.current_thread)
        wait_for_calls([call])
    assert call.result(DEADLINE_SECONDS) is here
    with LimitedThreads(max_workers=2) as pool:
        calls = [pool.submit(threading.current_thread) for _ in range(2)]
        wait_for_calls(calls)
    assert here not in [call.result(DEADLINE_SECONDS) for call in calls]
    with LimitedThreads(max_workers=2) as pool:
        failed = pool.submit(int, "no")
    assert isinstance(failed.exception(DEADLINE_SECONDS), ValueError)
