"""Metrics of functions that AWS does not publish as they are needed here."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

METRICS_NAMESPACE: Final = "Parley"


def failed_calls(
    function: lambda_.Function, *, period: cdk.Duration, label: str, alias: str = "", version: str = ""
) -> cloudwatch.MathExpression:
    """The calls of a function that failed: of all its versions, or of the one that an alias called.

    Those that raised or timed out, which AWS/Lambda's Errors counts, and those whose failure the function answered
    itself (`functions/aws/observability.py`).
    """
    called = {"FunctionName": function.function_name} | ({"ExecutedVersion": version} if version else {})
    through = {"Resource": f"{function.function_name}:{alias}"} if alias else {}

    def count(namespace: str, name: str, dimensions: dict[str, str]) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace, metric_name=name, dimensions_map=dimensions, statistic="Sum", period=period
        )

    return cloudwatch.MathExpression(
        # A sum has no value where one of the two has none.
        expression="FILL(raised, 0) + FILL(answered, 0)",
        using_metrics={
            "raised": count("AWS/Lambda", "Errors", called | through),
            "answered": count(METRICS_NAMESPACE, "UnexpectedErrors", called),
        },
        period=period,
        label=label,
    )
