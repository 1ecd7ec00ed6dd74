"""Recognising a campaign at a vendor that keeps nothing by which a draft could be told: by what its listings show."""

from __future__ import annotations

import math
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime, timedelta

from unibatch.core.as_asked import subscribers
from unibatch.core.draft import Start
from unibatch.core.draft_fields import Composition
from unibatch.core.errors import InvalidInput, NotFound
from unibatch.core.flow import Flow
from unibatch.core.looking import read_all, require_whole
from unibatch.core.mark import split_mark
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport
from unibatch.core.phone import may_be_one_of, subscriber_key
from unibatch.core.provider import ContactFilter, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import text_or_none


def may_be(campaign: Campaign, composition: Composition) -> bool:
    """Whether a campaign may be that of a draft, by its name, its agent, the number of its contacts, and its start.

    One with more contacts may be: somebody may have added some. One with none may not be counted yet.
    """
    draft, total = composition.draft, campaign.counts.total or None
    name, mark = split_mark(text_or_none(campaign.raw.get("name")))
    if mark or (name is not None and not is_same_text(name, draft.name)):
        return False
    if campaign.agent_id not in {None, draft.agent_id} or (total is not None and total < len(composition.contacts)):
        return False
    if campaign.status is CampaignStatus.DRAFT:
        return True
    starts = campaign.schedule.start if campaign.schedule else None
    if composition.start is not None:
        return starts is None or abs(starts - composition.start.moment) < timedelta(minutes=1)
    return campaign.status is not CampaignStatus.SCHEDULED or draft.start == Start.HOLD


def is_same_text(one: str, other: str) -> bool:
    """Whether two texts differ in blanks and in capitals at most, which a vendor may change."""
    return one.casefold().split() == other.casefold().split()


def is_touched(campaign: Campaign) -> bool:
    """Whether a campaign may have been changed since it was created."""
    return campaign.updated_at is None or campaign.updated_at != campaign.created_at


def by_age(campaign: Campaign) -> tuple[bool, datetime, str]:
    """The order in which campaigns of one draft count: those that have begun first, so that no other one begins."""
    return campaign.status is CampaignStatus.DRAFT, campaign.created_at or datetime.max.replace(tzinfo=UTC), campaign.id


def has_everybody(
    provider: Provider,
    campaign: Campaign,
    composition: Composition,
    others: MutableMapping[str, int | None] | None = None,
) -> Flow[bool]:
    """Whether a campaign has all contacts of a draft. Stops reading when it cannot.

    Args:
        provider: The vendor.
        campaign: The campaign, as it was just read.
        composition: The draft.
        others: Gets the campaigns that have so many other people that they cannot, and how many contacts each has. Such
            a one is not read again while it has as many. One that only lacks somebody may still be being filled.

    Raises:
        IncompleteListing: Some of its contacts may be missing from the listing, or all, while it is not over.
        NotFound: A page of them is not there.
        InvalidInput: The numbers of those who are missing may be there, and are not shown.
    """
    others = {} if others is None else others
    if campaign.counts.total is not None and others.get(campaign.id) == campaign.counts.total:
        return False
    missing = subscribers(composition.draft.contacts)
    spare = campaign.counts.total - len(missing) if campaign.counts.total else math.inf
    strangers, odd = 0, set[str]()

    def are_too_many(contacts: Sequence[Contact]) -> bool:
        nonlocal strangers
        for contact in contacts:
            known_by = subscriber_key(contact.phone_number)
            if not contact.phone_valid and known_by not in missing:
                odd.add(contact.phone_number)
                continue
            strangers += known_by not in missing
            missing.discard(known_by)
        return strangers > spare

    try:
        rows, report = yield from read_all(
            provider.capabilities.contact_paging,
            lambda position: provider.list_contacts(campaign.id, position, ContactFilter()),
            is_enough=are_too_many,
        )
    except NotFound as exc:
        if exc.page is not None:
            raise  # it may be there, with everybody in it
        return False
    if strangers > spare:
        others[campaign.id] = campaign.counts.total
        return False
    if missing and any(may_be_one_of(number, missing) for number in odd):
        raise InvalidInput(
            f"{campaign.id} may be of this draft: it has its name, its agent and its start, and the vendor does not "
            f"show some of its numbers. Nothing was sent. Go on with {campaign.id}; or, to call everybody in it "
            "once more, give it an idempotency_key of its own"
        )
    if missing:
        require_whole(report, provider)
    if missing and not rows and campaign.counts.total != 0 and not campaign.status.is_terminal:
        late = ListingReport(expected_total=campaign.counts.total, reason="it shows no contacts yet")
        require_whole(late, provider, subject=campaign.id)
    return not missing
