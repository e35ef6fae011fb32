"""A stage's settings: typed, defaulted, and refused in a sentence."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from stacks.stage import Stage, StageError
from tests.stacks.conftest import ROOT


def stage_of(**context: Any) -> Stage:
    return Stage.from_context(context.get)


def test_a_stage_that_cdk_json_does_not_name_has_the_defaults() -> None:
    """Anybody may deploy a stage of their own without editing a file."""
    assert stage_of(stage="sam", stages={"prod": {"authMode": "mfa"}}) == Stage(name="sam")


def test_without_a_name_the_stage_is_dev() -> None:
    """`cdk deploy --all` alone deploys dev."""
    assert stage_of().name == "dev"


def test_cdk_json_overrides_the_defaults_of_the_stage_it_names() -> None:
    """Overrides are written in cdk.json's own spelling."""
    found = stage_of(stage="prod", stages={"prod": {"authMode": "mfa", "logRetentionDays": 90}})
    assert (found.auth_mode, found.log_retention_days) == ("mfa", 90)


def test_a_site_origin_on_the_command_line_adds_to_those_of_cdk_json() -> None:
    """The local stage says its port on the command line."""
    overrides = {"local": {"siteOrigins": ["https://chat.example.com"]}}
    found = stage_of(stage="local", stages=overrides, siteOrigin="http://localhost:4280")
    assert found.site_origins == ("https://chat.example.com", "http://localhost:4280")


def test_production_protects_what_people_wrote(context: dict[str, Any]) -> None:
    """cdk.json's `prod` has on what `dev` has off."""
    found = stage_of(**context, stage="prod")
    assert found.point_in_time_recovery
    assert found.deletion_protection
    assert found.removal_policy == "retain"
    assert found.auth_mode == "mfa"
    assert found.access_logs
    assert found.workflow_log_level == "ERROR"


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"stage": "Prod"}, "lower-case letters"),
        ({"stage": "a" * 21}, "1 to 20"),
        ({"stage": "my-aws"}, "Cognito does not allow"),
        ({"stage": "x", "stages": {"x": {"colour": "red"}}}, "'colour'"),
        ({"stage": "x", "stages": {"x": {"authMode": "none"}}}, "authMode"),
        ({"stage": "x", "stages": {"x": {"logRetentionDays": 8}}}, "logRetentionDays"),
        ({"stage": "x", "stages": {"x": {"name": "y"}}}, "'name'"),
        ({"stage": "x", "siteOrigin": "localhost:4280/"}, "without a path"),
    ],
)
def test_what_cannot_be_is_refused_by_name(context: dict[str, Any], said: str) -> None:
    """The sentence names the setting, so that it can be found and mended."""
    with pytest.raises(StageError, match=said) as refusal:
        stage_of(**context)
    assert "\n" not in str(refusal.value)


def test_the_app_ends_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error on the command line ends the app with what is wrong."""
    import aws_cdk as cdk

    from app import main

    mistyped = cdk.App(context={"stage": "No!"})
    monkeypatch.setattr(cdk, "App", lambda: mistyped)
    with pytest.raises(SystemExit, match=r"^Stage 'No!' is invalid:"):
        main()


@pytest.mark.thorough
def test_the_app_ends_with_one_sentence_and_no_traceback() -> None:
    """As a process, as the CDK runs it: no stack trace either."""
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


def test_the_app_says_how_to_build_a_missing_site(context: dict[str, Any], tmp_path: Any) -> None:
    """Synthesis without the built UI names the command that builds it."""
    import aws_cdk as cdk

    from app import add_stacks
    from stacks.packaging import PackagingError

    app = cdk.App(context=context, outdir=str(tmp_path / "out"))
    with pytest.raises(PackagingError, match=r"ui/dist is missing\. Run `make synth`"):
        add_stacks(app, Stage(name="dev"), site=tmp_path)
