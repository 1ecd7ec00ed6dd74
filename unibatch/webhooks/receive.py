"""From the headers and the body of a request to events, once the signature has been checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

from unibatch.core.errors import InvalidInput, UnsignedWebhook, UnsupportedFeature
from unibatch.core.events import Event
from unibatch.core.provider import Provider
from unibatch.core.webhook_scheme import Signature
from unibatch.providers import registry
from unibatch.webhooks.message import read_message
from unibatch.webhooks.signature import Headers, read_time, require_signature, secrets_of

AnyHeaders: TypeAlias = Mapping[Any, Any] | Iterable[tuple[Any, Any]]


def receive(
    provider: str | Provider | type[Provider],
    headers: AnyHeaders,
    body: bytes,
    *,
    secrets: str | bytes | Iterable[str | bytes] = (),
    now: datetime | float | None = None,
    allow_unsigned: bool = False,
    signature: Signature | None = None,
) -> list[Event]:
    """Check that a vendor has sent a webhook, and read it.

    The signature is checked on the bytes, in constant time, before anything is parsed.

    Args:
        provider: The provider's name, for example ``"truedy"``, or a provider.
        headers: The request's headers: a mapping, or pairs of name and value, each a text or bytes; in any case.
        body: The request's body, as it came.
        secrets: The signing secret; or several, of which any may be right, while one takes the place of another.
        now: The present time, an aware datetime or Unix seconds; left out, that of this machine.
        allow_unsigned: Take webhooks that nobody has signed: those of a vendor that documents no signature, and, if no
            secret is given, those of any vendor. With a secret, a vendor's signature is checked in any case.
        signature: How it is signed, for a vendor at which you choose that yourself; left out, as the provider says.

    Returns:
        The events, usually one. A type that is not known gives an event of the type `EventType.UNKNOWN`.

    Raises:
        InvalidSignature: It is not signed with one of the secrets, or more than the tolerance ago or ahead.
        UnsignedWebhook: The vendor documents no signature, and ``allow_unsigned`` is not set.
        MalformedWebhook: The signature is right, and the body is not what the vendor documents.
        ConfigError: No secret is given, or one is empty; or there is no such provider.
        InvalidInput: An argument is of a wrong type.
        UnsupportedFeature: The provider says nothing about webhooks.
    """
    kind = _load(provider) if isinstance(provider, str) else provider
    scheme = kind.webhooks
    if scheme is None:
        raise UnsupportedFeature(kind.name, "webhooks.receive", kind.capabilities.webhooks.note or None)
    if not isinstance(body, bytes | bytearray | memoryview):
        raise InvalidInput(f"body is the bytes of the request as they came, not {type(body).__name__}")
    content = bytes(body)
    seen_at = _aware(datetime.now(UTC) if now is None else now)
    given = Headers(headers)
    how = signature or scheme.signature
    keys = secrets_of(secrets)
    sent_at = None
    if how is None:
        if not allow_unsigned:
            raise UnsignedWebhook(kind.name)
    elif keys or not allow_unsigned:
        sent_at = require_signature(kind.name, how, given, content, secrets=keys, now=seen_at)
    return read_message(kind, scheme, content, seen_at, sent_at)


_load = cache(registry.load)  # which reads files each time


def _aware(now: datetime | float) -> datetime:
    given: Any = now
    moment = read_time(given) if type(given) in {int, float} else given
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.astimezone(UTC)
    raise InvalidInput(f"now is an aware datetime, or Unix seconds, not {given!r}")
