"""Listings: the rows of all pages one after the other, and a report on whether that was everything."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Generic, TypeVar

import attrs

from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.exchange import Conversation
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport, Page, Pager, Paging, Position

T = TypeVar("T", bound=Campaign | Contact)

_logger = logging.getLogger("unibatch")


@attrs.frozen
class Plan(Generic[T]):
    """How to read one listing; says nothing of whether that is done with ``await``.

    Attributes:
        title: What is listed, for the log.
        paging: How it is paged.
        read: Begins the conversation that reads one page.
        admits: Whether a row is wanted; ``None`` if every row is.
    """

    title: str
    paging: Paging
    read: Callable[[Position], Conversation[Page[T]]]
    admits: Callable[[T], bool] | None

    def begin(self) -> Pager[T]:
        """Begin a walk through the pages."""
        return Pager(self.paging, _id)

    def take(self, pager: Pager[T], page: Page[T]) -> Sequence[T]:
        """Take in a page, and return its wanted rows."""
        rows = pager.accept(page)
        if pager.position is None and not pager.report.complete:
            _logger.warning("%s ended before everything that was announced had been seen: %s", self.title, pager.report)
        return rows if self.admits is None else list(filter(self.admits, rows))


_id: Callable[[Campaign | Contact], str] = attrgetter("id")


class Listing(Generic[T]):
    """Campaigns or contacts, read page by page while you iterate; holds one page at a time.

    Iterating again reads again.

    Attributes:
        report: What the latest iteration has seen so far. Complete or not is settled only at its end.
    """

    def __init__(self, driver: Driver, plan: Plan[T]) -> None:
        """Made by the methods of a client."""
        self._driver = driver
        self._plan = plan
        self.report = ListingReport()

    def pages(self) -> Iterator[Sequence[T]]:
        """The rows page by page; a page may be empty where a filter left nothing of it."""
        pager = self._plan.begin()
        self.report = pager.report
        while (position := pager.position) is not None:
            page = self._driver.run(self._plan.read(position))
            yield self._plan.take(pager, page)

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self.pages())


class AsyncListing(Generic[T]):
    """Campaigns or contacts, read page by page while you iterate with ``async for``; holds one page at a time.

    Iterating again reads again.

    Attributes:
        report: What the latest iteration has seen so far. Complete or not is settled only at its end.
    """

    def __init__(self, driver: AsyncDriver, plan: Plan[T]) -> None:
        """Made by the methods of a client."""
        self._driver = driver
        self._plan = plan
        self.report = ListingReport()

    async def pages(self) -> AsyncIterator[Sequence[T]]:
        """The rows page by page; a page may be empty where a filter left nothing of it."""
        pager = self._plan.begin()
        self.report = pager.report
        while (position := pager.position) is not None:
            page = await self._driver.run(self._plan.read(position))
            yield self._plan.take(pager, page)

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for row in page:
                yield row
