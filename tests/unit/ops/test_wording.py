"""A number agrees with its noun."""

import pytest

from ops.wording import counted, counted_are


@pytest.mark.parametrize(
    ("number", "shown", "shown_with_verb"),
    [(0, "0 rows", "0 rows are"), (1, "1 row", "1 row is"), (1_500, "1,500 rows", "1,500 rows are")],
)
def test_one_is_singular(number: int, shown: str, shown_with_verb: str):
    """Every other number is plural, and the verb agrees with it."""
    assert (counted(number, "row"), counted_are(number, "row")) == (shown, shown_with_verb)
