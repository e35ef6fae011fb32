"""The policy of `parley inspect --print-policy`, and the table in docs/operations.md."""

import json
import re
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from inspector import rights
from ops.events import archive
from ops.runs import function_logs
from ops.stage.stage import Stage
from tests.unit.ops.stages import OUTPUTS, deployed_stage

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
ACTION = re.compile(r"`([a-z-]+:[A-Z]\w+)`")


def row(command: str) -> set[str]:
    """The actions in a command's row of the table of rights."""
    text = PAGE.read_text(encoding="utf-8")
    [found] = [
        line for line in text[text.index("## Rights") :].splitlines() if line.startswith(f"| `{command}` |")
    ]
    return set(ACTION.findall(found))


def test_the_table_of_rights_lists_the_actions_of_the_policy():
    """With those of `tail`, to which the row refers."""
    assert row("inspect") | row("tail") == set(rights.actions())


def test_the_policy_names_the_resources_of_the_stage(monkeypatch):
    """Only actions that IAM cannot restrict are allowed on every resource, and all of them read.

    The replays of a stage `tests-2`, whose names begin alike, are not among the resources.
    """
    stage: Stage = deployed_stage(
        Data={"TextKeysTableName": "textKeys", "TicketsTableName": "tickets", "MessagesTableName": "messages"},
        Delivery={**OUTPUTS["Delivery"], "PostToConnectionsFunctionName": "post"},
        Observability={"DashboardName": "Parley-tests"},
    )
    monkeypatch.setattr(function_logs, "groups", lambda _stage: {"workflow": "/aws/vendedlogs/states/deliver"})
    policy = rights.policy(stage)
    by_sid = {statement["Sid"]: statement for statement in policy["Statement"]}
    account = "us-east-1:111122223333"
    assert by_sid["Leases"]["Resource"] == [f"arn:aws:dynamodb:{account}:table/tickets"]
    assert by_sid["Texts"]["Resource"] == [f"arn:aws:dynamodb:{account}:table/textKeys"]
    assert not any("textKeys" in resource for resource in by_sid["Rows"]["Resource"])
    assert by_sid["TailQueues"]["Resource"] == [f"arn:aws:sqs:{account}:parley-tests-tail-*"]
    assert by_sid["ReplayQueues"]["Resource"] == [f"arn:aws:sqs:{account}:replay"]
    assert by_sid["TailRules"]["Resource"] == [f"arn:aws:events:{account}:rule/bus/parley-tests-tail-*"]
    replays = by_sid["Replays"]["Resource"]
    assert [arn for arn in replays if fnmatch(f"arn:aws:events:{account}:replay/{archive._name(stage)}", arn)]
    of_another = f"arn:aws:events:{account}:replay/{archive._name(replace(stage, name='tests-2'))}"
    assert not [arn for arn in replays if fnmatch(of_another, arn)]
    on_everything = {
        action for statement in by_sid.values() if statement["Resource"] == "*" for action in statement["Action"]
    }
    assert all(re.match(r"\w+:(Get|List|Describe|BatchGet|Stop)", action) for action in on_everything)
    assert all(statement["Resource"] for statement in by_sid.values())


def test_the_policy_of_a_stage_with_long_names_is_short_enough_for_a_role(monkeypatch):
    """An inline policy of a role has at most 10,240 characters without white space."""
    name, region = "a" * 20, "ap-southeast-2"

    def physical(stack: str, resource: str) -> str:
        """The longest name that CloudFormation makes of a logical id of this length."""
        return f"Parley-{name}-{stack}-{resource:x<32}-{'A' * 12}"

    tables = ("TextKeys", "Tickets", *(f"Table{number}" for number in range(9)))
    queues = ("Replay", "ReplayDeadLetters", "Status", "StatusDeadLetters", "DeliveryDeadLetters")
    bus = f"Parley-{name}-{'0' * 8}"
    machine = f"arn:aws:states:{region}:111122223333:stateMachine:{physical('Delivery', 'Deliver')}"
    stage = deployed_stage(
        Data={f"{table}TableName": physical("Data", table) for table in tables},
        Events={
            "EventBusName": bus,
            "ArchiveName": physical("Events", "BusArchive")[:48],
            **{f"{queue}QueueUrl": f"https://sqs/{physical('Events', queue)}" for queue in queues},
        },
        Delivery={
            "DeliverStateMachineArn": machine,
            "PostToConnectionsFunctionName": physical("Delivery", "PostToConnections")[:64],
        },
        Observability={"DashboardName": f"Parley-{name}-{region}"},
    )
    groups = {str(number): physical("WebSocketApi", "Logs") for number in range(15)}
    monkeypatch.setattr(function_logs, "groups", lambda _stage: groups)
    policy = rights.policy(replace(stage, name=name))
    assert len(json.dumps(policy, separators=(",", ":"))) < 10_240
