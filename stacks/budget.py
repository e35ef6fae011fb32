"""The budget of a stage: e-mails when its costs approach a sum."""

from aws_cdk import aws_budgets as budgets
from constructs import Construct

from stacks.stack import TAG
from stacks.stage import Stage

# (type, percentage of the budget). A forecast is made once AWS has about five weeks of data.
ALERTS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


def add_budget(scope: Construct, *, stage: Stage) -> None:
    """Add the budget that the stage's settings ask for, if any.

    It counts the costs of resources with the stage's tag. AWS knows a tag in costs only after an administrator of
    the account has activated it as a cost allocation tag; until then the budget counts nothing.
    """
    if stage.monthly_budget_usd is None or stage.budget_email is None:
        return
    subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=stage.budget_email)
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
                subscribers=[subscriber],
            )
            for kind, percent in ALERTS
        ],
    )
