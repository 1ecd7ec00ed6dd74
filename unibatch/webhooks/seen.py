"""Notices events that were there before: vendors send a webhook again if the answer to it was lost."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol, Self

from unibatch.core.errors import ConfigError
from unibatch.core.events import Event

_MAKE = "CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID"
_ADD = "INSERT INTO seen VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET at = excluded.at WHERE at < ?"
_FORGET_OLD = "DELETE FROM seen WHERE at < ?"
_FORGET = "DELETE FROM seen WHERE key = ?"

_CLEANED_EVERY = 3_600.0
"""Seconds between two times that what is old is deleted."""


class Seen(Protocol):
    """Remembers events. An application can have one of its own, such as a table of its database."""

    def add(self, event: Event | str) -> bool:
        """Remember an event, by its `Event.dedupe_key`.

        Returns:
            Whether it is new. Of several calls at the same moment, one gets ``True``.
        """
        ...

    def remove(self, event: Event | str) -> None:
        """Forget an event, since what had to be done with it failed."""


class SqliteSeen:
    """A `Seen` in an SQLite file. Threads, tasks and processes may share it.

    Use it in a ``with`` statement, or call `close`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        keep: timedelta = timedelta(days=30),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the file, or make it.

        Args:
            path: The file.
            keep: For how long an event is remembered after it came first; more than 0.
            clock: The present time as Unix seconds, for tests.

        Raises:
            ConfigError: The file cannot be used, or ``keep`` is not above 0.
        """
        if keep <= timedelta():
            raise ConfigError(f"keep must be above 0, not {keep}")
        self._path = Path(path)
        self._keep = keep.total_seconds()
        self._clock = clock
        self._lock = threading.Lock()
        self._cleaned = clock()
        self._database: sqlite3.Connection | None = None
        self._process = 0
        with self._lock:
            self._open()

    def add(self, event: Event | str) -> bool:
        """See `Seen.add`.

        Raises:
            ConfigError: The file cannot be used any more.
        """
        now = self._clock()
        with self._lock:
            if now - self._cleaned > _CLEANED_EVERY:
                self._cleaned = now
                self._run(_FORGET_OLD, now - self._keep)
            return self._run(_ADD, _key(event), now, now - self._keep) == 1

    def remove(self, event: Event | str) -> None:
        """See `Seen.remove`."""
        with self._lock:
            self._run(_FORGET, _key(event))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._database is not None and self._process == os.getpid():
                self._database.close()
            self._database = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, command: str, *values: object) -> int:
        try:
            return self._open().execute(command, values).rowcount
        except sqlite3.Error as exc:
            raise ConfigError(f"{self._path} cannot be used: {exc}") from exc

    def _open(self) -> sqlite3.Connection:
        """The connection; a forked process gets one of its own."""
        if self._database is None or self._process != os.getpid():
            try:
                # Each command is a transaction of its own; others wait for the file's lock.
                database = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
                try:
                    database.execute(_MAKE)
                except BaseException:
                    database.close()
                    raise
            except sqlite3.Error as exc:
                raise ConfigError(f"{self._path} cannot be used: {exc}") from exc
            self._database, self._process = database, os.getpid()
        return self._database


def _key(event: Event | str) -> str:
    return event if isinstance(event, str) else event.dedupe_key
