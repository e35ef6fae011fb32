"""An upgrade of a stage from the last release keeps everything that holds data."""

import copy
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import ROOT, Synthesised
from tests.stacks.stateful import FIXED, Stateful, lost, newest_release, stateful, synthesised, version_of

TABLE, QUEUE = "AWS::DynamoDB::Table", "AWS::SQS::Queue"


@pytest.fixture(scope="module")
def now(prod: Synthesised) -> Stateful:
    """What holds data in the templates of production."""
    return stateful(prod.all_resources())


def test_an_upgrade_from_the_last_release_keeps_what_holds_data(now: Stateful) -> None:
    """No table, user pool, bucket, bus, archive, queue or log group of it is removed or replaced.

    If it must be, see docs/operations.md, and move the data first.
    """
    released = newest_release()
    assert {resource["Type"] for resource in released.values()} >= FIXED.keys() - {"AWS::KMS::Key"}
    assert lost(released, now) == {}


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        (TABLE, {"TableName": "messages"}, "replaced, because of TableName"),
        (TABLE, {"KeySchema": []}, "replaced, because of KeySchema"),
        (QUEUE, {"QueueName": "status"}, "replaced, because of QueueName"),
        ("AWS::Cognito::UserPool", {"UsernameAttributes": ["email"]}, "replaced, because of UsernameAttributes"),
    ],
)
def test_a_replacement_is_found(prod: Synthesised, now: Stateful, kind: str, change: Any, reason: str) -> None:
    """By a property that cannot be changed."""
    key, resource = next((key, copy.deepcopy(each)) for key, each in prod.all_resources() if each["Type"] == kind)
    resource["Properties"] |= change
    assert lost(now, now | stateful([(key, resource)])) == {key: reason}


def test_a_change_in_place_and_a_new_resource_are_none(prod: Synthesised, now: Stateful) -> None:
    """Nor is a resource without data."""
    key, resource = next((key, copy.deepcopy(each)) for key, each in prod.all_resources() if each["Type"] == QUEUE)
    resource["Properties"] |= {"VisibilityTimeout": 7}
    assert lost(now, now | stateful([(key, resource), ("Data.New", resource)])) == {}


def test_another_logical_id_is_a_removal(now: Stateful) -> None:
    """The new resource is empty."""
    (key, *_) = now
    assert lost(now, {f"{name}2" if name == key else name: each for name, each in now.items()}) == {key: "removed"}


@pytest.mark.thorough
def test_an_upgrade_from_the_last_tag_keeps_what_holds_data(now: Stateful, tmp_path: Path) -> None:
    """From the templates that the tagged version synthesises; without a tag, those of this commit."""
    assert lost(synthesised(checked_out(newest_tag() or "HEAD", tmp_path)), now) == {}


def newest_tag() -> str | None:
    """The tag of the newest release."""
    tags = git("tag", "--list", "v*").split()
    return max(tags, key=version_of, default=None)


def checked_out(revision: str, folder: Path) -> Path:
    """The files of a revision, in a folder."""
    archive = folder / "revision.tar"
    git("archive", "--output", str(archive), revision)
    with tarfile.open(archive) as files:
        files.extractall(folder / "app", filter="data")
    return folder / "app"


def git(*arguments: str) -> str:
    """Run git in the repository."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout
