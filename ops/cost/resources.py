"""The resources of a stage, from its stacks."""

from collections.abc import Iterator

from ops.stage.stage import STACKS, Stage


def of_stage(stage: Stage) -> Iterator[tuple[str, str]]:
    """The type and the physical id of each resource."""
    paginator = stage.client("cloudformation").get_paginator("list_stack_resources")
    for stack in STACKS:
        for page in paginator.paginate(StackName=f"Parley-{stage.name}-{stack}"):
            for resource in page["StackResourceSummaries"]:
                yield resource["ResourceType"], resource.get("PhysicalResourceId", "")


def log_groups(stage: Stage) -> list[str]:
    """The names of the log groups."""
    return [name for kind, name in of_stage(stage) if kind == "AWS::Logs::LogGroup"]
