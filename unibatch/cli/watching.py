"""How ``unibatch watch`` follows a campaign: a live display at a terminal, a line for each event elsewhere."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from unibatch import (
    CallStatus,
    Campaign,
    CampaignStatus,
    ContactChanged,
    Event,
    EventType,
    Finished,
    Watch,
    connect,
    to_dict,
)
from unibatch.cli.cells import DIM, HEADING, bar, percent, style_of
from unibatch.cli.exits import FAILED, INCOMPLETE, STOPPED, Failed, Unusable
from unibatch.cli.options import address
from unibatch.cli.output import dumps, one_line, say
from unibatch.cli.tables import bars_sheet, facts_sheet, screen
from unibatch.cli.text import canonical, duration, number, words
from unibatch.cli.waits import Waits
from unibatch.core.masking import mask_phone
from unibatch.providers import registry

_ENDS: Mapping[CampaignStatus, int] = {
    CampaignStatus.FAILED: FAILED,
    CampaignStatus.CANCELLED: STOPPED,
    CampaignStatus.EXPIRED: STOPPED,
}
_BAR = 30
_LATEST = 5  # events below the display

_OVER = frozenset({EventType.CALL_ENDED, EventType.CALL_FAILED})

_WINDOW = 600.0  # seconds in which calls are counted
_FEWEST = 10  # calls before an end is estimated
_95_PERCENT = 1.96

_SAVING = 50  # times as long as saving the state takes is what passes before it is saved again


def follow(campaign: str, profile: str | None, file: Path | None, form: str) -> int:
    """Follow a campaign to its end, and return the exit code.

    Args:
        campaign: The campaign, as it was given.
        profile: The profile, if one was named.
        file: Where the state is kept.
        form: ``"table"`` or ``"jsonl"``.
    """
    name, campaign_id = address(campaign, profile)
    before = None if file is None else _read(file)
    finished: Finished | None = None
    with _ended_by_sigterm(), connect(name, on_wait=Waits()) as client:
        keeper = _Keeper(file)
        watching = keeper.watch = client.watch(campaign_id, state=before, on_pause=lambda: keeper.save(now=True))
        view = _view(watching, registry.load(client.provider).title, form)
        try:
            with view:
                for event in watching:
                    view.show(event)
                    keeper.save()
                    finished = event if isinstance(event, Finished) else finished
        finally:
            keeper.save(now=True)
        found = watching.campaign
    code = _end(found, finished)
    if finished is None and found is not None:
        say(f"nothing new: {found.id} is {found.status}")
    return code


def _end(campaign: Campaign | None, finished: Finished | None) -> int:
    code = 0 if campaign is None else _ENDS.get(campaign.status, 0)
    if finished is None or code:
        return code
    if finished.open:
        say(f"{finished.open:,} contacts have no final status")
    if finished.complete is False:
        say("some contacts may be missing: the vendor's listing was never complete")
    return INCOMPLETE if finished.open or finished.complete is False else 0


# The state ------------------------------------------------------------------------------------------------------------


def _read(file: Path) -> Any:
    if not file.exists():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise Unusable(f"{file} is not the state of a watch; name another file") from exc


@attrs.define
class _Keeper:
    """Writes the state into a file: often, and so that it never takes much of the time."""

    file: Path | None
    watch: Watch | None = None
    due: float = 0.0

    def save(self, *, now: bool = False) -> None:
        """Write it if it is time, or ``now``."""
        begin = time.monotonic()
        if self.file is None or self.watch is None or (begin < self.due and not now):
            return
        new = self.file.with_name(f"{self.file.name}.{os.getpid()}.new")
        try:
            new.write_text(json.dumps(self.watch.state), encoding="utf-8")
            new.replace(self.file)
        except OSError as exc:
            new.unlink(missing_ok=True)
            raise Failed(f"the state cannot be written to {self.file}: {exc.strerror or exc}") from exc
        end = time.monotonic()
        self.due = end + (end - begin) * _SAVING


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that the state is kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# Views ----------------------------------------------------------------------------------------------------------------


def _view(watching: Watch, vendor: str, form: str) -> _Lines:
    if form == "jsonl":
        return _JsonLines()
    return _Display(watching, vendor) if sys.stdout.isatty() else _Lines()


class _Lines:
    """A line for each event."""

    def show(self, event: Event) -> None:
        sys.stdout.write(f"{line(event)}\n")
        sys.stdout.flush()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class _JsonLines(_Lines):
    def show(self, event: Event) -> None:
        sys.stdout.write(f"{dumps(to_dict(event))}\n")
        sys.stdout.flush()


def line(event: Event) -> str:
    """An event on one line: when it was seen, what it is about, and what happened. Numbers are masked."""
    parts = [f"{event.seen_at:%Y-%m-%dT%H:%M:%SZ}", event.type.value]
    parts += filter(None, [event.contact_id or event.call_id or event.campaign_id])
    if event.phone_number:
        parts.append(mask_phone(event.phone_number))
    if event.status is not None:
        previous = getattr(event, "previous", None)
        parts.append(event.status.value if previous is None else f"{previous.value} -> {event.status.value}")
    if event.type is EventType.UNKNOWN and event.vendor_type:
        parts.append(event.vendor_type)
    if event.duration is not None:
        parts.append(duration(event.duration).plain)
    if isinstance(event, ContactChanged) and event.is_final is False and event.type in _OVER:
        parts.append("(will be called again)")
    return "  ".join(map(one_line, parts))


@attrs.define
class Pace:
    """How many calls end in a minute, and when the last one will have.

    Those that had ended before the watch began are not counted.

    Attributes:
        began: When counting began, in seconds.
        ends: When calls ended since then.
        finals: The same of those after which nobody is called again.
    """

    began: float | None = None
    ends: deque[float] = attrs.field(factory=deque)
    finals: deque[float] = attrs.field(factory=deque)

    def note(self, event: ContactChanged, now: float) -> None:
        """Take in that a call is over."""
        if self.began is None or event.type not in _OVER:
            return
        self.ends.append(now)
        if event.is_final:
            self.finals.append(now)

    def a_minute(self, now: float) -> float | None:
        """Calls that ended in a minute, in the latest ten minutes; ``None`` if that is not known yet."""
        seconds = self._span(now)
        return None if seconds < 1 else len(self._recent(self.ends, now)) / seconds * 60

    def left(self, contacts: int, now: float) -> tuple[timedelta, timedelta, timedelta | None] | None:
        """How long it takes until nobody of so many contacts is left, if it goes on as in the latest ten minutes.

        Returns:
            The estimate, and the shortest and the longest time, between which it is in 95 of 100 cases, as far as
            chance alone decides; the longest may be unknown. ``None`` if too few calls have ended.
        """
        seconds, count = self._span(now), len(self._recent(self.finals, now))
        if count < _FEWEST:
            return None
        spread = _95_PERCENT * math.sqrt(count)
        about, least = (timedelta(seconds=contacts * seconds / calls) for calls in (count, count + spread))
        most = timedelta(seconds=contacts * seconds / (count - spread)) if count > spread else None
        return about, least, most

    def _span(self, now: float) -> float:
        return 0.0 if self.began is None else min(now - self.began, _WINDOW)

    def _recent(self, moments: deque[float], now: float) -> deque[float]:
        while moments and moments[0] < now - _WINDOW:
            moments.popleft()
        return moments


class _Display(_Lines):
    """Progress by status, pace and estimated end, while it changes."""

    def __init__(self, watching: Watch, vendor: str) -> None:
        self._watch = watching
        self._vendor = vendor
        self._pace = Pace()
        self._latest: deque[str] = deque(maxlen=_LATEST)
        self._console = screen()
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=2)

    def show(self, event: Event) -> None:
        if isinstance(event, ContactChanged):
            self._pace.note(event, time.monotonic())
        if self._watch.report is not None and self._pace.began is None:
            self._pace.began = time.monotonic()
        self._latest.append(line(event))

    def __enter__(self) -> None:
        self._live.__enter__()

    def __exit__(self, *_: object) -> None:
        self._live.refresh()
        self._live.stop()

    def _render(self) -> RenderableType:
        campaign = self._watch.campaign
        if campaign is None:
            return words("reading ...", DIM)
        status = canonical(campaign.status)
        if campaign.vendor_status is not None:
            status = Text.assemble(status, (f'  {self._vendor} says "{one_line(campaign.vendor_status)}"', DIM))
        facts = {
            "status": status,
            "contacts": self._bars(campaign.counts.total),
            "pace": self._pace_text(),
            "end": self._end_text(campaign),
        }
        parts: list[RenderableType] = [words(campaign.name or campaign.id, HEADING), facts_sheet(facts)]
        parts += [Text(text, style=DIM, no_wrap=True, overflow="ellipsis") for text in self._latest]
        return Group(*parts)

    def _bars(self, total: int | None) -> RenderableType | None:
        counts = Counter(self._watch.counts)
        if total is not None and total > counts.total():
            counts[CallStatus.PENDING] += total - counts.total()  # of whom there was nothing to tell
        table = bars_sheet()
        whole = counts.total()
        for status in CallStatus:
            if count := counts[status]:
                share = count / whole
                table.add_row(
                    canonical(status), number(count), percent(share), Text(bar(share, _BAR), style=style_of(status))
                )
        return table if whole else None

    def _pace_text(self) -> Text | None:
        pace = self._pace.a_minute(time.monotonic())
        return None if pace is None else words(f"{pace:.1f} calls a minute")

    def _end_text(self, campaign: Campaign) -> Text | None:
        contacts = self._watch.open
        if campaign.status is not CampaignStatus.RUNNING or contacts is None:
            return None
        left = self._pace.left(contacts, time.monotonic())
        if left is None:
            return words(f"unknown before {_FEWEST} more calls have ended", DIM)
        about, least, most = (None if span is None else f"{_at(span)}" for span in left)
        until = "later" if most is None else most
        return Text.assemble(
            f"about {about} UTC", (f"  between {least} and {until} in 95 of 100 cases, if it goes on like this", DIM)
        )


def _at(span: timedelta) -> str:
    moment = datetime.now(UTC) + span
    return f"{moment:%H:%M}" if span < timedelta(hours=12) else f"{moment:%Y-%m-%d %H:%M}"
