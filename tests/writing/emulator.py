"""Servers on loopback that are as strict with the three vendors' writes as their documents, and fail as they are told.

They share nothing with the package but the vendors' documents. Where those leave two readings open, the one that is
less convenient for a client is taken, or the test chooses.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any, ClassVar, Literal, TypeAlias
from urllib.parse import parse_qsl, unquote
from zoneinfo import ZoneInfo, available_timezones

import attrs

# What comes in and what is kept --------------------------------------------------------------------------------------


@attrs.frozen
class Arrival:
    """A request as it came in.

    Attributes:
        number: How many requests had come before it.
        connection: Which connection it came over, counted from 0.
        method: The HTTP method.
        path: What stands behind the vendor's base, as it came; the whole path if that is not where it begins.
        query: The query; of a name that is given twice, the last value.
        headers: The headers; their names in small letters.
        raw: The body.
        body: The body as JSON; ``None`` if there is none, or it is not JSON.
        flaws: What is wrong with it whoever reads it, and where.
    """

    number: int
    connection: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    body: Any
    flaws: Sequence[str]

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


@attrs.define
class Row:
    """A contact.

    Attributes:
        id: The vendor's id.
        sent: The contact as it was sent.
        phone: Its number as it was sent.
        number: Its number in E.164 form.
        name: Its full name.
        external_id: The client's own id.
        fields: Its custom data, as sent.
        status: The vendor's word.
        called_at: When it was dialled.
    """

    id: str
    sent: Mapping[str, Any]
    phone: str
    number: str
    name: str | None = None
    external_id: str | None = None
    fields: Mapping[str, Any] = attrs.field(factory=dict)
    status: str = "pending"
    called_at: datetime | None = None


@attrs.define
class Campaign:
    """A campaign. A test may change it as somebody at the vendor's dashboard would.

    Attributes:
        id: The vendor's id.
        created_at: When it was made.
        settings: What it was created with, without the contacts, and with all changes since.
        bodies: The bodies of all writes about it that were carried out, as they came.
        status: The vendor's word; of Truedy's two for the same, ``active``.
        start: When it begins; ``None`` while it waits to be told.
        contacts: Whom it calls.
        cancelled_at: When it was cancelled.
    """

    id: str
    created_at: datetime
    settings: dict[str, Any]
    bodies: list[bytes]
    status: str
    start: datetime | None = None
    contacts: list[Row] = attrs.field(factory=list)
    cancelled_at: datetime | None = None

    @property
    def called(self) -> int:
        return sum(row.called_at is not None for row in self.contacts)

    @property
    def started_at(self) -> datetime | None:
        return min((row.called_at for row in self.contacts if row.called_at), default=None)


@attrs.frozen
class Answer:
    status: int
    content: Any


class Refused(Exception):
    """The vendor does not do it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


# What a document may hold --------------------------------------------------------------------------------------------

Complaint: TypeAlias = tuple[tuple[str | int, ...], str]
"""Where something is wrong, and what."""

Check: TypeAlias = Callable[[Any], Iterable[Complaint]]
Checks: TypeAlias = Mapping[str, Check]


def _wrong(value: Any, wanted: str) -> Iterator[Complaint]:
    yield (), f"{json.dumps(value)[:60]} is not {wanted}"


def anything(_: Any) -> Iterable[Complaint]:
    return ()


def text(least: int = 1, most: int | None = None, pattern: str = "", wanted: str = "") -> Check:
    def check(value: Any) -> Iterable[Complaint]:
        if not isinstance(value, str):
            return _wrong(value, "a text")
        if len(value) < least or (most is not None and len(value) > most):
            return _wrong(value, f"a text of {least} to {most or 'any number of'} characters")
        if pattern and not re.fullmatch(pattern, value, re.ASCII):
            return _wrong(value, wanted or f"a text like {pattern}")
        return ()

    return check


def word(*words: str) -> Check:
    return lambda value: (
        () if isinstance(value, str) and value in words else _wrong(value, f"one of {', '.join(words)}")
    )


def whole(least: int, most: int | None = None) -> Check:
    def check(value: Any) -> Iterable[Complaint]:
        if type(value) is int and value >= least and (most is None or value <= most):
            return ()
        return _wrong(value, f"a whole number from {least}" + ("" if most is None else f" to {most}"))

    return check


def digits(least: int, most: int | None = None) -> Check:
    """A whole number in a query."""
    check = whole(least, most)
    return lambda value: check(int(value) if re.fullmatch(r"-?\d{1,9}", value, re.ASCII) else value)


def boolean(value: Any) -> Iterable[Complaint]:
    return () if isinstance(value, bool) else _wrong(value, "true or false")


def or_null(check: Check) -> Check:
    return lambda value: () if value is None else check(value)


def rows(check: Check, least: int = 0, most: int | None = None) -> Check:
    def judge(value: Any) -> Iterator[Complaint]:
        if not isinstance(value, list):
            yield from _wrong(value, "an array")
            return
        if len(value) < least or (most is not None and len(value) > most):
            yield (), f"has {len(value)} items, and not {least} to {most or 'any number'}"
        for index, item in enumerate(value):
            for where, reason in check(item):
                yield (index, *where), reason

    return judge


def mapping(required: Checks | None = None, optional: Checks | None = None, others: Check | None = None) -> Check:
    required, optional = required or {}, optional or {}
    known = {**required, **optional}

    def judge(value: Any) -> Iterator[Complaint]:
        if not isinstance(value, dict):
            yield from _wrong(value, "an object")
            return
        for name in required:
            if name not in value:
                yield (name,), "is required"
        for name, item in value.items():
            check = known.get(name, others)
            if check is None:
                yield (name,), "is not documented"
            else:
                for where, reason in check(item):
                    yield (name, *where), reason

    return judge


def iana_zone(value: Any) -> Iterable[Complaint]:
    known = isinstance(value, str) and value in available_timezones() - {"localtime", "Factory"}
    return () if known else _wrong(value, "the IANA name of a time zone")


def clock_time(value: Any) -> Iterable[Complaint]:
    return text(pattern=r"([01]\d|2[0-3]):[0-5]\d", wanted="a time like 09:00")(value)


def _parsed(form: str, parse: Callable[[str], object], wanted: str) -> Check:
    def check(value: Any) -> Iterable[Complaint]:
        if not isinstance(value, str) or not re.fullmatch(form, value, re.ASCII):
            return _wrong(value, wanted)
        try:
            parse(value)
        except ValueError:
            return _wrong(value, wanted)
        return ()

    return check


_SECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"

calendar_day = _parsed(r"\d{4}-\d\d-\d\d", date.fromisoformat, "a day like 2026-03-20")

date_time = _parsed(_SECONDS + r"(Z|[+-]\d\d:\d\d)", datetime.fromisoformat, "a moment like 2026-03-20T09:00:00Z")
"""What JSON Schema calls ``date-time``: RFC 3339, which has an offset."""

iso_moment = _parsed(_SECONDS + r"(Z|[+-]\d\d:?\d\d)?", datetime.fromisoformat, "a moment like 2026-03-20T09:00:00Z")
"""ISO 8601, with an offset or without."""


def by_the_clock(local: datetime, zone: ZoneInfo) -> dict[timedelta, datetime]:
    """The moments at which the clocks of a zone show a time, by their offsets: none, one or two."""
    moments = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return {
        moment.utcoffset() or timedelta(): moment.astimezone(UTC)
        for moment in moments
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    }


E164 = text(pattern=r"\+[1-9]\d{1,14}", wanted="a number in E.164 form")
PLAIN_OBJECT = mapping(others=anything)


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


# What goes wrong -----------------------------------------------------------------------------------------------------

Fault: TypeAlias = Callable[["Emulator", socket.socket, Arrival], bool]
"""Goes wrong with one request; says whether the connection is kept."""

When: TypeAlias = int | str | Callable[[Arrival], bool]


def every_write(arrival: Arrival) -> bool:
    return arrival.is_write


def cut_before(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The connection ends, and nothing is done."""
    del emulator, connection, arrival
    return False


def reset_before(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The connection breaks, and nothing is done."""
    del emulator, arrival
    reset(connection)
    return False


def cut_after(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The work is done, and the connection ends."""
    del connection
    emulator.perform(arrival)
    return False


def reset_after(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The work is done, and the connection breaks."""
    emulator.perform(arrival)
    reset(connection)
    return False


def cut_in_answer(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The work is done, and half of the answer comes."""
    answer = emulator.perform(arrival)
    body = json.dumps(answer.content).encode()
    connection.sendall(message(answer.status, body[: len(body) // 2], length=len(body)))
    return False


def http_500_before(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    del arrival
    connection.sendall(message(500, emulator.error(500, "internal_error", "Internal server error")))
    return True


def http_500_after(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    emulator.perform(arrival)
    return http_500_before(emulator, connection, arrival)


def http_502_html_after(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    emulator.perform(arrival)
    connection.sendall(message(502, b"<html><h1>Bad Gateway</h1></html>", {"Content-Type": "text/html"}))
    return True


def garbage_200_after(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    emulator.perform(arrival)
    connection.sendall(message(200, b"All went well!"))
    return True


def empty_200_after(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    emulator.perform(arrival)
    connection.sendall(message(200, b""))
    return True


def stall_before(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """Nothing is done or said until the client gives up."""
    del emulator, arrival
    while connection.recv(4096):
        pass
    return False


def stall_after(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
    """The work is done, and nothing is said until the client gives up."""
    emulator.perform(arrival)
    return stall_before(emulator, connection, arrival)


def late(seconds: float | None = None) -> Fault:
    """The connection ends, and the work is done some time afterwards.

    Args:
        seconds: How long afterwards; at `Emulator.catch_up` at the latest, and only then if it is ``None``.
    """

    def fault(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
        del connection
        emulator.postpone(arrival, seconds)
        return False

    return fault


def saying(status: int, body: Any = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """This answer, and nothing is done.

    Args:
        status: The HTTP status.
        body: Bytes, a text, or what is sent as JSON.
        headers: Further headers.
    """

    def fault(emulator: Emulator, connection: socket.socket, arrival: Arrival) -> bool:
        del emulator, arrival
        connection.sendall(message(status, body.encode() if isinstance(body, str) else body, headers))
        return True

    return fault


BEFORE: Mapping[str, Fault] = {
    "cut before": cut_before,
    "reset before": reset_before,
    "500 before": http_500_before,
    "stall before": stall_before,
}
"""The client does not learn what became of its write: nothing."""

AFTER: Mapping[str, Fault] = {
    "cut after": cut_after,
    "reset after": reset_after,
    "cut in answer": cut_in_answer,
    "500 after": http_500_after,
    "502 in HTML after": http_502_html_after,
    "garbage after": garbage_200_after,
    "nothing after": empty_200_after,
    "stall after": stall_after,
}
"""The client does not learn what became of its write: it was carried out."""


def message(status: int, body: Any, headers: Mapping[str, str] | None = None, *, length: int | None = None) -> bytes:
    """An answer; a body that is not bytes goes out as JSON."""
    sent: bytes = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = {
        "Content-Type": "application/json",
        "Content-Length": str(len(sent) if length is None else length),
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode("latin-1") + sent


def reset(connection: socket.socket) -> None:
    """Let the other side see a reset and not an end."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key comes twice in {[name for name, _ in pairs]}")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# One vendor ----------------------------------------------------------------------------------------------------------


class Emulator:
    """One vendor with its campaigns.

    Attributes:
        campaigns: All campaigns by id, in the order in which they were made.
        violations: Every way in which a request was not what the vendor's documents ask for.
        arrivals: All requests, in the order in which they came.
        begun: How many connections were made.
        refuses: Numbers in E.164 form that are not taken, without a word.
        oldest_first: Listings of campaigns begin with the oldest one.
        list_lacks: What a campaign in a listing does not tell.
    """

    base: ClassVar[str]
    active: ClassVar[str]
    """The vendor's word for a campaign that is calling."""
    routes: ClassVar[Sequence[tuple[str, str, Callable[..., Answer]]]]

    def __init__(
        self, *, refuses: Iterable[str] = (), oldest_first: bool = False, list_lacks: Iterable[str] = ()
    ) -> None:
        self.refuses = set(refuses)
        self.oldest_first = oldest_first
        self.list_lacks = set(list_lacks)
        self.campaigns: dict[str, Campaign] = {}
        self.violations: list[str] = []
        self.arrivals: list[Arrival] = []
        self.begun = 0
        self._now: datetime | None = None
        self._dialled: list[str] = []
        self._made = 0
        self._faults: list[tuple[Callable[[Arrival], bool], Fault]] = []
        self._late: list[threading.Thread] = []
        self._hurry = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.RLock()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._run(self._accept)

    # What a test asks and says

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base}"

    @property
    def open(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._open)

    @property
    def writes(self) -> list[Arrival]:
        """The requests that were to change something, whatever became of them."""
        with self._lock:
            return [arrival for arrival in self.arrivals if arrival.is_write]

    @property
    def now(self) -> datetime:
        """The vendor's time in UTC: the real one, until another one is set. That one stands still."""
        return self._now or datetime.now(UTC)

    @now.setter
    def now(self, moment: datetime) -> None:
        self._now = moment.astimezone(UTC)
        self.tick()

    @property
    def dialled(self) -> list[str]:
        """Every number that was dialled up to now, as often as it was, in E.164 form."""
        self.tick()
        with self._lock:
            return list(self._dialled)

    def numbers(self, campaign_id: str) -> list[str]:
        """The numbers of a campaign in E.164 form, each as often as it is there."""
        with self._lock:
            return [row.number for row in self.campaigns[campaign_id].contacts]

    def all_numbers(self) -> list[str]:
        """The numbers of all campaigns, each as often as it is there."""
        return [number for campaign_id in list(self.campaigns) for number in self.numbers(campaign_id)]

    def tick(self) -> None:
        """Begin what is due, and dial whom a campaign that is calling has not dialled yet."""
        with self._lock:
            for campaign in self.campaigns.values():
                if campaign.status in {"pending", "scheduled"} and campaign.start and campaign.start <= self.now:
                    campaign.status = self.active
                if campaign.status == self.active:
                    for row in campaign.contacts:
                        if row.status == "pending":
                            row.status, row.called_at = "completed", self.now
                            self._dialled.append(row.number)

    def fail(self, when: When, fault: Fault) -> None:
        """Let something go wrong.

        Args:
            when: With which requests: a number counts the writes from now on, 1 being the next; a text is how the path
                of the writes ends, such as ``"/contacts"``; a function is asked about every request, reads included.
            fault: What goes wrong.
        """
        with self._lock:
            self._faults.append((self._matcher(when), fault))

    def no_faults(self) -> None:
        """From now on all goes well."""
        with self._lock:
            self._faults.clear()

    def catch_up(self) -> None:
        """Do now all the work that would be done late."""
        self._hurry.set()
        while self._late:
            self._late.pop(0).join(5)
        self._hurry.clear()

    def close(self) -> None:
        self.catch_up()
        with self._lock:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            for connection in self._open:
                reset(connection)
        for thread in self._threads:
            thread.join(5)

    # What faults use

    def perform(self, arrival: Arrival) -> Answer:
        """Do what is asked."""
        with self._lock:
            self.tick()
            try:
                answer = self._dispatch(arrival)
            except Refused as refused:
                answer = refused.answer
            self.tick()
            return answer

    def postpone(self, arrival: Arrival, seconds: float | None) -> None:
        """Do what is asked, later."""

        def work() -> None:
            self._hurry.wait(seconds)
            self.perform(arrival)

        self._late.append(self._run(work))

    # What a vendor says in its own way

    def error(self, status: int, code: str, reason: str, details: Any = None) -> Any:
        """The body of an error."""
        raise NotImplementedError

    def invalid(self, complaints: Sequence[Complaint]) -> Answer:
        """The answer to a request that is not what the documents ask for."""
        raise NotImplementedError

    # What the vendors have in common

    def _dispatch(self, arrival: Arrival) -> Answer:
        for flaw in arrival.flaws:
            self._note(arrival, flaw)
        if not re.fullmatch(r"Bearer [\x21-\x7e]+", arrival.headers.get("authorization", "")):
            self._note(arrival, "there is no bearer key")
            raise self._refusal(401, "unauthorized", "Invalid API key")
        if arrival.flaws:
            raise Refused(self.invalid([(("body",), flaw) for flaw in arrival.flaws]))
        others = set()
        for method, pattern, handle in self.routes:
            if matched := re.fullmatch(pattern.replace("ID", "([^/]+)"), arrival.path):
                if method == arrival.method:
                    return handle(self, arrival, *map(unquote, matched.groups()))
                others.add(method)
        self._note(arrival, f"this is documented only for {sorted(others)}" if others else "no such path is documented")
        raise self._refusal(405 if others else 404, "not_found", "No such endpoint")

    def _note(self, arrival: Arrival, flaw: str) -> None:
        self.violations.append(f"{arrival.method} {arrival.path}: {flaw}")

    def _refusal(self, status: int, code: str, reason: str, details: Any = None) -> Refused:
        return Refused(Answer(status, self.error(status, code, reason, details)))

    def _insist(self, arrival: Arrival, part: str, complaints: Iterable[Complaint]) -> None:
        """Refuse a request about which there is something to complain."""
        found = [((part, *where), reason) for where, reason in complaints]
        for where, reason in found:
            self._note(arrival, f"{'.'.join(map(str, where))}: {reason}")
        if found:
            raise Refused(self.invalid(found))

    def _asked(
        self, arrival: Arrival, required: Checks | None = None, optional: Checks | None = None
    ) -> dict[str, str]:
        """The query, once it is found right; of a request that has no body."""
        if arrival.body not in (None, {}) or (arrival.raw and arrival.method == "GET"):
            self._insist(arrival, "body", [((), "no body is documented")])
        self._insist(arrival, "query", mapping(required, optional)(arrival.query))
        return dict(arrival.query)

    def _sent(self, arrival: Arrival, check: Check) -> dict[str, Any]:
        """The body, once it is found right; of a request that has no query."""
        self._insist(arrival, "query", mapping()(arrival.query))
        if not arrival.raw:
            self._insist(arrival, "body", [((), "is required")])
        kind = arrival.headers.get("content-type", "").lower()
        if kind not in {"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"}:
            self._insist(arrival, "header", [(("content-type",), "is not application/json")])
        self._insist(arrival, "body", check(arrival.body))
        sent: dict[str, Any] = arrival.body
        return sent

    def _ahead(self, arrival: Arrival, part: str, name: str, moment: datetime) -> datetime:
        """A moment, once it is found to lie ahead."""
        if moment <= self.now:
            self._insist(arrival, part, [((name,), f"{iso(moment)} does not lie ahead")])
        return moment.astimezone(UTC)

    def _new_id(self, kind: str) -> str:
        self._made += 1
        return f"{kind}{self._made:06}"

    def _make(self, arrival: Arrival, kind: str, *, status: str, start: datetime | None) -> Campaign:
        settings = {name: value for name, value in arrival.body.items() if name != "contacts"}
        campaign = Campaign(self._new_id(kind), self.now, settings, [arrival.raw], status, start)
        self.campaigns[campaign.id] = campaign
        return campaign

    def _campaign(self, campaign_id: str) -> Campaign:
        if campaign_id not in self.campaigns:
            raise self._refusal(404, "not_found", "The requested resource does not exist")
        return self.campaigns[campaign_id]

    def _listed(self, status: str | None, **settings: str | None) -> list[Campaign]:
        """The campaigns with this status and these settings; ``None`` is any."""
        found = [
            campaign
            for campaign in self.campaigns.values()
            if status in {None, campaign.status}
            and all(value in {None, campaign.settings.get(name)} for name, value in settings.items())
        ]
        return found if self.oldest_first else found[::-1]

    def _in_listing(self, shown: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in shown.items() if name not in self.list_lacks}

    # Connections

    def _matcher(self, when: When) -> Callable[[Arrival], bool]:
        if isinstance(when, int):
            wanted = len(self.writes) + when - 1
            return lambda arrival: arrival.is_write and sum(other.is_write for other in self._before(arrival)) == wanted
        if isinstance(when, str):
            return lambda arrival: arrival.is_write and arrival.path.endswith(when)
        return when

    def _before(self, arrival: Arrival) -> list[Arrival]:
        return self.arrivals[: arrival.number]

    def _run(self, work: Callable[..., None], *args: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=args, name="emulator", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(20)
                with self._lock:
                    self._open.add(connection)
                    number, self.begun = self.begun, self.begun + 1
                self._run(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
                while (arrival := self._read(stream, number)) is not None and self._respond(connection, arrival):
                    pass
        finally:
            with self._lock:
                self._open.discard(connection)

    def _respond(self, connection: socket.socket, arrival: Arrival) -> bool:
        with self._lock:
            fault = next((fault for matches, fault in self._faults if matches(arrival)), None)
        if fault is not None:
            return fault(self, connection, arrival)
        answer = self.perform(arrival)
        connection.sendall(message(answer.status, answer.content))
        return True

    def _read(self, stream: IO[bytes], number: int) -> Arrival | None:
        first = stream.readline().decode("latin-1").split(" ")
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        flaws = []
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            if name.lower() in headers:
                flaws.append(f"the header {name} comes twice")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        raw = stream.read(length)
        if len(raw) < length:
            return None
        if "transfer-encoding" in headers:
            flaws.append("a body comes in chunks")
        body = None
        if raw:
            try:
                body = json.loads(raw.decode(), object_pairs_hook=_once_each, parse_constant=_no_constant)
            except ValueError as exc:
                flaws.append(f"the body is not JSON: {exc}")
        path, _, query = first[1].partition("?")
        asked = parse_qsl(query, keep_blank_values=True)
        if len(asked) > len(dict(asked)):
            flaws.append("a name comes twice in the query")
        path = path.removeprefix(self.base) if path.startswith(self.base + "/") else "(outside) " + path
        with self._lock:
            arrival = Arrival(len(self.arrivals), number, first[0], path, dict(asked), headers, raw, body, tuple(flaws))
            self.arrivals.append(arrival)
        return arrival


# Truedy --------------------------------------------------------------------------------------------------------------

_TRUEDY_STATUS = word("draft", "scheduled", "active", "paused", "completed", "failed", "cancelled")

_TRUEDY_CHANGES: Checks = {
    "name": text(1, 255),
    "phone_number_ids": or_null(rows(text())),
    "phone_rotation_strategy": word("random", "sequential", "round_robin"),
    "schedule_type": word("immediate", "scheduled"),
    "scheduled_at": or_null(date_time),
    "start_time": or_null(clock_time),
    "end_time": or_null(clock_time),
    "working_days": rows(whole(1, 7)),
    "max_calls_per_day": or_null(whole(1)),
    "retry_failed": boolean,
}

_TRUEDY_INLINE = mapping(
    {"phone_number": E164},
    {"first_name": text(0), "last_name": text(0), "email": text(0), "custom_fields": PLAIN_OBJECT},
)

_TRUEDY_CREATE = mapping(
    {"name": _TRUEDY_CHANGES["name"], "agent_id": text()},
    {
        **_TRUEDY_CHANGES,
        "contact_source": word("csv", "folder", "manual"),
        "contact_folder_id": or_null(text()),
        "contact_ids": or_null(rows(text())),
        "contacts": or_null(rows(_TRUEDY_INLINE)),
        "timezone": iana_zone,
        "max_concurrent_calls": whole(1),
    },
)

# No page documents custom data for contacts that are added later.
_TRUEDY_ADD = mapping(
    {
        "contacts": rows(
            mapping(
                {"phone_number": E164},
                {"first_name": or_null(text(0)), "last_name": or_null(text(0)), "email": or_null(text(0))},
            ),
            least=1,
        )
    }
)

_TRUEDY_PAGE: Checks = {"limit": digits(1, 100), "offset": digits(0)}


class Truedy(Emulator):
    """Truedy.

    Attributes:
        shape: Which of the two documented shapes answers have: the schema's, or the examples'. In the latter, repeated
            numbers are left out.
        conflict: The HTTP status of an answer to what a campaign's status does not allow.
        schedulable: In which status ``/schedule`` is allowed.
        obeys_schedule_type: A new campaign with a ``schedule_type`` does not wait for ``/schedule``, as on an old page.
    """

    base = "/api/public/v1"
    active = "active"

    def __init__(
        self,
        *,
        shape: Literal["schema", "example"] = "schema",
        conflict: Literal[400, 409, 422] = 409,
        schedulable: Iterable[str] = ("draft", "scheduled"),
        obeys_schedule_type: bool = False,
        **common: Any,
    ) -> None:
        self.shape = shape
        self.conflict = conflict
        self.schedulable = set(schedulable)
        self.obeys_schedule_type = obeys_schedule_type
        self._first: dict[str, tuple[Any, Answer]] = {}
        super().__init__(**common)

    def error(self, status: int, code: str, reason: str, details: Any = None) -> Any:
        if status == 422 and self.shape == "schema":
            return {"detail": [{"loc": ["body"], "msg": reason, "type": code}]}
        return {"error": {"code": code, "message": reason, "details": details}, "meta": self._meta()}

    def invalid(self, complaints: Sequence[Complaint]) -> Answer:
        if self.shape == "schema":
            detail = [{"loc": list(where), "msg": reason, "type": "value_error"} for where, reason in complaints]
            return Answer(422, {"detail": detail})
        where, reason = complaints[0]
        details = {"field": ".".join(map(str, where[1:])), "reason": reason}
        return Answer(422, self.error(422, "validation_error", "Validation failed", details))

    def list_campaigns(self, arrival: Arrival) -> Answer:
        asked = self._asked(arrival, optional={**_TRUEDY_PAGE, "agent_id": text(), "status": _TRUEDY_STATUS})
        found = self._listed(asked.get("status"), agent_id=asked.get("agent_id"))
        return self._page(asked, [self._in_listing(self._shown(campaign)) for campaign in found])

    def create(self, arrival: Arrival) -> Answer:
        sent = self._sent(arrival, _TRUEDY_CREATE)
        self._insist(arrival, "body", self._contradictions(sent))
        key = arrival.headers.get("x-idempotency-key")
        if key is not None:
            if not re.fullmatch(r"[\x20-\x7e]+", key):
                self._insist(arrival, "header", [(("x-idempotency-key",), f"{key!r} is no printable text")])
            if key in self._first:
                return self._again(arrival, key)
        start = sent.get("scheduled_at") and self._moment(arrival, sent["scheduled_at"])
        is_begun = self.obeys_schedule_type and "schedule_type" in sent
        campaign = self._make(arrival, "batch_", status="scheduled" if is_begun else "draft", start=None)
        if is_begun:
            campaign.start = start if sent["schedule_type"] == "scheduled" else self.now
        self._take(campaign, sent.get("contacts") or ())
        answer = self._ok(self._shown(campaign), 201)
        if key is not None:
            self._first[key] = sent, answer
        return answer

    def _again(self, arrival: Arrival, key: str) -> Answer:
        body, answer = self._first[key]
        if body == arrival.body:
            return answer
        self._note(arrival, "an idempotency key comes again with another body")
        raise self._refusal(400, "idempotency_conflict", "This idempotency key was used with another body")

    def _contradictions(self, sent: Mapping[str, Any]) -> Iterator[Complaint]:
        if sent.get("schedule_type") == "scheduled" and not sent.get("scheduled_at"):
            yield ("scheduled_at",), "is required with this schedule_type"
        if sent.get("schedule_type") == "immediate" and sent.get("scheduled_at"):
            yield ("scheduled_at",), "contradicts the schedule_type"
        if sent.get("contact_source") == "folder" and not sent.get("contact_folder_id"):
            yield ("contact_folder_id",), "is required with this contact_source"
        first, last = sent.get("start_time"), sent.get("end_time")
        if first and last and first >= last:
            yield ("end_time",), f"{last} does not come after {first}"

    def show(self, arrival: Arrival, campaign_id: str) -> Answer:
        self._asked(arrival)
        return self._ok(self._shown(self._campaign(campaign_id)))

    def change(self, arrival: Arrival, campaign_id: str) -> Answer:
        sent = self._sent(arrival, mapping(optional=_TRUEDY_CHANGES))
        if not sent:
            self._insist(arrival, "body", [((), "changes nothing")])
        campaign = self._campaign(campaign_id)
        start = sent.get("scheduled_at") and self._moment(arrival, sent["scheduled_at"])
        self._insist(arrival, "body", self._contradictions({**campaign.settings, **sent}))
        is_moved = bool({"schedule_type", "scheduled_at"} & sent.keys())
        self._need(campaign, {"draft", "scheduled", "paused"} | (set() if is_moved else {"active"}), "changed")
        campaign.settings |= sent
        campaign.bodies.append(arrival.raw)
        if is_moved and campaign.status != "draft":
            campaign.start = start or self.now
        return self._ok(self._shown(campaign))

    def bulk_delete(self, arrival: Arrival) -> Answer:
        ids = self._sent(arrival, mapping({"ids": rows(text(), least=1)}))["ids"]
        free = {"draft", "failed", "cancelled"}
        gone = [name for name in ids if name in self.campaigns and self.campaigns[name].status in free]
        kept = [name for name in ids if name not in gone]
        for name in set(gone):
            del self.campaigns[name]
        told = {"deleted_count": len(gone), "failed_count": len(kept), "deleted_ids": gone, "failed_ids": kept}
        return self._ok(told)

    def schedule(self, arrival: Arrival, campaign_id: str) -> Answer:
        sent = self._sent(arrival, mapping(optional={"scheduled_at": date_time, "timezone": iana_zone}))
        campaign = self._campaign(campaign_id)
        start = self._moment(arrival, sent["scheduled_at"]) if "scheduled_at" in sent else self.now
        self._need(campaign, self.schedulable, "scheduled")
        campaign.settings |= sent
        campaign.bodies.append(arrival.raw)
        campaign.status, campaign.start = "scheduled", start
        zone = campaign.settings.get("timezone", "UTC")
        return self._ok({"id": campaign.id, "status": "scheduled", "scheduled_at": iso(start), "timezone": zone})

    def pause(self, arrival: Arrival, campaign_id: str) -> Answer:
        self._asked(arrival)
        campaign = self._campaign(campaign_id)
        self._need(campaign, {"active", "scheduled"}, "paused")
        campaign.status = "paused"
        return self._ok({"id": campaign.id, "status": "paused"}, 200 if self.shape == "schema" else 201)

    def resume(self, arrival: Arrival, campaign_id: str) -> Answer:
        self._asked(arrival)
        campaign = self._campaign(campaign_id)
        self._need(campaign, {"paused"}, "resumed")
        campaign.status = "scheduled" if campaign.start and campaign.start > self.now else "active"
        return self._ok({"id": campaign.id, "status": self._said(campaign), "resumed_at": iso(self.now)}, 201)

    def list_contacts(self, arrival: Arrival, campaign_id: str) -> Answer:
        asked = self._asked(arrival, optional={**_TRUEDY_PAGE, "status": text(0)})
        wanted = asked.get("status") or None
        found = [row for row in self._campaign(campaign_id).contacts if wanted in {None, row.status}]
        return self._page(asked, [self._contact(row) for row in found])

    def add(self, arrival: Arrival, campaign_id: str) -> Answer:
        sent = self._sent(arrival, _TRUEDY_ADD)
        campaign = self._campaign(campaign_id)
        self._need(campaign, {"draft", "scheduled", "active", "paused"}, "added to")
        campaign.bodies.append(arrival.raw)
        added, repeated, refused = self._take(campaign, sent["contacts"])
        if self.shape == "schema":
            return self._ok({"added_count": added, "failed_count": refused})
        return self._ok(
            {
                "added": added,
                "duplicates_skipped": repeated,
                "invalid_skipped": refused,
                "total_contacts": len(campaign.contacts),
            }
        )

    def _take(self, campaign: Campaign, contacts: Iterable[Mapping[str, Any]]) -> tuple[int, int, int]:
        """Add contacts; how many were taken, were there already, and were not taken."""
        added = repeated = refused = 0
        present = {row.number for row in campaign.contacts}
        for sent in contacts:
            phone = sent["phone_number"]
            if phone in self.refuses:
                refused += 1
            elif phone in present and self.shape == "example":
                repeated += 1
            else:
                added += 1
                present.add(phone)
                name = " ".join(filter(None, (sent.get("first_name"), sent.get("last_name")))) or None
                fields = sent.get("custom_fields", {})
                campaign.contacts.append(Row(self._new_id("ctc_"), sent, phone, phone, name, fields=fields))
        return added, repeated, refused

    def _moment(self, arrival: Arrival, moment: str) -> datetime:
        return self._ahead(arrival, "body", "scheduled_at", datetime.fromisoformat(moment))

    def _need(self, campaign: Campaign, allowed: Iterable[str], done: str) -> None:
        if campaign.status not in allowed:
            raise self._refusal(self.conflict, "invalid_state", f"A {campaign.status} batch call cannot be {done}")

    def _said(self, campaign: Campaign) -> str:
        return "running" if campaign.status == "active" and self.shape == "example" else campaign.status

    def _meta(self) -> Any:
        return {"request_id": f"req_{len(self.arrivals):06}", "ts": iso(self.now)}

    def _ok(self, data: Any, status: int = 200) -> Answer:
        return Answer(status, {"data": data, "meta": self._meta()})

    def _page(self, asked: Mapping[str, str], found: Sequence[Any]) -> Answer:
        limit, offset = int(asked.get("limit", 50)), int(asked.get("offset", 0))
        more = offset + limit < len(found)
        paging = {"total": len(found), "limit": limit, "offset": offset, "has_more": more}
        page = list(found[offset : offset + limit])
        return Answer(200, {"data": page, "meta": self._meta(), "pagination": paging})

    def _shown(self, campaign: Campaign) -> dict[str, Any]:
        settings, called, total = campaign.settings, campaign.called, len(campaign.contacts)
        start = settings.get("scheduled_at") if campaign.start is None else iso(campaign.start)
        common = {
            "id": campaign.id,
            "name": settings["name"],
            "agent_id": settings["agent_id"],
            "status": self._said(campaign),
            "schedule_type": settings.get("schedule_type", "immediate"),
            "scheduled_at": start,
            "total_contacts": total,
            "created_at": iso(campaign.created_at),
            "updated_at": iso(campaign.created_at),
        }
        if self.shape == "example":
            return common | {
                "from_number": "+18005559876",
                "timezone": settings.get("timezone", "UTC"),
                "concurrency": settings.get("max_concurrent_calls", 5),
                "retry_attempts": 2,
                "called": called,
                "completed": called,
                "failed": 0,
                "pending": total - called,
            }
        return common | {
            "phone_number_ids": settings.get("phone_number_ids") or ["num_1"],
            "phone_rotation_strategy": settings.get("phone_rotation_strategy", "random"),
            "completed_contacts": called,
            "successful_contacts": called,
            "failed_contacts": 0,
            "voicemail_contacts": 0,
            "no_answer_contacts": 0,
            "total_cost_usd": 0.1 * called,
            "average_duration_seconds": 60,
            "max_calls_per_day": settings.get("max_calls_per_day"),
        }

    def _contact(self, row: Row) -> Any:
        call = {
            "call_status": row.status,
            "call_id": row.called_at and f"call_{row.id}",
            "called_at": iso(row.called_at),
        }
        if self.shape == "example":
            return {"id": row.id, "name": row.name or "", "phone": row.phone, **call}
        names = {name: row.sent.get(name) for name in ("first_name", "last_name")}
        return {"contact_id": row.id, "phone_number": row.phone, **names, **call}

    routes = (
        ("GET", "/batch-calls", list_campaigns),
        ("POST", "/batch-calls", create),
        ("POST", "/batch-calls/bulk-delete", bulk_delete),
        ("GET", "/batch-calls/ID", show),
        ("PATCH", "/batch-calls/ID", change),
        ("POST", "/batch-calls/ID/schedule", schedule),
        ("POST", "/batch-calls/ID/pause", pause),
        ("POST", "/batch-calls/ID/resume", resume),
        ("GET", "/batch-calls/ID/contacts", list_contacts),
        ("POST", "/batch-calls/ID/contacts", add),
    )


# TechLadder ----------------------------------------------------------------------------------------------------------

_TECHLADDER_CREATE = mapping(
    {
        "agent_name": text(pattern="agt-.+", wanted="the id of an agent"),
        "version_name": text(pattern="pmt-.+", wanted="the id of a prompt version"),
        "contacts": rows(
            mapping(
                {
                    "contact_id": text(),
                    "phone_number": text(pattern=r"[1-9]\d{9,14}", wanted="a country code and digits, without plus"),
                },
                {"name": text(0), "metadata": PLAIN_OBJECT, "status": word("pending")},
            ),
            least=1,
        ),
    },
    {
        "voice": text(),
        "did_number": text(),
        "interruption": boolean,
        "use_alternate_number": boolean,
        "start_mode": word("manual", "immediate", "scheduled"),
        "schedule_date": calendar_day,
        "schedule_time": clock_time,
        "schedule_timezone": text(),
        "concurrency": whole(1, 20),
        "callback_url": text(pattern=r"https?://\S+", wanted="a URL"),
        "deduplicate_by_phone": boolean,
        "recording_enabled": boolean,
        "max_duration_seconds_per_call": whole(1, 900),
        "metadata": PLAIN_OBJECT,
    },
)

_CALL_STATUSES = (
    "pending",
    "queued",
    "ringing",
    "answered",
    "in_progress",
    "completed",
    "failed",
    "no_answer",
    "busy",
    "cancelled",
)

_SCHEDULE = ("schedule_date", "schedule_time", "schedule_timezone")

_BATCH_DETAILS = (
    "version_id",
    "voice",
    "did_number",
    "concurrency",
    "recording_enabled",
    "scheduled_at",
    "started_at",
    "updated_at",
)


def said_offset(said: str) -> timedelta | None:
    """The offset that a text such as ``UTC+5:30`` names."""
    matched = re.fullmatch(r"UTC(?:([+-])(\d{1,2})(?::([0-5]\d))?)?", said, re.ASCII)
    if matched is None:
        return None
    sign, hours, minutes = matched.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return -offset if sign == "-" else offset


class TechLadder(Emulator):
    """TechLadder.

    Attributes:
        created_as: Under which name the answer to a creation tells the new id.
        created_code: The HTTP status of that answer.
    """

    base = "/api/v1/public"
    active = "active"

    def __init__(
        self,
        *,
        created_as: Literal["schedule_id", "batch_id", "id"] = "schedule_id",
        created_code: Literal[201, 202] = 201,
        list_lacks: Iterable[str] = _BATCH_DETAILS,
        **common: Any,
    ) -> None:
        self.created_as = created_as
        self.created_code = created_code
        super().__init__(list_lacks=list_lacks, **common)

    def error(self, status: int, code: str, reason: str, details: Any = None) -> Any:
        told = {"code": code.upper(), "details": details or []}
        return {"status_code": status, "message": reason, "error": told, "data": None}

    def invalid(self, complaints: Sequence[Complaint]) -> Answer:
        details = [f"{'.'.join(map(str, where[1:]))}: {reason}" for where, reason in complaints]
        return Answer(422, self.error(422, "VALIDATION_ERROR", "Validation failed", details))

    def me(self, arrival: Arrival) -> Answer:
        self._asked(arrival)
        limits = {
            "max_batch_size": 10_000,
            "max_concurrent_calls": 20,
            "max_call_duration_seconds": 900,
            "rate_limit_per_minute": 300,
        }
        return self._ok({"account_id": "acc_1", "name": "Tests", "email": "tests@example.com", "limits": limits})

    def list_campaigns(self, arrival: Arrival) -> Answer:
        status = word("pending", "active", "completed", "failed", "cancelled")
        paging = {"limit": digits(1, 100), "page": digits(1)}
        asked = self._asked(arrival, optional={**paging, "agent_id": text(), "status": status})
        found = self._listed(asked.get("status"), agent_name=asked.get("agent_id"))
        return self._page(asked, [self._in_listing(self._shown(campaign)) for campaign in found], 50)

    def create(self, arrival: Arrival) -> Answer:
        sent = self._sent(arrival, _TECHLADDER_CREATE)
        if len(sent["contacts"]) > 10_000:
            self._note(arrival, f"{len(sent['contacts'])} contacts are more than 10000")
            raise self._refusal(400, "BATCH_SIZE_EXCEEDED", "Too many contacts", ["contacts: at most 10000"])
        mode = sent.get("start_mode", "manual")
        is_scheduled = mode == "scheduled"
        odd = [name for name in _SCHEDULE if (name in sent) != is_scheduled]
        reason = f"is {'required' if is_scheduled else 'pointless'} with start_mode {mode}"
        self._insist(arrival, "body", [((name,), reason) for name in odd])
        start = self._start(arrival, sent) if is_scheduled else self.now if mode == "immediate" else None
        campaign = self._make(arrival, "sched_", status="pending", start=start)
        seen = set()
        for contact in sent["contacts"]:
            phone = contact["phone_number"]
            if "+" + phone in self.refuses or (phone in seen and sent.get("deduplicate_by_phone", True)):
                continue
            seen.add(phone)
            row = Row(self._new_id("call_"), contact, phone, "+" + phone, contact.get("name"), contact["contact_id"])
            row.fields = contact.get("metadata", {})
            campaign.contacts.append(row)
        return self._ok({self.created_as: campaign.id}, self.created_code)

    def _start(self, arrival: Arrival, sent: Mapping[str, Any]) -> datetime:
        """The moment that date, time and zone name together."""
        matched = re.fullmatch(r"(\S+)(?: \(([^()]+)\))?", sent["schedule_timezone"])
        name, remarks = matched.groups() if matched else (sent["schedule_timezone"], None)
        self._insist(arrival, "body", [(("schedule_timezone",), reason) for _, reason in iana_zone(name)])
        zone = ZoneInfo(name)
        local = datetime.fromisoformat(f"{sent['schedule_date']}T{sent['schedule_time']}")
        moments = by_the_clock(local, zone)
        names = {moment.astimezone(zone).tzname() for moment in moments.values()}
        complaints: list[Complaint] = []
        if not moments:
            complaints.append((("schedule_time",), f"{local} does not exist in {name}"))
        for remark in remarks.split(", ") if remarks else ():
            offset = said_offset(remark)
            if offset in moments:
                moments = {offset: moments[offset]}
            elif remark not in names:
                complaints.append((("schedule_timezone",), f"{remark} is not what {name} has at {local}"))
        if len(moments) > 1:
            complaints.append((("schedule_time",), f"{local} comes twice in {name}"))
        self._insist(arrival, "body", complaints)
        return self._ahead(arrival, "body", "schedule_time", *moments.values())

    def show(self, arrival: Arrival, campaign_id: str) -> Answer:
        self._asked(arrival)
        return self._ok(self._shown(self._campaign(campaign_id)))

    def list_calls(self, arrival: Arrival, campaign_id: str) -> Answer:
        paging = {"limit": digits(1, 500), "page": digits(1)}
        asked = self._asked(arrival, optional={**paging, "external_id": text(), "status": word(*_CALL_STATUSES)})
        found = [
            self._call(row)
            for row in self._campaign(campaign_id).contacts
            if asked.get("status") in {None, row.status} and asked.get("external_id") in {None, row.external_id}
        ]
        return self._page(asked, found, 100)

    def _call(self, row: Row) -> Any:
        return {
            "call_id": row.id,
            "external_id": row.external_id,
            "phone_number": row.phone,
            "name": row.name,
            "status": row.status,
            "duration_seconds": 60 if row.called_at else None,
            "started_at": iso(row.called_at),
            "ended_at": iso(row.called_at),
            "metadata": {
                " ".join(part.capitalize() for part in re.split(r"[_\s]+", name)): value
                for name, value in row.fields.items()
            },
        }

    def _shown(self, campaign: Campaign) -> dict[str, Any]:
        settings, called = campaign.settings, campaign.called
        return {
            "schedule_id": campaign.id,
            "agent_id": settings["agent_name"],
            "agent_name": "The agent's name",
            "version_id": settings["version_name"],
            "status": campaign.status,
            "start_mode": settings.get("start_mode", "manual"),
            "voice": settings.get("voice"),
            "did_number": settings.get("did_number"),
            "total_contacts": len(campaign.contacts),
            "completed_contacts": called,
            "failed_contacts": 0,
            "pending_contacts": len(campaign.contacts) - called,
            "concurrency": settings.get("concurrency", 5),
            "recording_enabled": settings.get("recording_enabled", True),
            "scheduled_at": iso(campaign.start) if settings.get("start_mode") == "scheduled" else None,
            "started_at": iso(campaign.started_at),
            "created_at": iso(campaign.created_at),
            "updated_at": iso(campaign.created_at),
        }

    def _ok(self, data: Any, status: int = 200) -> Answer:
        return Answer(status, {"status_code": status, "message": "Success", "error": None, "data": data})

    def _page(self, asked: Mapping[str, str], found: Sequence[Any], usual: int) -> Answer:
        limit, page = int(asked.get("limit", usual)), int(asked.get("page", 1))
        items = list(found[(page - 1) * limit : page * limit])
        more = page * limit < len(found)
        return self._ok({"items": items, "total": len(found), "page": page, "limit": limit, "has_more": more})

    routes = (
        ("GET", "/me", me),
        ("GET", "/call-batches", list_campaigns),
        ("POST", "/call-batches", create),
        ("GET", "/call-batches/ID", show),
        ("GET", "/call-batches/ID/calls", list_calls),
    )


# TalkifAI ------------------------------------------------------------------------------------------------------------

_TALKIFAI_CREATE = mapping(
    {
        "fromPhoneNumberId": text(),
        "name": text(1, 200),
        "contacts": rows(mapping({"phone": E164}, {"name": text(0)}, anything), 1, 10_000),
    },
    {
        "description": text(0, 1000),
        "concurrentCallLimit": whole(1, 50),
        "maxAttempts": whole(1, 10),
        "scheduledStartTime": iso_moment,
        "timezone": iana_zone,
    },
)

_TALKIFAI_CONTACT_STATUSES = (
    "pending",
    "queued",
    "dialing",
    "completed",
    "no_answer",
    "busy",
    "timeout",
    "blocked",
    "invalid_number",
    "carrier_error",
    "failed",
    "cancelled",
)

_TALKIFAI_CODES = {
    "contactStatus": "invalid_contact_status",
    "status": "invalid_status",
    "page": "invalid_page",
    "contactsPage": "invalid_page",
    "pageSize": "invalid_page_size",
    "contactsPageSize": "invalid_page_size",
}


class TalkifAI(Emulator):
    """TalkifAI.

    Attributes:
        organization_id: The organisation that the key belongs to.
    """

    base = ""
    active = "running"

    def __init__(self, *, organization_id: str = "org_1", **common: Any) -> None:
        self.organization_id = organization_id
        super().__init__(**common)

    def error(self, status: int, code: str, reason: str, details: Any = None) -> Any:
        del status, details
        return {"success": False, "error": reason, "code": code}

    def invalid(self, complaints: Sequence[Complaint]) -> Answer:
        where, reason = complaints[0]
        code = _TALKIFAI_CODES.get(str(where[-1]), "invalid_request") if where[0] == "query" else "invalid_request"
        return Answer(400, self.error(400, code, f"{'.'.join(map(str, where[1:]))}: {reason}"))

    def create(self, arrival: Arrival) -> Answer:
        sent = self._sent(arrival, _TALKIFAI_CREATE)
        start = self._moment(arrival, "body", sent) if "scheduledStartTime" in sent else None
        campaign = self._make(arrival, "job_", status="scheduled" if start else "pending", start=start or self.now)
        for contact in sent["contacts"]:
            if contact["phone"] not in self.refuses:
                fields = {name: value for name, value in contact.items() if name not in {"phone", "name"}}
                phone = contact["phone"]
                row = Row(self._new_id("contact_"), contact, phone, phone, contact.get("name"), fields=fields)
                campaign.contacts.append(row)
        return Answer(
            200,
            {
                "success": True,
                "batchJobId": campaign.id,
                "totalContacts": len(campaign.contacts),
                "estimatedDuration": "15 minutes",
                "estimatedCost": "$3.50",
                "status": campaign.status,
                "scheduledStartTime": iso(start),
                "message": "Batch job created",
            },
        )

    def list_campaigns(self, arrival: Arrival) -> Answer:
        optional = {
            "status": word("pending", "scheduled", "running", "completed", "failed", "cancelled"),
            "page": digits(1),
            "pageSize": digits(1, 100),
        }
        asked = self._asked(arrival, {"organizationId": text()}, optional)
        if asked["organizationId"] != self.organization_id:
            raise self._refusal(403, "forbidden", "Not a member of this organization")
        page, size = int(asked.get("page", 1)), int(asked.get("pageSize", 20))
        found = [self._in_listing(self._shown(campaign)) for campaign in self._listed(asked.get("status"))]
        jobs = found[(page - 1) * size : page * size]
        return Answer(200, {"batchJobs": jobs, "total": len(found), "page": page, "pageSize": size})

    def show(self, arrival: Arrival, campaign_id: str) -> Answer:
        optional = {
            "contactStatus": word(*_TALKIFAI_CONTACT_STATUSES),
            "contactsPage": digits(1),
            "contactsPageSize": digits(1, 500),
        }
        asked = self._asked(arrival, optional=optional)
        campaign = self._job(campaign_id)
        page, size = int(asked.get("contactsPage", 1)), int(asked.get("contactsPageSize", 50))
        found = [row for row in campaign.contacts if asked.get("contactStatus") in {None, row.status}]
        return Answer(
            200,
            {
                **self._shown(campaign),
                "contacts": [self._contact(campaign, row) for row in found[(page - 1) * size : page * size]],
                "contactsTotal": len(found),
                "contactsPage": page,
                "contactsPageSize": size,
                "contactsHasMore": page * size < len(found),
            },
        )

    def start(self, arrival: Arrival, campaign_id: str) -> Answer:
        self._asked(arrival)
        campaign = self._need(campaign_id, {"pending", "scheduled"}, "started")
        campaign.status, campaign.start = "running", self.now
        return self._done(
            campaign, status="running", contactsEnqueued=len(campaign.contacts), redisJobCancelled=True,
            startedAt=iso(self.now),
        )  # fmt: skip

    def cancel(self, arrival: Arrival, campaign_id: str) -> Answer:
        self._asked(arrival)
        campaign = self._need(campaign_id, {"scheduled", "pending", "running"}, "cancelled")
        campaign.status, campaign.cancelled_at = "cancelled", self.now
        waiting = [row for row in campaign.contacts if row.status == "pending"]
        for row in waiting:
            row.status = "cancelled"
        return self._done(campaign, redisJobCancelled=True, contactsCancelled=len(waiting))

    def reschedule(self, arrival: Arrival, campaign_id: str) -> Answer:
        asked = self._asked(arrival, {"scheduledStartTime": iso_moment}, {"timezone": iana_zone})
        start = self._moment(arrival, "query", asked)
        campaign = self._need(campaign_id, {"pending", "scheduled"}, "rescheduled")
        campaign.settings |= asked
        campaign.status, campaign.start = "scheduled", start
        return self._done(
            campaign, scheduledStartTime=iso(start), status="scheduled", oldJobCancelled=True,
            newScheduledJobId=f"redis_{len(self.arrivals)}",
        )  # fmt: skip

    def _done(self, campaign: Campaign, **told: Any) -> Answer:
        return Answer(200, {"success": True, "message": "Done", "batchJobId": campaign.id, **told})

    def _moment(self, arrival: Arrival, part: str, sent: Mapping[str, Any]) -> datetime:
        moment = datetime.fromisoformat(sent["scheduledStartTime"])
        if moment.tzinfo is None:
            zone = ZoneInfo(sent.get("timezone", "UTC"))
            moments = by_the_clock(moment, zone)
            if len(moments) != 1:
                reason = f"{moment} comes {len(moments)} times in {zone}"
                self._insist(arrival, part, [(("scheduledStartTime",), reason)])
            (moment,) = moments.values()
        return self._ahead(arrival, part, "scheduledStartTime", moment)

    def _job(self, campaign_id: str) -> Campaign:
        if campaign_id not in self.campaigns:
            raise self._refusal(404, "job_not_found", "Batch job not found")
        return self.campaigns[campaign_id]

    def _need(self, campaign_id: str, allowed: Iterable[str], done: str) -> Campaign:
        campaign = self._job(campaign_id)
        if campaign.status not in allowed:
            raise self._refusal(400, "invalid_status", f"A {campaign.status} job cannot be {done}")
        return campaign

    def _shown(self, campaign: Campaign) -> dict[str, Any]:
        settings, called = campaign.settings, campaign.called
        statuses = [row.status for row in campaign.contacts]
        return {
            "id": campaign.id,
            "name": settings["name"],
            "description": settings.get("description"),
            "status": campaign.status,
            "organizationId": self.organization_id,
            "agentId": "agent_of_the_number",
            "fromPhoneNumberId": settings["fromPhoneNumberId"],
            "totalContacts": len(campaign.contacts),
            "contactsProcessed": called,
            "successfulCalls": called,
            "failedCalls": 0,
            "statusBreakdown": {status: statuses.count(status) for status in sorted(set(statuses))},
            "scheduledStartTime": iso(campaign.start) if "scheduledStartTime" in settings else None,
            "actualStartTime": iso(campaign.started_at),
            "completedAt": iso(campaign.cancelled_at),
            "estimatedCompletionTime": None,
            "createdAt": iso(campaign.created_at),
            "concurrentCallLimit": settings.get("concurrentCallLimit", 5),
            "retryPolicy": {
                "maxAttempts": settings.get("maxAttempts", 3),
                "retryableStatuses": ["no_answer", "busy", "timeout"],
            },
        }

    def _contact(self, campaign: Campaign, row: Row) -> Any:
        return {
            "id": row.id,
            "phoneNumber": row.phone,
            "contactData": dict(row.sent),
            "status": row.status,
            "errorCode": None,
            "attemptCount": 1 if row.called_at else 0,
            "maxAttempts": campaign.settings.get("maxAttempts", 3),
            "lastAttemptAt": iso(row.called_at),
            "nextRetryAt": None,
            "completedAt": iso(row.called_at),
            "roomName": None,
            "failureReason": None,
            "callDuration": 60 if row.called_at else None,
        }

    routes = (
        ("POST", "/batch/create", create),
        ("GET", "/batch/jobs", list_campaigns),
        ("GET", "/batch/jobs/ID", show),
        ("POST", "/batch/jobs/ID/start", start),
        ("POST", "/batch/jobs/ID/cancel", cancel),
        ("PATCH", "/batch/jobs/ID/reschedule", reschedule),
    )


EMULATORS: Mapping[str, type[Emulator]] = {"truedy": Truedy, "techladder": TechLadder, "talkifai": TalkifAI}
