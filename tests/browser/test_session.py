"""Signing in through the hosted page, signing out in all tabs, and returning to the requested address."""

import re

import httpx
import pytest

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import NewUser, fill_in_credentials
from tests.browser.expectations import expect
from tests.local_stage import TestStage


def test_without_a_session_the_sign_in_page_is_shown(stage: TestStage, new_user: NewUser):
    """The sign-in page is shown, and no messages."""
    page = new_user("dora", signed_in=False).page
    page.goto(f"{stage.url}/c/general")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("log")).to_have_count(0)


@pytest.mark.thorough
def test_a_link_is_opened_after_the_sign_in(new_user: NewUser, fay: ApiUser):
    """A link to a message, opened without a session, shows that message in its channel after the sign-in."""
    dora = new_user("dora", signed_in=False)
    channel = dora.new_channel("deep", fay.user_id)
    for number in range(1, 4):
        fay.send_message(channel, f"depth {number}")
    page = dora.page
    page.goto(f"{dora.stage.url}/c/{channel}/2")
    page.get_by_role("button", name="Sign in").click()
    fill_in_credentials(page, dora.person)
    message = page.get_by_role("article").filter(has_text="depth 2")
    expect(message).to_have_class(re.compile("MessageRow_highlighted"))
    expect(page).to_have_url(f"{dora.stage.url}/c/{channel}/2")


def test_signing_out_ends_the_session_in_all_tabs_and_on_the_server(new_user: NewUser, fay: ApiUser):
    """Both tabs are signed out, no token is left in the browser, and the server issues no ticket for the token.

    Another session of the same user continues, and signing in again opens the same channel.
    """
    dora = new_user("dora", use_sign_in_page=True)
    channel = dora.new_channel("leaving", fay.user_id)
    dora.open_channel(channel)
    with dora.page.expect_request("**/api/channels") as request:
        dora.page.reload()
    token = request.value.headers["authorization"]
    expect(dora.composer).to_be_visible()
    second = dora.open_tab()
    expect(second.get_by_role("log")).to_be_visible()
    dora.page.bring_to_front()
    dora.page.get_by_role("button", name="You and settings").click()
    dora.page.get_by_role("button", name="Sign out").click()
    expect(dora.page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(second.get_by_text("You signed out in another tab.")).to_be_visible()
    for page in (dora.page, second):
        stored = page.evaluate("[...Object.values(sessionStorage), ...Object.values(localStorage)].join()")
        assert "eyJ" not in stored, "a token is left in the browser"
    response = httpx.post(f"{dora.stage.api_url}/tickets", headers={"Authorization": token})
    assert response.status_code in {401, 403}
    # `dora.api` uses another session of the same user.
    assert dora.api.post("/tickets").status_code == 201
    dora.page.goto(f"{dora.stage.url}/c/{channel}")
    dora.page.get_by_role("button", name="Sign in").click()
    username = dora.page.locator("input[name=username]")
    expect(username.or_(dora.composer).first).to_be_visible()
    assert username.is_visible(), "the hosted page must ask for the credentials again"
    fill_in_credentials(dora.page, dora.person)
    expect(dora.page.get_by_role("log", name="Messages in leaving")).to_be_visible()


@pytest.mark.thorough
def test_a_new_tab_gets_the_session_from_an_open_tab(new_user: NewUser):
    """A second tab needs no sign-in, and opens the address that it was opened with."""
    dora = new_user("dora", use_sign_in_page=True)
    # Without the hosted page's cookie only the other tab can provide the session.
    dora.context.clear_cookies()
    channel = dora.new_channel("shared")
    page = dora.context.new_page()
    page.goto(f"{dora.stage.url}/c/{channel}")
    expect(page.get_by_role("log", name="Messages in shared")).to_be_visible()


@pytest.mark.thorough
def test_a_wrong_password_is_reported_and_can_be_corrected(stage: TestStage, new_user: NewUser):
    """The hosted page shows the error, and the right password then opens the chat."""
    dora = new_user("dora", signed_in=False)
    dora.allow_errors(re.compile("status of 40"))
    person, page = dora.person, dora.page
    page.goto(stage.url)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill("not-the-password-1")
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_text(re.compile("incorrect", re.I))).to_be_visible()
    fill_in_credentials(page, person)
    expect(page.get_by_role("log")).to_be_visible()
