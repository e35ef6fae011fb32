"""Deliver events as EventBridge does: with their time and trace, and to dead-letter queues when a target fails.

On AWS, `PutEvents` is answered before its events are delivered, and keeps an entry's `Time`. It passes the entry's
`TraceHeader` on to the targets (an SQS message's `AWSTraceHeader`, the trace of a state machine or function) but
not to archives. A replay reaches only the rules in its `FilterArns`, ends before its `EventEndTime` or when it is
cancelled, and has an `EventLastReplayedTime`. An event whose target cannot be started goes to the target's
dead-letter queue.
MiniStack (`eventbridge._put_events`, `_dispatch_event`, `_invoke_target`, `_dispatch_to_sqs`,
`_dispatch_to_lambda`) ignores all of these, and keeps a log of every event without end, which nothing reads. This
addition replaces these functions. It does not retry before an event goes to the dead-letter queue, because a queue
or state machine that is missing stays missing.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from local.emulator import patching
from local.emulator.eventbridge import rule_metrics
from local.emulator.persistence.durability import Durability
from local.emulator.threads import threads
from local.emulator.xray import trace_headers

logger = logging.getLogger("parley.bus")

MAX_ENTRIES = 10
MAX_ENTRY_BYTES = 1024 * 1024

Event = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]


class BusDelivery:
    """The replaced functions. Messages that they add to queues are recorded by `Durability`, to survive a kill."""

    def __init__(self, durability: Durability) -> None:
        self._durability = durability
        self._bus = patching.module("services.eventbridge")
        self._queues = patching.module("services.sqs")
        self._responses = patching.module("core.responses")
        for name in ("_pattern_event_view", "_matches_pattern_view", "_archive_event", "_event_bus_name_from_ref"):
            patching.original("services.eventbridge", name)
        patching.replace("services.eventbridge", "_put_events", self.put_events)
        patching.replace("services.eventbridge", "_dispatch_event", self.dispatch)
        self._invoke_target = patching.replace("services.eventbridge", "_invoke_target", self.invoke_target)
        self._send_to_fifo = patching.replace("services.eventbridge", "_dispatch_to_sqs", self.send_to_queue)
        patching.replace("services.eventbridge", "_dispatch_to_lambda", self.invoke_function)

    def put_events(self, data: dict[str, Any], allow_aws_source: bool = False) -> Response:
        """PutEvents: accept up to ten entries, each of which succeeds or fails independently."""
        entries = data.get("Entries", [])
        if not 1 <= len(entries) <= MAX_ENTRIES:
            error: Response = self._responses.error_response_json(
                "ValidationException",
                f"1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have "
                f"length between 1 and {MAX_ENTRIES}",
                400,
            )
            return error
        results = [self._put_one(entry, allow_aws_source=allow_aws_source) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        response: Response = self._responses.json_response({"FailedEntryCount": failed, "Entries": results})
        return response

    def _put_one(self, entry: dict[str, Any], *, allow_aws_source: bool) -> dict[str, str]:
        bus_name, error = self._bus._event_bus_name_from_ref(entry.get("EventBusName", "default"))
        error = error or entry_error(entry, allow_aws_source=allow_aws_source)
        if error:
            return {"ErrorCode": error[0], "ErrorMessage": error[1]}
        event: Event = {
            "EventId": self._responses.new_uuid(),
            "Source": str(entry["Source"]),
            "DetailType": entry["DetailType"],
            "Detail": entry["Detail"],
            "EventBusName": bus_name,
            "Time": self._time_of(entry),
            "Resources": entry.get("Resources", []),
            "Account": self._responses.get_account_id(),
            "Region": self._responses.get_region(),
        }
        view = self._bus._pattern_event_view(event)
        self._bus._archive_event(event, view)
        token = trace_headers.current.set(entry.get("TraceHeader") or trace_headers.current.get())
        try:
            after_the_answer(self.dispatch, event, view)
        finally:
            trace_headers.current.reset(token)
        return {"EventId": event["EventId"]}

    def _time_of(self, entry: dict[str, Any]) -> int:
        entry_time = entry.get("Time")
        if entry_time is None:
            return int(time.time())
        return int(float(self._bus._coerce_timestamp(entry_time)))

    def dispatch(self, event: Event, view: Any = None) -> None:
        """Deliver an event to the targets of every rule that matches it."""
        view = view or self._bus._pattern_event_view(event)
        path = set(event.get("_DispatchPath") or [])
        replay = self._bus._replays.get(event["ReplayName"]) if event.get("ReplayName") else None
        if replay is not None and not self._belongs(event, replay):
            return
        replay_rules = list((replay or {}).get("Destination", {}).get("FilterArns") or [])
        for key, rule in list(self._bus._rules.items()):
            if rule.get("EventBusName", "default") != event.get("EventBusName", "default") or key in path:
                continue
            if rule.get("State") != "ENABLED" or not rule.get("EventPattern"):
                continue
            if replay_rules and rule.get("Arn") not in replay_rules:
                continue
            if self._bus._matches_pattern_view(rule["EventPattern"], view, f"rule {key}"):
                bus = event.get("EventBusName", "default")
                rule_metrics.count("MatchedEvents", bus=bus, rule=rule["Name"])
                rule_metrics.count("RetryInvocationAttempts", bus=bus, rule=rule["Name"], value=0.0)
                for target in self._bus._targets.get(key, []):
                    self.invoke_target(target, event, rule, view)

    @staticmethod
    def _belongs(event: Event, replay: dict[str, Any]) -> bool:
        """Whether an event is in the time range of its replay, which goes on. Sets the replay's progress."""
        if replay.get("State") == "CANCELLED" or event["Time"] >= replay["EventEndTime"]:
            return False
        replay["EventLastReplayedTime"] = max(replay.get("EventLastReplayedTime", 0), event["Time"])
        return True

    def invoke_target(self, target: dict[str, Any], event: Event, rule: dict[str, Any], view: Any = None) -> None:
        """Deliver to one target, or to its dead-letter queue when the target does not exist."""
        view = view or self._bus._pattern_event_view(event)
        arn = str(target.get("Arn", ""))
        if self._exists(arn):
            self._invoke_target(target, event, rule, view)
            return
        queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        queue = self._queues._queue_by_arn(queue_arn) if queue_arn else None
        logger.warning("Rule %s: target %s does not exist", rule.get("Name"), arn)
        if queue is None:
            return
        reasons = {
            "RULE_ARN": rule.get("Arn", ""),
            "TARGET_ARN": arn,
            "ERROR_CODE": "RESOURCE_NOT_FOUND",
            "ERROR_MESSAGE": f"{arn} does not exist",
        }
        attributes = {name: {"DataType": "String", "StringValue": str(value)} for name, value in reasons.items()}
        self._append(queue, json.dumps(view.event_with_detail()), attributes)

    def _exists(self, arn: str) -> bool:
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        if service == "states":
            return patching.module("services.stepfunctions")._resolve_state_machine_arn(arn) is not None
        if service == "sqs":
            return self._queues._queue_by_arn(arn) is not None
        if service == "lambda":
            return patching.module("services.lambda_svc")._get_func_record_for_ref(arn)[0] is not None
        return True

    def send_to_queue(self, spec: Any, payload: str, sqs_parameters: dict[str, Any] | None = None) -> None:
        """Send an event with its trace header to a standard queue; MiniStack sends to FIFO queues."""
        queue = self._queues._queue_by_arn(str(spec))
        if queue is None or queue.get("is_fifo"):
            self._send_to_fifo(spec, payload, sqs_parameters)
            return
        self._append(queue, payload, {})

    def _append(self, queue: dict[str, Any], body: str, attributes: dict[str, Any]) -> None:
        now = time.time()
        system = {"SenderId": "AIDAIENQZJOLO23YVJ4VO", "SentTimestamp": str(int(now * 1000))}
        trace = trace_headers.current.get()
        if trace:
            system["AWSTraceHeader"] = trace
        message = {
            "id": self._responses.new_uuid(),
            "body": body,
            "md5_body": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "receipt_handle": None,
            "sent_at": now,
            "visible_at": now + self._queues.queue_delay(queue),
            "receive_count": 0,
            "attributes": {},
            "message_attributes": attributes,
            "sys": system,
        }
        queue["messages"].append(message)
        self._queues._ensure_msg_fields(message)
        self._durability.record_queued(queue, message)
        patching.module("core.concurrency").esm_wake.set()

    def invoke_function(self, arn: str, payload: str) -> None:
        """Invoke a function with the event in its own thread, in the event's trace."""
        functions = patching.module("services.lambda_svc")
        func, config, name = functions._get_func_record_for_ref(arn)
        if not func or not config:
            logger.warning("Function %s does not exist", name)
            return
        record = functions._execution_record_for_config(func, config)
        threads.submit(functions._execute_function_with_config_scope, record, json.loads(payload))


def after_the_answer(call: Callable[..., None], *arguments: Any) -> None:
    """Make a call when the event loop has answered the current request, or now in another thread.

    The call keeps the context variables that the caller has now.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        call(*arguments)
    else:
        loop.call_soon(call, *arguments)


def entry_error(entry: dict[str, Any], *, allow_aws_source: bool) -> tuple[str, str] | None:
    """The error code and message of an entry that EventBridge rejects; None for a valid entry."""
    source, detail = str(entry.get("Source", "")), entry.get("Detail")
    if source.startswith("aws.") and not allow_aws_source:
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    if not source or not entry.get("DetailType") or detail is None:
        return "InvalidArgument", "Source, DetailType and Detail are required."
    try:
        is_object = isinstance(json.loads(detail), dict)
    except ValueError:
        is_object = False
    if not is_object:
        return "MalformedDetail", "Detail is malformed."
    if len(detail.encode()) + len(source) + len(entry["DetailType"]) > MAX_ENTRY_BYTES:
        return "EntryTooLarge", "The entry exceeds the limit of 1 MB."
    return None
