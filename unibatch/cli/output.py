"""What is written: data to stdout, as JSON, JSON Lines or CSV for programs; single lines to stderr for people."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import sys
import threading
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
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
    with _line, contextlib.suppress(OSError):  # if nobody can read it, the work has been done nevertheless
        sys.stderr.write(f"{one_line(message)}\n")


# stdout ---------------------------------------------------------------------------------------------------------------


def write_objects(form: str, objects: Iterable[Any], cls: type) -> None:
    """Write canonical objects of one class to stdout while they come in; see `write_data`."""
    write_data(form, map(to_dict, objects), columns_of(cls))


def write_data(form: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write plain rows to stdout while they come in, as ``"json"``, ``"jsonl"`` or ``"csv"``.

    Nothing is written before the first row is there, so after an early error stdout is empty. A later error leaves a
    JSON array open: a part must not look like the whole. The CSV columns are paths such as ``counts.total``.
    """
    write = {"json": _write_json, "jsonl": _write_jsonl}.get(form)
    if write is None:
        _write_csv(rows, columns)
    else:
        write(rows)


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
    text = json.dumps(value, ensure_ascii=encoding != "utf8", separators=(",", ":"))
    # What a vendor sent may hold half a character, which no encoding has.
    return json.dumps(value, separators=(",", ":")) if _surrogate(text) else text


_surrogate = re.compile("[\ud800-\udfff]").search


def _write_json(rows: Iterable[Mapping[str, Any]]) -> None:
    opening = "[\n"
    for row in rows:
        sys.stdout.write(opening + dumps(row))
        opening = ",\n"
    sys.stdout.write("[]\n" if opening == "[\n" else "\n]\n")


def _write_jsonl(rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        sys.stdout.write(f"{dumps(row)}\n")


def _write_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    paths = [column.split(".") for column in columns]
    header = [columns]
    for row in rows:
        writer.writerows([*header, [_cell(_at(row, path)) for path in paths]])
        header = []
    writer.writerows(header)


def _at(row: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = row
    for name in path:
        value = None if value is None else value[name]
    return value


def _cell(value: Any) -> Any:
    return dumps(value) if isinstance(value, bool | dict | list) else value
