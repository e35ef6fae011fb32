"""Practise an incident on a local stage: `make fault-drill`, or `python -m bench.fault_drill`.

While two users chat, the posting function gets a handler that does not exist, as after a bad deployment. The drill
finds and repairs the fault with the documented steps alone (`parley runs`, `parley follow`, restore the handler,
`parley replay --redeliver`, `parley redrive`), and then compares what both users received with what was sent. See
docs/debugging.md.
"""

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.text import Text

from bench.runs import run_program
from functions.contract.model import timestamp
from local import function_changes
from local.errors import LocalStageError
from local.state_directory import DEFAULT_STATE_DIR, StateDirectory
from ops.errors import ExitCode, OpsError
from ops.stage.stage import Stage
from tests.chat_client import ChatClient, Frame, open_client

BROKEN_HANDLER = "functions.handlers.post_to_connections_broken.handler"
MESSAGE_INTERVAL_SECONDS = 2.0
MESSAGES_BEFORE_FAULT = 3
NAMES = ("ada", "ben")
PASSWORD = "Parley-fault-drill-1"  # noqa: S105 - of users that exist on this machine's local stage only
SETTLE_SECONDS = 35.0
"""Longer than the eight tries to post a batch, so that the last run of the fault has ended."""
WIDTH = 170


@dataclass
class Screen:
    """What one user sees of a channel: each message once, at its seq, as every client shows it."""

    name: str
    client: ChatClient
    channel_id: str

    @property
    def messages(self) -> list[Frame]:
        """The latest frame for each seq, in order of seq."""
        frames = self.client.sockets[0].of_type("message", channelId=self.channel_id)
        by_seq = {int(frame["seq"]): frame for frame in frames}
        return [by_seq[seq] for seq in sorted(by_seq)]

    def is_complete(self, texts: list[str]) -> bool:
        """Whether the screen shows exactly these texts, in order, and no message under two seqs."""
        messages = self.messages
        ids = {frame["messageId"] for frame in messages}
        return [frame["text"] for frame in messages] == texts and len(ids) == len(texts)


@dataclass
class Conversation:
    """A channel with two members, and the texts that they have sent, in order."""

    channel_id: str
    screens: list[Screen]
    texts: list[str] = field(default_factory=list)

    async def send(self, count: int = 1) -> None:
        """Send messages, the members taking turns. Raises OpsError if a message is refused."""
        for _ in range(count):
            text = f"number {len(self.texts) + 1}"
            sender = self.screens[len(self.texts) % len(self.screens)].client
            ack = await sender.send_message(text, channel_id=self.channel_id)
            if ack["type"] != "ack":
                raise OpsError(f"The message '{text}' was refused: {ack['code']}. Run the drill again.")
            self.texts.append(text)

    async def wait_until_shown(self, count: int, *, seconds: float = 15) -> None:
        """Wait until every screen shows `count` messages. Returns after `seconds` even if some are missing."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if all(shown >= count for shown in self.shown):
                return
            await asyncio.sleep(0.1)

    @property
    def shown(self) -> list[int]:
        """The number of messages on each screen."""
        return [len(screen.messages) for screen in self.screens]


@asynccontextmanager
async def open_conversation(stage: Stage) -> AsyncIterator[Conversation]:
    """Create two users with one socket each, and a channel with both; close the sockets at the end."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_new_client(stage, name)) for name in NAMES]
        channel = await clients[0].api.post("/channels", {"name": f"fault drill {uuid4().hex[:8]}"})
        channel_id = str(channel["channelId"])
        await clients[0].api.put(f"/channels/{channel_id}/members/{clients[1].user_id}")
        screens = [Screen(name, client, channel_id) for name, client in zip(NAMES, clients, strict=True)]
        yield Conversation(channel_id, screens)


def _new_client(stage: Stage, name: str) -> Any:
    username = f"{name}-{uuid4().hex[:8]}"
    stage.user_pool.add(username, display_name=name.capitalize(), password=PASSWORD)
    token = stage.user_pool.id_token(username, PASSWORD)
    return open_client(api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=token)


@dataclass
class FaultDrill:
    """The stage of a drill, the commands that it ran, and what it prints."""

    stage: Stage
    state_dir: Path | None
    console: Console
    pictures: Path | None = None
    """Where `save_picture` writes; None for no pictures."""
    steps: list[str] = field(default_factory=list)

    def save_picture(self, name: str) -> None:
        """Save as SVG what was printed since the last picture."""
        if self.pictures is not None:
            self.console.save_svg(str(self.pictures / f"{name}.svg"), title=f"Parley: {name}")

    def discard_output(self) -> None:
        """Leave what was printed so far out of the next picture."""
        if self.pictures is not None:
            self.console.export_text(clear=True)

    def print_heading(self, text: str) -> None:
        """Print the heading of a step."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    async def query(self, *arguments: str) -> Any:
        """Run a command that only reads: print what an operator sees, return what its `--json` prints."""
        await self.execute(*arguments)
        return json.loads(await asyncio.to_thread(self._run, *arguments, "--json"))

    async def execute(self, *arguments: str) -> None:
        """Run a documented command once, and print what an operator sees. Raises OpsError if it fails."""
        self.console.print(Text(f"$ parley {' '.join(arguments)}", style="cyan"))
        printed = await asyncio.to_thread(self._run, *arguments)
        self.console.print(Text.from_ansi(printed.rstrip()), soft_wrap=True)
        self.steps.append(f"parley {' '.join(arguments)}")

    def _run(self, *arguments: str) -> str:
        where = ["--state-dir", str(self.state_dir)] if self.state_dir else []
        colours = {} if "--json" in arguments else {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
        process = subprocess.run(
            [sys.executable, "-m", "local.command_line", *where, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **colours},
            check=False,
        )
        if process.returncode != ExitCode.DONE:
            raise OpsError(f"`parley {arguments[0]}` ended with {process.returncode}: {process.stderr.strip()}")
        return process.stdout

    @contextmanager
    def broken_function(self) -> Iterator[str]:
        """Give the posting function a handler that does not exist, as a bad deployment does; yield its own.

        It is restored when the block ends, or by the stage's supervisor if this process is killed.
        """
        functions = self.stage.client("lambda")
        name = self.stage.output("Delivery", "PostToConnectionsFunctionName")
        handler = functions.get_function_configuration(FunctionName=name)["Handler"]
        record = StateDirectory(self.state_dir or DEFAULT_STATE_DIR).function_changes
        with function_changes.recorded(record, functions) as changes:
            changes.update(name, Handler=BROKEN_HANDLER)
            yield str(handler)


def main(
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
    seconds: Annotated[int, typer.Option(min=4, max=600, help="How long the function is broken")] = 60,
    pictures: Annotated[Path | None, typer.Option(help="Save each step's output as SVG in this folder")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON")] = False,
) -> None:
    """Break the posting function of the local stage, find and repair the fault, and compare the screens."""
    stream = io.StringIO() if as_json else None
    console = Console(record=pictures is not None, highlight=False, file=stream, width=WIDTH)
    try:
        drill = FaultDrill(Stage.local(state_dir), state_dir, console, pictures)
        result = asyncio.run(run_drill(drill, seconds))
    except OpsError as failure:
        sys.stderr.write(f"{failure}\n")
        raise typer.Exit(failure.exit_code) from None
    except LocalStageError as failure:
        sys.stderr.write(f"{failure}\n")
        raise typer.Exit(ExitCode.FAILED) from None
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    raise typer.Exit(ExitCode.DONE if result["complete"] else ExitCode.UNREPAIRED)


async def run_drill(drill: FaultDrill, seconds: int) -> dict[str, Any]:
    """Run every step; returns the result for `--json`. The handler is restored however this ends."""
    async with open_conversation(drill.stage) as chat:
        since = timestamp(int(time.time() * 1000) - 1_000)
        await chat.send(MESSAGES_BEFORE_FAULT)
        await chat.wait_until_shown(MESSAGES_BEFORE_FAULT)
        drill.print_heading(f"1. The posting function is broken for {seconds} s while two users chat")
        with drill.broken_function() as working_handler:
            missed = await _chat_during_fault(drill, chat, seconds)
            diagnosis = await _diagnose(drill, chat.channel_id, since)
            drill.print_heading("4. Fix the function (here: restore its handler, as the next deployment would)")
        drill.console.print(f"{BROKEN_HANDLER} → {working_handler}")
        await chat.send()
        await chat.wait_until_shown(MESSAGES_BEFORE_FAULT + 1, seconds=30)
        complete = await _repair(drill, chat, since)
        return {
            "seconds": seconds,
            "said": len(chat.texts),
            "missed": missed,
            **diagnosis,
            "shown": chat.shown,
            "complete": complete,
            "steps": drill.steps,
        }


async def _chat_during_fault(drill: FaultDrill, chat: Conversation, seconds: int) -> int:
    """Send messages for `seconds`. Returns how many were sent, none of which reaches a screen."""
    broken_at = time.monotonic()
    while time.monotonic() - broken_at < seconds:
        await chat.send()
        await asyncio.sleep(MESSAGE_INTERVAL_SECONDS)
    drill.console.print(
        f"{len(chat.texts)} messages were sent and acknowledged; the screens show {chat.shown} of them."
    )
    await asyncio.sleep(SETTLE_SECONDS)
    drill.discard_output()
    return len(chat.texts) - MESSAGES_BEFORE_FAULT


async def _diagnose(drill: FaultDrill, channel_id: str, since: str) -> dict[str, Any]:
    """Find the runs in trouble and follow one message. Raises OpsError if no run is in trouble."""
    drill.print_heading("2. Find the fault: runs in trouble come first")
    runs = await drill.query("runs", "--since", since, "--channel", channel_id, "--limit", "8")
    troubled = [run for run in runs if run["troubled"]]
    if not troubled:
        raise OpsError(f"`parley runs` shows no run in trouble in {channel_id}, though the function is broken.")
    drill.save_picture("runs")
    drill.print_heading("3. Follow one message: it is stored, and no connection was reached")
    report = await drill.query("follow", troubled[0]["messageId"])
    drill.save_picture("follow")
    return {
        "troubledRuns": len(troubled),
        "trouble": troubled[0]["trouble"],
        "problems": report["problems"],
    }


async def _repair(drill: FaultDrill, chat: Conversation, since: str) -> bool:
    """Redeliver what was missed and empty the dead-letter queue. Returns whether every screen is complete."""
    drill.print_heading("5. Repair: replay the events since then, and deliver them again")
    await drill.execute("replay", "--since", since, "--channel", chat.channel_id, "--redeliver")
    await chat.wait_until_shown(len(chat.texts), seconds=30)
    drill.print_heading("6. The screens")
    complete = True
    for screen in chat.screens:
        is_complete = screen.is_complete(chat.texts)
        complete = complete and is_complete
        mark = Text("✓ ", style="green") if is_complete else Text("✗ ", style="red")
        drill.console.print(
            mark + Text(f"{screen.name} sees {len(screen.messages)} of {len(chat.texts)}, none twice")
        )
    drill.save_picture("repaired")
    drill.print_heading("7. Redrive the dead letters: post to the connections that were missed, empty the queue")
    await drill.execute("redrive", "--queue", "delivery", "--channel", chat.channel_id)
    return complete


if __name__ == "__main__":
    run_program(main)
