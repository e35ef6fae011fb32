"""The GitHub workflow `deploy` and its role: no stored key, no right too many, and a check that can fail it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ROLES_OF_THE_CDK = ("deploy", "file-publishing", "lookup")
"""Not `cfn-exec`, which CloudFormation alone assumes, with rights to everything."""


def parsed(path: Path) -> dict[str, Any]:
    """A YAML file with CloudFormation's short forms (`!Sub`). Fails for duplicate keys."""
    from cfnlint.decode import cfn_yaml  # here, because it takes seconds that other tests need not spend

    content: dict[str, Any] = cfn_yaml.load(str(path))
    return content


@cache
def role() -> dict[str, Any]:
    """The properties of the role in its template."""
    template = parsed(ROOT / ".github" / "aws" / "deploy-role.yaml")
    properties: dict[str, Any] = template["Resources"]["Role"]["Properties"]
    return properties


def statements(policy: str) -> list[dict[str, Any]]:
    """The statements of one of the role's policies."""
    [document] = [each["PolicyDocument"] for each in role()["Policies"] if each["PolicyName"] == policy]
    found: list[dict[str, Any]] = document["Statement"]
    return found


def test_one_environment_of_one_repository_may_assume_the_role():
    """No branch, no fork and no other stage's environment: the subject is compared as a whole."""
    [statement] = role()["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${Repository}:environment:${Stage}"},
        }
    }


@pytest.mark.parametrize(
    ("repository", "is_allowed"),
    [
        ("octo-org/octo.repo", True),
        ("octo-org@123456/octo.repo@456789", True),
        ("octo-org@123456/octo.repo", False),
        ("octo-org/octo.repo@456789", False),
        ("octo-org@*/octo.repo@*", False),
        ("octo-org/*", False),
        ("octo-org@123456/octo.repo@456789:ref:refs/heads/main", False),
    ],
)
def test_a_repository_is_named_with_its_ids_or_without(repository: str, is_allowed: bool):
    """As GitHub names it in the subject: with the ids of owner and repository since July 2026, in older ones
    without. Nothing else, or the subject would match no repository.
    """
    parameters = parsed(ROOT / ".github" / "aws" / "deploy-role.yaml")["Parameters"]
    assert bool(re.fullmatch(parameters["Repository"]["AllowedPattern"], repository)) == is_allowed


def test_the_role_changes_nothing_itself():
    """It may assume the roles of `cdk bootstrap` that a deployment uses."""
    [statement] = statements("deploy")
    assert statement["Action"] == "sts:AssumeRole"
    arns = [resource["Fn::Sub"] for resource in statement["Resource"]]
    prefix = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-${Qualifier}-"
    assert arns == [f"{prefix}{name}-role-${{AWS::AccountId}}-${{AWS::Region}}" for name in ROLES_OF_THE_CDK]


def test_the_role_reads_what_doctor_reads():
    """The actions of the table of rights in docs/operations.md, no more and no fewer."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith(("| `doctor` | `lambda", "| every command | `"))]
    documented = set(re.findall(r"`([a-z-]+:[A-Z]\w+)`", "".join(rows)))
    assert len(rows) == 2
    assert {action for statement in statements("doctor") for action in statement["Action"]} == documented


def test_a_deployment_is_checked_and_uses_no_secret():
    """The last step fails the workflow if the stage is not healthy. Before the deployment, which may be what
    repairs the stage, only the account is checked."""
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")
    job = parsed(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]["deploy"]
    assert "secrets." not in text
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["environment"] == "${{ inputs.stage }}"
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[-3:] == [
        '.venv/bin/parley --stage "$STAGE" doctor --account',
        'make deploy STAGE="$STAGE"',
        '.venv/bin/parley --stage "$STAGE" doctor',
    ]
    assert not any("inputs." in command for command in commands), "an input in a command could be one"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned(path: Path):
    """By commit: a tag can be moved to other code."""
    actions = re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    assert actions
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in actions)
