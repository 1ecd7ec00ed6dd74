"""Carries conversations out, once without ``await`` and once with it. Nothing else differs between the two.

Only the blocking driver can be halted from outside; a task of an event loop is cancelled instead.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar, cast

import httpx

from unibatch.client.bodies import Body
from unibatch.client.conversation import Barred, Conversation, Pause, TooLarge
from unibatch.client.exchange import is_loopback
from unibatch.client.halt import Halt
from unibatch.client.lanes import KEPT, AsyncLanes, Lane, Lanes
from unibatch.core.errors import ConfigError
from unibatch.core.flow import Response

T = TypeVar("T")

_MOST_CONNECTIONS = 16


class Driver:
    """Carries conversations out, blocking. Threads may share it."""

    def __init__(
        self, base_url: str, transport: httpx.BaseTransport | None = None, *, connections: int = _MOST_CONNECTIONS
    ) -> None:
        """Carry out up to so many requests at a time, each on a connection of its own, or all with ``transport``."""
        options = {} if transport is not None else _transport_options(base_url)
        self._given = transport
        self._halts: set[Halt] = set()
        self._lanes = Lanes(
            lambda: httpx.HTTPTransport(**options) if transport is None else _Borrowed(transport),
            connections,
        )

    def run(self, conversation: Conversation[T], halt: Halt | None = None) -> T:
        """Carry out one conversation, which is closed at the end, however that comes about.

        Raises:
            Halted: Another thread set ``halt``, or closed the driver.
            RuntimeError: The driver is closed.
        """
        if halt is not None:
            self._halts.add(halt)
        try:
            self._lanes.check_open()
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    _sleep(step.seconds, halt)
                    step = conversation.send(None)
                    continue
                try:
                    answer = self._ask(step, halt)
                except (httpx.TransportError, TooLarge, Barred) as exc:
                    step = conversation.throw(exc)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            value: T = done.value
            return value
        finally:
            conversation.close()
            if halt is not None:
                self._halts.discard(halt)

    def _ask(self, request: httpx.Request, halt: Halt | None) -> Response:
        lane = self._lanes.take(_longest_wait(request), halt)
        fit = _is_barred(request)
        try:
            if fit:
                raise Barred
            if halt is None:
                response = self._carry(lane, request)
            else:
                request.extensions = {**request.extensions, "trace": lane.trace(halt)}
                with halt.interrupting(lane.interrupt):
                    response = self._carry(lane, request)
            fit = True
            return response
        finally:
            if fit:
                self._lanes.give(lane)
            else:
                self._lanes.discard(lane)

    def _carry(self, lane: Lane[httpx.BaseTransport], request: httpx.Request) -> Response:
        answer = lane.transport.handle_request(request)
        try:
            lane.stream = answer.extensions.get("network_stream")
            body = Body(answer, request)
            for chunk in cast("Iterable[bytes]", answer.stream):
                body.add(chunk)
        finally:
            answer.close()
        return Response(status=answer.status_code, content=body.content(), headers=answer.headers)

    def close(self) -> None:
        """Close all connections: those in use when their requests end, the others now. What can be halted is halted."""
        given, self._given = self._given, None
        try:
            self._lanes.close()
            for halt in list(self._halts):
                halt.set()
        finally:
            if given is not None:
                given.close()


class AsyncDriver:
    """Carries conversations out in an event loop."""

    def __init__(
        self, base_url: str, transport: httpx.AsyncBaseTransport | None = None, *, connections: int = _MOST_CONNECTIONS
    ) -> None:
        """Carry out up to so many requests at a time, each on a connection of its own, or all with ``transport``."""
        options = {} if transport is not None else _transport_options(base_url)
        self._given = transport
        self._lanes = AsyncLanes(
            lambda: httpx.AsyncHTTPTransport(**options) if transport is None else _AsyncBorrowed(transport),
            connections,
        )

    async def run(self, conversation: Conversation[T]) -> T:
        """Carry out one conversation, which is closed at the end, however that comes about.

        Raises:
            RuntimeError: The driver is closed.
        """
        try:
            self._lanes.check_open()
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    answer = await self._ask(step)
                except (httpx.TransportError, TooLarge, Barred) as exc:
                    step = conversation.throw(exc)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            value: T = done.value
            return value
        finally:
            conversation.close()

    async def _ask(self, request: httpx.Request) -> Response:
        lane = await self._lanes.take(_longest_wait(request))
        if request.url.scheme == "https":
            request.extensions = {**request.extensions, "trace": lane.note}
        fit = _is_barred(request)
        try:
            if fit:
                raise Barred
            response = await self._carry(lane, request)
            fit = True
            return response
        finally:
            if fit:
                await self._lanes.give(lane)
            else:
                await self._lanes.discard(lane)

    async def _carry(self, lane: Lane[httpx.AsyncBaseTransport], request: httpx.Request) -> Response:
        answer = await lane.transport.handle_async_request(request)
        try:
            body = Body(answer, request)
            async with _closing(aiter(cast("AsyncIterable[bytes]", answer.stream))) as chunks:
                async for chunk in chunks:
                    body.add(chunk)
        finally:
            await answer.aclose()
        return Response(status=answer.status_code, content=body.content(), headers=answer.headers)

    async def close(self) -> None:
        """Close all connections: those in use when their requests end, the others now."""
        given, self._given = self._given, None
        try:
            await self._lanes.close()
        finally:
            if given is not None:
                await given.aclose()


def _closing(chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """Close a generator that is not read to its end now, and not whenever it is collected."""
    return aclosing(chunks) if isinstance(chunks, AsyncGenerator) else nullcontext(chunks)


class _Borrowed(httpx.BaseTransport):
    """A transport that all lanes share, and that none of them closes."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)


class _AsyncBorrowed(httpx.AsyncBaseTransport):
    """A transport that all lanes share, and that none of them closes."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)


def _sleep(seconds: float, halt: Halt | None) -> None:
    if halt is None:
        time.sleep(seconds)
    else:
        halt.sleep(seconds)


def _is_barred(request: httpx.Request) -> bool:
    """Whether it became wrong to send the request while it waited for a lane."""
    barred = request.extensions.get("barred")
    return barred is not None and barred() > 0


def _longest_wait(request: httpx.Request) -> float | None:
    """For how many seconds to wait for a free connection; ``None`` is for ever."""
    seconds: float | None = request.extensions.get("timeout", {}).get("pool")
    return seconds


def _transport_options(base_url: str) -> dict[str, Any]:
    """What the transports of all lanes need, of both kinds.

    Transports are used without httpx's client around them: a client would keep the vendor's cookies, could replace the
    key by an entry of ``~/.netrc``, and takes longer for a page of 100 contacts than translating it does.
    """
    url = httpx.URL(base_url)
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT)
    return {
        "limits": limits,
        "proxy": _proxy(url),
        "verify": _trusted() if url.scheme == "https" else _nobody_trusted(),
    }


@cache
def _trusted() -> ssl.SSLContext:
    """Who is trusted with TLS; loading the certificates takes so long that all clients share one context."""
    return httpx.create_ssl_context()


def _nobody_trusted() -> ssl.SSLContext:
    """For plain HTTP on loopback, which needs no TLS: no certificates to load, and none that would be accepted."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that the environment (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``) names for this URL."""
    if is_loopback(url.host) or urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if not proxy:
        return None
    if proxy.startswith("socks") and find_spec("socksio") is None:
        raise ConfigError(
            "the environment names a SOCKS proxy, which needs another package: pip install 'httpx[socks]'"
        )
    try:
        return httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
    except (ValueError, httpx.InvalidURL) as exc:
        raise ConfigError(f"the environment names a proxy for {url.scheme} that cannot be used: {exc}") from exc
