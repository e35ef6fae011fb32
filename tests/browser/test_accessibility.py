"""axe finds nothing to object to: on every page, in every state, light and dark, wide and on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.visitors import NETWORK_GONE, REFUSED, Visit, Visitor
from tests.browser.voice import Voice
from tests.browser.wire import Wire
from tests.local_stage import TestStage

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
COLOURS = ("color-contrast", "link-in-text-block")


def _check(page: Page, state: str) -> None:
    """Every rule in the light, wide and on a phone; in the dark those of colour, for nothing else differs."""
    found: dict[str, list[str]] = {}
    page.emulate_media(reduced_motion="reduce", color_scheme="light")
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        found[f"{state}, light, {size['width']} px"] = violations(page)
    page.emulate_media(color_scheme="dark")
    found[f"{state}, dark, phone"] = violations(page, *COLOURS)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    found[f"{state}, dark, wide"] = violations(page, *COLOURS)
    page.emulate_media(color_scheme="light")
    assert {place: list_ for place, list_ in found.items() if list_} == {}


def test_the_door_and_the_sign_in_page(stage: TestStage, browser: Browser):
    """Before anybody is signed in: the door, the hosted page, and its refusal."""
    page = browser.new_page()
    page.goto(stage.url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    _check(page, "the door")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("input[name=username]")).to_be_visible()
    _check(page, "the sign-in page")
    page.close()


@pytest.fixture
def furnished(dora: Visitor, fay: Voice) -> str:
    """A channel with some of everything."""
    channel = dora.new_channel("furnished", fay.user_id)
    fay.say(channel, "**Bold**, *soft*, ~~gone~~, `code`, https://example.com, and [a link](https://example.org)")
    fay.say(channel, "> quoted\n\n- one\n- two\n\n```python\ndef f(x):\n    return 'y'  # why\n```")
    fay.say(channel, f"@{dora.person.username} please look; @{fay.person.username} looked")
    gone = fay.say(channel, "to be deleted")
    edited = fay.say(channel, "to be edited")
    fay.send(action="deleteMessage", channelId=channel, seq=gone)
    fay.send(action="editMessage", channelId=channel, seq=edited, text="was edited")
    fay.send(action="addReaction", channelId=channel, seq=edited, emoji="🎉")
    fay.wait("reaction", seq=edited)
    return channel


def test_a_channel_with_some_of_everything(dora: Visitor, fay: Voice, furnished: str):
    """Messages of every form, one's own delivered, an unread line, a typing line, a message's tools."""
    dora.go(furnished)
    dora.say("and my own")
    expect(dora.message("and my own").get_by_role("img", name="Delivered")).to_be_visible()
    expect(dora.log.locator(".new-since")).to_be_attached()
    fay.type_in(furnished)
    expect(dora.page.locator(".typing")).to_have_text("Fay is typing")
    dora.message("and my own").hover()
    _check(dora.page, "a furnished channel")


def test_an_empty_channel(dora: Visitor):
    """Nobody has said anything."""
    dora.go(dora.new_channel("empty"))
    _check(dora.page, "an empty channel")


def test_no_channel(dora: Visitor):
    """An address that leads nowhere."""
    dora.forgive(REFUSED)
    dora.page.goto(f"{dora.stage.url}/c/00000000-0000-4000-8000-000000000000")
    expect(dora.page.get_by_role("heading", name="This channel is not here")).to_be_visible()
    _check(dora.page, "no channel")


def _opened(name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("button", name=name, exact=True).click()

    return act


def _switcher(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option").first).to_be_visible()


def _shortcuts(page: Page) -> None:
    page.keyboard.press("F6")
    page.keyboard.press("?")


@pytest.mark.parametrize(
    ("dialog", "open_it"),
    [
        ("Create a channel", _opened("Create channel")),
        ("Browse channels", _opened("Browse channels")),
        ("Find a channel or person", _switcher),
        ("Keyboard shortcuts", _shortcuts),
        ("You and settings", _opened("You and settings")),
        ("Emoji", _opened("Emoji")),
    ],
)
def test_dialogs(dora: Visitor, dialog: str, open_it: Callable[[Page], None]):
    """Each dialog, over the channel that it stands on."""
    dora.go("general")
    open_it(dora.page)
    expect(dora.page.get_by_role("dialog", name=dialog)).to_be_visible()
    expect(dora.page.get_by_role("dialog").get_by_text("Loading")).to_have_count(0)
    _check(dora.page, dialog)


def test_panels_and_what_opens_in_a_channel(dora: Visitor, furnished: str):
    """Members and adding some, search with results, mention completion, editing, the question before deleting."""
    dora.go(furnished)
    page = dora.page
    page.get_by_role("button", name="Members, 2").click()
    expect(page.get_by_role("list", name="Members of furnished").get_by_role("listitem")).to_have_count(2)
    _check(page, "members")
    page.get_by_role("button", name="Add people").click()
    _check(page, "adding people")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Search in this channel").click()
    page.keyboard.type("look")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_be_visible()
    _check(page, "search")
    page.get_by_role("button", name="Close search").click()
    dora.composer.press_sequentially("@fay")
    expect(page.get_by_role("listbox", name="People to mention")).to_be_visible()
    _check(page, "mention completion")
    dora.composer.fill("é" * 4_200)
    _check(page, "too long a text")
    dora.composer.fill("")
    dora.say("mine")
    dora.act_on(dora.message("mine"), "Edit")
    _check(page, "editing")
    dora.composer.press("Escape")
    dora.act_on(dora.message("mine"), "Delete")
    _check(page, "before deleting")


def test_the_drawer_on_a_phone(visit: Visit):
    """The channels over the channel."""
    dora = visit("dora", viewport=PHONE, reduced_motion="reduce")
    dora.page.get_by_role("button", name="Show channels").click()
    expect(dora.page.get_by_role("button", name="Hide channels")).to_be_visible()
    assert violations(dora.page) == []
    dora.page.emulate_media(color_scheme="dark")
    assert violations(dora.page, *COLOURS) == []


def test_trouble(visit: Visit, fay: Voice):
    """Offline, a message that failed, a notice, history that could not be loaded, a stage out of reach."""
    dora = visit("dora")
    dora.forgive(NETWORK_GONE)
    channel = dora.new_channel("trouble", fay.user_id)
    other = dora.new_channel("other")
    wire = Wire(dora.page)
    wire.answer = lambda frame: (
        {"type": "error", "code": "FORBIDDEN", "message": "No.", "clientMessageId": frame["clientMessageId"]}
        if frame["action"] == "sendMessage"
        else None
    )
    dora.page.clock.install()
    dora.go(channel)
    dora.say("refused")
    expect(dora.message("refused").get_by_role("alert")).to_be_visible()
    wire.cut()
    dora.page.clock.run_for(6_000)
    expect(dora.page.get_by_text(re.compile("Reconnecting"))).to_be_visible()
    dora.page.route(f"**/channels/{other}/messages**", lambda route: route.abort())
    _check(dora.page, "reconnecting, with a failed message")
    dora.channel_link("other").click()
    dora.page.clock.run_for(3_000)
    expect(dora.page.get_by_role("alert").filter(has_text="could not be loaded")).to_be_visible()
    _check(dora.page, "history that failed")
    dora.page.route("**/config.json", lambda route: route.abort())
    dora.page.reload()
    expect(dora.page.get_by_role("heading", name="Parley cannot open")).to_be_visible()
    _check(dora.page, "out of reach")
