"""The walk through the pages of a listing, and the report on it."""

import itertools
from collections.abc import Sequence

import pytest

from unibatch.core import paging
from unibatch.core.paging import UNPAGED, ListingReport, Page, Pager, Paging

OFFSET = Paging("offset", 3, size_param="limit", position_param="offset")
NUMBER = Paging("page", 3, size_param="pageSize", position_param="page")
CURSOR = Paging("cursor", 3, size_param="limit", position_param="after")

NOTHING_NEW = "the vendor promised more rows, and sent none that were new"


def walk(how: Paging, *pages: Page[str]) -> tuple[list[Sequence[str]], list[int | str], ListingReport]:
    """Hand over one page after the other: the new rows of each, the positions asked for, and the report."""
    pager: Pager[str] = Pager(how, str)
    rows: list[Sequence[str]] = []
    positions: list[int | str] = []
    for page in pages:
        assert pager.position is not None
        positions.append(pager.position)
        rows.append(list(pager.accept(page)))
    assert pager.position is None
    return rows, positions, pager.report


class TestPositions:
    def test_an_offset_skips_what_came_and_not_what_was_asked_for(self) -> None:
        _, positions, _ = walk(OFFSET, Page(items="ab", has_more=True), Page(items="c", has_more=False))
        assert positions == [0, 2]

    def test_page_numbers_count_from_one(self) -> None:
        _, positions, _ = walk(NUMBER, Page(items="abc", has_more=True), Page(items="d", has_more=False))
        assert positions == [1, 2]

    @pytest.mark.parametrize("last", [None, ""])
    def test_cursors_are_followed_to_the_last_one(self, last: str | None) -> None:
        _, positions, report = walk(CURSOR, Page(items="abc", next_cursor="x"), Page(items="d", next_cursor=last))
        assert positions == ["", "x"]
        assert report == ListingReport(seen=4, requests=2, complete=True)

    @pytest.mark.parametrize(
        ("how", "position", "query"),
        [
            (OFFSET, 0, {"limit": "3", "offset": "0"}),
            (OFFSET, 6, {"limit": "3", "offset": "6"}),
            (NUMBER, 1, {"pageSize": "3", "page": "1"}),
            (CURSOR, "", {"limit": "3"}),
            (CURSOR, "x", {"limit": "3", "after": "x"}),
        ],
    )
    def test_a_position_becomes_query_parameters(self, how: Paging, position: int | str, query: dict[str, str]) -> None:
        assert how.query(position) == query


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

    def test_a_listing_is_not_complete_before_its_end(self) -> None:
        pager = Pager(OFFSET, str)
        pager.accept(Page(items="abc", has_more=True, total=3))
        assert not pager.report.complete


class TestWhole:
    def test_a_row_that_comes_twice_on_a_page_comes_once(self) -> None:
        """Rows were added where others were removed, perhaps; when the second pass finds nothing new, they were not."""
        rows, _, report = walk(OFFSET, *[Page(items="aba", total=2, has_more=False)] * 2)
        assert rows == [["a", "b"], []]
        assert report == ListingReport(expected_total=2, seen=2, duplicates=2, requests=2, passes=2, complete=True)

    def test_a_page_without_a_total_takes_nothing_back(self) -> None:
        _, _, report = walk(OFFSET, Page(items="abc", total=4, has_more=True), Page(items="d", has_more=False))
        assert report == ListingReport(expected_total=4, seen=4, requests=2, complete=True)


class TestReadingAgain:
    def test_a_total_that_shrank_makes_it_read_again(self) -> None:
        """Row a was removed when d had moved up to where it had been read."""
        rows, positions, report = walk(
            OFFSET,
            Page(items="abc", total=6, has_more=True),
            Page(items="ef", total=5, has_more=False),
            Page(items="bcd", total=5, has_more=True),
            Page(items="ef", total=5, has_more=False),
        )
        assert (rows, positions) == ([["a", "b", "c"], ["e", "f"], ["d"], []], [0, 3, 0, 3])
        assert report == ListingReport(expected_total=6, seen=6, requests=4, passes=2, complete=True)

    def test_rows_that_were_added_in_front_are_found_by_reading_again(self) -> None:
        rows, positions, report = walk(
            NUMBER,
            Page(items="abc", total=5, has_more=True),
            Page(items="cde", total=6, has_more=False),
            Page(items="xab", total=6, has_more=True),
            Page(items="cde", total=6, has_more=False),
        )
        assert (rows, positions) == ([["a", "b", "c"], ["d", "e"], ["x"], []], [1, 2, 1, 2])
        assert report == ListingReport(expected_total=6, seen=6, duplicates=1, requests=4, passes=2, complete=True)

    def test_a_cursor_begins_again_at_the_front(self) -> None:
        _, positions, report = walk(
            CURSOR,
            Page(items="abc", total=5, next_cursor="x"),
            Page(items="d", total=4),
            Page(items="bcd", total=4, next_cursor="y"),
            Page(items="e", total=4),
        )
        assert positions == ["", "x", "", "y"]
        assert (report.seen, report.passes, report.complete) == (5, 2, True)

    def test_rows_that_come_again_without_a_total_make_it_read_again(self) -> None:
        rows, _, report = walk(
            OFFSET,
            Page(items="abc", has_more=True),
            Page(items="cd", has_more=False),
            Page(items="xab", has_more=True),
            Page(items="cd", has_more=False),
        )
        assert rows == [["a", "b", "c"], ["d"], ["x"], []]
        assert report == ListingReport(seen=5, duplicates=1, requests=4, passes=2, complete=True)

    def test_the_third_pass_may_be_the_good_one(self) -> None:
        _, _, report = walk(
            OFFSET,
            Page(items="abc", total=5, has_more=True),
            Page(items="e", total=4, has_more=False),
            Page(items="bcd", total=4, has_more=True),
            Page(items="", total=3, has_more=False),
            Page(items="cde", total=3, has_more=False),
        )
        assert report == ListingReport(expected_total=5, seen=5, requests=5, passes=3, complete=True)

    def test_it_is_not_complete_while_it_is_read_again(self) -> None:
        pager = Pager(OFFSET, str)
        pager.accept(Page(items="abc", total=4, has_more=False))
        assert pager.position == 0
        assert (pager.report.passes, pager.report.complete, pager.report.reason) == (2, False, None)

    def test_a_page_of_rows_that_came_before_is_passed_over_when_as_many_were_added(self) -> None:
        rows, positions, report = walk(
            OFFSET,
            Page(items="abc", total=6, has_more=True),
            Page(items="abc", total=9, has_more=True),
            Page(items="def", total=9, has_more=False),
            Page(items="xyz", total=9, has_more=True),
            Page(items="abc", total=9, has_more=True),
            Page(items="def", total=9, has_more=False),
        )
        assert positions == [0, 3, 6, 0, 3, 6]
        assert rows == [["a", "b", "c"], [], ["d", "e", "f"], ["x", "y", "z"], [], []]
        assert report == ListingReport(expected_total=9, seen=9, duplicates=3, requests=6, passes=2, complete=True)

    def test_rows_that_are_removed_later_do_not_take_that_excuse_away(self) -> None:
        pager: Pager[str] = Pager(OFFSET, str)
        pager.accept(Page(items="abc", total=6, has_more=True))
        pager.accept(Page(items="de", total=9, has_more=True))
        pager.accept(Page(items="abc", total=7, has_more=True))
        assert (pager.position, pager.report.passes) == (8, 1)


class TestIncomplete:
    """It has been read again, in vain."""

    def test_fewer_rows_than_announced(self) -> None:
        _, _, report = walk(OFFSET, *2 * [Page(items="abc", total=5000, has_more=False)])
        assert report == ListingReport(
            expected_total=5000,
            seen=3,
            requests=2,
            passes=2,
            complete=False,
            reason="5,000 rows were announced, and 3 came; reading it again gave the same result",
        )

    def test_more_rows_than_announced(self) -> None:
        _, _, report = walk(OFFSET, *2 * [Page(items="abc", total=2, has_more=False)])
        assert report.reason == "2 rows were announced, and 3 came; reading it again gave the same result"

    def test_a_promise_that_is_not_kept(self) -> None:
        empty = Page(items="", has_more=True)
        _, _, report = walk(OFFSET, *2 * [Page(items="abc", has_more=True), *4 * [empty]])
        assert report == ListingReport(
            seen=3,
            requests=10,
            passes=2,
            complete=False,
            reason=f"{NOTHING_NEW}; reading it again gave the same result",
        )

    def test_a_promise_without_a_cursor_to_keep_it(self) -> None:
        _, _, report = walk(CURSOR, *2 * [Page(items="abc", has_more=True)])
        assert report.reason == f"{NOTHING_NEW}; reading it again gave the same result"

    def test_rows_that_come_again_instead_of_others(self) -> None:
        """As when a vendor sorts by something that many rows have in common."""
        _, _, report = walk(
            OFFSET,
            Page(items="abc", total=5, has_more=True),
            Page(items="ad", total=5, has_more=False),
            Page(items="abc", total=5, has_more=True),
            Page(items="ad", total=5, has_more=False),
        )
        assert report == ListingReport(
            expected_total=5,
            seen=4,
            duplicates=2,
            requests=4,
            passes=2,
            complete=False,
            reason="rows came again although none had been added, so others may be missing; "
            "reading it again gave the same result",
        )

    def test_rows_that_go_in_every_pass(self) -> None:
        _, _, report = walk(
            OFFSET,
            Page(items="abc", total=6, has_more=True),
            Page(items="ef", total=5, has_more=False),
            Page(items="bcd", total=5, has_more=True),
            Page(items="f", total=4, has_more=False),
            Page(items="cde", total=4, has_more=True),
            Page(items="", total=3, has_more=False),
        )
        assert report == ListingReport(
            expected_total=6,
            seen=6,
            requests=6,
            passes=3,
            complete=False,
            reason="rows were removed while it was read, so others may be missing; "
            "it was read 3 times, and rows moved each time",
        )

    def test_a_third_pass_like_the_second(self) -> None:
        short = Page(items="ab", total=3, has_more=False)
        _, _, report = walk(OFFSET, Page(items="a", total=3, has_more=False), short, short)
        assert report.passes == 3
        assert report.reason == "3 rows were announced, and 2 came; reading it again gave the same result"

    def test_other_rows_in_the_same_number_are_worth_a_third_pass(self) -> None:
        first, second = Page(items="ab", total=3, has_more=False), Page(items="bc", total=3, has_more=False)
        _, _, report = walk(OFFSET, first, second, Page(items="abc", total=3, has_more=False))
        assert report == ListingReport(expected_total=3, seen=3, requests=3, passes=3, complete=True)


class TestServersThatNeverEnd:
    @pytest.mark.parametrize("how", [OFFSET, NUMBER])
    def test_the_same_page_for_ever_ends_after_the_second_of_the_second_pass(self, how: Paging) -> None:
        rows, _, report = walk(how, *4 * [Page(items="abc", has_more=True)])
        assert rows == [["a", "b", "c"], [], [], []]
        assert (report.seen, report.duplicates, report.requests, report.complete) == (3, 6, 4, False)

    def test_empty_pages_for_ever_end_after_a_few(self) -> None:
        _, _, report = walk(OFFSET, *2 * 4 * [Page(items="", total=10, has_more=True)])
        assert (report.requests, report.passes, report.complete) == (8, 2, False)

    def test_empty_pages_with_cursors_end_a_listing_that_is_not_whole(self) -> None:
        pages = [Page(items="abc", next_cursor="x"), *4 * [Page(items="", next_cursor="y")]]
        _, _, report = walk(CURSOR, *2 * pages)
        assert (report.requests, report.complete) == (10, False)

    @pytest.mark.parametrize(("how", "positions"), [(OFFSET, [0, 3, 6]), (NUMBER, [1, 2, 3])])
    def test_an_empty_page_in_the_middle_is_passed_over(self, how: Paging, positions: list[int]) -> None:
        middle = [Page(items="abc", total=5, has_more=True), Page(items="", total=5, has_more=True)]
        rows, asked, report = walk(how, *middle, Page(items="de", total=5, has_more=False))
        assert (rows, asked, report.complete) == ([[*"abc"], [], [*"de"]], positions, True)

    def test_a_total_below_zero_is_none(self) -> None:
        _, _, report = walk(OFFSET, Page(items="abc", total=-1, has_more=False))
        assert report == ListingReport(seen=3, requests=1, complete=True)

    def test_values_that_cannot_be_read_are_counted_up_to_a_number_of_paths(self) -> None:
        pages = [
            Page(items=[str(number)], has_more=number < 200, unread={"$.a": 2, f"$.{number}": 1})
            for number in range(201)
        ]
        _, _, report = walk(OFFSET, *pages)
        assert (report.unread["$.a"], report.unread["$.0"], len(report.unread)) == (402, 1, 50)

    def test_a_flag_outweighs_a_cursor_that_always_comes(self) -> None:
        _, positions, report = walk(CURSOR, Page(items="abc", next_cursor="x", has_more=False))
        assert positions == [""]
        assert report == ListingReport(seen=3, requests=1, complete=True)

    def test_a_total_that_grows_for_ever_excuses_few_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "_MOST_STALE", 5)
        totals = itertools.count(6, 3)
        pager: Pager[str] = Pager(OFFSET, str)
        while pager.position is not None:
            pager.accept(Page(items="abc", total=next(totals), has_more=True))
        assert (pager.report.seen, pager.report.requests) == (3, 3 * (1 + 5 + 1))
        assert pager.report.reason == f"{NOTHING_NEW}; it was read 3 times, and rows moved each time"


class TestLongerThanTheMemory:
    """Ten rows are remembered: the latest five, and up to five from before. And the first of every page."""

    ROWS = "abcdefghijklmnopqrstuvwxyz"

    @pytest.fixture(autouse=True)
    def short_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "_REMEMBERED", 10)

    def pages(self, rows: str, *, total: int, ends: bool = True) -> list[Page[str]]:
        cut = [rows[start : start + 3] for start in range(0, len(rows), 3)]
        return [Page(items=part, total=total, has_more=not ends or part is not cut[-1]) for part in cut]

    def test_a_listing_that_stands_still_is_complete(self) -> None:
        _, _, report = walk(OFFSET, *self.pages(self.ROWS, total=26))
        assert report == ListingReport(expected_total=26, seen=26, requests=9, complete=True)

    def test_it_is_not_read_again(self) -> None:
        _, _, report = walk(OFFSET, *self.pages(self.ROWS, total=27))
        assert report == ListingReport(
            expected_total=27,
            seen=26,
            requests=9,
            complete=False,
            reason="27 rows were announced, and 26 came; with more than 10 rows it is too long to read again",
        )

    def test_one_that_can_be_remembered_is_read_again(self) -> None:
        _, _, report = walk(OFFSET, *self.pages("abcdef", total=7), *self.pages("abcdef", total=6))
        assert (report.seen, report.passes, report.complete) == (6, 2, True)

    def test_rows_of_lately_are_known(self) -> None:
        rows, _, report = walk(
            OFFSET,
            *self.pages("abcdefghijkl", total=26, ends=False),
            Page(items="klm", total=28, has_more=True),
            *self.pages("nopqrstuvwxyz", total=28),
        )
        assert [row for page in rows for row in page] == list(self.ROWS)
        assert (report.duplicates, report.complete) == (2, False)

    def test_a_row_of_long_ago_is_known_if_a_page_began_with_it(self) -> None:
        """Row d did, and b, which did not, comes twice; but the listing is not said to be whole."""
        rows, _, report = walk(OFFSET, *self.pages(self.ROWS[:21] + "dvb" + self.ROWS[22:], total=28))
        assert [row for page in rows for row in page] == [*self.ROWS[:22], "b", *self.ROWS[22:]]
        assert (report.duplicates, report.complete) == (1, False)

    def test_a_round_ends_when_a_page_comes_again(self) -> None:
        around = self.pages(self.ROWS[:24], total=24, ends=False)
        rows, _, report = walk(OFFSET, *around, around[0])
        assert rows[-1] == []
        assert (report.seen, report.duplicates, report.requests, report.complete) == (24, 3, 9, False)
        assert report.reason == f"{NOTHING_NEW}; with more than 10 rows it is too long to read again"

    def test_a_round_whose_pages_do_not_come_again_ends_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "_MOST_STALE", 2)
        rows = itertools.cycle(self.ROWS)
        pager: Pager[str] = Pager(OFFSET, str)
        while pager.position is not None:
            pager.accept(Page(items="".join(itertools.islice(rows, 3)), total=26, has_more=True))
        assert pager.report.requests == 9 + 2
        assert not pager.report.complete

    def test_many_rows_added_at_once_do_not_end_a_listing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """All that was read comes again, and what follows comes as well."""
        monkeypatch.setattr(paging, "_MOST_STALE", 2)
        rows, _, report = walk(
            OFFSET,
            *self.pages(self.ROWS[:18], total=26, ends=False),
            *self.pages(self.ROWS, total=44),
        )
        assert set(self.ROWS) == {row for page in rows for row in page}
        assert (report.requests, report.complete) == (6 + 9, False)


class TestUpcoming:
    def begun(self, how: Paging, *pages: Page[str]) -> Pager[str]:
        pager: Pager[str] = Pager(how, str)
        for page in pages:
            pager.accept(page)
        return pager

    def test_before_the_first_page_only_that_is_known(self) -> None:
        assert list(Pager(OFFSET, str).upcoming(8)) == [0]

    @pytest.mark.parametrize(
        ("how", "total", "count", "expected"),
        [
            (OFFSET, 10, 8, [3, 6, 9]),
            (OFFSET, 9, 8, [3, 6]),
            (OFFSET, 100, 2, [3, 6]),
            (OFFSET, 100, 1, [3]),
            (OFFSET, 100, 0, []),
            (NUMBER, 10, 8, [2, 3, 4]),
            (NUMBER, 9, 8, [2, 3]),
            (NUMBER, 100, 2, [2, 3]),
            (NUMBER, 100, 0, []),
            (CURSOR, 100, 8, ["x"]),
            (OFFSET, None, 8, [3]),
            (NUMBER, None, 8, [2]),
            (NUMBER, None, 0, []),
            (CURSOR, 100, 0, []),
        ],
    )
    def test_it_reaches_as_far_as_the_total(
        self, how: Paging, total: int | None, count: int, expected: list[int | str]
    ) -> None:
        pager = self.begun(how, Page(items="abc", total=total, has_more=True, next_cursor="x"))
        assert list(pager.upcoming(count)) == expected

    @pytest.mark.parametrize(("how", "position"), [(OFFSET, 3), (NUMBER, 2)])
    @pytest.mark.parametrize("total", [-1, 0, 1, 3])
    def test_where_more_is_promised_than_announced_it_is_the_next_page(
        self, how: Paging, position: int, total: int
    ) -> None:
        pager = self.begun(how, Page(items="abc", total=total, has_more=True))
        assert list(pager.upcoming(8)) == [position]

    def test_a_server_that_gives_shorter_pages_is_believed(self) -> None:
        pager = self.begun(OFFSET, Page(items="ab", total=7, has_more=True))
        assert list(pager.upcoming(8)) == [2, 4, 6]

    def test_a_total_beyond_all_measure_costs_nothing(self) -> None:
        pager = self.begun(OFFSET, Page(items="abc", total=10**30, has_more=True))
        assert list(pager.upcoming(3)) == [3, 6, 9]

    def test_nothing_comes_after_the_end(self) -> None:
        pager = self.begun(OFFSET, Page(items="abc", total=3, has_more=False))
        assert list(pager.upcoming(8)) == []

    def test_a_new_pass_begins_with_its_first_page_only(self) -> None:
        pager = self.begun(OFFSET, Page(items="abc", total=9, has_more=True), Page(items="d", total=8, has_more=False))
        assert list(pager.upcoming(8)) == [0]


class TestUnpaged:
    def test_one_answer_without_parameters_is_all(self) -> None:
        assert UNPAGED.query(UNPAGED.first) == {}
        rows, positions, report = walk(UNPAGED, Page(items="abc"))
        assert (rows, positions) == ([["a", "b", "c"]], [""])
        assert report == ListingReport(seen=3, requests=1, complete=True)

    def test_rows_that_are_missing_by_the_total_are_asked_for_again(self) -> None:
        rows, _, report = walk(UNPAGED, Page(items="ab", total=3), Page(items="abc", total=3))
        assert (rows, report.complete) == ([["a", "b"], ["c"]], True)

    def test_an_answer_that_promises_more_is_not_complete(self) -> None:
        *_, report = walk(UNPAGED, Page(items="ab", has_more=True), Page(items="ab", has_more=True))
        assert (report.complete, report.reason) == (False, f"{NOTHING_NEW}; reading it again gave the same result")


class TestWithheld:
    REASON = "this plan shows no calls that are older than 14 days"

    def test_what_the_vendor_does_not_show_makes_a_listing_incomplete_and_is_not_read_again(self) -> None:
        first, last = Page(items="ab", next_cursor="x", withheld=self.REASON), Page(items="c")
        rows, _, report = walk(CURSOR, first, last)
        assert rows == [["a", "b"], ["c"]]
        assert report == ListingReport(seen=3, requests=2, complete=False, reason=self.REASON, withheld=self.REASON)
        assert report.has_all_shown

    def test_rows_that_are_missing_besides_are_another_reason(self) -> None:
        page = Page(items="ab", total=3, withheld=self.REASON)
        *_, report = walk(UNPAGED, page, page)
        assert (report.complete, report.withheld, report.has_all_shown) == (False, self.REASON, False)
