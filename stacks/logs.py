"""Log groups, all explicit: with a retention, and deleted with their stack unless the stage keeps data."""

from typing import cast

from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.stack import removal_policy
from stacks.stage import Stage


def log_group(scope: Construct, construct_id: str, *, stage: Stage, name: str | None = None) -> logs.LogGroup:
    """A log group with the stage's retention. Without a name, CloudFormation chooses one."""
    group = logs.LogGroup(scope, construct_id, log_group_name=name, removal_policy=removal_policy(stage))
    # The L2 construct takes an enumeration; CloudFormation takes the number of days, as the settings do.
    cast(logs.CfnLogGroup, group.node.default_child).retention_in_days = stage.log_retention_days
    return group
