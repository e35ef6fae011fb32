"""Everything by keyboard, with the focus never lost; and what those hear who do not see."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, BrowserUser, NewUser
from tests.browser.expectations import expect


def _focused(page: Page) -> str:
    """The name of what has the focus; a page that lost it says BODY."""
    return str(
        page.evaluate(
            "(document.activeElement?.getAttribute('aria-label')"
            " || document.activeElement?.textContent || document.activeElement?.tagName).trim()"
        )
    )


def _has_focus(page: Page) -> bool:
    return bool(page.evaluate("document.activeElement !== null && document.activeElement !== document.body"))


def test_a_whole_visit_without_a_mouse(new_user: NewUser, fay: ApiUser):
    """Sign in, make a channel, invite, write, edit, react, switch, search, leave a dialog: keys only, and at
    every step something has the focus."""
    dora = new_user("dora")
    page = dora.page
    press = page.keyboard.press
    dora.open_channel("general")
    expect(dora.composer).to_be_focused()
    fay.join("general")
    # A channel of one's own, from the switcher's neighbour in the sidebar.
    page.get_by_role("button", name="Create channel").focus()
    press("Enter")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    name = f"keys {dora.person.username}"
    page.keyboard.type(name)
    press("Enter")
    expect(page.get_by_role("log", name=f"Messages in {name}")).to_be_visible()
    expect(dora.composer).to_be_focused()
    page.keyboard.type("first *line*")
    press("Shift+Enter")
    page.keyboard.type("second line")
    press("Enter")
    expect(dora.message("second line").get_by_role("img", name="Delivered")).to_be_visible()
    # The last message again, by the arrow.
    press("ArrowUp")
    expect(dora.composer).to_have_value("first *line*\nsecond line")
    press("Control+End")
    page.keyboard.type(", edited")
    press("Enter")
    expect(dora.message("second line, edited")).to_contain_text("edited")
    expect(dora.composer).to_be_focused()
    # Into the messages and to a message's tools.
    press("F6")
    expect(dora.log).to_be_focused()
    press("ArrowUp")
    expect(dora.message("second line, edited")).to_be_focused()
    press("Tab")
    while _focused(page) != "Add reaction":
        assert dora.message("second line").evaluate("message => message.contains(document.activeElement)")
        press("Tab")
    press("Enter")
    expect(page.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    page.keyboard.type("tada")
    expect(page.get_by_role("gridcell", name=re.compile("party popper", re.I))).to_be_visible()
    press("Enter")
    expect(dora.message("second line").get_by_role("button", name=re.compile("^🎉, 1: you"))).to_be_visible()
    assert _has_focus(page)
    # Elsewhere by the switcher, and back by the way between channels.
    press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("gener")
    press("Enter")
    expect(page.get_by_role("log", name="Messages in general")).to_be_visible()
    expect(dora.composer).to_be_focused()
    press("Alt+ArrowDown")
    expect(page.get_by_role("log", name=f"Messages in {name}")).to_be_visible()
    expect(dora.composer).to_be_focused()
    # The list of shortcuts, from anywhere but a text field, and back to where one was.
    press("F6")
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(dora.log).to_be_focused()
    # Search, and out of it.
    press("Control+Shift+f")
    expect(page.get_by_role("searchbox", name=f"Search in {name}")).to_be_focused()
    press("Escape")
    press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)
    assert _has_focus(page)


@pytest.mark.parametrize(
    ("opener", "dialog"),
    [
        ("Create channel", "Create a channel"),
        ("Browse channels", "Browse channels"),
        ("Find a channel or person", "Find a channel or person"),
        ("You and settings", "You and settings"),
        ("Emoji", "Emoji"),
    ],
)
def test_a_dialog_takes_the_focus_and_gives_it_back(dora: BrowserUser, opener: str, dialog: str):
    """Opened by key it holds the focus within; closed by Escape, the focus is where it was."""
    dora.open_channel("general")
    page = dora.page
    page.get_by_role("button", name=opener, exact=True).focus()
    page.keyboard.press("Enter")
    opened = page.get_by_role("dialog", name=dialog)
    expect(opened).to_be_visible()
    inside = "dialog => dialog.contains(document.activeElement)"
    page.wait_for_function("() => document.querySelector('dialog[open]')?.contains(document.activeElement)")
    for _ in range(12):
        page.keyboard.press("Tab")
        at_the_browser = page.evaluate("document.activeElement === document.body")
        assert at_the_browser or opened.evaluate(inside), f"the focus left {dialog} for {_focused(page)}"
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(page.get_by_role("button", name=opener, exact=True)).to_be_focused()


def test_enter_takes_what_was_typed_even_at_once(dora: BrowserUser, fay: ApiUser):
    """A search and Enter without a pause between: the emoji, the channel, the name that fit what was typed."""
    channel = dora.new_channel("haste", fay.user_id)
    dora.new_channel("quick brown fox")
    dora.open_channel(channel)
    page = dora.page
    fay.send_message(channel, "we did it")
    dora.click_action(dora.message("we did it"), "Add reaction")
    expect(page.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    page.keyboard.type("tada")
    page.keyboard.press("Enter")
    expect(dora.message("we did it").get_by_role("button", name=re.compile("^🎉, 1: you"))).to_be_visible()
    dora.composer.focus()
    page.keyboard.type(f"thanks @{fay.person.username[:8]}")
    page.keyboard.press("Enter")
    expect(dora.composer).to_have_value(f"thanks @{fay.person.username} ")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("quick br")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log", name="Messages in quick brown fox")).to_be_visible()


def test_focus_is_kept_when_what_had_it_goes(new_user: NewUser, fay: ApiUser):
    """Deleted by oneself, moved by others, removed from the channel: the focus is somewhere all the while."""
    dora = new_user("dora")
    dora.allow_errors(FORBIDDEN_OR_NOT_FOUND)
    channel = fay.api.post("/channels", json={"name": "fleeting", "kind": "private"}).json()["channelId"]
    fay.api.put(f"/channels/{channel}/members/{dora.user_id}").raise_for_status()
    dora.open_channel(channel)
    dora.send_message("short-lived")
    expect(dora.message("short-lived").get_by_role("img", name="Delivered")).to_be_visible()
    dora.page.keyboard.press("F6")
    dora.page.keyboard.press("ArrowUp")
    fay.send_message(channel, "another")
    expect(dora.message("another")).to_be_visible()
    expect(dora.message("short-lived")).to_be_focused()
    dora.message("short-lived").get_by_role("button", name="Delete").focus()
    dora.page.keyboard.press("Enter")
    dora.page.keyboard.press("Enter")
    expect(dora.message("This message was deleted.")).to_be_visible()
    expect(dora.composer).to_be_focused()
    # What was on its way as she was removed is refused, as it must be.
    dora.allow_errors(re.compile(r"status of 403"))
    fay.api.delete(f"/channels/{channel}/members/{dora.user_id}").raise_for_status()
    expect(dora.page.get_by_role("log", name="Messages in general")).to_be_visible()
    expect(dora.composer).to_be_focused()


def test_the_log_is_one_and_arrivals_are_announced_politely(dora: BrowserUser, fay: ApiUser):
    """role=log with a name; scrolled-in rows are no news, while an arrival is said with its sender, once."""
    channel = dora.new_channel("heard", fay.user_id)
    dora.open_channel(channel)
    expect(dora.page.get_by_role("log", name="Messages in heard")).to_be_visible()
    fay.send_message(channel, "listen to this")
    polite = dora.page.locator("[aria-live=polite]").filter(has_text="listen to this")
    expect(polite).to_have_text("Fay: listen to this")
    dora.send_message("my own words")
    expect(dora.message("my own words").get_by_role("img", name="Delivered")).to_be_visible()
    expect(polite).to_have_text("Fay: listen to this")


def test_who_wants_less_motion_gets_none(new_user: NewUser, fay: ApiUser):
    """With reduced motion nothing on the page animates for longer than an instant."""
    dora = new_user("dora", reduced_motion="no-preference")
    channel = dora.new_channel("calm", fay.user_id)
    dora.open_channel(channel)
    fay.start_typing(channel)
    expect(dora.page.locator(".typing")).to_have_text("Fay is typing")

    def moving() -> int:
        """How many animations run: the dots of who is typing, and the dialog's appearance."""
        return int(
            dora.page.evaluate(
                """() => document.getAnimations()
                    .filter(animation => animation.playState === "running")
                    .map(animation => animation.effect.getComputedTiming())
                    .filter(({duration, iterations}) => duration > 10 && iterations > 0).length"""
            )
        )

    assert moving() > 0, "with motion there is some to be seen"
    dora.page.emulate_media(reduced_motion="reduce")
    assert moving() == 0
    dora.page.keyboard.press("Control+k")
    expect(dora.page.get_by_role("combobox")).to_be_visible()
    assert moving() == 0
