"""Which requests are sent again, when, and for how long.

Here one request is sent again while it cannot have been carried out, or does no harm if it is carried out twice. The
other half is in the flows: after a write whose outcome is unknown they look at the vendor several times (``LOOKS`` in
`unibatch.core.looking`), and those in `unibatch.core.steering` send the write again if nothing was carried out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from unibatch.client.options import Options
from unibatch.core import errors
from unibatch.core.errors import UnibatchError
from unibatch.core.flow import Request
from unibatch.core.late import Late

if TYPE_CHECKING:
    import tenacity
else:
    tenacity = Late("tenacity")  # most requests need one attempt

PASSING = frozenset({408, 500, 502, 503, 504, *range(520, 525), 529})
"""HTTP statuses of a server, or of a proxy before it, that may recover; what became of a write is unknown."""
_CONFLICT, _REDIRECTION = 409, 300
_CREATING = frozenset({"create_campaign", "add_contacts"})
"""Where a 409 may say that it is there now, and a success that says that nothing was done may be wrong."""
_PROVES_NOTHING_DONE = frozenset(
    {400, 401, 402, 403, 404, 405, 410, 411, 413, 414, 415, 417, 422, 426, 428, 429, 431, 451}
)
"""The request was judged and refused. Others, such as 408, 425 and 5xx, may come while the vendor is at work on it."""
_NEVER_SENT = (errors.ConnectFailed, errors.ConnectTimeout, errors.PoolTimeout)
_LOST = (errors.ReadTimeout, errors.WriteTimeout, errors.ConnectionLost)

NO_TIME_GIVEN = 1.0
"""Seconds to wait after a 429 that does not say how long."""


def _backoff(state: tenacity.RetryCallState) -> float:
    return tenacity.wait_random_exponential(multiplier=0.5, max=30)(state)


def may_repeat(request: Request, error: BaseException) -> bool:
    """Whether sending the request again after this error does no harm and may help."""
    if isinstance(error, (errors.RateLimited, *_NEVER_SENT)):
        return True  # the vendor has not carried it out
    if not request.repeatable:
        return False
    if isinstance(error, errors.MalformedResponse):
        return True  # before the flow reads the answer, this can only mean that it was cut off on the way
    return isinstance(error, _LOST) or (isinstance(error, errors.ServerError) and error.http_status in PASSING)


def is_denial(error: BaseException) -> bool:
    """Whether an answer of a status that means success said that nothing was done."""
    if not isinstance(error, errors.ProviderError) or isinstance(error, errors.MalformedResponse):
        return False
    return error.http_status is not None and error.http_status < _REDIRECTION


def is_outcome_unknown(request: Request, error: BaseException) -> bool:
    """Whether the vendor may have carried out a write whose answer was lost."""
    if request.method == "GET":
        return False
    if isinstance(error, (*_LOST, errors.AnswerTooLarge, errors.MalformedResponse)):
        return True
    status = error.http_status if isinstance(error, errors.ProviderError) else None
    if status == _CONFLICT or is_denial(error):
        return request.operation in _CREATING
    return status is not None and status >= _REDIRECTION and status not in _PROVES_NOTHING_DONE


class Attempts:
    """The attempts at sending one request; iterate it, and use each item in a ``with`` statement.

    Attributes:
        was_lost: The answer to one of them was lost, so the vendor may have carried the request out.
        pause: How many seconds to wait before the next attempt.
    """

    def __init__(
        self, request: Request, options: Options, on_wait: Callable[[float, UnibatchError, int], None]
    ) -> None:
        """Begin. ``on_wait`` is called before each further attempt with the seconds, the error, the attempts so far."""
        self.was_lost = False
        self.pause = 0.0
        self._request = request
        self._retry = options.retry
        self._max_wait = math.inf if options.max_wait is None else options.max_wait
        self._on_wait = on_wait
        self._failures = 0
        self.is_too_long = False
        """The latest error asks for a longer wait than ``max_wait``."""
        self.last: BaseException | None = None
        """The latest error."""
        self._spent = 0.0
        self._began = 0.0

    def __iter__(self) -> Iterator[tenacity.AttemptManager]:
        return iter(
            tenacity.Retrying(
                retry=tenacity.retry_if_exception(self._may_repeat),
                wait=self._wait,
                stop=self._is_over,
                before_sleep=self._announce,
                sleep=self._sleep,
                reraise=True,
            )
        )

    def begin(self) -> None:
        """The request is being sent now."""
        self._began = time.monotonic()

    def _may_repeat(self, error: BaseException) -> bool:
        self.last = error
        self.was_lost |= is_outcome_unknown(self._request, error)
        return may_repeat(self._request, error)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = _error(state)
        asked = _asked(error)
        if getattr(error, "retry_after", None) is not None:
            return asked + _backoff(state) / 10
        return _backoff(state) + asked

    def _is_over(self, state: tenacity.RetryCallState) -> bool:
        self._failures += getattr(_error(state), "retry_after", None) is None
        self._spent += time.monotonic() - self._began
        self.is_too_long = _asked(_error(state)) > self._max_wait
        return (
            self._retry.attempts == 1
            or self._failures >= self._retry.attempts
            or self._spent + state.upcoming_sleep > self._retry.total
            or self.is_too_long
        )

    def _announce(self, state: tenacity.RetryCallState) -> None:
        self._on_wait(state.upcoming_sleep, _error(state), state.attempt_number)

    def _sleep(self, seconds: float) -> None:
        self.pause = seconds
        self._spent += seconds


def _asked(error: UnibatchError) -> float:
    """For how many seconds the vendor wants nothing."""
    retry_after: timedelta | None = getattr(error, "retry_after", None)
    if retry_after is not None:
        return retry_after.total_seconds()
    return NO_TIME_GIVEN if isinstance(error, errors.RateLimited) and error.retry_at is None else 0.0


def _error(state: tenacity.RetryCallState) -> UnibatchError:
    error = state.outcome and state.outcome.exception()
    assert isinstance(error, UnibatchError)  # noqa: S101  # nothing else is raised within an attempt that may fail
    return error
