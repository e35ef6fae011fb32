"""Two users in two browsers chat in one channel."""

from uuid import uuid4

from tests.browser.browser_user import NewUser
from tests.browser.expectations import expect


def test_two_users_chat_and_find_the_history_after_a_reload(new_user: NewUser):
    """Both see both messages once; after a reload they are still displayed."""
    dora, emil = new_user("dora", use_sign_in_page=True), new_user("emil", use_sign_in_page=True)
    question, answer = f"are you there? {uuid4()}", f"I am {uuid4()}"
    dora.send_message(question)
    expect(emil.log.get_by_text(question)).to_have_count(1)
    emil.send_message(answer)
    expect(dora.log.get_by_text(answer)).to_have_count(1)
    expect(dora.log.get_by_text(question)).to_have_count(1)
    dora.screenshot("two-users")
    dora.page.reload()
    expect(dora.log.get_by_text(question)).to_have_count(1)
    expect(dora.log.get_by_text(answer)).to_have_count(1)
