"""The inspector, on a real stage: runs on the drawing, one message's way, live lists, a channel's past."""

import json
import re
import time
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Locator, Page

from tests.browser.api_user import ApiUser
from tests.browser.axe import COLOURS, violations
from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect
from tests.local_stage import TestStage

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def channel(dora: BrowserUser, fay: ApiUser, gus: ApiUser) -> str:
    """A channel of the test's own: Dora watches, Fay and Gus are members with a socket each."""
    return dora.new_channel(f"inspected {uuid4().hex[:6]}", fay.user_id, gus.user_id)


def _open(user: BrowserUser, path: str) -> Page:
    """A page of the inspector."""
    user.page.goto(user.stage.url.rstrip("/") + path, wait_until="commit")
    expect(user.page.get_by_role("navigation", name="Inspector")).to_be_visible()
    return user.page


def _inspected(user: BrowserUser, path: str) -> Any:
    """What the inspector's API answers; None if it knows no such thing (yet)."""
    answer = user.api.get(f"{user.stage.url.rstrip('/')}/inspector-api{path}")
    return None if answer.status_code == 404 else answer.raise_for_status().json()


STEPS = ("SendMessage", "publish", "Deliver", "PostToConnections", "post frames")
"""What the trace of a delivered message shows, among other things."""


def _wait_told(user: BrowserUser, message_id: str) -> dict[str, Any]:
    """Wait until log and traces tell of a message's whole way, which they do a moment after its delivery."""
    way: dict[str, Any] = {}

    def told() -> bool:
        way.clear()
        way.update(_inspected(user, f"/follow/{message_id}") or {"traces": [], "hops": [], "runs": []})
        names = " ".join(name for trace in way["traces"] for name in _names(trace["segments"]))
        return (
            len(way["hops"]) == 6
            and all(run["status"] == "SUCCEEDED" for run in way["runs"])
            and all(post["outcome"] != "unknown" for post in way["posts"])
            and all(trace["connected"] for trace in way["traces"])
            and all(step in names for step in STEPS)
        )

    user.wait_until(told, f"the whole way of message {message_id} can be read")
    return way


def _names(segments: list[dict[str, Any]]) -> list[str]:
    return [name for each in segments for name in (each["name"], *_names(each["children"]))]


def _rows(page: Page, region: str) -> Locator:
    return page.get_by_role("region", name=region, exact=True).get_by_role("listitem")


def _state(page: Page, name: str) -> Locator:
    return page.locator(f'[data-state="{name}"]')


def _say(api_user: ApiUser, channel: str, text: str) -> str:
    """Have a message delivered; its id."""
    seq = api_user.send_message(channel, text)
    return str(next(frame["messageId"] for frame in reversed(api_user.frames) if frame.get("seq") == seq))


def _sent_to_a_lost_connection(dora: BrowserUser, channel: str, user_id: str) -> str:
    """Have Dora write a message that finds one connection gone; its text.

    Whatever is told to the channel first removes the connection, the presence of somebody else for instance. Then
    another message is written.
    """
    stage = dora.stage
    subscriptions = stage.resource("dynamodb").Table(stage.output("Data", "SubscriptionsTableName"))
    attempts = count(1)
    text = ""

    def found_gone() -> bool:
        nonlocal text
        text = f"Follow me, try {next(attempts)}"
        dora.composer.fill(text)
        lost = {"connectionId": f"gone-{uuid4().hex[:8]}", "expiresAt": int(time.time()) + 3_600}
        subscriptions.put_item(Item={"channelId": channel, "userId": user_id, **lost})
        dora.composer.press("Enter")
        expect(dora.message(text).get_by_role("img", name="Delivered")).to_be_visible()
        sent = next(each for each in dora.history(channel) if each["text"] == text)
        posts = _wait_told(dora, sent["messageId"])["posts"]
        return any(post["connectionId"] == lost["connectionId"] and post["outcome"] == "gone" for post in posts)

    dora.wait_until(found_gone, "a message finds a connection gone")
    return text


def test_a_message_is_followed_from_the_chat(dora: BrowserUser, fay: ApiUser, channel: str):
    """Its action leads to its whole way: hops that add up, every post accounted for, a gone one too."""
    dora.open_channel(channel)
    text = _sent_to_a_lost_connection(dora, channel, fay.user_id)
    dora.click_action(dora.message(text), "Inspect delivery")

    page = dora.page
    expect(page.get_by_role("heading", name=re.compile(r"^Message \d+ in #inspected"))).to_be_visible()
    assert re.search(r"/inspector/messages/[0-9a-f-]{36}$", page.url)
    expect(page.get_by_text("1 connection had closed")).to_be_visible()

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
    for name in STEPS:
        expect(trace.get_by_role("button", name=re.compile(rf"^{name} ?,")).first).to_be_visible()
    dora.screenshot("follow")


def test_a_run_lights_its_path(dora: BrowserUser, fay: ApiUser, channel: str):
    """States that the run entered are lit, others are not; each shows what it got and gave."""
    message_id = _say(fay, channel, "light the way")
    _wait_told(dora, message_id)
    page = _open(dora, f"/inspector/messages/{message_id}")
    page.get_by_role("region", name="Steps").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=re.compile("^Message sent"))).to_be_visible()
    assert re.search(r"/inspector/runs/[0-9a-f-]{36}$", page.url)
    for name in ("ReadEvent", "FindOriginal", "PersistOnce", "PostToConnections", "PostBatch", "Delivered"):
        expect(_state(page, name)).to_have_attribute("data-outcome", "succeeded")
    for name in ("EditMessage", "Superseded", "RejectContention", "DeliveryFailed"):
        expect(_state(page, name)).to_have_attribute("data-outcome", "none")
    expect(page.locator(".graph-edge-taken")).to_have_count(12)

    _state(page, "PersistOnce").click()
    panel = page.get_by_role("complementary", name="PersistOnce")
    expect(panel.get_by_text("aws-sdk:dynamodb:transactWriteItems")).to_be_visible()
    for part in ("Input", "Parameters", "Result", "Output"):
        expect(panel.get_by_role("region", name=part, exact=True)).to_be_visible()
    dora.screenshot("inspector-run")

    # By keyboard: down the path, into the Map.
    _state(page, "PersistOnce").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("complementary", name="FindRecipients")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Taken path only").check()
    expect(_state(page, "EditMessage")).to_have_count(0)
    expect(_state(page, "PostBatch")).to_have_attribute("data-outcome", "succeeded")


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


def test_a_failed_run_is_found_first_and_red(dora: BrowserUser, fay: ApiUser, channel: str, poisoned: str):
    """Failed first puts it at the head though others are newer, and the drawing shows where it failed and why."""
    page = _open(dora, "/inspector")
    expect(_rows(page, "Runs").filter(has_text="Parley.MalformedEvent").first).to_be_visible()
    fay.send_message(channel, "newer than the failure")
    expect(_rows(page, "Runs").first).to_contain_text("Fay in #inspected")
    expect(_rows(page, "Runs").first).to_contain_text("Delivered")
    page.get_by_role("checkbox", name="Failed first").check()
    first = _rows(page, "Runs").first
    expect(first).to_contain_text("Failed")
    expect(first).to_contain_text("Parley.MalformedEvent")
    first.get_by_role("button").click()
    expect(_state(page, "RejectMalformedEvent")).to_have_attribute("data-outcome", "succeeded")
    expect(_state(page, "DeliveryFailed")).to_have_attribute("data-outcome", "failed")
    expect(
        page.get_by_role("region", name="Run", exact=True).get_by_text("A field is missing").first
    ).to_be_visible()
    page.get_by_role("combobox", name="Status").select_option("failed")
    expect(first).to_contain_text("Parley.MalformedEvent")
    expect(_rows(page, "Runs").filter(has_text="Delivered")).to_have_count(0)
    dora.screenshot("inspector-failed")


def test_lists_move_and_can_be_narrowed_and_held_still(
    dora: BrowserUser, fay: ApiUser, gus: ApiUser, channel: str
):
    """Runs and events appear by themselves; filters hold for what comes later too; paused, nothing moves."""
    page = _open(dora, "/inspector")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    fay.send_message(channel, "before the filter")
    expect(_rows(page, "Runs").filter(has_text="Fay in #inspected").first).to_be_visible()
    page.get_by_role("combobox", name="Channel").select_option(channel)
    page.get_by_role("combobox", name="User").select_option(gus.user_id)
    expect(page.get_by_text("No matching runs")).to_be_visible()
    gus.send_message(channel, "let through")
    expect(_rows(page, "Runs")).to_have_count(1)
    fay.send_message(channel, "kept out")
    gus.send_message(channel, "let through after it")
    expect(_rows(page, "Runs")).to_have_count(2)
    expect(_rows(page, "Runs").filter(has_text="Fay")).to_have_count(0)

    page.get_by_role("link", name="Events").click()
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
    page.get_by_role("combobox", name="Type").select_option("MessageSent")
    page.get_by_role("combobox", name="Channel").select_option(channel)
    expect(_rows(page, "Events")).to_have_count(4)
    fay.start_typing(channel)
    fay.send_message(channel, "seen live")
    expect(_rows(page, "Events")).to_have_count(5)
    page.get_by_role("button", name="Pause live updates").click()
    fay.send_message(channel, "not seen yet")
    expect(page.get_by_text(re.compile(r"^\d+ new$"))).to_be_visible()
    expect(_rows(page, "Events")).to_have_count(5)
    page.get_by_role("button", name="Pause live updates").click()
    expect(_rows(page, "Events")).to_have_count(6)
    _rows(page, "Events").first.get_by_role("button").click()
    expect(page.get_by_role("complementary", name="Message sent").get_by_text("not seen yet")).to_be_visible()


@pytest.mark.thorough
def test_a_channel_is_as_it_was_at_any_moment(dora: BrowserUser, fay: ApiUser, gus: ApiUser, channel: str):
    """The slider goes through what happened: messages, the edit, the reaction, the deletion, by keyboard too."""
    first = fay.send_message(channel, "first words")
    second = gus.send_message(channel, "second words")
    fay.send(action="editMessage", channelId=channel, seq=first, text="better words")
    fay.wait_for_frame("messageEdited", seq=first)
    gus.send(action="addReaction", channelId=channel, seq=first, emoji="🎉")
    gus.wait_for_frame("reaction", seq=first)
    gus.send(action="deleteMessage", channelId=channel, seq=second)
    gus.wait_for_frame("messageDeleted", seq=second)

    def archived() -> bool:
        events = (_inspected(dora, f"/channels/{channel}/events") or {"items": []})["items"]
        return any(each["detailType"] == "MessageDeleted" for each in events)

    dora.wait_until(archived, "the archive has the deletion")
    page = _open(dora, f"/inspector/channels/{channel}")
    now = page.get_by_role("region", name=re.compile("^Messages in #inspected"))
    expect(now.get_by_text("better words")).to_be_visible()
    expect(now.get_by_text("This message was deleted.")).to_be_visible()
    members = page.get_by_role("list", name=re.compile("^Members of #inspected"))
    expect(members.get_by_role("listitem")).to_have_count(3)
    expect(members.get_by_role("listitem").filter(has_text="Fay")).to_contain_text("online")
    dora.screenshot("time-travel")

    slider = page.get_by_role("slider", name="Position in the channel's history")
    slider.focus()
    page.keyboard.press("Home")
    expect(now.get_by_text("No messages yet.")).to_be_visible()
    expect(page.get_by_text("No members yet.")).to_be_visible()

    told = page.locator(".history-description")
    at = count(1)

    def go_on_to(sentence: str) -> None:
        """One step after the other, until this is what happened."""
        last = int(slider.get_attribute("max") or 0)
        while told.inner_text() != sentence:
            step = next(at)
            assert step <= last, f"nothing of the kind: {sentence}"
            page.keyboard.press("ArrowRight")
            expect(slider).to_have_value(str(step))

    go_on_to("Fay sent a message")
    expect(now).to_contain_text("first words")
    expect(now).not_to_contain_text("second words")
    go_on_to("Gus sent a message")
    expect(now).to_contain_text("second words")
    go_on_to("Fay edited a message")
    expect(now).to_contain_text("better words")
    expect(now).not_to_contain_text("🎉")
    go_on_to("Gus reacted with 🎉")
    expect(now).to_contain_text("🎉")
    expect(now).to_contain_text("second words")
    go_on_to("Gus deleted a message")
    expect(now).to_contain_text("This message was deleted.")
    expect(now).not_to_contain_text("second words")


def test_each_view_is_clean_for_axe(dora: BrowserUser, fay: ApiUser, channel: str):
    """Names, roles and contrast in the light; what colours may break in the dark too."""
    message_id = _say(fay, channel, "look at me")
    _wait_told(dora, message_id)
    dora.page.emulate_media(reduced_motion="reduce")
    found: list[str] = []

    def check(what: str) -> None:
        expect(dora.page.locator(".spinner")).to_have_count(0)
        found.extend(f"light, {what}: {each}" for each in violations(dora.page))
        dora.page.emulate_media(color_scheme="dark")
        found.extend(f"dark, {what}: {each}" for each in violations(dora.page, *COLOURS))
        dora.page.emulate_media(color_scheme="light")

    page = _open(dora, "/inspector")
    _rows(page, "Runs").first.get_by_role("button").click()
    _state(page, "FindRecipients").click()
    expect(page.get_by_role("complementary", name="FindRecipients")).to_be_visible()
    check("a run")
    for path, drawn in (
        ("/inspector", page.locator('[data-state="Delivered"]')),
        ("/inspector/events", _rows(page, "Events").first),
        ("/inspector/messages", page.get_by_role("heading", name="Inspect the delivery of a message")),
        (f"/inspector/messages/{message_id}", page.get_by_role("region", name="Time by hop")),
        ("/inspector/channels", page.get_by_role("list", name="Channels").get_by_role("listitem").first),
        (f"/inspector/channels/{channel}", page.get_by_role("slider")),
    ):
        _open(dora, path)
        expect(drawn).to_be_visible()
        check(path.replace(message_id, "ID"))
    assert found == []


def test_it_fits_a_phone(new_user: NewUser, dora: BrowserUser, fay: ApiUser, channel: str):
    """Nothing is wider than the screen; a chosen run takes the list's place, and the way back is there."""
    message_id = _say(fay, channel, "small")
    _wait_told(dora, message_id)
    hugo = new_user("hugo", viewport=PHONE, has_touch=True)
    page = hugo.page
    for path, drawn in (
        ("/inspector/events", _rows(page, "Events").first),
        (f"/inspector/messages/{message_id}", page.get_by_role("region", name="Time by hop")),
        (f"/inspector/channels/{channel}", page.get_by_role("slider")),
        ("/inspector", _rows(page, "Runs").first),
    ):
        _open(hugo, path)
        expect(drawn).to_be_attached()
        expect(page.locator(".spinner")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    _rows(page, "Runs").first.get_by_role("button").click()
    expect(page.get_by_role("region", name="Runs", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Back to the workflow").click()
    expect(page.get_by_role("region", name="Runs", exact=True)).to_be_visible()


@pytest.mark.thorough
def test_it_is_only_where_the_stage_allows_it(new_user: NewUser, stage: TestStage):
    """Switched off, the chat does not know it; on AWS, consoles are linked and nothing local is shown."""
    ivy = new_user("ivy")
    config = httpx.get(f"{stage.url.rstrip('/')}/config.json").json()

    def serve(**changes: object) -> None:
        ivy.page.unroute_all()
        ivy.intercept("**/config.json", lambda route: route.fulfill(json={**config, **changes}))

    ivy.open_channel("general")
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


def test_a_stranger_sees_nothing(new_user: NewUser, stage: TestStage):
    """Without a session there is the door, and the API refuses."""
    page = new_user("ivy", signed_in=False).page
    page.goto(f"{stage.url.rstrip('/')}/inspector/runs")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator(".inspector")).to_have_count(0)
    for path in ("runs", "live", "follow/x", "channels/general/events"):
        assert httpx.get(f"{stage.url.rstrip('/')}/inspector-api/{path}").status_code == 401
