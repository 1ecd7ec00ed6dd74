"""The connections of a client: lanes, each with one connection, lent for one request at a time.

One transport for each connection, rather than one for all: the asynchronous pool of a transport looks through all its
connections several times a request, so every connection makes every request dearer.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, nullcontext, suppress
from functools import partial
from typing import Any, Generic, TypeVar

import attrs
import httpx

from unibatch.client.halt import Halt

T = TypeVar("T")

KEPT = 5.0
"""For how many seconds a connection is kept that nobody uses."""

_CONNECTED = ("connect_tcp.complete", "start_tls.complete")


@attrs.define(eq=False)
class Lane(Generic[T]):
    """A transport with at most one connection.

    Attributes:
        transport: What carries requests out.
        stream: The network stream (of httpcore) of the latest connection that is known of, which may be closed by now.
        used: When a request on it ended (`time.monotonic`).
    """

    transport: T
    stream: Any = None
    used: float = 0.0

    def trace(self, halt: Halt) -> Callable[[str, Mapping[str, Any]], None]:
        """What a request must have as its extension ``trace``, so that it can be interrupted on a new connection."""

        def trace(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith(_CONNECTED):
                self.stream = info["return_value"]
                if halt.is_set():
                    self.interrupt()

        return trace

    async def note(self, event: str, info: Mapping[str, Any]) -> None:
        """What a request of an event loop must have as its extension ``trace``, if TLS is used.

        Nobody closes a connection whose TLS handshake is cancelled: it belongs to nobody else yet.
        """
        if event.endswith(_CONNECTED):
            self.stream = info["return_value"]

    def interrupt(self) -> None:
        """Wake the thread that waits for the connection; its request fails."""
        stream = self.stream
        connection = None if stream is None else stream.get_extra_info("socket")
        if isinstance(connection, socket.socket):
            with suppress(OSError):  # it is closed already
                # That of a TLS socket would take away its state, which the other thread is using.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


@attrs.define(eq=False)
class _Place(Generic[T]):
    """A place in the queue; whoever fills it says so by calling ``wake``."""

    wake: Callable[[], object]
    lane: Lane[T] | None = None


class _Lanes(Generic[T]):
    """Who has which lane; waits for nothing itself."""

    def __init__(self, transport: Callable[[], T], most: int) -> None:
        """Have up to ``most`` lanes, and make their transports when they are needed."""
        self._closed = False
        self._transport = transport
        self._most = most
        self._unopened = most
        self._free: deque[Lane[T]] = deque()  # the one that was used last is at the right
        self._queue: deque[_Place[T]] = deque()  # while anybody stands in it, no lane is free
        self._lock = threading.Lock()

    def check_open(self) -> None:
        """Go on only if the lanes are open.

        Raises:
            RuntimeError: They are closed.
        """
        if self._closed:
            raise RuntimeError("this client is closed; connect again")

    def _try(self) -> Lane[T] | None:
        """A lane, unless all are busy."""
        with self._lock:
            return self._next()

    def _next(self) -> Lane[T] | None:
        self.check_open()
        if self._free:
            return self._free.pop()
        if not self._unopened:
            return None
        lane = Lane(self._transport())
        self._unopened -= 1
        return lane

    def _line_up(self, wake: Callable[[], object]) -> _Place[T]:
        """Take a place in the queue, which is filled already if a lane became free meanwhile."""
        place: _Place[T] = _Place(wake)
        with self._lock:
            place.lane = self._next()
            if place.lane is None:
                self._queue.append(place)
        return place

    def _leave(self, place: _Place[T]) -> Lane[T] | None:
        """Give a place up; what lies there belongs to whoever stood in it."""
        with self._lock, suppress(ValueError):
            self._queue.remove(place)
        return place.lane

    def _awaited(self, place: _Place[T], seconds: float | None) -> Lane[T]:
        """What the waiting came to."""
        lane = self._leave(place)
        if lane is not None:
            return lane
        self.check_open()
        raise httpx.PoolTimeout(f"all {self._most} connections were busy for {seconds} s")

    def _give(self, lane: Lane[T]) -> Lane[T] | None:
        """Take a lane back, and return one that is to be closed, if there is one."""
        lane.used = time.monotonic()
        with self._lock:
            if self._closed:
                return lane
            if self._queue:
                self._hand_over(lane)
                return None
            self._free.append(lane)
            if self._free[0].used > lane.used - KEPT:
                return None
            self._unopened += 1
            return self._free.popleft()

    def _replace(self) -> None:
        """Have another lane in the place of one that was not given back."""
        with self._lock:
            if self._queue and not self._closed:
                self._hand_over(Lane(self._transport()))
            else:
                self._unopened += 1

    def _hand_over(self, lane: Lane[T]) -> None:
        place = self._queue.popleft()
        place.lane = lane
        place.wake()

    def _close(self) -> list[Lane[T]]:
        """Lend nothing any more, and return what is to be closed; the others come when they are given back."""
        with self._lock:
            self._closed = True
            free = list(self._free)
            self._free.clear()
            while self._queue:
                self._queue.popleft().wake()
        return free


class Lanes(_Lanes[httpx.BaseTransport]):
    """Lanes that threads share."""

    def take(self, seconds: float | None, halt: Halt | None) -> Lane[httpx.BaseTransport]:
        """Take a lane, waiting at most so many seconds; ``None`` is for ever.

        Raises:
            PoolTimeout: No lane became free.
            Halted: Somebody asked for the end meanwhile.
            RuntimeError: The lanes are closed.
        """
        return self._try() or self._wait(seconds, halt)

    def _wait(self, seconds: float | None, halt: Halt | None) -> Lane[httpx.BaseTransport]:
        filled = threading.Event()
        place = self._line_up(filled.set)
        try:
            with nullcontext() if halt is None else halt.interrupting(filled.set):
                if place.lane is None:
                    filled.wait(seconds)
        except BaseException:
            if (lane := self._leave(place)) is not None:
                self.give(lane)
            raise
        return self._awaited(place, seconds)

    def give(self, lane: Lane[httpx.BaseTransport]) -> None:
        """Give a lane back that is fit for the next request."""
        if (spare := self._give(lane)) is not None:
            with suppress(Exception):  # the request went well
                spare.transport.close()

    def discard(self, lane: Lane[httpx.BaseTransport]) -> None:
        """Give a lane back whose request failed: its transport may wait for ever for a connection that it lost."""
        try:
            with suppress(Exception):  # what made the lane unfit is being raised
                lane.transport.close()
        finally:
            self._replace()

    def close(self) -> None:
        """Close all lanes that are free now, and every other when it is given back."""
        with ExitStack() as stack:
            for lane in self._close():
                stack.callback(lane.transport.close)


class AsyncLanes(_Lanes[httpx.AsyncBaseTransport]):
    """Lanes that the tasks of an event loop share."""

    async def take(self, seconds: float | None) -> Lane[httpx.AsyncBaseTransport]:
        """Take a lane, waiting at most so many seconds; ``None`` is for ever.

        Raises:
            PoolTimeout: No lane became free.
            RuntimeError: The lanes are closed.
        """
        return self._try() or await self._wait(seconds)

    async def _wait(self, seconds: float | None) -> Lane[httpx.AsyncBaseTransport]:
        loop = asyncio.get_running_loop()
        filled: asyncio.Future[None] = loop.create_future()
        wake = partial(_finish, filled)
        place = self._line_up(wake)
        timer = None if seconds is None else loop.call_later(seconds, wake)
        try:
            if place.lane is None:
                await filled
        except BaseException:
            if (lane := self._leave(place)) is not None:
                await self.give(lane)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        return self._awaited(place, seconds)

    async def give(self, lane: Lane[httpx.AsyncBaseTransport]) -> None:
        """Give a lane back that is fit for the next request."""
        if (spare := self._give(lane)) is not None:
            with suppress(Exception):  # the request went well
                await spare.transport.aclose()

    async def discard(self, lane: Lane[httpx.AsyncBaseTransport]) -> None:
        """Give a lane back whose request failed: its transport may wait for ever for a connection that it lost."""
        try:
            with suppress(Exception):  # what made the lane unfit is being raised
                async with AsyncExitStack() as stack:
                    stack.push_async_callback(lane.transport.aclose)
                    if lane.stream is not None:
                        stack.push_async_callback(lane.stream.aclose)
        finally:
            self._replace()

    async def close(self) -> None:
        """Close all lanes that are free now, and every other when it is given back."""
        async with AsyncExitStack() as stack:
            for lane in self._close():
                stack.push_async_callback(lane.transport.aclose)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
