"""Refuse requests that other websites make to the servers of the local stage.

The servers listen on loopback, where every page that the developer opens can send requests to them: directly, or
by a name of the page's owner that resolves to this machine. The emulator runs the code that its callers give it.
"""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
RELEVANT = frozenset({b"host", b"origin", b"sec-fetch-site"})

Headers = Iterable[tuple[bytes, bytes]]


def refusal(headers: Headers, *, of_host_only: bool = False) -> str | None:
    """Why a request is refused, as a sentence; None if it may come from this machine.

    `of_host_only` is for requests that other websites may make, of which only the host is checked: links, and
    WebSockets, whose origin the authorizer of the API checks, as on AWS.
    """
    values = {name: value.decode("latin-1") for name, value in headers if name in RELEVANT}
    host = values.get(b"host", "")
    if not is_loopback(f"//{host}"):
        return f"The local stage answers requests to localhost only, not to '{host}'."
    if of_host_only:
        return None
    origin = values.get(b"origin")
    if origin is not None and not is_loopback(origin):
        return f"The local stage answers no requests of pages of other websites ({origin})."
    if origin is None and values.get(b"sec-fetch-site") == "cross-site":
        return "The local stage answers no requests of pages of other websites."
    return None


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """Whether an address names this machine. A browser resolves names below `localhost` to it without asking."""
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return name in NAMES or name.endswith(".localhost")
