"""What is sent to Lambda: the package `functions`, and a layer that the runtime's own packages are not in."""

import subprocess
import sys
from pathlib import Path

import pytest

from stacks import packaging


def test_functions_import_by_their_one_name_from_the_package_alone() -> None:
    """A handler's module path is the same in Lambda as in the repository."""
    folder = packaging.functions_package()
    assert [child.name for child in folder.iterdir()] == ["functions"]
    code = "import functions.contract.events as module; print(module.__file__)"
    found = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(found).is_relative_to(folder)


def test_the_package_holds_sources_only() -> None:
    """No caches, no tests: the hash of the same sources is the same anywhere."""
    files = [path for path in packaging.functions_package().rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".py"}


def test_the_layer_leaves_out_what_the_runtime_holds() -> None:
    """boto3 and what it brings are the runtime's; they would be most of the layer."""
    packages = {path.name for path in (packaging.dependency_layer("lambda") / "python").iterdir()}
    assert {"pydantic", "pydantic_core", "aws_lambda_powertools", "aws_xray_sdk"} <= packages
    assert not packages & {"boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "bin"}


def test_the_layer_is_built_for_lambda_and_for_the_host() -> None:
    """Pydantic's compiled core is of the platform that runs it."""
    for_lambda = packaging.dependency_layer("lambda") / "python" / "pydantic_core"
    for_host = packaging.dependency_layer("host") / "python" / "pydantic_core"
    assert [path.name for path in for_lambda.glob("*.so")] == ["_pydantic_core.cpython-314-aarch64-linux-gnu.so"]
    assert any(sys.implementation.cache_tag.removeprefix("c") in path.name for path in for_host.iterdir())


def test_what_is_built_already_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first synthesis after a change pays for it."""
    monkeypatch.setattr(packaging, "BUILD", tmp_path)
    first = packaging.functions_package()
    monkeypatch.setattr(Path, "write_bytes", None)
    assert packaging.functions_package() == first


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a layer must not be taken for a whole one by the next synthesis."""
    monkeypatch.setattr(packaging, "BUILD", tmp_path)
    broken = tmp_path / "requirements.txt"
    broken.write_text("no-such-package @ file:///nowhere\n")
    monkeypatch.setattr(packaging, "REQUIREMENTS", broken)
    with pytest.raises(packaging.PackagingError, match="could not install"):
        packaging.dependency_layer("host")
    assert list(tmp_path.iterdir()) == [broken]


def test_a_missing_uv_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one tool that packaging needs is asked for by name."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packaging, "BUILD", tmp_path / "build")
    with pytest.raises(packaging.PackagingError, match=r"uv is missing.*make setup"):
        packaging.dependency_layer("lambda")
