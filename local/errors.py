"""What can go wrong with the local stage, each said in one sentence that names the way out."""


class LocalStageError(Exception):
    """A failure whose message is all that the user needs to read."""
