"""Deploy `AWS::ApiGatewayV2::RouteResponse` and `AWS::ApiGatewayV2::IntegrationResponse`.

On AWS, a WebSocket route answers its client only when it has a route response, and a MOCK integration takes its
answer from an integration response. MiniStack has both in its API but no CloudFormation types for them. This
addition registers both types. In MiniStack, the `Ref` of a route is `apiId/routeId`, and that of an integration is
the id alone.
"""

import json
from collections.abc import Callable
from typing import Any

from local.emulator import patching
from local.emulator.cloudformation.resource_types import Created, Properties, register, reject_failure


def install() -> None:
    """Register both types."""
    for kind, parent in (("route", "RouteId"), ("integration", "IntegrationId")):
        for verb in ("create", "update", "delete"):
            patching.original("services.apigateway", f"_{verb}_{kind}_response")
        _register(kind, parent)


def _register(kind: str, parent: str) -> None:
    id_name = f"{kind}ResponseId"

    def call(verb: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(patching.module("services.apigateway"), f"_{verb}_{kind}_response")
        return function

    def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
        response = call("create")(properties["ApiId"], _id_of(properties[parent]), _api_properties(properties))
        reject_failure(response, f"Creating the {kind} response {logical_id}")
        response_id = str(json.loads(response[2])[id_name])
        return response_id, {id_name[0].upper() + id_name[1:]: response_id}

    def update(
        physical_id: str, before: Properties, after: Properties, stack_name: str, logical_id: str | None = None
    ) -> Created:
        if any(before.get(name) != after.get(name) for name in ("ApiId", parent)):
            return create(logical_id or physical_id, after, stack_name)
        response = call("update")(after["ApiId"], _id_of(after[parent]), physical_id, _api_properties(after))
        reject_failure(response, f"Updating the {kind} response {physical_id}")
        return physical_id, {id_name[0].upper() + id_name[1:]: physical_id}

    def delete(physical_id: str, properties: Properties) -> None:
        call("delete")(properties.get("ApiId", ""), _id_of(properties.get(parent, "")), physical_id)

    name = f"AWS::ApiGatewayV2::{kind.capitalize()}Response"
    register(name, create=create, update=update, delete=delete)


def _id_of(reference: str) -> str:
    return reference.rpartition("/")[2]


def _api_properties(properties: Properties) -> dict[str, Any]:
    return {name[0].lower() + name[1:]: value for name, value in properties.items()}
