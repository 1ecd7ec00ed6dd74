"""The one converter, and the errors it gives.

Three kinds of data pass through it:

- what vendors send, into *wire* classes (subclasses of `Wire`): lenient about keys that are unknown or missing, strict
  about types, so that ``null`` never becomes ``"None"`` nor ``"false"`` true. ``msgspec`` does this part, many times
  faster than a converter written in Python;
- what users write, such as configuration: strict about unknown keys too;
- canonical objects, out to JSON: keys by the public attribute names, datetimes as ISO 8601 with ``Z``, durations in
  seconds, money as a decimal text with its currency, statuses as their values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

import attrs
import cattrs
import msgspec
from cattrs.gen import make_dict_unstructure_fn

T = TypeVar("T")
W = TypeVar("W", bound="Wire")
R = TypeVar("R")


class Wire:
    """The base of classes whose attributes are spelled as a vendor spells them.

    Decorate subclasses with ``attrs.define(slots=False)``, the form that ``msgspec`` fills fastest.
    """


class StructureError(Exception):
    """Data does not have the documented form; a client turns it into `MalformedResponse` or `ConfigError`."""

    def __init__(self, path: str, reason: str) -> None:
        """Keep where (a JSON path in the spelling of the data) and why."""
        self.path = path
        self.reason = reason
        super().__init__(f"{reason} at {path}")

    def within(self, outer: str) -> StructureError:
        """The same error, for data that stands at ``outer`` inside something larger."""
        return StructureError(outer + self.path.removeprefix("$"), self.reason)


_AT = re.compile(r" - at `(?P<path>\$.*)`$")


def decode(content: bytes) -> Any:
    """Read JSON.

    Raises:
        StructureError: It is not JSON, or nested too deep, or holds a number or a text that JSON cannot hold.
    """
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        reason = str(exc) if content.strip() else "the body is empty"
        raise StructureError("$", _AT.sub("", reason)) from exc
    except RecursionError as exc:
        raise StructureError("$", "nested too deep") from exc


def decode_leniently(content: bytes) -> dict[str, Any]:
    """Read a JSON object from a body that may be anything, such as a proxy's page; if it is not one, an empty one."""
    try:
        body = decode(content)
    except StructureError:
        return {}
    return body if isinstance(body, dict) else {}


def text_or_none(value: Any) -> str | None:
    """The value if it is a text that is not empty, otherwise ``None``."""
    return value if isinstance(value, str) and value else None


def structure(value: Any, cls: type[T]) -> T:
    """Make a ``cls`` of plain data.

    Raises:
        StructureError: A value has the wrong type, a required key is missing, or (not in wire data) a key is unknown.
    """
    try:
        return converter.structure(value, cls)
    except msgspec.ValidationError as exc:
        text = str(exc)
        at = _AT.search(text)
        raise StructureError(at["path"] if at else "$", _AT.sub("", text)) from exc
    except (cattrs.BaseValidationError, cattrs.ForbiddenExtraKeysError) as exc:
        raise _first_problem(exc) from exc


def unstructure(value: Any) -> Any:
    """Make plain data, ready for JSON, of a canonical object."""
    return converter.unstructure(value)


def translate_rows(wire: Iterable[W], raw: Iterable[Any], translate: Callable[[W, Any], R], at: str) -> list[R]:
    """Translate the rows of one page.

    Args:
        wire: The rows as wire objects.
        raw: The same rows as the vendor's own mappings.
        translate: Makes a canonical object of a wire object and its mapping.
        at: The JSON path of the list of rows.

    Raises:
        StructureError: A row cannot be translated; the path says which.
    """
    rows: list[R] = []
    try:
        for row, mapping in zip(wire, raw, strict=True):
            rows.append(translate(row, mapping))
    except StructureError as exc:
        raise exc.within(f"{at}[{len(rows)}]") from exc
    return rows


def instant(text: str | None, key: str) -> datetime | None:
    """Read an ISO 8601 time as an aware datetime in UTC; without an offset it is taken to be UTC.

    Raises:
        StructureError: It is no such time, or lies outside the years 1 to 9999.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise StructureError(f"$.{key}", "not an ISO 8601 time") from exc


def seconds(number: float | None, key: str) -> timedelta | None:
    """Read a number of seconds.

    Raises:
        StructureError: It is too large for a duration.
    """
    if number is None:
        return None
    try:
        return timedelta(seconds=number)
    except OverflowError as exc:
        raise StructureError(f"$.{key}", "too large for a duration") from exc


def time_of_day(text: str | None, key: str) -> time | None:
    """Read a time of day such as ``09:30``.

    Raises:
        StructureError: It is no such time.
    """
    if not text:
        return None
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError as exc:
        raise StructureError(f"$.{key}", "not a time of day") from exc


def required(text: str | None, key: str) -> str:
    """Insist on an id.

    Raises:
        StructureError: It is missing or empty.
    """
    if not text:
        raise StructureError(f"$.{key}", "missing or empty")
    return text


def _exactly(*accepted: type) -> Callable[[Any, Any], Any]:
    """A hook that takes a value of these very types as it is, and refuses whatever would have to be coerced."""

    def hook(value: Any, _: Any) -> Any:
        if type(value) not in accepted:
            raise TypeError(f"expected {accepted[0].__name__}, got {type(value).__name__}")
        return value

    return hook


def _first_problem(exc: BaseException, path: str = "$") -> StructureError:
    """The first of the problems that cattrs collected, with its path."""
    if isinstance(exc, cattrs.ForbiddenExtraKeysError):
        return StructureError(f"{path}.{min(exc.extra_fields)}", "unknown key")
    if isinstance(exc, cattrs.BaseValidationError):
        inner = exc.exceptions[0]
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, cattrs.AttributeValidationNote):
                path = f"{path}.{note.name}"
            elif isinstance(note, cattrs.IterableValidationNote):
                path = f"{path}[{note.index!r}]" if isinstance(note.index, int) else f"{path}.{note.index}"
        return _first_problem(inner, path)
    if isinstance(exc, KeyError):
        return StructureError(f"{path}.{exc.args[0]}", "missing")
    return StructureError(path, str(exc))


def _duration_to_number(duration: timedelta) -> float:
    number = duration.total_seconds()
    return int(number) if number.is_integer() else number


def _make_converter() -> cattrs.Converter:
    made = cattrs.Converter(forbid_extra_keys=True, use_alias=True)
    made.register_structure_hook(str, _exactly(str))
    made.register_structure_hook(int, _exactly(int))
    made.register_structure_hook(float, _exactly(float, int))
    made.register_structure_hook(bool, _exactly(bool))
    made.register_structure_hook_factory(
        lambda cls: isinstance(cls, type) and issubclass(cls, Wire),
        lambda cls: lambda value, _: msgspec.convert(value, cls),
    )
    made.register_unstructure_hook(datetime, lambda moment: moment.isoformat().replace("+00:00", "Z"))
    made.register_unstructure_hook(time, time.isoformat)
    made.register_unstructure_hook(timedelta, _duration_to_number)
    made.register_unstructure_hook(Decimal, str)
    made.register_unstructure_hook_func(
        lambda cls: isinstance(cls, type) and issubclass(cls, Enum), lambda member: member.value
    )
    made.register_unstructure_hook_factory(
        attrs.has, lambda cls: make_dict_unstructure_fn(cls, made, _cattrs_use_alias=True)
    )
    return made


converter = _make_converter()
"""The project's converter. Register hooks on a copy (``converter.copy()``), not on this one."""
