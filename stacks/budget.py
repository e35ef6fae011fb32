"""The budget of a stage: notifications when its costs approach a sum."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.stack import TAG
from stacks.stage import Stage

# (type, percentage of the budget). A forecast is made once AWS has about five weeks of data.
ALERTS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


def add_budget(scope: Construct, *, stage: Stage, topic: sns.ITopic | None) -> None:
    """Add the budget that the stage's settings ask for, if any.

    It counts the costs of resources with the stage's tag. AWS knows a tag in costs only after an administrator of
    the account has activated it as a cost allocation tag; until then the budget counts nothing.
    """
    if stage.monthly_budget_usd is None:
        return
    subscribers = []
    if stage.budget_email is not None:
        subscribers.append(_subscriber("EMAIL", stage.budget_email))
    if topic is not None:
        subscribers.append(_subscriber("SNS", topic.topic_arn))
    budgets.CfnBudget(
        scope,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=stage.monthly_budget_usd, unit="USD"),
            # AWS's form of a tag that users set: user:KEY$VALUE.
            cost_filters={"TagKeyValue": [f"user:{TAG}${stage.name}"]},
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent
                ),
                subscribers=subscribers,
            )
            for kind, percent in ALERTS
        ],
    )


def _subscriber(kind: str, address: str) -> budgets.CfnBudget.SubscriberProperty:
    return budgets.CfnBudget.SubscriberProperty(subscription_type=kind, address=address)
