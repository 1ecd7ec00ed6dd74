"""Canonical objects as plain dictionaries, ready for JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

import attrs
import cattrs

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
    plain: dict[str, Any] = _converter.unstructure(thing)
    return plain


def _seconds(duration: timedelta) -> float:
    number = duration.total_seconds()
    return int(number) if number.is_integer() else number


def _by_public_name(cls: type) -> Callable[[Any], dict[str, Any]]:
    """A hook that gives an object's attributes under their public names; mappings are taken from its properties."""
    names = [field.alias for field in attrs.fields(cls)]

    def hook(value: Any) -> dict[str, Any]:
        return {name: _converter.unstructure(getattr(value, name)) for name in names}

    return hook


_converter = cattrs.Converter()
_converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat().replace("+00:00", "Z"))
_converter.register_unstructure_hook(time, time.isoformat)
_converter.register_unstructure_hook(timedelta, _seconds)
_converter.register_unstructure_hook(Decimal, str)
_converter.register_unstructure_hook(StrEnum, lambda member: member.value)
# In order, so that the same object always gives the same text.
_converter.register_unstructure_hook_func(
    lambda cls: cls is frozenset, lambda words: sorted(map(_converter.unstructure, words))
)
# The vendor's and the user's data are JSON already, and may be nested deeper than a converter can go.
_converter.register_unstructure_hook(
    MappingProxyType,
    lambda mapping: {key.value if isinstance(key, Enum) else key: value for key, value in mapping.items()},
)
_converter.register_unstructure_hook_factory(attrs.has, _by_public_name)
