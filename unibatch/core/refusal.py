"""What vendors say in an answer that is an error, read from any of the bodies that they document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs

from unibatch.core.flow import Response
from unibatch.core.structuring import instant_or_none, mapping_or_empty, read_leniently, text_or_none


@attrs.frozen(kw_only=True)
class Refusal:
    """What a vendor says in an answer that is an error; what it leaves out is ``None`` or empty.

    Attributes:
        code: The vendor's error code.
        message: The vendor's message.
        details: What else it says, in its own spelling.
        request_id: The vendor's identifier of the request.
        field_errors: For each rejected field, in the vendor's spelling, the reason.
        retry_at: From when on requests are accepted again (aware, UTC), if the body says so.
    """

    code: str | None = None
    message: str | None = None
    details: Any = None
    request_id: str | None = None
    field_errors: Mapping[str, str] = attrs.field(factory=dict)
    retry_at: datetime | None = None


_is_code = re.compile(r"[A-Za-z]+(_[A-Za-z]+)+").fullmatch


def read_refusal(response: Response) -> Refusal:
    """Read an error from any body.

    These are read, and mixtures of them: an ``error`` or a ``detail`` that is a text, or an object with ``code``,
    ``message`` and ``details``; ``code`` and ``message`` beside them; a list of errors, each of them a text such as
    ``"name: too long"`` or an object with a ``loc`` or ``field``. A text without blanks, such as ``job_not_found``, is
    taken for the code if there is no other, and so is the ``status`` of an object. A ``message`` may be a list of
    texts. Never raises.
    """
    body = read_leniently(response.content)
    said = body.get("error"), body.get("detail")
    objects = [body, *map(mapping_or_empty, said)]
    texts = [one for one in said if isinstance(one, str)]
    lists = [one for one in said if isinstance(one, list)]
    details = _first(
        *(one.get("details") for one in objects), *lists, *(one for one in said if isinstance(one, dict) and one)
    )
    message = _first(*map(text_or_none, texts), *(text_or_none(one.get("message")) for one in reversed(objects)))
    message = message or next((text_or_none(one.get("msg")) for one in objects if "msg" in one), None)
    code = _first(*(text_or_none(one.get("code")) for one in reversed(objects)))
    if isinstance(several := body.get("message"), list):  # beside it, ``error`` says only what kind of error it is
        message = "; ".join(filter(text_or_none, several)) or message
    for text in (*(text_or_none(one.get("status")) for one in objects[1:]), message):
        code = text if code is None and text is not None and _is_code(text) else code
    about = mapping_or_empty(body.get("meta")), *objects
    fields: dict[str, str] = {}
    for part in (*(one.get("details") for one in objects), *said):
        for field, reason in _field_errors(part):
            fields[field] = f"{fields[field]}; {reason}" if field in fields else reason
    return Refusal(
        code=code,
        message=message,
        details=details,
        request_id=_first(*(text_or_none(one.get("request_id")) for one in about))
        or response.headers.get("x-request-id"),
        field_errors=fields,
        retry_at=_first(
            *(instant_or_none(mapping_or_empty(part).get("reset_at")) for part in (details, *objects, *said))
        ),
    )


def _field_errors(part: Any) -> Iterator[tuple[str, str]]:
    for item in part if isinstance(part, list) else [part]:
        if isinstance(item, str) and isinstance(part, list):
            field, colon, reason = item.partition(": ")
            if colon and field and " " not in field:
                yield field, reason
        elif isinstance(item, dict):
            where = _location(item.get("loc")) if "loc" in item else text_or_none(item.get("field"))
            if where:
                reason = _first(item.get("reason"), item.get("msg"), item.get("message"))
                yield where, "rejected" if reason is None else str(reason)


def _location(loc: Any) -> str:
    """Where a validation error is: ``["body", "contacts", 0, "phone_number"]`` gives ``contacts.0.phone_number``."""
    parts = [str(part) for part in loc] if isinstance(loc, list) else []
    return ".".join(parts[1:] or parts) or "?"


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
