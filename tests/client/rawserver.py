"""A server on this machine that says exactly what a test wants, badly if need be, and conversations with it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias, TypeVar

import pytest

from tests.bothways import Style
from unibatch.client.conversation import Conversation
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.halt import Halt, Halted
from unibatch.client.transport import httpx
from unibatch.core.flow import Response

T = TypeVar("T")

SOON = 5.0
"""Within so many seconds is well before any time-out ends."""

PATIENT = 30.0
"""A time-out (in seconds) that a test never waits for."""


class RawServer:
    """Serves its first connection as the first behaviour says, and so on; from the last behaviour on, all alike."""

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.stage = threading.Event()
        """The behaviour has come to the point that the test waits for."""
        self.over = threading.Event()
        self.connections: list[socket.socket] = []
        self._behaviours = behaviours
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.02)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self._listening.getsockname()[1]}"

    def read_request(self, connection: socket.socket) -> bool:
        """Read a request without a body; ``False`` at the end of the connection."""
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            more = connection.recv(4096)
            if not more:
                return False
            received += more
        return True

    def wait_for_its_end(self) -> None:
        """Wait until the latest connection is closed."""
        self._threads[-1].join()

    def close(self) -> None:
        self.over.set()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listening.accept()
                connection.settimeout(10)
                behaviour = self._behaviours[min(len(self.connections), len(self._behaviours) - 1)]
                self.connections.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection, behaviour))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket, behaviour: Behaviour) -> None:
        with connection, contextlib.suppress(OSError):
            if self._tls is None or behaviour is no_handshake:
                behaviour(self, connection)
                return
            with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                self.connections.append(wrapped)
                behaviour(self, wrapped)


Behaviour: TypeAlias = Callable[[RawServer, socket.socket], None]


def well(server: RawServer, connection: socket.socket) -> None:
    while server.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")


def well_and_closing(server: RawServer, connection: socket.socket) -> None:
    if server.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwell")


def no_handshake(server: RawServer, connection: socket.socket) -> None:
    connection.recv(1)
    server.stage.set()
    server.over.wait()


def no_headers(server: RawServer, connection: socket.socket) -> None:
    if server.read_request(connection):
        server.stage.set()
        server.over.wait()


def half_a_body(server: RawServer, connection: socket.socket) -> None:
    if server.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nwell")
        server.stage.set()
        server.over.wait()


def a_body_without_end(server: RawServer, connection: socket.socket) -> None:
    """One that ends with the connection, so that a connection that was cut looks like a complete answer."""
    if server.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nwell")
        server.stage.set()
        server.over.wait()


def well_then_no_headers(server: RawServer, connection: socket.socket) -> None:
    if server.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")
        no_headers(server, connection)


def saying(*parts: bytes, pause: float = 0.0) -> Behaviour:
    """Answer with these parts, so many seconds apart, and close."""

    def behaviour(server: RawServer, connection: socket.socket) -> None:
        if server.read_request(connection):
            for part in parts:
                connection.sendall(part)
                server.over.wait(pause)

    return behaviour


class Talk:
    """A conversation of one request or several, which remembers whether it was closed."""

    def __init__(self) -> None:
        self.closed = False
        self.heard: list[Response | Exception] = []

    def ask(self, url: str, *, times: int = 1, read: float = PATIENT, pool: float = PATIENT) -> Conversation[str]:
        """Ask, and return the last body as a text, or the name of the last failure."""
        timeout = {"connect": 5.0, "read": read, "write": read, "pool": pool}
        try:
            for _ in range(times):
                try:
                    answer = yield request(url, timeout)
                except Exception as exc:  # noqa: BLE001  # whatever a driver throws is what the test is about
                    self.heard.append(exc)
                else:
                    assert answer is not None
                    self.heard.append(answer)
            last = self.heard[-1]
            return last.content.decode() if isinstance(last, Response) else type(last).__name__
        finally:
            self.closed = True


def request(url: str, timeout: dict[str, float]) -> httpx.Request:
    return httpx.Request(
        "GET", url, headers={"Host": "localhost"}, stream=httpx.ByteStream(b""), extensions={"timeout": timeout}
    )


def ask(url: str, *, times: int = 1, read: float = PATIENT, pool: float = PATIENT) -> Conversation[str]:
    return Talk().ask(url, times=times, read=read, pool=pool)


class AnyDriver(Protocol):
    """A driver that is used without ``await``."""

    def run(self, conversation: Conversation[T]) -> T: ...

    def close(self) -> None: ...


class BlockingAsyncDriver:
    """An `AsyncDriver` on an event loop of its own."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver
        self._runner = asyncio.Runner()

    def run(self, conversation: Conversation[T]) -> T:
        return self._runner.run(self._driver.run(conversation))

    def close(self) -> None:
        self._runner.run(self._driver.close())


def made_driver(style: Style, base_url: str, transport: Any = None, connections: int = 1) -> AnyDriver:
    if style == "sync":
        return Driver(base_url, transport, connections=connections)
    return BlockingAsyncDriver(AsyncDriver(base_url, transport, connections=connections))


@contextlib.contextmanager
def driving(style: Style, base_url: str, transport: Any = None, connections: int = 1) -> Iterator[AnyDriver]:
    driver = made_driver(style, base_url, transport, connections)
    try:
        yield driver
    finally:
        driver.close()
        if isinstance(driver, BlockingAsyncDriver):
            driver._runner.close()


def blocking(base_url: str, connections: int = 1) -> contextlib.closing[Driver]:
    """A driver for threads, which can be halted."""
    return contextlib.closing(Driver(base_url, connections=connections))


@contextlib.contextmanager
def serving(*behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    server = RawServer(*behaviours, tls=tls)
    try:
        yield server
    finally:
        server.close()


def stops_when_halted(driver: Driver, server: RawServer, times: int = 1) -> None:
    """Ask in another thread, and halt that when the server is at its stage."""
    halt, talk = Halt(), Talk()
    with ThreadPoolExecutor() as threads:
        future = threads.submit(driver.run, talk.ask(server.url, times=times), halt)
        assert server.stage.wait(PATIENT)
        halt.set()
        with pytest.raises(Halted):
            future.result(SOON)
    assert talk.closed


class Interrupted(BaseException):
    """Stands for a KeyboardInterrupt, which would end the tests if it came late."""


@contextlib.contextmanager
def interrupted_at(stage: threading.Event) -> Iterator[None]:
    """Interrupt the main thread, which must be carrying out the block, a little after ``stage`` is set."""

    def interrupt(*_: object) -> None:
        raise Interrupted

    def wait() -> None:
        if stage.wait(PATIENT):
            time.sleep(0.03)
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
