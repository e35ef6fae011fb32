"""Detecting changed inputs of a deployment and stale builds."""

import os
from pathlib import Path

from local.fingerprint import fingerprint, is_stale

NAMES = ("app.py", "stacks")
SETTINGS = {"siteOrigin": "http://localhost:1"}


def tree(root: Path) -> Path:
    (root / "stacks").mkdir()
    (root / "app.py").write_text("app")
    (root / "stacks" / "one.py").write_text("one")
    return root


def test_the_same_files_and_settings_give_the_same_fingerprint(tmp_path: Path):
    """Modification times do not count."""
    root = tree(tmp_path)
    before = fingerprint(root, SETTINGS, NAMES)
    os.utime(root / "app.py", (1, 1))
    assert fingerprint(root, SETTINGS, NAMES) == before


def test_a_change_of_content_name_or_setting_changes_the_fingerprint(tmp_path: Path):
    """Each of them alone does."""
    root = tree(tmp_path)
    digests = {fingerprint(root, SETTINGS, NAMES)}
    digests.add(fingerprint(root, {"siteOrigin": "http://localhost:2"}, NAMES))
    (root / "app.py").write_text("changed")
    digests.add(fingerprint(root, SETTINGS, NAMES))
    (root / "stacks" / "one.py").rename(root / "stacks" / "two.py")
    digests.add(fingerprint(root, SETTINGS, NAMES))
    assert len(digests) == 4


def test_caches_of_python_and_the_cdk_do_not_change_the_fingerprint(tmp_path: Path):
    """Bytecode, and the packed assets that the CDK CLI adds to a cloud assembly."""
    root = tree(tmp_path)
    before = fingerprint(root, SETTINGS, NAMES)
    for ignored in ("__pycache__", ".cache"):
        (root / "stacks" / ignored).mkdir()
        (root / "stacks" / ignored / "cached").write_text("content")
    assert fingerprint(root, SETTINGS, NAMES) == before


def test_a_build_is_stale_when_missing_or_older_than_a_source(tmp_path: Path):
    """Otherwise it is up to date."""
    root = tree(tmp_path)
    output = root / "index.html"
    assert is_stale(output, root, NAMES)
    output.write_text("output")
    os.utime(root / "app.py", (1, 1))
    os.utime(root / "stacks" / "one.py", (1, 1))
    assert not is_stale(output, root, NAMES)
    os.utime(root / "stacks" / "one.py", (2**31, 2**31))
    assert is_stale(output, root, NAMES)
