"""One HTTP request and its answer as plain values, so that a vendor is a function from one to the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class VendorRequest:
    """A request as a vendor sees it.

    Attributes:
        method: The HTTP method, in capitals.
        path: The path below the vendor's base URL, percent-decoded.
        segments: The parts of the path, decoded one by one, so that an encoded slash stays inside its part.
        query: The query's names and values, in their order.
        headers: Header names in small letters.
        body: The body as it came.
        flaws: What is wrong with it for any reader.
        ignores_key: Whether an idempotency key that is known by now was not known when the request came.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    flaws: tuple[str, ...] = ()
    ignores_key: bool = False

    @property
    def is_write(self) -> bool:
        """Whether it is to change something."""
        return self.method not in {"GET", "HEAD"}

    def parameter(self, name: str) -> str | None:
        """Return a query parameter, the last one if it is repeated."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@attrs.frozen
class Answer:
    """What goes back: a status, headers and the bytes of the body."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, status: int, content: Any) -> Answer:
        """Encode `content` as a JSON body."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        # A lone surrogate can be spelt in JSON but not in UTF-8.
        body = text.encode("utf-8", "replace")
        return cls(status, body, (("content-type", "application/json"),))

    def with_headers(self, headers: Mapping[str, str]) -> Answer:
        """Return the same answer with some headers added or replaced."""
        names = {name.lower() for name in headers}
        kept = tuple((name, value) for name, value in self.headers if name.lower() not in names)
        return attrs.evolve(self, headers=(*kept, *headers.items()))


class Refused(Exception):
    """Carries a vendor's refusal out of a handler.

    Args:
        answer: What the vendor answers.
        objection: What is wrong with the request itself; empty if only the state of things does not allow it.
    """

    def __init__(self, answer: Answer, objection: str = "") -> None:
        super().__init__(answer.status)
        self.answer = answer
        self.objection = objection


def decode_json(body: bytes, repeated: list[str] | None = None) -> Any:
    """Decode a JSON body strictly.

    Args:
        body: The bytes.
        repeated: Where to put the keys that come twice in one object.

    Raises:
        ValueError: The bytes are not UTF-8, not JSON, or use a constant that JSON does not have.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if repeated is not None and len(made) < len(found):
            names = [name for name, _ in found]
            repeated.extend(name for name in made if names.count(name) > 1)
        return made

    def refuse(constant: str) -> Any:
        message = f"{constant} is not JSON"
        raise ValueError(message)

    try:
        return json.loads(body.decode("utf-8"), parse_constant=refuse, object_pairs_hook=pairs)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
