"""Write metrics into MiniStack's store, and read them as series.

On AWS, a metric is identified by its namespace, its name and exactly its dimensions. MiniStack (`cloudwatch`)
treats a query without dimensions as one of all dimensions, and keeps every value for two weeks. This addition
reads by the exact dimensions, and keeps the newest values of each metric. A test makes all values older.
"""

import math
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from local.emulator import patching
from local.emulator.cloudwatch.metric_math import Series, evaluate, in_order

Values = list[dict[str, Any]]

KEPT_VALUES = 1_000
MAX_COUNTED_VALUES = 10_000

_lock = threading.Lock()
_counted: dict[tuple[int, float, float], tuple[Values, dict[str, Any]]] = {}
"""By the id of a metric's values, the value and the minute: these values, and the one of them in which equal ones
are counted. Counts are mostly zeros and ones."""
_counted_minute = 0.0


def add(
    namespace: str,
    name: str,
    value: float,
    *,
    unit: str = "Count",
    dimensions: Mapping[str, str] | None = None,
    at: float | None = None,
) -> None:
    """Add a value of a metric."""
    global _counted_minute
    metrics = patching.module("services.cloudwatch")
    own = dict(dimensions or {})
    moment = time.time() if at is None else at
    minute = moment // 60
    with _lock:
        values = metrics._metric_bucket((namespace, name, metrics._dims_key(own)))
        key = (id(values), value, minute)
        if known := _counted.get(key):
            known[1]["Count"] += 1
            return
        if minute > _counted_minute or len(_counted) >= MAX_COUNTED_VALUES:
            _counted.clear()
            _counted_minute = minute
        added = {"Timestamp": moment, "Value": float(value), "Count": 1.0, "Unit": unit, "Dimensions": own}
        _counted[key] = values, added
        values.append(added)
        if len(values) > KEPT_VALUES:
            del values[: len(values) - KEPT_VALUES]


def set_gauge(namespace: str, name: str, value: float, *, unit: str, dimensions: Mapping[str, str]) -> None:
    """Add the value of a gauge, unless it has this value in this minute already."""
    metrics = patching.module("services.cloudwatch")
    values = metrics._metrics.get((namespace, name, metrics._dims_key(dict(dimensions)))) or []
    if values and values[-1]["Value"] == value and values[-1]["Timestamp"] // 60 == time.time() // 60:
        return
    add(namespace, name, value, unit=unit, dimensions=dimensions)


def age(seconds: float) -> None:
    """Make every value older, as if this many seconds had passed in which nothing happened."""
    metrics = patching.module("services.cloudwatch")
    with _lock:
        _counted.clear()
        for values in metrics._metrics.values():
            for value in values:
                value["Timestamp"] -= seconds


def series(metric: Mapping[str, Any], statistic: str, period: int, start: float, end: float) -> Series:
    """Return a metric (`Namespace`, `MetricName`, `Dimensions`) by periods, without those that have no value."""
    metrics = patching.module("services.cloudwatch")
    dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions") or []}
    key = (metric["Namespace"], metric["MetricName"], metrics._dims_key(dimensions))
    by_period: dict[int, list[dict[str, Any]]] = {}
    for value in list(metrics._metrics.get(key) or []):
        if start <= value["Timestamp"] < end:
            by_period.setdefault(int(value["Timestamp"] // period) * period, []).append(value)
    found = {
        period_start: metrics._stat_value(metrics._calc_stats(values), statistic, values)
        for period_start, values in sorted(by_period.items())
    }
    return {period_start: float(value) for period_start, value in found.items() if value is not None}


def query(queries: Sequence[Mapping[str, Any]], start: float, end: float) -> dict[str, Series]:
    """Return the series of each query of GetMetricData or of an alarm, by its id. Raises MetricMathError."""
    found: dict[str, Series] = {}
    period = max((int(each["MetricStat"]["Period"]) for each in queries if "MetricStat" in each), default=60)
    for each in queries:
        if "MetricStat" in each:
            metric_stat = each["MetricStat"]
            length = int(metric_stat["Period"])
            found[each["Id"]] = series(metric_stat["Metric"], metric_stat["Stat"], length, start, end)
    expressions = {str(each["Id"]): each for each in queries if each.get("Expression")}
    for query_id in in_order({query_id: str(each["Expression"]) for query_id, each in expressions.items()}):
        each = expressions[query_id]
        length = int(each.get("Period") or period)
        found[query_id] = evaluate(str(each["Expression"]), found, periods(start, end, length))
    return found


def periods(start: float, end: float, period: int) -> list[int]:
    """The starts of the periods of a time range, the one that has just begun too."""
    return list(range(int(start // period) * period, math.ceil(end), period))
