"""Stages are deployed and destroyed by the commands of `make`: what stays is what docs/operations.md lists."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local import deployment, prerequisites
from local.deployment import CdkApp
from local.emulator_process import EmulatorProcess
from tests.emulator.conftest import launch
from tests.emulator.parley_app import ROOT, synthesise
from tests.stacks.test_retained import documented
from tests.waiting import COMMAND_SECONDS

# What AWS lists of a type: the service, the operation, its result, and what identifies an item.
LISTINGS = {
    "AWS::DynamoDB::Table": ("dynamodb", "list_tables", "TableNames", None),
    "AWS::Cognito::UserPool": ("cognito-idp", "list_user_pools", "UserPools", "Id"),
    "AWS::Events::EventBus": ("events", "list_event_buses", "EventBuses", "Name"),
    "AWS::Events::Archive": ("events", "list_archives", "Archives", "ArchiveName"),
    "AWS::Logs::LogGroup": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "AWS::S3::Bucket": ("s3", "list_buckets", "Buckets", "Name"),
    "AWS::IAM::Role": ("iam", "list_roles", "Roles", "RoleName"),
    "AWS::IAM::ManagedPolicy": ("iam", "list_policies", "Policies", "PolicyName"),
    "AWS::SQS::Queue": ("sqs", "list_queues", "QueueUrls", None),
    "AWS::Lambda::Function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "AWS::Lambda::LayerVersion": ("lambda", "list_layers", "Layers", "LayerName"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "AWS::StepFunctions::StateMachine": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "AWS::ApiGateway::RestApi": ("apigateway", "get_rest_apis", "items", "id"),
    "AWS::ApiGatewayV2::Api": ("apigatewayv2", "get_apis", "Items", "ApiId"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "list_user_pools": {"MaxResults": 60},
    "list_policies": {"Scope": "Local"},
    "get_rest_apis": {"limit": 500},
    "list_tables": {"Limit": 100},
    "describe_log_groups": {"limit": 50},
}


class Account:
    """An account: the emulator, after `cdk bootstrap`."""

    def __init__(self, emulator: EmulatorProcess, folder: Path) -> None:
        self._url = emulator.url
        self._log = folder / "cdk.log"
        deployment.bootstrap(CdkApp(ROOT), self._url, self._log)

    def cdk(self, command: str, assembly: Path) -> subprocess.CompletedProcess[str]:
        """Run `cdk deploy --all` or `cdk destroy --all`."""
        options = {"deploy": ["--require-approval", "never", "--concurrency", "4"], "destroy": ["--force"]}
        arguments = [command, "--all", *options[command], "--app", str(assembly), "--no-notices", "--ci"]
        return self._run(str(prerequisites.cdk_command(ROOT)), *arguments)

    def parley(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `parley`."""
        return self._run(sys.executable, "-m", "local.command_line", *arguments)

    def kill_a_tail(self, stage: str) -> None:
        """Start `parley tail`, and kill it while its rule and queue exist."""
        process = subprocess.Popen(
            [sys.executable, "-m", "local.command_line", "--stage", stage, "tail"],
            cwd=ROOT,
            env=deployment.environment(self._url),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        assert "Watching" in process.stderr.readline()
        process.kill()
        process.communicate()

    def resources(self) -> set[tuple[str, str]]:
        """Return every resource as (type, name), without the default bus."""
        found = {(kind, name) for kind in LISTINGS for name in self._names(kind)}
        if self.client("apigateway").get_account().get("cloudwatchRoleArn"):
            found.add(("AWS::ApiGateway::Account", "cloudwatchRoleArn"))
        return found - {("AWS::Events::EventBus", "default")}

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return deployment.client(service, self._url)

    def _names(self, kind: str) -> list[str]:
        service, operation, result, name = LISTINGS[kind]
        client = self.client(service)
        arguments = ARGUMENTS.get(operation, {})
        if client.can_paginate(operation):
            pages = client.get_paginator(operation).paginate(**arguments)
        else:
            pages = [getattr(client, operation)(**arguments)]
        return [item if name is None else item[name] for page in pages for item in page.get(result, [])]

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=deployment.environment(self._url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        with self._log.open("a") as log:
            log.write(f"\n$ {' '.join(command)}\n{result.stdout}")
        return result


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    emulator = launch(tmp_path / "emulator")
    try:
        yield Account(emulator, tmp_path)
    finally:
        emulator.stop()


def left(account: Account, before: set[tuple[str, str]]) -> Counter[str]:
    """The number of resources of each type that were added."""
    return Counter(kind for kind, _ in account.resources() - before)


def succeeded(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, result.stdout[-4000:]


@pytest.mark.thorough
def test_nothing_is_left_of_dev_and_it_can_be_deployed_again(account: Account, tmp_path: Path):
    """Also if a tail was killed, whose rule is still on the bus."""
    before = account.resources()
    dev = synthesise(tmp_path, "dev")
    succeeded(account.cdk("deploy", dev))
    account.kill_a_tail("dev")
    prepared = account.parley("--stage", "dev", "prepare-destroy")
    assert "Removed the rules and queues of 1 tail." in prepared.stdout, prepared.stdout
    succeeded(account.cdk("destroy", dev))
    assert left(account, before) == documented("dev")
    succeeded(account.parley("--stage", "dev", "prepare-destroy"))
    succeeded(account.cdk("deploy", dev))
    assert len(account.resources()) > len(before) + 50


@pytest.mark.thorough
def test_two_stages_are_deployed_at_once_and_again_without_a_change(account: Account, tmp_path: Path):
    """No stack of either is changed the second time, and one is destroyed without a change of the other."""
    before = account.resources()
    ada, ben = synthesise(tmp_path / "1", "ada"), synthesise(tmp_path / "2", "ben")
    with ThreadPoolExecutor(2) as threads:
        for result in threads.map(account.cdk, ("deploy", "deploy"), (ada, ben)):
            succeeded(result)
    both = account.resources()
    for name, assembly in (("ada", ada), ("ben", ben)):
        again = account.cdk("deploy", assembly)
        succeeded(again)
        assert len(re.findall(rf"Parley-{name}-\w+ \(no changes\)", again.stdout)) == 8
    assert account.resources() == both
    succeeded(account.parley("--stage", "ada", "prepare-destroy"))
    succeeded(account.cdk("destroy", ada))
    of_one = Counter({kind: number // 2 for kind, number in Counter(kind for kind, _ in both - before).items()})
    assert left(account, before) == +of_one + documented("dev")


@pytest.mark.thorough
def test_prod_keeps_what_is_documented_and_can_be_deployed_again(account: Account, tmp_path: Path):
    """It is destroyed after its protection was switched off and deployed, as the document says."""
    before = account.resources()
    receivers = ["operations@example.com"]
    prod = synthesise(tmp_path / "1", "prod", alarmEmails=receivers)
    succeeded(account.cdk("deploy", prod))
    refused = account.cdk("destroy", prod)
    assert refused.returncode != 0
    assert "TerminationProtection" in refused.stdout.replace(" ", "")
    unprotected = synthesise(tmp_path / "2", "prod", alarmEmails=receivers, deletionProtection=False)
    succeeded(account.cdk("deploy", unprotected))
    succeeded(account.parley("--stage", "prod", "prepare-destroy"))
    succeeded(account.cdk("destroy", unprotected))
    assert left(account, before) == documented("prod")
    succeeded(account.cdk("deploy", prod))
