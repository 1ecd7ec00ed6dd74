"""Counts the contacts of one campaign as they come in, page by page, and keeps none of them.

Every contact of every compared campaign passes through `Tally.add`, which may cost at most a seventh of what it takes
to read the contact. So most of the work is done by functions in C over whole pages: `map`, `attrgetter`,
`Counter.update`. What a count means is decided afterwards, once for each different combination, in ``figures.py``.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from itertools import compress
from operator import and_, attrgetter, itemgetter
from typing import NamedTuple, TypeAlias

from unibatch.core.model import Contact
from unibatch.core.results import Results
from unibatch.core.status import SILENT_ON_CALLS, UNDER_WAY, CallStatus

_prefix = itemgetter(slice(5))
"""The part of a number that decides its country, plus included: the area code of North America is needed."""

_MOST_DIFFERENT = 10_000
"""How many different times and durations are kept before they are rounded down, which bounds the memory."""

_TIME_STEPS = (1, 15, 60)  # minutes
_HOUR, _DAY = 60, 24 * 60  # minutes
_MINUTE = timedelta(minutes=1)
_DAY_1 = datetime(1, 1, 1, tzinfo=UTC)  # whose ordinal is 1
_DENSE = 3
"""How many calls there are in a minute at least, on average, for minutes to be counted instead of calls."""

_NO_TIME = timedelta(0)
_LENGTH_STEPS = (_NO_TIME, *(timedelta(milliseconds=10**power) for power in range(2, 17)))
_MICROSECOND = timedelta(microseconds=1)
_MICROSECONDS = 1_000_000  # of a second

_MOST_ATTEMPTS = 10_000
"""A vendor that states more attempts to call one contact, or fewer than none, states nothing that can be counted."""

_PARTS = 64
_MOST_IN_A_SET = 150_000
"""With more numbers than that, the repeated ones are searched for in parts, so that few are in a set at a time. A set
of so many takes as much memory as one of half of them."""

Kind: TypeAlias = tuple[CallStatus, bool, int | None, bool]
"""What is counted of a contact: status, whether it is final, attempts if that number can be, and whether its phone
number has the form of E.164."""

_in_month = attrgetter("day", "hour", "minute")


def _rows(results: Results) -> Iterator[tuple[CallStatus, bool, int | None, bool, timedelta | None]]:
    """What is counted of each contact, in a tuple that is used again, so that the garbage collector has no work."""
    return zip(
        *(results.status, results.is_final, results.attempts, results.phone_valid, results.duration), strict=True
    )


class Kinds:
    """Contacts by kind, and by the length of their latest call, with the sums of the lengths exact.

    Attributes:
        step: To which lengths are rounded down, if too many are different; 0: as they came.
    """

    def __init__(self) -> None:
        """Count nothing yet."""
        self.step: timedelta = _LENGTH_STEPS[0]
        self._rows = Counter[tuple[CallStatus, bool, int | None, bool, timedelta | None]]()  # not sorted in yet
        self._counts = Counter[Kind]()
        self._lengths = Counter[tuple[CallStatus, bool, timedelta]]()
        self._lost = Counter[tuple[CallStatus, bool]]()  # microseconds that rounding took from the sums

    @property
    def counts(self) -> Counter[Kind]:
        """How many there are of each kind."""
        self._sort_in()
        return self._counts

    @property
    def lengths(self) -> Counter[tuple[CallStatus, bool, timedelta]]:
        """How many of a status, final or not, have a call of a length; lengths below 0 are left out."""
        self._sort_in()
        return self._lengths

    def total(self, statuses: Collection[CallStatus]) -> float:
        """The lengths of final contacts with one of these statuses together, in seconds."""
        microseconds = 0
        for (status, is_final, length), count in self.lengths.items():
            if is_final and status in statuses:
                microseconds += length // _MICROSECOND * count
        return (microseconds + sum(self._lost[status, True] for status in statuses)) / _MICROSECONDS

    def add(self, rows: Iterable[tuple[CallStatus, bool, int | None, bool, timedelta | None]]) -> None:
        """Count some contacts."""
        self._rows.update(rows)
        if len(self._rows) > _MOST_DIFFERENT:
            self._sort_in()

    def _sort_in(self) -> None:
        rows, self._rows = self._rows, Counter()
        for (status, is_final, attempts, phone_valid, length), count in rows.items():
            can_be = attempts is None or 0 <= attempts <= _MOST_ATTEMPTS
            self._counts[status, is_final, attempts if can_be else None, phone_valid] += count
            if length is not None and length >= _NO_TIME:
                self._count_length((status, is_final), length, count)
        self._bound()

    def _count_length(self, key: tuple[CallStatus, bool], length: timedelta, count: int) -> None:
        if self.step and (rest := length % self.step):
            length -= rest
            self._lost[key] += rest // _MICROSECOND * count
        self._lengths[(*key, length)] += count

    def merge(self, other: Kinds) -> None:
        """Add those of another one."""
        self._counts = self.counts + other.counts
        self._lost += other._lost
        self._round(max(self.step, other.step))
        for (status, is_final, length), count in other.lengths.items():
            self._count_length((status, is_final), length, count)
        self._bound()

    def conclude(self) -> None:
        """Take every contact as final who is not being called now."""
        before, self._counts = self.counts, Counter()
        for (status, is_final, attempts, phone_valid), count in before.items():
            self._counts[status, is_final or status not in UNDER_WAY, attempts, phone_valid] += count
        lengths, self._lengths = self._lengths, Counter()
        for (status, is_final, length), count in lengths.items():
            self._lengths[status, is_final or status not in UNDER_WAY, length] += count
        lost, self._lost = self._lost, Counter()
        for (status, is_final), rest in lost.items():
            self._lost[status, is_final or status not in UNDER_WAY] += rest

    def _bound(self) -> None:
        for larger in _LENGTH_STEPS:
            if len(self._lengths) > _MOST_DIFFERENT and larger > self.step:
                self._round(larger)

    def _round(self, step: timedelta) -> None:
        if step > self.step:
            lengths, self._lengths, self.step = self._lengths, Counter(), step
            for (status, is_final, length), count in lengths.items():
                self._count_length((status, is_final), length, count)


class Times:
    """When contacts were called last, to the minute or coarser, and exactly the first and the last of these times.

    Attributes:
        step: To how many minutes they are rounded down.
        first: The first one.
        last: The last one.
    """

    def __init__(self) -> None:
        """Count nothing yet."""
        self.step = _TIME_STEPS[0]
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._counts = Counter[int]()  # numbers, unlike tuples, give the garbage collector nothing to do
        self._by_month: dict[tuple[int, int], Counter[tuple[int, int, int]]] = {}  # by day, hour and minute

    @property
    def counts(self) -> Counter[int]:
        """How many there are by minute, counted from the beginning of the calendar; `time_of` gives its time."""
        self._fold()
        return self._counts

    def add(self, times: Sequence[datetime]) -> None:
        """Add some times in UTC; at least one."""
        # If they are ascending, as they are as a rule, they are quickly sorted.
        if is_sorted := times[0] <= times[len(times) // 2] <= times[-1]:
            times = sorted(times)
            first, last = times[0], times[-1]
        else:
            first, last = min(times), max(times)
        self.first = first if self.first is None or first < self.first else self.first
        self.last = last if self.last is None or last > self.last else self.last
        if (last - first) < _MINUTE * len(times) / _DENSE and last.year < MAXYEAR:
            self._add_dense(times if is_sorted else sorted(times))
        elif (month := (first.year, first.month)) == (last.year, last.month):
            self._by_month.setdefault(month, Counter()).update(map(_in_month, times))
        else:
            for time in times:
                self._count(_minute_of(time), 1)
        if len(self._counts) + sum(map(len, self._by_month.values())) > _MOST_DIFFERENT:
            self._bound()

    def _add_dense(self, times: Sequence[datetime]) -> None:
        """Add ascending times of which many fall into each minute: counting minutes is quicker than counting times."""
        counts, step, span = self._counts, self.step, self.step * _MINUTE
        minute = _minute_of(times[0])
        minute -= minute % step
        end_of_span = time_of(minute)
        at, number = 0, len(times)
        while at < number:
            end_of_span += span
            end = bisect_left(times, end_of_span, at)
            if end > at:
                counts[minute] = counts.get(minute, 0) + end - at
            at, minute = end, minute + step

    def _count(self, minute: int, number: int) -> None:
        minute -= minute % self.step
        self._counts[minute] = self._counts.get(minute, 0) + number

    def _fold(self) -> None:
        by_month, self._by_month = self._by_month, {}
        for (year, month), counts in by_month.items():
            before = date(year, month, 1).toordinal() - 1
            for (day, hour, minute), number in counts.items():
                self._count((before + day) * _DAY + hour * _HOUR + minute, number)

    def merge(self, other: Times) -> None:
        """Add those of another one."""
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)
        self._round(max(self.step, other.step))
        for minute, number in other.counts.items():
            self._count(minute, number)
        self._bound()

    def _bound(self) -> None:
        self._fold()
        for larger in _TIME_STEPS:
            if larger > self.step and len(self._counts) > _MOST_DIFFERENT:
                self._round(larger)

    def _round(self, step: int) -> None:
        if step > self.step:
            counts, self._counts, self.step = self.counts, Counter(), step
            for minute, number in counts.items():
                self._count(minute, number)


def _minute_of(time: datetime) -> int:
    return time.toordinal() * _DAY + time.hour * _HOUR + time.minute


def time_of(minute: int) -> datetime:
    """The time in UTC of a minute of `Times.counts`."""
    return _DAY_1 + (minute - _DAY) * _MINUTE


def hours_in_utc(counts: Mapping[int, int]) -> Counter[tuple[int, int]]:
    """The counts of minutes as those of hours, by the ordinal of the day and the hour."""
    found = Counter[int]()
    for minute, count in counts.items():
        found[minute // _HOUR] += count
    return Counter({divmod(hour, _DAY // _HOUR): count for hour, count in found.items()})


class Numbers:
    """Phone numbers as 64-bit hashes, of which the repeated ones can be counted."""

    def __init__(self) -> None:
        self._hashes = array("q")

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, numbers: Collection[str]) -> None:
        """Add some numbers."""
        # An array takes one number at a time by a slower way.
        self._hashes.frombytes(struct.pack(f"{len(numbers)}q", *map(hash, numbers)))

    def merge(self, other: Numbers) -> None:
        """Add those of another one."""
        self._hashes.extend(other._hashes)

    def repeated(self) -> int:
        """How many of them were there before."""
        if len(self._hashes) <= _MOST_IN_A_SET:
            return len(self._hashes) - len(set(self._hashes))
        parts = [array("q") for _ in range(_PARTS)]
        for number in self._hashes:
            parts[number % _PARTS].append(number)
        return sum(len(part) - len(set(part)) for part in parts)


class Tally:
    """The counts of one campaign, or of a part of its contacts.

    Attributes:
        call_time: The attribute of contacts with the time of the latest call.
        kinds: Contacts by what is counted of them.
        called: Of those whose status does not say whether they were called, the ones whose times say that they were.
        prefixes: Contacts by the first characters of their number.
        numbers: Their numbers.
        times: When they were called last.
        ended: Final contacts of whom it is known when their call ended; only counted ``with_ends``.
        last_end: The latest of these ends.
    """

    def __init__(self, call_time: str, *, with_ends: bool = False) -> None:
        """Count nothing yet."""
        self.call_time = call_time
        self.kinds = Kinds()
        self.called = Kinds()
        self.prefixes = Counter[str]()
        self.numbers = Numbers()
        self.times = Times()
        self.ended = 0
        self.last_end: datetime | None = None
        self._with_ends = with_ends

    @property
    def contacts(self) -> int:
        """How many contacts were counted."""
        return self.kinds.counts.total()

    def add(self, rows: Sequence[Contact]) -> None:
        """Count some contacts."""
        results = Results.of(rows)
        self.kinds.add(_rows(results))
        numbers = results.phone_number
        self.prefixes.update(map(_prefix, numbers))
        self.numbers.add(list(filter(None, numbers)) if "" in numbers else numbers)
        times = getattr(results, self.call_time)
        if known := list(filter(None, times)):
            self.times.add(known)
            if not SILENT_ON_CALLS.isdisjoint(compress(results.status, times)):
                is_silent = map(SILENT_ON_CALLS.__contains__, results.status)
                self.called.add(compress(_rows(results), map(and_, is_silent, map(bool, times))))
        if self._with_ends and (ends := list(filter(None, compress(results.ended_at, results.is_final)))):
            self.ended += len(ends)
            self.last_end = max(ends) if self.last_end is None else max(self.last_end, *ends)

    def conclude(self) -> None:
        """Take every contact as final who is not being called now: the campaign is over, which its rows do not show."""
        for kinds in (self.kinds, self.called):
            kinds.conclude()

    def merge(self, other: Tally) -> None:
        """Add the counts of another one."""
        self.kinds.merge(other.kinds)
        self.called.merge(other.called)
        self.prefixes.update(other.prefixes)
        self.numbers.merge(other.numbers)
        self.times.merge(other.times)
        self.ended += other.ended
        self.last_end = max(filter(None, (self.last_end, other.last_end)), default=None)

    def lengths(self, statuses: Collection[CallStatus]) -> Lengths:
        """The lengths of the calls of final contacts with one of these statuses."""
        found = Counter[timedelta]()
        for (status, is_final, length), count in self.kinds.lengths.items():
            if is_final and status in statuses:
                found[length] += count
        values = [(length.total_seconds(), count) for length, count in sorted(found.items())]
        return Lengths(values=values, total=self.kinds.total(statuses), step=self.kinds.step.total_seconds())


class Lengths(NamedTuple):
    """Lengths of calls.

    Attributes:
        values: The lengths in seconds with their numbers, ascending.
        total: All of them together, exact.
        step: To how many seconds ``values`` are rounded down; 0 if they are as they came.
    """

    values: Sequence[tuple[float, int]]
    total: float
    step: float

    @property
    def number(self) -> int:
        """How many calls they are."""
        return sum(count for _, count in self.values)
