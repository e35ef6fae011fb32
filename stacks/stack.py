"""The base of the stacks: named for their stage, with outputs under exactly the names that tools look for."""

import aws_cdk as cdk
from constructs import Construct, IConstruct

from stacks.stage import Stage


class StageStack(cdk.Stack):
    """One stack of a stage, `Parley-{stage}-{part}`."""

    def __init__(self, scope: Construct, part: str, *, stage: Stage, description: str) -> None:
        super().__init__(
            scope,
            f"Parley-{stage.name}-{part}",
            description=f"Parley ({stage.name}): {description}",
            termination_protection=stage.deletion_protection,
        )
        self.stage = stage
        cdk.Tags.of(self).add("parley:stage", stage.name)

    @property
    def unique_suffix(self) -> str:
        """A part of this stack's id that no other stack has, for names that must be unique in the world."""
        return cdk.Fn.select(0, cdk.Fn.split("-", cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))))

    def output(self, name: str, value: str) -> None:
        """Tell a value to whoever operates the stage: ops and local find it by this name."""
        cdk.CfnOutput(self, name, value=value)


def removal_policy(stage: Stage) -> cdk.RemovalPolicy:
    """What becomes of data when its resource goes."""
    return cdk.RemovalPolicy.RETAIN if stage.removal_policy == "retain" else cdk.RemovalPolicy.DESTROY


def acknowledge(construct: IConstruct, reasons: dict[str, str]) -> None:
    """Say of findings of cdk-nag, by their ids, why they are meant here. Kept beside the construct it is about."""
    for finding, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
