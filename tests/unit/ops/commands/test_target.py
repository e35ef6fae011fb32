"""The stage that a command is for."""

from pathlib import Path
from typing import Any

import pytest

from ops.commands.cli import Target
from ops.stage import sessions
from ops.stage.stage import Stage
from tests.unit.ops.stages import deployed_stage


def test_a_stage_is_looked_for_in_the_account_of_the_profile_and_region(monkeypatch: pytest.MonkeyPatch):
    """Another account may have a stage of the same name. It is found once."""
    asked: list[Any] = []

    def find(*arguments: Any, **options: Any) -> Stage:
        asked.append((arguments, options))
        return deployed_stage()

    monkeypatch.setattr(Stage, "find", find)
    monkeypatch.setattr(sessions, "of_operator", lambda *arguments: asked.append(arguments))
    target = Target("dev", Path("state"), profile="chat", region="eu-west-1")
    assert target.stage is target.stage
    assert asked == [(("dev", Path("state")), {"profile": "chat", "region": "eu-west-1"})]
    _ = target.session
    assert asked[1:] == [("chat", "eu-west-1")]
