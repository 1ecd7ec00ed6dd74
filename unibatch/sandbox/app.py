"""The ASGI application: routes to a vendor, lets faults strike, keeps the log."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

import attrs

from unibatch.sandbox.controls import Controls
from unibatch.sandbox.faults import Fault
from unibatch.sandbox.http import Answer, Request, decode_json
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
    """

    vendor: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    status: int | None
    body: bytes


class App:
    """The three vendors under one roof.

    Args:
        vendors: The vendors by name.
        controls: What the paths below `/_sandbox` call.
        lock: Held while anything is read or changed.
        tick: Called before each request, so that a real clock can drive the simulated one.
    """

    def __init__(
        self, vendors: dict[str, Vendor], controls: Controls, lock: threading.RLock, tick: Callable[[], None]
    ) -> None:
        self.vendors = vendors
        self.controls = controls
        self.lock = lock
        self.tick = tick
        self.faults: list[Fault] = []
        self.log: deque[LoggedRequest] = deque(maxlen=LONGEST_LOG)

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
        await _send(send, self._control(method, raw_path, body))

    async def _serve(self, vendor: Vendor, request: Request, receive: Receive, send: Send) -> None:
        with self.lock:
            fault = next((fault for fault in self.faults if fault.strikes(vendor.name, request)), None)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        with self.lock:
            self.tick()
            if fault is None or not fault.prevents_work:
                answer = _work(vendor, request)
            elif fault.status == HTTPStatus.TOO_MANY_REQUESTS:
                answer = vendor.finished(vendor.limited(fault.retry_after))
            else:
                answer = vendor.finished(vendor.error(fault.status or 200))
            if fault is not None:
                answer = fault.disguise(answer)
            status = None if fault is not None and fault.drop is not None else answer.status
            self.log.append(
                LoggedRequest(vendor.name, request.method, request.path, request.query, status, request.body)
            )
        if status is None:
            await _drop(send, receive)
        elif fault is not None and fault.cut is not None:
            await _send(send, answer, cut=fault.cut)
            await _drop(send, receive, flush=True)
        else:
            await _send(send, answer)

    def _control(self, method: str, raw_path: str, body: bytes) -> Answer:
        parts = tuple(unquote(part) for part in raw_path.strip("/").split("/"))
        if parts == ("",) and method in ("GET", "HEAD"):
            return Answer.json(200, self.controls.describe())
        if parts[0] != "_sandbox":
            return Answer.json(404, {"error": "This is no path of the sandbox; ask / what there is"})
        try:
            arguments = decode_json(body) if body else {}
            return Answer.json(200, self.controls.control(method, parts[1:], arguments))
        except LookupError as error:
            return Answer.json(404, {"error": str(error.args[0]) if error.args else "not found"})
        except (TypeError, ValueError) as error:
            return Answer.json(400, {"error": str(error)})


def _work(vendor: Vendor, request: Request) -> Answer:
    try:
        return vendor.answer(request)
    except Exception as error:  # noqa: BLE001  # a bug of the sandbox must be seen by whoever meets it
        return Answer.json(500, {"bug_in_the_sandbox": f"{type(error).__name__}: {error}"})


def _request(method: str, below: str, scope: Scope, body: bytes) -> Request:
    return Request(
        method=method,
        path=unquote(below) or "/",
        segments=tuple(unquote(part) for part in below[1:].split("/")),
        query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
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


async def _drop(send: Send, receive: Receive, *, flush: bool = False) -> None:
    """Close the connection without another byte.

    ASGI has no word for that, so this reaches for the transport behind uvicorn's `send`.

    Args:
        send: The server's own `send`.
        receive: The server's own `receive`.
        flush: Whether bytes that are already written still go out.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("this server hides its connections, so the sandbox cannot drop one; it needs uvicorn")
    if flush:
        transport.close()
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
