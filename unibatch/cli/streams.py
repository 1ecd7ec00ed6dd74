"""Stand-ins for standard streams that are closed, as under a service manager, ``pythonw`` or ``<&-`` in a shell."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from unibatch.cli.exits import OutputClosed


class _Closed(io.TextIOWrapper):
    """A stream that holds nothing and takes nothing."""

    def __init__(self) -> None:
        super().__init__(_Nothing(), encoding="utf-8", write_through=True)


class _Nothing(io.BufferedIOBase):
    name = "<stdin>"

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(errno.EBADF, "it is closed")

    read1 = read

    def readinto(self, _buffer: Any, /) -> int:
        raise OSError(errno.EBADF, "it is closed")

    def write(self, _data: Any, /) -> int:
        raise OutputClosed


class _Sink(_Closed):
    """A stream whose output nobody reads and nobody misses."""

    def write(self, text: str, /) -> int:
        return len(text)


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Let each standard stream be something while the block runs, and let it take every character."""
    before = sys.stdin, sys.stdout, sys.stderr
    if None in before:
        _fill_descriptors()
    sys.stdin = _or(sys.stdin, _Closed)
    sys.stdout = _or(sys.stdout, _Closed)
    sys.stderr = _or(sys.stderr, _Sink)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in {"strict", "surrogateescape"}:
        sys.stdout.reconfigure(errors="backslashreplace")  # where it is not UTF-8, a name must not end the command
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _or(stream: TextIO | None, closed: type[_Closed]) -> TextIO:
    return closed() if stream is None or stream.closed else stream


def _fill_descriptors() -> None:
    """Take the descriptors 0 to 2, so that no connection gets one, in which something could write a message."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest that is free
