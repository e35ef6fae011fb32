"""Kinds of event as options name them."""

from collections.abc import Iterable

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES
from ops.errors import BadRequestError


def checked_kinds(kinds: Iterable[str] | None) -> frozenset[str]:
    """The kinds asked for. Raises BadRequestError for one that there is not."""
    known = {**CHANNEL_EVENTS, **STATUS_UPDATES}
    wanted = frozenset(kinds or ())
    for kind in sorted(wanted):
        if kind not in known:
            raise BadRequestError(f"There is no kind of event '{kind}'; there are {', '.join(known)}.")
    return wanted
