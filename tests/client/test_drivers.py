"""What a driver makes of servers that break off, stall, lie or never end, and of pauses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from inspect import isawaitable
from typing import Any

import anyio
import pytest

from tests.bothways import Style
from tests.client.rawserver import (
    Talk,
    ask,
    driving,
    half_a_body,
    no_headers,
    saying,
    serving,
    well,
    well_and_closing,
)
from unibatch.client import bodies
from unibatch.client.conversation import Conversation, Pause
from unibatch.client.transport import httpcore, httpx
from unibatch.core.flow import Response

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def saying_well(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b"well")


def closed_transport(
    calls: list[str], answer: Callable[[httpx.Request], httpx.Response] = saying_well
) -> httpx.MockTransport:
    class Counting(httpx.MockTransport):
        def close(self) -> None:
            calls.append("close")

        async def aclose(self) -> None:
            calls.append("close")

    return Counting(answer)


def noting_reads(connect: Callable[..., Any], asked: list[int]) -> Callable[..., Any]:
    """Connects in the same way, and notes how many bytes are asked for at once."""

    def noted(stream: Any) -> Any:
        read = stream.read

        def reading(max_bytes: int, *options: Any) -> Any:
            asked.append(max_bytes)
            return read(max_bytes, *options)

        stream.read = reading
        return stream

    async def noted_later(stream: Awaitable[Any]) -> Any:
        return noted(await stream)

    def connecting(*where: Any, **options: Any) -> Any:
        stream = connect(*where, **options)
        return noted_later(stream) if isawaitable(stream) else noted(stream)

    return connecting


def refusing(_: httpx.Request) -> httpx.Response:
    raise LookupError


def test_httpx2_takes_the_place_of_httpx_where_it_is_installed() -> None:
    assert httpx.__name__ == ("httpx" if find_spec("httpx2") is None else "httpx2")


class TestAnswers:
    def test_the_body_is_what_came_over_the_wire(self, style: Style) -> None:
        answer = saying(OK + b"Content-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip")
        talk = Talk()
        with serving(answer) as server, driving(style, server.url) as driver:
            assert driver.run(talk.ask(server.url)) == "not gzip"
        (response,) = talk.heard
        assert isinstance(response, Response)
        assert response.headers["content-encoding"] == "gzip"

    def test_a_body_in_many_chunks_is_put_together(self, style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bodies, "_MOST_CHUNKS", 3)
        answer = saying(CHUNKED, *[b"2\r\nab\r\n"] * 7, b"0\r\n\r\n")
        with serving(answer) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "ab" * 7

    def test_without_tls_a_page_is_asked_for_in_one_piece(self, style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
        """A server sends a page faster than it is read; each further piece would take 40 µs."""
        asked: list[int] = []
        for backend in (httpcore.SyncBackend, httpcore.AnyIOBackend):
            monkeypatch.setattr(backend, "connect_tcp", noting_reads(backend.connect_tcp, asked))
        with serving(well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "well"
        assert min(asked) >= 200_000

    def test_no_lock_is_taken_for_a_connection_that_is_lent_to_one_request(
        self, style: Style, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each would lead through the event loop once more."""
        taken: list[object] = []

        async def kind_of_lock() -> type[anyio.Lock]:
            return type(anyio.Lock())

        kind = asyncio.run(kind_of_lock())
        acquire = kind.acquire

        async def noted(lock: anyio.Lock) -> None:
            taken.append(lock)
            await acquire(lock)

        monkeypatch.setattr(kind, "acquire", noted)
        with serving(well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, times=5)) == "well"
        assert len(taken) <= 1  # of the first request

    def test_one_connection_carries_one_request_after_the_other(self, style: Style) -> None:
        with serving(well) as server, driving(style, server.url, connections=16) as driver:
            assert driver.run(ask(server.url, times=5)) == "well"
            assert driver.run(ask(server.url)) == "well"
            assert len(server.connections) == 1

    def test_a_server_that_closes_after_each_answer_is_connected_to_again(self, style: Style) -> None:
        with serving(well_and_closing) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, times=3)) == "well"
            assert len(server.connections) == 3


class TestFailures:
    @pytest.mark.parametrize(
        ("said", "failure"),
        [
            (b"", "RemoteProtocolError"),
            (b"HTTP/1.1 200", "RemoteProtocolError"),
            (b"this is no HTTP\r\n\r\n", "RemoteProtocolError"),
            (OK + b"Content-Length: 10\r\n\r\nwell", "RemoteProtocolError"),
            (CHUNKED + b"4\r\nwell\r\n", "RemoteProtocolError"),
            (OK + b"Content-Length: ten\r\n\r\nwell", "RemoteProtocolError"),
        ],
    )
    def test_an_answer_that_breaks_off_or_makes_no_sense_is_thrown(
        self, style: Style, said: bytes, failure: str
    ) -> None:
        with serving(saying(said), well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == failure
            assert driver.run(ask(server.url)) == "well"

    def test_a_server_that_sends_more_than_it_announced_is_not_used_again(self, style: Style) -> None:
        lying = saying(OK + b"Content-Length: 4\r\n\r\nwell, and more")
        with serving(lying, well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "well"
            server.wait_for_its_end()
            assert driver.run(ask(server.url)) == "well"
            assert len(server.connections) == 2

    @pytest.mark.parametrize("stalling", [no_headers, half_a_body])
    def test_a_server_that_stalls_is_a_read_time_out(self, style: Style, stalling: Callable[..., None]) -> None:
        with serving(stalling, well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, read=0.05)) == "ReadTimeout"
            assert driver.run(ask(server.url)) == "well"

    def test_a_body_that_drips_is_a_read_time_out_as_a_whole(self, style: Style) -> None:
        dripping = saying(OK + b"Content-Length: 1000\r\n\r\n", *[b"x"] * 1000, pause=0.005)
        with serving(dripping, well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url, read=0.02)) == "ReadTimeout"
            assert driver.run(ask(server.url)) == "well"

    def test_nobody_there_is_a_connect_error(self, style: Style, unused_port: int) -> None:
        url = f"http://127.0.0.1:{unused_port}"
        with driving(style, url) as driver:
            assert driver.run(ask(url, times=2)) == "ConnectError"


class TestSize:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bodies, "LARGEST", 1000)

    def test_as_much_as_may_be_is_read(self, style: Style) -> None:
        answer = saying(OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)
        with serving(answer) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "x" * 1000

    def test_what_is_announced_to_be_too_large_is_not_waited_for(self, style: Style) -> None:
        talk = Talk()
        with serving(saying(OK + b"Content-Length: 1001\r\n\r\n", pause=5), well) as server:
            with driving(style, server.url) as driver:
                assert driver.run(talk.ask(server.url)) == "TooLarge"
                assert driver.run(ask(server.url)) == "well"
            assert str(talk.heard[0]) == "1001 bytes are announced"

    def test_a_body_without_end_is_not_read_to_its_end(self, style: Style) -> None:
        endless = saying(CHUNKED, *[b"3e8\r\n" + b"x" * 1000 + b"\r\n"] * 100_000)

        with serving(endless, well) as server, driving(style, server.url) as driver:
            assert driver.run(ask(server.url)) == "TooLarge"
            assert driver.run(ask(server.url)) == "well"
            assert len(server.connections) == 2


class TestPauses:
    def test_a_pause_is_kept(self, style: Style) -> None:
        def pausing() -> Conversation[object]:
            began = time.monotonic()
            heard = yield Pause(0.02)
            return heard is None and time.monotonic() - began >= 0.02

        with driving(style, "http://localhost") as driver:
            assert driver.run(pausing()) is True


class TestClosing:
    def test_the_conversation_is_closed_whatever_happens(self, style: Style) -> None:
        talk = Talk()
        with driving(style, "http://localhost", httpx.MockTransport(refusing)) as driver:
            with pytest.raises(LookupError):
                driver.run(talk.ask("http://localhost"))
            assert talk.closed

    def test_what_a_conversation_raises_comes_out(self, style: Style) -> None:
        def raising() -> Conversation[None]:
            yield Pause(0.001)
            raise LookupError

        with driving(style, "http://localhost") as driver, pytest.raises(LookupError):
            driver.run(raising())

    def test_a_closed_driver_says_so_and_closes_the_conversation(self, style: Style) -> None:
        conversation = ask("http://localhost")
        with driving(style, "http://localhost") as driver:
            driver.close()
            with pytest.raises(RuntimeError, match="this client is closed"):
                driver.run(conversation)
        assert conversation.gi_frame is None  # type: ignore[attr-defined]  # it is a generator

    def test_a_given_transport_is_closed_once(self, style: Style) -> None:
        calls: list[str] = []
        with driving(style, "http://localhost", closed_transport(calls), connections=4) as driver:
            assert driver.run(ask("http://localhost", times=3)) == "well"
            assert calls == []
            driver.close()
        assert calls == ["close"]

    def test_a_given_transport_that_failed_is_not_closed(self, style: Style) -> None:
        calls: list[str] = []

        def answer(_: httpx.Request) -> httpx.Response:
            raise httpx.ReadError("gone")

        with driving(style, "http://localhost", closed_transport(calls, answer)) as driver:
            assert driver.run(ask("http://localhost", times=2)) == "ReadError"
            assert calls == []
