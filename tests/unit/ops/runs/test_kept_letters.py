"""A dead letter that is kept in a file, and put back from there."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from ops.errors import BadRequestError
from ops.runs import dead_letters, kept_letters
from ops.stage.stage import Stage
from tests.unit.ops.stages import stage_with_dead_letters


@pytest.fixture
def queue() -> Iterator[Stage]:
    """A stage with nothing but a dead-letter queue of deliveries, which holds one dead letter."""
    with mock_aws():
        yield stage_with_dead_letters(boto3.Session(), "one\u2028two")


def test_a_dead_letter_returns_as_it_was(queue: Stage, tmp_path: Path):
    """Whatever characters its body has."""
    [letter] = dead_letters.read(queue, "delivery")
    kept_letters.discard(queue, letter, tmp_path / "f")
    assert dead_letters.count(queue, "delivery").total == 0
    assert [one.message_id for one in kept_letters.restore(queue, tmp_path / "f")] == [letter.message_id]
    assert [one.body for one in dead_letters.read(queue, "delivery")] == ["one\u2028two"]


def test_a_dead_letter_that_cannot_be_kept_stays_in_its_queue(queue: Stage, tmp_path: Path):
    """The file is an invalid argument."""
    [letter] = dead_letters.read(queue, "delivery")
    with pytest.raises(BadRequestError, match="Cannot write"):
        kept_letters.discard(queue, letter, tmp_path / "no folder" / "f")
    assert dead_letters.count(queue, "delivery").total == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"no JSON",
        b"[]",
        json.dumps({"queue": "delivery", "body": "b", "attributes": {}}).encode(),
        json.dumps({"queue": "nope", "body": "b", "attributes": {}, "messageId": "m"}).encode(),
    ],
)
def test_a_file_without_dead_letters_is_refused(queue: Stage, tmp_path: Path, content: bytes):
    """Nothing is put back, with the name of the file."""
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(BadRequestError, match=str(tmp_path / "f")):
        list(kept_letters.restore(queue, tmp_path / "f"))
    assert dead_letters.count(queue, "delivery").total == 1
