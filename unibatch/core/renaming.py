"""Giving a campaign another name, at vendors that can. It calls nobody, so it may be sent again."""

from __future__ import annotations

import attrs

from unibatch.core.as_asked import not_as_asked
from unibatch.core.errors import OutcomeUnknown, UnsupportedFeature
from unibatch.core.flow import NO_CONTENT, Flow
from unibatch.core.looking import FAILED, MOST_SENDS, looks, outcome_unknown, reread, soon
from unibatch.core.model import Campaign
from unibatch.core.provider import Provider
from unibatch.core.structuring import StructureError, read_leniently


def rename_once(provider: Provider, campaign_id: str, name: str) -> Flow[Campaign]:
    """Give a campaign another name, unless it has it already.

    Raises:
        UnsupportedFeature: The vendor's API cannot do that.
        InvalidInput: The name is too long.
        PartlyDone: The vendor accepted it, and the campaign has another name.
        OutcomeUnknown: An answer was lost, and whether it was carried out is unknown.
    """
    campaign = yield from provider.get_campaign(campaign_id)
    request = provider.renaming(campaign_id, name, campaign)
    if request is None:
        raise UnsupportedFeature(provider.name, "rename_campaign", f"rename it in {provider.title}'s dashboard")
    lost: Exception | None = None
    for _ in range(MOST_SENDS):
        if _is_called(campaign, name):
            return campaign
        try:
            response = yield request
            if response.status == NO_CONTENT or read_leniently(response.content):
                return (yield from _reread_renamed(provider, campaign, name))
            lost = StructureError("$", "the answer is no JSON object")
        except OutcomeUnknown as exc:
            lost = exc
        try:
            campaign = yield from soon(provider.get_campaign(campaign_id))
        except FAILED as exc:
            raise outcome_unknown(request, provider, lost, f"look at the name of {campaign_id}") from exc
    if _is_called(campaign, name) or lost is None:
        return campaign
    raise outcome_unknown(request, provider, lost, f"look at the name of {campaign_id}") from lost


def _reread_renamed(provider: Provider, before: Campaign, name: str) -> Flow[Campaign]:
    """Read a campaign that was just renamed, and require that it has the name; it may take a moment to show."""
    known = attrs.evolve(before, name=name)
    campaign = yield from reread(provider, known)
    for look in looks(lambda: reread(provider, known)):
        if _is_called(campaign, name):
            return campaign
        campaign = yield from look
    if _is_called(campaign, name):
        return campaign
    departs = f"its name is {campaign.name!r}, not {name!r}, although {provider.title} accepted the other name"
    raise not_as_asked(campaign, departs, "give it another name, or none", "rename_campaign")


def _is_called(campaign: Campaign, name: str) -> bool:
    """Whether a campaign has a name, but for the blanks that vendors leave out."""
    return (campaign.name or "").split() == name.split()
