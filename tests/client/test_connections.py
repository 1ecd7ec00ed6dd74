"""How connections are lent: which request gets one, which waits, and what happens if a request is broken off."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial, partialmethod
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
import wrapt

from tests.bothways import Style
from tests.client.rawserver import (
    PATIENT,
    SOON,
    Behaviour,
    RawServer,
    Talk,
    a_body_without_end,
    ask,
    blocking,
    driving,
    half_a_body,
    interrupted_at,
    no_headers,
    saying,
    serving,
    stops_when_halted,
    well,
    well_then_no_headers,
)
from unibatch.client import one_connection
from unibatch.client.connections import AsyncConnections, Connection, Connections
from unibatch.client.conversation import Conversation, Pause
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.halt import Halt, Halted
from unibatch.client.transport import KEPT, httpcore, httpx

URL = "http://localhost"

STAGES = [no_headers, half_a_body, a_body_without_end, well_then_no_headers]


class Gate:
    """A behaviour of a server that answers a request when it is told to, in the order in which they came."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._open = 0
        self._changed = threading.Condition()

    def __call__(self, _: RawServer, connection: socket.socket) -> None:
        while asked := connection.recv(4096):
            with self._changed:
                self.asked.append(asked.split()[1].decode())
                self._changed.notify_all()
                assert self._changed.wait_for(partial(self._is_open, len(self.asked)), PATIENT)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")

    def _is_open(self, number: int) -> bool:
        return self._open >= number

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= number, PATIENT)

    def open(self, number: int = 1) -> None:
        with self._changed:
            self._open += number
            self._changed.notify_all()


def connections_of(driver: Driver | AsyncDriver) -> Connections | AsyncConnections:
    """Those of the only event loop, of an `AsyncDriver`."""
    return driver._connections if isinstance(driver, Driver) else next(iter(driver._by_loop.values()))[0]


class Crowd:
    """Many that ask through one driver at the same time: threads, or tasks of an event loop in a thread."""

    def __init__(self, style: Style, url: str, connections: int) -> None:
        kind = Driver if style == "sync" else AsyncDriver
        self.driver = kind(url, connections=connections)
        self._threads = ThreadPoolExecutor(8)
        self._loop = asyncio.new_event_loop()
        self._looping = threading.Thread(target=self._loop.run_forever)
        self._looping.start()

    def begin(self, conversation: Conversation[str]) -> Future[str]:
        if isinstance(self.driver, Driver):
            return self._threads.submit(self.driver.run, conversation)
        return self._soon(self.driver.run(conversation))

    def close(self) -> None:
        """Close the driver."""
        if isinstance(self.driver, Driver):
            self.driver.close()
        else:
            self._soon(self.driver.close()).result(SOON)

    def stop(self) -> None:
        """End the threads."""
        self._threads.shutdown()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._looping.join()
        self._loop.close()

    def _soon(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait_for_queue(self, length: int) -> None:
        end = time.monotonic() + PATIENT
        while len(connections_of(self.driver)._queue) < length:
            assert time.monotonic() < end
            time.sleep(0.001)


@contextlib.contextmanager
def crowding(style: Style, url: str, connections: int) -> Iterator[Crowd]:
    crowd = Crowd(style, url, connections)
    try:
        yield crowd
    finally:
        crowd.close()
        crowd.stop()


class TestMany:
    def test_who_waited_longest_gets_the_next_free_connection(self, style: Style) -> None:
        gate = Gate()
        with serving(gate) as server, crowding(style, server.url, 2) as crowd:
            asking = []
            for number in range(6):
                asking.append(crowd.begin(ask(f"{server.url}/{number}")))
                if number < 2:
                    gate.wait_for(number + 1)
                else:
                    crowd.wait_for_queue(number - 1)
            for number in range(2, 6):
                assert gate.asked == [f"/{n}" for n in range(number)]
                gate.open()
                gate.wait_for(number + 1)
            gate.open(2)
            assert [future.result(SOON) for future in asking] == ["well"] * 6

    def test_who_waits_too_long_gets_an_error(self, style: Style) -> None:
        gate, talk = Gate(), Talk()
        with serving(gate) as server, crowding(style, server.url, 2) as crowd:
            asking = [crowd.begin(ask(server.url)) for _ in range(2)]
            gate.wait_for(2)
            assert crowd.begin(talk.ask(server.url, pool=0.02)).result(SOON) == "PoolTimeout"
            gate.open(2)
            assert [future.result(SOON) for future in asking] == ["well"] * 2
            assert len(connections_of(crowd.driver)._free) == 2
        assert str(talk.heard[0]) == "all 2 connections were busy for 0.02 s"

    def test_closing_waits_for_no_request_and_ends_those_that_wait(self, style: Style) -> None:
        gate = Gate()
        with serving(gate) as server, crowding(style, server.url, 2) as crowd:
            asking = [crowd.begin(ask(server.url)) for _ in range(2)]
            gate.wait_for(2)
            late = crowd.begin(ask(server.url))
            crowd.wait_for_queue(1)
            connections = connections_of(crowd.driver)
            crowd.close()
            with pytest.raises(RuntimeError, match="this client is closed"):
                late.result(SOON)
            gate.open(2)
            assert [future.result(SOON) for future in asking] == ["well"] * 2
            assert not connections._free

    def test_one_that_an_interrupt_lost_is_replaced(self) -> None:
        """As if Ctrl-C came between lending it and noting it."""
        connections = Connections(Mock, 1)
        connections.take(0, None)
        gc.collect()
        connections.give(connections.take(0, None))
        kept = connections.take(0, None)
        with pytest.raises(httpx.PoolTimeout):
            connections.take(0, None)
        connections.discard(kept)
        assert connections.take(0, None) is not kept

    def test_who_waits_can_be_halted(self) -> None:
        gate = Gate()
        with serving(gate) as server, crowding("sync", server.url, 1) as crowd, ThreadPoolExecutor() as threads:
            assert isinstance(crowd.driver, Driver)
            asking = crowd.begin(ask(server.url))
            gate.wait_for(1)
            halt = Halt()
            halted = threads.submit(crowd.driver.run, ask(server.url), halt)
            crowd.wait_for_queue(1)
            halt.set()
            with pytest.raises(Halted):
                halted.result(SOON)
            gate.open()
            assert asking.result(SOON) == "well"
            assert len(connections_of(crowd.driver)._free) == 1

    @pytest.mark.parametrize("before_it_is_lent", [True, False])
    def test_a_task_that_is_cancelled_while_it_waits_loses_no_connection(self, *, before_it_is_lent: bool) -> None:
        async def go(url: str) -> None:
            driver = AsyncDriver(url, connections=1)
            connections = await driver._here()
            connection = await connections.take(None)
            asking = [asyncio.create_task(driver.run(ask(url))) for _ in range(3)]
            await asyncio.sleep(0)
            if before_it_is_lent:
                asking[0].cancel()
                await connections.give(connection)
            else:
                await connections.give(connection)  # to the first task, which has not run since
                asking[0].cancel()
            assert await asyncio.gather(*asking[1:]) == ["well"] * 2
            assert asking[0].cancelled()
            assert len(connections._free) == 1
            await driver.close()

        with serving(well) as server:
            asyncio.run(go(server.url))


class TestConnections:
    def test_a_connection_that_was_not_used_for_a_while_is_closed(self, style: Style) -> None:
        gate = Gate()
        with serving(gate) as server, crowding(style, server.url, 2) as crowd:
            both = [crowd.begin(ask(server.url)) for _ in range(2)]
            gate.wait_for(2)
            gate.open(3)
            assert [future.result(SOON) for future in both] == ["well"] * 2
            idle, kept = connections_of(crowd.driver)._free
            idle.used -= KEPT
            assert crowd.begin(ask(server.url)).result(SOON) == "well"
            assert list(connections_of(crowd.driver)._free) == [kept]


def well_then_late(server: RawServer, connection: socket.socket) -> None:
    """Answer, and say a while later that nothing was asked for in time, as servers do before they close."""
    if server.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")
        server.over.wait(0.02)
        connection.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate")
        server.stage.set()
        server.over.wait()


class TestReuse:
    """A connection carries another request only if nothing can be left of the one before."""

    def test_not_after_an_answer_that_nobody_asked_for(self, style: Style) -> None:
        with serving(well_then_late, well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "well"
            assert server.stage.wait(PATIENT)
            assert driver.run(ask(server.url)) == "well"
            assert len(server.connections) == 2

    @pytest.mark.parametrize(("seconds", "connections"), [(PATIENT, 1), (0.0, 2)])
    def test_not_after_it_was_idle_for_long(
        self, style: Style, monkeypatch: pytest.MonkeyPatch, seconds: float, connections: int
    ) -> None:
        monkeypatch.setattr(one_connection, "KEPT", seconds)
        with serving(well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, times=2)) == "well"
            assert len(server.connections) == connections

    def test_not_after_a_request_that_was_answered_before_it_was_sent_completely(
        self, style: Style, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kind = httpcore.NetworkStream if style == "sync" else httpcore.AsyncNetworkStream
        stream = Mock(kind)  # its methods are asynchronous where those of the kind are
        stream.read.return_value = b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge"
        stream.write.side_effect = httpcore.WriteError
        silent, other = socket.socketpair()
        stream.get_extra_info = {"socket": silent}.get
        connect = Mock(return_value=stream) if style == "sync" else AsyncMock(return_value=stream)
        backend = httpcore.SyncBackend if style == "sync" else httpcore.AnyIOBackend
        monkeypatch.setattr(backend, "connect_tcp", connect)
        with silent, other, driving(style, URL) as driver:
            assert driver.run(ask(URL, times=2)) == "large"
        assert connect.call_count == 2


SENDERS = {
    "transports": (httpx.HTTPTransport, httpx.AsyncHTTPTransport, httpx.Response(200, content=b"made up")),
    "pools": (httpcore.ConnectionPool, httpcore.AsyncConnectionPool, httpcore.Response(200, content=b"made up")),
    "connections": (
        httpcore.HTTPConnection,
        httpcore.AsyncHTTPConnection,
        httpcore.Response(200, content=b"made up"),
    ),
}


@pytest.mark.parametrize("senders", SENDERS)
class TestTools:
    """What replaces a method that sends. A test that makes a vendor up must reach no real one."""

    def test_one_that_makes_answers_up_sees_each_request(
        self, style: Style, senders: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As pytest-httpx and respx do."""
        sync, awaited, made_up = SENDERS[senders]
        with serving(well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "well"
            with monkeypatch.context() as patched:
                patched.setattr(sync, "handle_request", Mock(return_value=made_up))
                patched.setattr(awaited, "handle_async_request", AsyncMock(return_value=made_up))
                assert driver.run(ask(server.url)) == "made up"
            assert driver.run(ask(server.url)) == "well"
            assert len(server.connections) == 1

    def test_one_that_wraps_what_sends_sees_each_request(
        self, style: Style, senders: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As OpenTelemetry does, by wrapt: the wrapper equals what it wraps, and has its code."""
        seen: list[object] = []

        @wrapt.decorator
        def watched(wrapped: Callable[..., Any], _: object, args: Any, kwargs: Any) -> Any:
            seen.append(args[0])
            return wrapped(*args, **kwargs)

        sync, awaited, _ = SENDERS[senders]
        cls, name = (sync, "handle_request") if style == "sync" else (awaited, "handle_async_request")
        with serving(well) as server, driving(style, server.url) as driver:
            with monkeypatch.context() as patched:
                patched.setattr(cls, name, watched(getattr(cls, name)))
                assert one_connection._own(cls, name) is None  # had it been imported now
                assert driver.run(ask(server.url, times=2)) == "well"
            assert driver.run(ask(server.url)) == "well"
        assert len(seen) == 2

    def test_nothing_that_came_behind_an_answer_answers_the_next_request(
        self, style: Style, senders: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """OpenTelemetry is there with real requests, for which httpcore would keep it."""
        sync, awaited, _ = SENDERS[senders]
        cls, name = (sync, "handle_request") if style == "sync" else (awaited, "handle_async_request")
        monkeypatch.setattr(cls, name, partialmethod(getattr(cls, name)))
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%b"
        twice = saying(answer % b"well" + answer % b"evil", pause=PATIENT)
        with serving(twice, well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, times=2)) == "well"
            assert len(server.connections) == 2

    def test_one_thread_takes_no_lock_that_an_interrupt_could_leave_taken(
        self, senders: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """httpcore takes the lock of its pool again to clear up, and would wait for itself."""
        cls: Any = SENDERS[senders][0]
        monkeypatch.setattr(cls, "handle_request", partialmethod(cls.handle_request))
        pool_lock = type(httpcore.ConnectionPool()._optional_thread_lock)
        monkeypatch.setattr(pool_lock, "__enter__", Mock(side_effect=AssertionError))
        with serving(no_headers, well) as server, blocking(server.url) as driver:
            with interrupted_at(server.stage):
                driver.run(ask(server.url))
            assert driver.run(ask(server.url)) == "well"


@contextlib.contextmanager
def nobody_accepts() -> Iterator[str]:
    """A port that takes no connection any more."""
    with socket.socket() as listening, contextlib.ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)  # noqa: FBT003  # positional only
            filling.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


class TestBrokenOff:
    """A connection whose request was broken off serves the next."""

    @pytest.mark.parametrize("stalling", STAGES)
    def test_by_an_interrupt_of_the_thread(self, stalling: Behaviour) -> None:
        with serving(stalling, well) as server, blocking(server.url) as driver:
            talk = Talk()
            with interrupted_at(server.stage):
                driver.run(talk.ask(server.url, times=2))
            assert talk.closed
            assert driver.run(ask(server.url, pool=0.1)) == "well"
            assert len(server.connections) == 2

    @pytest.mark.filterwarnings(
        "ignore::ResourceWarning"
    )  # socket.create_connection leaves its socket to the collector
    def test_by_an_interrupt_of_the_thread_while_it_connects(self) -> None:
        connecting = threading.Event()
        connecting.set()
        with nobody_accepts() as url, serving(well) as server, blocking(url) as driver:
            with interrupted_at(connecting):
                driver.run(ask(url))
            assert driver.run(ask(server.url, pool=0.1)) == "well"
        gc.collect()  # here, where the warning is expected

    @pytest.mark.parametrize("stalling", STAGES)
    def test_by_a_cancellation(self, stalling: Behaviour) -> None:
        with serving(stalling, well) as server:

            async def go() -> None:
                driver = AsyncDriver(server.url, connections=1)
                talk = Talk()
                task = asyncio.create_task(driver.run(talk.ask(server.url, times=2)))
                assert await asyncio.to_thread(server.stage.wait, PATIENT)
                await asyncio.sleep(0.02)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert talk.closed
                assert await driver.run(ask(server.url, pool=0.1)) == "well"
                await driver.close()

            asyncio.run(go())
            assert len(server.connections) == 2

    def test_by_a_cancellation_while_it_connects(self) -> None:
        async def go(url: str, good: str) -> None:
            driver = AsyncDriver(url, connections=1)
            task = asyncio.create_task(driver.run(ask(url)))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await driver.run(ask(good, pool=0.1)) == "well"
            await driver.close()

        with nobody_accepts() as url, serving(well) as server:
            asyncio.run(go(url, server.url))

    def test_by_a_cancellation_after_any_number_of_steps(self) -> None:
        """Every point at which a task can be cancelled is one step of the event loop away from the one before."""

        async def go(url: str) -> None:
            driver = AsyncDriver(url, connections=1)
            connections = await driver._here()
            for steps in range(50):
                task = asyncio.create_task(driver.run(ask(url)))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                assert await driver.run(ask(url, pool=0.1)) == "well"
                if steps % 2:
                    await connections.discard(await connections.take(0))
            await driver.close()

        with serving(well) as server:
            asyncio.run(go(server.url))
        gc.collect()


class TestHalt:
    """A halt ends what another thread carries out."""

    @pytest.fixture
    def threads(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(4) as threads:
            yield threads

    def halted(self, future: Future[str], halt: Halt) -> None:
        halt.set()
        with pytest.raises(Halted):
            future.result(SOON)

    @pytest.mark.parametrize("stalling", STAGES)
    def test_a_blocked_request_is_interrupted_and_its_connection_is_replaced(self, stalling: Behaviour) -> None:
        with serving(stalling, well) as server, blocking(server.url) as driver:
            stops_when_halted(driver, server, times=2)
            assert driver.run(ask(server.url, pool=0.1), Halt()) == "well"

    def test_on_a_connection_that_others_opened(self) -> None:
        with serving(well_then_no_headers, well) as server, blocking(server.url) as driver:
            assert driver.run(ask(server.url)) == "well"
            stops_when_halted(driver, server)
            assert len(server.connections) == 1

    def test_while_the_request_is_sent(self, threads: ThreadPoolExecutor) -> None:
        def unread(server: RawServer, _: socket.socket) -> None:
            server.over.wait()

        class Large(httpx.ByteStream):
            def __iter__(self) -> Iterator[bytes]:
                began.set()
                yield from super().__iter__()

        def upload(url: str) -> Conversation[str]:
            content = b"x" * 16_000_000  # more than what waits between two sockets
            headers = {"Host": "localhost", "Content-Length": str(len(content))}
            extensions = {"timeout": dict.fromkeys(("connect", "read", "write"), PATIENT)}
            yield httpx.Request("POST", url, headers=headers, stream=Large(content), extensions=extensions)
            return "never"

        began = threading.Event()
        with serving(unread) as server, blocking(server.url) as driver:
            halt = Halt()
            future = threads.submit(driver.run, upload(server.url), halt)
            assert began.wait(PATIENT)
            time.sleep(0.05)
            self.halted(future, halt)

    def test_no_request_begins_afterwards(self) -> None:
        with serving(well) as server, blocking(server.url) as driver:
            halt, talk = Halt(), Talk()
            halt.set()
            with pytest.raises(Halted):
                driver.run(talk.ask(server.url), halt)
            assert halt.is_set()
            assert talk.closed
            assert server.connections == []

    @pytest.mark.parametrize("early", [False, True])
    def test_a_pause_ends(self, threads: ThreadPoolExecutor, *, early: bool) -> None:
        begun = threading.Event()

        def pausing() -> Conversation[str]:
            begun.set()
            yield Pause(PATIENT)
            return "never"

        with blocking(URL) as driver:
            halt = Halt()
            if early:
                halt.set()
            future = threads.submit(driver.run, pausing(), halt)
            assert begun.wait(PATIENT)
            self.halted(future, halt)

    def test_a_pause_that_nobody_ends_is_kept(self) -> None:
        def pausing() -> Conversation[str]:
            yield Pause(0.01)
            return "over"

        with blocking(URL) as driver:
            assert driver.run(pausing(), Halt()) == "over"

    def test_others_are_left_alone(self, threads: ThreadPoolExecutor) -> None:
        with serving(half_a_body) as server, blocking(server.url, connections=3) as driver:
            halt, other = Halt(), Halt()
            stays = [threads.submit(driver.run, ask(server.url)), threads.submit(driver.run, ask(server.url), other)]
            goes = threads.submit(driver.run, ask(server.url), halt)
            end = time.monotonic() + PATIENT
            while len(server.connections) < 3:
                assert time.monotonic() < end
                time.sleep(0.001)
            self.halted(goes, halt)
            assert not any(future.done() for future in stays)
            server.close()
            assert [future.result(SOON) for future in stays] == ["RemoteProtocolError"] * 2

    def test_a_failure_of_its_own_is_thrown_as_ever(self, unused_port: int) -> None:
        url = f"http://127.0.0.1:{unused_port}"
        with blocking(url) as driver:
            assert driver.run(ask(url), Halt()) == "ConnectError"

    def test_a_halt_in_any_moment_leaves_the_driver_usable(self, threads: ThreadPoolExecutor) -> None:
        with serving(well) as server, blocking(server.url, connections=2) as driver:
            for number in range(60):
                halt = Halt()
                future = threads.submit(driver.run, ask(server.url, times=1000), halt)
                time.sleep(0.0001 * number)
                self.halted(future, halt)
                assert driver.run(ask(server.url, pool=0.1)) == "well"
            assert halt._interrupt is None

    def test_a_connection_that_is_made_too_late_is_interrupted(self) -> None:
        """The halt came after the request began, and before there was anything to interrupt."""
        here, there = socket.socketpair()
        with here, there:

            class Stream:
                def get_extra_info(self, info: str) -> socket.socket:
                    assert info == "socket"
                    return here

            connection: Connection[httpx.BaseTransport] = Connection(httpx.BaseTransport())
            halt = Halt()
            trace: Callable[..., None] = connection.trace(halt)
            halt.set()
            trace("connection.connect_tcp.complete", {"return_value": Stream()})
            assert there.recv(1) == b""

    def test_interrupting_a_connection_that_is_gone_does_nothing(self) -> None:
        gone = socket.socket()
        gone.close()

        class Stream:
            def get_extra_info(self, _: str) -> socket.socket:
                return gone

        connection: Connection[httpx.BaseTransport] = Connection(httpx.BaseTransport())
        connection.interrupt()
        connection.stream = Stream()
        connection.interrupt()
