"""A channel of many messages: at hand, whole, and steady under the reader's eyes."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser
from tests.browser.expectations import expect
from tests.browser.seeding import seed, text_of
from tests.local_stage import TestStage

MANY = 2_000
"""Forty pages: far more than is loaded or drawn at any time. The thorough run opens a channel of 10,000."""


@pytest.fixture(scope="module")
def long_channel(stage: TestStage) -> dict[str, str]:
    """Where the seeded channel is, once somebody has made it."""
    return {}


@pytest.fixture
def channel(stage: TestStage, dora: BrowserUser, fay: ApiUser, long_channel: dict[str, str]) -> str:
    """Dora's channel of many messages, all read."""
    if "id" not in long_channel:
        long_channel["id"] = dora.new_channel("many", fay.user_id)
        seed(stage, long_channel["id"], MANY, senders=[(dora.user_id, "Dora"), (fay.user_id, "Fay")])
    newest = dora.request("GET", f"/channels/{long_channel['id']}")["lastSeq"]
    dora.request("PUT", f"/channels/{long_channel['id']}/read-marker", {"seq": newest})
    return long_channel["id"]


def _number(user: BrowserUser, seq: int) -> Locator:
    return user.log.locator(f"article[data-seq='{seq}']")


def _middle(user: BrowserUser) -> int:
    """The message in the middle of the screen, once the list has stood still for a few frames."""
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


def _settled(page: Page, element: Locator) -> float:
    """Where an element stands once it has stood still for a few frames."""
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
    """Scroll near the first message that is loaded; again if the list was still being placed at its end."""
    scrolled = """log => new Promise(resolve => {
        log.scrollTop = 300;
        let frames = 0;
        const look = () => frames++ === 6 ? resolve(log.scrollTop < 900) : requestAnimationFrame(look);
        look();
    })"""
    user.wait_until(lambda: user.log.evaluate(scrolled), "the list stays near its top")


def _scroll_by_wheel(user: BrowserUser) -> None:
    """Three turns of the wheel, until the newest is out of view: the list may still be being placed at its end."""
    user.log.hover()

    def turned() -> bool:
        for _ in range(3):
            user.page.mouse.wheel(0, -1_000)
        _settled(user.page, user.log.get_by_role("article").first)
        middle = _middle(user)
        return middle < MANY - 5

    user.wait_until(turned, "the newest is out of view")


def test_it_opens_at_what_is_new_with_a_line(dora: BrowserUser, fay: ApiUser):
    """30 unread: the list opens where they begin, under the line "New", and the newest is a jump away."""
    channel = dora.new_channel("much is new", fay.user_id)
    seed(dora.stage, channel, 130, senders=[(dora.user_id, "Dora"), (fay.user_id, "Fay")])
    dora.request("PUT", f"/channels/{channel}/read-marker", {"seq": 100})
    dora.open_channel(channel)
    line = dora.log.locator(".new-since")
    expect(line).to_be_in_viewport()
    # The first unread of somebody else, for one's own are never new.
    first = dora.log.locator("[data-row]").filter(has=dora.page.locator(".new-since")).get_by_role("article")
    expect(first).to_have_attribute("data-seq", re.compile(r"^10[1-9]$"))
    jump = dora.page.get_by_role("button", name=re.compile("new messages"))
    expect(jump).to_be_visible()
    dora.screenshot("new-since")
    jump.click()
    expect(_number(dora, 130)).to_be_in_viewport()
    expect(dora.log).to_be_focused()
    expect(jump).to_have_count(0)


def _opens_at_the_newest(dora: BrowserUser, name: str, channel: str) -> None:
    newest = int(dora.request("GET", f"/channels/{channel}")["lastSeq"])
    loaded: list[int] = []

    def pass_on(route: Route) -> None:
        answer = route.fetch()
        # When its socket opens, the chat reads the newest messages once more, which may be before or after this.
        if "after=" not in route.request.url:
            loaded.append(len(answer.json()["items"]))
        route.fulfill(response=answer)

    dora.intercept(f"**/channels/{channel}/messages?**", pass_on)
    dora.open_channel("general")
    expect(dora.channel_link(name)).not_to_have_accessible_name(re.compile("unread"))
    assert loaded == []
    dora.channel_link(name).click()
    expect(_number(dora, newest)).to_be_in_viewport()
    _settled(dora.page, _number(dora, newest))
    assert loaded == [50]
    assert 0 < dora.log.get_by_role("article").count() <= 50


def test_it_opens_at_the_newest_and_loads_and_draws_one_page(dora: BrowserUser, channel: str):
    """Read to the end, it opens at the end: by one request, and with some rows drawn, however long it is."""
    _opens_at_the_newest(dora, "many", channel)


@pytest.mark.thorough
def test_a_channel_of_ten_thousand_messages_opens_the_same_way(dora: BrowserUser, fay: ApiUser):
    """At the end, by one request, with some rows drawn."""
    channel = dora.new_channel("ten thousand", fay.user_id)
    seed(dora.stage, channel, 10_000, senders=[(dora.user_id, "Dora"), (fay.user_id, "Fay")])
    dora.request("PUT", f"/channels/{channel}/read-marker", {"seq": 10_000})
    _opens_at_the_newest(dora, "ten thousand", channel)


def test_reading_upwards_keeps_the_place_when_older_pages_arrive(dora: BrowserUser, channel: str):
    """The message under one's eyes does not move by a pixel while the page before it is put in place."""
    waiting: list[Route] = []
    dora.intercept(re.compile(r"/messages\?.*before="), waiting.append)
    dora.open_channel(channel)
    expect(_number(dora, MANY)).to_be_in_viewport()
    _settled(dora.page, _number(dora, MANY))
    oldest = MANY
    for _ in range(3):
        _scroll_near_top(dora)
        expect(dora.page.get_by_text("Loading earlier messages")).to_be_attached()
        seq = _middle(dora)
        reading = _number(dora, seq)
        before = _settled(dora.page, reading)
        dora.wait_until(lambda: waiting, "an older page is asked for")
        waiting.pop().continue_()
        expect(dora.page.get_by_text("Loading earlier messages")).to_have_count(0)
        assert abs(_settled(dora.page, reading) - before) <= 2
        assert seq < oldest
        oldest = seq
    dora.page.unroute_all(behavior="ignoreErrors")


def test_scrolling_back_passes_every_message_in_order(dora: BrowserUser, channel: str):
    """Wheel by wheel through some hundred messages: each is met, each once, in the order of its number."""
    newest = int(dora.request("GET", f"/channels/{channel}")["lastSeq"])
    dora.open_channel(channel)
    expect(_number(dora, newest)).to_be_in_viewport()
    # Whatever is drawn in any frame: between two looks from outside there may be several.
    dora.page.evaluate(
        """() => {
            window.met = new Set();
            const look = () => {
                const articles = document.querySelectorAll("[role=log] article");
                for (const article of articles) met.add(+article.dataset.seq);
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
        seen = set(dora.page.evaluate("[...met]"))
        if min(seen) <= MANY - 200:
            break
        dora.page.mouse.wheel(0, -350)
        dora.page.wait_for_function(
            "before => document.querySelector('[role=log] article')?.dataset.seq !== before", arg=str(numbers[0])
        )
    assert seen == set(range(min(seen), newest + 1)), "no message is passed over"
    assert min(seen) <= MANY - 200


def test_a_message_that_arrives_while_one_reads_further_up_does_not_move_anything(
    dora: BrowserUser, fay: ApiUser, channel: str
):
    """The reader stays where they are, is told of what is new, and gets there by one click."""
    dora.open_channel(channel)
    expect(_number(dora, MANY)).to_be_in_viewport()
    _settled(dora.page, _number(dora, MANY))
    _scroll_by_wheel(dora)
    reading = _number(dora, _middle(dora))
    before = _settled(dora.page, reading)
    fay.send_message(channel, "news from below")
    jump = dora.page.get_by_role("button", name="1 new message")
    expect(jump).to_be_visible()
    assert abs(_settled(dora.page, reading) - before) <= 1
    jump.click()
    expect(dora.message("news from below")).to_be_in_viewport()


def test_a_link_to_an_old_message_opens_around_it_and_leads_back_to_now(
    dora: BrowserUser, fay: ApiUser, channel: str
):
    """The linked message stands in view, marked, with what came before and after; the newest is a click away."""
    dora.open_channel(channel, 900)
    expect(_number(dora, 900)).to_be_in_viewport()
    expect(_number(dora, 900)).to_have_class(re.compile("message-highlighted"))
    expect(_number(dora, 900)).to_contain_text("No. 900.")
    expect(_number(dora, 899)).to_be_attached()
    expect(_number(dora, 901)).to_be_attached()
    dora.page.get_by_role("button", name="Jump to newest").click()
    newest = dora.log.locator("article").last
    expect(newest).to_be_in_viewport()
    assert int(str(newest.get_attribute("data-seq"))) >= MANY
    expect(dora.page).to_have_url(re.compile(rf"/c/{channel}$"))


def test_search_finds_in_the_whole_channel_and_leads_there(dora: BrowserUser, channel: str):
    """Over messages that are not loaded: the newest first, the term marked, a click shows it in its place."""
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
    expect(_number(dora, 1_321)).to_be_in_viewport()
    expect(_number(dora, 1_321)).to_have_class(re.compile("message-highlighted"))
    field.fill("no. 17.")
    field.press("Enter")
    expect(results.get_by_text("No matches in the newest messages.")).to_be_visible()
    field.fill(text_of(1_990)[:12])
    field.press("Enter")
    expect(results.get_by_role("link")).to_have_count(1)
