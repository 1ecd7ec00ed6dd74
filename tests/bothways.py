"""One way to talk to both clients, so that a test is written once and runs over `Client` and over `AsyncClient`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, Self, TypeAlias, TypeVar

import httpx

import unibatch
from unibatch import (
    Account,
    AddedContacts,
    AsyncClient,
    AsyncListing,
    CallStatus,
    Campaign,
    CampaignDraft,
    CampaignStatus,
    Client,
    Contact,
    ContactDraft,
    ListingReport,
    Retry,
    Start,
    Timeout,
)
from unibatch.client import Options
from unibatch.providers import registry

T = TypeVar("T", bound=Campaign | Contact)
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")

Style: TypeAlias = Literal["sync", "async"]
Answer: TypeAlias = Callable[[httpx.Request], httpx.Response]
"""A made-up server: what it answers to a request, or raises instead of an answer."""

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "truedy": {},
    "techladder": {},
    "talkifai": {"organization_id": "org_sandbox"},
}
"""For each vendor, the settings without which not everything can be read."""

VENDORS = tuple(SETTINGS)


class AnyListing(Protocol[T_co]):
    """A listing that is read without ``await``."""

    @property
    def report(self) -> ListingReport: ...

    def pages(self) -> Iterator[Sequence[T_co]]: ...

    def __iter__(self) -> Iterator[T_co]: ...


class AnyClient(Protocol):
    """A client that is used without ``await``: `Client` itself, or a `BlockingAsyncClient`."""

    @property
    def base_url(self) -> str: ...

    def list_campaigns(
        self, *, status: CampaignStatus | Iterable[CampaignStatus] | None = None, agent_id: str | None = None
    ) -> AnyListing[Campaign]: ...

    def get_campaign(self, campaign_id: str) -> Campaign: ...

    def list_contacts(
        self,
        campaign_id: str,
        *,
        status: CallStatus | Iterable[CallStatus] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
    ) -> AnyListing[Contact]: ...

    def get_account(self) -> Account: ...

    def create_campaign(self, draft: CampaignDraft, *, accept_loss: Collection[str] = ()) -> Campaign: ...

    def add_contacts(self, campaign_id: str, contacts: Iterable[ContactDraft]) -> AddedContacts: ...

    def start_campaign(self, campaign_id: str) -> Campaign: ...

    def pause_campaign(self, campaign_id: str) -> Campaign: ...

    def resume_campaign(self, campaign_id: str) -> Campaign: ...

    def reschedule_campaign(self, campaign_id: str, start: datetime | Start) -> Campaign: ...

    def cancel_campaign(self, campaign_id: str) -> Campaign: ...

    def delete_campaign(self, campaign_id: str) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class BlockingListing(AnyListing[T]):
    """An `AsyncListing`, read step by step on the loop of its client."""

    def __init__(self, listing: AsyncListing[T], loop: asyncio.AbstractEventLoop) -> None:
        self._listing = listing
        self._loop = loop

    def __repr__(self) -> str:
        return repr(self._listing)

    @property
    def report(self) -> ListingReport:
        return self._listing.report

    def pages(self) -> Iterator[Sequence[T]]:
        return self._step_by_step(self._listing.pages())

    def __iter__(self) -> Iterator[T]:
        return self._step_by_step(aiter(self._listing))

    def _step_by_step(self, rows: AsyncIterator[R]) -> Iterator[R]:
        end = object()

        async def step() -> R | object:
            return await anext(rows, end)

        while (row := self._loop.run_until_complete(step())) is not end:
            yield row  # type: ignore[misc]  # whatever is not the end is a row


class BlockingAsyncClient:
    """An `AsyncClient` on an event loop of its own, to be used like a `Client`."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self._runner = asyncio.Runner()

    @property
    def base_url(self) -> str:
        return self.client.base_url

    def list_campaigns(
        self, *, status: CampaignStatus | Iterable[CampaignStatus] | None = None, agent_id: str | None = None
    ) -> BlockingListing[Campaign]:
        listing = self.client.list_campaigns(status=status, agent_id=agent_id)
        return BlockingListing(listing, self._runner.get_loop())

    def get_campaign(self, campaign_id: str) -> Campaign:
        return self.run(self.client.get_campaign(campaign_id))

    def list_contacts(
        self,
        campaign_id: str,
        *,
        status: CallStatus | Iterable[CallStatus] | None = None,
        external_id: str | None = None,
        server_filter: bool = False,
    ) -> BlockingListing[Contact]:
        listing = self.client.list_contacts(
            campaign_id, status=status, external_id=external_id, server_filter=server_filter
        )
        return BlockingListing(listing, self._runner.get_loop())

    def get_account(self) -> Account:
        return self.run(self.client.get_account())

    def create_campaign(self, draft: CampaignDraft, *, accept_loss: Collection[str] = ()) -> Campaign:
        return self.run(self.client.create_campaign(draft, accept_loss=accept_loss))

    def add_contacts(self, campaign_id: str, contacts: Iterable[ContactDraft]) -> AddedContacts:
        return self.run(self.client.add_contacts(campaign_id, contacts))

    def start_campaign(self, campaign_id: str) -> Campaign:
        return self.run(self.client.start_campaign(campaign_id))

    def pause_campaign(self, campaign_id: str) -> Campaign:
        return self.run(self.client.pause_campaign(campaign_id))

    def resume_campaign(self, campaign_id: str) -> Campaign:
        return self.run(self.client.resume_campaign(campaign_id))

    def reschedule_campaign(self, campaign_id: str, start: datetime | Start) -> Campaign:
        return self.run(self.client.reschedule_campaign(campaign_id, start))

    def cancel_campaign(self, campaign_id: str) -> Campaign:
        return self.run(self.client.cancel_campaign(campaign_id))

    def delete_campaign(self, campaign_id: str) -> None:
        self.run(self.client.delete_campaign(campaign_id))

    def close(self) -> None:
        self.run(self.client.close())

    def __enter__(self) -> Self:
        entered = self.run(self.client.__aenter__())
        assert entered is self.client
        return self

    def __exit__(self, *details: object) -> None:
        self.run(self.client.__aexit__(*details))

    def run(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine on the client's event loop."""
        return self._runner.get_loop().run_until_complete(coroutine)

    def stop(self) -> None:
        """Close the event loop, after which nothing can be asked any more."""
        self._runner.close()

    def __repr__(self) -> str:
        return repr(self.client)


class Connect(Protocol):
    """Connects like `unibatch.connect`, with a key and the vendor's settings filled in; closed after the test.

    Nothing is tried again, and no limit of requests makes it wait, unless the test says so.
    """

    def __call__(
        self,
        provider: str,
        *,
        api_key: str = "a-key-for-tests",
        base_url: str | None = None,
        answer: Answer | None = None,
        **how: Any,
    ) -> AnyClient: ...


def make_client(
    style: Style,
    provider: str,
    *,
    api_key: str = "a-key-for-tests",
    base_url: str | None = None,
    answer: Answer | None = None,
    **how: Any,
) -> Client | BlockingAsyncClient:
    """Connect over one of the two clients.

    With ``answer``, nothing is sent anywhere: that function answers in the place of the vendor. Unless the test says
    otherwise, nothing is tried again, and no limit of requests makes it wait.
    """
    how = {"retry": Retry(attempts=1), "requests_per_minute": 1_000_000, **how}
    defaults = how.pop("defaults", None)
    defaults = SETTINGS.get(provider, {}) if defaults is None else defaults
    if answer is not None:
        made = registry.load(provider)(defaults)
        if (timeout := how.pop("timeout", None)) is not None:
            how["timeout"] = Timeout.of(timeout)
        options = Options(base_url=base_url, **how)
        transport = httpx.MockTransport(answer)
        if style == "sync":
            return Client(made, api_key, options=options, transport=transport)
        return BlockingAsyncClient(AsyncClient(made, api_key, options=options, transport=transport))
    how |= {"provider": provider, "api_key": api_key, "base_url": base_url, "defaults": defaults}
    return unibatch.connect(**how) if style == "sync" else BlockingAsyncClient(unibatch.connect_async(**how))
