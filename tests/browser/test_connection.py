"""The connection comes and goes; what is said does not."""

import re
from collections import Counter
from itertools import cycle

import pytest
from playwright.sync_api import Page, WebSocket

from tests.browser import clock
from tests.browser.api_user import ApiUser
from tests.browser.browser_user import NETWORK_ERRORS, BrowserUser, NewUser
from tests.browser.expectations import expect
from tests.browser.socket_proxy import Frame

MINUTE_MS = 60_000

NOTE_STATUS_LINES = """
window.statusLines = [];
new MutationObserver(() => {
    for (const line of document.querySelectorAll(".connection-banner")) statusLines.push(line.textContent);
}).observe(document.body, {subtree: true, childList: true, characterData: true});
"""


def _status(page: Page):
    return page.locator("main").get_by_role("status").filter(has_text=re.compile("offline|connecting", re.I))


def _go_and_connect(user: BrowserUser, channel_id: str) -> None:
    """Open a channel, and have a message go all the way through the page's socket: it is open then, and in use."""
    user.open_channel(channel_id)
    user.send_message("hello")
    expect(user.message("hello").get_by_role("img", name="Delivered")).to_be_visible()


def _note_status_lines(page: Page) -> None:
    """From now on keep what the line about the connection says, however short."""
    expect(page.locator(".connection")).to_be_attached()
    page.evaluate(NOTE_STATUS_LINES)


def test_a_long_break_is_told_calmly_and_offline_is_not_reconnecting(new_user: NewUser):
    """After 5 s without a connection, not before, one line says so; no dialog; it goes when the break ends."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("weather")
    proxy = dora.proxy_sockets()
    dora.page.clock.install()
    _go_and_connect(dora, channel)
    clock.stop(dora.page)
    proxy.cut()
    dora.page.clock.run_for(4_000)
    # Drawn after whatever the four seconds brought.
    dora.send_message("kept for later")
    expect(dora.message("kept for later").get_by_role("img", name="Sending")).to_be_visible()
    expect(_status(dora.page)).to_have_count(0)
    dora.page.clock.run_for(2_000)
    expect(_status(dora.page)).to_contain_text("Reconnecting")
    expect(dora.page.get_by_role("dialog")).to_have_count(0)
    dora.context.set_offline(True)
    expect(_status(dora.page)).to_contain_text("You are offline")
    expect(_status(dora.page)).to_contain_text("1 message will be sent")
    dora.screenshot("offline")
    proxy.restore()
    dora.page.clock.resume()
    dora.context.set_offline(False)
    expect(_status(dora.page)).to_have_count(0)
    expect(dora.message("kept for later").get_by_role("img", name="Delivered")).to_be_visible()


@pytest.mark.thorough
def test_a_short_break_is_nobodys_business(new_user: NewUser):
    """A socket that is cut and back within a moment shows no line, and everything goes on."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("hiccup")
    proxy = dora.proxy_sockets()
    dora.page.clock.install()
    _go_and_connect(dora, channel)
    clock.stop(dora.page)
    _note_status_lines(dora.page)
    proxy.cut()
    proxy.restore()
    # The first try comes after half a second at the most.
    dora.page.clock.run_for(1_000)
    dora.send_message("after")
    expect(dora.message("after").get_by_role("img", name="Delivered")).to_be_visible()
    assert dora.page.evaluate("statusLines") == []


def test_what_was_said_in_ones_absence_is_there_on_return(new_user: NewUser, fay: ApiUser):
    """Messages, an edit and a deletion made meanwhile, here and in another channel: all there, in order, once."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    here, elsewhere = dora.new_channel("here", fay.user_id), dora.new_channel("elsewhere", fay.user_id)
    proxy = dora.proxy_sockets()
    _go_and_connect(dora, elsewhere)
    dora.channel_link("here").click()
    first, second = fay.send_message(here, "first"), fay.send_message(here, "second")
    expect(dora.message("second")).to_be_visible()
    proxy.cut()
    fay.send(action="editMessage", channelId=here, seq=first, text="first, put better")
    fay.send(action="deleteMessage", channelId=here, seq=second)
    fay.wait_for_frame("messageDeleted", seq=second)
    missed = [f"missed {number}" for number in range(1, 6)]
    for text in missed:
        fay.send_message(here, text)
    fay.send_message(elsewhere, "missed there")
    proxy.restore()
    expect(dora.message("missed 5")).to_be_visible()
    expect(dora.message("first, put better")).to_be_visible()
    expect(dora.message("This message was deleted.")).to_have_count(1)
    assert dora.texts() == ["first, put better", *missed]
    expect(dora.channel_link("elsewhere")).to_have_accessible_name(re.compile("1 unread"))
    dora.channel_link("elsewhere").click()
    expect(dora.message("missed there")).to_have_count(1)


@pytest.mark.thorough
def test_frames_that_are_lost_doubled_and_swapped_change_nothing(new_user: NewUser, fay: ApiUser):
    """A stream that drops, doubles and swaps frames ends as what was said: gaps are fetched, order is by seq."""
    dora = new_user("dora")
    channel = dora.new_channel("rough sea", fay.user_id)
    proxy = dora.proxy_sockets()
    kinds = cycle(("drop", "pass", "double", "delay", "pass", "drop", "delay", "double", "drop", "drop", "pass"))
    delayed: list[Frame] = []
    done: Counter[str] = Counter()

    def disturb(frame: Frame) -> list[Frame]:
        if frame["type"] != "message":
            return [frame]
        kind = next(kinds)
        done[kind] += 1
        if kind == "drop":
            return []
        if kind == "delay":
            delayed.append(frame)
            return []
        late, delayed[:] = list(delayed), []
        done["swap"] += len(late)
        return [frame, frame, *late] if kind == "double" else [frame, *late]

    _go_and_connect(dora, channel)
    proxy.replace_incoming(disturb)
    said = [f"wave {number:02}" for number in range(1, 17)]
    for text in said:
        fay.send_message(channel, text)
    dora.wait_until(lambda: done.total() - done["swap"] == len(said), "every message came by")
    assert min(done["drop"], done["double"], done["swap"]) >= 2, done
    proxy.pass_incoming()
    fay.send_message(channel, "calm")
    expect(dora.message("calm")).to_be_visible()
    for text in said:
        expect(dora.message(text)).to_have_count(1)
    assert dora.texts() == ["hello", *said, "calm"]


def test_a_frame_that_is_lost_is_fetched_without_waiting_for_another_connection(dora: BrowserUser, fay: ApiUser):
    """One message never arrives; the next shows the gap, and the missing one appears above it."""
    channel = dora.new_channel("gap", fay.user_id)
    proxy = dora.proxy_sockets()
    proxy.replace_incoming(lambda frame: [] if frame.get("text") == "lost on the way" else [frame])
    _go_and_connect(dora, channel)
    for text in ("here", "lost on the way", "here too"):
        fay.send_message(channel, text)
    expect(dora.message("lost on the way")).to_have_count(1)
    assert dora.texts() == ["hello", "here", "lost on the way", "here too"]


@pytest.mark.thorough
def test_an_idle_socket_is_kept_alive_well_within_ten_minutes(new_user: NewUser):
    """Five minutes without a word: the page pings, the server answers, the socket stays the same one."""
    dora = new_user("dora")
    channel = dora.new_channel("idle")
    sockets: list[WebSocket] = []
    dora.page.on("websocket", lambda socket: sockets.append(socket))
    dora.page.clock.install()
    _go_and_connect(dora, channel)
    clock.stop(dora.page)
    in_use = list(sockets)
    with in_use[-1].expect_event("framereceived", lambda payload: '"pong"' in str(payload)):
        dora.page.clock.fast_forward(5 * MINUTE_MS)
    dora.send_message("still here")
    expect(dora.message("still here").get_by_role("img", name="Delivered")).to_be_visible()
    # By now the page has read the pong, which came before this message: no deadline for it is left to pass.
    dora.page.clock.run_for(MINUTE_MS)
    assert not in_use[-1].is_closed()
    dora.send_message("and still")
    expect(dora.message("and still").get_by_role("img", name="Delivered")).to_be_visible()
    assert sockets == in_use


def test_a_fresh_socket_takes_over_before_the_two_hour_cut(new_user: NewUser, fay: ApiUser):
    """Before two hours are over, and with the session renewed, another socket opens and only then the old one
    closes; what is said meanwhile comes once."""
    dora = new_user("dora")
    channel = dora.new_channel("all day", fay.user_id)
    opened: list[WebSocket] = []
    renewals: list[str] = []
    dora.page.on("websocket", lambda socket: opened.append(socket))
    dora.page.on(
        "request", lambda request: renewals.append(request.url) if "/oauth2/token" in request.url else None
    )
    dora.page.clock.install()
    _go_and_connect(dora, channel)
    fay.send_message(channel, "early")
    expect(dora.message("early")).to_be_visible()
    clock.stop(dora.page)
    first = opened[-1]
    # A socket that takes over asks for what the one before may have missed.
    with (
        dora.page.expect_websocket() as taking_over,
        dora.page.expect_request(re.compile(r"/messages\?.*after=")),
    ):
        dora.page.clock.fast_forward(116 * MINUTE_MS)
    second = taking_over.value
    fay.send_message(channel, "in between")
    expect(dora.message("in between")).to_have_count(1)
    assert not first.is_closed()
    with first.expect_event("close"):
        dora.page.clock.fast_forward(6_000)
    assert not second.is_closed()
    assert renewals, "the session was renewed without a word"
    fay.send_message(channel, "late")
    expect(dora.message("late")).to_have_count(1)
    assert dora.texts() == ["hello", "early", "in between", "late"]
    expect(_status(dora.page)).to_have_count(0)
