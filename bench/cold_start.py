"""How long each handler takes to import, without and with bytecode: `python -m bench.cold_start`.

Importing is most of a cold start. Both variants import the assets that are deployed, built for the Python that
runs this; boto3 comes from the environment with its bytecode, as from Lambda's runtime. The two are measured in
turn, so that other load of the machine affects both alike. Compare the ratios, since Lambda's processors differ.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.runs import run_program, save
from stacks.packaging import ROOT, compile_bytecode, dependency_layer, functions_package

HANDLERS = sorted(
    path.stem
    for path in (ROOT / "functions" / "handlers").glob("*.py")
    if path.stem not in {"__init__", "http", "websocket"}
)
PROGRAM = r"""
import importlib, json, pathlib, re, resource, sys, time
sys.path[:0] = sys.argv[2:]
import boto3
began, used = time.perf_counter(), time.process_time()
importlib.import_module(sys.argv[1])
milliseconds, processor_ms = (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000
# On Linux, the usage of a process begins with that of the one that started it.
status = pathlib.Path("/proc/self/status")
peak = re.search(r"VmHWM:\s*(\d+)", status.read_text()) if status.exists() else None
megabytes = (int(peak[1]) if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024
print(json.dumps({"milliseconds": milliseconds, "processor_ms": processor_ms, "megabytes": megabytes}))
"""
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    # With these, the X-Ray SDK and `clients.prepare` do what they do in Lambda: clients are created at once.
    "LAMBDA_TASK_ROOT": "/var/task",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "_X_AMZN_TRACE_ID": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
}


@dataclass(frozen=True)
class Import:
    """One import in a new process. The processor time does not depend on what else runs on the machine."""

    milliseconds: float
    processor_ms: float
    megabytes: float
    """The most memory that the process had."""


def main(rounds: Annotated[int, typer.Option(help="Imports of each handler and variant.")] = 9) -> None:
    """Measure, print a table and save the figures."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {
            name: unpacked(Path(folder) / name.replace(" ", "-"), compiled=name == "bytecode")
            for name in ("source", "bytecode")
        }
        times = {handler: measured(f"functions.handlers.{handler}", paths, rounds) for handler in HANDLERS}
    table = Table("handler", "from source", "from bytecode", "ratio")
    for handler, (source, bytecode) in times.items():
        table.add_row(handler, f"{source:.0f} ms", f"{bytecode:.0f} ms", f"{bytecode / source:.2f}")
    Console().print(table)
    figures = [
        {"handler": handler, "source_ms": round(source), "bytecode_ms": round(bytecode)}
        for handler, (source, bytecode) in times.items()
    ]
    save("cold_start", figures)


def unpacked(folder: Path, *, compiled: bool) -> list[str]:
    """Copy the assets into a folder, with or without bytecode, and return the paths to import from."""
    code, layer = folder / "code", folder / "layer"
    without_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(functions_package("host"), code, ignore=without_caches)
    shutil.copytree(dependency_layer("host"), layer, ignore=without_caches)
    if compiled:
        for part in (code, layer):
            compile_bytecode(part, sys.executable, root="/")
    return [str(code), str(layer / "python")]


def measured(module: str, paths: dict[str, list[str]], rounds: int) -> tuple[float, float]:
    """The medians of importing a module from source and from bytecode, in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, folders in paths.items():
            times[name].append(import_once(module, folders).milliseconds)
    return statistics.median(times["source"]), statistics.median(times["bytecode"])


def import_once(module: str, folders: list[str]) -> Import:
    """Import a module in a new process, with the bytecode that lies next to its source, if there is any."""
    command = [sys.executable, "-P", "-c", PROGRAM, module, *folders]
    # With a folder for all bytecode, which the Makefile names, Python does not look next to the source.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    outcome = subprocess.run(
        command, cwd="/", env=environment | ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return Import(**json.loads(outcome.stdout))


if __name__ == "__main__":
    run_program(main)
