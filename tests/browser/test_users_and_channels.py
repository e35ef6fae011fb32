"""Presence, typing indicators, and creating, joining and leaving channels and direct messages."""

import re

import httpx
import pytest
from playwright.sync_api import Locator

from tests.browser import clock
from tests.browser.api_user import ApiUser
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, BrowserUser, NewUser
from tests.browser.expectations import expect, shown_name
from tests.local_stage import TestStage


def _directory_entry(user: BrowserUser, name: str) -> Locator:
    return user.page.get_by_role("list", name="People").get_by_role("button", name=re.compile(f"^{name} ?, "))


def _rename(user: BrowserUser, name: str) -> None:
    user.request("PUT", "/me", {"displayName": name})


def test_presence_follows_open_tabs_and_shows_when_a_user_was_last_seen(new_user: NewUser):
    """A user is online while a tab is open; after the last one closes they are offline, with the time."""
    dora, emil = new_user("dora"), new_user("emil")
    name = f"Emil {emil.person.username[-4:]}"
    _rename(emil, name)
    dora.open_channel("general")
    emil.open_channel("general")
    expect(_directory_entry(dora, name)).to_have_accessible_name(re.compile("online$"))
    second = emil.open_tab()
    second.close()
    _directory_entry(dora, name).click()
    head = dora.page.locator(".ChannelHeader_head")
    expect(head).to_contain_text("online")
    emil.page.goto("about:blank")
    expect(head).to_contain_text("last seen just now")
    expect(dora.channel_link(name)).to_have_accessible_name(re.compile("offline$"))


@pytest.mark.thorough
def test_the_typing_indicator_names_up_to_two_users_and_expires(
    new_user: NewUser, stage: TestStage, fay: ApiUser, gus: ApiUser
):
    """One or two users are named, more are "several people"; the indicator expires, and nothing is stored."""
    dora = new_user("dora")
    hal = ApiUser.open(stage, stage.new_user("hal"))
    channel = dora.new_channel("chatter", fay.user_id, gus.user_id, hal.user_id)
    dora.page.clock.install()
    dora.open_channel(channel)
    # The indicator does not expire while the page's clock is stopped.
    clock.stop(dora.page)
    typing = dora.page.locator(".TypingIndicator_typing")
    fay.start_typing(channel)
    fay_name, gus_name, hal_name = (shown_name(user.person) for user in (fay, gus, hal))
    expect(typing).to_have_text(re.compile(f"^{fay_name} is typing$"))
    gus.start_typing(channel)
    expect(typing).to_have_text(re.compile(f"^({fay_name} and {gus_name}|{gus_name} and {fay_name}) are typing$"))
    hal.start_typing(channel)
    expect(typing).to_have_text("Several people are typing")
    gus.send_message(channel, "done")
    expect(typing).to_have_text(re.compile(f"^({fay_name} and {hal_name}|{hal_name} and {fay_name}) are typing$"))
    dora.page.clock.fast_forward(11_000)
    expect(typing).to_have_text("")
    assert [item["text"] for item in dora.history(channel)] == ["done"]
    hal.close()


@pytest.mark.thorough
def test_the_typing_indicator_is_shown_to_others_only(dora: BrowserUser, emil: BrowserUser):
    """The other user sees it; in the typing user's own browser it stays empty."""
    channel = dora.new_channel("pen", emil.user_id)
    dora.open_channel(channel)
    emil.open_channel(channel)
    emil.composer.press_sequentially("hel")
    expect(dora.page.locator(".TypingIndicator_typing")).to_have_text(
        re.compile(f"^{shown_name(emil.person)} is typing$")
    )
    expect(emil.page.locator(".TypingIndicator_typing")).to_have_text("")


@pytest.mark.thorough
def test_a_public_channel_can_be_created_found_and_joined(dora: BrowserUser, emil: BrowserUser):
    """One user creates it, the other finds it under "Browse channels", joins, and both exchange messages."""
    name = f"tea {dora.person.username}"
    dora.open_channel("general")
    dora.page.get_by_role("button", name="Create channel").click()
    dialog = dora.page.get_by_role("dialog", name="Create a channel")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    dialog.get_by_role("textbox", name="Name").fill(name)
    dialog.get_by_role("button", name="Create").click()
    expect(dora.page.get_by_role("log", name=f"Messages in {name}")).to_be_visible()
    expect(dora.log).to_contain_text("No messages yet.")
    emil.open_channel("general")
    emil.page.get_by_role("button", name="Browse channels").click()
    emil.page.get_by_role("searchbox", name="Filter channels").fill(name)
    emil.page.get_by_role("button", name=f"Join {name}").click()
    expect(emil.page.get_by_role("log", name=f"Messages in {name}")).to_be_visible()
    emil.send_message("is there tea?")
    expect(dora.message("is there tea?")).to_have_count(1)
    expect(dora.page.get_by_role("button", name="Members, 2")).to_be_visible()


@pytest.mark.thorough
def test_a_private_channel_is_visible_to_its_members_only(dora: BrowserUser, emil: BrowserUser):
    """It is not listed for others. An added member sees it immediately, and a removed one loses it immediately."""
    name = f"secret {dora.person.username}"
    channel = dora.new_channel(name)
    dora.open_channel(channel)
    dora.send_message("for members only")
    emil.open_channel("general")
    emil.page.get_by_role("button", name="Browse channels").click()
    emil.page.get_by_role("searchbox", name="Filter channels").fill(name)
    expect(emil.page.get_by_text("No channels match.")).to_be_visible()
    emil.page.get_by_role("button", name="Close").click()
    with pytest.raises(httpx.HTTPStatusError):
        emil.history(channel)
    dora.page.get_by_role("button", name="Members, 1").click()
    dora.page.get_by_role("button", name="Add people").click()
    dialog = dora.page.get_by_role("dialog", name="Add people")
    dialog.get_by_role("searchbox", name="Find people").fill(emil.person.username)
    dialog.get_by_role("button", name="Add Emil").click()
    expect(dora.page.get_by_text(re.compile(r"^Emil.* is now a member\.$"))).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    emil.channel_link(name).click()
    expect(emil.message("for members only")).to_be_visible()
    members = dora.page.get_by_role("list", name=f"Members of {name}")
    expect(members.get_by_role("listitem")).to_have_count(2)
    emil.allow_errors(FORBIDDEN_OR_NOT_FOUND)
    members.get_by_role("button", name="Remove Emil").click()
    dora.page.get_by_role("dialog", name=re.compile("^Remove Emil")).get_by_role("button", name="Remove").click()
    expect(members.get_by_role("listitem")).to_have_count(1)
    expect(dora.page.get_by_role("dialog")).to_have_count(0)
    expect(emil.page.get_by_text(f"You are no longer a member of {name}.")).to_be_visible()
    expect(emil.channel_link(name)).to_have_count(0)
    expect(emil.page.get_by_text("for members only")).to_have_count(0)
    expect(emil.page.get_by_role("heading", name="Channel not found")).to_be_visible()
    dora.send_message("among ourselves")
    expect(dora.message("among ourselves").get_by_role("img", name="Delivered")).to_be_visible()
    with pytest.raises(httpx.HTTPStatusError):
        emil.history(channel)


@pytest.mark.thorough
def test_a_channel_can_be_left(dora: BrowserUser, fay: ApiUser):
    """After a confirmation the channel disappears from the sidebar."""
    fay_channel = fay.api.post("/channels", json={"name": "to be left", "kind": "private"}).json()["channelId"]
    fay.api.put(f"/channels/{fay_channel}/members/{dora.user_id}").raise_for_status()
    dora.open_channel(fay_channel)
    dora.page.get_by_role("button", name="Members, 2").click()
    dora.page.get_by_role("button", name="Leave").click()
    dora.page.get_by_role("dialog", name="Leave to be left?").get_by_role("button", name="Leave").click()
    expect(dora.channel_link("to be left")).to_have_count(0)
    expect(dora.composer).to_be_visible()


@pytest.mark.thorough
def test_the_longest_standing_member_becomes_the_new_owner(dora: BrowserUser, emil: BrowserUser, fay: ApiUser):
    """When the owner leaves, the new owner gets a notice, is marked as owner, and can remove members."""
    name = f"handed on {dora.person.username}"
    channel = dora.new_channel(name)
    for user_id in (emil.user_id, fay.user_id):
        dora.request("PUT", f"/channels/{channel}/members/{user_id}")
    emil.open_channel(channel)
    emil.page.get_by_role("button", name="Members, 3").click()
    members = emil.page.get_by_role("list", name=f"Members of {name}")
    expect(members.get_by_role("button", name="Remove Fay")).to_have_count(0)
    dora.open_channel(channel)
    dora.page.get_by_role("button", name="Members, 3").click()
    dora.page.get_by_role("button", name="Leave").click()
    leaving = dora.page.get_by_role("dialog", name=f"Leave {name}?")
    expect(leaving).to_contain_text("The longest-standing member becomes the owner.")
    leaving.get_by_role("button", name="Leave").click()
    expect(
        emil.page.get_by_text(re.compile(f"^{shown_name(dora.person)} left {name}\\. You are now its owner\\.$"))
    ).to_be_visible()
    expect(members.get_by_role("listitem").filter(has_text="you").get_by_text("owner")).to_be_visible()
    members.get_by_role("button", name="Remove Fay").click()
    emil.page.get_by_role("dialog", name=re.compile("^Remove Fay")).get_by_role("button", name="Remove").click()
    expect(members.get_by_role("listitem")).to_have_count(1)


@pytest.mark.thorough
def test_two_users_have_one_direct_channel(new_user: NewUser):
    """Both users open the same channel with its history, from the list of people, the sidebar and the switcher."""
    dora, emil = new_user("dora"), new_user("emil")
    suffix = dora.person.username[-4:]
    _rename(dora, f"Dora {suffix}")
    _rename(emil, f"Emil {suffix}")
    for user in (dora, emil):
        user.open_channel("general")
    _directory_entry(dora, f"Emil {suffix}").click()
    expect(dora.page.get_by_role("heading", name=f"Emil {suffix}", level=1)).to_be_visible()
    expect(dora.log).to_contain_text("Only the two of you can read it.")
    dora.send_message("just between us")
    expect(dora.message("just between us").get_by_role("img", name="Delivered")).to_be_visible()
    address = dora.page.url
    emil.channel_link(f"Dora {suffix}").click()
    expect(emil.message("just between us")).to_be_visible()
    expect(emil.page).to_have_url(address)
    emil.channel_link("general").click()
    expect(emil.page.get_by_role("log", name="Messages in general")).to_be_visible()
    emil.page.keyboard.press("Control+k")
    emil.page.get_by_role("combobox").fill(f"dora {suffix}")
    emil.page.keyboard.press("Enter")
    expect(emil.message("just between us")).to_be_visible()
    expect(emil.page).to_have_url(address)
    dora.channel_link("general").click()
    expect(dora.page.get_by_role("log", name="Messages in general")).to_be_visible()
    _directory_entry(dora, f"Emil {suffix}").click()
    expect(dora.page).to_have_url(address)
    expect(dora.message("just between us")).to_be_visible()


@pytest.mark.thorough
def test_a_link_to_a_public_channel_shows_it_with_an_offer_to_join(dora: BrowserUser, emil: BrowserUser):
    """A user who is not a member can join it; a private channel is shown as not found."""
    public = dora.new_channel(f"open {dora.person.username}", kind="public")
    private = dora.new_channel("closed")
    emil.allow_errors(FORBIDDEN_OR_NOT_FOUND)
    emil.page.goto(f"{emil.stage.url}/c/{private}")
    expect(emil.page.get_by_role("heading", name="Channel not found")).to_be_visible()
    emil.page.goto(f"{emil.stage.url}/c/{public}")
    expect(emil.page.get_by_text("Join it to read and write.")).to_be_visible()
    expect(emil.page.get_by_role("alert")).to_have_count(0)
    emil.page.get_by_role("button", name="Join", exact=True).click()
    expect(emil.composer).to_be_visible()
    emil.send_message("made it")
    expect(emil.message("made it").get_by_role("img", name="Delivered")).to_be_visible()
