"""Handlers of the functions in these tests' stack; they may import only boto3 and the standard library."""

import json
import os
import time

import boto3

calls = {"count": 0}


def authorize(event, context):
    ticket = event["queryStringParameters"]["ticket"]
    effect = "Deny" if ticket == "refused" else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": ticket, "policyDocument": policy, "context": {"userId": ticket}}


def route(event, context):
    request_context = event["requestContext"]
    kind = request_context["eventType"]
    if kind != "MESSAGE":
        user, code = request_context["authorizer"]["userId"], request_context.get("disconnectStatusCode")
        print(json.dumps({"kind": kind, "user": user, "code": code}))
        return {"statusCode": 200}
    frame = json.loads(event["body"])
    if frame.get("raise"):
        raise ValueError("a secret of the handler")
    if frame.get("print"):
        print(frame["print"])
    wait_for_file(frame.get("until"))
    return {
        "statusCode": 200,
        "body": json.dumps(
            {
                "n": frame.get("n"),
                "connectionId": request_context["connectionId"],
                "userId": request_context["authorizer"]["userId"],
                "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            }
        ),
    }


def wait_for_file(path: str | None) -> None:
    while path and not os.path.exists(path):  # noqa: PTH110 - avoids another import
        time.sleep(0.02)


class NotReadyError(Exception):
    """An error that a workflow catches by its name."""


def work(event, context):
    calls["count"] += 1
    if event.get("raise"):
        print("about to raise")
        raise NotReadyError("not yet")
    if event.get("notJson"):
        return {"set": {1}}
    time.sleep(event.get("sleep", 0))
    if event.get("create"):
        open(event["create"], "w").close()  # noqa: PTH123 - avoids another import
    wait_for_file(event.get("until"))
    if event.get("print"):
        print(event["print"])
    if event.get("post"):
        client = boto3.client("apigatewaymanagementapi")
        client.post_to_connection(ConnectionId=event["post"], Data=b'{"posted": true}')
    return {
        "pid": os.getpid(),
        "calls": calls["count"],
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "endpoint": os.environ.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"),
        "profile": os.environ.get("AWS_PROFILE"),
        "remaining": context.get_remaining_time_in_millis(),
        "event": {key: value for key, value in event.items() if key in ("n", "index")},
    }


def drain(event, context):
    print(json.dumps({"batch": sorted(json.loads(record["body"])["detail"]["id"] for record in event["Records"])}))
    for record in event["Records"]:
        body = json.loads(record["body"])
        print(json.dumps({"drained": body["detail"], "header": record["attributes"].get("AWSTraceHeader")}))
    return {"batchItemFailures": []}
