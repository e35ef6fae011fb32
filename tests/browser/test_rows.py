"""Generated messages of all scripts, stacked marks, markup, links and long words, as Chromium draws them."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from playwright.sync_api import Route

from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect
from tests.text_rules.mentions import generated_message

MESSAGES, BATCH = 5_000, 500
WORDS = (
    *("word", "Straße", "Ünïcödé", "слово", "λόγος", "日本語", "한국어", "ภาษาไทย", "नमस्ते", "བསྒྲུབས", "ｗｉｄｅ"),
    *("שלום", "שָׁלוֹם", "مرحبا", "بِسْمِ", "﷽", "𒐫", "🎉", "👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "❤️", "¯\\_(ツ)_/¯"),
    *("*em*", "**strong**", "~~del~~", "`code`", "\n> ", "\n- ", "\u202eabc", "\u00a0x", "W" * 300),
    *("https://example.com/" + "path/" * 40, "https://пример.рф/?q=%F0%9F", "[label](https://example.com)"),
    *("`" + "x" * 200 + "`", "```\n" + "wide line " * 30 + "\n```"),
)
MARKS = (
    "\u0301",
    "\u0323",
    "\u0334",
    "\u0489",
    "\u20dd",
    "\u20e3",
    "\u0e49",
    "\u0f90",
    "\u064b",
    "\u0b3e",
    "\ufe0f",
)
JOINED = ("\u200d👩", "\u200d🏳", "🏽", "क\u094d", "\u1100", "\u1161", "\u0600", "\u0d4e")
INVISIBLE = ("\u00ad", "\u2060", "\u200b", "\u202e")
CHAINS = (*MARKS, *JOINED, *INVISIBLE)
"""What can be joined to a letter any number of times."""

DRAW_ALL_ROWS = """() => {
    const list = document.querySelector("[data-region=messages]");
    // The window of the list is its height.
    Object.assign(list.style, {flex: "none", height: "300000px"});
}"""

WHAT_LEAVES_ITS_ROW = """() => {
    const list = document.querySelector("[data-region=messages]");
    const faults = [];
    // Between the text and the tick: for the padding of code, which does not break with its line.
    const gap = 12;
    for (const row of list.querySelectorAll("article")) {
        const fault = (what) => faults.push(`${row.dataset.seq}: ${what}`);
        const text = row.querySelector("[data-copied]");
        const bounds = text.getBoundingClientRect();
        const { overflowY, overflowClipMargin } = getComputedStyle(text);
        if (overflowY !== "clip" || overflowClipMargin !== "2px") fault("paints over other rows");
        if (bounds.height < 8) fault("shows nothing");
        if (text.scrollWidth > text.clientWidth + gap) fault(`${text.scrollWidth} px in ${text.clientWidth} px`);
        const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
        while (nodes.nextNode()) {
            const { data, parentElement } = nodes.currentNode;
            // Code has its own scroll bar.
            if (parentElement.closest("pre")) continue;
            const range = document.createRange();
            for (let at = 0; at < data.length; at += 1) {
                range.setStart(nodes.currentNode, at);
                range.setEnd(nodes.currentNode, at + 1);
                // Spaces at the end of a line hang.
                if (!/\\s/.test(data[at]))
                    for (const { left, right } of range.getClientRects())
                        if (left < bounds.left - 1 || right > bounds.right + gap)
                            fault(`${JSON.stringify(data.slice(at - 3, at + 2))} from ${left} to ${right}`);
            }
        }
    }
    if (list.scrollWidth > list.clientWidth) faults.push("the list scrolls sideways");
    return faults;
}"""


def _generated_text(source: random.Random) -> str:
    """A message with a visible letter."""
    words = source.choices(WORDS, k=source.randint(0, 4))
    chain = source.choice(CHAINS) * source.choice((0, 0, 3, 20, 150))
    mixed = "".join(source.choices(CHAINS, k=source.choice((0, 0, 0, 100))))
    return (
        source.choice(("x", "> x", "- x", "> - `x", "**x", "1. x"))
        + f"{chain} {generated_message(source)} {' '.join(words)}{mixed}"
    )


def _message(user: BrowserUser, channel_id: str, seq: int, text: str) -> dict[str, Any]:
    message_id = str(uuid5(NAMESPACE_URL, f"{channel_id}/{seq}"))
    sent_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=seq)
    return {
        "channelId": channel_id,
        "seq": seq,
        "messageId": message_id,
        "clientMessageId": message_id,
        "sender": {"userId": user.user_id, "displayName": "Dora"},
        "text": text,
        "mentions": None,
        "sentAt": sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "editedAt": None,
        "deletedAt": None,
        "deletedBy": None,
        "reactions": [],
        "traceId": None,
        "unreadable": False,
    }


@pytest.mark.thorough
def test_nothing_leaves_its_row(new_user: NewUser):
    """Everything that a message draws is within its row, and a row is never empty, on a screen of 320 px."""
    dora = new_user("dora", viewport={"width": 320, "height": 640})
    channel = dora.new_channel("generated")
    source = random.Random(1)
    batch: list[dict[str, Any]] = []

    def answer(route: Route) -> None:
        route.fulfill(content_type="application/json", body=json.dumps({"items": batch, "hasMore": False}))

    dora.intercept(f"**/channels/{channel}/messages?**", answer)
    for first in range(1, MESSAGES + 1, BATCH):
        batch = [_message(dora, channel, seq, _generated_text(source)) for seq in range(first, first + BATCH)]
        dora.open_channel(channel)
        expect(dora.log.get_by_role("article").last).to_be_visible()
        dora.page.evaluate(DRAW_ALL_ROWS)
        expect(dora.log.get_by_role("article")).to_have_count(BATCH)
        assert dora.page.evaluate(WHAT_LEAVES_ITS_ROW) == []
