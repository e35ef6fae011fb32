"""The links in the documents lead to existing files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOP_PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "ui/README.md")
PAGES = [
    *(ROOT / name for name in TOP_PAGES),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tests").rglob("*.md")),
]
ADR = ROOT / "docs" / "adr"
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page: Path):
    """Every file, folder or picture that a page links exists."""
    broken = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert broken == []


def test_every_decision_is_in_the_index():
    """The index of decisions lists exactly the decisions, each with its number, title, date and status."""
    rows = [line.strip("|").split(" | ")[:4] for line in (ADR / "README.md").read_text().splitlines()]
    listed = [[cell.strip() for cell in row] for row in rows if row[0].strip().isdigit()]
    decisions = []
    for path in sorted(ADR.glob("[0-9]*.md")):
        title, _, when = path.read_text().split("\n", 3)[:3]
        number, _, name = title.removeprefix("# ").partition(". ")
        decisions.append([number, f"[{name}]({path.name})", *when.split(" · ")])
    assert listed == decisions


def test_every_page_of_the_documents_is_linked():
    """Every page of docs/ is linked from another page."""
    linked = {(page.parent / target).resolve() for page in PAGES for target in LINK.findall(page.read_text())}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.name != "README.md"}
    assert pages - linked == set()
