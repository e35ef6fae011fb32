"""What the environment of `parley` must not break: AWS settings, proxies, home, encoding, files. And its start."""

import ast
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.utils import should_bypass_proxies
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from local import command_line
from ops.errors import ExitCode
from ops.stage import proxies, sessions
from ops.stage.stage import Stage

ROOT = Path(__file__).resolve().parents[3]
LOOPBACK_URL = "http://127.0.0.1:4566"
SLOW_TO_IMPORT = {"boto3", "httpx", "uvicorn", "starlette", "jinja2", "websockets"}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a command in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["parley", *arguments])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    return int(end.value.code or 0)


@pytest.mark.parametrize("option", ["--profile", "--region"])
def test_a_local_stage_has_no_profile_or_region(
    option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The option is refused, not ignored."""
    assert run(monkeypatch, option, "x", "runs") == ExitCode.USAGE
    assert "choose a deployed stage with --stage" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("option", ["--port", "--emulator-port"])
@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_out_of_range_is_refused(option: str, port: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Before anything is written."""
    assert run(monkeypatch, "up", f"{option}={port}", "--state-dir", str(tmp_path)) == ExitCode.USAGE
    assert not any(tmp_path.iterdir())


def test_a_local_stage_ignores_the_aws_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A profile that does not exist, and damaged files."""
    damaged = tmp_path / "config"
    damaged.write_text("[profile\n")
    for variable, value in {
        "AWS_PROFILE": "nowhere",
        "AWS_CONFIG_FILE": str(damaged),
        "AWS_SHARED_CREDENTIALS_FILE": str(damaged),
    }.items():
        monkeypatch.setenv(variable, value)
    client = sessions.of_local_stage("eu-west-1").client("sqs", endpoint_url=LOOPBACK_URL)
    assert client.meta.region_name == "eu-west-1"


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_client_sends_loopback_calls_through_a_proxy(variable: str, monkeypatch: pytest.MonkeyPatch):
    """botocore, urllib and websockets, with hosts of the operator in either variable, which are kept."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.example.com:3128")
    for name in proxies.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "intranet.example.com")
    assert not should_bypass_proxies(LOOPBACK_URL)

    environment = dict(os.environ)
    proxies.bypass_for_loopback(environment)
    for name in proxies.VARIABLES:
        monkeypatch.setenv(name, environment[name])
    assert should_bypass_proxies(LOOPBACK_URL)
    assert urllib.request.proxy_bypass("127.0.0.1")
    assert get_proxy(parse_uri("ws://127.0.0.1:4566/")) is None
    assert urllib.request.proxy_bypass("intranet.example.com")
    assert not urllib.request.proxy_bypass("aws.example.com")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["--help", "status"])
def test_help_and_status_import_no_clients_or_servers(command: str, tmp_path: Path):
    """They take most of a second, which help and `status` would wait for."""
    program = (
        "import sys\n"
        "from local import command_line\n"
        f"sys.argv = ['parley', '--state-dir', {str(tmp_path)!r}, {command!r}]\n"
        "try:\n"
        "    command_line.main()\n"
        "finally:\n"
        f"    print('imported:', sorted({SLOW_TO_IMPORT!r} & sys.modules.keys()))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[-1] == "imported: []"


@pytest.mark.slow
def test_output_that_the_encoding_lacks_is_replaced(tmp_path: Path):
    """An ASCII terminal shows a question mark instead of a tick; the command does not fail."""
    ended = subprocess.run(
        [sys.executable, "-m", "local.command_line", "--state-dir", str(tmp_path), "doctor"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "FORCE_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "?" in ended.stdout


def test_an_unexpected_error_is_a_sentence_that_names_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """The traceback is in a file, for the bug report."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken(*_: object, **__: object) -> Stage:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Stage, "find", broken)
    assert run(monkeypatch, "runs") == ExitCode.FAILED
    error = capsys.readouterr().err
    (log,) = tmp_path.iterdir()
    assert "ZeroDivisionError" in error
    assert str(log) in error
    assert "Traceback" not in error
    assert "secret" in log.read_text()


@pytest.mark.parametrize(
    ("url", "place"),
    [("http://127.0.0.1:4566", "The local stage's emulator"), ("https://sqs.amazonaws.com", "AWS")],
)
def test_what_cannot_be_reached_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, place: str
):
    """AWS has nothing to do with a local stage."""

    def unreachable(*_: object, **__: object) -> Stage:
        raise EndpointConnectionError(endpoint_url=url)

    monkeypatch.setattr(Stage, "find", unreachable)
    assert run(monkeypatch, "runs") == ExitCode.FAILED
    assert capsys.readouterr().err.startswith(f"{place} could not be reached: ")


def test_only_sys_is_imported_before_an_interruption_is_caught():
    """Ctrl-C while Python imports the commands ends without a traceback; its own start cannot be caught."""
    modules = [ROOT / "local" / "command_line.py", ROOT / "local" / "__init__.py"]
    at_the_top = [
        name.name
        for path in modules
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    ]
    assert at_the_top == ["sys"]


@pytest.mark.parametrize(
    ("given", "variables", "region"),
    [
        (None, {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        (None, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        (None, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ("eu-north-1", {"AWS_REGION": "eu-west-1"}, "eu-north-1"),
    ],
)
def test_the_region_of_a_deployed_stage(
    monkeypatch: pytest.MonkeyPatch, given: str | None, variables: dict[str, str], region: str
):
    """`parley` operates the stage that the CDK has deployed with the same variables."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert sessions.of_operator(region=given).region_name == region
