"""Counts how often an injected fault took effect: a test whose fault had no effect proves nothing, so it fails."""

from dataclasses import dataclass


@dataclass
class Fault:
    """A fault that a test injects."""

    description: str
    count: int = 0
    """How often it took effect."""

    def took_effect(self) -> None:
        """Count one effect."""
        self.count += 1


def check_all_took_effect(faults: list[Fault]) -> None:
    """Clear the list. Raises AssertionError if one of its faults never took effect."""
    unused = [fault.description for fault in faults if fault.count == 0]
    faults.clear()
    assert not unused, f"injected faults that never took effect: {', '.join(unused)}"
