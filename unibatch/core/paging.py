"""Paging as data, and the bookkeeping that says whether a listing saw everything.

A vendor pages by offset, by page number or by cursor. A `Pager` turns any of the three into positions to read one
after the other, trusts no server to come to an end, and keeps the `ListingReport`. It does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Literal, TypeAlias, TypeVar

import attrs

T = TypeVar("T")

Position: TypeAlias = int | str
"""Where a page begins: an offset (from 0), a page number (from 1), or a cursor."""

START_OF_CURSOR = ""
"""The position of the first page of a listing that is paged by cursor."""


@attrs.frozen
class Paging:
    """How one listing of a vendor is paged.

    Attributes:
        style: ``"offset"`` (rows to skip), ``"page"`` (numbered from 1) or ``"cursor"`` (an opaque text).
        max_size: The most rows that the vendor gives on one page. A listing always asks for so many.
        size_param: The vendor's name of the query parameter for the page's size.
        position_param: The vendor's name of the query parameter for the position.
    """

    style: Literal["offset", "page", "cursor"]
    max_size: int
    size_param: str
    position_param: str

    @property
    def first(self) -> Position:
        """The position of the first page."""
        if self.style == "cursor":
            return START_OF_CURSOR
        return 0 if self.style == "offset" else 1

    def query(self, position: Position) -> dict[str, str]:
        """The query parameters that ask for the page at ``position``."""
        asked = {self.size_param: str(self.max_size)}
        if position != START_OF_CURSOR:
            asked[self.position_param] = str(position)
        return asked


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a listing, as a provider hands it over.

    Attributes:
        items: The rows, in the vendor's order.
        total: How many rows the vendor says there are in all, or ``None`` if it does not say.
        has_more: Whether the vendor says that more follow, or ``None`` if it does not say.
        next_cursor: With cursor paging, the position of the next page.
    """

    items: Sequence[T]
    total: int | None = None
    has_more: bool | None = None
    next_cursor: str | None = None


@attrs.define(kw_only=True)
class ListingReport:
    """What a listing has seen so far; final once the listing has been read to its end.

    Attributes:
        expected_total: The most rows that the vendor announced on any page read, or ``None`` if it announced none.
        seen: Rows that the vendor has sent, without ``duplicates``, whether or not a filter kept them.
        duplicates: Rows that came again; they are not yielded twice.
        requests: Pages asked for.
        complete: The listing was read to its end, and as many rows were seen as were ever announced. ``False`` while
            reading, and also when rows were removed meanwhile: then others may have been skipped.
    """

    expected_total: int | None = None
    seen: int = 0
    duplicates: int = 0
    requests: int = 0
    complete: bool = False


_REMEMBERED = 10_000
"""How many of the latest rows a walk remembers: as many as the largest campaign of most vendors has."""


class Pager(Generic[T]):
    """Walks through the pages of one listing: ask for the page at `position`, hand it to `accept`, and so on.

    When rows are added in front while a listing is read, offsets shift and rows come again. They are counted as
    duplicates and left out: those of the page before always, those of the latest 10,000 rows once the total has grown
    by a page or more. So memory stays the same however long the listing is.

    A page that holds nothing new, or begins as an earlier one did, ends the listing, so a server that promises more for
    ever or goes round in circles cannot keep it going. Such pages are passed over only while no more rows have come
    again than were added meanwhile, by the totals.

    Attributes:
        position: The position of the page to read next, or ``None`` at the end.
        report: What has been seen so far.
    """

    def __init__(self, paging: Paging, identity: Callable[[T], str]) -> None:
        """Begin a walk.

        Args:
            paging: How the listing is paged.
            identity: Gives the id that tells one row from another.
        """
        self.position: Position | None = paging.first
        self.report = ListingReport()
        self._style = paging.style
        self._identity = identity
        self._rows = 0
        self._total: int | None = None
        self._is_lossy = False  # rows may have been skipped, or have come again unnoticed
        self._has_jumped = False
        self._added = 0  # rows that were added since the walk began
        self._stale = 0  # rows that came again since the latest new one
        self._heads: set[int] = set()
        self._pages: list[frozenset[str]] = []
        self._remembered = 0

    def accept(self, page: Page[T]) -> Sequence[T]:
        """Take in the page that was read at `position`, move on, and return the rows that are new."""
        report = self.report
        items = page.items
        ids = frozenset(map(self._identity, items))
        if page.total is not None:
            self._notice(page.total)
        if items and self._has_begun_so(self._identity(items[0])) and self._unexplained(len(items)):
            items = []
        elif len(ids) != len(items) or not all(map(ids.isdisjoint, self._compared())):
            items = self._without_repeats(items)
        report.requests += 1
        report.seen += len(items)
        report.duplicates += len(page.items) - len(items)
        self._rows += len(page.items)
        self._stale = 0 if items else self._stale + len(page.items)
        self._remember(ids)
        goes_on = bool(items) or (0 < self._stale <= _REMEMBERED and not self._unexplained(0))
        self.position = self._behind(page) if goes_on else None
        promises_more = bool(page.next_cursor) if page.has_more is None else page.has_more
        report.complete = (
            self.position is None
            and not promises_more
            and not self._is_lossy
            and report.expected_total in {None, report.seen}
        )
        return items

    def _notice(self, total: int) -> None:
        """Draw conclusions from how the total has changed since the page before."""
        growth = 0 if self._total is None else total - self._total
        self._total = total
        self.report.expected_total = max(total, self.report.expected_total or 0)
        if growth < 0:
            self._is_lossy = True  # what was removed let other rows slip back to where reading has been
        elif self._pages and growth >= len(self._pages[-1]):
            self._has_jumped = True
            self._is_lossy |= growth > _REMEMBERED
        self._added += max(growth, 0)

    def _unexplained(self, repeats: int) -> bool:
        """Whether more rows have come again, with ``repeats`` more, than were added: each that is added shifts one."""
        return self.report.duplicates + repeats > self._added

    def _compared(self) -> list[frozenset[str]]:
        """The pages that hold what may come again."""
        return self._pages if self._has_jumped else self._pages[-1:]

    def _remember(self, ids: frozenset[str]) -> None:
        self._pages.append(ids)
        self._remembered += len(ids)
        while self._remembered > _REMEMBERED and len(self._pages) > 1:
            self._remembered -= len(self._pages.pop(0))

    def _has_begun_so(self, identity: str) -> bool:
        """Whether an earlier page began with the same row."""
        mark = hash(identity)
        if mark in self._heads:
            return True
        self._heads.add(mark)
        return False

    def _without_repeats(self, items: Sequence[T]) -> list[T]:
        known = set().union(*self._compared())
        fresh = []
        for item in items:
            identity = self._identity(item)
            if identity not in known:
                known.add(identity)
                fresh.append(item)
        return fresh

    def _behind(self, page: Page[T]) -> Position | None:
        if isinstance(self.position, int):
            has_more = page.has_more
            if has_more is None:
                # With neither a flag nor a total, only an empty page proves the end.
                has_more = page.total is None or self._rows < page.total
            if not has_more:
                return None
            return self.position + (len(page.items) if self._style == "offset" else 1)
        return page.next_cursor
