"""What there is to know of one campaign, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from unibatch import CallStatus, Campaign, Counts, RedialPolicy, Schedule
from unibatch.cli.cells import DIM, HEADING, NOTHING, bar, percent, style_of
from unibatch.cli.tables import bars_sheet, facts_sheet
from unibatch.cli.text import canonical, duration, moment, number, words

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BAR = 20


def campaign_sheet(campaign: Campaign, vendor: str) -> RenderableType:
    """A campaign under its name, without what the vendor does not give."""
    status = canonical(campaign.status)
    if campaign.vendor_status is not None:
        status = Text.assemble(status, (f'  {vendor} says "{words(campaign.vendor_status)}"', DIM))
    facts = {
        "id": words(campaign.id),
        "provider": words(campaign.provider),
        "description": campaign.description and words(campaign.description),
        "status": status,
        "agent": campaign.agent_id and words(campaign.agent_id),
        "calls from": campaign.from_numbers and words(", ".join(campaign.from_numbers)),
        "schedule": campaign.schedule and _schedule(campaign.schedule),
        "calls at a time": campaign.max_concurrency and words(f"at most {campaign.max_concurrency:,}"),
        "retry": campaign.retry and _retry(campaign.retry),
        "cost": campaign.cost and words(campaign.cost),
        "average call": campaign.average_duration and duration(campaign.average_duration),
        "created": _instant(campaign.created_at),
        "updated": _instant(campaign.updated_at),
        "started": _instant(campaign.started_at),
        "completed": _instant(campaign.completed_at),
        "contacts": _counts(campaign.counts),
        "by status": _by_status(campaign.counts),
    }
    return Group(words(campaign.name or campaign.id, HEADING), facts_sheet(facts))


def _instant(value: datetime | None) -> Text | None:
    return None if value is None else Text.assemble(moment(value), (" UTC", DIM))


def _counts(counts: Counts) -> RenderableType | None:
    names = ("total", "attempted", "succeeded", "failed", "voicemail", "no_answer", "pending")
    return _bars([(words(name), value) for name in names if (value := getattr(counts, name)) is not None], counts.total)


def _by_status(counts: Counts) -> RenderableType | None:
    return _bars([(canonical(status), number) for status, number in counts.by_status.items() if number], counts.total)


def _bars(rows: Sequence[tuple[Text, int]], total: int | None) -> RenderableType | None:
    table = bars_sheet()
    for label, value in rows:
        share = value / total if total else 0
        table.add_row(label, number(value), percent(share) if total else "", Text(bar(share, _BAR), style=label.style))
    return table if rows else None


def _schedule(schedule: Schedule) -> Text:
    parts = []
    if schedule.start is not None:
        parts.append(f"from {schedule.start:%Y-%m-%d %H:%M} UTC")
    if schedule.window_start is not None or schedule.window_end is not None:
        window = (f"{moment:%H:%M}" if moment else "…" for moment in (schedule.window_start, schedule.window_end))
        parts.append(NOTHING.join(window))
    if schedule.timezone is not None:
        parts.append(f"{'in' if parts else ''} {schedule.timezone}".strip())
    if schedule.weekdays:
        parts.append(" ".join(_DAYS[day - 1] if 1 <= day <= len(_DAYS) else str(day) for day in schedule.weekdays))
    if schedule.max_calls_per_day is not None:
        parts.append(f"at most {schedule.max_calls_per_day:,} calls a day")
    return words(", ".join(parts))


def _retry(retry: RedialPolicy) -> Text:
    text = words(f"{'?' if retry.max_attempts is None else retry.max_attempts} attempts")
    if retry.retry_on:
        text.append(", again after ")
        ordered = [status for status in CallStatus if status in retry.retry_on]
        text.append(Text(", ").join(Text(status.value, style=style_of(status)) for status in ordered))
    return text
