"""The events by which operators' commands leave a record: who repaired or changed what, and when.

They are on the bus for the archive only: no live rule matches them, and they lead to no row and no frame.
"""

from typing import Annotated, Literal

from pydantic import Field

from functions.contract.model import Shape, Timestamp

OPERATOR = "operator"
"""The `actor` of these events; the data names the person."""

Operator = Annotated[str, Field(description="The ARN of the caller's AWS identity; on a local stage user@host")]


class OperationStarted(Shape):
    """An operator started a command that changes the stage."""

    operation_id: str
    operator: Operator
    command: str
    options: dict[str, str]
    started_at: Timestamp


class OperationEnded(Shape):
    """The command ended. Without this event it was killed."""

    operation_id: str
    operator: Operator
    command: str
    outcome: Literal["done", "failed"]
    exit_code: Annotated[int, Field(description="The exit codes of docs/operations.md")]
    ended_at: Timestamp


OPERATIONS: dict[str, type[Shape]] = {shape.__name__: shape for shape in (OperationStarted, OperationEnded)}
"""These events, by detail-type."""
