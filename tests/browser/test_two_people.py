"""Two people, two browsers, one channel."""

from uuid import uuid4

from tests.browser.expectations import expect
from tests.browser.visitors import Visit, Visitor


def _messages(visitor: Visitor):
    return visitor.page.get_by_role("log")


def test_two_people_chat_and_find_the_history_after_a_reload(visit: Visit):
    """Each sees what the other says, once; after a reload it is still there."""
    dora, emil = visit("dora", by_hand=True), visit("emil", by_hand=True)
    question, answer = f"is anybody there? {uuid4()}", f"I am {uuid4()}"
    dora.say(question)
    expect(_messages(emil).get_by_text(question)).to_have_count(1)
    emil.say(answer)
    expect(_messages(dora).get_by_text(answer)).to_have_count(1)
    expect(_messages(dora).get_by_text(question)).to_have_count(1)
    dora.picture("two-people")
    dora.page.reload()
    expect(_messages(dora).get_by_text(question)).to_have_count(1)
    expect(_messages(dora).get_by_text(answer)).to_have_count(1)
