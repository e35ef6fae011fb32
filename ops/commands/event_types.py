"""Event types as options name them."""

from collections.abc import Iterable

from functions.contract.events import CHANNEL_EVENTS, STATUS_UPDATES
from functions.contract.operations import OPERATIONS
from ops.errors import BadRequestError


def parse_event_types(names: Iterable[str] | None) -> frozenset[str]:
    """The event types of an option. Raises BadRequestError for an unknown one."""
    known = {**CHANNEL_EVENTS, **STATUS_UPDATES, **OPERATIONS}
    types = frozenset(names or ())
    for name in sorted(types):
        if name not in known:
            raise BadRequestError(f"Unknown event type '{name}': use one of {', '.join(known)}.")
    return types
