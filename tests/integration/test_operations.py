"""The commands of `parley` that inspect and repair a stage: runs, tail, redrive, users, check."""

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus

from ops.stage import operations
from tests.chat_client import Api, Socket
from tests.events import bus_event, envelope, publish
from tests.integration.commands import ops_command, run_ops, run_ops_process, wait_until_followed
from tests.integration.conftest import NewClient
from tests.local_stage import ROOT, Person, TestStage
from tests.waiting import COMMAND_SECONDS, DEADLINE_SECONDS, until

pytestmark = pytest.mark.anyio


async def wait_for_runs(stage: TestStage, channel_id: str, *more: str) -> list[dict[str, Any]]:
    """The runs of a channel, as soon as there are any."""

    def poll() -> list[dict[str, Any]]:
        result = run_ops(stage, "runs", "--since", "5m", "--channel", channel_id, "--json", *more)
        assert result.code == 0, result.err
        return list(result.json)

    return await until(lambda: asyncio.to_thread(poll), f"there were runs of {channel_id}", every=0.2)


@pytest.mark.thorough
async def test_failed_runs_are_listed_first(stage: TestStage, new_client: NewClient):
    """A failed run is listed with its reason, before newer runs that succeeded."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"runs {uuid4()}"})
    channel_id = channel["channelId"]
    publish(stage, "MessageSent", envelope({"channelId": channel_id, "messageId": str(uuid4()), "text": 7}))
    await wait_for_runs(stage, channel_id, "--failed")
    ack = await dora.send_message("hello", channel_id=channel_id)
    await asyncio.to_thread(wait_until_followed, stage, ack["messageId"])
    runs = await wait_for_runs(stage, channel_id)
    assert [(run["status"], run["outcome"]) for run in runs] == [
        ("FAILED", None),
        ("SUCCEEDED", "delivered"),
        ("SUCCEEDED", "delivered"),
    ]
    assert "Parley.MalformedEvent" in runs[0]["trouble"]
    assert runs[0]["startedAt"] < runs[1]["startedAt"]
    assert runs[1]["messageId"] == ack["messageId"]
    failed = await wait_for_runs(stage, channel_id, "--failed")
    assert [run["runId"] for run in failed] == [runs[0]["runId"]]


async def test_a_malformed_event_stays_in_the_dead_letter_queue(stage: TestStage, new_client: NewClient):
    """A dry run keeps the dead letter; a redrive that fails again exits with 5 and leaves one dead letter."""
    await asyncio.to_thread(empty_dead_letters, stage)
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"malformed {uuid4()}"})
    publish(
        stage, "MessageSent", envelope({"channelId": channel["channelId"], "messageId": "m-malformed", "text": 7})
    )

    def poll() -> list[dict[str, Any]]:
        return list(run_ops(stage, "redrive", "--queue", "delivery", "--dry-run", "--json").json)

    dead_letters = await until(
        lambda: asyncio.to_thread(poll), "the event was in the dead-letter queue", every=0.2
    )
    assert [dead_letter["event"]["messageId"] for dead_letter in dead_letters] == ["m-malformed"]
    assert "Parley.MalformedEvent" in dead_letters[0]["reason"]
    result = await asyncio.to_thread(run_ops, stage, "redrive", "--queue", "delivery", "--json")
    assert result.code == 5
    assert [dead_letter["redriven"] for dead_letter in result.json] == [False]
    result = await asyncio.to_thread(run_ops, stage, "redrive", "--queue", "delivery", "--dry-run", "--json")
    assert [dead_letter["event"]["messageId"] for dead_letter in result.json] == ["m-malformed"]
    await asyncio.to_thread(empty_dead_letters, stage)


async def test_a_redrive_posts_only_to_the_undelivered_connections(stage: TestStage, new_client: NewClient):
    """Only the connection that the dead letter names gets the frame, and dead letters of other channels stay."""
    await asyncio.to_thread(empty_dead_letters, stage)
    dora, emil = await new_client("dora"), await new_client("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    ack = await dora.send_message("undelivered to emil", channel_id=opened["channelId"])
    await emil.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    report = await asyncio.to_thread(wait_until_followed, stage, ack["messageId"])
    [connection_id] = [post["connectionId"] for post in report["posts"] if post["userId"] == emil.user_id]
    dead_letter = {
        "event": report["runs"][0]["input"],
        "seq": report["message"]["seq"],
        "undelivered": [connection_id],
        "failure": {"Error": "Parley.Undelivered", "Cause": "Posts failed after every retry"},
    }
    url = stage.output("Events", "DeliveryDeadLetterQueueUrl")
    other_channel = json.dumps(dead_letter).replace(opened["channelId"], "another-channel")
    for body in (json.dumps(dead_letter), other_channel):
        stage.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    command = ("redrive", "--queue", "delivery", "--channel", opened["channelId"])
    result = await asyncio.to_thread(run_ops, stage, *command, "--json")
    assert result.code == 0, result.out + result.err
    assert len(result.json) == 1
    # The redriven run has ended, so that its posts to these sockets came before the next message's.
    later = await dora.send_message("delivered to both", channel_id=opened["channelId"])
    for client in (dora, emil):
        await client.sockets[0].wait_for_type("message", messageId=later["messageId"])
    assert len(emil.sockets[0].of_type("message", messageId=ack["messageId"])) == 2
    assert len(dora.sockets[0].of_type("message", messageId=ack["messageId"])) == 1
    result = await asyncio.to_thread(run_ops, stage, "redrive", "--queue", "delivery", "--dry-run", "--json")
    assert [dead_letter["event"]["channelId"] for dead_letter in result.json] == ["another-channel"]
    await asyncio.to_thread(empty_dead_letters, stage)


@pytest.mark.thorough
async def test_a_redriven_status_update_is_broadcast(stage: TestStage, new_client: NewClient):
    """A redriven dead letter of the status queue is broadcast to the channel's members."""
    dora, emil = await new_client("dora"), await new_client("emil")
    opened = await dora.api.post("/direct-messages", {"userId": emil.user_id})
    until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 60))
    data = {"channelId": opened["channelId"], "userId": dora.user_id, "until": until}
    event = bus_event("TypingStarted", envelope(data, actor=dora.user_id, occurred_at=until))
    url = stage.output("Events", "StatusDeadLetterQueueUrl")
    stage.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(event))
    result = await asyncio.to_thread(run_ops_process, stage, "redrive", "--queue", "status", "--json")
    assert result.code == 0, result.out + result.err
    await emil.sockets[0].wait_for_type("typing", channelId=opened["channelId"], userId=dora.user_id)


@pytest.mark.thorough
async def test_tail_prints_matching_events_and_removes_its_resources(stage: TestStage, new_client: NewClient):
    """`tail` prints the events that match its filter, one JSON object per line, and deletes its rule and queue."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"tail {uuid4()}"})
    arguments = [
        "tail",
        "--json",
        "--type",
        "MessageSent",
        "--channel",
        channel["channelId"],
        "--count",
        "2",
        "--seconds",
        str(int(DEADLINE_SECONDS)),
    ]
    tail = await asyncio.to_thread(
        subprocess.Popen,
        [*ops_command(stage), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tail.stderr is not None
        await asyncio.to_thread(tail.stderr.readline)  # a line when it is ready
        await dora.send_message("not here")
        for text in ("one", "two"):
            await dora.send_message(text, channel_id=channel["channelId"])
        out, _ = await asyncio.to_thread(tail.communicate, timeout=COMMAND_SECONDS)
    finally:
        tail.kill()
    lines = [json.loads(line) for line in out.splitlines()]
    assert sorted(line["detail"]["data"]["text"] for line in lines) == ["one", "two"]
    prefix = f"parley-{stage.stage.name}-tail-"
    rules = stage.client("events").list_rules(
        NamePrefix=prefix, EventBusName=stage.output("Events", "EventBusName")
    )["Rules"]
    assert rules == []
    assert stage.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", []) == []


def test_users_are_added_listed_and_disabled(stage: TestStage, monkeypatch: pytest.MonkeyPatch):
    """A new user can sign in, a disabled one cannot, and an unknown username is reported in one sentence."""
    username = f"ops-{uuid4().hex[:8]}"
    monkeypatch.setenv("PARLEY_PASSWORD", "Parley-ops-1")
    assert run_ops_process(stage, "users", "add", username, "--name", "Otto").code == 0
    assert stage.stage.user_pool.id_token(username, "Parley-ops-1")
    listed = {user["username"]: user for user in run_ops(stage, "users", "list", "--json").json}
    assert (listed[username]["displayName"], listed[username]["enabled"]) == ("Otto", True)
    assert run_ops(stage, "users", "disable", username).code == 0
    with pytest.raises(ClientError):
        stage.stage.user_pool.id_token(username, "Parley-ops-1")
    assert run_ops(stage, "users", "enable", username).code == 0
    assert stage.stage.user_pool.id_token(username, "Parley-ops-1")
    result = run_ops(stage, "users", "disable", "no-such-user")
    assert (result.code, result.err) == (3, "There is no user 'no-such-user'.\n")


OLD_PASSWORD, NEW_PASSWORD = "Parley-otto-1", "Parley-otto-2"


@pytest.mark.parametrize(
    ("command", "valid_password"),
    [
        (("disable",), None),
        (("delete", "--yes"), None),
        (("sign-out",), OLD_PASSWORD),
        (("password",), NEW_PASSWORD),
    ],
    ids=["disable", "delete", "sign-out", "password"],
)
async def test_taking_access_away_ends_sessions_now(
    stage: TestStage, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], valid_password: str | None
):
    """Sockets close, calls and tickets are refused, tokens are revoked; who may sign in again can."""
    monkeypatch.setenv("PARLEY_PASSWORD", NEW_PASSWORD)
    otto = await asyncio.to_thread(stage.new_user, "otto")
    tokens = await asyncio.to_thread(stage.stage.user_pool.sign_in, otto.username, otto.password)
    client = await stage.sign_in(otto)
    sockets = [await client.open_socket() for _ in range(2)]
    unused = await client.ticket()
    name, *options = command
    listed = await asyncio.to_thread(run_ops, stage, "users", "connections", otto.username, "--json")
    assert {connection["userId"] for connection in listed.json} == {client.user_id}
    ended = await asyncio.to_thread(run_ops, stage, "users", name, otto.username, *options, "--json")
    assert (ended.code, ended.json["userId"]) == (0, client.user_id), ended
    assert set(ended.json["closed"]) == {connection["connectionId"] for connection in listed.json}
    for socket in sockets:
        await socket.wait_until_closed()
    with pytest.raises(InvalidStatus):
        await Socket.open(stage.websocket_url, unused)
    for method, path in (("GET", "/me"), ("GET", "/channels/general/messages"), ("POST", "/tickets")):
        refused = await client.api.call(method, path)
        assert (refused.status_code, refused.json()["code"]) == (401, "SESSION_EXPIRED")
    with pytest.raises(ClientError):
        stage.client("cognito-idp").admin_initiate_auth(
            UserPoolId=stage.stage.user_pool.user_pool_id,
            ClientId=stage.stage.user_pool.client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )
    again = await asyncio.to_thread(run_ops, stage, "users", "connections", client.user_id, "--json")
    assert again.json == []
    for password in {OLD_PASSWORD, NEW_PASSWORD} - {valid_password}:
        with pytest.raises(ClientError):
            await asyncio.to_thread(stage.id_token, Person(otto.username, password))
    if valid_password:
        await until(
            lambda: can_sign_in(stage, Person(otto.username, valid_password)),
            "a session of a later second than the end of the others worked",
            every=0.2,
        )
    await client.close()


async def can_sign_in(stage: TestStage, person: Person) -> bool:
    """Whether a request of a new session of this user is answered."""
    token = await asyncio.to_thread(stage.id_token, person)
    api = Api.open(stage.api_url, token)
    response = await api.call("GET", "/me")
    await api.http.aclose()
    return response.status_code == 200


async def test_a_kicked_client_may_connect_again(stage: TestStage, new_client: NewClient):
    """Only its socket is closed; an unknown connection is an error, and closes nothing."""
    dora = await new_client("dora")
    wrong = await asyncio.to_thread(run_ops, stage, "users", "kick", dora.user_id, "--connection", "nope")
    assert (wrong.code, dora.sockets[0].is_open) == (3, True)
    kicked = await asyncio.to_thread(run_ops, stage, "users", "kick", dora.user_id)
    assert (kicked.code, kicked.out) == (0, "1 connection closed.\n")
    await dora.sockets[0].wait_until_closed()
    assert (await dora.open_socket()).is_open


def test_a_weak_password_leaves_no_half_user(stage: TestStage, monkeypatch: pytest.MonkeyPatch):
    """The same command with a better password works."""
    username = f"ops-{uuid4().hex[:8]}"
    monkeypatch.setenv("PARLEY_PASSWORD", "weak")
    refused = run_ops(stage, "users", "add", username)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert stage.stage.user_pool.find(username) is None
    monkeypatch.setenv("PARLEY_PASSWORD", "Parley-ops-1")
    assert run_ops(stage, "users", "add", username).code == 0


def test_a_username_that_the_user_pool_refuses_is_reported(stage: TestStage, monkeypatch: pytest.MonkeyPatch):
    """A username has no spaces, as on AWS."""
    monkeypatch.setenv("PARLEY_PASSWORD", "Parley-ops-1")
    refused = run_ops(stage, "users", "add", "two words")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "Value 'two words' at 'username'" in refused.err


@pytest.mark.thorough
async def test_check_reports_rows_that_were_changed_by_hand(stage: TestStage, new_client: NewClient):
    """`check` finds no difference in a used channel, and reports rows that were changed or added by hand."""
    dora = await new_client("dora")
    channel = await dora.api.post("/channels", {"name": f"check {uuid4()}"})
    channel_id = channel["channelId"]
    for text in ("one", "two"):
        ack = await dora.send_message(text, channel_id=channel_id)
        await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    # Every message has arrived, so there is nothing to wait for.
    command = ("check", "--channel", channel_id, "--settle", "0", "--json")
    result = await asyncio.to_thread(run_ops_process, stage, *command)
    assert (result.code, result.json["differences"]) == (0, []), result.out + result.err
    assert result.json["compared"]["messages"] == 2
    messages = stage.table("Messages")
    first = messages.get_item(Key={"channelId": channel_id, "seq": 1})["Item"]
    messages.put_item(Item={**first, "text": "forged"})
    messages.put_item(Item={**first, "seq": 99, "messageId": "made-up"})
    result = await asyncio.to_thread(run_ops, stage, *command)
    assert result.code == 4
    differences = {(item["kind"], item["table"], item["key"]) for item in result.json["differences"]}
    assert {("different", "messages", first["messageId"]), ("extra", "messages", "made-up")} <= differences


def test_a_missing_stage_is_reported_in_one_sentence(stage: TestStage, tmp_path: Path):
    """The command exits with 1 and prints one line to stderr."""
    nowhere = TestStage(stage.stage, tmp_path / "nowhere")
    result = run_ops_process(nowhere, "runs")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    "command",
    [
        ("runs", "--channel"),
        ("check", "--channel"),
        ("redrive", "--dry-run", "--channel"),
        ("replay", "--since", "5m", "--channel"),
        ("replay", "--since", "5m", "--user"),
        ("tail", "--seconds", "1", "--channel"),
        ("tail", "--seconds", "1", "--user"),
    ],
    ids=lambda command: f"{command[0]} {command[-1]}",
)
def test_a_name_that_does_not_exist_is_an_error(stage: TestStage, command: tuple[str, ...]):
    """Not an empty result, which would say that all is well."""
    result = run_ops(stage, *command, "no such name")
    assert (result.code, result.out) == (3, "")
    assert result.err.splitlines()[-1] == f"There is no {command[-1][2:]} 'no such name'."


@pytest.mark.parametrize("command", ["runs", "tail", "replay"])
def test_an_event_type_that_does_not_exist_is_an_error(stage: TestStage, command: str):
    """The message lists those that do."""
    result = run_ops(stage, command, "--type", "Nope", *(["--since", "5m"] if command == "replay" else []))
    assert result.code == 2
    assert "Unknown event type 'Nope': use one of MessageSent" in result.err


@pytest.mark.thorough
async def test_runs_are_filtered_by_the_name_of_the_channel(stage: TestStage, new_client: NewClient):
    """The filter applies before the limit: a run in trouble is found although newer ones are in other channels."""
    dora = await new_client("dora")
    name = f"named {uuid4()}"
    channel = await dora.api.post("/channels", {"name": name})
    ack = await dora.send_message("found by name", channel_id=channel["channelId"])
    await dora.sockets[0].wait_for_type("message", messageId=ack["messageId"])
    await wait_for_runs(stage, channel["channelId"])
    result = await asyncio.to_thread(run_ops, stage, "runs", "--channel", name.upper(), "--json")
    assert {run["channelId"] for run in result.json} == {channel["channelId"]}


ENVIRONMENT = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"), "http://127.0.0.1:9"),
    "AWS_PROFILE": "nowhere",
    "AWS_DEFAULT_REGION": "",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "HOME": "/nowhere",
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
}


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("users", "list"), marks=pytest.mark.thorough),
        ("token", "alice"),
        pytest.param(("doctor",), marks=pytest.mark.thorough),
    ],
    ids=" ".join,
)
def test_the_environment_of_the_operator_does_not_matter(stage: TestStage, command: tuple[str, ...]):
    """A local stage is reached without the proxy that the environment names, and without AWS settings."""
    if stage.state_dir is None:
        pytest.skip("A deployed stage is reached with the operator's settings.")
    result = run_ops_process(stage, *command, environment=ENVIRONMENT)
    assert result.code == 0, (result.out, result.err)


def empty_dead_letters(stage: TestStage) -> None:
    """Remove the dead letters of other tests."""
    sqs, url = stage.client("sqs"), stage.output("Events", "DeliveryDeadLetterQueueUrl")
    sqs.purge_queue(QueueUrl=url)


@pytest.mark.thorough
def test_commands_that_change_the_stage_are_recorded(stage: TestStage, monkeypatch: pytest.MonkeyPatch):
    """Who ran which command, with which options, and how it ended; a failed one too; reading leaves no record."""
    username = f"ops-{uuid4().hex[:8]}"
    monkeypatch.setenv("PARLEY_PASSWORD", "weak")
    assert run_ops(stage, "users", "add", username).code == 2
    monkeypatch.setenv("PARLEY_PASSWORD", "Parley-ops-1")
    assert run_ops(stage, "users", "add", username).code == 0
    assert run_ops(stage, "users", "connections", username).code == 0
    listed = run_ops(stage, "operations", "--since", "5m", "--json")
    found = [one for one in listed.json if one["options"].get("user") == username]
    assert [(one["command"], one["outcome"], one["exitCode"]) for one in found] == [
        ("users add", "done", 0),
        ("users add", "failed", 1),
    ]
    assert all("@" in one["operator"] or one["operator"].startswith("arn:") for one in found)
    assert "Parley-ops-1" not in listed.out
    assert username in run_ops(stage, "operations", "--since", "5m").out


async def test_another_operator_at_the_same_work_is_warned(stage: TestStage):
    """While a redrive runs, the next one says who runs it; afterwards none does."""

    def scenario() -> None:
        with operations.recorded(stage.stage, "redrive", {}, warn=lambda _: None):
            warned = run_ops(stage, "redrive", "--queue", "replay")
            assert operations.operator(stage.stage) in warned.err
            assert "may still be at work" in warned.err
        assert run_ops(stage, "redrive", "--queue", "replay").err == ""

    await asyncio.to_thread(scenario)


async def test_a_dead_letter_is_shown_discarded_and_put_back(
    stage: TestStage, new_client: NewClient, tmp_path: Path
):
    """With all its fields; the file that keeps it is enough to put it back."""
    await asyncio.to_thread(empty_dead_letters, stage)
    url = stage.output("Events", "DeliveryDeadLetterQueueUrl")
    data = {"channelId": "c-1", "messageId": "m-discarded", "text": 7}
    body = json.dumps(
        {"event": bus_event("MessageSent", envelope(data)), "failure": {"Error": "Parley.Malformed"}}
    )
    for text in (body, json.dumps({"something": "else"})):
        stage.client("sqs").send_message(QueueUrl=url, MessageBody=text)

    def parley(*arguments: str) -> Any:
        result = run_ops(stage, "dead-letters", *arguments, "--json")
        assert result.code == 0, result.out + result.err
        return result.json

    def ids() -> set[str]:
        return {letter["messageId"] for letter in parley("list")}

    def scenario() -> None:
        [letter] = [one for one in parley("list") if one["event"]["messageId"] == "m-discarded"]
        assert parley("show", letter["messageId"])["body"] == body
        shown = run_ops(stage, "dead-letters", "show", letter["event"]["eventId"]).out
        assert '"m-discarded"' in shown
        assert "Parley.Malformed" in shown
        kept = tmp_path / "kept.jsonl"
        parley("discard", letter["messageId"], "--yes", "--keep-in", str(kept))
        assert letter["messageId"] not in ids()
        assert len(ids()) == 1
        again = run_ops(stage, "dead-letters", "discard", letter["messageId"], "--yes")
        assert (again.code, again.err.count("\n")) == (3, 1)
        assert parley("restore", str(kept)) == [{"queue": "delivery", "messageId": letter["messageId"]}]
        assert len(ids()) == 2
        kept.write_text("not a dead letter\n")
        assert run_ops(stage, "dead-letters", "restore", str(kept)).code == 2
        assert len(ids()) == 2

    await asyncio.to_thread(scenario)
    await asyncio.to_thread(empty_dead_letters, stage)


@contextmanager
def api_without_its_table_of_users(stage: TestStage) -> Iterator[None]:
    """The REST API's function is deployed with the name of a table that does not exist."""
    functions = stage.client("lambda")
    function = stage.resource_name("ApiFunction", "AWS::Lambda::Function")
    working = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

    def set_environment(variables: dict[str, str]) -> None:
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
        functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})

    set_environment({**working, "PARLEY_USERS_TABLE": "Parley-no-such-table"})
    try:
        yield
    finally:
        set_environment(working)


async def test_an_error_is_found_by_its_correlation_id(stage: TestStage, new_client: NewClient):
    """In the log of the function that failed, by the id that the client was shown; and in the list of errors."""
    dora = await new_client("dora")
    with api_without_its_table_of_users(stage):
        failed = await dora.api.call("GET", "/me")
    correlation_id = failed.json()["correlationId"]

    def found() -> list[dict[str, Any]]:
        result = run_ops(stage, "logs", correlation_id, "--since", "5m", "--json")
        return list(result.json) if result.code == 0 else []

    lines = await until(lambda: asyncio.to_thread(found), "the lines of the request were logged", every=0.2)
    assert {line["function"] for line in lines} == {"ApiFunction"}
    [error] = [line for line in lines if line["level"] == "ERROR"]
    assert (error["correlationId"], bool(error["error"])) == (correlation_id, True)
    listed = await asyncio.to_thread(run_ops, stage, "logs", "--since", "5m", "--json")
    assert correlation_id in {line["correlationId"] for line in listed.json}
    shown = await asyncio.to_thread(run_ops, stage, "logs", correlation_id, "--since", "5m")
    assert "ApiFunction" in shown.out
    unknown = await asyncio.to_thread(run_ops, stage, "logs", str(uuid4()))
    assert (unknown.code, unknown.err.count("\n")) == (3, 1)


@pytest.mark.thorough
async def test_an_events_runs_are_found_by_its_correlation_id(stage: TestStage, new_client: NewClient):
    """The lines of send_message, of the workflow and of post_to_connections."""
    dora = await new_client("dora")
    ack = await dora.send_message("hello")
    report = await asyncio.to_thread(wait_until_followed, stage, ack["messageId"])
    correlation_id = report["event"]["correlationId"]

    def functions() -> set[str]:
        result = run_ops(stage, "logs", correlation_id, "--since", "5m", "--json")
        return {line["function"] for line in result.json} if result.code == 0 else set()

    async def complete() -> bool:
        return {"SendMessage", "workflow"} <= await asyncio.to_thread(functions)

    await until(complete, "the lines of the message were logged", every=0.2)
