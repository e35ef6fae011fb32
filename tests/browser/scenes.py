"""The chat's states as pictures, for `screenshots.py`: what opens, what fails, what is empty, light and dark.

Each scene is alice's, after the conversation that `screenshots.py` makes; what it leaves is hers to see only.
"""

import re
from typing import Protocol

from playwright.sync_api import BrowserContext, Page

from tests.browser.expectations import expect
from tests.browser.visitors import Visitor
from tests.browser.voice import Voice
from tests.browser.wire import refusal


class Scene(Protocol):
    """Brings alice's page to a state; its name is the picture's."""

    __name__: str

    def __call__(self, alice: Visitor, bob: Voice) -> None:
        """Make it so."""


def empty_channel(alice: Visitor, bob: Voice) -> None:
    """A channel where nobody has spoken."""
    alice.go(_channel(alice, bob, "retrospective"))
    expect(alice.log).to_contain_text("No messages yet.")


def typing(alice: Visitor, bob: Voice) -> None:
    """Somebody else is typing."""
    alice.go("general")
    bob.type_in("general")
    expect(alice.page.locator(".typing")).to_have_text("Bob is typing")


def unread_line(alice: Visitor, bob: Voice) -> None:
    """Coming back to a channel with news."""
    channel = _channel(alice, bob, "standup")
    bob.say(channel, "Yesterday: the archive. Today: the dashboards.")
    newest = bob.say(channel, "Nothing in my way.")
    alice.ask("PUT", f"/channels/{channel}/read-marker", {"seq": newest})
    bob.say(channel, "One more thing: the alarm fired at six, and it was right.")
    bob.say(channel, f"@{alice.person.username} could you look at the trace?")
    alice.go(channel)
    expect(alice.log.locator(".new-since")).to_be_visible()


def reconnecting(alice: Visitor, bob: Voice) -> None:
    """No connection for a while, and a message that waits."""
    wire = alice.wire()
    alice.page.clock.install()
    channel = _channel(alice, bob, "commute")
    alice.go(channel)
    bob.say(channel, "Where are you just now?")
    alice.say("On the train, somewhere after the bridge")
    expect(alice.page.get_by_role("img", name="Delivered")).to_be_visible()
    wire.cut()
    alice.say("I'll be in the tunnel for a minute")
    alice.page.clock.run_for(6_000)
    expect(alice.page.get_by_text(re.compile("One message waits"))).to_be_visible()


def failed_message(alice: Visitor, bob: Voice) -> None:
    """The server refused a message."""
    alice.wire().answer(lambda frame: refusal(frame, "You may not write here."))
    alice.go(_channel(alice, bob, "announcements"))
    alice.say("Is this thing on?")
    expect(alice.page.get_by_role("button", name="Send again")).to_be_visible()


def search(alice: Visitor, bob: Voice) -> None:
    """Search with something found."""
    alice.go("general")
    alice.page.get_by_role("button", name="Search in this channel").click()
    alice.page.keyboard.type("replay")
    alice.page.keyboard.press("Enter")
    expect(alice.page.locator("mark").first).to_be_visible()


def switcher(alice: Visitor, bob: Voice) -> None:
    """Ctrl+K."""
    alice.go("general")
    alice.page.keyboard.press("Control+k")
    expect(alice.page.get_by_role("combobox")).to_be_focused()
    alice.page.keyboard.type("re")
    expect(alice.page.get_by_role("option").first).to_be_visible()


def members(alice: Visitor, bob: Voice) -> None:
    """Who is in the channel."""
    alice.go("general")
    alice.page.get_by_role("button", name=re.compile("^Members")).click()
    expect(alice.page.get_by_role("list", name="Members of general").get_by_role("listitem").first).to_be_visible()


def emoji_picker(alice: Visitor, bob: Voice) -> None:
    """Choosing a reaction."""
    alice.go("general")
    alice.page.get_by_role("button", name="Emoji", exact=True).click()
    expect(alice.page.get_by_role("gridcell").first).to_be_visible()


def create_channel(alice: Visitor, bob: Voice) -> None:
    """Making a channel."""
    alice.go("general")
    alice.page.get_by_role("button", name="Create channel").click()
    expect(alice.page.get_by_role("textbox", name="Name")).to_be_focused()
    alice.page.keyboard.type("launch-party")


def browse_channels(alice: Visitor, bob: Voice) -> None:
    """Finding one."""
    made = bob.http.post("/channels", json={"name": "reading-club", "kind": "public"})
    assert made.status_code in {201, 409}
    alice.go("general")
    alice.page.get_by_role("button", name="Browse channels").click()
    expect(alice.page.get_by_role("button", name="Join reading-club").first).to_be_visible()


def mention(alice: Visitor, bob: Voice) -> None:
    """Completing a name."""
    alice.go("general")
    alice.composer.press_sequentially("Thank you, @")
    expect(alice.page.get_by_role("listbox", name="People to mention")).to_be_visible()


def editing(alice: Visitor, bob: Voice) -> None:
    """Changing one's last message."""
    channel = _channel(alice, bob, "drafts")
    alice.go(channel)
    alice.say("The demo is on Wensday")
    expect(alice.message("Wensday").get_by_role("img", name="Delivered")).to_be_visible()
    alice.composer.press("ArrowUp")
    expect(alice.page.get_by_text("Editing your message")).to_be_visible()


def settings(alice: Visitor, bob: Voice) -> None:
    """Oneself, the theme, notifications, the way out."""
    alice.go("general")
    alice.page.get_by_role("button", name="You and settings").click()
    expect(alice.page.get_by_role("button", name="Sign out")).to_be_visible()


def shortcuts(alice: Visitor, bob: Voice) -> None:
    """What the keyboard can do."""
    alice.go("general")
    alice.page.keyboard.press("F6")
    alice.page.keyboard.press("?")
    expect(alice.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def drawer(alice: Visitor, bob: Voice) -> None:
    """The channels, on a phone."""
    alice.go("general")
    alice.page.get_by_role("button", name="Show channels").click()
    expect(alice.page.get_by_role("button", name="Hide channels")).to_be_visible()


WIDE_SCENES: tuple[Scene, ...] = (
    empty_channel, typing, unread_line, search, switcher, members, emoji_picker, create_channel, browse_channels,
    mention, editing, settings, shortcuts, failed_message, reconnecting,
)  # fmt: skip
PHONE_SCENES: tuple[Scene, ...] = (drawer, unread_line, search, emoji_picker, mention, reconnecting)


def in_a_page(context: BrowserContext, alice: Visitor, scene: Scene, bob: Voice) -> Page:
    """Bring a page of alice's context to a scene, for somebody to look at."""
    alice.page = context.new_page()
    scene(alice, bob)
    alice.check()
    settle(alice.page)
    return alice.page


def settle(page: Page) -> None:
    """Wait until fonts and pictures are there, what moves has moved, and it is drawn."""
    page.evaluate(
        """async () => {
            await document.fonts.ready;
            await Promise.allSettled([...document.images].map(image => image.decode()));
            const ends = animation => animation.effect.getComputedTiming().endTime < Infinity;
            await Promise.allSettled(document.getAnimations().filter(ends).map(animation => animation.finished));
            await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        }"""
    )


def _channel(alice: Visitor, bob: Voice, name: str) -> str:
    """A fresh private channel of that name for the two; alice leaves the one of the scene before."""
    for channel in alice.ask("GET", "/channels")["items"]:
        if channel["name"] == name:
            alice.ask("DELETE", f"/channels/{channel['channelId']}/members/me")
    return alice.new_channel(name, bob.user_id)
