"""The processor time and the memory of a local stage's processes. Linux only: elsewhere everything is zero."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

PAGES_PER_MEGABYTE = (1 << 20) // os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """Processor seconds since the processes started, and resident megabytes."""

    emulator: float
    functions: float
    """The processes of functions, and those that save the state."""
    others: float
    """The supervisor, which serves the site and the REST API's front door."""
    emulator_megabytes: float
    all_megabytes: float

    @property
    def seconds(self) -> float:
        """All processor seconds."""
        return self.emulator + self.functions + self.others


class UsageReader:
    """Reads what the processes of a stage have used; `pids` are those of its description.

    Nothing waits for the environments of functions when they end (`function_process`), so the system reports their
    time only until then: it counts as last read.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._environments: dict[int, int] = {}
        self._ended = 0

    def __call__(self) -> Usage:
        """What has been used until now."""
        found, environments = usage_of_processes(self._pids)
        self._ended += sum(ticks for pid, ticks in self._environments.items() if pid not in environments)
        self._environments = environments
        return replace(found, functions=found.functions + self._ended / os.sysconf("SC_CLK_TCK"))


def usage_of_processes(pids: Mapping[str, int]) -> tuple[Usage, dict[int, int]]:
    """What the processes of a stage that exist have used, and the ticks of each environment of a function."""
    parents: dict[int, int] = {}
    ticks: dict[int, tuple[int, int]] = {}
    pages: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # the process has ended
        pid = int(status.parent.name)
        parents[pid] = int(fields[1])
        ticks[pid] = (int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14]))
        pages[pid] = int(fields[21])
    supervisor, emulator = int(pids["supervisor"]), int(pids["emulator"])

    def ancestors(pid: int) -> set[int]:
        found = {pid}
        while (pid := parents.get(pid, 0)) and pid not in found:
            found.add(pid)
        return found

    hertz = os.sysconf("SC_CLK_TCK")
    below = [pid for pid in ticks if emulator in ancestors(pid) and pid != emulator]
    all_pids = [pid for pid in ticks if supervisor in ancestors(pid)]
    own, ended = ticks.get(emulator, (0, 0))
    # A process that has ended counts to its parent. Those of the emulator are functions and saving processes.
    functions = ended + sum(sum(ticks[pid]) for pid in below)
    environments = {pid: sum(ticks[pid]) for pid in below if parents[pid] != emulator}
    found = Usage(
        emulator=own / hertz,
        functions=functions / hertz,
        others=ticks.get(supervisor, (0, 0))[0] / hertz,
        emulator_megabytes=pages.get(emulator, 0) / PAGES_PER_MEGABYTE,
        all_megabytes=sum(pages[pid] for pid in all_pids) / PAGES_PER_MEGABYTE,
    )
    return found, environments
