"""What is sent for a request, and how answers are read: in whatever pieces they arrive, and however odd they are."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibatch.client import http11
from unibatch.client.http11 import Answer, to_send
from unibatch.client.transport import httpx

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 4\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"3;a=b\r\nwel\r\n1\r\nl\r\n0\r\nTrailer: x\r\n\r\n"

BY_LENGTH = OK + LENGTH + b"Retry-After: 3 \r\n\r\nwell"
IN_CHUNKS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + CHUNKED + b"X-Empty:\r\n\r\n" + CHUNKS
TO_THE_END = OK + b"Content-Type: text/plain\r\n\r\nwell"


@attrs.frozen
class Read:
    """What was read of an answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    is_complete: bool
    is_last: bool


def read(pieces: Iterable[bytes]) -> Read:
    """Read as a connection does: no further once the answer is complete."""
    answer, body = Answer(), b""
    for piece in pieces:
        answer.take(piece)
        body += answer.fetch()
        if answer.is_complete:
            break
    return Read(answer.status, answer.headers, body, answer.is_complete, answer.is_last)


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


class TestPieces:
    @pytest.mark.parametrize("data", [BY_LENGTH, IN_CHUNKS], ids=["length", "chunks"])
    def test_every_split_of_an_answer_gives_the_same(self, data: bytes) -> None:
        at_once = read([data])
        assert (at_once.status, at_once.body, at_once.is_complete, at_once.is_last) == (200, b"well", True, False)
        assert read(one_by_one(data)) == at_once
        for cut in range(1, len(data)):
            assert read([data[:cut], data[cut:]]) == at_once

    @given(st.lists(st.integers(0, len(IN_CHUNKS)), max_size=12).map(sorted))
    def test_any_pieces_give_the_same(self, cuts: list[int]) -> None:
        pieces = [IN_CHUNKS[start:end] for start, end in zip([0, *cuts], [*cuts, len(IN_CHUNKS)], strict=True)]
        assert read(piece for piece in pieces if piece) == read([IN_CHUNKS])

    @pytest.mark.parametrize("data", [BY_LENGTH, IN_CHUNKS], ids=["length", "chunks"])
    def test_an_answer_that_ends_early_is_never_complete(self, data: bytes) -> None:
        for end in range(len(data)):
            with pytest.raises(httpx.RemoteProtocolError, match="the server disconnected"):
                read([*one_by_one(data[:end]), b""])

    def test_an_answer_without_length_ends_with_the_connection(self) -> None:
        head = len(TO_THE_END) - len(b"well")
        for end in range(head):
            with pytest.raises(httpx.RemoteProtocolError, match="the server disconnected"):
                read([*one_by_one(TO_THE_END[:end]), b""])
        for end in range(head, len(TO_THE_END) + 1):
            assert not read([TO_THE_END[:end]]).is_complete
            complete = read([TO_THE_END[:end], b""])
            assert (complete.body, complete.is_complete, complete.is_last) == (TO_THE_END[head:end], True, True)


class TestTheNextRequest:
    """Which answers leave a connection that can carry another request."""

    @pytest.mark.parametrize("behind", [BY_LENGTH, b"HTTP/1.1 408 Timeout\r\n\r\n", b"H", b"more", b"\0"])
    @pytest.mark.parametrize("data", [BY_LENGTH, IN_CHUNKS, b"HTTP/1.1 204 No Content\r\n\r\n"])
    def test_what_comes_behind_an_answer_ends_the_connection(self, data: bytes, behind: bytes) -> None:
        alone, followed = read([data]), read([data + behind])
        assert followed == attrs.evolve(alone, is_last=True)

    @pytest.mark.parametrize(
        ("data", "is_last"),
        [
            (OK + LENGTH + b"\r\nwell\r\n", False),  # an empty line too many, which old servers send
            (OK + LENGTH + b"Connection: close\r\n\r\nwell", True),
            (b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\nwell", True),
            (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + LENGTH + b"\r\nwell", False),
            (OK + LENGTH + b"Upgrade: h2,h2c\r\nConnection: Upgrade, Keep-Alive\r\n\r\nwell", False),  # as Apache does
        ],
    )
    def test_the_server_says_whether_it_stays(self, data: bytes, *, is_last: bool) -> None:
        assert (read([data]).body, read([data]).is_last) == (b"well", is_last)


@pytest.mark.parametrize(
    "informational",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
        b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 100 Continue\r\n\r\n",
    ],
)
def test_an_informational_answer_is_not_the_answer(informational: bytes) -> None:
    assert read([informational + BY_LENGTH]) == read([BY_LENGTH])


def test_the_real_answer_may_come_a_while_after_a_careless_informational_one() -> None:
    informational = b"HTTP/1.1 103 Early Hints\r\n" + LENGTH + LENGTH + b"\r\n"
    for pieces in ([informational, BY_LENGTH], one_by_one(informational + BY_LENGTH)):
        assert read(pieces) == attrs.evolve(read([BY_LENGTH]), is_last=True)


class TestOddAnswers:
    @pytest.mark.parametrize(
        ("data", "is_last"),
        [
            (BY_LENGTH.replace(b"\r\n", b"\n"), False),
            (OK + CHUNKED + b"\r\n4  \r\nwell\r\n0 \r\n\r\n", False),
            (b"HTTP/1.1 200\r\n" + LENGTH + b"\r\nwell", False),
            (OK + b"X-Long: one\r\n two\r\n" + LENGTH + b"\r\nwell", True),
            (OK + LENGTH + LENGTH + b"\r\nwell", True),
            (OK + b"content-length: 4, 4\r\nContent-Length: 4\r\n\r\nwell", True),
            (OK + LENGTH + CHUNKED + b"\r\n" + CHUNKS, True),
            (OK + CHUNKED + b"Content-Length: 2\r\n\r\n" + CHUNKS, True),
            (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"X-Long: one\r\n\ttwo\r\n" + LENGTH + LENGTH + b"\r\nwell", True),
        ],
    )
    def test_careless_servers_are_understood(self, data: bytes, *, is_last: bool) -> None:
        answer = read([data])
        assert (answer.status, answer.body, answer.is_complete, answer.is_last) == (200, b"well", True, is_last)
        assert read(one_by_one(data)) == answer

    def test_headers_that_drip_are_not_searched_again_for_each_drop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        searched, match = list[bytes](), http11._match_informational

        def noting(arrived: bytes) -> re.Match[bytes] | None:
            searched.append(arrived)
            return match(arrived)

        monkeypatch.setattr(http11, "_match_informational", noting)
        data = OK + LENGTH + LENGTH + b"X-Header: x\r\n" * 1000 + b"\r\nwell"
        assert read(one_by_one(data)).body == b"well"
        assert len(searched) == 2

    def test_a_header_may_go_on_in_the_next_line(self) -> None:
        data = OK + b"X-Long: one\r\n two\r\n" + LENGTH + b"\r\nwell"
        assert read([data]).headers == [(b"X-Long", b"one two"), (b"Content-Length", b"4")]

    @pytest.mark.parametrize(
        "data",
        [
            OK + LENGTH + b"Content-Length: 5\r\n\r\nsecret",
            OK + b"Content-Length: 4, 5\r\n\r\nsecret",
            OK + b"Content-Length: -4\r\n\r\nsecret",
            OK + b"Content-Length: +4\r\n\r\nsecret",
            OK + b"Content-Length : 4\r\n\r\nsecret",
            OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n6\r\nsecret\r\n0\r\n\r\n",
            OK + b"Transfer-Encoding: identity\r\n\r\nsecret",
            OK + CHUNKED + CHUNKED + b"\r\n6\r\nsecret\r\n0\r\n\r\n",
            OK + CHUNKED + b"\r\nsecret\r\n",
            OK + CHUNKED + b"\r\n-6\r\nsecret\r\n0\r\n\r\n",
            OK + CHUNKED + b"\r\nfffffffffffffffff\r\nsecret",
            OK + b" secret: first\r\n" + LENGTH + b"\r\nwell",
            OK + b"secret: a\0b\r\n" + LENGTH + b"\r\nwell",
            OK + b"secret: a\r" + LENGTH + b"\r\nwell",
            OK + b"secret\r\n" + LENGTH + b"\r\nwell",
            b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"secret: a\0b\r\n one\r\n" + LENGTH + b"\r\nwell",
            b"HTTP/1.1 000 secret\r\n\r\n",
            b"HTTP/1.1 099 secret\r\n\r\n",
            b"HTTP/1.1 1000 secret\r\n\r\n",
            b"HTTP/1.1 101 secret\r\nConnection: upgrade\r\nUpgrade: secret\r\n\r\n",
            b"secret",
            b"SSH-2.0-secret\r\n",
            b"\x15\x03\x01\x00\x02\x02\x46secret",
        ],
    )
    @pytest.mark.parametrize("is_in_pieces", [False, True])
    def test_what_could_be_read_in_two_ways_is_refused_and_not_quoted(self, data: bytes, *, is_in_pieces: bool) -> None:
        with pytest.raises(httpx.RemoteProtocolError, match=r"\Athe answer ") as caught:
            read(one_by_one(data) if is_in_pieces else [data])
        shown = [str(link) for link in (caught.value, caught.value.__cause__, caught.value.__context__)]
        assert "secret" not in "".join(shown)

    @pytest.mark.parametrize(
        ("head", "again"),
        [
            (OK, b"X-Header: x\r\n"),
            (OK + b"X-Header: ", b"x" * 1000),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (b"", b"\r\n" * 1000),
            (OK + CHUNKED + b"\r\n4;", b"x" * 1000),
            (OK + CHUNKED + b"\r\n4\r\nwell\r\n0\r\n", b"X-Trailer: x\r\n"),
            (OK + LENGTH + LENGTH, b"X-Header: x\r\n"),
        ],
        ids=["headers", "header", "informational", "lines", "extension", "trailers", "careless"],
    )
    def test_what_belongs_to_no_body_has_an_end(self, head: bytes, again: bytes) -> None:
        def arriving() -> Iterable[bytes]:
            yield from filter(None, [head])
            for _ in range(200_000 // len(again)):
                yield again

        with pytest.raises(httpx.RemoteProtocolError):
            read(arriving())


class Interrupted(BaseException):
    """Stands for a KeyboardInterrupt, which may strike in any line."""


@pytest.mark.parametrize("method", ["on_header", "on_body", "on_headers_complete", "on_message_complete"])
def test_an_interrupt_is_no_error_of_the_answer(monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    def interrupted(*_: object) -> None:
        raise Interrupted

    monkeypatch.setattr(Answer, method, interrupted)
    with pytest.raises(Interrupted):
        read([BY_LENGTH])
    try:
        int("an error that the application is just handling")
    except ValueError:
        with pytest.raises(KeyboardInterrupt):
            read([BY_LENGTH])


class TestToSend:
    def sent(
        self, name: bytes = b"X-Name", value: bytes = b"value", target: bytes = b"/a?b=c", content: bytes = b""
    ) -> bytes:
        return to_send("POST", target, [(b"Host", b"localhost"), (name, value)], content)

    def test_a_request(self) -> None:
        sent = self.sent(value=b"", content=b"{}")
        assert sent == b"POST /a?b=c HTTP/1.1\r\nHost: localhost\r\nX-Name: \r\n\r\n{}"

    @pytest.mark.parametrize(
        "request_",
        [
            {"value": b"a\r\nX-Other: b"},
            {"value": b"a\nX-Other: b"},
            {"value": b"a\0"},
            {"value": b"a "},
            {"value": b" a"},
            {"name": b"X-Name: a\r\nX-Other"},
            {"name": b"X Name"},
            {"name": b""},
            {"target": b"/a b"},
            {"target": b"/a\r\nX-Other: b"},
            {"target": b"/a HTTP/1.1\r\nX-Other: b"},
            {"target": b"/\xe9"},
            {"target": b""},
        ],
    )
    def test_nothing_can_be_smuggled_into_it(self, request_: dict[str, bytes]) -> None:
        with pytest.raises(httpx.LocalProtocolError) as caught:
            self.sent(**request_)
        assert "Other" not in "".join(traceback.format_exception_only(caught.value))
