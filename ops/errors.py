"""Errors of the operator tools, with the exit codes that scripts read."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The commands' exit codes, listed in docs/operations.md. 2 is an invalid command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    DIFFERENT = 4
    UNREPAIRED = 5


class OpsError(Exception):
    """A failure whose message is printed to the operator without a traceback."""

    exit_code = ExitCode.FAILED


class BadRequestError(OpsError):
    """An invalid argument, such as a malformed time, or an option that needs another one."""

    exit_code = ExitCode.USAGE


class NotFoundError(OpsError):
    """There is no such message, run, channel or user."""

    exit_code = ExitCode.NOT_FOUND
