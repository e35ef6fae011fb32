"""Own messages: displayed immediately, then sent and delivered; kept in the outbox while they cannot be sent."""

import re
from dataclasses import replace

import pytest

from tests.browser import clock
from tests.browser.browser_user import NETWORK_ERRORS, BrowserUser, NewUser, sign_in
from tests.browser.expectations import expect
from tests.browser.socket_proxy import Frame, SocketProxy, refusal


def _expect_state(user: BrowserUser, text: str, state: str) -> None:
    expect(user.message(text).get_by_role("img", name=state, exact=True)).to_be_visible()


@pytest.mark.thorough
def test_a_message_is_displayed_at_once_with_its_state(new_user: NewUser):
    """Its row shows "Sending" before the server answers, "Sent" after the ack, "Delivered" after the frame."""
    dora = new_user("dora")
    dora.page.clock.install()
    channel = dora.new_channel("states")
    proxy = dora.proxy_sockets()
    dora.open_channel_and_connect(channel)
    proxy.hold("ack", "message")
    # The held frames are not missed meanwhile, however slow the machine is.
    clock.stop(dora.page)
    dora.send_message("are you there?")
    proxy.wait_until_held("ack", "message")
    _expect_state(dora, "are you there?", "Sending")
    expect(dora.composer).to_have_value("")
    expect(dora.composer).to_be_focused()
    proxy.release("ack")
    _expect_state(dora, "are you there?", "Sent")
    proxy.release("message")
    _expect_state(dora, "are you there?", "Delivered")
    expect(dora.message("are you there?")).to_have_count(1)


@pytest.mark.thorough
def test_a_refused_message_shows_the_reason_and_is_sent_again_with_the_same_id(dora: BrowserUser):
    """It stays with the reason. "Send again" repeats its clientMessageId, so it cannot be stored twice."""
    channel = dora.new_channel("refused")
    proxy = dora.proxy_sockets()

    def refuse_first(frame: Frame) -> Frame | None:
        is_first = len(proxy.sent_messages()) <= 1
        return refusal(frame, "The channel is closed just now.") if is_first else None

    proxy.answer(refuse_first)
    dora.open_channel(channel)
    dora.send_message("please take this")
    failed = dora.message("please take this")
    expect(failed.get_by_role("alert")).to_contain_text("Not sent. The channel is closed just now.")
    dora.send_message("and this")
    _expect_state(dora, "and this", "Delivered")
    dora.page.reload()
    expect(failed.get_by_role("alert")).to_contain_text("Not sent.")
    failed.get_by_role("button", name="Send again").click()
    _expect_state(dora, "please take this", "Delivered")
    first, _, repeated = proxy.sent_messages()
    assert repeated["clientMessageId"] == first["clientMessageId"]
    assert [item["text"] for item in dora.history(channel)] == ["and this", "please take this"]


@pytest.mark.thorough
def test_a_refused_message_can_be_discarded(dora: BrowserUser):
    """A discarded message is not displayed any more, also after a reload."""
    channel = dora.new_channel("discarded")
    dora.proxy_sockets().answer(refusal)
    dora.open_channel(channel)
    dora.send_message("never mind")
    expect(dora.message("never mind").get_by_role("alert")).to_contain_text("Not sent.")
    dora.message("never mind").get_by_role("button", name="Discard").click()
    expect(dora.message("never mind")).to_have_count(0)
    dora.page.reload()
    expect(dora.log).to_contain_text("No messages yet")
    expect(dora.message("never mind")).to_have_count(0)


def test_messages_written_offline_are_sent_in_order_when_the_network_returns(new_user: NewUser):
    """Three messages are written offline, and the page is reloaded before the API returns: all arrive once."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("tunnel")
    proxy = dora.proxy_sockets()
    dora.open_channel(channel)
    dora.send_message("before the tunnel")
    _expect_state(dora, "before the tunnel", "Delivered")
    texts = ["in the tunnel, one", "in the tunnel, two", "in the tunnel, three"]
    dora.context.set_offline(True)
    proxy.cut()
    for text in texts:
        dora.send_message(text)
        _expect_state(dora, text, "Sending")
    # The site is available again, as from a cache, but its API is not: nothing can be sent yet.
    dora.intercept("**/api/**", lambda route: route.abort("internetdisconnected"))
    dora.context.set_offline(False)
    dora.page.reload()
    expect(dora.page.get_by_role("alert")).to_contain_text("cannot be reached")
    assert [item["text"] for item in dora.history(channel)] == ["before the tunnel"]
    dora.page.unroute("**/api/**")
    proxy.restore()
    dora.page.get_by_role("button", name="Try again").click()
    for text in texts:
        _expect_state(dora, text, "Delivered")
    assert [item["text"] for item in dora.history(channel)] == ["before the tunnel", *texts]
    assert dora.texts() == ["before the tunnel", *texts]


def test_what_a_closed_tab_has_not_sent_is_sent_by_another_one(new_user: NewUser):
    """A tab whose socket is dead is closed with a message and an edit: the other tab shows and sends both."""
    dora = new_user("dora")
    channel = dora.new_channel("two tabs")
    dora.open_channel(channel)
    second = dora.context.new_page()
    proxy = SocketProxy(second, dora.faults)
    sign_in(second, dora.page.url, dora.person)
    in_second = replace(dora, page=second)
    in_second.send_message("as it was")
    _expect_state(in_second, "as it was", "Delivered")
    proxy.silence()
    in_second.send_message("left behind")
    _expect_state(in_second, "left behind", "Sending")
    in_second.click_action(in_second.message("as it was"), "Edit")
    in_second.send_message("as it is now")
    _expect_state(in_second, "as it is now", "Saving")
    expect(dora.message("left behind")).to_have_count(0)
    second.close()
    _expect_state(dora, "left behind", "Delivered")
    _expect_state(dora, "as it is now", "Delivered")
    assert [item["text"] for item in dora.history(channel)] == ["as it is now", "left behind"]


@pytest.mark.thorough
def test_a_message_whose_ack_was_lost_is_sent_again_and_stored_once(new_user: NewUser):
    """The socket is cut between a command and its ack: the page sends the command again, with the same id."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("lost acks")
    proxy = dora.proxy_sockets()
    dora.open_channel_and_connect(channel)
    proxy.hold("ack", "message")
    dora.send_message("once and only once")
    _expect_state(dora, "once and only once", "Sending")
    # The server has stored the message, and the page has no ack.
    proxy.wait_until_held("ack", "message")
    _expect_state(dora, "once and only once", "Sending")
    proxy.cut()
    proxy.restore()
    # Its frame or the history brings it: either way it is displayed once, and not as "Sending" or "Sent".
    expect(dora.message("once and only once")).to_have_count(1)
    expect(dora.message("once and only once").get_by_role("img", name=re.compile("Sending|Sent"))).to_have_count(0)
    ids = {frame["clientMessageId"] for frame in proxy.sent_messages() if frame["text"] != "hello"}
    assert len(ids) == 1
    assert [item["text"] for item in dora.history(channel)] == ["hello", "once and only once"]
    dora.send_message("and the next")
    _expect_state(dora, "and the next", "Delivered")
    assert dora.texts() == ["hello", "once and only once", "and the next"]


def test_a_burst_over_the_rate_limit_is_delayed_and_arrives_in_order(dora: BrowserUser):
    """Messages over the server's rate wait in the outbox; none fails or is lost."""
    channel = dora.new_channel("burst")
    dora.open_channel(channel)
    texts = [f"line {number:02}" for number in range(1, 26)]
    for text in texts:
        dora.send_message(text)
    _expect_state(dora, texts[-1], "Delivered")
    assert [item["text"] for item in dora.history(channel)] == texts
    expect(dora.page.get_by_role("button", name="Send again")).to_have_count(0)
