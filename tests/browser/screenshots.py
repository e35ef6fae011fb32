"""The pictures of the documents: `make screenshots` writes docs/screenshots/ from a stage of its own.

A conversation is made through the public contract, then Chromium looks at it, light and dark, wide and on a phone.
"""

import asyncio
import re
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from rich.console import Console

from ops.chat_client import ChatClient, open_client
from ops.fault_drill import BROKEN_HANDLER, FaultDrill
from ops.stage.stage import Stage
from tests.browser import chromium
from tests.browser.expectations import expect
from tests.browser.scenes import PHONE_SCENES, WIDE_SCENES, in_a_page, settle
from tests.browser.visitors import Visitor, sign_in
from tests.browser.voice import Voice
from tests.local_stage import ROOT, Person, TestStage, running_stage
from tests.waiting import DEADLINE_SECONDS

FOLDER = ROOT / "docs" / "screenshots"
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TALL = {"width": 1280, "height": 1340}
PEOPLE = {name: Person(name, f"Parley-{name}-1") for name in ("alice", "bob", "carol")}

CONVERSATION = [
    ("bob", "Morning! The release is tagged: `v1.4.0`"),
    ("alice", "Wonderful. Did the replay find anything?"),
    ("bob", "Dry run over yesterday's archive: **1,204 events, all the same**. Nothing missing, nothing twice."),
    ("carol", "I watched one message end to end in the trace, from my socket to yours. 19 ms 🎉"),
    ("alice", "> 19 ms\n\nThat is the whole way? Bus, workflow, and all?"),
    ("carol", "The whole way:\n```python\nack = await client.send_message('hello')\n```"),
    ("bob", "@alice shall we tell the others at four?"),
    ("alice", "Yes. I'll write it up in #release-notes"),
]


def main(
    state_dir: Annotated[Path | None, typer.Option(help="Use the local stage that runs there")] = None,
) -> None:
    """Write every picture again."""
    if state_dir:
        take(TestStage(Stage.local(state_dir), state_dir))
        return
    with tempfile.TemporaryDirectory() as folder, running_stage(Path(folder)) as stage:
        take(stage)


def take(stage: TestStage) -> None:
    """All scenes, in both schemes and both sizes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _talking(stage), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.installed(), args=chromium.arguments())
        for scheme in ("light", "dark"):
            _scene(browser, stage, f"chat-{scheme}", scheme, WIDE)
            _scene(browser, stage, f"phone-{scheme}", scheme, PHONE)
            _sign_in_page(browser, stage, scheme)
            _inspected_run(browser, stage, scheme)
        _followed(browser, stage)
        _time_travel(browser, stage)
        _run_in_trouble(browser, stage)
        _states(browser, stage)
        browser.close()


@contextmanager
def _talking(stage: TestStage) -> Iterator[None]:
    """The conversation, and after it everybody online, in a thread with an event loop of its own."""
    talked, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_talk(stage, talked, over)))
    thread.start()
    try:
        if not talked.wait(timeout=DEADLINE_SECONDS):
            raise TimeoutError("the conversation did not come to pass")
        yield
    finally:
        over.set()
        thread.join()


async def _talk(stage: TestStage, talked: threading.Event, over: threading.Event) -> None:
    async with AsyncExitStack() as stack:
        people: dict[str, ChatClient] = {}
        for name, person in PEOPLE.items():
            people[name] = await stack.enter_async_context(
                open_client(
                    api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=stage.id_token(person)
                )
            )
        history = await people["alice"].api.get("/channels/general/messages", limit=100)
        if all(item["text"] != CONVERSATION[0][1] for item in history["items"]):
            await _converse(people)
        await people["alice"].sockets[0].close()
        talked.set()
        await asyncio.to_thread(over.wait)


async def _converse(people: dict[str, ChatClient]) -> None:
    for name in ("release-notes", "design"):
        channel = await people["bob"].api.post("/channels", {"name": name})
        await people["alice"].api.put(f"/channels/{channel['channelId']}/members/me")
    direct = await people["carol"].api.post("/direct-messages", {"userId": people["alice"].user_id})
    await people["carol"].send_message("Lunch?", channel_id=direct["channelId"])
    for name, text in CONVERSATION:
        ack = await people[name].send_message(text)
        frame = await people[name].sockets[0].wait_for_type("message", messageId=ack["messageId"])
    await _react(people.values(), frame["seq"])


async def _react(people: Iterable[ChatClient], last_seq: int) -> None:
    for person, emoji in zip(people, ("🎉", "🎉", "👀"), strict=False):
        await person.sockets[0].send(action="addReaction", channelId="general", seq=last_seq - 4, emoji=emoji)
        await person.sockets[0].wait_for_type("reaction", userId=person.user_id)


def _context(browser: Browser, scheme: str, size: dict[str, int], *, scale: int = 2) -> BrowserContext:
    return browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=scale,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )


def _page(browser: Browser, scheme: str, size: dict[str, int]) -> Page:
    return _context(browser, scheme, size).new_page()


def _states(browser: Browser, stage: TestStage) -> None:
    """Every state of the chat, at half the size: they are for looking through."""
    (FOLDER / "states").mkdir(exist_ok=True)
    bob = Voice.of(stage, PEOPLE["bob"])
    for scheme in ("light", "dark"):
        for prefix, size, scenes in (("", WIDE, WIDE_SCENES), ("phone-", PHONE, PHONE_SCENES)):
            context = _context(browser, scheme, size, scale=1)
            alice = Visitor(PEOPLE["alice"], context, context.new_page(), stage)
            sign_in(alice.page, stage.url, alice.person)
            first = alice.page
            for scene in scenes:
                page = in_a_page(context, alice, scene, bob)
                name = scene.__name__.replace("_", "-")
                page.screenshot(path=FOLDER / "states" / f"{prefix}{name}-{scheme}.png")
                page.close()
                alice.page = first
            alice.leave()
    bob.close()


def _scene(browser: Browser, stage: TestStage, name: str, scheme: str, size: dict[str, int]) -> None:
    page = _page(browser, scheme, size)
    sign_in(page, stage.url, PEOPLE["alice"])
    expect(page.get_by_role("log").get_by_text(re.compile("tell the others"))).to_be_visible()
    settle(page)
    page.screenshot(path=FOLDER / f"{name}.png")
    page.context.close()


def _sign_in_page(browser: Browser, stage: TestStage, scheme: str) -> None:
    page = _page(browser, scheme, WIDE)
    page.goto(stage.url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("input[name=username]")).to_be_visible()
    page.screenshot(path=FOLDER / f"sign-in-{scheme}.png")
    page.context.close()


def _inspector(browser: Browser, stage: TestStage, scheme: str, path: str, size: dict[str, int] = WIDE) -> Page:
    page = _page(browser, scheme, size)
    sign_in(page, stage.url, PEOPLE["alice"])
    page.goto(stage.url.rstrip("/") + path)
    expect(page.get_by_role("navigation", name="Inspector")).to_be_visible()
    expect(page.locator(".spinner")).to_have_count(0)
    return page


def _newest_run(page: Page) -> None:
    page.get_by_role("combobox", name="Type").select_option("MessageSent")
    page.get_by_role("combobox", name="Channel").select_option("general")
    page.locator(".run-row").first.click()
    expect(page.locator('[data-state="Delivered"]')).to_have_attribute("data-outcome", "succeeded")


def _inspected_run(browser: Browser, stage: TestStage, scheme: str) -> None:
    page = _inspector(browser, stage, scheme, "/inspector")
    _newest_run(page)
    settle(page)
    page.screenshot(path=FOLDER / f"inspector-{scheme}.png")
    page.context.close()


def _followed(browser: Browser, stage: TestStage) -> None:
    page = _inspector(browser, stage, "light", "/inspector", TALL)
    _newest_run(page)
    page.get_by_role("link", name="Inspect delivery").click()
    expect(page.get_by_role("region", name="Time by hop")).to_be_visible()
    page.screenshot(path=FOLDER / "follow.png")
    page.context.close()


def _time_travel(browser: Browser, stage: TestStage) -> None:
    page = _inspector(browser, stage, "light", "/inspector/channels/general")
    slider = page.get_by_role("slider")
    told = page.locator(".history-description")
    slider.focus()
    for _ in range(int(slider.get_attribute("max") or 0)):
        page.keyboard.press("ArrowLeft")
        if "reacted" in told.inner_text():
            break
    settle(page)
    page.screenshot(path=FOLDER / "time-travel.png")
    page.context.close()


def _run_in_trouble(browser: Browser, stage: TestStage) -> None:
    """A message that reached nobody: the posting function is deployed with a handler that does not exist."""
    bob = Voice.of(stage, PEOPLE["bob"])
    channels = bob.http.get("/channels").json()["items"]
    channel = next(each["channelId"] for each in channels if each["name"] == "release-notes")
    drill = FaultDrill(stage.stage, stage.state_dir, Console())
    working_handler = drill.set_handler(BROKEN_HANDLER)
    try:
        sent = {"clientMessageId": str(uuid4()), "channelId": channel, "text": "Does anybody hear me?"}
        bob.send(action="sendMessage", **sent)
        bob.wait("ack", clientMessageId=sent["clientMessageId"])
        page = _inspector(browser, stage, "light", "/inspector")
        page.get_by_role("checkbox", name="Failed first").check()
        row = page.locator(".run-row").filter(has_text="Partly delivered").first
        expect(row).to_be_visible()
    finally:
        drill.set_handler(working_handler)
    row.click()
    expect(page.locator('[data-state="KeepUndelivered"]')).to_have_attribute("data-outcome", "succeeded")
    settle(page)
    page.screenshot(path=FOLDER / "inspector-trouble.png")
    page.context.close()
    bob.close()


if __name__ == "__main__":
    typer.run(main)
