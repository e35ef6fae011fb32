"""The one way a function is made: runtime, layer, tracing, its own log group, its settings, and no rights.

What a function may do is said where it is made, by `allow`.
"""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from functions.settings import FunctionSettings
from stacks.logs import log_group
from stacks.packaging import dependency_layer, functions_package
from stacks.stack import StageStack, acknowledge

METRICS_NAMESPACE = "Parley"


class ChatFunction(lambda_.Function):
    """A function of `functions/handlers/{handler}.py`. It may write its own logs and its trace, nothing else."""

    def __init__(
        self,
        stack: StageStack,
        construct_id: str,
        *,
        handler: str,
        settings: FunctionSettings | None = None,
        environment: dict[str, str] | None = None,
        timeout: cdk.Duration | None = None,
        memory_mib: int = 512,
    ) -> None:
        # Memory buys CPU, and what a chat waits for is the import on a cold start.
        stage = stack.stage
        role = iam.Role(
            stack,
            f"{construct_id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {handler} of Parley ({stage.name}) may do",
        )
        logs = log_group(stack, f"{construct_id}Logs", stage=stage)
        super().__init__(
            stack,
            construct_id,
            description=f"Parley ({stage.name}): {handler}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.handlers.{handler}.handler",
            code=_code(),
            layers=[_layer(stack)],
            # The L2 would add to the role what it thinks is needed; here that is said below, in full.
            role=role.without_policy_updates(),
            log_group=logs,
            timeout=timeout or cdk.Duration.seconds(10),
            memory_size=memory_mib,
            environment={
                "POWERTOOLS_SERVICE_NAME": service_name(stage.name),
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "PARLEY_STAGE": stage.name,
                **(settings.to_env() if settings else {}),
                **(environment or {}),
            },
        )
        cast(
            lambda_.CfnFunction, self.node.default_child
        ).tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")
        self.logs = logs
        self.execution_role = role
        self.rights = iam.Policy(stack, f"{construct_id}Rights", roles=[role])
        self.allow("logs:CreateLogStream", "logs:PutLogEvents", on=[logs.log_group_arn])
        tracing = iam.Policy(
            stack,
            f"{construct_id}Tracing",
            roles=[role],
            statements=[
                iam.PolicyStatement(actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"])
            ],
        )
        acknowledge(tracing, {"AwsSolutions-IAM5[Resource::*]": "X-Ray knows no resources to write traces to."})
        self.node.add_dependency(self.rights, tracing)

    def allow(self, *actions: str, on: list[str]) -> None:
        """Let the function do exactly these actions on exactly these ARNs."""
        self.rights.add_statements(iam.PolicyStatement(actions=list(actions), resources=on))


def service_name(stage_name: str) -> str:
    """The service that every function of the stage reports metrics and traces as, so that they add up."""
    return f"parley-{stage_name}"


def _code() -> lambda_.Code:
    package = functions_package()
    return lambda_.Code.from_asset(str(package), asset_hash=package.name)


def _layer(stack: StageStack) -> lambda_.LayerVersion:
    """The dependencies: the same files in every stack, each its own version, replaced with its own functions."""
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
