"""How many requests a client may still send, so that it stays below its vendor's rate limit.

A `Budget` counts and says how long to wait. It never sleeps and never sends; its caller does that, in a thread or in an
event loop. A request may go if three things allow it:

- **the log** of the requests that were sent in the latest minute, here or in all processes that share a file;
- **the vendor's own count**, if its answers give it: other programs may use the same key;
- **a hold**, after an answer that said when to come back.

The second and the third are known to one process only. The others learn them from the answers that they get.
"""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias, cast

from unibatch.client.forks import renew_in_children
from unibatch.core.errors import ConfigError
from unibatch.core.late import Late

if TYPE_CHECKING:
    import sqlite3

    import pyrate_limiter
    from filelock import FileLock
else:  # they take as long to import as half of httpx, and few requests need neither
    sqlite3, pyrate_limiter = Late("sqlite3"), Late("pyrate_limiter")

WINDOW = 60.0
"""Seconds; vendors count by the minute."""

MARGIN = 1.0
"""Seconds that are added to a window, since requests travel at different speeds and vendors give whole seconds."""

_SHORTEST = 0.01  # the shortest wait, in seconds: asking more often only keeps the processor busy
_SOON = 0.03  # the wait, in seconds, for the count in an answer that is on its way
_LONGEST_HOLD = 86_400.0
_FARTHEST_RESET = 3_600.0


class Budget:
    """The requests that one API key may still make. Safe to use from several threads.

    Every request is taken before it is sent, and given back when it is over::

        while wait := budget.take():
            pause(wait)
        try:
            answer = send()
            budget.hear(answer.remaining, answer.reset_in)
        finally:
            budget.give_back()
    """

    def __init__(
        self,
        requests_per_minute: int | None,
        *,
        file: Path | None = None,
        name: str = "",
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Begin to count.

        Args:
            requests_per_minute: How many requests may go in any `WINDOW`; more than 0. ``None`` if that is not known:
                then only the vendor's own count and a hold make a request wait.
            file: An SQLite database in which several processes of this machine count together; it is made if it does
                not exist.
            name: Whose requests are counted in the file; only a hash of it is written there.
            clock: The present time in seconds, for tests.

        Raises:
            ConfigError: The file cannot be used.
        """
        self._clock = clock or time.monotonic  # which never goes back; processes can agree on the time of day only
        self._requests_per_minute: float = requests_per_minute or math.inf
        first = requests_per_minute or 1  # where no limit is known, the log is not used before one is
        if file is None:
            self._log = _Log(first, self._clock)
        else:
            self._log = _SharedLog(first, clock or time.time, file, name)
        self._lock = Lock()
        self._in_flight = 0
        self._latest = -math.inf
        self._held_until = -math.inf
        self._held_by: int | None = None
        self._vendor = _VendorsCount()
        renew_in_children(self)

    def renew(self) -> None:
        """In a forked process: go on from the parent's count, with nothing in flight."""
        self._lock = Lock()
        self._in_flight = 0
        self._log.renew()

    def take(self) -> float:
        """Count one request, or say how long to wait. Does not block.

        Returns:
            0 if the request may go now; otherwise the seconds to wait before asking again. Others may be quicker then,
            so ask until it is 0.

        Raises:
            ConfigError: The file cannot be used any more.
        """
        with self._lock:
            now = self._clock()
            wait = self._held_until - now
            if wait <= 0:
                wait = self._vendor.wait(now, self._in_flight)
            if wait <= 0 and self._requests_per_minute < math.inf:
                wait = self._log.put()
            if wait > 0:
                return max(wait, _SHORTEST)
            self._in_flight += 1
            self._latest = now
            self._vendor.uncounted += 1
            return 0.0

    def barred(self) -> float:
        """For how many seconds the vendor accepts nothing, by its own answers; 0 if it may accept something."""
        with self._lock:
            now = self._clock()
            return max(0.0, self._held_until - now, self._vendor.closed(now))

    @property
    def requests_per_minute(self) -> float | None:
        """The limit; ``None`` if it is not known."""
        return self._requests_per_minute if self._requests_per_minute < math.inf else None

    @property
    def is_idle(self) -> bool:
        """Whether a new budget would answer the same."""
        return max(self._latest + WINDOW + MARGIN, self._held_until) <= self._clock()

    def give_back(self) -> None:
        """Note that a counted request is over: answered, failed or cancelled. It stays in the log."""
        with self._lock:
            self._in_flight = max(0, self._in_flight - 1)
            if not self._in_flight:
                self._vendor.settle()

    @property
    def held_by(self) -> int | None:
        """The HTTP status of the answer because of which nothing may be sent now; ``None`` if there is none."""
        with self._lock:
            return self._held_by if self._held_until > self._clock() else None

    def hold(self, seconds: float, status: int | None = None) -> None:
        """Let no request go for this many seconds, at most a day. Never shortens an earlier hold.

        ``status`` is the HTTP status of the answer that asks for it.
        """
        if seconds > 0:  # which NaN is not
            with self._lock:
                until = self._clock() + min(seconds, _LONGEST_HOLD)
                if until > self._held_until:
                    self._held_until, self._held_by = until, status

    def hear(self, remaining: int, reset_in: float) -> None:
        """Note from an answer how many more requests the vendor accepts, and in how many seconds it counts anew.

        Call it before `give_back`. Negative values and more than an hour are ignored.
        """
        if remaining >= 0 and 0 <= reset_in <= _FARTHEST_RESET:
            with self._lock:
                self._vendor.hear(remaining, self._clock(), reset_in, self._in_flight)

    def tighten(self, requests_per_minute: int) -> None:
        """Lower the limit; a higher one changes nothing, nor does one that would let nothing go: it is no limit."""
        with self._lock:
            if 0 < requests_per_minute < self._requests_per_minute:
                self._requests_per_minute = requests_per_minute
                self._log.limit(requests_per_minute)


class _VendorsCount:
    """The vendor's own count in its present window, and how many requests that may not include.

    Answers arrive in any order, and within a window the vendor's count only grows. So the smallest number heard is the
    latest, and includes every request whose own answer was heard. It may not include the others: those on their way,
    those taken since, and those that failed.

    Attributes:
        uncounted: How many requests the smallest number heard may not include.
    """

    def __init__(self) -> None:
        self._remaining = 0
        self._most = 0  # requests in a window, as far as is known
        self._end = -math.inf
        self._settled = 0
        self.uncounted = 0

    def wait(self, now: float, in_flight: int) -> float:
        """For how many seconds nothing may be sent; 0 or less if something may."""
        left = self._end + MARGIN - now
        if left <= 0:
            # The vendor has begun a new window. Until an answer says so, no more may go than it ever accepted.
            knows_nothing = left <= -WINDOW or not in_flight
            return 0.0 if knows_nothing or self.uncounted < self._most else _SOON
        if self._remaining > self.uncounted:
            return 0.0
        # Answers on their way may show that their requests are included already, but never that more remain.
        return min(left, _SOON) if self._remaining and in_flight else left

    def closed(self, now: float) -> float:
        """For how many seconds the vendor's count leaves no request; 0 or less if it leaves some."""
        return self._end + MARGIN - now if self._remaining == 0 else 0.0

    def hear(self, remaining: int, now: float, reset_in: float, in_flight: int) -> None:
        """Note one answer."""
        end = now + reset_in
        self._most = max(self._most, remaining + 1)
        # The next window ends a whole window later. Ends that differ by less are of the same window: they are given
        # in whole seconds and travel at different speeds, or the vendor's window slides and its end moves all the time.
        if now >= self._end + MARGIN or end > self._end + WINDOW / 2:
            self._remaining, self._end = remaining, end
            self.uncounted = max(0, in_flight - 1)
        else:
            self._remaining, self._end = min(self._remaining, remaining), min(self._end, end)
            self.uncounted = max(0, self.uncounted - 1 - self._settled)
        self._settled = 0

    def settle(self) -> None:
        """Nothing is in flight, so the next answer includes all requests that failed until now."""
        self._settled = self.uncounted


class _Log:
    """The requests in the latest window, of this process or of all processes that share a file.

    A bucket of pyrate-limiter counts them. In one process, it is made when as many came as may come in a window: no
    request has to wait before that.
    """

    bucket: pyrate_limiter.InMemoryBucket | pyrate_limiter.SQLiteBucket | None = None

    def __init__(self, requests_per_minute: int, clock: Callable[[], float]) -> None:
        self._requests_per_minute = requests_per_minute
        self._clock = clock
        self._early: list[int] = []  # when the requests came that are in no bucket yet
        self._old = 0  # how many requests came since the bucket forgot what had left the window

    def limit(self, requests_per_minute: int) -> None:
        """Have another limit."""
        self._requests_per_minute = requests_per_minute
        if self.bucket is not None:
            self.bucket.rates = _rates(requests_per_minute)

    def renew(self) -> None:
        """In a forked process, the requests of the parent still count."""

    def put(self) -> float:
        """Log one request and return 0, or return the seconds until there is room."""
        now = _milliseconds(self._clock())
        if self.bucket is None:
            if len(self._early) < self._requests_per_minute:
                self._early.append(now)
                return 0.0
            self.bucket = self._filled()
        request = pyrate_limiter.RateItem("", now)
        if not self.bucket.put(request):
            wait = cast("int", self.bucket.waiting(request)) / 1000
            return min(max(wait, _SHORTEST), WINDOW + MARGIN)
        self._old += 1
        if self._old >= self._requests_per_minute:
            self.bucket.leak(now)
            self._old = 0
        return 0.0

    def _filled(self) -> pyrate_limiter.InMemoryBucket:
        """A bucket with the requests that came so far, which may be more than a limit that was lowered since."""
        bucket = pyrate_limiter.InMemoryBucket(_rates(len(self._early)))
        for came in self._early:
            bucket.put(pyrate_limiter.RateItem("", came))
        self._early.clear()
        bucket.rates = _rates(self._requests_per_minute)
        return bucket


_inherited: list[object] = []
"""What a forked process has from its parent; kept, since SQLite must not close it there."""


class _SharedLog(_Log):
    def __init__(self, requests_per_minute: int, clock: Callable[[], float], file: Path, name: str) -> None:
        super().__init__(requests_per_minute, clock)
        self._file = file
        self._table = f"requests_{sha256(name.encode()).hexdigest()[:32]}"
        self.bucket = self._stored = self._opened()

    def _opened(self) -> pyrate_limiter.SQLiteBucket:
        try:
            Path(f"{self._file}.lock").touch()  # if that is not possible, opening may wait for ever
            bucket = pyrate_limiter.SQLiteBucket.init_from_file(
                _rates(self._requests_per_minute), table=self._table, db_path=str(self._file), use_file_lock=True
            )
            self._closing = weakref.finalize(self, bucket.conn.close)
            bucket.leak(_milliseconds(self._clock()))
        except (OSError, ValueError, sqlite3.Error) as exc:
            raise self._unusable(exc) from exc
        self.connection = bucket.conn
        self._lock = cast("FileLock", bucket.lock)
        self._is_parents = False
        return bucket

    def renew(self) -> None:
        """In a forked process: open the file again before it is used, and do not touch what the parent opened."""
        self._closing.detach()
        _inherited.append(self.bucket)
        self._is_parents = True

    def put(self) -> float:
        """As `_Log.put`; also returns the seconds until no other process writes."""
        if self._is_parents:
            self.bucket = self._stored = self._opened()
        try:
            with self._lock.acquire(blocking=False):
                self._correct(_milliseconds(self._clock()))
                return super().put()
        except TimeoutError:
            return _SHORTEST
        except (OSError, sqlite3.Error) as exc:
            raise self._unusable(exc) from exc

    def _correct(self, now: int) -> None:
        """Move requests from the future to the present: the clock was set back."""
        newest = self._stored.peek(0)
        if newest is not None and newest.timestamp > now:
            later = f"UPDATE '{self._table}' SET item_timestamp = :now WHERE item_timestamp > :now"  # noqa: S608 - a hash
            self.connection.execute(later, {"now": now}).close()
            self.connection.commit()

    def _unusable(self, exc: Exception) -> ConfigError:
        return ConfigError(
            f"rate_limit_file: requests cannot be counted in {str(self._file)!r}: {exc}; "
            "name a file that can be written, in a directory that exists, and that nothing else uses, or name none"
        )


def _rates(requests_per_minute: int) -> list[pyrate_limiter.Rate]:
    # A bucket counts what lies exactly one interval back, and waits a millisecond longer.
    return [pyrate_limiter.Rate(requests_per_minute, _milliseconds(WINDOW + MARGIN) - 1)]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


_Whose: TypeAlias = tuple[tuple[str, ...], Path | None]


class _Known:
    """The budgets of this process.

    Attributes:
        living: Those that a client has.
        busy: Keeps a budget after its last client has gone, while its requests count.
    """

    def __init__(self) -> None:
        self.living: weakref.WeakValueDictionary[_Whose, Budget] = weakref.WeakValueDictionary()
        self.busy: dict[_Whose, Budget] = {}
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """In a forked process, nobody would release the parent's lock."""
        self.lock = Lock()


_known = _Known()


def shared_budget(fingerprint: tuple[str, ...], requests_per_minute: int | None, file: Path | None) -> Budget:
    """Find the budget that all clients of this process with the same key share, or begin it.

    It lives as long as one of its clients, and a minute longer than its latest request. The lowest limit of all of them
    counts until then. Clients with another file, or without one, have another budget.

    Args:
        fingerprint: The provider, the host, and a hash of the key; never the key itself.
        requests_per_minute: As for `Budget`.
        file: As for `Budget`.

    Raises:
        ConfigError: The file cannot be used.
    """
    whose = (fingerprint, None if file is None else file.resolve())
    with _known.lock:
        for idle in [known for known, budget in _known.busy.items() if budget.is_idle]:
            del _known.busy[idle]
        budget = _known.living.get(whose)
        if budget is None:
            budget = Budget(requests_per_minute, file=file, name="\n".join(fingerprint))
            _known.living[whose] = budget
        _known.busy[whose] = budget
    if requests_per_minute is not None:
        budget.tighten(requests_per_minute)
    return budget


def forget_budgets() -> None:
    """Begin all counts from zero; for tests, which do not wait."""
    with _known.lock:
        _known.living.clear()
        _known.busy.clear()
