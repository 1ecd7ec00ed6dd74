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
from operator import getitem
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
    """Write pages of canonical objects of one class to stdout, each when it is there; see `write_data`.

    The bytes are those of ``write_data(form, map(to_dict, ...), columns_of(cls))``, without a dictionary for each row.
    """
    if form == "csv":
        columns = columns_of(cls)
        _write_csv(pages, columns, _cells_of_objects(columns))
    else:
        _WRITERS[form](pages, _text_of_objects(cls))


def write_data(form: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write plain rows to stdout while they come in, as ``"json"``, ``"jsonl"`` or ``"csv"``.

    Nothing is written before the first row is there, so after an early error stdout is empty. A later error leaves a
    JSON array open: a part must not look like the whole. The CSV columns are paths such as ``counts.total``.
    """
    pages = ([row] for row in rows)
    encode = json_encoder()
    if form == "csv":
        paths = [column.split(".") for column in columns]

        def cells_of(row: Mapping[str, Any]) -> list[Any]:
            return [_cell(_at(row, path, getitem), encode) for path in paths]

        _write_csv(pages, columns, cells_of)
    else:
        _WRITERS[form](pages, encode)


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


# One text, or one list of cells, a row --------------------------------------------------------------------------------


def dumps(value: Any) -> str:
    """JSON on one line, in characters that stdout can hold."""
    return json_encoder()(value)


def json_encoder() -> Callable[[Any], str]:
    """What `dumps` does, for many values while stdout stays the same."""
    import json

    escaped = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode  # plain data holds no circles
    literal = json.JSONEncoder(separators=(",", ":"), check_circular=False, ensure_ascii=False).encode
    return _for_stdout(literal, escaped)


def _for_stdout(literal: Callable[[Any], str], escaped: Callable[[Any], str]) -> Callable[[Any], str]:
    """The literal text of a value where stdout can hold it, else the escaped one."""
    if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8":
        return escaped

    def text_of(value: Any) -> str:
        text = literal(value)
        try:
            _ = text.isascii() or text.encode()
        except UnicodeEncodeError:  # what a vendor sent may hold half a character, which no encoding has
            return escaped(value)
        return text

    return text_of


def _text_of_objects(cls: type) -> Callable[[Any], str]:
    """A function that makes one line of JSON of an object of a class.

    Each attribute becomes a text of its own, and the names are in a template, so that they are not escaped again for
    each of a hundred thousand rows.
    """
    import json
    from json.encoder import encode_basestring, encode_basestring_ascii

    import attrs

    from unibatch.core.to_dict import values_under

    names = [str(field.alias) for field in attrs.fields(cls)]
    values_of = values_under(names)
    template = "{" + ",".join(f"{json.dumps(name)}:%s" for name in names) + "}"

    def writer(escape: Callable[[str], str], *, ensure_ascii: bool) -> Callable[[Any], str]:
        encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=ensure_ascii, check_circular=False)
        texts = _Texts(escape, encoder.encode)
        return lambda each: (
            template % tuple(["null" if value is None else texts[type(value)](value) for value in values_of(each)])
        )

    literal, escaped = writer(encode_basestring, ensure_ascii=False), writer(encode_basestring_ascii, ensure_ascii=True)
    return _for_stdout(literal, escaped)


class _Texts(dict[type, Callable[[Any], str]]):
    """For each class of values, what makes JSON of them. Few need the encoder, which is made anew for each text."""

    def __init__(self, escape: Callable[[str], str], encode: Callable[[Any], str]) -> None:
        super().__init__({str: escape, int: int.__repr__, bool: _BOOLS.__getitem__})
        self._encode = encode

    def __missing__(self, cls: type) -> Callable[[Any], str]:
        self[cls] = _through(cls, self[str], self._encode)
        return self[cls]


class _Cells(dict[type, Callable[[Any], Any]]):
    """For each class of values, what makes the cells of CSV of them: JSON only where it is more than one value."""

    def __init__(self, encode: Callable[[Any], str]) -> None:
        super().__init__({bool: _BOOLS.__getitem__})
        self._encode = encode

    def __missing__(self, cls: type) -> Callable[[Any], Any]:
        self[cls] = _through(cls, lambda text: text, lambda plain: _cell(plain, self._encode))
        return self[cls]


_BOOLS = {True: "true", False: "false"}


def _through(cls: type, of_text: Callable[[str], Any], of_others: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What makes something of the plain data that values of a class become; most of them become a text."""
    from unibatch.core.to_dict import conversions

    plain_of = conversions[cls]

    def made(value: Any) -> Any:
        plain = plain_of(value)
        return of_text(plain) if type(plain) is str else of_others(plain)

    return made


def _cells_of_objects(columns: Sequence[str]) -> Callable[[Any], list[Any]]:
    """A function that makes the cells of a CSV row of an object."""
    from unibatch.core.to_dict import values_under

    cells = _Cells(json_encoder())
    paths = [column.split(".") for column in columns]
    is_flat = all(len(path) == 1 for path in paths)
    values_of = values_under(columns) if is_flat else lambda each: [_at(each, path, getattr) for path in paths]
    return lambda each: [
        value if value is None or type(value) is str else cells[type(value)](value) for value in values_of(each)
    ]


def _at(row: Any, path: Sequence[str], get: Callable[[Any, str], Any]) -> Any:
    """The value at a path; ``None`` if there is none."""
    value = row
    for name in path:
        value = None if value is None else get(value, name)
    return value


def _cell(plain: Any, encode: Callable[[Any], str]) -> Any:
    return encode(plain) if isinstance(plain, bool | dict | list) else plain


# One write a page -----------------------------------------------------------------------------------------------------


def _write_json(pages: Iterable[Sequence[Any]], text_of: Callable[[Any], str]) -> None:
    opening = "[\n"
    for page in filter(None, pages):
        sys.stdout.write(opening + ",\n".join(map(text_of, page)))
        opening = ",\n"
    sys.stdout.write("[]\n" if opening == "[\n" else "\n]\n")


def _write_jsonl(pages: Iterable[Sequence[Any]], text_of: Callable[[Any], str]) -> None:
    for page in filter(None, pages):
        sys.stdout.write("".join([f"{text_of(row)}\n" for row in page]))


_WRITERS = {"json": _write_json, "jsonl": _write_jsonl}


def _write_csv(
    pages: Iterable[Sequence[Any]], columns: Sequence[str], cells_of: Callable[[Any], Iterable[Any]]
) -> None:
    import csv

    head: list[Iterable[Any]] = [columns]
    for page in filter(None, pages):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(chain(head, map(cells_of, page)))
        sys.stdout.write(text.getvalue())
        head = []
    csv.writer(sys.stdout, lineterminator="\n").writerows(head)
