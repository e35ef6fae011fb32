"""The one function of the direct design. Its source is the inline code, so it imports nothing of this project.

It calls DynamoDB with boto3. botocore signs its posts, and urllib3 sends and repeats them: half of the processor
time of boto3's client (ADR 33).
"""

import json
import os
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import get_cert_path
from urllib3 import PoolManager, Retry, Timeout

CONCURRENT_POSTS = 40

tables = boto3.resource("dynamodb")
connections = tables.Table(os.environ["CONNECTIONS_TABLE"])
messages = tables.Table(os.environ["MESSAGES_TABLE"])
endpoint = os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"].rstrip("/")
api_stage = urlsplit(endpoint).path
session = boto3.Session()
credentials: Any = session.get_credentials()
retries = Retry(
    4, redirect=0, status_forcelist={429, 500, 502, 503, 504}, allowed_methods={"POST"}, backoff_factor=1
)
pool = PoolManager(
    maxsize=CONCURRENT_POSTS,
    timeout=Timeout(connect=1, read=2),
    # One context for all connections.
    ssl_context=ssl.create_default_context(cafile=get_cert_path(True)),
).connection_from_url(endpoint)
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
    path = f"/@connections/{quote(connection_id, safe='')}"
    request = AWSRequest("POST", endpoint + path, data=data)
    SigV4Auth(credentials.get_frozen_credentials(), "execute-api", session.region_name).add_auth(request)
    answer = pool.urlopen(
        "POST", api_stage + path, body=data, headers=dict(request.headers.items()), retries=retries
    )
    if answer.status not in (200, 410):
        raise RuntimeError(f"a post was answered {answer.status}")
