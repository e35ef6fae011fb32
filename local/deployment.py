"""Deploy the CDK app to the emulator with the real CDK CLI: bootstrap, then every stack."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local import prerequisites
from local.errors import LocalStageError

REGION = "us-east-1"
ACCOUNT = "000000000000"
STAGE = "local"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
TOOLKIT = "CDKToolkit"
NOT_ERRORS = re.compile(r"feature flag|^\s*at |^Traceback|^\s*File |^\s*\^+|Subprocess exited|^jsii\.errors|^\s*$")
ERROR_LINE = re.compile(r"error|failed|exception|❌|cannot|unable|invalid|not found", re.IGNORECASE)


@dataclass(frozen=True)
class CdkApp:
    """What to deploy: the repository's app, or a cloud assembly synthesised before."""

    repository: Path
    assembly: Path | None = None

    def arguments(self, output: Path) -> list[str]:
        """The CLI's arguments that name it."""
        if self.assembly is not None:
            return ["--app", str(self.assembly)]
        return ["--output", str(output)]


def environment(endpoint: str) -> dict[str, str]:
    """A process environment in which AWS is the emulator, whatever the user's own AWS settings are."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        **CREDENTIALS,
        **prerequisites.QUIET_NODE,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def bootstrap(app: CdkApp, endpoint: str, log: Path) -> None:
    """`cdk bootstrap`, as for a real account; away from cdk.json, so that the app is not synthesised for it."""
    arguments = ["bootstrap", f"aws://{ACCOUNT}/{REGION}"]
    _cdk(arguments, app, endpoint, log, directory=log.parent, doing="Bootstrapping the emulator")


def deploy(app: CdkApp, endpoint: str, site_origin: str, log: Path, output: Path) -> None:
    """`cdk deploy --all` of the stage `local`."""
    arguments = ["deploy", "--all", "--require-approval", "never", "--concurrency", "4"]
    context = ["-c", f"stage={STAGE}", "-c", f"siteOrigin={site_origin}"]
    arguments = [*arguments, *context, *app.arguments(output)]
    _cdk(arguments, app, endpoint, log, directory=app.repository, doing="Deploying")


def outputs(endpoint: str) -> dict[str, dict[str, str]]:
    """Every deployed stack's outputs, without those that CDK makes for references between stacks."""
    cloudformation = client("cloudformation", endpoint)
    found: dict[str, dict[str, str]] = {}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"] == TOOLKIT:
                continue
            found[stack["StackName"]] = {
                output["OutputKey"]: output["OutputValue"]
                for output in stack.get("Outputs", [])
                if not output["OutputKey"].startswith(("ExportsOutput", "PublishOutput"))
            }
    return found


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of the emulator, independent of the user's own AWS settings."""
    session = boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    # Without the host prefix, which would look for hosts like sync-127.0.0.1.
    config = Config(inject_host_prefix=False, retries={"max_attempts": 2}, connect_timeout=5)
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


def _cdk(arguments: list[str], app: CdkApp, endpoint: str, log: Path, *, directory: Path, doing: str) -> None:
    command = [str(prerequisites.cdk_command(app.repository)), *arguments, "--no-notices", "--ci"]
    with log.open("ab") as stream:
        stream.write(f"\n$ cdk {' '.join(arguments)}\n".encode())
        stream.flush()
        began_at = stream.tell()
        ended = subprocess.run(
            command,
            cwd=directory,
            env=environment(endpoint),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        with log.open("rb") as stream:
            stream.seek(began_at)
            said = stream.read().decode(errors="replace")
        raise LocalStageError(f"{doing} failed: {relevant_line(said)} (full log: {log})")


def relevant_line(output: str) -> str:
    """The line of a failed CDK run that says what went wrong.

    A Python exception's last line says most; without one, the last line that speaks of an error does.
    """
    lines = [line.strip() for line in output.splitlines() if not NOT_ERRORS.search(line)]
    raised = [line for line in lines if re.match(r"^([A-Za-z_][\w.]*(Error|Exception|Interrupt)): \S", line)]
    if raised and "Traceback" in output:
        return raised[-1]
    spoken = [line for line in lines if ERROR_LINE.search(line)]
    return (spoken or lines or ["it said nothing"])[-1]


def outputs_by_name(stacks: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Every output by its own name: Parley's names are unique across stacks."""
    return {name: value for outputs_of in stacks.values() for name, value in outputs_of.items()}
