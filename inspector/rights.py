"""The IAM policy of an operator who inspects a stage: every action that the pages need, on this stage's resources.

`parley inspect --print-policy` prints it. A test opens all pages with a role that has this policy alone.
The statement `Texts` opens the texts of messages: the others work without it.
Actions on `*` are those that IAM does not restrict to a resource:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from dataclasses import dataclass
from typing import Any

from ops.runs import function_logs
from ops.stage.stage import Stage

EVERY = "*"


@dataclass(frozen=True)
class Right:
    """Actions that the pages need, and the kind of the resources that they are for."""

    sid: str
    actions: tuple[str, ...]
    kind: str = EVERY


RIGHTS = (
    Right("Stacks", ("cloudformation:DescribeStacks", "cloudformation:ListStackResources"), "stacks"),
    Right("Workflow", ("states:DescribeStateMachine",), "workflow"),
    Right("Logs", ("logs:FilterLogEvents", "logs:StartQuery"), "logs"),
    Right("LogLevel", ("lambda:GetFunctionConfiguration",), "functions"),
    Right("LogQueries", ("logs:GetQueryResults", "logs:StopQuery")),
    Right("Rows", ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"), "tables"),
    Right("Texts", ("dynamodb:GetItem", "dynamodb:BatchGetItem"), "text keys"),
    Right("Leases", ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"), "tickets"),
    Right("Archive", ("events:DescribeArchive",), "archive"),
    Right("StartReplay", ("events:StartReplay",), "replayed"),
    Right("Replays", ("events:DescribeReplay", "events:CancelReplay"), "replays"),
    Right("RuleLists", ("events:ListReplays", "events:ListRules", "events:ListRuleNamesByTarget")),
    Right("Rules", ("events:DescribeRule",), "rules"),
    Right(
        "TailRules",
        ("events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule"),
        "tail rules",
    ),
    Right("Queues", ("sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"), "queues"),
    Right("ReplayQueues", ("sqs:DeleteMessage", "sqs:SendMessage"), "replay queues"),
    Right("Users", ("cognito-idp:ListUsers",), "user pool"),
    Right("Redrive", ("states:StartSyncExecution",), "workflow"),
    Right("RedriveQueues", ("sqs:DeleteMessage", "sqs:SendMessage"), "queues"),
    Right("RedriveRecord", ("events:PutEvents",), "bus"),
    Right("QueueLists", ("sqs:ListQueues",)),
    Right(
        "TailQueues",
        (
            "sqs:CreateQueue", "sqs:TagQueue", "sqs:SetQueueAttributes", "sqs:DeleteQueue", "sqs:ListQueueTags",
            "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
        ),
        "tail queues",
    ),
    Right("Dashboard", ("cloudwatch:GetDashboard",), "dashboard"),
    Right(
        "Metrics",
        (
            "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:DescribeAlarms",
            "cloudwatch:DescribeAlarmHistory",
        ),
    ),
    Right("Traces", ("xray:GetServiceGraph", "xray:GetTraceSummaries", "xray:BatchGetTraces")),
)  # fmt: skip
TABLE_OUTPUT = "TableName"
QUEUE_OUTPUT = "QueueUrl"


def actions() -> list[str]:
    """All actions, sorted."""
    return sorted({action for right in RIGHTS for action in right.actions})


def policy(stage: Stage) -> dict[str, Any]:
    """The policy document for one stage."""
    resources = _resources(stage)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": right.sid,
                "Effect": "Allow",
                "Action": list(right.actions),
                "Resource": EVERY if right.kind == EVERY else sorted(resources[right.kind]),
            }
            for right in RIGHTS
        ],
    }


def _resources(stage: Stage) -> dict[str, list[str]]:
    """The ARNs of each kind of resource."""
    machine = stage.output("Delivery", "DeliverStateMachineArn")
    _, partition, _, region, account, *_ = machine.split(":")

    def arn(service: str, resource: str, *, of_region: str = region) -> str:
        return f"arn:{partition}:{service}:{of_region}:{account}:{resource}"

    outputs = [output for of_stack in stage.outputs.values() for output in of_stack.items()]
    queues = {name: arn("sqs", url.rpartition("/")[2]) for name, url in outputs if name.endswith(QUEUE_OUTPUT)}
    tables = {name: value for name, value in outputs if name.endswith(TABLE_OUTPUT)}
    text_keys = tables.pop(f"TextKeys{TABLE_OUTPUT}")
    bus, archive = stage.output("Events", "EventBusName"), stage.output("Events", "ArchiveName")
    dashboard = stage.output("Observability", "DashboardName")
    # The time and the suffix of ops/events/archive.py: `*` would match the replays of a stage `dev-2` for `dev`.
    replays = arn("events", f"replay/parley-{stage.name}-{'?' * 10}-{'?' * 8}")
    # IAM's documents have two forms of the ARN of a log group, NAME and NAME:*. The names end with a hash, so the
    # wildcard matches these two alone. An inline policy has at most 10,240 characters.
    groups = [f"log-group:{name}*" for name in function_logs.groups(stage).values()]
    tail = f"parley-{stage.name}-tail-*"
    return {
        "stacks": [arn("cloudformation", f"stack/Parley-{stage.name}-*")],
        "workflow": [machine],
        "logs": [arn("logs", group) for group in groups],
        "tables": [
            *(arn("dynamodb", f"table/{name}") for name in tables.values()),
            # The table of text keys has no index.
            arn("dynamodb", f"table/Parley-{stage.name}-Data-*/index/*"),
        ],
        "text keys": [arn("dynamodb", f"table/{text_keys}")],
        "tickets": [arn("dynamodb", f"table/{stage.output('Data', 'TicketsTableName')}")],
        "archive": [arn("events", f"archive/{archive}")],
        "replays": [replays],
        "replayed": [arn("events", f"archive/{archive}"), arn("events", f"event-bus/{bus}"), replays],
        "rules": [arn("events", f"rule/{bus}/*")],
        "tail rules": [arn("events", f"rule/{bus}/{tail}")],
        "queues": list(queues.values()),
        "replay queues": [queue for name, queue in queues.items() if name.startswith("Replay")],
        "bus": [arn("events", f"event-bus/{bus}")],
        "user pool": [arn("cognito-idp", f"userpool/{stage.output('Auth', 'UserPoolId')}")],
        "tail queues": [arn("sqs", tail)],
        "functions": [arn("lambda", f"function:{stage.output('Delivery', 'PostToConnectionsFunctionName')}")],
        "dashboard": [arn("cloudwatch", f"dashboard/{dashboard}", of_region="")],
    }
