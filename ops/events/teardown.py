"""Prepare the deletion of a stage: remove what `parley` made on its bus, and find what else is there.

EventBridge does not delete a bus that has rules. CloudFormation removes the rules of the stage's stacks and the
archive, with its managed rule.
"""

from dataclasses import dataclass

from ops.events import bus_rules
from ops.events.tail import remove_tails
from ops.stage.stage import Stage


@dataclass(frozen=True)
class Teardown:
    """What was removed from a stage's bus, and what is still there."""

    removed_tails: int
    other_rules: list[str]
    """Rules that neither a stack of the stage nor `parley` made."""
    bus_is_kept: bool
    """Whether the bus stays when its stack is deleted."""

    @property
    def is_blocked(self) -> bool:
        """Whether the bus cannot be deleted with its stack."""
        return bool(self.other_rules) and not self.bus_is_kept


NO_BUS = Teardown(removed_tails=0, other_rules=[], bus_is_kept=True)


def prepare(stage: Stage) -> Teardown:
    """Remove the rules and queues of all tails. Nothing is removed if the bus does not exist any more."""
    if "EventBusName" not in stage.outputs.get("Events", {}):
        return NO_BUS
    try:
        removed = remove_tails(stage, in_use=True)
    except stage.client("events").exceptions.ResourceNotFoundException:
        # The deletion of the stack failed after the bus was deleted.
        return NO_BUS
    return Teardown(removed, _other_rules(stage), _bus_is_kept(stage))


def _other_rules(stage: Stage) -> list[str]:
    # CloudFormation names a rule after its stack; EventBridge manages the rule of an archive.
    return sorted(
        rule["Name"]
        for rule in bus_rules.read(stage)
        if "ManagedBy" not in rule and not rule["Name"].startswith(f"Parley-{stage.name}-")
    )


def _bus_is_kept(stage: Stage) -> bool:
    template = stage.client("cloudformation").get_template(StackName=f"Parley-{stage.name}-Events")["TemplateBody"]
    return any(
        resource["Type"] == "AWS::Events::EventBus" and resource.get("DeletionPolicy") == "Retain"
        for resource in template["Resources"].values()
    )
