"""Evaluate alarms: by exactly their metric, with metric maths, by periods, and with their rule for missing data.

On AWS, an alarm is evaluated every minute. It looks at its last periods, and treats a period without data as
`TreatMissingData` says. Its state changes its composite alarms, and notifies its topics. MiniStack
(`cloudwatch._evaluate_alarm`) adds up all dimensions of a metric, treats all periods as one, never returns to
OK without data, evaluates only when a metric is put by the API, and refuses alarms with metric maths and
composite alarms in templates (`provisioners._cw_metric_alarm_record`). This addition replaces both functions,
registers composite alarms, and evaluates every few seconds and before alarms are described. An alarm that has
just changed is compared with the newest period too, which is not over yet: AWS is at most some minutes later.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from local.emulator import patching
from local.emulator.cloudformation.resource_types import register, reject_failure
from local.emulator.cloudwatch import metric_store, service_metrics
from local.emulator.cloudwatch.metric_math import MetricMathError, Series

logger = logging.getLogger("parley.cloudwatch")

EVALUATION_SECONDS = 10.0
BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
Properties = dict[str, Any]


def install() -> None:
    """Replace MiniStack's functions, register composite alarms, and start to evaluate."""
    describe = patching.original("services.cloudwatch", "_describe_alarms")
    record = patching.original("services.cloudformation.provisioners", "_cw_metric_alarm_record")

    def describe_evaluated(*arguments: Any, **keywords: Any) -> Any:
        evaluate_all()
        return describe(*arguments, **keywords)

    def record_with_maths(name: str, properties: Properties) -> dict[str, Any]:
        queries = properties.get("Metrics")
        if not queries:
            found: dict[str, Any] = record(name, properties)
            return found
        plain = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm: dict[str, Any] = record(name, plain | {"MetricName": "maths", "Namespace": "maths"})
        alarm |= {"MetricName": None, "Namespace": None, "Statistic": None, "Metrics": queries}
        return alarm

    patching.replace("services.cloudwatch", "_evaluate_alarm", evaluate)
    patching.replace("services.cloudwatch", "_describe_alarms", describe_evaluated)
    patching.replace("services.cloudformation.provisioners", "_cw_metric_alarm_record", record_with_maths)
    register("AWS::CloudWatch::CompositeAlarm", create=_create_composite, delete=_delete_composite)
    threading.Thread(target=_evaluate_for_ever, name="alarms", daemon=True).start()


def _evaluate_for_ever() -> None:
    while True:
        time.sleep(EVALUATION_SECONDS)
        evaluate_all()


def evaluate_all() -> None:
    """Evaluate every alarm of the account and region."""
    service_metrics.read_queues()
    for alarm in list(patching.module("services.cloudwatch")._alarms.values()):
        evaluate(alarm)


def evaluate(alarm: dict[str, Any]) -> None:
    """Compare an alarm's periods with its threshold, and change its state."""
    try:
        periods = _periods(alarm, time.time())
    except (MetricMathError, KeyError) as error:
        logger.warning("The alarm %s cannot be evaluated: %s", alarm.get("AlarmName"), error)
        return
    state, reason = judge(alarm, periods)
    if state is not None and state != alarm["StateValue"]:
        _change(alarm, state, reason)


def _periods(alarm: Mapping[str, Any], now: float) -> list[float | None]:
    """The values of the periods that are evaluated, the newest last; None without data.

    One more than the alarm has: the newest period is not over yet.
    """
    queries = alarm.get("Metrics") or [
        {
            "Id": "metric",
            "MetricStat": {
                "Metric": {
                    "Namespace": alarm["Namespace"],
                    "MetricName": alarm["MetricName"],
                    "Dimensions": alarm.get("Dimensions"),
                },
                "Stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average",
                "Period": alarm["Period"],
            },
        }
    ]
    length = next((int(each["MetricStat"]["Period"]) for each in queries if "MetricStat" in each), 60)
    (compared,) = (each["Id"] for each in queries if each.get("ReturnData", True))
    # The period before the first one too, with which DIFF begins.
    first = int(now // length - alarm["EvaluationPeriods"] - 1) * length
    found: Series = metric_store.query(queries, first, now)[compared]
    return [found.get(start) for start in metric_store.periods(first + length, now, length)]


def judge(alarm: Mapping[str, Any], values: list[float | None]) -> tuple[str | None, str]:
    """Return the state of an alarm with these values of its periods, and the reason. None: the state stays."""
    wanted = int(alarm["EvaluationPeriods"])
    threshold, comparison = float(alarm["Threshold"]), str(alarm["ComparisonOperator"])
    needed = int(alarm.get("DatapointsToAlarm") or wanted)
    missing = alarm.get("TreatMissingData", "missing")
    known = [value for value in values if value is not None]
    if not known and missing in ("missing", "ignore"):
        return ("INSUFFICIENT_DATA" if missing == "missing" else None), "There is no data"
    # Either the periods that are over, or the newest ones with the one that is not.
    for evaluated in (values[-wanted:], values[-wanted - 1 : -1]):
        breaching = [
            missing == "breaching" if value is None else BREACHES[comparison](value, threshold)
            for value in evaluated
        ]
        if sum(breaching) >= needed:
            shown = ", ".join("no data" if value is None else f"{value:g}" for value in evaluated)
            return "ALARM", f"Threshold Crossed: [{shown}] {comparison} {threshold:g}"
    return "OK", f"Threshold not crossed: {', '.join(f'{value:g}' for value in known) or 'no data'}"


def _change(alarm: dict[str, Any], state: str, reason: str) -> None:
    metrics = patching.module("services.cloudwatch")
    before = alarm["StateValue"]
    now = int(time.time())
    alarm |= {"StateValue": state, "StateReason": reason, "StateUpdatedTimestamp": now}
    metrics._record_history(alarm["AlarmName"], before, state, reason)
    metrics._dispatch_alarm_actions(alarm, before, state, reason)
    metrics._evaluate_parent_alarms(alarm)


def _create_composite(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, dict[str, Any]]:
    metrics = patching.module("services.cloudwatch")
    name = properties.get("AlarmName") or f"{stack_name}-{logical_id}"
    response = metrics._put_composite_alarm({}, properties | {"AlarmName": name}, False, True)
    reject_failure(response, f"the composite alarm {name}")
    return name, {"Arn": metrics._composite_alarms[name]["AlarmArn"]}


def _delete_composite(name: str, _properties: Properties) -> None:
    patching.module("services.cloudwatch")._composite_alarms.pop(name, None)
