"""CSV: RFC 4180, UTF-8; or as Excel opens it right."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import BinaryIO

from unibatch.core.columns import COLUMNS, MARK, Row
from unibatch.workflows.export.table import Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", MARK)
_LOOKS_LIKE_A_NUMBER = re.compile(r"\s*(?:0[0-9]+|[0-9]{12,}|[0-9][0-9., ]*[eE][+-]?[0-9]+)\s*")
_PHONE = next(place for place, column in enumerate(COLUMNS) if column.name == "phone_number")
_BOOLEANS = [place for place, column in enumerate(COLUMNS) if column.kind == "boolean"]
_BOOLS = {True: "true", False: "false", None: None}


def marked(text: str) -> str:
    """A text that Excel shows as it is, with `MARK` before it where it needs that."""
    if text.lstrip(" ").startswith(_FORMULA) or _LOOKS_LIKE_A_NUMBER.fullmatch(text):
        return MARK + text
    return text


def write(table: Table, file: BinaryIO, on_rows: Callable[[int], None]) -> None:
    """Write a table as CSV."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig" if table.excel else "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow(table.headers)
    done = 0
    for page in table.flat_pages():
        writer.writerows(map(_for_excel if table.excel else _plain, page))
        on_rows(done := done + len(page))
    text.flush()
    text.detach()


def _plain(row: Row) -> Row:
    for place in _BOOLEANS:
        row[place] = _BOOLS[row[place]]
    return row


def _for_excel(row: Row) -> Row:
    cells = [marked(value) if type(value) is str else value for value in _plain(row)]
    cells[_PHONE] = MARK + row[_PHONE]  # each number, so that a reader can rely on it
    return cells
