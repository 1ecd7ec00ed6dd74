"""JSON Lines: one object a contact, whose values keep their types."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from unibatch.core.columns import COLUMNS, FIELD, FIELDS
from unibatch.workflows.export.table import Table, is_plain_name

_NAMES = [column.name for column in COLUMNS]


def write(table: Table, file: BinaryIO, on_rows: Callable[[int], None]) -> None:
    """Write a table as JSON Lines; of custom data, each contact has only its own."""
    done = 0
    for page in table.pages():
        objects = []
        for row in page:
            custom = row.pop()
            made = dict(zip(_NAMES, row, strict=True))
            objects.append(made | ({FIELDS: custom} if table.fields == "json" else _columns(custom)))
        file.write(_lines(objects))
        on_rows(done := done + len(page))


def _columns(custom: dict[str, Any]) -> dict[str, Any]:
    columns = {FIELD + name: value for name, value in custom.items() if is_plain_name(name)}
    others = {name: value for name, value in custom.items() if not is_plain_name(name)}
    return columns | {FIELDS: others} if others else columns


def _lines(objects: list[dict[str, Any]]) -> bytes:
    try:
        return b"".join([msgspec.json.encode(each) + b"\n" for each in objects])
    except (TypeError, ValueError, OverflowError):
        return b"".join([json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in objects])
