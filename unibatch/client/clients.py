"""The two clients: the same methods, once blocking and once awaited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import httpx

from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.exchange import Exchange
from unibatch.client.listing import AsyncListing, Listing
from unibatch.client.operations import Operations
from unibatch.client.options import Options
from unibatch.core.model import Account, Campaign, Contact
from unibatch.core.provider import Capabilities, Provider
from unibatch.core.status import CallStatus, CampaignStatus


class _BaseClient:
    def __init__(self, provider: Provider, api_key: str, options: Options) -> None:
        self._provider = provider
        self._exchange = Exchange(provider, api_key, options)
        self._operations = Operations(self._exchange, options.max_in_flight)

    @property
    def provider(self) -> str:
        """The provider's name, for example ``"truedy"``."""
        return self._provider.name

    @property
    def capabilities(self) -> Capabilities:
        """What the vendor's API can do."""
        return self._provider.capabilities

    @property
    def base_url(self) -> str:
        """Where the vendor's API is taken to be."""
        return self._exchange.base_url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.provider} at {self.base_url}>"


class Client(_BaseClient):
    """Speaks with one vendor, blocking. Made by `unibatch.connect`; use it in a ``with`` statement.

    Threads may share a client. Every method can raise `ProviderError` and `TransportError`.
    """

    def __init__(
        self,
        provider: Provider,
        api_key: str,
        *,
        options: Options | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Make a client; applications call `unibatch.connect`.

        Args:
            provider: The vendor.
            api_key: The vendor's key.
            options: How to speak with it.
            transport: What carries requests out, for tests; by default a pool of connections.

        Raises:
            ConfigError: The key or the URL is not usable.
        """
        options = options or Options()
        super().__init__(provider, api_key, options)
        self._driver = Driver(self.base_url, transport, connections=options.connections)

    def list_campaigns(
        self,
        *,
        status: CampaignStatus | Iterable[CampaignStatus] | None = None,
        agent_id: str | None = None,
    ) -> Listing[Campaign]:
        """List the campaigns of the account.

        Args:
            status: Only campaigns with this canonical status, or one of these.
            agent_id: Only campaigns of this agent.

        Returns:
            The listing; nothing is sent before it is iterated.

        Raises:
            InvalidInput: ``status`` is no canonical status, or names none at all.
            ConfigError: While iterating: the profile lacks what the vendor needs to list campaigns.
        """
        return Listing(self._driver, self._operations.list_campaigns(status, agent_id))

    def get_campaign(self, campaign_id: str) -> Campaign:
        """Read one campaign.

        Args:
            campaign_id: The vendor's id.

        Raises:
            InvalidInput: The id is blank.
            NotFound: There is no such campaign in this account.
        """
        return self._driver.run(self._operations.get_campaign(campaign_id))

    def list_contacts(
        self,
        campaign_id: str,
        *,
        status: CallStatus | Iterable[CallStatus] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
    ) -> Listing[Contact]:
        """List the contacts of a campaign.

        Args:
            campaign_id: The vendor's id of the campaign.
            status: Only contacts with this canonical status, or one of these. Where one word of the vendor says
                exactly that and the campaign stands still (a draft, or over), the vendor filters; otherwise all
                contacts are read and filtered here. To know whether it stands still, the campaign is read first.
            external_id: Only the contact to whom you gave this id.
            server_filter: Let the vendor filter by status even while contacts are being called, where it can. That
                takes fewer requests; but a contact whose status changes meanwhile moves others past the reader, so some
                may be missed, and if as many join as leave, nobody can tell.

        Returns:
            The listing; nothing is sent before it is iterated.

        Raises:
            InvalidInput: ``status`` is no canonical status, or names none at all.
            UnsupportedFeature: The vendor does not return external ids.
            NotFound: While iterating: there is no such campaign in this account.
        """
        return Listing(
            self._driver, self._operations.list_contacts(campaign_id, status, external_id, server_filter=server_filter)
        )

    def get_account(self) -> Account:
        """Read the account that the key belongs to.

        Raises:
            UnsupportedFeature: The vendor does not tell about accounts. Only TechLadder does.
        """
        return self._driver.run(self._operations.get_account())

    def close(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_BaseClient):
    """Speaks with one vendor in an event loop. Made by `unibatch.connect_async`; use it with ``async with``.

    The methods are those of `Client`, with the same arguments and errors: what returns a listing there returns an
    `AsyncListing` here, and the rest is awaited.
    """

    def __init__(
        self,
        provider: Provider,
        api_key: str,
        *,
        options: Options | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make a client; applications call `unibatch.connect_async`. The arguments are those of `Client`."""
        options = options or Options()
        super().__init__(provider, api_key, options)
        self._driver = AsyncDriver(self.base_url, transport, connections=options.connections)

    def list_campaigns(
        self,
        *,
        status: CampaignStatus | Iterable[CampaignStatus] | None = None,
        agent_id: str | None = None,
    ) -> AsyncListing[Campaign]:
        """List the campaigns of the account; see `Client.list_campaigns`."""
        return AsyncListing(self._driver, self._operations.list_campaigns(status, agent_id))

    async def get_campaign(self, campaign_id: str) -> Campaign:
        """Read one campaign; see `Client.get_campaign`."""
        return await self._driver.run(self._operations.get_campaign(campaign_id))

    def list_contacts(
        self,
        campaign_id: str,
        *,
        status: CallStatus | Iterable[CallStatus] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
    ) -> AsyncListing[Contact]:
        """List the contacts of a campaign; see `Client.list_contacts`."""
        return AsyncListing(
            self._driver, self._operations.list_contacts(campaign_id, status, external_id, server_filter=server_filter)
        )

    async def get_account(self) -> Account:
        """Read the account that the key belongs to; see `Client.get_account`."""
        return await self._driver.run(self._operations.get_account())

    async def close(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
