"""Run events through the workflow `deliver`, dry or live, and wait for each run to end.

Events of one channel run one after another; channels run concurrently.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from botocore.exceptions import ClientError

from ops.events.bus_event import BusEvent
from ops.stage.stage import Stage

MAX_CONCURRENT_RUNS = 8

Mode = Literal["dry-run", "live"]


@dataclass(frozen=True)
class RunResult:
    """The result of a run. `output` is empty and `failure` set if it failed."""

    event: BusEvent
    succeeded: bool
    output: dict[str, Any]
    failure: str | None

    @property
    def outcome(self) -> str | None:
        """The outcome of a successful run."""
        return self.output.get("outcome")


def run_event(stage: Stage, event: BusEvent, mode: Mode, *, only_to: Sequence[str] = ()) -> RunResult:
    """Run one event and wait for the end. With `only_to`, it is posted to those connections alone."""
    given = {**event.raw, "mode": mode}
    if only_to:
        given["onlyTo"] = list(only_to)
    try:
        answer = stage.client("stepfunctions").start_sync_execution(
            stateMachineArn=stage.output("Delivery", "DeliverStateMachineArn"),
            name=f"ops-{mode}-{uuid4()}",
            input=json.dumps(given, ensure_ascii=False),
        )
    except ClientError as refusal:
        return RunResult(event, False, {}, f"The run did not start: {refusal.response['Error']['Message']}")
    if answer["status"] != "SUCCEEDED":
        reason = ": ".join(part for part in (answer.get("error"), answer.get("cause")) if part)
        return RunResult(event, False, {}, reason or answer["status"])
    return RunResult(event, True, json.loads(answer["output"]), None)


def run_events(
    stage: Stage,
    events: Sequence[BusEvent],
    mode: Mode,
    *,
    speed: float | None = None,
    on_progress: Callable[[RunResult], None] = lambda _: None,
    before: Callable[[BusEvent], BusEvent | None] = lambda event: event,
) -> list[RunResult]:
    """Run events in the given order. `before` may replace an event just before its run, or skip it with None.

    `speed` 1 keeps the original pace, 10 is ten times as fast, None does not wait. `on_progress` gets each result.
    """
    last_of: dict[str, Future[RunResult | None]] = {}
    started = time.monotonic()

    def one(event: BusEvent, predecessor: Future[RunResult | None] | None) -> RunResult | None:
        # The predecessor was submitted earlier, so it is running or has ended: this wait cannot block the pool.
        if predecessor is not None:
            predecessor.exception()
        ready = before(event)
        if ready is None:
            return None
        result = run_event(stage, ready, mode)
        on_progress(result)
        return result

    futures: list[Future[RunResult | None]] = []
    with ThreadPoolExecutor(max_workers=MAX_CONCURRENT_RUNS, thread_name_prefix="play") as pool:
        try:
            for event in events:
                if speed:
                    due = started + (event.occurred_ms - events[0].occurred_ms) / 1000 / speed
                    time.sleep(max(0.0, due - time.monotonic()))
                channel = event.channel_id or ""
                future = pool.submit(one, event, last_of.get(channel))
                last_of[channel] = future
                futures.append(future)
            results = [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [result for result in results if result is not None]
