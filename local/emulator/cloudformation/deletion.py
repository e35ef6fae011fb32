"""Refuse to delete what AWS refuses to delete, so that the deletion of its stack fails.

On AWS, a bus that has rules or an archive (which has a managed rule), a bucket that has objects, a table or a user
pool with deletion protection, and a user pool that has a domain cannot be deleted. MiniStack deletes them, and a
bus's rules with it (`eventbridge._delete_event_bus`, and the handlers of CloudFormation in `provisioners`). This
addition checks first.
"""

from collections.abc import Callable
from typing import Any

from local.emulator import patching
from local.emulator.cloudformation.resource_types import Properties, registered_handlers

Response = tuple[int, dict[str, str], bytes]
BUS_HAS_RULES = "EventBus can't be deleted since it has rules."


def install() -> None:
    """Put the checks in front of the handlers, and of EventBridge's own function."""
    for resource_type, check in (
        ("AWS::Events::EventBus", _check_bus),
        ("AWS::S3::Bucket", _check_bucket),
        ("AWS::DynamoDB::Table", _check_table),
        ("AWS::Cognito::UserPool", _check_user_pool),
    ):
        handlers = registered_handlers()[resource_type]
        handlers["delete"] = _checked(check, handlers["delete"])
    responses = patching.module("core.responses")

    def delete_event_bus(data: dict[str, Any]) -> Response:
        if _has_rules(str(data.get("Name"))):
            refusal: Response = responses.error_response_json("ValidationException", BUS_HAS_RULES, 400)
            return refusal
        response: Response = before(data)
        return response

    before = patching.replace("services.eventbridge", "_delete_event_bus", delete_event_bus)


def _checked(check: Callable[[str], None], delete: Callable[..., None]) -> Callable[..., None]:
    def checked_delete(physical_id: str, properties: Properties) -> None:
        check(physical_id)
        delete(physical_id, properties)

    return checked_delete


def _check_bus(name: str) -> None:
    if _has_rules(name):
        raise ValueError(f"{BUS_HAS_RULES} (Service: EventBridge, Status Code: 400)")


def _has_rules(bus: str) -> bool:
    service = patching.module("services.eventbridge")
    rules = any(rule.get("EventBusName") == bus for rule in service._rules.values())
    source = service._event_buses.get(bus, {}).get("Arn")
    return rules or any(archive.get("EventSourceArn") == source for archive in service._archives.values())


def _check_bucket(name: str) -> None:
    if (patching.module("services.s3")._buckets.get(name) or {}).get("objects"):
        raise ValueError("The bucket you tried to delete is not empty (Service: S3, Status Code: 409)")


def _check_table(name: str) -> None:
    if (patching.module("services.dynamodb")._tables.get(name) or {}).get("DeletionProtectionEnabled"):
        raise ValueError(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion "
            "protection first. (Service: DynamoDb, Status Code: 400)"
        )


def _check_user_pool(pool_id: str) -> None:
    pool = patching.module("services.cognito")._user_pools.get(pool_id) or {}
    if pool.get("DeletionProtection") == "ACTIVE":
        raise ValueError(
            "The user pool cannot be deleted because deletion protection is activated. Deletion protection must "
            "be inactivated first. (Service: CognitoIdentityProvider, Status Code: 400)"
        )
    if pool.get("Domain"):
        raise ValueError(
            "User pool cannot be deleted. It has a domain configured that should be deleted first. "
            "(Service: CognitoIdentityProvider, Status Code: 400)"
        )
