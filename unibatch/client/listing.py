"""Listings: the rows of all pages one after the other, and a report that says whether these are all."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from contextlib import aclosing
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

import attrs

from unibatch.client.conversation import Conversation
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.exchange import Answered
from unibatch.client.halt import Halt
from unibatch.client.prefetch import AsyncPrefetch, Prefetch
from unibatch.core.errors import IncompleteListing, InvalidInput, NotFound
from unibatch.core.late import Late
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import NO_PAGE, ListingReport, Page, Pager, Paging, Position

if TYPE_CHECKING:
    from unibatch.client import arrow
else:
    arrow = Late("unibatch.client.arrow")

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
        earlier: Pages that were read before, of whose rows only the ids count: reading continues behind them.
        on_page: Called with each page that is read, before its rows are handed on.
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
    earlier: Callable[[], Iterable[Page[Any]]] = tuple
    on_page: Callable[[Page[T]], None] | None = None

    def begin(self) -> Pager[T]:
        """Begin to read the pages from the front, or behind those that were read before."""
        pager: Pager[T] = Pager(self.paging, _id)
        for page in self.earlier():
            pager.accept(page)
        return pager

    def take(self, pager: Pager[T], page: Page[T]) -> Sequence[T]:
        """Hand a page to the pager, and return its wanted rows."""
        if page.unread and not pager.report.unread and pager.report.passes == 1:
            _logger.warning(
                "%s %s: some values cannot be read and are None, such as %s; report.unread counts them, raw keeps them",
                self.provider,
                self.operation,
                next(iter(page.unread)),
            )
        if self.on_page is not None:
            self.on_page(page)
        rows = pager.accept(page)
        return rows if self.admits is None else list(filter(self.admits, rows))

    def take_none(self, pager: Pager[T], error: NotFound) -> Sequence[T]:
        """Take in that there is no page at the pager's position.

        Raises:
            NotFound: Rows are missing, so it should be there. Its ``page`` says which one it is.
        """
        if not pager.is_behind_the_last:
            raise error.of_page(pager.place) from None
        if self.on_page is not None:
            self.on_page(NO_PAGE)
        return pager.accept(NO_PAGE)

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


class Reading(Generic[T]):
    """One listing while it is read, the same for both clients.

    Attributes:
        plan: How it is read.
        pager: Where it is.
    """

    def __init__(self, plan: Plan[T]) -> None:
        """Begin at the front."""
        self.plan = plan
        self.pager = plan.begin()
        self._chosen: Any = None
        self._has_chosen = False

    def ask(self, position: Position) -> Conversation[Answered[Page[T]]]:
        """Ask for one page; before the first one, for the filter."""
        if not self._has_chosen:
            self._chosen = yield from self.plan.choose()
            self._has_chosen = True
        return (yield from self.plan.ask(position, self._chosen))

    def upcoming(self, count: int) -> Sequence[Place[T]]:
        """The pages to read next, at most so many, as far as they are known."""
        return [(self, position) for position in self.pager.upcoming(count)]


Place: TypeAlias = tuple[Reading[T], Position]
"""A page: of which listing, and where in it."""

Upcoming: TypeAlias = Callable[[int], Sequence[Place[T]]]
"""Returns the pages to read next, that of the listing which is being read first."""


Ahead: TypeAlias = Prefetch[Place[T], Answered[Page[T]]]
AsyncAhead: TypeAlias = AsyncPrefetch[Place[T], Answered[Page[T]]]


def prefetching(driver: Driver, most: int, meanwhile: Callable[[], None] | None = None) -> Ahead[T]:
    """What reads pages ahead, at most so many at the same time; ``meanwhile`` is as in `pages_meanwhile`."""

    def ask(place: Place[T], halt: Halt | None) -> Answered[Page[T]]:
        reading, position = place
        return driver.run(reading.ask(position), halt, None if halt is not None else meanwhile)

    return Prefetch(ask, most)


def async_prefetching(driver: AsyncDriver, most: int) -> AsyncAhead[T]:
    """As `prefetching`, and closed before the connections are."""

    async def ask(place: Place[T]) -> Answered[Page[T]]:
        reading, position = place
        return await driver.run(reading.ask(position))

    prefetch = AsyncPrefetch(ask, most)
    driver.stop_when_closed(prefetch.close)
    return prefetch


def read_pages(driver: Driver, reading: Reading[T], prefetch: Ahead[T], upcoming: Upcoming[T]) -> Iterator[Sequence[T]]:
    """The wanted rows of a listing, page by page. None is kept here, so the next page takes the memory of the last one.

    Raises:
        IncompleteListing: At the end: rows may be missing.
    """
    while reading.pager.position is not None:
        yield _read_page(driver, reading, prefetch, upcoming)
    reading.plan.require_complete(reading.pager.report)


def _read_page(driver: Driver, reading: Reading[T], prefetch: Ahead[T], upcoming: Upcoming[T]) -> Sequence[T]:
    plan, pager, pages_ahead = reading.plan, reading.pager, prefetch.eagerness
    try:
        answered = prefetch.take(upcoming(pages_ahead.pages))
        page = driver.run(plan.finish(answered))
    except NotFound as exc:
        rows = plan.take_none(pager, exc)
    else:
        rows = plan.take(pager, page)
    prefetch.begin(upcoming(pages_ahead.pages - 1))
    return rows


async def read_pages_async(
    driver: AsyncDriver, reading: Reading[T], prefetch: AsyncAhead[T], upcoming: Upcoming[T]
) -> AsyncGenerator[Sequence[T], None]:
    """As `read_pages`, awaited."""
    while reading.pager.position is not None:
        yield await _read_page_async(driver, reading, prefetch, upcoming)
    reading.plan.require_complete(reading.pager.report)


async def _read_page_async(
    driver: AsyncDriver, reading: Reading[T], prefetch: AsyncAhead[T], upcoming: Upcoming[T]
) -> Sequence[T]:
    plan, pager, pages_ahead = reading.plan, reading.pager, prefetch.eagerness
    try:
        answered = await prefetch.take(upcoming(pages_ahead.pages))
        page = await driver.run(plan.finish(answered))
    except NotFound as exc:
        rows = plan.take_none(pager, exc)
    else:
        rows = plan.take(pager, page)
    await prefetch.begin(upcoming(pages_ahead.pages - 1))
    return rows


def count_discarded(discarded: list[Place[T]]) -> None:
    """Count the pages that were asked for and then not needed."""
    while discarded:
        reading, _ = discarded.pop()
        reading.pager.report.requests += 1


class _BaseListing(Generic[D, T]):
    def __init__(self, driver: D, plan: Plan[T]) -> None:
        """Made by the methods of a client."""
        self._driver = driver
        self._plan = plan
        self.report = ListingReport()

    def _begin(self) -> Reading[T]:
        reading = Reading(self._plan)
        self.report = reading.pager.report
        return reading

    def _batches(self) -> tuple[Any, Callable[[Iterable[Any]], Any]]:
        if self._plan.operation != "list_contacts":
            raise InvalidInput("to_arrow is for listings of contacts, and this one is of campaigns")
        return arrow.contact_batches()

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

    def pages(self) -> Generator[Sequence[T]]:
        """The rows page by page; a page may be empty if a filter removed all its rows."""
        return self._pages(None)

    def _pages(self, meanwhile: Callable[[], None] | None) -> Generator[Sequence[T]]:
        reading = self._begin()
        prefetch: Ahead[T] = prefetching(self._driver, self._plan.max_in_flight, meanwhile)
        try:
            yield from read_pages(self._driver, reading, prefetch, reading.upcoming)
        finally:
            prefetch.close()
            count_discarded(prefetch.discarded)

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self.pages())

    def to_arrow(self) -> Any:
        """The contacts as a ``pyarrow.RecordBatchReader``, read page by page while you read its batches.

        The columns are those of an export, with custom data as JSON in the column ``fields``; see docs/export.md.
        Reading it raises what iterating the listing raises, `IncompleteListing` at the end included.

        Raises:
            ConfigError: pyarrow is not installed (``pip install 'unibatch[arrow]'``).
            InvalidInput: It is a listing of campaigns.
        """
        schema, batch = self._batches()
        pa = arrow.require_pyarrow("to_arrow")
        return pa.RecordBatchReader.from_batches(schema, (batch(page) for page in self.pages() if page))


def pages_meanwhile(listing: Listing[T], call: Callable[[], None]) -> Generator[Sequence[T]]:
    """As `Listing.pages`; what is done between two pages of a server nearby takes no time.

    Args:
        listing: The listing.
        call: Called when a page has been asked for, before its answer is waited for, in the same thread. It must not
            raise, and is not called while pages are read ahead.
    """
    return listing._pages(call)  # noqa: SLF001 - nothing that users of a listing need


class AsyncListing(_BaseListing[AsyncDriver, T]):
    """Campaigns or contacts, read page by page while you iterate with ``async for``; otherwise like `Listing`.

    Attributes:
        report: What the latest iteration has seen so far. ``complete`` is final only at its end.
    """

    async def pages(self) -> AsyncGenerator[Sequence[T], None]:
        """The rows page by page; a page may be empty if a filter removed all its rows."""
        reading = self._begin()
        prefetch: AsyncAhead[T] = async_prefetching(self._driver, self._plan.max_in_flight)
        try:
            async with aclosing(read_pages_async(self._driver, reading, prefetch, reading.upcoming)) as pages:
                async for rows in pages:
                    yield rows
                    del rows
        finally:
            await prefetch.close()
            count_discarded(prefetch.discarded)

    async def __aiter__(self) -> AsyncIterator[T]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for row in page:
                    yield row
                del page

    async def to_arrow(self) -> AsyncIterator[Any]:
        """The contacts as ``pyarrow.RecordBatch`` objects, one a page; otherwise as `Listing.to_arrow`."""
        _, batch = self._batches()
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                if page:
                    yield batch(page)


L = TypeVar("L", Listing[Contact], AsyncListing[Contact])


def results_of(listing: L) -> L:
    """The same listing, of which only what became of the calls is needed: its pages may be `Results`."""
    plan = listing._plan  # noqa: SLF001 - of this module

    def choose() -> Conversation[Any]:
        return attrs.evolve((yield from plan.choose()), results_only=True)

    return type(listing)(cast("Any", listing._driver), attrs.evolve(plan, choose=choose))  # noqa: SLF001 - as above


def continued(listing: L, earlier: Callable[[], Iterable[Page[Any]]], on_page: Callable[[Page[Contact]], None]) -> L:
    """The same listing, read on behind pages that another iteration has read, maybe in another process.

    The report counts those pages too, and is as complete as if nothing had come between.

    Args:
        listing: The listing, before it is iterated.
        earlier: Returns what ``on_page`` was called with, in order; of the rows, only ``id`` is used.
        on_page: Called with each page that is read, before ``pages()`` yields its new rows.
    """
    plan = attrs.evolve(listing._plan, earlier=earlier, on_page=on_page)  # noqa: SLF001 - of this module
    return type(listing)(cast("Any", listing._driver), plan)  # noqa: SLF001 - of this module
