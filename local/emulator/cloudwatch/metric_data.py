"""Answer GetMetricData with metric maths.

On AWS, a query is a metric or an expression of other queries. MiniStack (`cloudwatch._get_metric_data`) answers
that expressions are not implemented. This addition replaces that function for the protocols of the SDKs.
Functions of metric maths that are not emulated are answered with `InternalError` and a message.
"""

from typing import Any

from local.emulator import patching
from local.emulator.cloudwatch import metric_store, service_metrics
from local.emulator.cloudwatch.metric_math import MetricMathError


def install() -> None:
    """Replace MiniStack's function."""
    original = patching.original("services.cloudwatch", "_get_metric_data")

    def get_metric_data(params: Any, request: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
        if not (is_cbor or is_json):
            return original(params, request, is_cbor, is_json)
        metrics = patching.module("services.cloudwatch")
        service_metrics.read_queues()
        start, end = metrics._parse_ts(request["StartTime"]), metrics._parse_ts(request["EndTime"])
        descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        results = _results(request.get("MetricDataQueries", []), start, end, descending=descending)
        if is_cbor:
            return metrics._cbor_ok({"MetricDataResults": [metrics._cbor_metric_data_result(r) for r in results]})
        return metrics._json_ok({"MetricDataResults": results})

    patching.replace("services.cloudwatch", "_get_metric_data", get_metric_data)


def _results(queries: list[dict[str, Any]], start: float, end: float, *, descending: bool) -> list[dict[str, Any]]:
    metrics = patching.module("services.cloudwatch")
    plain = [query for query in queries if "MetricStat" in query]
    found = metric_store.query(plain, start, end)
    messages: dict[str, str] = {}
    for query in queries:
        if query.get("Expression"):
            try:
                found |= metric_store.query([*plain, query], start, end)
            except MetricMathError as error:
                messages[query["Id"]] = str(error)
    results = []
    for query in queries:
        if query.get("ReturnData", True):
            values = sorted(found.get(query["Id"], {}).items(), reverse=descending)
            result = {
                "Id": query["Id"],
                "Label": query.get("Label", query["Id"]),
                "Timestamps": [metrics._ts_iso(time) for time, _ in values],
                "Values": [value for _, value in values],
                "StatusCode": "Complete",
            }
            if query["Id"] in messages:
                problem = {"Code": "Unsupported", "Value": messages[query["Id"]]}
                result |= {"StatusCode": "InternalError", "Messages": [problem]}
            results.append(result)
    return results
