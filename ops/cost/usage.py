"""Amounts of what is charged for, and their price."""

from collections.abc import Mapping
from decimal import Decimal

from ops.cost.prices import PRICES

Amount = int | float | Decimal
Usage = Mapping[str, Decimal]
"""Amounts by the names in PRICES."""


def usage(**amounts: Amount) -> Usage:
    """Amounts by name. Raises KeyError for one that has no price."""
    return {name: _decimal(amount) for name, amount in amounts.items() if PRICES[name] and amount}


def plus(*parts: Usage) -> Usage:
    """The sum of several usages."""
    names = dict.fromkeys(name for part in parts for name in part)
    sums = {name: sum((part.get(name, Decimal(0)) for part in parts), Decimal(0)) for name in names}
    return {name: amount for name, amount in sums.items() if amount}


def times(part: Usage, factor: Amount) -> Usage:
    """A usage, multiplied by a factor."""
    return {name: amount * _decimal(factor) for name, amount in part.items()}


def prices(part: Usage) -> dict[str, Decimal]:
    """The price of each amount in dollars, the highest first."""
    priced = {name: amount * PRICES[name].each for name, amount in part.items()}
    return dict(sorted(priced.items(), key=lambda item: -item[1]))


def total(part: Usage) -> Decimal:
    """The price of all amounts in dollars."""
    return sum(prices(part).values(), Decimal(0))


def _decimal(amount: Amount) -> Decimal:
    return amount if isinstance(amount, Decimal) else Decimal(str(amount))
