"""How processes share the tests (`pytest -n 2 --dist loadscope`): whole tiers, a local stage for each process.

A directory of `tests/` is a tier. The tiers that need a local stage are handed out first, the browsers before
everything else; the small ones fill up whichever process is free.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TIERS = ("browser", "integration", "guarantees", "workflows", "stacks", "emulator", "unit", "contract")
"""In the order in which they run."""

SPLIT = ("unit", "emulator")
"""Their modules share nothing that is slow to make, so that each can run in either process."""


class TierScheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """xdist's scheduling by scope, where a scope is a tier, or a module of a tier that can be split."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def tier_of(nodeid: str) -> str:
    """`unit` for `tests/unit/functions/contract/test_text.py::test_it`."""
    return nodeid.partition("tests/")[2].partition("/")[0]


def scope_of(nodeid: str) -> str:
    """What is handed to one process as a whole."""
    tier = tier_of(nodeid)
    return nodeid.partition("::")[0] if tier in SPLIT else tier


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which tests run: those marked `thorough` only when asked for."""
    parser.addoption("--thorough", action="store_true", help="every test in full, not only what is quick")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is thorough unless it is asked for, and put the tiers in their order.

    Within a tier the order stays as it is, shuffled or not.
    """
    if not (config.getoption("--thorough") or config.getoption("--long")):
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    rank = {tier: place for place, tier in enumerate(TIERS)}
    items.sort(key=lambda item: rank.get(tier_of(item.nodeid), len(TIERS)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TierScheduling | None:
    """Ours for `--dist loadscope`; any other choice is the caller's."""
    return TierScheduling(config, log) if config.getoption("dist") == "loadscope" else None
