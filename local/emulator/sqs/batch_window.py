"""Collect SQS messages for a function up to the batch size and the batching window of its event source mapping.

On AWS, Lambda with a batching window waits until the batch is full or the window has passed since the batch's
first message, and a batch holds up to 10,000 messages. MiniStack (`sqs._receive_messages_for_esm`) passes on
immediately the messages that are in the queue, at most ten, so a consumer never received a large batch. This
addition replaces that function by one that waits for the window. A mapping receives messages without regard to the
function's reserved concurrency, which throttles the calls; with MiniStack (`lambda_svc._sqs_esm_concurrency`), a
function without concurrency was never called, nor throttled.
"""

import threading
import time
from typing import Any

from local.emulator import patching

MAX_BATCH = 10
MAX_BATCH_WITH_WINDOW = 10_000


class BatchWindows:
    """Replaces the function that receives messages for a mapping; timers start it again when windows end."""

    def __init__(self) -> None:
        self._queues = patching.module("services.sqs")
        self._functions = patching.module("services.lambda_svc")
        self._wake = patching.original("core.concurrency", "esm_wake")
        self._timers: dict[str, threading.Timer] = {}
        for name in ("_collect_msgs", "_expire_retained", "_dlq_sweep", "_get_q", "_queues_lock"):
            patching.original("services.sqs", name)
        patching.replace("services.sqs", "_receive_messages_for_esm", self.receive)
        limit = patching.original("services.lambda_svc", "_sqs_esm_concurrency")

        def without_reserved(mapping: Any, _function: Any, _config: Any, queue: Any = None) -> Any:
            return limit(mapping, {}, {}, queue)

        patching.replace("services.lambda_svc", "_sqs_esm_concurrency", without_reserved)

    def receive(self, queue_url: str, max_number: int) -> list[dict[str, Any]]:
        """The messages of a batch; none while its window is open and the batch is not full."""
        with self._queues._queues_lock:
            queue = self._queues._get_q(queue_url)
            self._queues._expire_retained(queue)
            self._queues._dlq_sweep(queue)
            window = self._window_of(queue)
            limit = min(int(max_number or 1), MAX_BATCH_WITH_WINDOW if window else MAX_BATCH)
            now = time.time()
            visible = [message["visible_at"] for message in queue["messages"] if message["visible_at"] <= now]
            if not visible:
                return []
            remaining = min(visible) + window - now
            if len(visible) < limit and remaining > 0:
                self._wake_after(queue_url, remaining)
                return []
            seconds = int(queue["attributes"].get("VisibilityTimeout", "30"))
            batch: list[dict[str, Any]] = self._queues._collect_msgs(queue, limit, seconds)
            return batch

    def _window_of(self, queue: dict[str, Any]) -> float:
        arn = queue["attributes"].get("QueueArn")
        windows = [
            float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
            for mapping in list(self._functions._esms.values())
            if mapping.get("EventSourceArn") == arn
        ]
        return max(windows, default=0.0)

    def _wake_after(self, queue_url: str, seconds: float) -> None:
        pending = self._timers.get(queue_url)
        if pending is not None and pending.is_alive():
            return
        timer = threading.Timer(seconds, self._wake.set)
        timer.daemon = True
        self._timers[queue_url] = timer
        timer.start()
