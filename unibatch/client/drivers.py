"""Carries conversations out, once without ``await`` and once with it. Nothing else differs between the two.

Why httpx's transports without its client: the client would add a quarter to a half to the CPU time of each request
(``benchmarks/pools.py``) and nothing else. Requests arrive here complete, we follow redirects by a rule of our own, and
no cookies are kept.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakMethod

from unibatch.client.bodies import Body, TooLarge
from unibatch.client.connections import AsyncConnections, Connections, refused_transport
from unibatch.client.conversation import Barred, Conversation, Pause, ReadAhead
from unibatch.client.forks import renew_in_children
from unibatch.client.halt import Halt, Halted
from unibatch.client.one_connection import AsyncOneConnectionTransport, OneConnectionTransport
from unibatch.client.prefetch import AsyncPrefetch, Prefetch
from unibatch.client.transport import httpx, proxy_of, transport_options
from unibatch.core.errors import ConfigError, UnibatchError
from unibatch.core.flow import Response
from unibatch.core.late import Late
from unibatch.core.paging import Position

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = Late("asyncio")  # the blocking client does without

T = TypeVar("T")


class Driver:
    """Carries conversations out, blocking. Threads may share it."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None, *, connections: int) -> None:
        """Send at most ``connections`` requests at a time, each on a connection of its own or with ``transport``."""
        self._given = transport
        self._halts: set[Halt] = set()
        self._is_proxied = transport is None and proxy_of(base_url) is not None
        make = (
            partial(OneConnectionTransport, **transport_options(base_url)) if transport is None else lambda: transport
        )
        self._connections = Connections(make, connections, shared=transport is not None)
        renew_in_children(self)

    def renew(self) -> None:
        """Have no connections in a forked process: those that are open there are the parent's."""
        self._halts = set()
        self._connections = self._connections.renewed(refused=isinstance(self._given, httpx.HTTPTransport))

    def run(
        self,
        conversation: Conversation[T],
        halt: Halt | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> T:
        """Carry out one conversation. It is closed in any case.

        Args:
            conversation: The conversation.
            halt: What another thread can set to end it.
            meanwhile: Called after a request has left, before its answer is waited for, and not with a halt. It must
                not raise.

        Raises:
            Halted: Another thread set ``halt``.
            RuntimeError: The driver is closed, or another thread closed it meanwhile.
        """
        if halt is not None:
            self._halts.add(halt)
        ahead: _Ahead | None = None
        try:
            self._connections.require_open()
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    _sleep(step.seconds, halt)
                    step = conversation.send(None)
                    continue
                try:
                    if isinstance(step, ReadAhead):
                        ahead = ahead or _Ahead(self)
                        answer = ahead.take(step)
                    else:
                        answer = self._send(step, halt, meanwhile)
                except (httpx.TransportError, TooLarge, Barred, UnibatchError) as exc:
                    step = conversation.throw(exc)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            value: T = done.value
            return value
        except Halted:
            self._connections.require_open()
            raise
        finally:
            try:
                if ahead is not None:
                    ahead.close()
            finally:
                conversation.close()
                if halt is not None:
                    self._halts.discard(halt)

    def _send(self, request: httpx.Request, halt: Halt | None, meanwhile: Callable[[], None] | None) -> Response:
        connections = self._connections
        connection = connections.take(_longest_wait(request), halt)
        fit = _is_barred(request)
        try:
            if fit:
                raise Barred
            if halt is not None or self._is_proxied:
                request.extensions = {**request.extensions, "trace": connection.trace(halt)}
            elif meanwhile is not None:
                request.extensions = {**request.extensions, "trace": _when_sent(meanwhile)}
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
        except httpx.TransportError as exc:
            if (blamed := connection.blamed(exc)) is exc:
                raise
            raise blamed from exc
        finally:
            if fit:
                connections.give(connection)
            else:
                connections.discard(connection)

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
    """Carries conversations out in event loops. It needs no halts, since tasks can be cancelled.

    Each event loop has connections of its own, which are closed when it ends.
    """

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None, *, connections: int) -> None:
        """As `Driver`."""
        self._given = transport
        options = transport_options(base_url) if transport is None else {}
        make = partial(AsyncOneConnectionTransport, **options) if transport is None else lambda: transport
        self._fresh = partial(AsyncConnections, make, connections, shared=transport is not None)
        self._by_loop: dict[asyncio.AbstractEventLoop | None, tuple[AsyncConnections, AsyncGenerator[None]]] = {}
        self._is_closed = False
        self._stopping: list[tuple[asyncio.AbstractEventLoop, WeakMethod[Callable[[], Awaitable[None]]]]] = []
        renew_in_children(self)

    def renew(self) -> None:
        """Have no connections in a forked process: those that are open there are the parent's."""
        _inherited.append(self._by_loop)
        self._by_loop = {}
        if isinstance(self._given, httpx.AsyncHTTPTransport):
            self._fresh = partial(AsyncConnections, refused_transport, 1)

    async def _here(self) -> AsyncConnections:
        """The connections of the running event loop.

        Raises:
            ConfigError: There is none: it is not asyncio that runs.
            RuntimeError: The driver is closed, or was given a transport that belongs to another event loop.
        """
        loop = _loop()
        # Where another library runs as the guest of asyncio, there is a loop and no task.
        if loop is None or asyncio.current_task(loop) is None:
            raise ConfigError(
                "the asynchronous client needs a running asyncio event loop, and there is none; under trio, use the "
                "blocking client in a thread: trio.to_thread.run_sync(client.get_campaign, campaign_id)"
            )
        if (known := self._by_loop.get(loop)) is not None:
            return known[0]
        if self._is_closed:
            raise RuntimeError("this client is closed; connect again")
        if self._by_loop and isinstance(self._given, httpx.AsyncHTTPTransport):
            raise RuntimeError("the transport of this client belongs to another event loop; make another client")
        for ended in [each for each in self._by_loop if each is not None and each.is_closed()]:
            del self._by_loop[ended]
        connections = self._fresh()
        until_end = self._until_end(loop, connections)
        await anext(until_end)
        self._by_loop[loop] = connections, until_end
        return connections

    async def _until_end(self, loop: asyncio.AbstractEventLoop, connections: AsyncConnections) -> AsyncGenerator[None]:
        """Close the connections when this is closed: by `close`, or by the event loop itself when it ends."""
        try:
            yield
        finally:
            self._by_loop.pop(loop, None)
            await connections.close()

    def stop_when_closed(self, stop: Callable[[], Awaitable[None]]) -> None:
        """Await this method, while its object lives, before the connections of the running event loop are closed."""
        self._stopping = [(loop, known) for loop, known in self._stopping if known() is not None]
        self._stopping.append((asyncio.get_running_loop(), WeakMethod(stop)))

    async def run(self, conversation: Conversation[T]) -> T:
        """As `Driver.run`, awaited."""
        ahead: _AsyncAhead | None = None
        try:
            known = self._by_loop.get(_loop()) if self._by_loop else None
            connections = await self._here() if known is None else known[0]
            connections.require_open()
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = conversation.send(None)
                    continue
                try:
                    if isinstance(step, ReadAhead):
                        ahead = ahead or _AsyncAhead(self)
                        answer = await ahead.take(step)
                    else:
                        answer = await self._send(step, connections)
                except (httpx.TransportError, TooLarge, Barred, UnibatchError) as exc:
                    step = conversation.throw(exc)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            value: T = done.value
            return value
        finally:
            try:
                if ahead is not None:
                    await ahead.close()
            finally:
                conversation.close()

    async def _send(self, request: httpx.Request, connections: AsyncConnections) -> Response:
        connection = await connections.take(_longest_wait(request))
        fit = _is_barred(request)
        try:
            if fit:
                raise Barred
            if request.url.scheme == "https":
                request.extensions = {**request.extensions, "trace": connection.async_trace()}
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
        except httpx.TransportError as exc:
            if (blamed := connection.blamed(exc)) is exc:
                raise
            raise blamed from exc
        finally:
            if fit:
                await connections.give(connection)
            else:
                await connections.discard(connection)

    async def close(self) -> None:
        """As `Driver.close`, awaited. The connections of other event loops are closed when these end."""
        given, self._given = self._given, None
        self._is_closed = True
        here = _loop()
        try:
            for stop in [known() for loop, known in self._stopping if loop is here]:
                if stop is not None:
                    await stop()
            for loop, (connections, until_end) in list(self._by_loop.items()):
                if loop is here:
                    await until_end.aclose()
                else:
                    connections.refuse()
        finally:
            if given is not None:
                await given.aclose()


class _Ahead:
    """Reads ahead for one conversation, one listing at a time."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._step: ReadAhead | None = None
        self._prefetch: Prefetch[Position, Response] | None = None

    def take(self, step: ReadAhead) -> Response:
        """The first of the answers; others are begun."""
        if self._prefetch is None or self._step is None or self._step.of is not step.of:
            self.close()
            self._prefetch = Prefetch(self._read, step.most)
        self._step = step
        return self._prefetch.take(step.upcoming(self._prefetch.eagerness.pages))

    def _read(self, position: Position, halt: Halt | None) -> Response:
        assert self._step is not None  # noqa: S101  # `take` has set it
        return self._driver.run(self._step.ask(position), halt)

    def close(self) -> None:
        """Stop what is under way."""
        if self._prefetch is not None:
            self._prefetch.close()


class _AsyncAhead:
    """As `_Ahead`, awaited."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self._step: ReadAhead | None = None
        self._prefetch: AsyncPrefetch[Position, Response] | None = None

    async def take(self, step: ReadAhead) -> Response:
        """As `_Ahead.take`, awaited."""
        if self._prefetch is None or self._step is None or self._step.of is not step.of:
            await self.close()
            self._prefetch = AsyncPrefetch(self._read, step.most)
            self._driver.stop_when_closed(self._prefetch.close)
        self._step = step
        return await self._prefetch.take(step.upcoming(self._prefetch.eagerness.pages))

    async def _read(self, position: Position) -> Response:
        assert self._step is not None  # noqa: S101  # `take` has set it
        return await self._driver.run(self._step.ask(position))

    async def close(self) -> None:
        """As `_Ahead.close`, awaited."""
        if self._prefetch is not None:
            await self._prefetch.close()


_inherited: list[object] = []
"""What a forked process has from its parent's event loops; kept, since freeing it would touch them."""


def _loop() -> asyncio.AbstractEventLoop | None:
    """The running event loop of asyncio; ``None`` under another library."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _closing(chunks: AsyncIterator[bytes]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """Close a generator that is not read to its end now, not when it is garbage."""
    return aclosing(chunks) if isinstance(chunks, AsyncGenerator) else nullcontext(chunks)


def _when_sent(call: Callable[[], None]) -> Callable[[str, object], None]:
    """What httpcore calls at every step of a request, in the thread that sends it."""

    def trace(event: str, _about: object) -> None:
        if event.endswith("receive_response_headers.started"):
            call()

    return trace


def _sleep(seconds: float, halt: Halt | None) -> None:
    (time if halt is None else halt).sleep(seconds)


def _is_barred(request: httpx.Request) -> bool:
    """Whether the vendor asked for silence while the request waited for a connection."""
    barred = request.extensions.get("barred")
    return barred is not None and barred() > 0


def _longest_wait(request: httpx.Request) -> float | None:
    """For how many seconds to wait for a free connection; ``None`` is without end."""
    seconds: float | None = request.extensions.get("timeout", {}).get("pool")
    return seconds
