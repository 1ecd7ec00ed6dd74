"""The contacts of several campaigns: read ahead over the ends of campaigns, and yielded campaign after campaign."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from itertools import chain, islice
from typing import Any, Generic, TypeVar, cast

import attrs

from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.listing import (
    Ahead,
    AsyncAhead,
    Place,
    Plan,
    Reading,
    async_prefetching,
    count_discarded,
    prefetching,
    read_pages,
    read_pages_async,
)
from unibatch.core.model import Contact
from unibatch.core.paging import ListingReport, Page

D = TypeVar("D", bound=Driver | AsyncDriver)
R = TypeVar("R")


class _Readings:
    """Listings that are read one after the other, and which of their pages to read next.

    Besides the pages of the present listing, the first page of as many later ones is read as it leaves room for. What
    was begun of a later listing is kept, so up to twice as many pages as are under way may be in memory.
    """

    def __init__(self, plans: Iterator[Plan[Contact]]) -> None:
        self._plans = plans
        self._later: list[Reading[Contact]] = []  # begun, in order
        self._present: Reading[Contact] | None = None

    def move_on(self) -> Reading[Contact] | None:
        """The next listing, or ``None`` at the end; nothing more is read of the one before."""
        self._begin(1 - len(self._later))
        self._present = self._later.pop(0) if self._later else None
        return self._present

    def upcoming(self, count: int) -> Sequence[Place[Contact]]:
        """The pages to read next: at most ``count``, and those of later listings that were begun before."""
        places = [] if self._present is None else list(self._present.upcoming(count))
        self._begin(count - len(places) - len(self._later))
        return [*places, *(place for later in self._later for place in later.upcoming(1))]

    def is_present(self, reading: Reading[Contact]) -> bool:
        """Whether this listing is the one that is read now."""
        return reading is self._present

    def _begin(self, more: int) -> None:
        self._later += map(Reading, islice(self._plans, max(0, more)))


class _BaseCampaignContacts(Generic[R]):
    def __init__(self, campaign_id: str, report: ListingReport, begin: Callable[[], R]) -> None:
        """Made by `ContactsOf.by_campaign`."""
        self.campaign_id = campaign_id
        self.report = report
        self._begin = begin

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.campaign_id}: {self.report.seen:,} rows read>"


class CampaignContacts(_BaseCampaignContacts[Iterator[Sequence[Contact]]]):
    """The contacts of one of several campaigns; read them before you take the next campaign, and once.

    Iterating raises what iterating a `Listing` raises. It concerns this campaign only: the next ones can be read.

    Attributes:
        campaign_id: The vendor's id of the campaign.
        report: What has been seen of it so far. ``complete`` is final at the end of the iteration.
    """

    def pages(self) -> Iterator[Sequence[Contact]]:
        """The contacts page by page; a page may be empty if a filter removed all its contacts.

        Raises:
            RuntimeError: They were read before, or the next campaign was taken.
        """
        return self._begin()

    def __iter__(self) -> Iterator[Contact]:
        return chain.from_iterable(self.pages())


class AsyncCampaignContacts(_BaseCampaignContacts[AsyncGenerator[Sequence[Contact], None]]):
    """As `CampaignContacts`, for ``async for``.

    Attributes:
        campaign_id: The vendor's id of the campaign.
        report: What has been seen of it so far. ``complete`` is final at the end of the iteration.
    """

    def pages(self) -> AsyncGenerator[Sequence[Contact], None]:
        """As `CampaignContacts.pages`."""
        return self._begin()

    async def __aiter__(self) -> AsyncIterator[Contact]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for contact in page:
                    yield contact


@attrs.frozen
class PlanOfMany:
    """How to read the contacts of several campaigns, the same for both clients.

    Attributes:
        campaign_ids: The campaigns, in order.
        of: How to read the contacts of one of them.
        max_in_flight: The most pages that are being read at the same time.
    """

    campaign_ids: Sequence[str]
    of: Callable[[str], Plan[Contact]]
    max_in_flight: int


class _BaseContactsOf(Generic[D]):
    def __init__(self, driver: D, plan: PlanOfMany) -> None:
        """Made by the methods of a client."""
        self._driver = driver
        self._plan = plan
        self.reports: dict[str, ListingReport] = {}

    def _begin(self) -> _Readings:
        self.reports = {}
        return _Readings(map(self._plan.of, self._plan.campaign_ids))

    def _next(self, readings: _Readings) -> tuple[str, Reading[Contact]] | None:
        reading = readings.move_on()
        if reading is None:
            return None
        campaign_id = str(reading.plan.subject)
        self.reports[campaign_id] = reading.pager.report
        return campaign_id, reading

    def __repr__(self) -> str:
        complete = sum(report.complete for report in self.reports.values())
        return f"<{type(self).__name__} {len(self._plan.campaign_ids):,} campaigns: {complete:,} read completely>"


class ContactsOf(_BaseContactsOf[Driver]):
    """The contacts of several campaigns, one campaign after the other, each in the vendor's order.

    Iterating gives all contacts, and raises at the first campaign that fails; `by_campaign` gives each campaign by
    itself. Up to ``max_in_flight`` pages are being read at the same time, of the present campaign and of the next ones.
    Iterating again reads again.

    Attributes:
        reports: What the latest iteration has seen of each campaign, by its id; only of those that it came to.
    """

    def by_campaign(self) -> Iterator[CampaignContacts]:
        """The campaigns, in the order of their ids, each with its contacts and its report.

        A campaign whose contacts you do not read to their end is left when you take the next one. An error of one
        campaign, such as `NotFound` or `IncompleteListing`, is raised where its contacts are read, and the next
        campaigns can be read after that.
        """
        readings = self._begin()
        prefetch: Ahead[Contact] = prefetching(self._driver, self._plan.max_in_flight)
        try:
            while (found := self._next(readings)) is not None:
                campaign_id, reading = found

                def pages(reading: Reading[Contact] = reading) -> Iterator[Sequence[Contact]]:
                    _require_readable(readings, reading)
                    yield from read_pages(self._driver, reading, prefetch, readings.upcoming)

                yield CampaignContacts(campaign_id, reading.pager.report, pages)
                count_discarded(prefetch.discarded)
        finally:
            prefetch.close()
            count_discarded(prefetch.discarded)

    def __iter__(self) -> Iterator[Contact]:
        return chain.from_iterable(chain.from_iterable(each.pages() for each in self.by_campaign()))


class AsyncContactsOf(_BaseContactsOf[AsyncDriver]):
    """As `ContactsOf`, for ``async for``.

    Attributes:
        reports: What the latest iteration has seen of each campaign, by its id; only of those that it came to.
    """

    async def by_campaign(self) -> AsyncGenerator[AsyncCampaignContacts, None]:
        """As `ContactsOf.by_campaign`, for ``async for``."""
        readings = self._begin()
        prefetch: AsyncAhead[Contact] = async_prefetching(self._driver, self._plan.max_in_flight)
        try:
            while (found := self._next(readings)) is not None:
                campaign_id, reading = found

                async def pages(reading: Reading[Contact] = reading) -> AsyncGenerator[Sequence[Contact], None]:
                    _require_readable(readings, reading)
                    async with aclosing(
                        read_pages_async(self._driver, reading, prefetch, readings.upcoming)
                    ) as their_pages:
                        async for page in their_pages:
                            yield page

                yield AsyncCampaignContacts(campaign_id, reading.pager.report, pages)
                count_discarded(prefetch.discarded)
        finally:
            await prefetch.close()
            count_discarded(prefetch.discarded)

    async def __aiter__(self) -> AsyncIterator[Contact]:
        async with aclosing(self.by_campaign()) as campaigns:
            async for campaign in campaigns:
                async with aclosing(campaign.pages()) as pages:
                    async for page in pages:
                        for contact in page:
                            yield contact


S = TypeVar("S", ContactsOf, AsyncContactsOf)


def noted(contacts: S, on_page: Callable[[Page[Contact]], None]) -> S:
    """The same contacts; ``on_page`` is called with each page that is read, before ``pages()`` yields its new rows."""
    plan = contacts._plan  # noqa: SLF001 - of this module

    def of(campaign_id: str) -> Plan[Contact]:
        return attrs.evolve(plan.of(campaign_id), on_page=on_page)

    return type(contacts)(cast("Any", contacts._driver), attrs.evolve(plan, of=of))  # noqa: SLF001 - of this module


def _require_readable(readings: _Readings, reading: Reading[Contact]) -> None:
    report = reading.pager.report
    if not readings.is_present(reading) or report.requests:
        campaign_id = reading.plan.subject
        raise RuntimeError(
            f"the contacts of {campaign_id} can be read once, and before the next campaign is taken; "
            "to read them again, use list_contacts"
        )
