"""Health of a stage, from its own resources: archive, rules, dead-letter queues, alarms, workflow log."""

from collections.abc import Iterator
from functools import partial

from ops.check import guarded
from ops.check.guarded import Check
from ops.models import HealthCheck
from ops.runs import dead_letters
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage


def checks(stage: Stage) -> Iterator[HealthCheck]:
    """One check after the other."""
    found = [
        Check("archive", ("events:DescribeArchive",), lambda: _archive(stage)),
        Check("rules", ("events:ListRules",), lambda: _rules(stage)),
    ]
    found += [
        Check(f"dead letters ({queue})", ("sqs:GetQueueAttributes",), partial(_dead_letters, stage, queue))
        for queue in dead_letters.QUEUES
    ]
    if not stage.is_local:
        found.append(Check("alarms", ("cloudwatch:DescribeAlarms",), lambda: _alarms(stage)))
    found.append(Check("workflow log", ("states:DescribeStateMachine",), lambda: _workflow_log(stage)))
    yield from guarded.run(found)


def _archive(stage: Stage) -> HealthCheck:
    name = stage.output("Events", "ArchiveName")
    state = stage.client("events").describe_archive(ArchiveName=name)["State"]
    return HealthCheck(
        name="archive",
        status="ok" if state == "ENABLED" else "failed",
        detail=f"{name} is {state.lower()}",
        fix="" if state == "ENABLED" else "Deploy the stage again: without its archive nothing can be replayed.",
    )


def _rules(stage: Stage) -> HealthCheck:
    pages = stage.client("events").get_paginator("list_rules")
    found = pages.paginate(EventBusName=stage.output("Events", "EventBusName"))
    rules = [rule for page in found for rule in page["Rules"]]
    disabled = [rule["Name"] for rule in rules if rule["State"] == "DISABLED"]
    return HealthCheck(
        name="rules",
        status="failed" if disabled or not rules else "ok",
        detail=f"disabled: {', '.join(disabled)}" if disabled else f"{len(rules)} rules, all enabled",
        fix="Enable them, or deploy the stage again: their events are not delivered." if disabled else "",
    )


def _dead_letters(stage: Stage, queue: str) -> HealthCheck:
    waiting = dead_letters.waiting(stage, queue)
    return HealthCheck(
        name=f"dead letters ({queue})",
        status="warning" if waiting else "ok",
        detail=f"{waiting} waiting",
        fix=f"Show them with: parley redrive --queue {queue} --dry-run" if waiting else "",
    )


def _alarms(stage: Stage) -> HealthCheck:
    prefix = f"Parley-{stage.name}-"
    pages = stage.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    firing = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
    return HealthCheck(
        name="alarms",
        status="warning" if firing else "ok",
        detail=f"in alarm: {', '.join(firing)}" if firing else f"{len(alarms)} alarms, none in alarm",
        fix="Each alarm's description says what to do." if firing else "",
    )


def _workflow_log(stage: Stage) -> HealthCheck:
    omission = RunLog(stage).omission
    return HealthCheck(
        name="workflow log",
        status="warning" if omission else "ok",
        detail=omission or "logs every state of every run",
        fix="Set workflowLogLevel to ALL in cdk.json and deploy the stage again." if omission else "",
    )
