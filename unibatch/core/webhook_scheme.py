"""What a vendor's webhooks look like, as data: how they are signed, and where in a message is what.

`unibatch.webhooks` reads messages by it. A provider declares it as `Provider.webhooks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, TypeAlias

import attrs

from unibatch.core.event_type import EventType


@attrs.frozen(kw_only=True)
class HmacSignature:
    """Messages are signed with a secret that both sides know.

    Attributes:
        header: The header that has the signature.
        signed: What is signed: a text with ``{body}`` for the bytes as they came, and maybe ``{timestamp}`` and
            ``{id}``.
        algorithm: The hash function, by its name in `hashlib`.
        encoding: How the signature is written; hexadecimal digits in any case.
        prefix: What stands in front of the signature, for example ``"sha256="``.
        key: Where the header has several parts, as in ``t=1700000000,v0=5257a8``: the name of the parts that are
            signatures; one of them has to be right.
        separator: What is between such parts; with a blank and no ``key``, the header is a list of signatures.
        timestamp_key: The name of the part that is the time; ``None`` if it is not in this header.
        timestamp_header: The header that has the time: Unix seconds or milliseconds, or ISO 8601; ``None`` if none has.
        id_header: The header that has the message's id; ``None`` if none has.
        tolerance: By how much the time may differ from the present, in both directions.
        secret: How a secret becomes a key: its ``"text"`` as it is, or the bytes that its ``"base64"`` stands for.
        secret_prefix: What is removed in front of a secret before that.
    """

    header: str
    signed: str = "{body}"
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    key: str | None = None
    separator: str = ","
    timestamp_key: str | None = None
    timestamp_header: str | None = None
    id_header: str | None = None
    tolerance: timedelta = timedelta(minutes=5)
    secret: Literal["text", "base64"] = "text"  # noqa: S105 - a form, and no secret
    secret_prefix: str = ""

    def __attrs_post_init__(self) -> None:
        has_time = self.timestamp_key is not None or self.timestamp_header is not None
        if "{body}" not in self.signed:
            raise ValueError("signed must have {body}: what is not signed can be changed")
        if ("{timestamp}" in self.signed) != has_time:
            raise ValueError("a time counts only if it is signed: name where it is, and have {timestamp} in signed")
        if ("{id}" in self.signed) != (self.id_header is not None):
            raise ValueError("name the header of the id, and have {id} in signed, or neither")


@attrs.frozen(kw_only=True)
class SharedSecret:
    """Each message carries the secret itself, which proves who sent it but not what.

    Attributes:
        header: The header that has the secret.
        prefix: What stands in front of it, for example ``"Bearer "``.
    """

    header: str
    prefix: str = ""


Signature: TypeAlias = HmacSignature | SharedSecret


def _paths(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@attrs.frozen(kw_only=True)
class Webhooks:
    """How a vendor's webhooks are signed, and where in a message is what.

    A place is a path of keys, such as ``"data.call.id"``, or several paths, of which the first with a value counts.

    Attributes:
        signature: How they are signed; ``None`` if the vendor documents no signature.
        types: The vendor's words for types. Others are `EventType.UNKNOWN`. If it is empty, a message needs no type.
        type: Where the type is.
        id: Where the id of the message is.
        occurred_at: Where the time is: ISO 8601, or Unix seconds or milliseconds.
        campaign_id: Where the campaign's id is.
        call_id: Where the id of the call is.
        link: Where the text is that `Provider.call_of` gives of a contact, if that is not the call's id.
        contact_id: Where the id of the contact is; the same as `Contact.id`.
        phone_number: Where the number is that was called.
        status: Where the status is, of the call or of the campaign; in the words of the provider's status tables.
        reason: Where the second word is, of a vendor that gives the status in two fields.
        duration: Where the length of the call is, in seconds.
        setup: How a user lets the vendor send webhooks, as a sentence.
    """

    signature: Signature | None
    types: Mapping[str, EventType] = MappingProxyType({})
    type: tuple[str, ...] = attrs.field(default=("type",), converter=_paths)
    id: tuple[str, ...] = attrs.field(default=("id",), converter=_paths)
    occurred_at: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    campaign_id: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    call_id: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    link: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    contact_id: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    phone_number: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    status: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    reason: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    duration: tuple[str, ...] = attrs.field(default=(), converter=_paths)
    setup: str = ""
