"""What an application can ask of a client: how long to wait, how often to try again, and to be told of both."""

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


def _insist_on_whole(name: str, number: int, most: int) -> None:
    if type(number) is not int or not 1 <= number <= most:
        raise InvalidInput(f"{name} is a whole number from 1 to {most:,}, not {number!r}")


def _is_time(seconds: float) -> bool:
    return type(seconds) in {int, float} and 0 < seconds <= _LONGEST


@attrs.frozen
class Timeout:
    """How long to wait, in seconds.

    Attributes:
        connect: For a connection to be made. More than 0, at most a day.
        read: For each part of an answer, for sending each part of a request, and for a free connection. More than 0,
            at most a day.
    """

    connect: float = 5.0
    read: float = 30.0

    def __attrs_post_init__(self) -> None:
        for seconds in (self.connect, self.read):
            if not _is_time(seconds):
                raise InvalidInput(
                    f"a time-out is a number of seconds above 0 and at most {_LONGEST:,}, not {seconds!r}"
                )

    @classmethod
    def of(cls, timeout: float | Timeout) -> Timeout:
        """A number of seconds stands for both times."""
        return timeout if isinstance(timeout, Timeout) else cls(connect=timeout, read=timeout)


@attrs.frozen
class Retry:
    """How often to try a request again that can be sent again without harm.

    A request is tried again after a lost connection, a time-out, an answer that was cut off, and the HTTP statuses 429,
    500, 502, 503 and 504; a write only if it cannot have reached the vendor, or if the vendor recognises it when it
    comes again. Between two attempts is a random time of up to 0.5 seconds, then 1, 2, 4 and so on up to 30, or the
    time that the vendor names.

    Attributes:
        attempts: How often to send a request at most, 1 to 100; 1 never tries again. An answer that names a time to
            wait does not count, only the time does.
        total: How long all attempts at one request and the waits between them may take, in seconds, without what it
            takes to stay below the rate limit. More than 0, at most a day. A vendor that asks for a longer wait is not
            asked again, nor by the next request before that time: the error says how long it would be.
    """

    attempts: int = 6
    total: float = 300.0

    def __attrs_post_init__(self) -> None:
        if type(self.attempts) is not int or not 1 <= self.attempts <= _MOST_ATTEMPTS:
            raise InvalidInput(f"retry: attempts is a whole number from 1 to {_MOST_ATTEMPTS}, not {self.attempts!r}")
        if not _is_time(self.total):
            raise InvalidInput(
                f"retry: total is a number of seconds above 0 and at most {_LONGEST:,}, not {self.total!r}"
            )


@attrs.frozen(kw_only=True)
class Wait:
    """A client waits before it sends a request; given to the function ``on_wait``.

    Attributes:
        provider: The provider's name.
        operation: The client's method, for example ``"list_contacts"``.
        seconds: How long it will wait.
        error: Why: what came of the latest attempt, or ``None`` if the client keeps itself below the vendor's limit of
            requests a minute.
        attempt: How often the request has been sent so far.
    """

    provider: str
    operation: str
    seconds: float
    error: UnibatchError | None
    attempt: int


@attrs.frozen(kw_only=True)
class Options:
    """How a client speaks with its vendor.

    Attributes:
        base_url: Where the vendor's API is; ``None`` for where it is documented to be.
        timeout: How long to wait.
        retry: How often to try again.
        requests_per_minute: The limit to stay below, 1 to 1,000,000; ``None`` for the one that the vendor documents.
        max_in_flight: The most pages of one listing to have under way or in memory at once, 1 to 64.
        rate_limit_file: A file in which several processes that use the same key count their requests together.
        on_wait: Called before each wait of a second or more for the rate limit, and before each further attempt; from
            whichever thread is waiting.
    """

    base_url: str | None = None
    timeout: Timeout = Timeout()
    retry: Retry = Retry()
    requests_per_minute: int | None = None
    max_in_flight: int = 8
    rate_limit_file: Path | None = None
    on_wait: Callable[[Wait], None] | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.retry, Retry):
            raise InvalidInput(f"retry is a unibatch.Retry, not {self.retry!r}")
        if self.on_wait is not None and not callable(self.on_wait):
            raise InvalidInput(f"on_wait is a function, not {self.on_wait!r}")
        _insist_on_whole("max_in_flight", self.max_in_flight, _MOST_IN_FLIGHT)
        if self.requests_per_minute is not None:
            _insist_on_whole("requests_per_minute", self.requests_per_minute, _MOST_REQUESTS)

    @property
    def connections(self) -> int:
        """The most connections that the client opens."""
        return max(_CONNECTIONS, self.max_in_flight)
