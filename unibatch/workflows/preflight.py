"""What becomes of a draft at a vendor, before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime

from unibatch import config
from unibatch.client import AsyncClient, Client
from unibatch.core.draft import CampaignDraft
from unibatch.core.findings import Preflight
from unibatch.core.preflight import compose
from unibatch.core.provider import Provider
from unibatch.providers import registry


def preflight(draft: CampaignDraft, target: str | Client | AsyncClient) -> Preflight:
    """Find out what becomes of each field of a draft at a vendor, before anything is sent.

    Each is native, mapped, emulated, lossy, unsupported or invalid; see `Fit`. Needs neither a network nor a key.
    ``create_campaign`` does the same first, and refuses what stands in the way.

    Args:
        draft: The draft.
        target: The name of a profile, whose defaults fill the gaps of the draft; or that of a provider; or a client.

    Raises:
        ConfigError: There is neither such a profile nor such a provider, or the profile is wrong.
        UnsupportedFeature: The vendor's API cannot create campaigns.
        InvalidInput: ``draft`` is no draft.
    """
    provider = target.vendor if isinstance(target, Client | AsyncClient) else _provider(target)
    provider.require("create_campaign")
    return compose(provider, draft, datetime.now(UTC)).preflight


def _provider(name: str) -> Provider:
    if name not in config.profile_names() and name in registry.names():
        return registry.load(name)({})
    return config.provider_of(name)
