"""Brings the chat into the states that `screenshots.py` takes screenshots of: dialogs, failures, empty channels.

Every state is shown in alice's browser, after the conversation of `screenshots.py`. Channels that it creates are
private ones of alice and bob.
"""

import re
from typing import Protocol

from playwright.sync_api import BrowserContext, Page

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser
from tests.browser.expectations import expect
from tests.browser.socket_proxy import refusal


class ChatState(Protocol):
    """A function that brings alice's page into a state. Its name is the screenshot's name."""

    __name__: str

    def __call__(self, alice: BrowserUser, bob: ApiUser) -> None:
        """Bring the page into the state, and wait until it is shown."""


def empty_channel(alice: BrowserUser, bob: ApiUser) -> None:
    """A channel without messages."""
    alice.open_channel(_channel(alice, bob, "retrospective"))
    expect(alice.log).to_contain_text("No messages yet.")


def typing(alice: BrowserUser, bob: ApiUser) -> None:
    """Another user is typing."""
    alice.open_channel("general")
    bob.start_typing("general")
    expect(alice.page.locator(".TypingIndicator_typing")).to_have_text("Bob is typing")


def message_actions(alice: BrowserUser, bob: ApiUser) -> None:
    """The actions of a message, with quick reactions."""
    alice.open_channel("general")
    message = alice.message("announce it at four")
    message.hover()
    expect(message.get_by_role("button", name=re.compile("^React with")).first).to_be_visible()


def unread_line(alice: BrowserUser, bob: ApiUser) -> None:
    """A channel with unread messages."""
    channel = _channel(alice, bob, "standup")
    bob.send_message(channel, "Yesterday: the archive. Today: the dashboards.")
    newest = bob.send_message(channel, "Nothing in my way.")
    alice.request("PUT", f"/channels/{channel}/read-marker", {"seq": newest})
    bob.send_message(channel, "One more thing: the alarm fired at six, and it was right.")
    bob.send_message(channel, f"@{alice.person.username} could you look at the trace?")
    alice.open_channel(channel)
    expect(alice.log.locator(".MessageList_newSince")).to_be_visible()


def reconnecting(alice: BrowserUser, bob: ApiUser) -> None:
    """A lost connection, and a message in the outbox."""
    proxy = alice.proxy_sockets()
    alice.page.clock.install()
    channel = _channel(alice, bob, "commute")
    alice.open_channel(channel)
    bob.send_message(channel, "Where are you just now?")
    alice.send_message("On the train, somewhere after the bridge")
    expect(alice.page.get_by_role("img", name="Delivered")).to_be_visible()
    proxy.cut()
    alice.send_message("I'll be in the tunnel for a minute")
    alice.page.clock.run_for(6_000)
    expect(alice.page.get_by_text(re.compile("1 message will be sent"))).to_be_visible()


def failed_message(alice: BrowserUser, bob: ApiUser) -> None:
    """A message that the server refused."""
    alice.proxy_sockets().answer(lambda frame: refusal(frame, "You may not write here."))
    alice.open_channel(_channel(alice, bob, "announcements"))
    alice.send_message("Is this thing on?")
    expect(alice.page.get_by_role("button", name="Send again")).to_be_visible()


def search(alice: BrowserUser, bob: ApiUser) -> None:
    """Search results."""
    alice.open_channel("general")
    alice.page.get_by_role("button", name="Search in this channel").click()
    alice.page.keyboard.type("replay")
    alice.page.keyboard.press("Enter")
    expect(alice.page.locator("mark").first).to_be_visible()


def switcher(alice: BrowserUser, bob: ApiUser) -> None:
    """The switcher, opened with Ctrl+K."""
    alice.open_channel("general")
    alice.page.keyboard.press("Control+k")
    expect(alice.page.get_by_role("combobox")).to_be_focused()
    alice.page.keyboard.type("re")
    expect(alice.page.get_by_role("option").first).to_be_visible()


def members(alice: BrowserUser, bob: ApiUser) -> None:
    """The list of the channel's members."""
    alice.open_channel("general")
    alice.page.get_by_role("button", name=re.compile("^Members")).click()
    expect(alice.page.get_by_role("list", name="Members of general").get_by_role("listitem").first).to_be_visible()


def emoji_picker(alice: BrowserUser, bob: ApiUser) -> None:
    """The emoji picker."""
    alice.open_channel("general")
    alice.page.get_by_role("button", name="Emoji", exact=True).click()
    expect(alice.page.get_by_role("gridcell").first).to_be_visible()


def create_channel(alice: BrowserUser, bob: ApiUser) -> None:
    """The dialog for creating a channel."""
    alice.open_channel("general")
    alice.page.get_by_role("button", name="Create channel").click()
    expect(alice.page.get_by_role("textbox", name="Name")).to_be_focused()
    alice.page.keyboard.type("launch-party")


def browse_channels(alice: BrowserUser, bob: ApiUser) -> None:
    """The dialog for joining public channels."""
    response = bob.api.post("/channels", json={"name": "reading-club", "kind": "public"})
    assert response.status_code in {201, 409}
    alice.open_channel("general")
    alice.page.get_by_role("button", name="Browse channels").click()
    expect(alice.page.get_by_role("button", name="Join reading-club").first).to_be_visible()


def mention(alice: BrowserUser, bob: ApiUser) -> None:
    """The completion of a mention."""
    alice.open_channel("general")
    alice.composer.press_sequentially("Thank you, @")
    expect(alice.page.get_by_role("listbox", name="People to mention")).to_be_visible()


def editing(alice: BrowserUser, bob: ApiUser) -> None:
    """Editing the last own message."""
    channel = _channel(alice, bob, "drafts")
    alice.open_channel(channel)
    alice.send_message("The demo is on Wensday")
    expect(alice.message("Wensday").get_by_role("img", name="Delivered")).to_be_visible()
    alice.composer.press("ArrowUp")
    expect(alice.page.get_by_text("Editing your message")).to_be_visible()


def settings(alice: BrowserUser, bob: ApiUser) -> None:
    """The settings: display name, theme, notifications, signing out."""
    alice.open_channel("general")
    alice.page.get_by_role("button", name="You and settings").click()
    expect(alice.page.get_by_role("button", name="Sign out")).to_be_visible()


def shortcuts(alice: BrowserUser, bob: ApiUser) -> None:
    """The list of keyboard shortcuts."""
    alice.open_channel("general")
    alice.page.keyboard.press("F6")
    alice.page.keyboard.press("?")
    expect(alice.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def drawer(alice: BrowserUser, bob: ApiUser) -> None:
    """The sidebar on a phone."""
    alice.open_channel("general")
    alice.page.get_by_role("button", name="Show channels").click()
    expect(alice.page.get_by_role("button", name="Hide channels")).to_be_visible()


DESKTOP_STATES: tuple[ChatState, ...] = (
    empty_channel, typing, message_actions, unread_line, search, switcher, members, emoji_picker, create_channel,
    browse_channels, mention, editing, settings, shortcuts, failed_message, reconnecting,
)  # fmt: skip
PHONE_STATES: tuple[ChatState, ...] = (
    drawer, message_actions, unread_line, search, emoji_picker, mention, reconnecting,
)  # fmt: skip


def open_state(context: BrowserContext, alice: BrowserUser, state: ChatState, bob: ApiUser) -> Page:
    """Open a page in alice's context, bring it into a state, and return it when it is drawn."""
    alice.page = context.new_page()
    state(alice, bob)
    alice.check_errors_and_faults()
    if alice.page.locator("pre").count() > 0:
        # The highlighter loads last.
        expect(alice.page.locator("pre .token").first).to_be_attached()
    wait_until_drawn(alice.page)
    return alice.page


def wait_until_drawn(page: Page) -> None:
    """Wait until fonts and images are loaded, animations have ended, and the page is drawn."""
    page.evaluate(
        """async () => {
            await document.fonts.ready;
            await Promise.allSettled([...document.images].map(image => image.decode()));
            const ends = animation => animation.effect.getComputedTiming().endTime < Infinity;
            await Promise.allSettled(document.getAnimations().filter(ends).map(animation => animation.finished));
            await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        }"""
    )


def _channel(alice: BrowserUser, bob: ApiUser, name: str) -> str:
    """Create a private channel of alice and bob; alice leaves the channel of that name from an earlier state."""
    for channel in alice.request("GET", "/channels")["items"]:
        if channel["name"] == name:
            alice.request("DELETE", f"/channels/{channel['channelId']}/members/me")
    return alice.new_channel(name, bob.user_id)
