"""Has threads that read from servers nearby take turns.

Threads that compute at the same time take the interpreter from each other at every call of the operating system, and
the pages of several in memory at once keep the garbage collector busy. That costs more than it saves, unless they wait
for their servers for much of the time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

_SPAN = 0.2  # seconds of one turn, if others wait for theirs
_PATIENCE = 0.02  # seconds; one that has given no sign of life for so long, waiting for its server, loses its turn
_FAR = 3
"""After so many pages in a row for which it waited longer than it worked, a thread takes no turns any more."""


class TakingTurns:
    """One turn at a time, for threads that read pages."""

    def __init__(self) -> None:
        """Nobody's turn."""
        self._changed = threading.Condition()
        self._whose: object | None = None
        self._waiting: deque[object] = deque()
        self._alive = 0.0  # when the one whose turn it is gave the latest sign of life
        self._until = 0.0

    def read(self, pages: Generator[T]) -> Generator[T]:
        """The same pages, each read when it is this thread's turn; a turn lasts until the next page is asked for.

        A thread whose server is far waits for no turn, and nobody waits for it. ``pages`` is closed at the end.
        """
        me, late = object(), 0
        try:
            while True:
                if late < _FAR:
                    self._take(me)
                began, worked = time.monotonic(), time.thread_time()
                try:
                    page = next(pages)
                except StopIteration:
                    return
                worked = time.thread_time() - worked
                if late < _FAR:
                    late = late + 1 if time.monotonic() - began > 2 * worked else 0
                    if late == _FAR:
                        self._leave(me)
                yield page
                del page  # before another page is read
        finally:
            self._leave(me)
            pages.close()

    def _take(self, me: object) -> None:
        """Wait until it is one's turn, or go on with it."""
        with self._changed:
            if self._whose is me and (not self._waiting or time.monotonic() < self._until):
                self._alive = time.monotonic()
                return
            self._waiting.append(me)
            if self._whose is me or self._whose is None:
                self._pass_on()
            while self._whose is not me:
                if me not in self._waiting:  # its turn came, and was passed on before it woke up
                    self._waiting.append(me)
                left = self._alive + _PATIENCE - time.monotonic()
                if left > 0 and self._whose is not None:
                    self._changed.wait(left)
                else:
                    self._pass_on()

    def _leave(self, me: object) -> None:
        """Give up one's turn for good."""
        with self._changed:
            if me in self._waiting:
                self._waiting.remove(me)
            if self._whose is me:
                self._pass_on()

    def _pass_on(self) -> None:
        self._whose = self._waiting.popleft() if self._waiting else None
        self._alive = time.monotonic()
        self._until = self._alive + _SPAN
        self._changed.notify_all()
