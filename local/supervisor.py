"""Start a local stage, keep it running, and stop it in order: emulator, deployment, front door."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import demo_users, deployment, emulator_watch, function_changes, ports, prerequisites, web_server
from local.emulator_process import EmulatorProcess
from local.errors import LocalStageError
from local.fingerprint import fingerprint
from local.front_door.server import FrontDoor
from local.front_door.site_addresses import SiteAddresses
from local.progress import Progress
from local.state_directory import REPOSITORY, StateDirectory
from local.web_server import Server

RESTORE_SECONDS = 1.0
"""How often the supervisor looks for functions that a killed process has left changed."""


@dataclass(frozen=True)
class StartOptions:
    """The options of `up`. A port of None is the saved one or the default, 0 a free one."""

    port: int | None = None
    emulator_port: int | None = None
    fresh: bool = False
    """Delete the saved data first."""
    assembly: Path | None = None
    """A cloud assembly to deploy instead of the repository's app."""
    emulator_settings: dict[str, str] = field(default_factory=dict)
    stop_with: int | None = None
    """The id of a process; the stage stops when that process ends."""
    is_detached: bool = False
    """Whether it runs in the background, where Ctrl-C does not reach it."""


class Supervisor:
    """One run of a local stage."""

    def __init__(self, state: StateDirectory, options: StartOptions, progress: Progress) -> None:
        self._state = state
        self._options = options
        self._progress = progress
        self._app = deployment.CdkApp(REPOSITORY, options.assembly)

    def run(self, on_ready: Callable[[dict[str, Any]], None]) -> None:
        """Start, call `on_ready` with the stage's description, serve until a signal (`ops.signals`), and stop.

        Raises LocalStageError for a failure that the user can fix.
        """
        if self._options.stop_with is not None:
            _stop_with(self._options.stop_with)
        started_at = time.monotonic()
        with self._state.locked(), contextlib.ExitStack() as stack:
            saved = {} if self._options.fresh else self._state.deployed()
            site_socket = stack.enter_context(ports.open_site_port(self._options.port, saved.get("port")))
            emulator = self._emulator(saved.get("emulatorPort"))
            # After the ports are known to be free, because it may delete the saved data.
            self._prepare()
            addresses = SiteAddresses(f"http://localhost:{site_socket.getsockname()[1]}", emulator.port)
            stack.callback(self._stop, emulator)
            with self._progress.step("Starting the emulator", f"Emulator answers at {emulator.url}"):
                emulator.start()
            self._deploy(emulator, addresses.origin)
            front_door = FrontDoor(emulator.url, addresses)
            description = self._open(emulator, front_door, addresses)
            self._print_summary(description, time.monotonic() - started_at)
            # After the summary: `up --detach` prints what is written until then.
            self._state.write_running(description)
            on_ready(description)
            asyncio.run(self._serve(emulator, front_door, site_socket, description))

    def _stop(self, emulator: EmulatorProcess) -> None:
        """Stop the emulator, and say whether its state is saved."""
        if emulator.has_ended():
            emulator.stop()
        elif emulator.stop():
            self._progress.write_line("The state is saved.")
        elif emulator.save_failure is not None:
            self._progress.write_line(
                f"{emulator.save_failure}. The next start uses the save before it and the journal "
                f"({self._state.emulator_log})."
            )
        else:
            self._progress.write_line(
                f"The emulator did not stop in order; what it had not saved is lost ({self._state.emulator_log})."
            )

    def _prepare(self) -> None:
        """Delete the saved data if asked, check the tools, and build the UI."""
        if self._options.fresh:
            self._state.delete_data()
        with self._progress.step("Checking tools", "Tools") as step:
            step.done = f"Tools: {prerequisites.check(REPOSITORY)}"
        if self._options.assembly is None and prerequisites.ui_is_stale(REPOSITORY):
            with self._progress.step("Building the UI", "UI built"):
                prerequisites.build_ui(REPOSITORY, self._state.ui_build_log)

    def _emulator(self, saved_port: int | None) -> EmulatorProcess:
        requested_port = self._options.emulator_port
        if requested_port is None and self._options.port == 0:
            requested_port = 0
        port = ports.choose_emulator_port(requested_port, saved_port)
        return EmulatorProcess(
            port, self._state.emulator, self._state.emulator_log, self._options.emulator_settings
        )

    def _deploy(self, emulator: EmulatorProcess, site_origin: str) -> None:
        digest = self._fingerprint(site_origin)
        if self._state.deployed().get("fingerprint") == digest:
            self._progress.write_line("Nothing changed since the last deployment, so nothing is deployed.")
            return
        # If this fails or is interrupted, the stacks may be of both versions: neither counts as deployed.
        self._state.write_deployed({**self._state.deployed(), "fingerprint": ""})
        log = self._state.deploy_log
        log.unlink(missing_ok=True)
        cdk_version = prerequisites.cdk_version(REPOSITORY)
        # As on AWS, once: the saved data has the stack of the CDK's toolkit.
        if self._state.deployed().get("bootstrappedBy") != cdk_version:
            with self._progress.step("Bootstrapping (cdk bootstrap)", "Bootstrapped"):
                deployment.bootstrap(self._app, emulator.url, log)
        with self._progress.step("Deploying (cdk deploy --all)", "Deployed every stack"):
            deployment.deploy(self._app, emulator.url, site_origin, log, self._state.cloud_assembly)
        emulator.ask("save")
        port = int(site_origin.rpartition(":")[2])
        record = {"fingerprint": digest, "port": port, "emulatorPort": emulator.port}
        self._state.write_deployed({**record, "bootstrappedBy": cdk_version})

    def _fingerprint(self, site_origin: str) -> str:
        assembly = self._options.assembly
        settings = {"siteOrigin": site_origin, "assembly": str(assembly or "")}
        if assembly is not None:
            return fingerprint(assembly.parent, settings, (assembly.name,))
        return fingerprint(REPOSITORY, settings)

    def _open(self, emulator: EmulatorProcess, front_door: FrontDoor, addresses: SiteAddresses) -> dict[str, Any]:
        """Open the front door for the deployed stacks, and return the stage's description."""
        stacks = deployment.outputs(emulator.url)
        outputs = deployment.outputs_by_name(stacks)
        self._warm_up(emulator, outputs)
        front_door.open(outputs)
        description = self._describe(emulator, addresses, stacks)
        front_door.open_inspector(description)
        return description

    def _warm_up(self, emulator: EmulatorProcess, outputs: Mapping[str, str]) -> None:
        """Create the demo users, start every function, and register the demo users with the chat."""
        pool = deployment.user_pool(emulator.url, outputs)
        if pool is not None:
            with self._progress.step("Creating the demo users", "Demo users created"):
                demo_users.create(pool)
        with self._progress.step("Warming the functions", "Functions are warm") as step:
            failed = emulator.ask("warm")["failed"]
            if failed:
                step.done = f"Functions that do not start: {', '.join(failed)} (see {self._state.emulator_log})"
        if pool is not None and "RestApiId" in outputs:
            demo_users.register(pool, f"{emulator.url}/_aws/execute-api/{outputs['RestApiId']}/api")

    def _describe(
        self, emulator: EmulatorProcess, addresses: SiteAddresses, stacks: dict[str, dict[str, str]]
    ) -> dict[str, Any]:
        api_id = deployment.outputs_by_name(stacks).get("WebSocketApiId", "")
        return {
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
            "restarts": {"count": 0, "lastAt": None},
            "stateDirectory": str(self._state.path),
        }

    def _print_summary(self, description: Mapping[str, Any], seconds: float) -> None:
        write_line = self._progress.write_line
        write_line()
        write_line(f"Parley is ready at {description['url']} ({seconds:.1f} s)", style="bold green")
        keys = "" if self._options.is_detached else "Ctrl-C or "
        write_line(f"Stop it with {keys}`{self._state.command('down')}`; its data is kept.", style="dim")
        write_line()
        for user in description["users"]:
            write_line(f"  {user['username']:<8} {user['password']}")
        if description["notEmulated"]:
            write_line()
            write_line("Deployed, but not or only partly emulated here:")
            for item in description["notEmulated"]:
                write_line(f"  {item['type']}: {item['note']}", style="dim")
        write_line()

    async def _serve(
        self,
        emulator: EmulatorProcess,
        front_door: FrontDoor,
        site_socket: socket.socket,
        description: dict[str, Any],
    ) -> None:
        """Serve the front door and keep the emulator running, until a signal or a failure of either.

        After a signal, the emulator is stopped here: the event loop ignores further signals.
        """
        stop_requested, server = web_server.stop_request(), Server(front_door.application)

        def on_restart() -> None:
            description["pids"]["emulator"] = emulator.pid
            description["restarts"] = {
                "count": description["restarts"]["count"] + 1,
                "lastAt": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            }
            self._state.write_running(description)

        serving = asyncio.create_task(server.serve(sockets=[site_socket]))
        watching = asyncio.create_task(
            emulator_watch.keep_running(emulator, self._state, self._progress, on_restart)
        )
        restoring = asyncio.create_task(self._undo_function_changes(emulator))
        stopping = asyncio.create_task(stop_requested.wait())
        await asyncio.wait({serving, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        failure = watching.exception() if watching.done() and not watching.cancelled() else None
        watching.cancel()
        restoring.cancel()
        await asyncio.to_thread(front_door.close)
        await serving
        if failure is not None:
            raise failure
        self._progress.write_line("Stopping, and saving the state.")
        await asyncio.to_thread(self._stop, emulator)

    async def _undo_function_changes(self, emulator: EmulatorProcess) -> None:
        """Undo what a killed fault drill or measurement has left changed, and say so."""
        functions = deployment.client("lambda", emulator.url)
        while True:
            with contextlib.suppress(BotoCoreError, ClientError):  # the emulator is restarting
                for name in await asyncio.to_thread(
                    function_changes.undo_left, self._state.function_changes, functions
                ):
                    self._progress.write_line(f"{name} was left changed by a process that was killed: restored.")
            await asyncio.sleep(RESTORE_SECONDS)


def _stop_with(process_id: int) -> None:
    """Send this process SIGTERM once the other one has ended. Raises LocalStageError if it has ended already."""
    if not _is_running(process_id):
        raise LocalStageError(f"There is no process {process_id}: give --stop-with the id of a running process.")

    def watch() -> None:
        while _is_running(process_id):
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
