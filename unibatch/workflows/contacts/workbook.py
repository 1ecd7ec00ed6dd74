"""Workbooks of Excel and LibreOffice: one sheet, whose cells become text as in a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any

from unibatch.core.errors import InvalidInput
from unibatch.workflows.contacts.headers import BLANK, listed


def workbook_rows(binary: IO[bytes], sheet: str | None, label: str) -> Iterator[tuple[int, list[str], str | None]]:
    """The rows of a sheet with their numbers; nothing is ever wrong with one.

    Raises:
        InvalidInput: It cannot be read, or it is not clear which sheet is meant.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - an extra
    except ImportError as exc:
        remedy = 'pip install "unibatch[xlsx]", or save the table as CSV UTF-8'
        raise InvalidInput(f"{label} is a workbook, which needs another package: {remedy}") from exc
    try:
        book = CalamineWorkbook.from_filelike(binary)
        names = [
            found.name
            for found in book.sheets_metadata
            if found.typ == SheetTypeEnum.WorkSheet and (sheet or found.visible == SheetVisibleEnum.Visible)
        ]
        if sheet is not None and sheet not in names:
            raise InvalidInput(f"{label} has no sheet {sheet!r}; there are {listed(names)}")
        tables = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in names
            if sheet in {None, name}
        }
    except CalamineError as exc:
        raise InvalidInput(f"{label} cannot be read as a workbook: {exc}; save the table as CSV UTF-8") from exc
    texts = {name: [list(map(_text, row)) for row in rows] for name, rows in tables.items()}
    filled = [name for name, rows in texts.items() if any(cell.strip(BLANK) for row in rows for cell in row)]
    if not filled:
        raise InvalidInput(f"{label} is empty")
    if len(filled) > 1:
        raise InvalidInput(f"{label} has several sheets: {listed(filled)}; name one (sheet=, --sheet)")
    return ((number, cells, None) for number, cells in enumerate(texts[filled[0]], 1))


def _text(cell: Any) -> str:
    """A cell as a CSV file would hold it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)
