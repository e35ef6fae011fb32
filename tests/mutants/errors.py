"""What goes wrong when a mutant is applied."""


class MutationError(Exception):
    """A mutant does not apply: its target, or what it changes there, is missing or ambiguous. Says which."""
