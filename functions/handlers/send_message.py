"""Route `sendMessage`: admit the message, publish it, acknowledge it. The workflow `deliver` stores it."""

from functions.aws import bus, clients, clock, direct_calls, members, observability, sealed_texts, tracing
from functions.chat import messages
from functions.chat.rate import RateLimit
from functions.contract.commands import SendMessage, parse_command
from functions.contract.frames import Ack, Frame
from functions.contract.model import timestamp
from functions.handlers.websocket import Caller, socket_route
from functions.settings import SendMessageSettings

clients.prepare(direct_calls.to_dynamodb, direct_calls.to_event_bridge)


@socket_route
def handler(caller: Caller, body: str | None, now_ms: int) -> Frame:
    """Acknowledge when the event is on the bus. Sending the same message again gets the same ack."""
    settings = SendMessageSettings.from_env()
    command = parse_command(body, SendMessage)
    limit = RateLimit(per_second=settings.messages_per_second, burst=settings.message_burst)
    with tracing.step("admit"):
        members.admit(settings.members_table, caller.user_id, command.channel_id, limit, now_ms=now_ms)
    event = messages.sent(command, caller.person, timestamp(now_ms))
    event = sealed_texts.sealed(settings.text_keys_table, event, author_id=caller.user_id, now_ms=now_ms)
    tracing.annotate(messageId=event.message_id, channelId=event.channel_id)
    bus.publish(
        settings.bus_name, [event], actor=caller.user_id, correlation_id=caller.correlation_id, now_ms=now_ms
    )
    observability.count("MessagesSent")
    observability.duration("AcceptLatency", clock.now_ms() - now_ms)
    return Ack(action=command.action, client_message_id=command.client_message_id, message_id=event.message_id)
