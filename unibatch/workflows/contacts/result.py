"""What reading a list of contacts gives, and the file of rejected rows that a person can correct."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.core.model import mapping
from unibatch.workflows.contacts.headers import CUSTOM, LINE_COLUMN, NESTED, OWN_COLUMNS, REASON_COLUMN, TEXT_COLUMN


def _counted(items: tuple[Any, ...]) -> str:
    return f"<{len(items)}>"


@attrs.frozen
class RejectedRow:
    """A row that is no contact.

    Attributes:
        line: The line of the file in which the row begins, 1 for the first; for an iterable or a JSON array, the number
            of the item.
        reason: Why, with phone numbers masked.
        row: The cells by header; for CSV without empty cells and without blanks around the others. Read-only.
    """

    line: int
    reason: str
    _row: Mapping[str, Any] = mapping("row", converter=dict)

    @property
    def row(self) -> Mapping[str, Any]:
        """The cells by header. Read-only."""
        return MappingProxyType(self._row)


@attrs.frozen
class RepeatedRow:
    """A row whose number an earlier row has already; it was left out.

    Attributes:
        line: The line in which the row begins.
        first_line: The line of the row that was kept.
        contact: What was left out.
    """

    line: int
    first_line: int
    contact: ContactDraft


@attrs.frozen(kw_only=True)
class ContactList:
    """What was read from one source. Each row is a contact, rejected, or repeated.

    It cannot be iterated itself, so that ``rejected`` is not overlooked.

    Attributes:
        contacts: The contacts in the order of the source, each number once.
        rejected: The rows that are no contacts, and why.
        repeated: The rows whose number an earlier row has already.
        columns: Where each column went, by its header: an attribute such as ``"phone_number"``, custom data such as
            ``"fields.Company"``, or ``"-"`` if it was left out. Read-only.
    """

    contacts: tuple[ContactDraft, ...] = attrs.field(repr=_counted)
    rejected: tuple[RejectedRow, ...] = attrs.field(default=(), repr=_counted)
    repeated: tuple[RepeatedRow, ...] = attrs.field(default=(), repr=_counted)
    _columns: Mapping[str, str] = mapping("columns", converter=dict)

    @property
    def columns(self) -> Mapping[str, str]:
        """Where each column went, by its header. Read-only."""
        return MappingProxyType(self._columns)

    def write_rejected(self, path: str | os.PathLike[str]) -> None:
        """Write the rejected rows to a CSV file, which a person can correct and `read_contacts` can read again.

        Its columns are ``unibatch_line``, ``unibatch_reason`` and those of the source. The first two are left out when
        it is read again. It is UTF-8 with a byte order mark, because without one Excel reads a CSV file in the local
        encoding and spoils names. Cells stay as they are; a value that is no text is written as JSON. The file is
        written as a whole or not at all, and replaces one of the same name.

        Raises:
            InvalidInput: The file cannot be written.
        """
        rows = [_flat(rejected.row) for rejected in self.rejected]
        headers = dict.fromkeys(
            header
            for row in ([header for header in self._columns if header != NESTED], *rows)
            for header in row
            if header not in OWN_COLUMNS or header == TEXT_COLUMN
        )
        try:
            target = Path(path).resolve()
            if target.exists() and not target.is_file():
                raise InvalidInput(f"cannot write {path}: it is not a file")
            handle, name = tempfile.mkstemp(prefix=".unibatch-", suffix=".csv", dir=target.parent)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
                    writer = csv.writer(file)
                    writer.writerow([LINE_COLUMN, REASON_COLUMN, *headers])
                    for rejected, row in zip(self.rejected, rows, strict=True):
                        cells = (_cell(row.get(header)) for header in headers)
                        writer.writerow([rejected.line, rejected.reason, *cells])
                temporary.replace(target)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
        except OSError as exc:
            raise InvalidInput(f"cannot write {path}: {exc.strerror or exc}") from exc


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with what is nested in ``fields`` as columns of its own."""
    flat = {}
    for header, value in row.items():
        if header == NESTED and isinstance(value, Mapping):
            flat.update({f"{CUSTOM}{name}": nested for name, nested in value.items()})
        else:
            flat[header] = value
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\0", "")
    try:
        return json.dumps(value, ensure_ascii=False, default=str).replace("\0", "")
    except (ValueError, TypeError, RecursionError):
        return f"<{type(value).__name__}>"
