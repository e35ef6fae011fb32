"""The values of metrics from CloudWatch (GetMetricData)."""

from collections.abc import Sequence
from typing import Any

from ops import times
from ops.stage.stage import Stage

# The most queries that one call of GetMetricData takes.
MAX_QUERIES = 500


def read(
    stage: Stage, queries: Sequence[dict[str, Any]], *, since_ms: int, until_ms: int
) -> dict[str, dict[str, list[Any]]]:
    """The `Timestamps`, `Values` and `Messages` of each query by its id. At most MAX_QUERIES queries.

    The newest values are first, as CloudWatch returns them by default.
    """
    pages = (
        stage.client("cloudwatch")
        .get_paginator("get_metric_data")
        .paginate(
            MetricDataQueries=list(queries),
            StartTime=times.as_datetime(since_ms),
            EndTime=times.as_datetime(until_ms),
        )
    )
    found: dict[str, dict[str, list[Any]]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            known = found.setdefault(result["Id"], {"Timestamps": [], "Values": [], "Messages": []})
            for part, values in known.items():
                values += result.get(part) or []
    return found
