"""The settings of a stage: typed, with defaults, and with a message for invalid ones."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from stacks.default_stage import named_after
from stacks.stage import Stage, StageError
from tests.stacks.conftest import ROOT


def stage_of(**context: Any) -> Stage:
    return Stage.from_context(context.get)


def of_x(**settings: Any) -> dict[str, Any]:
    """The context of a stage x with these settings."""
    return {"stage": "x", "stages": {"x": settings}}


def certificate(region: str) -> str:
    return f"arn:aws:acm:{region}:111122223333:certificate/11111111-2222-3333-4444-555555555555"


# What a production stage must have.
SAFE = {
    "production": True,
    "alarmEmails": ["operations@example.com"],
    "pointInTimeRecovery": True,
    "removalPolicy": "retain",
}


def test_a_stage_that_cdk_json_does_not_name_has_the_defaults() -> None:
    """A stage can be deployed without editing a file."""
    assert stage_of(stage="sam", stages={"prod": {"authMode": "mfa"}}) == Stage(name="sam")


def test_without_a_name_the_stage_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """`cdk deploy --all` of two developers deploys two stages. Their names are not those of cdk.json."""
    monkeypatch.setenv("LOGNAME", "Ada.Lovelace")
    assert stage_of().name == "ada-lovelace"
    monkeypatch.setenv("LOGNAME", "prod")
    assert stage_of(stages={"prod": {"authMode": "mfa"}}).name == "dev"


@pytest.mark.parametrize(
    ("user", "stage"),
    [
        ("ada", "ada"),
        ("ada@example.com", "ada-example-com"),
        ("EXAMPLE\\ada", "example-ada"),
        ("1-2_grace", "grace"),
        ("a-very-long-user-name-indeed", "a-very-long-user-nam"),
        ("nineteen-letters-ab-c", "nineteen-letters-ab"),
        ("żółć", "dev"),
        ("4711", "dev"),
        ("aws-operator", "dev"),
    ],
)
def test_the_name_of_a_users_stage_is_a_valid_one(user: str, stage: str) -> None:
    """Of a user name that has no such characters, or a word that Cognito does not allow, it is dev."""
    assert named_after(user) == stage
    assert Stage(name=stage).name == stage


def test_cdk_json_overrides_the_defaults_of_the_stage_it_names() -> None:
    """Overrides are written in camelCase."""
    stage = stage_of(stage="prod", stages={"prod": {"authMode": "mfa", "logRetentionDays": 90}})
    assert (stage.auth_mode, stage.log_retention_days) == ("mfa", 90)


def test_a_site_origin_on_the_command_line_is_added() -> None:
    """The local stage passes its port on the command line."""
    overrides = {"local": {"siteOrigins": ["https://chat.example.com"]}}
    stage = stage_of(stage="local", stages=overrides, siteOrigin="http://localhost:4280")
    assert stage.site_origins == ("https://chat.example.com", "http://localhost:4280")


def test_production_needs_a_receiver_of_its_alarms(context: dict[str, Any]) -> None:
    """So that nothing is deployed to users whose faults reach no operator. The message says where to set one."""
    with pytest.raises(StageError, match=r"set alarmEmails.* in stages\.prod of cdk\.json.* -c alarmEmail="):
        stage_of(**context, stage="prod")


def test_a_production_stage_can_be_prepared_to_be_destroyed() -> None:
    """By a deployment without deletion protection."""
    assert not stage_of(**of_x(**SAFE, deletionProtection=False)).deletion_protection


def test_production_protects_data(context: dict[str, Any]) -> None:
    """cdk.json turns on for `prod` what is off for `dev`."""
    stage = stage_of(**context, stage="prod", alarmEmail="operations@example.com")
    assert stage.alarm_emails == ("operations@example.com",)
    assert stage.alarms == "all"
    assert stage.point_in_time_recovery
    assert stage.deletion_protection
    assert stage.removal_policy == "retain"
    assert stage.auth_mode == "mfa"
    assert stage.access_logs
    assert stage.workflow_log_level == "ERROR"
    assert stage.production
    assert stage.firewall_requests_per_address == 10_000


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"stage": "Prod"}, "lower-case letters"),
        ({"stage": "a" * 21}, "1 to 20"),
        ({"stage": "my-aws"}, "Cognito does not allow"),
        ({"stage": "x", "stages": {"x": {"colour": "red"}}}, "'colour'"),
        ({"stage": "x", "stages": {"x": {"auhtMode": "mfa"}}}, "Did you mean 'authMode'?"),
        ({"stage": "x", "stages": {"x": {"authMode": "none"}}}, "authMode"),
        ({"stage": "x", "stages": {"x": {"logRetentionDays": 8}}}, "logRetentionDays"),
        ({"stage": "x", "stages": {"x": {"name": "y"}}}, "'name'"),
        ({"stage": "x", "siteOrigin": "localhost:4280/"}, "without a path"),
        ({"stage": "x", "siteOrigin": "http://chat.example.com"}, "http only for localhost"),
        ({"stage": "x", "siteOrigin": "http://localhost.example.com"}, "http only for localhost"),
        ({"stage": "x", "stages": {"x": {"sesFrom": "Parley"}}}, "'Parley' is not an e-mail address"),
        ({"stage": "x", "stages": {"x": {"sesFrom": "a@example.com"}}}, "sesFrom needs sesRegion"),
        ({"stage": "x", "stages": {"x": {"sesRegion": "eu-west-1"}}}, "sesRegion has no effect without sesFrom"),
        ({"stage": "x", "stages": {"x": {"sesFrom": "a@example.com", "sesRegion": "Ireland"}}}, "like eu-west-1"),
        (
            {
                "stage": "x",
                "stages": {
                    "x": {
                        "sesFrom": "a@example.com",
                        "sesRegion": "eu-west-1",
                        "sesVerifiedDomain": "example.org",
                    }
                },
            },
            "is not in the domain 'example.org'",
        ),
        (of_x(monthlyBudgetUsd=20), "monthlyBudgetUsd needs a receiver; set budgetEmail or alarmEmails"),
        (of_x(budgetEmail="a@example.com"), "budgetEmail has no effect without monthlyBudgetUsd"),
        (of_x(alarms="none", alarmEmails=["a@example.com"]), "alarms 'none' leaves nothing to receive"),
        (of_x(alarmEmails=["operations"]), "'operations' is not an e-mail address"),
        (
            of_x(alarmWebhookParameter="https://hooks.example.com/1"),
            "is not the name of a parameter; use one like",
        ),
        (of_x(accountConcurrency=1), "accountConcurrency: Input should be greater than or equal to 10"),
        (of_x(**SAFE | {"alarmEmails": []}), "must reach an operator; set alarmEmails.* stages.x of cdk.json"),
        (
            {"stage": "x", "stages": {"x": {"monthlyBudgetUsd": 0, "budgetEmail": "a@example.com"}}},
            "greater than 0",
        ),
        ({"stage": "x", "stages": {"x": {"traceSamplePercent": 101}}}, "less than or equal to 100"),
        (of_x(logLevel="LOUD"), "logLevel: Input should be 'DEBUG'"),
        (of_x(siteDomain="Chat.example.com"), "siteDomain: 'Chat.example.com' is not a domain; use one like"),
        (of_x(siteDomain="chat.example.com"), "siteDomain and siteCertificateArn need each other"),
        (of_x(socketDomain="ws.example.com"), "socketDomain and socketCertificateArn need each other"),
        (of_x(siteCertificateArn="mine"), "siteCertificateArn: 'mine' is not a certificate"),
        (of_x(siteDomain="a.example.com", siteCertificateArn=certificate("eu-west-1")), "is not in us-east-1"),
        (of_x(hostedZoneId="Z0123456789"), "hostedZoneId has no effect without siteDomain or socketDomain"),
        (of_x(hostedZoneId="example.com"), "is not a hosted zone; use an id"),
        (
            of_x(
                siteDomain="a.example.com",
                siteCertificateArn=certificate("us-east-1"),
                socketDomain="a.example.com",
                socketCertificateArn=certificate("us-east-1"),
            ),
            "use a second name, like socket.a.example.com",
        ),
        (of_x(firewallRequestsPerAddress=5), "firewallRequestsPerAddress: Input should be greater than"),
        (of_x(siteWebAclArn="arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/b"), "scope CLOUDFRONT"),
        (of_x(framesPerSecond=0), "framesPerSecond: Input should be greater than 0"),
        (of_x(**SAFE | {"authMode": "demo"}), "authMode 'demo' .* production refuses; use 'verified' or 'mfa'"),
        (of_x(**SAFE | {"removalPolicy": "destroy"}), "removalPolicy 'destroy' can lose messages"),
        (of_x(**SAFE | {"pointInTimeRecovery": False}), "use True, or set production to false"),
    ],
)
def test_an_invalid_setting_is_named(context: dict[str, Any], message: str) -> None:
    """The message is one line and names the setting or what to use."""
    with pytest.raises(StageError, match=message) as refusal:
        stage_of(**context)
    assert "\n" not in str(refusal.value)


def test_sign_ups_are_verified_unless_the_stage_says_otherwise(context: dict[str, Any]) -> None:
    """Only the local stage of cdk.json is a demo; nothing else can be reached by other people by mistake."""
    assert Stage(name="sam").auth_mode == "verified"
    modes = {name: values["authMode"] for name, values in context["stages"].items()}
    assert [name for name, mode in modes.items() if mode == "demo"] == ["local"]


def test_users_may_sign_in_from_the_uis_development_server_locally_only(context: dict[str, Any]) -> None:
    """The local stage has its origin, with the port of `ui/vite.config.ts`. No other stage has one with http."""
    port = re.search(r"^ {4}port: (\d+),$", (ROOT / "ui" / "vite.config.ts").read_text(), re.MULTILINE)
    assert port is not None
    origins = {name: stage.get("siteOrigins", []) for name, stage in context["stages"].items()}
    assert origins.pop("local") == [f"http://127.0.0.1:{port[1]}", f"http://localhost:{port[1]}"]
    assert [origin for listed in origins.values() for origin in listed if origin.startswith("http:")] == []


@pytest.mark.parametrize("origin", ["http://localhost:4280", "http://127.0.0.1:4280", "https://chat.example.com"])
def test_site_origins_that_cognito_accepts(origin: str) -> None:
    """Callback addresses with http are accepted for this machine only."""
    assert stage_of(stage="x", siteOrigin=origin).site_origins == (origin,)


def test_the_app_exits_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid name on the command line ends the app with the message."""
    import aws_cdk as cdk

    from app import main

    mistyped = cdk.App(context={"stage": "No!"})
    monkeypatch.setattr(cdk, "App", lambda: mistyped)
    with pytest.raises(SystemExit, match=r"^Stage 'No!' is invalid:"):
        main()


@pytest.mark.thorough
def test_the_app_exits_with_a_message_and_no_traceback() -> None:
    """As a process, as the CDK runs it."""
    outcome = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps({"stage": "No!"})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 1
    assert outcome.stderr.strip().startswith("Stage 'No!' is invalid:")
    assert "Traceback" not in outcome.stderr


def test_a_missing_site_raises_with_what_to_do(context: dict[str, Any], tmp_path: Any) -> None:
    """The message names the command that builds the UI."""
    import aws_cdk as cdk

    from app import add_stacks
    from stacks.packaging import PackagingError

    app = cdk.App(context=context, outdir=str(tmp_path / "out"))
    with pytest.raises(PackagingError, match=r"ui/dist is missing\. Run `make synth`"):
        add_stacks(app, Stage(name="dev"), site=tmp_path)
