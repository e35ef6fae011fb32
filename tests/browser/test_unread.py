"""Unread counts in the sidebar and the title, and how reading a message clears them."""

import re

import pytest

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect


def _expect_unread(user: BrowserUser, name: str, count: int) -> None:
    expect(user.channel_link(name)).to_have_accessible_name(re.compile(rf"\b{count} unread"))


@pytest.mark.thorough
def test_unread_messages_are_counted_per_channel_and_in_the_title(new_user: NewUser, fay: ApiUser):
    """Messages in two other channels are counted; opening one clears its count, and the title shows the rest."""
    dora = new_user("dora")
    one, two = dora.new_channel("one", fay.user_id), dora.new_channel("two", fay.user_id)
    dora.open_channel(dora.new_channel("three"))
    expect(dora.page).to_have_title("three · Parley")
    for number in range(3):
        fay.send_message(one, f"message {number}")
    fay.send_message(two, "another message")
    _expect_unread(dora, "one", 3)
    _expect_unread(dora, "two", 1)
    expect(dora.page).to_have_title("(4) three · Parley")
    dora.channel_link("one").click()
    expect(dora.message("message 2")).to_be_in_viewport()
    expect(dora.channel_link("one")).not_to_have_accessible_name(re.compile("unread"))
    expect(dora.page).to_have_title("(1) one · Parley")


@pytest.mark.thorough
def test_a_message_read_in_one_tab_is_read_in_all(new_user: NewUser, fay: ApiUser):
    """Both tabs count it; reading it in one clears the count and the title in the other, also after a reload."""
    dora = new_user("dora")
    busy, quiet = dora.new_channel("busy", fay.user_id), dora.new_channel("quiet")
    dora.open_channel(quiet)
    other_page = dora.open_tab()
    other_tab = BrowserUser(dora.person, dora.context, other_page, dora.stage)
    fay.send_message(busy, "read me")
    _expect_unread(dora, "busy", 1)
    _expect_unread(other_tab, "busy", 1)
    expect(other_page).to_have_title("(1) quiet · Parley")
    dora.page.bring_to_front()
    dora.channel_link("busy").click()
    expect(dora.message("read me")).to_be_in_viewport()
    expect(other_tab.channel_link("busy")).not_to_have_accessible_name(re.compile("unread"))
    expect(other_page).to_have_title("quiet · Parley")
    other_page.reload()
    expect(other_tab.channel_link("busy")).to_be_visible()
    expect(other_tab.channel_link("busy")).not_to_have_accessible_name(re.compile("unread"))


@pytest.mark.thorough
def test_messages_that_came_while_the_tab_was_closed_are_unread_and_under_a_line(new_user: NewUser, fay: ApiUser):
    """The count is displayed on return, and the line "New" is above the first unread message."""
    dora = new_user("dora")
    channel = dora.new_channel("overnight", fay.user_id)
    dora.open_channel(channel)
    fay.send_message(channel, "good night")
    expect(dora.message("good night")).to_be_visible()
    dora.channel_link("general").click()
    expect(dora.channel_link("overnight")).not_to_have_accessible_name(re.compile("unread"))
    dora.page.goto("about:blank")
    for text in ("good morning", "is it too early?"):
        fay.send_message(channel, text)
    dora.page.goto(f"{dora.stage.url}/c/general")
    _expect_unread(dora, "overnight", 2)
    dora.channel_link("overnight").click()
    row = dora.log.locator("[data-row]").filter(has=dora.page.locator(".MessageList_newSince"))
    expect(row).to_contain_text("good morning")
    expect(dora.channel_link("overnight")).not_to_have_accessible_name(re.compile("unread"))


@pytest.mark.thorough
def test_a_hidden_tab_does_not_mark_messages_as_read(new_user: NewUser, fay: ApiUser):
    """A message that arrives in the open channel while the tab is hidden stays unread until the tab is visible."""
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
    expect(dora.log.locator("[data-row]").filter(has=dora.page.locator(".MessageList_newSince"))).to_contain_text(
        "unseen"
    )
    dora.page.evaluate("hideTab(false)")
    expect(dora.page).to_have_title("background · Parley")


@pytest.mark.thorough
def test_own_messages_are_never_unread(new_user: NewUser):
    """A channel whose only message is the user's own has no unread count after another page was opened."""
    dora = new_user("dora")
    channel = dora.new_channel("monologue")
    dora.open_channel(channel)
    with dora.page.expect_response(re.compile("/read-marker$")):
        dora.send_message("note to self")
    dora.page.goto(f"{dora.stage.url}/c/general")
    expect(dora.channel_link("monologue")).to_be_visible()
    expect(dora.channel_link("monologue")).not_to_have_accessible_name(re.compile("unread"))
