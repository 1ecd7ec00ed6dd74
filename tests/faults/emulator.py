"""A server on loopback that answers like the vendors do, written against bare sockets, and goes wrong as it is told to.

It shares nothing with the package but the vendors' documents.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

BASE = {"truedy": "/api/public/v1", "techladder": "/api/v1/public", "talkifai": ""}
"""What stands in front of every path of a vendor."""


@attrs.frozen
class Arrival:
    """A request as it came in.

    Attributes:
        number: How many requests had come before it.
        at: When it had come in whole (`time.monotonic`).
        connection: Which connection it came over, counted from 0.
        method: The HTTP method.
        target: What stands between the method and the version, as it came.
        head: The request line and the headers, as they came.
        body: The body.
        page: Which page of contacts is asked for, from 0; -1 if none is.
        before: How many requests had come before it with the same method and target.
    """

    number: int
    at: float
    connection: int
    method: str
    target: str
    head: bytes
    body: bytes
    page: int
    before: int


class Fault(Protocol):
    """Goes wrong with one request; says whether the connection is kept."""

    def __call__(self, emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool: ...


Plan: TypeAlias = Callable[[Arrival], Fault | None]
"""What goes wrong with a request; ``None`` for nothing."""

Headers: TypeAlias = Mapping[str, str]


def no_fault(_: Arrival) -> Fault | None:
    return None


class Emulator:
    """One vendor with one campaign.

    Attributes:
        ids: The ids of the campaign's contacts. May be changed at any time.
        size: The most contacts on a page, whatever the client asks for.
        latency: How long an answer takes, in seconds.
        plan: What goes wrong.
        limiter: What refuses requests that come too fast, if anything.
        doctor: Changes an answer before it is sent.
        arrivals: All requests, in the order in which they came.
        begun: How many connections were made.
        writes: The bodies of the writes that were carried out.
    """

    def __init__(
        self,
        vendor: str,
        contacts: int = 0,
        *,
        size: int = 5,
        latency: float = 0.0,
        plan: Plan = no_fault,
        limiter: Limiter | None = None,
    ) -> None:
        self.vendor = vendor
        self.ids = [f"c{number:05}" for number in range(contacts)]
        self.size = size
        self.latency = latency
        self.plan = plan
        self.limiter = limiter
        self.doctor: Callable[[Arrival, Any], Any] = lambda _, answer: answer
        self.status = "running"
        self.arrivals: list[Arrival] = []
        self.begun = 0
        self.writes: list[bytes] = []
        self.over = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._threads: list[threading.Thread] = []
        self._refusing = 0
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE[self.vendor]}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._open)

    def refuse_connections(self, seconds: float) -> None:
        """Refuse all connections for a while, and break those that are open."""
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
                self._listening = socket.create_server(("127.0.0.1", self.port), backlog=128)
                self._listen()

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def close(self) -> None:
        self.over.set()
        with self._lock:
            self._stop_listening()
            for connection in self._open:
                reset(connection)
        for thread in self._threads:
            thread.join(5)

    def run(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, name="emulator", daemon=True)
        self._threads.append(thread)
        thread.start()

    def answer(self, arrival: Arrival) -> Any:
        """What the vendor would say if all were well."""
        path, _, query = arrival.target.partition("?")
        asked = dict(parse_qsl(query))
        if arrival.method != "GET":
            self.writes.append(arrival.body)
            return {"data": {"id": "made"}}
        if arrival.page >= 0:
            return self.doctor(arrival, self.contacts(asked))
        campaign = unquote(path.rsplit("/", 1)[-1])
        return self.doctor(arrival, self.campaign(campaign))

    def campaign(self, name: str) -> Any:
        if self.vendor == "truedy":
            return {"data": {"id": name, "status": self.status}, "meta": {"request_id": "r", "ts": "now"}}
        if self.vendor == "techladder":
            return {"status_code": 200, "message": "ok", "error": None, "data": {"schedule_id": name}}
        return {"id": name, "status": self.status, "contacts": [], "contactsTotal": len(self.ids)}

    def contacts(self, asked: Mapping[str, str]) -> Any:
        begin = self._begin(asked)
        ids = self.ids[begin : begin + self.size]
        total = len(self.ids)
        more = begin + self.size < total
        if self.vendor == "truedy":
            rows = [{"contact_id": name, "phone_number": "+12125550123", "call_status": "pending"} for name in ids]
            paging = {"total": total, "limit": self.size, "offset": begin, "has_more": more}
            return {"data": rows, "meta": {"request_id": "r", "ts": "now"}, "pagination": paging}
        if self.vendor == "techladder":
            rows = [{"call_id": name, "phone_number": "12125550123", "status": "pending"} for name in ids]
            page = {"items": rows, "total": total, "page": 1 + begin // self.size, "limit": self.size, "has_more": more}
            return {"status_code": 200, "message": "ok", "error": None, "data": page}
        rows = [{"id": name, "phoneNumber": "+12125550123", "status": "pending"} for name in ids]
        return {"id": "job", "status": self.status, "contacts": rows, "contactsTotal": total, "contactsHasMore": more}

    def _begin(self, asked: Mapping[str, str]) -> int:
        if self.vendor == "truedy":
            return int(asked.get("offset", 0))
        number = asked.get("page" if self.vendor == "techladder" else "contactsPage", "1")
        return (int(number) - 1) * self.size

    def page_of(self, target: str) -> int:
        """Which page of contacts this asks for, from 0; -1 if none."""
        path, _, query = target.partition("?")
        asked = dict(parse_qsl(query))
        listed = {
            "truedy": path.endswith("/contacts"),
            "techladder": path.endswith("/calls"),
            "talkifai": asked.get("contactsPageSize", "1") != "1",
        }[self.vendor]
        return self._begin(asked) // self.size if listed else -1

    def _listen(self) -> None:
        self.run(self._accept, self._listening)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(20)
                with self._lock:
                    self._open.add(connection)
                    number, self.begun = self.begun, self.begun + 1
                self.run(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                while (arrival := self._read(connection, number)) is not None and self._respond(connection, arrival):
                    pass
        finally:
            with self._lock:
                self._open.discard(connection)

    def _respond(self, connection: socket.socket, arrival: Arrival) -> bool:
        refusal = self.limiter.judge(arrival) if self.limiter else None
        if self.latency:
            self.over.wait(self.latency)
        fault = refusal or self.plan(arrival)
        if fault is not None:
            return fault(self, connection, arrival)
        told = self.limiter.headers() if self.limiter else {}
        connection.sendall(message(self.body(arrival), headers=told))
        return True

    def body(self, arrival: Arrival) -> bytes:
        answer = self.answer(arrival)
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def _read(self, connection: socket.socket, number: int) -> Arrival | None:
        received = b""
        while b"\r\n\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                return None
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            body += connection.recv(65536)
        method, target = head.decode("latin-1").split("\r\n")[0].split(" ")[:2]
        with self._lock:
            seen = self._seen[method, target]
            self._seen[method, target] += 1
            arrival = Arrival(
                number=len(self.arrivals),
                at=time.monotonic(),
                connection=number,
                method=method,
                target=target,
                head=head,
                body=body,
                page=self.page_of(target),
                before=seen,
            )
            self.arrivals.append(arrival)
        return arrival


def message(body: bytes, status: int = 200, headers: Headers | None = None, *, length: int | None = None) -> bytes:
    """An answer with a length."""
    said = {"Content-Type": "application/json", "Content-Length": str(len(body) if length is None else length)}
    return head(status, {**said, **(headers or {})}) + body


def head(status: int, headers: Headers) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode("latin-1")


def reset(connection: socket.socket) -> None:
    """Break a connection so that the other side sees a reset and not an end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)


# What goes wrong on the way ------------------------------------------------------------------------------------------


def reset_at_once(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The request is read, and the connection breaks."""
    del emulator, arrival
    reset(connection)
    return False


def end_at_once(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The request is read, and the connection ends."""
    del emulator, connection, arrival
    return False


def end_in_headers(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    del emulator, arrival
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    return False


def reset_in_body(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    body = emulator.body(arrival)
    connection.sendall(message(body[: len(body) // 2], length=len(body)))
    emulator.over.wait(0.01)
    reset(connection)
    return False


def cut_off(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """Half a body, and the length of the whole one."""
    body = emulator.body(arrival)
    connection.sendall(message(body[: len(body) // 2], length=len(body)))
    return False


def cut_off_with_its_length(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """Half a body, and the length of that half: somebody on the way cut it."""
    body = emulator.body(arrival)
    connection.sendall(message(body[: len(body) // 2]))
    return True


def cut_off_without_length(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """Half a body that ends with the connection."""
    body = emulator.body(arrival)
    connection.sendall(head(200, {"Connection": "close"}) + body[: len(body) // 2])
    return False


def cut_off_between_rows(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """A body that ends with the connection, cut where an object inside of it happens to end."""
    body = emulator.body(arrival)
    connection.sendall(head(200, {"Connection": "close"}) + body[: body.index(b"}") + 1])
    return False


def cut_off_before_its_first_byte(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """A body that ends with the connection, of which nothing came."""
    del emulator, arrival
    connection.sendall(head(200, {"Connection": "close", "Content-Type": "application/json"}))
    return False


def chunks_cut_off(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """A chunk without its end."""
    body = emulator.body(arrival)
    said = head(200, {"Transfer-Encoding": "chunked"}) + f"{len(body):x}\r\n".encode()
    connection.sendall(said + body[: len(body) // 2])
    return False


def last_chunk_missing(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """All of the body, and nothing that says so."""
    body = emulator.body(arrival)
    connection.sendall(head(200, {"Transfer-Encoding": "chunked"}) + f"{len(body):x}\r\n".encode() + body + b"\r\n")
    return False


def damaged_gzip(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    del emulator, arrival
    connection.sendall(message(b"\x1f\x8b\x08\x00nonsense", headers={"Content-Encoding": "gzip"}))
    return True


def no_http(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    del emulator, arrival
    connection.sendall(b"220 mail.example ESMTP\r\n\r\n")
    return False


def too_short_a_length(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """A whole body with too small a length, so that its rest stands where the next answer begins."""
    body = emulator.body(arrival)
    connection.sendall(message(body, length=len(body) - 40))
    return True


def stall(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """Say nothing for ever."""
    del emulator, arrival
    while connection.recv(4096):
        pass
    return False


def stall_in_body(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    body = emulator.body(arrival)
    connection.sendall(message(body[: len(body) // 2], length=len(body)))
    return stall(emulator, connection, arrival)


def refuse(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """Break all connections, and refuse new ones for a little while."""
    del connection, arrival
    emulator.run(emulator.refuse_connections, 0.03)
    return False


def saying(status: int, body: bytes | str = b"", headers: Headers | None = None) -> Fault:
    """Answer this."""
    content = body.encode() if isinstance(body, str) else body

    def fault(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
        del emulator, arrival
        connection.sendall(message(content, status, headers))
        return True

    return fault


# Plans ---------------------------------------------------------------------------------------------------------------


def on_page(page: int, *faults: Fault) -> Plan:
    """These faults one after the other on this page, and then none."""
    return lambda arrival: faults[arrival.before] if arrival.page == page and arrival.before < len(faults) else None


def always_on_page(page: int, fault: Fault) -> Plan:
    return lambda arrival: fault if arrival.page == page else None


def scripted(faults: Mapping[int, Sequence[Fault]]) -> Plan:
    """For each page, its faults one after the other."""

    def plan(arrival: Arrival) -> Fault | None:
        coming = faults.get(arrival.page, ())
        return coming[arrival.before] if arrival.before < len(coming) else None

    return plan


# Limits --------------------------------------------------------------------------------------------------------------


class Limiter:
    """Refuses requests that come too fast.

    Attributes:
        refused: How many it has refused.
    """

    def __init__(self, limit: int, window: float, *, sliding: bool = False, told: bool = True) -> None:
        """Accept ``limit`` requests in any ``window`` seconds, and tell of it in headers if ``told``."""
        self.refused = 0
        self._limit = limit
        self._window = window
        self._sliding = sliding
        self._told = told
        self._lock = threading.Lock()
        self._accepted: list[float] = []
        self._began = 0.0

    def judge(self, arrival: Arrival) -> Fault | None:
        with self._lock:
            if self._sliding:
                self._accepted = [at for at in self._accepted if at > arrival.at - self._window]
            elif arrival.at >= self._began + self._window:
                self._began = arrival.at
                self._accepted = []
            if len(self._accepted) < self._limit:
                self._accepted.append(arrival.at)
                return None
            self.refused += 1
        return saying(429, "{}", self.headers())

    def headers(self) -> dict[str, str]:
        if not self._told:
            return {}
        with self._lock:
            began = self._accepted[0] if self._sliding and self._accepted else self._began
            left = max(began + self._window - time.monotonic(), 0.0)
            return {
                "X-RateLimit-Limit": str(self._limit),
                "X-RateLimit-Remaining": str(self._limit - len(self._accepted)),
                "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            }


def path_of(arrival: Arrival) -> str:
    return urlsplit(arrival.target).path


@contextlib.contextmanager
def emulating(vendor: str, contacts: int = 0, **how: Any) -> Iterator[Emulator]:
    emulator = Emulator(vendor, contacts, **how)
    try:
        yield emulator
    finally:
        emulator.close()
