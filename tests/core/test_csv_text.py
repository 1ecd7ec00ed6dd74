"""Lines of CSV, compared with those of the module ``csv``."""

import csv
import io
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from unibatch.core.csv_text import line

TEXTS = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ['a,"b"', "a\rb", "a\nb", "\r\n", " a ", '"', "\0"]
)


@given(st.lists(st.none() | TEXTS | st.integers() | st.floats(), min_size=1, max_size=4))
@example([None])
@example([""])
def test_a_line_is_the_one_of_the_module(values: list[Any]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(values)  # ends with \r\n, and so puts each of the two within quotes

    assert line(values, {int: str, float: repr}) + "\r\n" == written.getvalue()
