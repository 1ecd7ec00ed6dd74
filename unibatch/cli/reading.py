"""The commands that read: ``campaigns``, ``show`` and ``contacts``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import click
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from unibatch.cli.failures import say
from unibatch.cli.options import (
    address,
    campaign_argument,
    examples,
    format_option,
    limit_option,
    profile_option,
    status_option,
    verbose_option,
)
from unibatch.cli.output import columns_of, screen, write_data
from unibatch.cli.output import show as show_on
from unibatch.cli.tables import Column, Lane, RowTable
from unibatch.cli.text import (
    BAD,
    DIM,
    HEADING,
    NOTHING,
    bar,
    canonical,
    duration,
    moment,
    number,
    percent,
    requests,
    style_of,
    words,
    yes_no,
)
from unibatch.cli.waits import Waits
from unibatch.client import Client, Listing
from unibatch.config import connect
from unibatch.core.errors import IncompleteListing
from unibatch.core.masking import mask_phone
from unibatch.core.model import Campaign, Contact, Counts, RedialPolicy, Schedule
from unibatch.core.paging import ListingReport
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.status_table import StatusTable
from unibatch.core.to_dict import to_dict
from unibatch.providers import registry

T = TypeVar("T", bound=Campaign | Contact)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BAR = 20


@click.command(
    short_help="List campaigns.",
    epilog=examples(
        "unibatch campaigns",
        "unibatch campaigns -p main --status running --status paused",
        "unibatch campaigns -p main --format csv > campaigns.csv",
    ),
)
@profile_option
@status_option(CampaignStatus, "campaigns")
@click.option("--agent", metavar="ID", help="Only campaigns of this agent.")
@limit_option("campaigns")
@format_option
@verbose_option
def campaigns(
    *, profile: str | None, statuses: tuple[CampaignStatus, ...], agent: str | None, limit: int | None, form: str
) -> None:
    """List the campaigns of an account.

    The table shows each status in unibatch's word and in the vendor's own, and only what the vendor tells: a dash
    stands for a number that it does not. json, jsonl and csv hold everything, under unibatch's names; "raw" is the
    vendor's own object.
    """
    with connect(profile, max_in_flight=_in_flight(limit), on_wait=Waits()) as client:
        listing = client.list_campaigns(status=statuses or None, agent_id=agent)
        _write_listing(listing, "campaigns", Campaign, limit=limit, form=form, lanes=lambda: _campaign_lanes(client))


@click.command(
    short_help="List the contacts of a campaign.",
    epilog=examples(
        "unibatch contacts main:batch_c3d4e5f6",
        "unibatch contacts main:batch_c3d4e5f6 --status no_answer --status busy",
        "unibatch contacts batch_c3d4e5f6 -p main --format csv > contacts.csv",
        "unibatch contacts main:batch_c3d4e5f6 | head -n 5",
    ),
)
@campaign_argument
@profile_option
@status_option(CallStatus, "contacts")
@click.option("--external-id", metavar="ID", help="Only the contact to whom you gave this id.")
@limit_option("contacts")
@click.option(
    "--server-filter",
    is_flag=True,
    help="Let the vendor filter by --status even while it calls. Takes fewer requests, but contacts whose status "
    "changes meanwhile move others past the reader: some may be missed, which cannot always be noticed.",
)
@click.option("--show-numbers", is_flag=True, help="Show phone numbers in full in the table.")
@format_option
@verbose_option
def contacts(
    *,
    campaign: str,
    profile: str | None,
    statuses: tuple[CallStatus, ...],
    external_id: str | None,
    limit: int | None,
    server_filter: bool,
    show_numbers: bool,
    form: str,
) -> None:
    """List the contacts of a campaign, named as PROFILE:CAMPAIGN_ID, or by its id alone.

    The column "final" says whether the vendor is done with a contact: some vendors call again after no_answer.

    The table masks phone numbers; json, jsonl and csv hold them in full, and every value as the vendor told it. A
    spreadsheet may take a text that begins with = + - @ for a formula: import such columns as text.
    """
    name, campaign_id = address(campaign, profile)
    with connect(name, max_in_flight=_in_flight(limit), on_wait=Waits()) as client:
        listing = client.list_contacts(
            campaign_id, status=statuses or None, external_id=external_id, server_filter=server_filter
        )
        _write_listing(
            listing,
            "contacts",
            Contact,
            limit=limit,
            form=form,
            lanes=lambda: _contact_lanes(client, show_numbers=show_numbers),
        )


@click.command(
    short_help="Show one campaign.",
    epilog=examples("unibatch show main:batch_c3d4e5f6", "unibatch show batch_c3d4e5f6 -p main --format json"),
)
@campaign_argument
@profile_option
@format_option
@verbose_option
def show(*, campaign: str, profile: str | None, form: str) -> None:
    """Show one campaign, named as PROFILE:CAMPAIGN_ID, or by its id alone.

    What the vendor does not tell is left out.
    """
    name, campaign_id = address(campaign, profile)
    with connect(name, on_wait=Waits()) as client:
        found = client.get_campaign(campaign_id)
    if form == "table":
        show_on(screen(), _sheet(found, registry.load(found.provider).title))
    else:
        write_data(form, [to_dict(found)], columns_of(Campaign))


# Listings -------------------------------------------------------------------------------------------------------------


def _in_flight(limit: int | None) -> int | None:
    """How many pages to read at the same time: with a limit one, so that no page is read that is not needed."""
    return None if limit is None else 1


def _write_listing(
    listing: Listing[T],
    what: str,
    cls: type[T],
    *,
    limit: int | None,
    form: str,
    lanes: Callable[[], list[Lane[T]]],
) -> None:
    rows = _Rows(listing, limit)
    if form == "table":
        table = RowTable(screen(), lanes())
        with contextlib.closing(rows.pages()) as pages:
            for page in pages:
                table.add(page)
    else:
        with contextlib.closing(rows.pages()) as pages, _progress(listing, what) as tick:
            out = (to_dict(row) for page in pages for row in page)
            write_data(form, (_ticked(row, tick) for row in out), columns_of(cls))
    sys.stdout.flush()
    _conclude(listing.report, rows, what)


class _Rows(Generic[T]):
    """The rows of a listing, up to a limit.

    Attributes:
        shown: How many there were so far.
        cut: The limit ended the listing.
        missing: What the listing ended with if rows may be missing; for when all that came has been written.
    """

    def __init__(self, listing: Listing[T], limit: int | None) -> None:
        self._listing = listing
        self._limit = limit
        self.shown = 0
        self.cut = False
        self.missing: IncompleteListing | None = None

    def pages(self) -> Generator[Sequence[T], None, None]:
        try:
            for page in self._listing.pages():
                rows = page if self._limit is None else page[: self._limit - self.shown]
                self.shown += len(rows)
                yield rows
                if self.shown == self._limit:
                    self.cut = True
                    return
        except IncompleteListing as exc:
            self.missing = exc


def _conclude(report: ListingReport, rows: _Rows[Any], what: str) -> None:
    if rows.missing is not None:
        raise rows.missing
    if sys.stderr.isatty():
        many = f"{rows.shown:,} {what}"
        if not rows.cut and rows.shown != report.seen:
            many = f"{rows.shown:,} of {report.seen:,} {what}"
        repeated = f", {report.duplicates:,} sent twice" if report.duplicates else ""
        say(f"{many} in {requests(report)}{repeated}, {'stopped by --limit' if rows.cut else 'complete'}")


@contextlib.contextmanager
def _progress(listing: Listing[T], what: str) -> Iterator[Callable[[], None]]:
    """A bar on stderr while data goes elsewhere than to the terminal; gives what is to be called for each row."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda: None
        return
    progress = Progress(
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )
    with progress:
        task = progress.add_task(what, total=None)

        def tick() -> None:
            progress.update(task, completed=listing.report.seen, total=listing.report.expected_total)

        yield tick


def _ticked(row: Any, tick: Callable[[], None]) -> Any:
    tick()
    return row


# Columns --------------------------------------------------------------------------------------------------------------


def _campaign_lanes(client: Client) -> list[Lane[Campaign]]:
    told = client.capabilities.campaign_fields
    kind = registry.load(client.provider)
    first: list[Column[Campaign]] = [Column(title="id", cell=lambda row: words(row.id), least=8)]
    if "name" in told:
        first.append(Column(title="name", cell=lambda row: words(row.name), folds_to=16))
    if "created_at" in told:
        first.append(Column(title="created (UTC)", cell=_day))
    return [
        first,
        _status_lane(kind.title, kind.campaign_statuses),
        [_count("contacts", "total"), _count("attempted"), _count("pending")],
        [_count("succeeded"), _count("failed")],
    ]


def _count(title: str, attribute: str | None = None) -> Column[Campaign]:
    return Column(title=title, cell=lambda row: number(getattr(row.counts, attribute or title)), justify="right")


def _day(campaign: Campaign) -> Text:
    return words(campaign.created_at and f"{campaign.created_at:%Y-%m-%d}")


def _contact_lanes(client: Client, *, show_numbers: bool) -> list[Lane[Contact]]:
    told = client.capabilities.contact_fields
    kind = registry.load(client.provider)

    def phone(row: Contact) -> Text:
        return words(row.phone_number if show_numbers else mask_phone(row.phone_number), "" if row.phone_valid else BAD)

    who: list[Column[Contact]] = [Column(title="id", cell=lambda row: words(row.id), least=8)]
    if "name" in told:
        who.append(Column(title="name", cell=lambda row: words(row.name), least=12, folds_to=12))
    when: list[Column[Contact]] = [Column(title="phone", cell=phone, least=13)]
    if "last_attempt_at" in told:
        when.append(Column(title="last call (UTC)", cell=lambda row: moment(row.last_attempt_at), least=16))
    elif "started_at" in told:
        when.append(Column(title="call began (UTC)", cell=lambda row: moment(row.started_at), least=16))
    ends: list[Column[Contact]] = [Column(title="final", cell=lambda row: yes_no(row.is_final))]
    if "attempts" in told:
        ends.append(Column(title="tries", cell=_tries, least=5))
    return [
        who,
        _status_lane(kind.title, kind.call_statuses),
        when,
        ends,
    ]


def _status_lane(vendor: str, table: StatusTable[Any]) -> Lane[Any]:
    """The status and the vendor's word for it, with room for every word of the table."""
    room = max(map(len, table.words))
    return [
        Column(
            title="status",
            cell=lambda row: canonical(row.status),
            least=max(len(word) for word in table.words.values()),
        ),
        Column(title=f"at {vendor}", cell=lambda row: words(row.vendor_status), least=room, folds_to=room),
    ]


def _tries(row: Contact) -> Text:
    if row.attempts is None or row.max_attempts is None:
        return words(row.attempts)
    return words(f"{row.attempts}/{row.max_attempts}")


# One campaign ---------------------------------------------------------------------------------------------------------


def _sheet(campaign: Campaign, vendor: str) -> RenderableType:
    status = canonical(campaign.status)
    if campaign.vendor_status is not None:
        status = Text.assemble(status, (f'  {vendor} says "{words(campaign.vendor_status)}"', DIM))
    facts = {
        "id": words(campaign.id),
        "provider": words(campaign.provider),
        "description": campaign.description and words(campaign.description),
        "status": status,
        "agent": campaign.agent_id and words(campaign.agent_id),
        "calls from": campaign.from_numbers and words(", ".join(campaign.from_numbers)),
        "schedule": campaign.schedule and _schedule(campaign.schedule),
        "calls at a time": campaign.max_concurrency and words(f"at most {campaign.max_concurrency:,}"),
        "retry": campaign.retry and _retry(campaign.retry),
        "cost": campaign.cost and words(campaign.cost),
        "average call": campaign.average_duration and duration(campaign.average_duration),
        "created": _instant(campaign.created_at),
        "updated": _instant(campaign.updated_at),
        "started": _instant(campaign.started_at),
        "completed": _instant(campaign.completed_at),
        "contacts": _counts(campaign.counts),
        "by status": _by_status(campaign.counts),
    }
    sheet = Table.grid(padding=(0, 2))
    sheet.add_column(style=DIM, no_wrap=True)
    sheet.add_column(overflow="fold")
    for label, value in facts.items():
        if value:
            sheet.add_row(label, value)
    return Group(words(campaign.name or campaign.id, HEADING), Padding(sheet, (0, 0, 0, 2)))


def _instant(value: datetime | None) -> Text | None:
    return None if value is None else Text.assemble(moment(value), (" UTC", DIM))


def _counts(counts: Counts) -> RenderableType | None:
    names = ("total", "attempted", "succeeded", "failed", "voicemail", "no_answer", "pending")
    told = [(name, getattr(counts, name)) for name in names if getattr(counts, name) is not None]
    return _bars([(words(name), value) for name, value in told], counts.total) if told else None


def _by_status(counts: Counts) -> RenderableType | None:
    told = [(canonical(status), number) for status, number in counts.by_status.items() if number]
    return _bars(told, counts.total) if told else None


def _bars(rows: Sequence[tuple[Text, int]], total: int | None) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right", style=DIM)
    table.add_column()
    for label, value in rows:
        share = value / total if total else 0
        table.add_row(label, number(value), percent(share) if total else "", Text(bar(share, _BAR), style=label.style))
    return table


def _schedule(schedule: Schedule) -> Text:
    parts = []
    if schedule.start is not None:
        parts.append(f"from {schedule.start:%Y-%m-%d %H:%M} UTC")
    if schedule.window_start is not None or schedule.window_end is not None:
        window = (f"{moment:%H:%M}" if moment else "…" for moment in (schedule.window_start, schedule.window_end))
        parts.append(NOTHING.join(window))
    if schedule.timezone is not None:
        parts.append(f"{'in' if parts else ''} {schedule.timezone}".strip())
    if schedule.weekdays:
        parts.append(" ".join(_DAYS[day - 1] if 1 <= day <= len(_DAYS) else str(day) for day in schedule.weekdays))
    if schedule.max_calls_per_day is not None:
        parts.append(f"at most {schedule.max_calls_per_day:,} calls a day")
    return words(", ".join(parts))


def _retry(retry: RedialPolicy) -> Text:
    text = words(f"{'?' if retry.max_attempts is None else retry.max_attempts} attempts")
    if retry.retry_on:
        text.append(", again after ")
        ordered = [status for status in CallStatus if status in retry.retry_on]
        text.append(Text(", ").join(Text(status.value, style=style_of(status)) for status in ordered))
    return text
