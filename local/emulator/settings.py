"""The emulator's settings, read once from the environment variables that the supervisor or a test sets."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

NOT_SAVED_EXIT_CODE = 4
"""The emulator's exit code when it stopped without saving its state. The last line of its log has the reason."""


class InvalidSettingError(Exception):
    """A variable has a value that is no setting. The message names it."""


@dataclass(frozen=True)
class EmulatorSettings:
    """The settings of one emulator; the defaults suit a laptop."""

    port: int
    state_directory: Path
    workers_per_function: int = 4
    # How long a call waits for a busy worker before another one is started: most calls take less than this.
    worker_patience_seconds: float = 0.15
    trace_port: int = 0
    save_interval_seconds: float = 30.0
    kept_executions: int = 50
    kept_log_events: int = 10_000
    kept_log_bytes: int = 8_000_000
    kept_traces: int = 2_000
    # How long a new version of a function gets a share of the calls; None: as its configuration says.
    canary_seconds: float | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Settings from PARLEY_EMULATOR_* variables; the port and the state directory are required.

        Raises InvalidSettingError.
        """

        def given(name: str) -> float | None:
            text = os.environ.get(f"PARLEY_EMULATOR_{name}")
            if not text:
                return None
            try:
                value = float(text)
            except ValueError:
                value = math.nan
            if not math.isfinite(value) or value < 0:
                raise InvalidSettingError(
                    f"PARLEY_EMULATOR_{name} must be a number that is not negative, but is {text!r}."
                )
            return value

        def number(name: str, default: float) -> float:
            value = given(name)
            return default if value is None else value

        return cls(
            port=int(os.environ["PARLEY_EMULATOR_PORT"]),
            state_directory=Path(os.environ["PARLEY_EMULATOR_STATE_DIRECTORY"]),
            workers_per_function=int(number("WORKERS_PER_FUNCTION", cls.workers_per_function)),
            worker_patience_seconds=number("WORKER_PATIENCE_SECONDS", cls.worker_patience_seconds),
            trace_port=int(number("TRACE_PORT", cls.trace_port)),
            save_interval_seconds=number("SAVE_INTERVAL_SECONDS", cls.save_interval_seconds),
            kept_executions=int(number("KEPT_EXECUTIONS", cls.kept_executions)),
            kept_log_events=int(number("KEPT_LOG_EVENTS", cls.kept_log_events)),
            kept_log_bytes=int(number("KEPT_LOG_BYTES", cls.kept_log_bytes)),
            kept_traces=int(number("KEPT_TRACES", cls.kept_traces)),
            canary_seconds=given("CANARY_SECONDS"),
        )
