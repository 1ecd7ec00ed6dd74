"""The connections of a client: each is a transport of its own, lent to one request at a time.

Why not httpx's pool: with 16 requests in flight an asynchronous one takes six times the CPU (``benchmarks/pools.py``),
since it looks through all its connections several times a request. And no pool says which connection a request is on
before the answer begins, so a thread that waits for a silent server could not be stopped.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack, ExitStack, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from weakref import WeakSet

import attrs

from unibatch.client.halt import Halt
from unibatch.client.transport import KEPT, httpx
from unibatch.core.late import Late

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = Late("asyncio")  # the blocking client does without

T = TypeVar("T")

_CONNECTED = ("connect_tcp.complete", "start_tls.complete")
_SENDS = "send_request_headers.started"
_ASKS_SOCKS = "setup_socks5_connection.started"


@attrs.define(eq=False)
class Connection(Generic[T]):
    """A transport with at most one connection.

    Attributes:
        transport: Carries requests out.
        stream: The network stream (of httpcore) that was opened last, which may be closed by now.
        used: When the latest request on it ended (`time.monotonic`).
        asks_proxy: A proxy is being asked for a way to the vendor, which has not been sent anything of the request.
    """

    transport: T
    stream: Any = None
    used: float = 0.0
    asks_proxy: bool = False

    def trace(self, halt: Halt | None) -> Callable[[str, Mapping[str, Any]], None]:
        """The extension ``trace`` of a request that ``halt`` may interrupt on a new connection."""
        self.asks_proxy = False

        def trace(event: str, info: Mapping[str, Any]) -> None:
            self._note(event, info)
            if halt is not None and event.endswith(_CONNECTED) and halt.is_set():
                self.interrupt()

        return trace

    def async_trace(self) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
        """The extension ``trace`` for asyncio over TLS: httpcore does not close what is cancelled in the handshake."""
        self.asks_proxy = False

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            self._note(event, info)

        return trace

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith(_CONNECTED):
            self.stream = info["return_value"]
        elif event.endswith(_SENDS):
            self.asks_proxy = info["request"].method == b"CONNECT"
        elif event.endswith(_ASKS_SOCKS):
            self.asks_proxy = True

    def blamed(self, failure: httpx.TransportError) -> httpx.TransportError:
        """The failure of a request; one of a proxy that has not let it through is a failure to connect."""
        if not self.asks_proxy or isinstance(failure, (httpx.ProxyError, httpx.ConnectError, httpx.ConnectTimeout)):
            return failure
        kind = httpx.ConnectTimeout if isinstance(failure, httpx.TimeoutException) else httpx.ProxyError
        return kind(str(failure))

    def interrupt(self) -> None:
        """Wake the thread that waits for the connection; its request fails."""
        connection = None if self.stream is None else self.stream.get_extra_info("socket")
        if isinstance(connection, socket.socket):
            with suppress(OSError):  # it is closed already
                # Not the method of a TLS socket, which would take away the state that the other thread is using.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


_Place: TypeAlias = "Future[Connection[T]]"


class _Connections(Generic[T]):
    """Which connections are free, and which requests wait for one. Blocks no thread and closes nothing."""

    def __init__(self, transport: Callable[[], T], most: int, *, shared: bool = False) -> None:
        """Have at most this many connections, and make the transport of each when it is needed.

        If it is ``shared``, ``transport`` returns the same one each time, which is not closed here.
        """
        self._transport = transport
        self._most = most
        self._shared = shared
        # Counted by what is alive: Ctrl-C may come before a connection that is lent is noted by anyone.
        self._made = WeakSet[Connection[T]]()
        self._free: deque[Connection[T]] = deque()  # the one that was used last is at the right
        self._queue: deque[_Place[T]] = deque()  # while a request waits in it, no connection is free
        self._closed = False
        self._lock = threading.Lock()

    def require_open(self) -> None:
        """Raise ``RuntimeError`` if `refuse` or `close` was called."""
        if self._closed:
            raise _closed()

    def _take(self) -> Connection[T] | _Place[T]:
        """A connection, or a place in the queue if all are in use."""
        with self._lock:
            self.require_open()
            if self._free:
                return self._free.pop()
            if len(self._made) < self._most:
                return self._new()
            place: _Place[T] = Future()
            self._queue.append(place)
            return place

    def _given_up(self, place: _Place[T]) -> Connection[T] | None:
        """Leave the queue, and return the connection that has just been lent, if there is one."""
        return None if place.cancel() or place.exception() else place.result()

    def _busy(self, seconds: float | None) -> httpx.PoolTimeout:
        return httpx.PoolTimeout(f"all {self._most} connections were busy for {seconds} s")

    def _new(self) -> Connection[T]:
        connection = Connection(self._transport())
        self._made.add(connection)
        return connection

    def _hand_on(self, connection: Connection[T] | None) -> bool:
        """Give a connection, or a new one for ``None``, to the request that waits longest, if one does."""
        while self._queue:
            connection = connection or self._new()
            place = self._queue.popleft()
            if place.set_running_or_notify_cancel():
                place.set_result(connection)
                return True
        return False

    def _give(self, connection: Connection[T]) -> Connection[T] | None:
        """Take a connection back; returns one that is to be closed, if any."""
        with self._lock:
            if self._hand_on(connection):
                return None
            if self._closed:
                return connection
            connection.used = time.monotonic()
            self._free.append(connection)
            if self._free[0].used > connection.used - KEPT:
                return None
            spare = self._free.popleft()
            self._made.discard(spare)
            return spare

    def _drop(self, connection: Connection[T]) -> None:
        """Note that a connection was closed, so that there can be another."""
        with self._lock:
            self._made.discard(connection)
            self._hand_on(None)

    def refuse(self) -> None:
        """Lend nothing any more."""
        with self._lock:
            self._closed = True
            while self._queue:
                place = self._queue.popleft()
                if place.set_running_or_notify_cancel():
                    place.set_exception(_closed())

    def _close(self) -> list[Connection[T]]:
        """Lend nothing any more, and return what is to be closed; the others are closed when they are given back."""
        self.refuse()
        with self._lock:
            free = list(self._free)
            self._free.clear()
        return free


def refused_transport() -> Any:
    """In place of a transport that was given, in a process that was forked after that.

    Raises:
        RuntimeError: Always.
    """
    raise RuntimeError(
        "this client was given a transport, whose connections belong to the process from which this one was forked; "
        "make another client"
    )


def _closed() -> RuntimeError:
    return RuntimeError("this client is closed; connect again")


class Connections(_Connections[httpx.BaseTransport]):
    """Connections that threads share."""

    def take(self, seconds: float | None, halt: Halt | None) -> Connection[httpx.BaseTransport]:
        """Borrow a connection, after at most this many seconds; ``None`` is without end.

        Raises:
            PoolTimeout: All are in use.
            Halted: ``halt`` was set while it waited.
            RuntimeError: `close` was called.
        """
        place = self._take()
        if isinstance(place, Connection):
            return place
        try:
            with nullcontext() if halt is None else halt.interrupting(place.cancel):
                return place.result(seconds)
        except BaseException as exc:
            if (connection := self._given_up(place)) is not None:
                self.give(connection)
            if isinstance(exc, TimeoutError):
                raise self._busy(seconds) from None
            raise

    def give(self, connection: Connection[httpx.BaseTransport]) -> None:
        """Give a connection back that can carry another request."""
        if (spare := self._give(connection)) is not None:
            with suppress(Exception):  # the request went well
                self._end(spare)

    def discard(self, connection: Connection[httpx.BaseTransport]) -> None:
        """Give a connection back whose request failed: its transport may wait without end for what it lost."""
        try:
            with suppress(Exception):  # the error of the request is being raised
                self._end(connection)
        finally:
            self._drop(connection)

    def renewed(self, *, refused: bool) -> Connections:
        """New connections for a forked process, which lend nothing if ``refused``, or if these lend nothing.

        Those that are open belong to the parent. Closing them here tells the server nothing.
        """
        fresh = Connections(refused_transport if refused else self._transport, self._most, shared=self._shared)
        fresh._closed = self._closed
        for connection in self._free:
            with suppress(Exception):
                self._end(connection)
        return fresh

    def close(self) -> None:
        """Close all connections that are free now, and every other when it is given back."""
        with ExitStack() as stack:
            for connection in self._close():
                stack.callback(self._end, connection)

    def _end(self, connection: Connection[httpx.BaseTransport]) -> None:
        if not self._shared:
            connection.transport.close()


class AsyncConnections(_Connections[httpx.AsyncBaseTransport]):
    """Connections that the tasks of an event loop share."""

    async def take(self, seconds: float | None) -> Connection[httpx.AsyncBaseTransport]:
        """As `Connections.take`, awaited."""
        place = self._take()
        if isinstance(place, Connection):
            return place
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.wrap_future(place)
        except BaseException as exc:
            if (connection := self._given_up(place)) is not None:
                await self.give(connection)
            if isinstance(exc, TimeoutError):
                raise self._busy(seconds) from None
            raise

    async def give(self, connection: Connection[httpx.AsyncBaseTransport]) -> None:
        """As `Connections.give`, awaited."""
        if (spare := self._give(connection)) is not None:
            with suppress(Exception):  # the request went well
                await self._end(spare)

    async def discard(self, connection: Connection[httpx.AsyncBaseTransport]) -> None:
        """As `Connections.discard`, awaited."""
        try:
            with suppress(Exception):  # the error of the request is being raised
                async with AsyncExitStack() as stack:
                    stack.push_async_callback(self._end, connection)
                    if connection.stream is not None:
                        stack.push_async_callback(connection.stream.aclose)
        finally:
            self._drop(connection)

    async def close(self) -> None:
        """As `Connections.close`, awaited."""
        async with AsyncExitStack() as stack:
            for connection in self._close():
                stack.push_async_callback(self._end, connection)

    async def _end(self, connection: Connection[httpx.AsyncBaseTransport]) -> None:
        if not self._shared:
            await connection.transport.aclose()
