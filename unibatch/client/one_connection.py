"""Transports of httpx that have one connection and no pool, since each carries one request at a time.

With the pool, a blocking request takes 1.1 times the CPU (``benchmarks/pools.py``), only to find the one connection
that it may have. httpx offers no way to leave it out, so it is replaced in the attribute that holds it. Where a later
httpx has no such attribute, or a proxy is used, it stays.

The same is done with the locks of an asynchronous connection, which nobody else would take. Taking one leads through
the event loop, three times a request. With pool and locks, an awaited request takes 1.3 times the CPU.

Without TLS, which is to say on this machine, a page is read in one piece where it can be. httpcore reads pieces of 64
KB, and each takes 40 µs. A piece of TLS is smaller than that in any case.
"""

from __future__ import annotations

import ssl
from typing import Any, cast

from unibatch.client.transport import KEPT, httpcore, httpx


class OneConnectionTransport(httpx.HTTPTransport):
    """A transport for the requests to one server, of which each is over before the next one begins."""

    def __init__(self, *, verify: ssl.SSLContext, proxy: httpx.Proxy | None, **options: Any) -> None:
        """Take the arguments of ``httpx.HTTPTransport``."""
        super().__init__(verify=verify, proxy=proxy, **options)
        if proxy is None and hasattr(self, "_pool"):
            self._pool: Any = _OneConnection(verify)


class AsyncOneConnectionTransport(httpx.AsyncHTTPTransport):
    """As `OneConnectionTransport`, awaited."""

    def __init__(self, *, verify: ssl.SSLContext, proxy: httpx.Proxy | None, **options: Any) -> None:
        """Take the arguments of ``httpx.AsyncHTTPTransport``."""
        super().__init__(verify=verify, proxy=proxy, **options)
        if proxy is None and hasattr(self, "_pool"):
            self._pool: Any = _AsyncOneConnection(verify)


class _OneConnection:
    """What a pool of one connection does: it connects anew if the connection was closed, or not used for long."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._connection: httpcore.HTTPConnection | None = None

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        connection = self._connection
        if connection is None or not connection.is_idle() or connection.has_expired():
            self.close()
            connection = self._connection = httpcore.HTTPConnection(
                request.url.origin, ssl_context=self._context, keepalive_expiry=KEPT, network_backend=_Backend()
            )
        return connection.handle_request(request)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _AsyncOneConnection:
    """As `_OneConnection`, awaited."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._connection: httpcore.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        connection = self._connection
        if connection is None or not connection.is_idle() or connection.has_expired():
            await self.aclose()
            connection = self._connection = httpcore.AsyncHTTPConnection(
                request.url.origin, ssl_context=self._context, keepalive_expiry=KEPT, network_backend=_AsyncBackend()
            )
            _take_away(connection, "_request_lock")
            response = await connection.handle_async_request(request)
            _take_away(getattr(connection, "_connection", None), "_state_lock")
            return response
        return await connection.handle_async_request(request)

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()


class _Unlocked:
    """In place of a lock that only one task ever takes."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *failure: object) -> None: ...


def _take_away(connection: Any, lock: str) -> None:
    if hasattr(connection, lock):
        setattr(connection, lock, _Unlocked())


_PIECE = 256 * 1024
"""How many bytes are read at once without TLS, at most."""


class _Backend(httpcore.SyncBackend):
    """Connects as httpcore does."""

    def connect_tcp(self, *where: Any, **options: Any) -> httpcore.NetworkStream:
        return cast("httpcore.NetworkStream", _Stream(super().connect_tcp(*where, **options)))


class _Stream:
    """A stream of httpcore that reads larger pieces. With TLS, it is httpcore's own."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._read = stream.read
        self.write, self.close = stream.write, stream.close
        self.start_tls, self.get_extra_info = stream.start_tls, stream.get_extra_info

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._read(max(max_bytes, _PIECE), timeout)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """As `_Backend`, awaited."""

    def __init__(self) -> None:
        self._backend: Any = httpcore.AnyIOBackend()

    async def connect_tcp(self, *where: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return cast("httpcore.AsyncNetworkStream", _AsyncStream(await self._backend.connect_tcp(*where, **options)))


class _AsyncStream:
    """As `_Stream`, awaited."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._read = stream.read
        self.write, self.aclose = stream.write, stream.aclose
        self.start_tls, self.get_extra_info = stream.start_tls, stream.get_extra_info

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore calls it so
        return await self._read(max(max_bytes, _PIECE), timeout)
