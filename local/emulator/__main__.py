"""Start the emulator: `python -m local.emulator`, configured by PARLEY_EMULATOR_* variables.

The supervisor starts it. It listens on 127.0.0.1 only. It saves its state and stops on SIGTERM, on SIGINT, or when
its standard input closes, which happens when the process that started it ends.
"""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from local.emulator import patching
from local.emulator.persistence.saved_state import DamagedStateError, SavedState
from local.emulator.settings import NOT_SAVED_EXIT_CODE, EmulatorSettings, InvalidSettingError

if TYPE_CHECKING:
    from local.emulator.server import EmulatorApplication

logger = logging.getLogger("parley.emulator")

MAX_FRAME_BYTES = 32 * 1024
MAX_MESSAGE_BYTES = 128 * 1024
MAX_DESCRIPTORS = 65_536
MACOS_DESCRIPTORS = 10_240


class NotSavedError(Exception):
    """The emulator stopped and could not save its state."""


def ministack_environment(settings: EmulatorSettings) -> dict[str, str]:
    """The environment variables that MiniStack reads when it is imported."""
    state = settings.state_directory
    return {
        "GATEWAY_PORT": str(settings.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        # An account's quota on AWS. The additions limit the processes, so no lower number is needed here.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "MINISTACK_REGION": os.environ.get("AWS_REGION", "us-east-1"),
        "LOG_LEVEL": os.environ.get("PARLEY_EMULATOR_LOG_LEVEL", "WARNING"),
    }


def main() -> None:
    """Check MiniStack's version, install the additions, and serve until stopped."""
    try:
        patching.require_version()
        settings = EmulatorSettings.from_environment()
        os.environ.update(ministack_environment(settings))
        run(serve(settings))
    except (patching.UnsupportedEmulatorError, DamagedStateError, InvalidSettingError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except NotSavedError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(NOT_SAVED_EXIT_CODE)


def run(server: Coroutine[Any, Any, None]) -> None:
    """Run the server, on uvloop where it exists: its event loop takes half of the processor time of asyncio's."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(server)
    else:
        uvloop.run(server)


async def serve(settings: EmulatorSettings) -> None:
    """Run MiniStack with every addition in one server, until a signal or the end of standard input.

    Raises NotSavedError if the state could not be saved at the end.
    """
    import uvicorn

    raise_descriptor_limit()
    application = build_application(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=settings.port,
            lifespan="on",
            http="httptools",
            ws="websockets-sansio",
            # A frame over 32 KB or a message over 128 KB ends the connection with 1009, as on API Gateway.
            ws_max_size=(MAX_MESSAGE_BYTES, MAX_FRAME_BYTES),  # type: ignore[arg-type]
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
            server_header=False,
            date_header=False,
            access_log=False,
            proxy_headers=False,
            log_config=None,
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    stopping = stop_event()
    serving = asyncio.create_task(server._serve())
    done, _ = await asyncio.wait(
        {serving, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED
    )
    if serving not in done:
        await application.close_connections()
        server.should_exit = True
    await serving
    if application.stop_failure is not None:
        raise NotSavedError(f"The state could not be saved: {application.stop_failure}")


def build_application(settings: EmulatorSettings) -> "EmulatorApplication":
    """Import MiniStack, install every addition, and return the application."""
    # MiniStack reads its environment variables when it is imported, so these imports must run after they are set.
    from local.emulator import copies
    from local.emulator.apigateway import websocket_responses
    from local.emulator.cloudformation import bucket_deployment, deletion, replacement
    from local.emulator.cloudformation.resource_types import AcceptedTypes
    from local.emulator.cloudwatch import alarm_states, metric_data, service_metrics
    from local.emulator.codedeploy import function_deployments
    from local.emulator.cognito import revocation, sign_in_time, usernames
    from local.emulator.dynamodb import expressions, shared_values
    from local.emulator.eventbridge import event_archive, missing_bus
    from local.emulator.eventbridge.bus_delivery import BusDelivery
    from local.emulator.faults import Faults, FaultyExecutions, FaultyFunctions, FaultySessions
    from local.emulator.lambda_ import alias_routing
    from local.emulator.logs import log_filters, log_groups, log_pages
    from local.emulator.persistence.durability import Durability
    from local.emulator.persistence.layer_state import LayerState
    from local.emulator.policies import Policies
    from local.emulator.server import EmulatorApplication
    from local.emulator.sqs.batch_window import BatchWindows
    from local.emulator.stepfunctions.jsonata_expressions import JsonataExpressions
    from local.emulator.stepfunctions.task_threads import TaskThreads
    from local.emulator.xray import trace_collector

    patching.module("app")
    logging.getLogger("parley").setLevel(logging.INFO)
    log_groups.set_limits(kept_events=settings.kept_log_events, kept_bytes=settings.kept_log_bytes)
    traces = trace_collector.start(settings.trace_port, settings.kept_traces)
    for addition in (
        copies,
        log_filters,
        log_pages,
        expressions,
        shared_values,
        event_archive,
        missing_bus,
        websocket_responses,
        bucket_deployment,
        sign_in_time,
        revocation,
        usernames,
        deletion,
        replacement,
        metric_data,
        service_metrics,
        alarm_states,
        alias_routing,
    ):
        addition.install()
    function_deployments.install(settings.canary_seconds)
    LayerState(settings.state_directory / "layers")
    saved = SavedState(settings.state_directory)
    saved.check()
    saved.install()
    durability = Durability(saved.journal, since=saved.segment())
    BusDelivery(durability)
    BatchWindows()
    JsonataExpressions().install()
    faults = Faults()
    TaskThreads(may_be_delayed=lambda: faults.are_in_force)
    return EmulatorApplication(
        invocations=FaultyFunctions(settings, faults),
        sessions=FaultySessions(faults),
        traces=traces,
        accepted=AcceptedTypes(),
        executions=FaultyExecutions(settings.kept_executions, durability, faults),
        durability=durability,
        saved=saved,
        faults=faults,
        policies=Policies(),
        save_interval_seconds=settings.save_interval_seconds,
    )


def stop_event() -> asyncio.Event:
    """An event that is set by SIGTERM, by SIGINT, or by the end of standard input."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    threading.Thread(target=watch_input, args=(loop, stopping), daemon=True).start()
    return stopping


def watch_input(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """Set `stopping` when standard input closes; only with PARLEY_EMULATOR_WATCH_INPUT=1, set for a pipe."""
    if os.environ.get("PARLEY_EMULATOR_WATCH_INPUT") != "1":
        return
    # Not through sys.stdin, whose lock this thread would still hold when the interpreter ends.
    while os.read(0, 1024):
        pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stopping.set)


def raise_descriptor_limit() -> None:
    """Allow as many sockets as are used, or as the system lets this process have; log if that changes nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= MAX_DESCRIPTORS:
        return
    # macOS states no hard limit, and refuses more than its kernel's.
    for limit in (MAX_DESCRIPTORS, MACOS_DESCRIPTORS):
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        if limit <= soft:
            return
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return
    logger.warning("The limit of open files could not be raised: it is %d", soft)


if __name__ == "__main__":
    main()
