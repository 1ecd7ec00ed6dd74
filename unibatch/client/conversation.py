"""What a driver carries out: requests, waits, and reading ahead, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias, TypeVar

import attrs

from unibatch.client.transport import httpx
from unibatch.core.flow import Response
from unibatch.core.paging import Position

T = TypeVar("T")


@attrs.frozen
class Pause:
    """A wait.

    Attributes:
        seconds: How long, more than 0.
        error: The failure after which it comes, before another attempt; ``None`` if it has another reason.
    """

    seconds: float
    error: BaseException | None = None


@attrs.frozen
class ReadAhead:
    """The first of some answers is needed; the others will be, and a driver may ask for them meanwhile.

    Attributes:
        of: What they are about. If another step is about the same, what was begun for it and is needed is kept.
        upcoming: Returns the positions of the answers, in order and at most so many; at least one.
        ask: Begins the conversation that returns the answer at a position.
        most: How many may be asked for at the same time.
    """

    of: object
    upcoming: Callable[[int], Sequence[Position]]
    ask: Callable[[Position], Conversation[Response]]
    most: int


Step: TypeAlias = httpx.Request | Pause | ReadAhead

Conversation: TypeAlias = Generator[Step, Response | None, T]
"""An operation as a driver carries it out.

It yields a request, and is sent the answer, with its body as it came over the wire. If the request fails, it is thrown
an ``httpx.TransportError``, `TooLarge`, or `Barred`. Or it yields a `Pause`, and is sent ``None`` when that is over. Or
it yields a `ReadAhead`, and is sent the first of the answers, or is thrown the `UnibatchError` in its place.
"""


class Barred(Exception):
    """The request was not sent: while it waited for a connection, the vendor asked for silence.

    When it has a connection, a driver asks the request's extension ``barred``, a function, for the seconds of silence
    that are left. From then on the attempt takes time.
    """
