"""The links in the documents lead to existing files, and to existing headings in them."""

import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOP_PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "bench/README.md", "ui/README.md")
PAGES = [
    *(ROOT / name for name in TOP_PAGES),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "tests").rglob("*.md")),
]
ADR = ROOT / "docs" / "adr"
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")
LINK_TO_HEADING = re.compile(r"\]\((?!https?://)([^)#\s]*\.md)?#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page: Path):
    """Every file, folder or picture that a page links exists."""
    broken = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert broken == []


@functools.cache
def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = HEADING.findall(CODE_BLOCK.sub("", page.read_text()))
    found: set[str] = set()
    for heading in headings:
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        number = 0
        while (unique := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(unique)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_heading_leads_to_one(page: Path):
    """A heading that was renamed or removed leaves no link behind."""
    links = LINK_TO_HEADING.findall(CODE_BLOCK.sub("", page.read_text()))
    targets = [((page.parent / name).resolve() if name else page, anchor) for name, anchor in links]
    named = {anchor for target, _ in targets for anchor in re.findall(r'id="([^"]+)"', target.read_text())}
    assert [f"{target.name}#{anchor}" for target, anchor in targets if anchor not in anchors(target) | named] == []


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
