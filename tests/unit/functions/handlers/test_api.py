"""The REST API, route by route: what it answers, what it refuses, and what it never tells."""

import base64
import json
from typing import Any

import pytest

from functions.aws import members
from functions.chat.channels import direct
from functions.contract import resources
from functions.contract.events import ChannelKind
from functions.contract.model import Shape, timestamp
from functions.handlers import api
from tests.unit.builders import AT, CHANNEL, NOW_MS, SECRET, rest_event
from tests.unit.functions.handlers.conftest import Call, Logs
from tests.unit.stage import Stage

PRIVATE = CHANNEL.model_copy(update={"channel_id": "p-1", "kind": ChannelKind.PRIVATE, "name": "plans"})


class Answer:
    """A response, read."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.status: int = response["statusCode"]
        self.headers = {name: values[0] for name, values in response["multiValueHeaders"].items()}
        self.text: str = response["body"]

    def read(self, shape: type[Shape], status: int = 200) -> Any:
        """The body as the contract's shape: exactly its fields, no more and no fewer."""
        assert self.status == status, self.text
        found = shape.model_validate_json(self.text)
        assert found.model_dump(mode="json", by_alias=True) == json.loads(self.text)
        return found

    def refusal(self) -> tuple[int, str]:
        """Status and code of a refusal, whose sentence is one."""
        body = json.loads(self.text)
        error = resources.ErrorBody.model_validate(body)
        assert set(body) <= {"code", "message", "correlationId"}
        assert error.message[0].isupper()
        assert error.message.endswith(".")
        return self.status, error.code.value


@pytest.fixture
def ask(call: Call, stage: Stage) -> Any:
    """Send a request as somebody; the answer. `general` is there, as after anybody's first call."""
    stage.add_general()
    stage.published()

    def asked(method: str, path: str, **request: Any) -> Answer:
        answer = Answer(call(api.handler, rest_event(method, path, **request)))
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"
        return answer

    return asked


def test_the_first_call_makes_one_a_member_of_general(ask: Any, stage: Stage):
    """Whatever call it is; and a second one tells nobody again."""
    for _ in range(2):
        me = ask("GET", "/me").read(resources.User)
        assert (me.user_id, me.username, me.display_name, me.status) == ("alice", "alice.name", "Alice", "offline")
    assert stage.published_types() == ["MemberJoined"]
    page = ask("GET", "/channels").read(resources.ChannelPage)
    assert [(channel.name, channel.role) for channel in page.items] == [("general", "member")]


def test_one_may_take_another_name(ask: Any):
    """Trimmed and without what nobody sees; it stays."""
    assert ask("PUT", "/me", body={"displayName": "  Al\u202eice "}).read(resources.User).display_name == "Alice"
    assert ask("PUT", "/me", body={"displayName": "Queen"}).read(resources.User).display_name == "Queen"
    assert ask("GET", "/me").read(resources.User).display_name == "Queen"


@pytest.mark.parametrize("name", ["", " ", "\u200b", "x" * 65, 7, None, "\ud800"])
def test_a_name_that_is_none_is_refused(ask: Any, name: Any):
    """With the field, and not the value."""
    answer = ask("PUT", "/me", body={"displayName": name})
    assert answer.refusal() == (400, "INVALID_REQUEST")
    assert "'displayName'" in answer.text


def test_everyone_is_in_the_directory_in_pages(ask: Any, stage: Stage):
    """By name, with presence; the cursor is followed to the end."""
    for user_id in ("dora", "bob", "carol"):
        stage.add_user(user_id)
    ask("GET", "/me")
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
    """It is the client's fault, said so, and no fault of ours."""
    ask("GET", "/me")
    answer = ask("GET", path, query={"cursor": cursor, "scope": "discover"})
    assert answer.refusal() == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("path", ["/users", "/channels/general/members", "/channels/general/messages"])
@pytest.mark.parametrize("limit", ["0", "-1", "101", "x", "1.5", "٣", "9" * 30])
def test_a_limit_is_from_one_to_a_hundred(ask: Any, path: str, limit: str):
    """Anything else is refused, not rounded."""
    ask("GET", "/me")
    assert ask("GET", path, query={"limit": limit}).refusal() == (400, "INVALID_REQUEST")


def test_a_ticket_is_for_ones_own_session(ask: Any, stage: Stage):
    """It names the user as they are called now, and ends with their session."""
    ask("PUT", "/me", body={"displayName": "Queen"})
    ticket = ask("POST", "/tickets").read(resources.Ticket, status=201)
    assert ticket.expires_at == timestamp((NOW_MS // 1000 + 30) * 1000)
    assert ticket.session_expires_at == "2026-11-18T12:06:40.000Z"
    [row] = stage.rows("tickets")
    assert (row["userId"], row["displayName"], int(row["sessionExpiresAt"])) == ("alice", "Queen", 1795003600000)
    assert ticket.ticket not in json.dumps(row, default=str)


def test_a_new_channel_is_its_makers(ask: Any, stage: Stage):
    """Owned, listed, announced."""
    made = ask("POST", "/channels", body={"name": " Tea  time "}).read(resources.Channel, status=201)
    assert (made.name, made.kind, made.role, made.member_count) == ("Tea time", "public", "owner", 1)
    assert stage.published_types() == ["MemberJoined", "ChannelCreated"]
    page = ask("GET", "/channels").read(resources.ChannelPage)
    assert [channel.name for channel in page.items] == ["Tea time", "general"]
    assert ask("GET", f"/channels/{made.channel_id}").read(resources.Channel) == made


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
def test_a_channel_that_cannot_be_is_refused(ask: Any, stage: Stage, body: Any, refusal: tuple[int, str]):
    """And none is made."""
    ask("GET", "/me")
    answer = ask("POST", "/channels", body=body)
    assert answer.refusal() == refusal
    assert "frame" not in answer.text, "a request is not a frame"
    assert len([row for row in stage.rows("channels") if "kind" in row]) == 1


def test_public_channels_are_discovered_until_joined(ask: Any, stage: Stage):
    """Neither one's own nor private ones are among them."""
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


def test_a_direct_channel_is_found_or_made(ask: Any, stage: Stage):
    """The same from both sides and however often; told once."""
    ask("GET", "/me")
    ask("GET", "/me", user_id="bob")
    stage.published()
    mine = ask("POST", "/direct-messages", body={"userId": "bob"}).read(resources.Channel)
    theirs = ask("POST", "/direct-messages", body={"userId": "alice"}, user_id="bob").read(resources.Channel)
    assert mine.channel_id == theirs.channel_id == direct("alice", "bob", created_at=AT).channel_id
    assert mine.member_ids == ("alice", "bob")
    assert mine.member_count == 2
    assert stage.published_types() == ["ChannelCreated"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"userId": "alice"}, (403, "FORBIDDEN")),
        ({"userId": "nobody"}, (404, "NOT_FOUND")),
        ({"userId": ""}, (400, "INVALID_REQUEST")),
        ({"userId": "x" * 5000}, (400, "INVALID_REQUEST")),
        ({}, (400, "INVALID_REQUEST")),
    ],
)
def test_a_direct_channel_needs_somebody_else(ask: Any, body: Any, refusal: tuple[int, str]):
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
def test_a_foreign_private_channel_is_as_if_it_were_not(ask: Any, stage: Stage, method: str, path: str, body: Any):
    """The answer is the same for it, for one that is not there, and for the row that reserves a name."""
    ask("GET", "/me", user_id="bob")
    stage.add_channel(PRIVATE, "bob")
    stage.published()
    answers = [
        ask(method, path.replace("{id}", channel_id), body=body, user_id="alice")
        for channel_id in ("p-1", "nowhere", "name%23general", "a b")
    ]
    assert {answer.refusal() for answer in answers} <= {(404, "NOT_FOUND"), (403, "NOT_A_MEMBER")}
    assert len({(answer.status, answer.text) for answer in answers}) == 1
    too_long = ask(method, path.replace("{id}", "x" * 3000), body=body, user_id="alice")
    assert too_long.refusal() == (404, "NOT_FOUND"), "no table takes such a key"
    assert "MemberLeft" not in stage.published_types()
    assert members.get("members", "alice", "p-1") is None


def test_anybody_joins_a_public_channel_and_leaves_it(ask: Any, stage: Stage):
    """By their own hand; repeating either changes nothing."""
    stage.add_channel(CHANNEL, "bob")
    ask("GET", "/me")
    stage.published()
    for _ in range(2):
        joined = ask("PUT", "/channels/c-1/members/me").read(resources.Channel)
        assert (joined.role, joined.member_count) == ("member", 2)
    for _ in range(2):
        answer = ask("DELETE", "/channels/c-1/members/me")
        assert (answer.status, answer.text) == (204, "")
    assert stage.published_types() == ["MemberJoined", "MemberLeft"]
    seen = ask("GET", "/channels/c-1").read(resources.Channel)
    assert (seen.role, seen.member_count) == (None, 1)


def test_a_member_adds_others_and_the_owner_removes_them(ask: Any, stage: Stage):
    """Who is added sees the private channel; who is removed does not any more."""
    for user_id in ("alice", "bob", "carol"):
        ask("GET", "/me", user_id=user_id)
    stage.add_channel(PRIVATE, "alice", "bob", owner="alice")
    stage.published()
    ask("PUT", "/channels/p-1/members/carol", user_id="bob").read(resources.Channel)
    assert ask("GET", "/channels/p-1", user_id="carol").read(resources.Channel).role == "member"
    assert ask("DELETE", "/channels/p-1/members/carol", user_id="bob").refusal() == (403, "FORBIDDEN")
    assert ask("DELETE", "/channels/p-1/members/carol", user_id="alice").status == 204
    assert ask("GET", "/channels/p-1", user_id="carol").refusal() == (404, "NOT_FOUND")
    told = [(event["detail-type"], event["detail"]["data"]["changedBy"]) for event in stage.published()]
    assert told == [("MemberJoined", "bob"), ("MemberLeft", "alice")]


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("PUT", "/channels/c-1/members/bob", (403, "NOT_A_MEMBER")),
        ("PUT", "/channels/c-1/members/nobody", (404, "NOT_FOUND")),
        ("PUT", "/channels/c-1/members/" + "x" * 3000, (404, "NOT_FOUND")),
        ("DELETE", "/channels/c-1/members/bob", (403, "NOT_A_MEMBER")),
        ("PUT", "/channels/{direct}/members/carol", (403, "FORBIDDEN")),
        ("DELETE", "/channels/{direct}/members/me", (403, "FORBIDDEN")),
        ("DELETE", "/channels/{direct}/members/bob", (403, "FORBIDDEN")),
        ("GET", "/channels/c-1/members", (403, "NOT_A_MEMBER")),
        ("GET", "/channels/c-1/messages", (403, "NOT_A_MEMBER")),
    ],
)
def test_what_is_not_ones_to_do_is_refused(
    ask: Any, stage: Stage, method: str, path: str, refusal: tuple[int, str]
):
    """Strangers add nobody to a public channel and read nothing in it; a direct channel stays as it is."""
    for user_id in ("alice", "bob", "carol"):
        ask("GET", "/me", user_id=user_id)
    stage.add_channel(CHANNEL, "carol")
    pair = direct("alice", "bob", created_at=AT)
    stage.add_channel(pair, "alice", "bob", owner="alice")
    stage.published()
    assert ask(method, path.replace("{direct}", pair.channel_id)).refusal() == refusal
    assert stage.published() == []


def test_a_channels_members_come_with_presence_in_pages(ask: Any, stage: Stage):
    """Everyone once, with role and name."""
    for user_id in ("alice", "bob", "carol"):
        ask("GET", "/me", user_id=user_id)
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
def test_history_comes_in_pages(ask: Any, stage: Stage, query: dict[str, str], seqs: list[int], has_more: bool):
    """The newest, before, after, or what contains a word."""
    ask("GET", "/me")
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
def test_a_query_that_makes_no_sense_is_refused(ask: Any, query: dict[str, str]):
    """With the name of what is wrong."""
    ask("GET", "/me")
    answer = ask("GET", "/channels/general/messages", query=query)
    assert answer.refusal() == (400, "INVALID_REQUEST")
    assert any(f"'{name}'" in answer.text for name in query)


def test_a_read_marker_moves_forward_and_is_told(ask: Any, stage: Stage):
    """Never back, never past the last message; told only when it moved."""
    ask("GET", "/me")
    stage.dynamodb.Table("channels").update_item(
        Key={"channelId": "general"},
        UpdateExpression="SET lastSeq = :ten",
        ExpressionAttributeValues={":ten": 10},
    )
    stage.published()
    answers = [
        ask("PUT", "/channels/general/read-marker", body={"seq": seq}).read(resources.ReadPosition).read_seq
        for seq in (4, 4, 2, 99, 0)
    ]
    assert answers == [4, 4, 4, 10, 10]
    assert [event["detail"]["data"]["readSeq"] for event in stage.published()] == [4, 10]
    [channel] = ask("GET", "/channels").read(resources.ChannelPage).items
    assert (channel.read_seq, channel.unread) == (10, 0)


@pytest.mark.parametrize("seq", [-1, 1.5, "1", None, True])
def test_a_read_marker_is_a_whole_number(ask: Any, seq: Any):
    """Nothing is rounded or read out of a string."""
    ask("GET", "/me")
    answer = ask("PUT", "/channels/general/read-marker", body={"seq": seq})
    assert answer.refusal() == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/nothing"), ("DELETE", "/me"), ("POST", "/channels/general"), ("GET", "/me/secret")],
)
def test_an_unknown_route_is_not_found(ask: Any, method: str, path: str):
    """With our code, not a framework's words."""
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
def test_a_fault_of_ours_is_a_correlation_id_and_a_log_line(
    ask: Any, logs: Logs, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
):
    """The client learns nothing but the id that finds the rest in the log."""
    for table in ("USERS", "MEMBERS"):
        monkeypatch.setenv(f"PARLEY_{table}_TABLE", "no-such-table")
    answer = ask(method, path, body=body)
    assert answer.refusal() == (500, "INTERNAL")
    assert json.loads(answer.text)["correlationId"] == "request-1"
    assert "no-such-table" not in answer.text
    [failed] = [line for line in logs.lines if line["message"] == "failed"]
    assert (failed["correlationId"], failed["exception_name"]) == ("request-1", "ResourceNotFoundException")


def test_one_request_is_one_line(ask: Any, logs: Logs):
    """Who, which route by its pattern, and what came of it."""
    ask("GET", "/channels/general", resource="/channels/{channelId}")
    [line] = logs.lines
    assert (line["message"], line["method"], line["route"], line["status"], line["userId"]) == (
        "answered",
        "GET",
        "/channels/{channelId}",
        200,
        "alice",
    )
