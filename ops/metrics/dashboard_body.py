"""Parse the body of a CloudWatch dashboard: its graphs, their metrics, and the text below each graph.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_PERIOD = 300
DEFAULT_STATISTIC = "Average"


@dataclass(frozen=True, kw_only=True)
class MetricQuery:
    """A line of a graph, or what the expression of a line refers to."""

    id: str
    label: str
    period: int
    is_shown: bool
    expression: str | None
    namespace: str | None
    name: str | None
    dimensions: Mapping[str, str]
    statistic: str

    def as_request(self, prefix: str, *, period: int) -> dict[str, Any]:
        """The query of GetMetricData. An id is unique in a request, so it begins with the graph's prefix."""
        request: dict[str, Any] = {"Id": f"{prefix}{self.id}", "Label": self.label, "ReturnData": self.is_shown}
        if self.expression is not None:
            return request | {"Expression": self.expression, "Period": period}
        metric = {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
        }
        return request | {"MetricStat": {"Metric": metric, "Period": period, "Stat": self.statistic}}


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph of the dashboard."""

    title: str
    when_red: str
    """The text below the graph: what a bad value looks like, and what to do. Empty without one."""
    queries: Sequence[MetricQuery]
    limits: Sequence[tuple[str, float]]


def graphs(body: str) -> list[Graph]:
    """Return the graphs of a dashboard, by rows."""
    widgets = json.loads(body)["widgets"]
    texts = {
        (widget.get("x"), widget.get("y")): widget["properties"].get("markdown", "")
        for widget in widgets
        if widget["type"] == "text"
    }
    found = [widget for widget in widgets if widget["type"] == "metric" and widget["properties"].get("metrics")]
    found.sort(key=lambda widget: (widget.get("y", 0), widget.get("x", 0)))
    return [_graph(widget, texts) for widget in found]


def _graph(widget: Mapping[str, Any], texts: Mapping[tuple[Any, Any], str]) -> Graph:
    properties = widget["properties"]
    below = (widget.get("x"), widget.get("y", 0) + widget.get("height", 0))
    lines = (properties.get("annotations") or {}).get("horizontal") or []
    return Graph(
        title=properties.get("title", ""),
        when_red=texts.get(below, ""),
        queries=list(_queries(properties)),
        limits=[(line.get("label", ""), float(line["value"])) for line in lines],
    )


def _queries(properties: Mapping[str, Any]) -> Iterator[MetricQuery]:
    before: list[str] = []
    for number, entry in enumerate(properties["metrics"]):
        *texts, last = entry if isinstance(entry[-1], dict) else [*entry, {}]
        # "." repeats the text at this place of the metric before, "..." all but the last one.
        if texts[:1] == ["..."]:
            texts = [*before[: len(before) - len(texts) + 1], *texts[1:]]
        texts = [before[place] if text == "." else text for place, text in enumerate(texts)]
        before = texts or before
        names, values = texts[2::2], texts[3::2]
        yield MetricQuery(
            id=last.get("id", f"line{number}"),
            label=last.get("label") or (texts[1] if texts else last.get("expression", "")),
            period=int(last.get("period") or properties.get("period") or DEFAULT_PERIOD),
            is_shown=bool(last.get("visible", True)),
            expression=last.get("expression"),
            namespace=texts[0] if texts else None,
            name=texts[1] if texts else None,
            dimensions=dict(zip(names, values, strict=True)),
            statistic=last.get("stat") or properties.get("stat") or DEFAULT_STATISTIC,
        )


def rename(expression: str, name: str, new_name: str) -> str:
    """Replace an id in an expression of metric maths."""
    return re.sub(rf"\b{re.escape(name)}\b", new_name, expression)
