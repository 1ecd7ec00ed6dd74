"""CSV: RFC 4180, UTF-8; or as Excel opens it right."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

from unibatch.core import csv_text
from unibatch.core.columns import COLUMNS, MARK, Row
from unibatch.workflows.export.table import Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", MARK)
_LOOKS_LIKE_A_NUMBER = re.compile(r"\s*(?:0[0-9]+|[0-9]{12,}|[0-9][0-9., ]*[eE][+-]?[0-9]+)\s*")
_PHONE = next(place for place, column in enumerate(COLUMNS) if column.name == "phone_number")
_CELLS: dict[type, Callable[[Any], str]] = {
    bool: {True: "true", False: "false"}.__getitem__,
    int: int.__repr__,
    float: float.__repr__,
}


def marked(text: str) -> str:
    """A text that Excel shows as it is, with `MARK` before it where it needs that."""
    if text.lstrip(" ").startswith(_FORMULA) or _LOOKS_LIKE_A_NUMBER.fullmatch(text):
        return MARK + text
    return text


def write(table: Table, file: BinaryIO, on_rows: Callable[[int], None]) -> None:
    """Write a table as CSV."""
    file.write((codecs.BOM_UTF8 if table.excel else b"") + _lines([table.headers]))
    done = 0
    for page in table.flat_pages():
        file.write(_lines(map(_for_excel, page) if table.excel else page))
        on_rows(done := done + len(page))


def _lines(rows: Iterable[Row]) -> bytes:
    return "".join([f"{csv_text.line(row, _CELLS)}\r\n" for row in rows]).encode()


def _for_excel(row: Row) -> Row:
    cells = [marked(value) if type(value) is str else value for value in row]
    cells[_PHONE] = MARK + row[_PHONE]  # each number, so that a reader can rely on it
    return cells
