"""How a user names a campaign: ``"PROFILE:CAMPAIGN_ID"``, or a client and the vendor's id of the campaign."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from unibatch.client import AsyncClient, Client
from unibatch.core.errors import InvalidInput

Reference: TypeAlias = str | tuple[Client, str] | tuple[AsyncClient, str]
"""A campaign: ``"PROFILE:CAMPAIGN_ID"``, or a client and the vendor's id of the campaign."""


class Named(NamedTuple):
    """A campaign as it was named.

    Attributes:
        where: The name of a profile, or a client.
        campaign_id: The vendor's id.
    """

    where: Any
    campaign_id: str

    @classmethod
    def of(cls, given: Any) -> Named:
        """Read a reference.

        Raises:
            InvalidInput: It is none.
        """
        if isinstance(given, str):
            profile, colon, campaign_id = given.partition(":")
            if not (colon and profile and campaign_id.strip()):
                raise InvalidInput(f"name a campaign as PROFILE:CAMPAIGN_ID, not {given!r}")
            return cls(profile, campaign_id)
        if is_pair(given):
            client, campaign_id = given
            if not isinstance(campaign_id, str) or not campaign_id.strip():
                raise InvalidInput(f"the id of a campaign must be a text that is not blank, not {campaign_id!r}")
            return cls(client, campaign_id)
        raise InvalidInput(
            f"a campaign is 'PROFILE:CAMPAIGN_ID', or a pair of a client and the campaign's id, not {given!r}"
        )

    @property
    def profile(self) -> str | None:
        """The name of its profile; ``None`` if a client was given."""
        return self.where if isinstance(self.where, str) else None

    @property
    def reference(self) -> str:
        """Its name in messages: ``"PROFILE:CAMPAIGN_ID"``, of a client and an id ``"PROVIDER:CAMPAIGN_ID"``."""
        return f"{self.profile or self.where.provider}:{self.campaign_id}"


def is_pair(given: Any) -> bool:
    """Whether it is a client and something else, which should be a campaign's id."""
    return isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], Client | AsyncClient)  # noqa: PLR2004 - a pair
