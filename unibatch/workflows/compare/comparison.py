"""Reads campaigns at the same time and puts them side by side, blocking and awaited."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, aclosing
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

import attrs

from unibatch.client import AsyncClient, Client, Wait, provider_of_client
from unibatch.config import connect, connect_async
from unibatch.core.errors import IncompleteListing, InvalidInput
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus
from unibatch.workflows.compare.breakdowns import Splitter, breakdown_of, splitter
from unibatch.workflows.compare.differences import differences_of, mixes_of
from unibatch.workflows.compare.figures import call_time_of
from unibatch.workflows.compare.model import ComparedCampaign, Comparison, Filters, Side
from unibatch.workflows.compare.sentences import sentences_of, warnings_of
from unibatch.workflows.compare.sides import side_of
from unibatch.workflows.compare.tally import Tally

Reference: TypeAlias = str | tuple[Client, str] | tuple[AsyncClient, str]
"""A campaign: ``"PROFILE:CAMPAIGN_ID"``, or a client and the vendor's id of the campaign."""

Campaigns: TypeAlias = Iterable[Reference] | Mapping[str, Reference | Iterable[Reference]]
"""What to compare: campaigns; or for each label a campaign, or several of one vendor that are put together."""

OnProgress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with the reference of a campaign, the contacts read so far, and how many there are if that is known."""

_MOST_AT_ONCE = 8
"""How many campaigns are read at the same time."""

_NAP = 0.5  # seconds; Ctrl-C just before a wait is noticed only when the wait ends

C = TypeVar("C", Client, AsyncClient)


def compare(
    campaigns: Campaigns,
    *,
    by: str | Iterable[str] = (),
    only: CallStatus | str | Iterable[CallStatus | str] = (),
    without: CallStatus | str | Iterable[CallStatus | str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    baseline: str | None = None,
    accept_incomplete: bool = False,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[Wait], None] | None = None,
) -> Comparison:
    """Compare campaigns of any vendors, in the same metrics, with intervals.

    The campaigns are read at the same time, each within its own key's limit. Contacts are counted as they come, so a
    campaign of a million takes hardly more memory than one of ten. What a vendor does not state is "not told", with
    the reason, never a zero and never a guess.

    Args:
        campaigns: Two or more of ``"PROFILE:CAMPAIGN_ID"``, or of pairs of a client and a campaign's id. A mapping
            gives the sides labels, and puts several campaigns of one vendor together:
            ``{"spring": ["main:b1", "main:b2"], "trial": "other:b7"}``.
        by: Break the metrics down by ``"country"``, ``"hour"``, ``"weekday"``, ``"attempt"`` (how many attempts a
            contact took) or ``"field:NAME"``, or by several of them. Hours and weekdays are those of the latest call,
            in the zone of the campaign's daily window if the vendor states one, else in UTC.
        only: Count only contacts with this status, or one of these.
        without: Leave out contacts with this status, or one of these.
        since: Count only contacts whose latest call was at this time or later. Aware.
        until: Count only contacts whose latest call was before this time. Aware.
        baseline: The side with which the others are compared: its label, or its profile if no other side has that.
            By default, each is compared with each.
        accept_incomplete: Compare a campaign, too, whose listing was not proven to be complete. The side is marked.
        on_progress: Called while contacts are read, by the threads that read.
        on_wait: As of `unibatch.connect`, for the clients that are made here.

    Raises:
        InvalidInput: There are fewer than two sides, one campaign is there twice, a group mixes vendors, or an option
            makes no sense. Nothing was sent.
        ConfigError: A profile does not exist, or is wrong.
        IncompleteListing: Contacts may be missing, and ``accept_incomplete`` was not given.
        ProviderError: A campaign cannot be read.
        TransportError: A vendor cannot be reached.
    """
    filters = _filters(only, without, since, until)
    plan = _Plan.of(campaigns, by, filters, baseline, accept_incomplete=accept_incomplete)
    with ExitStack() as stack:
        readings = plan.begin(lambda name: stack.enter_context(connect(name, on_wait=on_wait)), Client, on_progress)
        _read_all(readings, stack.close)
    return plan.conclude(readings)


async def compare_async(
    campaigns: Campaigns,
    *,
    by: str | Iterable[str] = (),
    only: CallStatus | str | Iterable[CallStatus | str] = (),
    without: CallStatus | str | Iterable[CallStatus | str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    baseline: str | None = None,
    accept_incomplete: bool = False,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[Wait], None] | None = None,
) -> Comparison:
    """As `compare`, awaited; clients are asynchronous ones."""
    filters = _filters(only, without, since, until)
    plan = _Plan.of(campaigns, by, filters, baseline, accept_incomplete=accept_incomplete)
    async with AsyncExitStack() as stack:

        def make(name: str) -> AsyncClient:
            client = connect_async(name, on_wait=on_wait)
            stack.push_async_callback(client.close)
            return client

        readings = plan.begin(make, AsyncClient, on_progress)
        await _read_all_async(readings)
    return plan.conclude(readings)


# What is asked for ----------------------------------------------------------------------------------------------------


@attrs.frozen
class _Wanted:
    """One campaign that is asked for."""

    reference: str
    profile: str | None
    client: Any  # a Client or an AsyncClient; None where a profile is named
    campaign_id: str

    @classmethod
    def of(cls, given: Any) -> _Wanted:
        if isinstance(given, str):
            profile, colon, campaign_id = given.partition(":")
            if not (colon and profile and campaign_id.strip()):
                raise InvalidInput(f"name a campaign as PROFILE:CAMPAIGN_ID, not {given!r}")
            return cls(given, profile, None, campaign_id)
        if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], Client | AsyncClient):  # noqa: PLR2004 - a pair
            client, campaign_id = given
            if not isinstance(campaign_id, str) or not campaign_id.strip():
                raise InvalidInput(f"the id of a campaign must be a text that is not blank, not {campaign_id!r}")
            return cls(f"{client.provider}:{campaign_id}", None, client, campaign_id)
        raise InvalidInput(
            f"a campaign is 'PROFILE:CAMPAIGN_ID', or a pair of a client and the campaign's id, not {given!r}"
        )


def _sides(campaigns: Any) -> dict[str, list[_Wanted]]:
    """The campaigns of each side, by its label."""
    if isinstance(campaigns, str) or not isinstance(campaigns, Iterable):
        raise InvalidInput(f"give two campaigns or more in a list, not {campaigns!r}")
    sides: dict[str, list[_Wanted]] = {}
    if isinstance(campaigns, Mapping):
        for label, given in campaigns.items():
            if not isinstance(label, str) or not label.strip():
                raise InvalidInput(f"the label of a side must be a text that is not blank, not {label!r}")
            several = not isinstance(given, str | tuple) or (given and not isinstance(given[0], Client | AsyncClient))
            members = list(given) if several and not isinstance(given, str) else [given]
            if not members:
                raise InvalidInput(f"{label!r} has no campaign")
            sides[label] = list(map(_Wanted.of, members))
    else:
        for wanted in map(_Wanted.of, campaigns):
            if wanted.reference in sides and sides[wanted.reference][0] == wanted:
                raise InvalidInput(f"{wanted.reference} is there twice; name each campaign once")
            label = wanted.reference
            while label in sides:  # at two accounts of one vendor
                label += "'"
            sides[label] = [wanted]
    if len(sides) < 2:  # noqa: PLR2004 - two make a comparison
        one = f"only {next(iter(sides))} is named" if sides else "none is named"
        raise InvalidInput(f"a comparison needs two campaigns or more, and {one}")
    return sides


def _filters(
    only: CallStatus | str | Iterable[CallStatus | str],
    without: CallStatus | str | Iterable[CallStatus | str],
    since: datetime | None,
    until: datetime | None,
) -> Filters:
    filters = Filters(only=_statuses("only", only), without=_statuses("without", without), since=since, until=until)
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and moment.tzinfo is None:
            raise InvalidInput(f"{name} must be a datetime with a time zone, not {moment!r}")
    if since is not None and until is not None and since >= until:
        raise InvalidInput("since must be before until")
    if not _wanted_statuses(filters):
        raise InvalidInput("only and without leave no status")
    return filters


def _statuses(name: str, given: CallStatus | str | Iterable[CallStatus | str]) -> frozenset[CallStatus]:
    words = [given] if isinstance(given, str) else list(given)
    try:
        return frozenset(map(CallStatus, words))
    except ValueError as exc:
        raise InvalidInput(f"{name}: {exc}; there are {', '.join(CallStatus)}") from exc


@attrs.frozen(kw_only=True)
class _Plan:
    """What is asked for, checked as far as it can be before anything is sent."""

    sides: Mapping[str, Sequence[_Wanted]]
    splitters: tuple[Splitter, ...]
    filters: Filters
    baseline: str | None
    accept_incomplete: bool

    @classmethod
    def of(
        cls,
        campaigns: Campaigns,
        by: str | Iterable[str],
        filters: Filters,
        baseline: str | None,
        *,
        accept_incomplete: bool,
    ) -> _Plan:
        sides = _sides(campaigns)
        return cls(
            sides=sides,
            splitters=tuple(map(splitter, dict.fromkeys([by] if isinstance(by, str) else by))),
            filters=filters,
            baseline=None if baseline is None else _baseline(baseline, sides),
            accept_incomplete=accept_incomplete,
        )

    def begin(self, make: Callable[[str], C], kind: type[C], on_progress: OnProgress | None) -> list[_Reading]:
        """Make the clients, one for each profile, and say what has to be read."""
        clients: dict[str, C] = {}
        readings: list[_Reading] = []
        places: dict[tuple[str, str, str], str] = {}
        for label, members in self.sides.items():
            for wanted in members:
                client = wanted.client
                if client is None:
                    name = str(wanted.profile)
                    client = clients[name] = clients.get(name) or make(name)
                if not isinstance(client, kind):
                    raise InvalidInput(f"{wanted.reference}: use a {kind.__name__} here, not {client!r}")
                place = (client.provider, client.base_url, wanted.campaign_id)
                if place in places:
                    other = places[place]
                    same = "is there twice" if other == wanted.reference else f"and {other} are the same campaign"
                    raise InvalidInput(f"{wanted.reference} {same}; name each campaign once")
                places[place] = wanted.reference
                readings.append(_Reading(label, wanted, client, self, on_progress))
            providers = {reading.provider.name for reading in readings if reading.label == label}
            if len(providers) > 1:
                raise InvalidInput(
                    f"{label!r} puts campaigns of {' and '.join(sorted(providers))} together; "
                    "a group has campaigns of one vendor"
                )
        return readings

    def conclude(self, readings: Sequence[_Reading]) -> Comparison:
        """Put what was read side by side."""
        sides: list[Side] = []
        for label in self.sides:
            own = [reading for reading in readings if reading.label == label]
            sides.append(
                side_of(label, own[0].provider, [reading.result for reading in own], is_part=bool(self.filters))
            )
        breakdowns = tuple(
            breakdown_of(
                each,
                {
                    label: [
                        (reading.provider, reading.campaign, reading.parts[each.by])
                        for reading in readings
                        if reading.label == label
                    ]
                    for label in self.sides
                },
            )
            for each in self.splitters
        )
        comparison = Comparison(
            created_at=datetime.now(UTC),
            baseline=self.baseline,
            filters=self.filters,
            sides=tuple(sides),
            differences=differences_of(sides, self.baseline),
            mixes=mixes_of(sides, self.baseline),
            breakdowns=breakdowns,
        )
        return attrs.evolve(comparison, sentences=sentences_of(comparison), warnings=warnings_of(comparison))


def _baseline(named: str, sides: Mapping[str, Sequence[_Wanted]]) -> str:
    """The label of the side that is named by its label, or by its profile."""
    if named in sides:
        return named
    found = [label for label, members in sides.items() if {wanted.profile for wanted in members} == {named}]
    if len(found) == 1:
        return found[0]
    why = "is the profile of several sides" if found else "is none of them"
    raise InvalidInput(f"the baseline must be one of {', '.join(sides)}; {named!r} {why}")


def _wanted_statuses(filters: Filters) -> frozenset[CallStatus]:
    return (filters.only or frozenset(CallStatus)) - filters.without


# Reading --------------------------------------------------------------------------------------------------------------


class _Reading:
    """One campaign while it is read: what both ways of reading have in common."""

    def __init__(self, label: str, wanted: _Wanted, client: Any, plan: _Plan, on_progress: OnProgress | None) -> None:
        self.label = label
        self.reference = wanted.reference
        self.campaign_id = wanted.campaign_id
        self.client = client
        self.provider: Provider = provider_of_client(client)
        self.campaign: Campaign
        self.parts: dict[str, dict[str, Tally]] = {}
        wanted_statuses = _wanted_statuses(plan.filters)
        self.statuses = None if len(wanted_statuses) == len(CallStatus) else sorted(wanted_statuses)
        self._plan = plan
        self._on_progress = on_progress
        self._time = call_time_of(self.provider)
        self._tally: Tally
        self._report = ListingReport()

    def begin(self, campaign: Campaign) -> None:
        """The campaign is there; its contacts come next."""
        self.campaign = campaign
        given = self.provider.capabilities.contact_fields
        is_end_asked = campaign.status.is_terminal and campaign.completed_at is None and "ended_at" in given
        self._tally = Tally(self._time, with_ends=is_end_asked)
        self.parts = {each.by: {} for each in self._plan.splitters}

    def add(self, rows: Sequence[Contact], report: ListingReport) -> None:
        """Count a page."""
        filters = self._plan.filters
        if filters.since is not None or filters.until is not None:
            rows = [row for row in rows if _is_within(getattr(row, self._time), filters)]
        self._tally.add(rows)
        for each in self._plan.splitters:
            each.split(rows, self.campaign, self._time, self.parts[each.by])
        if self._on_progress is not None:
            self._on_progress(self.reference, report.seen, report.expected_total)

    def end(self, report: ListingReport, incomplete: IncompleteListing | None) -> None:
        """All contacts are there.

        Raises:
            IncompleteListing: Some may be missing, and that is not accepted.
        """
        if incomplete is not None and not self._plan.accept_incomplete:
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


def _read(reading: _Reading, stop: threading.Event) -> None:
    reading.begin(reading.client.get_campaign(reading.campaign_id))
    listing = reading.client.list_contacts(reading.campaign_id, status=reading.statuses)
    incomplete = None
    try:
        for rows in listing.pages():
            reading.add(rows, listing.report)
            if stop.is_set():
                return
    except IncompleteListing as exc:
        incomplete = exc
    reading.end(listing.report, incomplete)


async def _read_async(reading: _Reading, turn: asyncio.Semaphore) -> None:
    async with turn:
        reading.begin(await reading.client.get_campaign(reading.campaign_id))
        listing = reading.client.list_contacts(reading.campaign_id, status=reading.statuses)
        incomplete = None
        try:
            async with aclosing(listing.pages()) as pages:
                async for rows in pages:
                    reading.add(rows, listing.report)
        except IncompleteListing as exc:
            incomplete = exc
        reading.end(listing.report, incomplete)


def _read_all(readings: Sequence[_Reading], close: Callable[[], None]) -> None:
    """Read all campaigns in threads, which keep no program from ending; at the first error stop all of them."""
    waiting: queue.SimpleQueue[_Reading] = queue.SimpleQueue()
    done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()
    for reading in readings:
        waiting.put(reading)

    def work() -> None:
        while not stop.is_set():
            try:
                reading = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                _read(reading, stop)
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


async def _read_all_async(readings: Sequence[_Reading]) -> None:
    turn = asyncio.Semaphore(_MOST_AT_ONCE)
    tasks = [asyncio.create_task(_read_async(reading, turn)) for reading in readings]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
