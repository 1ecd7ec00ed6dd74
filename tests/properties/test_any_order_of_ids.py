"""Rows that came before are known in whatever order their ids come."""

from hypothesis import given, settings
from hypothesis import strategies as st

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
def test_counted_rows_need_no_look_and_the_latest_are_known(
    sizes: list[int], start: int, most: int, letters: str
) -> None:
    """Numbers without leading zeros, so from 9 to 10 and from 99 to 100 the ids grow longer."""
    seen, number = SeenRows(most), start
    for size in sizes:
        assert seen.add_ascending([f"{letters}{one}" for one in range(number, number + size)])
        number += size
    came = [hash(f"{letters}{one}") for one in range(start, number)]
    assert seen.is_whole or len(came) > most
    assert seen.without_known(set(came[-(most // 2) :])) == set()
    assert not seen.is_whole or seen.without_known(set(came)) == set()


def test_of_long_ids_only_hashes_are_kept() -> None:
    seen = SeenRows(100)
    assert not seen.add_ascending([LONG])
    assert not seen.knows_any([hash(LONG)])
