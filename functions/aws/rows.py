"""Parse rows of the tables. An unreadable row is logged and counted, and never takes its neighbours with it."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import ValidationError

from functions.aws import observability
from functions.aws.observability import logger
from functions.contract.model import Shape
from functions.contract.rows import first_error

KEYS = ("channelId", "seq", "userId", "messageId", "connectionId", "reactionKey")

RowT = TypeVar("RowT", bound=Shape)


def readable(row_type: type[RowT], rows: Iterable[Any]) -> Iterator[RowT]:
    """Yield the rows that can be read."""
    for row in rows:
        if (parsed := read(row_type, row)) is not None:
            yield parsed


def number_in(row: Mapping[str, Any], name: str) -> int:
    """A counter in a row; 0 if it is missing or no number."""
    value = row.get(name, 0)
    return 0 if isinstance(value, str | bytes | bool) or not isinstance(value, int | Decimal) else int(value)


def read(row_type: type[RowT], row: Any) -> RowT | None:
    """Parse a row, or return None after it was logged and counted."""
    try:
        return row_type.model_validate(row)
    except ValidationError as refusal:
        key = {name: str(row[name]) for name in KEYS if name in row}
        logger.error("unreadable row", extra={"row": row_type.__name__, "fault": first_error(refusal), **key})
        observability.count("UnreadableRows")
        return None
