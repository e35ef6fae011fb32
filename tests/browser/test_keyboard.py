"""Keyboard operation, focus, announcements for screen readers, and reduced motion."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, BrowserUser, NewUser
from tests.browser.expectations import expect, shown_name


def _focused(page: Page) -> str:
    """The label, text or tag name of the focused element; BODY if no element has the focus."""
    return str(
        page.evaluate(
            "(document.activeElement?.getAttribute('aria-label')"
            " || document.activeElement?.textContent || document.activeElement?.tagName).trim()"
        )
    )


def _has_focus(page: Page) -> bool:
    return bool(page.evaluate("document.activeElement !== null && document.activeElement !== document.body"))


def test_the_chat_can_be_used_without_a_mouse(new_user: NewUser, fay: ApiUser):
    """Create a channel, write, edit, react, switch channels, search and close dialogs with keys only.

    The expected element has the focus at every step.
    """
    dora = new_user("dora")
    page = dora.page
    press = page.keyboard.press
    dora.open_channel("general")
    expect(dora.composer).to_be_focused()
    fay.join("general")
    # Create a channel.
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
    # Edit the last message.
    press("ArrowUp")
    expect(dora.composer).to_have_value("first *line*\nsecond line")
    press("Control+End")
    page.keyboard.type(", edited")
    press("Enter")
    expect(dora.message("second line, edited")).to_contain_text("edited")
    expect(dora.composer).to_be_focused()
    # Move to the messages, and to a message's toolbar.
    press("F6")
    expect(dora.log).to_be_focused()
    press("ArrowUp")
    expect(dora.message("second line, edited")).to_be_focused()
    press("Tab")
    while _focused(page) != "Add reaction":
        assert dora.message("second line").evaluate("message => message.contains(document.activeElement)")
        press("ArrowRight")
    press("Enter")
    expect(page.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    # The list is no tab stop, although it scrolls.
    expect(page.get_by_role("gridcell").first).to_be_visible()
    press("Tab")
    expect(page.get_by_role("button", name="Change skin tone")).to_be_focused()
    press("Shift+Tab")
    page.keyboard.type("tada")
    expect(page.get_by_role("gridcell", name=re.compile("party popper", re.I))).to_be_visible()
    press("Enter")
    expect(dora.message("second line").get_by_role("button", name=re.compile("^🎉, 1: you"))).to_be_visible()
    assert _has_focus(page)
    # Open another channel with the switcher, and go back with the shortcut for the next channel.
    press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("gener")
    press("Enter")
    expect(page.get_by_role("log", name="Messages in general")).to_be_visible()
    expect(dora.composer).to_be_focused()
    press("Alt+ArrowDown")
    expect(page.get_by_role("log", name=f"Messages in {name}")).to_be_visible()
    expect(dora.composer).to_be_focused()
    # Open the list of shortcuts, which works outside text fields; closing it returns the focus.
    press("F6")
    press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(dora.log).to_be_focused()
    # Open and close the search.
    press("Control+Shift+f")
    expect(page.get_by_role("searchbox", name=f"Search in {name}")).to_be_focused()
    press("Escape")
    press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)
    assert _has_focus(page)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("opener", "dialog"),
    [
        ("Create channel", "Create a channel"),
        ("Find a channel or person", "Find a channel or person"),
        ("Browse channels", "Browse channels"),
        ("You and settings", "You and settings"),
        ("Emoji", "Emoji"),
    ],
)
def test_a_dialog_keeps_the_focus_and_returns_it(dora: BrowserUser, opener: str, dialog: str):
    """Tab stays in the dialog; after Escape the button that opened it has the focus."""
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
        in_browser_controls = page.evaluate("document.activeElement === document.body")
        assert in_browser_controls or opened.evaluate(inside), f"the focus left {dialog} for {_focused(page)}"
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(page.get_by_role("button", name=opener, exact=True)).to_be_focused()


@pytest.mark.thorough
def test_enter_right_after_typing_selects_the_match(dora: BrowserUser, fay: ApiUser):
    """Enter without a pause after a search text selects the emoji, channel or user that matches it."""
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


@pytest.mark.thorough
def test_inserted_text_can_be_undone(dora: BrowserUser, fay: ApiUser):
    """Undo removes what the page inserted: an emoji, a completed mention, a quotation; what was typed is kept."""
    channel = dora.new_channel("undo", fay.user_id)
    fay.send_message(channel, "ship it")
    dora.open_channel(channel)
    page = dora.page
    dora.composer.focus()
    page.keyboard.type("to the moon ")
    page.get_by_role("button", name="Emoji", exact=True).click()
    expect(page.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    page.keyboard.type("tada")
    page.keyboard.press("Enter")
    expect(dora.composer).to_have_value("to the moon 🎉")
    expect(dora.composer).to_be_focused()
    page.keyboard.press("Control+z")
    expect(dora.composer).to_have_value("to the moon ")
    page.keyboard.type(f"@{fay.person.username[:8]}")
    page.keyboard.press("Enter")
    expect(dora.composer).to_have_value(f"to the moon @{fay.person.username} ")
    page.keyboard.press("Control+z")
    expect(dora.composer).to_have_value(f"to the moon @{fay.person.username[:8]}")
    dora.composer.press("Escape")
    dora.click_action(dora.message("ship it"), "Quote")
    expect(dora.composer).to_have_value(re.compile("ship it\n\nto the moon"))
    page.keyboard.press("Control+z")
    expect(dora.composer).to_have_value(f"to the moon @{fay.person.username[:8]}")


@pytest.mark.thorough
def test_the_focus_moves_when_the_focused_element_is_removed(new_user: NewUser, fay: ApiUser):
    """The focus stays on a message when another arrives. It moves to the composer when the message is deleted, and
    to the content of the page when the user is removed from the channel."""
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
    # Requests that were sent before the removal may be refused after it.
    dora.allow_errors(re.compile(r"status of 403"))
    fay.api.delete(f"/channels/{channel}/members/{dora.user_id}").raise_for_status()
    expect(dora.page.get_by_role("heading", name="Channel not found")).to_be_visible()
    expect(dora.page.get_by_role("main")).to_be_focused()


@pytest.mark.thorough
def test_the_messages_are_a_log_and_new_ones_are_announced_politely(dora: BrowserUser, fay: ApiUser):
    """The list has role=log and a name. Others' new messages are announced with their sender; own ones are not."""
    channel = dora.new_channel("announcements", fay.user_id)
    dora.open_channel(channel)
    expect(dora.page.get_by_role("log", name="Messages in announcements")).to_be_visible()
    fay.send_message(channel, "listen to this")
    polite = dora.page.locator("[aria-live=polite]").filter(has_text="listen to this")
    expect(polite).to_have_text(re.compile(f"^{shown_name(fay.person)}: listen to this$"))
    dora.send_message("my own words")
    expect(dora.message("my own words").get_by_role("img", name="Delivered")).to_be_visible()
    expect(polite).to_have_text(re.compile(f"^{shown_name(fay.person)}: listen to this$"))


@pytest.mark.thorough
def test_with_reduced_motion_nothing_is_animated(new_user: NewUser, fay: ApiUser):
    """With reduced motion no animation runs for longer than 10 ms."""
    dora = new_user("dora", reduced_motion="no-preference")
    channel = dora.new_channel("calm", fay.user_id)
    dora.open_channel(channel)
    fay.start_typing(channel)
    expect(dora.page.locator(".TypingIndicator_typing")).to_have_text(
        re.compile(f"^{shown_name(fay.person)} is typing$")
    )

    def running_animations() -> int:
        """The number of running animations: the dots of the typing indicator, the opening of a dialog."""
        return int(
            dora.page.evaluate(
                """() => document.getAnimations()
                    .filter(animation => animation.playState === "running")
                    .map(animation => animation.effect.getComputedTiming())
                    .filter(({duration, iterations}) => duration > 10 && iterations > 0).length"""
            )
        )

    assert running_animations() > 0, "without reduced motion there must be an animation"
    dora.page.emulate_media(reduced_motion="reduce")
    assert running_animations() == 0
    dora.page.keyboard.press("Control+k")
    expect(dora.page.get_by_role("combobox")).to_be_visible()
    assert running_animations() == 0
