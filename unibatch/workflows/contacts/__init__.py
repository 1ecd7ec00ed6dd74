"""Lists of contacts as people have them: CSV of any kind, JSON Lines, Python iterables.

Every row becomes one of three things: a contact, a rejected row with its reason, or a repetition of an earlier row's
number. Bad rows never raise; a source that cannot be used as a whole does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import IO, Any, cast

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.workflows.contacts.files import Format, read_file
from unibatch.workflows.contacts.headers import LINE_COLUMN, SYNONYMS, Columns
from unibatch.workflows.contacts.result import ContactList, RejectedRow, RepeatedRow
from unibatch.workflows.contacts.rows import Rows

__all__ = ["LINE_COLUMN", "SYNONYMS", "ContactList", "RejectedRow", "RepeatedRow", "read_contacts"]


def read_contacts(
    source: str | os.PathLike[str] | IO[str] | IO[bytes] | Iterable[Mapping[str, Any] | ContactDraft | str],
    *,
    region: str | None = None,
    columns: Mapping[str, str] | None = None,
    format: Format | None = None,  # noqa: A002 - the word that people look for
) -> ContactList:
    """Read contacts, bring their phone numbers into E.164 form, and leave out repeated numbers.

    A CSV file may have any delimiter, be in UTF-8, UTF-16 with byte order mark or Windows-1252, and come from Excel.
    Its first row holds the headers. All its values are text; empty cells are left out, and a column with content but
    without a header is custom data named ``column 4`` or the like. In JSON Lines and in iterables of mappings, custom
    values keep their types, and may also be in a mapping under ``fields``. A ``.json`` file may hold an array.

    Args:
        source: The path of a file (``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.ndjson``; for others, the first
            characters decide), an open stream, or an iterable of mappings, of `ContactDraft` objects or of phone
            numbers.
        region: The ISO 3166 country code of phone numbers in national form, for example ``"US"``.
        columns: For a header, where its column goes: the name of an attribute of `ContactDraft`, ``"fields.NAME"`` or
            any other name for custom data, or ``""`` or ``"-"`` to leave it out. The headers of other columns
            decide; those that mean no attribute are custom data.
        format: ``"csv"`` or ``"jsonl"``; by default the name of the file decides.

    Returns:
        The contacts, the rejected rows, the repeated rows, and where each column went.

    Raises:
        InvalidInput: The source cannot be used as a whole, it is not clear which column is the phone number, or an
            argument makes no sense.
    """
    if format not in (None, "csv", "jsonl"):
        raise InvalidInput(f'format must be "csv" or "jsonl", not {format!r}')
    rows = Rows(_checked_region(region), Columns.of(columns))
    if isinstance(source, str | os.PathLike) or hasattr(source, "read"):
        read_file(cast("Any", source), format, rows)
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
    if isinstance(source, Iterable):
        return source
    raise InvalidInput(f"contacts must be a path, a stream or an iterable, not {type(source).__name__}")
