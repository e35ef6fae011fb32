"""Run the route of a WebSocket event: build the event, and invoke the function or use the template."""

from typing import Any

from local.emulator import patching
from local.emulator.apigateway.websocket_connection import Connection
from local.emulator.threads import threads

Route = dict[str, Any]


class WebSocketRoutes:
    """The routes and integrations of MiniStack's WebSocket APIs."""

    def __init__(self) -> None:
        self._gateway = patching.module("services.apigateway")
        self._lambda = patching.module("services.lambda_svc")
        patching.original("services.lambda_svc", "_execute_function_with_config_scope")
        for name in ("_match_ws_route", "_ws_request_context", "_extract_lambda_ref_from_integration_uri"):
            patching.original("services.apigateway", name)

    def match(self, api_id: str, key: str, *, or_default: bool = False) -> Route | None:
        """The route of an API with a route key; with `or_default`, the route `$default` if there is none."""
        route: Route | None = self._gateway._match_ws_route(api_id, key)
        return route if or_default or (route and route.get("routeKey") == key) else None

    def context(self, connection: Connection, route_key: str, kind: str, request_id: str) -> dict[str, Any]:
        """The `requestContext` of an event; `kind` is CONNECT, MESSAGE or DISCONNECT."""
        context: dict[str, Any] = self._gateway._ws_request_context(
            connection.api_id,
            route_key,
            connection.stage,
            connection.connection_id,
            kind,
            request_id,
            connection.source_ip,
            connection.headers,
        )
        context |= {
            "connectedAt": int(connection.connected_at * 1000),
            "messageDirection": "IN",
            "domainName": f"{connection.api_id}.execute-api.{connection.region}.amazonaws.com",
        }
        if connection.authorizer is not None:
            context["authorizer"] = connection.authorizer
        return context

    def event(
        self, connection: Connection, route: Route, kind: str, request_id: str, text: str = ""
    ) -> dict[str, Any]:
        """The event for a route's function; `text` is the frame of a MESSAGE."""
        context = self.context(connection, str(route.get("routeKey", "$default")), kind, request_id)
        event: dict[str, Any] = {"requestContext": context, "isBase64Encoded": False}
        if kind == "MESSAGE":
            context["messageId"] = request_id
            event["body"] = text
        if kind == "DISCONNECT":
            event["headers"] = {"Host": context["domainName"]}
        return event

    async def integrate(
        self, connection: Connection, route: Route, event: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Run a route's integration: its response (`statusCode`, `body`), or None when it failed."""
        integration_id = str(route.get("target", "")).rpartition("/")[2]
        integration = self._gateway._integrations.get(connection.api_id, {}).get(integration_id)
        if not integration:
            return None
        if integration.get("integrationType") == "MOCK":
            return {"statusCode": 200, "body": self._mock_body(connection.api_id, integration_id)}
        reference = self._gateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        func, config, _name = self._lambda._get_func_record_for_ref_in_scope(
            reference, account_id=connection.account_id, region=connection.region
        )
        if func is None or config is None:
            return None
        record = self._lambda._execution_record_for_config(func, config)
        result = await threads.call(self._lambda._execute_function_with_config_scope, record, event)
        if result.get("error") or result.get("throttle"):
            return None
        body = result.get("body")
        if body is None:
            return {"statusCode": 200}
        return body if isinstance(body, dict) else {"statusCode": 200, "body": body}

    def _mock_body(self, api_id: str, integration_id: str) -> str:
        responses = self._gateway._integration_responses.get(api_id, {}).get(integration_id, {})
        for response in responses.values():
            templates = response.get("responseTemplates") or {}
            for template in (templates.get("$default"), *templates.values()):
                if template:
                    return str(template)
        return ""
