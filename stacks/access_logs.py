"""Access logs of the two APIs: who called which route, when, and how it ended. Never what they said.

A WebSocket's query string holds its ticket, so no format here logs a query string.
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
    """Where an API of the stage writes its access logs."""
    return log_group(scope, "AccessLogs", stage=stage)


def let_api_gateway_log(scope: Construct) -> apigateway.CfnAccount:
    """The account's one role that API Gateway writes logs with, in this region.

    The setting is the account's, not the stage's: the last stage deployed sets it, and removing a stage leaves
    the role be, since others may rely on it.
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
            "AmazonAPIGatewayPushToCloudWatchLogs]": "API Gateway checks the account's role for this very policy."
        },
    )
    account = apigateway.CfnAccount(scope, "ApiGatewayAccount", cloud_watch_role_arn=role.role_arn)
    role.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    account.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return account
