"""Times and time zones as people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
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


def time_zone(name: Any) -> ZoneInfo:
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


def instant(moment: Any, zone: str | None) -> datetime:
    """The moment in UTC.

    Args:
        moment: The moment; a naive one is the time on the clocks in ``zone``.
        zone: The IANA name of a time zone.

    Raises:
        InvalidInput: It is naive and there is no zone; or the clocks in the zone skip that time, or show it twice; or
            its offset is not that of the zone.
    """
    if not isinstance(moment, datetime):
        raise InvalidInput(f"a time must be a datetime, not {type(moment).__name__}")
    if moment.tzinfo is None or isinstance(moment.tzinfo, ZoneInfo):
        if moment.tzinfo is not None:
            there = moment.tzinfo
        elif zone is not None:
            there = time_zone(zone)
        else:
            raise InvalidInput(f"{moment.isoformat()} has neither an offset nor a time zone; name one")
        return _by_the_clock(moment.replace(tzinfo=there), there, is_plain=moment.tzinfo is None)
    exact = _utc(moment)
    if zone is not None and _in(exact, time_zone(zone)).utcoffset() != moment.utcoffset():
        raise InvalidInput(
            f"{moment.isoformat()}: the offset is not that of {zone} at that time; leave one of them out"
        )
    return exact


def _by_the_clock(local: datetime, zone: ZoneInfo, *, is_plain: bool) -> datetime:
    exact = _utc(local)
    clock = local.replace(tzinfo=None).isoformat()
    if _in(exact, zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise InvalidInput(f"{clock} does not exist in {zone.key}: the clocks skip it")
    if is_plain and is_ambiguous(local):
        choices = " or ".join(
            local.replace(fold=fold).isoformat(timespec="minutes") + f"[{zone.key}]" for fold in (0, 1)
        )
        raise InvalidInput(f"{clock} comes twice in {zone.key}, when the clocks go back; write {choices}")
    return exact


def is_ambiguous(local: datetime) -> bool:
    """Whether the clocks of its zone show this time twice."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _utc(moment: datetime) -> datetime:
    return _in(moment, UTC)


def _in(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError as exc:
        raise InvalidInput(f"{moment.isoformat()} is outside the years 1 to 9999") from exc
