"""The REST API: every route of the contract, with the user pool as authorizer, and one shape of errors."""

import json
import re
from typing import Any

import pytest

from functions.contract.errors import ErrorCode
from functions.contract.resources import ErrorBody, NewChannel, NewDirectMessage, Profile, ReadMarker, Request
from functions.handlers.api import app
from stacks.request_models import request_model
from tests.stacks.conftest import Resource, Synthesised, named

BODIES: dict[tuple[str, str], type[Request]] = {
    ("PUT", "/me"): Profile,
    ("POST", "/channels"): NewChannel,
    ("PUT", "/channels/{channelId}/read-marker"): ReadMarker,
    ("POST", "/direct-messages"): NewDirectMessage,
}
CONTRACT = {
    *BODIES,
    ("GET", "/me"),
    ("GET", "/users"),
    ("GET", "/channels"),
    ("GET", "/channels/{channelId}"),
    ("GET", "/channels/{channelId}/members"),
    ("PUT", "/channels/{channelId}/members/{userId}"),
    ("DELETE", "/channels/{channelId}/members/{userId}"),
    ("GET", "/channels/{channelId}/messages"),
    ("GET", "/mentions"),
    ("POST", "/tickets"),
    ("POST", "/sign-out"),
}


def path_of(stage: Synthesised, reference: Any) -> str:
    """The path of a resource, from its parents."""
    name = named(reference).strip("<>")
    if name.endswith("RootResourceId"):
        return ""
    resource = stage.templates["RestApi"]["Resources"][name]["Properties"]
    return f"{path_of(stage, resource['ParentId'])}/{resource['PathPart']}"


def methods(stage: Synthesised) -> dict[tuple[str, str], Resource]:
    """The methods by verb and path."""
    found = stage.resources("AWS::ApiGateway::Method").values()
    return {
        (method["Properties"]["HttpMethod"], path_of(stage, method["Properties"]["ResourceId"])): method[
            "Properties"
        ]
        for method in found
    }


def test_the_api_has_exactly_the_routes_of_the_contract(stage: Synthesised) -> None:
    """There is no proxy resource, which would forward unknown paths."""
    assert set(methods(stage)) == CONTRACT


def test_the_function_has_the_routes_of_the_gateway(dev: Synthesised) -> None:
    """And no others."""
    routes = [*app._static_routes, *app._dynamic_routes]
    answered = {(method, len(route.path.split("/"))) for route in routes for method in _listed(route.method)}
    assert {(method, len(path.split("/"))) for method, path in methods(dev)} == answered
    for method, path in methods(dev):
        concrete = path.replace("{", "").replace("}", "")
        assert any(route.rule.match(concrete) and method in _listed(route.method) for route in routes), path


def _listed(method: Any) -> list[str]:
    return [method] if isinstance(method, str) else list(method)


def test_every_route_requires_a_token_of_the_user_pool(stage: Synthesised) -> None:
    """And validates requests."""
    for key, method in methods(stage).items():
        assert method["AuthorizationType"] == "COGNITO_USER_POOLS", key
        assert method["RequestValidatorId"], key


def test_bodies_are_validated_by_the_models(stage: Synthesised) -> None:
    """The schema in API Gateway is that of the model with which the function parses the body."""
    models = {
        model["Properties"]["Name"]: model["Properties"]["Schema"]
        for model in stage.resources("AWS::ApiGateway::Model").values()
    }
    for key, method in methods(stage).items():
        body = BODIES.get(key)
        assert bool(method.get("RequestModels")) is bool(body), key
        if body:
            assert models[body.__name__] == request_model(body)


@pytest.mark.parametrize("body", BODIES.values())
def test_the_schema_of_a_body_is_draft_4(body: type[Request]) -> None:
    """API Gateway supports draft 4 only, and no references to other models."""
    schema = request_model(body)
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert schema["additionalProperties"] is False
    text = json.dumps(schema)
    assert "$defs" not in text
    assert "$ref" not in text
    assert "const" not in text


def test_a_schema_that_draft_4_cannot_express_fails_the_synthesis() -> None:
    """It is not deployed as a weaker schema."""

    class Unsupported(Request):
        either: int | str

    with pytest.raises(ValueError, match=r"Unsupported\.either: .*anyOf"):
        request_model(Unsupported)


def test_errors_of_the_gateway_have_the_shape_of_the_functions_errors(stage: Synthesised) -> None:
    """Clients parse one shape of error."""
    answers = {
        answer["Properties"]["ResponseType"]: answer["Properties"]
        for answer in stage.resources("AWS::ApiGateway::GatewayResponse").values()
    }
    expected = {
        "UNAUTHORIZED": ("401", ErrorCode.SESSION_EXPIRED),
        "ACCESS_DENIED": ("403", ErrorCode.FORBIDDEN),
        "MISSING_AUTHENTICATION_TOKEN": ("404", ErrorCode.NOT_FOUND),
        "BAD_REQUEST_BODY": ("400", ErrorCode.INVALID_REQUEST),
        "THROTTLED": ("429", ErrorCode.RATE_LIMITED),
        "DEFAULT_5XX": ("500", ErrorCode.INTERNAL),
    }
    for kind, (status, code) in expected.items():
        body = ErrorBody.model_validate_json(answers[kind]["ResponseTemplates"]["application/json"])
        assert (answers[kind]["StatusCode"], body.code) == (status, code)
    assert "DEFAULT_4XX" in answers


def test_requests_are_traced_and_limited(stage: Synthesised) -> None:
    """The trace starts at API Gateway, which only a REST API supports."""
    (rest_stage,) = stage.resources("AWS::ApiGateway::Stage").values()
    assert rest_stage["Properties"]["StageName"] == "api"
    assert rest_stage["Properties"]["TracingEnabled"] is True
    (limits,) = rest_stage["Properties"]["MethodSettings"]
    assert limits["ThrottlingRateLimit"] > 0
    assert not limits.get("DataTraceEnabled")


def test_detailed_metrics_are_off(stage: Synthesised) -> None:
    """Five metrics for each method at $0.30 a month. The dashboard shows those of the whole API, for free."""
    (rest_stage,) = stage.resources("AWS::ApiGateway::Stage").values()
    for settings in rest_stage["Properties"]["MethodSettings"]:
        assert settings["MetricsEnabled"] is False


def test_the_execution_logs_have_a_retention(dev: Synthesised, prod: Synthesised, full: Synthesised) -> None:
    """API Gateway would create their log group itself, without one, if the API stage has a log level."""
    for stage, days in ((prod, 90), (full, 14)):
        (rest_stage,) = stage.resources("AWS::ApiGateway::Stage").values()
        assert [settings["LoggingLevel"] for settings in rest_stage["Properties"]["MethodSettings"]] == ["ERROR"]
        (key,) = [
            key
            for key, group in stage.resources("AWS::Logs::LogGroup", "RestApi").items()
            if re.fullmatch(
                r"API-Gateway-Execution-Logs_<Api\w+>/api", named(group["Properties"].get("LogGroupName", ""))
            )
        ]
        logical_id = key.split(".")[1]
        group = stage.templates["RestApi"]["Resources"][logical_id]
        assert group["Properties"]["RetentionInDays"] == days
        # It exists before API Gateway has anything to log.
        assert logical_id in rest_stage["DependsOn"]
    (rest_stage,) = dev.resources("AWS::ApiGateway::Stage").values()
    assert all("LoggingLevel" not in settings for settings in rest_stage["Properties"]["MethodSettings"])
