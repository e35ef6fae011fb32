"""Distributes the tests over processes (`pytest -n 2 --dist loadscope`): a tier that needs a stage as a whole.

A directory of `tests/` is a tier. Each process has its own local stage. The tiers that need one start first, the
browser tests before all others; the small tiers go to the process that is free.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TIERS = ("browser", "stacks", "integration", "guarantees", "workflows", "emulator", "unit", "contract")
"""The tiers, in the order in which they run.

`stacks` needs no stage, and so keeps the second process from starting one at the same time as the first.
"""

SPLIT = ("unit", "emulator")
"""The tiers without slow shared fixtures, whose modules can run in any process."""


class TierScheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """xdist's scheduling by scope, where a scope is a tier, or a module of a tier that can be split."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def tier_of(nodeid: str) -> str:
    """`unit` for `tests/unit/functions/contract/test_text.py::test_it`."""
    return nodeid.partition("tests/")[2].partition("/")[0]


def scope_of(nodeid: str) -> str:
    """The tier or module that one process runs as a whole."""
    tier = tier_of(nodeid)
    return nodeid.partition("::")[0] if tier in SPLIT else tier


def pytest_addoption(parser: pytest.Parser) -> None:
    """An option that also runs the tests marked `thorough`."""
    parser.addoption("--thorough", action="store_true", help="also run the slow tests, and every test in full")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out thorough tests without --thorough or --long, and sort the tests by tier.

    Within a tier, modules with tests marked `slow` come first. Otherwise the order stays, shuffled or not.
    """
    if not (config.getoption("--thorough") or config.getoption("--long")):
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    rank = {tier: place for place, tier in enumerate(TIERS)}
    slow = {scope_of(item.nodeid) for item in items if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[int, bool]:
        return rank.get(tier_of(item.nodeid), len(TIERS)), scope_of(item.nodeid) not in slow

    items.sort(key=place)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TierScheduling | None:
    """TierScheduling for `--dist loadscope`; pytest-xdist's own scheduler for other values."""
    return TierScheduling(config, log) if config.getoption("dist") == "loadscope" else None
