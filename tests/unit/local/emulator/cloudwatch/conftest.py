"""A store of metrics without MiniStack, whose import takes seconds."""

from typing import Any

import pytest

from local.emulator import patching


class Store:
    """What the additions use of MiniStack's `cloudwatch`."""

    def __init__(self) -> None:
        self._metrics: dict[tuple[str, str, str], list[dict[str, Any]]] = {}

    def _metric_bucket(self, key: tuple[str, str, str]) -> list[dict[str, Any]]:
        return self._metrics.setdefault(key, [])

    @staticmethod
    def _dims_key(dimensions: dict[str, str]) -> str:
        return ",".join(f"{name}={value}" for name, value in sorted(dimensions.items()))

    def values(self, namespace: str, name: str, **dimensions: str) -> list[float]:
        """The values of a metric."""
        return [value["Value"] for value in self._metrics.get((namespace, name, self._dims_key(dimensions)), [])]

    @property
    def names(self) -> set[tuple[str, str, str]]:
        """The metrics that have values."""
        return set(self._metrics)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store."""
    found = Store()
    monkeypatch.setattr(patching, "module", lambda _name: found)
    return found
