"""The REST API, route by route: answers and errors."""

import base64
import json
from typing import Any

import pytest

from functions.aws import clients, members
from functions.chat.channels import ChannelRecord, direct
from functions.contract import resources
from functions.contract.events import ChannelKind
from functions.contract.model import Shape, timestamp
from functions.contract.session import Principal
from functions.contract.text import ERASED_NAME
from functions.handlers import api
from functions.logic import registration
from tests.unit.builders import AT, CHANNEL, HOUR_MS, NOW_MS, SECRET, SIGNED_IN_AT, rest_event
from tests.unit.functions.handlers.conftest import Call, Logs
from tests.unit.stage import Stage

PRIVATE = CHANNEL.model_copy(update={"channel_id": "p-1", "kind": ChannelKind.PRIVATE, "name": "plans"})


class Answer:
    """A parsed response."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.status: int = response["statusCode"]
        self.headers = {name: values[0] for name, values in response["multiValueHeaders"].items()}
        self.text: str = response["body"]

    def read(self, shape: type[Shape], status: int = 200) -> Any:
        """Parse the body as a model, and check that it has exactly the model's fields."""
        assert self.status == status, self.text
        parsed = shape.model_validate_json(self.text)
        assert parsed.model_dump(mode="json", by_alias=True) == json.loads(self.text)
        return parsed

    def refusal(self) -> tuple[int, str]:
        """Return status and code of an error, and check that its message is a sentence."""
        body = json.loads(self.text)
        error = resources.ErrorBody.model_validate(body)
        assert set(body) <= {"code", "message", "correlationId"}
        assert error.message[0].isupper()
        assert error.message.endswith(".")
        return self.status, error.code.value


def asking(call: Call) -> Any:
    """Return a function that sends a request as a user and returns the answer."""

    def send(method: str, path: str, **request: Any) -> Answer:
        answer = Answer(call(api.handler, rest_event(method, path, **request)))
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"
        return answer

    return send


@pytest.fixture
def ask_unregistered(call: Call, stage: Stage) -> Any:
    """Send a request; no user is registered. The channel `general` exists."""
    stage.fill(Stage.add_general)
    return asking(call)


@pytest.fixture
def ask(call: Call, stage: Stage) -> Any:
    """Send a request; Alice, Bob and Carol are registered."""
    stage.fill(register_people)
    return asking(call)


def register_people(stage: Stage) -> None:
    """Register the users of `ask`, as their first calls do."""
    stage.add_general()
    for user_id in ("alice", "bob", "carol"):
        caller = Principal(
            user_id=user_id,
            username=f"{user_id}.name",
            display_name=user_id.title(),
            session_id="s-1",
            session_expires_at_ms=NOW_MS + HOUR_MS,
            signed_in_at=SIGNED_IN_AT,
        )
        registration.register_caller(stage.settings(), caller, correlation_id="r-1")
    assert stage.published_types() == ["MemberJoined"] * 3
    # As in a process that has not seen them, which the next tests are.
    registration._register.cache_clear()


def test_the_first_call_joins_general(ask_unregistered: Any, stage: Stage):
    """Whatever call it is. A second call publishes nothing."""
    for _ in range(2):
        me = ask_unregistered("GET", "/me").read(resources.User)
        assert (me.user_id, me.username, me.display_name, me.status) == ("alice", "alice.name", "Alice", "offline")
    assert stage.published_types() == ["MemberJoined"]
    page = ask_unregistered("GET", "/channels").read(resources.ChannelPage)
    assert [(channel.name, channel.role) for channel in page.items] == [("general", "member")]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/me", None),
        ("PUT", "/me", {"displayName": "Queen"}),
        ("POST", "/tickets", None),
        ("GET", "/channels", None),
        ("POST", "/channels", {"name": "tea", "kind": "public"}),
        ("POST", "/direct-messages", {"userId": "bob"}),
        ("PUT", "/channels/general/members/me", None),
    ],
)
def test_the_events_of_a_first_call_name_the_request(
    ask_unregistered: Any, stage: Stage, method: str, path: str, body: Any
):
    """The next call of the user is another request, and neither reads the directory to register them again."""
    stage.add_user("bob")
    ask_unregistered(method, path, body=body, request_id="request-7")
    correlation_ids = {event["detail"]["metadata"]["correlationId"] for event in stage.published()}
    assert correlation_ids == {"request-7"}
    ask_unregistered("GET", "/me", request_id="request-8")
    assert registration._register.cache_info().misses == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "event_type"),
    [
        ("POST", "/channels", {"name": "milk", "kind": "private"}, "ChannelCreated"),
        ("POST", "/direct-messages", {"userId": "bob"}, "ChannelCreated"),
        ("PUT", "/channels/c-1/members/carol", None, "MemberJoined"),
        ("DELETE", "/channels/c-1/members/bob", None, "MemberLeft"),
        ("DELETE", "/channels/c-1/members/me", None, "MemberLeft"),
    ],
)
def test_the_event_of_a_membership_names_the_request(
    ask: Any, stage: Stage, method: str, path: str, body: Any, event_type: str
):
    """`parley logs` finds the workflow's run by it."""
    stage.add_channel(CHANNEL, "alice", "bob", owner="alice")
    ask(method, path, body=body, request_id="request-7")
    [event] = stage.published()
    assert event["detail-type"] == event_type
    assert event["detail"]["metadata"]["correlationId"] == "request-7"


def test_a_user_changes_their_display_name(ask: Any, stage: Stage):
    """It is trimmed, invisible characters are removed, and it is stored and published."""
    assert ask("PUT", "/me", body={"displayName": "  Al\u202eice "}).read(resources.User).display_name == "Alice"
    assert ask("PUT", "/me", body={"displayName": "Queen"}).read(resources.User).display_name == "Queen"
    assert ask("GET", "/me").read(resources.User).display_name == "Queen"
    assert [(event["detail-type"], event["detail"]["data"]) for event in stage.published()] == [
        ("UserRenamed", {"userId": "alice", "displayName": name, "renamedAt": AT}) for name in ("Alice", "Queen")
    ]


@pytest.mark.parametrize("name", ["", " ", "\u200b", "x" * 65, 7, None, "\ud800"])
def test_an_invalid_display_name_is_refused(ask: Any, name: Any):
    """The message names the field, not the value."""
    answer = ask("PUT", "/me", body={"displayName": name})
    assert answer.refusal() == (400, "INVALID_REQUEST")
    assert "'displayName'" in answer.text


def test_the_directory_is_returned_in_pages(ask: Any, stage: Stage):
    """Sorted by display name, with presence, until there is no cursor."""
    stage.add_user("dora")
    found: list[str] = []
    query = {"limit": "3"}
    while True:
        page = ask("GET", "/users", query=query).read(resources.UserPage)
        found += [user.display_name for user in page.items]
        if page.cursor is None:
            break
        query = {"limit": "3", "cursor": page.cursor}
    assert found == ["Alice", "Bob", "Carol", "Dora"]


def forged(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("path", ["/users", "/channels", "/channels/general/members"])
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "ü",
        forged("not JSON"),
        forged({}),
        forged([]),
        forged(["a", "b", "c"]),
        forged([1]),
        forged([1, 2]),
        forged([""]),
        forged(["", "a"]),
        forged(["x" * 2000]),
        forged(["x" * 2000, "a"]),
        forged('["\\ud800"]'),
        forged('["\\ud800", "a"]'),
        forged("[" * 6000),
    ],
)
def test_a_forged_cursor_is_refused(ask: Any, path: str, cursor: str):
    """It is an error of the client, not of the server."""
    answer = ask("GET", path, query={"cursor": cursor, "scope": "discover"})
    assert answer.refusal() == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("path", ["/users", "/channels/general/members", "/channels/general/messages"])
@pytest.mark.parametrize("limit", ["0", "-1", "101", "x", "1.5", "٣", "9" * 30])
def test_a_limit_is_from_one_to_a_hundred(ask: Any, path: str, limit: str):
    """Other values are refused, not rounded."""
    assert ask("GET", path, query={"limit": limit}).refusal() == (400, "INVALID_REQUEST")


def test_a_ticket_is_for_the_callers_session(ask_unregistered: Any, stage: Stage):
    """It contains the current display name and ends with the session."""
    ask_unregistered("PUT", "/me", body={"displayName": "Queen"})
    ticket = ask_unregistered("POST", "/tickets").read(resources.Ticket, status=201)
    assert ticket.expires_at == timestamp((NOW_MS // 1000 + 30) * 1000)
    assert ticket.session_expires_at == "2026-11-18T12:06:40.000Z"
    [row] = stage.rows("tickets")
    assert (row["userId"], row["displayName"], int(row["sessionExpiresAt"])) == ("alice", "Queen", 1795003600000)
    assert ticket.ticket not in json.dumps(row, default=str)


def test_the_creator_owns_a_new_channel(ask_unregistered: Any, stage: Stage):
    """It is listed and its event is published."""
    created = ask_unregistered("POST", "/channels", body={"name": " Tea  time "}).read(
        resources.Channel, status=201
    )
    assert (created.name, created.kind, created.role, created.member_count) == ("Tea time", "public", "owner", 1)
    assert stage.published_types() == ["MemberJoined", "ChannelCreated"]
    page = ask_unregistered("GET", "/channels").read(resources.ChannelPage)
    assert [channel.name for channel in page.items] == ["Tea time", "general"]
    assert ask_unregistered("GET", f"/channels/{created.channel_id}").read(resources.Channel) == created


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, (400, "INVALID_REQUEST")),
        ({"name": ""}, (400, "INVALID_REQUEST")),
        ({"name": "x" * 65}, (400, "INVALID_REQUEST")),
        ({"name": "tea", "kind": "direct"}, (400, "INVALID_REQUEST")),
        ({"name": "tea", "createdBy": "bob"}, (400, "INVALID_REQUEST")),
        ({"name": "tea", "\ud800": 1}, (400, "INVALID_REQUEST")),
        ("not JSON", (400, "INVALID_REQUEST")),
        ("", (400, "INVALID_REQUEST")),
        ("[]", (400, "INVALID_REQUEST")),
        ("null", (400, "INVALID_REQUEST")),
        ("[" * 100_000, (400, "INVALID_REQUEST")),
        ({"name": "GENERAL"}, (409, "NAME_TAKEN")),
    ],
)
def test_an_invalid_channel_is_refused(ask: Any, stage: Stage, body: Any, refusal: tuple[int, str]):
    """And nothing is created."""
    answer = ask("POST", "/channels", body=body)
    assert answer.refusal() == refusal
    assert "frame" not in answer.text, "a request is not a frame"
    assert len([row for row in stage.rows("channels") if "kind" in row]) == 1


def test_a_new_channel_is_among_the_callers_channels_at_once(ask: Any, stage: Stage):
    """The rows are read consistently: a stale read would count the channel as unreadable."""
    reads: list[bool] = []

    def note(params: Any, **_: Any) -> None:
        reads.extend(bool(keys.get("ConsistentRead")) for keys in params["RequestItems"].values())

    events = clients.dynamodb().meta.client.meta.events
    events.register("provide-client-params.dynamodb.BatchGetItem", note, unique_id="note")
    try:
        ask("GET", "/channels")
    finally:
        events.unregister("provide-client-params.dynamodb.BatchGetItem", unique_id="note")
    assert reads
    assert all(reads)


def test_public_channels_are_discovered_until_joined(ask: Any, stage: Stage):
    """Neither the caller's own channels nor private ones are listed."""
    for number in range(4):
        stage.add_channel(CHANNEL.model_copy(update={"channel_id": f"c-{number}", "name": f"n{number}"}), "bob")
    stage.add_channel(PRIVATE, "bob")
    ask("PUT", "/channels/c-1/members/me").read(resources.Channel)
    first = ask("GET", "/channels", query={"scope": "discover", "limit": "3"}).read(resources.ChannelPage)
    rest = {"scope": "discover", "limit": "3", "cursor": first.cursor}
    second = ask("GET", "/channels", query=rest).read(resources.ChannelPage)
    assert [channel.name for channel in (*first.items, *second.items)] == ["n0", "n2", "n3"]
    assert second.cursor is None
    assert ask("GET", "/channels", query={"scope": "all"}).refusal() == (400, "INVALID_REQUEST")


def test_a_direct_channel_is_created_once(ask: Any, stage: Stage):
    """It is the same for both users and all calls, and published once."""
    mine = ask("POST", "/direct-messages", body={"userId": "bob"}).read(resources.Channel)
    theirs = ask("POST", "/direct-messages", body={"userId": "alice"}, user_id="bob").read(resources.Channel)
    assert mine.channel_id == theirs.channel_id == direct("alice", "bob", created_at=AT).channel_id
    assert mine.member_ids == ("alice", "bob")
    assert mine.member_count == 2
    assert stage.published_types() == ["ChannelCreated"]


def test_an_erased_user_gets_no_further_channel(ask: Any, stage: Stage):
    """No one would read it. Members still see the user, and open a direct channel from before the erasure."""
    stage.add_channel(CHANNEL, "alice", owner="alice")
    before = ask("POST", "/direct-messages", body={"userId": "bob"}).read(resources.Channel)
    for user_id in ("bob", "carol"):
        stage.put("users", userId=user_id, username=user_id, displayName=ERASED_NAME, erasedAt=AT)
    opened = ask("POST", "/direct-messages", body={"userId": "bob"}).read(resources.Channel)
    assert opened.channel_id == before.channel_id
    count = len(stage.rows("members"))
    assert ask("POST", "/direct-messages", body={"userId": "carol"}).refusal() == (404, "NOT_FOUND")
    assert ask("PUT", "/channels/c-1/members/carol").refusal() == (404, "NOT_FOUND")
    assert len(stage.rows("members")) == count


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"userId": "alice"}, (403, "FORBIDDEN")),
        ({"userId": "unknown"}, (404, "NOT_FOUND")),
        ({"userId": ""}, (400, "INVALID_REQUEST")),
        ({"userId": "x" * 5000}, (400, "INVALID_REQUEST")),
        ({}, (400, "INVALID_REQUEST")),
    ],
)
def test_a_direct_channel_needs_another_user(ask: Any, body: Any, refusal: tuple[int, str]):
    """Who is in the directory."""
    assert ask("POST", "/direct-messages", body=body).refusal() == refusal


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/channels/{id}", None),
        ("GET", "/channels/{id}/members", None),
        ("PUT", "/channels/{id}/members/me", None),
        ("PUT", "/channels/{id}/members/bob", None),
        ("DELETE", "/channels/{id}/members/me", None),
        ("DELETE", "/channels/{id}/members/bob", None),
        ("GET", "/channels/{id}/messages", None),
        ("PUT", "/channels/{id}/read-marker", {"seq": 1}),
    ],
)
def test_a_private_channel_is_answered_like_a_missing_one(
    ask: Any, stage: Stage, method: str, path: str, body: Any
):
    """The answer is the same for a private channel, a missing one, and the row of a name."""
    stage.add_channel(PRIVATE, "bob")
    answers = [
        ask(method, path.replace("{id}", channel_id), body=body, user_id="alice")
        for channel_id in ("p-1", "nowhere", "name%23general", "a b")
    ]
    assert {answer.refusal() for answer in answers} <= {(404, "NOT_FOUND"), (403, "NOT_A_MEMBER")}
    assert len({(answer.status, answer.text) for answer in answers}) == 1
    too_long = ask(method, path.replace("{id}", "x" * 3000), body=body, user_id="alice")
    assert too_long.refusal() == (404, "NOT_FOUND"), "the key would be too long for the table"
    assert "MemberLeft" not in stage.published_types()
    assert members.get("members", "alice", "p-1") is None


def test_any_user_joins_and_leaves_a_public_channel(ask: Any, stage: Stage):
    """Repeating either changes nothing."""
    stage.add_channel(CHANNEL, "bob")
    for _ in range(2):
        joined = ask("PUT", "/channels/c-1/members/me").read(resources.Channel)
        assert (joined.role, joined.member_count) == ("member", 2)
    for _ in range(2):
        answer = ask("DELETE", "/channels/c-1/members/me")
        assert (answer.status, answer.text) == (204, "")
    assert stage.published_types() == ["MemberJoined", "MemberLeft"]
    seen = ask("GET", "/channels/c-1").read(resources.Channel)
    assert (seen.role, seen.member_count) == (None, 1)


@pytest.mark.parametrize(("channel", "status"), [(CHANNEL, 204), (PRIVATE, 404)], ids=["public", "private"])
def test_a_leaving_that_was_interrupted_is_completed_by_its_repeat(
    ask: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch, channel: ChannelRecord, status: int
):
    """The membership is deleted and the subscriptions are not: without the repeat, frames arrive for two hours."""
    stage.add_channel(channel, "alice", "bob", owner="bob")
    stage.connect("alice", "a1")
    stage.connect("bob", "b1")
    path = f"/channels/{channel.channel_id}/members/me"
    with monkeypatch.context() as broken:
        broken.setattr("functions.aws.connections.unsubscribe", lambda *_: 1 / 0)
        assert ask("DELETE", path).status == 500
    assert ask("DELETE", path).status == status
    assert {pair for pair in stage.subscriptions() if pair[0] == channel.channel_id} == {
        (channel.channel_id, "b1")
    }


def test_a_member_adds_others_and_the_owner_removes_them(ask: Any, stage: Stage):
    """An added user sees the private channel, a removed user does not."""
    stage.add_channel(PRIVATE, "alice", "bob", owner="alice")
    ask("PUT", "/channels/p-1/members/carol", user_id="bob").read(resources.Channel)
    assert ask("GET", "/channels/p-1", user_id="carol").read(resources.Channel).role == "member"
    assert ask("DELETE", "/channels/p-1/members/carol", user_id="bob").refusal() == (403, "FORBIDDEN")
    assert ask("DELETE", "/channels/p-1/members/carol", user_id="alice").status == 204
    assert ask("GET", "/channels/p-1", user_id="carol").refusal() == (404, "NOT_FOUND")
    published = [(event["detail-type"], event["detail"]["data"]["changedBy"]) for event in stage.published()]
    assert published == [("MemberJoined", "bob"), ("MemberLeft", "alice")]


def test_a_user_in_many_channels_is_not_added_to_more(ask: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Each channel makes connecting slower, and anyone may create channels. Joining stays free."""
    monkeypatch.setattr("functions.handlers.rest.channels.MAX_CHANNELS_BY_OTHERS", 2)
    for number in range(3):
        channel_id = f"c-{number}"
        channel = CHANNEL.model_copy(update={"channel_id": channel_id, "name": channel_id})
        stage.add_channel(channel, "alice", owner="alice")
    assert ask("PUT", "/channels/c-0/members/bob", user_id="alice").status == 200
    refused = ask("PUT", "/channels/c-1/members/bob", user_id="alice")
    assert refused.refusal() == (403, "FORBIDDEN")
    assert "Bob" in refused.text
    assert ask("PUT", "/channels/c-2/members/me", user_id="bob").status == 200


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("PUT", "/channels/c-1/members/bob", (403, "NOT_A_MEMBER")),
        ("PUT", "/channels/c-1/members/unknown", (404, "NOT_FOUND")),
        ("PUT", "/channels/c-1/members/" + "x" * 3000, (404, "NOT_FOUND")),
        ("DELETE", "/channels/c-1/members/bob", (403, "NOT_A_MEMBER")),
        ("PUT", "/channels/{direct}/members/carol", (403, "FORBIDDEN")),
        ("DELETE", "/channels/{direct}/members/me", (403, "FORBIDDEN")),
        ("DELETE", "/channels/{direct}/members/bob", (403, "FORBIDDEN")),
        ("GET", "/channels/c-1/members", (403, "NOT_A_MEMBER")),
        ("GET", "/channels/c-1/messages", (403, "NOT_A_MEMBER")),
    ],
)
def test_a_forbidden_action_is_refused(ask: Any, stage: Stage, method: str, path: str, refusal: tuple[int, str]):
    """Users who are not members can neither add members nor read; a direct channel does not change."""
    stage.add_channel(CHANNEL, "carol")
    pair = direct("alice", "bob", created_at=AT)
    stage.add_channel(pair, "alice", "bob", owner="alice")
    assert ask(method, path.replace("{direct}", pair.channel_id)).refusal() == refusal
    assert stage.published() == []


def test_members_are_returned_with_presence_in_pages(ask: Any, stage: Stage):
    """Each member once, with role and name."""
    first = ask("GET", "/channels/general/members", query={"limit": "2"}).read(resources.MemberPage)
    query = {"limit": "2", "cursor": first.cursor}
    second = ask("GET", "/channels/general/members", query=query).read(resources.MemberPage)
    assert [member.display_name for member in (*first.items, *second.items)] == ["Alice", "Bob", "Carol"]
    assert {member.role for member in first.items} == {"member"}
    assert second.cursor is None


@pytest.mark.parametrize(
    ("query", "seqs", "has_more"),
    [
        ({}, list(range(1, 8)), False),
        ({"limit": "3"}, [5, 6, 7], True),
        ({"limit": "3", "before": "5"}, [2, 3, 4], True),
        ({"limit": "3", "after": "4"}, [5, 6, 7], False),
        ({"after": "0", "limit": "2"}, [1, 2], True),
        ({"search": "TEXT 3"}, [3], False),
        ({"search": "text", "limit": "2"}, [6, 7], True),
        ({"search": "text", "limit": "2", "before": "3"}, [1, 2], False),
    ],
)
def test_the_history_is_returned_in_pages(
    ask: Any, stage: Stage, query: dict[str, str], seqs: list[int], has_more: bool
):
    """The newest messages, before, after, or those that contain a text."""
    for seq in range(1, 8):
        stage.add_message(seq, channel_id="general", text=f"{SECRET} text {seq}")
    page = ask("GET", "/channels/general/messages", query=query).read(resources.MessagePage)
    assert ([message.seq for message in page.items], page.has_more) == (seqs, has_more)


@pytest.mark.parametrize(
    "query",
    [
        {"before": "0"},
        {"before": "x"},
        {"before": "-1"},
        {"after": "-1"},
        {"before": "9" * 13},
        {"after": "9" * 400},
        {"before": "5", "after": "1"},
        {"after": "1", "search": "tea"},
        {"search": "x" * 101},
    ],
)
def test_an_invalid_query_is_refused(ask: Any, query: dict[str, str]):
    """The message names a parameter."""
    answer = ask("GET", "/channels/general/messages", query=query)
    assert answer.refusal() == (400, "INVALID_REQUEST")
    assert any(f"'{name}'" in answer.text for name in query)


def test_a_read_marker_moves_forward_and_is_published(ask: Any, stage: Stage):
    """Not back, and not beyond the last message. It is published only if it moved."""
    stage.dynamodb.Table("channels").update_item(
        Key={"channelId": "general"},
        UpdateExpression="SET lastSeq = :ten",
        ExpressionAttributeValues={":ten": 10},
    )
    answers = [
        ask("PUT", "/channels/general/read-marker", body={"seq": seq}).read(resources.ReadPosition).read_seq
        for seq in (4, 4, 2, 99, 0)
    ]
    assert answers == [4, 4, 4, 10, 10]
    assert [event["detail"]["data"]["readSeq"] for event in stage.published()] == [4, 10]
    [channel] = ask("GET", "/channels").read(resources.ChannelPage).items
    assert (channel.read_seq, channel.unread) == (10, 0)


def test_unread_mentions_are_returned_by_channel(ask: Any, stage: Stage):
    """Until they are read, in the channels of the caller only."""
    for channel_id in ("general", "c-1"):
        for seq in (1, 2, 3):
            stage.add_message(seq, channel_id=channel_id, text="hi @alice.name" if seq > 1 else "hi")
    stage.dynamodb.Table("channels").update_item(
        Key={"channelId": "general"},
        UpdateExpression="SET lastSeq = :three",
        ExpressionAttributeValues={":three": 3},
    )

    def unread() -> list[tuple[str, tuple[int, ...]]]:
        page = ask("GET", "/mentions").read(resources.MentionPage)
        return [(item.channel_id, item.seqs) for item in page.items]

    assert unread() == [("general", (2, 3))]
    ask("PUT", "/channels/general/read-marker", body={"seq": 2})
    assert unread() == [("general", (3,))]
    ask("PUT", "/channels/general/read-marker", body={"seq": 3})
    assert unread() == []


@pytest.mark.parametrize("seq", [-1, 1.5, "1", None, True])
def test_a_read_marker_is_an_integer(ask: Any, seq: Any):
    """Numbers are not rounded and strings are not parsed."""
    answer = ask("PUT", "/channels/general/read-marker", body={"seq": seq})
    assert answer.refusal() == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/nothing"), ("DELETE", "/me"), ("POST", "/channels/general"), ("GET", "/me/secret")],
)
def test_an_unknown_route_is_not_found(ask: Any, method: str, path: str):
    """With a code of the contract, not the framework's message."""
    answer = ask(method, path)
    assert answer.refusal() == (404, "NOT_FOUND")
    assert json.loads(answer.text)["message"] == "There is no such route."


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/me", None),
        ("GET", "/users", None),
        ("GET", "/channels", None),
        ("POST", "/channels", {"name": "tea"}),
        ("POST", "/tickets", None),
        ("PUT", "/channels/general/read-marker", {"seq": 1}),
    ],
)
def test_an_exception_is_answered_with_a_correlation_id(
    ask: Any, logs: Logs, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
):
    """The client gets only the id, by which the log line with the exception is found."""
    for table in ("USERS", "MEMBERS"):
        monkeypatch.setenv(f"PARLEY_{table}_TABLE", "no-such-table")
    answer = ask(method, path, body=body)
    assert answer.refusal() == (500, "INTERNAL")
    assert json.loads(answer.text)["correlationId"] == "request-1"
    assert "no-such-table" not in answer.text
    [failed] = [line for line in logs.lines if line.get("message") == "failed"]
    assert (failed["correlationId"], failed["exception_name"]) == ("request-1", "ResourceNotFoundException")


def test_a_request_is_logged_in_one_line(ask: Any, logs: Logs):
    """With user, method, route pattern and status. Its class is a metric."""
    ask("GET", "/channels/general", resource="/channels/{channelId}")
    [line] = [line for line in logs.lines if "message" in line]
    assert (logs.metric("RestReads"), logs.metric("RestWrites")) == ([1], [])
    assert (line["message"], line["method"], line["route"], line["status"], line["userId"]) == (
        "answered",
        "GET",
        "/channels/{channelId}",
        200,
        "alice",
    )
