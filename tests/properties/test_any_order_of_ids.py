"""Rows that came before are known in whatever order their ids come."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from unibatch.core.paging import Page, Pager, Paging
from unibatch.core.seen_rows import SeenRows

searched = settings(max_examples=500, deadline=None, derandomize=True, database=None)

IDS = st.integers(0, 40).map(str) | st.text("ab\0", max_size=3)
LONG = "i" * 102


def shortest_first(page: list[str]) -> list[str]:
    return sorted(page, key=lambda one: (len(one), one))


@searched
@given(st.lists(st.lists(IDS, max_size=6) | st.lists(IDS, max_size=6, unique=True).map(shortest_first), max_size=12))
def test_rows_are_known_if_and_only_if_they_came(pages: list[list[str]]) -> None:
    seen, came = SeenRows(1_000), set[str]()
    for page in pages:
        marks = {one: hash(one) for one in page}
        if seen.add_ascending(page):
            assert came.isdisjoint(page)
            assert len(marks) == len(page)
        else:
            assert seen.knows_any(marks.values()) is not came.isdisjoint(page)
            assert seen.without_known(set(marks.values())) == {marks[one] for one in marks.keys() - came}
            assert seen.add([hash(one) for one in page]) >= len(marks.keys() - came)
        came.update(page)
    assert seen.is_whole
    assert seen.without_known(set(map(hash, came))) == set()


@searched
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30),
    start=st.integers(0, 120),
    most=st.integers(2, 60),
    letters=st.sampled_from(["", "row-"]),
)
@example(sizes=[20, 20, 20], start=0, most=60, letters="")  # all fit, and no two pages into half of it
def test_counted_rows_need_no_look_and_the_latest_are_known(
    sizes: list[int], start: int, most: int, letters: str
) -> None:
    """Numbers without leading zeros, so from 9 to 10 and from 99 to 100 the ids grow longer."""
    seen, number = SeenRows(most), start
    for size in sizes:
        assert seen.add_ascending([f"{letters}{one}" for one in range(number, number + size)])
        number += size
    came = [hash(f"{letters}{one}") for one in range(start, number)]
    was_whole = seen.is_whole
    assert was_whole or len(came) > most
    assert seen.without_known(set(came[-(most // 2) :])) == set()
    assert not was_whole or seen.without_known(set(came)) == set()
    assert seen.is_whole is was_whole


def test_of_long_ids_only_hashes_are_kept() -> None:
    seen = SeenRows(100)
    assert not seen.add_ascending([LONG])
    assert not seen.knows_any([hash(LONG)])


def test_a_listing_that_is_read_again_yields_no_row_twice_whatever_the_length_of_its_pages() -> None:
    """Three pages of 10,000 fit into the memory, but no two of them into half of it."""
    rows = [f"{number:06}" for number in range(30_000)]
    pager: Pager[str] = Pager(Paging("offset", 10_000, "limit", "offset"), str)
    yielded: list[str] = []
    while isinstance(position := pager.position, int):
        yielded += pager.accept(Page(items=rows[position : position + 10_000], total=len(rows)))
        if pager.report.requests == 2:
            del rows[5]
    assert len(yielded) == len(set(yielded))
    assert set(rows) <= set(yielded)
    assert (pager.report.complete, pager.report.passes) == (True, 2)
