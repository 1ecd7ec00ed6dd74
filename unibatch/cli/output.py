"""What is written: data to stdout, as JSON, JSON Lines or CSV for programs; single lines to stderr for people."""

from __future__ import annotations

import csv
import io
import json
import sys
import threading
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from unibatch import to_dict

FORMATS = ("table", "json", "jsonl", "csv")

_line = threading.Lock()


# stderr ---------------------------------------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """The text without line breaks and control characters, which a vendor's text may hold to fool a terminal."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))


def say(message: str) -> None:
    """Write one line to stderr, whole, even if several threads write."""
    with _line:
        sys.stderr.write(f"{one_line(message)}\n")


# stdout ---------------------------------------------------------------------------------------------------------------


def write_objects(form: str, objects: Iterable[Any], cls: type) -> None:
    """Write canonical objects of one class to stdout while they come in; see `write_data`."""
    write_data(form, map(to_dict, objects), columns_of(cls))


def write_data(form: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows to stdout while they come in.

    Nothing is written before the first row is there, so after an early error stdout is empty. A later error leaves a
    JSON array open: a part must not look like the whole.

    Args:
        form: ``"json"`` (one array), ``"jsonl"`` (one object a line) or ``"csv"`` (a header, then one line a row).
        rows: Plain data.
        columns: For CSV: paths such as ``counts.total``.
    """
    lines = {"json": _json, "jsonl": _jsonl}
    chunks = lines[form](rows) if form in lines else _csv(rows, columns)
    for chunk in chunks:
        sys.stdout.write(chunk)


def columns_of(cls: type) -> list[str]:
    """The CSV columns of a canonical class; an object in an attribute gives one column for each of its own."""
    columns = []
    for field in attrs.fields(attrs.resolve_types(cls)):
        inner = _attrs_class(field.type)
        columns += [f"{field.alias}.{name}" for name in columns_of(inner)] if inner else [field.alias]
    return columns


def _attrs_class(annotation: Any) -> type | None:
    """The attrs class in ``X`` or ``X | None``."""
    choices = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return next((choice for choice in choices if isinstance(choice, type) and attrs.has(choice)), None)


def dumps(value: Any) -> str:
    """JSON on one line, in characters that stdout can hold."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return json.dumps(value, ensure_ascii=encoding != "utf8", separators=(",", ":"))


def _json(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    opening = "[\n"
    for row in rows:
        yield opening + dumps(row)
        opening = ",\n"
    yield "[]\n" if opening == "[\n" else "\n]\n"


def _jsonl(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield f"{dumps(row)}\n"


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    paths = [column.split(".") for column in columns]

    def taken() -> str:
        line = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return line

    writer.writerow(columns)
    header = taken()
    for row in rows:
        writer.writerow([_cell(_at(row, path)) for path in paths])
        yield header + taken()
        header = ""
    yield header


def _at(row: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = row
    for name in path:
        if value is None:
            return None
        value = value[name]
    return value


def _cell(value: Any) -> Any:
    return dumps(value) if isinstance(value, bool | dict | list) else value
