"""The error type of the local stage's commands."""


class LocalStageError(Exception):
    """A failure that the user can fix. The commands print its message, without a traceback."""
