"""CodeDeploy gives a new version of a function a share of the calls, and takes them back if it fails."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.conftest import Stack, launch
from tests.emulator.parley_app import synthesise
from tests.emulator.template import attribute, ref
from tests.emulator.test_cloudformation import deploy
from tests.emulator.test_destroy import Account, succeeded
from tests.waiting import wait_until

WORKS = "def handler(event, context):\n    return context.function_version"
FAILS = "def handler(event, context):\n    raise ValueError(context.function_version)"


def resources(name: str, number: int, code: str) -> dict[str, Any]:
    """A function whose callers use its alias `live`, deployed as Parley deploys its own."""
    version = f"Version{number}"
    executed = attribute(version, "Version")
    dimensions = {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": executed}
    return {
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": name,
                "Runtime": "python3.14",
                "Handler": "index.handler",
                "Code": {"ZipFile": code},
                "Role": "arn:aws:iam::000000000000:role/tests",
            },
        },
        version: {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": ref("Function")}},
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": name,
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
            },
        },
        "Functions": {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
        "Deployment": {
            "Type": "AWS::CodeDeploy::DeploymentGroup",
            "Properties": {
                "ApplicationName": ref("Functions"),
                "DeploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
                "ServiceRoleArn": "arn:aws:iam::000000000000:role/tests",
                "AlarmConfiguration": {"Enabled": True, "Alarms": [{"Name": ref("Alarm")}]},
            },
        },
        "Live": {
            "Type": "AWS::Lambda::Alias",
            "DependsOn": ["Alarm", "Deployment"],
            "Properties": {
                "FunctionName": ref("Function"),
                "FunctionVersion": attribute(version, "Version"),
                "Name": "live",
            },
            "UpdatePolicy": {
                "CodeDeployLambdaAliasUpdate": {
                    "ApplicationName": ref("Functions"),
                    "DeploymentGroupName": ref("Deployment"),
                }
            },
        },
    }


class Deployment:
    """A function and its stack, both with this name."""

    def __init__(self, stack: Stack, name: str) -> None:
        self._stack = stack
        self._name = name
        deploy(stack, name, resources(name, 1, WORKS))

    def update(self, code: str) -> None:
        """Begin to replace version 1 by version 2."""
        body = json.dumps({"Resources": resources(self._name, 2, code)})
        self._stack.client("cloudformation").update_stack(StackName=self._name, TemplateBody=body)

    def call(self) -> str:
        """The version that a call through the alias reached, or the type of its error."""
        response = self._stack.client("lambda").invoke(FunctionName=f"{self._name}:live", Payload=b"{}")
        answer = json.loads(response["Payload"].read())
        return str(answer["errorMessage"] if "FunctionError" in response else answer)

    def call_until_deployed(self) -> tuple[str, Counter[str]]:
        """Call the function until the stack is updated; the stack's status, and what the calls reached."""
        reached: Counter[str] = Counter()

        def status() -> str:
            reached[self.call()] += 1
            stacks = self._stack.client("cloudformation").describe_stacks(StackName=self._name)["Stacks"]
            value = str(stacks[0]["StackStatus"])
            return "" if value.endswith("IN_PROGRESS") else value

        return wait_until(status, "the stack was updated", every=0), reached

    def alias(self) -> dict[str, Any]:
        """The alias."""
        found: dict[str, Any] = self._stack.client("lambda").get_alias(FunctionName=self._name, Name="live")
        return found

    def reasons(self) -> str:
        """Why resources failed."""
        events = self._stack.client("cloudformation").describe_stack_events(StackName=self._name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def test_a_version_that_fails_is_rolled_back(stack: Stack):
    """Its alarm stops the deployment: the old version has all calls again, and the new one is deleted."""
    deployment = Deployment(stack, "fails-when-deployed")
    assert deployment.call() == "1"
    deployment.update(FAILS)
    status, reached = deployment.call_until_deployed()
    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert reached["1"] > reached["2"] > 0
    assert "Activated alarms: fails-when-deployed" in deployment.reasons()
    alias = deployment.alias()
    assert (alias["FunctionVersion"], alias.get("RoutingConfig")) == ("1", None)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        stack.client("lambda").invoke(FunctionName="fails-when-deployed:2", Payload=b"{}")
    assert {deployment.call() for _ in range(20)} == {"1"}


@pytest.mark.thorough
def test_a_version_that_works_gets_a_share_of_the_calls_and_then_all(stack: Stack):
    """Both versions answer until the time of the configuration is over."""
    deployment = Deployment(stack, "works-when-deployed")
    deployment.update(WORKS + "  # changed")
    status, reached = deployment.call_until_deployed()
    assert status == "UPDATE_COMPLETE"
    assert reached["1"] > reached["2"] > 0
    assert deployment.alias()["FunctionVersion"] == "2"
    assert {deployment.call() for _ in range(20)} == {"2"}


def test_an_alias_without_a_deployment_group_is_updated_at_once(stack: Stack):
    """As on AWS, a template without the update policy has no deployment."""
    name = "deployed-at-once"
    plain = {key: resources(name, 1, WORKS)[key] for key in ("Function", "Version1")}
    alias = {"Type": "AWS::Lambda::Alias", "Properties": resources(name, 1, WORKS)["Live"]["Properties"]}
    deploy(stack, name, {**plain, "Live": alias})
    changed = {key: resources(name, 2, FAILS)[key] for key in ("Function", "Version2")}
    alias = {"Type": "AWS::Lambda::Alias", "Properties": resources(name, 2, FAILS)["Live"]["Properties"]}
    deploy(stack, name, {**changed, "Live": alias})
    found = stack.client("lambda").get_alias(FunctionName=name, Name="live")
    assert found["FunctionVersion"] == "2"


ERROR_FRAME_EVENT = {
    "requestContext": {
        "connectionId": "test=",
        "requestId": "test",
        "authorizer": {
            "userId": "dora",
            "displayName": "Dora",
            "sessionId": "test",
            "sessionExpiresAt": "9999999999999",
        },
    },
    "body": '{"action": "unknown"}',
}
"""A frame that the function of unknown frames answers with an error frame."""


CANARY: dict[str, Any] = {"functionDeployment": "canary", "layerPlatform": "host"}


def break_default_route(app: Any) -> None:
    """Deploy a function whose module does not exist."""
    function = app.node.find_child("Parley-dev-WebSocketApi").node.find_child("DefaultRoute")
    function.node.default_child.handler = "functions.handlers.missing.handler"


@pytest.mark.thorough
def test_a_broken_release_of_parley_is_rolled_back(tmp_path: Path):
    """The CDK CLI ends with the error of CodeDeploy, and the release before answers again."""
    emulator = launch(tmp_path / "emulator", CANARY_SECONDS="600")
    try:
        account = Account(emulator, tmp_path)
        succeeded(account.cdk("deploy", synthesise(tmp_path / "1", "dev", **CANARY)))
        resources = account.client("cloudformation").describe_stack_resources(StackName="Parley-dev-WebSocketApi")
        [alias] = [
            str(each["PhysicalResourceId"])
            for each in resources["StackResources"]
            if each["LogicalResourceId"].startswith("DefaultRouteLive")
        ]

        def call() -> bool:
            response = account.client("lambda").invoke(FunctionName=alias, Payload=json.dumps(ERROR_FRAME_EVENT))
            return "FunctionError" not in response

        assert call()
        broken = synthesise(tmp_path / "2", "dev", change=break_default_route, **CANARY)
        with ThreadPoolExecutor(1) as threads:
            deploying = threads.submit(account.cdk, "deploy", broken)
            answered = [call() for _ in iter(deploying.done, True)]
        result = deploying.result()
        assert result.returncode != 0
        assert "Activated alarms" in result.stdout
        assert answered.count(True) > answered.count(False) > 0
        assert all(call() for _ in range(20))
        # The release before is deployed again without a change.
        succeeded(account.cdk("deploy", synthesise(tmp_path / "3", "dev", **CANARY)))
        assert call()
    finally:
        emulator.stop()
