"""Words of messages to people: a number with its noun."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 row`, `2 rows`, `1,500 rows`. `plural`: where it is not the noun and an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def counted_are(number: int, noun: str) -> str:
    """A number with its noun and the verb: `1 row is`, `2 rows are`."""
    return f"{counted(number, noun)} {'is' if number == 1 else 'are'}"
