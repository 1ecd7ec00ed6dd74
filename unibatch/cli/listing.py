"""What ``campaigns`` and ``contacts`` share: writing a listing, its progress and its end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from unibatch import Campaign, Contact, IncompleteListing, Listing
from unibatch.cli.output import say, write_pages
from unibatch.cli.progress import progress

if TYPE_CHECKING:
    from unibatch.cli.row_table import Lane

T = TypeVar("T", bound=Campaign | Contact)


def write_listing(
    listing: Listing[T], what: str, cls: type[T], *, limit: int | None, form: str, lanes: Callable[[], list[Lane[T]]]
) -> None:
    """Write the rows of a listing while they come in; raise IncompleteListing at the end if some may be missing."""
    rows = _Rows(listing, limit)
    bar = form != "table" and sys.stderr.isatty() and not sys.stdout.isatty()
    with progress(what, shown=bar) as advance, closing(rows.pages(advance)) as pages:
        if form == "table":
            from unibatch.cli.row_table import RowTable

            table = RowTable(lanes())
            for page in pages:
                table.add(page)
        else:
            write_pages(form, pages, cls)
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
                sys.stdout.flush()  # what reads them need not wait for the next page
                if self.shown == self.limit:
                    self.is_cut = True
                    return
        except IncompleteListing as exc:
            self.missing = exc

    def summary(self, what: str) -> str:
        """How many rows there are, how many requests it took, and whether those are all."""
        from unibatch.cli.cells import requests

        report = self.listing.report
        many = f"{self.shown:,}" if self.shown else "no"
        if not self.is_cut and self.shown != report.seen:
            many = f"{self.shown:,} of {report.seen:,}"
        repeated = f", {report.duplicates:,} sent twice" if report.duplicates else ""
        end = "stopped by --limit" if self.is_cut else "complete"
        return f"{many} {what} in {requests(report)}{repeated}, {end}"
