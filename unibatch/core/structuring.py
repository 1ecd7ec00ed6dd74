"""From plain data to objects and back, and the errors that this gives.

There are two ways:

- what vendors send is *read* into wire classes (subclasses of `Wire`): lenient about keys that are unknown or missing,
  strict about types, so that ``null`` never becomes ``"None"`` nor ``"false"`` true. ``msgspec`` does this, straight
  from the bytes;
- what users write, such as configuration, is *structured*: strict about unknown keys too. ``msgspec`` makes the
  objects, and cattrs, which takes longer to import, says where something is wrong.

The way back, from canonical objects to plain data, is `unibatch.core.to_dict`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from threading import Lock
from typing import Any, ClassVar, TypeVar, cast

import attrs
import msgspec

from unibatch.core import raw
from unibatch.core.base_errors import InvalidInput
from unibatch.core.model import Money
from unibatch.core.times import When, time_zone

T = TypeVar("T")
R = TypeVar("R")
W = TypeVar("W", bound="Wire")


class Wire(msgspec.Struct, gc=False):
    """The base of classes whose attributes are spelled as a vendor spells them.

    They are structs, not attrs classes: ``msgspec`` fills a struct several times as fast, and every contact of every
    listing becomes one.

    Attributes:
        strict: Attributes that identify something or are its status, beside those that are required: an answer in which
            one of them has a wrong type is refused.
    """

    strict: ClassVar[frozenset[str]] = frozenset()


class Unread(Wire):
    """Any JSON object; what it holds is read from the raw row when somebody asks for it."""


class StructureError(Exception):
    """Data does not have the documented form; a client turns it into `MalformedResponse` or `ConfigError`."""

    def __init__(self, path: str, reason: str) -> None:
        """Keep where (a JSON path in the spelling of the data) and why."""
        self.path = path
        self.reason = reason
        super().__init__(f"{reason} at {path}")

    def within(self, outer: str) -> StructureError:
        """The same error, for data that is at ``outer`` inside something larger."""
        return type(self)(outer + self.path.removeprefix("$"), self.reason)


class UnreadableValue(StructureError):
    """A value that an answer can do without cannot be read; `unibatch.core.lenient` reads the answer without it."""


class _Decoders:
    """The decoder of each wire class, made by one thread at a time.

    ``msgspec`` looks at a class when it meets it first. Threads that do so at the same moment crash the process.
    """

    def __init__(self) -> None:
        self._made: dict[type, msgspec.json.Decoder[Any]] = {}
        self.renew()

    def renew(self) -> None:
        """Begin anew in a forked process, where nobody would release the parent's lock."""
        self._lock = Lock()

    def of(self, cls: type[W]) -> msgspec.json.Decoder[W]:
        decoder = self._made.get(cls)
        if decoder is None:
            with self._lock:
                decoder = self._made.get(cls)
                if decoder is None:
                    decoder = self._made[cls] = msgspec.json.Decoder(cls)
        return decoder

    def convert(self, value: Any, cls: type[T]) -> T:
        """An object of plain data, as ``msgspec.convert`` makes it."""
        with self._lock:
            return msgspec.convert(value, cls)


decoders = _Decoders()

_MISSING = re.compile(r"Object missing required field `(?P<key>\w+)`")
_AT = re.compile(r" - at `(?P<path>\$.*)`$")


def read(content: bytes, cls: type[W]) -> W:
    """Read JSON that a vendor sent into a wire class.

    Raises:
        StructureError: It is not JSON, is nested too deep, lacks a required key, or a value has the wrong type.
    """
    try:
        if not content.isascii():
            content.decode()  # msgspec does not look inside of texts that it skips
        return decoders.of(cls).decode(content)
    except msgspec.ValidationError as exc:
        text = str(exc)
        at = _AT.search(text)
        path = at["path"] if at else "$"
        if missing := _MISSING.match(text):
            raise StructureError(f"{path}.{missing['key']}", "missing") from exc
        raise StructureError(path, _AT.sub("", text)) from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise StructureError("$", str(exc) if content.strip() else "the body is empty") from exc
    except RecursionError as exc:
        raise StructureError("$", "nested too deep") from exc


def encode(body: Mapping[str, Any]) -> bytes:
    """Write plain data as JSON, as short as it can be."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=dict).encode()


def read_leniently(content: bytes) -> dict[str, Any]:
    """Read a JSON object from a body that may be anything, such as a proxy's page; if it is something else, ``{}``."""
    try:
        body = raw.decode(content)
    except (ValueError, RecursionError):
        return {}
    return mapping_or_empty(body)


def mapping_or_empty(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def text_or_none(value: Any) -> str | None:
    """The value if it is a text that is not empty, otherwise ``None``."""
    return value if isinstance(value, str) and value else None


def instant_or_none(value: Any) -> datetime | None:
    """The value as an aware datetime in UTC if it is an ISO 8601 text, otherwise ``None``."""
    try:
        return utc(datetime.fromisoformat(value), "")
    except (TypeError, ValueError, StructureError):
        return None


def structure(value: Any, cls: type[T]) -> T:
    """Make a ``cls`` of plain data that a user wrote.

    Raises:
        StructureError: A value has the wrong type, a required key is missing, or a key is unknown.
    """
    try:
        made = decoders.convert(value, cls)
    except (msgspec.ValidationError, RecursionError):
        pass
    else:
        if not _leaves_out(made, value):
            return made
    from unibatch.core.converter import structured  # noqa: PLC0415 - takes longer than a short command, and is for what is wrong

    return structured(value, cls)


def _leaves_out(made: Any, value: Any) -> bool:
    """Whether ``value`` has a key, or one inside of it, of which nothing is in what was made of it."""
    if isinstance(value, list):
        return any(map(_leaves_out, made, value))
    if not isinstance(value, dict):
        return False
    if isinstance(made, dict):
        return any(_leaves_out(made[key], value[key]) for key in value)
    known = {field.name for field in attrs.fields(type(made)) if field.init}
    return any(key not in known or _leaves_out(getattr(made, key), value[key]) for key in value)


def collect(rows: Iterable[R], at: str) -> list[R]:
    """Make a list of the rows of a page while they are translated.

    Args:
        rows: Translates one row after the other.
        at: The JSON path of the list of rows.

    Raises:
        StructureError: A row cannot be translated; the path says which.
    """
    done: list[R] = []
    try:
        done.extend(rows)
    except StructureError as exc:
        raise exc.within(f"{at}[{len(done)}]") from exc
    return done


def translate_at(path: str, translate: Callable[..., R], *about: Any) -> R:
    """The result of ``translate(*about)``, for data that is at ``path`` of the answer.

    Raises:
        StructureError: It cannot be translated; the path is that of the answer.
    """
    try:
        return translate(*about)
    except StructureError as exc:
        raise exc.within(path) from exc


NO_TIME = datetime(2, 1, 1, tzinfo=UTC)
"""Some vendors write "not yet" as a time before this."""


def utc(moment: datetime | None, key: str) -> datetime | None:
    """The same moment in UTC; one without an offset is read as UTC, and one in the year 1 as no time.

    For every row of a listing, test ``moment.tzinfo is UTC and moment > NO_TIME`` first: both nearly always hold, and a
    call takes longer than the tests. So does `utc_times`.

    Raises:
        UnreadableValue: In UTC it lies outside the years 1 to 9999.
    """
    if moment is None or moment.year < NO_TIME.year:
        return None
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise UnreadableValue(f"$.{key}", "a time outside of the years 1 to 9999") from exc


def utc_times(moments: Sequence[datetime | None], key: str) -> list[datetime | None]:
    """The times under one key in the rows of a page, each as `utc` gives it.

    Raises:
        UnreadableValue: As `utc` does; the path says in which row, as in ``$[3].called_at``.
    """
    no_time = NO_TIME
    try:
        return [at if at is None or (at.tzinfo is UTC and at > no_time) else utc(at, key) for at in moments]
    except UnreadableValue:
        pass
    return collect((utc(at, key) for at in moments), "$")


_BEGINS_WITH_ZONE = re.compile(r"\s*(?P<zone>[A-Za-z0-9_+/-]+)").match
_NAMES_OFFSET = re.compile(r"(?:UTC|GMT)\s*(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?\b").search


def starting_time(moment: datetime | None, key: str, zone: str | None, asked: When | None = None) -> datetime | None:
    """When a campaign starts, in UTC; a time without an offset is what the clocks show in the zone beside it.

    Without a zone it is read as UTC, unless it is what the clocks show at the start that was just asked for: some
    vendors repeat what was sent to them.

    Args:
        moment: The time that the vendor gives.
        key: Its key.
        zone: The zone that the vendor gives beside it: an IANA name first, or an offset such as ``UTC+5:30``.
        asked: The start that was asked for, see `Provider.asked`.

    Raises:
        UnreadableValue: It has no offset, and the zone is not known; or in UTC it lies outside the years 1 to 9999.
    """
    if moment is None or moment.year == 1 or moment.tzinfo is not None:
        return utc(moment, key)
    if zone is not None and zone.strip():
        return utc(moment.replace(tzinfo=_zone_of_vendor(zone, key)), key)
    if asked is not None and timedelta() <= moment - asked.local.replace(tzinfo=None, microsecond=0) < _TO_THE_MINUTE:
        return asked.moment + (moment - asked.local.replace(tzinfo=None))
    return utc(moment, key)


_TO_THE_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=256)
def _zone_of_vendor(zone: str, key: str) -> tzinfo:
    if name := _BEGINS_WITH_ZONE(zone):
        try:
            return time_zone(name["zone"])
        except InvalidInput:
            pass
    if offset := _NAMES_OFFSET(zone):
        minutes = int(offset["hours"]) * 60 + int(offset["minutes"] or 0)
        if minutes < _MINUTES_OF_A_DAY:
            return timezone(timedelta(minutes=-minutes if offset["sign"] == "-" else minutes))
    raise UnreadableValue(f"$.{key}", "a local time in a time zone that is not known")


_MINUTES_OF_A_DAY = 24 * 60


def from_unix_seconds(number: float | None, key: str) -> datetime | None:
    """A number of seconds since 1970 as a datetime in UTC.

    Raises:
        UnreadableValue: It lies outside the years 1 to 9999.
    """
    return _from_unix(number, _SECOND, key)


def from_unix_milliseconds(number: float | None, key: str) -> datetime | None:
    """A number of milliseconds since 1970 as a datetime in UTC.

    Raises:
        UnreadableValue: It lies outside the years 1 to 9999.
    """
    return _from_unix(number, _MILLISECOND, key)


_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)


def _from_unix(number: float | None, unit: timedelta, key: str) -> datetime | None:
    try:
        return None if number is None else _1970 + number * unit
    except OverflowError as exc:
        raise UnreadableValue(f"$.{key}", "a time outside of the years 1 to 9999") from exc


known_seconds: dict[float, timedelta] = {}
"""Durations that `seconds` has made before: for every row of a listing, look here first, since most are here."""

_MOST_KNOWN = 4096


def seconds(number: float | None, key: str) -> timedelta | None:
    """A number of seconds as a duration.

    Raises:
        UnreadableValue: It is too large for a duration.
    """
    if number is None:
        return None
    try:
        duration = timedelta(seconds=number)
    except OverflowError as exc:
        raise UnreadableValue(f"$.{key}", "too large for a duration") from exc
    if len(known_seconds) < _MOST_KNOWN:
        known_seconds[number] = duration
    return duration


def durations(numbers: Sequence[float | None], key: str) -> list[timedelta | None]:
    """The numbers of seconds under one key in the rows of a page, each as `seconds` gives it.

    Raises:
        UnreadableValue: As `seconds` does; the path says in which row, as in ``$[3].duration``.
    """
    known = known_seconds
    try:
        return [None if number is None else known.get(number) or seconds(number, key) for number in numbers]
    except UnreadableValue:
        pass
    return collect((seconds(number, key) for number in numbers), "$")


def money(amount: Decimal | None, currency: str, key: str) -> Money | None:
    """An amount of money, for example of a currency ``"USD"``.

    Raises:
        UnreadableValue: It is no number: a text may say "NaN".
    """
    if amount is None:
        return None
    if not amount.is_finite():
        raise UnreadableValue(f"$.{key}", "not an amount of money")
    return Money(amount, currency)


def time_of_day(text: str | None, key: str | None = None) -> time | None:
    """A time of day such as ``09:30`` or ``9:30``; ``24:00`` is midnight, ``00:00``.

    Args:
        text: What the vendor sent.
        key: Its key; left out: what is no time of day is ``None``.

    Raises:
        UnreadableValue: It is no time of day, and ``key`` is given.
    """
    if not text:
        return None
    text = text.strip()
    if _SHORT_HOUR(text):
        text = f"0{text}"
    elif _MIDNIGHT(text):
        text = "00:00"
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError as exc:
        if key is None:
            return None
        raise UnreadableValue(f"$.{key}", "not a time of day") from exc


_SHORT_HOUR = re.compile(r"[0-9]:[0-9]{2}.*").fullmatch
_MIDNIGHT = re.compile(r"24:?00(:?00([.,]0+)?)?").fullmatch


def rows_or_none(rows: list[R] | None, total: int | None, has_more: bool | None, path: str) -> list[R]:  # noqa: FBT001 - in the order in which vendors send them
    """The rows of a page; none if the vendor sends none at all beside a total of 0.

    Raises:
        StructureError: There is no list of rows, and none is announced to be empty.
    """
    if rows is None:
        if total != 0 or has_more:
            raise StructureError(path, "missing or null, although the total is not 0")
        return []
    return rows


def required_ids(ids: Sequence[str | None], key: str) -> Sequence[str]:
    """The ids under one key in the rows of a page; they must be there.

    Raises:
        StructureError: One is missing or empty; the path says in which row, as in ``$[3].id``.
    """
    return cast("Sequence[str]", ids) if all(ids) else collect((required(each, key) for each in ids), "$")


def required(text: str | None, key: str) -> str:
    """The id; it must be there.

    Raises:
        StructureError: It is missing or empty.
    """
    if not text:
        raise StructureError(f"$.{key}", "missing or empty")
    return text
