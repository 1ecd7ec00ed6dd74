"""Warning of a campaign that calls the same people: one of another draft, which is refused only if that is wanted."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from unibatch.core.base_errors import InvalidInput
from unibatch.core.draft import ContactDraft
from unibatch.core.draft_fields import Composition
from unibatch.core.flow import Flow
from unibatch.core.looking import FAILED, read_all
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import Page, Position
from unibatch.core.phone import subscriber_key
from unibatch.core.provider import ContactFilter, Provider

_logger = logging.getLogger("unibatch")

_MOST_COMPARED = 3
"""Campaigns whose contacts are compared with those of a draft, to warn if they are the same people."""


class OverlapFound(InvalidInput):
    """Most numbers of a draft are in another open campaign of the same agent, so nothing was sent.

    Attributes:
        campaign: That campaign.
        missing: The contacts that are in no open campaign of this agent; ``None`` if that is unknown.
    """

    def __init__(self, campaign: Campaign, missing: Sequence[ContactDraft] | None) -> None:
        self.campaign = campaign
        self.missing = None if missing is None else tuple(missing)
        new = "" if missing is None else f" {len(missing):,} of them are in no open campaign of this agent."
        super().__init__(
            f"most numbers of this draft are in {campaign.id}, which is {campaign.status}, and would be called by "
            f"both.{new} Nothing was sent"
        )


def warn_of_overlap(provider: Provider, composition: Composition, campaigns: Sequence[Campaign]) -> Flow[None]:
    """Warn if most numbers of a draft are in an open campaign of the same agent. Reads a page of the likely ones.

    Args:
        provider: The vendor.
        composition: The draft.
        campaigns: All campaigns, as they were just listed.

    Raises:
        OverlapFound: They are, and the draft is to be refused then.
    """
    draft, asked = composition.draft, {subscriber_key(contact.phone_number) for contact in composition.draft.contacts}
    open_ones = [
        campaign
        for campaign in campaigns
        if not campaign.status.is_terminal and campaign.agent_id in {None, draft.agent_id or campaign.agent_id}
    ]
    likely = [campaign for campaign in open_ones if len(asked) / 2 <= (campaign.counts.total or 0) <= len(asked) * 2]
    likely.sort(key=lambda campaign: campaign.created_at or composition.now, reverse=True)
    paging = provider.capabilities.contact_paging
    for campaign in likely[:_MOST_COMPARED] if draft.part is None else ():
        try:
            page = yield from provider.list_contacts(campaign.id, paging.first, ContactFilter())
        except FAILED:
            continue
        there = {subscriber_key(contact.phone_number) for contact in page.items}
        if len(there & asked) * 2 > min(len(asked), len(there)):
            if composition.refuse_overlap:
                raise OverlapFound(campaign, (yield from _missing(provider, composition, open_ones)))
            can_add = provider.capabilities.operations["add_contacts"].available
            _logger.warning(
                "%s: most numbers of this draft are in %s too, which is %s, and are called by both; %s",
                provider.name,
                campaign.id,
                campaign.status,
                "to call only who is new, use add_contacts" if can_add else "to prevent that, place only who is new",
            )


def _missing(
    provider: Provider, composition: Composition, campaigns: Sequence[Campaign]
) -> Flow[Sequence[ContactDraft] | None]:
    """The contacts of a draft that are in none of these campaigns; ``None`` if that is unknown."""
    there: set[str] = set()
    for campaign in campaigns:
        try:
            rows, report = yield from read_all(
                provider.capabilities.contact_paging, partial(_everybody, provider, campaign.id)
            )
        except FAILED:
            return None
        if not report.complete:
            return None
        there.update(subscriber_key(contact.phone_number) for contact in rows)
    return [contact for contact in composition.draft.contacts if subscriber_key(contact.phone_number) not in there]


def _everybody(provider: Provider, campaign_id: str, position: Position) -> Flow[Page[Contact]]:
    return provider.list_contacts(campaign_id, position, ContactFilter())
