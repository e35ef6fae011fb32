"""What only a real browser shows: forced colours, copied text, printed pages, dropped files, places of toasts."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser
from tests.browser.expectations import expect

WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SELECT = """([from, to]) => {
    const range = document.createRange();
    range.setStart(from, 0);
    range.setEnd(to, to.childNodes.length);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""


def _colours(element: Locator) -> list[str]:
    """The colours that distinguish the states of an element."""
    styles = element.evaluate("e => { const s = getComputedStyle(e); return [s.backgroundColor, s.color]; }")
    assert isinstance(styles, list)
    return styles


@pytest.mark.thorough
def test_states_are_distinguished_with_forced_colours(dora: BrowserUser, fay: ApiUser):
    """The current channel, presence and the user's own reactions each have another colour."""
    channel = dora.new_channel("forced colours", fay.user_id)
    seq = fay.send_message(channel, "who is with me?")
    fay.send(action="addReaction", channelId=channel, seq=seq, emoji="🎉")
    dora.open_channel(channel)
    dora.click_action(dora.message("who is with me?"), "Add reaction")
    picker = dora.page.get_by_role("dialog", name="Emoji")
    picker.get_by_role("searchbox", name="Search emoji").fill("rocket")
    picker.get_by_role("gridcell", name="Rocket").click()
    own = dora.message("who is with me?").get_by_role("button", name=re.compile("^🚀"))
    expect(own).to_have_attribute("aria-pressed", "true")
    other = dora.message("who is with me?").get_by_role("button", name=re.compile("^🎉"))
    expect(other).to_have_attribute("aria-pressed", "false")
    # Without motion: in a transition to the forced colours, two elements have different colours for a moment.
    dora.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    assert _colours(own) != _colours(other)
    current, another = dora.channel_link("forced colours"), dora.channel_link("general")
    assert _colours(current) != _colours(another)
    sidebar = dora.page.get_by_role("navigation", name="Channels and people")
    online = sidebar.locator('[data-status="online"] .presence, .presence[data-status="online"]').first
    offline = sidebar.locator('.presence[data-status="offline"]').first
    assert _colours(online)[0] != _colours(offline)[0]


@pytest.mark.thorough
def test_what_has_a_shadow_or_a_colour_has_an_outline_with_forced_colours(dora: BrowserUser):
    """A dialog has a border, the composer an outline with the focus, the chosen theme other colours."""
    dora.open_channel("general")
    dora.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    dora.composer.focus()
    expect(dora.page.locator(".Composer_box")).to_have_css("outline-style", "solid")
    dora.page.get_by_role("button", name="You and settings").click()
    dialog = dora.page.get_by_role("dialog", name="You and settings")
    expect(dialog).to_have_css("border-top-style", "solid")
    chosen, other = (dialog.locator("label").filter(has_text=name) for name in ("System", "Dark"))
    assert _colours(chosen) != _colours(other)


@pytest.mark.thorough
def test_icons_grow_with_the_browsers_font_size(dora: BrowserUser):
    """As the text and the buttons around them do."""
    dora.open_channel("general")
    icon = dora.page.get_by_role("button", name="Emoji", exact=True).locator("svg")
    before = icon.bounding_box()
    dora.page.evaluate("document.documentElement.style.fontSize = '200%'")
    after = icon.bounding_box()
    assert before
    assert after
    assert after["width"] == 2 * before["width"]


@pytest.mark.thorough
def test_copied_messages_have_names_and_times(dora: BrowserUser, fay: ApiUser):
    """Each copied message is a line with its sender, time and text as typed; nothing hidden is copied."""
    channel = dora.new_channel("copying", fay.user_id)
    for text in ("one *word*", "two", "three"):
        fay.send_message(channel, text)
    dora.open_channel(channel)
    contents = [dora.message(text).locator("[data-copied]") for text in ("one", "three")]
    expect(contents[1]).to_be_visible()
    dora.log.focus()
    dora.page.evaluate(SELECT, [content.element_handle() for content in contents])
    dora.page.keyboard.press("ControlOrMeta+c")
    dora.composer.focus()
    dora.page.keyboard.press("ControlOrMeta+v")
    line = r"[^\n]+, \d?\d:\d\d(\s[AP]M)?: "
    expect(dora.composer).to_have_value(re.compile(rf"^{line}one \*word\*\n{line}two\n{line}three$"))


@pytest.mark.thorough
def test_all_loaded_messages_are_printed(dora: BrowserUser, fay: ApiUser):
    """A channel that is longer than the screen is printed on several pages, with its times in full."""
    channel = dora.new_channel("printing", fay.user_id)
    for number in range(18):
        fay.send_message(channel, f"fact {number}\n" + "line\n" * 12)
    dora.open_channel(channel)
    expect(dora.message(re.compile("fact 0"))).to_be_visible()
    pages = re.findall(rb"/Type\s*/Page\b", dora.page.pdf())
    assert len(pages) >= 4, f"{len(pages)} printed pages"
    expect(dora.message(re.compile("fact 0"))).to_be_visible()
    dora.page.emulate_media(media="print")
    dora.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    times = dora.page.locator("article time:visible").all()
    assert len(times) >= 18
    for time in times:
        box = time.bounding_box()
        assert box
        assert box["x"] >= 0, f"{time.inner_text()} is cut off"
    dora.page.evaluate("dispatchEvent(new Event('afterprint'))")
    dora.page.emulate_media(media="null")


@pytest.mark.thorough
def test_stacked_marks_stay_in_their_message(dora: BrowserUser, fay: ApiUser):
    """The message above looks the same with and without a message of 150 combining marks below it."""
    channel = dora.new_channel("marks", fay.user_id)
    fay.send_message(channel, "read me " * 30)
    fay.send_message(channel, "Z" + "\u0301\u0310\u034c" * 50)
    dora.open_channel(channel)
    above, marks = dora.message("read me"), dora.log.get_by_role("article").last
    expect(marks).to_be_visible()
    dora.page.mouse.move(0, 0)
    with_marks = above.screenshot(animations="disabled")
    marks.evaluate("element => { element.style.visibility = 'hidden'; }")
    assert above.screenshot(animations="disabled") == with_marks


@pytest.mark.thorough
@pytest.mark.parametrize("size", [pytest.param(WIDE, id="wide"), pytest.param(PHONE, id="phone")])
def test_a_toast_covers_no_field(dora: BrowserUser, fay: ApiUser, size: dict[str, int]):
    """With the search panel open, a toast overlaps neither its field nor the composer. It ends with its button."""
    channel = dora.new_channel("toasts", fay.user_id)
    fay.send_message(channel, "copy my link")
    dora.open_channel(channel)
    dora.page.get_by_role("button", name="Search in this channel").click()
    dora.page.set_viewport_size(size)  # type: ignore[arg-type]
    dora.message("copy my link").get_by_role("button", name="Copy link").dispatch_event("click")
    toast = dora.page.locator("[data-kind]").filter(has_text=re.compile("Link copied|blocked copying"))
    expect(toast).to_be_visible()
    box = toast.bounding_box()
    assert box
    button = toast.get_by_role("button", name="Dismiss").bounding_box()
    assert button
    assert box["x"] + box["width"] - (button["x"] + button["width"]) < 16
    fields = dora.page.locator("input:visible, textarea:visible")
    assert fields.count() >= 2
    for field in fields.all():
        other = field.bounding_box()
        assert other
        apart = (
            box["x"] + box["width"] <= other["x"]
            or other["x"] + other["width"] <= box["x"]
            or box["y"] + box["height"] <= other["y"]
            or other["y"] + other["height"] <= box["y"]
        )
        assert apart, f"{box} overlaps {other}"


@pytest.mark.thorough
@pytest.mark.parametrize("target", ["composer", "messages"])
def test_a_dropped_file_is_refused_and_the_page_stays(
    dora: BrowserUser, fay: ApiUser, tmp_path: Path, target: str
):
    """A file dropped on the composer or anywhere else is refused with a message; what was written is kept."""
    file = tmp_path / "minutes.html"
    file.write_text("<title>This replaced the page</title>")
    channel = dora.new_channel("files", fay.user_id)
    dora.open_channel(channel)
    dora.composer.fill("see the minutes")
    box = (dora.composer if target == "composer" else dora.log).bounding_box()
    assert box
    devtools = dora.context.new_cdp_session(dora.page)
    for event in ("dragEnter", "dragOver", "drop"):
        devtools.send(
            "Input.dispatchDragEvent",
            {
                "type": event,
                "x": box["x"] + box["width"] / 2,
                "y": box["y"] + box["height"] / 2,
                "data": {"items": [], "files": [str(file)], "dragOperationsMask": 1},
            },
        )
    expect(dora.page.get_by_text("Files cannot be sent.")).to_be_visible()
    expect(dora.composer).to_have_value("see the minutes")
    expect(dora.page).to_have_url(re.compile(re.escape(f"/c/{channel}")))
