"""First visits, empty, loading and failing states: the page explains the state and offers the next step."""

import re

import pytest
from playwright.sync_api import Route

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, NETWORK_ERRORS, BrowserUser, NewUser
from tests.browser.expectations import expect, shown_name

SERVER_ERRORS = re.compile("status of 50")


@pytest.mark.thorough
def test_the_first_visit_opens_general_ready_to_write(new_user: NewUser):
    """A new user sees the channel general, with the focus in the composer."""
    dora = new_user("dora", signed_in=False)
    dora.store_session()
    dora.page.goto(dora.stage.url)
    expect(dora.page).to_have_url(re.compile("/c/general$"))
    expect(dora.page.get_by_role("heading", name="general", level=1)).to_be_visible()
    expect(dora.composer).to_be_focused()
    expect(dora.composer).to_have_attribute("placeholder", "Message #general")


@pytest.mark.thorough
def test_an_empty_channel_invites_to_write(dora: BrowserUser):
    """It shows that there are no messages, who can read them, and where to write the first one."""
    dora.open_channel(dora.new_channel("fresh"))
    expect(dora.log).to_contain_text("No messages yet. Only its members can find and read this channel.")
    expect(dora.log).to_contain_text("Write the first message below.")
    dora.send_message("here I am")
    expect(dora.message("here I am").get_by_role("img", name="Delivered")).to_be_visible()
    expect(dora.log).not_to_contain_text("Write the first message below.")


@pytest.mark.thorough
def test_an_unknown_channel_offers_to_browse_channels(dora: BrowserUser):
    """The address of a channel that does not exist shows "Channel not found", and a button to browse channels."""
    dora.allow_errors(FORBIDDEN_OR_NOT_FOUND)
    dora.page.goto(f"{dora.stage.url}/c/00000000-0000-4000-8000-000000000000")
    expect(dora.page.get_by_role("heading", name="Channel not found")).to_be_visible()
    dora.page.get_by_role("main").get_by_role("button", name="Browse channels").click()
    expect(dora.page.get_by_role("dialog", name="Browse channels")).to_be_visible()


@pytest.mark.thorough
def test_loading_is_shown_and_a_failure_can_be_retried(dora: BrowserUser, fay: ApiUser):
    """The page shows that messages are loading; when the server fails, "Try again" loads them."""
    dora.allow_errors(SERVER_ERRORS)
    channel = dora.new_channel("slow", fay.user_id)
    fay.send_message(channel, "worth the wait")
    dora.open_channel("general")
    pending: list[Route] = []
    dora.intercept(f"**/channels/{channel}/messages**", pending.append)
    dora.channel_link("slow").click()
    expect(dora.page.get_by_role("main").get_by_role("status").filter(has_text="Loading")).to_be_attached()
    error = '{"code": "INTERNAL", "message": "Something went wrong (made up)."}'
    dora.intercept(
        f"**/channels/{channel}/messages**",
        lambda route: route.fulfill(status=500, content_type="application/json", body=error),
    )
    dora.wait_until(lambda: pending, "the messages are requested")
    pending.pop().fulfill(status=500, content_type="application/json", body=error)
    alert = dora.page.get_by_role("alert").filter(has_text="The messages could not be loaded.")
    expect(alert).to_be_visible()
    dora.page.unroute_all()
    alert.get_by_role("button", name="Try again").click()
    expect(dora.message("worth the wait")).to_be_visible()


@pytest.mark.thorough
def test_a_stage_that_cannot_be_reached_is_shown_and_retried(dora: BrowserUser):
    """The page shows a message and a button, and opens the chat without a click once the stage answers."""
    dora.allow_errors(NETWORK_ERRORS)
    dora.intercept("**/config.json", lambda route: route.abort())
    dora.page.goto(f"{dora.stage.url}/c/general")
    expect(dora.page.get_by_role("heading", name="Parley cannot open")).to_be_visible()
    expect(dora.page.get_by_role("button", name="Try again")).to_be_visible()
    dora.page.unroute_all()
    expect(dora.composer).to_be_visible()


@pytest.mark.thorough
def test_a_refused_channel_name_is_explained(dora: BrowserUser):
    """The dialog stays open and shows why the server refused the name."""
    dora.open_channel("general")
    dora.page.get_by_role("button", name="Create channel").click()
    dialog = dora.page.get_by_role("dialog", name="Create a channel")
    expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    dora.allow_errors(re.compile("status of 400"))
    dialog.get_by_role("textbox", name="Name").fill("\u200b\u200b")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_attribute("aria-invalid", "true")


RECORD_NOTIFICATIONS = """
window.notifications = [];
let hidden = false;
window.hideTab = value => { hidden = value; document.dispatchEvent(new Event("visibilitychange")); };
Object.defineProperty(document, "visibilityState", {get: () => hidden ? "hidden" : "visible"});
const Real = window.Notification;
window.Notification = class {
    constructor(title, options) { window.notifications.push([title, options.body]); }
    static get permission() { return Real.permission; }
    static requestPermission() { return Real.requestPermission(); }
    close() {}
};
"""


@pytest.mark.thorough
def test_a_hidden_tab_notifies_of_mentions_and_direct_messages(new_user: NewUser, fay: ApiUser):
    """There are none before they are switched on, while the tab is visible, or for messages without a mention."""
    dora = new_user("dora")
    dora.context.grant_permissions(["notifications"])
    dora.context.add_init_script(RECORD_NOTIFICATIONS)
    channel = dora.new_channel("reminders", fay.user_id)
    dora.open_channel(channel)
    mention = f"@{dora.person.username} look"
    dora.page.evaluate("hideTab(true)")
    fay.send_message(channel, mention)
    expect(dora.message("look")).to_have_count(1)
    assert dora.page.evaluate("notifications") == []
    dora.page.evaluate("hideTab(false)")
    dora.page.get_by_role("button", name="You and settings").click()
    dora.page.get_by_role("checkbox", name="Notifications").click()
    expect(dora.page.get_by_role("checkbox", name="Notifications")).to_be_checked()
    dora.page.keyboard.press("Escape")
    fay.send_message(channel, f"{mention} again")
    expect(dora.message("look again")).to_have_count(1)
    assert dora.page.evaluate("notifications") == []
    dora.page.evaluate("hideTab(true)")
    fay.send_message(channel, "not a mention")
    fay.send_message(channel, f"{mention} now")
    direct = fay.api.post("/direct-messages", json={"userId": dora.user_id}).json()["channelId"]
    fay.send_message(direct, "psst")
    dora.page.wait_for_function("() => notifications.length >= 2")
    titles, texts = zip(*dora.page.evaluate("notifications"), strict=True)
    assert texts == (f"{mention} now", "psst")
    assert re.fullmatch(f"{shown_name(fay.person)} in reminders", titles[0])
    assert re.fullmatch(shown_name(fay.person), titles[1])
