"""A long channel: what it loads and displays, scrolling, links to old messages, and search."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser
from tests.browser.expectations import expect
from tests.browser.seeding import seed, text_of
from tests.local_stage import TestStage

MESSAGES = 2_000
"""Forty pages: more than is loaded or drawn at any time. The thorough run also opens a channel of 10,000."""


@pytest.fixture(scope="module")
def long_channel(stage: TestStage) -> dict[str, str]:
    """The id of the module's seeded channel as `["id"]`, after the fixture `channel` has created it."""
    return {}


@pytest.fixture
def channel(stage: TestStage, dora: BrowserUser, fay: ApiUser, long_channel: dict[str, str]) -> str:
    """A channel of dora and fay with 2,000 messages, all of them read."""
    if "id" not in long_channel:
        long_channel["id"] = dora.new_channel("many", fay.user_id)
        seed(stage, long_channel["id"], MESSAGES, senders=[(dora.user_id, "Dora"), (fay.user_id, "Fay")])
    newest = dora.request("GET", f"/channels/{long_channel['id']}")["lastSeq"]
    dora.request("PUT", f"/channels/{long_channel['id']}/read-marker", {"seq": newest})
    return long_channel["id"]


def _message(user: BrowserUser, seq: int) -> Locator:
    return user.log.locator(f"article[data-seq='{seq}']")


def _middle_seq(user: BrowserUser) -> int:
    """The seq of the message in the middle of the list, after the list has not moved for six frames."""
    return int(
        user.log.evaluate(
            """log => new Promise(resolve => {
                let before = null, still = 0;
                const look = () => {
                    const box = log.getBoundingClientRect();
                    const middle = box.top + box.height / 2;
                    const at = [...log.querySelectorAll("article")]
                        .find(article => article.getBoundingClientRect().bottom > middle);
                    const now = at && `${at.dataset.seq} at ${at.getBoundingClientRect().top}`;
                    still = now !== undefined && now === before ? still + 1 : 0;
                    before = now;
                    if (still === 6) resolve(+at.dataset.seq); else requestAnimationFrame(look);
                };
                look();
            })"""
        )
    )


def _top_px(page: Page, element: Locator) -> float:
    """The top of an element in pixels, after it has not moved for six frames."""
    return float(
        element.evaluate(
            """element => new Promise(resolve => {
                let before = element.getBoundingClientRect().top, still = 0;
                const look = () => {
                    const now = element.getBoundingClientRect().top;
                    still = now === before ? still + 1 : 0;
                    before = now;
                    if (still === 6) resolve(now); else requestAnimationFrame(look);
                };
                look();
            })"""
        )
    )


def _scroll_near_top(user: BrowserUser) -> None:
    """Scroll near the first loaded message; again if the page was still scrolling the list to its end."""
    scrolled = """log => new Promise(resolve => {
        log.scrollTop = 300;
        let frames = 0;
        const look = () => frames++ === 6 ? resolve(log.scrollTop < 900) : requestAnimationFrame(look);
        look();
    })"""
    user.wait_until(lambda: user.log.evaluate(scrolled), "the list stays near its top")


def _wheel_up(user: BrowserUser) -> None:
    """Turn the mouse wheel up, with the pointer over the list, until other rows are drawn.

    More than once if needed: for 150 ms after it has opened at its end, the list scrolls back to it.
    """
    drawn = """(log, before) => new Promise(resolve => {
        let frames = 0;
        const look = () => {
            const changed = log.querySelector("article")?.dataset.seq !== before;
            if (changed || frames++ === 20) resolve(changed); else requestAnimationFrame(look);
        };
        look();
    })"""
    first = user.log.locator("article").first.get_attribute("data-seq")

    def are_other_rows_drawn() -> bool:
        user.page.mouse.wheel(0, -350)
        return bool(user.log.evaluate(drawn, first))

    user.wait_until(are_other_rows_drawn, "scrolling up draws other rows")


def _scroll_by_wheel(user: BrowserUser) -> None:
    """Scroll up until the newest message is out of view; the page may still be scrolling the list to its end."""
    user.log.hover()

    def is_scrolled() -> bool:
        for _ in range(3):
            user.page.mouse.wheel(0, -1_000)
        _top_px(user.page, user.log.get_by_role("article").first)
        return _middle_seq(user) < MESSAGES - 5

    user.wait_until(is_scrolled, "the newest message is out of view")


def test_it_opens_at_the_first_unread_message_under_a_line(dora: BrowserUser, fay: ApiUser):
    """With 30 unread messages the first is displayed under the line "New", and a button jumps to the newest."""
    channel = dora.new_channel("much is new", fay.user_id)
    seed(dora.stage, channel, 130, senders=[(dora.user_id, "Dora"), (fay.user_id, "Fay")])
    dora.request("PUT", f"/channels/{channel}/read-marker", {"seq": 100})
    dora.open_channel(channel)
    line = dora.log.locator(".MessageList_newSince")
    expect(line).to_be_in_viewport()
    # The first unread message of another user, because own messages are never new.
    first = (
        dora.log.locator("[data-row]")
        .filter(has=dora.page.locator(".MessageList_newSince"))
        .get_by_role("article")
    )
    expect(first).to_have_attribute("data-seq", re.compile(r"^10[1-9]$"))
    jump = dora.page.get_by_role("button", name=re.compile("new messages"))
    expect(jump).to_be_visible()
    dora.screenshot("new-since")
    jump.click()
    expect(_message(dora, 130)).to_be_in_viewport()
    expect(dora.log).to_be_focused()
    expect(jump).to_have_count(0)


def _expect_to_open_at_the_newest(dora: BrowserUser, name: str, channel: str) -> None:
    newest = int(dora.request("GET", f"/channels/{channel}")["lastSeq"])
    loaded: list[int] = []

    def on_request(route: Route) -> None:
        response = route.fetch()
        # The chat also requests the messages after the newest one when its socket opens, before or after this.
        if "after=" not in route.request.url:
            loaded.append(len(response.json()["items"]))
        route.fulfill(response=response)

    dora.intercept(f"**/channels/{channel}/messages?**", on_request)
    dora.open_channel("general")
    expect(dora.channel_link(name)).not_to_have_accessible_name(re.compile("unread"))
    assert loaded == []
    dora.channel_link(name).click()
    expect(_message(dora, newest)).to_be_in_viewport()
    _top_px(dora.page, _message(dora, newest))
    assert loaded == [50]
    assert 0 < dora.log.get_by_role("article").count() <= 50


@pytest.mark.thorough
def test_a_read_channel_opens_at_the_newest_and_loads_and_draws_one_page(dora: BrowserUser, channel: str):
    """A channel that was read to the end opens at its end, with one request and at most 50 rows drawn."""
    _expect_to_open_at_the_newest(dora, "many", channel)


@pytest.mark.thorough
def test_a_channel_of_ten_thousand_messages_loads_and_draws_one_page(dora: BrowserUser, fay: ApiUser):
    """It opens at its end, with one request and at most 50 rows drawn."""
    channel = dora.new_channel("ten thousand", fay.user_id)
    seed(dora.stage, channel, 10_000, senders=[(dora.user_id, "Dora"), (fay.user_id, "Fay")])
    dora.request("PUT", f"/channels/{channel}/read-marker", {"seq": 10_000})
    _expect_to_open_at_the_newest(dora, "ten thousand", channel)


def test_older_pages_do_not_move_the_displayed_messages(dora: BrowserUser, channel: str):
    """The message in the middle of the list moves by at most 2 px when the page before it is added."""
    pending: list[Route] = []
    dora.intercept(re.compile(r"/messages\?.*before="), pending.append)
    dora.open_channel(channel)
    expect(_message(dora, MESSAGES)).to_be_in_viewport()
    _top_px(dora.page, _message(dora, MESSAGES))
    oldest = MESSAGES
    for _ in range(3):
        _scroll_near_top(dora)
        expect(dora.page.get_by_text("Loading earlier messages")).to_be_attached()
        seq = _middle_seq(dora)
        message = _message(dora, seq)
        before = _top_px(dora.page, message)
        dora.wait_until(lambda: pending, "an older page is requested")
        pending.pop().continue_()
        expect(dora.page.get_by_text("Loading earlier messages")).to_have_count(0)
        assert abs(_top_px(dora.page, message) - before) <= 2
        assert seq < oldest
        oldest = seq
    dora.page.unroute_all(behavior="ignoreErrors")


@pytest.mark.thorough
def test_scrolling_back_displays_every_message_in_order(dora: BrowserUser, channel: str):
    """Scrolling up 200 messages displays all of them, ordered by seq."""
    newest = int(dora.request("GET", f"/channels/{channel}")["lastSeq"])
    dora.open_channel(channel)
    expect(_message(dora, newest)).to_be_in_viewport()
    # Collect the messages drawn in every frame: between two requests of the test there may be several frames.
    dora.page.evaluate(
        """() => {
            window.displayed = new Set();
            const look = () => {
                const articles = document.querySelectorAll("[role=log] article");
                for (const article of articles) displayed.add(+article.dataset.seq);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    seen: set[int] = set()
    dora.log.hover()
    for _ in range(120):
        numbers = [
            int(seq) for seq in dora.log.locator("article").evaluate_all("all => all.map(a => a.dataset.seq)")
        ]
        assert numbers == sorted(set(numbers))
        seen = set(dora.page.evaluate("[...displayed]"))
        if min(seen) <= MESSAGES - 200:
            break
        _wheel_up(dora)
    assert seen == set(range(min(seen), newest + 1)), "a message was not displayed"
    assert min(seen) <= MESSAGES - 200


@pytest.mark.thorough
def test_a_new_message_does_not_move_older_ones_that_are_displayed(dora: BrowserUser, fay: ApiUser, channel: str):
    """The list stays where it is, and a button with the number of new messages jumps to them."""
    dora.open_channel(channel)
    expect(_message(dora, MESSAGES)).to_be_in_viewport()
    _top_px(dora.page, _message(dora, MESSAGES))
    _scroll_by_wheel(dora)
    message = _message(dora, _middle_seq(dora))
    before = _top_px(dora.page, message)
    fay.send_message(channel, "a new one")
    jump = dora.page.get_by_role("button", name="1 new message")
    expect(jump).to_be_visible()
    assert abs(_top_px(dora.page, message) - before) <= 1
    jump.click()
    expect(dora.message("a new one")).to_be_in_viewport()


@pytest.mark.thorough
def test_a_long_text_shown_in_full_or_in_part_leaves_the_reader_in_place(dora: BrowserUser, fay: ApiUser):
    """Its start does not move when the rest is shown, also at the end of the list. "Show less" shows it."""
    channel_id = dora.new_channel("long texts", fay.user_id)
    fay.send_message(channel_id, "\n".join(f"line {number}" for number in range(120)))
    for number in range(4):
        fay.send_message(channel_id, f"after {number}")
    dora.open_channel(channel_id)
    expect(dora.message("after 3")).to_be_visible()
    text = _message(dora, 1).locator(".MessageRow_text")
    before = _top_px(dora.page, text)
    _message(dora, 1).get_by_role("button", name="Show all").click()
    expect(_message(dora, 1).get_by_role("button", name="Show less")).to_be_attached()
    assert _top_px(dora.page, text) == pytest.approx(before, abs=2)
    less = _message(dora, 1).get_by_role("button", name="Show less")
    less.scroll_into_view_if_needed()
    assert _top_px(dora.page, text) < 0
    less.press("Enter")
    expect(_message(dora, 1).get_by_role("button", name="Show all")).to_be_focused()
    expect(text).to_be_in_viewport()
    expect(_message(dora, 1).get_by_role("button", name="Show all")).to_be_in_viewport()


@pytest.mark.thorough
def test_a_link_to_an_old_message_displays_it(dora: BrowserUser, channel: str):
    """The linked message is in view and highlighted, between its neighbours; "Jump to newest" leads to the end."""
    dora.open_channel(channel, 900)
    expect(_message(dora, 900)).to_be_in_viewport()
    expect(_message(dora, 900)).to_have_class(re.compile("MessageRow_highlighted"))
    expect(_message(dora, 900)).to_contain_text("No. 900.")
    expect(_message(dora, 899)).to_be_attached()
    expect(_message(dora, 901)).to_be_attached()
    dora.page.get_by_role("button", name="Jump to newest").click()
    newest = dora.log.locator("article").last
    expect(newest).to_be_in_viewport()
    assert int(str(newest.get_attribute("data-seq"))) >= MESSAGES
    expect(dora.page).to_have_url(re.compile(rf"/c/{channel}$"))


@pytest.mark.thorough
def test_search_covers_the_newest_messages_and_opens_a_result(dora: BrowserUser, channel: str):
    """It finds messages that are not loaded, marks the term, and a click shows the result in the channel."""
    dora.open_channel(channel)
    dora.page.get_by_role("button", name="Search in this channel").click()
    field = dora.page.get_by_role("searchbox", name="Search in many")
    expect(field).to_be_focused()
    field.fill("no. 1321.")
    field.press("Enter")
    results = dora.page.get_by_role("complementary", name="Search")
    expect(results.get_by_role("link")).to_have_count(1)
    expect(results.locator("mark")).to_have_text("No. 1321.")
    results.get_by_role("link").click()
    expect(_message(dora, 1_321)).to_be_in_viewport()
    expect(_message(dora, 1_321)).to_have_class(re.compile("MessageRow_highlighted"))
    field.fill("no. 1000.")
    field.press("Enter")
    expect(results.get_by_text("No matches in the newest messages.")).to_be_visible()
    field.fill(text_of(1_990)[:12])
    field.press("Enter")
    expect(results.get_by_role("link")).to_have_count(1)
