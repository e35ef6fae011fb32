"""The alarms of a stage: complete, with an entry in the runbook, and notified to those whom the settings name."""

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest

from local.emulator.cloudwatch.metric_math import Series, evaluate
from ops.metrics.dashboard import UNHEALTHY
from tests.guarantees.alarms import ONLY_METRIC
from tests.guarantees.incidents import INCIDENTS
from tests.stacks.conftest import ROOT, Resource, Synthesised, named

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
ANCHOR = re.compile(r"docs/runbook\.md#([\w-]+)$")
COMMAND = re.compile(r"```bash\n(.+?)```", re.DOTALL)
ALARM_TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
# The functions that users and the workflow wait for, and the one that posts status updates.
FUNCTIONS = 10


def alarms(stage: Synthesised) -> dict[str, Resource]:
    """The properties of every alarm, composite ones too, by its name without `Alarm` and the CDK's suffix."""
    return {
        re.sub(r"Alarm[0-9A-F]{8}$", "", key.split(".")[1]): resource["Properties"]
        for key, resource in stage.all_resources("Observability")
        if resource["Type"] in ALARM_TYPES
    }


def entries() -> dict[str, str]:
    """The text of each entry of the runbook, by its anchor."""
    text = RUNBOOK.partition("## What was tried")[0]
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-"): text
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_every_alarm_links_its_entry_and_every_entry_has_an_alarm(prod: Synthesised, full: Synthesised) -> None:
    """The budget is not an alarm of CloudWatch."""
    linked = set()
    for stage in (prod, full):
        for key, resource in stage.all_resources():
            if resource["Type"] in ALARM_TYPES:
                anchor = ANCHOR.search(resource["Properties"]["AlarmDescription"])
                assert anchor, key
                linked.add(anchor[1])
    assert linked == set(entries()) - {"budget"}


def test_an_entry_names_its_alarms(prod: Synthesised, full: Synthesised) -> None:
    """Each alarm's name is in its entry; those of each function as `…Errors`."""
    for name, alarm in (alarms(prod) | alarms(full)).items():
        anchor = ANCHOR.search(alarm["AlarmDescription"])
        assert anchor
        text = entries()[anchor[1]]
        suffix = re.sub(r"^.*(Errors|Throttles|Duration)$", r"…\1", name)
        assert f"`{name}`" in text or f"`{suffix}`" in text, name


@pytest.mark.parametrize("anchor", entries())
def test_an_entry_has_a_command_to_look_and_says_how_to_repair(anchor: str) -> None:
    """The commands are those of `parley`, `make` and `aws`."""
    text = entries()[anchor]
    look, _, repair = text.partition("Repair")
    assert "Look:" in look
    assert COMMAND.search(look), "no command to look"
    assert repair
    for block in COMMAND.findall(text):
        for line in block.replace("\\\n", " ").strip().splitlines():
            assert line.split()[0] in ("parley", "make", "aws"), line


def test_every_alarm_is_raised_by_an_incident_or_has_a_reason(prod: Synthesised) -> None:
    """The table of docs/incidents.md, whose incidents are practised on a local stage."""
    practised = {alarm for incident in INCIDENTS for alarm in incident.alarms}
    assert not practised & ONLY_METRIC.keys()
    assert practised | ONLY_METRIC.keys() == set(alarms(prod))


def test_the_runbook_names_the_commands_of_the_incidents(prod: Synthesised) -> None:
    """Those that find the fault by which an alarm is raised, and those that repair it."""
    for incident in INCIDENTS:
        for name in incident.alarms:
            anchor = ANCHOR.search(alarms(prod)[name]["AlarmDescription"])
            assert anchor
            look, _, repair = entries()[anchor[1]].partition("Repair")
            found, repaired = commands(look), commands(repair)
            assert commands_of(incident.find) & found, (incident.fault, name, found)
            assert commands_of(incident.repair) <= repaired, (incident.fault, name, repaired)


def commands(text: str) -> set[str]:
    """The names of the commands of `parley` in the blocks of a text."""
    lines = [line for block in COMMAND.findall(text) for line in block.splitlines()]
    return commands_of(line.removeprefix("parley ") for line in lines if line.startswith("parley "))


def commands_of(lines: Iterable[str]) -> set[str]:
    """The names of these commands of `parley`, without options."""
    return {re.split(r" (?:--|\{|[A-Z])", line)[0] for line in lines}


def test_a_stage_has_the_essential_alarms_and_production_has_all(
    dev: Synthesised, prod: Synthesised, full: Synthesised
) -> None:
    """Each costs ten cents a month and metric."""
    essential = {
        "DeliveryDeadLetters",
        "StatusDeadLetters",
        "ReplayDeadLetters",
        "StatusAge",
        "WorkflowFailed",
        "WorkflowTimedOut",
    }
    assert set(alarms(dev)) == essential
    # Only a stage with a webhook has the function that may lose a notification.
    assert set(alarms(full)) == essential | {"LostNotifications"}
    others = set(alarms(prod)) - essential
    per_function = {
        name for name in others if re.search(r"(?<!Rest)(?<!Socket)(Errors|Throttles|Duration)$", name)
    }
    assert len(per_function) == 3 * FUNCTIONS
    assert others - per_function == {
        "DeliveryDeadLettersGrow",
        "StatusDeadLettersGrow",
        "WorkflowStarts",
        "Concurrency",
        "RestErrors",
        "RestRefusals",
        "SocketErrors",
        "Unhealthy",
    }


def test_missing_data_never_raises_an_alarm(stage: Synthesised) -> None:
    """Most metrics have no data while nothing happens."""
    for name, alarm in alarms(stage).items():
        if name != "Unhealthy":
            assert alarm["TreatMissingData"] == "notBreaching", name
            assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold", name


def expression(alarm: Resource) -> str:
    """What is compared with the threshold."""
    (found,) = (metric["Expression"] for metric in alarm["Metrics"] if metric.get("ReturnData", True))
    return str(found)


def test_a_share_of_few_calls_raises_nothing(prod: Synthesised) -> None:
    """One error in ten calls is 10 %."""
    shares = [alarm for name, alarm in alarms(prod).items() if name.endswith(("Errors", "RestRefusals"))]
    for alarm in shares:
        if alarm["Threshold"] in (1, 25):
            assert expression(alarm) == "IF(whole >= 20, 100 * part / whole, 0)"


def test_an_error_that_a_function_answers_counts_as_one_that_it_raises(prod: Synthesised) -> None:
    """A period has values of the first only where there were such errors."""
    for name, alarm in alarms(prod).items():
        if name.endswith("Errors") and name not in ("RestErrors", "SocketErrors"):
            parts = {each["Id"]: each for each in alarm["Metrics"]}
            assert parts["raised"]["MetricStat"]["Metric"]["MetricName"] == "Errors"
            answered = parts["answered"]["MetricStat"]["Metric"]
            assert answered["MetricName"] == "UnexpectedErrors"
            assert answered["Dimensions"] == parts["raised"]["MetricStat"]["Metric"]["Dimensions"]
            values: dict[str, Series] = {"raised": {0: 1.0, 60: 0.0}, "answered": {0: 2.0}}
            assert evaluate(parts["part"]["Expression"], values, [0, 60]) == {0: 3.0, 60: 0.0}, name


def test_one_kind_of_error_of_sockets_is_enough(prod: Synthesised) -> None:
    """CloudWatch has values of a metric only where there were such errors, and no sum without both."""
    errors = {
        each["Id"]: {} if each["Id"] == "execution" else {0: 5.0}
        for each in alarms(prod)["SocketErrors"]["Metrics"]
        if "MetricStat" in each
    }
    assert evaluate(expression(alarms(prod)["SocketErrors"]), errors, [0]) == {0: 5.0}


def test_starts_of_the_workflow_that_are_refused_raise_an_alarm(prod: Synthesised) -> None:
    """EventBridge counts them, for the rule that starts it. ExecutionThrottled is of state transitions, whose rate
    AWS limits for Standard workflows only.
    """
    alarm = alarms(prod)["WorkflowStarts"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Events", "RetryInvocationAttempts")
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    assert set(dimensions) == {"EventBusName", "RuleName"}
    (rule,) = (
        each["Properties"]
        for each in prod.resources("AWS::Events::Rule", "Delivery").values()
        if "RoleArn" in each["Properties"]["Targets"][0]
    )
    assert dimensions["RuleName"] == rule["Name"]
    assert "ExecutionThrottled" not in json.dumps(prod.templates)


def test_a_notification_that_cannot_be_posted_raises_an_alarm(full: Synthesised) -> None:
    """SNS calls the function asynchronously: Lambda repeats a failed call twice, and then drops it."""
    alarm = alarms(full)["LostNotifications"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "AsyncEventsDropped")
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
    (dimension,) = alarm["Dimensions"]
    assert dimension["Name"] == "FunctionName"
    assert "NotifyAlarm" in named(dimension["Value"])


def test_concurrency_that_is_reserved_elsewhere_counts_as_used(prod: Synthesised) -> None:
    """Of the account's quota, no function of Parley gets what other functions have reserved or provisioned."""
    alarm = alarms(prod)["Concurrency"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "ClaimedAccountConcurrency")
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 800)
    assert "Dimensions" not in alarm


def test_durations_are_compared_with_the_functions_timeout(prod: Synthesised) -> None:
    """80 % of it, by the 99th percentile."""
    timeouts = {
        properties["Handler"].split(".")[2].replace("_", ""): properties["Timeout"]
        for resource in prod.resources("AWS::Lambda::Function").values()
        if (properties := resource["Properties"]).get("Handler", "").startswith("functions.handlers.")
    }
    found = {
        name.removesuffix("Duration").lower(): alarm
        for name, alarm in alarms(prod).items()
        if name.endswith("Duration")
    }
    assert len(found) == FUNCTIONS
    for handler, alarm in found.items():
        assert alarm["ExtendedStatistic"] == "p99"
        assert alarm["Threshold"] == timeouts[handler] * 800, handler


def test_one_alarm_stands_for_everything_that_users_notice(dev: Synthesised, prod: Synthesised) -> None:
    """Late presence and a stopped replay are not among it."""
    rule = named(alarms(prod)["Unhealthy"]["AlarmRule"])
    for part in (
        "DeliveryDeadLettersAlarm",
        "WorkflowFailedAlarm",
        "WorkflowTimedOutAlarm",
        "WorkflowStartsAlarm",
        "SendMessageErrorsAlarm",
        "SendMessageThrottlesAlarm",
        "RestErrorsAlarm",
        "SocketErrorsAlarm",
    ):
        assert part in rule
    for part in ("StatusDeadLetters", "StatusAge", "ReplayDeadLetters", "Duration", "RestRefusals"):
        assert part not in rule
    assert "Unhealthy" not in alarms(dev)


def test_the_tools_find_the_alarms_by_name(stage: Synthesised) -> None:
    """CloudFormation's names begin with that of the stack; only the alarm for the whole chat has another."""
    given = {name: alarm["AlarmName"] for name, alarm in alarms(stage).items() if "AlarmName" in alarm}
    assert given == ({UNHEALTHY: f"Parley-prod-{UNHEALTHY}"} if stage.stage == "prod" else {})


def test_alarms_notify_the_receivers_of_the_settings(
    dev: Synthesised, prod: Synthesised, full: Synthesised
) -> None:
    """When they are raised and when they end; a stage without receivers has no topic."""
    assert not any("AlarmActions" in alarm for alarm in alarms(dev).values())
    for stage, protocols in ((prod, ["email"]), (full, ["email", "email", "lambda"])):
        ((topic, _),) = stage.resources("AWS::SNS::Topic").items()
        for name, alarm in alarms(stage).items():
            for action in ("AlarmActions", "OKActions"):
                assert [named(each) for each in alarm[action]] == [f"<{topic.split('.')[1]}>"], name
        subscriptions = [each["Properties"] for each in stage.resources("AWS::SNS::Subscription").values()]
        assert sorted(each["Protocol"] for each in subscriptions) == protocols
    assert {each["Endpoint"] for each in subscriptions if each["Protocol"] == "email"} == {
        "one@example.com",
        "two@example.com",
    }


def email_subscriptions(addresses: list[str]) -> dict[str, str]:
    """The addresses that a stage with this setting subscribes, by logical id."""
    import aws_cdk as cdk
    from aws_cdk.assertions import Template

    from stacks.alarm_topic import add_alarm_topic
    from stacks.stack import StageStack
    from stacks.stage import Stage

    app = cdk.App()
    stack = StageStack(app, "Alarms", stage=Stage(name="dev", alarm_emails=tuple(addresses)), description="alarms")
    add_alarm_topic(stack)
    found = Template.from_stack(stack).find_resources("AWS::SNS::Subscription")
    return {logical_id: each["Properties"]["Endpoint"] for logical_id, each in found.items()}


def test_an_address_keeps_its_subscription_when_the_list_changes() -> None:
    """Another id would make CloudFormation unsubscribe it: to subscribe it twice has no effect."""
    both = email_subscriptions(["one@example.com", "two@example.com"])
    assert email_subscriptions(["two@example.com"]).items() <= both.items()
    assert email_subscriptions(["two@example.com", "one@example.com"]) == both


def test_an_address_that_is_named_twice_is_subscribed_once() -> None:
    """Also in capitals."""
    assert list(email_subscriptions(["One@example.com", "one@example.com"]).values()) == ["one@example.com"]


def test_only_alarms_and_budgets_of_the_account_publish_to_the_topic(full: Synthesised) -> None:
    """And nothing publishes without TLS."""
    (policy,) = full.resources("AWS::SNS::TopicPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    (statement,) = allowed
    assert set(statement["Principal"]["Service"]) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert any(
        statement["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(statement)
        for statement in statements
    )


def test_the_webhooks_function_reads_its_parameter_alone(full: Synthesised) -> None:
    """The address of the webhook is in no template."""
    ((_, function),) = (
        (key, resource["Properties"])
        for key, resource in full.resources("AWS::Lambda::Function").items()
        if resource["Properties"].get("Handler") == "functions.handlers.notify_alarm.handler"
    )
    assert function["Environment"]["Variables"]["PARLEY_WEBHOOK_PARAMETER"] == "/parley/full/alarm-webhook"
    rights = [
        statement
        for policy in full.resources("AWS::IAM::Policy", "Observability").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "ssm:GetParameter" in str(statement["Action"])
    ]
    (right,) = rights
    assert named(right["Resource"]).endswith(":parameter/parley/full/alarm-webhook")


def budget_subscribers(stage: Synthesised) -> list[dict[str, Any]]:
    (budget,) = stage.resources("AWS::Budgets::Budget").values()
    notifications = budget["Properties"]["NotificationsWithSubscribers"]
    assert [each["Notification"]["Threshold"] for each in notifications] == [80, 100, 100]
    found: list[dict[str, Any]] = notifications[0]["Subscribers"]
    return found


def test_a_budget_notifies_the_receivers_of_alarms_too(full: Synthesised) -> None:
    """By the same topic."""
    kinds = {each["SubscriptionType"]: named(each["Address"]) for each in budget_subscribers(full)}
    assert kinds["EMAIL"] == "owner@example.com"
    assert "AlarmNotifications" in kinds["SNS"]
