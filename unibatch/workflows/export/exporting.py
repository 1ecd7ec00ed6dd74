"""Reads the contacts of campaigns into one file, blocking and awaited."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, aclosing, closing, contextmanager
from functools import partial
from itertools import groupby
from typing import Any, TypeAlias, TypeVar, get_args

import attrs

from unibatch.client import AsyncClient, Client, Wait, continued, noted
from unibatch.config import connect, connect_async
from unibatch.core.errors import IncompleteListing, InvalidInput
from unibatch.core.model import Contact
from unibatch.core.paging import ListingReport, Page
from unibatch.workflows.export.files import Target
from unibatch.workflows.export.formats import Format, Writer, format_of
from unibatch.workflows.export.spool import End, Spool
from unibatch.workflows.export.table import CustomData, Fields, Table
from unibatch.workflows.reference import Named, Reference, is_pair

OnProgress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with the reference of a campaign, the contacts read so far, and how many there are if that is known."""

C = TypeVar("C", Client, AsyncClient)


@attrs.frozen(kw_only=True)
class ExportedCampaign:
    """One campaign of an export.

    Attributes:
        reference: How it was named; of a client and an id, ``"PROVIDER:CAMPAIGN_ID"``.
        contacts: How many of its contacts are in the file.
        is_complete: Its listing was proven to be complete.
        incomplete_because: Why not, as a sentence.
        unread: How many values could not be read, and are empty.
    """

    reference: str
    contacts: int
    is_complete: bool
    incomplete_because: str | None = None
    unread: int = 0


@attrs.frozen(kw_only=True)
class Exported:
    """A file that was exported.

    Attributes:
        path: Where it is.
        format: ``"csv"``, ``"jsonl"``, ``"parquet"`` or ``"xlsx"``.
        contacts: How many contacts it holds.
        campaigns: The campaigns, in the order of the file.
    """

    path: str
    format: Format
    contacts: int
    campaigns: tuple[ExportedCampaign, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every listing was proven to be complete."""
        return all(campaign.is_complete for campaign in self.campaigns)


def export(
    campaigns: Reference | Iterable[Reference],
    to: str | os.PathLike[str],
    *,
    format: Format | None = None,  # noqa: A002 - the word that people look for
    fields: Fields = "columns",
    excel: bool = False,
    resume: bool = False,
    accept_incomplete: bool = False,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[Wait], None] | None = None,
) -> Exported:
    """Write the contacts of campaigns, of any vendors, to one file: CSV, JSON Lines, Parquet or a workbook.

    The columns are the same for every vendor and format; docs/export.md lists them. Memory does not grow with the
    number of contacts. The file appears once it is complete, and replaces one of the same name; until then, what was
    read is in a hidden file beside it. If something fails, that file stays, and ``resume=True`` reads only the rest.
    `read_contacts` reads the contacts back.

    Args:
        campaigns: ``"PROFILE:CAMPAIGN_ID"``, or a pair of a client and a campaign's id, or several of them. They are
            in the file in this order.
        to: The file. Its ending states the format: ``.csv``, ``.jsonl``, ``.ndjson``, ``.parquet`` or ``.xlsx``.
            Parquet needs ``unibatch[arrow]``, workbooks ``unibatch[xlsx]``.
        format: The format, if the ending does not state it.
        fields: ``"columns"``: a column ``field.NAME`` for each name of custom data. ``"json"``: all custom data in one
            column ``fields``.
        excel: For CSV: add a byte order mark, and keep Excel from taking texts for formulas or numbers.
        resume: Continue an interrupted export of the same campaigns to this file, if there is one. Contacts that were
            read before stay as they were.
        accept_incomplete: Make the file, too, if a listing was not proven to be complete. The result says so.
        on_progress: Called while contacts are read; while the file is written, with its path.
        on_wait: As of `unibatch.connect`, for the clients that are made here.

    Raises:
        InvalidInput: The file cannot be written there, another export to it is running, an argument makes no sense, or
            the format cannot hold the contacts.
        ConfigError: A profile is wrong or does not exist, or the package of a format is not installed.
        IncompleteListing: Contacts may be missing, and ``accept_incomplete`` was not given. No file was made.
        ProviderError: A campaign cannot be read.
        TransportError: A vendor cannot be reached.
        OSError: The disk is full, or the like.
    """
    plan = _Plan.of(campaigns, to, format, fields, excel=excel, accept_incomplete=accept_incomplete)
    with ExitStack() as stack:
        stack.enter_context(plan.target.locked())
        sources = plan.sources(lambda name: stack.enter_context(connect(name, on_wait=on_wait)), Client)
        with _exporting(plan, sources, on_progress, resume=resume) as job:
            for client, group in job.unread():
                _read(job, client, group)
            return job.conclude()


async def export_async(
    campaigns: Reference | Iterable[Reference],
    to: str | os.PathLike[str],
    *,
    format: Format | None = None,  # noqa: A002 - the word that people look for
    fields: Fields = "columns",
    excel: bool = False,
    resume: bool = False,
    accept_incomplete: bool = False,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[Wait], None] | None = None,
) -> Exported:
    """As `export`, awaited; clients are asynchronous ones. The file is written in a thread."""
    plan = _Plan.of(campaigns, to, format, fields, excel=excel, accept_incomplete=accept_incomplete)
    async with AsyncExitStack() as stack:
        stack.enter_context(plan.target.locked())

        def make(name: str) -> AsyncClient:
            client = connect_async(name, on_wait=on_wait)
            stack.push_async_callback(client.close)
            return client

        sources = plan.sources(make, AsyncClient)
        with _exporting(plan, sources, on_progress, resume=resume) as job:
            for client, group in job.unread():
                await _read_async(job, client, group)
            writing = asyncio.ensure_future(asyncio.to_thread(job.conclude))
            try:
                return await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait([writing])  # a thread cannot be stopped, and the lock must not go before it ends
                raise


# What is asked for ----------------------------------------------------------------------------------------------------


@attrs.frozen
class _Source:
    """One campaign, where it is read, and its place in the file."""

    place: int
    reference: str
    client: Any
    campaign_id: str

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells it from other campaigns, in another process too."""
        return self.client.provider, self.client.base_url, self.campaign_id


@attrs.frozen
class _Plan:
    """What is asked for, checked as far as it can be before anything is sent."""

    wanted: Sequence[Named]
    target: Target
    writer: Writer
    fields: Fields
    excel: bool
    accept_incomplete: bool

    @classmethod
    def of(
        cls,
        campaigns: Any,
        to: str | os.PathLike[str],
        form: str | None,
        fields: Fields,
        *,
        excel: bool,
        accept_incomplete: bool,
    ) -> _Plan:
        if isinstance(campaigns, str) or is_pair(campaigns):
            campaigns = [campaigns]
        if not isinstance(campaigns, Iterable):
            raise InvalidInput(f"give one campaign or several in a list, not {campaigns!r}")
        wanted = list(map(Named.of, campaigns))
        if not wanted:
            raise InvalidInput("an export needs at least one campaign, and none is named")
        if fields not in get_args(Fields):
            raise InvalidInput(f'fields must be "columns" or "json", not {fields!r}')
        target = Target.of(to)
        writer = format_of(target.path, form)
        if excel and writer.name != "csv":
            raise InvalidInput(f"excel (--excel) is for CSV, and this file is {writer.name}")
        writer.require()
        return cls(wanted, target, writer, fields, excel, accept_incomplete)

    def sources(self, make: Callable[[str], C], kind: type[C]) -> list[_Source]:
        """Make the clients, one for each profile, and refuse a campaign that is named twice."""
        clients: dict[str, C] = {}
        sources: list[_Source] = []
        for place, named in enumerate(self.wanted):
            where = named.where
            if isinstance(where, str):
                clients[where] = clients.get(where) or make(where)
            client: Any = clients[where] if isinstance(where, str) else where
            if not isinstance(client, kind):
                raise InvalidInput(f"use a {kind.__name__} here, not {client!r}")
            source = _Source(place, named.reference, client, named.campaign_id)
            for other in sources:
                if other.identity == source.identity:
                    raise InvalidInput(
                        f"{other.reference} and {source.reference} are the same campaign; name each campaign once"
                    )
            sources.append(source)
        return sources


# Reading --------------------------------------------------------------------------------------------------------------


class _Job:
    """An export while it runs: what both ways of reading have in common."""

    def __init__(
        self, plan: _Plan, sources: Sequence[_Source], on_progress: OnProgress | None, *, resume: bool
    ) -> None:
        self._plan = plan
        self._sources = sources
        self._progress: OnProgress = on_progress or (lambda _reference, _seen, _total: None)
        self._custom = CustomData(plan.fields)
        self._page: Page[Contact]
        identities = [source.identity for source in sources]
        self.spool = Spool(
            plan.target.spool, identities, self._custom, resume=resume, accept_incomplete=plan.accept_incomplete
        )

    def unread(self) -> Iterator[tuple[Any, list[_Source]]]:
        """The campaigns that have not been read to their end, those of one client together."""
        left = [source for source in self._sources if source.place not in self.spool.ended]
        for _, group in groupby(left, key=lambda source: id(source.client)):
            sources = list(group)
            yield sources[0].client, sources

    def is_begun(self, source: _Source) -> bool:
        """Whether a part of the campaign was read before."""
        return source.place in self.spool.contacts

    def note(self, page: Page[Contact]) -> None:
        """A page was read; its new rows come next."""
        self._page = page

    def add(self, source: _Source, rows: Sequence[Contact], report: ListingReport) -> None:
        """Keep a page."""
        self.spool.add(source.place, self._page, rows)
        self._plan.writer.check_rows(len(self.spool))
        self._progress(source.reference, report.seen, report.expected_total)

    @contextmanager
    def reading(self, source: _Source, report: Callable[[], ListingReport]) -> Iterator[None]:
        """Read a campaign to its end within the ``with`` statement.

        Raises:
            IncompleteListing: Contacts may be missing, and that is not accepted. It will be read from its front again.
        """
        try:
            yield
        except IncompleteListing as exc:
            if not self._plan.accept_incomplete:
                self.spool.forget(source.place)
                raise IncompleteListing(
                    provider=exc.provider,
                    operation=exc.operation,
                    subject=exc.subject,
                    report=exc.report,
                    consequence="no file was made; to make it anyway: accept_incomplete=True (--accept-incomplete)",
                ) from exc
        found = report()
        self.spool.end(
            source.place,
            End(
                source.place,
                self.spool.contacts.get(source.place, 0),
                found.complete,
                found.reason,
                sum(found.unread.values()),
            ),
        )

    def conclude(self) -> Exported:
        """Make the file of what was read, and drop the spool."""
        plan, spool = self._plan, self.spool
        plan.writer.check_rows(len(spool))
        campaigns = tuple(
            ExportedCampaign(
                reference=source.reference,
                contacts=(end := spool.ended[source.place]).contacts,
                is_complete=end.complete,
                incomplete_because=end.reason,
                unread=end.unread,
            )
            for source in self._sources
        )
        exported = Exported(path=plan.target.given, format=plan.writer.name, contacts=len(spool), campaigns=campaigns)
        table = Table(
            pages=spool.pages,
            rows=len(spool),
            fields=plan.fields,
            names=sorted(self._custom.names),
            has_others=self._custom.has_others,
            is_complete=exported.is_complete,
            excel=plan.excel,
        )
        plan.target.replace(
            lambda file: plan.writer.write(
                table, file, lambda done: self._progress(plan.target.given, done, table.rows)
            )
        )
        spool.remove()
        return exported


@contextmanager
def _exporting(
    plan: _Plan, sources: Sequence[_Source], on_progress: OnProgress | None, *, resume: bool
) -> Iterator[_Job]:
    """An export with its spool, which stays if it does not come to its end, unless nothing was read."""
    job = _Job(plan, sources, on_progress, resume=resume)
    try:
        yield job
    except BaseException as exc:
        if len(job.spool) and plan.target.spool.exists():
            exc.add_note(
                f"{len(job.spool):,} contacts are kept in {plan.target.spool.name}, a hidden file beside "
                f"{plan.target.given}; resume=True (--resume) reads only the rest"
            )
        elif not len(job.spool):
            job.spool.remove()
        raise
    finally:
        job.spool.close()


def _read(job: _Job, client: Client, sources: Sequence[_Source]) -> None:
    first, *later = sources
    if job.is_begun(first):
        listing = continued(client.list_contacts(first.campaign_id), partial(job.spool.earlier, first.place), job.note)
        with job.reading(first, lambda: listing.report), closing(listing.pages()) as pages:
            for rows in pages:
                job.add(first, rows, listing.report)
    else:
        later = [first, *later]
    contacts = noted(client.list_contacts_of([source.campaign_id for source in later]), job.note)
    with closing(contacts.by_campaign()) as campaigns:  # type: ignore[type-var]  # a generator
        for source, campaign in zip(later, campaigns, strict=True):
            with job.reading(source, lambda campaign=campaign: campaign.report):  # type: ignore[misc]  # bound now
                for rows in campaign.pages():
                    job.add(source, rows, campaign.report)


async def _read_async(job: _Job, client: AsyncClient, sources: Sequence[_Source]) -> None:
    first, *later = sources
    if job.is_begun(first):
        listing = continued(client.list_contacts(first.campaign_id), partial(job.spool.earlier, first.place), job.note)
        with job.reading(first, lambda: listing.report):
            async with aclosing(listing.pages()) as pages:
                async for rows in pages:
                    job.add(first, rows, listing.report)
    else:
        later = [first, *later]
    contacts = noted(client.list_contacts_of([source.campaign_id for source in later]), job.note)
    left = iter(later)
    async with aclosing(contacts.by_campaign()) as campaigns:
        async for campaign in campaigns:
            source = next(left)
            with job.reading(source, lambda campaign=campaign: campaign.report):  # type: ignore[misc]  # bound now
                async with aclosing(campaign.pages()) as pages:
                    async for rows in pages:
                        job.add(source, rows, campaign.report)
