"""Writes docs/screenshots/ from a temporary local stage: `make screenshots`.

Three users have a conversation through the API; then Chromium takes screenshots, light and dark, in a wide window
and in the size of a phone.
"""

import asyncio
import re
import shutil
import subprocess
import sys
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

from bench.fault_drill import FaultDrill
from ops.stage.stage import Stage
from tests.browser import chromium
from tests.browser.api_user import ApiUser
from tests.browser.browser_user import BrowserUser, sign_in
from tests.browser.chat_states import DESKTOP_STATES, PHONE_STATES, open_state, wait_until_drawn
from tests.browser.expectations import expect
from tests.chat_client import ChatClient, open_client
from tests.inspect_process import inspected
from tests.integration.commands import ops_command
from tests.local_stage import ROOT, Person, TestStage, running_stage
from tests.waiting import DEADLINE_SECONDS

FOLDER = ROOT / "docs" / "screenshots"
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TALL = {"width": 1280, "height": 1340}
USERS = {name: Person(name, f"Parley-{name}-1") for name in ("alice", "bob", "carol")}

CONVERSATION = [
    ("bob", "Morning! The release is tagged: `v1.4.0`"),
    ("alice", "Wonderful. Did the replay find anything?"),
    ("bob", "Dry run over yesterday's archive: **1,204 events, all the same**. Nothing missing, nothing twice."),
    ("carol", "I watched one message end to end in the trace, from my socket to yours. 19 ms 🎉"),
    ("alice", "> 19 ms\n\nDoes that include the bus and the workflow?"),
    ("carol", "All of it:\n```python\nack = await client.send_message('hello')\n```"),
    ("bob", "@alice shall we announce it at four?"),
    ("alice", "Yes. I'll write it up in #release-notes"),
]


def main(
    state_dir: Annotated[Path | None, typer.Option(help="Use the local stage that runs there")] = None,
) -> None:
    """Write all screenshots."""
    require_emoji()
    if state_dir:
        take_screenshots(TestStage(Stage.local(state_dir), state_dir))
        return
    with tempfile.TemporaryDirectory() as folder, running_stage(Path(folder)) as stage:
        take_screenshots(stage)


def require_emoji() -> None:
    """Exit with a message if no font of this machine has emoji: pictures would show boxes in their place."""
    fonts = shutil.which("fc-list")
    found = fonts and subprocess.run([fonts, ":charset=1f389"], capture_output=True, check=True).stdout
    if fonts and not found:
        sys.exit(
            "No font of this machine has emoji, so the screenshots would show boxes. "
            "On Debian and Ubuntu: apt install fonts-noto-color-emoji"
        )


def take_screenshots(stage: TestStage) -> None:
    """Write all screenshots of a stage."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _conversation(stage), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.installed(), args=chromium.arguments())
        for scheme in ("light", "dark"):
            _chat(browser, stage, f"chat-{scheme}", scheme, WIDE)
            _chat(browser, stage, f"phone-{scheme}", scheme, PHONE)
            _sign_in_page(browser, stage, scheme)
            _inspected_run(browser, stage, scheme)
        _delivery(browser, stage)
        _time_travel(browser, stage)
        _undelivered_run(browser, stage)
        _states(browser, stage)
        # Last, so that graphs have some minutes.
        for scheme in ("light", "dark"):
            _dead_letters(browser, stage, scheme)
            _metrics(browser, stage, scheme)
            _service_map(browser, stage, scheme)
        _operator(browser, stage)
        browser.close()


@contextmanager
def _conversation(stage: TestStage) -> Iterator[None]:
    """Have the conversation, and keep bob and carol online, in a thread with its own event loop."""
    done, closing = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_converse(stage, done, closing)))
    thread.start()
    try:
        if not done.wait(timeout=DEADLINE_SECONDS):
            raise TimeoutError(f"The conversation did not end within {DEADLINE_SECONDS:g} s.")
        yield
    finally:
        closing.set()
        thread.join()


async def _converse(stage: TestStage, done: threading.Event, closing: threading.Event) -> None:
    async with AsyncExitStack() as stack:
        users: dict[str, ChatClient] = {}
        for name, person in USERS.items():
            users[name] = await stack.enter_async_context(
                open_client(
                    api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=stage.id_token(person)
                )
            )
        history = await users["alice"].api.get("/channels/general/messages", limit=100)
        if all(item["text"] != CONVERSATION[0][1] for item in history["items"]):
            await _send_conversation(users)
        await users["alice"].sockets[0].close()
        done.set()
        await asyncio.to_thread(closing.wait)


async def _send_conversation(users: dict[str, ChatClient]) -> None:
    for name in ("release-notes", "design"):
        channel = await users["bob"].api.post("/channels", {"name": name})
        await users["alice"].api.put(f"/channels/{channel['channelId']}/members/me")
    direct = await users["carol"].api.post("/direct-messages", {"userId": users["alice"].user_id})
    await users["carol"].send_message("Lunch?", channel_id=direct["channelId"])
    for name, text in CONVERSATION:
        ack = await users[name].send_message(text)
        frame = await users[name].sockets[0].wait_for_type("message", messageId=ack["messageId"])
    await _react(users.values(), frame["seq"])


async def _react(users: Iterable[ChatClient], last_seq: int) -> None:
    for user, emoji in zip(users, ("🎉", "🎉", "👀"), strict=False):
        await user.sockets[0].send(action="addReaction", channelId="general", seq=last_seq - 4, emoji=emoji)
        await user.sockets[0].wait_for_type("reaction", userId=user.user_id)


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
    """Every state of the chat, at half the resolution, for reviewing them quickly."""
    (FOLDER / "states").mkdir(exist_ok=True)
    bob = ApiUser.open(stage, USERS["bob"])
    for scheme in ("light", "dark"):
        for prefix, size, states in (("", WIDE, DESKTOP_STATES), ("phone-", PHONE, PHONE_STATES)):
            context = _context(browser, scheme, size, scale=1)
            alice = BrowserUser(USERS["alice"], context, context.new_page(), stage)
            sign_in(alice.page, stage.url, alice.person)
            first = alice.page
            for state in states:
                page = open_state(context, alice, state, bob)
                name = state.__name__.replace("_", "-")
                page.screenshot(path=FOLDER / "states" / f"{prefix}{name}-{scheme}.png")
                page.close()
                alice.page = first
            alice.close()
    bob.close()


def _chat(browser: Browser, stage: TestStage, name: str, scheme: str, size: dict[str, int]) -> None:
    page = _page(browser, scheme, size)
    sign_in(page, stage.url, USERS["alice"])
    expect(page.get_by_role("log").get_by_text(re.compile("announce it at four"))).to_be_visible()
    wait_until_drawn(page)
    # The highlighter loads last; the own presence arrives with the first status updates.
    expect(page.locator("pre .token").first).to_be_attached()
    expect(page.locator(".presence[data-status=offline]")).to_have_count(0)
    page.screenshot(path=FOLDER / f"{name}.png")
    page.context.close()


def _sign_in_page(browser: Browser, stage: TestStage, scheme: str) -> None:
    page = _page(browser, scheme, WIDE)
    page.goto(stage.url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("input[name=username]")).to_be_visible()
    page.screenshot(path=FOLDER / f"sign-in-{scheme}.png")
    page.context.close()


def _open_inspector(
    browser: Browser, stage: TestStage, scheme: str, path: str, size: dict[str, int] = WIDE
) -> Page:
    page = _page(browser, scheme, size)
    sign_in(page, stage.url, USERS["alice"])
    page.goto(stage.url.rstrip("/") + path)
    expect(page.get_by_role("navigation", name="Inspector")).to_be_visible()
    expect(page.locator(".spinner")).to_have_count(0)
    return page


def _open_newest_run(page: Page) -> None:
    page.get_by_role("combobox", name="Type").select_option("MessageSent")
    page.get_by_role("combobox", name="Channel").select_option("general")
    page.locator(".RunsView_row").first.click()
    expect(page.locator('[data-state="Delivered"]')).to_have_attribute("data-outcome", "succeeded")


def _inspected_run(browser: Browser, stage: TestStage, scheme: str) -> None:
    page = _open_inspector(browser, stage, scheme, "/inspector")
    _open_newest_run(page)
    wait_until_drawn(page)
    page.screenshot(path=FOLDER / f"inspector-{scheme}.png")
    page.context.close()


def _delivery(browser: Browser, stage: TestStage) -> None:
    page = _open_inspector(browser, stage, "light", "/inspector", TALL)
    _open_newest_run(page)
    page.get_by_role("link", name="Inspect delivery").click()
    expect(page.get_by_role("region", name="Time by hop")).to_be_visible()
    page.screenshot(path=FOLDER / "follow.png")
    page.context.close()


def _time_travel(browser: Browser, stage: TestStage) -> None:
    page = _open_inspector(browser, stage, "light", "/inspector/channels/general")
    slider = page.get_by_role("slider")
    description = page.get_by_role("region", name="Position").get_by_role("status")
    slider.focus()
    for _ in range(int(slider.get_attribute("max") or 0)):
        page.keyboard.press("ArrowLeft")
        if "reacted" in description.inner_text():
            break
    wait_until_drawn(page)
    page.screenshot(path=FOLDER / "time-travel.png")
    page.context.close()


def _undelivered_run(browser: Browser, stage: TestStage) -> None:
    """The run of an undelivered message: the posting function has a handler that does not exist."""
    bob = ApiUser.open(stage, USERS["bob"])
    channels = bob.api.get("/channels").json()["items"]
    channel_id = next(item["channelId"] for item in channels if item["name"] == "release-notes")
    drill = FaultDrill(stage.stage, stage.state_dir, Console())
    with drill.broken_function():
        command = {"clientMessageId": str(uuid4()), "channelId": channel_id, "text": "Can you read this?"}
        bob.send(action="sendMessage", **command)
        bob.wait_for_frame("ack", clientMessageId=command["clientMessageId"])
        page = _open_inspector(browser, stage, "light", "/inspector")
        page.get_by_role("checkbox", name="Failed first").check()
        row = page.locator(".RunsView_row").filter(has_text="Partly delivered").first
        expect(row).to_be_visible()
    row.click()
    expect(page.locator('[data-state="KeepUndelivered"]')).to_have_attribute("data-outcome", "succeeded")
    wait_until_drawn(page)
    page.screenshot(path=FOLDER / "inspector-trouble.png")
    page.context.close()
    bob.close()


def _dead_letters(browser: Browser, stage: TestStage, scheme: str) -> None:
    """The dead letter of the undelivered message, with the commands of a stage in the default directory."""
    page = _page(browser, scheme, WIDE)
    sign_in(page, stage.url, USERS["alice"])
    option = f" --state-dir {stage.state_dir}"
    page.route(
        "**/inspector-api/dead-letters",
        lambda route: route.fulfill(
            body=route.fetch().text().replace(option, ""), content_type="application/json"
        ),
    )
    page.goto(stage.url.rstrip("/") + "/inspector/dead-letters")
    expect(page.get_by_role("region", name="Dead letters of delivery")).to_be_visible()
    wait_until_drawn(page)
    page.screenshot(path=FOLDER / f"dead-letters-{scheme}.png")
    page.context.close()


def _metrics(browser: Browser, stage: TestStage, scheme: str) -> None:
    """The dashboard of the last quarter of an hour."""
    page = _open_inspector(browser, stage, scheme, "/inspector/metrics", TALL)
    page.get_by_role("combobox", name="Time").select_option("15m")
    expect(page.get_by_role("region", name="Messages", exact=True).get_by_role("img")).to_be_visible()
    expect(page.locator(".spinner")).to_have_count(0)
    wait_until_drawn(page)
    page.screenshot(path=FOLDER / f"metrics-{scheme}.png")
    page.context.close()


def _service_map(browser: Browser, stage: TestStage, scheme: str) -> None:
    """The services of the last quarter of an hour, with the workflow selected."""
    page = _open_inspector(browser, stage, scheme, "/inspector/services", {"width": 1440, "height": 1000})
    page.get_by_role("combobox", name="Time").select_option("15m")
    page.get_by_role("region", name="Service map").get_by_role("button", name=re.compile("^Deliver")).click()
    expect(page.get_by_role("list", name="Newest traces")).to_be_visible()
    expect(page.locator(".spinner")).to_have_count(0)
    wait_until_drawn(page)
    page.screenshot(path=FOLDER / f"service-map-{scheme}.png")
    page.context.close()


def _operator(browser: Browser, stage: TestStage) -> None:
    """The page of `parley inspect`: who is connected."""
    with tempfile.TemporaryDirectory() as folder, inspected(ops_command(stage), Path(folder)) as address:
        for scheme in ("light", "dark"):
            page = _page(browser, scheme, WIDE)
            page.goto(address.replace("/inspector#", "/inspector/connections#"))
            expect(page.get_by_role("region", name="Connections").get_by_role("row")).not_to_have_count(0)
            wait_until_drawn(page)
            page.screenshot(path=FOLDER / f"explore-{scheme}.png")
            page.context.close()


if __name__ == "__main__":
    typer.run(main)
