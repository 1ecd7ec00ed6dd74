"""Recognising a campaign at a vendor that keeps nothing by which a draft could be told: by what its listings show."""

from __future__ import annotations

import math
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from unibatch.core.as_asked import subscribers
from unibatch.core.draft import Start
from unibatch.core.draft_fields import Composition
from unibatch.core.errors import InvalidInput, NotFound
from unibatch.core.flow import Flow
from unibatch.core.looking import looks, read_all, require_whole
from unibatch.core.mark import split_mark
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport
from unibatch.core.phone import may_be_one_of, subscriber_key
from unibatch.core.provider import ContactFilter, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import text_or_none

_FILLING = timedelta(hours=1)
"""For so long after its creation, a vendor may list fewer contacts of a campaign than it counts."""


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
        IncompleteListing: Some of its contacts may be missing from the listing.
        NotFound: A page of them is not there.
        InvalidInput: Those who are missing may be there: some numbers are not shown, or some contacts not listed yet.
    """
    others = {} if others is None else others
    total = campaign.counts.total
    if total is not None and others.get(campaign.id) == total:
        return False
    try:
        found = yield from _members(provider, campaign, composition)
        if not found.shown and composition.is_noted(campaign):
            return True  # the vendor does not list them yet, or has taken nobody
        for again in looks(lambda: _members(provider, campaign, composition)):
            if not found.missing or found.are_too_many or not _may_list_more(campaign, composition, found.shown):
                break
            found = yield from again
    except NotFound as exc:
        if exc.page is not None:
            raise  # it may be there, with everybody in it
        return False
    if found.are_too_many:
        others[campaign.id] = total
        return False
    if not found.missing:
        return True
    if any(may_be_one_of(number, found.missing) for number in found.odd):
        raise _may_be_of_it(campaign, "the vendor does not show some of its numbers")
    if _may_list_more(campaign, composition, found.shown):
        of = "" if total is None else f" of {total:,}"
        raise _may_be_of_it(campaign, f"the vendor lists {found.shown:,}{of} contacts so far")
    require_whole(found.report, provider)
    return False


def noted_and_empty(
    provider: Provider, composition: Composition, campaigns: Sequence[Campaign]
) -> Flow[Campaign | None]:
    """The campaign that was placed on this machine with the draft's key, if it shows no contacts and is not over.

    Args:
        provider: The vendor.
        composition: The draft.
        campaigns: All campaigns, as they were just listed.

    Raises:
        IncompleteListing: It is there, and the key is the user's: whether the draft is the same is unknown.
    """
    noted = composition.noted
    if noted is None or not any(map(noted.is_there, campaigns)):
        return None
    first = provider.capabilities.contact_paging.first
    try:
        if (yield from provider.list_contacts(noted.campaign_id, first, ContactFilter())).items:
            return None
    except NotFound:
        pass  # its contacts are not there, and it may be
    try:
        campaign = yield from provider.get_campaign(noted.campaign_id)
    except NotFound:
        return None
    if not composition.is_noted(campaign):
        return None
    if composition.mark.body:
        nobody = ListingReport(expected_total=campaign.counts.total, reason="it shows no contacts yet")
        require_whole(nobody, provider, subject=campaign.id)
    return campaign


@attrs.define
class _Members:
    """Who is in a campaign.

    Attributes:
        missing: Those of the draft, by subscriber, who are not.
        spare: How many others there may be beside them.
        shown: How many contacts were read.
        strangers: How many of these are others.
        odd: Numbers that cannot be read.
        report: That of the listing.
    """

    missing: set[str]
    spare: float
    shown: int = 0
    strangers: int = 0
    odd: set[str] = attrs.field(factory=set)
    report: ListingReport = attrs.field(factory=ListingReport)

    @property
    def are_too_many(self) -> bool:
        return self.strangers > self.spare

    def take(self, contacts: Sequence[Contact]) -> bool:
        """Take in a page; whether there are too many others."""
        self.shown += len(contacts)
        for contact in contacts:
            known_by = subscriber_key(contact.phone_number)
            if not contact.phone_valid and known_by not in self.missing:
                self.odd.add(contact.phone_number)
                continue
            self.strangers += known_by not in self.missing
            self.missing.discard(known_by)
        return self.are_too_many


def _members(provider: Provider, campaign: Campaign, composition: Composition) -> Flow[_Members]:
    wanted = subscribers(composition.draft.contacts)
    members = _Members(wanted, campaign.counts.total - len(wanted) if campaign.counts.total else math.inf)
    _, members.report = yield from read_all(
        provider.capabilities.contact_paging,
        lambda position: provider.list_contacts(campaign.id, position, ContactFilter()),
        is_enough=members.take,
    )
    return members


def _may_list_more(campaign: Campaign, composition: Composition, shown: int) -> bool:
    """Whether a new campaign lists fewer contacts than it counts: a vendor may take seconds to list them."""
    total, created_at = campaign.counts.total, campaign.created_at
    is_new = created_at is None or abs(composition.now - created_at) < _FILLING
    return is_new and (not shown if total is None else shown < total)


def _may_be_of_it(campaign: Campaign, why: str) -> InvalidInput:
    return InvalidInput(
        f"{campaign.id} may be of this draft: it has its name, its agent and its start, and {why}. Nothing was sent. "
        f"Go on with {campaign.id}; or, to call everybody in it once more, give it an idempotency_key of its own"
    )
