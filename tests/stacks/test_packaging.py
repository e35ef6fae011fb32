"""The assets of the functions: the package `functions`, and a layer without the packages of the runtime."""

import subprocess
import sys
from pathlib import Path

import pytest

from stacks import packaging


def test_handlers_are_imported_from_the_package_alone() -> None:
    """The module path of a handler is the same in Lambda and in the repository."""
    folder = packaging.functions_package()
    assert [child.name for child in folder.iterdir()] == ["functions"]
    code = "import functions.contract.events as module; print(module.__file__)"
    imported = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(imported).is_relative_to(folder)


def test_the_package_contains_sources_only() -> None:
    """No caches and no tests: the same sources have the same hash on every machine."""
    files = [path for path in packaging.functions_package().rglob("*") if path.is_file()]
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
    first = packaging.functions_package()
    monkeypatch.setattr(Path, "write_bytes", None)
    assert packaging.functions_package() == first


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next synthesis must not use an incomplete layer."""
    monkeypatch.setattr(packaging, "BUILD", tmp_path)
    broken = tmp_path / "requirements.txt"
    broken.write_text("no-such-package @ file:///nowhere\n")
    monkeypatch.setattr(packaging, "REQUIREMENTS", broken)
    with pytest.raises(packaging.PackagingError, match="could not install"):
        packaging.dependency_layer("host")
    assert list(tmp_path.iterdir()) == [broken]


def test_a_missing_uv_raises_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packaging needs no other tool."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packaging, "BUILD", tmp_path / "build")
    with pytest.raises(packaging.PackagingError, match=r"uv is missing.*make setup"):
        packaging.dependency_layer("lambda")
