"""The error of a mutant that cannot be applied."""


class MutationError(Exception):
    """A mutant cannot be applied: its target, or the code to change there, is missing or ambiguous."""
