"""The assets of the functions: the package `functions`, and a layer without the packages of the runtime."""

import importlib.util
import marshal
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stacks import packaging
from tests.stacks.conftest import Synthesised

WORKFLOWS = packaging.ROOT / ".github" / "workflows"


def test_handlers_are_imported_from_the_package_alone() -> None:
    """The module path of a handler is the same in Lambda and in the repository."""
    folder = packaging.functions_package("host")
    assert [child.name for child in folder.iterdir()] == ["functions"]
    code = "import functions.contract.events as module; print(module.__file__)"
    imported = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(imported).is_relative_to(folder)


def test_the_package_contains_sources_only() -> None:
    """No caches and no tests: the same sources have the same hash on every machine."""
    files = [path for path in packaging.functions_package("host").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".py"}


def test_the_layer_does_not_contain_packages_of_the_runtime() -> None:
    """boto3 and its dependencies would be most of the layer."""
    packages = {path.name for path in (packaging.dependency_layer("lambda") / "python").iterdir()}
    assert {"pydantic", "pydantic_core", "aws_lambda_powertools", "aws_xray_sdk"} <= packages
    assert not packages & {"boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "bin"}


def test_the_layer_is_built_for_lambda_and_for_the_host() -> None:
    """Pydantic's compiled core is built for the platform that runs it."""
    for_lambda = packaging.dependency_layer("lambda") / "python" / "pydantic_core"
    for_host = packaging.dependency_layer("host") / "python" / "pydantic_core"
    assert [path.name for path in for_lambda.glob("*.so")] == ["_pydantic_core.cpython-314-aarch64-linux-gnu.so"]
    assert any(sys.implementation.cache_tag.removeprefix("c") in path.name for path in for_host.iterdir())


def test_an_unchanged_asset_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first synthesis after a change takes longer."""
    monkeypatch.setattr(packaging, "BUILD", tmp_path)
    first = packaging.functions_package("host")
    monkeypatch.setattr(Path, "write_bytes", None)
    assert packaging.functions_package("host") == first


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next synthesis must not use an incomplete layer."""
    monkeypatch.setattr(packaging, "BUILD", tmp_path)
    broken = tmp_path / "requirements.txt"
    broken.write_text("no-such-package @ file:///nowhere\n")
    monkeypatch.setattr(packaging, "REQUIREMENTS", broken)
    with pytest.raises(packaging.PackagingError, match="could not install"):
        packaging.dependency_layer("host")
    assert list(tmp_path.iterdir()) == [broken]


def with_compiler(monkeypatch: pytest.MonkeyPatch, python: str | None) -> None:
    """Compile with this Python in place of one of Lambda's version."""
    monkeypatch.setattr(packaging, "find_compiler", lambda: python)


def test_packages_for_lambda_contain_bytecode_that_is_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every module has it, with the paths of Lambda; it is used although the times of the sources differ."""
    monkeypatch.setattr(packaging, "BUILD", tmp_path)
    # The package has its bytecode next to the sources, whatever this process uses.
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    with_compiler(monkeypatch, sys.executable)
    folder = packaging.functions_package("lambda")
    sources = sorted(folder.rglob("*.py"))
    for source in sources:
        compiled = Path(importlib.util.cache_from_source(str(source)))
        content = compiled.read_bytes()
        assert int.from_bytes(content[4:8], "little") == 0b01, "hash-based, unchecked"
        path = source.relative_to(folder)
        assert marshal.loads(content[16:]).co_filename == f"/var/task/{path}"
    for source in sources:
        source.write_text("raise RuntimeError('compiled again')\n")
    code = "from functions.contract import model; print(model.timestamp(0))"
    imported = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert imported == "1970-01-01T00:00:00.000Z"


def test_bytecode_changes_the_hash_of_an_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unchanged sources are deployed again when a Python to compile them is installed. The host's have none."""
    monkeypatch.setattr(packaging, "BUILD", tmp_path)
    with_compiler(monkeypatch, None)
    plain = packaging.functions_package("lambda")
    assert packaging.functions_package("host") == plain
    with_compiler(monkeypatch, sys.executable)
    assert packaging.functions_package("lambda") != plain
    assert packaging.functions_package("host") == plain


def test_without_a_python_of_lambdas_version_the_synthesis_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not fail, and downloads nothing."""
    monkeypatch.setattr(packaging, "PYTHON_VERSION", "3.99")
    packaging.find_compiler.cache_clear()
    assert packaging.find_compiler() is None
    packaging.find_compiler.cache_clear()
    assert "without bytecode" in capsys.readouterr().err


def test_a_python_of_lambdas_version_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its version: here the version of the Python that runs the tests."""
    monkeypatch.setattr(packaging, "PYTHON_VERSION", f"{sys.version_info.major}.{sys.version_info.minor}")
    packaging.find_compiler.cache_clear()
    assert packaging.find_compiler() is not None
    packaging.find_compiler.cache_clear()


def test_bytecode_and_layer_are_of_the_runtimes_version(stage: Synthesised) -> None:
    """Python ignores the bytecode of another version, and the layer's compiled modules fail to load."""
    runtime = f"python{packaging.PYTHON_VERSION}"
    functions = stage.resources("AWS::Lambda::Function").values()
    ours = [f for f in functions if f["Properties"].get("Handler", "").startswith("functions.handlers.")]
    layers = stage.resources("AWS::Lambda::LayerVersion").values()
    # The CDK's own layer, a command line for its deployment function, names no runtime.
    compatible = [names for layer in layers if (names := layer["Properties"].get("CompatibleRuntimes"))]
    assert ours
    assert {function["Properties"]["Runtime"] for function in ours} == {runtime}
    assert compatible
    assert all(names == [runtime] for names in compatible)


@pytest.mark.parametrize("workflow", ["test.yml", "nightly.yml"])
def test_the_github_workflows_test_on_the_runtimes_version(workflow: str) -> None:
    """Every change is tested on the Python that its functions run on, and not only on the oldest one."""
    text = (WORKFLOWS / workflow).read_text()
    assert re.search(rf'python(-version)?: "{re.escape(packaging.PYTHON_VERSION)}"', text)


def test_a_missing_uv_raises_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packaging needs no other tool."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packaging, "BUILD", tmp_path / "build")
    with pytest.raises(packaging.PackagingError, match=r"uv is missing.*make setup"):
        packaging.dependency_layer("lambda")
