"""Log groups, always explicit: with a retention, and gone with their stack unless the stage keeps its data."""

from typing import cast

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.stack import removal_policy
from stacks.stage import Stage


def log_group(scope: Construct, construct_id: str, *, stage: Stage, name: str | None = None) -> logs.LogGroup:
    """A log group with the stage's retention. Without a name CloudFormation gives it one, unique to the stage."""
    group = logs.LogGroup(scope, construct_id, log_group_name=name, removal_policy=removal_policy(stage))
    # The L2 takes an enumeration where CloudFormation takes the number of days that the settings hold.
    cast(logs.CfnLogGroup, group.node.default_child).retention_in_days = stage.log_retention_days
    return group
