"""What an application can set for a client: time-outs, retries, limits, and a function that is called before waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from unibatch.core.errors import InvalidInput, UnibatchError

_LONGEST = 86_400
_MOST_ATTEMPTS = 100
_MOST_REQUESTS = 1_000_000
_MOST_IN_FLIGHT = 64
_CONNECTIONS = 16


def _require_whole(name: str, number: int, most: int) -> None:
    if type(number) is not int or not 1 <= number <= most:
        raise InvalidInput(f"{name} is a whole number from 1 to {most:,}, not {number!r}")


def _require_time(name: str, seconds: float) -> None:
    if type(seconds) not in {int, float} or not 0 < seconds <= _LONGEST:
        raise InvalidInput(f"{name} is a number of seconds above 0 and at most {_LONGEST:,}, not {seconds!r}")


@attrs.frozen
class Timeout:
    """How long to wait, in seconds.

    Attributes:
        connect: For a connection to be made. More than 0, at most a day.
        read: For each part of an answer, and for sending each part of a request. More than 0, at most a day.
    """

    connect: float = 5.0
    read: float = 30.0

    def __attrs_post_init__(self) -> None:
        for seconds in (self.connect, self.read):
            _require_time("a time-out", seconds)

    @classmethod
    def of(cls, timeout: float | Timeout) -> Timeout:
        """One number of seconds is for both times."""
        return timeout if isinstance(timeout, Timeout) else cls(connect=timeout, read=timeout)


@attrs.frozen
class Retry:
    """How often to try a request again that can be sent again without harm.

    A request is sent again after a lost connection, a time-out, an answer that was cut off, and the HTTP statuses 408,
    429, 500, 502 to 504, 520 to 524 and 529. A write is sent again only if it cannot have reached the vendor, or if the
    vendor recognises a repeated one. The client waits a random time of up to 0.5 seconds before the second attempt,
    then up to 1, 2, 4 and so on up to 30 seconds, or as long as the vendor says.

    Attributes:
        attempts: How often to send a request at most, 1 to 100; 1 never tries again. An attempt whose answer names a
            time to wait does not count, only the time does.
        total: How long all attempts at one request and the waits between them may take, in seconds; waits for the rate
            limit do not count. More than 0, at most a day. If the vendor asks for a longer wait, the request fails, and
            so does every other before that time; the error says how long the wait would be.
    """

    attempts: int = 6
    total: float = 300.0

    def __attrs_post_init__(self) -> None:
        _require_whole("retry: attempts", self.attempts, _MOST_ATTEMPTS)
        _require_time("retry: total", self.total)


@attrs.frozen(kw_only=True)
class Wait:
    """A client waits before it sends a request; given to the function ``on_wait``.

    Attributes:
        provider: The provider's name.
        operation: The client's method, for example ``"list_contacts"``.
        seconds: How long it will wait; with ``is_turn``, how long at most.
        error: Why: the error of the latest attempt, or ``None`` if the client waits for the limit of requests a minute
            or for its turn.
        attempt: How often the request has been sent so far.
        is_turn: It waits until another thread or program has done the same, such as placing the same draft.
    """

    provider: str
    operation: str
    seconds: float
    error: UnibatchError | None
    attempt: int
    is_turn: bool = False


@attrs.frozen(kw_only=True)
class Options:
    """The settings of a client: arguments of `unibatch.connect`, which explains them."""

    base_url: str | None = None
    timeout: Timeout = Timeout()
    retry: Retry = Retry()
    requests_per_minute: int | None = None
    max_in_flight: int = 8
    rate_limit_file: Path | None = None
    max_wait: float | None = None
    on_wait: Callable[[Wait], None] | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.retry, Retry):
            raise InvalidInput(f"retry is a unibatch.Retry, not {self.retry!r}")
        if self.on_wait is not None and not callable(self.on_wait):
            raise InvalidInput(f"on_wait is a function, not {self.on_wait!r}")
        _require_whole("max_in_flight", self.max_in_flight, _MOST_IN_FLIGHT)
        if self.max_wait is not None and (
            type(self.max_wait) not in {int, float} or not 0 <= self.max_wait <= _LONGEST
        ):
            raise InvalidInput(f"max_wait is a number of seconds from 0 to {_LONGEST:,}, not {self.max_wait!r}")
        if self.requests_per_minute is not None:
            _require_whole("requests_per_minute", self.requests_per_minute, _MOST_REQUESTS)

    @property
    def connections(self) -> int:
        """The most connections that the client opens."""
        return max(_CONNECTIONS, self.max_in_flight)
