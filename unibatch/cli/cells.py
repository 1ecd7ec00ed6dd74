"""How single values look to people: one line, no control characters, and one colour for one meaning.

Without rich, which takes long to import, and which a table needs only on a terminal. `unibatch.cli.text` has the same
as texts of rich.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from unibatch import CallStatus, CampaignStatus, ListingReport
from unibatch.cli.output import one_line

NOTHING = "\N{EN DASH}"
DIM = "dim"
HEADING = "bold"
GOOD = "green"
BAD = "red"
WARN = "yellow"
MOVING = "cyan"

_ONE_PERCENT = 0.01

_CAMPAIGN_STYLES = {
    CampaignStatus.RUNNING: MOVING,
    CampaignStatus.PAUSED: WARN,
    CampaignStatus.COMPLETED: GOOD,
    CampaignStatus.FAILED: BAD,
    CampaignStatus.CANCELLED: DIM,
    CampaignStatus.UNKNOWN: "magenta",
}
_CALL_STYLES = {
    CallStatus.PENDING: "",
    CallStatus.QUEUED: "",
    CallStatus.RETRY_SCHEDULED: WARN,
    CallStatus.CANCELLED: DIM,
    CallStatus.SKIPPED: DIM,
    CallStatus.EXPIRED: DIM,
    CallStatus.UNKNOWN: "magenta",
}


class Cell(NamedTuple):
    """A text, and the style of rich in which it is shown."""

    text: str
    style: str = ""


def words(value: Any, style: str = "") -> Cell:
    """Any value as a text; a dash if there is none."""
    if value is None or value == "":
        return Cell(NOTHING, DIM)
    return Cell(one_line(str(value)), style)


def number(value: int | None) -> Cell:
    """A number with thousands separators."""
    return words(None if value is None else f"{value:,}")


def moment(value: datetime | None) -> Cell:
    """A time in UTC, to the minute."""
    return words(value and f"{value:%Y-%m-%d %H:%M}")


def duration(value: timedelta | None) -> Cell:
    """A length of time, as minutes and seconds."""
    if value is None:
        return words(None)
    minutes, rest = divmod(round(value.total_seconds()), 60)
    return words(f"{minutes}m {rest:02}s" if minutes else f"{rest}s")


def yes_no(value: bool | None) -> Cell:  # noqa: FBT001 - it is the value that is shown
    """Yes, no, or a dash."""
    return words(None if value is None else "yes" if value else "no", "" if value else DIM)


def style_of(status: CallStatus | CampaignStatus) -> str:
    """The colour of a status: green reached, cyan under way, yellow may be called again, red ended without success."""
    if isinstance(status, CampaignStatus):
        return _CAMPAIGN_STYLES.get(status, "")
    if status in _CALL_STYLES:
        return _CALL_STYLES[status]
    if not status.is_terminal:
        return MOVING
    if status.is_connected:
        return GOOD
    return WARN if status.is_retryable else BAD


def requests(report: ListingReport) -> str:
    """How much a listing took to read."""
    text = "1 request" if report.requests == 1 else f"{report.requests:,} requests"
    return text if report.passes == 1 else f"{text}, {report.passes} passes"


def canonical(status: CallStatus | CampaignStatus) -> Cell:
    """A canonical status in its colour."""
    return Cell(status.value, style_of(status))


def percent(share: float) -> str:
    """A share (0 to 1) in percent; what is above 0 never reads 0%."""
    return "<1%" if 0 < share < _ONE_PERCENT else f"{share:.0%}"


def bar(share: float, cells: int) -> str:
    """A bar as long as ``share`` (0 to 1) of ``cells``, to an eighth of a cell; what is above 0 can be seen."""
    eighths = round(share * cells * 8)
    if share > 0:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()
