"""Transports of httpx that have one connection and no pool, since each carries one request at a time.

httpx's own way takes twice the CPU for a request (``benchmarks/pools.py``): a pool looks for the one connection that it
may have, httpcore takes locks that nobody else takes, and h11 reads in Python what `unibatch.client.http11` has read by
llhttp. What connects, and reads and writes with time limits, is httpcore's.

Tools such as vcrpy, respx and OpenTelemetry replace the method of httpx's transports, or of httpcore's pools or
connections, that sends a request. While one is replaced, each request goes that way: a test that makes a vendor up must
not call real people. So do requests through a proxy. The pool is only asked whether anything was left behind an answer.
"""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sized
from contextlib import nullcontext
from types import FunctionType
from typing import Any, cast

from unibatch.client.bodies import Deadline
from unibatch.client.http11 import Answer, to_send
from unibatch.client.transport import KEPT, PORTS, httpcore, httpx

_PIECE = 256 * 1024
"""How many bytes are read at once, at most: a page comes in one piece where it can. TLS has smaller ones."""


def _own(cls: type, name: str) -> object:
    """The method of this name of a class; ``None`` if a tool has replaced it by now."""
    method = getattr(cls, name)
    if type(method) is not FunctionType:  # what wrapt makes passes for what it wraps, with isinstance and attributes
        return None
    around = getattr(cls.__init__, "__code__", None)  # type: ignore[misc]  # for this class alone
    return method if around is not None and method.__code__.co_filename == around.co_filename else None


_SEND = _own(httpx.HTTPTransport, "handle_request")
_SEND_FROM_POOL = _own(httpcore.ConnectionPool, "handle_request")
_SEND_ON_CONNECTION = _own(httpcore.HTTPConnection, "handle_request")
_ASYNC_SEND = _own(httpx.AsyncHTTPTransport, "handle_async_request")
_ASYNC_SEND_FROM_POOL = _own(httpcore.AsyncConnectionPool, "handle_async_request")
_ASYNC_SEND_ON_CONNECTION = _own(httpcore.AsyncHTTPConnection, "handle_async_request")

_SENT = "http11.receive_response_headers.started"
"""What httpcore calls the moment at which a request has left, for the extension ``trace``."""

_OF_HTTPCORE = (httpcore.TimeoutException, httpcore.NetworkError)


def _as_httpx(failure: BaseException) -> httpx.TransportError | None:
    """A failure of httpcore's streams as httpx raises it; ``None`` for another."""
    if not isinstance(failure, _OF_HTTPCORE):
        return None
    kind: type[httpx.TransportError] = getattr(httpx, type(failure).__name__)  # each has one of the same name
    return kind(str(failure))


class OneConnectionTransport(httpx.HTTPTransport):
    """A transport for the requests to one server, of which each is over before the next one begins."""

    def __init__(self, *, verify: ssl.SSLContext, proxy: httpx.Proxy | None, **options: Any) -> None:
        """Take the arguments of ``httpx.HTTPTransport``."""
        super().__init__(verify=verify, proxy=proxy, **options)
        self._connection = None if proxy is not None else _OneConnection(verify)
        if hasattr(self, "_pool"):
            self._pool: Any = _CheckedPool(self._pool)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the answer when its headers are there."""
        if (
            self._connection is None
            or httpx.HTTPTransport.handle_request is not _SEND  # not by ==: what wrapt makes equals what it wraps
            or httpcore.ConnectionPool.handle_request is not _SEND_FROM_POOL
            or httpcore.HTTPConnection.handle_request is not _SEND_ON_CONNECTION
        ):
            return super().handle_request(request)
        return self._connection.send(request)

    def close(self) -> None:
        """Close the connection."""
        try:
            if self._connection is not None:
                self._connection.disconnect()
        finally:
            super().close()


class AsyncOneConnectionTransport(httpx.AsyncHTTPTransport):
    """As `OneConnectionTransport`, awaited."""

    def __init__(self, *, verify: ssl.SSLContext, proxy: httpx.Proxy | None, **options: Any) -> None:
        """Take the arguments of ``httpx.AsyncHTTPTransport``."""
        super().__init__(verify=verify, proxy=proxy, **options)
        self._connection = None if proxy is not None else _AsyncOneConnection(verify)
        if hasattr(self, "_pool"):
            self._pool: Any = _AsyncCheckedPool(self._pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As `OneConnectionTransport.handle_request`, awaited."""
        if (
            self._connection is None
            or httpx.AsyncHTTPTransport.handle_async_request is not _ASYNC_SEND
            or httpcore.AsyncConnectionPool.handle_async_request is not _ASYNC_SEND_FROM_POOL
            or httpcore.AsyncHTTPConnection.handle_async_request is not _ASYNC_SEND_ON_CONNECTION
        ):
            return await super().handle_async_request(request)
        return await self._connection.send(request)

    async def aclose(self) -> None:
        """Close the connection."""
        try:
            if self._connection is not None:
                await self._connection.disconnect()
        finally:
            await super().aclose()


def _look_for_bytes(connection: Any) -> Callable[[], object]:
    """What looks whether a socket has something to read, its end included, or is closed."""
    if not hasattr(select, "poll"):  # Windows
        return lambda: connection.fileno() < 0 or select.select([connection], [], [], 0)[0]
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return lambda: connection.fileno() < 0 or poll.poll(0)


def _has_read_all(tls: ssl.SSLObject) -> bool:
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return True
    except ssl.SSLError:
        return False
    return False


class _Gathered:
    """What asyncio has taken from the socket for anyio, and nobody has read: it must answer no other request."""

    def __init__(self, stream: Any) -> None:
        """Look what lies between a stream and its socket; neither httpcore nor anyio states it."""
        self._tls: list[ssl.SSLObject] = []
        try:
            layer = stream._stream  # noqa: SLF001 - httpcore does not state it
            while not hasattr(layer, "_protocol"):
                self._tls.append(layer._ssl_object)  # noqa: SLF001 - anyio gathers all that it knows to state it
                layer = layer.transport_stream
            self._queue: Sized = layer._protocol.read_queue  # noqa: SLF001 - of this, TLS is handed 64 KB at once
        except AttributeError:  # another version: a stream that may have something left is not used again
            self._queue = (stream,)

    def is_nothing(self) -> bool:
        return not self._queue and all(map(_has_read_all, self._tls))


class _Base:
    """What both ways have in common: the stream, if it is open, and whether another request may use it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.stream: Any = None
        self._has_bytes: Callable[[], object]
        self._context = context
        self._idle_since: float | None = None
        self._is_broken = False  # a request could not be sent completely

    def _is_usable(self) -> bool:
        """Whether another request may go over the stream, on which the server has not said anything since."""
        since, self._idle_since = self._idle_since, None
        return since is not None and time.monotonic() < since + KEPT and self._is_silent()

    def _note_socket(self) -> None:
        """Keep what is asked before each request: anyio finds all that it knows of a stream to state a part of it."""
        self._has_bytes = _look_for_bytes(self.stream.get_extra_info("socket"))

    def _is_silent(self) -> bool:
        return not self._has_bytes()

    def _response(self, answer: Answer, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> httpx.Response:
        extensions = {"http_version": b"HTTP/1.1", "reason_phrase": b"", "network_stream": self.stream}
        return httpx.Response(answer.status, headers=answer.headers, stream=stream, extensions=extensions)

    def _is_kept_after(self, answer: Answer) -> bool:
        if self.stream is None or self._is_broken or answer.is_last or not answer.is_complete:
            return False
        self._idle_since = time.monotonic()
        return True

    def _forget(self) -> Any:
        """The stream, which is to be closed, if there is one."""
        stream, self.stream, self._idle_since, self._is_broken = self.stream, None, None, False
        return stream


class _OneConnection(_Base):
    """What a pool of one connection does: it connects anew if the connection was closed, or not used for long."""

    def send(self, request: httpx.Request) -> httpx.Response:
        content = b"".join(cast("Iterable[bytes]", request.stream))
        sent = to_send(request.method, request.url.raw_path, request.headers.raw, content)
        trace, timeout = request.extensions.get("trace"), request.extensions["timeout"]
        answer = Answer()
        try:
            if not self._is_usable():
                self._connect(request, trace)
            try:
                self.stream.write(sent, timeout["write"])
            except httpcore.WriteError:  # a server may answer, and close, before it has read all
                self._is_broken = True
            if trace is not None:
                trace(_SENT, {"request": request})
            deadline = Deadline(timeout["read"])
            while not answer.status:
                deadline.check()
                answer.take(self.stream.read(_PIECE, timeout["read"]))
        except BaseException as exc:
            self.disconnect()
            if (failure := _as_httpx(exc)) is not None:
                raise failure from exc
            raise
        return self._response(answer, _Content(self, answer, timeout["read"]))

    def _connect(self, request: httpx.Request, trace: Any) -> None:
        self.disconnect()
        url, seconds = request.url, request.extensions["timeout"]["connect"]
        host = url.raw_host.decode("ascii")
        self.stream = httpcore.SyncBackend().connect_tcp(host, url.port or PORTS[url.scheme], seconds)
        if trace is not None:
            trace("connection.connect_tcp.complete", {"return_value": self.stream})
        if url.scheme == "https":
            self._context.set_alpn_protocols(["http/1.1"])
            self.stream = self.stream.start_tls(self._context, host, seconds)
            if trace is not None:
                trace("connection.start_tls.complete", {"return_value": self.stream})
        self._note_socket()

    def end(self, answer: Answer) -> None:
        if not self._is_kept_after(answer):
            self.disconnect()

    def disconnect(self) -> None:
        if (stream := self._forget()) is not None:
            stream.close()


class _Content(httpx.SyncByteStream):
    """The body of an answer."""

    def __init__(self, connection: _OneConnection, answer: Answer, seconds: float | None) -> None:
        self._connection = connection
        self._answer = answer
        self._seconds = seconds

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        answer, deadline = self._answer, None
        while not answer.pieces:
            if answer.is_complete:
                raise StopIteration
            deadline = deadline or Deadline(self._seconds)
            deadline.check()
            try:
                answer.take(self._connection.stream.read(_PIECE, self._seconds))
            except _OF_HTTPCORE as exc:
                raise cast("httpx.TransportError", _as_httpx(exc)) from exc
        return answer.fetch()

    def close(self) -> None:
        self._connection.end(self._answer)


class _AsyncOneConnection(_Base):
    """As `_OneConnection`, awaited."""

    _gathered: _Gathered

    def _note_socket(self) -> None:
        super()._note_socket()
        self._gathered = _Gathered(self.stream)

    def _is_silent(self) -> bool:
        return super()._is_silent() and self._gathered.is_nothing()

    async def send(self, request: httpx.Request) -> httpx.Response:
        content = b"".join([piece async for piece in cast("AsyncIterable[bytes]", request.stream)])
        sent = to_send(request.method, request.url.raw_path, request.headers.raw, content)
        trace, timeout = request.extensions.get("trace"), request.extensions["timeout"]
        answer = Answer()
        try:
            if not self._is_usable():
                await self._connect(request, trace)
            try:
                await self.stream.write(sent, timeout["write"])
            except httpcore.WriteError:
                self._is_broken = True
            deadline = Deadline(timeout["read"])
            while not answer.status:
                deadline.check()
                answer.take(await self.stream.read(_PIECE, timeout["read"]))
        except BaseException as exc:
            await self.disconnect()
            if (failure := _as_httpx(exc)) is not None:
                raise failure from exc
            raise
        return self._response(answer, _AsyncContent(self, answer, timeout["read"]))

    async def _connect(self, request: httpx.Request, trace: Any) -> None:
        await self.disconnect()
        url, seconds = request.url, request.extensions["timeout"]["connect"]
        host = url.raw_host.decode("ascii")
        backend = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())  # pyright finds two of this name
        self.stream = await backend.connect_tcp(host, url.port or PORTS[url.scheme], seconds)
        if trace is not None:
            await trace("connection.connect_tcp.complete", {"return_value": self.stream})
        if url.scheme == "https":
            self._context.set_alpn_protocols(["http/1.1"])
            self.stream = await self.stream.start_tls(self._context, host, seconds)
            if trace is not None:
                await trace("connection.start_tls.complete", {"return_value": self.stream})
        self._note_socket()

    async def end(self, answer: Answer) -> None:
        if not self._is_kept_after(answer):
            await self.disconnect()

    async def disconnect(self) -> None:
        if (stream := self._forget()) is not None:
            await stream.aclose()


class _AsyncContent(httpx.AsyncByteStream):
    """As `_Content`, awaited."""

    def __init__(self, connection: _AsyncOneConnection, answer: Answer, seconds: float | None) -> None:
        self._connection = connection
        self._answer = answer
        self._seconds = seconds

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        answer, deadline = self._answer, None
        while not answer.pieces:
            if answer.is_complete:
                raise StopAsyncIteration
            deadline = deadline or Deadline(self._seconds)
            deadline.check()
            try:
                answer.take(await self._connection.stream.read(_PIECE, self._seconds))
            except _OF_HTTPCORE as exc:
                raise cast("httpx.TransportError", _as_httpx(exc)) from exc
        return answer.fetch()

    async def aclose(self) -> None:
        await self._connection.end(self._answer)


class _CheckedPool:
    """A pool of httpcore with one connection, which is given up if anything came behind an answer.

    The pool itself would read that as the answer to the next request.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        # One thread uses it at a time, and one that is interrupted as it takes this lock would then wait for itself.
        pool._optional_thread_lock = nullcontext()  # noqa: SLF001 - httpcore offers no way to leave it out

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        if not all(map(self._has_read_all, self._pool.connections)):
            self._pool.close()
        response: httpcore.Response = self._pool.handle_request(request)
        return response

    def close(self) -> None:
        self._pool.close()

    def _has_read_all(self, connection: Any) -> bool:
        found = _within(connection)
        if found is None:
            return False
        tls = found.get_extra_info("ssl_object")
        return not isinstance(tls, ssl.SSLObject) or _has_read_all(tls)  # one is there behind a proxy with TLS


class _AsyncCheckedPool:
    """As `_CheckedPool`, awaited."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        if not all(map(self._has_read_all, self._pool.connections)):
            await self._pool.aclose()
        return await self._pool.handle_async_request(request)

    async def aclose(self) -> None:
        await self._pool.aclose()

    def _has_read_all(self, connection: Any) -> bool:
        found = _within(connection)
        return found is not None and _Gathered(found).is_nothing()


def _within(connection: Any) -> Any:
    """The stream of a connection of httpcore of which h11 has nothing left; otherwise ``None``."""
    try:
        through = connection._connection  # noqa: SLF001 - httpcore does not state what is left
        left = through._h11_state.trailing_data[0]  # noqa: SLF001 - as above
        stream = through._network_stream  # noqa: SLF001 - nor where more would come from
    except AttributeError:  # it is not open, or this is another version
        return None
    return None if left else stream
