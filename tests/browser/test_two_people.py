"""Two people, two browsers, one channel."""

import re
from uuid import uuid4

from playwright.sync_api import expect

from tests.browser.visitors import Visit, Visitor
from tests.local_stage import TestStage


def _messages(visitor: Visitor):
    return visitor.page.get_by_role("log")


def test_two_people_chat_and_find_the_history_after_a_reload(visit: Visit):
    """Each sees what the other says, once; after a reload it is still there."""
    dora, emil = visit("dora"), visit("emil")
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


def test_people_see_each_other_come_and_go(visit: Visit):
    """The other's presence turns online as they come, and offline as they close their last tab."""
    dora, emil = visit("dora"), visit("emil")
    people = dora.page.get_by_role("list", name="People")
    row = people.get_by_role("listitem").filter(has_text=re.compile("Emil")).filter(has_text="online")
    expect(row.first).to_be_visible()
    emil.context.close()
    expect(row).to_have_count(0, timeout=20_000)


def test_a_channel_is_made_found_and_joined(visit: Visit):
    """One makes it, the other browses, joins, and they talk there."""
    dora, emil = visit("dora"), visit("emil")
    name = f"tea {dora.person.username}"
    dora.page.get_by_role("button", name="Create channel").first.click()
    dora.page.get_by_role("textbox", name="Name").fill(name)
    dora.page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(dora.page.get_by_role("log", name=re.compile(re.escape(name)))).to_be_visible()
    emil.page.get_by_role("button", name="Browse channels").first.click()
    emil.page.get_by_role("dialog").get_by_role("button", name=re.compile(f"Join.*{name}")).click()
    expect(emil.page.get_by_role("log", name=re.compile(re.escape(name)))).to_be_visible()
    emil.say("is there tea?")
    expect(_messages(dora).get_by_text("is there tea?")).to_have_count(1)


def test_a_refused_message_says_why(visit: Visit):
    """Over the byte limit the composer says so, and nothing is sent."""
    dora = visit("dora")
    dora.page.get_by_role("textbox", name=re.compile("^Message")).fill("é" * 4200)
    expect(dora.page.get_by_text(re.compile("over the limit")).first).to_be_visible()


def test_a_stranger_is_asked_to_sign_in(stage: TestStage, browser):
    """Without a session there is the sign-in page, and no chat."""
    page = browser.new_context().new_page()
    page.goto(f"{stage.url}/c/general")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("log")).to_have_count(0)
    page.context.close()
