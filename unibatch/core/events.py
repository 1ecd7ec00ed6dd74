"""What happens to campaigns and contacts, as ``client.watch`` and ``unibatch.webhooks`` report it: the same classes.

`Event.dedupe_key` says what happened, so that an application that gets both counts nothing twice. It is equal in both
where the two have something in common by which one can know that: the id of the call, or the campaign's last status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.core.event_type import EventType as EventType
from unibatch.core.masking import mask_phone
from unibatch.core.model import Campaign, Contact
from unibatch.core.status import CallStatus, CampaignStatus


def _masked(number: str | None) -> str:
    return repr(number and mask_phone(number))


@attrs.frozen(kw_only=True)
class Event:
    """Something happened. What the vendor does not say is ``None``.

    Attributes:
        type: What kind of thing.
        provider: The provider's name.
        vendor_type: The vendor's own word for the type; ``None`` in a watch.
        id: The vendor's id of this message, the same if it is sent again; ``None`` in a watch.
        dedupe_key: Equal for two events that report the same thing, whether it was watched or sent by the vendor, as
            far as that can be known.
        seen_at: When unibatch saw it (UTC).
        occurred_at: When it happened, by the vendor (UTC). In a watch, the end of the call, or its beginning if the
            vendor gives only that.
        campaign_id: The vendor's id of the campaign.
        call_id: The vendor's id of the call.
        contact_id: The vendor's id of the contact.
        phone_number: The contact's number, as in `Contact.phone_number`.
        contact: The complete contact; always there in a watch, if the event is about one.
        status: The status of the call or of the campaign.
        vendor_status: The vendor's own word for ``status``.
        duration: How long the call took.
        raw: The vendor's own mapping: the message, or in a watch the contact or the campaign. Read-only.
    """

    type: EventType
    provider: str
    vendor_type: str | None = None
    id: str | None = None
    dedupe_key: str
    seen_at: datetime
    occurred_at: datetime | None = None
    campaign_id: str | None = None
    call_id: str | None = None
    contact_id: str | None = None
    phone_number: str | None = attrs.field(default=None, repr=_masked)
    contact: Contact | None = attrs.field(default=None, repr=False)
    status: CallStatus | CampaignStatus | None = None
    vendor_status: str | None = None
    duration: timedelta | None = None
    _raw: Mapping[str, Any] = attrs.field(alias="raw", factory=dict, repr=False, eq=False, hash=False)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The vendor's own mapping. Read-only."""
        return MappingProxyType(self._raw)


@attrs.frozen(kw_only=True)
class ContactChanged(Event):
    """Something happened to a contact: a call began, was answered, or is over, or its status changed otherwise.

    Attributes:
        previous: The status before; ``None`` where the vendor does not say it, as in every webhook.
    """

    previous: CallStatus | None = None

    @property
    def is_final(self) -> bool | None:
        """Whether the vendor makes no further attempt, as in `Contact.is_final`; ``None`` if it is unknown."""
        return None if self.contact is None else self.contact.is_final


@attrs.frozen(kw_only=True)
class CampaignChanged(Event):
    """The status of a campaign changed; in a watch without a state also the first that is seen.

    Attributes:
        previous: The status before; ``None`` if it is not known.
        campaign: The complete campaign; always there in a watch.
    """

    previous: CampaignStatus | None = None
    campaign: Campaign | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Finished(Event):
    """A campaign is over; in a watch, no further result is expected, and this is the last event.

    Attributes:
        campaign: The complete campaign; always there in a watch.
        open: How many contacts have no final status all the same, because the vendor never gave them one.
        complete: Every contact was seen, as far as the vendor's answers can prove it; see `ListingReport.complete`.
    """

    campaign: Campaign | None = attrs.field(default=None, repr=False)
    open: int | None = None
    complete: bool | None = None


CLASSES: Mapping[EventType, type[Event]] = MappingProxyType(
    {
        EventType.CALL_STARTED: ContactChanged,
        EventType.CALL_ANSWERED: ContactChanged,
        EventType.CALL_ENDED: ContactChanged,
        EventType.CALL_FAILED: ContactChanged,
        EventType.CONTACT_CHANGED: ContactChanged,
        EventType.CAMPAIGN_CHANGED: CampaignChanged,
        EventType.CAMPAIGN_FINISHED: Finished,
        EventType.CREDIT_LOW: Event,
        EventType.UNKNOWN: Event,
    }
)
"""The class of an event, by its type."""

_PHASES: Mapping[EventType, str] = MappingProxyType(
    {
        EventType.CALL_STARTED: "started",
        EventType.CALL_ANSWERED: "answered",
        EventType.CALL_ENDED: "over",
        EventType.CALL_FAILED: "over",
    }
)
"""What happens to a call once. A call that failed has ended: what one message calls failed, another may call ended."""

_STARTED, _ANSWERED, _ENDED, _FAILED = list(_PHASES)

CALL_TYPES: Mapping[CallStatus, EventType] = MappingProxyType(
    {
        CallStatus.DIALING: _STARTED,
        CallStatus.PLACED: _STARTED,
        CallStatus.RINGING: _STARTED,
        CallStatus.ANSWERED: _ANSWERED,
        CallStatus.IN_PROGRESS: _ANSWERED,
        CallStatus.COMPLETED: _ENDED,
        CallStatus.VOICEMAIL: _ENDED,
        CallStatus.NO_ANSWER: _ENDED,
        CallStatus.BUSY: _ENDED,
        CallStatus.TIMEOUT: _ENDED,
        CallStatus.REJECTED: _ENDED,
        CallStatus.INVALID_NUMBER: _FAILED,
        CallStatus.BLOCKED: _FAILED,
        CallStatus.CARRIER_ERROR: _FAILED,
        CallStatus.FAILED: _FAILED,
    }
)
"""Which event a status is, if the contact comes to it in a watch. The others are `EventType.CONTACT_CHANGED`."""


def call_key(provider: str, call_id: str | None, kind: EventType) -> str | None:
    """The `Event.dedupe_key` of what happens to a call once; ``None`` if the call or the event is not such a one."""
    phase = _PHASES.get(kind)
    return None if call_id is None or phase is None else f"{provider}:call:{call_id}:{phase}"


def campaign_key(provider: str, campaign_id: str | None, kind: EventType, status: object) -> str | None:
    """The `Event.dedupe_key` of what happens to a campaign once; ``None`` if it may happen several times.

    A campaign may be paused several times, and nothing says which of them two messages are about.
    """
    if campaign_id is None:
        return None
    if kind is EventType.CAMPAIGN_FINISHED:
        return f"{provider}:campaign:{campaign_id}:finished"
    if kind is EventType.CAMPAIGN_CHANGED and isinstance(status, CampaignStatus) and status.is_terminal:
        return f"{provider}:campaign:{campaign_id}:{status}"
    return None
