"""Deploy the CDK app to the emulator with the real CDK CLI, and read the outputs of its stacks."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local import prerequisites
from local.errors import LocalStageError
from ops.stage import sessions
from ops.stage.users import UserPool

REGION = "us-east-1"
ACCOUNT = "000000000000"
STAGE = "local"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
TOOLKIT = "CDKToolkit"
NOISE = re.compile(r"feature flag|^\s*at |^Traceback|^\s*File |^\s*\^+|Subprocess exited|^jsii\.errors|^\s*$")
EXCEPTION_LINE = re.compile(r"^([A-Za-z_][\w.]*(Error|Exception|Interrupt)): \S")
ERROR_LINE = re.compile(r"error|failed|exception|❌|cannot|unable|invalid|not found", re.IGNORECASE)


@dataclass(frozen=True)
class CdkApp:
    """What to deploy: the repository's app, or a cloud assembly that is synthesised already."""

    repository: Path
    assembly: Path | None = None

    def arguments(self, output: Path) -> list[str]:
        """The CLI's arguments for this app; the repository's app is synthesised into `output`."""
        if self.assembly is not None:
            return ["--app", str(self.assembly)]
        return ["--output", str(output)]


def environment(endpoint: str) -> dict[str, str]:
    """A process environment in which the emulator is AWS; the user's own AWS settings do not apply."""
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
        # CloudFormation's rules take as long as the rest of a synthesis. tests/stacks checks the templates with
        # them, and so does each synthesis for AWS.
        "CDK_VALIDATION": "false",
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def bootstrap(app: CdkApp, endpoint: str, log: Path) -> None:
    """Run `cdk bootstrap`, as for a real account; away from cdk.json, so that nothing is synthesised."""
    arguments = ["bootstrap", f"aws://{ACCOUNT}/{REGION}"]
    _cdk(arguments, app, endpoint, log, directory=log.parent, doing="Bootstrapping the emulator")


def deploy(app: CdkApp, endpoint: str, site_origin: str, log: Path, output: Path) -> None:
    """Run `cdk deploy --all` for the stage `local`.

    It makes no change sets: nothing reads them here, and they take the CLI one to two seconds.
    """
    arguments = ["deploy", "--all", "--require-approval", "never", "--concurrency", "4", "--method", "direct"]
    context = ["-c", f"stage={STAGE}", "-c", f"siteOrigin={site_origin}"]
    arguments = [*arguments, *context, *app.arguments(output)]
    _cdk(arguments, app, endpoint, log, directory=app.repository, doing="Deploying")


def outputs(endpoint: str) -> dict[str, dict[str, str]]:
    """The outputs of each deployed stack by name, without those that CDK creates for references between stacks."""
    cloudformation = client("cloudformation", endpoint)
    stacks: dict[str, dict[str, str]] = {}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"] == TOOLKIT:
                continue
            stacks[stack["StackName"]] = {
                output["OutputKey"]: output["OutputValue"]
                for output in stack.get("Outputs", [])
                if not output["OutputKey"].startswith(("ExportsOutput", "PublishOutput"))
            }
    return stacks


def client(service: str, endpoint: str) -> Any:
    """A boto3 client for the emulator, independent of the user's own AWS settings."""
    session = sessions.of_local_stage(REGION)
    # A host prefix would make names such as sync-127.0.0.1, which do not resolve.
    config = Config(inject_host_prefix=False, retries={"max_attempts": 2}, connect_timeout=5)
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


def user_pool(endpoint: str, outputs: Mapping[str, str]) -> UserPool | None:
    """The user pool of the deployed stacks, None if their outputs name none."""
    if not {"UserPoolId", "UserPoolClientId"} <= outputs.keys():
        return None
    return UserPool(
        client=client("cognito-idp", endpoint),
        user_pool_id=outputs["UserPoolId"],
        client_id=outputs["UserPoolClientId"],
    )


def _cdk(arguments: list[str], app: CdkApp, endpoint: str, log: Path, *, directory: Path, doing: str) -> None:
    command = [str(prerequisites.cdk_command(app.repository)), *arguments, "--no-notices", "--ci"]
    # Timestamps of events may have whole seconds.
    started = datetime.now(UTC).replace(microsecond=0)
    with log.open("ab") as stream:
        stream.write(f"\n$ cdk {' '.join(arguments)}\n".encode())
        stream.flush()
        output_start = stream.tell()
        result = subprocess.run(
            command,
            cwd=directory,
            env=environment(endpoint),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        with log.open("rb") as stream:
            stream.seek(output_start)
            output = stream.read().decode(errors="replace")
        reason = failed_resource(endpoint, started) or error_line(output)
        raise LocalStageError(f"{doing} failed: {reason} (full log: {log})")


def failed_resource(endpoint: str, since: datetime) -> str | None:
    """The first resource that failed since a time, and why, by the events of its stack. None if no resource did.

    The CLI's last lines are about what it did then: rollbacks, other stacks, hints.
    """
    cloudformation = client("cloudformation", endpoint)
    failures: list[dict[str, Any]] = []
    try:
        for page in cloudformation.get_paginator("describe_stacks").paginate():
            for stack in page["Stacks"]:
                events = cloudformation.get_paginator("describe_stack_events")
                for part in events.paginate(StackName=stack["StackName"]):
                    failures += [event for event in part["StackEvents"] if _is_cause(event, since)]
    except (BotoCoreError, ClientError):  # the emulator has ended, which its log explains
        return None
    if not failures:
        return None
    first = min(failures, key=lambda event: event["Timestamp"])
    return (
        f"{first['LogicalResourceId']} ({first['ResourceType']}) in the stack {first['StackName']}: "
        f"{first['ResourceStatusReason'].rstrip('.')}"
    )


def _is_cause(event: Mapping[str, Any], since: datetime) -> bool:
    """Whether an event of a stack is the failure of a resource: not of the whole stack, and not a consequence."""
    reason = event.get("ResourceStatusReason", "")
    return (
        event["ResourceStatus"].endswith("_FAILED")
        and event["Timestamp"] >= since
        and event["ResourceType"] != "AWS::CloudFormation::Stack"
        and reason != ""
        and "cancelled" not in reason.lower()
    )


def error_line(output: str) -> str:
    """The line of a failed CDK run that names the cause.

    That is the last line of a Python traceback; without one, the last line that mentions an error.
    """
    lines = [line.strip() for line in output.splitlines() if not NOISE.search(line)]
    exceptions = [line for line in lines if EXCEPTION_LINE.match(line)]
    if exceptions and "Traceback" in output:
        return exceptions[-1]
    errors = [line for line in lines if ERROR_LINE.search(line)]
    return (errors or lines or ["no output"])[-1]


def outputs_by_name(stacks: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """All outputs by name: the names of Parley's outputs are unique across stacks."""
    return {name: value for stack_outputs in stacks.values() for name, value in stack_outputs.items()}
