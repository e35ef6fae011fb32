"""The inspector, on a real stage: runs on the drawing, one message's way, live lists, a channel's past."""

import json
import re
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.axe import violations
from tests.browser.visitors import Visit, Visitor, sign_in
from tests.browser.voice import Voice
from tests.local_stage import TestStage

PHONE = {"width": 390, "height": 844}
# A log or a trace reaches its reader a moment after the message its reader.
SETTLED_MS = 1_500


@pytest.fixture
def channel(stage: TestStage, dora: Visitor, fay: Voice, gus: Voice) -> str:
    """A channel of the test's own: Dora watches, Fay and Gus are members with a socket each."""
    # A client of its own: one kept from the test before may hold a connection that the server is just closing.
    headers = {"Authorization": stage.id_token(dora.person)}
    with httpx.Client(base_url=stage.api_url, headers=headers, timeout=20) as http:
        body = {"name": f"inspected {uuid4().hex[:6]}", "kind": "private"}
        channel_id = str(http.post("/channels", json=body).raise_for_status().json()["channelId"])
        for voice in (fay, gus):
            http.put(f"/channels/{channel_id}/members/{voice.user_id}").raise_for_status()
    return channel_id


def _open(visitor: Visitor, path: str) -> Page:
    """A page of the inspector."""
    sign_in_if_asked(visitor, path)
    expect(visitor.page.get_by_role("navigation", name="Inspector")).to_be_visible()
    return visitor.page


def sign_in_if_asked(visitor: Visitor, path: str) -> None:
    """Go there; a tab of its own takes up the session of the others."""
    visitor.page.goto(visitor.stage.url.rstrip("/") + path)
    door = visitor.page.get_by_role("button", name="Sign in")
    inside = visitor.page.locator(".inspector")
    expect(door.or_(inside).first).to_be_visible(timeout=20_000)
    if door.is_visible():
        sign_in(visitor.page, visitor.stage.url, visitor.person)
        visitor.page.goto(visitor.stage.url.rstrip("/") + path)


def _rows(page: Page, region: str) -> Locator:
    return page.get_by_role("region", name=region, exact=True).get_by_role("listitem")


def _state(page: Page, name: str) -> Locator:
    return page.locator(f'[data-state="{name}"]')


def _say(voice: Voice, channel: str, text: str) -> str:
    """Have a message delivered; its id."""
    seq = voice.say(channel, text)
    return str(next(frame["messageId"] for frame in reversed(voice.frames) if frame.get("seq") == seq))


def test_a_message_is_followed_from_the_chat(dora: Visitor, fay: Voice, channel: str, stage: TestStage):
    """Its action leads to its whole way: hops that add up, every post accounted for, a gone one too."""
    subscriptions = stage.resource("dynamodb").Table(stage.output("Data", "SubscriptionsTableName"))
    dora.go(channel)
    dora.composer.fill("Follow me")
    # Whoever joined or types is told to all connections, and would find the lost one first.
    dora.page.wait_for_timeout(SETTLED_MS + 1_000)
    lost = {"connectionId": f"gone-{uuid4().hex[:8]}", "expiresAt": int(time.time()) + 3_600}
    subscriptions.put_item(Item={"channelId": channel, "userId": fay.user_id, **lost})
    dora.composer.press("Enter")
    sent = dora.message("Follow me")
    expect(sent.get_by_role("img", name="Delivered")).to_be_visible()
    dora.page.wait_for_timeout(SETTLED_MS)
    dora.act_on(sent, "Follow this message")

    page = dora.page
    expect(page.get_by_role("heading", name=re.compile("^Message 1 in #inspected"))).to_be_visible()
    assert re.search(r"/inspector/messages/[0-9a-f-]{36}$", page.url)
    expect(page.get_by_text("1 connection had gone")).to_be_visible()

    total = page.locator("[data-total]")
    assert abs(float(total.get_attribute("data-sum") or 0) - float(total.get_attribute("data-total") or 0)) < 5
    expect(page.get_by_role("region", name="Time by hop").get_by_role("row")).to_have_count(8)

    posts = page.get_by_role("region", name="Posts")
    tally = posts.get_by_role("list", name="Outcomes")
    accounted = [int(text.split()[0]) for text in tally.get_by_role("listitem").all_inner_texts()]
    delivered, gone, _retried, missed = accounted
    assert (gone, missed) == (1, 0)
    assert delivered >= 3, "Dora's tab, Fay and Gus"
    expect(posts.get_by_role("row")).to_have_count(1 + delivered + gone)
    expect(posts.get_by_role("row").filter(has_text="Fay").filter(has_text="delivered")).to_have_count(1)

    trace = page.get_by_role("region", name=re.compile("^Trace 1-"))
    expect(trace.get_by_text("connected")).to_be_visible()
    for name in ("SendMessage", "publish", "Deliver", "PostToConnections", "post frames"):
        expect(trace.get_by_role("button", name=re.compile(rf"^{name} ?,")).first).to_be_visible()
    dora.picture("follow")


def test_a_run_lights_its_path(dora: Visitor, fay: Voice, channel: str):
    """States that the run entered are lit, others are not; each shows what it got and gave."""
    message_id = _say(fay, channel, "light the way")
    dora.page.wait_for_timeout(SETTLED_MS)
    page = _open(dora, f"/inspector/messages/{message_id}")
    page.get_by_role("region", name="Stations").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=re.compile("^Message sent"))).to_be_visible()
    assert re.search(r"/inspector/runs/[0-9a-f-]{36}$", page.url)
    for name in ("ReadEvent", "FindOriginal", "PersistOnce", "PostToConnections", "PostBatch", "Delivered"):
        expect(_state(page, name)).to_have_attribute("data-light", "succeeded")
    for name in ("EditMessage", "Superseded", "RejectContention", "DeliveryFailed"):
        expect(_state(page, name)).to_have_attribute("data-light", "none")
    expect(page.locator(".graph-edge-taken")).to_have_count(12)

    _state(page, "PersistOnce").click()
    panel = page.get_by_role("complementary", name="PersistOnce")
    expect(panel.get_by_text("aws-sdk:dynamodb:transactWriteItems")).to_be_visible()
    for part in ("Input", "Parameters", "Result", "Output"):
        expect(panel.get_by_role("region", name=part, exact=True)).to_be_visible()
    dora.picture("inspector-run")

    # By keyboard: down the path, into the Map.
    _state(page, "PersistOnce").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("complementary", name="FindRecipients")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Only this path").check()
    expect(_state(page, "EditMessage")).to_have_count(0)
    expect(_state(page, "PostBatch")).to_have_attribute("data-light", "succeeded")


@pytest.fixture
def poisoned(stage: TestStage) -> Iterator[str]:
    """The channel of an event that no state can take; its dead letter is taken away again."""
    channel = f"poisoned-{uuid4().hex[:8]}"
    detail = {"metadata": {"eventId": str(uuid4()), "actor": "nobody"}, "data": {"channelId": channel}}
    entry = {
        "Source": "parley",
        "DetailType": "MessageSent",
        "Detail": json.dumps(detail),
        "EventBusName": stage.output("Events", "EventBusName"),
    }
    assert stage.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
    yield channel
    queue = stage.output("Events", "DeliveryDeadLetterQueueUrl")
    sqs = stage.client("sqs")
    for letter in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        if channel in letter["Body"]:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=letter["ReceiptHandle"])


def test_a_failed_run_is_found_first_and_red(dora: Visitor, fay: Voice, channel: str, poisoned: str):
    """Failed first puts it at the head though others are newer, and the drawing shows where it failed and why."""
    dora.page.wait_for_timeout(SETTLED_MS)
    fay.say(channel, "newer than the failure")
    dora.page.wait_for_timeout(SETTLED_MS)
    page = _open(dora, "/inspector")
    page.get_by_role("checkbox", name="Failed first").check()
    first = _rows(page, "Runs").first
    expect(first).to_contain_text("Failed")
    expect(first).to_contain_text("Parley.MalformedEvent")
    first.get_by_role("button").click()
    expect(_state(page, "RejectMalformedEvent")).to_have_attribute("data-light", "succeeded")
    expect(_state(page, "DeliveryFailed")).to_have_attribute("data-light", "failed")
    expect(
        page.get_by_role("region", name="Run", exact=True).get_by_text("A field is missing").first
    ).to_be_visible()
    page.get_by_role("combobox", name="Status").select_option("failed")
    expect(_rows(page, "Runs").filter(has_text="Delivered")).to_have_count(0)
    dora.picture("inspector-failed")


def test_lists_move_and_can_be_narrowed_and_held_still(dora: Visitor, fay: Voice, gus: Voice, channel: str):
    """Runs and events appear by themselves; filters hold for what comes later too; paused, nothing moves."""
    page = _open(dora, "/inspector")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    fay.say(channel, "before the filter")
    expect(_rows(page, "Runs").filter(has_text="Fay in #inspected").first).to_be_visible()
    page.get_by_role("combobox", name="Channel").select_option(channel)
    page.get_by_role("combobox", name="User").select_option(gus.user_id)
    expect(page.get_by_text("No run fits")).to_be_visible()
    gus.say(channel, "let through")
    expect(_rows(page, "Runs")).to_have_count(1)
    fay.say(channel, "kept out")
    page.wait_for_timeout(SETTLED_MS)
    expect(_rows(page, "Runs")).to_have_count(1)

    page.get_by_role("link", name="Events").click()
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    page.get_by_role("combobox", name="Type").select_option("MessageSent")
    page.get_by_role("combobox", name="Channel").select_option(channel)
    expect(_rows(page, "Events")).to_have_count(3)
    fay.type_in(channel)
    fay.say(channel, "seen live")
    expect(_rows(page, "Events")).to_have_count(4)
    page.get_by_role("button", name="Pause live updates").click()
    fay.say(channel, "not seen yet")
    expect(page.get_by_text(re.compile(r"^\d+ new$"))).to_be_visible()
    expect(_rows(page, "Events")).to_have_count(4)
    page.get_by_role("button", name="Pause live updates").click()
    expect(_rows(page, "Events")).to_have_count(5)
    _rows(page, "Events").first.get_by_role("button").click()
    expect(page.get_by_role("complementary", name="Message sent").get_by_text("not seen yet")).to_be_visible()


def test_a_channel_is_as_it_was_at_any_moment(dora: Visitor, fay: Voice, gus: Voice, channel: str):
    """The slider goes through what happened: messages, the edit, the reaction, the deletion, by keyboard too."""
    first = fay.say(channel, "first words")
    second = gus.say(channel, "second words")
    fay.send(action="editMessage", channelId=channel, seq=first, text="better words")
    fay.wait("messageEdited", seq=first)
    gus.send(action="addReaction", channelId=channel, seq=first, emoji="🎉")
    gus.wait("reaction", seq=first)
    gus.send(action="deleteMessage", channelId=channel, seq=second)
    gus.wait("messageDeleted", seq=second)
    page = _open(dora, f"/inspector/channels/{channel}")
    now = page.get_by_role("region", name=re.compile("^Messages in #inspected"))
    expect(now.get_by_text("better words")).to_be_visible()
    expect(now.get_by_text("This message was deleted.")).to_be_visible()
    members = page.get_by_role("list", name=re.compile("^Members of #inspected"))
    expect(members.get_by_role("listitem")).to_have_count(3)
    expect(members.get_by_role("listitem").filter(has_text="Fay")).to_contain_text("online")
    dora.picture("time-travel")

    slider = page.get_by_role("slider", name="Moment in the channel's past")
    slider.focus()
    page.keyboard.press("Home")
    expect(now.get_by_text("Nothing was said yet.")).to_be_visible()
    expect(page.get_by_text("Nobody yet.")).to_be_visible()

    told = page.locator(".travel-told")
    seen: dict[str, str] = {}
    last = int(slider.get_attribute("max") or 0)
    for _ in range(last):
        page.keyboard.press("ArrowRight")
        sentence = told.inner_text()
        if sentence.endswith(("a message", "with 🎉")):
            page.wait_for_timeout(100)
            seen[sentence] = now.inner_text()
    assert "first words" in seen["Fay sent a message"]
    assert "second words" in seen["Gus sent a message"]
    assert "better words" in seen["Fay edited a message"]
    assert "🎉" not in seen["Fay edited a message"]
    assert "🎉" in seen["Gus reacted with 🎉"]
    assert "second words" not in seen["Gus deleted a message"]


def test_each_view_is_clean_forviolations(dora: Visitor, fay: Voice, channel: str):
    """Names, roles and contrast, light and dark."""
    message_id = _say(fay, channel, "look at me")
    dora.page.wait_for_timeout(SETTLED_MS)
    found: list[str] = []
    for scheme in ("light", "dark"):
        dora.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for path in (
            "/inspector",
            "/inspector/events",
            "/inspector/messages",
            f"/inspector/messages/{message_id}",
            "/inspector/channels",
            f"/inspector/channels/{channel}",
        ):
            page = _open(dora, path)
            expect(page.locator(".spinner")).to_have_count(0)
            found += [f"{scheme} {path.replace(message_id, 'ID')}: {each}" for each in violations(page)]
        _open(dora, "/inspector")
        _rows(dora.page, "Runs").first.get_by_role("button").click()
        _state(dora.page, "FindRecipients").click()
        expect(dora.page.get_by_role("complementary", name="FindRecipients")).to_be_visible()
        found += [f"{scheme} run: {each}" for each in violations(dora.page)]
    assert found == []


def test_it_fits_a_phone(visit: Visit, dora: Visitor, fay: Voice, channel: str):
    """Nothing is wider than the screen; a chosen run takes the list's place, and the way back is there."""
    message_id = _say(fay, channel, "small")
    dora.page.wait_for_timeout(SETTLED_MS)
    hugo = visit("hugo", viewport=PHONE, has_touch=True)
    for path in (
        "/inspector/events",
        f"/inspector/messages/{message_id}",
        "/inspector/channels/general",
        "/inspector",
    ):
        page = _open(hugo, path)
        expect(page.locator(".spinner")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    _rows(page, "Runs").first.get_by_role("button").click()
    expect(page.get_by_role("region", name="Runs", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Back to the workflow").click()
    expect(page.get_by_role("region", name="Runs", exact=True)).to_be_visible()


def test_it_is_only_where_the_stage_allows_it(visit: Visit, stage: TestStage):
    """Switched off, the chat does not know it; on AWS, consoles are linked and nothing local is shown."""
    ivy = visit("ivy")
    config = httpx.get(f"{stage.url.rstrip('/')}/config.json").json()

    def serve(**changes: object) -> None:
        ivy.page.unroute_all()

        def answer(route: Route) -> None:
            route.fulfill(json={**config, **changes})

        ivy.page.route("**/config.json", answer)

    ivy.page.get_by_role("button", name="You and settings").click()
    ivy.page.get_by_role("button", name="Inspector").click()
    expect(ivy.page.get_by_role("navigation", name="Inspector")).to_be_visible()
    ivy.page.get_by_role("link", name="Chat").click()
    expect(ivy.composer).to_be_visible()

    serve(inspector=False, inspectorApi=None)
    ivy.page.goto(f"{stage.url.rstrip('/')}/inspector")
    expect(ivy.composer).to_be_visible()
    ivy.page.get_by_role("button", name="You and settings").click()
    expect(ivy.page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(ivy.page.get_by_role("button", name="Inspector")).to_have_count(0)

    serve(inspectorApi=None)
    ivy.page.goto(f"{stage.url.rstrip('/')}/inspector")
    expect(ivy.page.get_by_role("heading", name="This stage runs on AWS")).to_be_visible()
    for name in ("Workflow", "Traces", "Dashboard", "Logs"):
        link = ivy.page.get_by_role("link", name=re.compile(f"^{name}"))
        expect(link).to_have_attribute("href", re.compile("console.aws.amazon.com"))
    expect(ivy.page.get_by_role("navigation", name="Inspector")).to_have_count(0)
    assert violations(ivy.page) == []


def test_a_stranger_sees_nothing(browser: Browser, stage: TestStage):
    """Without a session there is the door, and the API refuses."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stage.url.rstrip('/')}/inspector/runs")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator(".inspector")).to_have_count(0)
    context.close()
    for path in ("runs", "live", "follow/x", "channels/general/events"):
        assert httpx.get(f"{stage.url.rstrip('/')}/inspector-api/{path}").status_code == 401
