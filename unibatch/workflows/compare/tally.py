"""Counts the contacts of one campaign as they come in, page by page, and keeps none of them.

Every contact of every compared campaign passes through `Tally.add`, which may cost at most a seventh of what it takes
to read the contact. So most of the work is done by functions in C over whole pages: `map`, `attrgetter`,
`Counter.update`. What a count means is decided afterwards, once for each different combination, in ``figures.py``.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, TypeAlias

import attrs

from unibatch.core.model import Contact
from unibatch.core.status import CallStatus

_PREFIX = 5
"""How many characters of a number decide its country, plus included: the area code of North America is needed."""

_MOST_DIFFERENT = 10_000
"""How many different times and durations are kept before they are rounded down, which bounds the memory."""

_TIME_STEPS = (1, 15, 60)  # minutes
_DURATION_STEPS = (timedelta(0), timedelta(milliseconds=100), timedelta(seconds=1), timedelta(seconds=10))

_PARTS = 16
"""In how many parts the hashes of numbers are searched for repeated ones, so that few are in a set at a time."""

_SILENT_ON_CALLS = frozenset(
    {
        CallStatus.PENDING,
        CallStatus.QUEUED,
        CallStatus.CANCELLED,
        CallStatus.SKIPPED,
        CallStatus.EXPIRED,
        CallStatus.UNKNOWN,
    }
)
"""Statuses that do not say whether there was a call; a time of a call does."""

UNDER_WAY = frozenset(
    {CallStatus.DIALING, CallStatus.PLACED, CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.IN_PROGRESS}
)
"""Statuses of calls that are going on, or were just placed; they go on although the campaign is over."""

Kind: TypeAlias = tuple[CallStatus, bool, int | None, bool]
"""What is counted of a contact: status, whether it is final, attempts, whether its number has the form of E.164."""

Minute: TypeAlias = tuple[int, int, int, int, int]
"""Year, month, day, hour and minute in UTC."""

_kind = attrgetter("status", "is_final", "attempts", "phone_valid")
_number = attrgetter("phone_number")
_duration = attrgetter("duration")
_minute = attrgetter("year", "month", "day", "hour", "minute")


@attrs.define
class Durations:
    """Lengths of calls, with their sum exact."""

    counts: Counter[timedelta] = attrs.field(factory=Counter)
    step: timedelta = _DURATION_STEPS[0]  # to which they are rounded down; 0: as they came
    lost: timedelta = timedelta()  # what rounding took from the sum

    @property
    def total(self) -> timedelta:
        """All of them together."""
        return sum((duration * count for duration, count in self.counts.items()), self.lost)

    def add(self, lengths: Mapping[timedelta, int], step: timedelta = timedelta()) -> None:
        """Add lengths with their numbers, which are rounded to ``step``."""
        self.counts.update(lengths)
        if self.step or step:
            self._round(max(self.step, step))
        for larger in _DURATION_STEPS:
            if larger > self.step and len(self.counts) > _MOST_DIFFERENT:
                self._round(larger)

    def merge(self, other: Durations) -> None:
        """Add those of another one."""
        self.add(other.counts, other.step)
        self.lost += other.lost

    def _round(self, step: timedelta) -> None:
        rounded = Counter[timedelta]()
        for duration, count in self.counts.items():
            rest = duration % step
            rounded[duration - rest] += count
            self.lost += rest * count
        self.counts, self.step = rounded, step


@attrs.define
class Times:
    """When contacts were called last, to the minute or coarser, and exactly the first and the last of these times."""

    counts: Counter[Minute] = attrs.field(factory=Counter)
    step: int = _TIME_STEPS[0]  # minutes to which they are rounded down
    first: datetime | None = None
    last: datetime | None = None

    def add(self, times: Sequence[datetime]) -> None:
        """Add some times in UTC."""
        first, last = min(times), max(times)
        self.first = first if self.first is None or first < self.first else self.first
        self.last = last if self.last is None or last > self.last else self.last
        if self.step == 1:
            self.counts.update(map(_minute, times))
        else:
            self.counts.update(_rounded(Counter(map(_minute, times)), self.step))
        self._bound()

    def merge(self, other: Times) -> None:
        """Add those of another one."""
        firsts = [first for first in (self.first, other.first) if first is not None]
        lasts = [last for last in (self.last, other.last) if last is not None]
        self.first, self.last = min(firsts, default=None), max(lasts, default=None)
        self.step = max(self.step, other.step)
        self.counts.update(other.counts)
        self.counts = _rounded(self.counts, self.step)
        self._bound()

    def _bound(self) -> None:
        for larger in _TIME_STEPS:
            if larger > self.step and len(self.counts) > _MOST_DIFFERENT:
                self.counts, self.step = _rounded(self.counts, larger), larger


def _rounded(counts: Mapping[Minute, int], step: int) -> Counter[Minute]:
    rounded = Counter[Minute]()
    for (year, month, day, hour, minute), count in counts.items():
        rounded[year, month, day, hour, minute // step * step] += count
    return rounded


class Tally:
    """The counts of one campaign, or of a part of its contacts.

    Attributes:
        call_time: The attribute of contacts with the time of the latest call.
        kinds: Contacts by what is counted of them.
        called: Of those whose status does not say whether they were called, the ones whose times say that they were.
        durations: Lengths of calls, by status and whether the contact is final.
        prefixes: Contacts by the first characters of their number.
        times: When they were called last.
        ended: Final contacts of whom the vendor says when their call ended.
        last_end: The latest of these ends.
    """

    def __init__(self, call_time: str) -> None:
        """Count nothing yet."""
        self.kinds = Counter[Kind]()
        self.called = Counter[Kind]()
        self.durations: dict[tuple[CallStatus, bool], Durations] = {}
        self.prefixes = Counter[str]()
        self.times = Times()
        self.ended = 0
        self.last_end: datetime | None = None
        self._hashes = array("q")
        self.call_time = call_time
        self._time: Any = attrgetter(call_time)

    @property
    def contacts(self) -> int:
        """How many contacts were counted."""
        return self.kinds.total()

    @property
    def numbers(self) -> int:
        """How many of them have a number."""
        return len(self._hashes)

    @property
    def repeated_numbers(self) -> int:
        """How many of them have a number that another one had before. Numbers are compared by 64-bit hashes."""
        distinct = sum(len({number for number in self._hashes if number % _PARTS == part}) for part in range(_PARTS))
        return len(self._hashes) - distinct

    def add(self, rows: Sequence[Contact]) -> None:
        """Count some contacts."""
        kinds = list(map(_kind, rows))
        self.kinds.update(kinds)
        numbers = list(map(_number, rows))
        self._hashes.extend(map(hash, filter(None, numbers)))
        self.prefixes.update([number[:_PREFIX] for number in numbers])
        times = list(map(self._time, rows))
        if known := list(filter(None, times)):
            self.times.add(known)
            self.called.update(
                [kind for kind, time in zip(kinds, times, strict=True) if time and kind[0] in _SILENT_ON_CALLS]
            )
        if list(map(_duration, rows)).count(None) < len(rows):
            self._add_durations(rows)
        if ends := [row.ended_at for row in rows if row.ended_at is not None and row.is_final]:
            self.ended += len(ends)
            last = max(ends)
            self.last_end = last if self.last_end is None or last > self.last_end else self.last_end

    def _add_durations(self, rows: Sequence[Contact]) -> None:
        found: dict[tuple[CallStatus, bool], Counter[timedelta]] = {}
        for row in rows:
            if (duration := row.duration) is not None:
                found.setdefault((row.status, row.is_final), Counter())[duration] += 1
        for key, lengths in found.items():
            self._durations_of(*key).add(lengths)

    def conclude(self) -> None:
        """Take every contact as final who is not being called now: the campaign is over, which its rows do not show."""
        self.kinds, self.called = (
            _summed(
                ((status, final or status not in UNDER_WAY, *rest), count) for (status, final, *rest), count in kinds
            )
            for kinds in (self.kinds.items(), self.called.items())
        )
        before, self.durations = self.durations, {}
        for (status, final), durations in before.items():
            self._durations_of(status, final or status not in UNDER_WAY).merge(durations)

    def merge(self, other: Tally) -> None:
        """Add the counts of another one."""
        self.kinds.update(other.kinds)
        self.called.update(other.called)
        self.prefixes.update(other.prefixes)
        self.times.merge(other.times)
        self.ended += other.ended
        ends = [end for end in (self.last_end, other.last_end) if end is not None]
        self.last_end = max(ends, default=None)
        for key, durations in other.durations.items():
            self._durations_of(*key).merge(durations)
        self._hashes.extend(other._hashes)

    def _durations_of(self, status: CallStatus, is_final: bool) -> Durations:  # noqa: FBT001 - a part of the key
        return self.durations.setdefault((status, is_final), Durations())


def _summed(counts: Iterable[tuple[Any, int]]) -> Counter[Kind]:
    summed = Counter[Kind]()
    for kind, count in counts:
        summed[kind] += count
    return summed
