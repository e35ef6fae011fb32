"""What one has not read yet: counted, in the title too, and cleared wherever one reads it."""

import re

import pytest

from tests.browser.expectations import expect
from tests.browser.visitors import Visit, Visitor
from tests.browser.voice import Voice


def _unread(visitor: Visitor, name: str, count: int) -> None:
    expect(visitor.channel_link(name)).to_have_accessible_name(re.compile(rf"\b{count} unread"))


def test_unread_messages_are_counted_per_channel_and_in_the_title(visit: Visit, fay: Voice):
    """Two channels with news while one reads a third; going there clears one, the title counts what is left."""
    dora = visit("dora")
    one, two = dora.new_channel("one", fay.user_id), dora.new_channel("two", fay.user_id)
    dora.go(dora.new_channel("three"))
    expect(dora.page).to_have_title("three · Parley")
    for number in range(3):
        fay.say(one, f"news {number}")
    fay.say(two, "other news")
    _unread(dora, "one", 3)
    _unread(dora, "two", 1)
    expect(dora.page).to_have_title("(4) three · Parley")
    dora.channel_link("one").click()
    expect(dora.message("news 2")).to_be_in_viewport()
    expect(dora.channel_link("one")).not_to_have_accessible_name(re.compile("unread"))
    expect(dora.page).to_have_title("(1) one · Parley")


def test_what_is_read_in_one_tab_is_read_in_all(visit: Visit, fay: Voice):
    """Both tabs count; reading in one clears the other, title included, and a reload finds it read."""
    dora = visit("dora")
    news, quiet = dora.new_channel("news", fay.user_id), dora.new_channel("quiet")
    dora.go(quiet)
    other = dora.open_tab()
    beside = Visitor(dora.person, dora.context, other, dora.stage)
    fay.say(news, "read me")
    _unread(dora, "news", 1)
    _unread(beside, "news", 1)
    expect(other).to_have_title("(1) quiet · Parley")
    dora.channel_link("news").click()
    expect(dora.message("read me")).to_be_in_viewport()
    expect(beside.channel_link("news")).not_to_have_accessible_name(re.compile("unread"))
    expect(other).to_have_title("quiet · Parley")
    other.reload()
    expect(beside.channel_link("news")).to_be_visible()
    expect(beside.channel_link("news")).not_to_have_accessible_name(re.compile("unread"))


@pytest.mark.thorough
def test_what_came_while_one_was_signed_out_is_unread_and_begins_under_a_line(visit: Visit, fay: Voice):
    """The count is there on coming back, and "New" stands before the first message that one has not seen."""
    dora = visit("dora")
    channel = dora.new_channel("overnight", fay.user_id)
    dora.go(channel)
    fay.say(channel, "good night")
    expect(dora.message("good night")).to_be_visible()
    dora.channel_link("general").click()
    expect(dora.channel_link("overnight")).not_to_have_accessible_name(re.compile("unread"))
    dora.page.goto("about:blank")
    for text in ("good morning", "is anybody up?"):
        fay.say(channel, text)
    dora.page.goto(f"{dora.stage.url}/c/general")
    _unread(dora, "overnight", 2)
    dora.channel_link("overnight").click()
    row = dora.log.locator("[data-row]").filter(has=dora.page.locator(".new-since"))
    expect(row).to_contain_text("good morning")
    expect(dora.channel_link("overnight")).not_to_have_accessible_name(re.compile("unread"))


def test_a_hidden_tab_reads_nothing(visit: Visit, fay: Voice):
    """What arrives in the open channel while nobody looks stays unread until the tab is looked at again."""
    dora = visit("dora")
    channel = dora.new_channel("background", fay.user_id)
    dora.page.add_init_script(
        """let hidden = false;
        Object.defineProperty(document, "visibilityState", {get: () => hidden ? "hidden" : "visible"});
        window.hideTab = (value) => { hidden = value; document.dispatchEvent(new Event("visibilitychange")); };"""
    )
    dora.go(channel)
    fay.say(channel, "seen")
    expect(dora.message("seen")).to_be_visible()
    dora.page.evaluate("hideTab(true)")
    fay.say(channel, "unseen")
    expect(dora.page).to_have_title("(1) background · Parley")
    expect(dora.log.locator("[data-row]").filter(has=dora.page.locator(".new-since"))).to_contain_text("unseen")
    dora.page.evaluate("hideTab(false)")
    expect(dora.page).to_have_title("background · Parley")


def test_ones_own_words_are_never_unread(visit: Visit):
    """The first message of an empty channel, then a look elsewhere and a reload: nothing to read there."""
    dora = visit("dora")
    channel = dora.new_channel("monologue")
    dora.go(channel)
    with dora.page.expect_response(re.compile("/read-marker$")):
        dora.say("note to self")
    dora.page.goto(f"{dora.stage.url}/c/general")
    expect(dora.channel_link("monologue")).to_be_visible()
    expect(dora.channel_link("monologue")).not_to_have_accessible_name(re.compile("unread"))
