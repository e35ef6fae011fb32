"""A command that changes a stage notices another operator at the same work."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.contract.model import timestamp
from functions.contract.operations import OperationStarted
from ops import times
from ops.stage import operations
from ops.stage.operations import RUNNING_SECONDS
from ops.stage.stage import Stage
from tests.unit.ops.stages import stage_with_leases

NOW_MS = 1_800_000_000_000


@pytest.fixture(scope="module")
def account() -> Iterator[boto3.Session]:
    """One simulated account for all tests."""
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.fixture
def stage(account: boto3.Session) -> Stage:
    """A stage on which no command runs."""
    return stage_with_leases(account)


def running(stage: Stage, operator: str) -> operations._Running:
    """The row of the command `redrive` of an operator."""
    started = OperationStarted(
        operation_id=f"of {operator}",
        operator=operator,
        command="redrive",
        options={},
        started_at=timestamp(times.now()),
    )
    return operations._Running(stage, "redrive", started)


def rows(stage: Stage) -> list[Any]:
    """Who runs commands."""
    return [row["operator"] for row in stage.table("Tickets").scan()["Items"]]


@pytest.mark.parametrize(("later_ms", "is_warned"), [(-1_000, True), (0, False)], ids=["in time", "expired"])
def test_a_second_operator_is_warned_until_the_row_of_the_first_expires(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, later_ms: int, is_warned: bool
):
    """The first may have been killed. Only the row of the command itself is deleted at its end."""
    warnings: list[str] = []
    monkeypatch.setattr(times, "now", lambda: NOW_MS)
    first = running(stage, "ann")
    assert first.begin(warnings.append) is None
    monkeypatch.setattr(times, "now", lambda: NOW_MS + RUNNING_SECONDS * 1000 + later_ms)
    second = running(stage, "ben")
    sentence = second.begin(warnings.append)
    assert (sentence is not None) is is_warned
    assert sentence is None or sentence.startswith("ann has run 'parley redrive' since 2027-01-15T08:00:00.000Z")
    first.end()
    assert rows(stage) == ["ben"]
    second.end()
    assert rows(stage) == []
    assert warnings == []
