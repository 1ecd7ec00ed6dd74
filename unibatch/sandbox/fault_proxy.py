"""A TCP proxy that spoils answers on their way: connections cut or reset, half a head, half a body, silence.

The sandbox's own faults are answers of a vendor and the ends of connections between two answers. What happens to bytes
on their way is here, in front of the sandbox or of any other server that speaks plain HTTP on this machine:

    with unibatch.sandbox.serve() as sandbox, FaultProxy(sandbox.base_url("truedy")) as proxy:
        proxy.plan = lambda arrival: cut_off if arrival.number == 0 else None
        ...  # connect to proxy.url

A fault is a function; those here are examples of what can be done in a few lines.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import attrs

_BLOCK = 65_536
_LONGEST_SILENCE = 20.0


@attrs.frozen
class Arrival:
    """A request as it came in.

    Attributes:
        number: How many requests had come before it.
        before: How many requests had come before it with the same method and target.
        at: When it had come in whole (`time.monotonic`).
        connection: Which connection it came over, counted from 0.
        page: Which page of rows it asks for, from 0; -1 if it asks for none.
        method: The HTTP method.
        target: What is between the method and the version, as it came.
        head: The request line and the headers, as they came.
        body: The body.
    """

    number: int
    before: int
    at: float
    connection: int
    page: int
    method: str
    target: str
    head: bytes
    body: bytes


@attrs.frozen
class Reply:
    """The server's whole answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Fault: TypeAlias = Callable[["FaultProxy", socket.socket, Arrival], bool]
"""Spoils one answer: given the proxy, the client's connection and the request; says whether the connection is kept."""

Plan: TypeAlias = Callable[[Arrival], Fault | None]
"""The fault for a request; None for none."""


class FaultProxy:
    """Passes requests on to a server, and its answers back as the plan says.

    Attributes:
        plan: The fault for each request; ``None`` for no faults. May be changed at any time.
        latency: How many seconds an answer takes longer.
        arrivals: All requests, in the order in which they came.
        begun: How many connections were made.
        over: Set once the proxy is closed; faults that wait, wait for it.

    Args:
        upstream: The server's base URL, without TLS.
        page_size: How many rows the server has on a page, by which `Arrival.page` counts offsets.
    """

    def __init__(self, upstream: str, *, latency: float = 0.0, page_size: int = 100) -> None:
        address = urlsplit(upstream)
        self._upstream = (address.hostname or "127.0.0.1", address.port or 80)
        self._base = address.path
        self.plan: Plan | None = None
        self.latency = latency
        self.page_size = page_size
        self.arrivals: list[Arrival] = []
        self.begun = 0
        self.over = threading.Event()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._open: dict[socket.socket, socket.socket | None] = {}
        self._lock = threading.RLock()
        self._threads: list[threading.Thread] = []
        self._refusing = 0
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._port: int = self._listening.getsockname()[1]
        self.run(self._accept, self._listening)

    @property
    def url(self) -> str:
        """The base URL to connect to, with the path of the server's."""
        return f"http://127.0.0.1:{self._port}{self._base}"

    @property
    def open(self) -> int:
        """How many connections of clients are open."""
        with self._lock:
            return len(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Reset all connections, and wait until the proxy's threads are over. Closing twice does nothing."""
        self.over.set()
        with self._lock:
            self._stop_listening()
            for connection in self._open:
                reset(connection)
        for thread in self._threads:
            thread.join(5)

    # What faults use

    def fetch(self, connection: socket.socket, arrival: Arrival) -> Reply:
        """Let the server do what a request asks, and return its answer.

        Raises:
            ConnectionError: The server answered nothing.
        """
        with self._lock:
            upstream = self._open.get(connection)
        if upstream is None:
            upstream = socket.create_connection(self._upstream, timeout=_LONGEST_SILENCE)
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open[connection] = upstream
        upstream.sendall(arrival.head + b"\r\n\r\n" + arrival.body)
        found = _receive(upstream)
        if found is None:
            raise ConnectionError("the server answered nothing")
        head, body = found
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(_header(line) for line in lines)
        return Reply(int(line.split(" ")[1]), headers, body)

    def refuse_connections(self, seconds: float) -> None:
        """Refuse all connections for a while, and reset those that are open."""
        with self._lock:
            self._refusing += 1
            if self._refusing == 1:
                self._stop_listening()
            for connection in self._open:
                reset(connection)
        self.over.wait(seconds)
        with self._lock:
            self._refusing -= 1
            if not self._refusing and not self.over.is_set():
                self._listening = socket.create_server(("127.0.0.1", self._port), backlog=128)
                self.run(self._accept, self._listening)

    def run(self, work: Callable[..., None], *args: object) -> None:
        """Do something on a thread of its own, which `close` waits for."""
        thread = threading.Thread(target=work, args=args, name="fault-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    # How it works

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(_LONGEST_SILENCE)
                with self._lock:
                    self._open[connection] = None
                    number, self.begun = self.begun, self.begun + 1
                self.run(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                kept = True
                while kept and (arrival := self._read(connection, number)) is not None:
                    self.over.wait(self.latency)
                    fault = None if self.plan is None else self.plan(arrival)
                    kept = (fault or pass_on)(self, connection, arrival)
        finally:
            with self._lock:
                upstream = self._open.pop(connection)
            if upstream is not None:
                upstream.close()

    def _read(self, connection: socket.socket, number: int) -> Arrival | None:
        received = _receive(connection)
        if received is None:
            return None
        head, body = received
        method, target = head.decode("latin-1").split("\r\n")[0].split(" ")[:2]
        with self._lock:
            count, before = len(self.arrivals), self._seen[method, target]
            self._seen[method, target] += 1
            page = _page(target, self.page_size)
            arrival = Arrival(count, before, time.monotonic(), number, page, method, target, head, body)
            self.arrivals.append(arrival)
        return arrival


def _page(target: str, page_size: int) -> int:
    """Read the page from a query with an offset, with a page, or with a page of the contacts inside a campaign."""
    query = dict(parse_qsl(urlsplit(target).query))
    if query.get("contactsPageSize") == "1":  # asked for the campaign's own sake
        return -1
    number = query.get("contactsPage") or query.get("page")
    return int(query.get("offset", -1)) // page_size if number is None else int(number) - 1


def _receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Read one message with a length; None if the connection ends before."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(_BLOCK)
        if not more:
            return None
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    headers = dict(_header(line.decode("latin-1")) for line in head.split(b"\r\n")[1:])
    parts, missing = [body], int(headers.get("content-length", "0")) - len(body)
    while missing > 0:
        more = connection.recv(_BLOCK)
        if not more:
            return None
        parts.append(more)
        missing -= len(more)
    return head, b"".join(parts)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Write the status line and the headers of an answer."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Spoilt\r\n{lines}\r\n".encode("latin-1")


def message(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, *, length: int | None = None
) -> bytes:
    """Write an answer; its length is the body's, unless another one is given."""
    usual = {"content-type": "application/json", "content-length": str(len(body) if length is None else length)}
    return head(status, {**usual, **{name.lower(): value for name, value in (headers or {}).items()}}) + body


def reset(connection: socket.socket) -> None:
    """Break a connection so that the other side sees a reset and not an end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)


# Faults ---------------------------------------------------------------------------------------------------------------


def pass_on(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    """No fault: the server's answer."""
    reply = proxy.fetch(connection, arrival)
    connection.sendall(message(reply.body, reply.status, {**reply.headers, "content-length": str(len(reply.body))}))
    return True


def _keep(_: FaultProxy, __: socket.socket) -> bool:
    return True


def _end(_: FaultProxy, __: socket.socket) -> bool:
    return False


def _reset(proxy: FaultProxy, connection: socket.socket) -> bool:
    proxy.over.wait(0.01)  # so that the client reads what came before
    reset(connection)
    return False


def _be_silent(_: FaultProxy, connection: socket.socket) -> bool:
    while connection.recv(_BLOCK):
        pass
    return False


_Then: TypeAlias = Callable[[FaultProxy, socket.socket], bool]


def _instead(sent: bytes, then: _Then) -> Fault:
    """Return the fault that sends these bytes and does not ask the server."""

    def fault(proxy: FaultProxy, connection: socket.socket, _: Arrival) -> bool:
        connection.sendall(sent)
        return then(proxy, connection)

    return fault


def _spoiling(spoil: Callable[[bytes], bytes], then: _Then) -> Fault:
    """Return the fault that makes bytes of the body of the server's answer, and sends those."""

    def fault(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        connection.sendall(spoil(proxy.fetch(connection, arrival).body))
        return then(proxy, connection)

    return fault


def saying(status: int, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """Return the fault that answers this, and does not ask the server."""
    return _instead(message(body.encode() if isinstance(body, str) else body, status, headers), _keep)


def editing(edit: Callable[[Arrival, Any], Any]) -> Fault:
    """Return the fault that replaces the server's JSON answer; `edit` is given the request and the answer."""

    def fault(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        reply = proxy.fetch(connection, arrival)
        connection.sendall(message(json.dumps(edit(arrival, json.loads(reply.body))).encode(), reply.status))
        return True

    return fault


def refuse(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    """All connections break, and new ones are refused for a little while; the server is not asked."""
    del connection, arrival
    proxy.run(proxy.refuse_connections, 0.03)
    return False


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _chunk(body: bytes, sent: bytes) -> bytes:
    return head(200, {"Transfer-Encoding": "chunked"}) + f"{len(body):x}\r\n".encode() + sent


# The request is read, and the server is not asked.
reset_at_once = _instead(b"", _reset)
end_at_once = _instead(b"", _end)
end_in_headers = _instead(b"HTTP/1.1 200 OK\r\nContent-Le", _end)
no_http = _instead(b"220 mail.example ESMTP\r\n\r\n", _end)
damaged_gzip = saying(200, b"\x1f\x8b\x08\x00nonsense", {"Content-Encoding": "gzip"})
stall = _instead(b"", _be_silent)

# The server does the work, and its answer is spoilt on the way.
answer_and_end = _spoiling(message, _end)
cut_off = _spoiling(lambda body: message(_half(body), length=len(body)), _end)
reset_in_body = _spoiling(lambda body: message(_half(body), length=len(body)), _reset)
stall_in_body = _spoiling(lambda body: message(_half(body), length=len(body)), _be_silent)
cut_off_with_its_length = _spoiling(lambda body: message(_half(body)), _keep)
cut_off_without_length = _spoiling(lambda body: head(200, {"Connection": "close"}) + _half(body), _end)
chunks_cut_off = _spoiling(lambda body: _chunk(body, _half(body)), _end)
last_chunk_missing = _spoiling(lambda body: _chunk(body, body + b"\r\n"), _end)
too_short_a_length = _spoiling(lambda body: message(body, length=len(body) - 40), _keep)
"""The whole body, whose rest comes where the next answer should begin."""
