"""Caches for what moto derives again at each call: a quarter of the time of a read from a mocked table."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from moto.core import responses
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker


def install() -> None:
    """Cache the methods of a service, the method of an operation, and the names of a response's members."""
    responses.method_names_from_class = cache(responses.method_names_from_class)  # type: ignore[attr-defined]
    responses.camelcase_to_underscores = cache(responses.camelcase_to_underscores)  # type: ignore[attr-defined]
    XFormedAttributePicker.get_possible_keys = _cached_for_dictionaries()  # type: ignore[method-assign]


def _cached_for_dictionaries() -> Any:
    """The names under which a response may have a member. In a dictionary, they follow from the member."""
    names_of = XFormedAttributePicker.get_possible_keys
    known: dict[tuple[Any, str], tuple[str, ...]] = {}

    def cached(self: XFormedAttributePicker, context: AttributePickerContext) -> Iterable[str]:
        if type(context.obj) is not dict:
            return names_of(self, context)
        member = (context.shape, context.key)
        if member not in known:
            known[member] = tuple(names_of(self, context))
        return known[member]

    return cached
