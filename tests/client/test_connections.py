"""How connections are lent: who gets one, who waits, and what becomes of one whose request was broken off."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from tests.client.rawserver import (
    PATIENT,
    Behaviour,
    RawServer,
    Talk,
    a_body_without_end,
    ask,
    driving,
    half_a_body,
    no_headers,
    serving,
    well,
    well_then_no_headers,
)
from unibatch.client.connections import Connection
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.exchange import Conversation, Pause
from unibatch.client.halt import Halt, Halted
from unibatch.client.transport import KEPT

SOON = 5.0
"""Within so many seconds is well before any time-out (in this file) ends."""

URL = "http://localhost"

STAGES = [no_headers, half_a_body, a_body_without_end, well_then_no_headers]


class Gate:
    """A transport that keeps every request until it is told to answer the next."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._open: list[threading.Event] = []
        self._changed = threading.Condition()

    def answer(self, request: httpx.Request) -> httpx.Response:
        opened = threading.Event()
        with self._changed:
            self.asked.append(request.url.path)
            self._open.append(opened)
            self._changed.notify_all()
        assert opened.wait(PATIENT)
        return httpx.Response(200, content=b"well")

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= number, PATIENT)

    def open(self, number: int = 1) -> None:
        for opened in [opened for opened in self._open if not opened.is_set()][:number]:
            opened.set()


class AsyncGate:
    """The same for tasks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._open: list[asyncio.Event] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        self._open.append(asyncio.Event())
        await self._open[-1].wait()
        return httpx.Response(200, content=b"well")

    def open(self, number: int = 1) -> None:
        for opened in [opened for opened in self._open if not opened.is_set()][:number]:
            opened.set()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class TestManyThreads:
    @pytest.fixture
    def gate(self) -> Gate:
        return Gate()

    @pytest.fixture
    def driver(self, gate: Gate) -> Iterator[Driver]:
        driver = Driver(URL, httpx.MockTransport(gate.answer), connections=2)
        yield driver
        driver.close()

    @pytest.fixture
    def threads(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(8) as threads:
            yield threads

    def waiting(self, driver: Driver, number: int) -> None:
        end = time.monotonic() + PATIENT
        while len(driver._connections._queue) < number:
            assert time.monotonic() < end
            time.sleep(0.001)

    def test_no_more_requests_are_carried_out_at_a_time_than_there_are_lanes(
        self, driver: Driver, gate: Gate, threads: ThreadPoolExecutor
    ) -> None:
        asking = [threads.submit(driver.run, ask(URL)) for _ in range(4)]
        gate.wait_for(2)
        self.waiting(driver, 2)
        assert len(gate.asked) == 2
        gate.open(2)
        gate.wait_for(4)
        gate.open(2)
        assert [future.result(SOON) for future in asking] == ["well"] * 4

    def test_whoever_waited_longest_comes_first(self, driver: Driver, gate: Gate, threads: ThreadPoolExecutor) -> None:
        asking = []
        for number in range(6):
            asking.append(threads.submit(driver.run, ask(f"{URL}/{number}")))
            if number < 2:
                gate.wait_for(number + 1)
            else:
                self.waiting(driver, number - 1)
        for number in range(3, 7):
            gate.open()
            gate.wait_for(number)
        gate.open(2)
        assert [future.result(SOON) for future in asking] == ["well"] * 6
        assert gate.asked == [f"/{number}" for number in range(6)]

    def test_whoever_waits_too_long_is_told_so(self, driver: Driver, gate: Gate, threads: ThreadPoolExecutor) -> None:
        asking = [threads.submit(driver.run, ask(URL)) for _ in range(2)]
        gate.wait_for(2)
        talk = Talk()
        assert driver.run(talk.ask(URL, pool=0.02)) == "PoolTimeout"
        assert str(talk.heard[0]) == "all 2 connections were busy for 0.02 s"
        gate.open(2)
        assert [future.result(SOON) for future in asking] == ["well"] * 2
        assert len(driver._connections._free) == 2

    def test_whoever_waits_can_be_halted(self, driver: Driver, gate: Gate, threads: ThreadPoolExecutor) -> None:
        asking = [threads.submit(driver.run, ask(URL)) for _ in range(2)]
        gate.wait_for(2)
        halt = Halt()
        halted = threads.submit(driver.run, ask(URL), halt)
        self.waiting(driver, 1)
        halt.set()
        with pytest.raises(Halted):
            halted.result(SOON)
        gate.open(2)
        assert [future.result(SOON) for future in asking] == ["well"] * 2
        assert len(driver._connections._free) == 2

    def test_closing_waits_for_nobody_and_tells_those_who_wait(
        self, driver: Driver, gate: Gate, threads: ThreadPoolExecutor
    ) -> None:
        asking = [threads.submit(driver.run, ask(URL)) for _ in range(2)]
        gate.wait_for(2)
        late = threads.submit(driver.run, ask(URL))
        self.waiting(driver, 1)
        driver.close()
        with pytest.raises(RuntimeError, match="this client is closed"):
            late.result(SOON)
        gate.open(2)
        assert [future.result(SOON) for future in asking] == ["well"] * 2

    def test_many_threads_share_few_connections(self, threads: ThreadPoolExecutor) -> None:
        with serving(well) as server, driving("sync", server.url, connections=3) as driver:
            asking = [threads.submit(driver.run, ask(server.url, times=20)) for _ in range(8)]
            assert [future.result(PATIENT) for future in asking] == ["well"] * 8
            assert len(server.connections) <= 3


class TestManyTasks:
    def test_no_more_requests_are_carried_out_at_a_time_than_there_are_lanes(self) -> None:
        async def go() -> None:
            gate = AsyncGate()
            driver = AsyncDriver(URL, httpx.MockTransport(gate.answer), connections=2)
            asking = [asyncio.create_task(driver.run(ask(f"{URL}/{number}"))) for number in range(5)]
            await settle()
            assert gate.asked == ["/0", "/1"]
            for number in range(3, 6):
                gate.open()
                await settle()
                assert gate.asked == [f"/{n}" for n in range(number)]
            gate.open(2)
            assert await asyncio.gather(*asking) == ["well"] * 5
            await driver.close()

        asyncio.run(go())

    def test_whoever_waits_too_long_is_told_so(self) -> None:
        async def go() -> None:
            gate = AsyncGate()
            driver = AsyncDriver(URL, httpx.MockTransport(gate.answer), connections=1)
            first = asyncio.create_task(driver.run(ask(URL)))
            await settle()
            assert await driver.run(ask(URL, pool=0.02)) == "PoolTimeout"
            gate.open()
            assert await first == "well"
            assert len(driver._connections._free) == 1
            await driver.close()

        asyncio.run(go())

    @pytest.mark.parametrize("before_it_wakes", [False, True])
    def test_a_task_that_is_cancelled_while_it_waits_loses_no_lane(self, *, before_it_wakes: bool) -> None:
        async def go() -> None:
            gate = AsyncGate()
            driver = AsyncDriver(URL, httpx.MockTransport(gate.answer), connections=1)
            lane = await driver._connections.take(None)
            asking = [asyncio.create_task(driver.run(ask(f"{URL}/{number}"))) for number in range(3)]
            await settle()
            if before_it_wakes:
                asking[0].cancel()
                await driver._connections.give(lane)
            else:
                await driver._connections.give(lane)  # the lane is the first task's, which has not run since
                asking[0].cancel()
            await settle()
            assert asking[0].cancelled()
            assert gate.asked == ["/1"]
            gate.open()
            await settle()
            gate.open()
            assert await asyncio.gather(*asking[1:]) == ["well"] * 2
            assert len(driver._connections._free) == 1
            await driver.close()

        asyncio.run(go())

    def test_closing_waits_for_nobody_and_tells_those_who_wait(self) -> None:
        async def go() -> None:
            gate = AsyncGate()
            driver = AsyncDriver(URL, httpx.MockTransport(gate.answer), connections=1)
            asking = [asyncio.create_task(driver.run(ask(URL))) for _ in range(2)]
            await settle()
            await driver.close()
            with pytest.raises(RuntimeError, match="this client is closed"):
                await asking[1]
            gate.open()
            assert await asking[0] == "well"

        asyncio.run(go())

    def test_a_driver_can_be_made_before_there_is_a_loop(self) -> None:
        with serving(well) as server:
            driver = AsyncDriver(server.url, connections=2)

            async def go() -> list[str]:
                asking = [driver.run(ask(server.url, times=3)) for _ in range(8)]
                try:
                    return await asyncio.gather(*asking)
                finally:
                    await driver.close()

            assert asyncio.run(go()) == ["well"] * 8
            assert len(server.connections) == 2


class TestConnections:
    def test_a_connection_that_was_not_used_for_a_while_is_closed(self) -> None:
        with serving(well) as server, driving("sync", server.url, connections=2) as driver:
            assert isinstance(driver, Driver)
            first, second = driver._connections.take(0, None), driver._connections.take(0, None)
            driver._connections.give(first)
            driver._connections.give(second)
            first.used -= KEPT
            assert driver.run(ask(server.url)) == "well"
            assert list(driver._connections._free) == [second]

    def test_so_is_one_of_an_event_loop(self) -> None:
        async def go(url: str) -> None:
            driver = AsyncDriver(url, connections=2)
            first, second = await driver._connections.take(0), await driver._connections.take(0)
            await driver._connections.give(first)
            await driver._connections.give(second)
            first.used -= KEPT
            assert await driver.run(ask(url)) == "well"
            assert list(driver._connections._free) == [second]
            await driver.close()

        with serving(well) as server:
            asyncio.run(go(server.url))

    def test_closing_closes_the_connections_that_are_in_use_when_their_requests_end(self) -> None:
        with serving(half_a_body) as server, ThreadPoolExecutor() as threads:
            driver = Driver(server.url, connections=16)
            future = threads.submit(driver.run, ask(server.url))
            assert server.stage.wait(PATIENT)
            driver.close()
            assert not future.done()
            server.close()
            assert future.result(SOON) == "RemoteProtocolError"
            assert not driver._connections._free


class Interrupted(BaseException):
    """Stands for a KeyboardInterrupt, which would end the tests if it came late."""


@contextlib.contextmanager
def interrupted_at(stage: threading.Event) -> Iterator[None]:
    """Interrupt the main thread, which must be carrying out the block, when the server has come to its stage."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    def wait() -> None:
        if stage.wait(PATIENT):
            time.sleep(0.02)
            signal.pthread_kill(main, signal.SIGALRM)

    main = threading.get_ident()
    before = signal.signal(signal.SIGALRM, interrupt)
    thread = threading.Thread(target=wait)
    thread.start()
    try:
        with pytest.raises(Interrupted):
            yield
    finally:
        thread.join()
        signal.signal(signal.SIGALRM, before)


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
    """A lane whose request was broken off serves the next."""

    @pytest.mark.parametrize("stalling", STAGES)
    def test_by_an_interrupt_of_the_thread(self, stalling: Behaviour) -> None:
        with serving(stalling, well) as server, driving("sync", server.url) as driver:
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
        with nobody_accepts() as url, serving(well) as server, driving("sync", url) as driver:
            with interrupted_at(connecting):
                driver.run(ask(url))
            assert driver.run(ask(server.url, pool=0.1)) == "well"

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
            for steps in range(50):
                task = asyncio.create_task(driver.run(ask(url)))
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                assert await driver.run(ask(url, pool=0.1)) == "well"
                if steps % 2:
                    await driver._connections.discard(await driver._connections.take(0))
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
    def test_a_blocked_request_is_interrupted_and_its_lane_stays_usable(
        self, threads: ThreadPoolExecutor, stalling: Behaviour
    ) -> None:
        with serving(stalling, well) as server, driving("sync", server.url) as driver:
            assert isinstance(driver, Driver)
            halt, talk = Halt(), Talk()
            future = threads.submit(driver.run, talk.ask(server.url, times=2), halt)
            assert server.stage.wait(PATIENT)
            self.halted(future, halt)
            assert talk.closed
            assert driver.run(ask(server.url, pool=0.1), Halt()) == "well"

    def test_on_a_connection_that_others_opened(self, threads: ThreadPoolExecutor) -> None:
        with serving(well_then_no_headers, well) as server, driving("sync", server.url) as driver:
            assert isinstance(driver, Driver)
            assert driver.run(ask(server.url)) == "well"
            halt = Halt()
            future = threads.submit(driver.run, ask(server.url), halt)
            assert server.stage.wait(PATIENT)
            assert len(server.connections) == 1
            self.halted(future, halt)

    def test_while_the_request_is_sent(self, threads: ThreadPoolExecutor) -> None:
        def unread(server: RawServer, _: socket.socket) -> None:
            server.over.wait()

        class Endless(httpx.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                while True:
                    began.set()
                    yield b"x" * 65536

        def upload(url: str) -> Conversation[str]:
            headers = {"Host": "localhost", "Transfer-Encoding": "chunked"}
            yield httpx.Request("POST", url, headers=headers, stream=Endless())
            return "never"

        began = threading.Event()
        with serving(unread) as server, driving("sync", server.url) as driver:
            assert isinstance(driver, Driver)
            halt = Halt()
            future = threads.submit(driver.run, upload(server.url), halt)
            assert began.wait(PATIENT)
            time.sleep(0.05)
            self.halted(future, halt)

    def test_no_request_begins_afterwards(self) -> None:
        with serving(well) as server, driving("sync", server.url) as driver:
            assert isinstance(driver, Driver)
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

        with driving("sync", URL) as driver:
            assert isinstance(driver, Driver)
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

        with driving("sync", URL) as driver:
            assert isinstance(driver, Driver)
            assert driver.run(pausing(), Halt()) == "over"

    def test_others_are_left_alone(self, threads: ThreadPoolExecutor) -> None:
        with serving(half_a_body) as server, driving("sync", server.url, connections=3) as driver:
            assert isinstance(driver, Driver)
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
        with driving("sync", url) as driver:
            assert isinstance(driver, Driver)
            assert driver.run(ask(url), Halt()) == "ConnectError"

    def test_a_halt_in_any_moment_leaves_the_driver_usable(self, threads: ThreadPoolExecutor) -> None:
        with serving(well) as server, driving("sync", server.url, connections=2) as driver:
            assert isinstance(driver, Driver)
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

            lane: Connection[httpx.BaseTransport] = Connection(httpx.BaseTransport())
            halt = Halt()
            trace: Callable[..., None] = lane.trace(halt)
            halt.set()
            trace("connection.connect_tcp.complete", {"return_value": Stream()})
            assert there.recv(1) == b""

    def test_interrupting_a_connection_that_is_gone_does_nothing(self) -> None:
        gone = socket.socket()
        gone.close()

        class Stream:
            def get_extra_info(self, _: str) -> socket.socket:
                return gone

        lane: Connection[httpx.BaseTransport] = Connection(httpx.BaseTransport())
        lane.interrupt()
        lane.stream = Stream()
        lane.interrupt()
