"""The canonical table of contacts: its columns and their types, and contacts as rows of plain data.

Exports and Arrow batches have these columns. `VERSION` goes up if a column is renamed, removed or gets another type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import isfinite
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, cast

import attrs
import msgspec

from unibatch.core.model import Contact
from unibatch.core.raw import TOO_DEEP

VERSION = 1

Kind = Literal["text", "integer", "number", "boolean", "time"]


@attrs.frozen
class Column:
    """A column of the table.

    Attributes:
        name: Its name, which is that of the attribute of `Contact`.
        kind: The type of its values. A ``"time"`` is in UTC; the one ``"number"``, the duration, is in seconds.
        required: It has a value in every row.
    """

    name: str
    kind: Kind
    required: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("provider", "text", required=True),
    Column("campaign_id", "text", required=True),
    Column("id", "text", required=True),
    Column("phone_number", "text", required=True),
    Column("phone_valid", "boolean", required=True),
    Column("name", "text"),
    Column("first_name", "text"),
    Column("last_name", "text"),
    Column("email", "text"),
    Column("external_id", "text"),
    Column("status", "text", required=True),
    Column("vendor_status", "text"),
    Column("is_final", "boolean", required=True),
    Column("call_id", "text"),
    Column("attempts", "integer"),
    Column("max_attempts", "integer"),
    Column("last_attempt_at", "time"),
    Column("next_attempt_at", "time"),
    Column("started_at", "time"),
    Column("ended_at", "time"),
    Column("duration", "number"),
    Column("sip_code", "integer"),
    Column("failure_reason", "text"),
    Column("end_reason", "text"),
)
"""All columns but those of custom data, in order."""

FIELDS = "fields"
"""The column with custom data as one JSON object."""

FIELD = "field."
"""What is put before the name of custom data that has a column of its own."""

MARK = "'"
"""What goes before a text that Excel would take for something else, in CSV that is for Excel."""

Row: TypeAlias = list[Any]
"""The values of `COLUMNS`, and behind them the custom data as a dictionary. Times are ISO 8601 texts."""

ID = next(place for place, column in enumerate(COLUMNS) if column.name == "id")
_DURATION = next(place for place, column in enumerate(COLUMNS) if column.name == "duration")
_values_of = attrgetter(*(column.name for column in COLUMNS))
_NUL = b"\\u0000"
_ODD = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}


def encode_rows(contacts: Iterable[Contact]) -> tuple[bytes, list[Row]]:
    """Contacts as rows: in a JSON array of arrays, and as they are, with times that are no text yet.

    NUL, and half characters that are no Unicode text, become U+FFFD, because most formats cannot hold them.
    """
    rows = list(map(_row_of, contacts))
    try:
        encoded = msgspec.json.encode(rows)
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError, RecursionError):
        encoded = b""
    if encoded and _NUL not in encoded:
        return encoded, rows
    cleaned = _cleaned(rows, 0)
    return json.dumps(cleaned, separators=(",", ":")).encode(), cleaned


def decode_rows(encoded: bytes | msgspec.Raw) -> list[Row]:
    """The rows that `encode_rows` wrote."""
    rows: list[Row] = msgspec.json.decode(encoded)
    return rows


def _row_of(contact: Contact) -> Row:
    row = list(_values_of(contact))
    duration = row[_DURATION]
    if duration is not None:
        seconds = duration.total_seconds()
        row[_DURATION] = int(seconds) if seconds.is_integer() else seconds
    custom = cast("MappingProxyType[str, Any]", contact.fields).copy()  # ten times as fast as dict(...)
    for name, value in custom.items():
        if type(value) is float and not isfinite(value):
            custom[name] = str(value)  # JSON has no such number
    row.append(custom)
    return row


_DEEPEST = 200


def _cleaned(value: Any, depth: int) -> Any:
    """Plain data that any format can hold."""
    if isinstance(value, str):
        return str(value).translate(_ODD)
    if depth > _DEEPEST:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {str(key).translate(_ODD): _cleaned(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(each, depth + 1) for each in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if isinstance(value, int | float | None) else msgspec.to_builtins(value)


def json_text(value: Any) -> str:
    """A value as JSON on one line."""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def cell_text(value: Any) -> str:
    """A value of custom data as the text of a cell: a text as it is, nothing for ``None``, anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json_text(value)
