"""The table of calling codes against the library that it comes from."""

from __future__ import annotations

import pytest

from unibatch.workflows.compare.countries import by_library, country_of


def test_every_beginning_of_a_number_has_the_country_that_the_library_gives() -> None:
    """If this fails: python docs/generate_calling_codes.py. Area codes that were opened since do no harm."""
    prefixes = [f"+{number}" for number in range(1000, 10_000)]
    other = {prefix: country_of(prefix) for prefix in prefixes if country_of(prefix) != by_library(prefix)}
    assert {prefix for prefix, country in other.items() if country not in {"+1", "?"}} == set()


@pytest.mark.parametrize("prefix", ["", "+", "12005", "+12a4", "+٣٤٥٦", "+0123", "+99", "+44"])
def test_what_is_no_beginning_of_a_number_is_left_to_the_library(prefix: str) -> None:
    assert country_of(prefix) == by_library(prefix)
