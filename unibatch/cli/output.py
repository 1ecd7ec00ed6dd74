"""What is written: data to stdout, as JSON, JSON Lines or CSV for programs; single lines to stderr for people."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

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
    write_pages(form, ([each] for each in objects), cls)


def write_pages(form: str, pages: Iterable[Sequence[Any]], cls: type) -> None:
    """Write pages of canonical objects of one class to stdout, each when it is complete; see `write_data`."""
    from unibatch import to_dict

    _write(form, (list(map(to_dict, page)) for page in pages), columns_of(cls) if form == "csv" else ())


def write_data(form: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write plain rows to stdout while they come in, as ``"json"``, ``"jsonl"`` or ``"csv"``.

    Nothing is written before the first row is there, so after an early error stdout is empty. A later error leaves a
    JSON array open: a part must not look like the whole. The CSV columns are paths such as ``counts.total``.
    """
    _write(form, ([row] for row in rows), columns)


def _write(form: str, pages: Iterable[Sequence[Mapping[str, Any]]], columns: Sequence[str]) -> None:
    pages = filter(None, pages)
    write = {"json": _write_json, "jsonl": _write_jsonl}.get(form)
    if write is None:
        _write_csv(pages, columns)
    else:
        write(pages)


def columns_of(cls: type) -> list[str]:
    """The CSV columns of a canonical class; an object in an attribute gives one column for each of its own."""
    import attrs

    columns = []
    for field in attrs.fields(attrs.resolve_types(cls)):
        inner = _attrs_class(field.type)
        columns += [f"{field.alias}.{name}" for name in columns_of(inner)] if inner else [field.alias]
    return columns


def _attrs_class(annotation: Any) -> type | None:
    """The attrs class in ``X`` or ``X | None``."""
    import attrs

    choices = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return next((choice for choice in choices if isinstance(choice, type) and attrs.has(choice)), None)


def dumps(value: Any) -> str:
    """JSON on one line, in characters that stdout can hold."""
    return json_encoder()(value)


def json_encoder() -> Callable[[Any], str]:
    """What `dumps` does, for many values while stdout stays the same."""
    import json

    escaped = json.JSONEncoder(separators=(",", ":")).encode
    if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8":
        return escaped
    literal = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def encode(value: Any) -> str:
        text = literal(value)
        try:
            _ = text.isascii() or text.encode()
        except UnicodeEncodeError:  # what a vendor sent may hold half a character, which no encoding has
            return escaped(value)
        return text

    return encode


def _write_json(pages: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    encode = json_encoder()
    opening = "[\n"
    for page in pages:
        sys.stdout.write(opening + ",\n".join(map(encode, page)))
        opening = ",\n"
    sys.stdout.write("[]\n" if opening == "[\n" else "\n]\n")


def _write_jsonl(pages: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    encode = json_encoder()
    for page in pages:
        sys.stdout.write("".join([f"{encode(row)}\n" for row in page]))


def _write_csv(pages: Iterable[Sequence[Mapping[str, Any]]], columns: Sequence[str]) -> None:
    import csv

    encode = json_encoder()
    paths = [column.split(".") for column in columns]
    is_flat = all(len(path) == 1 for path in paths)
    values_of = itemgetter(*columns) if is_flat else lambda row: [_at(row, path) for path in paths]

    def cell(value: Any) -> Any:
        return encode(value) if isinstance(value, bool | dict | list) else value

    head = [columns]
    for page in pages:
        text = io.StringIO()
        rows = ([v if v is None or type(v) is str else cell(v) for v in values_of(row)] for row in page)
        csv.writer(text, lineterminator="\n").writerows(chain(head, rows))
        sys.stdout.write(text.getvalue())
        head = []
    csv.writer(sys.stdout, lineterminator="\n").writerows(head)


def _at(row: Mapping[str, Any], path: Sequence[str]) -> Any:
    value: Any = row
    for name in path:
        value = None if value is None else value[name]
    return value
