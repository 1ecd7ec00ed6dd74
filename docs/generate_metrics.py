"""Writes the tables of docs/compare.md from the table of metrics, and from what is told of each vendor's contacts.

python docs/generate_metrics.py
"""
# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from unibatch.core.model import Campaign, Contact, Money
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.providers import registry
from unibatch.workflows.compare import METRICS, Metric
from unibatch.workflows.compare.figures import Source, call_time_of, figures_of
from unibatch.workflows.compare.metrics import OUTCOMES
from unibatch.workflows.compare.tally import Tally

TARGET = Path(__file__).with_name("compare.md")
NONE = "\N{EN DASH}"
WIDTH = 120

KINDS = [registry.load(entry.name) for entry in registry.BUILT_IN]

MOMENT = datetime(2026, 3, 10, 9, tzinfo=UTC)
STATED: dict[str, Any] = {
    "last_attempt_at": MOMENT,
    "started_at": MOMENT,
    "ended_at": MOMENT,
    "duration": timedelta(seconds=60),
}
"""What a contact has at a vendor that states it."""
STATED_OF_CAMPAIGN: dict[str, Any] = {
    "cost": Money(Decimal(1), "USD"),
    "average_duration": timedelta(seconds=60),
    "started_at": MOMENT,
    "completed_at": MOMENT,
}


def main() -> None:
    """Write the tables into the page."""
    TARGET.write_text(render(TARGET.read_text(encoding="utf-8")), encoding="utf-8")


def render(page: str) -> str:
    """The page with the tables as they should be."""
    for name, lines in (("metrics", metrics()), ("vendors", vendors())):
        page, found = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda match, lines=lines: f"{match[1]}\n{''.join(lines)}\n{match[2]}",  # type: ignore[misc]  # a default
            page,
            flags=re.DOTALL,
        )
        if found != 1:
            raise ValueError(f"{TARGET.name} has {found} places for the table {name!r}")
    return page


def metrics() -> Iterator[str]:
    """What each metric is."""
    for place, (group, members) in enumerate(groupby(METRICS.values(), key=lambda metric: metric.group)):
        yield f"{chr(10) if place else ''}**{group.capitalize()}**\n\n"
        for metric in members:
            yield textwrap.fill(described(metric), WIDTH, initial_indent="- ", subsequent_indent="  ") + "\n"


def described(metric: Metric) -> str:
    """A metric in a paragraph."""
    source = "" if metric.source == "unibatch" else f", {metric.source}"
    text = f"`{metric.name}` ({metric.unit}{source}): {metric.definition}"
    if metric.numerator and metric.denominator:
        text += f" {metric.numerator.capitalize()} ÷ {metric.denominator}."
    elif metric.denominator:
        text += f" Of {metric.denominator}."
    needs = [need for need in metric.needs if need != "status"]
    return f"{text} Needs {' and '.join(needs)}." if needs else text


def vendors() -> Iterator[str]:
    """Which metric is told of which vendor's campaigns."""
    yield from table(("metric", *(kind.title for kind in KINDS)), rows())


def rows() -> Iterator[Sequence[str]]:
    """A row for each metric."""
    told = [tuple(told_of(kind, attempts) for attempts in (1, 2)) for kind in KINDS]
    for metric in METRICS.values():
        yield f"`{metric.name}`", *(word(once[metric.name], again[metric.name]) for once, again in told)


def word(once: bool, again: bool) -> str:  # noqa: FBT001 - it is the value that is shown
    """Whether a metric is told."""
    if once and not again:
        return "if nobody was called twice"
    return "yes" if again else NONE


def told_of(kind: type[Provider], attempts: int) -> dict[str, bool]:
    """For each metric, whether it is told of campaigns in which somebody was called so often."""
    can = kind.capabilities
    fields: dict[str, Any] = {name: value for name, value in STATED.items() if name in can.contact_fields}
    if "attempts" in can.contact_fields:
        fields["attempts"] = attempts
    tally = Tally(call_time_of(kind({})), with_ends=True)
    words = [status for status in kind.call_statuses.words.values() if status in OUTCOMES]
    tally.add([contact(status, fields, step) for step, status in enumerate(words)])
    facts = {name: value for name, value in STATED_OF_CAMPAIGN.items() if name in can.campaign_fields}
    campaign = Campaign(id="b", provider=kind.name, status=CampaignStatus.COMPLETED, **facts)
    figures = figures_of(Source(provider=kind({}), campaigns=[campaign], tally=tally))
    return {figure.metric: figure.not_told is None for figure in figures}


def contact(status: CallStatus, fields: dict[str, Any], step: int) -> Contact:
    """A contact with all that the vendor states."""
    later = {
        name: value + timedelta(minutes=step) if isinstance(value, datetime) else value
        for name, value in fields.items()
    }
    return Contact(
        id=str(step),
        provider="p",
        campaign_id="b",
        phone_number="+12125550123",
        phone_valid=True,
        status=status,
        is_final=status.is_terminal,
        **later,
    )


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown."""
    for cells in (head, ["---"] * len(head), *lines):
        yield f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
