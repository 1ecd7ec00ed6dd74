"""Reads pages before they are needed, so that a listing does not wait for one after the other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import attrs

from unibatch.client.halt import Halt
from unibatch.core.paging import Position

T = TypeVar("T")

_FAR = 0.02
"""A server that takes so many seconds once is far away: from now on its pages are read ahead."""

_NOT_NEAR = 0.005
"""So is one that takes so many seconds three times in a row. If it takes less, reading ahead costs more than it saves:
most of the time is spent on reading what came, which is not done in parallel."""

_NAP = 0.5  # seconds


def _idle_time() -> float:
    """A clock that stops while this thread computes, in seconds: other threads cannot make that faster."""
    return time.monotonic() - time.thread_time()


class Eagerness:
    """How many ``pages`` to have under way or in memory at the same time: 1, or the maximum."""

    def __init__(self, most: int) -> None:
        self.pages = 1
        self._most = most
        self._latest: deque[float] = deque(maxlen=3)

    def note(self, waited: float) -> None:
        """Note for how many seconds the client waited for a page that was not read ahead."""
        self._latest.append(waited)
        if waited >= _FAR or (len(self._latest) == self._latest.maxlen and min(self._latest) >= _NOT_NEAR):
            self.pages = self._most


@attrs.define
class _UnderWay(Generic[T]):
    halt: Halt
    future: Future[T] | None = None


class Prefetch(Generic[T]):
    """Reads pages in threads of its own; ``discarded`` counts those that were asked for and then not needed."""

    def __init__(self, read: Callable[[Position, Halt | None], T], most: int) -> None:
        """Have at most so many pages under way; ``read`` reads one, and stops when the halt is set."""
        self.discarded = 0
        self.eagerness = Eagerness(most)
        self._read = read
        self._most = most
        self._threads: ThreadPoolExecutor | None = None
        self._under_way: dict[Position, _UnderWay[T]] = {}

    def begin(self, positions: Sequence[Position]) -> None:
        """Begin to read these pages, and drop all others."""
        for position in [known for known in self._under_way if known not in positions]:
            self._drop(position)
        for position in positions:
            if position not in self._under_way:
                self._threads = self._threads or ThreadPoolExecutor(self._most, thread_name_prefix="unibatch")
                # Noted first: if Ctrl-C comes while the thread is being started, `close` must halt it.
                begun: _UnderWay[T] = _UnderWay(Halt())
                self._under_way[position] = begun
                begun.future = self._threads.submit(self._read, position, begun.halt)

    def take(self, positions: Sequence[Position]) -> T:
        """The page at the first of these positions; the others are begun."""
        if len(positions) == 1 and not self._under_way:
            began = _idle_time()
            page = self._read(positions[0], None)
            self.eagerness.note(_idle_time() - began)
            return page
        self.begin(positions)
        future = self._under_way[positions[0]].future
        assert future is not None  # noqa: S101  # it is None only after an interrupt, which ends the listing
        page = _result(future)
        del self._under_way[positions[0]]
        return page

    def close(self) -> None:
        """Stop what is under way, and wait until it has stopped."""
        for position in list(self._under_way):
            self._drop(position)
        if self._threads is not None:
            self._threads.shutdown()

    def _drop(self, position: Position) -> None:
        dropped = self._under_way[position]
        dropped.halt.set()
        del self._under_way[position]
        self.discarded += dropped.future is None or not dropped.future.cancel()


def _result(future: Future[T]) -> T:
    """The result of a thread. Ctrl-C just before a wait is noticed only when the wait ends, so waits are short."""
    while True:
        try:
            return future.result(_NAP)
        except TimeoutError:
            if future.done():
                return future.result()


class AsyncPrefetch(Generic[T]):
    """Reads pages in tasks of its own; otherwise like `Prefetch`."""

    def __init__(self, read: Callable[[Position], Coroutine[Any, Any, T]], most: int) -> None:
        self.discarded = 0
        self.eagerness = Eagerness(most)
        self._read = read
        self._under_way: dict[Position, asyncio.Task[T]] = {}
        self._dropped: list[asyncio.Task[T]] = []

    async def begin(self, positions: Sequence[Position]) -> None:
        """As `Prefetch.begin`, awaited."""
        fresh = [position for position in positions if position not in self._under_way]
        for position in [known for known in self._under_way if known not in positions]:
            self._drop(position)
        for position in fresh:
            self._under_way[position] = asyncio.create_task(self._read(position))
        if fresh:
            await asyncio.sleep(0)  # lets them send their requests before the present page is read

    async def take(self, positions: Sequence[Position]) -> T:
        """As `Prefetch.take`, awaited."""
        if len(positions) == 1 and not self._under_way:
            began = _idle_time()
            page = await self._read(positions[0])
            self.eagerness.note(_idle_time() - began)
            return page
        await self.begin(positions)
        page = await self._under_way[positions[0]]
        del self._under_way[positions[0]]
        return page

    async def close(self) -> None:
        """As `Prefetch.close`, awaited."""
        for position in list(self._under_way):
            self._drop(position)
        await asyncio.gather(*self._dropped, return_exceptions=True)

    def _drop(self, position: Position) -> None:
        dropped = self._under_way.pop(position)
        dropped.cancel()
        self._dropped.append(dropped)
        self.discarded += 1
