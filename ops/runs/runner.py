"""Run events through the workflow `deliver`, dry or live, and wait for each run to end.

Events of one channel run one after another; channels run concurrently.
"""

import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from ops.events.bus_event import BusEvent
from ops.stage.stage import Stage

MAX_CONCURRENT_RUNS = 8
START_ATTEMPTS = 6
"""How often a start is tried that Step Functions throttles. A throttled call has started no run."""
FIRST_PAUSE_SECONDS = 0.5
THROTTLED = ("ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")
NOT_STARTED = "The run did not start"
ANSWER_LOST = "The run's answer was lost, and it may have run"

Mode = Literal["dry-run", "live"]


@dataclass(frozen=True)
class RunResult:
    """The result of a run. `output` is empty and `failure` set if it failed; `status` is empty if unknown."""

    event: BusEvent
    succeeded: bool
    output: dict[str, Any]
    failure: str | None
    status: str = ""

    @property
    def outcome(self) -> str | None:
        """The outcome of a successful run."""
        return self.output.get("outcome")

    @property
    def unreached(self) -> int:
        """How many connections a successful run could not post to. They are in a new dead letter."""
        return int(self.output.get("unreached") or 0)

    @property
    def problem(self) -> str | None:
        """Why the event is not delivered, as far as the run says so; None if it is."""
        if self.succeeded and self.unreached:
            return f"connections that were not reached: {self.unreached}"
        return self.failure

    @property
    def summary(self) -> str:
        """What a run without a problem did."""
        reached = self.output.get("reached")
        return str(self.outcome or "delivered") if reached is None else f"{self.outcome} to {reached} connections"


def run_event(
    stage: Stage,
    event: BusEvent,
    mode: Mode,
    *,
    only_to: Sequence[str] = (),
    page_start: dict[str, Any] | None = None,
) -> RunResult:
    """Run one event and wait for the end.

    With `only_to`, it is posted to those connections alone; with `page_start`, to recipients from this page on. A
    call whose answer is lost is not repeated, because its run may have started: the result says so.
    """
    given = {**event.raw, "mode": mode}
    if only_to:
        given["onlyTo"] = list(only_to)
    if page_start:
        given["pageStart"] = page_start
    try:
        answer = _start(stage, f"ops-{mode}-{uuid4()}", json.dumps(given, ensure_ascii=False))
    except ClientError as refusal:
        # A 4xx answer means that no run started; after a 5xx answer that is not known.
        is_known = refusal.response["ResponseMetadata"]["HTTPStatusCode"] < 500
        error = refusal.response["Error"]
        reason = f"{NOT_STARTED if is_known else ANSWER_LOST}: {error.get('Message') or error.get('Code')}"
        return RunResult(event, False, {}, reason)
    except (ConnectTimeoutError, EndpointConnectionError) as fault:
        return RunResult(event, False, {}, f"{NOT_STARTED}: {fault}")
    except BotoCoreError as fault:
        return RunResult(event, False, {}, f"{ANSWER_LOST}: {fault}")
    if answer["status"] != "SUCCEEDED":
        reason = ": ".join(part for part in (answer.get("error"), answer.get("cause")) if part)
        return RunResult(event, False, {}, reason or answer["status"], answer["status"])
    return RunResult(event, True, json.loads(answer["output"]), None, answer["status"])


def _start(stage: Stage, name: str, execution_input: str) -> Any:
    """StartSyncExecution, again only after a throttled call."""
    for attempt in range(START_ATTEMPTS):
        try:
            return stage.synchronous_runs.start_sync_execution(
                stateMachineArn=stage.output("Delivery", "DeliverStateMachineArn"),
                name=name,
                input=execution_input,
            )
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] not in THROTTLED or attempt == START_ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 (jitter)
    raise AssertionError("the last attempt returns or raises")


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
