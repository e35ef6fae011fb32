"""A failed test leaves a folder with its evidence; a passed test leaves nothing."""

from pathlib import Path

import pytest

from tests import evidence

TESTS = """
    from tests import evidence

    def test_fails(request):
        evidence.register(request.node, lambda folder: (folder / "picture.txt").write_text("seen"))
        evidence.register(request.node, lambda folder: 1 / 0)
        assert 1 == 2

    def test_passes(request):
        evidence.register(request.node, lambda folder: (folder / "picture.txt").write_text("seen"))
"""


@pytest.mark.slow
def test_a_failure_is_collected_and_its_folder_printed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The folder holds the failure's text and what fixtures registered; a part that failed is listed."""
    monkeypatch.setattr(evidence, "FAILURES", tmp_path / "failures")
    pytester.makepyfile(test_it=TESTS)
    result = pytester.runpytest_inprocess("-p", "tests.evidence", "-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    [folder] = (tmp_path / "failures").iterdir()
    assert folder.name == "test_it.test_fails"
    assert "assert 1 == 2" in (folder / "failure.txt").read_text()
    assert (folder / "picture.txt").read_text() == "seen"
    assert result.stdout.str().count(str(folder)) == 2, "with the failure and at the end"
    result.stdout.fnmatch_lines(["*not collected: a fixture's evidence: ZeroDivisionError*"])


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("431519a8-d9a9-55ce-9a93-41b3e1f2585a is missing", ["431519a8-d9a9-55ce-9a93-41b3e1f2585a"]),
        ("the run 94da8014-9c84-4042-9816-86237ec7ef54", []),
    ],
)
def test_message_ids_are_distinguished_from_other_ids(text: str, ids: list[str]):
    """Only message ids match, which are UUIDs of version 5; run and event ids are of another version."""
    assert evidence.MESSAGE_ID.findall(text) == ids
