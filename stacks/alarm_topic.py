"""The SNS topic of a stage's alarms, and those who receive them: e-mail addresses and a chat's webhook."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns

from functions.settings import NotifyAlarmSettings
from stacks.chat_function import ChatFunction
from stacks.stack import StageStack, acknowledge
from stacks.uses import Use, allow

PUBLISHERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")


@dataclass(frozen=True)
class AlarmTopic:
    """The topic, and the function that posts to a chat, if there is one."""

    topic: sns.Topic
    notify_alarm: ChatFunction | None


def add_alarm_topic(stack: StageStack) -> AlarmTopic | None:
    """Create the topic with its subscriptions. None if the stage's settings name no receiver."""
    stage = stack.stage
    if not stage.has_alarm_receiver:
        return None
    topic = sns.Topic(stack, "AlarmNotifications", display_name=f"Parley ({stage.name})", enforce_ssl=True)
    acknowledge(
        topic,
        {
            "AwsSolutions-SNS2": "CloudWatch cannot publish to a topic with AWS's key, and another has a price. "
            "The messages name alarms, and contain nothing of users."
        },
    )
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AlarmsOfTheAccount",
            principals=[iam.ServicePrincipal(service) for service in PUBLISHERS],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
        )
    )
    for construct_id, address in _subscription_ids(stage.alarm_emails).items():
        sns.CfnSubscription(stack, construct_id, topic_arn=topic.topic_arn, protocol="email", endpoint=address)
    parameter = stage.alarm_webhook_parameter
    return AlarmTopic(topic, _subscribe_webhook(stack, topic, parameter) if parameter else None)


def _subscription_ids(addresses: Iterable[str]) -> dict[str, str]:
    """The addresses by the id of their subscription, each once.

    An id depends on the address alone: when an address moves to another subscription, SNS answers with the one
    that exists, and CloudFormation then deletes that one with the old resource.
    """
    return {f"AlarmEmail{hashlib.sha256(each.lower().encode()).hexdigest()[:8]}": each for each in addresses}


def _subscribe_webhook(stack: StageStack, topic: sns.Topic, parameter: str) -> ChatFunction:
    """Post alarms to a chat: SNS cannot, because a chat neither confirms a subscription nor takes SNS's format."""
    arn = stack.format_arn(service="ssm", resource="parameter", resource_name=parameter.removeprefix("/"))
    function = ChatFunction(
        stack,
        "NotifyAlarm",
        handler="notify_alarm",
        memory_mib=256,
        settings=NotifyAlarmSettings,
        uses=[
            Use(settings={"webhook_parameter": parameter}, statements=[allow("ssm:GetParameter", on=arn)]),
        ],
    )
    lambda_.CfnPermission(
        stack,
        "NotifyAlarmPermission",
        action="lambda:InvokeFunction",
        function_name=function.live.function_arn,
        principal="sns.amazonaws.com",
        source_arn=topic.topic_arn,
    )
    subscription = sns.CfnSubscription(
        stack, "AlarmWebhook", topic_arn=topic.topic_arn, protocol="lambda", endpoint=function.live.function_arn
    )
    if function.live is not function:
        acknowledge(
            subscription,
            {"CloudFormation-Validate::W3694": "SNS calls an alias as it calls a function, by the alias's ARN."},
        )
    return function
