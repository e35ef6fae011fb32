"""The state directory: only a local stage's own files are written over or deleted."""

import io
from pathlib import Path
from typing import Any

import pytest

from local import deployment, prerequisites
from local.emulator_process import EmulatorProcess
from local.errors import LocalStageError
from local.front_door.server import FrontDoor
from local.ports import free_port, listen
from local.progress import Progress
from local.state_directory import REPOSITORY, StateDirectory
from local.supervisor import StartOptions, Supervisor


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A directory with a user's files, some of them with the names of a stage's files."""
    (tmp_path / "emulator").mkdir()
    for name in ("emulator/thesis.txt", "letter.txt", "deployed.json"):
        (tmp_path / name).write_text("mine")
    return tmp_path


def names(directory: Path) -> set[str]:
    """The files of a directory, at any depth."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_a_directory_with_other_files_is_neither_used_nor_emptied(documents: Path):
    """A start and a deletion are refused with one sentence, and every file stays."""
    before = names(documents)
    state = StateDirectory(documents)
    with pytest.raises(LocalStageError, match="holds files that are not a local stage's"), state.locked():
        pass
    with pytest.raises(LocalStageError, match="not the directory of a local stage: nothing was deleted"):
        state.delete_data()
    assert names(documents) == before


def test_a_deletion_leaves_files_that_a_stage_does_not_write(tmp_path: Path):
    """The stage's data and logs go; a file that its user put there stays."""
    state = StateDirectory(tmp_path / "stage")
    with state.locked():
        (state.emulator / "journal").mkdir(parents=True)
        state.deploy_log.write_text("deployed")
        state.write_deployed({"port": 1})
        (state.path / "notes.txt").write_text("mine")
    state.delete_data()
    assert names(state.path) == {"notes.txt", "supervisor.lock"}


def test_other_users_of_the_machine_cannot_read_the_data(tmp_path: Path):
    """The user pool's file has passwords, the tables have texts. Nor those of a stage of an earlier version."""
    new, old = StateDirectory(tmp_path / "parent" / "new"), StateDirectory(tmp_path / "old")
    old.path.mkdir(mode=0o755)
    for state in (new, old):
        state.claim()
        assert state.path.stat().st_mode & 0o777 == 0o700
    assert new.path.parent.stat().st_mode & 0o077 != 0


def test_a_start_with_a_busy_port_deletes_nothing(tmp_path: Path):
    """With --fresh the ports are opened before the data is deleted."""
    state = StateDirectory(tmp_path)
    with state.locked():
        state.write_deployed({"fingerprint": "of the saved stage"})
    with listen(free_port(), "another process", "") as other:
        busy = other.getsockname()[1]
        for options in (
            StartOptions(port=busy, fresh=True),
            StartOptions(port=0, emulator_port=busy, fresh=True),
        ):
            with pytest.raises(LocalStageError, match=f"Port {busy} .*is in use"):
                Supervisor(state, options, Progress()).run(lambda _: None)
    assert state.deployed() == {"fingerprint": "of the saved stage"}


@pytest.mark.parametrize("fresh", [False, True])
def test_a_start_builds_the_ui_and_deletes_only_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: bool
):
    """Before the emulator starts. In a new clone the UI has no build."""
    state = StateDirectory(tmp_path)
    with state.locked():
        state.write_deployed({"fingerprint": "of the saved stage"})
    steps: list[str] = []

    def start(_: EmulatorProcess) -> None:
        steps.append("start the emulator")
        raise LocalStageError("far enough")

    monkeypatch.setattr(prerequisites, "check", lambda _: steps.append("check the tools"))
    monkeypatch.setattr(prerequisites, "ui_is_stale", lambda _: True)
    monkeypatch.setattr(prerequisites, "build_ui", lambda *_: steps.append("build the UI"))
    monkeypatch.setattr(EmulatorProcess, "start", start)
    with pytest.raises(LocalStageError, match="far enough"):
        Supervisor(state, StartOptions(port=0, fresh=fresh), Progress()).run(lambda _: None)
    assert steps == ["check the tools", "build the UI", "start the emulator"]
    assert (state.deployed() == {}) is fresh


def test_a_stage_is_described_as_running_after_its_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`up --detach` prints what is written until then, and ends."""
    output = io.StringIO()
    printed: list[str] = []
    description = {"url": "http://localhost:1", "users": [], "notEmulated": []}
    monkeypatch.setattr(prerequisites, "check", lambda _: "")
    monkeypatch.setattr(prerequisites, "ui_is_stale", lambda _: False)
    monkeypatch.setattr(EmulatorProcess, "start", lambda _: None)
    monkeypatch.setattr(EmulatorProcess, "stop", lambda _: True)
    monkeypatch.setattr(EmulatorProcess, "has_ended", lambda _: False)
    monkeypatch.setattr(Supervisor, "_deploy", lambda *_: None)
    monkeypatch.setattr(Supervisor, "_warm_up", lambda *_: None)
    monkeypatch.setattr(Supervisor, "_describe", lambda *_: description)
    monkeypatch.setattr(FrontDoor, "open", lambda *_: None)
    monkeypatch.setattr(FrontDoor, "open_inspector", lambda *_: None)
    monkeypatch.setattr(deployment, "outputs", lambda _: {})
    monkeypatch.setattr(StateDirectory, "write_running", lambda *_: printed.append(output.getvalue()))

    def serve(_: dict[str, Any]) -> None:
        raise LocalStageError("far enough")

    with pytest.raises(LocalStageError, match="far enough"):
        Supervisor(StateDirectory(tmp_path), StartOptions(port=0), Progress(output)).run(serve)
    assert len(printed) == 1
    assert "Parley is ready at http://localhost:1" in printed[0]
    assert printed[0].endswith("\n\n")


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path):
    """The message has the system's reason and the option for another directory."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalStageError, match=r"Not a directory.*--state-dir"):
        StateDirectory(tmp_path / "file" / "stage").claim()


@pytest.mark.parametrize(
    ("has_ended", "is_in_order", "save_failure", "sentence"),
    [
        (False, True, None, "The state is saved."),
        (False, False, None, "what it had not saved is lost"),
        (
            False,
            False,
            "The state could not be saved: disk full",
            "disk full. The next start uses the save before",
        ),
        (True, True, None, ""),
    ],
)
def test_a_stop_says_that_the_state_is_saved_only_when_it_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_ended: bool,
    is_in_order: bool,
    save_failure: str | None,
    sentence: str,
):
    """An emulator that had to be killed, or that failed, has not saved everything."""
    printed = io.StringIO()
    emulator = EmulatorProcess(1, tmp_path, tmp_path / "log")
    monkeypatch.setattr(emulator, "has_ended", lambda: has_ended)
    monkeypatch.setattr(emulator, "stop", lambda: is_in_order)
    emulator.save_failure = save_failure
    Supervisor(StateDirectory(tmp_path), StartOptions(), Progress(printed))._stop(emulator)
    assert sentence in printed.getvalue()
    assert bool(printed.getvalue()) == bool(sentence)


def test_a_deployment_that_fails_is_not_taken_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its stacks may be of both versions. A start of the version before deploys again; the ports stay."""
    state = StateDirectory(tmp_path / "stage")
    supervisor = Supervisor(state, StartOptions(), Progress(io.StringIO()))

    def fail(*_: object) -> None:
        raise LocalStageError("interrupted")

    monkeypatch.setattr("local.deployment.bootstrap", fail)
    with state.locked():
        emulator = EmulatorProcess(free_port(), state.emulator, state.emulator_log, {})
        state.write_deployed({"fingerprint": "of the version before", "port": 4280, "emulatorPort": 4566})
        with pytest.raises(LocalStageError, match="interrupted"):
            supervisor._deploy(emulator, "http://localhost:4280")
    assert state.deployed() == {"fingerprint": "", "port": 4280, "emulatorPort": 4566}


@pytest.mark.parametrize(
    ("bootstrapped_by", "is_bootstrapped"),
    [
        ({"bootstrappedBy": prerequisites.cdk_version(REPOSITORY)}, True),
        ({"bootstrappedBy": "1.0.0"}, False),
        ({}, False),
    ],
    ids=["this version", "another version", "unknown version"],
)
def test_a_later_deployment_bootstraps_only_with_another_version_of_the_cdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bootstrapped_by: dict[str, str], is_bootstrapped: bool
):
    """As on AWS, where a deployment finds what an earlier bootstrap created."""
    state = StateDirectory(tmp_path / "stage")
    supervisor = Supervisor(state, StartOptions(), Progress(io.StringIO()))
    calls: list[str] = []
    monkeypatch.setattr("local.deployment.bootstrap", lambda *_: calls.append("bootstrap"))
    monkeypatch.setattr("local.deployment.deploy", lambda *_: calls.append("deploy"))
    with state.locked():
        emulator = EmulatorProcess(free_port(), state.emulator, state.emulator_log, {})
        monkeypatch.setattr(emulator, "ask", calls.append)
        state.write_deployed({"fingerprint": "of the version before", **bootstrapped_by})
        supervisor._deploy(emulator, "http://localhost:4280")
    assert calls == [*([] if is_bootstrapped else ["bootstrap"]), "deploy", "save"]
    assert state.deployed()["bootstrappedBy"] == prerequisites.cdk_version(REPOSITORY)


@pytest.mark.parametrize("content", ["", "{", "[1]", "7", "null"])
def test_a_damaged_record_of_the_deployment_is_no_record(tmp_path: Path, content: str):
    """The next start deploys again."""
    (tmp_path / "deployed.json").write_text(content)
    assert StateDirectory(tmp_path).deployed() == {}
