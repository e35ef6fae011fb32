"""The parts of a message's path, each by itself: ingest, the workflow, the posts, and REST."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bench.groups import Group, parley_group
from bench.load import MAX_SETTLE_SECONDS, SETTLE_SECONDS, Measure, percentile
from ops.stage.stage import Stage
from tests.chat_client import ChatClient
from tests.events import message_sent

CALLS = 30
"""Within the burst of two members."""
LIVE_RULE = "deliver-channel-events"


@dataclass(frozen=True, kw_only=True)
class Part:
    """The median time and the processor time of one call, in milliseconds."""

    name: str
    calls: int
    p50: float
    processor_ms: float


async def measure_parts(stage: Stage, users: Sequence[ChatClient], usage: Measure) -> list[Part]:
    """Measure each part with ten users. The workflow's rule is disabled for a while, so use no stage of others."""
    parts = [await _ingest(stage, await parley_group(users[:2], size=2), usage)]
    group = await parley_group(users, size=len(users))
    connections = await asyncio.to_thread(_connections, stage, [user.user_id for user in users])
    channel_id = f"bench-{uuid4()}"
    channels = stage.table("Channels")
    channels.put_item(
        Item={"channelId": channel_id, "kind": "private", "name": "bench", "lastSeq": 0, "memberCount": 0}
    )
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "workflow only, without recipients": lambda: asyncio.to_thread(_run, stage, channel_id),
        f"posts only, to {len(users)}": lambda: asyncio.to_thread(_post, stage, connections),
        "REST: a page of 50 messages": lambda: users[0].api.get(
            f"/channels/{group.channels[0].channel_id}/messages", limit=50
        ),
    }
    for number in range(50):
        # More than a burst: those that are refused are of no interest here.
        await group.send(number)
    await asyncio.sleep(SETTLE_SECONDS * 3)
    return [*parts, *[await _measure(name, call, usage) for name, call in calls.items()]]


async def _measure(name: str, call: Callable[[], Awaitable[Any]], usage: Measure) -> Part:
    await call()
    before, times = usage(), []
    for _ in range(CALLS):
        began = time.perf_counter()
        await call()
        times.append((time.perf_counter() - began) * 1000)
    await asyncio.sleep(SETTLE_SECONDS)
    return _part(name, times, usage().seconds - before.seconds)


async def _ingest(stage: Stage, group: Group, usage: Measure) -> Part:
    """From the frame to its ack, with no run after it."""
    bus, events = stage.output("Events", "EventBusName"), stage.client("events")
    rules = events.list_rules(EventBusName=bus)["Rules"]
    rule = next(str(found["Name"]) for found in rules if str(found.get("Description")).startswith(LIVE_RULE))
    events.disable_rule(Name=rule, EventBusName=bus)
    try:
        before, times = usage(), []
        for number in range(CALLS):
            key = await group.send(number)
            await group.wait_for_ack(key, MAX_SETTLE_SECONDS)
            times.append((group.acked[key] - group.sent[key]) * 1000)
        await asyncio.sleep(SETTLE_SECONDS)
        return _part("ingest only: frame to ack", times, usage().seconds - before.seconds)
    finally:
        events.enable_rule(Name=rule, EventBusName=bus)


def _part(name: str, times: list[float], seconds: float) -> Part:
    return Part(
        name=name,
        calls=len(times),
        p50=percentile(sorted(times), 50),
        processor_ms=round(seconds * 1000 / len(times), 2),
    )


def _run(stage: Stage, channel_id: str) -> None:
    answer = stage.synchronous_runs.start_sync_execution(
        stateMachineArn=stage.output("Delivery", "DeliverStateMachineArn"),
        input=json.dumps(message_sent(channel_id)),
    )
    if answer["status"] != "SUCCEEDED":
        raise RuntimeError(f"a run failed: {answer.get('error')}: {answer.get('cause')}")


def _post(stage: Stage, connection_ids: Sequence[str]) -> None:
    event = message_sent("bench")
    task = {
        "event": {"detail-type": event["detail-type"], "detail": event["detail"]},
        "seq": 1,
        "connectionIds": list(connection_ids),
    }
    answer = stage.client("lambda").invoke(
        FunctionName=stage.output("Delivery", "PostToConnectionsFunctionName"), Payload=json.dumps(task).encode()
    )
    if answer.get("FunctionError"):
        raise RuntimeError(f"post_to_connections failed: {answer['Payload'].read().decode()}")


def _connections(stage: Stage, user_ids: Sequence[str]) -> list[str]:
    table = stage.table("Connections")
    found: list[str] = []
    for user_id in user_ids:
        page = table.query(
            KeyConditionExpression="userId = :userId", ExpressionAttributeValues={":userId": user_id}
        )
        found += [str(row["connectionId"]) for row in page["Items"]]
    return found
