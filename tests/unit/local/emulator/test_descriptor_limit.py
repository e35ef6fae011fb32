"""How many sockets the emulator may have open."""

import resource

import pytest

from local.emulator.__main__ import raise_descriptor_limit


@pytest.mark.parametrize(
    ("soft", "hard", "accepted", "expected"),
    [
        (1024, 1 << 20, 1 << 20, 65_536),
        (1024, 4096, 4096, 4096),
        (256, resource.RLIM_INFINITY, 1 << 20, 65_536),
        (256, resource.RLIM_INFINITY, 10_240, 10_240),
        (256, resource.RLIM_INFINITY, 256, 256),
        (1 << 20, 1 << 20, 1 << 20, 1 << 20),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 1 << 20, resource.RLIM_INFINITY),
    ],
)
def test_the_limit_is_raised_as_far_as_the_system_accepts(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, accepted: int, expected: int
):
    """macOS states no hard limit, but refuses more than the kernel's. A higher limit is not lowered."""
    limits = [(soft, hard)]

    def setrlimit(_resource: int, new: tuple[int, int]) -> None:
        if new[0] > accepted:
            raise ValueError("current limit exceeds maximum limit")
        limits.append(new)

    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    raise_descriptor_limit()
    assert limits[-1] == (expected, hard)
