"""Every mode and flag of a stage can be synthesised, without findings of cdk-nag and cfn-lint.

The stages `dev`, `prod` and `full` are synthesised for the other tests. Those below have the values that are left:
each value is in one of them, together with values that no other stage combines.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from stacks.stage import Stage
from tests.stacks.conftest import ALARM_RECEIVER, CERTIFICATES, FULL, ROOT, synthesise

MATRIX: dict[str, dict[str, Any]] = {
    "mfa-public": {
        "authMode": "mfa",
        "logLevel": "WARNING",
        "workflowLogLevel": "FATAL",
        "firewallRequestsPerAddress": 100,
        "siteDomain": "chat.example.com",
        "siteCertificateArn": f"{CERTIFICATES.format('us-east-1')}/11111111-2222-3333-4444-555555555555",
        "pointInTimeRecovery": True,
        "inspector": False,
    },
    "demo-quiet": {
        "authMode": "demo",
        "alarms": "none",
        "logLevel": "ERROR",
        "workflowLogLevel": "OFF",
        "threatProtection": True,
        "deletionProtection": True,
        "firewallRequestsPerAddress": 2000,
        "socketDomain": "socket.example.com",
        "socketCertificateArn": f"{CERTIFICATES.format('eu-west-1')}/66666666-7777-8888-9999-000000000000",
        "removalPolicy": "destroy",
    },
    "kept-plain": {
        "alarms": "all",
        "alarmWebhookParameter": "/parley/alarm-webhook",
        "monthlyBudgetUsd": 5,
        "removalPolicy": "retain",
        "accessLogs": True,
        "workflowLogLevel": "ERROR",
        "sesFrom": "chat@example.com",
        "sesRegion": "eu-west-1",
        "traceSamplePercent": 0,
        "siteOrigins": ["https://chat.example.com"],
    },
}
# What synthesis alone cannot show: the layer of the local stage is built on this machine.
LEFT_OUT = {"layer_platform"}


def values(annotation: Any, settings: list[Any]) -> tuple[set[Any], set[Any]]:
    """The kinds of value that a setting has in some stages, and all that its type allows."""
    if get_origin(annotation) is Literal and all(isinstance(value, str) for value in get_args(annotation)):
        return set(settings), set(get_args(annotation))
    if annotation is bool:
        return set(settings), {True, False}
    if type(None) in get_args(annotation):
        return {value is None for value in settings}, {True, False}
    return set(), set()


def test_every_value_of_a_mode_or_flag_is_in_a_stage(context: dict[str, Any]) -> None:
    """Of those that are synthesised here or for the other tests; optional settings with and without a value."""
    stages = {"dev": {}, "full": FULL, "prod": context["stages"]["prod"]} | MATRIX
    settings = [Stage.from_context({"stage": name, "stages": stages}.get) for name in stages if name != "prod"]
    settings.append(Stage.from_context({"stage": "prod", "stages": stages, **ALARM_RECEIVER}.get))
    for name, field in Stage.model_fields.items():
        if name not in LEFT_OUT:
            used, allowed = values(field.annotation, [getattr(stage, name) for stage in settings])
            assert used == allowed, name


@pytest.mark.thorough
def test_every_stage_of_the_matrix_passes_cdk_nag_and_cfn_lint(
    site: Path, context: dict[str, Any], tmp_path: Path
) -> None:
    """An unacknowledged finding of cdk-nag fails the synthesis."""
    templates: list[str] = []
    for name in MATRIX:
        stage = synthesise(name, site, context | {"stages": MATRIX}, tmp_path / name)
        templates += [str(path) for path in sorted(stage.folder.glob("*.template.json"))]
    assert len(templates) == 8 * len(MATRIX)
    command = [str(Path(sys.executable).with_name("cfn-lint")), *templates]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (outcome.stdout, outcome.returncode) == ("", 0), outcome.stderr
