"""What ``campaigns`` and ``contacts`` share: writing a listing, its progress and its end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Generic, TypeVar

from unibatch import Campaign, Contact, IncompleteListing, Listing
from unibatch.cli.output import say, write_objects
from unibatch.cli.progress import progress
from unibatch.cli.tables import Column, Lane, RowTable, screen
from unibatch.cli.text import canonical, requests, words
from unibatch.core.status_table import StatusTable

T = TypeVar("T", bound=Campaign | Contact)


def in_flight(limit: int | None) -> int | None:
    """How many pages to read at the same time: with a limit one, so that no page is read that is not needed."""
    return None if limit is None else 1


def write_listing(
    listing: Listing[T],
    what: str,
    cls: type[T],
    *,
    limit: int | None,
    form: str,
    lanes: Callable[[], list[Lane[T]]],
) -> None:
    """Write the rows of a listing while they come in; raise IncompleteListing at the end if some may be missing."""
    rows = _Rows(listing, limit)
    bar = form != "table" and sys.stderr.isatty() and not sys.stdout.isatty()
    with contextlib.closing(rows.pages()) as pages, progress(what, shown=bar) as advance:
        if form == "table":
            table = RowTable(screen(), lanes())
            for page in pages:
                table.add(page)
        else:

            def each() -> Iterator[T]:
                for page in pages:
                    advance(listing.report.seen, listing.report.expected_total)
                    yield from page

            write_objects(form, each(), cls)
    sys.stdout.flush()
    if rows.missing is not None:
        raise rows.missing
    if sys.stderr.isatty():
        say(rows.summary(what))
    elif form == "table" and not rows.shown:
        say(f"no {what}")


class _Rows(Generic[T]):
    """The rows of a listing, up to a limit.

    Attributes:
        shown: How many there were so far.
        cut: The limit ended the listing.
        missing: The error if rows may be missing; to be raised when all that came is written.
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

    def summary(self, what: str) -> str:
        """How many rows there are, how many requests it took, and whether those are all."""
        report = self._listing.report
        many = f"{self.shown:,}" if self.shown else "no"
        if not self.cut and self.shown != report.seen:
            many = f"{self.shown:,} of {report.seen:,}"
        repeated = f", {report.duplicates:,} sent twice" if report.duplicates else ""
        end = "stopped by --limit" if self.cut else "complete"
        return f"{many} {what} in {requests(report)}{repeated}, {end}"


def status_lane(vendor: str, table: StatusTable[Any]) -> Lane[Any]:
    """The columns of the status and of the vendor's word for it, with room for every word of the table."""
    room = max(map(len, table.words))
    return [
        Column(
            title="status",
            cell=lambda row: canonical(row.status),
            least=max(len(word) for word in table.words.values()),
        ),
        Column(title=f"at {vendor}", cell=lambda row: words(row.vendor_status), least=room, folds_to=room),
    ]
