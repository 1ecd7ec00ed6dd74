"""People of a draft who are in another open campaign already, and would be called by both."""

from __future__ import annotations

from collections.abc import Sequence

from unibatch.core.base_errors import InvalidInput
from unibatch.core.draft import ContactDraft
from unibatch.core.model import Campaign


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
