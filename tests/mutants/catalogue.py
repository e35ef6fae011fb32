"""The mutants: each breaks the code that a promise depends on, and names the tests that must fail.

`tests/guarantees/report.py` lists the promises. `ui/tests/mutants.json` lists the mutants of the browser client.
"""

from dataclasses import dataclass

from tests.mutants import typescript
from tests.mutants.python import (
    DropArgument,
    DropElement,
    DropHandler,
    DropKey,
    PythonChange,
    RemoveCall,
    ReplaceBody,
    SetArgument,
    SetClassArgument,
    SetCondition,
    SetReturn,
    SetVariable,
    always,
    never,
)
from tests.mutants.typescript import TypeScriptChange
from tests.mutants.workflow import Replace, WorkflowChange

Change = PythonChange | WorkflowChange | TypeScriptChange


@dataclass(frozen=True)
class Mutant:
    """A change of the code that makes its tests fail."""

    promise: int
    description: str
    """The behaviour of the code that the mutant breaks."""
    change: Change
    tests: tuple[str, ...]
    """Each must fail: `tests/….py::name` for pytest, `tests/….test.ts > titles` below ui/ for Vitest."""


def _guarantee(file: str, name: str) -> tuple[str, ...]:
    return (f"tests/guarantees/{file}.py::test_{name}",)


CUT_SOCKET = _guarantee("test_01_sent_again", "a_send_repeated_after_a_cut_socket_is_one_message")
STALE_ROWS = _guarantee("test_02_absence", "stale_connections_are_pruned")
MISSED_MESSAGES = _guarantee("test_02_absence", "messages_sent_during_an_absence_arrive_on_return")
REMOVAL = _guarantee("test_04_endings", "a_removed_member_receives_and_sends_nothing_more")
SIGN_OUT = _guarantee("test_04_endings", "signing_out_closes_every_tab_of_that_session")
DELAYED_SOCKET = _guarantee("test_04_endings", "a_socket_delayed_until_its_session_ends_is_refused")
EXPIRY = _guarantee("test_04_endings", "an_expired_session_gets_an_error_and_is_closed_at_its_next_frame")
TICKETS = _guarantee("test_04_endings", "a_ticket_works_once_and_for_one_origin")
SLOW_CLIENT = _guarantee("test_02_absence", "a_slow_client_is_closed_and_fetches_what_it_missed")
TWO_TABS = _guarantee("test_05_tabs", "a_user_stays_online_when_one_of_two_tabs_is_cut")
CONCURRENT_MESSAGES = _guarantee("test_06_order", "concurrent_messages_get_distinct_seqs")
THROTTLE = _guarantee("test_throttling", "a_throttle_delays_messages_and_loses_none")
CANCELLED_TRANSACTION = _guarantee("test_throttling", "a_cancelled_transaction_leaves_no_hole")
LATE_OR_REPEATED_EVENTS = _guarantee("test_06_order", "events_delivered_late_or_twice_are_stored_once")
CLOCKS = _guarantee("test_06_order", "the_order_does_not_depend_on_clocks")
HISTORY = _guarantee("test_07_scale", "a_long_history_is_returned_in_pages")
LARGE_CHANNEL = _guarantee("test_07_scale", "a_large_channel_delivers_to_every_online_member")
FORGED_SENDER = _guarantee("test_08_forgery", "a_forged_sender_is_refused")
NON_MEMBERS = _guarantee("test_08_forgery", "non_members_cannot_access_a_channel_by_its_id")
NO_TOKEN = _guarantee("test_08_forgery", "every_route_refuses_requests_without_a_valid_token")
LOGS = _guarantee("test_08_forgery", "neither_texts_nor_tokens_nor_tickets_are_logged")
RIGHTS = _guarantee("test_enforced_rights", "all_functions_work_under_enforced_policies")
INVALID_FRAMES = _guarantee("test_fuzz", "invalid_frames_get_documented_errors")
QUERY_NUMBERS = _guarantee("test_fuzz", "an_invalid_number_in_a_query_is_refused")
TEXTS = _guarantee("test_09_texts", "texts_are_returned_unchanged")
TOO_LONG = _guarantee("test_09_texts", "a_text_over_the_limit_is_refused_with_an_error")
CONTROL_CHARACTERS = _guarantee("test_09_texts", "a_text_with_a_control_character_is_refused_with_an_error")
FLOOD = _guarantee("test_10_abuse", "a_flood_is_rate_limited_with_a_retry_time")
FLOODER = _guarantee("test_10_abuse", "a_flooder_loses_its_socket_and_others_are_served")
MALFORMED_EVENTS = _guarantee("test_10_abuse", "malformed_events_go_to_the_dead_letter_queue")
ERASED_KEY = ("tests/unit/functions/aws/test_text_keys.py::test_an_erased_key_is_used_for_a_minute_at_most",)
KEY_RACE = ("tests/unit/functions/aws/test_text_keys.py::test_two_processes_that_create_a_key_get_the_same",)
SEALED_TEXT = ("tests/unit/functions/handlers/test_send_message.py::test_the_text_is_sealed_on_the_bus",)
OTHER_MESSAGE = (
    "tests/unit/functions/handlers/test_post_to_connections.py::test_a_text_sealed_for_another_message_is_refused",
)
THROTTLED_POST = (
    "tests/unit/functions/handlers/test_post_to_connections.py::test_a_throttled_batch_is_delivered_after_retries",
)
REPLAY = _guarantee("test_10_abuse", "a_replay_posts_no_frames")

SERVER = [
    Mutant(
        1,
        "a message's id is derived from its sender and clientMessageId",
        PythonChange("functions.chat.messages:message_id", ReplaceBody("return str(__import__('uuid').uuid4())")),
        CUT_SOCKET,
    ),
    Mutant(
        1,
        "a message and its id are stored once, in one transaction",
        WorkflowChange(
            "PersistOnce",
            ("Arguments", "TransactItems", 0, "Put", "ConditionExpression"),
            "attribute_not_exists(messageId) OR attribute_exists(messageId)",
        ),
        LATE_OR_REPEATED_EVENTS,
    ),
    Mutant(
        2,
        "a connection whose post is answered 410 is pruned",
        PythonChange("functions.logic.disconnection:prune", always(returning="False")),
        STALE_ROWS,
    ),
    Mutant(
        2,
        "a task that fails starts the run again",
        WorkflowChange("MayStartAgain", ("Default",), "IsRealFailure"),
        THROTTLE,
    ),
    Mutant(
        2,
        "a batch whose function is throttled is posted again",
        WorkflowChange("MayPostAgain", ("Default",), "BatchFailed"),
        THROTTLE,
    ),
    Mutant(
        2,
        "a transaction that is cancelled for a conflict or a throttle is repeated with the same seq",
        WorkflowChange(
            "WhyCancelled",
            ("Choices", 0, "Condition"),
            Replace("$contains($failure.Cause & '', 'ConditionalCheckFailed') and ", ""),
        ),
        CANCELLED_TRANSACTION,
    ),
    Mutant(
        2,
        "the history after a seq is returned oldest first",
        PythonChange("functions.aws.messages:page", SetArgument("query", "ScanIndexForward", "False")),
        MISSED_MESSAGES,
    ),
    Mutant(
        2,
        "a post that is throttled is repeated",
        PythonChange(
            "functions.aws.connection_posts:ConnectionPosts.post_to_connection",
            SetArgument("range", 0, "0"),
        ),
        THROTTLED_POST,
    ),
    Mutant(
        2,
        "the connection of a slow client is closed",
        PythonChange("functions.logic.slow_clients:close_slow_clients", always(returning="((), limited)")),
        SLOW_CLIENT,
    ),
    Mutant(
        4,
        "a process uses the key of an erased user for a minute at most",
        PythonChange("functions.aws.text_keys:_cached", SetReturn("key")),
        ERASED_KEY,
    ),
    Mutant(
        4,
        "a member who leaves is unsubscribed before the request is answered",
        PythonChange("functions.logic.membership:_unsubscribe", SetArgument("connections.unsubscribe", 1, "[]")),
        REMOVAL,
    ),
    Mutant(
        4,
        "a user who is removed while they are added is not subscribed",
        PythonChange(
            "functions.logic.membership:join",
            SetCondition(doing="_unsubscribe(settings, channel.channel_id, user.user_id, now_ms)", to="False"),
        ),
        (
            "tests/unit/functions/aws/test_connections.py::test_a_user_who_is_removed_while_they_join_is_not_subscribed",
        ),
    ),
    Mutant(
        10,
        "the frames of a user are limited in all channels together",
        PythonChange("functions.handlers.websocket:_answer", RemoveCall("frame_rate.check")),
        (
            "tests/unit/functions/handlers/test_floods.py::"
            "test_the_frames_of_a_user_are_limited_in_all_channels_together",
        ),
    ),
    Mutant(
        4,
        "a frame is admitted only if its sender is a member",
        PythonChange(
            "functions.aws.members:_advance", SetArgument("direct_calls.call", "ConditionExpression", "condition")
        ),
        REMOVAL,
    ),
    Mutant(
        4,
        "signing out closes the session's connections",
        PythonChange("functions.logic.sign_out:sign_out", RemoveCall("_close")),
        SIGN_OUT,
    ),
    Mutant(
        4,
        "signing out ends the session, so that its tickets open no connection",
        PythonChange("functions.logic.sign_out:sign_out", RemoveCall("tickets.end_session")),
        SIGN_OUT,
    ),
    Mutant(
        4,
        "a connection that opens while its session ends is refused",
        PythonChange("functions.handlers.connect:_open", never(returning="False")),
        DELAYED_SOCKET,
    ),
    Mutant(
        4,
        "a frame of an expired session is refused",
        PythonChange("functions.handlers.websocket:_answer", never(raising="SessionExpiredError")),
        EXPIRY,
    ),
    Mutant(
        4,
        "a subscription past its expiry gets no message",
        WorkflowChange("FindRecipients", ("Arguments",), Replace("expiresAt > :now", "expiresAt <> :now")),
        EXPIRY,
    ),
    Mutant(
        4,
        "a ticket is deleted by its first use",
        PythonChange(
            "functions.aws.tickets:consume",
            SetVariable("row", "table(table_name).get_item(Key={'ticketHash': _hash(ticket)}).get('Item')"),
        ),
        TICKETS,
    ),
    Mutant(
        4,
        "a ticket works only for the origin that requested it",
        PythonChange(
            "functions.handlers.authorize:handler",
            never(returning='_answer(event, None, "the ticket was issued to another origin")'),
        ),
        TICKETS,
    ),
    Mutant(
        5,
        "a user is online while one of their connections is open",
        PythonChange(
            "functions.logic.presence:_online_until",
            SetArgument("max", 0, "[connection.expires_at for connection in opened][1:]"),
        ),
        TWO_TABS,
    ),
    Mutant(
        6,
        "a message's seq is the channel's next number, and does not depend on a clock",
        WorkflowChange(
            "AssignSequence", ("Assign", "seq"), "{% $floor($toMillis($data.sentAt) / 1000) % 1000000 %}"
        ),
        CLOCKS,
    ),
    Mutant(
        6,
        "a seq is assigned to one message only",
        WorkflowChange("AssignSequence", ("Arguments", "UpdateExpression"), "SET lastSeq = :one"),
        CONCURRENT_MESSAGES,
    ),
    Mutant(
        7,
        "the history before a seq has no later messages",
        PythonChange("functions.aws.messages:page", never(doing='condition &= Key("seq").lt(before)')),
        HISTORY,
    ),
    Mutant(
        7,
        "a message is posted to every batch of a large channel's recipients",
        WorkflowChange("PostToConnections", ("Items",), "{% [$partition($states.input.connectionIds, 100)[0]] %}"),
        LARGE_CHANNEL,
    ),
    Mutant(
        8,
        "the id of a message in another channel gives no seq",
        WorkflowChange("IsDuplicate", ("Choices", 0, "Condition"), "{% false %}"),
        ("tests/unit/workflows/test_deliver_runs.py::test_the_id_of_a_message_in_another_channel_gives_no_seq",),
    ),
    Mutant(
        8,
        "a frame with an unknown field is refused",
        PythonChange("functions.contract.commands:Command", SetClassArgument("extra", "'ignore'")),
        FORGED_SENDER,
    ),
    Mutant(
        8,
        "a private channel is hidden from users who are not members",
        PythonChange(
            "functions.chat.channels:visible", SetCondition(raising="NotFoundError", to="channel is None")
        ),
        NON_MEMBERS,
    ),
    Mutant(
        8,
        "only members can read a channel's history",
        PythonChange("functions.handlers.rest.history:_member", never(raising="NotAMemberError")),
        NON_MEMBERS,
    ),
    Mutant(
        8,
        "API Gateway's own refusals have the contract's error codes",
        PythonChange("stacks.rest_api:REFUSALS", DropElement("apigateway.ResponseType.UNAUTHORIZED")),
        NO_TOKEN,
    ),
    Mutant(
        8,
        "functions log ids and no texts",
        PythonChange(
            "functions.handlers.websocket:_answer",
            SetArgument(
                "logger.info", "extra", "{'errorCode': refusal.code, 'frame': body}", with_argument="'refused'"
            ),
        ),
        LOGS,
    ),
    Mutant(
        8,
        "a text is sealed with its author's key before it is published",
        PythonChange("functions.aws.sealed_texts:sealed", ReplaceBody("return event")),
        SEALED_TEXT,
    ),
    Mutant(
        8,
        "a function's role has every right that it needs",
        PythonChange(
            "stacks.websocket_api:WebSocketApiStack._authorize",
            DropArgument("table", "'DeleteItem'"),
        ),
        RIGHTS,
    ),
    Mutant(
        8,
        "a frame that is not JSON is answered with an error",
        PythonChange("functions.contract.commands:parse_object", DropHandler("ValueError")),
        INVALID_FRAMES,
    ),
    Mutant(
        8,
        "a number in a query is validated before it is parsed",
        PythonChange(
            "functions.handlers.http:query_number",
            SetCondition(raising="InvalidRequestError", to="not minimum <= int(text) <= maximum"),
        ),
        QUERY_NUMBERS,
    ),
    Mutant(
        9,
        "a text is stored unchanged",
        PythonChange("functions.contract.text:checked_text", SetReturn("value.strip()")),
        TEXTS,
    ),
    Mutant(
        9,
        "two processes that create a user's key use the same one, so that each text can be opened",
        PythonChange(
            "functions.aws.text_keys:_create", DropArgument("table(table_name).put_item", "ConditionExpression")
        ),
        KEY_RACE,
    ),
    Mutant(
        9,
        "a sealed text that cannot be opened is refused, not delivered as it is",
        PythonChange("functions.aws.sealed_texts:opened_event", SetVariable("text", "data.text")),
        OTHER_MESSAGE,
    ),
    Mutant(
        9,
        "a text over the limit is refused with an error",
        PythonChange(
            "functions.contract.text:checked_text",
            SetCondition(raising="TextTooLongError", to="size > 2 * MAX_TEXT_BYTES"),
        ),
        TOO_LONG,
    ),
    Mutant(
        9,
        "a text with control characters is refused, because its frame could close sockets",
        PythonChange("functions.contract.text:_is_unwritten_control", ReplaceBody("return False")),
        CONTROL_CHARACTERS,
    ),
    Mutant(
        10,
        "a member can send a burst, and then only at a limited rate",
        PythonChange("functions.chat.rate:RateLimit.tolerance_ms", ReplaceBody("return 10**9")),
        FLOOD,
    ),
    Mutant(
        10,
        "the socket of a user who sends too many refused frames is closed",
        PythonChange("functions.handlers.websocket:CLOSING", DropElement("ErrorCode.TOO_MANY_REFUSALS")),
        FLOODER,
    ),
    Mutant(
        10,
        "a user whose socket was closed for a flood gets no ticket for a while",
        PythonChange("functions.logic.refusals:count_refusal", RemoveCall("rates.exhaust")),
        FLOODER,
    ),
    Mutant(
        10,
        "an event is validated before it gets a seq",
        WorkflowChange(
            "IsWellFormed",
            ("Choices", 1, "Condition"),
            Replace("> 0", "> 99"),
        ),
        MALFORMED_EVENTS,
    ),
    Mutant(
        10,
        "the complete event of a failed run goes to the dead-letter queue",
        WorkflowChange("IsRealFailure", ("Default",), "DeliveryFailed"),
        MALFORMED_EVENTS,
    ),
    Mutant(
        10,
        "live rules ignore replayed events",
        PythonChange("stacks.rules:live_rule", DropKey("replay-name")),
        REPLAY,
    ),
]

BROWSER = [
    Mutant(
        int(item["promise"]),
        item["what"],
        TypeScriptChange(item["what"], item["file"], item["symbol"]),
        (item["test"],),
    )
    for item in typescript.read_list()
]

MUTANTS = sorted([*SERVER, *BROWSER], key=lambda mutant: mutant.promise)
