"""Lost connections, lost and repeated frames, and socket rotation: no message is lost or shown twice."""

import re
from collections import Counter
from collections.abc import Callable
from itertools import cycle

import pytest
from playwright.sync_api import Page, Request, WebSocket

from tests.browser import clock
from tests.browser.api_user import ApiUser
from tests.browser.browser_user import NETWORK_ERRORS, BrowserUser, NewUser
from tests.browser.expectations import expect
from tests.browser.socket_proxy import Frame

MINUTE_MS = 60_000
FOR_A_SOCKET = re.compile("/oauth2/token$|/tickets$")
"""The requests that come before a new socket."""

RECORD_BANNERS = """
window.banners = [];
new MutationObserver(() => {
    for (const line of document.querySelectorAll(".ConnectionBanner_banner")) banners.push(line.textContent);
}).observe(document.body, {subtree: true, childList: true, characterData: true});
"""


def _banner(page: Page):
    return page.locator("main").get_by_role("status").filter(has_text=re.compile("offline|connecting", re.I))


def _record_banners(page: Page) -> None:
    """Record the text of every connection banner from now on, however briefly it is displayed."""
    expect(page.locator(".ConnectionBanner_connection")).to_be_attached()
    page.evaluate(RECORD_BANNERS)


@pytest.mark.thorough
def test_a_long_interruption_shows_a_banner_which_distinguishes_offline_from_reconnecting(new_user: NewUser):
    """A banner, and no dialog, appears after 5 s without a connection, and disappears after reconnecting."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("weather")
    proxy = dora.proxy_sockets()
    dora.page.clock.install()
    dora.open_channel_and_connect(channel)
    clock.stop(dora.page)
    proxy.cut()
    dora.page.clock.run_for(4_000)
    # A message that is displayed after everything that the four seconds caused.
    dora.send_message("kept for later")
    expect(dora.message("kept for later").get_by_role("img", name="Sending")).to_be_visible()
    expect(_banner(dora.page)).to_have_count(0)
    dora.page.clock.run_for(2_000)
    expect(_banner(dora.page)).to_contain_text("Reconnecting")
    expect(dora.page.get_by_role("dialog")).to_have_count(0)
    dora.context.set_offline(True)
    expect(_banner(dora.page)).to_contain_text("You are offline")
    expect(_banner(dora.page)).to_contain_text("1 message will be sent")
    dora.screenshot("offline")
    proxy.restore()
    dora.page.clock.resume()
    dora.context.set_offline(False)
    expect(_banner(dora.page)).to_have_count(0)
    expect(dora.message("kept for later").get_by_role("img", name="Delivered")).to_be_visible()


@pytest.mark.thorough
def test_a_short_interruption_shows_no_banner(new_user: NewUser):
    """A socket that is cut and replaced within a second shows no banner, and messages are delivered."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("hiccup")
    proxy = dora.proxy_sockets()
    dora.page.clock.install()
    dora.open_channel_and_connect(channel)
    clock.stop(dora.page)
    _record_banners(dora.page)
    proxy.cut()
    proxy.restore()
    # The first attempt to reconnect comes within half a second.
    dora.page.clock.run_for(1_000)
    dora.send_message("after")
    expect(dora.message("after").get_by_role("img", name="Delivered")).to_be_visible()
    assert dora.page.evaluate("banners") == []


def test_changes_during_an_interruption_are_displayed_after_it(new_user: NewUser, fay: ApiUser):
    """Messages, an edit and a deletion in the open channel, and a message in another one: all once, in order."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    here, elsewhere = dora.new_channel("here", fay.user_id), dora.new_channel("elsewhere", fay.user_id)
    proxy = dora.proxy_sockets()
    dora.open_channel_and_connect(elsewhere)
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
def test_lost_repeated_and_reordered_frames_change_nothing(new_user: NewUser, fay: ApiUser):
    """The page displays all messages once, ordered by seq, because it fetches gaps and ignores repeated frames."""
    dora = new_user("dora")
    channel = dora.new_channel("rough sea", fay.user_id)
    proxy = dora.proxy_sockets()
    faults = cycle(("drop", "pass", "repeat", "delay", "pass", "drop", "delay", "repeat", "drop", "drop", "pass"))
    delayed: list[Frame] = []
    done: Counter[str] = Counter()

    def disturb(frame: Frame) -> list[Frame]:
        if frame["type"] != "message":
            return [frame]
        fault = next(faults)
        done[fault] += 1
        if fault == "drop":
            return []
        if fault == "delay":
            delayed.append(frame)
            return []
        late, delayed[:] = list(delayed), []
        done["reorder"] += len(late)
        return [frame, frame, *late] if fault == "repeat" else [frame, *late]

    dora.open_channel_and_connect(channel)
    proxy.replace_incoming(disturb)
    texts = [f"wave {number:02}" for number in range(1, 17)]
    for text in texts:
        fay.send_message(channel, text)
    dora.wait_until(lambda: done.total() - done["reorder"] == len(texts), "every message has passed the proxy")
    assert min(done["drop"], done["repeat"], done["reorder"]) >= 2, done
    proxy.pass_incoming()
    fay.send_message(channel, "calm")
    expect(dora.message("calm")).to_be_visible()
    for text in texts:
        expect(dora.message(text)).to_have_count(1)
    assert dora.texts() == ["hello", *texts, "calm"]


@pytest.mark.thorough
def test_a_lost_frame_is_fetched_while_the_connection_stays_open(dora: BrowserUser, fay: ApiUser):
    """One frame is dropped; the next one reveals the gap, and the missing message is displayed before it."""
    channel = dora.new_channel("gap", fay.user_id)
    proxy = dora.proxy_sockets()
    proxy.replace_incoming(lambda frame: [] if frame.get("text") == "lost on the way" else [frame])
    dora.open_channel_and_connect(channel)
    for text in ("here", "lost on the way", "here too"):
        fay.send_message(channel, text)
    expect(dora.message("lost on the way")).to_have_count(1)
    assert dora.texts() == ["hello", "here", "lost on the way", "here too"]


@pytest.mark.thorough
def test_an_idle_socket_is_kept_open_by_pings(new_user: NewUser):
    """Within five idle minutes the page sends a ping and the server answers; the socket stays open.

    API Gateway closes a socket after ten idle minutes.
    """
    dora = new_user("dora")
    channel = dora.new_channel("idle")
    sockets: list[WebSocket] = []
    dora.page.on("websocket", lambda socket: sockets.append(socket))
    dora.page.clock.install()
    dora.open_channel_and_connect(channel)
    clock.stop(dora.page)
    in_use = list(sockets)
    with in_use[-1].expect_event("framereceived", lambda payload: '"pong"' in str(payload)):
        dora.page.clock.fast_forward(5 * MINUTE_MS)
    dora.send_message("still here")
    expect(dora.message("still here").get_by_role("img", name="Delivered")).to_be_visible()
    # The page has received the pong, which came before this message: its deadline for the pong does not pass now.
    dora.page.clock.run_for(MINUTE_MS)
    assert not in_use[-1].is_closed()
    dora.send_message("and still")
    expect(dora.message("and still").get_by_role("img", name="Delivered")).to_be_visible()
    assert sockets == in_use


def test_a_new_socket_replaces_the_old_one_before_its_two_hours_end(new_user: NewUser, fay: ApiUser):
    """Before two hours are over another socket opens, with a renewed session, and then the old one closes.

    A message that is sent while both are open is displayed once.
    """
    dora = new_user("dora")
    channel = dora.new_channel("all day", fay.user_id)
    opened: list[WebSocket] = []
    renewals: list[str] = []
    frames: Counter[str] = Counter()
    requests: Counter[str] = Counter()

    def watch(socket: WebSocket) -> None:
        opened.append(socket)
        socket.on("framesent", lambda payload: frames.update(["ping"] if '"ping"' in str(payload) else []))
        socket.on("framereceived", lambda payload: frames.update(["pong"] if '"pong"' in str(payload) else []))

    def count(name: str) -> Callable[[Request], None]:
        return lambda request: requests.update([name] if FOR_A_SOCKET.search(request.url) else [])

    def wait_until_answered() -> None:
        """Wait until nothing that the page has begun for a new socket is under way."""
        sent = -1
        while requests["sent"] != sent:
            sent = requests["sent"]
            # The page has handled what it received before this answer: pongs, a session, a ticket.
            dora.page.evaluate("fetch('/').then(answer => answer.text())")
            dora.wait_until(lambda: requests["ended"] == requests["sent"], "the page has its session and ticket")

    dora.page.on("websocket", watch)
    dora.page.on(
        "request", lambda request: renewals.append(request.url) if "/oauth2/token" in request.url else None
    )
    dora.page.on("request", count("sent"))
    dora.page.on("requestfinished", count("ended"))
    dora.page.on("requestfailed", count("ended"))
    dora.page.clock.install()
    dora.open_channel_and_connect(channel)
    fay.send_message(channel, "early")
    expect(dora.message("early")).to_be_visible()
    clock.stop(dora.page)
    first = opened[-1]
    # After a new socket opens, the page requests messages that the old one may have missed.
    with dora.page.expect_request(re.compile(r"/messages\?.*after=")):
        # In steps with an answered ping each: the page takes a jump of ten minutes for a sleep. No step begins
        # while the page opens another socket: the old one closes five seconds after that.
        for _ in range(29):
            before = frames["ping"]
            dora.page.clock.fast_forward(4 * MINUTE_MS)
            dora.wait_until(
                lambda: frames["pong"] == frames["ping"] > before or opened[-1] is not first,  # noqa: B023
                "every ping was answered, or another socket opened",
            )
            wait_until_answered()
            if opened[-1] is not first:
                break
    second = opened[-1]
    assert second is not first
    fay.send_message(channel, "in between")
    expect(dora.message("in between")).to_have_count(1)
    assert not first.is_closed()
    with first.expect_event("close"):
        dora.page.clock.fast_forward(6_000)
    assert not second.is_closed()
    assert renewals, "the session was not renewed"
    fay.send_message(channel, "late")
    expect(dora.message("late")).to_have_count(1)
    assert dora.texts() == ["hello", "early", "in between", "late"]
    expect(_banner(dora.page)).to_have_count(0)
