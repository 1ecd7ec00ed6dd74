"""Warning of a campaign that calls the same people: one of another draft, which is not refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from unibatch.core.draft_fields import Composition
from unibatch.core.flow import Flow
from unibatch.core.looking import FAILED
from unibatch.core.model import Campaign
from unibatch.core.provider import ContactFilter, Provider

_logger = logging.getLogger("unibatch")

_MOST_COMPARED = 3
"""Campaigns whose contacts are compared with those of a draft, to warn if they are the same people."""


def warn_of_overlap(provider: Provider, composition: Composition, campaigns: Sequence[Campaign]) -> Flow[None]:
    """Warn if most numbers of a draft are in an open campaign of the same agent. Reads a page of the likely ones.

    Args:
        provider: The vendor.
        composition: The draft.
        campaigns: All campaigns, as they were just listed.
    """
    draft, asked = composition.draft, {contact.phone_number for contact in composition.draft.contacts}
    likely = [
        campaign
        for campaign in campaigns
        if not campaign.status.is_terminal
        and campaign.agent_id in {None, draft.agent_id or campaign.agent_id}
        and len(asked) / 2 <= (campaign.counts.total or 0) <= len(asked) * 2
    ]
    likely.sort(key=lambda campaign: campaign.created_at or composition.now, reverse=True)
    paging = provider.capabilities.contact_paging
    for campaign in likely[:_MOST_COMPARED] if draft.part is None else ():
        try:
            page = yield from provider.list_contacts(campaign.id, paging.first, ContactFilter())
        except FAILED:
            continue
        there = {contact.phone_number for contact in page.items}
        if len(there & asked) * 2 > min(len(asked), len(there)):
            can_add = provider.capabilities.operations["add_contacts"].available
            _logger.warning(
                "%s: most numbers of this draft are in %s too, which is %s, and are called by both; %s",
                provider.name,
                campaign.id,
                campaign.status,
                "to call only who is new, use add_contacts" if can_add else "to prevent that, place only who is new",
            )
