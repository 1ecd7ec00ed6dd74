"""Workbooks of Excel, by XlsxWriter, row by row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from unibatch.core.columns import COLUMNS, VERSION
from unibatch.core.errors import InvalidInput
from unibatch.workflows.export.table import Table

_LONGEST_TEXT = 32_767
_MOST_COLUMNS = 16_384
_FIRST_DAY = datetime(1900, 3, 1, tzinfo=UTC)
"""Before it, Excel counts days wrong, or not at all."""
_ALWAYS = datetime(2000, 1, 1)  # noqa: DTZ001 - the workbook has local times; with the present one no two files are equal


def write(table: Table, file: BinaryIO, on_rows: Callable[[int], None]) -> None:
    """Write a table as a workbook of one sheet."""
    import xlsxwriter  # noqa: PLC0415 - an extra

    headers = table.headers
    if len(headers) > _MOST_COLUMNS:
        raise InvalidInput(
            f"a sheet holds {_MOST_COLUMNS:,} columns, and {len(headers):,} are needed; "
            'use one JSON column: fields="json" (--fields json)'
        )
    with TemporaryDirectory(prefix="unibatch-") as folder:  # for the rows, until the end
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder})
        book.set_properties({"created": _ALWAYS, "comments": f"unibatch export, schema {VERSION}, times in UTC"})
        for name, value in table.facts.items():
            book.set_custom_property(name, value, "text")
        sheet: Any = book.add_worksheet("contacts")
        try:
            _write_rows(table, sheet, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}), on_rows)
        except BaseException:
            sheet.row_data_fh.close()
            raise
        book.close()


def _write_rows(table: Table, sheet: Any, time_format: Any, on_rows: Callable[[int], None]) -> None:
    headers = table.headers
    sheet.freeze_panes(1, 0)

    def write_text(row: int, column: int, text: str) -> None:
        if len(text) > _LONGEST_TEXT // 2 and (length := len(text.encode("utf-16-le")) // 2) > _LONGEST_TEXT:
            raise InvalidInput(
                f"{headers[column]} of contact {row:,} has {length:,} characters as Excel counts them, and a cell of a "
                f"workbook holds {_LONGEST_TEXT:,}; export to csv, jsonl or parquet"
            )
        if "\ufffe" in text or "\uffff" in text:  # XML has no such characters
            text = text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
        sheet.write_string(row, column, text)

    def write_time(row: int, column: int, text: str) -> None:
        moment = datetime.fromisoformat(text)
        if moment < _FIRST_DAY:
            sheet.write_string(row, column, text)
        else:
            sheet.write_datetime(row, column, moment.replace(tzinfo=None), time_format)

    by_kind: dict[str, Callable[[int, int, Any], Any]] = {
        "text": write_text,
        "time": write_time,
        "boolean": sheet.write_boolean,
        "integer": sheet.write_number,
        "number": sheet.write_number,
    }
    writers = [by_kind[column.kind] for column in COLUMNS] + [write_text] * len(table.texts)
    for column, header in enumerate(headers):
        sheet.write_string(0, column, header)
    for number, row in enumerate(chain.from_iterable(table.flat_pages()), 1):
        for column, value in enumerate(row):
            if value is not None and value != "":
                writers[column](number, column, value)
        if not number % 1000:
            on_rows(number)
