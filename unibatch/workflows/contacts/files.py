"""From files and streams to rows: encodings, CSV of any kind, JSON Lines and JSON arrays."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import tempfile
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, iterdecode, lookup
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Literal, cast

import attrs

from unibatch.core.columns import MARK
from unibatch.core.errors import InvalidInput
from unibatch.workflows.contacts.headers import BLANK, TEXT_COLUMN, Columns, is_own_export, listed
from unibatch.workflows.contacts.parquet import PARQUET, parquet_rows
from unibatch.workflows.contacts.result import RejectedRow
from unibatch.workflows.contacts.rows import Places, Rows, plain_cell
from unibatch.workflows.contacts.workbook import workbook_rows

Format = Literal["csv", "jsonl"]

_LOOKS_LIKE_A_PHONE = re.compile(r"[+(]*(?:[0-9][ ()./-]*){7,}")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|:~^])"?\s*', re.IGNORECASE)
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 100
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

_FORMATS: Mapping[str, Format] = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_MAGIC = {
    b"%PDF": "is a PDF document",
    b"\x1f\x8b": "is compressed",
}
_BOMS = {BOM_UTF8: "utf-8-sig", BOM_UTF16_LE: "utf-16", BOM_UTF16_BE: "utf-16"}
_GUESS = "cp1252"
_STATE_IT = "state its encoding (encoding=, --encoding), such as cp1250, cp1251 or shift_jis"
_FOREIGN_WORD = re.compile(r"[^\s,;|]*[^\x00-\x7f\s][^\s,;|]*")
_LETTER = "A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ"
_NO_WORDS = "¢£¤¥¦¨¬¯±¶¸¼¾×÷ƒ†‡ˆ‰˜‚"  # noqa: RUF001 - these are the signs
"""Signs that no word begins with or goes on with."""
_ODD = re.compile(
    rf"""[À-ÖØ-öø-ÿŒœŠšŽžŸ]{{3}}              # so many letters with accents in a row
        |[a-zß-öø-ÿœšž][À-ÖØ-ÞŠŽ]             # a capital inside a word
        |[{_NO_WORDS}][{_LETTER}]
        |[{_LETTER}][{_NO_WORDS}¡¿„‘‹«]
        |[{_LETTER}]{{3}}[¹³]|[¹³][a-z]
        |[^\x00-\x7f\s][ƒ†‡ˆ‰˜‚]|[ƒ†‡ˆ‰˜‚][^\x00-\x7f\s]
    """,  # noqa: RUF001 - these are the signs
    re.VERBOSE,
).search
_MOST_ODD = 4
"""Of words with accents or signs, one in so many may look wrong."""
_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20
_LARGEST_STREAM = 1 << 30
"""Bytes of what is not a file, and so has to be copied before it is read: millions of contacts, and not a disk."""


def read_file(
    source: Any, form: Format | None, into: Rows, *, encoding: str | None = None, sheet: str | None = None
) -> None:
    """Read a path or a stream; raises `InvalidInput` if it cannot be used as a whole."""
    is_path = isinstance(source, str | os.PathLike)
    name = str(source) if is_path else getattr(source, "name", None)
    label = str(name) if isinstance(name, str) and name else "the source of contacts"
    if is_path and "\n" in label:
        raise InvalidInput("the path of a file has a line break; if it is the contacts themselves, use io.StringIO")
    try:
        with ExitStack() as stack:
            binary = _binary_of(source, label, stack)
            if binary is not None and _begins_with(binary, PARQUET):
                if encoding is not None or sheet is not None:
                    raise InvalidInput(f"{label} is Parquet, which has neither an encoding nor sheets to state")
                into.take_items(enumerate(parquet_rows(binary, label), 1))
                return
            if binary is not None and _is_workbook(binary, label):
                if encoding is not None:
                    raise InvalidInput(f"{label} is a workbook, which has no encoding to state")
                take_table(workbook_rows(binary, sheet, label), into, label)
                return
            if sheet is not None:
                raise InvalidInput(f"{label} is no workbook, so it has no sheet {sheet!r}")
            if binary is None:
                if encoding is not None:
                    raise InvalidInput(f"{label} gives text already, so its encoding cannot be stated")
                text: Iterable[str] = source
            else:
                into.encoding, into.encoding_guessed = encoding or _encoding(binary, label), False
                into.encoding_guessed = encoding is None and into.encoding == _GUESS
                binary.seek(0)
                text = stack.enter_context(io.TextIOWrapper(binary, encoding=into.encoding, newline=""))
            _read_text(text, form, label, into)
    except OSError as exc:
        raise InvalidInput(f"cannot read {label}: {exc.strerror or exc}") from exc
    except UnicodeError as exc:
        known = f"in {encoding}, as was stated" if encoding else "in UTF-8 nor in another known encoding"
        raise InvalidInput(f"{label} is not {known}; {_STATE_IT}, or save it as UTF-8") from exc


def checked_encoding(encoding: Any) -> str | None:
    """The argument ``encoding`` of `read_contacts`; raises `InvalidInput` if it is none of a text."""
    if encoding is None:
        return None
    with suppress(LookupError, ValueError, TypeError):
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)  # refuses codecs that do not make text of bytes
        name = lookup(encoding).name
        return "utf-8-sig" if name == "utf-8" else name
    raise InvalidInput(f"encoding {encoding!r} is not known; name one such as utf-8, cp1252, cp1250 or shift_jis")


def _read_text(text: Iterable[str], form: Format | None, label: str, into: Rows) -> None:
    lines = _Lines(_split(text, label))
    start = lines.peek(_SAMPLE_LINES)
    head = next((line.strip(BLANK) for line in start if line.strip(BLANK)), "")
    if not head:
        raise InvalidInput(f"{label} is empty")
    form = form or _FORMATS.get(Path(label).suffix.lower())
    is_array = form is None and head.startswith("[")
    if form is None:
        form = "jsonl" if head[0] in "[{" else "csv"
    if form == "csv":
        _read_csv(lines, start, into, label)
    elif into.encoding_guessed:
        raise InvalidInput(f"{label} is not UTF-8, which JSON must be; {_STATE_IT}")
    else:
        into.take_items(_array(lines, label) if is_array else _json_lines(lines), nulls=True)


def _binary_of(source: Any, label: str, stack: ExitStack) -> IO[bytes] | None:
    """The bytes of a source, which can be read twice; ``None`` if it gives text."""
    if isinstance(source, str | os.PathLike):
        try:
            binary: IO[bytes] = Path(source).open("rb")  # noqa: SIM115 - closed by the stack
        except ValueError as exc:  # no possible path
            raise InvalidInput(f"cannot read {label!r}: {exc}") from exc
        stack.callback(binary.close)
        is_file = stat.S_ISREG(os.fstat(binary.fileno()).st_mode)
        return binary if is_file else _copied(binary, label, stack)
    if getattr(source, "closed", False):
        raise InvalidInput(f"cannot read {label}: it is closed")
    nothing = source.read(0)
    if isinstance(nothing, str):
        return None
    if not isinstance(nothing, bytes):
        raise InvalidInput(f"{label} gives {type(nothing).__name__}, neither text nor bytes, when it is read")
    return _copied(source, label, stack)


def _copied(stream: IO[bytes], label: str, stack: ExitStack) -> IO[bytes]:
    """A copy that can be read twice, in memory while it is small; raises `InvalidInput` if there is no end in sight."""
    copy = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - closed by the stack
    stack.callback(copy.close)
    size = 0
    while piece := stream.read(_CHUNK):
        size += len(piece)
        if size > _LARGEST_STREAM:
            raise InvalidInput(f"{label} gives more than {_LARGEST_STREAM:,} bytes; save it as a file and read that")
        copy.write(piece)
    copy.seek(0)
    return copy


def _begins_with(binary: IO[bytes], magic: bytes) -> bool:
    head = binary.read(len(magic))
    binary.seek(0)
    return head == magic


def _is_workbook(binary: IO[bytes], label: str) -> bool:
    head = binary.read(4)
    binary.seek(0)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise InvalidInput(f"{label} {what}; save the table as CSV UTF-8 and read that")
    return head.startswith(_WORKBOOKS)


def _encoding(binary: IO[bytes], label: str) -> str:
    """UTF-8 or UTF-16 if a byte order mark says so, else UTF-8 if all of it is that, else Windows-1252.

    Raises:
        InvalidInput: It is hardly text in Windows-1252.
    """
    head = binary.read(4)
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            return encoding
    try:
        for _ in _decoded(binary, "utf-8"):
            pass
    except UnicodeDecodeError:
        words = [word for text in _decoded(binary, _GUESS) for word in _FOREIGN_WORD.findall(text)]
        odd = sum(map(bool, map(_ODD, words)))
        if odd * _MOST_ODD > len(words):
            raise InvalidInput(
                f"{label} is not in UTF-8, and hardly text in Windows-1252: {odd:,} of {len(words):,} words with "
                f"accents or signs look wrong; {_STATE_IT}, or save it as UTF-8"
            ) from None
        return _GUESS
    return "utf-8"


def _decoded(binary: IO[bytes], encoding: str) -> Iterator[str]:
    binary.seek(0)
    return iterdecode(iter(lambda: binary.read(_CHUNK), b""), encoding)


def _split(text: Iterable[str], label: str) -> Iterator[str]:
    """The physical lines of a text with their ends."""
    pieces = (_LINE.findall(piece) if "\r" in piece else (piece,) for piece in text)
    for number, line in enumerate(chain.from_iterable(pieces), 1):
        if "\0" in line:
            raise InvalidInput(
                f"{label} holds a NUL character in line {number}, so it is no text; save it as CSV UTF-8"
            )
        yield line.removeprefix("\ufeff") if number == 1 else line


@attrs.define
class _Lines:
    """Lines that can be given back."""

    _fresh: Iterator[str]
    number: int = 0
    """How many lines were taken, less those given back."""
    taken: list[str] = attrs.field(factory=list)
    _waiting: list[str] = attrs.field(factory=list)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else next(self._fresh)
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self._waiting.extend(reversed(lines))
        self.number -= len(lines)

    def peek(self, most: int) -> list[str]:
        lines = list(islice(self, most))
        self.give_back(lines)
        return lines


def _read_csv(lines: _Lines, start: list[str], into: Rows, label: str) -> None:
    if separator := _SEPARATOR_LINE.fullmatch(start[0]):
        next(lines)
        delimiter = separator[1]
    else:
        delimiter = _delimiter(start, into.known)
    take_table(_csv_rows(lines, delimiter), into, label)


def take_table(rows: Iterator[tuple[int, list[str], str | None]], into: Rows, label: str) -> None:
    """Take rows of cells, each with its line and what is wrong with it; the first with content holds the headers."""
    for line, cells, error in rows:
        if error:
            raise InvalidInput(f"{label}: the headers in line {line} cannot be read: {error}")
        if any(cell.strip(BLANK) for cell in cells):
            break
    else:
        raise InvalidInput(f"{label} has no rows")
    headers = [cell.strip(BLANK) or f"column {number}" for number, cell in enumerate(cells, 1)]
    if is_own_export(headers):
        rows = _without_marks(rows, headers)
    blank = {header for header, cell in zip(headers, cells, strict=True) if not cell.strip(BLANK)}
    if twice := sorted({header for header in headers if headers.count(header) > 1}):
        raise InvalidInput(f"{label}: more than one column is called {listed(twice)}; give each a name of its own")
    first = [(line, cells, error, _row(headers, cells)) for line, cells, error in islice(rows, _SAMPLE_LINES)]
    sample = [row for _, _, error, row in first if not error]
    targets = into.known.targets(headers, sample, nested=False, region=into.region)
    if "phone_number" not in targets.values() and any(map(_LOOKS_LIKE_A_PHONE.fullmatch, headers)):
        raise InvalidInput(
            f"{label}: line {line} looks like a contact, not like headers; "
            "put a line with the names of the columns above it, such as phone_number,name"
        )
    into.known.require(headers, targets)
    places = Places.of(targets)
    used: set[str] = set()
    rest = ((line, cells, error, _row(headers, cells)) for line, cells, error in rows)
    width = len(headers)
    for number, cells, error, row in chain(first, rest):
        extra = _beyond(cells, width) if len(cells) > width else {}
        if error:
            into.reject(number, error, row | extra)
        elif extra:
            into.reject(number, f"the row has more cells than there are headers ({width})", row | extra)
        elif row:
            if blank:
                used |= blank & row.keys()
            into.take(number, row, places)
    into.columns.update({header: targets[header] for header in headers if header not in blank or header in used})


def _without_marks(
    rows: Iterable[tuple[int, list[str], str | None]], headers: Sequence[str]
) -> Iterator[tuple[int, list[str], str | None]]:
    """The rows as they were before `unibatch.export` marked texts for Excel, and each number, by which it shows."""
    phone = headers.index("phone_number")
    for line, cells, error in rows:
        is_marked = len(cells) > phone and cells[phone].startswith(MARK)
        yield line, [cell.removeprefix(MARK) for cell in cells] if is_marked else cells, error


def _beyond(cells: Sequence[str], width: int) -> dict[str, str]:
    """The cells for which there is no header, without the empty ones."""
    return {f"column {number}": cell for number, cell in enumerate(cells[width:], width + 1) if plain_cell(cell)}


def _row(headers: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """A row without its empty cells, and without those for which there is no header."""
    return {header: cell for header, cell in zip(headers, map(plain_cell, cells), strict=False) if cell}


def _delimiter(sample: list[str], columns: Columns) -> str:
    """The delimiter with which the first lines make the best table."""
    nothing = BLANK + "".join(_DELIMITERS)

    def merit(delimiter: str) -> tuple[bool, bool, float, int]:
        rows: list[list[str]] = []
        with suppress(csv.Error):
            rows.extend(row for row in _reader(sample, delimiter) if any(cell.strip(nothing) for cell in row))
        if not rows:
            return False, False, 0.0, 0
        width = len(rows[0])
        alike = sum(len(row) == width for row in rows) / len(rows)
        return any(map(columns.is_known, rows[0])), width > 1, alike if width > 1 else 0.0, width

    return max(_DELIMITERS, key=merit)


def _reader(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> Any:
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)


_CSV_ERRORS = {
    "unexpected end of data": "a quotation mark opens a cell and is not closed",
    "expected after": "text follows a closing quotation mark; inside a quoted cell a quotation mark is written twice",
    "field larger than field limit": "a cell is too long, or a quotation mark opens it and is not closed",
}


def _csv_rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """The rows with the line that each begins in, and what is wrong with its quotation marks.

    A quotation mark that is not closed takes in the lines after it. Only the line in which such a row begins is
    rejected; the others are read again.
    """
    reader = _reader(lines, delimiter, strict=True)
    broken_until = 0
    while True:
        line = lines.number + 1
        lines.taken.clear()
        error = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            error = next((reason for part, reason in _CSV_ERRORS.items() if part in str(exc)), "it is not CSV")
            broken_until = max(broken_until, lines.number)
            lines.give_back(lines.taken[1:])
            cells = _leniently(lines.taken[0], delimiter)
            reader = _reader(lines, delimiter, strict=True)
        else:
            if line <= broken_until and len(lines.taken) == 1 and lines.taken[0].count('"') % 2:
                error = "it may belong to the row before it, whose quotation marks are wrong"
        yield line, cells, error


def _leniently(line: str, delimiter: str) -> list[str]:
    try:
        return next(_reader([line], delimiter), [])
    except csv.Error:
        return line.split(delimiter)


def _json_lines(lines: _Lines) -> Iterator[tuple[int, Any]]:
    for line in lines:
        number = lines.number
        lines.taken.clear()
        text = line.strip(BLANK)
        if not text:
            continue
        try:
            row = _json(text)
            if not isinstance(row, dict):
                raise InvalidInput(f"expected a JSON object, got {_JSON_KINDS.get(type(row), 'null')}")
        except InvalidInput as exc:
            yield number, RejectedRow(number, str(exc), {TEXT_COLUMN: text})
        else:
            yield number, row


_JSON_KINDS = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "true or false"}


def _array(lines: _Lines, label: str) -> Iterator[tuple[int, Any]]:
    try:
        rows = _json("".join(lines))
    except InvalidInput as exc:
        raise InvalidInput(f"{label} begins like a JSON array, and {exc}") from exc
    yield from enumerate(rows, 1)


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as exc:
        raise InvalidInput(f"it is not JSON: {exc.msg} at character {exc.pos + 1:,}") from exc
    except InvalidInput:
        raise
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("it cannot be read as JSON: a number is too long, or it is nested too deep") from exc


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        raise InvalidInput(
            f"the same name twice in one object: {listed(sorted({n for n in names if names.count(n) > 1}))}"
        )
    return result


def _no_constant(name: str) -> Any:
    raise InvalidInput(f"it is not JSON: {name} is no JSON number")
