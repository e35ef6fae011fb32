"""axe finds no violation on any page, in any state, light and dark, in a wide window and in the size of a phone.

A normal run checks the sign-in pages, a channel and its panels in a wide window. The thorough run checks
every state in both sizes.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.api_user import ApiUser
from tests.browser.axe import COLOURS, violations
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, NETWORK_ERRORS, BrowserUser, NewUser
from tests.browser.expectations import expect, shown_name
from tests.browser.socket_proxy import refusal
from tests.local_stage import TestStage

Size = dict[str, int]
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

in_a_wide_window = pytest.mark.parametrize(
    "size", [pytest.param(WIDE, id="wide"), pytest.param(PHONE, id="phone", marks=pytest.mark.thorough)]
)


def _check(page: Page, state: str, size: Size) -> None:
    """Check all rules in the light theme, and the rules about colour in the dark one: nothing else differs."""
    results: dict[str, list[str]] = {}
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    results[f"{state}, light, {size['width']} px"] = violations(page)
    page.emulate_media(color_scheme="dark")
    results[f"{state}, dark, {size['width']} px"] = violations(page, *COLOURS)
    page.emulate_media(color_scheme="light")
    # Tests open the next state in a wide window: on a phone some controls are in the drawer.
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    assert {where: problems for where, problems in results.items() if problems} == {}


@in_a_wide_window
def test_the_sign_in_pages(stage: TestStage, new_user: NewUser, size: Size):
    """The chat's sign-in page, and the hosted one."""
    page = new_user("dora", signed_in=False).page
    page.goto(stage.url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    _check(page, "the sign-in page", size)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("input[name=username]")).to_be_visible()
    _check(page, "the hosted sign-in page", size)


@pytest.fixture
def varied_channel(dora: BrowserUser, fay: ApiUser) -> str:
    """A channel with messages of every form."""
    channel = dora.new_channel("varied", fay.user_id)
    fay.send_message(
        channel, "**Bold**, *soft*, ~~gone~~, `code`, https://example.com, and [a link](https://example.org)"
    )
    fay.send_message(channel, "> quoted\n\n- one\n- two\n\n```python\ndef f(x):\n    return 'y'  # why\n```")
    fay.send_message(channel, f"@{dora.person.username} please look; @{fay.person.username} looked")
    deleted = fay.send_message(channel, "to be deleted")
    edited = fay.send_message(channel, "to be edited")
    fay.send(action="deleteMessage", channelId=channel, seq=deleted)
    fay.send(action="editMessage", channelId=channel, seq=edited, text="was edited")
    fay.send(action="addReaction", channelId=channel, seq=edited, emoji="🎉")
    fay.wait_for_frame("reaction", seq=edited)
    return channel


@in_a_wide_window
def test_a_channel_with_messages_of_every_form(dora: BrowserUser, fay: ApiUser, varied_channel: str, size: Size):
    """Also a delivered own message, the line above new messages, a typing indicator and a message's toolbar."""
    dora.open_channel(varied_channel)
    dora.send_message("and my own")
    expect(dora.message("and my own").get_by_role("img", name="Delivered")).to_be_visible()
    expect(dora.log.locator(".MessageList_newSince")).to_be_attached()
    fay.start_typing(varied_channel)
    expect(dora.page.locator(".TypingIndicator_typing")).to_have_text(
        re.compile(f"^{shown_name(fay.person)} is typing$")
    )
    dora.message("and my own").hover()
    _check(dora.page, "a varied channel", size)


@pytest.mark.thorough
@in_a_wide_window
def test_an_empty_channel(dora: BrowserUser, size: Size):
    """A channel without messages."""
    dora.open_channel(dora.new_channel("empty"))
    expect(dora.log).to_contain_text("No messages yet.")
    _check(dora.page, "an empty channel", size)


@pytest.mark.thorough
@in_a_wide_window
def test_an_unknown_channel(dora: BrowserUser, size: Size):
    """The address of a channel that does not exist."""
    dora.allow_errors(FORBIDDEN_OR_NOT_FOUND)
    dora.page.goto(f"{dora.stage.url}/c/00000000-0000-4000-8000-000000000000")
    expect(dora.page.get_by_role("heading", name="Channel not found")).to_be_visible()
    _check(dora.page, "an unknown channel", size)


def _click(name: str) -> Callable[[Page], None]:
    def click(page: Page) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    return click


def _press_shortcut_for_help(page: Page) -> None:
    page.keyboard.press("F6")
    page.keyboard.press("?")


def _channels_to_join(dialog: Locator) -> Locator:
    return dialog.get_by_role("button", name=re.compile("^Join")).or_(
        dialog.get_by_text("You are a member of every public")
    )


@pytest.mark.thorough
@in_a_wide_window
@pytest.mark.parametrize(
    ("name", "open_dialog", "content"),
    [
        pytest.param("Create a channel", _click("Create channel"), None, id="create"),
        pytest.param("Browse channels", _click("Browse channels"), _channels_to_join, id="browse"),
        pytest.param(
            "Find a channel or person",
            lambda page: page.keyboard.press("Control+k"),
            lambda dialog: dialog.get_by_role("option"),
            id="switcher",
        ),
        pytest.param("Keyboard shortcuts", _press_shortcut_for_help, None, id="shortcuts"),
        pytest.param("You and settings", _click("You and settings"), None, id="settings"),
        pytest.param("Emoji", _click("Emoji"), lambda dialog: dialog.get_by_role("gridcell"), id="emoji"),
    ],
)
def test_dialogs(
    dora: BrowserUser,
    name: str,
    open_dialog: Callable[[Page], None],
    content: Callable[[Locator], Locator] | None,
    size: Size,
):
    """Every dialog, over a channel."""
    dora.open_channel("general")
    open_dialog(dora.page)
    dialog = dora.page.get_by_role("dialog", name=name)
    expect(dialog).to_be_visible()
    if content:
        expect(content(dialog).first).to_be_visible()
    _check(dora.page, name, size)


@in_a_wide_window
def test_panels_and_the_states_of_a_channel(dora: BrowserUser, fay: ApiUser, size: Size):
    """Members, adding some, search results, mention completion, a text over the limit, editing, deleting."""
    channel = dora.new_channel("panels", fay.user_id)
    fay.send_message(channel, "**look**, here")
    dora.open_channel(channel)
    page = dora.page
    page.get_by_role("button", name="Members, 2").click()
    expect(page.get_by_role("list", name="Members of panels").get_by_role("listitem")).to_have_count(2)
    _check(page, "members", size)
    page.get_by_role("button", name="Add people").click()
    expect(page.get_by_role("dialog", name="Add people").get_by_role("searchbox")).to_be_visible()
    _check(page, "adding people", size)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Search in this channel").click()
    page.keyboard.type("look")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_be_visible()
    _check(page, "search", size)
    page.get_by_role("button", name="Close search").click()
    dora.composer.press_sequentially("@fay")
    expect(page.get_by_role("listbox", name="People to mention")).to_be_visible()
    _check(page, "mention completion", size)
    dora.composer.fill("é" * 4_200)
    expect(page.locator(".Composer_countOver")).to_be_visible()
    _check(page, "a text over the limit", size)
    dora.composer.fill("")
    dora.send_message("mine")
    dora.click_action(dora.message("mine"), "Edit")
    expect(page.get_by_text("Editing your message")).to_be_visible()
    _check(page, "editing", size)
    dora.composer.press("Escape")
    dora.click_action(dora.message("mine"), "Delete")
    expect(page.get_by_role("dialog", name="Delete this message?")).to_be_visible()
    _check(page, "confirming a deletion", size)


@pytest.mark.thorough
def test_panels_that_cover_the_channel_on_a_phone(new_user: NewUser, fay: ApiUser):
    """The sidebar, the members and the search."""
    dora = new_user("dora", viewport=PHONE, reduced_motion="reduce")
    channel = dora.new_channel("pocket", fay.user_id)
    fay.send_message(channel, "look here")
    dora.open_channel(channel)
    page = dora.page
    results: dict[str, list[str]] = {}

    def check(state: str) -> None:
        for scheme, rules in (("light", ()), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            results[f"{state}, {scheme}"] = violations(page, *rules)
        page.emulate_media(color_scheme="light")

    page.get_by_role("button", name="Show channels").click()
    expect(page.get_by_role("button", name="Hide channels")).to_be_visible()
    check("channels")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Members, 2").click()
    expect(page.get_by_role("list", name="Members of pocket").get_by_role("listitem")).to_have_count(2)
    check("members")
    page.get_by_role("button", name="Close members").click()
    page.get_by_role("button", name="Search in this channel").click()
    page.keyboard.type("look")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_be_visible()
    check("search")
    assert {where: problems for where, problems in results.items() if problems} == {}


@in_a_wide_window
@pytest.mark.thorough
def test_failures(new_user: NewUser, fay: ApiUser, size: Size):
    """A lost connection, a refused message, a history that could not be loaded, a stage that cannot be reached."""
    dora = new_user("dora")
    dora.allow_errors(NETWORK_ERRORS)
    channel = dora.new_channel("trouble", fay.user_id)
    other = dora.new_channel("other")
    proxy = dora.proxy_sockets()
    proxy.answer(refusal)
    dora.page.clock.install()
    dora.open_channel(channel)
    dora.send_message("refused")
    expect(dora.message("refused").get_by_role("alert")).to_be_visible()
    proxy.cut()
    dora.page.clock.run_for(6_000)
    expect(dora.page.get_by_text(re.compile("Reconnecting"))).to_be_visible()
    dora.intercept(f"**/channels/{other}/messages**", lambda route: route.abort())
    _check(dora.page, "reconnecting, with a refused message", size)
    dora.channel_link("other").click()
    dora.page.clock.run_for(3_000)
    expect(dora.page.get_by_role("alert").filter(has_text="could not be loaded")).to_be_visible()
    _check(dora.page, "a history that could not be loaded", size)
    dora.intercept("**/config.json", lambda route: route.abort())
    dora.page.reload()
    expect(dora.page.get_by_role("heading", name="Parley cannot open")).to_be_visible()
    _check(dora.page, "a stage that cannot be reached", size)
