"""Canonical objects as plain dictionaries, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from functools import singledispatch
from operator import attrgetter
from types import MappingProxyType, NoneType
from typing import Any

import attrs

from unibatch.core.base_errors import InvalidInput


def to_dict(thing: attrs.AttrsInstance) -> dict[str, Any]:
    """Make a plain dictionary of a canonical object; ``json.dumps`` takes it as it is.

    The keys are the public names of the attributes, always all of them. Values inside are converted, too:

    - times as ISO 8601, those in UTC with ``Z``: ``"2026-03-05T09:15:00Z"``;
    - durations in seconds: ``90`` or ``61.5``;
    - money as a decimal text with its currency: ``{"amount": "147.50", "currency": "USD"}``;
    - statuses and other words by their values: ``"no_answer"``;
    - ``raw`` and custom data as they are.

    Args:
        thing: A `Campaign`, `Contact`, `Account`, `CampaignDraft`, `Preflight`, `ListingReport`, `AddedContacts`,
            `ContactList`, `PlannedRequest`, `Comparison`, or a part of one.

    Raises:
        InvalidInput: It is another kind of object.
    """
    if not attrs.has(type(thing)):
        raise InvalidInput(f"to_dict takes an object of unibatch, such as a Campaign, not {type(thing).__name__}")
    plain: dict[str, Any] = conversions[type(thing)](thing)
    return plain


def _seconds(duration: timedelta) -> float:
    number = duration.total_seconds()
    return int(number) if number.is_integer() else number


def _by_public_name(cls: type) -> Callable[[Any], dict[str, Any]]:
    """A hook that gives an object's attributes under their public names; mappings are taken from its properties."""
    names = [str(field.alias) for field in attrs.fields(cls)]
    values_of = values_under(names)

    def hook(value: Any) -> dict[str, Any]:
        values = [each if type(each) in _PLAIN else conversions[type(each)](each) for each in values_of(value)]
        return dict(zip(names, values, strict=True))

    return hook


def values_under(names: Sequence[str]) -> Callable[[Any], Iterable[Any]]:
    """A function that returns the attributes of an object with these names."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: [getattr(value, name) for name in names]  # of one, attrgetter makes no tuple


_PLAIN = frozenset({str, int, float, bool, NoneType})
"""What JSON has. Most attributes are of these classes, so nothing is looked up for them."""


@singledispatch
def _plain(value: Any) -> Any:
    """Make plain data of a value; here of a path, what is plain already, or JSON as the vendor or the user wrote it."""
    return str(value) if hasattr(value, "__fspath__") else value


class _Conversions(dict[type, Callable[[Any], Any]]):
    """What makes plain data of the values of a class, looked up once."""

    def __missing__(self, cls: type) -> Callable[[Any], Any]:
        self[cls] = _by_public_name(cls) if attrs.has(cls) else _plain.dispatch(cls)
        return self[cls]


conversions: Mapping[type, Callable[[Any], Any]] = _Conversions()
"""For each class of values, what makes plain data of them."""


def _converted(value: Any) -> Any:
    return conversions[type(value)](value)


def _with_plain_keys(mapping: MappingProxyType[Any, Any]) -> dict[Any, Any]:
    plain: dict[Any, Any] = mapping.copy()  # which is ten times as fast as dict(mapping)
    for key in plain:
        if type(key) is not str:
            return {key.value if isinstance(key, Enum) else key: value for key, value in plain.items()}
    return plain


_plain.register(datetime, lambda moment: moment.isoformat().replace("+00:00", "Z"))
_plain.register(time, time.isoformat)
_plain.register(timedelta, _seconds)
_plain.register(Decimal, str)
_plain.register(Enum, lambda member: member.value)
_plain.register(StrEnum, str.__str__)  # the value: a plain text
_plain.register(tuple, lambda items: list(map(_converted, items)))
_plain.register(list, lambda items: list(map(_converted, items)))
_plain.register(dict, lambda mapping: {_converted(key): _converted(value) for key, value in mapping.items()})
# In order, so that the same object always gives the same text.
_plain.register(frozenset, lambda words: sorted(map(_converted, words)))
# The vendor's and the user's data are JSON already, and may be nested deeper than Python can call functions.
_plain.register(MappingProxyType, _with_plain_keys)
