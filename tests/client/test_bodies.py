"""How bodies are decompressed, and that no body can cost more than it may."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibatch.client import bodies
from unibatch.client.bodies import Body, TooLarge, Undecodable, decoded
from unibatch.client.transport import httpx

TEXT = b'{"data": "' + b"well, " * 100 + b'"}'


def raw_deflate(content: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(content) + compressor.flush()


COMPRESSORS = [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)]


class TestDecoded:
    @pytest.mark.parametrize("encoding", ["", "identity"])
    def test_nothing_is_undone_where_nothing_was_done(self, encoding: str) -> None:
        assert decoded(TEXT, encoding) == TEXT

    @pytest.mark.parametrize(("encoding", "compress"), COMPRESSORS)
    @given(content=st.binary(max_size=200_000))
    def test_what_was_compressed_comes_out_again(self, encoding: str, compress: object, content: bytes) -> None:
        assert callable(compress)
        assert decoded(compress(content), encoding) == content

    def test_the_name_may_be_spelled_in_capitals_with_blanks_around_it(self) -> None:
        assert decoded(gzip.compress(TEXT), " GZip ") == TEXT

    @given(contents=st.lists(st.binary(max_size=100_000), min_size=1, max_size=5))
    def test_gzip_may_have_several_members(self, contents: list[bytes]) -> None:
        assert decoded(b"".join(map(gzip.compress, contents)), "gzip") == b"".join(contents)

    @pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
    def test_no_body_is_no_body_whatever_its_encoding(self, encoding: str) -> None:
        assert decoded(b"", encoding) == b""

    @pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, identity", "compress", "*"])
    def test_an_encoding_that_nobody_asked_for_is_refused(self, encoding: str) -> None:
        with pytest.raises(Undecodable, match="was not asked for"):
            decoded(gzip.compress(gzip.compress(TEXT)), encoding)

    @pytest.mark.parametrize(("encoding", "compress"), COMPRESSORS)
    def test_a_body_that_breaks_off_is_refused(self, encoding: str, compress: object) -> None:
        assert callable(compress)
        with pytest.raises(Undecodable):
            decoded(compress(TEXT)[:-1], encoding)

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_a_body_that_is_not_compressed_is_refused(self, encoding: str) -> None:
        with pytest.raises(Undecodable, match="damaged"):
            decoded(TEXT, encoding)

    def test_a_wrong_check_sum_is_refused(self) -> None:
        compressed = bytearray(gzip.compress(TEXT))
        compressed[-5] ^= 1
        with pytest.raises(Undecodable, match="damaged"):
            decoded(bytes(compressed), "gzip")

    @pytest.mark.parametrize(("encoding", "compress"), COMPRESSORS)
    def test_a_body_that_is_followed_by_something_is_refused(self, encoding: str, compress: object) -> None:
        assert callable(compress)
        with pytest.raises(Undecodable):
            decoded(compress(TEXT) + b"something", encoding)

    @given(content=st.binary(max_size=300), encoding=st.sampled_from(["gzip", "deflate"]))
    def test_anything_is_decoded_or_refused(self, content: bytes, encoding: str) -> None:
        with contextlib.suppress(Undecodable):
            assert isinstance(decoded(content, encoding), bytes)


class TestLargest:
    @pytest.mark.parametrize(("encoding", "compress"), [("", bytes), *COMPRESSORS])
    def test_as_much_as_may_be_comes_out_and_no_byte_more(self, encoding: str, compress: object) -> None:
        assert callable(compress)
        content = compress(b"x" * 1000)
        assert decoded(content, encoding, 1000) == b"x" * 1000
        with pytest.raises(TooLarge):
            decoded(content, encoding, 999)

    def test_the_members_of_a_body_count_together(self) -> None:
        with pytest.raises(TooLarge):
            decoded(gzip.compress(b"x" * 600) * 2, "gzip", 1000)

    def test_a_small_body_that_becomes_a_large_one_is_refused(self) -> None:
        compressor = zlib.compressobj(9)
        bomb = b"".join(compressor.compress(bytes(2**20)) for _ in range(33)) + compressor.flush()
        assert len(bomb) < 100_000
        with pytest.raises(TooLarge):
            decoded(bomb, "deflate")

    def test_members_without_content_are_not_read_for_ever(self) -> None:
        with pytest.raises(Undecodable, match="members"):
            decoded(gzip.compress(b"") * (bodies._MOST_MEMBERS + 1), "gzip")


class TestBody:
    def arriving(self, *, read: float | None = None, **headers: str) -> Body:
        timeout = {} if read is None else {"timeout": {"read": read}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = httpx.Request("GET", "http://localhost", extensions=timeout)
        return Body(httpx.Response(200, headers=named, stream=httpx.ByteStream(b"")), request)

    def test_32_mib_are_enough_and_more_is_too_much(self) -> None:
        body = self.arriving()
        for _ in range(32):
            body.add(bytes(2**20))
        with pytest.raises(TooLarge):
            body.add(b"x")

    @pytest.mark.parametrize("length", ["33554433", "9" * 20, "9" * 5000])
    def test_what_is_announced_to_be_too_large_is_not_waited_for(self, length: str) -> None:
        with pytest.raises(TooLarge, match="are announced"):
            self.arriving(content_length=length)

    @pytest.mark.parametrize("length", ["0", "33554432", "-1", "many", "10, 10"])
    def test_anything_else_that_is_announced_is_waited_for(self, length: str) -> None:
        assert self.arriving(content_length=length).content() == b""

    def test_it_may_take_ten_times_as_long_as_a_part_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        times = iter([100.0, 400.0, 400.1])
        monkeypatch.setattr(bodies, "_now", lambda: next(times))
        body = self.arriving(read=30.0)
        body.add(b"in time")
        with pytest.raises(httpx.ReadTimeout, match="not complete after 10 times the time-out"):
            body.add(b"too late")

    def test_without_a_time_out_it_may_take_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bodies, "_now", lambda: 1e12)
        body = self.arriving()
        body.add(b"in time")
        assert body.content() == b"in time"
