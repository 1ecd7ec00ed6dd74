"""Marks, by which a campaign is recognised as the one that a draft created.

A mark says which key the draft had. If that is a key of the user's, or the draft is a part of a larger one, the mark
also has a digest of everything else, so that another draft with the same key is noticed.
"""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias

import attrs

_FORM = r"(?P<key>[0-9a-f]{24})(?:-(?P<body>[0-9a-f]{8}))?(?:-(?P<part>[1-9][0-9]*of[1-9][0-9]*))?"
_is_mark = re.compile(_FORM).fullmatch
_AT_END = re.compile(rf"\s*\[unibatch:(?P<mark>{_FORM})\]\s*$", re.IGNORECASE)  # a vendor may change capitals

Likeness: TypeAlias = Literal["same", "other body", "none"]
"""Whether a mark is that of the same draft, of another one with the same key, or of any other."""


@attrs.frozen
class Mark:
    """A mark.

    Attributes:
        key: 24 hexadecimal digits: the digest of the draft's key; for a part, of that of the whole draft.
        body: 8 hexadecimal digits: the digest of everything else; empty if it goes with the key.
        part: Which part of how many, such as ``"1of2"``; empty for a whole draft.
    """

    key: str
    body: str = ""
    part: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.key, self.body, self.part)))

    def at_end_of(self, text: str) -> str:
        """A text with this mark at its end."""
        return f"{text} [unibatch:{self}]".strip()

    def likeness(self, found: Mark | None) -> Likeness:
        """How a mark that was found is related to this one."""
        if found is None or found.key != self.key:
            return "none"
        if found.part == self.part:
            return "same" if not (found.body and self.body) or found.body == self.body else "other body"
        is_sibling = found.part.partition("of")[2] == self.part.partition("of")[2] != ""
        return "none" if is_sibling else "other body"


NO_MARK = Mark("")
"""Before a draft is judged."""


def read_mark(text: Any) -> Mark | None:
    """The mark that a text consists of, or ``None``."""
    found = _is_mark(text) if isinstance(text, str) else None
    return found and Mark(found["key"], found["body"] or "", found["part"] or "")


def split_mark(text: str | None) -> tuple[str | None, Mark | None]:
    """A text without the mark at its end, and the mark."""
    found = _AT_END.search(text or "")
    return (text, None) if found is None else (_AT_END.sub("", text or "") or None, read_mark(found["mark"].lower()))
