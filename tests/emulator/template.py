"""The template of these tests' stack: every kind of resource that an addition of the emulator affects."""

import json
from pathlib import Path
from typing import Any

CODE = Path(__file__).with_name("functions.py").read_text()
LIVE = [{"exists": False}]


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def attribute(name: str, of: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [name, of]}


def function(handler: str, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.14",
            "Handler": f"index.{handler}",
            "Code": {"ZipFile": CODE},
            "Role": "arn:aws:iam::000000000000:role/tests",
            "Timeout": 5,
            **properties,
        },
    }


def queue(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def log_group(name: str) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}


def invocation_uri(name: str) -> dict[str, Any]:
    path = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    return {"Fn::Join": ["", [path, attribute(name), "/invocations"]]}


def integration(function_name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": ref("Api"),
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": invocation_uri(function_name),
        },
    }


def route(key: str, integration_name: str, **properties: Any) -> dict[str, Any]:
    target = {"Fn::Join": ["", ["integrations/", ref(integration_name)]]}
    return {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {"ApiId": ref("Api"), "RouteKey": key, "Target": target, **properties},
    }


def route_response(route_name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGatewayV2::RouteResponse",
        "Properties": {"ApiId": ref("Api"), "RouteId": ref(route_name), "RouteResponseKey": "$default"},
    }


def machine(definition: dict[str, Any], level: str, group: str) -> dict[str, Any]:
    destination = {"CloudWatchLogsLogGroup": {"LogGroupArn": attribute(group)}}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineType": "EXPRESS",
            "RoleArn": "arn:aws:iam::000000000000:role/tests",
            "DefinitionString": json.dumps(definition),
            "DefinitionSubstitutions": {
                "Work": attribute("Work"),
                "Never": attribute("Never"),
                "Patient": attribute("Patient"),
            },
            "LoggingConfiguration": {
                "Level": level,
                "IncludeExecutionData": True,
                "Destinations": [destination],
            },
        },
    }


def call_work(payload: Any, *, function: str = "Work", **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": f"${{{function}}}", "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **more,
    }


WAITS = {
    "QueryLanguage": "JSONata",
    "StartAt": "Call",
    "States": {"Call": call_work("{% $states.input %}", function="Patient", End=True)},
}
ONE_EACH = {
    "QueryLanguage": "JSONata",
    "StartAt": "Assign",
    "States": {
        "Assign": {"Type": "Pass", "Assign": {"items": [1, 2]}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": "{% $items %}",
            "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Call",
                "States": {"Call": call_work("{% $states.input %}", End=True)},
            },
            "End": True,
        },
    },
}

CATCHES = {
    "QueryLanguage": "JSONata",
    "StartAt": "Raise",
    "States": {
        "Raise": call_work(
            {"raise": True}, Catch=[{"ErrorEquals": ["NotReadyError"], "Next": "Caught"}], End=True
        ),
        "Caught": {"Type": "Pass", "Output": "caught by name", "End": True},
    },
}

THROTTLED = {
    "QueryLanguage": "JSONata",
    "StartAt": "Call",
    "States": {
        "Call": call_work(
            {},
            function="Never",
            Catch=[{"ErrorEquals": ["Lambda.TooManyRequestsException"], "Next": "Caught"}],
            End=True,
        ),
        "Caught": {"Type": "Pass", "Output": "throttled", "End": True},
    },
}

SWAPS = {
    "QueryLanguage": "JSONata",
    "StartAt": "Start",
    "States": {
        "Start": {"Type": "Pass", "Assign": {"first": 1, "second": 2}, "Next": "Swap"},
        "Swap": {"Type": "Pass", "Assign": {"first": "{% $second %}", "second": "{% $first %}"}, "Next": "Read"},
        "Read": {"Type": "Pass", "Output": "{% [$first, $second] %}", "End": True},
    },
}

CHOOSES_BY_NUMBER = {
    "QueryLanguage": "JSONata",
    "StartAt": "Choose",
    "States": {
        "Choose": {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "Done"}], "Default": "Done"},
        "Done": {"Type": "Succeed"},
    },
}

FAILS = {
    "QueryLanguage": "JSONata",
    "StartAt": "Stop",
    "States": {"Stop": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}},
}


def rule(pattern: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"EventBusName": ref("Bus"), "EventPattern": pattern, "Targets": [target]},
    }


def template() -> dict[str, Any]:
    """The whole template."""
    resources: dict[str, Any] = {
        "Authorize": function("authorize"),
        "Route": function("route", Timeout=60, TracingConfig={"Mode": "Active"}),
        "Work": function(
            "work",
            TracingConfig={"Mode": "Active"},
            Environment={
                "Variables": {
                    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": {
                        "Fn::Sub": "https://${Api}.execute-api.us-east-1.amazonaws.com/socket"
                    }
                }
            },
        ),
        "Slow": function("work", Timeout=1),
        "Patient": function("work", Timeout=120),
        "Never": function("work"),
        "Drain": function("drain"),
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": "tests",
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": "$request.body.action",
            },
        },
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {
                "ApiId": ref("Api"),
                "StageName": "socket",
                "AutoDeploy": True,
                "DefaultRouteSettings": {"ThrottlingRateLimit": 1000, "ThrottlingBurstLimit": 2000},
                # Two frames, and then one every 1,000 s.
                "RouteSettings": {"limited": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}},
            },
        },
        "Authorizer": {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": ref("Api"),
                "Name": "ticket",
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": invocation_uri("Authorize"),
                "IdentitySource": ["route.request.querystring.ticket"],
            },
        },
        "RouteIntegration": integration("Route"),
        "PingIntegration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": ref("Api"),
                "IntegrationType": "MOCK",
                "RequestTemplates": {"200": '{"statusCode":200}'},
                "TemplateSelectionExpression": "200",
            },
        },
        "Pong": {
            "Type": "AWS::ApiGatewayV2::IntegrationResponse",
            "Properties": {
                "ApiId": ref("Api"),
                "IntegrationId": ref("PingIntegration"),
                "IntegrationResponseKey": "/200/",
                "ResponseTemplates": {"200": '{"type":"pong"}'},
            },
        },
        "ConnectRoute": route(
            "$connect", "RouteIntegration", AuthorizationType="CUSTOM", AuthorizerId=ref("Authorizer")
        ),
        "DisconnectRoute": route("$disconnect", "RouteIntegration"),
        "TalkRoute": route("talk", "RouteIntegration", RouteResponseSelectionExpression="$default"),
        "TalkResponse": route_response("TalkRoute"),
        "WhisperRoute": route("whisper", "RouteIntegration"),
        "LimitedRoute": route("limited", "RouteIntegration", RouteResponseSelectionExpression="$default"),
        "LimitedResponse": route_response("LimitedRoute"),
        "PingRoute": route("ping", "PingIntegration", RouteResponseSelectionExpression="$default"),
        "PingResponse": route_response("PingRoute"),
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "tests"}},
        "Archive": {
            "Type": "AWS::Events::Archive",
            "Properties": {
                "SourceArn": attribute("Bus"),
                "RetentionDays": 3,
                "EventPattern": {"source": ["tests"]},
            },
        },
        "Live": queue(),
        "Replayed": queue(),
        "Unwanted": queue(),
        "Dead": queue(),
        "Drained": queue(),
        "DrainMapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": ref("Drain"),
                "EventSourceArn": attribute("Drained"),
                "BatchSize": 100,
                "MaximumBatchingWindowInSeconds": 1,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        },
        "LiveRule": rule({"detail-type": ["Said"], "replay-name": LIVE}, {"Id": "live", "Arn": attribute("Live")}),
        "ReplayRule": rule(
            {"source": ["tests"], "replay-name": [{"exists": True}]},
            {"Id": "replayed", "Arn": attribute("Replayed")},
        ),
        "UnwantedRule": rule({"source": ["tests"]}, {"Id": "unwanted", "Arn": attribute("Unwanted")}),
        "DrainRule": rule({"detail-type": ["Drain"]}, {"Id": "drained", "Arn": attribute("Drained")}),
        "MachineRule": rule(
            {"detail-type": ["Start"]},
            {"Id": "machine", "Arn": ref("OneEach"), "RoleArn": "arn:aws:iam::000000000000:role/tests"},
        ),
        "DeadRule": rule(
            {"detail-type": ["Lost"]},
            {
                "Id": "gone",
                "Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:gone",
                "RoleArn": "arn:aws:iam::000000000000:role/tests",
                "DeadLetterConfig": {"Arn": attribute("Dead")},
            },
        ),
        "AllLogs": log_group("/aws/vendedlogs/states/tests-all"),
        "ErrorLogs": log_group("/aws/vendedlogs/states/tests-errors"),
        "Waits": machine(WAITS, "ALL", "AllLogs"),
        "OneEach": machine(ONE_EACH, "ALL", "AllLogs"),
        "Catches": machine(CATCHES, "ERROR", "ErrorLogs"),
        "Throttled": machine(THROTTLED, "ERROR", "ErrorLogs"),
        "Fails": machine(FAILS, "ERROR", "ErrorLogs"),
        "Swaps": machine(SWAPS, "ERROR", "ErrorLogs"),
        "ChoosesByNumber": machine(CHOOSES_BY_NUMBER, "ERROR", "ErrorLogs"),
        "Group": {"Type": "AWS::XRay::Group", "Properties": {"GroupName": "tests"}},
    }
    return {
        "Resources": resources,
        "Outputs": {
            name: {"Value": ref(name)}
            for name, resource in resources.items()
            if not resource["Type"].startswith("AWS::ApiGatewayV2::") or name == "Api"
        },
    }
