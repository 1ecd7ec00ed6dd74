"""The walk through the pages of a listing, and the report on it."""

import itertools
from collections.abc import Sequence
from typing import Literal

import pytest

from unibatch.core.paging import ListingReport, Page, Pager, Paging

OFFSET = Paging("offset", 3, size_param="limit", position_param="offset")
NUMBER = Paging("page", 3, size_param="pageSize", position_param="page")
CURSOR = Paging("cursor", 3, size_param="limit", position_param="after")


def walk(paging: Paging, *pages: Page[str]) -> tuple[list[Sequence[str]], list[int | str], ListingReport]:
    """Hand over one page after the other: the new rows of each, the positions asked for, and the report."""
    pager: Pager[str] = Pager(paging, str)
    rows: list[Sequence[str]] = []
    positions: list[int | str] = []
    for page in pages:
        assert pager.position is not None
        positions.append(pager.position)
        rows.append(list(pager.accept(page)))
    assert pager.position is None
    return rows, positions, pager.report


class TestPositions:
    def test_an_offset_skips_the_rows_that_came(self) -> None:
        _, positions, _ = walk(OFFSET, Page(items="abc", has_more=True), Page(items="d", has_more=False))
        assert positions == [0, 3]

    def test_an_offset_skips_what_came_and_not_what_was_asked_for(self) -> None:
        _, positions, _ = walk(OFFSET, Page(items="ab", has_more=True), Page(items="c", has_more=False))
        assert positions == [0, 2]

    def test_page_numbers_count_from_one(self) -> None:
        _, positions, _ = walk(NUMBER, Page(items="abc", has_more=True), Page(items="d", has_more=False))
        assert positions == [1, 2]

    def test_cursors_are_followed(self) -> None:
        _, positions, _ = walk(CURSOR, Page(items="abc", next_cursor="x"), Page(items="d"))
        assert positions == ["", "x"]

    @pytest.mark.parametrize(
        ("paging", "position", "query"),
        [
            (OFFSET, 0, {"limit": "3", "offset": "0"}),
            (OFFSET, 6, {"limit": "3", "offset": "6"}),
            (NUMBER, 1, {"pageSize": "3", "page": "1"}),
            (CURSOR, "", {"limit": "3"}),
            (CURSOR, "x", {"limit": "3", "after": "x"}),
        ],
    )
    def test_a_position_becomes_query_parameters(
        self, paging: Paging, position: int | str, query: dict[str, str]
    ) -> None:
        assert paging.query(position) == query


class TestEnd:
    def test_the_flag_ends_a_listing(self) -> None:
        _, _, report = walk(OFFSET, Page(items="abc", total=3, has_more=False))
        assert report == ListingReport(expected_total=3, seen=3, requests=1, complete=True)

    def test_the_flag_outweighs_the_number_of_rows(self) -> None:
        _, _, report = walk(OFFSET, Page(items="a", total=4, has_more=True), Page(items="bcd", total=4, has_more=False))
        assert report == ListingReport(expected_total=4, seen=4, requests=2, complete=True)

    def test_without_a_flag_the_total_ends_a_listing(self) -> None:
        _, _, report = walk(NUMBER, Page(items="abc", total=4), Page(items="d", total=4))
        assert report == ListingReport(expected_total=4, seen=4, requests=2, complete=True)

    def test_with_neither_an_empty_page_ends_a_listing(self) -> None:
        _, _, report = walk(NUMBER, Page(items="abc"), Page(items="d"), Page(items=""))
        assert report == ListingReport(expected_total=None, seen=4, requests=3, complete=True)

    def test_an_empty_listing_is_whole(self) -> None:
        _, _, report = walk(OFFSET, Page(items="", total=0, has_more=False))
        assert report == ListingReport(expected_total=0, requests=1, complete=True)

    def test_a_cursor_ends_with_the_last_one(self) -> None:
        _, _, report = walk(CURSOR, Page(items="abc", next_cursor="x"), Page(items="d", next_cursor=None))
        assert report == ListingReport(seen=4, requests=2, complete=True)

    def test_a_listing_is_not_complete_before_its_end(self) -> None:
        pager = Pager(OFFSET, str)
        pager.accept(Page(items="abc", has_more=True, total=3))
        assert not pager.report.complete


class TestIncomplete:
    def test_fewer_rows_than_announced(self) -> None:
        _, _, report = walk(OFFSET, Page(items="abc", total=5, has_more=False))
        assert report == ListingReport(expected_total=5, seen=3, requests=1, complete=False)

    def test_more_rows_than_announced(self) -> None:
        _, _, report = walk(OFFSET, Page(items="abc", total=2, has_more=False))
        assert report == ListingReport(expected_total=2, seen=3, requests=1, complete=False)

    def test_an_empty_page_where_more_was_promised(self) -> None:
        _, _, report = walk(OFFSET, Page(items="abc", has_more=True), Page(items="", has_more=True))
        assert report == ListingReport(seen=3, requests=2, complete=False)

    def test_a_total_that_shrinks_while_reading(self) -> None:
        _, _, report = walk(
            OFFSET, Page(items="abc", total=6, has_more=True), Page(items="de", total=5, has_more=False)
        )
        assert report == ListingReport(expected_total=6, seen=5, requests=2, complete=False)

    def test_a_total_that_grows_by_rows_that_are_seen_is_complete(self) -> None:
        _, _, report = walk(
            OFFSET, Page(items="abc", total=4, has_more=True), Page(items="de", total=5, has_more=False)
        )
        assert report == ListingReport(expected_total=5, seen=5, requests=2, complete=True)


class TestRepeats:
    def test_a_row_that_shifted_to_the_next_page_comes_once(self) -> None:
        rows, _, report = walk(
            OFFSET, Page(items="abc", total=5, has_more=True), Page(items="cde", total=5, has_more=False)
        )
        assert rows == [["a", "b", "c"], ["d", "e"]]
        assert report == ListingReport(expected_total=5, seen=5, duplicates=1, requests=2, complete=True)

    def test_a_row_that_comes_twice_on_a_page_comes_once(self) -> None:
        rows, _, report = walk(OFFSET, Page(items="aba", total=2, has_more=False))
        assert rows == [["a", "b"]]
        assert report == ListingReport(expected_total=2, seen=2, duplicates=1, requests=1, complete=True)

    def test_a_page_of_repeats_is_passed_over_when_as_many_rows_were_added(self) -> None:
        rows, positions, report = walk(
            OFFSET,
            Page(items="abc", total=6, has_more=True),
            Page(items="abc", total=9, has_more=True),
            Page(items="def", total=9, has_more=False),
        )
        assert (rows, positions) == ([["a", "b", "c"], [], ["d", "e", "f"]], [0, 3, 6])
        assert report == ListingReport(expected_total=9, seen=6, duplicates=3, requests=3, complete=False)

    def test_a_total_that_grows_for_ever_does_not_keep_a_listing_of_repeats_going(self) -> None:
        totals = itertools.count(6, 3)
        pager: Pager[str] = Pager(OFFSET, str)
        while pager.position is not None:
            pager.accept(Page(items="abc", total=next(totals), has_more=True))
        assert (pager.report.seen, pager.report.complete) == (3, False)

    def test_a_row_that_was_added_and_not_seen_is_missed_by_the_report(self) -> None:
        _, _, report = walk(
            OFFSET, Page(items="abc", total=4, has_more=True), Page(items="cd", total=5, has_more=False)
        )
        assert report == ListingReport(expected_total=5, seen=4, duplicates=1, requests=2, complete=False)


class TestServersThatNeverEnd:
    @pytest.mark.parametrize("paging", [OFFSET, NUMBER])
    def test_the_same_page_for_ever_ends_after_the_second(self, paging: Paging) -> None:
        rows, _, report = walk(paging, *itertools.repeat(Page(items="abc", has_more=True), 2))
        assert rows == [["a", "b", "c"], []]
        assert report == ListingReport(seen=3, duplicates=3, requests=2, complete=False)

    def test_the_same_cursor_for_ever_ends_after_the_second(self) -> None:
        _, _, report = walk(CURSOR, *itertools.repeat(Page(items="abc", next_cursor="x"), 2))
        assert report == ListingReport(seen=3, duplicates=3, requests=2, complete=False)

    def test_an_empty_page_with_a_cursor_ends_a_listing_that_is_not_whole(self) -> None:
        _, _, report = walk(CURSOR, Page(items="abc", next_cursor="x"), Page(items="", next_cursor="y"))
        assert report == ListingReport(seen=3, requests=2, complete=False)

    def test_a_flag_outweighs_a_cursor_that_always_comes(self) -> None:
        _, _, report = walk(
            CURSOR, Page(items="abc", next_cursor="x", has_more=True), Page(items="", next_cursor="x", has_more=False)
        )
        assert report == ListingReport(seen=3, requests=2, complete=True)

    def test_empty_pages_for_ever_end_after_the_first(self) -> None:
        _, _, report = walk(OFFSET, Page(items="", total=10, has_more=True))
        assert report == ListingReport(expected_total=10, requests=1, complete=False)


@pytest.mark.parametrize(("style", "first"), [("offset", 0), ("page", 1), ("cursor", "")])
def test_where_a_listing_begins(style: Literal["offset", "page", "cursor"], first: int | str) -> None:
    assert Paging(style, 10, size_param="s", position_param="p").first == first
