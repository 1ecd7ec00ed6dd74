"""Reading an answer value by value, when it cannot be read as a whole.

Only what identifies a row, or is its status, may refuse an answer: the attributes that a wire class requires, and those
in its `Wire.strict`. Any other value that cannot be read is left at its default, and is counted by where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar

import attrs
from msgspec import inspect

from unibatch.core.masking import mask_text
from unibatch.core.raw import TOO_DEEP, decode
from unibatch.core.structuring import StructureError, UnreadableValue, Wire, utc

W = TypeVar("W", bound=Wire)
R = TypeVar("R")

_MOST_PATHS = 50
"""How many different paths are counted each on its own."""

ELSEWHERE = "$…"
"""Where values are counted that are at still other paths."""

_LARGEST = 1e13
"""No number of seconds, money or calls is larger; a number of Unix milliseconds is not either."""

_INDEX = re.compile(r"\[\d+\]")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _OddError(Exception):
    """A value is not of the type that it should be; the text says what it is instead."""


def count(unread: dict[str, int], path: str, number: int = 1) -> None:
    """Count values that could not be read, in a mapping that stays small."""
    if path not in unread and len(unread) >= _MOST_PATHS:
        path = ELSEWHERE
    unread[path] = unread.get(path, 0) + number


def read_by_value(content: bytes, cls: type[W], translate: Callable[[W], R]) -> tuple[R, dict[str, int]]:
    """Read JSON that a vendor sent into a wire class, value by value, and translate it.

    Args:
        content: The body of the answer.
        cls: The wire class.
        translate: Makes a canonical object of it; where it raises `UnreadableValue`, it is called again without the
            value.

    Returns:
        The canonical object, and how many values could not be read, by path: indexes are left out, as in
        ``$.data[].called_at``.

    Raises:
        StructureError: It is not JSON, or what identifies something, or is its status, cannot be read.
    """
    try:
        data = decode(content)
    except (ValueError, RecursionError) as exc:
        raise StructureError("$", str(exc)) from exc
    dropped: dict[str, int] = {}
    while True:
        reading = _Reading()
        try:
            wire = reading.structure(data, _shape(cls), "$")
        except _OddError as exc:
            raise StructureError("$", str(exc)) from exc
        try:
            value = translate(wire)
        except UnreadableValue as exc:
            if not _drop(data, exc.path):
                raise
            count(dropped, _pattern(exc.path))
            continue
        for path, number in dropped.items():
            count(reading.unread, path, number)
        return value, reading.unread


def lenient_time(text: str) -> datetime | None:
    """A time as vendors write it, in UTC if it has an offset.

    ``None`` for an empty text and for the year 1, which both mean no time. It is read where its meaning is plain: ISO
    8601 in all its forms, also without seconds, with the hour 24, or with a leap second, which is read as the second
    after it.

    Raises:
        ValueError: It is something else.
    """
    text = text.strip()
    if not text:
        return None
    day, mark, clock = _split(text)
    later = timedelta()
    if mark and (late := _LATE.match(clock)):
        # The same number of digits, so that the form stays what it was.
        if late["midnight"]:
            clock, later = f"00{clock[2:]}", timedelta(days=1)
        else:
            at = late.end("minute")
            clock, later = f"{clock[:at]}{late['colon']}59{clock[late.end() :]}", timedelta(seconds=1)
    moment = datetime.fromisoformat(f"{day}{mark}{clock}")
    if not mark:
        raise ValueError("a day without a time")
    try:
        moment += later
        return moment if moment.tzinfo is None and moment.year > 1 else utc(moment, "")
    except (OverflowError, StructureError) as exc:
        raise ValueError("outside of the years 1 to 9999") from exc


_LATE = re.compile(
    r"(?P<midnight>24(?=:?00(?::?00(?:[.,]0+)?)?(?:$|[Zz+-])|$|[Zz+-]))"
    r"|(?P<minute>[0-2][0-9](?P<colon>:?)59)(?P=colon)60"
)


def _split(text: str) -> tuple[str, str, str]:
    """The day, what is between it and the time, and the time."""
    found = re.search(r"[Tt ]", text)
    return (text, "", "") if found is None else (text[: found.start()], "T", text[found.end() :])


class _Reading:
    """One reading of plain data.

    Attributes:
        unread: How many values could not be read, by path.
    """

    def __init__(self) -> None:
        self.unread: dict[str, int] = {}

    def structure(self, value: Any, shape: _Shape, path: str) -> Any:
        if not isinstance(value, dict):
            raise _OddError(f"Expected `object`, got {_kind(value)}")
        given = {}
        for name, kind, is_required, is_strict in shape.attributes:
            at = f"{path}.{name}"
            if name not in value:
                if is_required:
                    raise StructureError(at, "missing")
                continue
            try:
                read = self.read(value[name], kind, at)
            except _OddError as exc:
                if is_strict:
                    raise StructureError(at, str(exc)) from exc
                count(self.unread, _pattern(at))
            else:
                if read is not _NOTHING:
                    given[name] = read
        if not shape.attributes and _holds_too_deep(value):
            count(self.unread, _pattern(path))
        return shape.cls(**given)

    def read(self, value: Any, kind: inspect.Type, path: str) -> Any:
        if isinstance(kind, inspect.UnionType):
            if value is None and any(isinstance(one, inspect.NoneType) for one in kind.types):
                return None
            kinds = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            for one in kinds[:-1]:
                try:
                    return self.read(value, one, path)
                except _OddError:
                    continue
            return self.read(value, kinds[-1], path)
        if isinstance(kind, inspect.StructType):
            return self.structure(value, _shape(kind.cls), path)
        if isinstance(kind, inspect.ListType):
            return self._list(value, kind.item_type, path)
        if isinstance(kind, inspect.DictType):
            return self._dict(value, kind.value_type, path)
        if isinstance(kind, inspect.AnyType):
            if isinstance(value, str):
                return _text(value)
            if _holds_too_deep(value):
                raise _OddError("nested too deep")
            return value
        return _SCALARS[type(kind)](value)

    def _list(self, value: Any, kind: inspect.Type, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise _OddError(f"Expected `array`, got {_kind(value)}")
        items = []
        for index, item in enumerate(value):
            at = f"{path}[{index}]"
            try:
                items.append(self.read(item, kind, at))
            except _OddError as exc:
                if isinstance(kind, inspect.StructType):
                    raise StructureError(at, str(exc)) from exc
                raise  # a part of a list of days or ids would be another list
        return items

    def _dict(self, value: Any, kind: inspect.Type, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _OddError(f"Expected `object`, got {_kind(value)}")
        items = {}
        for key, item in value.items():
            if item is None:
                continue
            try:
                items[_text(key)] = self.read(item, kind, f"{path}.{key}")
            except _OddError:
                count(self.unread, _pattern(f"{path}.{mask_text(key)[:40]}"))
        return items


@attrs.frozen
class _Shape:
    """A wire class, and its attributes: name, type, whether it is required, and whether it must be readable."""

    cls: type
    attributes: tuple[tuple[str, inspect.Type, bool, bool], ...]


@lru_cache(maxsize=256)
def _shape(cls: type) -> _Shape:
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)  # noqa: S101  # `Wire` is one
    strict: frozenset[str] = getattr(cls, "strict", frozenset())
    return _Shape(
        cls,
        tuple(
            (field.encode_name, field.type, field.required, field.required or field.encode_name in strict)
            for field in info.fields
        ),
    )


_NOTHING = object()
"""What is read where a vendor spells "nothing" in another way: the attribute keeps its default."""


def _kind(value: Any) -> str:
    names: Mapping[type, str] = {type(None): "null", list: "array", dict: "object"}
    return f"`{names.get(type(value), type(value).__name__)}`"


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _OddError(f"Expected `str`, got {_kind(value)}")
    if _SURROGATE.search(value):
        raise _OddError("half a character, or bytes that are not UTF-8")
    return value


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer() and abs(value) < _LARGEST:
        return int(value)
    raise _OddError(f"Expected `int`, got {_kind(value)}")


def _number(value: Any) -> float:
    if type(value) not in {int, float}:
        raise _OddError(f"Expected `float`, got {_kind(value)}")
    if not abs(value) < _LARGEST:
        raise _OddError("Number out of range")
    return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _OddError(f"Expected `bool`, got {_kind(value)}")
    return value


def _decimal(value: Any) -> Decimal:
    if type(value) not in {int, float, str}:
        raise _OddError(f"Expected `decimal`, got {_kind(value)}")
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError) as exc:
        raise _OddError("Invalid decimal string") from exc
    if not number.is_finite():
        raise _OddError("Number out of range")
    return number


def _time(value: Any) -> Any:
    if type(value) is not str:
        raise _OddError(f"Expected `datetime`, got {_kind(value)}")
    try:
        moment = lenient_time(value)
    except ValueError as exc:
        raise _OddError("Invalid RFC3339 encoded datetime") from exc
    return _NOTHING if moment is None else moment


_SCALARS: Mapping[type[inspect.Type], Callable[[Any], Any]] = {
    inspect.StrType: _text,
    inspect.IntType: _whole,
    inspect.FloatType: _number,
    inspect.BoolType: _flag,
    inspect.DecimalType: _decimal,
    inspect.DateTimeType: _time,
}


def _holds_too_deep(value: Any) -> bool:
    """Whether something inside was nested too deep to be read."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, dict):
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
        elif item == TOO_DEEP:
            return True
    return False


def _pattern(path: str) -> str:
    return _INDEX.sub("[]", path)


def _drop(data: Any, path: str) -> bool:
    """Take the value at a path away, and return whether it was there."""
    steps = [key or int(index) for key, index in _STEP.findall(path)]
    if not steps:
        return False
    for step in steps[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    if not isinstance(data, dict) or steps[-1] not in data:
        return False
    del data[steps[-1]]
    return True
