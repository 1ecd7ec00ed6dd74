"""The states of campaigns and contacts that a test gets: copies that do not change any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.sandbox.campaign import VendorCampaign
from unibatch.sandbox.vendors import Vendor


@attrs.frozen
class ContactState:
    """What a vendor really has about a contact.

    Attributes:
        number: E.164 with a plus.
        status: The vendor's word.
        attempts: How often the contact was called.
        final: Whether the vendor is done with the contact.
        name: First and last name, as far as they were uploaded.
        external_id: The uploader's own id, where the vendor keeps one.
        data: What else was uploaded, as the vendor keeps it.
        id: The contact's id, as the vendor's listing shows it.
        sent: The contact as a request sent it; empty for a contact that the sandbox made up.
    """

    number: str
    status: str
    attempts: int
    final: bool
    name: str
    external_id: str | None
    data: Mapping[str, Any]
    id: str
    sent: Mapping[str, Any]


@attrs.frozen
class CampaignState:
    """What a vendor really has about a campaign.

    Attributes:
        vendor: The vendor's name.
        id: The campaign's id.
        name: Its name, where the vendor keeps one.
        status: The vendor's word.
        contacts: The contacts in the order of the listing.
        dialled: How often each number was called in this campaign, the seeded past included.
        starts_at: When it will start by itself; None if it will not.
        timezone: The time zone of its schedule.
    """

    vendor: str
    id: str
    name: str
    status: str
    contacts: tuple[ContactState, ...]
    dialled: Mapping[str, int]
    starts_at: datetime | None
    timezone: str


_COPIED = tuple(field.name for field in attrs.fields(ContactState) if field.name != "id")


def state_of(vendor: Vendor, campaign: VendorCampaign) -> CampaignState:
    """Copy what a vendor has about a campaign."""
    starts_at = campaign.starts_at
    return CampaignState(
        vendor=vendor.name,
        id=campaign.id,
        name=campaign.name,
        status=campaign.status,
        contacts=tuple(
            ContactState(id=vendor.contact_id(campaign, contact), **{name: getattr(contact, name) for name in _COPIED})
            for contact in campaign.contacts
        ),
        dialled=MappingProxyType(dict(campaign.dialled)),
        starts_at=None if starts_at is None else datetime.fromtimestamp(starts_at, UTC),
        timezone=campaign.timezone,
    )
