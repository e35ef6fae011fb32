"""Two people, two browsers, one channel."""

from uuid import uuid4

from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect


def _messages(user: BrowserUser):
    return user.page.get_by_role("log")


def test_two_people_chat_and_find_the_history_after_a_reload(new_user: NewUser):
    """Each sees what the other says, once; after a reload it is still there."""
    dora, emil = new_user("dora", use_sign_in_page=True), new_user("emil", use_sign_in_page=True)
    question, answer = f"is anybody there? {uuid4()}", f"I am {uuid4()}"
    dora.send_message(question)
    expect(_messages(emil).get_by_text(question)).to_have_count(1)
    emil.send_message(answer)
    expect(_messages(dora).get_by_text(answer)).to_have_count(1)
    expect(_messages(dora).get_by_text(question)).to_have_count(1)
    dora.screenshot("two-people")
    dora.page.reload()
    expect(_messages(dora).get_by_text(question)).to_have_count(1)
    expect(_messages(dora).get_by_text(answer)).to_have_count(1)
