"""Take metrics from log lines in the embedded metric format.

On AWS, CloudWatch Logs finds such lines in every log group, and adds their values to the metrics that the line
names, at the line's time. MiniStack (`cloudwatch_logs`) stores the lines only. `logs.log_groups` passes each
line to this addition.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from local.emulator.cloudwatch import metric_store

MARK = '"CloudWatchMetrics"'


def take(lines: Iterable[str]) -> None:
    """Add the values of the lines that contain any. A line that is not in the format is ignored, as on AWS."""
    for line in lines:
        if MARK in line:
            try:
                _take_line(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue


def _take_line(line: Mapping[str, Any]) -> None:
    metadata = line["_aws"]
    for directive in metadata["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(line[name]) for name in names}
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    metric_store.add(
                        directive["Namespace"],
                        metric["Name"],
                        float(value),
                        unit=metric.get("Unit", "None"),
                        dimensions=dimensions,
                        at=metadata["Timestamp"] / 1000,
                    )
