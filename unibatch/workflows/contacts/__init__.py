"""Lists of contacts as people have them: CSV of any kind, workbooks, JSON Lines, tables in memory, Python iterables.

Every row becomes one of four things: a contact, a rejected row with its reason, a repetition of another row's number,
or a person who must not be called. Bad rows never raise; a source that cannot be used as a whole does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import IO, Any, Protocol, cast

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.core.model import Contact
from unibatch.workflows.contacts.files import Format, checked_encoding, read_file
from unibatch.workflows.contacts.headers import LINE_COLUMN, SYNONYMS, Columns
from unibatch.workflows.contacts.result import ContactList, RejectedRow, RepeatedRow, SkippedRow
from unibatch.workflows.contacts.rows import Rows
from unibatch.workflows.contacts.skipping import numbers_to_skip

__all__ = ["LINE_COLUMN", "SYNONYMS", "ContactList", "RejectedRow", "RepeatedRow", "SkippedRow", "read_contacts"]


class Table(Protocol):
    """A ``DataFrame`` of pandas or polars."""

    @property
    def columns(self) -> Any:
        """The names of its columns."""


def read_contacts(
    source: str
    | os.PathLike[str]
    | IO[str]
    | IO[bytes]
    | Iterable[Mapping[str, Any] | ContactDraft | Contact | str | tuple[Any, ...]]
    | Table,
    *,
    region: str | None = None,
    columns: Mapping[str, str] | None = None,
    format: Format | None = None,  # noqa: A002 - the word that people look for
    encoding: str | None = None,
    sheet: str | None = None,
    skip: str | os.PathLike[str] | Iterable[str | int | ContactDraft | Contact] = (),
) -> ContactList:
    """Read contacts, bring their phone numbers into E.164 form, and leave out who repeats or must not be called.

    A CSV file may have any delimiter, be in UTF-8, UTF-16 with byte order mark or Windows-1252, and come from Excel.
    Its first row holds the headers. All its values are text; empty cells are left out, and a column with content but
    without a header is custom data named ``column 4`` or the like. In JSON Lines and in iterables of mappings, custom
    values keep their types, and may also be in a mapping under ``fields``. A ``.json`` file may hold an array.
    Workbooks need ``unibatch[xlsx]``; their cells become text. Parquet files need ``unibatch[arrow]``. In tables of
    pandas or polars, NaN and its like are empty cells. Of what unibatch exported, only the contacts are read.

    A row whose do-not-call column (opt out, DNC, unsubscribed, …) says anything but no is left out, as is every other
    row with its number, and everybody in ``skip``; `ContactList.skipped` names them.

    Args:
        source: The path of a file (``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.ndjson``; for others, the first
            characters decide), an open stream, a ``DataFrame``, or an iterable of mappings, of rows of one, of
            `ContactDraft` or `Contact` objects, or of phone numbers.
        region: The ISO 3166 country code of phone numbers in national form, for example ``"US"``. Where a row has a
            country column, that decides for the row.
        columns: For a header, where its column goes: the name of an attribute of `ContactDraft`, ``"fields.NAME"`` or
            any other name for custom data, or ``""`` or ``"-"`` to leave it out. The headers of other columns
            decide; those that mean no attribute are custom data. ``"do_not_call"`` marks a do-not-call column.
        format: ``"csv"`` or ``"jsonl"``; by default the name of the file decides.
        encoding: The encoding of a text file, such as ``"cp1250"``. Left out, it is UTF-8 or UTF-16 where the bytes say
            so, or else guessed to be Windows-1252, and refused if it is hardly text in that.
        sheet: The name of the sheet of a workbook; needed only if several have content.
        skip: Numbers that must never be called: an iterable of them, or the path of a file: one number a line, or a
            table as in ``source``.

    Returns:
        The contacts, the rejected rows, the repeated rows, the skipped rows, and where each column went.

    Raises:
        InvalidInput: The source cannot be used as a whole, it is not clear which column is the phone number, or an
            argument makes no sense.
    """
    if format not in (None, "csv", "jsonl"):
        raise InvalidInput(f'format must be "csv" or "jsonl", not {format!r}')
    region = _checked_region(region)
    encoding = checked_encoding(encoding)
    rows = Rows(region, Columns.of(columns), numbers_to_skip(skip, region))
    if isinstance(source, str | os.PathLike) or hasattr(source, "read"):
        read_file(cast("Any", source), format, rows, encoding=encoding, sheet=sheet)
    elif encoding is not None or sheet is not None:
        raise InvalidInput("encoding and sheet are for files; these contacts are in memory")
    else:
        rows.take_items(enumerate(_items(source), 1))
    return rows.result()


def _checked_region(region: Any) -> str | None:
    if region is None:
        return None
    import phonenumbers  # noqa: PLC0415 - takes long to import

    code = region.strip().upper() if isinstance(region, str) else ""
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(f"region {region!r} is none: use a two-letter ISO 3166 country code, such as US, GB or IN")
    return code


def _items(source: Any) -> Iterable[Any]:
    if isinstance(source, bytes | bytearray | memoryview):
        raise InvalidInput("contacts were given as bytes; wrap them in io.BytesIO, or give the path of a file")
    if isinstance(source, Mapping):
        raise InvalidInput("one mapping is one contact; give a list of mappings")
    if hasattr(source, "columns"):
        if callable(rows := getattr(source, "iter_rows", None)):  # polars
            return cast("Iterable[Any]", rows(named=True))
        if callable(getattr(source, "to_dict", None)):  # pandas
            if not source.columns.is_unique:
                raise InvalidInput("the table has several columns of one name; give each a name of its own")
            return cast("Iterable[Any]", source.to_dict("records"))
    if isinstance(source, Iterable):
        return source
    raise InvalidInput(f"contacts must be a path, a stream or an iterable, not {type(source).__name__}")
