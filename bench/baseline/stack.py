"""Deploy the direct design next to a stage, with CloudFormation, and remove it again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.stage.stage import Stage

NAME = "ParleyBaseline"
API_STAGE = "bench"
CODE = Path(__file__).with_name("function.py").read_text(encoding="utf-8")
ROUTES = {"Connect": "$connect", "Disconnect": "$disconnect", "Send": "sendMessage"}


@contextmanager
def deployed(stage: Stage) -> Iterator[str]:
    """Deploy the design in the account and region of a stage. Yields the address of its sockets."""
    cloudformation = stage.client("cloudformation")
    template = json.dumps(template_of_stack())
    cloudformation.create_stack(StackName=NAME, TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})
        described = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]
        api_id = next(str(output["OutputValue"]) for output in described["Outputs"])
        yield socket_url(stage, api_id)
    finally:
        cloudformation.delete_stack(StackName=NAME)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 1})


def socket_url(stage: Stage, api_id: str) -> str:
    """The address of the API's sockets, on this machine or on AWS."""
    own_id = stage.output("WebSocketApi", "WebSocketApiId")
    return f"{stage.websocket_url.rpartition('/')[0].replace(own_id, api_id)}/{API_STAGE}"


def template_of_stack() -> dict[str, Any]:
    """The template: an API with three routes, a function and its role, two tables."""
    endpoint = join("https://", ref("Api"), ".execute-api.", ref("AWS::Region"), f".amazonaws.com/{API_STAGE}")
    manage = join("arn:aws:execute-api:", ref("AWS::Region"), ":", ref("AWS::AccountId"), ":", ref("Api"), "/*")
    functions = ":lambda:path/2015-03-31/functions/"
    uri = join("arn:aws:apigateway:", ref("AWS::Region"), functions, arn("Function"), "/invocations")
    resources: dict[str, Any] = {
        "Connections": table("connectionId"),
        "Messages": table("channelId", "clientMessageId"),
        "Role": role(
            allow("dynamodb:PutItem", arn("Messages")),
            allow(["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"], arn("Connections")),
            allow("execute-api:ManageConnections", manage),
        ),
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.14",
                "Handler": "index.handler",
                "Code": {"ZipFile": CODE},
                "Role": arn("Role"),
                "Timeout": 29,
                "MemorySize": 1024,
                "Environment": {
                    "Variables": {
                        "CONNECTIONS_TABLE": ref("Connections"),
                        "MESSAGES_TABLE": ref("Messages"),
                        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": endpoint,
                    }
                },
            },
        },
        "Invoke": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": ref("Function"),
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": manage,
            },
        },
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": NAME,
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": "$request.body.action",
            },
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {"ApiId": ref("Api"), "IntegrationType": "AWS_PROXY", "IntegrationUri": uri},
        },
        **{f"Route{name}": route(key) for name, key in ROUTES.items()},
        "Deployment": {
            "Type": "AWS::ApiGatewayV2::Deployment",
            "DependsOn": [f"Route{name}" for name in ROUTES],
            "Properties": {"ApiId": ref("Api")},
        },
        "ApiStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": ref("Api"), "StageName": API_STAGE, "DeploymentId": ref("Deployment")},
        },
    }
    return {"Resources": resources, "Outputs": {"ApiId": {"Value": ref("Api")}}}


def ref(name: str) -> dict[str, Any]:
    """A reference to a resource or pseudo parameter."""
    return {"Ref": name}


def arn(name: str) -> dict[str, Any]:
    """The ARN of a resource."""
    return {"Fn::GetAtt": [name, "Arn"]}


def join(*parts: Any) -> dict[str, Any]:
    """A text of parts."""
    return {"Fn::Join": ["", list(parts)]}


def table(*keys: str) -> dict[str, Any]:
    """A table on demand, with these text keys."""
    kinds = ("HASH", "RANGE")
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
            "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)],
        },
    }


def allow(actions: str | list[str], resource: Any) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def role(*statements: dict[str, Any]) -> dict[str, Any]:
    """A function's role with these rights, and with that to write its log."""
    logs = allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], "*")
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "baseline",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [*statements, logs]},
                }
            ],
        },
    }


def route(key: str) -> dict[str, Any]:
    """A route to the function."""
    target = join("integrations/", ref("Integration"))
    return {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {"ApiId": ref("Api"), "RouteKey": key, "Target": target},
    }
