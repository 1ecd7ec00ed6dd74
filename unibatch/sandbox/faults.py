"""Faults on demand: errors, connections that break, answers that do not come, work that is done late."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs

from unibatch.sandbox.http import Answer, VendorRequest

Moment = Literal["before", "after", "late"]
"""When a fault comes: before the work, which is then never done; after it; or first, and the work is done late."""

_MOMENT = attrs.validators.in_(("before", "after", "late"))
_CALLABLE = attrs.validators.optional(attrs.validators.is_callable())


def _compiled(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise ValueError(f"path is no regular expression: {error}") from error


def _upper(text: str | None) -> str | None:
    return text and text.upper()


def _mapping(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    return headers or {}


def _number(*kinds: type) -> Any:
    return attrs.validators.optional(attrs.validators.instance_of(kinds))


@attrs.define
class Fault:
    """Something that goes wrong with the requests it matches; `Sandbox.fail` explains the attributes."""

    vendor: str | None = None
    method: str | None = attrs.field(default=None, converter=_upper)
    path: re.Pattern[str] | None = attrs.field(default=None, converter=_compiled)
    writes: bool | None = attrs.field(default=None, validator=_number(bool))
    when: Callable[[VendorRequest], bool] | None = attrs.field(default=None, validator=_CALLABLE)
    times: int | None = attrs.field(default=1, validator=_number(int))
    after: int = attrs.field(default=0, validator=attrs.validators.instance_of(int))
    status: int | None = attrs.field(default=None, validator=_number(int))
    body: bytes | str | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict, converter=_mapping)
    answer: Moment = attrs.field(default="before", validator=_MOMENT)
    drop: Moment | None = attrs.field(default=None, validator=attrs.validators.optional(_MOMENT))
    reset: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
    stall: Moment | None = attrs.field(default=None, validator=attrs.validators.optional(_MOMENT))
    cut: int | None = attrs.field(default=None, validator=_number(int))
    delay: float | None = attrs.field(default=None, validator=_number(int, float))
    portion: int | None = attrs.field(default=None, validator=_number(int))
    retry_after: float = 1.0
    meanwhile: Callable[[], object] | None = attrs.field(default=None, validator=_CALLABLE)
    edit: Callable[[VendorRequest, Any], Any] | None = attrs.field(default=None, validator=_CALLABLE)

    def __attrs_post_init__(self) -> None:
        if self.drop is not None and self.stall is not None:
            raise ValueError("give drop or stall, not both")
        if self.reset and self.drop is None:
            raise ValueError("reset says how a connection is dropped, so it needs drop")
        if self.portion is not None and self.moment != "after":
            raise ValueError("portion divides work that is done before the fault, so the fault must come after it")

    def applies_to(self, vendor: str, request: VendorRequest) -> bool:
        """Return whether the fault applies to this request, and count it."""
        if self.times == 0 or not self._matches(vendor, request):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def _matches(self, vendor: str, request: VendorRequest) -> bool:
        return (
            self.vendor in (None, vendor)
            and self.method in (None, request.method)
            and self.writes in (None, request.is_write)
            and (self.path is None or self.path.search(request.path) is not None)
            and (self.when is None or self.when(request))
        )

    @property
    def replaces(self) -> bool:
        """Whether the answer is the fault's and not the vendor's."""
        return self.status is not None or self.body is not None

    @property
    def is_silent(self) -> bool:
        """Whether no answer comes."""
        return self.drop is not None or self.stall is not None

    @property
    def moment(self) -> Moment:
        """When it comes: before the work, after it, or with the work done late."""
        return self.drop or self.stall or (self.answer if self.replaces else "after")

    def disguise(self, request: VendorRequest, answer: Answer) -> Answer:
        """Put the fault's own body and headers over an answer."""
        if self.edit is not None:
            edited = json.dumps(self.edit(request, json.loads(answer.body)))
            answer = attrs.evolve(answer, body=edited.encode())
        if self.body is not None:
            content = json.dumps(self.body) if isinstance(self.body, Mapping) else self.body
            body = content.encode() if isinstance(content, str) else content
            kind = "text/html; charset=utf-8" if body.lstrip().startswith(b"<") else "application/json"
            answer = attrs.evolve(answer, body=body).with_headers({"content-type": kind})
        return answer.with_headers(self.headers) if self.headers else answer


NO_FAULT = Fault()
