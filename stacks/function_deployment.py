"""How a new version of a function replaces the old one: at once, or gradually and watched by an alarm.

With the setting `functionDeployment: canary`, callers use the alias `live` of a function. CloudFormation lets AWS
CodeDeploy change the version behind it: the new one first gets a share of the calls. An alarm on the failures of
exactly this version stops the deployment: CodeDeploy gives all calls to the old version, and CloudFormation rolls
the stack back.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from stacks.function_metrics import failed_calls
from stacks.stack import StageStack, acknowledge, service_role
from stacks.uses import allow

ALIAS = "live"
RUNBOOK = "docs/runbook.md#deployment-rolled-back"
# Failures are seen while the new version gets only a share of the calls.
PERIOD = cdk.Duration.minutes(1)
# All minutes of the deployment. CloudWatch gets the values of a minute after it has ended, and until then FILL
# takes them for 0: an alarm that looks at the newest minute alone would never be raised.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
PERIODS = 5
CONFIGURATION = codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES


def live_alias(stack: StageStack, function: lambda_.Function) -> lambda_.Alias:
    """Return the alias that callers use. Its new versions get a share of the calls first."""
    construct_id = function.node.id
    version = function.current_version
    alias = lambda_.Alias(stack, f"{construct_id}Live", alias_name=ALIAS, version=version)
    alarm = _alarm(stack, construct_id, function, version)
    # The alarm must watch the new version before this gets calls.
    alias.node.add_dependency(alarm)
    group = codedeploy.LambdaDeploymentGroup(
        stack,
        f"{construct_id}Deployment",
        alias=alias,
        application=_application(stack),
        deployment_config=CONFIGURATION,
        alarms=[alarm],
        auto_rollback=codedeploy.AutoRollbackConfig(
            deployment_in_alarm=True, failed_deployment=True, stopped_deployment=True
        ),
        # Without this, the L2 construct adds a managed policy with rights on all functions.
        role=_role(stack, construct_id, function).without_policy_updates(),
    )
    alias.node.add_dependency(group)
    return alias


def _alarm(
    stack: StageStack, construct_id: str, function: lambda_.Function, version: lambda_.Version
) -> cloudwatch.Alarm:
    """Raised by the first failure of this version, as soon as CloudWatch has its values."""
    return cloudwatch.Alarm(
        stack,
        f"{construct_id}DeploymentAlarm",
        alarm_description=f"Parley ({stack.stage.name}): the new version of {construct_id} fails, so its "
        f"deployment is rolled back. Look and repair: {RUNBOOK}",
        metric=failed_calls(
            function,
            period=PERIOD,
            label="failed calls of the new version",
            alias=ALIAS,
            version=version.version,
        ),
        threshold=1,
        evaluation_periods=PERIODS,
        datapoints_to_alarm=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def _application(stack: StageStack) -> codedeploy.LambdaApplication:
    """The application of CodeDeploy that groups the functions of a stack, created on first use."""
    existing = stack.node.try_find_child("Functions")
    if isinstance(existing, codedeploy.LambdaApplication):
        return existing
    return codedeploy.LambdaApplication(stack, "Functions")


def _role(stack: StageStack, construct_id: str, function: lambda_.Function) -> iam.Role:
    """What CodeDeploy may do: change this alias, and read the state of alarms."""
    actions = ("lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig")
    resources = (function.function_arn, f"{function.function_arn}:{ALIAS}")
    role = service_role(
        stack,
        f"{construct_id}DeploymentRole",
        service="codedeploy",
        description=f"Replaces versions of {construct_id} of Parley ({stack.stage.name})",
        rights={
            "Deploy": [
                *(allow(*actions, on=resource) for resource in resources),
                allow("cloudwatch:DescribeAlarms", on="*"),
            ]
        },
    )
    acknowledge(
        role,
        {
            "AwsSolutions-IAM5[Resource::*]": "CodeDeploy asks for the states of alarms by a call whose rights "
            "AWS's own policy for it does not limit to resources."
        },
    )
    return role
