"""What a client's shared logic and its two drivers say to each other."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

import attrs
import httpx

from unibatch.core.flow import Response

T = TypeVar("T")


@attrs.frozen
class Pause:
    """Nothing is to be done for a while.

    Attributes:
        seconds: For how long; more than 0.
    """

    seconds: float


Conversation: TypeAlias = Generator[httpx.Request | Pause, Response | None, T]
"""An operation as a client carries it out.

It yields a request, and is sent the answer, whose body is as it came over the wire, or is thrown the failure: an
``httpx.TransportError``, `TooLarge`, or `Barred`, if the request's extension ``barred`` (a function) says so once a
connection is free. Or it yields a `Pause`, and is sent ``None`` when that is over.
"""


class Barred(Exception):
    """While the request waited for a connection, the vendor asked for silence; it was not sent."""


class TooLarge(Exception):
    """The body of an answer is larger than any that a vendor has reason to send."""
