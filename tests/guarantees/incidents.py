"""The incidents of docs/incidents.md: each fault, what users see, and the commands that find and repair it.

`test_incidents.py` injects each fault into a local stage, runs these commands, and compares every screen with what
is stored; a unit test compares the page's table with this module. In commands, `{since}` is a time before the
fault, `{channel}` the channel of the users, `{message}` a message that was sent during the fault, and `{letter}` a
dead letter.
"""

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from botocore.exceptions import ClientError

from functions.aws.users import UNREADABLE_NAME
from ops.stage import user_sessions
from stacks.alarm_thresholds import DEAD_LETTERS_GROWTH, MAX_STATUS_AGE_SECONDS, MIN_CALLS, TIMEOUT_PERCENT
from tests.events import bus_event, envelope, publish
from tests.guarantees import alarms
from tests.guarantees.clients import ConnectedChannel
from tests.guarantees.faults import Faults, Rule
from tests.local_stage import ROOT, TestStage
from tests.resuming_client import ResumingClient
from tests.waiting import until

PAGE = ROOT / "docs" / "incidents.md"
BROKEN_HANDLER = "functions.handlers.not_deployed.handler"
DEPLOY = "`make deploy`"
SLOW_SECONDS = 4
"""Longer than any call takes without the fault."""
UNKNOWN_FRAME = "None"
"""The type of the frame by which API Gateway reports that a route's function failed: it has none."""


@dataclass
class Scene:
    """One incident: the stage, its faults, and a channel with two clients that chat."""

    stage: TestStage
    faults: Faults
    channel: ConnectedChannel
    since: str
    names: dict[str, str] = field(default_factory=dict)
    """What commands name: channel, since, message and letter."""
    later: list[asyncio.Task[Any]] = field(default_factory=list)
    """What users began during the fault; it ends after the repair."""

    @property
    def ada(self) -> ResumingClient:
        """The client that acts."""
        return self.channel.clients[0]

    @property
    def ben(self) -> ResumingClient:
        """The other one."""
        return self.channel.clients[1]

    def begin(self, work: Any) -> None:
        """Begin something that ends after the repair."""
        self.later.append(asyncio.create_task(work))

    def resource(self, logical_id: str, kind: str) -> str:
        """The name that CloudFormation chose for a resource, by the start of its logical id."""
        return self.stage.resource_name(logical_id, kind)

    def table(self, name: str) -> Any:
        """A table of the stage."""
        return self.stage.table(name)

    def table_name(self, name: str) -> str:
        """The name of a table."""
        return self.stage.output("Data", f"{name}TableName")


Strike = Callable[[Scene], AbstractContextManager[object]]
Act = Callable[[Scene], Awaitable[None]]


# --- what users do, and see -----------------------------------------------------------


async def nothing(_scene: Scene) -> None:
    """Users notice nothing."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One fault. `strike` injects it until its block ends, which is when its cause is removed."""

    fault: str
    users: str
    """What users see, in a phrase; `act` asserts it."""
    find: tuple[str, ...]
    clue: str
    """A regular expression for what the last command prints, and does not print before the fault."""
    cause: str
    """How its cause is removed."""
    repair: tuple[str, ...] = ()
    strike: Strike
    act: Act
    then: Act = nothing
    """What users see once the fault was found: `find` has shown by then that it struck what `act` did."""
    alarms: tuple[str, ...] = ()
    """The alarms that it raises, by their names in the runbook."""
    traffic: Act = nothing
    """What happens during the fault after `act`, again and again until the alarms have seen enough of it."""
    is_logged_late: bool = False
    """Whether the emulator logs it when the run has ended, after the fault. AWS logs it within seconds."""

    @property
    def commands(self) -> int:
        """How many commands find it."""
        return len(self.find)


async def send_and_wait(scene: Scene) -> None:
    """A message is acknowledged."""
    scene.names["message"] = await scene.channel.send(scene.ada, f"during the fault {uuid4().hex[:6]}")


async def send_to_failing_run(scene: Scene) -> None:
    """A message is acknowledged; a task of its run fails, and is repeated."""
    await send_and_wait(scene)
    await until(
        lambda: asyncio.to_thread(scene.faults.struck, where="task"), "a task of the workflow failed", every=0.2
    )


async def send_unanswered(scene: Scene) -> None:
    """A message is not acknowledged; the client sends it again until it is."""
    frames = scene.ada.frames_received
    before = frames[UNKNOWN_FRAME] + frames["error"]
    scene.begin(scene.channel.send(scene.ada, "until it is taken"))
    await scene.ada.wait_until(lambda: frames[UNKNOWN_FRAME] + frames["error"] > before)


def command_fails(**fields: object) -> Act:
    """A command of the socket is answered with an error that is no frame of Parley's."""

    async def act(scene: Scene) -> None:
        frames = scene.ada.frames_received
        before = frames[UNKNOWN_FRAME]
        socket = scene.ada.socket
        await socket.send(**{"channelId": scene.channel.channel_id, **fields})
        await scene.ada.wait_until(lambda: frames[UNKNOWN_FRAME] > before)

    return act


def request_fails(method: str, path: str) -> Act:
    """A request of the REST API is answered with 5xx, or 429 if its function is throttled."""

    async def act(scene: Scene) -> None:
        async def failed() -> bool:
            with suppress(httpx.TransportError):
                answer = await scene.ben.chat_client.api.call(
                    method, path.format(channel=scene.channel.channel_id)
                )
                return answer.status_code >= 500 or answer.status_code == 429
            return False

        await until(failed, f"{method} {path} failed", every=0.2)

    return act


async def reconnect_fails(scene: Scene) -> None:
    """A client whose socket was cut cannot connect again; the other one goes on."""
    failures = len(scene.ben.errors)
    scene.ben.cut()
    await scene.ben.wait_until(lambda: len(scene.ben.errors) > failures)
    assert not scene.ben.is_connected


async def reconnect(scene: Scene) -> None:
    """A client whose socket was cut connects again."""
    connections = scene.ben.connections
    scene.ben.cut()
    await scene.ben.wait_until(lambda: scene.ben.connections > connections)


def command_succeeds(**fields: object) -> Act:
    """A command of the socket is taken, late."""

    async def act(scene: Scene) -> None:
        socket = scene.ada.socket
        await socket.send(**{"channelId": scene.channel.channel_id, **fields})
        await asyncio.to_thread(scene.faults.wait_until_struck)

    return act


def request_succeeds(method: str, path: str) -> Act:
    """A request of the REST API is answered, late."""

    async def act(scene: Scene) -> None:
        answer = await scene.ben.chat_client.api.call(method, path.format(channel=scene.channel.channel_id))
        assert answer.status_code < 400

    return act


async def send_and_show(scene: Scene) -> None:
    """A message is acknowledged and shown, late."""
    await send_and_wait(scene)
    await scene.channel.wait_until_displayed(scene.names["message"])


async def edit_and_show(scene: Scene) -> None:
    """An edit is taken and shown to both, late."""
    await command_succeeds(**EDIT)(scene)
    text = str(EDIT["text"])
    await scene.ben.wait_until(lambda: all(text in str(client.screen) for client in scene.channel.clients))


async def leave_and_return(scene: Scene) -> None:
    """A user closes the chat and opens it again."""
    await scene.ben.stop()
    await asyncio.to_thread(scene.faults.wait_until_struck)
    scene.ben.start()
    await scene.ben.wait_until(lambda: scene.ben.is_connected)


async def type_text(scene: Scene) -> None:
    """A user types."""
    await scene.ada.socket.send(action="startTyping", channelId=scene.channel.channel_id)


async def no_user_is_shown_as_typing(scene: Scene) -> None:
    """The other client got no frame about it."""
    assert scene.ben.frames_received["typing"] == 0


async def leave_the_chat(scene: Scene) -> None:
    """A user closes the chat."""
    await scene.ben.stop()


async def is_shown_as_online(scene: Scene) -> None:
    """The other user still sees them as online. They come back later."""
    assert (await _as_ada_sees_ben(scene))["status"] == "online"
    scene.ben.start()
    await scene.ben.wait_until(lambda: scene.ben.is_connected)


async def _as_ada_sees_ben(scene: Scene) -> dict[str, Any]:
    page = await scene.ada.chat_client.api.get(f"/channels/{scene.channel.channel_id}/members", limit=50)
    ben = scene.ben.chat_client.user_id
    return next(dict(member) for member in page["items"] if member["userId"] == ben)


async def is_shown_as_unreadable(scene: Scene) -> None:
    """Ben's row is damaged: others see a stand-in for the name, and he goes on."""
    assert (await _as_ada_sees_ben(scene))["displayName"] == UNREADABLE_NAME
    me = await scene.ben.chat_client.api.get("/me")
    assert me["userId"] == scene.ben.chat_client.user_id
    scene.names["message"] = await scene.channel.send(scene.ben, "with a damaged row")


async def history_has_an_unreadable_message(scene: Scene) -> None:
    """The damaged message is at its place, and the others are shown."""
    await send_and_wait(scene)
    path = f"/channels/{scene.channel.channel_id}/messages"

    async def is_listed() -> bool:
        page = await scene.ben.chat_client.api.get(path, limit=50)
        return [message["unreadable"] for message in page["items"]] == [True, False]

    await until(is_listed, "the history had both messages", every=0.2)


async def channel_is_not_listed(scene: Scene) -> None:
    """The channel is missing from the list, which says that something is missing. Messages arrive."""
    page = await scene.ben.chat_client.api.get("/channels")
    assert scene.channel.channel_id not in {channel["channelId"] for channel in page["items"]}
    assert page["unreadable"] == 1
    await send_and_wait(scene)


async def sign_up_succeeds(scene: Scene) -> None:
    """An account is created."""
    await sign_up(scene, created=True)


async def sign_up_fails(scene: Scene) -> None:
    """No account can be created."""
    await sign_up(scene, created=False)


async def sign_up(scene: Scene, *, created: bool) -> None:
    """Try to create an account."""
    name = f"new-{uuid4().hex[:8]}"
    pool = scene.stage.stage.user_pool
    attributes = [{"Name": "email", "Value": f"{name}@example.com"}, {"Name": "name", "Value": "New"}]

    def is_created() -> bool:
        try:
            pool.client.sign_up(
                ClientId=pool.client_id,
                Username=name,
                Password="Parley-new-1",
                UserAttributes=attributes,  # type: ignore[arg-type]
            )
        except ClientError:
            return False
        return True

    assert await asyncio.to_thread(is_created) is created


async def history_is_missing(scene: Scene) -> None:
    """A client that opens the channel now does not get the first message."""
    page = await scene.ben.chat_client.api.get(f"/channels/{scene.channel.channel_id}/messages", limit=50)
    assert scene.names["lost"] not in {message["messageId"] for message in page["items"]}


async def ben_is_no_member(scene: Scene) -> None:
    """The channel's members cannot be listed by a member whose row is lost."""
    answer = await scene.ben.chat_client.api.call("GET", f"/channels/{scene.channel.channel_id}/messages")
    assert answer.status_code == 403


async def send_not_delivered(scene: Scene) -> None:
    """A message is acknowledged, and no screen shows it."""
    await send_and_wait(scene)


async def send_many_not_delivered(scene: Scene) -> None:
    """Messages are acknowledged, and no screen shows them. A period may end between any two of them: in it, or in
    the next one, there are as many as the growth of dead letters needs.
    """
    for number in range(2 * DEAD_LETTERS_GROWTH):
        await scene.channel.send(scene.ada, f"one of many {number}")


# --- traffic: enough calls, for long enough, for an alarm ------------------------------------


def many_calls(name: str) -> Act:
    """A function is called as often as a share of failed calls needs."""

    async def traffic(scene: Scene) -> None:
        await asyncio.to_thread(call, scene, name, MIN_CALLS)

    return traffic


def call(scene: Scene, name: str, times: int) -> None:
    """Call a function through Lambda's API, concurrently. It does not matter what it answers."""
    functions, function = scene.stage.client("lambda"), scene.resource(name, "AWS::Lambda::Function")
    with ThreadPoolExecutor(max_workers=times) as threads:
        for _ in range(times):
            threads.submit(functions.invoke, FunctionName=function, Payload=b"{}")


async def many_requests(scene: Scene) -> None:
    """As many requests of the REST API as a share needs. It does not matter what they are answered."""
    path = HISTORY.format(channel=scene.channel.channel_id)
    await asyncio.gather(*(scene.ben.chat_client.api.call("GET", path) for _ in range(MIN_CALLS)))


async def many_frames(scene: Scene) -> None:
    """As many unknown frames as a share needs."""
    for _ in range(MIN_CALLS):
        await scene.ada.socket.send(action="unknown", channelId=scene.channel.channel_id)
    await scene.ada.wait_until(lambda: scene.ada.frames_received[UNKNOWN_FRAME] >= MIN_CALLS)


async def many_unsent_messages(scene: Scene) -> None:
    """As many messages as a share needs, half of them by each user. Each of them is answered with an error."""
    sent: set[str] = set()
    for client in scene.channel.clients:
        for _ in range(MIN_CALLS // 2):
            identity = str(uuid4())
            await client.socket.send(
                action="sendMessage",
                channelId=scene.channel.channel_id,
                clientMessageId=identity,
                text="never taken",
            )
            sent.add(identity)
    # Not any errors: the clients' own messages are refused too, and one without an answer may be taken later.
    await scene.ada.wait_until(lambda: sent <= set().union(*(each.refused for each in scene.channel.clients)))


async def wait_for_minutes(scene: Scene) -> None:
    """Time passes, and users go on typing: what waits gets older than the alarm allows."""
    scene.faults.age_metrics(MAX_STATUS_AGE_SECONDS)
    await type_text(scene)


async def many_refused_requests(scene: Scene) -> None:
    """A period is over, and in the next one there are as many requests with an invalid token as a share needs."""
    scene.faults.age_metrics(alarms.PERIOD_SECONDS)
    async with httpx.AsyncClient() as client:
        for _ in range(MIN_CALLS):
            answer = await client.get(f"{scene.stage.api_url}/me", headers={"Authorization": "expired"})
            assert answer.status_code == 401


async def type_for_minutes(scene: Scene) -> None:
    """Both users type, for as many updates as the growth of dead letters needs. Each may do so five times."""
    for _ in range(DEAD_LETTERS_GROWTH // 2):
        for client in scene.channel.clients:
            await client.socket.send(action="startTyping", channelId=scene.channel.channel_id)


async def one_slow_call_of_each(scene: Scene) -> None:
    """A period is over, and in the next one each function is called once."""
    scene.faults.age_metrics(alarms.PERIOD_SECONDS)
    with ThreadPoolExecutor(max_workers=len(PRACTISED_SLOW)) as threads:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(threads, call, scene, name, 1) for name in PRACTISED_SLOW))


def seconds_near_timeout(scene: Scene, name: str) -> float:
    """A little more than the share of a function's timeout at which its alarm is raised."""
    function = scene.resource(name, "AWS::Lambda::Function")
    timeout = scene.stage.client("lambda").get_function_configuration(FunctionName=function)["Timeout"]
    return float(timeout) * TIMEOUT_PERCENT / 100 + 0.1


TRAFFIC: dict[str, tuple[tuple[str, ...], Act]] = {
    "ApiFunction": (("ApiErrors", "RestErrors"), many_requests),
    "DefaultRoute": (("DefaultErrors", "SocketErrors"), many_frames),
    "ConfirmSignUp": ((), nothing),
}
"""The alarms that a broken function raises, and the traffic for that, of those that are no route or queue."""


def errors_of(name: str) -> tuple[str, ...]:
    """The alarms that a broken function raises."""
    return TRAFFIC[name][0] if name in TRAFFIC else (f"{name}Errors",)


def traffic_of(name: str) -> Act:
    """The traffic that raises them."""
    return TRAFFIC[name][1] if name in TRAFFIC else many_calls(name)


def alarmed_name(name: str) -> str:
    """The name of a function in the names of its alarms, which is that of its module."""
    return {"ApiFunction": "Api", "DefaultRoute": "Default"}.get(name, name)


def throttles_of(name: str) -> tuple[str, ...]:
    """The alarms that a throttled function raises. Those of sign-ups have none."""
    return () if name == "ConfirmSignUp" else (f"{alarmed_name(name)}Throttles", "Unhealthy")


# --- faults ------------------------------------------------------------------------------


def rules(make: Callable[[Scene], list[Rule]]) -> Strike:
    """Faults of the emulator."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        with scene.faults.of(*make(scene)):
            yield

    return strike


def broken_function(name: str) -> Strike:
    """A function is deployed with a handler that does not exist."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        functions = scene.stage.client("lambda")
        function = scene.resource(name, "AWS::Lambda::Function")
        working = functions.get_function_configuration(FunctionName=function)["Handler"]

        def set_handler(handler: str) -> None:
            functions.update_function_configuration(FunctionName=function, Handler=handler)
            functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})

        set_handler(BROKEN_HANDLER)
        try:
            yield
        finally:
            set_handler(working)

    return strike


def throttled_function(name: str) -> Strike:
    """A function has a reserved concurrency of 0, so that each call is refused."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        functions = scene.stage.client("lambda")
        function = scene.resource(name, "AWS::Lambda::Function")
        functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        try:
            yield
        finally:
            functions.delete_function_concurrency(FunctionName=function)

    return strike


def throttled_table(name: str) -> Strike:
    """Every request to a table, of functions and of the workflow, is throttled."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        table = f'"{scene.table_name(name)}"'
        scene.faults.put(
            {"where": "request", "what": "throttle", "only": "DynamoDB_", "body": table},
            {"where": "task", "what": "throttle", "body": table},
        )
        try:
            yield
        finally:
            struck = scene.faults.struck()
            scene.faults.put()
            assert struck, f"no request to {name} was throttled"

    return strike


def slow_function(name: str) -> Strike:
    """Each call of a function takes SLOW_SECONDS longer."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        function = scene.resource(name, "AWS::Lambda::Function")
        rule: Rule = {"where": "function", "what": "hang", "only": function, "seconds": SLOW_SECONDS}
        with scene.faults.of(rule):
            yield

    return strike


def all_functions_near_their_timeout(scene: Scene) -> list[Rule]:
    """Each call of each function takes almost as long as it may."""
    return [
        {
            "where": "function",
            "what": "hang",
            "only": scene.resource(name, "AWS::Lambda::Function"),
            "seconds": seconds_near_timeout(scene, name),
        }
        for name in PRACTISED_SLOW
    ]


@contextmanager
def disabled_mapping(scene: Scene) -> Iterator[None]:
    """Lambda no longer reads the queue of status updates."""
    functions, function = scene.stage.client("lambda"), scene.resource("BroadcastStatus", "AWS::Lambda::Function")
    [mapping] = functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@contextmanager
def failing_status_updates(scene: Scene) -> Iterator[None]:
    """The function of status updates is broken until they are dead letters, on AWS for 15 minutes."""
    with soon_dead_letters(scene), broken_function("BroadcastStatus")(scene):
        yield


def damaged_row(table: str, attribute: str, find: Callable[[Scene], dict[str, Any]]) -> Strike:
    """An attribute of a row is overwritten by hand with a value of another type."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        key = find(scene)
        scene.names["row"] = shlex.join([table[0].lower() + table[1:], *map(str, key.values())])
        scene.table(table).update_item(
            Key=key,
            UpdateExpression="SET #name = :garbage",
            ExpressionAttributeNames={"#name": attribute},
            ExpressionAttributeValues={":garbage": ["garbage"]},
        )
        yield

    return strike


def deleted_row(table: str, find: Callable[[Scene], dict[str, Any]]) -> Strike:
    """A row is deleted by hand; nothing removes the cause."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        key = find(scene)
        rows = scene.table(table)
        assert "Attributes" in rows.delete_item(Key=key, ReturnValues="ALL_OLD")
        yield

    return strike


def first_message(scene: Scene) -> dict[str, Any]:
    """The row of the message that was sent before the fault."""
    seq, message_id, _ = scene.channel.stored()[0]
    scene.names["lost"] = message_id
    return {"channelId": scene.channel.channel_id, "seq": seq}


def first_message_id(scene: Scene) -> dict[str, Any]:
    """The row of its id."""
    return {"messageId": scene.channel.stored()[0][1]}


def channel_row(scene: Scene) -> dict[str, Any]:
    """The row of the channel."""
    return {"channelId": scene.channel.channel_id}


def bens_membership(scene: Scene) -> dict[str, Any]:
    """The row of a membership."""
    return {"userId": scene.ben.chat_client.user_id, "channelId": scene.channel.channel_id}


def bens_profile(scene: Scene) -> dict[str, Any]:
    """The row of a user."""
    return {"userId": scene.ben.chat_client.user_id}


def bens_connection(scene: Scene) -> dict[str, Any]:
    """The row of a user's connection."""
    rows = user_sessions.rows(scene.stage.stage, scene.ben.chat_client.user_id)
    return {name: rows[0][name] for name in ("userId", "connectionId")}


def bens_subscription(scene: Scene) -> dict[str, Any]:
    """The row by which it gets the channel's frames."""
    return {"channelId": scene.channel.channel_id, "connectionId": bens_connection(scene)["connectionId"]}


@contextmanager
def malformed_event(scene: Scene) -> Iterator[None]:
    """An event whose text is a number is on the bus."""
    data = {"channelId": scene.channel.channel_id, "messageId": str(uuid4()), "text": 7}
    publish(scene.stage, "MessageSent", envelope(data))
    yield


@contextmanager
def malformed_status_update(scene: Scene) -> Iterator[None]:
    """A status update without its fields is on the bus. On AWS it is a dead letter after 15 minutes."""
    with soon_dead_letters(scene):
        publish(scene.stage, "TypingStarted", envelope({"channelId": scene.channel.channel_id}))
        yield


@contextmanager
def soon_dead_letters(scene: Scene) -> Iterator[None]:
    """A status update that fails is received again after a second, not after three minutes."""
    sqs, url = scene.stage.client("sqs"), scene.stage.output("Events", "StatusQueueUrl")
    [timeout] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"].values()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": timeout})


@contextmanager
def stranger_in_the_replay_queue(scene: Scene) -> Iterator[None]:
    """The queue of replayed events has two records that are none: one is not even JSON."""
    url = scene.stage.output("Events", "ReplayQueueUrl")
    event = bus_event("TypingStarted", envelope({"channelId": scene.channel.channel_id}))
    scene.stage.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(event))
    yield


def junk_dead_letter(queue: str) -> Strike:
    """A queue's dead-letter queue has a record that no function can read."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        body = json.dumps({"junk": scene.channel.channel_id})
        url = scene.stage.output("Events", f"{queue.capitalize()}DeadLetterQueueUrl")
        scene.names["letter"] = scene.stage.client("sqs").send_message(QueueUrl=url, MessageBody=body)["MessageId"]
        yield

    return strike


@contextmanager
def misdeployed_workflow(scene: Scene) -> Iterator[None]:
    """The workflow is deployed with a state that fails at once."""
    machines = scene.stage.client("stepfunctions")
    arn = scene.stage.output("Delivery", "DeliverStateMachineArn")
    working = machines.describe_state_machine(stateMachineArn=arn)["definition"]
    broken = {
        "StartAt": "Broken",
        "QueryLanguage": "JSONata",
        "States": {"Broken": {"Type": "Fail", "Error": "Misdeployed", "Cause": "the definition is wrong"}},
    }
    machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(broken))
    try:
        yield
    finally:
        machines.update_state_machine(stateMachineArn=arn, definition=working)


@contextmanager
def disabled_rule(scene: Scene) -> Iterator[None]:
    """The rule that starts the workflow is disabled."""
    events, bus = scene.stage.client("events"), scene.stage.output("Events", "EventBusName")
    arn = scene.stage.output("Delivery", "DeliverStateMachineArn")
    [rule] = events.list_rule_names_by_target(TargetArn=arn, EventBusName=bus)["RuleNames"]
    events.disable_rule(Name=rule, EventBusName=bus)
    try:
        yield
    finally:
        events.enable_rule(Name=rule, EventBusName=bus)


@contextmanager
def killed_emulator(scene: Scene) -> Iterator[None]:
    """The emulator's process is killed."""
    scene.faults.kill_and_restart()
    yield


# --- the matrix ----------------------------------------------------------------------------

HISTORY = "/channels/{channel}/messages"
EDIT: dict[str, Any] = {"action": "editMessage", "seq": 1, "text": "edited"}

BROKEN_FUNCTIONS: tuple[tuple[str, str, Act], ...] = (
    ("ApiFunction", "history, people and channels do not load; open sockets go on", request_fails("GET", HISTORY)),
    ("Authorize", "a client that lost its socket cannot connect", reconnect_fails),
    ("Connect", "a client that lost its socket cannot connect", reconnect_fails),
    ("SendMessage", "messages stay unsent; each client sends them again", send_unanswered),
    ("ChangeMessage", "edits, deletions and reactions wait in the browser", command_fails(**EDIT)),
    ("StartTyping", "no user is shown as typing", command_fails(action="startTyping")),
    ("DefaultRoute", "nothing, unless a client sends unknown frames", command_fails(action="unknown")),
    ("Disconnect", "users who left are shown as online", leave_the_chat),
    ("BroadcastStatus", "presence and typing are late", type_text),
    ("ConfirmSignUp", "no account can be created (only where authMode is demo)", sign_up_fails),
)

PRACTISED_SLOW = tuple(name for name, _, _ in BROKEN_FUNCTIONS if name not in ("BroadcastStatus", "ConfirmSignUp"))
"""The functions that wait for almost as long as they may: ten seconds, or fourteen."""

SEEN_AFTERWARDS: dict[str, Act] = {
    "Disconnect": is_shown_as_online,
    "BroadcastStatus": no_user_is_shown_as_typing,
}
"""What users see of a function that has no answer, once it is known that it failed."""

SLOW_FUNCTIONS: tuple[tuple[str, str, Act], ...] = (
    ("ApiFunction", "history, people and channels load late", request_succeeds("GET", HISTORY)),
    ("Authorize", "a client that lost its socket connects late", reconnect),
    ("Connect", "a client that lost its socket connects late", reconnect),
    ("SendMessage", "messages are acknowledged late", send_and_show),
    ("ChangeMessage", "edits, deletions and reactions are taken late", edit_and_show),
    ("StartTyping", "typing is shown late", command_succeeds(action="startTyping")),
    ("DefaultRoute", "nothing, unless a client sends unknown frames", command_succeeds(action="unknown")),
    ("Disconnect", "users who left are shown as online for longer", leave_and_return),
    ("BroadcastStatus", "presence and typing are late", command_succeeds(action="startTyping")),
    ("PostToConnections", "messages are acknowledged, and shown late", send_and_show),
    ("ConfirmSignUp", "an account is created late (only where authMode is demo)", sign_up_succeeds),
)

DAMAGED_ROWS: tuple[tuple[str, str, str, str, Callable[[Scene], dict[str, Any]], Act], ...] = (
    (
        "a user", "Users", "username", "other users see *Unreadable user*; the user goes on",
        bens_profile, is_shown_as_unreadable,
    ),
    (
        "a message", "Messages", "sentAt", "the message is shown as unreadable at its place",
        first_message, history_has_an_unreadable_message,
    ),
    (
        "a channel", "Channels", "createdAt", "the channel is missing from the list of channels; messages arrive",
        channel_row, channel_is_not_listed,
    ),
    (
        "a membership", "Members", "joinedAt", "the member cannot open the channel",
        bens_membership, ben_is_no_member,
    ),
    (
        "a message's id", "MessageIds", "seq", "nothing; a duplicate of the message would be stored twice",
        first_message_id, nothing,
    ),
    (
        "a connection", "Connections", "sessionId", "nothing; the user may be shown as offline",
        bens_connection, nothing,
    ),
    ("a subscription", "Subscriptions", "userId", "typing and presence do not arrive", bens_subscription, nothing),
)  # fmt: skip

THROTTLED_TABLES: tuple[tuple[str, str, str, Act], ...] = (
    ("Channels", "workflow", "messages are acknowledged, and shown late", send_to_failing_run),
    ("MessageIds", "workflow", "messages are acknowledged, and shown late", send_to_failing_run),
    ("Messages", "workflow", "messages are acknowledged, and shown late", send_to_failing_run),
    ("Subscriptions", "workflow", "messages are acknowledged, and shown late", send_to_failing_run),
    ("Members", "SendMessage", "messages stay unsent; each client sends them again", send_unanswered),
    ("Reactions", "ApiFunction", "the history does not load", request_fails("GET", HISTORY)),
    ("Users", "ApiFunction", "people do not load", request_fails("GET", "/me")),
    ("Tickets", "ApiFunction", "nothing loads, and a client that lost its socket cannot connect", reconnect_fails),
    ("Rates", "ApiFunction", "a client that lost its socket cannot connect", reconnect_fails),
    ("Connections", "Connect", "a client that lost its socket cannot connect", reconnect_fails),
)

ONCE_MORE = ("replay --since {since} --channel {channel} --redeliver",)

INCIDENTS: tuple[Incident, ...] = (
    *(
        Incident(
            fault=f"the function {name} is broken",
            users=users,
            find=("logs --since {since}",),
            clue=rf"{name}\b.*ImportModuleError",
            cause=DEPLOY,
            strike=broken_function(name),
            act=act,
            then=SEEN_AFTERWARDS.get(name, nothing),
            alarms=errors_of(name),
            traffic=traffic_of(name),
        )
        for name, users, act in BROKEN_FUNCTIONS
    ),
    Incident(
        fault="the function PostToConnections is broken",
        users="messages are acknowledged, and shown to no other user until the channel is opened again",
        find=("runs --failed --since {since} --channel {channel}",),
        clue="ImportModuleError",
        cause=DEPLOY,
        repair=("redrive --queue delivery --channel {channel}",),
        strike=broken_function("PostToConnections"),
        act=send_many_not_delivered,
        alarms=("DeliveryDeadLetters", "DeliveryDeadLettersGrow", "PostToConnectionsErrors"),
    ),
    *(
        Incident(
            fault=f"the function {name} is throttled",
            users=users,
            find=("doctor",),
            clue=rf"{name} is throttled",
            cause="`aws lambda delete-function-concurrency`",
            strike=throttled_function(name),
            act=act,
            then=SEEN_AFTERWARDS.get(name, nothing),
            alarms=throttles_of(name),
        )
        for name, users, act in BROKEN_FUNCTIONS
    ),
    Incident(
        fault="the function PostToConnections is throttled",
        users="messages are acknowledged, and shown late",
        find=("doctor",),
        clue="PostToConnections is throttled",
        cause="`aws lambda delete-function-concurrency`",
        strike=throttled_function("PostToConnections"),
        act=send_not_delivered,
        alarms=throttles_of("PostToConnections"),
    ),
    *(
        Incident(
            fault=f"the function {name} is slow",
            users=users,
            find=("health --minutes 1",),
            # On a busy machine the call itself takes seconds too.
            clue=rf"{name}\b.*\s([{SLOW_SECONDS}-9]|[1-9]\d)\.\d\d s",
            cause="ends when what it waits for answers in time; `parley follow` shows where a message waited",
            strike=slow_function(name),
            act=act,
        )
        for name, users, act in SLOW_FUNCTIONS
    ),
    Incident(
        fault="the functions of both APIs take almost as long as they may",
        users="everything is late",
        find=("health --minutes 1",),
        clue=r"ApiFunction\b.*\s1\d\.\d\d s",
        cause="ends when what they wait for answers in time; `parley follow` shows where a message waited",
        strike=rules(all_functions_near_their_timeout),
        act=nothing,
        traffic=one_slow_call_of_each,
        alarms=tuple(f"{alarmed_name(name)}Duration" for name in PRACTISED_SLOW),
    ),
    *(
        Incident(
            fault=f"the table {name} is throttled",
            users=users,
            find=("logs --since {since}",),
            clue=r"workflow\b.*DynamoD[bB]\.\w+" if where == "workflow" else rf"{where}\b.*[Tt]hrottl",
            cause="ends when the table has capacity again: what waits is tried again until then",
            strike=throttled_table(name),
            act=act,
            is_logged_late=where == "workflow",
        )
        for name, where, users, act in THROTTLED_TABLES
    ),
    Incident(
        fault="the row of a message is deleted",
        users="a user who opens the channel does not see it",
        find=("check --channel {channel} --settle 0",),
        clue=r"messages \S+: ",
        cause="nothing to remove",
        repair=ONCE_MORE,
        strike=deleted_row("Messages", first_message),
        act=history_is_missing,
    ),
    Incident(
        fault="the row of a message's id is deleted",
        users="nothing; a duplicate of the message would be stored twice",
        find=("check --channel {channel} --settle 0",),
        clue=r"messageIds \S+: ",
        cause="nothing to remove",
        repair=ONCE_MORE,
        strike=deleted_row("MessageIds", first_message_id),
        act=nothing,
    ),
    Incident(
        fault="the row of a channel is deleted",
        users="the channel is missing from the list of channels",
        find=("check --channel {channel} --settle 0",),
        clue=r"channels \S+: ",
        cause="nothing to remove",
        repair=ONCE_MORE,
        strike=deleted_row("Channels", channel_row),
        act=nothing,
    ),
    Incident(
        fault="the row of a membership is deleted",
        users="the member cannot open the channel",
        find=("check --channel {channel} --settle 0",),
        clue=r"members \S+",
        cause="nothing to remove",
        repair=ONCE_MORE,
        strike=deleted_row("Members", bens_membership),
        act=ben_is_no_member,
    ),
    *(
        Incident(
            fault=f"the row of {what} is damaged",
            users=users,
            find=("check --channel {channel} --settle 0",),
            clue=rf"{table[0].lower() + table[1:]} .*: The row cannot be read",
            cause="nothing to remove",
            repair=("repair {row} --yes",),
            strike=damaged_row(table, attribute, find),
            act=act,
        )
        for what, table, attribute, users, find, act in DAMAGED_ROWS
    ),
    Incident(
        fault="a malformed status update is on the bus",
        users="nothing",
        find=("logs --since {since}", "dead-letters list"),
        clue=r"\sstatus\s.*{channel}",
        cause="correct the publisher",
        repair=("dead-letters discard {letter} --yes --keep-in {file}",),
        strike=malformed_status_update,
        act=nothing,
        alarms=("StatusDeadLetters",),
    ),
    Incident(
        fault="the function BroadcastStatus is broken for longer than status updates are tried again",
        users="no user is shown as typing, and presence is late",
        find=("dead-letters list",),
        clue=r"\sstatus\s.*{channel}",
        cause=DEPLOY,
        repair=("redrive --queue status",),
        strike=failing_status_updates,
        act=type_for_minutes,
        alarms=("StatusDeadLetters", "StatusDeadLettersGrow", "BroadcastStatusErrors"),
        traffic=many_calls("BroadcastStatus"),
    ),
    Incident(
        fault="the queue of status updates is not read",
        users="presence and typing are late",
        find=("health",),
        clue=r"\bstatus\b.*\s\d{3,} s",
        cause="`aws lambda update-event-source-mapping --enabled`",
        strike=disabled_mapping,
        act=type_text,
        alarms=("StatusAge",),
        traffic=wait_for_minutes,
    ),
    Incident(
        fault="a client repeats requests with a token that has expired",
        users="this user has to sign in again",
        find=("doctor",),
        clue="RestRefusals",
        cause="the user signs in; if it is one address, set a lower `firewallRequestsPerAddress`",
        strike=lambda _: nullcontext(),
        act=nothing,
        traffic=many_refused_requests,
        alarms=("RestRefusals",),
    ),
    Incident(
        fault="the queue of replayed events has a record that is none",
        users="nothing",
        find=("check --channel {channel} --settle 0", "dead-letters list"),
        clue=r"\sreplay\s.*{channel}",
        cause="correct the sender",
        repair=("dead-letters discard {letter} --yes --keep-in {file}",),
        strike=stranger_in_the_replay_queue,
        act=nothing,
    ),
    Incident(
        fault="a malformed event is on the bus",
        users="nothing",
        find=("dead-letters list",),
        clue=r"{channel}\s+Parley\.MalformedEvent",
        cause="correct the publisher",
        repair=("dead-letters discard {letter} --yes --keep-in {file}",),
        strike=malformed_event,
        act=nothing,
        alarms=("DeliveryDeadLetters", "WorkflowFailed"),
    ),
    *(
        Incident(
            fault=f"the queue {queue} has a record that cannot be read",
            users="nothing",
            find=("dead-letters list", "dead-letters show {letter}"),
            clue='"junk"',
            cause="correct the sender",
            repair=("dead-letters discard {letter} --yes --keep-in {file}",),
            strike=junk_dead_letter(queue),
            act=nothing,
            alarms=(f"{queue.capitalize()}DeadLetters",),
        )
        for queue in ("delivery", "status", "replay")
    ),
    Incident(
        fault="the bus refuses events",
        users="messages stay unsent; each client sends them again",
        find=("logs --since {since}",),
        clue=r"SendMessage\b.*(PublishError|Throttl|ClientError)",
        cause="ends when EventBridge accepts events again",
        strike=rules(lambda _: [{"where": "request", "what": "throttle", "only": "AWSEvents.PutEvents"}]),
        act=send_unanswered,
        traffic=many_unsent_messages,
        alarms=("SendMessageErrors",),
    ),
    Incident(
        fault="the workflow is deployed with a wrong definition",
        users="messages are acknowledged, and not shown",
        find=("runs --failed --since {since}",),
        clue="Misdeployed",
        cause=DEPLOY,
        repair=ONCE_MORE,
        strike=misdeployed_workflow,
        act=send_not_delivered,
        alarms=("WorkflowFailed",),
    ),
    Incident(
        fault="the rule that starts the workflow is disabled",
        users="messages are acknowledged, and not shown",
        find=("doctor",),
        clue="disabled: ",
        cause="`aws events enable-rule`, or " + DEPLOY,
        repair=ONCE_MORE,
        strike=disabled_rule,
        act=send_not_delivered,
    ),
    Incident(
        fault="posts to connections are slow",
        users="messages are shown late",
        find=("follow {message}",),
        clue=r"Post\w+\s+\d+\s+[2-9]\.\d\d s",
        cause="ends when API Gateway answers in time",
        # Every post, because posts of presence are under way too.
        strike=rules(lambda _: [{"where": "request", "what": "hang", "only": "/@connections/", "seconds": 2}]),
        act=send_and_wait,
    ),
    Incident(
        fault="the emulator is killed",
        users="sockets close; clients connect again and fetch what they missed",
        find=("status",),
        clue=r"restarted (once|\d+ times), last at (?P<at>\d{4}-[\dT:-]+)",
        cause="the supervisor starts it again by itself",
        strike=killed_emulator,
        act=send_and_wait,
    ),
)


def table() -> str:
    """The table of incidents in docs/incidents.md."""
    rows = [
        "| fault | users see | found by | commands | its cause is removed by | then repaired by |",
        "|---|---|---|---|---|---|",
    ]
    for incident in INCIDENTS:
        found = ", ".join(f"`parley {command}`" for command in incident.find)
        repaired = ", ".join(f"`parley {command}`" for command in incident.repair) or "nothing is left to repair"
        rows.append(
            f"| {incident.fault} | {incident.users} | {found} | {incident.commands} | {incident.cause} "
            f"| {repaired} |"
        )
    return "\n".join(rows)


def page() -> str:
    """docs/incidents.md with its two tables written again. A table is known by its first line."""
    blocks = PAGE.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    tables = {written.partition("\n")[0]: written for written in (table(), alarms.table(INCIDENTS))}
    return "\n\n".join(tables.get(block.partition("\n")[0], block) for block in blocks) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print("wrote docs/incidents.md")
