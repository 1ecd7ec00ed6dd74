"""Reads pages before they are needed, so that a listing does not wait for one after the other."""

from __future__ import annotations

import atexit
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakSet

import attrs

from unibatch.client.forks import renew_in_children
from unibatch.client.halt import Halt
from unibatch.core.late import Late

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = Late("asyncio")  # the blocking client does without

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
"""What stands for a page: where it is, and of which listing."""

_NOT_NEAR = 0.001
"""A server that takes this many seconds three times in a row is not near: from now on its pages are read ahead. If it
takes less, reading ahead gains nothing and costs some CPU: most of the time is spent on reading what came, which is not
done in parallel."""

_FAR = 0.02
"""So is one that takes this many seconds once, unless it was near before: then it, or this machine, was busy."""

_NAP = 0.5  # seconds
_LEAVING = 0.5  # seconds for threads to end when the program does


class Eagerness:
    """How many ``pages`` to have under way or in memory at the same time: 1, or the maximum."""

    def __init__(self, most: int) -> None:
        self.pages = 1
        self._most = most
        self._latest: deque[float] = deque(maxlen=3)
        self._began = 0.0
        self._computed: float | None = None

    def begin(self) -> None:
        """A page that is not read ahead is asked for."""
        self._began = time.monotonic()
        # This clock takes far longer to read than the other one, and nearby servers are to be read quickly.
        self._computed = None if self._latest and self._latest[-1] < _NOT_NEAR else time.thread_time()

    def end(self) -> None:
        """The page is there. What this thread computed meanwhile was no waiting: other threads cannot speed it up."""
        waited = time.monotonic() - self._began
        if waited >= _NOT_NEAR and self._computed is not None:
            waited -= time.thread_time() - self._computed
        self.note(waited)

    def note(self, waited: float) -> None:
        """Note for how many seconds the client waited for a page that was not read ahead."""
        was_near = any(earlier < _NOT_NEAR for earlier in self._latest)
        self._latest.append(waited)
        if (waited >= _FAR and not was_near) or (
            len(self._latest) == self._latest.maxlen and min(self._latest) >= _NOT_NEAR
        ):
            self.pages = self._most


@attrs.define
class _UnderWay(Generic[T]):
    halt: Halt
    future: Future[T] | None = None


class _Threads:
    """Threads that keep no program from ending, as those of a `ThreadPoolExecutor` do."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, call: Callable[..., T], *about: Any) -> Future[T]:
        """Have a thread call this, in a copy of the present context, so that what traces requests knows whose it is."""
        future: Future[T] = Future()
        context = copy_context()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = context.run(call, *about)
            except BaseException as exc:  # noqa: BLE001 - the future raises it
                future.set_exception(exc)
            else:
                future.set_result(result)

        self._work.put(work)
        if len(self._threads) < self._most:
            thread = threading.Thread(
                target=_work, args=(self._work,), name=f"unibatch_{len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return future

    def end(self, seconds: float | None = None) -> None:
        """Wait until what is under way has ended, for at most so many seconds, and end the threads."""
        for _ in self._threads:
            self._work.put(None)
        until = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive():  # it was not started if Ctrl-C came before
                thread.join(None if until is None else max(0.0, until - time.monotonic()))


def _work(queue: SimpleQueue[Callable[[], None] | None]) -> None:
    while (work := queue.get()) is not None:
        work()
        del work  # it refers to a page


class Prefetch(Generic[K, T]):
    """Reads pages in threads of its own; ``discarded`` has those that were asked for and then not needed."""

    def __init__(self, read: Callable[[K, Halt | None], T], most: int) -> None:
        """Have at most this many pages under way; ``read`` reads one, and stops when the halt is set."""
        self.discarded: list[K] = []
        self.eagerness = Eagerness(most)
        self._read = read
        self._most = most
        self._threads: _Threads | None = None
        self._under_way: dict[K, _UnderWay[T]] = {}
        renew_in_children(self)

    def renew(self) -> None:
        """In a forked process there are no threads, and what is under way is the parent's."""
        self._threads = None
        self._under_way = {}

    def begin(self, positions: Sequence[K]) -> None:
        """Begin to read these pages, and drop all others."""
        for position in [known for known in list(self._under_way) if known not in positions]:
            self._drop(position)
        for position in positions:
            if position not in self._under_way:
                if self._threads is None:
                    self._threads = _Threads(self._most)
                    _with_threads.add(self)
                # Noted first: if Ctrl-C comes while the thread is being started, `close` must halt it.
                begun: _UnderWay[T] = _UnderWay(Halt())
                self._under_way[position] = begun
                begun.future = self._threads.submit(self._read, position, begun.halt)

    def take(self, positions: Sequence[K]) -> T:
        """The page at the first of these positions; the others are begun."""
        if len(positions) == 1 and not self._under_way:
            self.eagerness.begin()
            page = self._read(positions[0], None)
            self.eagerness.end()
            return page
        self.begin(positions)
        future = self._under_way[positions[0]].future
        assert future is not None  # noqa: S101  # it is None only after an interrupt, which ends the listing
        try:
            return _result(future)
        finally:
            if future.done():  # an interrupt leaves it under way
                self._under_way.pop(positions[0], None)

    def close(self, seconds: float | None = None) -> None:
        """Stop what is under way, and wait until it has stopped, for at most so many seconds."""
        for position in list(self._under_way):
            self._drop(position)
        threads, self._threads = self._threads, None
        if threads is not None and not sys.is_finalizing():  # then threads are frozen, and would never end
            threads.end(seconds)

    def _drop(self, position: K) -> None:
        dropped = self._under_way.get(position)
        if dropped is None:  # two threads may get here: the one that reads a listing, and one that closes the client
            return
        dropped.halt.set()
        if self._under_way.pop(position, None) is None:
            return
        if dropped.future is None or not dropped.future.cancel():
            self.discarded.append(position)


_with_threads: WeakSet[Prefetch[Any, Any]] = WeakSet()


@atexit.register
def _leave() -> None:
    """Stop what is read ahead for listings that nobody has read to their end, since the program ends."""
    until = time.monotonic() + _LEAVING
    for prefetch in list(_with_threads):
        prefetch.close(max(0.0, until - time.monotonic()))


def _result(future: Future[T]) -> T:
    """The result of a thread. Ctrl-C just before a wait is noticed only when the wait ends, so waits are short."""
    while True:
        try:
            return future.result(_NAP)
        except TimeoutError:
            if future.done():
                return future.result()


class AsyncPrefetch(Generic[K, T]):
    """Reads pages in tasks of its own; otherwise like `Prefetch`."""

    def __init__(self, read: Callable[[K], Coroutine[Any, Any, T]], most: int) -> None:
        self.discarded: list[K] = []
        self.eagerness = Eagerness(most)
        self._read = read
        self._places = asyncio.Semaphore(most)
        self._under_way: dict[K, asyncio.Task[T]] = {}
        self._asked: set[K] = set()
        self._dropped: set[asyncio.Task[T]] = set()
        self._closed = False

    async def begin(self, positions: Sequence[K]) -> None:
        """As `Prefetch.begin`, awaited."""
        fresh = [position for position in positions if position not in self._under_way]
        for position in [known for known in self._under_way if known not in positions]:
            self._drop(position)
        for position in fresh:
            self._under_way[position] = asyncio.create_task(self._read_in_turn(position))
        if fresh:
            await asyncio.sleep(0)  # lets them send their requests before the present page is read

    async def take(self, positions: Sequence[K]) -> T:
        """As `Prefetch.take`, awaited."""
        if len(positions) == 1 and not self._under_way:
            self.eagerness.begin()
            page = await self._read(positions[0])
            self.eagerness.end()
            return page
        await self.begin(positions)
        task = self._under_way[positions[0]]
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if not self._closed or current is None or current.cancelling():
                raise
            raise RuntimeError("this client is closed; connect again") from None
        finally:
            if not task.cancelled() and self._under_way.get(positions[0]) is task:
                del self._under_way[positions[0]]
                self._asked.discard(positions[0])

    async def close(self) -> None:
        """As `Prefetch.close`, awaited."""
        self._closed = True
        for position in list(self._under_way):
            self._drop(position)
        # Without a step of the event loop if nothing is running, as at the end of `asyncio.run`: that closes generators
        # within one another at the same time, and reports one that is being closed by another.
        await asyncio.gather(*(task for task in self._dropped if not task.done()), return_exceptions=True)

    def _drop(self, position: K) -> None:
        dropped = self._under_way.pop(position)
        dropped.cancel()
        self._dropped.add(dropped)
        dropped.add_done_callback(self._forget)
        if position in self._asked:
            self._asked.remove(position)
            self.discarded.append(position)

    def _forget(self, dropped: asyncio.Task[T]) -> None:
        self._dropped.discard(dropped)
        if not dropped.cancelled():
            dropped.exception()  # nobody wants it, and asyncio logs one that nobody asked for

    async def _read_in_turn(self, position: K) -> T:
        async with self._places:
            self._asked.add(position)
            return await self._read(position)
