"""Access logs of the two APIs: caller, route, time and status of each request, never its content.

The query string of a WebSocket contains its ticket, so no format here logs query strings.
"""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.logs import log_group
from stacks.stack import acknowledge
from stacks.stage import Stage

WEBSOCKET_FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "connectionId": "$context.connectionId",
        "time": "$context.requestTime",
        "ip": "$context.identity.sourceIp",
        "userId": "$context.authorizer.principalId",
        "eventType": "$context.eventType",
        "routeKey": "$context.routeKey",
        "status": "$context.status",
        "error": "$context.error.message",
    }
)
REST_FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "traceId": "$context.xrayTraceId",
        "time": "$context.requestTime",
        "ip": "$context.identity.sourceIp",
        "userId": "$context.authorizer.claims.sub",
        "method": "$context.httpMethod",
        "resource": "$context.resourcePath",
        "status": "$context.status",
        "latencyMs": "$context.responseLatency",
        "error": "$context.error.message",
    }
)


def access_log_group(scope: Construct, *, stage: Stage) -> logs.LogGroup:
    """The log group for the access logs of an API."""
    return log_group(scope, "AccessLogs", stage=stage)


def api_gateway_log_role(scope: Construct) -> apigateway.CfnAccount:
    """Set the role with which API Gateway writes logs. The account has one such role per region.

    All deployment stages share the setting: the one deployed last sets it. Removing a stage keeps the role, since
    other stages may use it.
    """
    role = iam.Role(
        scope,
        "ApiGatewayLogsRole",
        assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
        managed_policies=[
            iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
        ],
    )
    acknowledge(
        role,
        {
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AmazonAPIGatewayPushToCloudWatchLogs]": "API Gateway requires the account's role to have this policy."
        },
    )
    account = apigateway.CfnAccount(scope, "ApiGatewayAccount", cloud_watch_role_arn=role.role_arn)
    role.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    account.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return account
