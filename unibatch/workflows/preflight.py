"""What happens to each field of a draft at a vendor, before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime

from unibatch.client import AsyncClient, Client, provider_of_client
from unibatch.config import provider_of_target
from unibatch.core.draft import CampaignDraft
from unibatch.core.findings import Preflight
from unibatch.core.preflight import compose


def preflight(draft: CampaignDraft, target: str | Client | AsyncClient) -> Preflight:
    """Find out what happens to each field of a draft at a vendor, before anything is sent.

    Each field is native, mapped, emulated, lossy, unsupported or invalid; see `Fit`. Needs neither network nor key.
    ``create_campaign`` does the same first, and refuses a draft that a finding blocks.

    Args:
        draft: The draft.
        target: The name of a profile, whose defaults fill the gaps of the draft; or the name of a provider; or a
            client.

    Raises:
        ConfigError: There is neither such a profile nor such a provider, or the profile is wrong.
        UnsupportedFeature: The vendor's API cannot create campaigns.
        InvalidInput: ``draft`` is no draft.
    """
    provider = provider_of_client(target) if isinstance(target, Client | AsyncClient) else provider_of_target(target)
    provider.require("create_campaign")
    return compose(provider, draft, datetime.now(UTC)).preflight
