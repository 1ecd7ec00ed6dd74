"""The values of `unibatch.cli.cells` as texts of rich."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rich.text import Text

from unibatch import CallStatus, CampaignStatus
from unibatch.cli import cells


def words(value: Any, style: str = "") -> Text:
    """Any value; a dash if there is none."""
    return _text(cells.words(value, style))


def number(value: int | None) -> Text:
    """A number with thousands separators."""
    return _text(cells.number(value))


def moment(value: datetime | None) -> Text:
    """A time in UTC, to the minute."""
    return _text(cells.moment(value))


def duration(value: timedelta | None) -> Text:
    """A length of time, as minutes and seconds."""
    return _text(cells.duration(value))


def canonical(status: CallStatus | CampaignStatus) -> Text:
    """A canonical status in its colour."""
    return _text(cells.canonical(status))


def _text(cell: cells.Cell) -> Text:
    return Text(cell.text, style=cell.style)
