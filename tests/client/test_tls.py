"""With whom a connection is made at all: nobody can be spoken to who does not prove who they are."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from tests.bothways import Style
from tests.client.rawserver import (
    PATIENT,
    Behaviour,
    RawServer,
    Talk,
    a_body_without_end,
    ask,
    blocking,
    driving,
    half_a_body,
    no_handshake,
    no_headers,
    serving,
    stops_when_halted,
    well,
    well_then_no_headers,
)
from unibatch.client import drivers, one_connection, transport
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.halt import Halt
from unibatch.client.one_connection import OneConnectionTransport
from unibatch.client.transport import httpx


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def fresh_trust() -> Iterator[None]:
    """What is trusted is worked out once a process; here every test has its own environment."""
    transport._trusted.cache_clear()
    yield
    transport._trusted.cache_clear()


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def presenting(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def well_and_more(server: RawServer, connection: socket.socket) -> None:
    """Answer, and send what was not asked for, in a record of its own that arrives at the same moment."""
    if server.read_request(connection):
        if hasattr(socket, "TCP_CORK"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmore")
        if hasattr(socket, "TCP_CORK"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        server.over.wait()


def well_and_more_at_once(server: RawServer, connection: socket.socket) -> None:
    """The same in one record."""
    if server.read_request(connection):
        connection.sendall(b"".join(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + it for it in (b"well", b"more")))
        server.over.wait()


def wait_for_bytes(connection: socket.socket, number: int) -> None:
    """Wait, in whose thread ever, until so many bytes can be read, and read none."""
    with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as same:
        arrived, end = b"", time.monotonic() + PATIENT
        while len(arrived) < number:
            assert time.monotonic() < end
            with contextlib.suppress(BlockingIOError):
                arrived = same.recv(2 * number, socket.MSG_PEEK)


def no_answer(server: RawServer, connection: socket.socket) -> None:
    """Answer with a record that nobody has encrypted."""
    if server.read_request(connection):
        socket.socket.sendall(connection, b"\x17\x03\x03\x00\x20" + 32 * b"?")
        server.over.wait()


def no_rest(server: RawServer, connection: socket.socket) -> None:
    """Go on with such a record in the middle of a body."""
    if server.read_request(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nwell")
        socket.socket.sendall(connection, b"\x17\x03\x03\x00\x20" + 32 * b"?")
        server.over.wait()


@pytest.mark.usefixtures("trusted")
class TestTrusted:
    def test_a_server_that_proves_its_name_is_spoken_to(self, style: Style, authority: trustme.CA) -> None:
        with serving(well, tls=presenting(authority)) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, times=2)) == "well"
            assert len(server.connections) == 2  # one, and the TLS over it: nothing was behind the first answer

    def test_a_certificate_for_another_name_is_refused(self, style: Style, authority: trustme.CA) -> None:
        talk = Talk()
        presented = presenting(authority, "other.example.com")
        with serving(well, tls=presented) as server, driving(style, server.url) as driver:
            assert driver.run(talk.ask(server.url)) == "ConnectError"
        assert "Hostname mismatch" in str(talk.heard[0])

    @pytest.mark.parametrize("behaviour", [well_and_more, well_and_more_at_once])
    def test_what_comes_behind_an_answer_answers_no_other_request(
        self, style: Style, authority: trustme.CA, behaviour: Behaviour
    ) -> None:
        with serving(behaviour, well, tls=presenting(authority)) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, times=2)) == "well"

    def test_what_anyio_did_not_hand_to_tls_answers_no_other_request(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin, sockets, look = threading.Event(), list[socket.socket](), one_connection._look_for_bytes

        def noting(connection: socket.socket) -> Callable[[], object]:
            sockets.append(connection)
            return look(connection)

        monkeypatch.setattr(one_connection, "_look_for_bytes", noting)

        def well_and_more(server: RawServer, connection: socket.socket) -> None:
            server.read_request(connection)
            size = 1024 * 1024  # for less, the window of TCP is as small as what anyio hands on
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + size * b"x")
            if server.read_request(connection):
                server.stage.set()
                assert begin.wait(PATIENT)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + 60_000 * b"x")
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + 10_000 * b"y")
                server.over.wait()

        async def go(server: RawServer) -> None:
            driver = AsyncDriver(server.url, connections=1)
            asking = asyncio.create_task(driver.run(ask(server.url, times=3)))
            assert await asyncio.to_thread(server.stage.wait, PATIENT)
            begin.set()
            wait_for_bytes(sockets[0], 70_000)  # blocks the event loop, so that it takes them from the socket at once
            assert await asking == "well"
            await driver.close()

        with serving(well_and_more, well, tls=presenting(authority)) as server:
            asyncio.run(go(server))

    @pytest.mark.parametrize("breaking", [no_answer, no_rest])
    def test_a_stream_that_cannot_be_decrypted_is_a_failure_to_read(
        self, style: Style, authority: trustme.CA, breaking: Behaviour
    ) -> None:
        with serving(breaking, well, tls=presenting(authority)) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "ReadError"
            assert driver.run(ask(server.url, pool=0.1)) == "well"

    @pytest.mark.parametrize("stalling", [no_headers, half_a_body, a_body_without_end, well_then_no_headers])
    def test_a_blocked_request_can_be_halted(self, authority: trustme.CA, stalling: Behaviour) -> None:
        with serving(stalling, well, tls=presenting(authority)) as server, blocking(server.url) as driver:
            stops_when_halted(driver, server, times=2)
            assert driver.run(ask(server.url, pool=0.1)) == "well"

    def test_a_connection_that_others_opened_can_be_halted(self, authority: trustme.CA) -> None:
        with serving(well_then_no_headers, tls=presenting(authority)) as server, blocking(server.url) as driver:
            assert driver.run(ask(server.url)) == "well"
            stops_when_halted(driver, server)

    @pytest.mark.parametrize("stalling", [no_handshake, no_headers, half_a_body])
    def test_a_cancelled_task_leaves_the_connection_to_the_next(
        self, authority: trustme.CA, stalling: Behaviour
    ) -> None:
        with serving(stalling, well, tls=presenting(authority)) as server:

            async def go() -> None:
                driver = AsyncDriver(server.url, connections=1)
                task = asyncio.create_task(driver.run(ask(server.url)))
                assert await asyncio.to_thread(server.stage.wait, PATIENT)
                await asyncio.sleep(0.02)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await driver.run(ask(server.url, pool=0.1)) == "well"
                await driver.close()

            asyncio.run(go())
        gc.collect()  # what was not closed is noticed now


class Proxy:
    """An HTTP proxy for one server, through which everything is tunnelled."""

    def __init__(self, server: RawServer) -> None:
        self.asked: list[bytes] = []
        self._target = server._listening.getsockname()
        self._server = serving(self._tunnel)

    def __enter__(self) -> str:
        return self._server.__enter__().url

    def __exit__(self, *_: object) -> None:
        self._server.__exit__(None, None, None)

    def _tunnel(self, server: RawServer, connection: socket.socket) -> None:
        self.asked.append(connection.recv(4096).split(b"\r\n")[0])
        with socket.create_connection(self._target) as beyond:
            server.connections.append(beyond)
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=self._pump, args=(beyond, connection))
            back.start()
            self._pump(connection, beyond)
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.mark.usefixtures("trusted")
class TestProxies:
    @pytest.fixture(autouse=True)
    def far_away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No proxy is used for this machine; pretend that it is another."""
        monkeypatch.setattr(transport, "is_loopback", lambda _: False)

    def test_a_server_behind_a_proxy_proves_its_name(
        self, style: Style, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(well, tls=presenting(authority)) as server:
            proxy = Proxy(server)
            with proxy as url:
                monkeypatch.setenv("HTTPS_PROXY", url)
                with driving(style, server.url) as driver:
                    assert driver.run(ask(server.url, times=2)) == "well"
            assert proxy.asked == [f"CONNECT {server.url.removeprefix('https://')} HTTP/1.1".encode()]

    def test_a_proxy_cannot_put_itself_in_the_place_of_the_server(
        self, style: Style, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(well, tls=presenting(trustme.CA())) as server, Proxy(server) as url:
            monkeypatch.setenv("HTTPS_PROXY", url)
            with driving(style, server.url) as driver:
                assert driver.run(ask(server.url)) == "ConnectError"

    @pytest.mark.parametrize("behaviour", [well_and_more, well_and_more_at_once])
    def test_what_comes_behind_an_answer_answers_no_other_request(
        self, style: Style, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour
    ) -> None:
        with serving(behaviour, well, tls=presenting(authority)) as server, Proxy(server) as url:
            monkeypatch.setenv("HTTPS_PROXY", url)
            with driving(style, server.url) as driver:
                assert driver.run(ask(server.url, times=2)) == "well"

    def test_a_stream_that_cannot_be_decrypted_is_a_failure_to_read(
        self, style: Style, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(no_answer, tls=presenting(authority)) as server, Proxy(server) as url:
            monkeypatch.setenv("HTTPS_PROXY", url)
            with driving(style, server.url) as driver:
                assert driver.run(ask(server.url)) == "ReadError"

    @pytest.mark.parametrize("stalling", [no_headers, half_a_body, well_then_no_headers])
    def test_a_blocked_request_can_be_halted(
        self, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, stalling: Behaviour
    ) -> None:
        with serving(stalling, well, tls=presenting(authority)) as server, Proxy(server) as url:
            monkeypatch.setenv("HTTPS_PROXY", url)
            with blocking(server.url) as driver:
                stops_when_halted(driver, server, times=2)
                assert driver.run(ask(server.url, pool=0.1), Halt()) == "well"


class TestUntrusted:
    def test_an_authority_that_nobody_knows_is_refused(self, style: Style, authority: trustme.CA) -> None:
        talk = Talk()
        with serving(well, tls=presenting(authority)) as server, driving(style, server.url) as driver:
            assert driver.run(talk.ask(server.url)) == "ConnectError"
        assert "CERTIFICATE_VERIFY_FAILED" in str(talk.heard[0])

    def test_a_server_that_speaks_no_tls_is_refused(self, style: Style) -> None:
        def plain(_: object, connection: socket.socket) -> None:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        with serving(plain) as server:
            url = server.url.replace("http:", "https:")
            with driving(style, url) as driver:
                assert driver.run(ask(url)) == "ConnectError"

    def test_a_context_for_plain_http_accepts_no_certificate(self, style: Style, authority: trustme.CA) -> None:
        with serving(well, tls=presenting(authority)) as server, driving(style, "http://localhost") as driver:
            assert driver.run(ask(server.url)) == "ConnectError"

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("PYTHONHTTPSVERIFY", "0"),
            ("SSL_VERIFY", "0"),
            ("SSL_CERT_FILE", ""),
            ("SSL_CERT_DIR", ""),
            ("REQUESTS_CA_BUNDLE", ""),
            ("CURL_CA_BUNDLE", ""),
            ("HTTPX_VERIFY", "false"),
        ],
    )
    def test_no_environment_variable_turns_that_off(
        self, style: Style, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        monkeypatch.setenv(variable, value)
        with serving(well, tls=presenting(authority)) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "ConnectError"


class TestContexts:
    @pytest.mark.parametrize("base_url", ["https://api.example.com", "http://127.0.0.1:8000"])
    def test_every_connection_is_made_with_that_context(self, base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[ssl.SSLContext] = []

        class Noting(OneConnectionTransport):
            def __init__(self, *, verify: ssl.SSLContext, limits: httpx.Limits, proxy: None) -> None:
                made.append(verify)
                super().__init__(verify=verify, limits=limits, proxy=proxy)

        monkeypatch.setattr(drivers, "OneConnectionTransport", Noting)
        driver = Driver(base_url, connections=3)
        for connection in [driver._connections.take(0, None) for _ in range(3)]:
            driver._connections.give(connection)
        driver.close()
        assert len(made) == 3
        assert len({*made, transport.transport_options(base_url)["verify"]}) == (1 if "https" in base_url else 2)
        assert made[0].verify_mode is ssl.CERT_REQUIRED
        assert made[0].check_hostname

    @pytest.mark.parametrize("kind", [Driver, AsyncDriver])
    def test_no_argument_says_anything_of_verification(self, kind: type) -> None:
        assert list(inspect.signature(kind).parameters) == ["base_url", "transport", "connections"]
