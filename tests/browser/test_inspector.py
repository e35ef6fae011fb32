"""The inspector on a real stage: runs in the workflow graph, a message's delivery, live lists, channel history."""

import json
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Locator, Page

from tests.browser.api_user import ApiUser
from tests.browser.axe import COLOURS, violations
from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect
from tests.inspect_process import inspected
from tests.integration.commands import ops_command
from tests.local_stage import TestStage

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def channel(dora: BrowserUser, fay: ApiUser, gus: ApiUser) -> str:
    """A channel of dora, fay and gus, for one test. Fay and gus have one socket each."""
    return dora.new_channel(f"inspected {uuid4().hex[:6]}", fay.user_id, gus.user_id)


def _open(user: BrowserUser, path: str) -> Page:
    """Open a page of the inspector."""
    user.page.goto(user.stage.url.rstrip("/") + path, wait_until="commit")
    expect(user.page.get_by_role("navigation", name="Inspector")).to_be_visible()
    return user.page


def _inspector_api(user: BrowserUser, path: str) -> Any:
    """The response of the inspector's API; None for 404, for example before the message is found."""
    response = user.api.get(f"{user.stage.url.rstrip('/')}/inspector-api{path}")
    return None if response.status_code == 404 else response.raise_for_status().json()


STEPS = ("SendMessage", "publish", "Deliver", "PostToConnections", "post frames")
"""Some of the names in the trace of a delivered message."""


def _wait_for_report(user: BrowserUser, message_id: str) -> dict[str, Any]:
    """Wait until log and traces show all steps of a message, shortly after its delivery, and return the report."""
    report: dict[str, Any] = {}

    def is_complete() -> bool:
        report.clear()
        report.update(_inspector_api(user, f"/follow/{message_id}") or {"traces": [], "hops": [], "runs": []})
        names = " ".join(name for trace in report["traces"] for name in _names(trace["segments"]))
        return (
            len(report["hops"]) == 6
            and all(run["status"] == "SUCCEEDED" for run in report["runs"])
            and all(post["outcome"] != "unknown" for post in report["posts"])
            and all(trace["connected"] for trace in report["traces"])
            and all(step in names for step in STEPS)
        )

    user.wait_until(is_complete, f"the inspector shows all steps of message {message_id}")
    return report


def _names(segments: list[dict[str, Any]]) -> list[str]:
    """The names of segments and of those below them."""
    return [name for segment in segments for name in (segment["name"], *_names(segment["children"]))]


def _rows(page: Page, region: str) -> Locator:
    return page.get_by_role("region", name=region, exact=True).get_by_role("listitem")


def _state(page: Page, name: str) -> Locator:
    return page.locator(f'[data-state="{name}"]')


def _send_message(user: ApiUser, channel: str, text: str) -> str:
    """Send a message, wait for its frame, and return its messageId."""
    seq = user.send_message(channel, text)
    return str(next(frame["messageId"] for frame in reversed(user.frames) if frame.get("seq") == seq))


def _send_to_a_stale_connection(dora: BrowserUser, channel: str, user_id: str) -> str:
    """Send a message as dora whose run posts to a stale connection of the user, and return its text.

    The first frame that is posted to the channel prunes the connection, and that can be another one, for example a
    presence frame. Then this stores another stale connection and sends another message.
    """
    stage = dora.stage
    subscriptions = stage.table("Subscriptions")
    attempts = count(1)
    text = ""

    def is_posted() -> bool:
        nonlocal text
        text = f"Follow me, try {next(attempts)}"
        dora.composer.fill(text)
        stale = {"connectionId": f"gone-{uuid4().hex[:8]}", "expiresAt": int(time.time()) + 3_600}
        subscriptions.put_item(Item={"channelId": channel, "userId": user_id, **stale})
        dora.composer.press("Enter")
        expect(dora.message(text).get_by_role("img", name="Delivered")).to_be_visible()
        sent = next(item for item in dora.history(channel) if item["text"] == text)
        posts = _wait_for_report(dora, sent["messageId"])["posts"]
        return any(post["connectionId"] == stale["connectionId"] and post["outcome"] == "gone" for post in posts)

    dora.wait_until(is_posted, "a message is posted to the stale connection")
    return text


def test_inspect_delivery_opens_a_messages_report(dora: BrowserUser, fay: ApiUser, channel: str):
    """The report shows hops that add up to the total, the outcome of every post, and the connected trace."""
    dora.open_channel(channel)
    text = _send_to_a_stale_connection(dora, channel, fay.user_id)
    dora.click_action(dora.message(text), "Inspect delivery")

    page = dora.page
    expect(page.get_by_role("heading", name=re.compile(r"^Message \d+ in #inspected"))).to_be_visible()
    assert re.search(r"/inspector/messages/[0-9a-f-]{36}$", page.url)
    expect(page.get_by_text("1 connection had closed")).to_be_visible()

    total = page.locator("[data-total]")
    assert abs(float(total.get_attribute("data-sum") or 0) - float(total.get_attribute("data-total") or 0)) < 5
    expect(page.get_by_role("region", name="Time by hop").get_by_role("row")).to_have_count(8)

    posts = page.get_by_role("region", name="Posts")
    outcomes = posts.get_by_role("list", name="Outcomes")
    counts = [int(text.split()[0]) for text in outcomes.get_by_role("listitem").all_inner_texts()]
    delivered, gone, _retried, undelivered = counts
    assert (gone, undelivered) == (1, 0)
    assert delivered >= 3, "dora's tab, fay and gus"
    expect(posts.get_by_role("row")).to_have_count(1 + delivered + gone)
    expect(posts.get_by_role("row").filter(has_text="Fay").filter(has_text="delivered")).to_have_count(1)

    trace = page.get_by_role("region", name=re.compile("^Trace 1-"))
    expect(trace.get_by_text("connected")).to_be_visible()
    for name in STEPS:
        expect(trace.get_by_role("button", name=re.compile(rf"^{name} ?,")).first).to_be_visible()
    dora.screenshot("follow")


@pytest.mark.thorough
def test_a_run_marks_its_states_in_the_graph(dora: BrowserUser, fay: ApiUser, channel: str):
    """States that the run entered are marked; a state's panel shows its input, parameters, result and output."""
    message_id = _send_message(fay, channel, "mark the states")
    _wait_for_report(dora, message_id)
    page = _open(dora, f"/inspector/messages/{message_id}")
    page.get_by_role("region", name="Steps").get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=re.compile("^Message sent"))).to_be_visible()
    assert re.search(r"/inspector/runs/[0-9a-f-]{36}$", page.url)
    for name in ("ReadEvent", "FindOriginal", "PersistOnce", "PostToConnections", "PostBatch", "Delivered"):
        expect(_state(page, name)).to_have_attribute("data-outcome", "succeeded")
    # Where the path does not fit, it is shown without the other states.
    page.get_by_role("checkbox", name="Taken path only").uncheck()
    for name in ("EditMessage", "Superseded", "RejectContention", "DeliveryFailed"):
        expect(_state(page, name)).to_have_attribute("data-outcome", "none")
    expect(page.locator(".WorkflowGraph_taken")).to_have_count(11)

    _state(page, "PersistOnce").click()
    panel = page.get_by_role("complementary", name="PersistOnce")
    expect(panel.get_by_text("aws-sdk:dynamodb:transactWriteItems")).to_be_visible()
    for part in ("Input", "Parameters", "Result", "Output"):
        expect(panel.get_by_role("region", name=part, exact=True)).to_be_visible()
    dora.screenshot("inspector-run")

    # By keyboard: to the next state of the path.
    _state(page, "PersistOnce").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("complementary", name="FindRecipients")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Taken path only").check()
    expect(_state(page, "EditMessage")).to_have_count(0)
    expect(_state(page, "PostBatch")).to_have_attribute("data-outcome", "succeeded")


@pytest.fixture
def malformed_event(stage: TestStage) -> Iterator[str]:
    """Publish a malformed event and return its channelId. Its dead letter is deleted after the test."""
    channel = f"malformed-{uuid4().hex[:8]}"
    detail = {"metadata": {"eventId": str(uuid4()), "actor": "unknown"}, "data": {"channelId": channel}}
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
    for dead_letter in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
        if channel in dead_letter["Body"]:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=dead_letter["ReceiptHandle"])


@pytest.mark.thorough
def test_failed_runs_are_listed_first(dora: BrowserUser, fay: ApiUser, channel: str, malformed_event: str):
    """With "Failed first" a failed run precedes newer ones, and the graph shows where it failed and why."""
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


@pytest.mark.thorough
def test_the_operators_pages_show_the_stage(dora: BrowserUser, fay: ApiUser, channel: str, malformed_event: str):
    """Dead letters have commands to copy, metrics are drawn as charts, and the service map leads to a trace."""
    fay.send_message(channel, "counted and traced")
    page = _open(dora, "/inspector")
    expect(_rows(page, "Runs").filter(has_text="Parley.MalformedEvent").first).to_be_visible()
    page.get_by_role("link", name="Dead letters").click()
    letter = (
        page.get_by_role("region", name="Dead letters of delivery").get_by_role("listitem")
        .filter(has_text=malformed_event[:8])
    )  # fmt: skip
    expect(letter.get_by_text("Parley.MalformedEvent")).to_be_visible()
    expect(letter.get_by_role("button", name="Copy the command: all fields")).to_be_visible()
    assert "redrive --queue delivery" in page.get_by_role("main").inner_text()
    dora.screenshot("inspector-dead-letters")

    page.get_by_role("link", name="Metrics").click()
    graph = page.get_by_role("region", name="Messages", exact=True)
    expect(graph.get_by_role("row").filter(has_text="sent")).to_be_visible()
    drawn = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert graph.locator("canvas").evaluate(drawn)
    expect(page.get_by_role("region", name="Alarms").get_by_role("heading", name="Alarms")).to_be_visible()
    dora.screenshot("inspector-metrics")

    page.get_by_role("link", name="Service map").click()
    drawing = page.get_by_role("region", name="Service map")
    drawing.get_by_role("button", name=re.compile("^Deliver ?workflow")).click()
    dora.screenshot("inspector-services")
    traces = page.get_by_role("complementary", name="Deliver").get_by_role("list", name="Newest traces")
    traces.get_by_role("link").first.click()
    expect(page.get_by_role("region", name=re.compile("^Trace 1-")).get_by_text("Deliver")).to_be_visible()


@pytest.mark.thorough
def test_lists_are_live_filtered_and_paused(dora: BrowserUser, fay: ApiUser, gus: ApiUser, channel: str):
    """New runs and events are listed if they match the filters, and only counted while updates are paused."""
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
def test_states_are_distinguished_with_forced_colours(dora: BrowserUser, fay: ApiUser, channel: str):
    """The current page and row have other colours than the rest; the marks of event types keep theirs."""
    fay.send_message(channel, "in high contrast")
    page = _open(dora, "/inspector/events")
    rows = _rows(page, "Events").get_by_role("button")
    # The events before the page was opened are listed too.
    expect(rows.filter(has_text="Message sent").first).to_be_visible()
    rows.first.click()
    # Without motion: in a transition to the forced colours, two elements have different colours for a moment.
    page.emulate_media(forced_colors="active", reduced_motion="reduce")

    def colour(element: Locator, name: str = "backgroundColor", part: str = "") -> list[str]:
        """Red, green and blue: the ground shows through a transparent background."""
        style = element.evaluate("(e, [name, part]) => getComputedStyle(e, part || null)[name]", [name, part])
        return re.findall(r"\d+", style)[:3]

    current = page.get_by_role("navigation", name="Inspector").get_by_role("link", name="Events")
    assert colour(current) != colour(page.get_by_role("link", name="Metrics"))
    assert colour(current, part="::after") == colour(current, "color"), "the line has the colour of the text"
    assert colour(page.locator("button[aria-current]")) != colour(rows.last)
    assert colour(rows.last.locator("span").first, part="::before") != colour(page.locator("body"))


@pytest.mark.thorough
def test_the_history_shows_a_channel_at_any_position(dora: BrowserUser, fay: ApiUser, gus: ApiUser, channel: str):
    """By keyboard, the slider steps through the channel's events: messages, an edit, a reaction, a deletion."""
    first = fay.send_message(channel, "first words")
    second = gus.send_message(channel, "second words")
    fay.send(action="editMessage", channelId=channel, seq=first, text="better words")
    fay.wait_for_frame("messageEdited", seq=first)
    gus.send(action="addReaction", channelId=channel, seq=first, emoji="🎉")
    gus.wait_for_frame("reaction", seq=first)
    gus.send(action="deleteMessage", channelId=channel, seq=second)
    gus.wait_for_frame("messageDeleted", seq=second)

    def is_archived() -> bool:
        events = (_inspector_api(dora, f"/channels/{channel}/events") or {"items": []})["items"]
        return any(event["detailType"] == "MessageDeleted" for event in events)

    dora.wait_until(is_archived, "the archive contains the deletion")
    page = _open(dora, f"/inspector/channels/{channel}")
    messages = page.get_by_role("region", name=re.compile("^Messages in #inspected"))
    expect(messages.get_by_text("better words")).to_be_visible()
    expect(messages.get_by_text("This message was deleted.")).to_be_visible()
    members = page.get_by_role("list", name=re.compile("^Members of #inspected"))
    expect(members.get_by_role("listitem")).to_have_count(3)
    expect(members.get_by_role("listitem").filter(has_text="Fay")).to_contain_text("online")
    dora.screenshot("time-travel")

    slider = page.get_by_role("slider", name="Position in the channel's history")
    slider.focus()
    page.keyboard.press("Home")
    expect(messages.get_by_text("No messages yet.")).to_be_visible()
    expect(page.get_by_text("No members yet.")).to_be_visible()

    description = page.get_by_role("region", name="Position").get_by_role("status")
    steps = count(1)

    def step_to(text: str) -> None:
        """Step forward until the description is this text."""
        last = int(slider.get_attribute("max") or 0)
        while description.inner_text() != text:
            step = next(steps)
            assert step <= last, f"no event is described as: {text}"
            page.keyboard.press("ArrowRight")
            expect(slider).to_have_value(str(step))

    step_to("Fay sent a message")
    expect(messages).to_contain_text("first words")
    expect(messages).not_to_contain_text("second words")
    step_to("Gus sent a message")
    expect(messages).to_contain_text("second words")
    step_to("Fay edited a message")
    expect(messages).to_contain_text("better words")
    expect(messages).not_to_contain_text("🎉")
    step_to("Gus reacted with 🎉")
    expect(messages).to_contain_text("🎉")
    expect(messages).to_contain_text("second words")
    step_to("Gus deleted a message")
    expect(messages).to_contain_text("This message was deleted.")
    expect(messages).not_to_contain_text("second words")


@pytest.mark.thorough
def test_axe_finds_no_violation_in_any_view(dora: BrowserUser, fay: ApiUser, channel: str):
    """All rules are checked in the light theme, and the rules about colour in the dark one."""
    message_id = _send_message(fay, channel, "look at me")
    _wait_for_report(dora, message_id)
    dora.page.emulate_media(reduced_motion="reduce")
    problems: list[str] = []

    def check(view: str) -> None:
        expect(dora.page.locator(".spinner")).to_have_count(0)
        problems.extend(f"light, {view}: {violation}" for violation in violations(dora.page))
        dora.page.emulate_media(color_scheme="dark")
        problems.extend(f"dark, {view}: {violation}" for violation in violations(dora.page, *COLOURS))
        dora.page.emulate_media(color_scheme="light")

    page = _open(dora, "/inspector")
    _rows(page, "Runs").first.get_by_role("button").click()
    _state(page, "FindRecipients").click()
    expect(page.get_by_role("complementary", name="FindRecipients")).to_be_visible()
    check("a run")
    for path, content in (
        ("/inspector", page.locator('[data-state="Delivered"]')),
        ("/inspector/events", _rows(page, "Events").first),
        ("/inspector/messages", page.get_by_role("heading", name="Inspect the delivery of a message")),
        (f"/inspector/messages/{message_id}", page.get_by_role("region", name="Time by hop")),
        ("/inspector/channels", page.get_by_role("list", name="Channels").get_by_role("listitem").first),
        (f"/inspector/channels/{channel}", page.get_by_role("slider")),
        ("/inspector/dead-letters", page.get_by_role("list", name="Queues")),
        ("/inspector/rows/channels/general", page.get_by_role("region", name="Row of channels")),
        ("/inspector/logs", page.get_by_role("textbox")),
        ("/inspector/connections", page.get_by_role("region", name="Connections")),
        ("/inspector/metrics", page.get_by_role("region", name="Dead letters", exact=True)),
        ("/inspector/services", page.get_by_role("region", name="Calls", exact=True)),
    ):
        _open(dora, path)
        expect(content).to_be_visible()
        check(path.replace(message_id, "ID"))
    assert problems == []


@pytest.mark.thorough
def test_it_fits_a_phone(new_user: NewUser, dora: BrowserUser, fay: ApiUser, channel: str):
    """No page is wider than the screen, and its tab is in view. An opened run replaces the list, and a button
    leads back to it."""
    message_id = _send_message(fay, channel, "small")
    _wait_for_report(dora, message_id)
    hugo = new_user("hugo", viewport=PHONE, has_touch=True)
    page = hugo.page
    for path, content in (
        ("/inspector/events", _rows(page, "Events").first),
        (f"/inspector/messages/{message_id}", page.get_by_role("region", name="Time by hop")),
        (f"/inspector/channels/{channel}", page.get_by_role("slider")),
        ("/inspector/dead-letters", page.get_by_role("list", name="Queues")),
        ("/inspector/metrics", page.get_by_role("region", name="Dead letters", exact=True)),
        ("/inspector/services", page.get_by_role("region", name="Calls", exact=True)),
        ("/inspector/rows", page.get_by_role("button", name="Look up")),
        ("/inspector", _rows(page, "Runs").first),
    ):
        _open(hugo, path)
        expect(content).to_be_attached()
        expect(page.locator(".spinner")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
        tab = page.get_by_role("navigation", name="Inspector").locator("[aria-current]")
        expect(tab).to_be_in_viewport(ratio=0.95)
    _rows(page, "Runs").first.get_by_role("button").click()
    expect(page.get_by_role("region", name="Runs", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Back to the workflow").click()
    expect(page.get_by_role("region", name="Runs", exact=True)).to_be_visible()


@pytest.mark.thorough
def test_the_inspector_depends_on_the_stages_configuration(new_user: NewUser, stage: TestStage):
    """If it is off, the chat has no link to it; on AWS it shows links to the consoles instead of its pages."""
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


def test_without_a_session_the_inspector_is_not_shown(new_user: NewUser, stage: TestStage):
    """The sign-in page is shown, and the inspector's API answers 401."""
    page = new_user("ivy", signed_in=False).page
    page.goto(f"{stage.url.rstrip('/')}/inspector/runs")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator(".InspectorScreen_screen")).to_have_count(0)
    for path in ("runs", "live", "follow/x", "channels/general/events"):
        assert httpx.get(f"{stage.url.rstrip('/')}/inspector-api/{path}").status_code == 401


@pytest.mark.thorough
def test_an_operator_inspects_without_a_chat(dora: BrowserUser, channel: str, tmp_path: Path):
    """The page of `parley inspect` shows a run without a sign-in, within its content security policy."""
    text = "Who reads this?"
    dora.open_channel(channel)
    dora.send_message(text)
    with inspected(ops_command(dora.stage), tmp_path) as address:
        page = dora.context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        runs = page.get_by_role("region", name="Runs", exact=True).get_by_role("listitem")
        runs.get_by_role("button").first.click()
        expect(page.get_by_role("region", name="Run", exact=True)).to_be_visible()
        assert "key=" not in page.url
        for name in ("Events", "Delivery", "History", "Dead letters", "Metrics", "Service map"):
            page.get_by_role("navigation", name="Inspector").get_by_role("link", name=name).click()
            expect(page.locator(".spinner")).to_have_count(0)
            expect(page.get_by_role("alert")).to_have_count(0)
        page.reload()
        expect(page.get_by_role("region", name="Service map")).to_be_visible()
        assert problems == []
        page.close()
