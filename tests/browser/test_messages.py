"""Messages: editing, deleting, reactions, mentions, Markdown, the size limit, links, drafts and search."""

import re

import pytest
from playwright.sync_api import Locator

from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect, shown_name


def _open_in_both(dora: BrowserUser, emil: BrowserUser, name: str) -> None:
    channel = dora.new_channel(name, emil.user_id)
    dora.open_channel(channel)
    emil.open_channel(channel)


def test_an_edited_message_is_marked_for_all_members(dora: BrowserUser, emil: BrowserUser):
    """The text changes for all members, with a mark. Escape cancels an edit. Others cannot edit the message."""
    _open_in_both(dora, emil, "edits")
    dora.send_message("we meet at tree")
    expect(emil.message("we meet at tree")).to_be_visible()
    dora.click_action(dora.message("we meet at tree"), "Edit")
    expect(dora.composer).to_have_value("we meet at tree")
    dora.composer.fill("something else")
    dora.composer.press("Escape")
    expect(dora.composer).to_have_value("")
    dora.click_action(dora.message("we meet at tree"), "Edit")
    dora.composer.fill("we meet at three")
    dora.composer.press("Enter")
    for user in (dora, emil):
        expect(user.message("we meet at three")).to_contain_text("edited")
        expect(user.message("we meet at tree")).to_have_count(0)
    emil.message("we meet at three").hover()
    expect(emil.message("we meet at three").get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    emil.page.reload()
    expect(emil.message("we meet at three")).to_contain_text("edited")


@pytest.mark.thorough
def test_a_deleted_message_is_removed_for_all_members(dora: BrowserUser, emil: BrowserUser):
    """After a confirmation its text disappears for all members, also after a reload; a placeholder remains."""
    _open_in_both(dora, emil, "regrets")
    dora.send_message("I should not have said this")
    expect(emil.message("I should not have said this")).to_be_visible()
    dora.click_action(dora.message("I should not"), "Delete")
    dora.page.get_by_role("dialog", name="Delete this message?").get_by_role("button", name="Cancel").click()
    expect(dora.message("I should not")).to_be_visible()
    dora.click_action(dora.message("I should not"), "Delete")
    dora.page.get_by_role("dialog", name="Delete this message?").get_by_role("button", name="Delete").click()
    for user in (dora, emil):
        expect(user.message("This message was deleted.")).to_be_visible()
        expect(user.message("I should not")).to_have_count(0)
    expect(dora.composer).to_be_focused()
    emil.page.reload()
    expect(emil.message("This message was deleted.")).to_be_visible()


@pytest.mark.thorough
def test_an_owner_can_delete_messages_of_others(dora: BrowserUser, fay: ApiUser):
    """The message is replaced by "This message was removed."."""
    channel = dora.new_channel("moderated", fay.user_id)
    dora.open_channel(channel)
    fay.send_message(channel, "spam spam spam")
    dora.click_action(dora.message("spam"), "Delete")
    dora.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(dora.message("This message was removed.")).to_be_visible()


@pytest.mark.thorough
def test_reactions_are_added_counted_and_removed(dora: BrowserUser, emil: BrowserUser):
    """A reaction from the picker is joined by a click, counted with names, and removed with its last user."""
    _open_in_both(dora, emil, "reactions")
    dora.send_message("ship it?")
    emil.click_action(emil.message("ship it?"), "Add reaction")
    picker = emil.page.get_by_role("dialog", name="Emoji")
    picker.get_by_role("searchbox", name="Search emoji").fill("rocket")
    picker.get_by_role("gridcell", name="Rocket").click()
    reaction = re.compile("^🚀, ")
    expect(dora.message("ship it?").get_by_role("button", name=reaction)).to_have_accessible_name(
        re.compile(f"^🚀, 1: {shown_name(emil.person)}$")
    )
    dora.message("ship it?").get_by_role("button", name=reaction).click()
    for user in (dora, emil):
        expect(user.message("ship it?").get_by_role("button", name=re.compile("^🚀, 2"))).to_be_visible()
    expect(dora.message("ship it?").get_by_role("button", name=reaction)).to_have_attribute("aria-pressed", "true")
    for user in (dora, emil):
        user.message("ship it?").get_by_role("button", name=reaction).click()
    for user in (dora, emil):
        expect(user.message("ship it?").get_by_role("button", name=reaction)).to_have_count(0)


@pytest.mark.thorough
def test_a_mention_is_completed_and_highlighted_for_the_mentioned_user(dora: BrowserUser, emil: BrowserUser):
    """Letters after @ and Enter complete it; the mentioned user sees a highlight and a stronger unread count."""
    channel = dora.new_channel("names", emil.user_id)
    dora.open_channel(channel)
    emil.open_channel("general")
    dora.composer.press_sequentially(f"hello @{emil.person.username[:9]}")
    options = dora.page.get_by_role("listbox", name="People to mention")
    expect(options.get_by_role("option", selected=True)).to_contain_text("Emil")
    dora.composer.press("Enter")
    expect(dora.composer).to_have_value(f"hello @{emil.person.username} ")
    dora.composer.press_sequentially("and welcome")
    dora.composer.press("Enter")
    expect(dora.message("and welcome").locator(".Markdown_mention")).to_have_text(
        re.compile(f"^@{shown_name(emil.person)}$")
    )
    expect(emil.channel_link("names")).to_have_accessible_name(re.compile("1 unread"))
    expect(emil.channel_link("names").locator(".badge-strong")).to_contain_text("1")
    emil.channel_link("names").click()
    message = emil.message("and welcome")
    expect(message).to_have_class(re.compile("MessageRow_mentionsMe"))
    expect(message.locator(".Markdown_me")).to_have_text(re.compile(f"^@{shown_name(emil.person)}$"))
    expect(dora.message("and welcome")).not_to_have_class(re.compile("MessageRow_mentionsMe"))


@pytest.mark.thorough
def test_markdown_is_displayed_as_elements(dora: BrowserUser):
    """Emphasis, code, a highlighted block, quotes, lists and links; other Markdown and HTML stay text."""
    dora.open_channel(dora.new_channel("forms"))

    def send(text: str) -> Locator:
        """Send a message and return its displayed content."""
        dora.send_message(text)
        last = dora.log.get_by_role("article").last
        expect(last.get_by_role("img", name="Delivered")).to_be_visible()
        return last.locator(".Markdown_markdown")

    words = send("*soft* **loud** ~~gone~~ `code()`")
    for element, text in (("em", "soft"), ("strong", "loud"), ("del", "gone"), ("code", "code()")):
        expect(words.locator(element)).to_have_text(text)
    block = send("```python\ndef hello():\n    return 'world'\n```")
    expect(block.locator("pre code")).to_contain_text("return 'world'")
    expect(block.locator("pre .token.keyword").first).to_have_text("def")
    expect(send("> so it was said").locator("blockquote")).to_have_text("so it was said")
    expect(send("- one\n- two\n\n1. first\n2. second").get_by_role("listitem")).to_have_count(4)
    links = send("see https://example.com/a?b=c and [that](https://example.org)").get_by_role("link")
    expect(links).to_have_count(2)
    for link in links.all():
        expect(link).to_have_attribute("rel", re.compile("noopener"))
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("href", re.compile("^https://"))
    plain = send("# no heading\n| no | table |\n![no image](https://example.com/x.png) &amp; <b>no tag</b>")
    expect(plain).to_contain_text("# no heading")
    expect(plain).to_contain_text("&amp; <b>no tag</b>")
    expect(plain.locator("h1, table, img, b")).to_have_count(0)


@pytest.mark.thorough
def test_the_byte_counter_appears_near_the_limit_and_a_longer_text_is_not_sent(dora: BrowserUser):
    """Short texts have no counter; near the limit it shows the bytes left, then the bytes over the limit."""
    channel = dora.new_channel("limits")
    dora.open_channel(channel)
    count = dora.page.locator(".Composer_count")
    dora.composer.fill("a" * 6_000)
    expect(count).to_have_count(0)
    dora.composer.fill("é" * 4_000)
    expect(count).to_have_text("192 bytes left")
    dora.composer.fill("é" * 4_100)
    expect(count).to_have_text("8 bytes over the limit")
    expect(dora.page.get_by_role("button", name="Send message")).to_be_disabled()
    dora.composer.press("Enter")
    assert dora.history(channel) == []
    dora.composer.fill("é" * 4_096)
    expect(count).to_have_text("0 bytes left")
    dora.composer.press("Enter")
    expect(dora.log.get_by_role("article").get_by_role("img", name="Delivered")).to_be_visible()
    assert dora.history(channel)[0]["text"] == "é" * 4_096


@pytest.mark.thorough
def test_a_copied_link_opens_the_message(new_user: NewUser, fay: ApiUser):
    """The copied address opens the channel at the message and highlights it."""
    dora = new_user("dora")
    dora.context.grant_permissions(["clipboard-read", "clipboard-write"])
    channel = dora.new_channel("links", fay.user_id)
    dora.open_channel(channel)
    for number in range(3):
        fay.send_message(channel, f"fact {number}")
    dora.click_action(dora.message("fact 1"), "Copy link")
    expect(dora.page.get_by_text("Link copied.")).to_be_visible()
    link = dora.page.evaluate("navigator.clipboard.readText()")
    assert link == f"{dora.stage.url}/c/{channel}/2"
    dora.page.goto(link)
    expect(dora.message("fact 1")).to_have_class(re.compile("MessageRow_highlighted"))


@pytest.mark.thorough
def test_drafts_are_kept_per_channel(dora: BrowserUser):
    """A draft is restored in its channel, and only there, after another channel was opened and a reload."""
    first, second = dora.new_channel("first draft"), dora.new_channel("second draft")
    dora.open_channel(first)
    dora.composer.fill("I was about to say")
    dora.channel_link("second draft").click()
    expect(dora.page.get_by_role("log", name="Messages in second draft")).to_be_visible()
    expect(dora.composer).to_have_value("")
    dora.page.reload()
    assert second in dora.page.url
    dora.channel_link("first draft").click()
    expect(dora.composer).to_have_value("I was about to say")


@pytest.mark.thorough
def test_search_finds_the_current_texts_of_a_channel(dora: BrowserUser, fay: ApiUser):
    """Search ignores case and lists the newest first. It finds the new text of edits, and no deleted messages."""
    channel = dora.new_channel("search", fay.user_id)
    dora.open_channel(channel)
    fay.send_message(channel, "The Heron landed")
    changed = fay.send_message(channel, "a heron, mistyped")
    deleted = fay.send_message(channel, "heron, deleted")
    fay.send(action="editMessage", channelId=channel, seq=changed, text="an egret after all")
    fay.send(action="deleteMessage", channelId=channel, seq=deleted)
    fay.wait_for_frame("messageDeleted", seq=deleted)
    fay.send_message(channel, "two HERONS")
    dora.page.keyboard.press("Control+Shift+f")
    dora.page.keyboard.type("heron")
    dora.page.keyboard.press("Enter")
    results = dora.page.get_by_role("complementary", name="Search")
    expect(results.get_by_role("link")).to_have_count(2)
    assert [text.split("\n")[-1] for text in results.get_by_role("link").all_inner_texts()] == [
        "two HERONS",
        "The Heron landed",
    ]
    expect(results.get_by_text("2 found, newest first")).to_be_visible()
    dora.page.get_by_role("searchbox", name="Search in search").fill("egret")
    dora.page.keyboard.press("Enter")
    expect(results.get_by_role("link")).to_have_count(1)
    dora.page.get_by_role("searchbox", name="Search in search").fill("stork")
    dora.page.keyboard.press("Enter")
    expect(results.get_by_text("No messages match.")).to_be_visible()
