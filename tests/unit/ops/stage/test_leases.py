"""Leases: one command at a time, also after one was killed."""

import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.stage import leases
from ops.stage.leases import LeaseError
from ops.stage.stage import Stage
from tests.unit.ops.stages import call_one_at_a_time, stage_with_leases
from tests.waiting import DEADLINE_SECONDS


@pytest.fixture(scope="module")
def account() -> Iterator[boto3.Session]:
    """One simulated account for all tests."""
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


@pytest.fixture
def stage(account: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage with a table of tickets; leases are renewed and looked at often."""
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(leases, "POLL_SECONDS", 0.01)
    call_one_at_a_time(monkeypatch)
    return stage_with_leases(account)


def row(stage: Stage) -> dict[str, Any] | None:
    """The row of the lease."""
    table = stage.table("Tickets")
    found = table.get_item(Key={"ticketHash": "lease#work"}).get("Item")
    return dict(found) if found else None


def test_one_command_at_a_time_holds_a_lease(stage: Stage):
    """The others wait, and learn who holds it; a lease that has ended leaves no row."""
    at_work: list[int] = []
    most: list[int] = []
    notes: list[str] = []

    def work(number: int) -> None:
        with leases.hold(stage, "work", max_wait_seconds=DEADLINE_SECONDS, on_wait=notes.append):
            at_work.append(number)
            most.append(len(at_work))
            threading.Event().wait(0.05)
            at_work.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert most == [1, 1, 1]
    assert "is at work. Waiting until it ends, or until" in notes[0]
    assert row(stage) is None


@pytest.mark.slow
def test_the_lease_of_a_killed_command_ends(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Its row does not change any more. While a command works, its row changes."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.2)
    killed = leases._acquire(stage, "lease#work", 1, lambda _: None)
    with leases.hold(stage, "work", max_wait_seconds=DEADLINE_SECONDS, on_wait=lambda _: None) as lease:
        assert lease.previous is not None
        assert "Process" in lease.previous
        monkeypatch.setattr(leases, "LEASE_SECONDS", 1_000)
        killed.release()
        assert row(stage) is not None
        with pytest.raises(LeaseError, match="is still at work"):
            leases._acquire(stage, "lease#work", 0.1, lambda _: None)
        lease.require()


def test_a_command_that_lost_its_lease_knows(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Its machine was suspended for longer than the lease, and another command has taken it."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.0)
    suspended = leases._acquire(stage, "lease#work", 1, lambda _: None)
    leases._acquire(stage, "lease#work", 1, lambda _: None)
    suspended.renew()
    with pytest.raises(LeaseError, match="another has taken over"):
        suspended.require()
