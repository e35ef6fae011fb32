"""`parley inspect` works on a stage that is known by AWS's API and a role's credentials alone.

The role has the policy that `parley inspect --print-policy` prints. A right that is removed is named on its page.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest

from inspector import rights
from ops.runs import dead_letters
from tests.guarantees.faults import Faults
from tests.guarantees.report import Record
from tests.inspect_process import inspected
from tests.integration.commands import wait_until_followed
from tests.local_stage import TestStage
from tests.waiting import COMMAND_SECONDS, DEADLINE_SECONDS, until

PROMISE = 8
MAX_POLICY_CHARACTERS = 10_240
"""Of the inline policies of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
pytestmark = pytest.mark.anyio

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
REMOVED = {
    "states:DescribeStateMachine": "/workflow",
    "logs:FilterLogEvents": "/runs",
    "dynamodb:GetItem": "/follow/{message}",
    "events:StartReplay": "/events",
    "events:DescribeArchive": "/channels",
    "dynamodb:PutItem": "/channels/general/events",
    "sqs:ReceiveMessage": "/dead-letters",
    "cloudwatch:GetDashboard": "/metrics",
    "xray:GetServiceGraph": "/services",
    "xray:GetTraceSummaries": "/traces?service={function}",
    "xray:BatchGetTraces": "/traces/{trace}",
    "sqs:CreateQueue": "/live",
}
"""An action, and the page that names it when the role lacks it."""
PAGES = (
    "/stage", "/names", "/workflow", "/runs", "/runs/{run}", "/runs?status=failed", "/runs?messageId={message}",
    "/follow/{message}", "/dead-letters", "/metrics", "/services", "/traces?service={function}", "/traces/{trace}",
    "/rows", "/rows/messages?key=general&key=1", "/rows/users?key={user}", "/logs", "/logs?id={correlation}",
    "/connections", "/connections?user={user}",
)  # fmt: skip
"""The pages' requests, except those that read the archive."""
ARCHIVE = "/channels/general/events"
"""One that reads it, as two others do. It may wait for minutes, as on AWS: with --long only."""


@dataclass(frozen=True)
class Role:
    """An operator's role on the emulator."""

    stage: TestStage
    name: str

    def client(self, service: str) -> Any:
        """A client with the emulator's root key, which works while policies are enforced."""
        session = boto3.Session("test", "test", region_name=self.stage.stage.region)
        return session.client(service, endpoint_url=self.stage.stage.endpoint_url)  # type: ignore[call-overload]

    def allow(self, policy: Mapping[str, Any]) -> None:
        """Give the role one policy, in place of an earlier one."""
        self.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="inspect", PolicyDocument=json.dumps(policy)
        )

    def environment(self, home: Path) -> dict[str, str]:
        """What an operator's machine has of the stage: credentials of the role, a region, an endpoint."""
        arn = self.client("iam").get_role(RoleName=self.name)["Role"]["Arn"]
        credentials = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="operator")["Credentials"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PARLEY_"))}
        return kept | {
            "HOME": str(home),
            "AWS_ENDPOINT_URL": str(self.stage.stage.endpoint_url),
            "AWS_REGION": self.stage.stage.region,
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }


@pytest.fixture
def role(stage: TestStage) -> Iterator[Role]:
    """A role with the documented policy."""
    new = Role(stage, f"operator-{uuid4().hex[:8]}")
    iam = new.client("iam")
    iam.create_role(RoleName=new.name, AssumeRolePolicyDocument=json.dumps(TRUST))
    new.allow(rights.policy(stage.stage))
    yield new
    iam.delete_role_policy(RoleName=new.name, PolicyName="inspect")
    iam.delete_role(RoleName=new.name)


async def problems(client: httpx.AsyncClient) -> AsyncIterator[str]:
    """The problems in the live stream."""
    async with client.stream("GET", "/live") as stream:
        is_problem = False
        async for line in stream.aiter_lines():
            if line.startswith("data: ") and is_problem and (message := json.loads(line[6:])["message"]):
                yield message
            is_problem = line == "event: problem"


async def shown(client: httpx.AsyncClient, page: str, names: Mapping[str, str]) -> str:
    """What a page says in place of its content."""
    answer = await client.get(page.format(**names))
    return str(answer.json().get("message", "an answer"))


async def opened(client: httpx.AsyncClient, page: str, names: Mapping[str, str]) -> None:
    """Open a page. Fails if it shows anything but its content."""
    answer = await client.get(page.format(**names), timeout=COMMAND_SECONDS)
    assert answer.status_code == 200, (page, answer.text)
    assert page != "/follow/{message}" or answer.json()["problems"] == []


async def redrive(stage: TestStage, role: Role, client: httpx.AsyncClient) -> None:
    """Process a dead letter of the queue `status` again. That it could not be recorded would be a note."""
    letter = {"id": str(uuid4()), "detail-type": "UserTyping", "detail": {}}
    role.client("sqs").send_message(
        QueueUrl=dead_letters.url(stage.stage, "status"), MessageBody=json.dumps(letter)
    )
    answer = (await client.post("/dead-letters/status/redrive", timeout=COMMAND_SECONDS)).json()
    assert answer == {"redriven": 1, "failed": [], "notes": []}


@pytest.mark.thorough
async def test_every_page_works_with_the_documented_rights_alone(
    stage: TestStage, record: Record, faults: Faults, role: Role, tmp_path: Path, is_long: bool
):
    """No call is denied; without one of the rights, its page names the action."""
    async with stage.connected_user("dora") as dora:
        message_id = (await dora.send_message("Who may read this?"))["messageId"]
        followed = await asyncio.to_thread(wait_until_followed, stage, message_id)
    policy = rights.policy(stage.stage)
    assert len(json.dumps(policy, separators=(",", ":"))) < MAX_POLICY_CHARACTERS
    names = {
        "message": message_id,
        "run": followed["runs"][0]["runId"],
        "trace": followed["event"]["traceId"],
        "function": "Deliver",
        "user": dora.user_id,
        "correlation": followed["event"]["correlationId"],
    }
    command = [sys.executable, "-m", "local.command_line", "--stage", stage.stage.name]
    with (
        faults.enforced_policies(warm=False),
        inspected(command, tmp_path, role.environment(tmp_path)) as address,
    ):
        site, _, key = address.partition("/inspector#key=")
        async with httpx.AsyncClient(
            base_url=f"{site}/inspector-api",
            headers={"Authorization": f"Bearer {key}"},
            timeout=DEADLINE_SECONDS,
        ) as client:
            queues = role.client("sqs").list_queues
            tails = {"QueueNamePrefix": f"parley-{stage.stage.name}-tail-"}
            async with client.stream("GET", "/live"):
                await until(lambda: bool(queues(**tails).get("QueueUrls")), "the tail is open")
            await asyncio.gather(*(opened(client, page, names) for page in PAGES))
            await redrive(stage, role, client)
            await until(lambda: not queues(**tails).get("QueueUrls"), "the tail is removed")
            assert faults.denied_actions() == []
            for action, page in REMOVED.items():
                role.allow(without_action(policy, action))
                async with asyncio.timeout(DEADLINE_SECONDS):
                    text = await anext(problems(client)) if page == "/live" else await shown(client, page, names)
                # SQS writes the action in lower case.
                assert action.lower() in text.lower(), text
            denied = faults.denied_actions()
            role.allow(policy)
            if is_long:
                await opened(client, ARCHIVE, names)
            assert faults.denied_actions()[len(denied) :] == []
    record.tried("every page of the inspector with a role of the documented rights", len(PAGES))
    record.tried("pages with one right removed, each of which named it", len(REMOVED))


def without_action(policy: dict[str, Any], action: str) -> dict[str, Any]:
    """A policy without an action."""
    statements = [
        {**statement, "Action": [name for name in statement["Action"] if name != action]}
        for statement in policy["Statement"]
    ]
    return {**policy, "Statement": [statement for statement in statements if statement["Action"]]}
