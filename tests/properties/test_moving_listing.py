"""Rows come and go while it is read: nobody is yielded twice, and "complete" is said only if it is true."""

from __future__ import annotations

from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from unibatch.core.paging import ListingReport, Page, Pager, Paging

searched = settings(max_examples=300, deadline=None, derandomize=True, database=None)

SIZE = 4
PAGINGS = st.sampled_from(
    [
        Paging("offset", SIZE, size_param="limit", position_param="offset"),
        Paging("page", SIZE, size_param="limit", position_param="page"),
    ]
)

# What happens before a page is read: some rows are added or removed (a negative number) at a place from 0 to 1.
CHANGES = st.lists(st.tuples(st.integers(-9, 13), st.floats(0, 1)), max_size=8)
ADDITIONS = st.lists(st.tuples(st.integers(0, 13), st.floats(0, 1)), max_size=8)


def read_while_moving(
    paging: Paging, rows: int, changes: list[tuple[int, float]]
) -> tuple[list[str], set[str], ListingReport]:
    """Read a listing while it changes: the rows yielded, those that were there all the time, and the report."""
    fresh = count()
    server = [f"r{next(fresh)}" for _ in range(rows)]
    lasting = set(server)
    pager: Pager[str] = Pager(paging, str)
    yielded: list[str] = []
    script = iter([(0, 0.0), *changes])
    while pager.position is not None:
        number, place = next(script, (0, 0.0))
        at = round(place * len(server))
        if number < 0:
            lasting -= set(server[at : at - number])
            del server[at : at - number]
        else:
            server[at:at] = [f"r{next(fresh)}" for _ in range(number)]
        assert isinstance(pager.position, int)
        start = pager.position if paging.style == "offset" else (pager.position - 1) * SIZE
        page = server[start : start + SIZE]
        yielded += pager.accept(Page(items=page, total=len(server), has_more=start + SIZE < len(server)))
    return yielded, lasting, pager.report


@searched
@given(PAGINGS, st.integers(0, 40), CHANGES)
def test_nobody_is_yielded_twice(paging: Paging, rows: int, changes: list[tuple[int, float]]) -> None:
    yielded, _, report = read_while_moving(paging, rows, changes)
    assert len(set(yielded)) == len(yielded) == report.seen


@searched
@given(PAGINGS, st.integers(0, 40), CHANGES)
def test_a_complete_listing_holds_everybody_who_was_there_all_the_time(
    paging: Paging, rows: int, changes: list[tuple[int, float]]
) -> None:
    yielded, lasting, report = read_while_moving(paging, rows, changes)
    assert not report.complete or lasting <= set(yielded)


@searched
@given(PAGINGS, st.integers(0, 40), ADDITIONS)
def test_rows_that_are_added_hide_nobody(paging: Paging, rows: int, changes: list[tuple[int, float]]) -> None:
    yielded, lasting, _ = read_while_moving(paging, rows, changes)
    assert lasting <= set(yielded)


@searched
@given(PAGINGS, st.integers(0, 40))
def test_a_listing_that_stands_still_is_complete(paging: Paging, rows: int) -> None:
    yielded, lasting, report = read_while_moving(paging, rows, [])
    assert (set(yielded), report.complete, report.duplicates) == (lasting, True, 0)
    assert report.requests == max(1, -(-rows // SIZE))
