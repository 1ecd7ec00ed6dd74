"""One way to talk to both clients, so that a test is written once and runs over `Client` and over `AsyncClient`."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, Protocol, Self, TypeAlias, TypeVar, cast

import pytest

import unibatch
from unibatch import (
    AsyncCampaignContacts,
    AsyncClient,
    AsyncContactsOf,
    AsyncListing,
    AsyncWatch,
    Campaign,
    Client,
    Contact,
    Event,
    Listing,
    ListingReport,
    Retry,
    Timeout,
)
from unibatch.client import Options
from unibatch.client.transport import httpx
from unibatch.providers import registry

T = TypeVar("T", bound=Campaign | Contact)
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

ONE_CLIENT = pytest.mark.parametrize("style", ["sync"])
"""For tests of what both clients share, such as reading an answer: the other client could not fail by itself."""


AnyClient: TypeAlias = Client
"""`Client` itself, or a `BlockingAsyncClient`, which looks like one."""

AnyListing: TypeAlias = Listing
"""`Listing` itself, or a `BlockingListing`, which looks like one."""


class BlockingListing(Generic[T]):
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
        return _step_by_step(self._listing.pages(), self._loop)

    def __iter__(self) -> Iterator[T]:
        return _step_by_step(aiter(self._listing), self._loop)


def _step_by_step(rows: AsyncIterator[R], loop: asyncio.AbstractEventLoop) -> Iterator[R]:
    end = object()
    held = [rows]
    del rows

    async def step() -> R | object:
        return await anext(held[0], end)

    try:
        while (row := loop.run_until_complete(step())) is not end:
            yield row  # type: ignore[misc]  # what is not the end is a row
    finally:
        held.clear()  # this frame lives on if a task fails meanwhile: the traceback of its exception leads through here


class BlockingContactsOf:
    """An `AsyncContactsOf`, read step by step on the loop of its client."""

    def __init__(self, contacts: AsyncContactsOf, loop: asyncio.AbstractEventLoop) -> None:
        self._contacts = contacts
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._contacts, name)

    def __repr__(self) -> str:
        return repr(self._contacts)

    def by_campaign(self) -> Iterator[BlockingCampaignContacts]:
        for campaign in _step_by_step(self._contacts.by_campaign(), self._loop):
            yield BlockingCampaignContacts(campaign, self._loop)

    def __iter__(self) -> Iterator[Contact]:
        return _step_by_step(aiter(self._contacts), self._loop)


class BlockingCampaignContacts:
    """An `AsyncCampaignContacts`, read step by step on the loop of its client."""

    def __init__(self, contacts: AsyncCampaignContacts, loop: asyncio.AbstractEventLoop) -> None:
        self._contacts = contacts
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._contacts, name)

    def __iter__(self) -> Iterator[Contact]:
        return _step_by_step(aiter(self._contacts), self._loop)


class BlockingWatch:
    """An `AsyncWatch`, read step by step on the loop of its client."""

    def __init__(self, watch: AsyncWatch, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = watch
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._watch, name)

    def __iter__(self) -> Iterator[Event]:
        events = aiter(self._watch)
        end = object()

        async def step() -> Event | object:
            return await anext(events, end)

        try:
            while isinstance(event := self._loop.run_until_complete(step()), Event):
                yield event
        finally:
            self._loop.run_until_complete(events.aclose())  # type: ignore[attr-defined]  # it is a generator


class BlockingAsyncClient:
    """An `AsyncClient` on an event loop of its own, whose methods are called without ``await``."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self._runner = asyncio.Runner()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.client, name)
        if not inspect.ismethod(attribute):
            return attribute

        def blocking(*args: Any, **kwargs: Any) -> Any:
            result = attribute(*args, **kwargs)
            if isinstance(result, AsyncListing):
                return BlockingListing(result, self._runner.get_loop())
            if isinstance(result, AsyncWatch):
                return BlockingWatch(result, self._runner.get_loop())
            if isinstance(result, AsyncContactsOf):
                return BlockingContactsOf(result, self._runner.get_loop())
            return self.run(result) if inspect.iscoroutine(result) else result

        return blocking

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
) -> AnyClient:
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
        return cast("Client", BlockingAsyncClient(AsyncClient(made, api_key, options=options, transport=transport)))
    how |= {"provider": provider, "api_key": api_key, "base_url": base_url, "defaults": defaults}
    if style == "sync":
        return unibatch.connect(**how)
    return cast("Client", BlockingAsyncClient(unibatch.connect_async(**how)))


@contextlib.contextmanager
def connected(style: Style, provider: str, **how: Any) -> Iterator[AnyClient]:
    """What `make_client` makes, closed at the end."""
    client = make_client(style, provider, **how)
    try:
        yield client
    finally:
        client.close()
        if isinstance(client, BlockingAsyncClient):
            client.stop()
