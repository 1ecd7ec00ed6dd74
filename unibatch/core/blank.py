"""Construction of frozen objects at the speed of ordinary ones.

A frozen attrs class sets every attribute through ``object.__setattr__``, and a call with twenty keyword arguments is
slow: together more than half of the time that reading a contact would take. So objects that are made by the thousand
are made in two steps: a *blank* one, of a subclass that is not frozen, is filled by plain assignments, and then it is
*sealed* by changing its class to the real one, which Python allows because the two have the same slots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import attrs

from unibatch.core.model import Contact


def maker_of_blanks(cls: type, *, filled: frozenset[str]) -> Callable[[], Any]:
    """Make a function that makes blank objects.

    Args:
        cls: A frozen attrs class with slots.
        filled: The names of the attributes that the caller fills in every object; they are left unset.

    Returns:
        The function. What it makes has the other attributes at their defaults: ``None`` where there is none, and where
        the default is a new mapping for each object, an empty mapping that all share and nobody may fill. Assign
        ``__class__`` to seal it.

    Raises:
        ValueError: ``filled`` holds a name that is no attribute.
    """
    fields = attrs.fields(cast("Any", cls))
    if unknown := filled - {field.name for field in fields}:
        raise ValueError(f"{cls.__name__} has no attribute {', '.join(sorted(unknown))}")
    # Python stores attributes fast only where neither of the two methods is written in Python.
    thawed = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    scope: dict[str, Any] = {"new": object.__new__, "Blank": type(f"Blank{cls.__name__}", (cls,), thawed)}
    lines = ["def blank():", " self = new(Blank)"]
    empty = ""  # what is None by default, in one assignment, which is the fastest
    for field in fields:
        if field.name in filled:
            continue
        default = None if field.default is attrs.NOTHING else field.default
        if default is None:
            empty += f"self.{field.name} = "
            continue
        # Not a mapping proxy, which could be neither pickled nor copied.
        scope[f"default_{field.name}"] = {} if isinstance(default, cast("Any", attrs.Factory)) else default
        lines.append(f" self.{field.name} = default_{field.name}")
    if empty:
        lines.append(f" {empty}None")
    # Made of the names of our own attributes only, as attrs makes its __init__.
    exec("\n".join([*lines, " return self"]), scope)  # noqa: S102 - see above
    return cast("Callable[[], Any]", scope["blank"])


def maker_of_blank_contacts(*filled: str) -> Callable[[], Any]:
    """Make a function that makes contacts which can still be filled: a provider needs one for every row.

    The mappings are ``_fields`` and ``_raw``; both may be a pair of `RawRows` and an index, the same one. Seal the
    contacts of a page with `seal_contacts` when they are filled.

    Args:
        filled: The attributes, beside those that every provider fills (such as ``id`` and ``status``), that this one
            fills in every contact, if only with ``None``.
    """
    return maker_of_blanks(Contact, filled=_ALWAYS_FILLED | set(filled))


_ALWAYS_FILLED = frozenset(
    {
        "id",
        "provider",
        "campaign_id",
        "phone_number",
        "phone_valid",
        "status",
        "vendor_status",
        "is_final",
        "_fields",
        "_raw",
    }
)


def seal_contacts(blanks: list[Any]) -> list[Contact]:
    """Freeze contacts that were made blank and have been filled; the list is changed in place and returned."""
    for blank in blanks:
        blank.__class__ = Contact
    return blanks
