"""Read a DynamoDB expression once, rather than once for every item that it is held against.

AWS: what a query costs grows with what it reads. MiniStack (`dynamodb._tokenize`, `_condition_syntax_error`,
called by `_evaluate_condition` for each candidate of a query or scan) takes the text of an expression apart again
and again, which is most of what a page of a long channel costs. Both depend on the text alone, so their results
are remembered.
"""

from functools import lru_cache

from local.emulator import patching

REMEMBERED = 1_024

Token = tuple[str, str]


def install() -> None:
    """Remember what the two functions found."""
    place = "services.dynamodb"
    tokenize = lru_cache(REMEMBERED)(patching.original(place, "_tokenize"))

    def tokens_of(expression: str) -> list[Token]:
        # A list of the caller's own: the one that is remembered must stay as it is.
        return list(tokenize(expression))

    patching.replace(place, "_tokenize", tokens_of)
    syntax_error = lru_cache(REMEMBERED)(patching.original(place, "_condition_syntax_error"))
    patching.replace(place, "_condition_syntax_error", syntax_error)
