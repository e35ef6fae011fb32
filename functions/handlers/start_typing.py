"""Route `startTyping`: publish that the caller is typing. It is not stored and ends after a few seconds."""

from functions.aws import bus, clients, direct_calls, members, tracing
from functions.chat.rate import RateLimit
from functions.contract.commands import StartTyping, parse_command
from functions.contract.events import TypingStarted
from functions.contract.frames import Ack, Frame
from functions.contract.model import timestamp
from functions.handlers.websocket import Caller, socket_route
from functions.settings import StartTypingSettings

TYPING_MS = 6_000
TYPING_LIMIT = RateLimit(per_second=1, burst=5)
"""Each browser tab sends `startTyping` every three seconds while its user is typing."""

clients.prepare(direct_calls.to_dynamodb, direct_calls.to_event_bridge)


@socket_route
def handler(caller: Caller, body: str | None, now_ms: int) -> Frame:
    """Acknowledge when the event is on the bus."""
    settings = StartTypingSettings.from_env()
    command = parse_command(body, StartTyping)
    with tracing.step("admit"):
        members.admit(
            settings.members_table,
            caller.user_id,
            command.channel_id,
            TYPING_LIMIT,
            now_ms=now_ms,
            counter="typingRestedAt",
        )
    tracing.annotate(channelId=command.channel_id)
    typing = TypingStarted(
        channel_id=command.channel_id, user_id=caller.user_id, until=timestamp(now_ms + TYPING_MS)
    )
    bus.publish(
        settings.bus_name, [typing], actor=caller.user_id, correlation_id=caller.correlation_id, now_ms=now_ms
    )
    return Ack(action=command.action)
