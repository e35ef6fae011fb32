"""Shift the calls of an alias to a new version as CodeDeploy does, and back if an alarm is raised.

On AWS, CloudFormation lets CodeDeploy update an alias that has the `UpdatePolicy` CodeDeployLambdaAliasUpdate. The
new version gets the share of calls that the deployment configuration names; an alarm of the deployment group that
is raised in this time, or before, gives all calls to the old version, and the update of the stack fails. MiniStack
has no CodeDeploy, and ignores the policy. This addition registers CodeDeploy's types and replaces the update of
aliases. When the stack is rolled back, the aliases return at once; on AWS that may take as long again.
https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
"""

import re
import time
from typing import Any

from local.emulator import patching
from local.emulator.cloudformation.resource_types import (
    Created,
    Properties,
    accepting_handlers,
    registered_handlers,
)
from local.emulator.cloudwatch import alarm_states

APPLICATION = "AWS::CodeDeploy::Application"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
ALIAS = "AWS::Lambda::Alias"
CANARY = re.compile(r"LambdaCanary(?P<percent>\d+)Percent(?P<minutes>\d+)Minutes?$")
POLL_SECONDS = 0.5
STOPPED = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
    "affected deployments have been stopped. Activated alarms: {alarms} (Service: CodeDeploy)"
)


def install(canary_seconds: float | None) -> None:
    """Register the types, and replace the update of aliases. `canary_seconds` replaces the configured minutes."""
    patching.original("services.cloudformation.provisioners", "_cfn_wait_condition_definition")
    patching.original("services.cloudformation.provisioners", "_lambda_function_for_cfn_ref")
    patching.original("services.lambda_svc", "_update_alias")
    for resource_type in (APPLICATION, GROUP):
        registered_handlers()[resource_type] = accepting_handlers(resource_type) | {"accepted_only": False}
    plain_update = registered_handlers()[ALIAS]["update"]

    def update(
        physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
    ) -> Created:
        """Update an alias. Raises ValueError if its deployment was stopped by an alarm."""
        group = _deployment_group(stack_name, str(logical_id))
        changed = before.get("FunctionVersion") != after.get("FunctionVersion")
        if group is not None and changed and before.get("Name") == after.get("Name"):
            _shift(group, before, after, canary_seconds)
        updated: Created = plain_update(physical_id, before, after, stack_name, logical_id)
        return updated

    registered_handlers()[ALIAS] |= {"update": update, "update_with_logical_id": True}
    runs_on_thread = patching.original("services.cloudformation.stacks", "_runs_on_worker_thread")

    def runs_on_worker_thread(resource_type: str) -> bool:
        """True for aliases too, whose deployments wait."""
        return resource_type == ALIAS or bool(runs_on_thread(resource_type))

    patching.replace("services.cloudformation.stacks", "_runs_on_worker_thread", runs_on_worker_thread)


def _deployment_group(stack_name: str, logical_id: str) -> Properties | None:
    """The properties of the group that deploys an alias; None if it is updated at once."""
    stack = patching.module("services.cloudformation")._stacks.get(stack_name) or {}
    if "ROLLBACK" in str(stack.get("StackStatus")):
        return None
    definition = patching.module("services.cloudformation.provisioners")._cfn_wait_condition_definition(
        stack_name, logical_id
    )
    policy = (definition.get("UpdatePolicy") or {}).get("CodeDeployLambdaAliasUpdate") or {}
    reference = policy.get("DeploymentGroupName")
    group = (stack.get("_resources") or {}).get(reference.get("Ref")) if isinstance(reference, dict) else None
    return group["Properties"] if group else None


def _shift(group: Properties, before: Properties, after: Properties, canary_seconds: float | None) -> None:
    """Give the new version a share of the calls for a while. Raises ValueError if an alarm is raised."""
    configuration = CANARY.search(str(group.get("DeploymentConfigName")))
    if configuration is None:
        return
    seconds = int(configuration["minutes"]) * 60 if canary_seconds is None else canary_seconds
    weights = {str(after["FunctionVersion"]): int(configuration["percent"]) / 100}
    _set_weights(before, weights)
    try:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            raised = _raised(group)
            if raised:
                raise ValueError(STOPPED.format(alarms=", ".join(raised)))
            time.sleep(POLL_SECONDS)
    finally:
        _set_weights(before, {})


def _set_weights(alias: Properties, weights: dict[str, float]) -> None:
    provisioners = patching.module("services.cloudformation.provisioners")
    _function, name, _arn, _qualifier = provisioners._lambda_function_for_cfn_ref(alias["FunctionName"])
    response = patching.module("services.lambda_svc")._update_alias(
        name, alias["Name"], {"RoutingConfig": {"AdditionalVersionWeights": weights}}
    )
    if response[0] >= 400:
        raise ValueError(f"CodeDeploy cannot update the alias {name}:{alias['Name']}: {response[2]!r}")


def _raised(group: Properties) -> list[str]:
    """The names of the group's alarms that are raised."""
    configuration: dict[str, Any] = group.get("AlarmConfiguration") or {}
    if not configuration.get("Enabled"):
        return []
    alarms = patching.module("services.cloudwatch")._alarms
    names = [str(each["Name"]) for each in configuration.get("Alarms") or []]
    for name in names:
        alarm_states.evaluate(alarms[name])
    return [name for name in names if alarms[name]["StateValue"] == "ALARM"]
