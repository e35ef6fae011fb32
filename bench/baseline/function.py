"""The one function of the direct design. Its source is the inline code, so it imports nothing of this project."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONCURRENT_POSTS = 40

tables = boto3.resource("dynamodb")
connections = tables.Table(os.environ["CONNECTIONS_TABLE"])
messages = tables.Table(os.environ["MESSAGES_TABLE"])
sockets = boto3.client("apigatewaymanagementapi", config=Config(max_pool_connections=CONCURRENT_POSTS))
threads = ThreadPoolExecutor(CONCURRENT_POSTS)


def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """Serve `$connect`, `$disconnect` and `sendMessage`."""
    route, own_id = event["requestContext"]["routeKey"], event["requestContext"]["connectionId"]
    if route == "$connect":
        connections.put_item(Item={"connectionId": own_id})
        broadcast({"type": "status", "connectionId": own_id, "online": True}, but=own_id)
    elif route == "$disconnect":
        connections.delete_item(Key={"connectionId": own_id})
        broadcast({"type": "status", "connectionId": own_id, "online": False}, but=own_id)
    else:
        sent = json.loads(event["body"])
        message = {key: sent[key] for key in ("channelId", "clientMessageId", "text")}
        message["sentAt"] = int(time.time() * 1000)
        messages.put_item(Item=message)
        broadcast({"type": "message", **message})
    return {"statusCode": 200}


def broadcast(frame: dict[str, Any], but: str | None = None) -> None:
    """Post a frame to every connection."""
    ids: list[Any] = []
    page = connections.scan()
    while True:
        ids += [row["connectionId"] for row in page["Items"] if row["connectionId"] != but]
        if "LastEvaluatedKey" not in page:
            break
        page = connections.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
    data = json.dumps(frame).encode()
    list(threads.map(lambda connection_id: post(connection_id, data), ids))


def post(connection_id: str, data: bytes) -> None:
    """Post to one connection. One that is closed, or not open yet, is skipped: `$disconnect` deletes its row."""
    try:
        sockets.post_to_connection(ConnectionId=connection_id, Data=data)
    except ClientError as error:
        if error.response["Error"]["Code"] != "GoneException":
            raise
