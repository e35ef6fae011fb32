"""Bring a local stage up, keep it running, and take it down in order: emulator, deployment, front door."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import uvicorn

from local import demo_users, deployment, ports, prerequisites
from local.emulator_process import EmulatorProcess
from local.errors import LocalStageError
from local.fingerprint import fingerprint
from local.front_door.server import FrontDoor
from local.front_door.site_addresses import SiteAddresses
from local.progress import Steps
from local.state_directory import REPOSITORY, StateDirectory

DEFAULT_PORT = 4280
DEFAULT_EMULATOR_PORT = 4566
RESTARTS_ALLOWED = 5
RESTARTS_WITHIN_SECONDS = 60.0


@dataclass(frozen=True)
class Options:
    """What a stage is started with; a port of None means the saved one, or the default."""

    port: int | None = None
    emulator_port: int | None = None
    fresh: bool = False
    assembly: Path | None = None
    emulator_settings: dict[str, str] = field(default_factory=dict)
    stop_with: int | None = None
    """A process without which nobody needs the stage."""


class QuietServer(uvicorn.Server):
    """uvicorn without its own signal handling: the supervisor stops everything in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class Supervisor:
    """One run of a local stage."""

    def __init__(self, state: StateDirectory, options: Options, steps: Steps) -> None:
        self._state = state
        self._options = options
        self._steps = steps
        self._app = deployment.CdkApp(REPOSITORY, options.assembly)

    def run(self, when_ready: Callable[[dict[str, Any]], None]) -> None:
        """Start, serve until a signal says stop, and stop; raises LocalStageError for what the user can fix."""
        signal.signal(signal.SIGTERM, _interrupt)
        needing = self._options.stop_with
        if needing is not None:
            if not _is_running(needing):
                raise LocalStageError(f"There is no process {needing} (--stop-with), so nobody needs the stage.")
            threading.Thread(target=_stop_with, args=(needing,), daemon=True).start()
        began = time.monotonic()
        with self._state.locked(), contextlib.ExitStack() as stack:
            self._prepare()
            site_socket = stack.enter_context(self._open_front_port())
            site_port = int(site_socket.getsockname()[1])
            emulator = EmulatorProcess(
                self._choose_emulator_port(),
                self._state.emulator,
                self._state.emulator_log,
                self._options.emulator_settings,
            )
            addresses = SiteAddresses(f"http://localhost:{site_port}", emulator.port)
            stack.callback(emulator.stop)
            with self._steps.step("Starting the emulator", f"Emulator answers at {emulator.url}"):
                emulator.start()
            self._deploy(emulator, addresses.origin)
            front_door = FrontDoor(emulator.url, addresses)
            description = self._open(emulator, front_door, addresses)
            self._announce(description, began)
            when_ready(description)
            asyncio.run(self._serve(emulator, front_door, site_socket, description))
            self._steps.say("Stopping; the state is saved.")

    def _prepare(self) -> None:
        if self._options.fresh:
            self._state.forget()
        with self._steps.step("Checking tools", "Tools") as step:
            step.done = f"Tools: {prerequisites.check(REPOSITORY)}"
        if self._options.assembly is None and prerequisites.ui_is_stale(REPOSITORY):
            with self._steps.step("Building the UI", "UI built"):
                prerequisites.build_ui(REPOSITORY, self._state.path / "ui-build.log")

    def _open_front_port(self) -> socket.socket:
        saved = self._state.deployed().get("port")
        if self._options.port is not None and self._options.port != 0:
            return ports.listen(self._options.port, "the site", "--port")
        wanted = saved if saved is not None else (DEFAULT_PORT if self._options.port is None else 0)
        if self._options.port == 0:
            with contextlib.suppress(LocalStageError):
                return ports.listen(wanted, "the site", "--port")
            return ports.listen(0, "the site", "--port")
        return ports.listen(wanted, "the site", "--port")

    def _choose_emulator_port(self) -> int:
        """The saved state names its queues by the emulator's port, so it keeps the one that it began with."""
        saved = self._state.deployed().get("emulatorPort")
        asked = self._options.emulator_port
        if asked is None and self._options.port == 0:
            asked = 0
        if saved is not None:
            if asked not in (None, 0, saved):
                raise LocalStageError(
                    f"The saved stage was deployed with the emulator on port {saved}; keep it, or start over with "
                    f"--fresh --emulator-port {asked}."
                )
            ports.require_free(saved, "the saved stage's emulator (or start over with --fresh)", "--emulator-port")
            return int(saved)
        if asked == 0:
            return ports.free_port()
        wanted = asked if asked is not None else DEFAULT_EMULATOR_PORT
        ports.require_free(wanted, "the emulator", "--emulator-port")
        return wanted

    def _deploy(self, emulator: EmulatorProcess, site_origin: str) -> None:
        settings = {"siteOrigin": site_origin, "assembly": str(self._options.assembly or "")}
        root, names = REPOSITORY, None
        if self._options.assembly is not None:
            root, names = self._options.assembly.parent, (self._options.assembly.name,)
        digest = fingerprint(root, settings, names) if names else fingerprint(root, settings)
        if self._state.deployed().get("fingerprint") == digest:
            self._steps.say("Nothing changed since the last deployment, which is used as it is.")
            return
        self._state.deploy_log.unlink(missing_ok=True)
        log, output = self._state.deploy_log, self._state.cloud_assembly
        with self._steps.step("Bootstrapping (cdk bootstrap)", "Bootstrapped"):
            deployment.bootstrap(self._app, emulator.url, log)
        with self._steps.step("Deploying (cdk deploy --all)", "Deployed every stack"):
            deployment.deploy(self._app, emulator.url, site_origin, log, output)
        emulator.ask("save")
        self._state.write_deployed(
            {
                "fingerprint": digest,
                "port": int(site_origin.rpartition(":")[2]),
                "emulatorPort": emulator.port,
            }
        )

    def _open(self, emulator: EmulatorProcess, front_door: FrontDoor, addresses: SiteAddresses) -> dict[str, Any]:
        stacks = deployment.outputs(emulator.url)
        by_name = deployment.outputs_by_name(stacks)
        if "UserPoolId" in by_name:
            with self._steps.step("Creating the people of this stage", "People created"):
                demo_users.create(emulator.url, by_name["UserPoolId"])
        with self._steps.step("Warming the functions", "Functions are warm") as step:
            failed = emulator.ask("warm")["failed"]
            if failed:
                step.done = f"Functions that do not start: {', '.join(failed)} (see {self._state.emulator_log})"
        if {"RestApiId", "UserPoolId", "UserPoolClientId"} <= by_name.keys():
            demo_users.introduce(emulator.url, by_name)
        front_door.open(by_name)
        api_id = by_name.get("WebSocketApiId", "")
        description = {
            "stage": deployment.STAGE,
            "url": addresses.origin,
            "apiUrl": f"{addresses.origin}/api",
            "websocketUrl": f"{addresses.socket_origin}/_aws/execute-api/{api_id}/socket",
            "emulatorUrl": emulator.url,
            "region": deployment.REGION,
            "outputs": stacks,
            "users": [{"username": user.username, "password": user.password} for user in demo_users.DEMO_USERS],
            "notEmulated": emulator.ask("not-emulated"),
            "pids": {"supervisor": os.getpid(), "emulator": emulator.pid},
            "stateDirectory": str(self._state.path),
        }
        front_door.open_inspector(description)
        self._state.write_running(description)
        return description

    def _announce(self, description: dict[str, Any], began: float) -> None:
        say = self._steps.say
        say()
        say(f"Parley is ready at {description['url']} ({time.monotonic() - began:.1f} s)", style="bold green")
        say("Ctrl-C stops it, or `parley down`; what was said stays.", style="dim")
        say()
        for user in description["users"]:
            say(f"  {user['username']:<8} {user['password']}")
        if description["notEmulated"]:
            say()
            say("Deployed, but not or only partly emulated here:")
            for item in description["notEmulated"]:
                say(f"  {item['type']}: {item['note']}", style="dim")
        say()

    async def _serve(
        self,
        emulator: EmulatorProcess,
        front_door: FrontDoor,
        site_socket: socket.socket,
        description: dict[str, Any],
    ) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        server = QuietServer(
            uvicorn.Config(
                front_door.application,
                lifespan="off",
                server_header=False,
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=2,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[site_socket]))
        watching = asyncio.create_task(self._watch(emulator, description))
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, watching, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        watching_failed = watching.exception() if watching.done() and not watching.cancelled() else None
        watching.cancel()
        await asyncio.to_thread(front_door.close)
        await serving
        if watching_failed is not None:
            raise watching_failed

    async def _watch(self, emulator: EmulatorProcess, description: dict[str, Any]) -> NoReturn:
        """Start an emulator that ended again, from its saved state; give up when it keeps ending."""
        restarts: list[float] = []
        was_held = False
        while True:
            await asyncio.sleep(0.2)
            if not emulator.has_ended():
                continue
            if self._state.hold_emulator.exists():
                was_held = True
                continue
            restarts = [at for at in restarts if time.monotonic() - at < RESTARTS_WITHIN_SECONDS]
            if len(restarts) >= RESTARTS_ALLOWED:
                raise LocalStageError(
                    f"The emulator ended {RESTARTS_ALLOWED} times within a minute and is left down "
                    f"(full log: {self._state.emulator_log})."
                )
            # One that was held down on purpose did not end by itself.
            restarts += [] if was_held else [time.monotonic()]
            was_held = False
            self._steps.say("The emulator ended; it is started again from its saved state.")
            try:
                await asyncio.to_thread(emulator.start)
            except LocalStageError as failure:
                self._steps.say(str(failure))
                continue
            description["pids"]["emulator"] = emulator.pid
            self._state.write_running(description)
            self._steps.say(f"The emulator answers again (process {emulator.pid}).")
            # It may end again while its functions start, which the next round notices.
            with contextlib.suppress(OSError, ValueError):
                await asyncio.to_thread(emulator.ask, "warm")


def _stop_with(process_id: int) -> None:
    """Stop as for a signal, once a process is gone, however it ended."""
    while _is_running(process_id):
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
