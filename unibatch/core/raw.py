"""What the vendor sent, kept as it came and decoded only when somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec


class RawRows:
    """The rows of one page, still as JSON text; decoded as a whole when the first of them is asked for."""

    __slots__ = ("_content", "_custom", "_path", "_rows")

    def __init__(
        self, content: bytes, *path: str, custom: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
    ) -> None:
        """Keep a page.

        Args:
            content: The body of the answer, which is known to be JSON.
            path: The keys that lead to the list of rows.
            custom: Finds the custom data in a row; a function of a module, so that it can be pickled.
        """
        self._content = content
        self._path = path
        self._custom = custom
        self._rows: list[Mapping[str, Any]] | None = None

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        if self._rows is None:
            rows = decode(self._content)
            for key in self._path:
                rows = rows[key]
            self._rows = cast("list[Mapping[str, Any]]", rows)
        return self._rows[index]

    def custom(self, index: int) -> Mapping[str, Any]:
        """The custom data of a row; empty if it has none."""
        return self._custom(self[index]) or {}


def decode(content: bytes) -> Any:
    """Decode JSON; numbers beyond the range of a float become infinite, and very long integers stay text."""
    try:
        return msgspec.json.decode(content)
    except msgspec.ValidationError:
        return json.loads(content, parse_int=_integer)


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits
