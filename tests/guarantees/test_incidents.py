"""Every incident of docs/incidents.md is found and repaired by its commands, and no screen differs afterwards."""

import asyncio
import re
import shlex
import time
from dataclasses import replace
from pathlib import Path

import pytest

from functions.contract.model import timestamp
from tests.guarantees import alarms
from tests.guarantees.clients import connected_channel
from tests.guarantees.faults import Faults
from tests.guarantees.incidents import INCIDENTS, Incident, Scene
from tests.guarantees.report import Record
from tests.integration.commands import CommandResult, run_ops, run_ops_process
from tests.local_stage import TestStage
from tests.waiting import until

PROMISE = 2
POLLS_BEFORE_TRAFFIC = 10
pytestmark = [pytest.mark.anyio, pytest.mark.thorough]
OF_THE_LOCAL_STAGE = ("doctor", "status")
"""Commands that know the local stage too, so that they run in their own process."""


def run(scene: Scene, command: str) -> CommandResult:
    """Run one command of an incident."""
    arguments = shlex.split(command.format_map(scene.names))
    runner = run_ops_process if arguments[0] in OF_THE_LOCAL_STAGE else run_ops
    return runner(scene.stage, *arguments)


async def find(scene: Scene, incident: Incident) -> str:
    """Run the commands that find it, the last one until it prints the clue: log lines are late. Returns what it
    prints.
    """
    for command in incident.find[:-1]:
        await asyncio.to_thread(run, scene, command)

    async def printed_clue() -> str | None:
        result = await asyncio.to_thread(run, scene, incident.find[-1])
        return result.out if has_clue(scene, incident, result.out) else None

    found = await until(printed_clue, f"`parley {incident.find[-1]}` showed {incident.clue}", every=0.5)
    assert found is not None
    return found


def has_clue(scene: Scene, incident: Incident, printed: str) -> bool:
    """Whether the output of the last command shows the fault. A time `at` in it is not before the incident."""
    clue = re.search(incident.clue.replace("{channel}", re.escape(scene.channel.channel_id)), printed)
    return (
        clue is not None and clue.groupdict().get("at", scene.since) >= scene.since[: len("2026-11-24T09:30:00")]
    )


async def wait_until_raised(scene: Scene, incident: Incident) -> None:
    """Wait until the alarms of the incident are raised. Its traffic is repeated: a period may end in between."""
    missing, polls = set(incident.alarms), 0

    async def are_raised() -> bool:
        nonlocal missing, polls
        if polls % POLLS_BEFORE_TRAFFIC == 0:
            await incident.traffic(scene)
        polls += 1
        missing = set(incident.alarms) - await asyncio.to_thread(alarms.raised, scene.stage.stage)
        return not missing

    try:
        await until(are_raised, "the alarms were raised", every=0.5)
    except AssertionError:
        pytest.fail(f"not raised by this fault: {sorted(missing)}")


def have_ended(scene: Scene, incident: Incident) -> bool:
    """Whether no alarm of the incident is raised once all that was measured until now is over."""
    scene.faults.age_metrics(alarms.OVER_SECONDS)
    return not alarms.raised(scene.stage.stage) & set(incident.alarms)


async def show_nothing_without_the_fault(scene: Scene, incident: Incident, message_id: str) -> None:
    """The command that finds the fault does not show it before, so without its fault no incident is found."""
    before = replace(scene, names=scene.names | {"message": message_id, "letter": "none"})
    result = await asyncio.to_thread(run, before, incident.find[-1])
    assert not has_clue(before, incident, result.out), f"shown without the fault: {result.out}"


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.fault)
async def test_an_incident_is_found_and_repaired(
    stage: TestStage, record: Record, faults: Faults, incident: Incident, tmp_path: Path
):
    """Users see what the page says, its alarms are raised, its commands find and repair the fault, the alarms end,
    and nothing differs afterwards.
    """
    since = timestamp(int(time.time() * 1000))
    async with connected_channel(stage, 2) as channel:
        scene = Scene(stage, faults, channel, since)
        scene.names |= {"channel": channel.channel_id, "since": since, "file": str(tmp_path / "kept.jsonl")}
        first = await channel.send(scene.ada, "before the fault")
        await channel.wait_until_displayed(first)
        alarms.empty_dead_letter_queues(stage)
        await until(lambda: asyncio.to_thread(have_ended, scene, incident), "earlier alarms ended", every=0.5)
        await show_nothing_without_the_fault(scene, incident, first)
        faults.age_metrics(alarms.PERIOD_SECONDS)
        with incident.strike(scene):
            await incident.act(scene)
            await wait_until_raised(scene, incident)
            if not incident.is_logged_late:
                found = await find(scene, incident)
            await incident.then(scene)
        if incident.is_logged_late:
            found = await find(scene, incident)
        if "letter" not in scene.names and "{letter}" in "".join(incident.repair):
            [line] = [line for line in found.splitlines() if channel.channel_id in line]
            scene.names["letter"] = line.split()[0]
        for command in incident.repair:
            result = await asyncio.to_thread(run, scene, command)
            assert result.code == 0, f"`parley {command}` ended with {result.code}: {result.out}{result.err}"
        await asyncio.gather(*scene.later)
        await until(lambda: asyncio.to_thread(have_ended, scene, incident), "the alarms ended", every=0.5)
        await channel.check(record)
        checked = await asyncio.to_thread(run, scene, "check --channel {channel} --settle 0")
        assert checked.code == 0, checked.out + checked.err
        left = await asyncio.to_thread(run, scene, "redrive --dry-run --json --channel {channel}")
        assert left.json == [], "dead letters of the channel are left"
    record.tried(f"incident: {incident.fault}, found with {incident.commands} commands")
