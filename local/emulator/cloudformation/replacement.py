"""Replace resources, and name them, as CloudFormation does.

On AWS, a changed key schema, local index or attribute type replaces a table: the new one is created under another
name, and the old one is deleted after the update, or kept by its UpdateReplacePolicy. MiniStack
(`provisioners._ddb_update`) deletes the old table first and creates the new one under its name. A generated name
is also different in every deployment on AWS, so that a stack can be created again next to what its predecessor
left. In MiniStack (`provisioners._physical_name`, `_cwlogs_create`) it depends on the stack's name and the logical
id only, and a log group whose name is taken is emptied. This addition replaces the functions that decide on these.
A deployed resource keeps its name.
"""

from typing import Any
from uuid import uuid4

from local.emulator import patching
from local.emulator.cloudformation.resource_types import Created, Properties, registered_handlers

TABLE = "AWS::DynamoDB::Table"
LOG_GROUP = "AWS::Logs::LogGroup"
GROUP_NAME = "LogGroupName"
PROVISIONERS = "services.cloudformation.provisioners"
STACKS = "services.cloudformation.stacks"


def install() -> None:
    """Replace the functions."""
    seed = patching.original(PROVISIONERS, "_NAME_SEED")
    provision = patching.original(PROVISIONERS, "_provision_resource")
    replaces = patching.original(PROVISIONERS, "_replacing_change")

    def provision_keeping_seed(*arguments: Any) -> tuple[Any, str]:
        """Create a resource under a new name; return the result, and the name's seed, which the stack keeps."""
        token = seed.set(uuid4().hex[:8])
        try:
            return provision(*arguments), seed.get()
        finally:
            seed.reset(token)

    def replacing_change(resource_type: str, before: Properties, after: Properties) -> bool:
        """Whether a change of properties replaces the resource."""
        return bool(replaces(resource_type, before, after)) or (
            resource_type == TABLE and replaces_table(before, after)
        )

    patching.replace(STACKS, "_provision_keeping_seed", provision_keeping_seed)
    for module in (PROVISIONERS, STACKS):
        patching.replace(module, "_replacing_change", replacing_change)
    _name_log_groups()


def _name_log_groups() -> None:
    handlers = registered_handlers()[LOG_GROUP]
    create, update = handlers["create"], handlers["update"]
    make_name = patching.original(PROVISIONERS, "_physical_name")

    def create_log_group(logical_id: str, properties: Properties, stack_name: str) -> Created:
        """Create a log group. Raises ValueError if its name is taken."""
        name = properties.get(GROUP_NAME) or make_name(stack_name, logical_id, max_len=512)
        if name in patching.module("services.cloudwatch_logs")._log_groups:
            raise ValueError(f"Resource of type '{LOG_GROUP}' with identifier '{name}' already exists.")
        created: Created = create(logical_id, {**properties, GROUP_NAME: name}, stack_name)
        return created

    def update_log_group(
        physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
    ) -> Created:
        """Update a log group. One with a generated name keeps it."""
        if GROUP_NAME not in before and GROUP_NAME not in after:
            before, after = ({**properties, GROUP_NAME: physical_id} for properties in (before, after))
        updated: Created = update(physical_id, before, after, stack_name, logical_id)
        return updated

    handlers |= {"create": create_log_group, "update": update_log_group}


def replaces_table(before: Properties, after: Properties) -> bool:
    """Whether a change of its properties replaces a table: keys, local indexes, or the type of an attribute."""
    if any(before.get(name) != after.get(name) for name in ("KeySchema", "LocalSecondaryIndexes")):
        return True
    old, new = _attribute_types(before), _attribute_types(after)
    return any(old[name] != new[name] for name in old.keys() & new.keys())


def _attribute_types(properties: Properties) -> dict[str, str]:
    return {
        attribute["AttributeName"]: attribute["AttributeType"]
        for attribute in properties.get("AttributeDefinitions") or []
    }
