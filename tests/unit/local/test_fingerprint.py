"""Whether a deployment's inputs have changed."""

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
    """Whatever their modification times."""
    root = tree(tmp_path)
    before = fingerprint(root, SETTINGS, NAMES)
    os.utime(root / "app.py", (1, 1))
    assert fingerprint(root, SETTINGS, NAMES) == before


def test_content_names_and_settings_all_count(tmp_path: Path):
    """Each of them alone changes it."""
    root = tree(tmp_path)
    seen = {fingerprint(root, SETTINGS, NAMES)}
    seen.add(fingerprint(root, {"siteOrigin": "http://localhost:2"}, NAMES))
    (root / "app.py").write_text("changed")
    seen.add(fingerprint(root, SETTINGS, NAMES))
    (root / "stacks" / "one.py").rename(root / "stacks" / "two.py")
    seen.add(fingerprint(root, SETTINGS, NAMES))
    assert len(seen) == 4


def test_what_python_and_the_cdk_leave_behind_does_not_count(tmp_path: Path):
    """Bytecode, and the asset packages that a deployment adds to a cloud assembly."""
    root = tree(tmp_path)
    before = fingerprint(root, SETTINGS, NAMES)
    for ignored in ("__pycache__", ".cache"):
        (root / "stacks" / ignored).mkdir()
        (root / "stacks" / ignored / "left").write_text("behind")
    assert fingerprint(root, SETTINGS, NAMES) == before


def test_a_build_is_stale_when_missing_or_older_than_a_source(tmp_path: Path):
    """And fresh otherwise."""
    root = tree(tmp_path)
    built = root / "built.html"
    assert is_stale(built, root, NAMES)
    built.write_text("built")
    os.utime(root / "app.py", (1, 1))
    os.utime(root / "stacks" / "one.py", (1, 1))
    assert not is_stale(built, root, NAMES)
    os.utime(root / "stacks" / "one.py", (2**31, 2**31))
    assert is_stale(built, root, NAMES)
