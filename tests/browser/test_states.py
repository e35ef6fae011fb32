"""Empty, loading, failing, for the first time: every state says what it is and what can be done."""

import re

import pytest
from playwright.sync_api import Route

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, NETWORK_ERRORS, BrowserUser, NewUser
from tests.browser.expectations import expect

SERVER_ERRORS = re.compile("status of 50")


def test_the_first_visit_explains_itself(new_user: NewUser):
    """A new person stands in general, can write at once, and finds how to go on."""
    dora = new_user("dora", signed_in=False)
    dora.store_session()
    dora.page.goto(dora.stage.url)
    expect(dora.page).to_have_url(re.compile("/c/general$"))
    expect(dora.page.get_by_role("heading", name="general", level=1)).to_be_visible()
    expect(dora.composer).to_be_focused()
    expect(dora.composer).to_have_attribute("placeholder", "Message #general")


@pytest.mark.thorough
def test_an_empty_channel_invites(dora: BrowserUser):
    """It says that nobody has written, who can read it, and where to begin."""
    dora.open_channel(dora.new_channel("fresh"))
    expect(dora.log).to_contain_text("No messages yet. Only its members can find and read it.")
    expect(dora.log).to_contain_text("Write the first message below.")
    dora.send_message("here I am")
    expect(dora.message("here I am").get_by_role("img", name="Delivered")).to_be_visible()
    expect(dora.log).not_to_contain_text("Write the first message below.")


@pytest.mark.thorough
def test_without_a_channel_there_are_two_ways_on(dora: BrowserUser):
    """Nobody's channel, or none at all: browse, or make one."""
    dora.allow_errors(FORBIDDEN_OR_NOT_FOUND)
    dora.page.goto(f"{dora.stage.url}/c/00000000-0000-4000-8000-000000000000")
    expect(dora.page.get_by_role("heading", name="Channel not found")).to_be_visible()
    dora.page.get_by_role("main").get_by_role("button", name="Browse channels").click()
    expect(dora.page.get_by_role("dialog", name="Browse channels")).to_be_visible()


@pytest.mark.thorough
def test_while_messages_load_it_says_so_and_a_failure_can_be_tried_again(dora: BrowserUser, fay: ApiUser):
    """Loading is announced; when the server fails there is a sentence and a way to try again, and it works."""
    dora.allow_errors(SERVER_ERRORS)
    channel = dora.new_channel("slow", fay.user_id)
    fay.send_message(channel, "worth the wait")
    dora.open_channel("general")
    waiting: list[Route] = []
    dora.intercept(f"**/channels/{channel}/messages**", waiting.append)
    dora.channel_link("slow").click()
    expect(dora.page.get_by_role("main").get_by_role("status").filter(has_text="Loading")).to_be_attached()
    failing = '{"code": "INTERNAL", "message": "Something went wrong (made up)."}'
    dora.intercept(
        f"**/channels/{channel}/messages**",
        lambda route: route.fulfill(status=500, content_type="application/json", body=failing),
    )
    dora.wait_until(lambda: waiting, "the messages are asked for")
    waiting.pop().fulfill(status=500, content_type="application/json", body=failing)
    trouble = dora.page.get_by_role("alert").filter(has_text="The messages could not be loaded.")
    expect(trouble).to_be_visible()
    dora.page.unroute_all()
    trouble.get_by_role("button", name="Try again").click()
    expect(dora.message("worth the wait")).to_be_visible()


def test_a_stage_that_cannot_be_reached_says_so_and_opens_by_itself(dora: BrowserUser):
    """No blank page: a sentence, a button, and the chat as soon as it can be."""
    dora.allow_errors(NETWORK_ERRORS)
    dora.intercept("**/config.json", lambda route: route.abort())
    dora.page.goto(f"{dora.stage.url}/c/general")
    expect(dora.page.get_by_role("heading", name="Parley cannot open")).to_be_visible()
    expect(dora.page.get_by_role("button", name="Try again")).to_be_visible()
    dora.page.unroute_all()
    expect(dora.composer).to_be_visible()


@pytest.mark.thorough
def test_what_cannot_be_done_is_said_in_words(dora: BrowserUser):
    """A name that is refused keeps the dialog open with the reason."""
    dora.open_channel("general")
    dora.page.get_by_role("button", name="Create channel").click()
    dialog = dora.page.get_by_role("dialog", name="Create a channel")
    expect(dialog.get_by_role("button", name="Create")).to_be_disabled()
    dora.allow_errors(re.compile("status of 400"))
    dialog.get_by_role("textbox", name="Name").fill("\u200b\u200b")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_attribute("aria-invalid", "true")


NOTICES = """
window.notices = [];
let hidden = false;
window.hideTab = value => { hidden = value; document.dispatchEvent(new Event("visibilitychange")); };
Object.defineProperty(document, "visibilityState", {get: () => hidden ? "hidden" : "visible"});
const Real = window.Notification;
window.Notification = class {
    constructor(title, options) { window.notices.push([title, options.body]); }
    static get permission() { return Real.permission; }
    static requestPermission() { return Real.requestPermission(); }
    close() {}
};
"""


def test_notifications_come_on_request_for_mentions_and_direct_messages_while_the_tab_is_hidden(
    new_user: NewUser, fay: ApiUser
):
    """None without asking for them, none while one looks, none for what names nobody."""
    dora = new_user("dora")
    dora.context.grant_permissions(["notifications"])
    dora.context.add_init_script(NOTICES)
    channel = dora.new_channel("notices", fay.user_id)
    dora.open_channel(channel)
    mention = f"@{dora.person.username} look"
    dora.page.evaluate("hideTab(true)")
    fay.send_message(channel, mention)
    expect(dora.message("look")).to_have_count(1)
    assert dora.page.evaluate("notices") == []
    dora.page.evaluate("hideTab(false)")
    dora.page.get_by_role("button", name="You and settings").click()
    dora.page.get_by_role("checkbox", name="Notifications").click()
    expect(dora.page.get_by_role("checkbox", name="Notifications")).to_be_checked()
    dora.page.keyboard.press("Escape")
    fay.send_message(channel, f"{mention} again")
    expect(dora.message("look again")).to_have_count(1)
    assert dora.page.evaluate("notices") == []
    dora.page.evaluate("hideTab(true)")
    fay.send_message(channel, "of no concern")
    fay.send_message(channel, f"{mention} now")
    direct = fay.api.post("/direct-messages", json={"userId": dora.user_id}).json()["channelId"]
    fay.send_message(direct, "psst")
    dora.page.wait_for_function("() => notices.length >= 2")
    assert dora.page.evaluate("notices") == [["Fay in notices", f"{mention} now"], ["Fay", "psst"]]
