"""What can go wrong for an operator: one sentence each, and an exit code that scripts can tell apart."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the commands end with; docs/operations.md lists them. 2 is a command line that cannot be read."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    DIFFERENT = 4
    UNREPAIRED = 5


class OpsError(Exception):
    """A failure whose message is all that the operator needs to read."""

    exit_code = ExitCode.FAILED


class BadRequestError(OpsError):
    """What was asked for cannot be: a time that is none, an option without its partner."""

    exit_code = ExitCode.USAGE


class NotFoundError(OpsError):
    """There is no such message, run, channel or user."""

    exit_code = ExitCode.NOT_FOUND
