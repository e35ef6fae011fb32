"""What makes each promise hold, line by line, and which test notices when the line is taken away.

`python -m tests.guarantees.without` (or `make mechanisms`) takes them away, one at a time, in a copy of the
project.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mechanism:
    """A line that a promise rests on. `instead` is what stands there without it."""

    promise: int
    what: str
    file: str
    line: str
    instead: str
    test: str
    """`file::name`, below tests/guarantees."""


CUT_AROUND_A_FRAME = "test_01_sent_again.py::test_a_socket_cut_around_a_frame"
STALE_ROWS = "test_02_absence.py::test_rows_of_connections_that_are_long_gone"
NEVER_CAME = "test_02_absence.py::test_frames_that_never_came"
STORED_LATE = "test_02_absence.py::test_a_message_stored_after_the_next_one"
ABSENCE = "test_02_absence.py::test_messages_of_an_absence"
ROTATION = "test_03_long_connections.py::test_rotation_shows_no_break"
REMOVAL = "test_04_endings.py::test_a_removed_member_hears_and_says_nothing_more"
SIGN_OUT = "test_04_endings.py::test_signing_out_closes_every_tab_of_that_session"
HELD_UP = "test_04_endings.py::test_a_socket_held_up_while_its_session_ends_is_refused"
EXPIRY = "test_04_endings.py::test_an_expired_session_is_told_and_closed_at_its_next_frame"
TICKETS = "test_04_endings.py::test_a_ticket_is_for_one_use_by_one_origin"
TABS = "test_05_tabs.py::test_one_of_two_tabs_dies"
SAME_MOMENT = "test_06_order.py::test_many_at_the_same_moment"
LATE_AND_TWICE = "test_06_order.py::test_events_late_and_twice"
CLOCKS = "test_06_order.py::test_clocks_that_are_hours_off"
HISTORY = "test_07_scale.py::test_a_long_history_comes_by_the_page"
LARGE_CHANNEL = "test_07_scale.py::test_everyone_online_in_a_large_channel_is_served"
FORGED_SENDER = "test_08_forgery.py::test_a_forged_sender_is_refused"
FOREIGN_CHANNELS = "test_08_forgery.py::test_foreign_channels_are_closed_to_guesses"
NO_TOKEN = "test_08_forgery.py::test_nobody_is_found_without_a_token"
LOGS = "test_08_forgery.py::test_neither_texts_nor_tokens_nor_tickets_are_logged"
RIGHTS = "test_enforced_rights.py::test_the_chat_works_where_policies_are_enforced"
BAD_FRAMES = "test_fuzz.py::test_bad_frames"
REQUESTS = "test_fuzz.py::test_generated_requests"
TEXTS = "test_09_texts.py::test_texts_come_back_as_they_were_sent"
TOO_LONG = "test_09_texts.py::test_what_is_too_long_is_refused_in_words"
FLOOD = "test_10_abuse.py::test_a_flood_is_slowed_and_told_when_to_go_on"
POISON = "test_10_abuse.py::test_poisoned_events_are_kept_aside"
REPLAY = "test_10_abuse.py::test_a_replay_is_seen_by_nobody"

WORKFLOW = "workflows/deliver.asl.json"

MECHANISMS = [
    Mechanism(
        1,
        "a message's id comes from who sent it and the client's id of it",
        "functions/chat/messages.py",
        "uuid5(MESSAGE_NAMESPACE, user_id + client_message_id)",
        "uuid5(MESSAGE_NAMESPACE, __import__('secrets').token_hex())",
        CUT_AROUND_A_FRAME,
    ),
    Mechanism(
        1,
        "a message's id is written once, in one transaction with the message",
        WORKFLOW,
        '"ConditionExpression": "attribute_not_exists(messageId)"',
        '"ConditionExpression": "attribute_not_exists(messageId) OR attribute_exists(messageId)"',
        LATE_AND_TWICE,
    ),
    Mechanism(
        2,
        "a connection that a post found gone is forgotten",
        "functions/aws/departures.py",
        "    if connections.is_opening(",
        "    if True or connections.is_opening(",
        STALE_ROWS,
    ),
    Mechanism(
        2,
        "a client that sees a seq skipped asks for it",
        "ops/resuming_client.py",
        "if self._life is None or self._missing <= self._asked_for:",
        "if True:",
        NEVER_CAME,
    ),
    Mechanism(
        2,
        "it asks again for as long as storing is tried again",
        "ops/resuming_client.py",
        "(0.3, 1.0, 3.0, 10.0, 30.0)",
        "(0.3, 1.0, 3.0)",
        STORED_LATE,
    ),
    Mechanism(
        2,
        "a client that connects asks for what it missed",
        "ops/resuming_client.py",
        "                    await self.catch_up()\n                finally:",
        "                    pass\n                finally:",
        ABSENCE,
    ),
    Mechanism(
        2,
        "the history gives what came after a seq, oldest first",
        "functions/aws/messages.py",
        "ScanIndexForward=after is not None",
        "ScanIndexForward=False",
        ABSENCE,
    ),
    Mechanism(
        3,
        "a client changes to a fresh socket before the old one's two hours end",
        "ops/resuming_client.py",
        'self.rotate_after_seconds or float("inf")',
        'float("inf")',
        ROTATION,
    ),
    Mechanism(
        4,
        "who leaves a channel is unsubscribed before the answer",
        "functions/aws/membership.py",
        "[channel.channel_id], [each.connection_id for each in open_now]",
        "[], [each.connection_id for each in open_now]",
        REMOVAL,
    ),
    Mechanism(
        4,
        "every frame's admission proves membership",
        "functions/aws/members.py",
        'ConditionExpression=Attr("userId").exists() & condition',
        "ConditionExpression=condition",
        REMOVAL,
    ),
    Mechanism(
        4,
        "signing out closes the session's sockets",
        "functions/aws/signing_out.py",
        "        _close(settings, connection)\n",
        "",
        SIGN_OUT,
    ),
    Mechanism(
        4,
        "signing out marks the session, whose tickets open nothing then",
        "functions/aws/signing_out.py",
        "    sessions.end(settings.tickets_table, principal.session_id, now_ms=now_ms)\n",
        "",
        SIGN_OUT,
    ),
    Mechanism(
        4,
        "a socket that opens meanwhile looks for the mark",
        "functions/handlers/connect.py",
        "if sessions.has_ended(settings.tickets_table, caller.session_id):",
        "if False:",
        HELD_UP,
    ),
    Mechanism(
        4,
        "a frame of an expired session is refused",
        "functions/aws/socket_route.py",
        "if caller.session_expires_at_ms <= now:",
        "if False:",
        EXPIRY,
    ),
    Mechanism(
        4,
        "subscriptions past their expiry get no message",
        WORKFLOW,
        "'channelId = :channelId', 'FilterExpression': 'expiresAt > :now'",
        "'channelId = :channelId', 'FilterExpression': 'expiresAt <> :now'",
        EXPIRY,
    ),
    Mechanism(
        4,
        "a ticket's first use deletes it",
        "functions/aws/tickets.py",
        '.delete_item(Key={"ticketHash": _hash(ticket)}, ReturnValues="ALL_OLD").get("Attributes")',
        '.get_item(Key={"ticketHash": _hash(ticket)}).get("Item")',
        TICKETS,
    ),
    Mechanism(
        4,
        "a ticket works for the origin that asked for it",
        "functions/handlers/authorize.py",
        'if headers.get("origin") != holder.origin:',
        "if False:",
        TICKETS,
    ),
    Mechanism(
        5,
        "a person is online while one connection of theirs counts",
        "functions/aws/presence.py",
        "    return max((connection.expires_at for connection in found), default=None)\n",
        "    return max([connection.expires_at for connection in found][1:], default=None)\n",
        TABS,
    ),
    Mechanism(
        6,
        "a message's place is the channel's next number, not a time",
        WORKFLOW,
        '"seq": "{% $number($states.result.Attributes.lastSeq.N) %}"',
        '"seq": "{% $floor($toMillis($data.sentAt) / 1000) % 1000000 %}"',
        CLOCKS,
    ),
    Mechanism(
        6,
        "a place is given to one message only",
        WORKFLOW,
        '"UpdateExpression": "ADD lastSeq :one"',
        '"UpdateExpression": "SET lastSeq = :one"',
        SAME_MOMENT,
    ),
    Mechanism(
        7,
        "a page before a seq ends there",
        "functions/aws/messages.py",
        '    elif before is not None:\n        condition &= Key("seq").lt(before)\n',
        "",
        HISTORY,
    ),
    Mechanism(
        7,
        "every batch of a large channel's recipients is posted to",
        WORKFLOW,
        '"Items": "{% $partition($states.input.connectionIds, 100) %}"',
        '"Items": "{% [$partition($states.input.connectionIds, 100)[0]] %}"',
        LARGE_CHANNEL,
    ),
    Mechanism(
        8,
        "a field that an action does not take is refused",
        "functions/chat/commands.py",
        'class Command(Shape, extra="forbid"):',
        'class Command(Shape, extra="ignore"):',
        FORGED_SENDER,
    ),
    Mechanism(
        8,
        "a channel that one may not know of is not there",
        "functions/chat/channels.py",
        "if channel is None or (membership is None and channel.kind is not ChannelKind.PUBLIC):",
        "if channel is None:",
        FOREIGN_CHANNELS,
    ),
    Mechanism(
        8,
        "a history is read by members",
        "functions/handlers/rest/history.py",
        "    if mine is None:\n        raise NotAMember(members.NOT_A_MEMBER)\n    return mine\n",
        '    return mine or Membership(user_id="u", channel_id=known, role="member", joined_at="", read_seq=0)\n',
        FOREIGN_CHANNELS,
    ),
    Mechanism(
        8,
        "refusals of API Gateway's own say what the contract says",
        "stacks/rest_api.py",
        "    Refusal(apigateway.ResponseType.UNAUTHORIZED, 401, ErrorCode.SESSION_EXPIRED, "
        '"Sign in, then try again."),\n',
        "",
        NO_TOKEN,
    ),
    Mechanism(
        8,
        "functions log ids, never what was said",
        "functions/aws/socket_route.py",
        'extra={"errorCode": refusal.code}',
        'extra={"errorCode": refusal.code, "frame": body}',
        LOGS,
    ),
    Mechanism(
        8,
        "a function's role holds what it needs",
        "stacks/websocket_api.py",
        'function.allow("dynamodb:GetItem", "dynamodb:DeleteItem", on=[self.data.tickets.table_arn])',
        'function.allow("dynamodb:GetItem", on=[self.data.tickets.table_arn])',
        RIGHTS,
    ),
    Mechanism(
        8,
        "a frame that is no JSON gets an answer of its own",
        "functions/chat/commands.py",
        "    except (ValueError, RecursionError):\n        raise InvalidFrame",
        "    except ZeroDivisionError:\n        raise InvalidFrame",
        BAD_FRAMES,
    ),
    Mechanism(
        8,
        "a number in a query is looked at before it is taken for one",
        "functions/aws/rest.py",
        "if not (text.isascii() and text.isdigit() and len(text) < 16 and least <= int(text) <= most):",
        "if not least <= int(text) <= most:",
        REQUESTS,
    ),
    Mechanism(
        9,
        "a text is kept as it is",
        "functions/chat/text.py",
        '    if not value.strip():\n        raise ValueError("expected some text, got none")\n    return value\n',
        "    return value.strip()\n",
        TEXTS,
    ),
    Mechanism(
        9,
        "a text over the limit is refused in words",
        "functions/chat/text.py",
        "    if size > MAX_TEXT_BYTES:",
        "    if size > MAX_TEXT_BYTES * 2:",
        TOO_LONG,
    ),
    Mechanism(
        10,
        "a member may send so many at once, and so many a second",
        "functions/chat/rate.py",
        "return self.interval_ms * (self.burst - 1)",
        "return 10**9",
        FLOOD,
    ),
    Mechanism(
        10,
        "an event is looked at before it takes a seq",
        WORKFLOW,
        "[$type($) = 'string']) != 6 %}",
        "[$type($) = 'string']) = 99 %}",
        POISON,
    ),
    Mechanism(
        10,
        "an event that failed is kept, whole",
        WORKFLOW,
        '"Default": "SendToDeadLetterQueue"',
        '"Default": "DeliveryFailed"',
        POISON,
    ),
    Mechanism(
        10,
        "live rules leave replayed events alone",
        "stacks/rules.py",
        '            "replay-name": [{"exists": False}],\n',
        "",
        REPLAY,
    ),
]
