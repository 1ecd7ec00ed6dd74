"""What ``campaigns`` and ``contacts`` share: writing a listing, its progress and its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from typing import Any, Generic, TypeVar

import attrs

from unibatch import Campaign, Contact, IncompleteListing, Listing
from unibatch.cli.output import say, write_objects
from unibatch.cli.progress import progress
from unibatch.cli.tables import Column, Lane, RowTable, screen
from unibatch.cli.text import canonical, requests, words
from unibatch.core.status_table import StatusTable

T = TypeVar("T", bound=Campaign | Contact)


def write_listing(
    listing: Listing[T], what: str, cls: type[T], *, limit: int | None, form: str, lanes: Callable[[], list[Lane[T]]]
) -> None:
    """Write the rows of a listing while they come in; raise IncompleteListing at the end if some may be missing."""
    rows = _Rows(listing, limit)
    bar = form != "table" and sys.stderr.isatty() and not sys.stdout.isatty()
    with progress(what, shown=bar) as advance, closing(rows.pages(advance)) as pages:
        if form == "table":
            table = RowTable(screen(), lanes())
            for page in pages:
                table.add(page)
        else:
            write_objects(form, chain.from_iterable(pages), cls)
    sys.stdout.flush()
    if unread := listing.report.unread:
        say(f"values that cannot be read are left out, and kept in raw: {_counted(unread)}")
    if rows.missing is not None:
        raise rows.missing
    if sys.stderr.isatty():
        say(rows.summary(what))
    elif form == "table" and not rows.shown:
        say(f"no {what}")


def _counted(unread: Mapping[str, int]) -> str:
    """How many values could not be read, by path."""
    return ", ".join(f"{number:,} at {path}" for path, number in unread.items())


@attrs.define
class _Rows(Generic[T]):
    """The rows of a listing, up to a limit."""

    listing: Listing[T]
    limit: int | None
    shown: int = 0
    is_cut: bool = False
    missing: IncompleteListing | None = None

    def pages(self, advance: Callable[[int, int | None], None]) -> Generator[Sequence[T], None, None]:
        try:
            for page in self.listing.pages():
                advance(self.listing.report.seen, self.listing.report.expected_total)
                rows = page if self.limit is None else page[: self.limit - self.shown]
                self.shown += len(rows)
                yield rows
                if self.shown == self.limit:
                    self.is_cut = True
                    return
        except IncompleteListing as exc:
            self.missing = exc

    def summary(self, what: str) -> str:
        """How many rows there are, how many requests it took, and whether those are all."""
        report = self.listing.report
        many = f"{self.shown:,}" if self.shown else "no"
        if not self.is_cut and self.shown != report.seen:
            many = f"{self.shown:,} of {report.seen:,}"
        repeated = f", {report.duplicates:,} sent twice" if report.duplicates else ""
        end = "stopped by --limit" if self.is_cut else "complete"
        return f"{many} {what} in {requests(report)}{repeated}, {end}"


def status_lane(vendor: str, table: StatusTable[Any]) -> Lane[Any]:
    """The columns of the status and of the vendor's word for it, with room for every word of the table."""
    room = min(14, max(map(len, table.words)))  # longer words are rare, and fold
    return [
        Column("status", lambda row: canonical(row.status), least=max(map(len, table.words.values()))),
        Column(f"at {vendor}", lambda row: words(row.vendor_status), least=room, folds_to=room),
    ]
