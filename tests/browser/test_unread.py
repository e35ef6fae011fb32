"""What one has not read yet: counted, in the title too, and cleared wherever one reads it."""

import re

import pytest

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect


def _unread(user: BrowserUser, name: str, count: int) -> None:
    expect(user.channel_link(name)).to_have_accessible_name(re.compile(rf"\b{count} unread"))


def test_unread_messages_are_counted_per_channel_and_in_the_title(new_user: NewUser, fay: ApiUser):
    """Two channels with news while one reads a third; going there clears one, the title counts what is left."""
    dora = new_user("dora")
    one, two = dora.new_channel("one", fay.user_id), dora.new_channel("two", fay.user_id)
    dora.open_channel(dora.new_channel("three"))
    expect(dora.page).to_have_title("three · Parley")
    for number in range(3):
        fay.send_message(one, f"news {number}")
    fay.send_message(two, "other news")
    _unread(dora, "one", 3)
    _unread(dora, "two", 1)
    expect(dora.page).to_have_title("(4) three · Parley")
    dora.channel_link("one").click()
    expect(dora.message("news 2")).to_be_in_viewport()
    expect(dora.channel_link("one")).not_to_have_accessible_name(re.compile("unread"))
    expect(dora.page).to_have_title("(1) one · Parley")


def test_what_is_read_in_one_tab_is_read_in_all(new_user: NewUser, fay: ApiUser):
    """Both tabs count; reading in one clears the other, title included, and a reload finds it read."""
    dora = new_user("dora")
    news, quiet = dora.new_channel("news", fay.user_id), dora.new_channel("quiet")
    dora.open_channel(quiet)
    other = dora.open_tab()
    beside = BrowserUser(dora.person, dora.context, other, dora.stage)
    fay.send_message(news, "read me")
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
def test_what_came_while_one_was_signed_out_is_unread_and_begins_under_a_line(new_user: NewUser, fay: ApiUser):
    """The count is there on coming back, and "New" stands before the first message that one has not seen."""
    dora = new_user("dora")
    channel = dora.new_channel("overnight", fay.user_id)
    dora.open_channel(channel)
    fay.send_message(channel, "good night")
    expect(dora.message("good night")).to_be_visible()
    dora.channel_link("general").click()
    expect(dora.channel_link("overnight")).not_to_have_accessible_name(re.compile("unread"))
    dora.page.goto("about:blank")
    for text in ("good morning", "is anybody up?"):
        fay.send_message(channel, text)
    dora.page.goto(f"{dora.stage.url}/c/general")
    _unread(dora, "overnight", 2)
    dora.channel_link("overnight").click()
    row = dora.log.locator("[data-row]").filter(has=dora.page.locator(".new-since"))
    expect(row).to_contain_text("good morning")
    expect(dora.channel_link("overnight")).not_to_have_accessible_name(re.compile("unread"))


def test_a_hidden_tab_reads_nothing(new_user: NewUser, fay: ApiUser):
    """What arrives in the open channel while nobody looks stays unread until the tab is looked at again."""
    dora = new_user("dora")
    channel = dora.new_channel("background", fay.user_id)
    dora.page.add_init_script(
        """let hidden = false;
        Object.defineProperty(document, "visibilityState", {get: () => hidden ? "hidden" : "visible"});
        window.hideTab = (value) => { hidden = value; document.dispatchEvent(new Event("visibilitychange")); };"""
    )
    dora.open_channel(channel)
    fay.send_message(channel, "seen")
    expect(dora.message("seen")).to_be_visible()
    dora.page.evaluate("hideTab(true)")
    fay.send_message(channel, "unseen")
    expect(dora.page).to_have_title("(1) background · Parley")
    expect(dora.log.locator("[data-row]").filter(has=dora.page.locator(".new-since"))).to_contain_text("unseen")
    dora.page.evaluate("hideTab(false)")
    expect(dora.page).to_have_title("background · Parley")


def test_ones_own_words_are_never_unread(new_user: NewUser):
    """The first message of an empty channel, then a look elsewhere and a reload: nothing to read there."""
    dora = new_user("dora")
    channel = dora.new_channel("monologue")
    dora.open_channel(channel)
    with dora.page.expect_response(re.compile("/read-marker$")):
        dora.send_message("note to self")
    dora.page.goto(f"{dora.stage.url}/c/general")
    expect(dora.channel_link("monologue")).to_be_visible()
    expect(dora.channel_link("monologue")).not_to_have_accessible_name(re.compile("unread"))
