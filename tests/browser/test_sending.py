"""One's own messages: there at once, then sent and delivered, or kept until they can be."""

import re

import pytest

from tests.browser.browser_user import NETWORK_ERRORS, BrowserUser, NewUser
from tests.browser.expectations import expect
from tests.browser.socket_proxy import Frame, refusal


def _state(user: BrowserUser, text: str, state: str) -> None:
    expect(user.message(text).get_by_role("img", name=state, exact=True)).to_be_visible()


def test_a_message_is_there_at_once_and_says_how_far_it_has_come(dora: BrowserUser):
    """The echo does not wait for the server: sending, then sent with the ack, then delivered, all in one row."""
    channel = dora.new_channel("states")
    proxy = dora.proxy_sockets()
    proxy.hold("ack", "message")
    dora.open_channel(channel)
    dora.send_message("are you there?")
    proxy.wait_until_held("ack", "message")
    _state(dora, "are you there?", "Sending")
    expect(dora.composer).to_have_value("")
    expect(dora.composer).to_be_focused()
    proxy.release("ack")
    _state(dora, "are you there?", "Sent")
    proxy.release("message")
    _state(dora, "are you there?", "Delivered")
    expect(dora.message("are you there?")).to_have_count(1)


def test_a_refused_message_says_so_and_goes_out_again_under_the_same_id(dora: BrowserUser):
    """What the server refuses stays, with its reason; "Send again" repeats it, so that it can never be two."""
    channel = dora.new_channel("refused")
    proxy = dora.proxy_sockets()

    def refuse_first(frame: Frame) -> Frame | None:
        first = len(proxy.sent_messages()) <= 1
        return refusal(frame, "The channel is closed just now.") if first else None

    proxy.answer(refuse_first)
    dora.open_channel(channel)
    dora.send_message("please take this")
    failed = dora.message("please take this")
    expect(failed.get_by_role("alert")).to_contain_text("Not sent. The channel is closed just now.")
    dora.send_message("and this")
    _state(dora, "and this", "Delivered")
    dora.page.reload()
    expect(failed.get_by_role("alert")).to_contain_text("Not sent.")
    failed.get_by_role("button", name="Send again").click()
    _state(dora, "please take this", "Delivered")
    first, _, again = proxy.sent_messages()
    assert again["clientMessageId"] == first["clientMessageId"]
    assert [item["text"] for item in dora.history(channel)] == ["and this", "please take this"]


@pytest.mark.thorough
def test_a_refused_message_can_be_thrown_away(dora: BrowserUser):
    """Discarded is gone, after a reload too."""
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


def test_what_was_written_without_a_network_is_sent_on_return_in_order(new_user: NewUser):
    """Three messages with the network gone, a reload before it is back: all three arrive, in order, once."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("tunnel")
    proxy = dora.proxy_sockets()
    dora.open_channel(channel)
    dora.send_message("before the tunnel")
    _state(dora, "before the tunnel", "Delivered")
    written = ["in the tunnel, one", "in the tunnel, two", "in the tunnel, three"]
    dora.context.set_offline(True)
    proxy.cut()
    for text in written:
        dora.send_message(text)
        _state(dora, text, "Sending")
    # The site itself is reached again, as from a cache, and its API is not: nothing can be sent yet.
    dora.intercept("**/api/**", lambda route: route.abort("internetdisconnected"))
    dora.context.set_offline(False)
    dora.page.reload()
    expect(dora.page.get_by_role("alert")).to_contain_text("cannot be reached")
    assert [item["text"] for item in dora.history(channel)] == ["before the tunnel"]
    dora.page.unroute("**/api/**")
    proxy.restore()
    dora.page.get_by_role("button", name="Try again").click()
    for text in written:
        _state(dora, text, "Delivered")
    assert [item["text"] for item in dora.history(channel)] == ["before the tunnel", *written]
    assert dora.texts() == ["before the tunnel", *written]


def test_a_message_whose_ack_was_lost_is_sent_again_and_is_still_one(new_user: NewUser):
    """Cut between the send and its ack: the page cannot know, so it repeats, and the server knows the id."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("lost acks")
    proxy = dora.proxy_sockets()
    proxy.hold("ack", "message")
    dora.open_channel(channel)
    dora.send_message("once and only once")
    _state(dora, "once and only once", "Sending")
    # Now the server has it, and the page does not know.
    proxy.wait_until_held("ack", "message")
    _state(dora, "once and only once", "Sending")
    proxy.cut()
    proxy.restore()
    # Delivered by a frame, or found in history on return: either way it is there, no longer on its way, and one.
    expect(dora.message("once and only once")).to_have_count(1)
    expect(dora.message("once and only once").get_by_role("img", name=re.compile("Sending|Sent"))).to_have_count(0)
    assert len({frame["clientMessageId"] for frame in proxy.sent_messages()}) == 1
    assert [item["text"] for item in dora.history(channel)] == ["once and only once"]
    dora.send_message("and the next")
    _state(dora, "and the next", "Delivered")
    assert dora.texts() == ["once and only once", "and the next"]


def test_a_burst_over_the_rate_limit_is_held_back_and_arrives_in_order(dora: BrowserUser):
    """More than the server takes at once waits its turn; nothing fails, nothing is lost."""
    channel = dora.new_channel("burst")
    dora.open_channel(channel)
    written = [f"line {number:02}" for number in range(1, 26)]
    for text in written:
        dora.send_message(text)
    _state(dora, written[-1], "Delivered")
    assert [item["text"] for item in dora.history(channel)] == written
    expect(dora.page.get_by_role("button", name="Send again")).to_have_count(0)
