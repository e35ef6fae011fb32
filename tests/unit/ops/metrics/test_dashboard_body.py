"""The graphs of a dashboard's body, with CloudWatch's abbreviations."""

import json
from typing import Any

from ops.metrics.dashboard import period_of
from ops.metrics.dashboard_body import graphs, rename


def body(*widgets: dict[str, Any]) -> str:
    return json.dumps({"widgets": widgets})


def graph(metrics: list[Any], **properties: Any) -> dict[str, Any]:
    return {
        "type": "metric", "x": 8, "y": 3, "width": 8, "height": 6,
        "properties": {"title": "Messages", "metrics": metrics, **properties},
    }  # fmt: skip


def test_a_graph_has_its_metrics_its_limits_and_the_text_below_it() -> None:
    """The text of another column is not its own."""
    texts = [
        {"type": "text", "x": x, "y": 9, "width": 8, "height": 2, "properties": {"markdown": text}}
        for x, text in ((0, "another"), (8, "`parley doctor`"))
    ]
    widget = graph(
        [["Parley", "Sent", "service", "parley-dev", {"label": "sent", "stat": "Sum", "period": 60}]],
        annotations={"horizontal": [{"label": "alarm", "value": 5}]},
    )
    (found,) = graphs(body(widget, *texts))
    assert (found.title, found.when_red, list(found.limits)) == ("Messages", "`parley doctor`", [("alarm", 5.0)])
    (query,) = found.queries
    assert query.as_request("g0_", period=120) == {
        "Id": "g0_line0",
        "Label": "sent",
        "ReturnData": True,
        "MetricStat": {
            "Metric": {
                "Namespace": "Parley",
                "MetricName": "Sent",
                "Dimensions": [{"Name": "service", "Value": "parley-dev"}],
            },
            "Period": 120,
            "Stat": "Sum",
        },
    }


def test_abbreviated_metrics_repeat_what_is_before_them() -> None:
    """`.` is the text at its place, `...` all but the last one."""
    widget = graph(
        [["AWS/SQS", "Visible", "QueueName", "one"], [".", "Age", ".", "."], ["...", "two", {"stat": "p95"}]],
        stat="Maximum",
    )
    (found,) = graphs(body(widget))
    names = [(query.namespace, query.name, dict(query.dimensions), query.statistic) for query in found.queries]
    assert names == [
        ("AWS/SQS", "Visible", {"QueueName": "one"}, "Maximum"),
        ("AWS/SQS", "Age", {"QueueName": "one"}, "Maximum"),
        ("AWS/SQS", "Age", {"QueueName": "two"}, "p95"),
    ]


def test_an_expression_refers_to_hidden_metrics() -> None:
    """Their ids stay, and only the expression is a line."""
    widget = graph(
        [[{"expression": "sent / all", "label": "share"}], ["P", "Sent", {"id": "sent", "visible": False}]]
    )
    (found,) = graphs(body(widget))
    line, hidden = found.queries
    assert (line.expression, line.is_shown, hidden.id, hidden.is_shown) == ("sent / all", True, "sent", False)
    assert line.as_request("g0_", period=60)["Expression"] == "sent / all"


def test_an_id_is_renamed_as_a_whole() -> None:
    """`sent` is not part of `resent`."""
    assert rename("IF(sent > 0, resent / sent, 0)", "sent", "g0_sent") == "IF(g0_sent > 0, resent / g0_sent, 0)"


def test_graphs_are_in_the_order_of_the_page() -> None:
    """By rows, then from left to right."""
    widgets = [
        graph([["P", "M"]], title=title) | {"x": x, "y": y}
        for title, x, y in (("c", 0, 9), ("b", 8, 0), ("a", 0, 0))
    ]
    assert [found.title for found in graphs(body(*widgets))] == ["a", "b", "c"]


def test_a_long_time_has_longer_periods() -> None:
    """So that a line has at most 180 points."""
    hour = 3_600_000
    assert [period_of(0, hours * hour) for hours in (1, 3, 4, 72)] == [60, 60, 120, 1440]
