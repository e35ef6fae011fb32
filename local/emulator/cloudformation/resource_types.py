"""Register CloudFormation resource types that MiniStack does not know.

AWS deploys them. MiniStack (`cloudformation.engine.validate_template_support`) rejects a whole template that
contains one unknown type. Other additions register handlers for some types here, in
`provisioners._RESOURCE_HANDLERS`; any other type is accepted: it is deployed as a record, nothing emulates it, and
it is listed at the end of every start.
"""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from local.emulator import patching

logger = logging.getLogger("parley.cloudformation")

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]
Create = Callable[[str, Properties, str], Created]
Delete = Callable[[str, Properties], None]
# MiniStack passes the logical id too when the handlers contain `update_with_logical_id`.
Update = Callable[[str, Properties, Properties, str, str | None], Created]

# Types without any effect on users of the stage: accepted and not listed.
TYPES_WITHOUT_EFFECT = {"AWS::CDK::Metadata"}


def register(resource_type: str, *, create: Create, delete: Delete, update: Update | None = None) -> None:
    """Register the handlers of a type; without `update`, MiniStack runs `create` again for a change."""
    handlers: dict[str, Any] = {"create": create, "delete": delete}
    if update is not None:
        handlers |= {"update": update, "update_with_logical_id": True}
    registered_handlers()[resource_type] = handlers


def registered_handlers() -> dict[str, dict[str, Any]]:
    """MiniStack's handlers, by resource type."""
    handlers: dict[str, dict[str, Any]] = patching.original(
        "services.cloudformation.provisioners", "_RESOURCE_HANDLERS"
    )
    return handlers


def reject_failure(response: tuple[int, Any, Any], what: str) -> None:
    """Raise ValueError when a service answered with an error, so that the deployment of the resource fails."""
    if response[0] >= 400:
        raise ValueError(f"{what} failed: {response[2]!r}")


class AcceptedTypes:
    """Accepts types without a handler when a template contains them, and lists them."""

    def __init__(self) -> None:
        check = "validate_template_support"
        self._engine_check = patching.replace("services.cloudformation.engine", check, self._validate)
        # Two modules import the check by name.
        patching.replace("services.cloudformation.handlers", check, self._validate)
        patching.replace("services.cloudformation.changesets", check, self._validate)

    def restore(self) -> None:
        """Accept the types in the restored stacks again, so that these can be changed and deleted."""
        for resource_type in self.deployed():
            registered_handlers().setdefault(resource_type, accepting_handlers(resource_type))

    def deployed(self) -> dict[str, list[str]]:
        """The accepted types in deployed stacks, each with the names of the stacks that contain it."""
        stacks = patching.module("services.cloudformation")._stacks
        stack_names: dict[str, set[str]] = {}
        for _scope, stack in stacks.all_items():
            for resource in (stack.get("_resources") or {}).values():
                resource_type = str(resource.get("ResourceType", ""))
                if is_accepted_only(resource_type):
                    stack_names.setdefault(resource_type, set()).add(str(stack.get("StackName", "")))
        return {name: sorted(names) for name, names in sorted(stack_names.items())}

    def _validate(self, template: dict[str, Any], *arguments: Any, **keywords: Any) -> None:
        handlers = registered_handlers()
        for resource in (template.get("Resources") or {}).values():
            resource_type = str(resource.get("Type", "")) if isinstance(resource, dict) else ""
            if resource_type.startswith("AWS::") and resource_type not in handlers:
                logger.warning("%s is accepted but not emulated", resource_type)
                handlers[resource_type] = accepting_handlers(resource_type)
        self._engine_check(template, *arguments, **keywords)


def accepting_handlers(resource_type: str) -> dict[str, Any]:
    """Handlers that record a resource and do nothing else."""

    def attributes(name: str) -> dict[str, str]:
        responses = patching.module("core.responses")
        service = resource_type.split("::")[1].lower()
        arn = f"arn:aws:{service}:{responses.get_region()}:{responses.get_account_id()}:{name}"
        return {"Arn": arn, "Id": name}

    def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
        name = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:8]}"
        return name, attributes(name)

    def update(
        physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
    ) -> Created:
        return physical_id, attributes(physical_id)

    def delete(physical_id: str, properties: Properties) -> None:
        return None

    return {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": delete,
        "accepted_only": True,
    }


def is_accepted_only(resource_type: str) -> bool:
    """Whether resources of a type are recorded only, and are to be listed."""
    if resource_type in TYPES_WITHOUT_EFFECT:
        return False
    handlers = registered_handlers().get(resource_type)
    if handlers is None:
        return resource_type.startswith("AWS::") and not resource_type.startswith("AWS::CloudFormation::")
    return bool(handlers.get("accepted_only"))
