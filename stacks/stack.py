"""The base class of the stacks, and what they share."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from stacks.references import ReferenceSynthesizer
from stacks.stage import Stage

# The tag with the stage's name on every resource that has tags. The budget of a stage filters costs by it.
TAG = "parley:stage"


class StageStack(cdk.Stack):
    """One stack of a stage, `Parley-{stage}-{part}`."""

    def __init__(self, scope: Construct, part: str, *, stage: Stage, description: str) -> None:
        super().__init__(
            scope,
            f"Parley-{stage.name}-{part}",
            description=f"Parley ({stage.name}): {description}",
            termination_protection=stage.deletion_protection,
            synthesizer=ReferenceSynthesizer(),
        )
        self.stage = stage
        cdk.Tags.of(self).add(TAG, stage.name)

    @property
    def unique_suffix(self) -> str:
        """A part of this stack's id that is globally unique, for names that must be."""
        return cdk.Fn.select(0, cdk.Fn.split("-", cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))))

    def output(self, name: str, value: str) -> None:
        """Add an output with exactly this name, by which `ops` and `local` find the value."""
        cdk.CfnOutput(self, name, value=value)


def removal_policy(stage: Stage) -> cdk.RemovalPolicy:
    """What happens to data when its resource is removed from the stack."""
    return cdk.RemovalPolicy.RETAIN if stage.removal_policy == "retain" else cdk.RemovalPolicy.DESTROY


def service_role(
    stack: StageStack,
    construct_id: str,
    *,
    service: str,
    description: str,
    rights: Mapping[str, Sequence[iam.PolicyStatement]] | None = None,
) -> iam.Role:
    """A role that an AWS service may assume for resources of this account. `rights`: its policies, by name."""
    return iam.Role(
        stack,
        construct_id,
        assumed_by=iam.ServicePrincipal(
            f"{service}.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        ),
        description=description,
        inline_policies=(
            {name: iam.PolicyDocument(statements=list(each)) for name, each in rights.items()} if rights else None
        ),
    )


def acknowledge(construct: IConstruct, reasons: dict[str, str]) -> None:
    """Acknowledge findings of cdk-nag about a construct: {id of the finding: reason}."""
    for finding, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
