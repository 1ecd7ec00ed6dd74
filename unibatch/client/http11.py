"""HTTP/1.1 without a connection: what to send for a request, and answers as they arrive.

Answers are read by llhttp, the parser of Node.js (package ``httptools``). h11, with which httpcore reads them, is
written in Python and takes half the time of a request.
"""

from __future__ import annotations

import re

import httptools

from unibatch.client.transport import httpcore

_NAME = rb"[!#-'*+.0-9A-Z^_`a-z|~-]+"
_VALUE = rb"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?"
_is_head = re.compile(rb"[A-Z]+ [!-~]+ HTTP/1\.1\r\n(?:%b: %b\r\n)+\r\n" % (_NAME, _VALUE)).fullmatch

_MOST_BESIDES = 100 * 1024
"""How many bytes may arrive one after the other that belong to no body: headers, trailers, and sizes of chunks."""

_INFORMATIONAL = range(100, 200)
_SWITCHING_PROTOCOLS = 101


def to_send(request: httpcore.Request, content: bytes) -> bytes:
    """A request as it goes over the wire.

    Args:
        request: The request, with all headers that it needs: ``Host``, and ``Content-Length`` if it has content.
        content: Its body.

    Raises:
        LocalProtocolError: The request has a header or a URL that HTTP does not allow.
    """
    lines = [b"%b: %b\r\n" % header for header in request.headers]
    head = b"%b %b HTTP/1.1\r\n%b\r\n" % (request.method, request.url.target, b"".join(lines))
    if not _is_head(head):
        raise httpcore.LocalProtocolError("the URL or a header of the request has a character that HTTP does not allow")
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
        self._ends_with_connection = True
        self._besides = 0
        self._parser = httptools.HttpResponseParser(self)

    def take(self, data: bytes) -> None:
        """Take in what has arrived; nothing if the server has closed the connection.

        Raises:
            RemoteProtocolError: It is not HTTP, or not complete at its end.
        """
        if not data:
            self._end()
            return
        before = len(self.pieces)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self.is_last = True
            if not self.is_complete:
                raise httpcore.RemoteProtocolError(f"the answer is not HTTP: {exc}") from exc
        self._besides = self._besides + len(data) if len(self.pieces) == before else 0
        if self._besides > _MOST_BESIDES and not self.is_complete:
            raise httpcore.RemoteProtocolError(f"more than {_MOST_BESIDES} bytes of headers")

    def _end(self) -> None:
        self.is_last = True
        if not self.status:
            raise httpcore.RemoteProtocolError("the server disconnected without sending an answer")
        if not self._ends_with_connection:
            raise httpcore.RemoteProtocolError("the server disconnected before the end of its answer")
        self.is_complete = True

    def fetch(self) -> bytes:
        """What has arrived of the body since the last call."""
        pieces, self.pieces = self.pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    # Called by the parser:

    def on_message_begin(self) -> None:
        """Something begins; behind an answer that is complete, nothing was asked for."""
        self.is_last = self.is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or, behind the body, a trailer, which nobody needs."""
        if not self.status:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """All headers are there."""
        if self.is_complete:
            return
        status = self._parser.get_status_code()
        if status in _INFORMATIONAL and status != _SWITCHING_PROTOCOLS:
            self.headers.clear()
            return
        self.status = status
        for name, value in self.headers:
            key = name.lower()
            if key == b"content-length" or (key == b"transfer-encoding" and b"chunked" in value.lower()):
                self._ends_with_connection = False

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        if not self.is_complete:
            self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """The answer is complete, unless it was only one before the real one."""
        if self.status:
            self.is_complete = True
            self.is_last = self.is_last or not self._parser.should_keep_alive()
