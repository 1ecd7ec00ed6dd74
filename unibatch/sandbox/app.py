"""The ASGI application: finds the vendor, applies faults, keeps the log."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import attrs

from unibatch.sandbox.faults import NO_FAULT, Fault
from unibatch.sandbox.http import Answer, VendorRequest
from unibatch.sandbox.vendors import Vendor

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LONGEST_LOG = 100_000


@attrs.frozen
class LoggedRequest:
    """One request that a vendor got. Headers, and so keys, are not kept.

    Attributes:
        vendor: The vendor's name.
        method: The HTTP method.
        path: The path below the vendor's base URL, percent-decoded.
        query: The query's names and values.
        status: The HTTP status of the answer; None when the connection was closed without one.
        body: The request's body.
        is_write: Whether it was to change something.
    """

    vendor: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    status: int | None
    body: bytes
    is_write: bool


@attrs.define(eq=False)
class App:
    """The three vendors under one roof.

    Attributes:
        vendors: The vendors by name.
        lock: Held while anything is read or changed.
        tick: Called before each request, so that a real clock can drive the simulated one.
        control: Answers what is asked of no vendor: method, path and body.
        late: Work that is still to be done, in the order in which it was asked for.
        afterwards: Called after each request, so that its webhooks are sent.
    """

    vendors: dict[str, Vendor]
    lock: threading.RLock
    tick: Callable[[], None]
    control: Callable[[str, str, bytes], Answer] = lambda *_: Answer.json(404, {"error": "no controls here"})
    faults: list[Fault] = attrs.field(factory=list)
    log: deque[LoggedRequest] = attrs.field(factory=lambda: deque(maxlen=LONGEST_LOG))
    late: list[Callable[[], object]] = attrs.field(factory=list)
    afterwards: Callable[[], object] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _read(receive)
        if body is None:
            return
        raw_path = scope["raw_path"].decode("latin-1")
        method = scope["method"]
        for vendor in self.vendors.values():
            if raw_path == vendor.prefix or raw_path.startswith(vendor.prefix + "/"):
                below = raw_path.removeprefix(vendor.prefix)
                await self._serve(vendor, _request(method, below, scope, body), receive, send)
                return
        await _send(send, self.control(method, raw_path, body))

    async def _serve(self, vendor: Vendor, request: VendorRequest, receive: Receive, send: Send) -> None:
        with self.lock:
            fault = next((fault for fault in self.faults if fault.applies_to(vendor.name, request)), NO_FAULT)
        if fault.delay and fault.moment != "late":
            await asyncio.sleep(fault.delay)
        with self.lock:
            self.tick()
            if fault.meanwhile is not None:
                fault.meanwhile()
            answer = self._answer(vendor, request, fault)
            self.afterwards()
            status = None if fault.is_silent else answer.status
            self.log.append(
                LoggedRequest(
                    vendor.name, request.method, request.path, request.query, status, request.body, request.is_write
                )
            )
        if fault.stall is not None:
            await _until_gone(receive)
        elif fault.drop is not None:
            await _drop(send, receive, reset=fault.reset)
        elif fault.cut is not None:
            await _send(send, answer, cut=fault.cut)
            await _drop(send, receive, flush=True)
        else:
            await _send(send, answer)

    def _answer(self, vendor: Vendor, request: VendorRequest, fault: Fault) -> Answer:
        done = None
        if fault.moment == "late":
            self._postpone(partial(_work, vendor, vendor.received(request)), fault.delay)
        elif fault.moment == "after":
            sizes = {name: len(campaign.contacts) for name, campaign in vendor.campaigns.items()}
            done = _work(vendor, request)
            if fault.portion is not None:
                self._withhold(vendor, sizes, fault.portion)
        if done is not None and not fault.replaces:
            answer = done
        elif fault.status == HTTPStatus.TOO_MANY_REQUESTS:
            answer = vendor.finished(vendor.limited(fault.retry_after))
        else:
            answer = vendor.finished(vendor.error(fault.status or 200))
        return fault.disguise(request, answer)

    def _withhold(self, vendor: Vendor, sizes: dict[str, int], portion: int) -> None:
        """Let only some of the contacts that are new be there by now."""
        for name, campaign in vendor.campaigns.items():
            first = sizes.get(name, 0) + portion
            if len(campaign.contacts) > first:
                self._postpone(partial(campaign.give_back, campaign.withhold(first)), None)

    def _postpone(self, work: Callable[[], object], seconds: float | None) -> None:
        self.late.append(work)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self._do_late, work)

    def _do_late(self, work: Callable[[], object]) -> None:
        with self.lock:
            if work in self.late:
                self.late.remove(work)
                self.tick()
                work()

    def catch_up(self) -> None:
        """Do now all work that is still to be done."""
        with self.lock:
            while self.late:
                self._do_late(self.late[0])


def _work(vendor: Vendor, request: VendorRequest) -> Answer:
    try:
        return vendor.answer(request)
    except Exception as error:  # noqa: BLE001  # a bug of the sandbox must be seen by the user who meets it
        return Answer.json(500, {"bug_in_the_sandbox": f"{type(error).__name__}: {error}"})


def _request(method: str, below: str, scope: Scope, body: bytes) -> VendorRequest:
    query = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    flaws = [
        f"{where}: {name}"
        for where, pairs in (("a header comes twice", headers), ("a name comes twice in the query", query))
        for name, times in Counter(name for name, _ in pairs).items()
        if times > 1
    ]
    if "transfer-encoding" in dict(headers):
        flaws.append("the body comes in chunks")
    return VendorRequest(
        method=method,
        path=unquote(below) or "/",
        segments=tuple(unquote(part) for part in below[1:].split("/")),
        query=query,
        headers=dict(headers),
        body=body,
        flaws=tuple(flaws),
    )


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body, or None when the client went away."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _send(send: Send, answer: Answer, *, cut: int | None = None) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body[:cut], "more_body": cut is not None})


async def _drop(send: Send, receive: Receive, *, flush: bool = False, reset: bool = False) -> None:
    """Close the connection without another byte, but for those that are written if `flush`.

    ASGI has no word for that, so this reaches for the transport behind uvicorn's `send`.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("this server hides its connections, so the sandbox cannot drop one; it needs uvicorn")
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if flush:
        transport.close()
    else:
        transport.abort()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
