"""How two processes share the tests (`pytest -n 2 --dist loadscope`): by whole tiers, a stage for each process.

A directory of `tests/` is a tier. They are handed out in the order of their names, which puts the browsers beside
everything else.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class TierScheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """xdist's scheduling by scope, where a scope is a tier."""

    def _split_scope(self, nodeid: str) -> str:
        return tier_of(nodeid)


def tier_of(nodeid: str) -> str:
    """`unit` of `tests/unit/chat/test_text.py::test_it`."""
    return nodeid.partition("tests/")[2].partition("/")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TierScheduling | None:
    """Ours for `--dist loadscope`; any other choice is the caller's."""
    return TierScheduling(config, log) if config.getoption("dist") == "loadscope" else None
