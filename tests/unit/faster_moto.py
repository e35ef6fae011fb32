"""Caches for what moto and botocore compute again at each call: a tenth of the time of tests that call tables."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from botocore import useragent
from moto.core import responses
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.sqs import models


def install() -> None:
    """Cache the methods of a service, names in other spellings, and the names of a response's members."""
    useragent.sanitize_user_agent_string_component = cache(useragent.sanitize_user_agent_string_component)
    responses.method_names_from_class = cache(responses.method_names_from_class)  # type: ignore[attr-defined]
    for module in (responses, models):
        module.camelcase_to_underscores = cache(module.camelcase_to_underscores)  # type: ignore[attr-defined]
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
