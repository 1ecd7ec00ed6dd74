"""A server may do anything, page by page: a listing ends, and says whether it saw everything."""

from collections.abc import Callable
from itertools import chain, cycle, islice
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from unibatch.core import paging
from unibatch.core.paging import Page, Pager, Paging, Position

searched = settings(max_examples=300, deadline=None, derandomize=True, database=None)

MANY = 3 * (60 + 1) * 101
"""More requests than any of these listings can need: in each of three passes, 100 pages before and after each new row
may bring nothing new."""

styles = st.sampled_from(["offset", "page", "cursor"])


def read(how: Paging, server: Callable[[Position], Page[str]], *, ahead: int = 1) -> tuple[list[str], Pager[str]]:
    """Read a listing to its end, and see how far it would read ahead."""
    pager: Pager[str] = Pager(how, str)
    rows: list[str] = []
    while pager.position is not None:
        assert pager.report.requests < MANY
        upcoming = pager.upcoming(ahead)
        assert len(upcoming) <= ahead
        assert list(upcoming[:1]) == [pager.position][:ahead]
        rows += pager.accept(server(pager.position))
    return rows, pager


def paging_of(style: str, size: int) -> Paging:
    return Paging(style, size, size_param="limit", position_param="at")  # type: ignore[arg-type]  # a drawn text


def where(style: str, position: Position, size: int) -> int:
    """How many rows come before a position."""
    if style == "page":
        return (int(position) - 1) * size
    return int(position or 0)


@searched
@given(
    style=styles,
    count=st.integers(0, 60),
    size=st.integers(1, 25),
    says_more_follow=st.booleans(),
    gives_total=st.booleans(),
)
def test_a_server_at_rest_is_read_whole(
    style: str, count: int, size: int, *, says_more_follow: bool, gives_total: bool
) -> None:
    everything = [f"row {number}" for number in range(count)]

    def server(position: Position) -> Page[str]:
        begin = where(style, position, size)
        more = begin + size < count
        return Page(
            items=everything[begin : begin + size],
            total=count if gives_total else None,
            has_more=more if says_more_follow else None,
            next_cursor=str(begin + size) if style == "cursor" and more else None,
        )

    rows, pager = read(paging_of(style, size), server)
    assert rows == everything
    assert pager.report.complete
    assert (pager.report.seen, pager.report.duplicates, pager.report.passes) == (count, 0, 1)
    assert pager.report.requests <= count // size + 2


@searched
@given(
    style=styles,
    count=st.integers(0, 60),
    size=st.integers(1, 25),
    given_size=st.integers(1, 25),
    says_more=st.none() | st.booleans(),
    says_total=st.none() | st.integers(-5, 200),
    at_the_end=st.sampled_from(["nothing", "the last page", "the first page"]),
)
def test_a_server_that_lies_about_the_rest_ends(  # noqa: PLR0917 - what a server can do
    style: str,
    count: int,
    size: int,
    given_size: int,
    says_more: bool | None,  # noqa: FBT001 - what a server says
    says_total: int | None,
    at_the_end: str,
) -> None:
    everything = [f"row {number}" for number in range(count)]

    def server(position: Position) -> Page[str]:
        begin = where(style, position, size)
        items = everything[begin : begin + given_size]
        if not items and at_the_end == "the last page":
            items = everything[-given_size:]
        if not items and at_the_end == "the first page" and count <= given_size:
            items = everything
        cursor = None if style != "cursor" or says_more is False else str(begin + given_size)
        return Page(items=items, total=says_total, has_more=says_more, next_cursor=cursor)

    rows, pager = read(paging_of(style, size), server)
    assert set(rows) <= set(everything)
    assert len(rows) == pager.report.seen
    if pager.report.complete:
        assert says_total in {None, pager.report.seen}
        assert says_more is not True


ANSWERS = st.builds(
    Page[str],
    items=st.lists(st.sampled_from("abcdefghijkl"), max_size=8),
    total=st.none() | st.integers(-2, 40),
    has_more=st.none() | st.booleans(),
    next_cursor=st.none() | st.sampled_from(["", "x", "y", "z"]),
)


@searched
@given(style=styles, answers=st.lists(ANSWERS, min_size=1, max_size=12), ahead=st.integers(0, 5))
def test_a_server_that_answers_anything_ends(style: str, answers: list[Page[str]], ahead: int) -> None:
    """It is complete only if the vendor's last word was not that more follow, and what it announced has come."""
    said = cycle(answers)
    latest: list[Page[str]] = []

    def server(_: Position) -> Page[str]:
        latest.append(next(said))
        return latest[-1]

    rows, pager = read(paging_of(style, 8), server, ahead=ahead)
    assert len(set(rows)) == len(rows)
    if pager.report.complete:
        assert not latest[-1].has_more
        assert latest[-1].total is None or latest[-1].total <= len(rows)


@searched
@given(
    style=styles,
    count=st.integers(40, 120),
    size=st.integers(1, 9),
    jump=st.integers(0, 119),
    gives_total=st.booleans(),
)
def test_a_server_that_goes_round_ends_even_if_the_round_is_longer_than_the_memory(
    style: str, count: int, size: int, jump: int, *, gives_total: bool
) -> None:
    """From the end it goes back to anywhere, so pages of a later round need not begin where those of an earlier did."""
    rounds = chain(range(count), cycle(range(min(jump, count - 1), count)))

    def server(_: Position) -> Page[str]:
        items = [f"row {number}" for number in islice(rounds, size)]
        return Page(items=items, total=count if gives_total else None, has_more=True, next_cursor="on")

    with patch.object(paging, "_REMEMBERED", 20):
        rows, pager = read(paging_of(style, size), server)
    assert set(rows) == {f"row {number}" for number in range(count)}
    assert pager.report.requests <= 2 * (count // size + 2) + 100
    assert not pager.report.complete
