"""The restarts of an emulator that ends while its stage runs."""

import io
from pathlib import Path

import pytest

from local import emulator_watch
from local.emulator_process import EmulatorProcess
from local.emulator_watch import MAX_RESTARTS, keep_running
from local.errors import LocalStageError
from local.progress import Progress
from local.state_directory import StateDirectory

pytestmark = pytest.mark.anyio


class EndingEmulator(EmulatorProcess):
    """An emulator that has always ended when it is looked at."""

    def __init__(self, folder: Path, *, starts: bool) -> None:
        super().__init__(0, folder, folder / "emulator.log")
        self.started = 0
        self._starts = starts

    def has_ended(self) -> bool:
        """Always."""
        return True

    def start(self) -> None:
        """Count the start; without `starts` it fails."""
        self.started += 1
        if not self._starts:
            raise LocalStageError("The emulator did not start.")

    def ask(self, endpoint: str, timeout: float = 120) -> None:
        """Answers nothing: it has ended."""
        raise OSError(f"{endpoint}: {timeout}")


@pytest.mark.parametrize("starts", [True, False], ids=["and starts", "and does not start"])
async def test_the_stage_stops_when_its_emulator_ends_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starts: bool
):
    """After the documented number of restarts, with the file in which to look for the cause."""
    monkeypatch.setattr(emulator_watch, "POLL_SECONDS", 0)
    emulator, state, restarts = EndingEmulator(tmp_path, starts=starts), StateDirectory(tmp_path), list[int]()
    with pytest.raises(LocalStageError, match=f"restarted {MAX_RESTARTS} times .* the stage stops") as failure:
        await keep_running(emulator, state, Progress(io.StringIO()), lambda: restarts.append(emulator.started))
    assert str(state.emulator_log) in str(failure.value)
    assert emulator.started == MAX_RESTARTS
    assert restarts == (list(range(1, MAX_RESTARTS + 1)) if starts else [])
