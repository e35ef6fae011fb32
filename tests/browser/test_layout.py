"""Layout with difficult texts and long names, on wide and narrow screens, and the light and dark themes."""

import re

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import NewUser
from tests.browser.expectations import expect

PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}
DIFFICULT = [
    "a" * 500,
    "https://example.com/" + "very-long-path/" * 40,
    "`" + "x" * 400 + "`",
    "```\n" + "wide line " * 60 + "\n```",
    "שלום, זה טקסט מימין לשמאל עם English באמצע",
    "مرحبا بالعالم، كيف الحال اليوم؟",
    "🎉",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
    "z̷̢͎͇̈́a̵͍͝l̶̰̓g̴̻͠o̶ " * 20,
    "\n".join(f"line {number}" for number in range(120)),
    "word " * 1_500,
    "> " + "quoted " * 80,
    "1. " + "item " * 100,
]


def _expect_no_overflow(page: Page) -> None:
    """Neither the page nor the list of messages can be scrolled horizontally."""
    sizes = page.evaluate(
        """() => [document.documentElement, document.querySelector("[role=log]")]
            .filter(Boolean).map(element => [element.scrollWidth, element.clientWidth])"""
    )
    assert len(sizes) == 2
    for content, visible in sizes:
        assert content <= visible, f"{content} px of content in {visible} px"


def test_difficult_texts_do_not_overflow(new_user: NewUser, fay: ApiUser):
    """Long words, wide code, right-to-left text, stacked marks and huge texts, at 1280, 390 and 320 px."""
    dora = new_user("dora")
    channel = dora.new_channel("difficult", fay.user_id)
    for text in DIFFICULT:
        fay.send_message(channel, text)
    dora.open_channel(channel)
    # It opens at the first unread message.
    dora.page.get_by_role("button", name=re.compile("new messages$")).click()
    expect(dora.message("item item")).to_be_attached()
    for size in ({"width": 1280, "height": 900}, PHONE, NARROW):
        dora.page.set_viewport_size(size)  # type: ignore[arg-type]
        for scroll_top in (0, 1_200, 2_400, 100_000):
            # The list renders the rows of its new position in the next frame.
            dora.log.evaluate(
                """async (log, top) => {
                    log.scrollTop = top;
                    const frame = () => new Promise(requestAnimationFrame);
                    await frame();
                    await frame();
                }""",
                scroll_top,
            )
            _expect_no_overflow(dora.page)
    dora.screenshot("difficult-texts")
    dora.page.set_viewport_size({"width": 1280, "height": 4_000})
    hebrew = dora.message("שלום").locator(".Markdown_markdown p")
    expect(hebrew).to_have_css("direction", "rtl")
    expect(dora.message("line 1").first.locator(".Markdown_markdown p").first).to_have_css("direction", "ltr")
    huge = dora.message("word word")
    collapsed = huge.bounding_box()
    assert collapsed
    assert collapsed["height"] < 700
    huge.get_by_role("button", name="Show all").click()
    expect(huge.get_by_role("button", name="Show less")).to_be_visible()
    expanded = huge.bounding_box()
    assert expanded
    assert expanded["height"] > collapsed["height"]


@pytest.mark.thorough
def test_long_names_are_cut_and_leave_controls_in_view(new_user: NewUser):
    """Names of a channel and a user with 64 characters and no space, in a wide and a narrow window."""
    dora = new_user("dora")
    dora.request("PUT", "/me", {"displayName": "W" * 64})
    channel = dora.new_channel("m" * 64)
    dora.open_channel(channel)
    dora.send_message("hello")
    for size in ({"width": 1280, "height": 900}, NARROW):
        dora.page.set_viewport_size(size)  # type: ignore[arg-type]
        _expect_no_overflow(dora.page)
        for control in ("Members, 1", "Search in this channel", "Send message"):
            expect(dora.page.get_by_role("button", name=control)).to_be_in_viewport(ratio=1)


@pytest.mark.thorough
def test_the_sidebar_shows_the_open_channel(new_user: NewUser):
    """In a list of channels that scrolls, after the shortcuts for the next channel, and after a link."""
    dora = new_user("dora")
    page = dora.page
    page.set_viewport_size({"width": 1280, "height": 320})
    names = [f"room {number}" for number in range(8)]
    channels = [dora.new_channel(name) for name in names]
    dora.open_channel("general")
    expect(dora.channel_link(names[-1])).not_to_be_in_viewport()
    for name in names:
        page.keyboard.press("Alt+ArrowDown")
        expect(dora.log).to_have_accessible_name(f"Messages in {name}")
    expect(dora.channel_link(names[-1])).to_be_in_viewport(ratio=1)
    expect(dora.composer).to_be_focused()
    dora.open_channel("general")
    expect(dora.channel_link("general")).to_be_in_viewport(ratio=1)
    dora.open_channel(channels[-1])
    expect(dora.channel_link(names[-1])).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_sidebar_is_a_drawer(new_user: NewUser, fay: ApiUser):
    """It opens over the channel, and closes on choosing a channel, on Escape, on Back and on a tap outside it.

    Back closes a side panel too, which covers the channel.
    """
    dora = new_user("dora", viewport=PHONE, has_touch=True, is_mobile=True)
    channel = dora.new_channel("pocket", fay.user_id)
    dora.new_channel("other pocket")
    dora.open_channel(channel)
    page = dora.page
    sidebar = page.get_by_role("navigation", name="Channels and people")
    expect(sidebar).not_to_be_in_viewport()
    expect(dora.composer).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Show channels").tap()
    expect(sidebar).to_be_in_viewport()
    expect(dora.channel_link("pocket")).to_be_focused()
    page.keyboard.press("Escape")
    expect(sidebar).not_to_be_in_viewport()
    expect(page.get_by_role("button", name="Show channels")).to_be_focused()
    page.get_by_role("button", name="Show channels").tap()
    expect(sidebar).to_be_in_viewport()
    page.go_back()
    expect(sidebar).not_to_be_in_viewport()
    expect(page.get_by_role("log", name="Messages in pocket")).to_be_visible()
    page.get_by_role("button", name="Show channels").tap()
    page.get_by_role("button", name="Hide channels").tap()
    expect(sidebar).not_to_be_in_viewport()
    page.get_by_role("button", name="Show channels").tap()
    dora.channel_link("other pocket").tap()
    expect(page.get_by_role("log", name="Messages in other pocket")).to_be_visible()
    expect(sidebar).not_to_be_in_viewport()
    page.go_back()
    expect(page.get_by_role("log", name="Messages in pocket")).to_be_visible()
    # Enter makes a new line.
    dora.composer.fill("from my")
    dora.composer.press("Enter")
    page.keyboard.type("phone")
    expect(dora.composer).to_have_value("from my\nphone")
    dora.composer.fill("from my phone")
    page.get_by_role("button", name="Send message").tap()
    expect(dora.message("from my phone").get_by_role("img", name="Delivered")).to_be_visible()
    # A tap on the message shows the toolbar, like hovering with a mouse.
    dora.message("from my phone").tap()
    expect(dora.message("from my phone").get_by_role("button", name="Edit", exact=True)).to_be_visible()
    page.get_by_role("button", name="Members, 2").tap()
    panel = page.get_by_role("complementary", name="Members")
    box = panel.bounding_box()
    assert box
    assert box["width"] >= PHONE["width"] - 1
    panel.get_by_role("button", name="Close members").tap()
    _expect_no_overflow(page)
    page.get_by_role("button", name="Members, 2").tap()
    expect(panel).to_be_visible()
    page.go_back()
    expect(panel).not_to_be_visible()
    expect(page.get_by_role("log", name="Messages in pocket")).to_be_visible()


@pytest.mark.thorough
def test_on_a_phone_controls_are_large_enough_for_a_finger(new_user: NewUser):
    """They are at least 36 CSS pixels wide and high; WCAG 2.2 requires 24. Text in fields has 16 pixels, because
    iOS zooms in on smaller text."""
    dora = new_user("dora", viewport=PHONE, has_touch=True, is_mobile=True)
    dora.open_channel(dora.new_channel("fingers"))
    expect(dora.composer).to_have_css("font-size", "16px")
    dora.composer.fill("react to this")
    dora.page.get_by_role("button", name="Send message").tap()
    dora.message("react to this").tap()
    dora.message("react to this").get_by_role("button", name="React with 👍").tap()
    for name in ("Show channels", "Search in this channel", "Emoji", "👍, 1: you", "Add another reaction"):
        _expect_large(dora.page.get_by_role("button", name=name, exact=True), name)
    _expect_large(dora.page.get_by_role("button", name=re.compile("^Members")), "Members")
    dora.page.get_by_role("button", name="Show channels").tap()
    dora.page.get_by_role("button", name="You and settings").tap()
    for button in dora.page.get_by_role("dialog").get_by_role("button").all():
        _expect_large(button, button.inner_text())


def _expect_large(control: Locator, name: str) -> None:
    expect(control).to_be_visible()
    box = control.bounding_box()
    assert box, name
    assert min(box["width"], box["height"]) >= 36, name


@pytest.mark.thorough
def test_on_a_phone_the_actions_of_a_message_are_on_screen(new_user: NewUser, fay: ApiUser):
    """Also those of a message whose start is scrolled away. The tap that shows them is not for the one under the
    finger."""
    dora = new_user("dora", viewport={"width": 360, "height": 400}, has_touch=True, is_mobile=True)
    channel = dora.new_channel("long", fay.user_id)
    fay.send_message(channel, "\n".join(f"line {number}" for number in range(12)))
    dora.open_channel(channel)
    message = dora.message("line 11")
    expect(message).to_be_visible()
    # It opens at the start of the message, which is unread.
    dora.log.evaluate("log => { log.scrollTop = log.scrollHeight; }")
    expect(message).not_to_be_in_viewport(ratio=1)
    actions = message.get_by_role("toolbar", name="Message actions")
    box = dora.log.bounding_box()
    assert box
    dora.page.touchscreen.tap(box["x"] + box["width"] - 100, box["y"] + 24)
    expect(actions).to_have_css("opacity", "1")
    expect(actions).to_be_in_viewport(ratio=1)
    place = actions.bounding_box()
    assert place
    assert place["y"] >= box["y"]
    actions.get_by_role("button", name="Quote").tap()
    expect(dora.composer).to_have_value(re.compile("> line 0"))
    expect(message.get_by_role("list", name="Reactions")).to_have_count(0)
    expect(dora.page.locator("[data-kind]")).to_have_count(0)


def _is_dark(page: Page) -> bool:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) < 3 * 128


@pytest.mark.thorough
def test_the_theme_follows_the_system_or_the_users_choice(new_user: NewUser):
    """The system's theme is followed live until the user chooses one. The choice survives a reload; after choosing
    the system, its theme is followed again."""
    dora = new_user("dora", color_scheme="light")
    page = dora.page
    dora.open_channel("general")
    assert not _is_dark(page)
    page.emulate_media(color_scheme="dark")
    assert _is_dark(page)
    page.get_by_role("button", name="You and settings").click()
    page.get_by_role("radio", name="Light").check(force=True)
    assert not _is_dark(page)
    page.reload()
    expect(dora.composer).to_be_visible()
    assert not _is_dark(page)
    page.get_by_role("button", name="You and settings").click()
    page.get_by_role("radio", name="System").check(force=True)
    assert _is_dark(page)
