"""Parse a DynamoDB expression once, instead of once for every item that it is evaluated on.

On AWS, the cost of a query grows with the amount that it reads. MiniStack (`dynamodb._tokenize` and
`_condition_syntax_error`, called by `_evaluate_condition` for each candidate of a query or scan) parses the text
of an expression for every item, which is most of the time of a query for a page of a long channel. This addition
caches the results of both functions, which depend on the text only.
"""

from functools import lru_cache

from local.emulator import patching

MAX_CACHED_EXPRESSIONS = 1_024

Token = tuple[str, str]


def install() -> None:
    """Cache the results of the two functions."""
    service = "services.dynamodb"
    tokenize = lru_cache(MAX_CACHED_EXPRESSIONS)(patching.original(service, "_tokenize"))

    def tokens_of(expression: str) -> list[Token]:
        # A copy for each caller, because a caller may change its list.
        return list(tokenize(expression))

    patching.replace(service, "_tokenize", tokens_of)
    syntax_error = lru_cache(MAX_CACHED_EXPRESSIONS)(patching.original(service, "_condition_syntax_error"))
    patching.replace(service, "_condition_syntax_error", syntax_error)
