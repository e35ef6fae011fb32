"""The health of a deployed stage: its alarms, functions and rules."""

from collections.abc import Iterable
from typing import Any

import pytest

from ops.check import guarded, health, vitals
from ops.check.guarded import Check
from ops.events import bus_rules
from ops.models import HealthCheck
from tests.unit.ops.stages import deployed_stage, stubbed


@pytest.mark.parametrize(
    ("states", "status", "detail"),
    [
        ([], "warning", "there are no alarms"),
        (["OK", "INSUFFICIENT_DATA"], "ok", "2 alarms, none in alarm"),
        (["OK", "ALARM"], "warning", "in alarm: Parley-tests-Delivery-1"),
    ],
)
def test_no_alarm_at_all_is_no_good_sign(states: list[str], status: str, detail: str):
    """Every stage is deployed with alarms."""
    stage = deployed_stage()
    names = (f"Parley-tests-Delivery-{number}" for number in range(len(states)))
    alarms = [{"AlarmName": name, "StateValue": state} for name, state in zip(names, states, strict=True)]
    stubbed(stage, "cloudwatch").add_response("describe_alarms", {"MetricAlarms": alarms})
    found = health._alarms(stage)
    assert (found.status, found.detail) == (status, detail)


@pytest.mark.parametrize(
    ("concurrency", "configuration", "detail"),
    [
        ({}, {"State": "Active", "LastUpdateStatus": "Successful"}, None),
        ({"ReservedConcurrentExecutions": 1}, {}, None),
        ({"ReservedConcurrentExecutions": 0}, {}, "Api is throttled: its reserved concurrency is 0"),
        ({}, {"State": "Failed", "LastUpdateStatusReason": "no layer"}, "Api cannot start: no layer"),
        ({}, {"LastUpdateStatus": "Failed"}, "Api cannot start: no reason"),
    ],
)
def test_a_function_that_cannot_run_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, concurrency: dict[str, Any], configuration: dict[str, Any], detail: str | None
):
    """It is disabled, or its last deployment failed."""
    stage = deployed_stage()
    monkeypatch.setattr(vitals, "function_names", lambda _: {"Api": "api-1"})
    client = stubbed(stage, "lambda")
    client.add_response("get_function_concurrency", concurrency, {"FunctionName": "api-1"})
    client.add_response("get_function_configuration", configuration, {"FunctionName": "api-1"})
    found = health._functions(stage)
    good = "1 function, none throttled or failed"
    assert (found.status, found.detail) == ("failed" if detail else "ok", detail or good)


@pytest.mark.parametrize(
    ("states", "status", "detail"),
    [
        ({"a": "ENABLED", "b": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}, "ok", "2 rules, all enabled"),
        ({"a": "ENABLED", "b": "DISABLED"}, "failed", "disabled: b"),
        ({}, "failed", "the bus has no rules"),
    ],
)
def test_a_disabled_rule_fails_the_check(
    monkeypatch: pytest.MonkeyPatch, states: dict[str, str], status: str, detail: str
):
    """Its events are not delivered, as on a bus without rules."""
    rules = [{"Name": name, "State": state} for name, state in states.items()]
    monkeypatch.setattr(bus_rules, "read", lambda *_: rules)
    found = health._rules(deployed_stage())
    assert (found.status, found.detail) == (status, detail)


def test_everything_that_a_message_needs_is_checked(monkeypatch: pytest.MonkeyPatch):
    """A check that is left out looks like one that is good."""
    checked: list[str] = []

    def run(checks: Iterable[Check]) -> list[HealthCheck]:
        checked.extend(check.name for check in checks)
        return []

    monkeypatch.setattr(guarded, "run", run)
    assert list(health.checks(deployed_stage())) == []
    assert checked == [
        "archive",
        "rules",
        "dead letters (delivery)",
        "dead letters (status)",
        "dead letters (replay)",
        "functions",
        "alarms",
        "workflow log",
    ]
