"""Reads the body of a webhook into events, by what a provider declares about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeAlias

from unibatch.core.errors import MalformedWebhook
from unibatch.core.events import CLASSES, Event, EventType, call_key, campaign_key
from unibatch.core.provider import Provider
from unibatch.core.raw import decode
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.webhook_scheme import Webhooks
from unibatch.webhooks.signature import read_time

_ABOUT_CAMPAIGNS = frozenset({EventType.CAMPAIGN_CHANGED, EventType.CAMPAIGN_FINISHED})
_NO_STATUS = frozenset({EventType.CREDIT_LOW, EventType.UNKNOWN})
_LONGEST = 1_000
"""Characters in an id, or another word of a vendor."""
_LONGEST_CALL = 1e7
"""Seconds."""

_surrogate = re.compile("[\ud800-\udfff\0]").search


Kind: TypeAlias = Provider | type[Provider]


def read_message(kind: Kind, scheme: Webhooks, body: bytes, seen_at: datetime, sent_at: datetime | None) -> list[Event]:
    """The events of a message that the vendor has sent.

    Raises:
        MalformedWebhook: It is no message of this vendor's.
    """
    try:
        content = decode(body)
    except (ValueError, RecursionError) as exc:
        raise MalformedWebhook(kind.name, "the body is not JSON") from exc
    messages = content if isinstance(content, list) else [content]
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise MalformedWebhook(kind.name, "the body is not a JSON object")
    # A part of a list is recognised by its place, too: two of them may be the same.
    digest = sha256(body).hexdigest()
    names = [digest] if len(messages) == 1 else [f"{digest}:{place}" for place in range(len(messages))]
    when = seen_at, sent_at
    return [_event(kind, scheme, message, name, when) for message, name in zip(messages, names, strict=True)]


def _event(
    provider: Kind, scheme: Webhooks, message: Mapping[str, Any], name: str, when: tuple[datetime, datetime | None]
) -> Event:
    seen_at, sent_at = when
    word = _text(message, scheme.type)
    if word is None and scheme.types:
        raise MalformedWebhook(provider.name, f"there is no type at {' or '.join(scheme.type)}")
    kind = scheme.types.get(word or "", EventType.UNKNOWN)
    status, vendor_status = _status(provider, scheme, message, kind)
    event_id = _text(message, scheme.id)
    campaign_id, call_id = _text(message, scheme.campaign_id), _text(message, scheme.call_id)
    vendor = provider.name
    key = call_key(vendor, _text(message, scheme.link) or call_id, kind)
    key = key or campaign_key(vendor, campaign_id, kind, status)
    if key is None and event_id is not None:
        # Some vendors put the id of the thing where others put that of the message.
        key = f"{vendor}:event:{event_id}:{word or ''}:{vendor_status or ''}"
    return CLASSES[kind](
        type=kind,
        provider=vendor,
        vendor_type=word,
        id=event_id,
        dedupe_key=key or f"{vendor}:body:{name}",
        seen_at=seen_at,
        occurred_at=read_time(_value(message, scheme.occurred_at)) or sent_at,
        campaign_id=campaign_id,
        call_id=call_id,
        contact_id=_text(message, scheme.contact_id),
        phone_number=_text(message, scheme.phone_number),
        status=status,
        vendor_status=vendor_status,
        duration=_duration(message, scheme),
        raw=message,
    )


def _status(
    provider: Kind, scheme: Webhooks, message: Mapping[str, Any], kind: EventType
) -> tuple[CallStatus | CampaignStatus | None, str | None]:
    """The status, and the vendor's word for it."""
    word = None if kind in _NO_STATUS else _text(message, scheme.status)
    if word is None:
        return None, None
    if kind in _ABOUT_CAMPAIGNS:
        return provider.campaign_statuses.get(word) or CampaignStatus.UNKNOWN, word
    return provider.call_statuses.get(word, _text(message, scheme.reason)) or CallStatus.UNKNOWN, word


def _value(message: Mapping[str, Any], paths: tuple[str, ...]) -> Any:
    """What is at the first of the paths where something is."""
    for path in paths:
        value: Any = message
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None and value != "":
            return value
    return None


def _text(message: Mapping[str, Any], paths: tuple[str, ...]) -> str | None:
    """The first text, or whole number, that can be an id or another word."""
    for path in paths:
        value = _value(message, (path,))
        if type(value) is int:
            value = f"{value}"
        if isinstance(value, str) and len(value) <= _LONGEST and value.strip() and not _surrogate(value):
            return str(value)
    return None


def _duration(message: Mapping[str, Any], scheme: Webhooks) -> timedelta | None:
    value = _value(message, scheme.duration)
    if type(value) in {int, float} and 0 <= value < _LONGEST_CALL:
        return timedelta(seconds=value)
    return None
