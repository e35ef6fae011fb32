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


class HeldEmulator(EndingEmulator):
    """Is held down once, after as many restarts as are allowed."""

    def __init__(self, folder: Path, hold: Path) -> None:
        super().__init__(folder, starts=True)
        self._hold = hold

    def has_ended(self) -> bool:
        """Always. The third look while it is held ends that."""
        if self._hold.exists():
            text = self._hold.read_text() + "."
            self._hold.write_text(text)
            if len(text) > 2:
                self._hold.unlink()
        return True

    def start(self) -> None:
        """Begin to be held after the last restart that is allowed."""
        super().start()
        if self.started == MAX_RESTARTS:
            self._hold.write_text("")


async def test_an_end_while_the_emulator_is_held_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is started once more when it is no longer held."""
    monkeypatch.setattr(emulator_watch, "POLL_SECONDS", 0)
    state = StateDirectory(tmp_path)
    emulator = HeldEmulator(tmp_path, state.hold_emulator)
    with pytest.raises(LocalStageError, match="the stage stops"):
        await keep_running(emulator, state, Progress(io.StringIO()), lambda: None)
    assert emulator.started == MAX_RESTARTS + 1
