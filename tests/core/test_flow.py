"""Requests and responses as plain values."""

import pytest

from unibatch.core.errors import InvalidInput
from unibatch.core.flow import segment


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("batch_c3d4e5f6", "batch_c3d4e5f6"),
        ("0b8e5d1a-1d2c", "0b8e5d1a-1d2c"),
        ("a/b", "a%2Fb"),
        ("../secrets", "..%2Fsecrets"),
        ("a?b#c", "a%3Fb%23c"),
        ("50%", "50%25"),
        ("%2F", "%252F"),
        ("a b", "a%20b"),
        ("...", "..."),
        ("é", "%C3%A9"),
        ("a\nb", "a%0Ab"),
        ("\x00", "%00"),
    ],
)
def test_an_id_becomes_exactly_one_segment(text: str, encoded: str) -> None:
    assert segment(text) == encoded


@pytest.mark.parametrize("text", ["", " ", "\n\t", ".", ".."])
def test_an_id_that_would_change_the_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        segment(text)
    assert str(caught.value) == f"an id must be a text that is not blank, not {text!r}"


def test_an_id_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        segment("a\ud800")
    assert str(caught.value) == "the id 'a\\ud800' cannot be sent: it is not valid Unicode"
