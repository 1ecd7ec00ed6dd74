"""What was read so far, in a file beside the target: the pages of all campaigns, from which any format is made.

Each line is a record with its checksum, and is written at once. A record that was cut off or damaged ends what counts;
it is cut away when the spool is opened again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from zlib import crc32

import attrs
import msgspec

from unibatch.core.columns import ID, VERSION, Row, decode_rows, encode_rows
from unibatch.core.errors import InvalidInput
from unibatch.core.model import Contact
from unibatch.core.paging import Page
from unibatch.workflows.export.table import CustomData

_CHECKSUM = 9  # characters, the blank behind it included


class Start(msgspec.Struct, tag="start", frozen=True):
    """The first record: which campaigns these are, and in which version of the schema."""

    schema: int
    campaigns: Sequence[Sequence[str]]


class PageRead(msgspec.Struct, tag="page"):
    """One page of a campaign: its new rows, and what the pager has to know to read on behind it."""

    campaign: int
    rows: msgspec.Raw
    ids: Sequence[str] | None = None
    """Those of all its rows, if these are others than those of ``rows``."""
    total: int | None = None
    has_more: bool | None = None
    next_cursor: str | None = None
    withheld: str | None = None
    unread: Mapping[str, int] = {}


class End(msgspec.Struct, tag="end", frozen=True):
    """A campaign was read to its end."""

    campaign: int
    contacts: int
    complete: bool
    reason: str | None = None
    unread: int = 0


Record: TypeAlias = Start | PageRead | End

_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


@attrs.frozen
class _Read:
    """A row of which only the id is known."""

    id: str


class Spool:
    """The spool while an export runs.

    Attributes:
        ended: The campaigns that were read to their end, by their place.
        contacts: How many rows there are of each campaign.
    """

    def __init__(
        self,
        path: Path,
        campaigns: Sequence[Sequence[str]],
        custom: CustomData,
        *,
        resume: bool,
        accept_incomplete: bool = False,
    ) -> None:
        """Open the spool, and cut away what does not count.

        Args:
            path: Where it is.
            campaigns: What identifies each campaign.
            custom: Takes the rows into account that are there and those that come.
            resume: Keep what is there; otherwise begin anew.
            accept_incomplete: Keep a campaign, too, whose listing was not proven to be complete.

        Raises:
            InvalidInput: It cannot be opened, or it is that of other campaigns.
        """
        self.path = path
        self.ended: dict[int, End] = {}
        self.contacts: dict[int, int] = {}
        self._custom = custom
        self._begins: dict[int, int] = {}
        start = Start(VERSION, [list(campaign) for campaign in campaigns])
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as exc:
            raise InvalidInput(f"cannot write {path}: {exc.strerror or exc}") from exc
        self._file: BinaryIO = os.fdopen(handle, "r+b", buffering=0)
        try:
            self._size = self._scan(start, accept_incomplete=accept_incomplete) if resume else 0
            self._file.truncate(self._size)
            self._file.seek(self._size)
            if not self._size:
                self._append(start)
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return sum(self.contacts.values())

    def close(self) -> None:
        """Close the file, and keep it."""
        self._file.close()

    def remove(self) -> None:
        """Close the file and delete it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def save(self) -> None:
        """Bring everything to the disk."""
        os.fsync(self._file.fileno())

    def add(self, campaign: int, page: Page[Contact], contacts: Sequence[Contact]) -> None:
        """Keep a page and those of its rows that are new."""
        encoded, rows = encode_rows(contacts)
        read = PageRead(
            campaign,
            msgspec.Raw(encoded),
            ids=None if len(contacts) == len(page.items) else [item.id for item in page.items],
            total=page.total,
            has_more=page.has_more,
            next_cursor=page.next_cursor,
            withheld=page.withheld,
            unread=dict(page.unread),
        )
        begin = self._size
        self._append(read)
        self._note(begin, read, rows)

    def end(self, campaign: int, end: End) -> None:
        """A campaign was read to its end."""
        self._append(end)
        self.save()
        self.ended[campaign] = end

    def forget(self, campaign: int) -> None:
        """Drop the pages of the latest campaign, which is to be read again from its front."""
        begin = self._begins.pop(campaign, None)
        self.contacts.pop(campaign, None)
        if begin is not None:
            self._file.truncate(begin)
            self._file.seek(begin)
            self._size = begin

    def earlier(self, campaign: int) -> Iterator[Page[Any]]:
        """The pages of a campaign as its pager took them."""
        begin = self._begins.get(campaign)
        if begin is None:
            return
        for record in self._kept(begin):
            if isinstance(record, PageRead) and record.campaign == campaign:
                ids = record.ids if record.ids is not None else [row[ID] for row in decode_rows(record.rows)]
                yield Page(
                    items=list(map(_Read, ids)),
                    total=record.total,
                    has_more=record.has_more,
                    next_cursor=record.next_cursor,
                    withheld=record.withheld,
                    unread=record.unread,
                )

    def pages(self) -> Iterator[list[Row]]:
        """The rows of all campaigns, page by page."""
        for record in self._kept(0):
            if isinstance(record, PageRead) and (rows := decode_rows(record.rows)):
                yield rows

    def _kept(self, begin: int) -> Iterator[Record]:
        """All records from a place on.

        Raises:
            InvalidInput: The file was changed or damaged since they were written or checked.
        """
        end = begin
        for after, record in self._records(begin):
            end = after
            yield record
        if end != self._size:
            raise InvalidInput(
                f"{self.path} was damaged while the export was running; resume=True (--resume) reads only the rest"
            )

    def _scan(self, start: Start, *, accept_incomplete: bool) -> int:
        """Take in what is there; returns where that ends."""
        last = self._last(accept_incomplete=accept_incomplete)
        records = takewhile(lambda found: last is None or found[0] <= last, self._records(0))
        end, found = next(records, (0, None))
        if found is None:
            return 0
        if found != start:
            raise InvalidInput(
                f"{self.path} is of an interrupted export of other campaigns; leave resume=True (--resume) out to "
                "begin anew, or write to another file"
            )
        for after, record in records:
            if isinstance(record, PageRead):
                self._note(end, record, decode_rows(record.rows))
            elif isinstance(record, End):
                self.ended[record.campaign] = record
            end = after
        return end

    def _last(self, *, accept_incomplete: bool) -> int | None:
        """Where what may be kept ends, if that is before the end: at a campaign that is not complete."""
        begins: dict[int, int] = {}
        before = 0
        for after, record in self._records(0):
            if isinstance(record, PageRead):
                begins.setdefault(record.campaign, before)
            elif isinstance(record, End) and not record.complete and not accept_incomplete:
                return begins.get(record.campaign, before)
            before = after
        return None

    def _note(self, begin: int, read: PageRead, rows: Sequence[Row]) -> None:
        self._begins.setdefault(read.campaign, begin)
        self.contacts[read.campaign] = self.contacts.get(read.campaign, 0) + len(rows)
        self._custom.add(rows)

    def _append(self, record: Record) -> None:
        text = msgspec.json.encode(record)
        left = memoryview(b"%08x %b\n" % (crc32(text), text))
        length = len(left)
        while left:  # an unbuffered file may take a part
            left = left[self._file.write(left) :]
        self._size += length

    def _records(self, begin: int) -> Iterator[tuple[int, Record]]:
        """The records from a place on, each with the place behind it, up to the first that is damaged."""
        with self.path.open("rb") as file:
            file.seek(begin)
            for line in file:
                record = _record(line)
                if record is None:
                    return
                begin += len(line)
                yield begin, record


def _record(line: bytes) -> Record | None:
    text = line[_CHECKSUM:-1]
    if not line.endswith(b"\n") or line[:_CHECKSUM] != b"%08x " % crc32(text):
        return None
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError:
        return None
