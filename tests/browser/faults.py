"""What tests break on purpose, counted: a fault that never took effect proves nothing, so its test fails."""

from dataclasses import dataclass


@dataclass
class Fault:
    """Something that a test injects, and how often it took effect."""

    what: str
    count: int = 0

    def took_effect(self) -> None:
        """Count one."""
        self.count += 1


def check_all_took_effect(faults: list[Fault]) -> None:
    """Forget the faults. Raises AssertionError if one of them never took effect."""
    idle = [fault.what for fault in faults if fault.count == 0]
    faults.clear()
    assert not idle, f"injected, and never took effect: {', '.join(idle)}"
