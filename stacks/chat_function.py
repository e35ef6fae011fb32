"""The construct of all Lambda functions: runtime, layer, tracing, log group, settings and rights."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from functions.settings import FunctionSettings
from stacks.function_deployment import live_alias
from stacks.function_metrics import METRICS_NAMESPACE
from stacks.logs import log_group
from stacks.packaging import dependency_layer, functions_package
from stacks.stack import StageStack, acknowledge
from stacks.stage import Stage
from stacks.uses import Use, allow


class ChatFunction(lambda_.Function):
    """The function of `functions/handlers/{handler}.py`.

    `uses` gives it its settings and its rights. Without any, it may only write its logs and traces. Raises
    pydantic's ValidationError if `uses` does not give exactly the settings of the class.
    """

    def __init__(
        self,
        stack: StageStack,
        construct_id: str,
        *,
        handler: str,
        settings: type[FunctionSettings] = FunctionSettings,
        uses: Sequence[Use] = (),
        timeout: cdk.Duration | None = None,
        memory_mib: int = 512,
    ) -> None:
        stage = stack.stage
        role = iam.Role(
            stack,
            f"{construct_id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            managed_policies=[policy for use in uses for policy in use.managed_policies] or None,
            description=f"What {handler} of Parley ({stage.name}) may do",
        )
        self.handler_name = handler
        self.logs = logs = log_group(stack, f"{construct_id}Logs", stage=stage)
        values = {name: value for use in uses for name, value in use.settings.items()}
        super().__init__(
            stack,
            construct_id,
            description=f"Parley ({stage.name}): {handler}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.handlers.{handler}.handler",
            code=_code(stack),
            layers=[_layer(stack)],
            # Without this, the L2 construct adds rights to the role. The rights below are complete.
            role=role.without_policy_updates(),
            log_group=logs,
            timeout=timeout or cdk.Duration.seconds(10),
            # Lambda allots CPU in proportion to memory, and most of a cold start is importing modules.
            memory_size=memory_mib,
            environment={
                "POWERTOOLS_SERVICE_NAME": service_name(stage.name),
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": stage.log_level,
                "PARLEY_STAGE": stage.name,
                **_tracing_settings(stage),
                **settings(**values).to_env(),
                **{name: value for use in uses for name, value in use.environment.items()},
            },
        )
        cast(
            lambda_.CfnFunction, self.node.default_child
        ).tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")
        log = allow("logs:CreateLogStream", "logs:PutLogEvents", on=logs.log_group_arn)
        rights = iam.Policy(
            stack,
            f"{construct_id}Rights",
            roles=[role],
            statements=[log, *(statement for use in uses for statement in use.statements)],
        )
        trace = allow("xray:PutTraceSegments", "xray:PutTelemetryRecords", on="*")
        tracing = iam.Policy(stack, f"{construct_id}Tracing", roles=[role], statements=[trace])
        acknowledge(
            tracing, {"AwsSolutions-IAM5[Resource::*]": "These actions of X-Ray do not support resource ARNs."}
        )
        self.node.add_dependency(rights, tracing)
        self.live: lambda_.IFunction = self
        """What callers use: the function itself, or an alias whose new versions are deployed gradually."""
        if stage.function_deployment == "canary":
            self.live = live_alias(stack, self)


def service_name(stage_name: str) -> str:
    """The service name in the metrics and traces of all functions of a stage, so that they can be added up."""
    return f"parley-{stage_name}"


def _tracing_settings(stage: Stage) -> dict[str, str]:
    """What functions/aws/tracing.py reads. Nothing, if X-Ray's default sample is enough."""
    if stage.trace_sample_percent is None:
        return {}
    return {"PARLEY_TRACE_SAMPLE_PERCENT": f"{stage.trace_sample_percent:g}"}


def _code(stack: StageStack) -> lambda_.Code:
    package = functions_package(stack.stage.layer_platform)
    return lambda_.Code.from_asset(str(package), asset_hash=package.name)


def _layer(stack: StageStack) -> lambda_.LayerVersion:
    """The stack's layer with the functions' dependencies, created on first use.

    Each stack has its own version of the layer, so that it is replaced together with the stack's functions.
    """
    existing = stack.node.try_find_child("Dependencies")
    if isinstance(existing, lambda_.LayerVersion):
        return existing
    folder = dependency_layer(stack.stage.layer_platform)
    return lambda_.LayerVersion(
        stack,
        "Dependencies",
        description=f"Parley ({stack.stage.name}): what its functions import",
        code=lambda_.Code.from_asset(str(folder), asset_hash=folder.name),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_14],
        compatible_architectures=[lambda_.Architecture.ARM_64],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
