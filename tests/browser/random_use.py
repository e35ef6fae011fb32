"""Users who write, edit, react, search, switch channels, reload, lose their network and sleep, in random order.

One seed decides about all steps, so a failed run can be repeated.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as RowMovedAway

from tests.browser.browser_user import BrowserUser
from tests.browser.expectations import expect
from tests.browser.socket_proxy import SocketProxy
from tests.waiting import wait_until

TEXTS = ("{}", "so {} it is", "*{}*", "{}\nand a line", "`{}`", "> quote\n\n{}", "{} 🎉")
MAX_TABS = 2
MAX_STEPS_AWAY = 6
OFFLINE, SILENT, CUT = "offline", "silent", "cut"
"""The browser has no network and knows it; no frame arrives; sockets are closed and new ones refused."""

WAITING = re.compile("^(Sending|Sent|Saving)$")
SCROLL_BACK = """async (scroller) => {
    const before = scroller.scrollTop;
    scroller.scrollTop = Math.max(0, before - scroller.clientHeight / 2);
    // The list draws the rows in the next frames, however slow the machine is.
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
    return before > 0;
}"""


@dataclass
class Typed:
    """What a user typed: the word that the message has now, and the words that it had before."""

    channel: str
    word: str
    edited: bool = False


@dataclass
class Participant:
    """A user with tabs, and what they typed."""

    user: BrowserUser
    tabs: list[Page]
    proxy: SocketProxy
    typed: list[Typed] = field(default_factory=list)
    outage: str | None = None
    asleep: bool = False
    steps_away: int = 0

    @property
    def offline(self) -> bool:
        """Whether requests fail as well."""
        return self.outage == OFFLINE


class RandomUse:
    """The users, their channels by name, and the steps so far. No user may have opened a socket before."""

    def __init__(self, users: list[BrowserUser], channels: dict[str, str], seed: int) -> None:
        self.random = random.Random(seed)
        self.channels = channels
        # No user must lose a frame in every run; `lost_commands` counts those of all.
        self.participants = [
            Participant(user, [user.page], SocketProxy(user.page, [], all_tabs=True)) for user in users
        ]
        self.record: list[str] = []
        self._words = 0

    def step(self) -> None:
        """Let a user who is awake do something, and let those come back who were away for long enough."""
        for each in self.participants:
            each.steps_away = max(0, each.steps_away - 1)
            if each.steps_away == 0 and (each.outage or each.asleep):
                self.come_back(each)
        awake = [each for each in self.participants if not each.asleep]
        if not awake:
            return
        participant = self.random.choice(awake)
        actions: dict[Callable[[Participant, Page], None], int] = {
            self.write: 10,
            self.edit: 4,
            self.react: 4,
            self.switch: 4,
            self.search: 1,
            self.reload: 2,
            self.open_or_close_tab: 1,
            self.lose_network: 2,
            self.sleep: 1,
        }
        (action,) = self.random.choices(list(actions), weights=list(actions.values()))
        page = self.random.choice(participant.tabs)
        page.bring_to_front()
        self.record.append(f"{participant.user.person.username} {action.__name__} {page.url}")
        action(participant, page)

    # --- what a user does

    def write(self, participant: Participant, page: Page) -> None:
        """Write a message, sometimes of several lines or with markup around its word."""
        channel = self.channel_of(page)
        if channel is None:
            return
        word = self._new_word()
        text = self.random.choice(TEXTS)
        composer = _composer(page)
        composer.fill(text.format(word))
        composer.press("Enter")
        participant.typed.append(Typed(channel, word))

    def edit(self, participant: Participant, page: Page) -> None:
        """Edit a message of the user that is on screen, once."""
        channel = self.channel_of(page)
        mine = [typed for typed in participant.typed if typed.channel == channel and not typed.edited]
        self.random.shuffle(mine)
        for typed in mine:
            message = _message(page, typed.word)
            button = message.get_by_role("button", name="Edit", exact=True)
            if message.count() != 1 or not _is_on_screen(message) or button.count() == 0:
                continue
            if not _click(message, button):
                return
            composer = _composer(page)
            expect(composer).to_have_value(re.compile(typed.word))
            word = self._new_word()
            composer.fill(f"now {word}")
            composer.press("Enter")
            typed.word, typed.edited = word, True
            return

    def react(self, _participant: Participant, page: Page) -> None:
        """Add or remove a quick reaction of a message on screen."""
        messages = [
            each for each in page.get_by_role("log").get_by_role("article").all()[-6:] if _is_on_screen(each)
        ]
        if not messages:
            return
        message = self.random.choice(messages)
        button = message.get_by_role("button", name=re.compile("^React with"))
        # Once: another tab or user may delete the message meanwhile.
        count = button.count()
        if count > 0:
            _click(message, button.nth(self.random.randrange(count)))

    def switch(self, _participant: Participant, page: Page) -> None:
        """Open another channel."""
        others = [name for name, channel_id in self.channels.items() if channel_id != self.channel_of(page)]
        self.open_channel(page, self.random.choice(others))

    def search(self, participant: Participant, page: Page) -> None:
        """Search for a word, and close the panel."""
        if participant.offline or not participant.typed:
            return
        page.get_by_role("button", name="Search in this channel").click()
        field_ = page.get_by_role("searchbox", name=re.compile("^Search in"))
        field_.fill(self.random.choice(participant.typed).word)
        field_.press("Enter")
        page.keyboard.press("Escape")
        panel = page.get_by_role("complementary", name="Search")
        if panel.count() > 0:
            panel.get_by_role("button", name="Close").click()

    def reload(self, participant: Participant, page: Page) -> None:
        """Load the page again."""
        if not participant.offline:
            page.reload()
            _composer(page).wait_for()

    def open_or_close_tab(self, participant: Participant, page: Page) -> None:
        """Use a second tab for a while."""
        if len(participant.tabs) == MAX_TABS:
            participant.tabs.remove(page)
            page.close()
        elif not participant.offline:
            opened = participant.user.open_tab()
            _composer(opened).wait_for()
            participant.tabs.append(opened)
        participant.user.page = participant.tabs[0]

    def lose_network(self, participant: Participant, page: Page) -> None:
        """Lose the connection for some steps, and go on writing."""
        if participant.outage is None:
            participant.outage = self.random.choice([OFFLINE, SILENT, CUT])
            if participant.outage == CUT:
                participant.proxy.cut()
            else:
                participant.proxy.silence()
            if participant.offline:
                participant.user.context.set_offline(True)
            self.record.append(f"{participant.user.person.username} is {participant.outage}")
        self.write(participant, page)
        participant.steps_away = self.random.randint(1, MAX_STEPS_AWAY)

    def sleep(self, participant: Participant, _page: Page) -> None:
        """Close the laptop: the tabs are frozen for some steps."""
        _set_lifecycle(participant, "frozen")
        participant.asleep = True
        participant.steps_away = self.random.randint(1, MAX_STEPS_AWAY)

    def come_back(self, participant: Participant) -> None:
        """Wake up, and have a network again."""
        if participant.asleep:
            _set_lifecycle(participant, "active")
        if participant.outage == SILENT:
            # The server closes an idle socket. Without a network, the client has to find out itself.
            participant.proxy.cut()
        participant.proxy.restore()
        if participant.offline:
            participant.user.context.set_offline(False)
        participant.asleep, participant.outage = False, None
        self.record.append(f"{participant.user.person.username} comes back")

    def lost_commands(self) -> Counter[str]:
        """How many commands of each kind the users' browsers sent and the server never received."""
        return Counter(frame["action"] for each in self.participants for frame in each.proxy.lost)

    # --- what is on the screens

    def channel_of(self, page: Page) -> str | None:
        """The id of the channel that a page shows."""
        return next((channel_id for channel_id in self.channels.values() if f"/c/{channel_id}" in page.url), None)

    def open_channel(self, page: Page, name: str) -> None:
        """Open a channel by its link in the sidebar."""
        navigation = page.get_by_role("navigation", name="Channels and people")
        navigation.get_by_role("link", name=re.compile(rf"^{name}\b")).click()
        wait_until(lambda: self.channel_of(page) == self.channels[name], f"the page shows {name}")

    def words_not_sent(self, participant: Participant, name: str) -> set[str]:
        """Wait until nothing waits in a channel to be sent, and return the words that are marked as not sent."""
        marked: set[str] = set()
        for page in participant.tabs:
            page.bring_to_front()
            self.open_channel(page, name)
            _go_to_newest(page)
            expect(page.get_by_role("log").get_by_role("img", name=WAITING)).to_have_count(0)
            for row in page.get_by_role("log").get_by_role("article").filter(has_text="Not sent").all():
                text = row.inner_text()
                marked |= {typed.word for typed in participant.typed if typed.word in text}
        return marked

    def wait_until_words_are_shown(self, participant: Participant, name: str, not_sent: set[str]) -> None:
        """Wait until a user sees what all users typed in a channel, except the words that were not sent."""
        page = participant.tabs[0]
        page.bring_to_front()
        self.open_channel(page, name)
        typed = [typed for each in self.participants for typed in each.typed]
        missing = {each.word for each in typed if each.channel == self.channels[name]} - not_sent

        def all_were_shown() -> bool:
            missing.intersection_update(self.missing_words(page, missing))
            return not missing

        username = participant.user.person.username
        try:
            wait_until(all_were_shown, f"{username} sees every word in {name}", every=1)
        except AssertionError as failure:
            failure.add_note(f"missing: {sorted(missing)}")
            raise

    def missing_words(self, page: Page, words: set[str]) -> set[str]:
        """The words that are nowhere in the open channel: read from the newest message to the first."""
        missing = set(words)
        _go_to_newest(page)
        scroller = page.locator("[data-region=messages]").first
        scroller.evaluate("(scroller) => { scroller.scrollTop = scroller.scrollHeight; }")
        introduction = page.locator("[data-intro]")
        while True:
            shown = scroller.inner_text()
            missing -= {word for word in missing if word in shown}
            if not missing:
                return missing
            if scroller.evaluate(SCROLL_BACK):
                continue
            if introduction.count() > 0:
                return missing
            wait_until(
                lambda: scroller.evaluate(SCROLL_BACK) or introduction.count(), "earlier messages are loaded"
            )

    def _new_word(self) -> str:
        self._words += 1
        return f"word{self._words}x{self.random.randrange(10**6):06d}"


def _go_to_newest(page: Page) -> None:
    newest = page.get_by_role("button", name=re.compile("new messages?$|Jump to newest"))
    if newest.count() > 0:
        newest.first.click()


def _composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name=re.compile("^Message$"))


def _message(page: Page, word: str) -> Locator:
    return page.get_by_role("log").get_by_role("article").filter(has_text=word)


def _click(message: Locator, button: Locator) -> bool:
    """Click a button of a message's toolbar, unless the rows move away each time, as other users write."""
    for _ in range(5):
        try:
            message.hover(timeout=2_000)
            button.click(timeout=2_000)
        except RowMovedAway:
            continue
        return True
    return False


def _is_on_screen(message: Locator) -> bool:
    try:
        box = message.bounding_box(timeout=2_000)
    except RowMovedAway:
        # The list has scrolled, and the row is no longer in the page.
        return False
    return box is not None and 80 < box["y"] < 560


def _set_lifecycle(participant: Participant, state: str) -> None:
    for page in participant.tabs:
        session = participant.user.context.new_cdp_session(page)
        session.send("Page.setWebLifecycleState", {"state": state})
        session.detach()
