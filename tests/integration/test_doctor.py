"""`parley doctor` on a stage that runs: its checks, and one message there and back."""

from typing import Any

import pytest

from tests.integration.commands import run_ops_process
from tests.local_stage import TestStage


def test_a_message_is_sent_received_and_traced(stage: TestStage):
    """Every check of the stage is ok, the message has a connected trace, and the temporary user is removed.

    They are a member of no channel any more: a stage that is checked every day would count them in `general`.
    """
    before = members(stage)
    result = run_ops_process(stage, "doctor", "--send", "--json")
    checks: dict[str, dict[str, Any]] = {check["name"]: check for check in result.json}
    names = ("stage", "site", "config.json", "REST API", "sign-in pages", "archive", "rules", "workflow log")
    assert {name: checks[name]["status"] for name in names} == dict.fromkeys(names, "ok"), result.out
    assert checks["message"]["status"] == "ok", checks["message"]
    assert checks["message's trace"]["status"] == "ok", checks["message's trace"]
    assert result.code == 0
    users = [user.username for user in stage.stage.user_pool.list_users()]
    assert not [name for name in users if name.startswith("parley-doctor-")]
    names_in_directory = [row.get("displayName") for row in stage.table("Users").scan()["Items"]]
    assert "Parley doctor" not in names_in_directory
    assert members(stage) <= before


def members(stage: TestStage) -> set[str]:
    """The ids of the users who are members of any channel."""
    return {str(row["userId"]) for row in stage.table("Members").scan(ConsistentRead=True)["Items"]}


@pytest.mark.thorough
def test_in_a_pipe_each_check_is_one_line(stage: TestStage):
    """Status, check, what was found and what to do, separated by tabs."""
    result = run_ops_process(stage, "doctor")
    lines = [line.split("\t") for line in result.out.splitlines()]
    assert {fields[0] for fields in lines} <= {"ok", "warning", "failed"}
    assert "account" in {fields[1] for fields in lines}
