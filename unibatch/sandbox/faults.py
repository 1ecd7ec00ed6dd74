"""Faults on demand: an error, a connection that breaks, a body that ends too soon, a wait."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import attrs

from unibatch.sandbox.http import Answer, Request

Drop = Literal["before", "after"]


def _compiled(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise ValueError(f"path is no regular expression: {error}") from error


def _upper(text: str | None) -> str | None:
    return None if text is None else text.upper()


def _mapping(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    return headers or {}


def _number(*kinds: type) -> Any:
    return attrs.validators.optional(attrs.validators.instance_of(kinds))


@attrs.define
class Fault:
    """Something that goes wrong with the requests it matches.

    Attributes:
        vendor: The only vendor that it befalls; None means any.
        method: The only HTTP method.
        path: A regular expression, searched for in the path below the vendor's base URL.
        times: How many requests it befalls; None means all of them.
        after: How many matching requests it spares first.
        status: Answer with this HTTP status, in the vendor's own envelope, and do no work.
        body: Answer with this body instead of the envelope.
        headers: Headers to add to the answer.
        drop: Close the connection without an answer, before or after the work is done.
        cut: Send only so many bytes of the answer's body, then close the connection.
        delay: Wait so many seconds before the work begins.
        retry_after: With status 429, the seconds to wait that the answer tells.
    """

    vendor: str | None = None
    method: str | None = attrs.field(default=None, converter=_upper)
    path: re.Pattern[str] | None = attrs.field(default=None, converter=_compiled)
    times: int | None = attrs.field(default=1, validator=_number(int))
    after: int = attrs.field(default=0, validator=attrs.validators.instance_of(int))
    status: int | None = attrs.field(default=None, validator=_number(int))
    body: bytes | str | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict, converter=_mapping)
    drop: Drop | None = attrs.field(default=None, validator=attrs.validators.in_((None, "before", "after")))
    cut: int | None = attrs.field(default=None, validator=_number(int))
    delay: float | None = attrs.field(default=None, validator=_number(int, float))
    retry_after: float = 1.0

    def strikes(self, vendor: str, request: Request) -> bool:
        """Return whether the fault befalls this request, and count it."""
        if self.times == 0 or self.vendor not in (None, vendor) or self.method not in (None, request.method):
            return False
        if self.path is not None and not self.path.search(request.path):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def prevents_work(self) -> bool:
        """Whether the vendor never gets to see the request."""
        return self.status is not None or self.body is not None or self.drop == "before"

    def disguise(self, answer: Answer) -> Answer:
        """Put the fault's own body and headers over an answer."""
        if self.body is not None:
            content = self.body
            if isinstance(content, Mapping):
                content = json.dumps(content)
            if isinstance(content, str):
                content = content.encode()
            kind = "text/html; charset=utf-8" if content.lstrip().startswith(b"<") else "application/json"
            answer = attrs.evolve(answer, body=content).with_headers({"content-type": kind})
        return answer.with_headers(self.headers) if self.headers else answer
