"""HTTP/1.1 without a connection: what to send for a request, and answers as they arrive.

Answers are read by llhttp, the parser of Node.js (package ``httptools``). h11, with which httpcore reads them, is
written in Python and takes half the time of a request.

Some servers and proxies are careless, and are read as curl and browsers read them: a line may end with LF alone, spaces
may follow the size of a chunk, a header may go on in the next line, the same length may be given twice, and a length
beside chunks is ignored. After the last three, which others may read in another way, the connection is not used again.
Where two lengths differ, or any transfer encoding but ``chunked`` is named, nothing is read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

import httptools

from unibatch.client.transport import httpx

_NAME = rb"[!#-'*+.0-9A-Z^_`a-z|~-]+"
_VALUE = rb"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?"
_is_head = re.compile(rb"[A-Z]+ [!-~]+ HTTP/1\.1\r\n(?:%b: %b\r\n)+\r\n" % (_NAME, _VALUE)).fullmatch

_MOST_BESIDES = 100 * 1024
"""How many bytes may arrive one after the other that belong to no body: headers, trailers, and sizes of chunks."""

_INFORMATIONAL, _FINAL = 100, 200
_SWITCHING_PROTOCOLS = 101

_match_informational = re.compile(
    rb"(?:HTTP/1\.[01] 1\d\d(?: [^\r\n\0]*)?\r?\n(?:[^\s:]+:[^\r\n\0]*\r?\n)*\r?\n)*"
).match
_LENGTH = re.compile(rb"^Content-Length:([^\r\n]*)\r?\n(?![\t ])", re.IGNORECASE | re.MULTILINE)
_is_beyond_mending = re.compile(rb"\0|\r(?!\n)|\A[^\n]*\n[\t ]|\n[^\s:]+[\t ]").search
"""NUL, CR alone, space before the first header or in the name of one: readers differ too much on these."""


def to_send(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], content: bytes) -> bytes:
    """A request as it goes over the wire.

    Args:
        method: Its method.
        target: Path and query of its URL.
        headers: All headers that it needs: ``Host``, and ``Content-Length`` if it has content.
        content: Its body.

    Raises:
        LocalProtocolError: The request has a header or a URL that HTTP does not allow.
    """
    lines = [b"%b: %b\r\n" % header for header in headers]
    head = b"%b %b HTTP/1.1\r\n%b\r\n" % (method.encode("ascii"), target, b"".join(lines))
    if not _is_head(head) or head.count(b"\n") != len(lines) + 2:
        raise httpx.LocalProtocolError("the URL or a header of the request has a character that HTTP does not allow")
    return head + content


class Answer:
    """One answer while it arrives.

    Attributes:
        status: Its status code; 0 until all of its headers are there.
        headers: Its headers.
        pieces: What has arrived of its body and was not fetched yet.
        is_complete: Nothing more belongs to it.
        is_last: The connection can carry no other request after it.
    """

    def __init__(self) -> None:
        """Nothing has arrived yet."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.is_complete = False
        self.is_last = False
        self._head = b""  # what has arrived before the end of its headers
        self._besides = 0
        self._is_ambiguous = False
        self._waits_for_headers = False
        self._ends_with_connection = True
        self._refusal = ""
        self._parser = self._new_parser()

    def take(self, data: bytes) -> None:
        """Take in what has arrived; nothing if the server has closed the connection.

        Raises:
            RemoteProtocolError: It is not HTTP, or not complete at its end.
        """
        if not data:
            self._end()
            return
        before = len(self.pieces)
        if not self.status:
            self._head += data
        try:
            self._feed(data)
        except httptools.HttpParserError as exc:
            self.is_last = True
            if not self.status:
                self._read_again(exc, len(data))
            elif not self.is_complete:
                raise _not_http(exc) from exc
        if self._refusal:
            raise httpx.RemoteProtocolError(self._refusal)
        if self.status:
            self._head = b""
        self._besides = self._besides + len(data) if len(self.pieces) == before else 0
        if self._besides > _MOST_BESIDES and not self.is_complete:
            raise httpx.RemoteProtocolError(f"the answer has more than {_MOST_BESIDES} bytes of headers")

    def fetch(self) -> bytes:
        """What has arrived of the body since the last call."""
        pieces, self.pieces = self.pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _end(self) -> None:
        self.is_last = True
        if not self.status:
            what = "in the middle of its headers" if self._head else "without sending an answer"
            raise httpx.RemoteProtocolError(f"the server disconnected {what}")
        if not self._ends_with_connection:
            raise httpx.RemoteProtocolError("the server disconnected before the end of its answer")
        self.is_complete = True

    def _new_parser(self, *, lenient_headers: bool = False) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=lenient_headers,
            lenient_chunked_length=True,
            lenient_version=True,
            lenient_keep_alive=True,  # the real answer may follow an informational one that says "close"
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        return parser

    def _feed(self, data: bytes) -> None:
        handled = sys.exception()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_last = True
        except httptools.HttpParserCallbackError as exc:
            # A signal's handler has raised in one of the methods below. If the application is just handling an error,
            # the parser loses what was raised.
            raised = exc.__context__
            raise KeyboardInterrupt if raised is None or raised is handled else raised from None

    def _read_again(self, reason: httptools.HttpParserError, size: int) -> None:
        """Read the headers as those of a careless server, when all of them are there.

        Args:
            reason: Why they cannot be read otherwise.
            size: How many bytes of them have just arrived.

        Raises:
            RemoteProtocolError: They cannot be read that way either, for this reason.
        """
        arrived = self._head
        if self._waits_for_headers and not _has_end(arrived[-size - 2 :]):
            return  # a server may send them byte by byte
        if informational := _match_informational(arrived):
            arrived = arrived[informational.end() :]
        end = min([at + len(line) for line in (b"\n\r\n", b"\n\n") if (at := arrived.find(line)) >= 0], default=0)
        if self._is_ambiguous or not _begins_answer(arrived) or (end or len(arrived)) > _MOST_BESIDES:
            raise _not_http(reason) from reason
        if not end:
            self._waits_for_headers = True
            return
        head, rest = arrived[:end], arrived[end:]
        if _is_beyond_mending(head):
            raise _not_http(reason) from reason
        self._is_ambiguous = True
        self.headers.clear()
        self._parser = self._new_parser(lenient_headers=True)
        try:
            self._feed(_with_one_length(head) + rest)
        except httptools.HttpParserError as exc:
            if not self.is_complete:
                raise _not_http(exc) from exc

    # Called by the parser:

    def on_message_begin(self) -> None:
        """Something begins; behind an answer that is complete, nothing was asked for."""
        self.is_last = self.is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or, behind the body, a trailer, which nobody needs."""
        if not self.status:
            self.headers.append((name, value.rstrip(b"\t ")))

    def on_headers_complete(self) -> None:
        """All headers are there."""
        if self.is_complete:
            return
        status = self._parser.get_status_code()
        if status < _FINAL:
            if status < _INFORMATIONAL or status == _SWITCHING_PROTOCOLS:
                self._refusal = f"the answer has the status code {status:03}, which answers no request of this client"
            self.headers.clear()
            return
        self.status = status
        codings = 0
        for name, value in self.headers:
            key = name.lower()
            if key == b"content-length":
                self._ends_with_connection = False
            elif key == b"transfer-encoding":
                codings += 1
                if codings > 1 or value.lower() != b"chunked":
                    self._refusal = "the answer has a transfer encoding that was not asked for"
        if codings:
            if not self._ends_with_connection or self._parser.get_http_version() != "1.1":
                self._is_ambiguous = True
            self._ends_with_connection = False

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        if not self.is_complete:
            self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """The answer is complete, unless it was only one before the real one."""
        if self.status and not self.is_complete:
            self.is_complete = True
            self.is_last = self._is_ambiguous or not self._parser.should_keep_alive()


def _has_end(arrived: bytes) -> bool:
    return b"\n\r\n" in arrived or b"\n\n" in arrived


def _begins_answer(arrived: bytes) -> bool:
    """Whether it can be the beginning of an answer; behind an informational one, there may be nothing yet."""
    return b"HTTP/1.".startswith(arrived[:7])


def _not_http(reason: httptools.HttpParserError) -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError(f"the answer cannot be read as HTTP (llhttp: {reason})")


def _with_one_length(head: bytes) -> bytes:
    """Headers in which a length that is repeated is given once; llhttp refuses it even if it is the same."""
    first, *others = [length.strip() for value in _LENGTH.findall(head) for length in value.split(b",")] or [b""]
    if not others or not first.isdigit() or set(others) != {first}:
        return head
    start, headers = head.split(b"\n", 1)
    return b"%b\nContent-Length: %b\r\n%b" % (start, first, _LENGTH.sub(b"", headers))
