"""Imports are measured with the bytecode that is deployed, however the measurement is started."""

import py_compile
import sys
from pathlib import Path

import pytest

from bench.cold_start import import_once

SOURCE = "raise RuntimeError"


def test_bytecode_next_to_its_source_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Also from `make`, which has another folder for the bytecode of this project."""
    module = tmp_path / "measured_module.py"
    module.write_text("")
    bytecode = tmp_path / "__pycache__" / f"measured_module.{sys.implementation.cache_tag}.pyc"
    bytecode.parent.mkdir()
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(module), cfile=str(bytecode), invalidation_mode=unchecked)
    # The source fails, so that only its bytecode can be imported.
    module.write_text(SOURCE)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    assert import_once("measured_module", [str(tmp_path)]).milliseconds > 0


def test_the_memory_of_the_measurement_itself_is_not_counted(tmp_path: Path):
    """A new process inherits the highest usage of the one that starts it."""
    (tmp_path / "measured_module.py").write_text("")
    used = bytearray(300_000_000)
    used[::4096] = b"x" * len(used[::4096])
    assert import_once("measured_module", [str(tmp_path)]).megabytes < 200
