"""The documents point at what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOR_PEOPLE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "ui/README.md")
PAGES = [
    *(ROOT / name for name in FOR_PEOPLE),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tests").rglob("*.md")),
]
ADR = ROOT / "docs" / "adr"
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path):
    """A file or folder that a page names exists; pictures too."""
    broken = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert broken == []


def test_every_decision_is_in_the_index():
    """The index of decisions names each of them, with its own number, title, date and status, and no others."""
    rows = [line.strip("|").split(" | ")[:4] for line in (ADR / "README.md").read_text().splitlines()]
    listed = [[cell.strip() for cell in row] for row in rows if row[0].strip().isdigit()]
    decisions = []
    for path in sorted(ADR.glob("[0-9]*.md")):
        title, _, when = path.read_text().split("\n", 3)[:3]
        number, _, name = title.removeprefix("# ").partition(". ")
        decisions.append([number, f"[{name}]({path.name})", *when.split(" · ")])
    assert listed == decisions


def test_every_page_of_the_documents_is_linked():
    """From the README, the architecture or another page that leads there: none can only be found by its name."""
    linked = {(page.parent / target).resolve() for page in PAGES for target in LINK.findall(page.read_text())}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.name != "README.md"}
    assert pages - linked == set()
