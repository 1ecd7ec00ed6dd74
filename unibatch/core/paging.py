"""Paging as data, and the bookkeeping that says whether a listing saw everything.

A vendor pages by offset, by page number or by cursor, or sends all rows in one answer. A `Pager` turns each of them
into positions to read one after the other, trusts no server to end a listing, reads a listing again whose rows moved
while it was read, and keeps the `ListingReport`. It does no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import attrs

from unibatch.core.seen_rows import SeenRows

T = TypeVar("T")

Position: TypeAlias = int | str
"""Where a page begins: an offset (from 0), a page number (from 1), or a cursor."""

START = ""
"""The position of the first page of a listing that is paged by cursor, and of the only one if it is not paged."""


@attrs.frozen
class Paging:
    """How one listing of a vendor is paged.

    Attributes:
        style: ``"offset"`` (rows to skip), ``"page"`` (numbered from 1), ``"cursor"`` (an opaque text) or ``"unpaged"``
            (all rows in one answer, see `UNPAGED`).
        max_size: The most rows that the vendor gives on one page. A listing always asks for this many.
        size_param: The vendor's name of the query parameter for the page's size.
        position_param: The vendor's name of the query parameter for the position.
    """

    style: Literal["offset", "page", "cursor", "unpaged"]
    max_size: int | None = None
    size_param: str | None = None
    position_param: str | None = None

    @property
    def first(self) -> Position:
        """The position of the first page."""
        first_rows: dict[str, Position] = {"offset": 0, "page": 1}
        return first_rows.get(self.style, START)

    def place(self, position: Position) -> str | None:
        """A page in the vendor's words, such as ``"offset=200"``; ``None`` for the first one."""
        if position == self.first:
            return None
        return f"{self.position_param or self.style}={position}"

    def query(self, position: Position) -> dict[str, str | None]:
        """The query parameters that ask for the page at ``position``."""
        asked: dict[str, str | None] = {} if self.size_param is None else {self.size_param: str(self.max_size)}
        if self.position_param is not None and position != START:
            asked[self.position_param] = str(position)
        return asked


UNPAGED = Paging("unpaged")
"""The vendor sends all rows in one answer."""


_ALL_READ: Mapping[str, int] = MappingProxyType({})


def _not_negative(total: int | None) -> int | None:
    """The total; some vendors write -1 for "not counted"."""
    return None if total is None or total < 0 else total


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a listing, as a provider returns it.

    Attributes:
        items: The rows, in the vendor's order.
        ids: The ids of the rows, in the same order, if they are at hand: then a listing need not ask each row for it.
        total: How many rows the vendor says there are in all, or ``None`` if it does not say.
        has_more: Whether the vendor says that more follow, or ``None`` if it does not say.
        next_cursor: With cursor paging, the position of the next page.
        unread: How many values of the page could not be read, by path; see `Provider.read_answer`.
        withheld: What the vendor says that it does not show at all, as a sentence, for example that its plan shows no
            rows older than 14 days; ``None`` if it shows everything. A listing with it is read to its end, and is not
            complete. If ``total`` may count those rows, leave it out.
    """

    items: Sequence[T]
    ids: Sequence[str] | None = None
    total: int | None = attrs.field(default=None, converter=_not_negative)
    has_more: bool | None = None
    next_cursor: str | None = None
    unread: Mapping[str, int] = _ALL_READ
    withheld: str | None = None


NO_PAGE: Page[Any] = Page(items=(), has_more=False)
"""What stands for a page that is not there, behind the last one."""


@attrs.define(kw_only=True)
class ListingReport:
    """What a listing has seen so far; final once the listing has been read to its end.

    Attributes:
        expected_total: The most rows that the vendor announced on any page read, or ``None`` if it announced none.
        seen: Different rows that the vendor has sent, including those that a filter removed.
        duplicates: Rows that came again while the listing was read once from front to back; nobody is yielded twice.
        requests: Pages asked for.
        passes: How many times the listing was read from its front: more than once if rows moved.
        complete: Every row that was there all the time was seen, as far as the vendor's answers can prove it.
            ``False`` while reading.
        reason: Why the listing is not complete, as a sentence; ``None`` while reading, and if it is.
        unread: Values that could not be read in the latest pass: how many, by their path in the vendor's spelling
            without indexes, such as ``$.data[].called_at``. They are ``None`` in the rows, and kept in ``raw``.
        withheld: What the vendor says that it does not show at all; see `Page.withheld`.
    """

    expected_total: int | None = None
    seen: int = 0
    duplicates: int = 0
    requests: int = 0
    passes: int = 1
    complete: bool = False
    reason: str | None = None
    unread: dict[str, int] = attrs.field(factory=dict)
    withheld: str | None = None

    @property
    def has_all_shown(self) -> bool:
        """Every row that the vendor shows has come: the listing is complete, or lacks only what is `withheld`."""
        return self.complete or (self.reason is not None and self.reason == self.withheld)


_REMEMBERED = 39_000
"""How many rows one pass can remember: several times what the largest campaign of most vendors has.

Half of it is as many hashes as fit into a set of Python's before that takes four times the memory.
"""

_MOST_STALE = 100
"""How many pages may bring nothing new one after the other before a pass gives up."""

_MOST_PASSES = 3

_MOST_EMPTY = 3
"""How many empty pages may come one after the other while the vendor says that there is more."""

_MOST_PATHS = 50
"""How many paths of unread values a report names."""


class Pager(Generic[T]):
    """Walks through the pages of one listing: ask for the page at `position`, hand it to `accept`, and so on.

    Positions count rows from the front. If rows come or go while a listing is read, the rows behind them shift, and the
    vendor says nothing of it: some come again, others are missed. A pass from front to back shows signs of that:

    - a total that shrinks;
    - another number of rows than announced;
    - rows that come again although no new ones pushed them back.

    Then another pass follows, which yields only what is new. The listing is complete when a pass

    - shows no such sign; or
    - shows only repeats, brought as many different rows as announced, and none that earlier passes did not have.

    It is not complete after three passes, or when a pass brought the same as the one before.

    Why that is enough: as long as no row is removed, every row that comes is one of those that are there at the end, so
    when as many different ones have come as there are then, they all have, in any order. A removal is seen as a
    total that shrinks, unless at least as many rows are added between the same two pages.

    A page without anything new ends a pass, so a server that always promises more, or goes round in circles, cannot
    keep it going. Such pages are skipped only while the number of repeated rows is not larger than the growth of the
    total; and a few empty ones while the vendor says that there is more, and fewer rows came than were announced.

    What the vendor says that it does not show (`Page.withheld`) no further pass can bring: the listing is incomplete.

    Rows are compared by their ids (`SeenRows`), of which a pass remembers at least the latest 19,000, and the
    first of every page. A listing of more than 39,000 rows is not read again, so memory stays nearly the same however
    long it is.

    Attributes:
        position: The position of the page to read next, or ``None`` at the end.
        report: What has been seen so far.
    """

    def __init__(self, paging: Paging, identity: Callable[[T], str]) -> None:
        """Begin a walk.

        Args:
            paging: How the listing is paged.
            identity: Gives the id of a row.
        """
        self.report = ListingReport()
        self._paging = paging
        self._identity = identity
        self._earlier: list[_Pass] = []
        self._pass = _Pass(paging)

    @property
    def position(self) -> Position | None:
        """The position of the page to read next, or ``None`` at the end."""
        return self._pass.position

    def upcoming(self, count: int) -> Sequence[Position]:
        """The positions of the next pages, as far as they are known before the pages in front of them are read.

        Args:
            count: The most positions wanted.

        Returns:
            `position` and what follows it; empty at the end. Only `position` itself with cursors, and as long as no
            page has given the total. Behind `position`, nothing beyond the announced total.
        """
        return self._pass.upcoming(count)

    @property
    def place(self) -> str | None:
        """The page at `position` in the vendor's words, such as ``"offset=200"``; ``None`` for the first one."""
        return None if self.position is None else self._paging.place(self.position)

    @property
    def is_behind_the_last(self) -> bool:
        """Whether as many rows have come as were announced: then the page at `position` need not be there."""
        return self._pass.is_behind_the_last

    def accept_none(self) -> Sequence[T]:
        """Take in that there is no page at `position`, behind the last one."""
        return self.accept(NO_PAGE)

    def accept(self, page: Page[T]) -> Sequence[T]:
        """Take in the page that was read at `position`, move on, and return the rows that are new."""
        ids = list(map(self._identity, page.items)) if page.ids is None else page.ids
        news = self._pass.accept(page, ids)
        items = page.items if news is None else _picked(page.items, map(hash, ids), news)
        for earlier in self._earlier:
            marks = list(map(hash, map(self._identity, items)))
            if earlier.memory.knows_any(marks):
                items = _picked(items, marks, earlier.memory.without_known(set(marks)))
        report = self.report
        report.requests += 1
        report.seen += len(items)
        report.duplicates += len(page.items) - self._pass.latest
        if page.total is not None:
            report.expected_total = max(page.total, report.expected_total or 0)
        for path, number in page.unread.items():
            if path in report.unread or len(report.unread) < _MOST_PATHS:
                report.unread[path] = report.unread.get(path, 0) + number
        report.withheld = report.withheld or page.withheld
        self._pass.found += len(items)
        if self._pass.position is None:
            self._conclude()
        return items

    def _conclude(self) -> None:
        """A pass is over: end, read again, or give up."""
        done = self._pass
        doubt = done.doubt
        settled = doubt is None and self._earlier and not done.found
        doubt = doubt or done.suspicion
        if settled or doubt is None:
            self.report.reason = self.report.withheld
            self.report.complete = self.report.withheld is None
        elif not done.memory.is_whole:
            self.report.reason = f"{doubt}; with more than {_REMEMBERED:,} rows it is too long to read again"
        elif self._earlier and done.found == 0 and done.outcome == self._earlier[-1].outcome:
            self.report.reason = f"{doubt}; reading it again gave the same result"
        elif len(self._earlier) + 1 == _MOST_PASSES:
            self.report.reason = f"{doubt}; it was read {_MOST_PASSES} times, and rows moved each time"
        else:
            self._earlier.append(done)
            self._pass = _Pass(self._paging)
            self.report.passes += 1
            self.report.unread.clear()


def _picked(items: Sequence[T], marks: Iterable[int], wanted: set[int]) -> list[T]:
    """The first item with each of the wanted marks."""
    left = set(wanted)
    picked = []
    for item, mark in zip(items, marks, strict=True):
        if mark in left:
            left.remove(mark)
            picked.append(item)
    return picked


class _Pass:
    """One walk from the front of a listing to its end.

    Attributes:
        position: The position of the page to read next, or ``None`` at the end.
        memory: The rows of this pass.
        latest: How many rows of the latest page were new to this pass.
        found: How many rows of this pass no earlier pass had; kept by the pager.
    """

    def __init__(self, paging: Paging) -> None:
        self.position: Position | None = paging.first
        self.memory = SeenRows(_REMEMBERED)
        self.latest = 0
        self.found = 0
        self._style = paging.style
        self._most = paging.max_size or 1
        self._size = 0  # the longest page
        self._rows = 0  # all that came
        self._repeats = 0  # of these, rows that had come before
        self._empty = 0  # pages without any row, one after the other
        self._stale = 0  # pages one after the other that brought nothing new, or rows of long ago
        self._first_total: int | None = None
        self._total: int | None = None
        self._added = 0  # rows that were added since the pass began, by the totals
        self._shrank = False
        self._promises_more = False
        self._heads: dict[int, int] = {}  # the first row of every page, never forgotten, and the last row of that page

    def accept(self, page: Page[Any], ids: Sequence[str]) -> set[int] | None:
        """Take in a page whose rows have these ids, move on, and return the marks of those that are new.

        A mark is the hash of an id. ``None`` says that all rows are new.
        """
        if page.total is not None:
            self._notice(page.total)
        turned_back, news = (False, None) if self.memory.add_ascending(ids) else self._sorted_out(ids)
        if ids:
            self._heads[hash(ids[0])] = hash(ids[-1])
        self.latest = len(ids) if news is None else len(news)
        self._rows += len(ids)
        self._repeats += len(ids) - self.latest
        self._stale = self._stale + 1 if turned_back or not self.latest else 0
        self._size = max(self._size, len(ids))
        self._promises_more = bool(page.next_cursor) if page.has_more is None else page.has_more
        self._empty = 0 if ids else self._empty + 1
        goes_on = self.latest > 0 or (not self._unexplained(0) if ids else self._passes_over())
        self.position = self._behind(page) if goes_on and self._stale <= _MOST_STALE else None
        return news

    def _sorted_out(self, ids: Sequence[str]) -> tuple[bool, set[int] | None]:
        """Remember rows; whether the vendor has turned back to those of long ago, and what `accept` returns."""
        marks = list(map(hash, ids))
        is_old = not (self.memory.is_whole or self._heads.keys().isdisjoint(marks))
        if not is_old and not self.memory.knows_any(marks):
            return False, None if self.memory.add(marks) == len(marks) else set(marks)
        news = self.memory.without_known(set(marks))
        turned_back = False
        if not (self.memory.is_whole or self._heads.keys().isdisjoint(news)):
            turned_back = self._unexplained(len(marks))
            # If a page comes again, the vendor goes round in a circle that is longer than the memory.
            same = self._heads.get(marks[0]) == marks[-1]
            news = set() if turned_back and same else news - self._heads.keys()
        self.memory.add(news)
        return turned_back, news

    @property
    def is_behind_the_last(self) -> bool:
        """See `Pager.is_behind_the_last`."""
        return self._total is not None and self._rows - self._repeats >= self._total

    def _passes_over(self) -> bool:
        """Whether an empty page may be followed by others: the vendor says so, and rows are missing."""
        return self._promises_more and self._empty <= _MOST_EMPTY and not self.is_behind_the_last

    @property
    def doubt(self) -> str | None:
        """Why rows may be missing, or ``None`` if nothing points to it."""
        different = self._rows - self._repeats
        if self._promises_more:
            return "the vendor promised more rows, and sent none that were new"
        if self._shrank:
            return "rows were removed while it was read, so others may be missing"
        if self._total is None:
            return self.suspicion
        if self._total != different:
            return self.suspicion or f"{self._total:,} rows were announced, and {different:,} came"
        return None

    @property
    def suspicion(self) -> str | None:
        """Why to read again even if nothing else points to it: additions may have hidden removals from the totals."""
        if self._unexplained(0):
            return "rows came again although none had been added, so others may be missing"
        return None

    @property
    def outcome(self) -> tuple[int | None, ...]:
        """What two passes over a listing whose rows do not move have in common."""
        return self._rows, self._repeats, self._first_total, self._total

    def upcoming(self, count: int) -> Sequence[Position]:
        """See `Pager.upcoming`."""
        position = self.position
        if position is None:
            return []
        if not isinstance(position, int) or not self._total or not self._size:
            return [position][:count]
        step, end = (self._size, self._total) if self._style == "offset" else (1, -(-self._total // self._size) + 1)
        return range(position, max(end, position + 1), step)[:count]

    def _notice(self, total: int) -> None:
        if self._total is None:
            self._first_total = total
        else:
            self._shrank |= total < self._total
            self._added += max(total - self._total, 0)
        self._total = total

    def _unexplained(self, repeats: int) -> bool:
        """Whether more rows came again, with ``repeats`` more, than were added: each that is added shifts one."""
        return self._repeats + repeats > self._added

    def _behind(self, page: Page[Any]) -> Position | None:
        if page.has_more is False or self._style == "unpaged":
            return None
        if not isinstance(self.position, int):
            return page.next_cursor or None
        if page.has_more is None and page.total is not None and self._rows >= page.total:
            return None  # with neither a flag nor a total, only an empty page proves the end
        if self._style == "page":
            return self.position + 1
        return self.position + (len(page.items) or self._size or self._most)
