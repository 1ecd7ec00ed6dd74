"""Listings: the rows of all pages one after the other, and a report that says whether these are all."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from itertools import chain
from operator import attrgetter
from typing import Any, Generic, TypeVar

import attrs

from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.exchange import Answered, Conversation
from unibatch.client.halt import Halt
from unibatch.client.prefetch import AsyncPrefetch, Prefetch
from unibatch.core.errors import IncompleteListing, NotFound
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport, Page, Pager, Paging, Position

_logger = logging.getLogger("unibatch")

T = TypeVar("T", bound=Campaign | Contact)
D = TypeVar("D", bound=Driver | AsyncDriver)


@attrs.frozen(kw_only=True)
class Plan(Generic[T]):
    """How to read one listing, the same for both clients.

    Attributes:
        provider: The provider's name.
        operation: The client's method.
        subject: The campaign whose contacts are listed, or ``None``.
        paging: How it is paged.
        max_in_flight: The most pages that are being read or in memory at the same time.
        choose: Begins the conversation that returns the filter that the vendor is to apply.
        ask: Begins the conversation that asks for one page with that filter.
        finish: Begins the conversation that reads what was answered.
        admits: Whether a row is wanted; ``None`` if every row is.
    """

    provider: str
    operation: str
    subject: str | None
    paging: Paging
    max_in_flight: int
    choose: Callable[[], Conversation[Any]]
    ask: Callable[[Position, Any], Conversation[Answered[Page[T]]]]
    finish: Callable[[Answered[Page[T]]], Conversation[Page[T]]]
    admits: Callable[[T], bool] | None

    def begin(self) -> Pager[T]:
        """Begin to read the pages from the front."""
        return Pager(self.paging, _id)

    def take(self, pager: Pager[T], page: Page[T]) -> Sequence[T]:
        """Hand a page to the pager, and return its wanted rows."""
        if page.unread and not pager.report.unread and pager.report.passes == 1:
            _logger.warning(
                "%s %s: some values cannot be read and are None, such as %s; report.unread counts them, raw keeps them",
                self.provider,
                self.operation,
                next(iter(page.unread)),
            )
        rows = pager.accept(page)
        return rows if self.admits is None else list(filter(self.admits, rows))

    def take_none(self, pager: Pager[T], error: NotFound) -> Sequence[T]:
        """Take in that there is no page at the pager's position.

        Raises:
            NotFound: Rows are missing, so it should be there.
        """
        if not pager.is_behind_the_last:
            raise error
        return pager.accept_none()

    def require_complete(self, report: ListingReport) -> None:
        """Raise `IncompleteListing` if rows may be missing, after everything that could be read has been yielded."""
        if not report.complete:
            raise IncompleteListing(
                provider=self.provider, operation=self.operation, subject=self.subject, report=report
            )

    def describe(self, report: ListingReport) -> str:
        """What is listed and how far it has been read; for ``repr``."""
        rows = self.operation.removeprefix("list_")
        what = f"{rows} of {self.subject}" if self.subject else rows
        if not report.requests:
            return f"{what} at {self.provider}: not read yet"
        of = "" if report.expected_total is None else f" of {report.expected_total:,}"
        state = "complete" if report.complete else f"incomplete: {report.reason}" if report.reason else "not at the end"
        return f"{what} at {self.provider}: {report.seen:,}{of} rows read, {state}"


_id: Callable[[Campaign | Contact], str] = attrgetter("id")


class _BaseListing(Generic[D, T]):
    def __init__(self, driver: D, plan: Plan[T]) -> None:
        """Made by the methods of a client."""
        self._driver = driver
        self._plan = plan
        self.report = ListingReport()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._plan.describe(self.report)}>"


class Listing(_BaseListing[Driver, T]):
    """Campaigns or contacts, read page by page while you iterate.

    Pages of a distant server are read ahead; at most ``max_in_flight`` pages are in memory. Rows are yielded in order,
    and reading stops when you stop. Iterating again reads again.

    Iterating raises `IncompleteListing` at the end, after everything that could be read was yielded, if rows may be
    missing; and `ProviderError` or `TransportError` if a page cannot be read.

    Attributes:
        report: What the latest iteration has seen so far. ``complete`` is final only at its end.
    """

    def pages(self) -> Iterator[Sequence[T]]:
        """The rows page by page; a page may be empty if a filter removed all its rows."""
        plan = self._plan
        pager = plan.begin()
        self.report = pager.report
        chosen = self._driver.run(plan.choose())

        def ask(position: Position, halt: Halt | None) -> Answered[Page[T]]:
            return self._driver.run(plan.ask(position, chosen), halt)

        prefetch = Prefetch(ask, plan.max_in_flight)
        try:
            while pager.position is not None:
                try:
                    answered = prefetch.take(pager.upcoming(prefetch.eagerness.pages))
                    page = self._driver.run(plan.finish(answered))
                except NotFound as exc:
                    rows = plan.take_none(pager, exc)
                else:
                    rows = plan.take(pager, page)
                prefetch.begin(pager.upcoming(prefetch.eagerness.pages - 1))
                yield rows
        finally:
            prefetch.close()
            pager.report.requests += prefetch.discarded
        plan.require_complete(pager.report)

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self.pages())


class AsyncListing(_BaseListing[AsyncDriver, T]):
    """Campaigns or contacts, read page by page while you iterate with ``async for``; otherwise like `Listing`.

    Attributes:
        report: What the latest iteration has seen so far. ``complete`` is final only at its end.
    """

    async def pages(self) -> AsyncGenerator[Sequence[T], None]:
        """The rows page by page; a page may be empty if a filter removed all its rows."""
        plan = self._plan
        pager = plan.begin()
        self.report = pager.report
        chosen = await self._driver.run(plan.choose())

        async def ask(position: Position) -> Answered[Page[T]]:
            return await self._driver.run(plan.ask(position, chosen))

        prefetch = AsyncPrefetch(ask, plan.max_in_flight)
        self._driver.stop_when_closed(prefetch.close)
        try:
            while pager.position is not None:
                try:
                    answered = await prefetch.take(pager.upcoming(prefetch.eagerness.pages))
                    page = await self._driver.run(plan.finish(answered))
                except NotFound as exc:
                    rows = plan.take_none(pager, exc)
                else:
                    rows = plan.take(pager, page)
                await prefetch.begin(pager.upcoming(prefetch.eagerness.pages - 1))
                yield rows
        finally:
            await prefetch.close()
            pager.report.requests += prefetch.discarded
        plan.require_complete(pager.report)

    async def __aiter__(self) -> AsyncIterator[T]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for row in page:
                    yield row
