"""What a measurement ran on."""

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The machine, without its name."""

    processor: str
    processors: int
    memory_gigabytes: int
    system: str
    python: str
    emulator: str
    load_average: float
    """Of the minute before the measurement: above zero, other programs ran."""


def this_machine() -> Machine:
    """This machine, now."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=processor_name(),
        processors=os.cpu_count() or 1,
        memory_gigabytes=round(pages / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        python=sys.version.split()[0],
        emulator=f"MiniStack {version('ministack')}",
        load_average=round(os.getloadavg()[0], 1),
    )


def processor_name() -> str:
    """The model of the processor, as far as the system says it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
