"""Reads campaigns at the same time, blocking and awaited, and counts their contacts as they come in."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import aclosing, closing
from contextvars import copy_context
from datetime import datetime
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeAlias

from unibatch.client import pages_meanwhile, provider_of_client, results_of
from unibatch.core.errors import IncompleteListing
from unibatch.core.late import Late
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport
from unibatch.core.provider import Provider
from unibatch.core.results import Results
from unibatch.core.status import CallStatus
from unibatch.workflows.compare.figures import call_time_of
from unibatch.workflows.compare.model import ComparedCampaign, Filters
from unibatch.workflows.compare.taking_turns import TakingTurns
from unibatch.workflows.compare.tally import Tally
from unibatch.workflows.reference import Named

if TYPE_CHECKING:
    import asyncio

    from unibatch.workflows.compare import breakdowns
else:
    asyncio = Late("asyncio")
    breakdowns = Late("unibatch.workflows.compare.breakdowns")

OnProgress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with the reference of a campaign, the contacts read so far, and how many there are if that is known."""

_MOST_AT_ONCE = 8
"""How many campaigns are read at the same time."""

_NAP = 0.5  # seconds; Ctrl-C just before a wait is noticed only when the wait ends


class Reading:
    """One campaign while it is read: what both ways of reading have in common."""

    def __init__(
        self,
        label: str,
        named: Named,
        client: Any,
        *,
        filters: Filters,
        splitters: Sequence[breakdowns.Splitter],
        accept_incomplete: bool,
        on_progress: OnProgress | None,
    ) -> None:
        """Read nothing yet."""
        self.label = label
        self.reference = named.reference
        self.campaign_id = named.campaign_id
        self.client = client
        self.provider: Provider = provider_of_client(client)
        self.campaign: Campaign
        self.parts: dict[str, dict[str, Tally]] = {}
        statuses = admitted(filters)
        self._statuses = None if len(statuses) == len(CallStatus) else sorted(statuses)
        self._filters = filters
        self._splitters = splitters
        self._accept_incomplete = accept_incomplete
        self._on_progress = on_progress
        self._time = call_time_of(self.provider)
        self._tally: Tally
        self._report = ListingReport()
        self._taken: tuple[Sequence[Contact], int, int | None] | None = None
        self._is_counted_meanwhile = False
        self._failed: BaseException | None = None

    def listing(self) -> Any:
        """The campaign's contacts, or no more of them than is needed."""
        listing = self.client.list_contacts(self.campaign_id, status=self._statuses)
        reads_contacts = self._statuses is not None or any(each.reads_contacts for each in self._splitters)
        return listing if reads_contacts else results_of(listing)

    def begin(self, campaign: Campaign) -> None:
        """The campaign is there; its contacts come next."""
        self.campaign = campaign
        given = self.provider.capabilities.contact_fields
        is_end_asked = campaign.status.is_terminal and campaign.completed_at is None and "ended_at" in given
        self._tally = Tally(self._time, with_ends=is_end_asked)
        self.parts = {each.by: {} for each in self._splitters}

    def take(self, rows: Sequence[Contact], report: ListingReport) -> None:
        """Take a page, which is counted while the next one is on its way, or now if that does not come to pass."""
        self.count()
        self._taken = rows, report.seen, report.expected_total
        if not self._is_counted_meanwhile:
            self.count()

    def count_meanwhile(self) -> None:
        """Count the page that was taken, while the next one is on its way. Does not raise."""
        self._is_counted_meanwhile = True
        try:
            self.count()
        except BaseException as exc:  # noqa: BLE001 - raised when the next page is taken, and not as an error of sending
            self._failed = exc

    def count(self) -> None:
        """Count the page that was taken, if that was not done."""
        if self._failed is not None:
            raise self._failed
        if self._taken is None:
            return
        (rows, seen, expected), self._taken = self._taken, None
        filters = self._filters
        if filters.since is not None or filters.until is not None:
            is_within = [_is_within(moment, filters) for moment in getattr(Results.of(rows), self._time)]
            rows = rows.where(is_within) if isinstance(rows, Results) else list(compress(rows, is_within))
        self._tally.add(rows)
        for each in self._splitters:
            each.split(rows, self.campaign, self._time, self.parts[each.by])
        if self._on_progress is not None:
            self._on_progress(self.reference, seen, expected)

    def end(self, report: ListingReport, incomplete: IncompleteListing | None) -> None:
        """All contacts are there.

        Raises:
            IncompleteListing: Some may be missing, and that is not accepted.
        """
        self.count()
        if incomplete is not None and not self._accept_incomplete:
            raise IncompleteListing(
                provider=incomplete.provider,
                operation=incomplete.operation,
                subject=incomplete.subject,
                report=incomplete.report,
                consequence="nothing was compared; to compare it anyway: accept_incomplete=True, --accept-incomplete",
            ) from incomplete
        self._report = report
        if self.campaign.status.is_terminal:
            for tally in (self._tally, *(tally for parts in self.parts.values() for tally in parts.values())):
                tally.conclude()

    @property
    def result(self) -> tuple[ComparedCampaign, Campaign, Tally]:
        """What was read."""
        campaign, report = self.campaign, self._report
        compared = ComparedCampaign(
            reference=self.reference,
            id=campaign.id,
            name=campaign.name,
            status=campaign.status,
            is_running=not campaign.status.is_terminal,
            contacts=self._tally.contacts,
            is_complete=report.complete,
            incomplete_because=report.reason,
            unread=sum(report.unread.values()),
            cost=campaign.cost,
            started_at=campaign.started_at,
            completed_at=campaign.completed_at,
        )
        return compared, campaign, self._tally


def _is_within(moment: datetime | None, filters: Filters) -> bool:
    if moment is None:
        return False
    return (filters.since is None or moment >= filters.since) and (filters.until is None or moment < filters.until)


def admitted(filters: Filters) -> frozenset[CallStatus]:
    """The statuses that filters admit."""
    return (filters.only or frozenset(CallStatus)) - filters.without


def _read(reading: Reading, turns: TakingTurns, stop: threading.Event) -> None:
    reading.begin(reading.client.get_campaign(reading.campaign_id))
    listing = reading.listing()
    incomplete = None
    try:
        with closing(turns.read(pages_meanwhile(listing, reading.count_meanwhile))) as pages:
            for rows in pages:
                reading.take(rows, listing.report)
                del rows  # it is kept until it is counted, and not longer
                if stop.is_set():
                    return
    except IncompleteListing as exc:
        incomplete = exc
    reading.end(listing.report, incomplete)


async def _read_async(reading: Reading, turn: asyncio.Semaphore) -> None:
    async with turn:
        reading.begin(await reading.client.get_campaign(reading.campaign_id))
        listing = reading.listing()
        incomplete = None
        try:
            async with aclosing(listing.pages()) as pages:
                async for rows in pages:
                    reading.take(rows, listing.report)
        except IncompleteListing as exc:
            incomplete = exc
        reading.end(listing.report, incomplete)


def read_all(readings: Sequence[Reading], close: Callable[[], None]) -> None:
    """Read all campaigns in threads, which keep no program from ending; at the first error stop all of them."""
    waiting: queue.SimpleQueue[Reading] = queue.SimpleQueue()
    done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()
    turns = TakingTurns()
    for reading in readings:
        waiting.put(reading)

    def work() -> None:
        while not stop.is_set():
            try:
                reading = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                _read(reading, turns, stop)
            except BaseException as exc:  # noqa: BLE001 - raised by the thread that waits
                done.put(exc)
            else:
                done.put(None)

    for _ in range(min(_MOST_AT_ONCE, len(readings))):
        threading.Thread(target=copy_context().run, args=(work,), name="unibatch-compare", daemon=True).start()
    try:
        for _ in readings:
            _await_one(done)
    except BaseException:
        stop.set()
        close()  # ends what the threads wait for
        raise


def _await_one(done: queue.SimpleQueue[BaseException | None]) -> None:
    """Wait until one more campaign has been read, and raise the error that this ended with."""
    while True:
        try:
            error = done.get(timeout=_NAP)
        except queue.Empty:
            continue
        if error is not None:
            raise error
        return


async def read_all_async(readings: Sequence[Reading]) -> None:
    """As `read_all`, awaited, in tasks."""
    turn = asyncio.Semaphore(_MOST_AT_ONCE)
    tasks = [asyncio.create_task(_read_async(reading, turn)) for reading in readings]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
