"""Times and time zones as people write them."""

from __future__ import annotations

import re
from datetime import MAXYEAR, UTC, date, datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import attrs

from unibatch.core.base_errors import InvalidInput

_LIKE_THIS = "write it like 2026-03-20T09:00[Europe/Berlin] or 2026-03-20T09:00+01:00"
_ZONED = re.compile(r"(?P<moment>[^\[\]]*)\[(?P<zone>[^\[\]]*)\]").fullmatch


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "Factory"})


@attrs.frozen
class When:
    """A moment, and the zone in which it was written.

    Attributes:
        moment: The moment (aware, UTC).
        zone: The IANA name of the zone; ``None`` if none was named.
    """

    moment: datetime
    zone: str | None

    @property
    def local(self) -> datetime:
        """The time on the clocks in the zone (aware)."""
        return self.moment.astimezone(time_zone(self.zone or "UTC"))

    @property
    def text(self) -> str:
        """ISO 8601 to the second, in the zone, with its offset; ``Z`` in UTC."""
        local = self.local.isoformat(timespec="seconds")
        return local.removesuffix("+00:00") + "Z" if self.zone in {None, "UTC"} else local

    def to_next(self, step: timedelta) -> When:
        """The same, or the next later moment that is a whole number of steps past the hour: never earlier."""
        over = (self.moment - self.moment.replace(minute=0, second=0, microsecond=0)) % step
        return When(self.moment + (step - over if over else over), self.zone)


def time_zone(name: str) -> ZoneInfo:
    """Look up a time zone.

    Args:
        name: Its IANA name, for example ``"America/New_York"``.

    Raises:
        InvalidInput: There is no such zone; the message names similar ones.
    """
    if not isinstance(name, str):
        raise InvalidInput(f"a time zone must be a text, not {type(name).__name__}")
    if name not in _names():
        close = get_close_matches(name, _names(), 3, 0.7)
        hint = f"; did you mean {' or '.join(close)}?" if close else ', such as "Europe/Berlin"'
        raise InvalidInput(f"{name!r} is not the IANA name of a time zone{hint}")
    return ZoneInfo(name)


def read_moment(text: str) -> tuple[datetime, str | None]:
    """Read a time as a person writes it: ISO 8601, with or without an offset, with or without a zone in brackets.

    Returns:
        The moment, naive if it has no offset, and the zone's name, not checked yet.

    Raises:
        InvalidInput: It is something else, or a day without a time.
    """
    zone = None
    if not isinstance(text, str):
        raise InvalidInput(f"a time must be a text, not {type(text).__name__}")
    if zoned := _ZONED(text.strip()):
        text, zone = zoned["moment"], zoned["zone"]
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as exc:
        raise InvalidInput(f"{text!r} is not a time; {_LIKE_THIS}") from exc
    if _is_day(text.strip()):
        raise InvalidInput(f"{text!r} is a day without a time; {_LIKE_THIS}")
    return moment, zone


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def instant(moment: datetime, zone: str | None) -> datetime:
    """The moment in UTC.

    Args:
        moment: The moment; a naive one is the time on the clocks in ``zone``. One that has a zone, of any library, must
            be a time that the clocks there show.
        zone: The IANA name of a time zone.

    Raises:
        InvalidInput: It is naive and there is no zone; or the clocks in the zone skip that time, or show it twice; or
            its offset is not that of the zone.
    """
    given: Any = moment
    if not isinstance(given, datetime) or given != given:  # noqa: PLR0124 - NaT of pandas, a datetime, is not itself
        raise InvalidInput(f"a time must be a datetime, not {type(given).__name__}")
    local = _plain(given)
    if local.utcoffset() is None:
        if zone is None:
            raise InvalidInput(f"{local.isoformat()} has neither an offset nor a time zone; name one")
        there = time_zone(zone)
        local = local.replace(tzinfo=there)
        exact = _by_the_clock(local, there)
        if is_ambiguous(local):
            choices = " or ".join(
                local.replace(fold=fold).isoformat(timespec="minutes") + f"[{zone}]" for fold in (0, 1)
            )
            raise InvalidInput(f"{_clock(local)} comes twice in {zone}, when the clocks go back; write {choices}")
        return exact
    exact = _by_the_clock(local, local.tzinfo or UTC)
    names_its_zone = isinstance(local.tzinfo, ZoneInfo)
    if zone is not None and not names_its_zone and _in(exact, time_zone(zone)).utcoffset() != local.utcoffset():
        raise _wrong_offset(local, zone)
    return exact


def _plain(moment: datetime) -> datetime:
    """The moment without what a subclass adds: a Timestamp of pandas has its own arithmetic, and nanoseconds."""
    date_and_time = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return datetime(*date_and_time, moment.microsecond, tzinfo=moment.tzinfo, fold=moment.fold)


def _by_the_clock(local: datetime, zone: tzinfo) -> datetime:
    """The moment in UTC of a time that the clocks of its zone show; on the way back it must be the same time.

    The way back tells nothing of the class of the zone: each library has its own, and each converts a time that does
    not exist in some way, an hour early or late.
    """
    exact = _in(local, UTC)
    if isinstance(zone, timezone):
        return exact
    back = _from_utc(exact, zone)
    if _clock(back) == _clock(local):
        if _is_unclear(local):
            raise InvalidInput(f"the clocks in {_name(zone)} go back about {_clock(local)}; use zoneinfo.ZoneInfo")
        return exact
    with_its_offset = _in(local.replace(tzinfo=timezone(_offset(back))), UTC)
    if _clock(_from_utc(with_its_offset, zone)) == _clock(local):
        raise _wrong_offset(local, _name(zone))
    raise InvalidInput(f"{_clock(local)} does not exist in {_name(zone)}: the clocks skip it")


def _is_unclear(local: datetime) -> bool:
    """Whether the clocks go back about then, in a zone that has no ``fold`` to say which of two times is meant."""
    if not 1 < local.year < MAXYEAR:
        return False
    before, after = (_offset(local + timedelta(hours=hours)) for hours in (-1, 1))
    return before > after and not any(is_ambiguous(local + timedelta(minutes=15 * n)) for n in range(-4, 5))


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()


def _name(zone: tzinfo) -> str:
    return getattr(zone, "key", None) or getattr(zone, "zone", None) or str(zone)


def _from_utc(exact: datetime, zone: tzinfo) -> datetime:
    try:
        return _in(exact, zone)
    except InvalidInput:
        raise
    except (ValueError, NotImplementedError) as exc:  # a class of its own that only has offsets
        offsets = {_offset((exact + timedelta(days=days)).replace(tzinfo=zone)) for days in (-1, 0, 1)}
        if len(offsets) == 1:
            return exact.astimezone(timezone(offsets.pop()))
        raise InvalidInput(f"the time zone {zone} cannot convert from UTC; use zoneinfo.ZoneInfo") from exc


def _wrong_offset(local: datetime, zone: str) -> InvalidInput:
    remedy = "leave one of them out; with pytz, use zone.localize() and zone.normalize()"
    return InvalidInput(f"{local.isoformat()}: the offset is not that of {zone} at that time; {remedy}")


def _clock(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


def is_ambiguous(local: datetime) -> bool:
    """Whether the clocks of its zone show this time twice."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _in(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError as exc:
        raise InvalidInput(f"{moment.isoformat()} is outside the years 1 to 9999") from exc
