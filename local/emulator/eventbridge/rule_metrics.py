"""Publish the metrics of rules to CloudWatch.

On AWS, EventBridge publishes metrics every minute; a rule's MatchedEvents has the dimensions EventBusName and
RuleName. MiniStack publishes none. This addition replaces nothing: it writes to the store of `cloudwatch` as
`record_metric` does, with one data point per rule and minute, so that the store stays small. The sum of a minute
is right, and available at once. No delivery is repeated here: each adds a zero to RetryInvocationAttempts, which
AWS leaves out.
"""

import threading
import time

from local.emulator import patching

NAMESPACE = "AWS/Events"

_lock = threading.Lock()


def count(metric: str, *, bus: str, rule: str, value: float = 1.0) -> None:
    """Add to the metric of a rule in this minute."""
    metrics = patching.module("services.cloudwatch")
    dimensions = {"EventBusName": bus, "RuleName": rule}
    bucket = metrics._metric_bucket((NAMESPACE, metric, metrics._dims_key(dimensions)))
    now = time.time()
    with _lock:
        if bucket and bucket[-1]["Timestamp"] // 60 == now // 60:
            bucket[-1]["Value"] += value
        else:
            bucket.append({"Timestamp": now, "Value": value, "Unit": "Count", "Dimensions": dimensions})
