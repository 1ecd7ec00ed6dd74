"""The bodies of answers: how large they may be, how long they may take, and how they are decompressed."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from functools import partial
from types import MappingProxyType

import msgspec

from unibatch.client.transport import httpx
from unibatch.core.flow import Response

LARGEST = 32 * 1024 * 1024
"""How many bytes the body of an answer may have, as it comes over the wire and decompressed.

The largest page of any vendor has 500 contacts, so this is 64 KB for each, transcript included.
"""

_PATIENCE = 10
"""How many times the time-out for a part of an answer its headers may take, and its whole body."""

_MOST_CHUNKS = 100_000  # each takes some 40 bytes of memory besides its content
_MOST_MEMBERS = 10_000  # an empty one has 20 bytes and no content, so the size does not limit their number
_BLOCK = 64 * 1024

_now = time.monotonic

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class TooLarge(Exception):
    """A body is larger than `LARGEST`."""


class Undecodable(Exception):
    """A body cannot be decompressed; the text says why."""


class Deadline:
    """By when something must be complete of which each part may take some time."""

    def __init__(self, seconds: float | None) -> None:
        """Begin now; ``seconds`` is the time-out for a part, ``None`` is without end."""
        self._end = float("inf") if seconds is None else _now() + _PATIENCE * seconds

    def check(self) -> None:
        """Raise ``ReadTimeout`` if it takes too long as a whole, although no part of it does."""
        if _now() > self._end:
            raise httpx.ReadTimeout(f"the answer was not complete after {_PATIENCE} times the time-out")


class Body:
    """The body of an answer while it arrives."""

    def __init__(self, answer: httpx.Response, request: httpx.Request) -> None:
        """Begin when the headers have arrived; raises `TooLarge` if they announce more than `LARGEST`."""
        announced = answer.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > LARGEST:
            raise TooLarge(f"{announced[:20]} bytes are announced")
        self._deadline = Deadline(request.extensions.get("timeout", {}).get("read"))
        self._chunks: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Add what arrived.

        Raises:
            TooLarge: It is more than `LARGEST` by now.
            ReadTimeout: The body takes too long as a whole, although no part of it does.
        """
        self._size += len(chunk)
        if self._size > LARGEST:
            raise TooLarge(f"more than {LARGEST} bytes arrived")
        self._deadline.check()
        self._chunks.append(chunk)
        if len(self._chunks) == _MOST_CHUNKS:
            self._chunks = [self.content()]

    def content(self) -> bytes:
        """Everything that arrived, as it came over the wire."""
        return b"".join(self._chunks)


_raw = msgspec.json.Decoder(msgspec.Raw)


def is_truncated(content: bytes) -> bool:
    """Whether JSON, decompressed, ends in the middle, or there is none at all."""
    try:
        _raw.decode(content)
    except msgspec.DecodeError as exc:
        return "truncated" in str(exc)
    except RecursionError:
        pass
    return False


def is_cut_off(answer: Response, *, hasty: bool) -> bool:
    """Whether the JSON of an answer, decompressed, ends in the middle, or there is none at all.

    A hasty look, if the headers give a length, sees the first and the last character only. A closer one takes a third
    of the time that it takes to read a page.
    """
    content, headers = answer.content, answer.headers
    if hasty and ("content-length" in headers or "transfer-encoding" in headers):
        first, last = content.lstrip()[:1], content.rstrip()[-1:]
        return not last or (first in {b"{", b"["} and last not in {b"}", b"]"})
    return is_truncated(content)


def decoded(content: bytes, encoding: str, most: int = LARGEST) -> bytes:
    """Undo the content encoding of a body, which the header ``Content-Encoding`` names.

    Raises:
        Undecodable: The encoding is not one that was asked for, or the body is damaged or incomplete.
        TooLarge: More than ``most`` bytes come out.
    """
    name = encoding.strip().lower()
    decode = _BY_ENCODING.get(name)
    if decode is None:
        raise Undecodable(f"the encoding {name[:40]!r} was not asked for")
    return decode(content, most) if content else content


def _identity(content: bytes, most: int) -> bytes:
    if len(content) > most:
        raise TooLarge(f"more than {most} bytes")
    return content


def _deflated(content: bytes, most: int) -> bytes:
    """In the zlib format, or in that of servers which leave out its header and its check sum."""
    try:
        return _inflated(_ZLIB, content, most)
    except Undecodable:
        return _inflated(_RAW, content, most)


def _inflated(wbits: int, content: bytes, most: int) -> bytes:
    """Decompress streams that follow one another, of which only gzip allows more than one."""
    pieces: list[bytes] = []
    position = size = 0
    for _ in range(_MOST_MEMBERS):
        stream = zlib.decompressobj(wbits)
        while not stream.eof:
            block = content[position : position + _BLOCK]
            if not block:
                raise Undecodable("the compressed body is incomplete")
            try:
                piece = stream.decompress(block, most - size + 1)
            except zlib.error as exc:
                raise Undecodable("the compressed body is damaged") from exc
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise TooLarge(f"more than {most} bytes once decompressed")
            position += len(block) - len(stream.unused_data)
        if position == len(content):
            return b"".join(pieces)
        if wbits != _GZIP:
            raise Undecodable("something follows the compressed body")
    raise Undecodable(f"the compressed body has more than {_MOST_MEMBERS} members")


_BY_ENCODING: MappingProxyType[str, Callable[[bytes, int], bytes]] = MappingProxyType(
    {
        "": _identity,
        "identity": _identity,
        "gzip": partial(_inflated, _GZIP),
        "x-gzip": partial(_inflated, _GZIP),
        "deflate": _deflated,
    }
)
