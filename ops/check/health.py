"""Health of a stage, from its own resources: archive, rules, dead-letter queues, alarms, workflow log."""

from collections.abc import Iterator
from functools import partial

from ops.check import guarded, vitals
from ops.check.guarded import Check, Finding, judged
from ops.events import bus_rules
from ops.metrics import dashboard
from ops.models import HealthCheck
from ops.runs import dead_letters
from ops.runs.run_log import RunLog
from ops.stage.stage import Stage
from ops.wording import counted

FUNCTION_RIGHTS = (
    "cloudformation:ListStackResources",
    "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionConfiguration",
)


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
    found.append(Check("functions", FUNCTION_RIGHTS, lambda: _functions(stage)))
    found.append(Check("alarms", ("cloudwatch:DescribeAlarms",), lambda: _alarms(stage)))
    found.append(Check("workflow log", ("states:DescribeStateMachine",), lambda: _workflow_log(stage)))
    yield from guarded.run(found)


def _archive(stage: Stage) -> Finding:
    name = stage.output("Events", "ArchiveName")
    state = stage.client("events").describe_archive(ArchiveName=name)["State"]
    fix = "Deploy the stage again: without its archive nothing can be replayed."
    return judged(state == "ENABLED", f"{name} is {state.lower()}", fix)


def _rules(stage: Stage) -> Finding:
    rules = bus_rules.read(stage)
    disabled = [rule["Name"] for rule in rules if rule["State"] == "DISABLED"]
    if disabled:
        fix = "Enable them, or deploy the stage again: their events are not delivered."
        return Finding("failed", f"disabled: {', '.join(disabled)}", fix)
    if not rules:
        return Finding("failed", "the bus has no rules", "Deploy the stage again: no event is delivered.")
    return Finding("ok", f"{counted(len(rules), 'rule')}, all enabled")


def _functions(stage: Stage) -> Finding:
    """Whether a function is disabled (a reserved concurrency of 0), or its last deployment failed."""
    client, wrong = stage.client("lambda"), []
    names = vitals.function_names(stage)
    for name, function in names.items():
        if client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions") == 0:
            wrong.append(f"{name} is throttled: its reserved concurrency is 0")
        configuration = client.get_function_configuration(FunctionName=function)
        if configuration.get("State") == "Failed" or configuration.get("LastUpdateStatus") == "Failed":
            wrong.append(f"{name} cannot start: {configuration.get('LastUpdateStatusReason', 'no reason')}")
    fix = "Remove the reserved concurrency, or deploy the stage again."
    return judged(
        not wrong, "; ".join(wrong) or f"{counted(len(names), 'function')}, none throttled or failed", fix
    )


def _dead_letters(stage: Stage, queue: str) -> Finding:
    found = dead_letters.count(stage, queue)
    fix = f"Show them with: {stage.command('redrive', '--queue', queue, '--dry-run')}"
    held = f", {found.held} of them held by a redrive" if found.held else ""
    return judged(not found.total, f"{found.total} waiting{held}", fix, otherwise="warning")


def _alarms(stage: Stage) -> Finding:
    alarms = dashboard.alarms(stage)
    if not alarms:
        return Finding(
            "warning", "there are no alarms", "Deploy the stage again: without them failures go unnoticed."
        )
    raised = [alarm.name for alarm in alarms if alarm.state == "ALARM"]
    detail = f"in alarm: {', '.join(raised)}" if raised else f"{counted(len(alarms), 'alarm')}, none in alarm"
    fix = "docs/runbook.md has an entry for each, with the command that shows the cause."
    return judged(not raised, detail, fix, otherwise="warning")


def _workflow_log(stage: Stage) -> Finding:
    omission = RunLog(stage).omission
    fix = "Set workflowLogLevel to ALL in cdk.json and deploy the stage again."
    return judged(omission is None, omission or "logs every state of every run", fix, otherwise="warning")
