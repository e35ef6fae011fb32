"""A rehearsal of an incident: `python -m ops.fault_drill`, or `make rehearse-fault`.

On a local stage the posting function is broken for a while, as a bad deployment would break it, while two people
talk. What happened is then found and repaired with the documented steps alone (`ops runs`, `ops follow`, mending
the function, `ops replay --redeliver`), and both screens are compared with what was said: docs/debugging.md.
"""

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.text import Text

from functions.contract.model import timestamp
from ops.chat_client import ChatClient, chatting
from ops.errors import ExitCode, OpsError
from ops.stage.stage import Stage

BROKEN_HANDLER = "functions.handlers.post_to_connections_mended.handler"
EVERY_SECONDS = 2.0
PASSWORD = "Parley-rehearsal-1"  # noqa: S105 - of people made for a rehearsal on this machine
SETTLE_SECONDS = 3.0
WIDTH = 170


@dataclass
class Screen:
    """What one person sees: each message once, at its seq, as every client shows it."""

    client: ChatClient
    channel_id: str

    @property
    def shown(self) -> dict[int, str]:
        """The messages on it."""
        frames = self.client.sockets[0].of_type("message", channelId=self.channel_id)
        return {int(frame["seq"]): str(frame["text"]) for frame in frames}

    @property
    def message_ids(self) -> list[str]:
        """Their ids, one for each that is shown: two of the same would be one message twice."""
        frames = self.client.sockets[0].of_type("message", channelId=self.channel_id)
        by_seq = {int(frame["seq"]): str(frame["messageId"]) for frame in frames}
        return [by_seq[seq] for seq in sorted(by_seq)]


@dataclass
class FaultDrill:
    """One run, and what it showed."""

    stage: Stage
    state_dir: Path | None
    console: Console
    pictures: Path | None = None
    steps: list[str] = field(default_factory=list)

    def picture(self, name: str, *, forget: bool = False) -> None:
        """Save what was shown since the last picture, or forget it."""
        if self.pictures is not None:
            if forget:
                self.console.export_text(clear=True)
            else:
                self.console.save_svg(str(self.pictures / f"{name}.svg"), title=f"Parley: {name}")

    def say(self, text: str) -> None:
        """A heading."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def look(self, *arguments: str) -> Any:
        """A documented command that only looks: shown as an operator sees it, and read as a script reads it."""
        self.act(*arguments)
        return json.loads(self._run(*arguments, "--json"))

    def act(self, *arguments: str) -> None:
        """A documented command, once, shown as an operator sees it."""
        self.console.print(Text(f"$ parley {' '.join(arguments)}", style="cyan"))
        self.console.print(Text.from_ansi(self._run(*arguments).rstrip()), soft_wrap=True)
        self.steps.append(f"parley {' '.join(arguments)}")

    def _run(self, *arguments: str) -> str:
        where = ["--state-dir", str(self.state_dir)] if self.state_dir else []
        colours = {} if "--json" in arguments else {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
        done = subprocess.run(
            [sys.executable, "-m", "local.command_line", *where, *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **colours},
            check=False,
        )
        if done.returncode != ExitCode.DONE:
            raise OpsError(f"`ops {arguments[0]}` ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def handler(self, name: str) -> str:
        """Give the posting function another handler, as a deployment does. Returns the one that it had."""
        functions = self.stage.client("lambda")
        function = self.stage.output("Delivery", "PostToConnectionsFunctionName")
        before = functions.get_function_configuration(FunctionName=function)["Handler"]
        functions.update_function_configuration(FunctionName=function, Handler=name)
        functions.get_waiter("function_updated_v2").wait(
            FunctionName=function, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        return str(before)


def main(
    state_dir: Annotated[Path | None, typer.Option(help="The local stage's state directory")] = None,
    seconds: Annotated[int, typer.Option(min=4, max=600, help="How long the function is broken")] = 60,
    pictures: Annotated[
        Path | None, typer.Option(help="Save what each step showed as SVG, in this folder")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result for scripts")] = False,
) -> None:
    """Break the posting function of the local stage for a while, find it, repair it, and look at the screens."""
    stream = io.StringIO() if as_json else None
    console = Console(record=pictures is not None, highlight=False, file=stream, width=WIDTH)
    try:
        drill = FaultDrill(Stage.local(state_dir), state_dir, console, pictures)
        result = asyncio.run(run_drill(drill, seconds))
    except OpsError as failure:
        sys.stderr.write(f"{failure}\n")
        raise typer.Exit(failure.exit_code) from None
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    raise typer.Exit(ExitCode.DONE if result["complete"] else ExitCode.UNREPAIRED)


async def run_drill(drill: FaultDrill, seconds: int) -> dict[str, Any]:
    """The whole rehearsal. The function works again afterwards, whatever happens."""
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(_somebody(drill.stage, name)) for name in ("ada", "ben")]
        channel = await people[0].api.post("/channels", {"name": f"rehearsal {uuid4().hex[:8]}"})
        channel_id = str(channel["channelId"])
        await people[0].api.put(f"/channels/{channel_id}/members/{people[1].user_id}")
        screens = [Screen(person, channel_id) for person in people]
        said: list[str] = []
        began = timestamp(int(time.time() * 1000) - 1_000)

        await _say(people, channel_id, said, count=3)
        await _until_shown(screens, len(said))
        drill.say(f"1. The posting function is broken for {seconds} s while two people talk")
        working = drill.handler(BROKEN_HANDLER)
        try:
            broken_at = time.monotonic()
            while time.monotonic() - broken_at < seconds:
                await _say(people, channel_id, said, count=1)
                await asyncio.sleep(EVERY_SECONDS)
            missed = len(said) - 3
            shown = [len(screen.shown) for screen in screens]
            drill.console.print(f"{len(said)} messages were said and acknowledged; the screens show {shown}.")
            await asyncio.sleep(SETTLE_SECONDS)

            drill.picture("before", forget=True)
            drill.say("2. Find it: runs in trouble come first")
            runs = await asyncio.to_thread(
                drill.look, "runs", "--since", began, "--channel", channel_id, "--limit", "8"
            )
            troubled = [run for run in runs if run["troubled"]]
            if not troubled:
                raise OpsError("`ops runs` shows no run in trouble, though the function is broken.")
            drill.picture("runs")
            drill.say("3. Look at one: it is stored, and no connection was reached")
            report = await asyncio.to_thread(drill.look, "follow", troubled[0]["messageId"])
            reason = troubled[0]["trouble"]
            drill.picture("follow")

            drill.say("4. Mend the function (here: its handler's name, as a good deployment would)")
        finally:
            drill.handler(working)
        drill.console.print(f"{BROKEN_HANDLER} → {working}")
        await _say(people, channel_id, said, count=1)
        await _until_shown(screens, 4, seconds=30)

        drill.say("5. Repair: replay the time, and deliver again")
        replay = ("replay", "--since", began, "--channel", channel_id, "--redeliver")
        await asyncio.to_thread(drill.act, *replay)
        await _until_shown(screens, len(said), seconds=30)
        drill.say("6. The screens")
        complete = [
            [screen.shown[seq] for seq in sorted(screen.shown)] == said
            and len(set(screen.message_ids)) == len(said)
            for screen in screens
        ]
        for person, screen, whole in zip(("ada", "ben"), screens, complete, strict=True):
            mark = Text("✓ ", style="green") if whole else Text("✗ ", style="red")
            drill.console.print(mark + Text(f"{person} sees {len(screen.shown)} of {len(said)}, none twice"))
        drill.picture("repaired")
        drill.say("7. The dead letters of that time: delivered to those who were missed, and gone")
        await asyncio.to_thread(drill.act, "redrive", "--queue", "delivery", "--channel", channel_id)
        return {
            "seconds": seconds,
            "said": len(said),
            "missed": missed,
            "troubledRuns": len(troubled),
            "trouble": reason,
            "problems": report["problems"],
            "shown": [len(screen.shown) for screen in screens],
            "complete": all(complete),
            "steps": drill.steps,
        }


def _somebody(stage: Stage, name: str) -> Any:
    username = f"{name}-{uuid4().hex[:8]}"
    stage.user_pool.add(username, display_name=name.capitalize(), password=PASSWORD)
    token = stage.user_pool.id_token(username, PASSWORD)
    return chatting(api_url=stage.api_url, websocket_url=stage.websocket_url, id_token=token)


async def _say(people: list[ChatClient], channel_id: str, said: list[str], *, count: int) -> None:
    for _ in range(count):
        text = f"number {len(said) + 1}"
        ack = await people[len(said) % 2].send_message(text, channel_id=channel_id)
        if ack["type"] != "ack":
            raise OpsError(f"A message was refused: {ack['code']}")
        said.append(text)


async def _until_shown(screens: list[Screen], count: int, *, seconds: float = 15) -> None:
    """Wait until every screen shows so many messages, but not for ever: what is missing is told later."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(len(screen.shown) >= count for screen in screens):
            return
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    typer.run(main)
