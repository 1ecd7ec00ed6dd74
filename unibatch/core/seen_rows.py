"""Which rows of a listing have come before, at a cost and in a memory that stay small for a million rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from operator import lt

_BETWEEN = "\0"

_LONG = 100
"""Characters of an id, on average over a page, beyond which only its hash is kept."""


class SeenRows:
    """Recognises rows by the hashes of their ids: all of them up to a number, and then the latest.

    As long as the ids ascend, as counted ones and those that begin with a time do, nothing need be looked up: an id
    that is greater than all before is new. Then the ids are only kept, as text, which takes less memory unless they
    are long, and hashed when a row breaks the order. Reading a page of contacts takes about a seventh less time so.

    Attributes:
        is_whole: Nothing has been forgotten.
    """

    def __init__(self, most: int) -> None:
        """Begin without any row.

        Args:
            most: How many rows to remember. After that, it is at least half as many.
        """
        self.is_whole = True
        self._most = most
        self._greatest: str | None = ""  # None as soon as the ids do not ascend
        self._texts: deque[str] = deque()  # the ids of a page each, while they ascend
        self._in_texts = 0
        self._young: set[int] = set()
        self._old: set[int] = set()

    def add_ascending(self, ids: Sequence[str]) -> bool:
        """Remember rows if their ids show that they are new; ``False`` if that takes a look at their hashes."""
        if not ids:
            return True
        if self._greatest is None:
            return False
        text = _BETWEEN.join(ids)
        is_text = _rows_in(text) == len(ids) and len(text) < (_LONG + 1) * len(ids)
        if not (is_text and _ascend(self._greatest, ids)):
            self._hash()
            return False
        self._greatest = ids[-1]
        self._texts.append(text)
        self._in_texts += len(ids)
        while self._in_texts > self._most and (left := self._in_texts - _rows_in(self._texts[0])) >= self._most // 2:
            self._texts.popleft()
            self._in_texts = left
            self.is_whole = False
        return True

    def add(self, marks: Collection[int]) -> int:
        """Remember rows by the hashes of their ids; returns how many different ones were not remembered before."""
        self._hash()
        if len(self._young) + len(marks) > self._most // 2:
            self.is_whole = self.is_whole and not self._old
            self._old = self._young
            self._young = set()
        before = len(self._young)
        self._young.update(marks)
        return len(self._young) - before

    def knows_any(self, marks: Collection[int]) -> bool:
        """Whether one of the rows with these hashes has come."""
        self._hash()
        return not (self._young.isdisjoint(marks) and self._old.isdisjoint(marks))

    def without_known(self, marks: set[int]) -> set[int]:
        """The hashes of those rows that have not come."""
        self._hash()
        return marks - self._young - self._old

    def _hash(self) -> None:
        """Keep hashes from now on; the ids do not ascend, or are asked for one by one. Nothing is forgotten by that."""
        self._greatest = None
        if self._texts:
            marks = [hash(one) for text in self._texts for one in text.split(_BETWEEN)]
            self._texts.clear()
            older = self._most // 2 if len(marks) > self._most // 2 else 0
            self._old, self._young = set(marks[:older]), set(marks[older:])


def _rows_in(text: str) -> int:
    return text.count(_BETWEEN) + 1


def _ascend(greatest: str, ids: Sequence[str]) -> bool:
    """Whether each id is greater than the one before; a shorter one is smaller, as with numbers."""
    if len(set(map(len, ids))) == 1:
        return (len(greatest), greatest) < (len(ids[0]), ids[0]) and all(map(lt, ids, ids[1:]))
    keys = [(len(one), one) for one in (greatest, *ids)]
    return all(map(lt, keys, keys[1:]))
