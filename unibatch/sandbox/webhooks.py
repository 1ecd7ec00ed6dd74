"""Webhooks of the simulated vendors: what is sent, when, and what happens if nobody takes it.

What happens in a campaign is noted by the dialler. A vendor makes messages of it, in its own words and with its own
signature, and a thread posts them. Times, and so retries, are those of the simulated clock.
"""

from __future__ import annotations

import contextlib
import heapq
import http.client
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs

from unibatch.sandbox.campaign import Mint, VendorCampaign, VendorContact

NAP = 0.2
"""Seconds between two looks at a clock that goes by itself."""

_SUCCESS = range(200, 300)
_LONGEST_LOG = 100_000


@attrs.frozen
class Notice:
    """Something that happened.

    Attributes:
        kind: "started", "answered" and "ended" are about a call, "status" is about the campaign.
        campaign: Whose campaign it is.
        contact: A copy of the contact as it was then; None with "status".
        at: When, in simulated seconds since the epoch.
        status: With "status": the campaign's new one.
    """

    kind: Literal["started", "answered", "ended", "status"]
    campaign: VendorCampaign
    contact: VendorContact | None
    at: float
    status: str = ""


@attrs.frozen(kw_only=True)
class Delivery:
    """One attempt to deliver a webhook.

    Attributes:
        vendor: The vendor's name.
        id: The id of the message; attempts and repetitions have the same.
        type: The vendor's word for its type.
        attempt: 1 is the first.
        headers: Its headers.
        body: Its body.
        status: The HTTP status of the answer; None if none came.
    """

    vendor: str
    id: str
    type: str
    attempt: int
    headers: Mapping[str, str]
    body: bytes
    status: int | None


@attrs.define
class _Message:
    """A message that is to be delivered."""

    vendor: Any
    content: Mapping[str, Any]
    attempt: int = 1


@attrs.define(eq=False)
class Outbox:
    """The messages that are on their way to one URL.

    Attributes:
        url: Where they are posted.
        lock: The sandbox's own; held while the world is looked at.
        now: The simulated time.
        wall: The time of day, which signatures have.
        tick: Lets time pass where the clock goes by itself; None where it stands still.
        repeat: How many times each message is posted beside the first.
        reverse: Whether messages of one batch are posted the last one first.
        log: All attempts.
    """

    url: str
    lock: threading.RLock
    now: Callable[[], float]
    wall: Callable[[], float]
    tick: Callable[[], None] | None = None
    repeat: int = 0
    reverse: bool = False
    log: list[Delivery] = attrs.field(factory=list)
    _due: list[tuple[float, int, _Message]] = attrs.field(factory=list)
    _serial: itertools.count[int] = attrs.field(factory=itertools.count)
    _changed: threading.Condition = attrs.field(factory=threading.Condition)
    _busy: bool = False
    _stopped: bool = False
    _thread: threading.Thread | None = None

    def put(self, vendor: Any, content: Mapping[str, Any]) -> None:
        """Take in a message that is to be delivered now."""
        with self._changed:
            heapq.heappush(self._due, (self.now(), next(self._serial), _Message(vendor, content)))
            self._changed.notify_all()

    def wake(self) -> None:
        """Look again, since time has passed."""
        with self._changed:
            self._changed.notify_all()

    def drain(self, seconds: float = 60.0) -> None:
        """Wait until everything that is due was posted."""
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopped or not (self._busy or self._is_due), seconds)

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._due.clear()
            self.log.clear()
            self.repeat, self.reverse = 0, False

    def start(self) -> None:
        """Begin to post."""
        self._thread = threading.Thread(target=self._run, name="unibatch-sandbox-webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Post nothing more, and wait until the thread is over."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    @property
    def _is_due(self) -> bool:
        return bool(self._due) and self._due[0][0] <= self.now()

    def _run(self) -> None:
        while True:
            if self.tick is not None:
                with self.lock:
                    self.tick()
            with self._changed:
                if not (self._is_due or self._stopped):
                    self._changed.wait(NAP if self.tick is not None else None)
                if self._stopped:
                    return
                batch = []
                while self._is_due:
                    batch.append(heapq.heappop(self._due)[2])
                self._busy = bool(batch)
            for message in reversed(batch) if self.reverse else batch:
                for _ in range(self.repeat + 1):
                    self._post(message)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _post(self, message: _Message) -> None:
        vendor, body = message.vendor, json.dumps(message.content).encode()
        headers = {"Content-Type": "application/json", **vendor.signed(body, self.wall())}
        status = None if self._stopped else _status_of(self.url, headers, body, vendor.webhook_timeout)
        told = message.content
        about = {"id": str(told.get("id") or told["event_id"]), "type": str(told.get("type") or told["event"])}
        delivery = Delivery(
            vendor=vendor.name, attempt=message.attempt, headers=headers, body=body, status=status, **about
        )
        with self._changed:
            if len(self.log) < _LONGEST_LOG:
                self.log.append(delivery)
            retries = vendor.webhook_retries
            if status not in _SUCCESS and message.attempt <= len(retries):
                again = _Message(vendor, message.content, message.attempt + 1)
                heapq.heappush(self._due, (self.now() + retries[message.attempt - 1], next(self._serial), again))


def _status_of(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int | None:
    """Post a message, and return the HTTP status of the answer; None if none came in time."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with contextlib.closing(kind(parts.hostname or "", parts.port, timeout=seconds)) as connection:
        try:
            connection.request("POST", path, body, dict(headers))
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


def event_id(mint: Mint) -> str:
    """Make up the id of a message."""
    return f"evt_{mint.next()[:16]}"


def require_url(url: str) -> str:
    """Refuse what is no address that webhooks can be posted to.

    Raises:
        ValueError: It is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"webhooks are posted to a URL that begins with http:// or https://, not {url!r}")
    return url
