"""docs/cost.md and README.md: what follows from the table of docs/cost.md, from the routes and from the metrics.

tests/stacks/test_cost.py compares the table with the templates.
"""

import re
from pathlib import Path

from functions.contract.routes import ROUTES

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "cost.md"
README = ROOT / "README.md"
METRIC_DOLLARS = 0.30
"""The price of a custom metric a month."""
RECORDED = re.compile(r"^ +(?:observability\.)?(?:count|duration)\(.*$", re.MULTILINE)
NAME = re.compile(r'"((?:[A-Z][a-z]+)+)"')
"""A call that records a metric, and the names in it."""


def text(page: Path) -> str:
    """The page in one line."""
    return " ".join(page.read_text(encoding="utf-8").split())


def at_rest() -> list[tuple[float, float]]:
    """The dollars a month of each row whose resources are counted, without use: in dev and in prod."""
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `AWS::")
    ]
    counted = [row for row in rows if row[1].isdigit()]
    assert len(counted) > 4
    return [dollars(int(row[1]), int(row[2]), row[4]) for row in counted]


def dollars(dev: int, prod: int, month: str) -> tuple[float, float]:
    """The cell "a month" for dev and prod: one sum for each, or one for the resources that a stage has."""
    sums = [float(number) for number in re.findall(r"\$([\d.]+)", month)]
    match sums:
        case [of_dev, of_prod] if " or " in month:
            return of_dev, of_prod
        case [*_, most]:
            return most if dev else 0, most if prod else 0
    raise AssertionError(f"no sum in {month!r}")


def test_both_pages_have_the_difference_between_the_stages():
    """The sum of the table's prices for prod, less that for a stage with the defaults."""
    more = sum(prod - dev for dev, prod in at_rest())
    stated = f"`prod` ${more:.0f} more, for its web ACL, the web ACL's secret and its alarms"
    assert stated in text(PAGE)
    assert stated in text(README)


def test_the_price_of_detailed_metrics_is_that_of_all_routes():
    """Five metrics for each method of the REST API."""
    price = 5 * METRIC_DOLLARS * len(ROUTES)
    assert f"Five metrics for each of {len(ROUTES)} methods would be ${price:.2f} a month" in text(PAGE)


def test_the_number_of_custom_metrics_is_that_of_the_functions():
    """Each name that a function counts or times, without the one of unexpected errors."""
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "functions").rglob("*.py")]
    names = {name for source in sources for call in RECORDED.findall(source) for name in NAME.findall(call)}
    assert {"MessagesSent", "RestWrites", "ColdStarts"} < names
    assert f"Parley has {len(names)}, and `UnexpectedErrors`" in text(PAGE)
