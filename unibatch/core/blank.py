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

# Python stores attributes fast only where neither of the first two methods is written in Python, and makes an object
# fast only where the third is not either.
_THAWED = {
    "__slots__": (),
    "__setattr__": object.__setattr__,
    "__delattr__": object.__delattr__,
    "__init__": object.__init__,
}

_ALWAYS_FILLED = (
    *("id", "provider", "campaign_id", "phone_number", "phone_valid"),
    *("status", "vendor_status", "is_final", "_fields", "_raw"),
)


def maker_of_blank_contacts(*filled: str) -> Callable[[], Any]:
    """Make a function that makes contacts which can still be filled: a provider needs one for every row.

    The mappings are ``_fields`` and ``_raw``; both may be a pair of `RawRows` and an index, the same one. Seal the
    contacts of a page with `seal_contacts` when they are filled.

    Args:
        filled: The attributes, beside those that every provider fills (such as ``id`` and ``status``), that this one
            fills in every contact, if only with ``None``. They are left unset; the others are ``None``.

    Raises:
        ValueError: ``filled`` holds a name that is no attribute.
    """
    names = [field.name for field in attrs.fields(Contact)]
    if unknown := {*filled} - {*names}:
        raise ValueError(f"Contact has no attribute {', '.join(sorted(unknown))}")
    # What is None, in one assignment of a tuple, which is the fastest.
    empty = "".join(f"self.{name}, " for name in names if name not in {*_ALWAYS_FILLED, *filled})
    scope: dict[str, Any] = {
        "Blank": type("BlankContact", (Contact,), _THAWED),
        "nothing": (None,) * empty.count(","),
    }
    # Made of the names of our own attributes only, as attrs makes its __init__.
    exec(f"def blank():\n self = Blank()\n [{empty}] = nothing\n return self", scope)  # noqa: S102 - see above
    return cast("Callable[[], Any]", scope["blank"])


def seal_contacts(blanks: list[Any]) -> list[Contact]:
    """Freeze contacts that were made blank and have been filled; the list is changed in place and returned."""
    for blank in blanks:
        blank.__class__ = Contact
    return blanks
