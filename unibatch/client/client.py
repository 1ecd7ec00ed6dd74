"""The two clients: the same methods, once blocking and once awaited."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.exchange import Exchange
from unibatch.client.listing import AsyncListing, Listing
from unibatch.client.operations import FINISHED, Operations
from unibatch.client.options import Options
from unibatch.client.transport import httpx
from unibatch.core.draft import AddedContacts, CampaignDraft, ContactDraft, Start
from unibatch.core.late import Late
from unibatch.core.model import Account, Campaign, Contact
from unibatch.core.provider import Capabilities, Provider
from unibatch.core.status import CallStatus, CampaignStatus

if TYPE_CHECKING:
    from unibatch.client import contacts_of
    from unibatch.client import rehearse as rehearsing
    from unibatch.client import watch as watching
else:  # most programs use none of them
    contacts_of, rehearsing = Late("unibatch.client.contacts_of"), Late("unibatch.client.rehearse")
    watching = Late("unibatch.client.watch")


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
        """The base URL of the vendor's API."""
        return self._exchange.base_url

    @property
    def rehearse(self) -> rehearsing.Rehearsal:
        """The methods that change something, to see what they would send: ``client.rehearse.create_campaign(draft)``.

        Each returns a list of `PlannedRequest`. Nothing is sent, so nothing is awaited.
        """
        return rehearsing.Rehearsal(self._exchange, self._operations)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.provider} at {self.base_url}>"


class Client(_BaseClient):
    """A blocking client of one vendor. Made by `unibatch.connect`; use it in a ``with`` statement.

    Threads may share a client. Every method can raise `ProviderError` and `TransportError`, and `UnsupportedFeature` if
    the vendor has no such operation. A campaign that already is as a method would make it stays as it is: a running
    one can be started, a paused one paused, a running one resumed, a cancelled one cancelled.

    Every method but ``watch`` and ``wait`` takes ``max_wait``, for this call in place of the client's: the seconds that
    a request may wait for the rate limit, or because the vendor says so. If it would be longer, `RateLimited` is raised
    immediately.
    """

    def __init__(
        self,
        provider: Provider,
        api_key: str,
        *,
        options: Options | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Make a client; applications call `unibatch.connect`. Tests can give the ``transport`` that sends requests.

        Raises:
            ConfigError: The key or the URL is not usable.
        """
        options = options or Options()
        super().__init__(provider, api_key, options)
        self._driver = Driver(self.base_url, transport, connections=options.connections)

    def list_campaigns(
        self,
        *,
        status: CampaignStatus | str | Iterable[CampaignStatus | str] | None = None,
        agent_id: str | None = None,
        max_wait: float | None = None,
    ) -> Listing[Campaign]:
        """List the campaigns of the account.

        Args:
            status: Only campaigns with this canonical status, or one of these: members of `CampaignStatus` or their
                words, such as ``"running"``.
            agent_id: Only campaigns of this agent.
            max_wait: See `Client`.

        Returns:
            The listing; nothing is sent before it is iterated.

        Raises:
            InvalidInput: ``status`` is no canonical status, or is empty.
            ConfigError: While iterating: the profile lacks what the vendor needs to list campaigns.
        """
        return Listing(self._driver, self._operations.patient(max_wait).list_campaigns(status, agent_id))

    def get_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """Read one campaign.

        Args:
            campaign_id: The vendor's id.
            max_wait: See `Client`.

        Raises:
            InvalidInput: The id is blank.
            NotFound: There is no such campaign in this account.
        """
        return self._driver.run(self._operations.patient(max_wait).get_campaign(campaign_id))

    def list_contacts(
        self,
        campaign_id: str,
        *,
        status: CallStatus | str | Iterable[CallStatus | str] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
        max_wait: float | None = None,
    ) -> Listing[Contact]:
        """List the contacts of a campaign.

        Args:
            campaign_id: The vendor's id of the campaign.
            status: Only contacts with this canonical status, or one of these: members of `CallStatus` or their words,
                such as ``"no_answer"``. If one word of the vendor says exactly that, the campaign is read first; if it
                is a draft or over, the vendor filters. Otherwise all contacts are read and filtered here.
            external_id: Only the contact to which you gave this id.
            server_filter: Let the vendor filter by status even while contacts are being called, where it can. That
                takes fewer requests. But a contact whose status changes then moves others to pages that were
                read already, so some may be missed; if as many join as leave, this cannot be noticed.
            max_wait: See `Client`.

        Returns:
            The listing; nothing is sent before it is iterated.

        Raises:
            InvalidInput: ``status`` is no canonical status, or is empty.
            UnsupportedFeature: The vendor does not return external ids.
            NotFound: While iterating: there is no such campaign in this account.
        """
        return Listing(
            self._driver,
            self._operations.patient(max_wait).list_contacts(
                campaign_id, status, external_id, server_filter=server_filter
            ),
        )

    def watch(
        self,
        campaign_id: str,
        *,
        state: watching.WatchState | None = None,
        on_pause: Callable[[], object] | None = None,
    ) -> watching.Watch:
        """Follow a campaign to its end.

        It looks again and again: often while much happens, seldom while nothing does, and with at most half of the
        requests that the key's limit allows. It goes on after lost connections, and after HTTP 429 and 5xx, for up to
        an hour.

        Args:
            campaign_id: The vendor's id.
            state: What `Watch.state` was when an earlier watch of this campaign ended or was killed. What it reported
                is not reported again, and what has happened since is, as far as the vendor still shows it.
            on_pause: Called before each pause between two looks: the moment to save the state, if it is too large to be
                saved after each event.

        Returns:
            The events; nothing is sent before they are iterated: `ContactChanged` for each contact whose status
            changes, and for those that are not pending at first sight; `CampaignChanged`; and `Finished`, after which
            it ends. It is the last one when the campaign is over and no contact is open, or when nothing has happened
            for some time although contacts are open.

        Raises:
            InvalidInput: The id is blank, or the state is not one of this campaign.
            NotFound: While iterating: there is no such campaign in this account, or not any more.
            AuthenticationError: While iterating: the key is not accepted, or not any more.
            ConnectFailed, ConnectTimeout: While iterating: a watch without a state reaches no server at its first look.
        """
        return watching.Watch(self._driver, self._operations.watch(campaign_id, state, on_pause))

    def wait(
        self, campaign_id: str, *, until: watching.Until = FINISHED, timeout: float | timedelta | None = None
    ) -> Campaign:
        """Wait for a campaign; looks as `watch` does, and reads contacts only when the campaign is over.

        Args:
            campaign_id: The vendor's id.
            until: ``"finished"``: until the campaign is over and no contact is open. Or a canonical status, or several,
                such as ``"running"``. Or a function that is given the `Campaign` and returns whether that is it.
            timeout: For how many seconds at most; ``None`` has no end. Retries and requests that hang end then, too;
                the first look has at least a second.

        Returns:
            The campaign as it is then.

        Raises:
            WaitTimeout: It took longer; also a `TimeoutError`. If the last look failed, that is its ``__cause__``.
            Conflict: The campaign is over, and will not become what is waited for.
            InvalidInput: The id is blank, ``until`` is no canonical status, or ``timeout`` is negative.
            NotFound: There is no such campaign in this account.
        """
        watched = self._operations.wait(campaign_id, until, timeout)
        for _ in watching.Watch(self._driver, watched):
            pass
        return watched.result

    def list_contacts_of(
        self,
        campaign_ids: Iterable[str],
        *,
        status: CallStatus | str | Iterable[CallStatus | str] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
        max_wait: float | None = None,
    ) -> contacts_of.ContactsOf:
        """List the contacts of several campaigns, one campaign after the other.

        While one campaign is read, the next ones are begun, so many small campaigns take little longer than one large
        one.

        Args:
            campaign_ids: The vendor's ids of the campaigns, in the order in which they are read; one that comes again
                is read once.
            status: As for `list_contacts`; with it, each campaign may take one request more.
            external_id: As for `list_contacts`.
            server_filter: As for `list_contacts`.
            max_wait: See `Client`.

        Returns:
            The contacts, and a report for each campaign; nothing is sent before it is iterated.

        Raises:
            InvalidInput: An id is blank, ``campaign_ids`` is one text, ``status`` is no canonical status or is empty.
            UnsupportedFeature: The vendor does not return external ids.
            NotFound: While iterating: one of the campaigns is not in this account.
        """
        operations = self._operations.patient(max_wait)
        plan = operations.list_contacts_of(campaign_ids, status, external_id, server_filter=server_filter)
        return contacts_of.ContactsOf(self._driver, plan)

    def get_account(self, *, max_wait: float | None = None) -> Account:
        """Read the account that the key belongs to.

        Raises:
            UnsupportedFeature: The vendor's API does not give the account. Only TechLadder's does.
        """
        return self._driver.run(self._operations.patient(max_wait).get_account())

    def create_campaign(
        self,
        draft: CampaignDraft,
        *,
        accept_loss: Collection[str] = (),
        refuse_overlap: bool = False,
        before_sending: Callable[[], None] | None = None,
        max_wait: float | None = None,
    ) -> Campaign:
        """Create a campaign, and hold or start it as the draft says.

        The same draft gives one campaign, however often you call this: after a lost answer, or when a program is run
        again, what is there already is found, and only what is missing is done. To create the same campaign once more,
        give the draft an ``idempotency_key`` of its own.

        Args:
            draft: The campaign to create.
            accept_loss: Fields of the draft that may be lost because this vendor lacks them, as `unibatch.preflight`
                names them.
            refuse_overlap: Refuse the draft if most of its numbers are in another open campaign of the same agent;
                otherwise a warning is logged.
            before_sending: Called right before the first request that may create or change something, for example to
                note it in a journal. If it raises, nothing is sent.
            max_wait: See `Client`.

        Returns:
            The campaign as it is afterwards.

        Raises:
            DraftRefused: A finding blocks the draft at this vendor. All findings are named; nothing was sent.
            InvalidInput: The same draft was placed before, and that campaign is over; or ``refuse_overlap`` is the
                reason. Then ``campaign`` of the error is the other campaign, and ``missing`` the contacts that are in
                no open campaign of this agent, or ``None`` if that is unknown.
            PartlyDone: The campaign was created, and then something failed, such as starting it; ``campaign`` holds it.
            OutcomeUnknown: An answer was lost, and the campaign was not found afterwards. It may still appear.
        """
        return self._driver.run(
            self._operations.patient(max_wait).create_campaign(
                draft, accept_loss, refuse_overlap=refuse_overlap, before_sending=before_sending
            )
        )

    def find_campaign(
        self,
        draft: CampaignDraft,
        *,
        accept_loss: Collection[str] = (),
        as_of: datetime | None = None,
        refuse_overlap: bool = False,
        max_wait: float | None = None,
    ) -> Campaign | None:
        """Look for the campaign that a draft created, as ``create_campaign`` does first. Changes nothing.

        After a lost answer, that it is not there proves nothing: the vendor may still be at work on it.

        Args:
            draft: The draft.
            accept_loss: As it was given to ``create_campaign``.
            as_of: When the draft was placed (aware): a start that has passed since is no mistake then.
            refuse_overlap: As for ``create_campaign``, if the campaign is not there.
            max_wait: See `Client`.

        Returns:
            The campaign, or ``None`` if it is not there.

        Raises:
            UnsupportedFeature: There is no way to look: `preflight` says why, under ``idempotency_key``.
            InvalidInput: The campaign is there, and is over; or another draft with the same key created it; or
                ``refuse_overlap`` is the reason, as in ``create_campaign``.
            IncompleteListing: Whether it is there is unknown.
        """
        return self._driver.run(
            self._operations.patient(max_wait).find_campaign(draft, accept_loss, as_of, refuse_overlap=refuse_overlap)
        )

    def add_contacts(
        self,
        campaign_id: str,
        contacts: Iterable[ContactDraft],
        *,
        accept_loss: Collection[str] = (),
        on_progress: Callable[[int, int], None] | None = None,
        max_wait: float | None = None,
    ) -> AddedContacts:
        """Add those contacts to a campaign whose numbers are not there already.

        A running campaign calls them, too.

        Args:
            campaign_id: The vendor's id.
            contacts: The contacts to add.
            accept_loss: Attributes that may be lost because this vendor lacks them, for example ``"contacts.email"``.
            on_progress: Called from time to time with two numbers: the contacts that are done, and all contacts.
            max_wait: See `Client`.

        Returns:
            What happened to each contact.

        Raises:
            UnsupportedFeature: The vendor's campaigns cannot be extended.
            DraftRefused: Some contacts cannot be sent. Nothing was sent.
            Conflict: The campaign is over.
            PartlyDone: Some were added, and then something failed; ``contacts`` says what happened to each.
            OutcomeUnknown: An answer was lost, and some contacts were not found afterwards; ``contacts`` says what
                happened to each.
            IncompleteListing: Which contacts are there already is unknown. Nothing was sent.
        """
        return self._driver.run(
            self._operations.patient(max_wait).add_contacts(campaign_id, contacts, accept_loss, on_progress)
        )

    def start_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """Begin to call people now, also if the start is set for later; returns the campaign as it is afterwards.

        Raises:
            Conflict: The campaign is paused or over.
            OutcomeUnknown: An answer was lost, and whether it was done is unknown.
        """
        return self._driver.run(self._operations.patient(max_wait).change("start_campaign", campaign_id))

    def pause_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """Begin no further calls; returns the campaign as it is afterwards.

        Raises:
            Conflict: The campaign has not been started, or is over.
            OutcomeUnknown: An answer was lost, and whether it was done is unknown.
        """
        return self._driver.run(self._operations.patient(max_wait).change("pause_campaign", campaign_id))

    def resume_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """Go on with a paused campaign; returns it as it is afterwards.

        Raises:
            Conflict: The campaign has not been started, or is over.
            OutcomeUnknown: An answer was lost, and whether it was done is unknown.
        """
        return self._driver.run(self._operations.patient(max_wait).change("resume_campaign", campaign_id))

    def reschedule_campaign(
        self, campaign_id: str, start: datetime | Start, *, max_wait: float | None = None
    ) -> Campaign:
        """Set another time for a campaign to begin; returns the campaign as it is afterwards.

        Args:
            campaign_id: The vendor's id.
            start: When: an aware datetime, or `Start.at`.
            max_wait: See `Client`.

        Raises:
            InvalidInput: The time is ambiguous, does not exist, or is in the past.
            Conflict: The campaign has begun, is paused, or is over.
            OutcomeUnknown: An answer was lost, and whether it was done is unknown.
        """
        return self._driver.run(self._operations.patient(max_wait).change("reschedule_campaign", campaign_id, start))

    def cancel_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """Stop calling, for good; returns the campaign as it is afterwards.

        Raises:
            Conflict: The campaign is over.
            OutcomeUnknown: An answer was lost, and whether it was done is unknown.
        """
        return self._driver.run(self._operations.patient(max_wait).change("cancel_campaign", campaign_id))

    def rename_campaign(self, campaign_id: str, name: str, *, max_wait: float | None = None) -> Campaign:
        """Give a campaign another name; returns it as it is afterwards. Of the built-in vendors, only Truedy can.

        Raises:
            UnsupportedFeature: The vendor's API cannot do that.
            InvalidInput: The name is blank or too long.
            PartlyDone: The vendor accepted it, and the campaign has another name.
            OutcomeUnknown: An answer was lost, and whether it was done is unknown.
        """
        return self._driver.run(self._operations.patient(max_wait).rename_campaign(campaign_id, name))

    def delete_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> None:
        """Delete a campaign.

        Raises:
            NotFound: There is no such campaign.
            Conflict: Its status does not allow it.
            OutcomeUnknown: An answer was lost, and whether it was done is unknown.
        """
        self._driver.run(self._operations.patient(max_wait).delete_campaign(campaign_id))

    def retry_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """Have a campaign that is over call again those it did not reach; returns it as it is afterwards.

        It is sent once at most, since twice could call people twice. No built-in vendor has this.

        Raises:
            Conflict: It is not possible in the campaign's status.
            OutcomeUnknown: The answer was lost, and the campaign's status does not show whether it was carried out.
        """
        return self._driver.run(self._operations.patient(max_wait).change("retry_campaign", campaign_id))

    def close(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_BaseClient):
    """A client of one vendor for an event loop. Made by `unibatch.connect_async`; use it with ``async with``.

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
        """Make a client; applications call `unibatch.connect_async`. See `Client`."""
        options = options or Options()
        super().__init__(provider, api_key, options)
        self._driver = AsyncDriver(self.base_url, transport, connections=options.connections)

    def list_campaigns(
        self,
        *,
        status: CampaignStatus | str | Iterable[CampaignStatus | str] | None = None,
        agent_id: str | None = None,
        max_wait: float | None = None,
    ) -> AsyncListing[Campaign]:
        """As `Client.list_campaigns`, for ``async for``."""
        return AsyncListing(self._driver, self._operations.patient(max_wait).list_campaigns(status, agent_id))

    async def get_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """As `Client.get_campaign`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).get_campaign(campaign_id))

    def list_contacts(
        self,
        campaign_id: str,
        *,
        status: CallStatus | str | Iterable[CallStatus | str] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
        max_wait: float | None = None,
    ) -> AsyncListing[Contact]:
        """As `Client.list_contacts`, for ``async for``."""
        return AsyncListing(
            self._driver,
            self._operations.patient(max_wait).list_contacts(
                campaign_id, status, external_id, server_filter=server_filter
            ),
        )

    def watch(
        self,
        campaign_id: str,
        *,
        state: watching.WatchState | None = None,
        on_pause: Callable[[], object] | None = None,
    ) -> watching.AsyncWatch:
        """As `Client.watch`, for ``async for``."""
        return watching.AsyncWatch(self._driver, self._operations.watch(campaign_id, state, on_pause))

    async def wait(
        self,
        campaign_id: str,
        *,
        until: watching.Until = FINISHED,
        timeout: float | timedelta | None = None,  # noqa: ASYNC109 - as in the other client; it ends requests, too
    ) -> Campaign:
        """As `Client.wait`, awaited."""
        watched = self._operations.wait(campaign_id, until, timeout)
        async for _ in watching.AsyncWatch(self._driver, watched):
            pass
        return watched.result

    def list_contacts_of(
        self,
        campaign_ids: Iterable[str],
        *,
        status: CallStatus | str | Iterable[CallStatus | str] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
        max_wait: float | None = None,
    ) -> contacts_of.AsyncContactsOf:
        """As `Client.list_contacts_of`, for ``async for``."""
        operations = self._operations.patient(max_wait)
        plan = operations.list_contacts_of(campaign_ids, status, external_id, server_filter=server_filter)
        return contacts_of.AsyncContactsOf(self._driver, plan)

    async def get_account(self, *, max_wait: float | None = None) -> Account:
        """As `Client.get_account`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).get_account())

    async def create_campaign(
        self,
        draft: CampaignDraft,
        *,
        accept_loss: Collection[str] = (),
        refuse_overlap: bool = False,
        before_sending: Callable[[], None] | None = None,
        max_wait: float | None = None,
    ) -> Campaign:
        """As `Client.create_campaign`, awaited."""
        return await self._driver.run(
            self._operations.patient(max_wait).create_campaign(
                draft, accept_loss, refuse_overlap=refuse_overlap, before_sending=before_sending
            )
        )

    async def find_campaign(
        self,
        draft: CampaignDraft,
        *,
        accept_loss: Collection[str] = (),
        as_of: datetime | None = None,
        refuse_overlap: bool = False,
        max_wait: float | None = None,
    ) -> Campaign | None:
        """As `Client.find_campaign`, awaited."""
        return await self._driver.run(
            self._operations.patient(max_wait).find_campaign(draft, accept_loss, as_of, refuse_overlap=refuse_overlap)
        )

    async def add_contacts(
        self,
        campaign_id: str,
        contacts: Iterable[ContactDraft],
        *,
        accept_loss: Collection[str] = (),
        on_progress: Callable[[int, int], None] | None = None,
        max_wait: float | None = None,
    ) -> AddedContacts:
        """As `Client.add_contacts`, awaited."""
        return await self._driver.run(
            self._operations.patient(max_wait).add_contacts(campaign_id, contacts, accept_loss, on_progress)
        )

    async def start_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """As `Client.start_campaign`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).change("start_campaign", campaign_id))

    async def pause_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """As `Client.pause_campaign`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).change("pause_campaign", campaign_id))

    async def resume_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """As `Client.resume_campaign`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).change("resume_campaign", campaign_id))

    async def reschedule_campaign(
        self, campaign_id: str, start: datetime | Start, *, max_wait: float | None = None
    ) -> Campaign:
        """As `Client.reschedule_campaign`, awaited."""
        return await self._driver.run(
            self._operations.patient(max_wait).change("reschedule_campaign", campaign_id, start)
        )

    async def cancel_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """As `Client.cancel_campaign`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).change("cancel_campaign", campaign_id))

    async def rename_campaign(self, campaign_id: str, name: str, *, max_wait: float | None = None) -> Campaign:
        """As `Client.rename_campaign`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).rename_campaign(campaign_id, name))

    async def delete_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> None:
        """As `Client.delete_campaign`, awaited."""
        await self._driver.run(self._operations.patient(max_wait).delete_campaign(campaign_id))

    async def retry_campaign(self, campaign_id: str, *, max_wait: float | None = None) -> Campaign:
        """As `Client.retry_campaign`, awaited."""
        return await self._driver.run(self._operations.patient(max_wait).change("retry_campaign", campaign_id))

    async def close(self) -> None:
        """Close all connections. The client cannot be used afterwards."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def provider_of_client(client: Client | AsyncClient) -> Provider:
    """The provider of a client, with the defaults of its profile; for what is built on the clients."""
    return client._provider  # noqa: SLF001 - the clients and this function are one module


def fingerprint_of_client(client: Client | AsyncClient, salt: str) -> dict[str, str]:
    """What tells whether two clients are of the same account with the same settings, without naming key or settings.

    Args:
        client: The client.
        salt: Makes the digests useless elsewhere.

    Returns:
        The provider, the base URL, and digests of the key and of the profile's defaults.
    """
    exchange, provider = client._exchange, client._provider  # noqa: SLF001 - the clients and this function are one module
    key = exchange.key_digest(salt)
    defaults = json.dumps(dict(provider.defaults), sort_keys=True, default=str)
    settings = hmac.new(salt.encode(), defaults.encode(), sha256).hexdigest()
    return {"provider": provider.name, "base_url": exchange.base_url, "key": key, "defaults": settings}
