"""With `functionDeployment: canary`, a new version of a function first gets a share of the calls."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.emulator.cloudwatch.alarm_states import judge
from tests.stacks.conftest import Resource, Synthesised

GRADUAL = ("AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::CodeDeploy::DeploymentGroup")
# What belongs to a function or its deployment, and does not call it.
OF_THE_FUNCTION = {"AWS::Lambda::Version", "AWS::Lambda::Alias", "AWS::CloudWatch::Alarm"}


def functions(stage: Synthesised) -> Iterator[tuple[str, str, dict[str, Resource]]]:
    """Our functions: the logical id, the handler's module, and the resources of the stack."""
    for template in stage.templates.values():
        for logical_id, resource in template["Resources"].items():
            handler = str(resource.get("Properties", {}).get("Handler", ""))
            if resource["Type"] == "AWS::Lambda::Function" and handler.startswith("functions.handlers."):
                yield logical_id, handler.split(".")[2], template["Resources"]


def alias_of(function: str, resources: dict[str, Resource]) -> tuple[str, Resource]:
    """The alias of a function, with its logical id."""
    [found] = [
        (key, resource)
        for key, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Alias" and resource["Properties"]["FunctionName"] == {"Ref": function}
    ]
    return found


def test_production_calls_functions_by_their_alias_only(prod: Synthesised) -> None:
    """A caller of the function itself would get each new version at once."""
    names = set()
    for function, handler, resources in functions(prod):
        names.add(handler)
        uses = {
            resource["Type"]: key
            for key, resource in resources.items()
            if refers_to(resource, function) and resource["Type"] not in OF_THE_FUNCTION
        }
        roles = uses.pop("AWS::IAM::Role")
        assert roles.startswith(function[:-8]), "only CodeDeploy's role names the function"
        assert uses == {}, handler
        alias, _ = alias_of(function, resources)
        callers = {resource["Type"] for resource in resources.values() if refers_to(resource, alias)}
        assert callers, handler
    assert {"send_message", "post_to_connections", "broadcast_status", "api", "authorize"} <= names


def refers_to(resource: Any, logical_id: str) -> bool:
    """Whether a resource has the name, the ARN, or another attribute of a resource in one of its properties."""
    properties = json.dumps(resource.get("Properties", {}))
    return f'{{"Ref": "{logical_id}"}}' in properties or f'"Fn::GetAtt": ["{logical_id}", ' in properties


def test_an_alarm_watches_the_new_version_before_it_gets_calls(prod: Synthesised) -> None:
    """Failures that it raises, and that it answers: of this version, called by this alias."""
    for function, handler, resources in functions(prod):
        _, alias = alias_of(function, resources)
        group_id = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        group = resources[group_id]["Properties"]
        [name] = group["AlarmConfiguration"]["Alarms"]
        alarm_id = name["Name"]["Ref"]
        assert {group_id, alarm_id} <= set(alias["DependsOn"])
        metrics = {
            each["Id"]: {part["Name"]: part["Value"] for part in each["MetricStat"]["Metric"]["Dimensions"]}
            for each in resources[alarm_id]["Properties"]["Metrics"]
            if "MetricStat" in each
        }
        answered = {"FunctionName": {"Ref": function}, "ExecutedVersion": alias["Properties"]["FunctionVersion"]}
        by_alias = {"Fn::Join": ["", [{"Ref": function}, ":live"]]}
        assert metrics == {"answered": answered, "raised": answered | {"Resource": by_alias}}, handler


def test_a_failure_raises_the_alarm_when_its_values_are_late(prod: Synthesised) -> None:
    """CloudWatch gets them a minute or two later; until then, FILL takes the newest minutes for minutes without a
    failure. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    for function, handler, resources in functions(prod):
        (alarm,) = (
            each["Properties"]
            for each in resources.values()
            if each["Type"] == "AWS::CloudWatch::Alarm" and refers_to(each, function)
        )
        minutes: list[float | None] = [0.0] * 6
        assert judge(alarm, minutes)[0] == "OK", handler
        minutes[3] = 1.0
        assert judge(alarm, minutes)[0] == "ALARM", handler


def test_a_failure_or_an_alarm_rolls_the_deployment_back(prod: Synthesised) -> None:
    """A tenth of the calls for five minutes; CodeDeploy may change the one alias."""
    for function, handler, resources in functions(prod):
        _, alias = alias_of(function, resources)
        group_id = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        group = resources[group_id]["Properties"]
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert group["AutoRollbackConfiguration"]["Enabled"]
        assert {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"} <= set(
            group["AutoRollbackConfiguration"]["Events"]
        )
        role = resources[group["ServiceRoleArn"]["Fn::GetAtt"][0]]["Properties"]
        assert "ManagedPolicyArns" not in role
        [policy] = role["Policies"]
        change, look = policy["PolicyDocument"]["Statement"]
        arn = {"Fn::GetAtt": [function, "Arn"]}
        assert change["Resource"] == [arn, {"Fn::Join": ["", [arn, ":live"]]}], handler
        assert look["Action"] == "cloudwatch:DescribeAlarms"


@pytest.mark.parametrize("kind", GRADUAL)
def test_development_replaces_functions_at_once(dev: Synthesised, prod: Synthesised, kind: str) -> None:
    """A deployment for every saved file must not take five minutes."""
    assert kind not in {resource["Type"] for _, resource in dev.all_resources()}
    assert kind in {resource["Type"] for _, resource in prod.all_resources()}
