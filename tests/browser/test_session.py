"""In by the hosted page, out everywhere, and back to where one was."""

import re

import httpx

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import NewUser, fill_in_credentials
from tests.browser.expectations import expect
from tests.local_stage import TestStage


def test_a_stranger_is_asked_to_sign_in(stage: TestStage, new_user: NewUser):
    """Without a session there is the sign-in page, and no chat."""
    page = new_user("dora", signed_in=False).page
    page.goto(f"{stage.url}/c/general")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("log")).to_have_count(0)


def test_a_deep_link_survives_the_sign_in(new_user: NewUser, fay: ApiUser):
    """A link to a message, followed without a session: after the sign-in it is that message, in its channel."""
    dora = new_user("dora", signed_in=False)
    channel = dora.new_channel("deep", fay.user_id)
    for number in range(1, 4):
        fay.send_message(channel, f"depth {number}")
    page = dora.page
    page.goto(f"{dora.stage.url}/c/{channel}/2")
    page.get_by_role("button", name="Sign in").click()
    fill_in_credentials(page, dora.person)
    expect(page.get_by_role("article").filter(has_text="depth 2")).to_have_class(re.compile("message-highlighted"))
    expect(page).to_have_url(f"{dora.stage.url}/c/{channel}/2")


def test_signing_out_ends_the_session_everywhere_it_should(new_user: NewUser, fay: ApiUser):
    """Both tabs are out, nothing of the session is left in the browser, the server takes its token for no more
    tickets; another sign-in of the same person goes on; signing in again comes back to the same channel."""
    dora = new_user("dora", use_sign_in_page=True)
    channel = dora.new_channel("leaving", fay.user_id)
    dora.open_channel(channel)
    with dora.page.expect_request("**/api/channels") as asking:
        dora.page.reload()
    token = asking.value.headers["authorization"]
    expect(dora.composer).to_be_visible()
    second = dora.open_tab()
    expect(second.get_by_role("log")).to_be_visible()
    dora.page.get_by_role("button", name="You and settings").click()
    dora.page.get_by_role("button", name="Sign out").click()
    expect(dora.page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(second.get_by_text("You signed out in another tab.")).to_be_visible()
    for page in (dora.page, second):
        kept = page.evaluate("[...Object.values(sessionStorage), ...Object.values(localStorage)].join()")
        assert "eyJ" not in kept, "a token is left in the browser"
    refused = httpx.post(f"{dora.stage.api_url}/tickets", headers={"Authorization": token})
    assert refused.status_code in {401, 403}
    # The session of the same person elsewhere is another one.
    assert dora.api.post("/tickets").status_code == 201
    dora.page.goto(f"{dora.stage.url}/c/{channel}")
    dora.page.get_by_role("button", name="Sign in").click()
    username = dora.page.locator("input[name=username]")
    expect(username.or_(dora.composer).first).to_be_visible()
    assert username.is_visible(), "the hosted page had forgotten the person"
    fill_in_credentials(dora.page, dora.person)
    expect(dora.page.get_by_role("log", name="Messages in leaving")).to_be_visible()


def test_a_new_tab_is_let_in_by_those_that_are_open(new_user: NewUser):
    """No second sign-in for a second tab, and the link that it was opened with holds."""
    dora = new_user("dora", use_sign_in_page=True)
    # The hosted page knows the person no more: only the other tab can let this one in.
    dora.context.clear_cookies()
    channel = dora.new_channel("shared")
    page = dora.context.new_page()
    page.goto(f"{dora.stage.url}/c/{channel}")
    expect(page.get_by_role("log", name="Messages in shared")).to_be_visible()


def test_a_wrong_password_is_said_and_can_be_mended(stage: TestStage, new_user: NewUser):
    """The hosted page stays, says what is wrong, and the right password leads in."""
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
