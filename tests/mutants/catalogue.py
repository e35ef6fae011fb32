"""Every mutant: a promise, what it rests on, the change that takes it away, and the tests that have to fail.

The promises are those of `tests/guarantees/report.py`. Those of the browser are in `ui/tests/mutants.json`.
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
    """One change of the code that the tests have to notice."""

    promise: int
    what: str
    """What the code does, and the mutant does not."""
    change: Change
    tests: tuple[str, ...]
    """Each has to fail: `tests/….py::name` for pytest, `tests/….test.ts > titles` below ui/ for Vitest."""


def _guarantee(file: str, name: str) -> tuple[str, ...]:
    return (f"tests/guarantees/{file}.py::test_{name}",)


CUT_AROUND_A_FRAME = _guarantee("test_01_sent_again", "a_send_repeated_after_a_cut_socket_is_one_message")
STALE_ROWS = _guarantee("test_02_absence", "stale_connections_are_pruned")
ABSENCE = _guarantee("test_02_absence", "messages_sent_during_an_absence_arrive_on_return")
REMOVAL = _guarantee("test_04_endings", "a_removed_member_receives_and_sends_nothing_more")
SIGN_OUT = _guarantee("test_04_endings", "signing_out_closes_every_tab_of_that_session")
HELD_UP = _guarantee("test_04_endings", "a_socket_delayed_until_its_session_ends_is_refused")
EXPIRY = _guarantee("test_04_endings", "an_expired_session_gets_an_error_and_is_closed_at_its_next_frame")
TICKETS = _guarantee("test_04_endings", "a_ticket_works_once_and_for_one_origin")
TABS = _guarantee("test_05_tabs", "a_user_stays_online_when_one_of_two_tabs_is_cut")
SAME_MOMENT = _guarantee("test_06_order", "concurrent_messages_get_distinct_seqs")
LATE_AND_TWICE = _guarantee("test_06_order", "events_delivered_late_or_twice_are_stored_once")
CLOCKS = _guarantee("test_06_order", "the_order_does_not_depend_on_clocks")
HISTORY = _guarantee("test_07_scale", "a_long_history_is_returned_in_pages")
LARGE_CHANNEL = _guarantee("test_07_scale", "a_large_channel_delivers_to_every_online_member")
FORGED_SENDER = _guarantee("test_08_forgery", "a_forged_sender_is_refused")
FOREIGN_CHANNELS = _guarantee("test_08_forgery", "non_members_cannot_access_a_channel_by_its_id")
NO_TOKEN = _guarantee("test_08_forgery", "every_route_refuses_requests_without_a_valid_token")
LOGS = _guarantee("test_08_forgery", "neither_texts_nor_tokens_nor_tickets_are_logged")
RIGHTS = _guarantee("test_enforced_rights", "all_functions_work_under_enforced_policies")
BAD_FRAMES = _guarantee("test_fuzz", "invalid_frames_get_documented_errors")
REQUESTS = _guarantee("test_fuzz", "generated_requests_get_documented_answers")
TEXTS = _guarantee("test_09_texts", "texts_are_returned_unchanged")
TOO_LONG = _guarantee("test_09_texts", "a_text_over_the_limit_is_refused_with_an_error")
FLOOD = _guarantee("test_10_abuse", "a_flood_is_rate_limited_with_a_retry_time")
POISON = _guarantee("test_10_abuse", "malformed_events_go_to_the_dead_letter_queue")
REPLAY = _guarantee("test_10_abuse", "a_replay_posts_no_frames")

SERVER = [
    Mutant(
        1,
        "a message's id is derived from the sender and the client's id",
        PythonChange("functions.chat.messages:message_id", ReplaceBody("return str(__import__('uuid').uuid4())")),
        CUT_AROUND_A_FRAME,
    ),
    Mutant(
        1,
        "a message's id is written once, in one transaction with the message",
        WorkflowChange(
            "PersistOnce",
            ("Arguments", "TransactItems", 0, "Put", "ConditionExpression"),
            "attribute_not_exists(messageId) OR attribute_exists(messageId)",
        ),
        LATE_AND_TWICE,
    ),
    Mutant(
        2,
        "a connection whose post is answered 410 is pruned",
        PythonChange("functions.logic.disconnection:prune", always(returning="False")),
        STALE_ROWS,
    ),
    Mutant(
        2,
        "the history after a seq is returned oldest first",
        PythonChange("functions.aws.messages:page", SetArgument("query", "ScanIndexForward", "False")),
        ABSENCE,
    ),
    Mutant(
        4,
        "a member who leaves is unsubscribed before the answer",
        PythonChange("functions.logic.membership:leave", SetArgument("connections.unsubscribe", 1, "[]")),
        REMOVAL,
    ),
    Mutant(
        4,
        "admitting a frame proves membership",
        PythonChange(
            "functions.aws.members:_advance", SetArgument("update_item", "ConditionExpression", "condition")
        ),
        REMOVAL,
    ),
    Mutant(
        4,
        "signing out closes the session's sockets",
        PythonChange("functions.logic.sign_out:sign_out", RemoveCall("_close")),
        SIGN_OUT,
    ),
    Mutant(
        4,
        "signing out ends the session, whose tickets then open no socket",
        PythonChange("functions.logic.sign_out:sign_out", RemoveCall("tickets.end_session")),
        SIGN_OUT,
    ),
    Mutant(
        4,
        "a socket that opens while its session ends is refused",
        PythonChange("functions.handlers.connect:handler", never(returning="{'statusCode': 403}")),
        HELD_UP,
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
        "a ticket works only for the origin that asked for it",
        PythonChange(
            "functions.handlers.authorize:handler",
            never(returning='_answer(event, None, "the ticket was issued to another origin")'),
        ),
        TICKETS,
    ),
    Mutant(
        5,
        "a user is online while one of their connections is",
        PythonChange(
            "functions.logic.presence:_online_until",
            SetArgument("max", 0, "[connection.expires_at for connection in found][1:]"),
        ),
        TABS,
    ),
    Mutant(
        6,
        "a message's seq is the channel's next number, not a time",
        WorkflowChange(
            "AssignSequence", ("Assign", "seq"), "{% $floor($toMillis($data.sentAt) / 1000) % 1000000 %}"
        ),
        CLOCKS,
    ),
    Mutant(
        6,
        "a seq is given to one message only",
        WorkflowChange("AssignSequence", ("Arguments", "UpdateExpression"), "SET lastSeq = :one"),
        SAME_MOMENT,
    ),
    Mutant(
        7,
        "the history before a seq ends there",
        PythonChange("functions.aws.messages:page", never(doing='condition &= Key("seq").lt(before)')),
        HISTORY,
    ),
    Mutant(
        7,
        "every batch of a large channel's recipients is posted to",
        WorkflowChange("PostToConnections", ("Items",), "{% [$partition($states.input.connectionIds, 100)[0]] %}"),
        LARGE_CHANNEL,
    ),
    Mutant(
        8,
        "a field that an action does not take is refused",
        PythonChange("functions.contract.commands:Command", SetClassArgument("extra", "'ignore'")),
        FORGED_SENDER,
    ),
    Mutant(
        8,
        "a private channel does not exist for those who are not members",
        PythonChange(
            "functions.chat.channels:visible", SetCondition(raising="NotFoundError", to="channel is None")
        ),
        FOREIGN_CHANNELS,
    ),
    Mutant(
        8,
        "a history is read by members only",
        PythonChange("functions.handlers.rest.history:_member", never(raising="NotAMemberError")),
        FOREIGN_CHANNELS,
    ),
    Mutant(
        8,
        "API Gateway's own refusals are those of the contract",
        PythonChange("stacks.rest_api:REFUSALS", DropElement("apigateway.ResponseType.UNAUTHORIZED")),
        NO_TOKEN,
    ),
    Mutant(
        8,
        "functions log ids, never texts",
        PythonChange(
            "functions.handlers.websocket:_answer",
            SetArgument("logger.info", "extra", "{'errorCode': refusal.code, 'frame': body}", having="'refused'"),
        ),
        LOGS,
    ),
    Mutant(
        8,
        "a function's role holds every right that it needs",
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
        BAD_FRAMES,
    ),
    Mutant(
        8,
        "a number in a query is validated before it is parsed",
        PythonChange(
            "functions.handlers.http:query_number",
            SetCondition(raising="InvalidRequestError", to="not minimum <= int(text) <= maximum"),
        ),
        REQUESTS,
    ),
    Mutant(
        9,
        "a text is stored unchanged",
        PythonChange("functions.contract.text:checked_text", SetReturn("value.strip()")),
        TEXTS,
    ),
    Mutant(
        9,
        "a text over the limit is refused with a message",
        PythonChange(
            "functions.contract.text:checked_text",
            SetCondition(raising="TextTooLongError", to="size > 2 * MAX_TEXT_BYTES"),
        ),
        TOO_LONG,
    ),
    Mutant(
        10,
        "a member may send a burst, and then at a steady rate",
        PythonChange("functions.chat.rate:RateLimit.tolerance_ms", ReplaceBody("return 10**9")),
        FLOOD,
    ),
    Mutant(
        10,
        "an event is validated before it takes a seq",
        WorkflowChange(
            "IsWellFormed",
            ("Choices", 1, "Condition"),
            Replace("[$type($) = 'string']) != 6", "[$type($) = 'string']) = 99"),
        ),
        POISON,
    ),
    Mutant(
        10,
        "an event that failed is kept in the dead-letter queue, complete",
        WorkflowChange("IsRealFailure", ("Default",), "DeliveryFailed"),
        POISON,
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
        int(each["promise"]),
        each["what"],
        TypeScriptChange(each["what"], each["file"], each["symbol"]),
        (each["test"],),
    )
    for each in typescript.listed()
]

MUTANTS = sorted([*SERVER, *BROWSER], key=lambda mutant: mutant.promise)
