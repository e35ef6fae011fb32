"""Register CloudFormation resource types that MiniStack does not know.

AWS deploys them; MiniStack (`cloudformation.engine.validate_template_support`) refuses a whole template for
one. A type is either given a real handler by one of the modules beside this one, or accepted and listed:
deployed as a record, emulated by nothing, and said so at start-up. Place: `provisioners._RESOURCE_HANDLERS`.
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
# MiniStack asks for the logical id too where a handler says so.
Update = Callable[[str, Properties, Properties, str, str | None], Created]

# Types that change nothing a user of the stage could see: accepted without a word.
WITHOUT_CONSEQUENCE = {"AWS::CDK::Metadata"}


def register(resource_type: str, *, create: Create, delete: Delete, update: Update | None = None) -> None:
    """Give a type its handlers; without an `update`, a change runs `create` again, as MiniStack does."""
    handlers: dict[str, Any] = {"create": create, "delete": delete}
    if update is not None:
        handlers |= {"update": update, "update_with_logical_id": True}
    known = patching.original("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
    known[resource_type] = handlers


def reject_failure(response: tuple[int, Any, Any], what: str) -> None:
    """Turn a service's refusal into the failure of the resource that asked."""
    if response[0] >= 400:
        raise ValueError(f"{what} failed: {response[2]!r}")


class AcceptedTypes:
    """Types that no handler knows, accepted as they appear and remembered for the list at start-up."""

    def __init__(self) -> None:
        check = "validate_template_support"
        self._engine_check = patching.replace("services.cloudformation.engine", check, self._validate)
        # Two modules import the check by name.
        patching.replace("services.cloudformation.handlers", check, self._validate)
        patching.replace("services.cloudformation.changesets", check, self._validate)

    def restore(self) -> None:
        """Know the accepted types of the stacks that were saved, so that they can be changed and deleted."""
        known = patching.original("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
        for resource_type in self.deployed():
            known.setdefault(resource_type, accepting_handlers(resource_type))

    def deployed(self) -> dict[str, list[str]]:
        """The accepted types among deployed stacks: each with the stacks that hold it."""
        stacks = patching.module("services.cloudformation")._stacks
        found: dict[str, set[str]] = {}
        for _scope, stack in stacks.all_items():
            for resource in (stack.get("_resources") or {}).values():
                resource_type = str(resource.get("ResourceType", ""))
                if is_accepted_only(resource_type):
                    found.setdefault(resource_type, set()).add(str(stack.get("StackName", "")))
        return {name: sorted(stacks) for name, stacks in sorted(found.items())}

    def _validate(self, template: dict[str, Any], *arguments: Any, **keywords: Any) -> None:
        known = patching.original("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
        for resource in (template.get("Resources") or {}).values():
            resource_type = str(resource.get("Type", "")) if isinstance(resource, dict) else ""
            if resource_type.startswith("AWS::") and resource_type not in known:
                logger.warning("%s is accepted but not emulated", resource_type)
                known[resource_type] = accepting_handlers(resource_type)
        self._engine_check(template, *arguments, **keywords)


def accepting_handlers(resource_type: str) -> dict[str, Any]:
    """Handlers that record a resource and do nothing else."""

    def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
        name = f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:8]}"
        account = patching.module("core.responses").get_account_id()
        region = patching.module("core.responses").get_region()
        service = resource_type.split("::")[1].lower()
        return name, {"Arn": f"arn:aws:{service}:{region}:{account}:{name}", "Id": name}

    def update(
        physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
    ) -> Created:
        account = patching.module("core.responses").get_account_id()
        region = patching.module("core.responses").get_region()
        service = resource_type.split("::")[1].lower()
        return physical_id, {"Arn": f"arn:aws:{service}:{region}:{account}:{physical_id}", "Id": physical_id}

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
    """Whether a type is recorded and nothing more."""
    if resource_type in WITHOUT_CONSEQUENCE:
        return False
    known = patching.original("services.cloudformation.provisioners", "_RESOURCE_HANDLERS")
    handlers = known.get(resource_type)
    if handlers is None:
        return resource_type.startswith("AWS::") and not resource_type.startswith("AWS::CloudFormation::")
    return bool(handlers.get("accepted_only"))
