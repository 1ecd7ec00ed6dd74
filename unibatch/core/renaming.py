"""Giving a campaign another name, at vendors that can. It calls nobody, so it may be sent again."""

from __future__ import annotations

from unibatch.core.errors import UnsupportedFeature
from unibatch.core.flow import Flow
from unibatch.core.looking import LOST, MOST_SENDS, outcome_unknown, reread, soon
from unibatch.core.model import Campaign
from unibatch.core.provider import Provider


def rename_once(provider: Provider, campaign_id: str, name: str) -> Flow[Campaign]:
    """Give a campaign another name, unless it has it already.

    Raises:
        UnsupportedFeature: The vendor's API cannot do that.
        OutcomeUnknown: An answer was lost, and whether it was carried out is unknown.
    """
    campaign = yield from provider.get_campaign(campaign_id)
    request = provider.renaming(campaign_id, name, campaign)
    if request is None:
        raise UnsupportedFeature(provider.name, "rename_campaign", f"rename it in {provider.title}'s dashboard")
    lost: Exception | None = None
    for _ in range(MOST_SENDS):
        if campaign.name == name:
            return campaign
        try:
            yield request
        except LOST as exc:
            lost = exc
            campaign = yield from soon(provider.get_campaign(campaign_id))
        else:
            return (yield from reread(provider, campaign))
    if campaign.name == name or lost is None:
        return campaign
    raise outcome_unknown(request, provider, lost, f"look at the name of {campaign_id}") from lost
