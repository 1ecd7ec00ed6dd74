"""What the vendor sent, kept as it came and decoded only when somebody asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count, repeat
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

    def places(self) -> Iterator[tuple[RawRows, int]]:
        """What ``_fields`` and ``_raw`` of the contacts are, in the order of the rows, without an end."""
        return zip(repeat(self), count())

    def custom(self, index: int) -> Mapping[str, Any]:
        """The custom data of a row; empty if it has none."""
        custom = self._custom(self[index])
        return custom if isinstance(custom, dict) else {}


class NoNumber(str):
    """What a vendor wrote in the place of a number, such as ``NaN``, and is not one."""

    __slots__ = ()


TOO_DEEP = "unibatch: nested too deep"
"""What takes the place of a list or object that is nested too deep to be read."""

_DEEPEST = 200
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def decode(content: bytes) -> Any:
    """Decode JSON, and what nearly is JSON, so that one odd value does not hide the others.

    Numbers beyond the range of a float become infinite. Very long integers, and ``NaN`` and ``Infinity``, become text.
    Half a character, and each byte that is not UTF-8, becomes a lone surrogate. A byte order mark is passed over. If it
    is nested too deep, `TOO_DEEP` takes the place of what is below a certain depth.

    Raises:
        ValueError: It is no JSON all the same.
    """
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError):
        text = content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    try:
        return _loads(text)
    except RecursionError:
        return _loads(_without_depths(text))


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=_integer, parse_constant=NoNumber, strict=False)


def _without_depths(text: str) -> str:
    """The same JSON, with `TOO_DEEP` in place of what is nested too deep."""
    kept: list[str] = []
    depth = begin = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
            if depth == _DEEPEST:
                kept.append(text[begin : token.start()])
        elif mark in "]}":
            if depth == _DEEPEST:
                kept.append(json.dumps(TOO_DEEP))
                begin = token.end()
            depth -= 1
    if depth >= _DEEPEST:
        raise ValueError("nested too deep, and cut off")
    return "".join([*kept, text[begin:]])


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return NoNumber(digits)
