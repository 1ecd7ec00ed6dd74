"""What is written: data to stdout, as JSON, JSON Lines or CSV for programs; single lines to stderr for people."""

from __future__ import annotations

import contextlib
import sys
import threading
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from operator import getitem
from typing import Any

from unibatch.core import csv_text

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
        _write_csv(pages, columns, _line_of_objects(columns))
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

        def line_of(row: Mapping[str, Any]) -> str:
            return ",".join([_cell(_at(row, path, getitem), encode) for path in paths])

        _write_csv(pages, columns, line_of)
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


# One text a row -------------------------------------------------------------------------------------------------------


def dumps(value: Any) -> str:
    """JSON on one line, in characters that stdout can hold."""
    return json_encoder()(value)


def json_encoder() -> Callable[[Any], str]:
    """What `dumps` does, for many values while stdout stays the same."""
    return _for_stdout(lambda json: json.encode)


class _Json:
    """JSON on one line, without blanks; values of the vendor's and the user's are JSON already, and hold no circles.

    Attributes:
        escape: Makes JSON of a text.
        encode: Makes JSON of anything. The encoder is made anew each time, so few values should need it.
    """

    def __init__(self, *, ensure_ascii: bool) -> None:
        import json
        from json import encoder

        made = json.JSONEncoder(separators=(",", ":"), ensure_ascii=ensure_ascii, check_circular=False)
        self.encode: Callable[[Any], str] = made.encode
        self.escape: Callable[[str], str] = (
            encoder.encode_basestring_ascii if ensure_ascii else encoder.encode_basestring
        )


def _for_stdout(text_of: Callable[[_Json], Callable[[Any], str]]) -> Callable[[Any], str]:
    """The literal text of a value where stdout can hold it, else the escaped one."""
    escaped = text_of(_Json(ensure_ascii=True))
    if (sys.stdout.encoding or "").lower().replace("-", "") != "utf8":
        return escaped
    literal = text_of(_Json(ensure_ascii=False))

    def text(value: Any) -> str:
        found = literal(value)
        try:
            _ = found.isascii() or found.encode()
        except UnicodeEncodeError:  # what a vendor sent may hold half a character, which no encoding has
            return escaped(value)
        return found

    return text


def _text_of_objects(cls: type) -> Callable[[Any], str]:
    """A function that makes one line of JSON of an object of a class.

    Each attribute becomes a text of its own, and the names are in a template, so that they are not escaped again for
    each of a hundred thousand rows.
    """
    import attrs

    from unibatch.core.to_dict import values_under

    names = [str(field.alias) for field in attrs.fields(cls)]
    values_of = values_under(names)
    template = "{" + ",".join(f'"{name}":%s' for name in names) + "}"

    def text_of(json: _Json) -> Callable[[Any], str]:
        texts = _Texts(json)
        return lambda each: (
            template % tuple(["null" if value is None else texts[type(value)](value) for value in values_of(each)])
        )

    return _for_stdout(text_of)


_BOOLS = {True: "true", False: "false"}


class _Texts(dict[type, Callable[[Any], str]]):
    """For each class of values, what makes JSON of them."""

    def __init__(self, json: _Json) -> None:
        super().__init__({str: json.escape, int: int.__repr__, bool: _BOOLS.__getitem__})
        self[types.MappingProxyType] = _Objects(json).text
        self._json = json

    def __missing__(self, cls: type) -> Callable[[Any], str]:
        self[cls] = _through(cls, self._json.escape, self._json.encode)
        return self[cls]


class _Objects:
    """Makes JSON of mappings that hold JSON already; keeps the texts of their names, since rows have the same ones."""

    def __init__(self, json: _Json) -> None:
        self._texts = _Plain(json)
        self._names = _Names(json)

    def text(self, mapping: Mapping[Any, Any]) -> str:
        """One line of JSON."""
        names, texts = self._names, self._texts
        parts = [
            names[name] + ("null" if value is None else texts[type(value)](value)) for name, value in mapping.items()
        ]
        return "{" + ",".join(parts) + "}"


class _Plain(dict[type, Callable[[Any], str]]):
    """For each class of values that are JSON already, what makes JSON of them."""

    def __init__(self, json: _Json) -> None:
        super().__init__({str: json.escape, int: int.__repr__, bool: _BOOLS.__getitem__})
        self._json = json

    def __missing__(self, _cls: type) -> Callable[[Any], str]:
        return self._json.encode


class _Names(dict[Any, str]):
    """The names of values as JSON, each with its colon."""

    _MOST = 1_000

    def __init__(self, json: _Json) -> None:
        super().__init__()
        self._json = json

    def __missing__(self, name: Any) -> str:
        text = self._json.encode({name.value if isinstance(name, Enum) else name: 0})[1:-2]
        if type(name) is str and len(self) < self._MOST:
            self[name] = text
        return text


def _line_of_objects(columns: Sequence[str]) -> Callable[[Any], str]:
    """A function that makes the line of CSV of an object."""
    from unibatch.core.to_dict import values_under

    cells = _Cells()
    paths = [column.split(".") for column in columns]
    is_flat = all(len(path) == 1 for path in paths)
    values_of = values_under(columns) if is_flat else lambda each: [_at(each, path, getattr) for path in paths]
    return lambda each: csv_text.line(values_of(each), cells)


class _Cells(dict[type, Callable[[Any], str]]):
    """For each class of values, what makes cells of CSV of them: JSON only where it is more than one value."""

    def __init__(self) -> None:
        super().__init__({bool: _BOOLS.__getitem__, int: int.__repr__})
        text_of = _for_stdout(lambda json: _Objects(json).text)
        self[types.MappingProxyType] = lambda mapping: csv_text.quoted(text_of(mapping)) if mapping else "{}"
        self._encode = json_encoder()

    def __missing__(self, cls: type) -> Callable[[Any], str]:
        self[cls] = _through(cls, csv_text.cell, lambda plain: _cell(plain, self._encode))
        return self[cls]


def _through(cls: type, of_text: Callable[[str], str], of_others: Callable[[Any], str]) -> Callable[[Any], str]:
    """What makes something of the plain data that values of a class become; most of them become a text."""
    from unibatch.core.to_dict import conversions

    plain_of = conversions[cls]

    def made(value: Any) -> str:
        plain = plain_of(value)
        return of_text(plain) if type(plain) is str else of_others(plain)

    return made


def _at(row: Any, path: Sequence[str], get: Callable[[Any, str], Any]) -> Any:
    """The value at a path; ``None`` if there is none."""
    value = row
    for name in path:
        value = None if value is None else get(value, name)
    return value


def _cell(plain: Any, encode: Callable[[Any], str]) -> str:
    """A value of plain data as a cell of CSV."""
    if plain is None:
        return ""
    return csv_text.cell(encode(plain) if isinstance(plain, bool | dict | list) else str(plain))


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


def _write_csv(pages: Iterable[Sequence[Any]], columns: Sequence[str], line_of: Callable[[Any], str]) -> None:
    head = f"{','.join(columns)}\n"
    for page in filter(None, pages):
        sys.stdout.write(head + "".join([f"{line_of(row)}\n" for row in page]))
        head = ""
    sys.stdout.write(head)
