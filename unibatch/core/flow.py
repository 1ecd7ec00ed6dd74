"""How a provider talks without doing I/O.

Each operation of a provider is a generator: it yields a `Request`, is sent the `Response`, or the `UnibatchError` that
was the result is thrown into it; it may yield again, and returns a canonical value. A driver (in ``unibatch.client``)
sends the requests; a test can answer them with plain values::

    flow = provider.get_campaign("batch_c3d4e5f6")
    request = next(flow)
    try:
        flow.send(Response(status=200, content=b'{"data": ...}'))
    except StopIteration as done:
        campaign = done.value
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, TypeVar
from urllib.parse import quote

import attrs

from unibatch.core.errors import InvalidInput

T = TypeVar("T")
S = TypeVar("S")
A = TypeVar("A")
NO_CONTENT = 204
"""The HTTP status of a success without a body."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


def segment(text: object) -> str:
    """Percent-encode ``text`` as exactly one segment of a path.

    Raises:
        InvalidInput: It is not a text, is blank, is not Unicode, or would change the path's meaning (``.``, ``..``).
    """
    if not isinstance(text, str) or not text.strip() or text in {".", ".."}:
        raise InvalidInput(f"an id must be a text that is not blank, not {text!r}")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as exc:
        raise InvalidInput(f"the id {text!r} cannot be sent: it is not valid Unicode") from exc


def _given(query: Mapping[str, str | None]) -> Mapping[str, str]:
    return {name: value for name, value in query.items() if value is not None}


@attrs.frozen(kw_only=True)
class Request:
    """What a flow wants sent.

    Attributes:
        operation: The client's method that it belongs to, for error messages and logs.
        method: The HTTP method.
        path: The path below the profile's base URL, starting with a slash, segments already percent-encoded.
        query: Query parameters in the vendor's spelling, not yet encoded; those that are ``None`` are left out.
        content: The body, as JSON; empty for none.
        headers: Headers that only this request has. They are sent with requests that change something.
        repeatable: Sending it twice has the same effect as sending it once: it only reads, or the vendor documents that
            it recognises a repetition. Any other request is never sent again once it may have arrived.
        looks_first: The flow looks before it is sent once more, even after a 429: the client waits until requests are
            accepted again, then throws `RateLimited` into the flow, with ``waited`` set.
        may_be_empty: The vendor documents that a 204 without a body answers it. Otherwise such an answer is malformed.
        subject: The id that the operation is about, for error messages, or ``None``.
        after: How many seconds to wait before it is sent.
        ahead: What the flow asks for after this, or ``None``. The client may send some of it meanwhile.
    """

    operation: str
    method: str = "GET"
    path: str
    query: Mapping[str, str] = attrs.field(default=_NOTHING, converter=_given)
    content: bytes = b""
    headers: Mapping[str, str] = _NOTHING
    repeatable: bool = attrs.Factory(lambda request: request.method == "GET", takes_self=True)
    looks_first: bool = False
    may_be_empty: bool = False
    subject: str | None = None
    after: float = 0.0
    ahead: Ahead | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen(eq=False)
class Ahead:
    """What a flow that reads a listing to its end asks for. It only reads, and each page is asked for once.

    Attributes:
        upcoming: Returns the positions of the pages that the flow asks for next, in order and at most so many, as far
            as they are known. The first is that of the present request.
        request: Returns the request for a page that ``upcoming`` named.
    """

    upcoming: Callable[[int], Sequence[int | str]]
    request: Callable[[int | str], Request]


@attrs.frozen(kw_only=True)
class Response:
    """The answer.

    Attributes:
        status: The HTTP status code.
        content: The body, decompressed; empty where there is none, as with a 204.
        headers: The headers; look-up by lower-case name.
    """

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = _NOTHING


Flow: TypeAlias = Generator[Request, Response, T]
"""An operation of a provider, returning ``T``."""


def adapted(steps: Generator[S, A, T], adapt: Callable[[S], S], *, at: S | None = None) -> Generator[S, A, T]:
    """The same flow or conversation, in which each step is adapted before it is yielded.

    Args:
        steps: The flow or conversation. It is closed at the end.
        adapt: Is given each step, and returns it, or another. What it raises ends all.
        at: The step that it is at, or another in the place of that; ``None`` if it has not begun.
    """
    try:
        step = next(steps) if at is None else at
        while True:
            step = adapt(step)
            try:
                answer = yield step
            except Exception as exc:  # noqa: BLE001 - it is passed on
                step = steps.throw(exc)
            else:
                step = steps.send(answer)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        steps.close()
