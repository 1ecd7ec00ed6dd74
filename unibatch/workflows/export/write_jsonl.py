"""JSON Lines: one object a contact, whose values keep their types."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from unibatch.core.columns import COLUMNS, FIELD, FIELDS
from unibatch.workflows.export.table import Table

_encoder = msgspec.json.Encoder()
_NAMES = [column.name for column in COLUMNS]


def write(table: Table, file: BinaryIO, on_rows: Callable[[int], None]) -> None:
    """Write a table as JSON Lines; of custom data, each contact has only its own."""
    columns = {name: FIELD + name for name in table.names}
    done = 0
    for page in table.pages():
        objects = []
        for row in page:
            custom = row.pop()
            made = dict(zip(_NAMES, row, strict=True))
            if table.fields == "json":
                made[FIELDS] = custom
            else:
                others = {}
                for name, value in custom.items():
                    if (column := columns.get(name)) is None:
                        others[name] = value
                    else:
                        made[column] = value
                if others:
                    made[FIELDS] = others
            objects.append(made)
        file.write(_lines(objects))
        on_rows(done := done + len(page))


def _lines(objects: list[dict[str, Any]]) -> bytes:
    try:
        return _encoder.encode_lines(objects)
    except (TypeError, ValueError, OverflowError):
        return b"".join([json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in objects])
