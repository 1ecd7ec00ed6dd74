"""Carries conversations out, once without ``await`` and once with it. Nothing else differs between the two.

Why httpx's transports without its client: the client would add a quarter to a half to the CPU time of each request
(``benchmarks/pools.py``) and nothing else. Requests arrive here complete, we follow redirects by a rule of our own, and
no cookies are kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from functools import partial
from typing import TypeVar, cast

from unibatch.client.bodies import Body, TooLarge
from unibatch.client.connections import AsyncConnections, Connections
from unibatch.client.exchange import Barred, Conversation, Pause
from unibatch.client.halt import Halt
from unibatch.client.transport import httpx, transport_options
from unibatch.core.flow import Response

T = TypeVar("T")


class Driver:
    """Carries conversations out, blocking. Threads may share it."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None, *, connections: int) -> None:
        """Send at most ``connections`` requests at a time, each on a connection of its own or with ``transport``."""
        self._given = transport
        self._halts: set[Halt] = set()
        make = partial(httpx.HTTPTransport, **transport_options(base_url)) if transport is None else lambda: transport
        self._connections = Connections(make, connections, shared=transport is not None)

    def run(self, conversation: Conversation[T], halt: Halt | None = None) -> T:
        """Carry out one conversation. It is closed in any case.

        Raises:
            Halted: Another thread set ``halt``, or closed the driver.
            RuntimeError: The driver is closed.
        """
        if halt is not None:
            self._halts.add(halt)
        try:
            self._connections.require_open()
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    _sleep(step.seconds, halt)
                    step = conversation.send(None)
                    continue
                try:
                    answer = self._send(step, halt)
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

    def _send(self, request: httpx.Request, halt: Halt | None) -> Response:
        connection = self._connections.take(_longest_wait(request), halt)
        fit = _is_barred(request)
        try:
            if fit:
                raise Barred
            if halt is not None:
                request.extensions = {**request.extensions, "trace": connection.trace(halt)}
            with nullcontext() if halt is None else halt.interrupting(connection.interrupt):
                answer = connection.transport.handle_request(request)
                try:
                    connection.stream = answer.extensions.get("network_stream")
                    body = Body(answer, request)
                    for chunk in cast("Iterable[bytes]", answer.stream):
                        body.add(chunk)
                finally:
                    answer.close()
            fit = True
            return Response(status=answer.status_code, content=body.content(), headers=answer.headers)
        finally:
            if fit:
                self._connections.give(connection)
            else:
                self._connections.discard(connection)

    def close(self) -> None:
        """Close the connections that are free now, and the others when their requests end. Sets every halt."""
        given, self._given = self._given, None
        try:
            self._connections.close()
            for halt in list(self._halts):
                halt.set()
        finally:
            if given is not None:
                given.close()


class AsyncDriver:
    """Carries conversations out in an event loop. It needs no halts, since tasks can be cancelled."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None, *, connections: int) -> None:
        """As `Driver`."""
        self._given = transport
        make = (
            partial(httpx.AsyncHTTPTransport, **transport_options(base_url)) if transport is None else lambda: transport
        )
        self._connections = AsyncConnections(make, connections, shared=transport is not None)

    async def run(self, conversation: Conversation[T]) -> T:
        """As `Driver.run`, awaited."""
        try:
            self._connections.require_open()
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    answer = await self._send(step)
                except (httpx.TransportError, TooLarge, Barred) as exc:
                    step = conversation.throw(exc)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            value: T = done.value
            return value
        finally:
            conversation.close()

    async def _send(self, request: httpx.Request) -> Response:
        connection = await self._connections.take(_longest_wait(request))
        fit = _is_barred(request)
        try:
            if fit:
                raise Barred
            if request.url.scheme == "https":
                request.extensions = {**request.extensions, "trace": connection.note}
            answer = await connection.transport.handle_async_request(request)
            try:
                body = Body(answer, request)
                async with _closing(aiter(cast("AsyncIterable[bytes]", answer.stream))) as chunks:
                    async for chunk in chunks:
                        body.add(chunk)
            finally:
                await answer.aclose()
            fit = True
            return Response(status=answer.status_code, content=body.content(), headers=answer.headers)
        finally:
            if fit:
                await self._connections.give(connection)
            else:
                await self._connections.discard(connection)

    async def close(self) -> None:
        """As `Driver.close`, awaited."""
        given, self._given = self._given, None
        try:
            await self._connections.close()
        finally:
            if given is not None:
                await given.aclose()


def _closing(chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """Close a generator that is not read to its end now, not when it is garbage."""
    return aclosing(chunks) if isinstance(chunks, AsyncGenerator) else nullcontext(chunks)


def _sleep(seconds: float, halt: Halt | None) -> None:
    (time if halt is None else halt).sleep(seconds)


def _is_barred(request: httpx.Request) -> bool:
    """Whether the vendor asked for silence while the request waited for a connection."""
    barred = request.extensions.get("barred")
    return barred is not None and barred() > 0


def _longest_wait(request: httpx.Request) -> float | None:
    """For how many seconds to wait for a free connection; ``None`` is for ever."""
    seconds: float | None = request.extensions.get("timeout", {}).get("pool")
    return seconds
