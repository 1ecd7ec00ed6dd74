"""What a vendor sent, decoded when somebody asks for it."""

from __future__ import annotations

from unibatch.core.raw import TOO_DEEP, decode


def test_what_is_nested_too_deep_hides_nothing_beside_it() -> None:
    row = decode(b'{"transcript": ' + b"[" * 100_000 + b"]" * 100_000 + b', "id": "c-1"}')
    assert row["id"] == "c-1"
    innermost = row["transcript"]
    while isinstance(innermost, list):
        (innermost,) = innermost
    assert innermost == TOO_DEEP
