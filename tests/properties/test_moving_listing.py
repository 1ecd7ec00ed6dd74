"""Rows come and go while it is read: nobody is yielded twice, and "complete" is said only if it is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, pairwise
from random import Random
from typing import TypeAlias

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unibatch.core.paging import ListingReport, Page, Pager, Paging, Position

searched = settings(max_examples=300, deadline=None, derandomize=True, database=None)

SIZE = 4
OFFSET = Paging("offset", SIZE, size_param="limit", position_param="offset")
NUMBERED = Paging("page", SIZE, size_param="limit", position_param="page")

Change: TypeAlias = tuple[int, float]
"""So many rows are added, or removed (a negative number), at a place from 0 to 1."""

PLACES = st.floats(0, 1)
INTERVALS = st.lists(st.lists(st.tuples(st.integers(-9, 13), PLACES), max_size=3), max_size=12)
ADDITIONS = st.lists(st.lists(st.tuples(st.integers(0, 13), PLACES), max_size=3), max_size=12)
SINGLE = st.lists(st.lists(st.tuples(st.integers(-9, 13), PLACES), max_size=1), max_size=12)


@attrs.frozen
class Reader:
    """How somebody reads, and what the vendor says.

    Attributes:
        paging: By offset or by number.
        says_more_follow: Whether a page says that more follow.
        ahead: How many pages are fetched before they are needed, and the one that is needed.
        backwards: Those that are fetched together are answered in the opposite order.
    """

    paging: Paging
    says_more_follow: bool
    ahead: int
    backwards: bool


READERS = st.builds(Reader, st.sampled_from([OFFSET, NUMBERED]), st.booleans(), st.integers(1, 5), st.booleans())


@attrs.define
class World:
    """A list on a server that changes before each page is read, and what it was like then."""

    rows: list[str]
    script: Sequence[Sequence[Change]]
    moves: Callable[[ListingReport], bool] = lambda _: True
    fresh: count[int] = attrs.field(factory=count)
    begun: int = 0

    def __attrs_post_init__(self) -> None:
        self.rows = list(self.rows)

    def go_on(self, report: ListingReport) -> None:
        """What happens before a page is read; nothing before the first."""
        self.begun += 1
        if self.begun == 1 or self.begun - 2 >= len(self.script) or not self.moves(report):
            return
        for number, place in self.script[self.begun - 2]:
            at = round(place * len(self.rows))
            if number < 0:
                del self.rows[at : at - number]
            else:
                self.rows[at:at] = [f"new {next(self.fresh)}" for _ in range(number)]


@attrs.frozen
class Reading:
    """What came of it.

    Attributes:
        yielded: The rows, in order.
        states: All rows there were when each page of the last pass was read, in the order in which they were accepted.
        lasting: Those that were there whenever a page was read.
        there: Those that were there at the end.
        report: The listing's own report.
    """

    yielded: list[str]
    states: list[frozenset[str]]
    lasting: set[str]
    there: set[str]
    report: ListingReport

    @property
    def nothing_is_hidden(self) -> bool:
        """No two pages, one accepted after the other, between which as many rows or more came as went."""
        return all(before <= after or len(after - before) < len(before - after) for before, after in self.steps)

    @property
    def steps(self) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        return pairwise(self.states)


def read(reader: Reader, world: World) -> Reading:
    """Read to the end: pages are fetched before they are accepted, and dropped where another position comes."""
    pager: Pager[str] = Pager(reader.paging, str)
    lasting = set(world.rows)
    yielded: list[str] = []
    states: list[frozenset[str]] = []
    under_way: dict[Position, tuple[Page[str], frozenset[str]]] = {}
    while pager.position is not None:
        wanted = pager.upcoming(reader.ahead)
        assert wanted[0] == pager.position
        under_way = {position: fetched for position, fetched in under_way.items() if position in wanted}
        missing = [position for position in wanted if position not in under_way]
        for position in reversed(missing) if reader.backwards else missing:
            world.go_on(pager.report)
            lasting &= set(world.rows)
            under_way[position] = page_at(position, reader, world.rows), frozenset(world.rows)
        page, state = under_way.pop(pager.position)
        passes = pager.report.passes
        states.append(state)
        yielded += pager.accept(page)
        if pager.report.passes > passes:
            states.clear()
    return Reading(yielded, states, lasting, set(world.rows), pager.report)


def page_at(position: Position, reader: Reader, rows: Sequence[str]) -> Page[str]:
    assert isinstance(position, int)
    start = position if reader.paging.style == "offset" else (position - 1) * SIZE
    more = start + SIZE < len(rows) if reader.says_more_follow else None
    return Page(items=rows[start : start + SIZE], total=len(rows), has_more=more)


def named(rows: int) -> list[str]:
    return [f"row {number}" for number in range(rows)]


@searched
@given(READERS, st.integers(0, 40), INTERVALS)
def test_nobody_is_yielded_twice(reader: Reader, rows: int, script: list[list[Change]]) -> None:
    reading = read(reader, World(named(rows), script))
    assert len(set(reading.yielded)) == len(reading.yielded) == reading.report.seen


@pytest.mark.parametrize("intervals", [INTERVALS, SINGLE], ids=["many at once", "one at a time"])
def test_a_complete_listing_holds_everybody_who_was_there_all_the_time(
    intervals: st.SearchStrategy[list[list[Change]]],
) -> None:
    """Unless rows went, and as many or more came, between two pages of the last pass: the totals cannot show that."""

    @searched
    @given(READERS, st.integers(0, 40), intervals)
    def check(reader: Reader, rows: int, script: list[list[Change]]) -> None:
        reading = read(reader, World(named(rows), script))
        if reading.report.complete and reading.nothing_is_hidden:
            assert reading.lasting <= set(reading.yielded)

    check()


@searched
@given(READERS, st.integers(0, 40), ADDITIONS)
def test_rows_that_are_added_hide_nobody(reader: Reader, rows: int, script: list[list[Change]]) -> None:
    """However the listing ends, and even if rows never cease to come."""
    reading = read(attrs.evolve(reader, backwards=False), World(named(rows), script))
    assert reading.lasting <= set(reading.yielded)


@searched
@given(READERS, st.integers(0, 40), INTERVALS, st.integers(1, 2))
def test_a_listing_is_complete_as_soon_as_a_pass_is_left_in_peace(
    reader: Reader, rows: int, script: list[list[Change]], disturbed: int
) -> None:
    reading = read(reader, World(named(rows), script, moves=lambda report: report.passes <= disturbed))
    assert reading.report.complete
    assert reading.report.passes <= disturbed + 1
    if reading.report.passes == disturbed + 1 or reading.nothing_is_hidden:
        assert reading.lasting <= set(reading.yielded)
    if reading.report.passes == disturbed + 1:
        assert reading.there <= set(reading.yielded)


@searched
@given(READERS, st.integers(0, 60))
def test_a_listing_that_stands_still_is_read_once(reader: Reader, rows: int) -> None:
    world = World(named(rows), [])
    reading = read(reader, world)
    pages = max(1, -(-rows // SIZE))
    assert reading.yielded == named(rows)
    assert reading.report == ListingReport(expected_total=rows, seen=rows, requests=pages, complete=True)
    assert world.begun == pages  # no page was read ahead for nothing


@searched
@given(READERS, st.integers(0, 40), ADDITIONS)
def test_without_a_total_a_complete_listing_saw_no_row_again(
    reader: Reader, rows: int, script: list[list[Change]]
) -> None:
    """Rows that are added in front push others back, which come again: that is all that the vendor shows."""
    world = World(named(rows), script)
    pager: Pager[str] = Pager(reader.paging, str)
    yielded: list[str] = []
    again = 0
    while pager.position is not None:
        passes, duplicates = pager.report.passes, pager.report.duplicates
        world.go_on(pager.report)
        page = page_at(pager.position, attrs.evolve(reader, says_more_follow=True), world.rows)
        yielded += pager.accept(attrs.evolve(page, total=None))
        again += pager.report.duplicates - duplicates
        if pager.report.passes > passes:
            again = 0
    assert pager.report.complete == (again == 0)
    assert not pager.report.complete or set(named(rows)) <= set(yielded)


@searched
@given(st.integers(0, 40), st.randoms(use_true_random=False), READERS)
def test_an_order_that_changes_from_page_to_page_is_never_complete_with_somebody_missing(
    rows: int, shuffler: Random, reader: Reader
) -> None:
    """As when a vendor sorts by nothing in particular: rows come twice, far apart, and others never."""
    names = named(rows)
    pager: Pager[str] = Pager(reader.paging, str)
    yielded: list[str] = []
    while pager.position is not None:
        shuffler.shuffle(names)
        yielded += pager.accept(page_at(pager.position, reader, names))
    assert len(set(yielded)) == len(yielded)
    assert not pager.report.complete or set(yielded) == set(names)
