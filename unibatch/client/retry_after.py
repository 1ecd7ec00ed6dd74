"""When a vendor accepts requests again, by its own clock and in seconds from now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import attrs

_PLAUSIBLE = timedelta(hours=1)  # limits are counted by the minute; a longer wait may be a wrong clock
_FIRST_UNIX_TIME = 100_000_000  # a smaller number cannot be a time of day; it is a number of seconds
_MOST_DIGITS = 18
_NO_WAIT = timedelta(0)


@attrs.frozen
class Reset:
    """When requests are accepted again.

    Attributes:
        at: By the vendor's clock (aware, UTC); it may be in the past.
        after: How long after the answer arrived, independent of the clock here. More than 0, or ``None`` if the time
            is in the past.
    """

    at: datetime
    after: timedelta | None


def parse_reset(
    headers: Mapping[str, str], in_body: datetime | None, now: datetime, *, refused: bool = True
) -> Reset | None:
    """When to come back, or ``None`` if the answer does not say.

    ``at`` is from the body, else from ``Retry-After``, else from ``X-RateLimit-Reset``. ``after`` is the longest wait
    of the three, so that the next request is not too early if they differ. More than an hour counts only if there is no
    other.

    Args:
        headers: The answer's: ``Retry-After`` in seconds or as a date, ``X-RateLimit-Reset`` as a Unix time, and
            ``Date``, the vendor's clock, since clocks differ.
        in_body: What the body says (aware, UTC), if anything.
        now: The present time here (aware, UTC).
        refused: The limit is the reason for the answer. Otherwise ``X-RateLimit-Reset`` is not about it.
    """
    theirs = _date(headers.get("date", "")) or now
    after = headers.get("retry-after", "").strip()
    words = [] if in_body is None else [(in_body, in_body - theirs)]
    if _is_whole(after.replace(".", "", 1)):  # a fraction is not in the standard, but clear
        words += _in(float(after), now)
    elif (moment := _date(after)) is not None:
        words.append((moment, moment - theirs))
    if refused:
        words += _reset_header(headers, now, theirs)
    if not words:
        return None
    waits = sorted(wait for _, wait in words if wait > _NO_WAIT)
    plausible = [wait for wait in waits if wait <= _PLAUSIBLE]
    return Reset(words[0][0], plausible[-1] if plausible else next(iter(waits), None))


def parse_remaining(headers: Mapping[str, str], now: datetime) -> tuple[int, float] | None:
    """How many more requests the vendor accepts, and in how many seconds it counts anew, if it says both."""
    remaining = headers.get("x-ratelimit-remaining")
    if remaining is None or not _is_whole(remaining):
        return None
    for _, wait in _reset_header(headers, now, _date(headers.get("date", "")) or now):
        return int(remaining), wait.total_seconds()
    return None


def _reset_header(headers: Mapping[str, str], now: datetime, theirs: datetime) -> Iterator[tuple[datetime, timedelta]]:
    try:
        number = float(headers.get("x-ratelimit-reset", ""))
        if number >= _FIRST_UNIX_TIME:
            moment = datetime.fromtimestamp(number, UTC)
            yield moment, moment - theirs
        elif number >= 0:
            yield from _in(number, now)
    except (ValueError, OverflowError, OSError):
        pass


def _in(seconds: float, now: datetime) -> Iterator[tuple[datetime, timedelta]]:
    try:
        wait = timedelta(seconds=seconds)
        yield now + wait, wait
    except OverflowError:
        pass


def _date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_whole(text: str) -> bool:
    return len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit()
