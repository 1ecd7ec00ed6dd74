"""What the vendors' documents leave open, as options: each names the reading that is usual here, and the others.

What is not documented at all can be added here and in `docs/sandbox.md`; a vendor's own readings are in its file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs


def _texts(value: Any) -> bool:
    return isinstance(value, Collection) and not isinstance(value, str) and all(isinstance(item, str) for item in value)


def positive(value: Any) -> bool:
    """Whether a value is a positive number, or None."""
    return value is None or (type(value) in {int, float} and value > 0)


def _whole(value: Any) -> bool:
    return value is None or type(value) is int


@attrs.frozen
class Reading:
    """One thing that the documents leave open.

    Attributes:
        usual: The value that holds if nobody chooses another one.
        others: The other values.
        takes: Whether a value is one that this reading can have; None means that all of them are listed.
    """

    usual: Any
    others: tuple[Any, ...] = ()
    takes: Callable[[Any], bool] | None = None

    def check(self, name: str, value: Any) -> None:
        """Refuse a value that this reading cannot have.

        Raises:
            ValueError: It cannot.
        """
        if self.takes is not None:
            if not self.takes(value):
                raise ValueError(f"{name} cannot be {value!r}")
        elif value not in (self.usual, *self.others):
            known = ", ".join(map(str, (self.usual, *self.others)))
            raise ValueError(f"there is no {name} {value!r}; there are {known}")


COMMON: Mapping[str, Reading] = {
    "order": Reading("oldest", ("newest",)),
    "listing_lacks": Reading((), takes=_texts),
    "drops": Reading((), takes=_texts),
    "largest_page": Reading(None, takes=lambda value: _whole(value) and positive(value)),
    "errors": Reading("usual", ("detail text", "detail object", "detail list", "error text", "envelope")),
}
"""The readings that every vendor has. `outcome` is one more, with the vendor's own words."""
