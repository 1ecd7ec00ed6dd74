"""What a comparison holds: sides, figures with their intervals, differences, and the data behind charts.

All of it is frozen, and `unibatch.to_dict` makes JSON of it; ``version`` counts up when that changes shape.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import attrs

from unibatch.core.base_errors import InvalidInput
from unibatch.core.model import Money
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.workflows.compare.metrics import METRICS, Metric

VERSION = 1
"""The version of the shape that `unibatch.to_dict` gives a `Comparison`."""


@attrs.frozen(kw_only=True)
class Interval:
    """Between which values the truth lies with a confidence of 95 %, if nothing but chance is at work.

    Attributes:
        low: The lower end, in the unit of the figure.
        high: The upper end.
        method: How it was calculated: ``"wilson"``, ``"newcombe"``, ``"hall"``, ``"welch"`` or ``"order"``.
    """

    low: float
    high: float
    method: str


@attrs.frozen(kw_only=True)
class Figure:
    """One metric of one side: a value, or the reason why there is none.

    Attributes:
        metric: The metric's name; ``METRICS`` says what it means.
        value: The value in the metric's unit: a share from 0 to 1, a number, seconds, a time in UTC, or money.
            ``None`` if it is not told.
        numerator: What was counted, for a share; for the mean of attempts, their sum. ``None`` where nothing is
            divided.
        denominator: Of how many; for durations, of how many calls.
        interval: How sure the value is, or ``None`` if chance has no part in it, or if there are too few values.
        missing: How many contacts are left out because the vendor does not state what is needed of them.
        not_told: Why there is no value, as a sentence; ``None`` if there is one.
        note: What has to be known to read the value, or ``None``.
    """

    metric: str
    value: float | datetime | Money | None = None
    numerator: float | None = None
    denominator: int | None = None
    interval: Interval | None = None
    missing: int = 0
    not_told: str | None = None
    note: str | None = None


@attrs.frozen
class Count:
    """How often a value is there.

    Attributes:
        value: A status, a number, seconds, a country, an hour, or a time in UTC.
        count: How often.
    """

    value: str | float | datetime
    count: int


@attrs.frozen(kw_only=True)
class ComparedCampaign:
    """One campaign of a side, as it was when it was read.

    Attributes:
        reference: How it was named, for example ``"main:batch_1"``.
        id: The vendor's id.
        name: Its name, or ``None``.
        status: Its status.
        is_running: It may still call.
        contacts: Contacts read.
        is_complete: The listing of its contacts was proven to be complete.
        incomplete_because: Why it was not, as a sentence; ``None`` if it was.
        unread: Values of contacts that could not be read, and are missing.
        cost: What the vendor says that it cost, or ``None``.
        started_at: When it started to dial, or ``None``.
        completed_at: When it was over, or ``None``.
    """

    reference: str
    id: str
    name: str | None
    status: CampaignStatus
    is_running: bool
    contacts: int
    is_complete: bool
    incomplete_because: str | None
    unread: int
    cost: Money | None
    started_at: datetime | None
    completed_at: datetime | None


@attrs.frozen(kw_only=True)
class Side:
    """One of the columns: a campaign, or several of one vendor put together.

    Attributes:
        label: Its name in the comparison: the reference of its campaign, or the name of the group.
        provider: The provider's name.
        vendor: The vendor's name as people write it.
        campaigns: Its campaigns.
        figures: One figure for each metric of ``METRICS``, in that order.
        statuses: Contacts by last status, the canonical word, in the order of `CallStatus`; those with none are left
            out.
        outcomes: Concluded contacts by last status, in the same way.
        attempts: Concluded contacts by the number of attempts; empty if the vendor does not state it.
        durations: Answered calls by their length in seconds, ascending; empty if the vendor states none.
        duration_step: To how many seconds the lengths in ``durations`` are exact; 0 if they are as the vendor states
            them.
        pace: Contacts by the time of their latest call, ascending; a time is the beginning of a span.
        pace_step: How long such a span is, in seconds.
        countries: Contacts by the country of their number, most first: an ISO 3166 code, or ``"?"``.
        hours: Contacts by the hour of their latest call, 0 to 23, in ``timezone``.
        weekdays: Contacts by the weekday of their latest call, 1 (Monday) to 7 (Sunday), in ``timezone``.
        timezone: The zone of the campaign's daily window if the vendor states one, else ``"UTC"``; several, separated
            by commas, if the campaigns have different ones: each is counted in its own.
    """

    label: str
    provider: str
    vendor: str
    campaigns: tuple[ComparedCampaign, ...]
    figures: tuple[Figure, ...] = attrs.field(repr=False)
    statuses: tuple[Count, ...] = ()
    outcomes: tuple[Count, ...] = attrs.field(default=(), repr=False)
    attempts: tuple[Count, ...] = attrs.field(default=(), repr=False)
    durations: tuple[Count, ...] = attrs.field(default=(), repr=False)
    duration_step: float = attrs.field(default=0, repr=False)
    pace: tuple[Count, ...] = attrs.field(default=(), repr=False)
    pace_step: int = attrs.field(default=60, repr=False)
    countries: tuple[Count, ...] = attrs.field(default=(), repr=False)
    hours: tuple[Count, ...] = attrs.field(default=(), repr=False)
    weekdays: tuple[Count, ...] = attrs.field(default=(), repr=False)
    timezone: str = attrs.field(default="UTC", repr=False)

    @property
    def is_running(self) -> bool:
        """One of its campaigns may still call."""
        return any(campaign.is_running for campaign in self.campaigns)

    @property
    def is_complete(self) -> bool:
        """The listings of all its campaigns were proven to be complete."""
        return all(campaign.is_complete for campaign in self.campaigns)

    def figure(self, metric: str) -> Figure:
        """The figure of a metric.

        Raises:
            InvalidInput: There is no such metric.
        """
        return _figure(self.figures, metric)


def _figure(figures: tuple[Figure, ...], metric: str) -> Figure:
    for figure in figures:
        if figure.metric == metric:
            return figure
    raise InvalidInput(f"there is no metric {metric!r}; there are {', '.join(METRICS)}")


@attrs.frozen(kw_only=True)
class Difference:
    """One metric of two sides, and whether chance alone explains the difference.

    Attributes:
        metric: The metric's name.
        first: The label of the side from which it is counted.
        second: The label of the other side.
        value: The second less the first, in the metric's unit.
        interval: How sure that is, for this pair alone.
        p_value: How probable a difference of this size or more is by chance alone, for this pair alone.
        corrected_p_value: The same, corrected by Holm's method for all pairs of this metric.
        is_noise: ``corrected_p_value`` is 5 % or more: the difference may well be chance.
    """

    metric: str
    first: str
    second: str
    value: float
    interval: Interval
    p_value: float
    corrected_p_value: float
    is_noise: bool


@attrs.frozen(kw_only=True)
class Mix:
    """How much the contacts of two sides differ in something that is none of the vendor's doing.

    Attributes:
        of: ``"countries"`` or ``"hours"``.
        first: The label of the one side.
        second: The label of the other.
        distance: The total variation distance, 0 to 1: which share of the contacts of the one would have to be others
            for both mixes to be the same.
        by_chance: About which distance chance alone would give two lists of these sizes.
        differs_much: ``distance`` is 0.2 or more, and at least twice ``by_chance``.
    """

    of: str
    first: str
    second: str
    distance: float
    by_chance: float
    differs_much: bool


@attrs.frozen(kw_only=True)
class Part:
    """The contacts of one side that have one value of a breakdown.

    Attributes:
        side: The label of the side.
        figures: As `Side.figures`.
        outcomes: As `Side.outcomes`.
    """

    side: str
    figures: tuple[Figure, ...]
    outcomes: tuple[Count, ...] = ()

    def figure(self, metric: str) -> Figure:
        """The figure of a metric.

        Raises:
            InvalidInput: There is no such metric.
        """
        return _figure(self.figures, metric)


@attrs.frozen(kw_only=True)
class BreakdownRow:
    """One value of a breakdown.

    Attributes:
        value: The value as a text, such as ``"DE"`` or ``"09"``.
        parts: A part for each side that has contacts with it.
    """

    value: str
    parts: tuple[Part, ...]


@attrs.frozen(kw_only=True)
class Breakdown:
    """The metrics by one property of the contacts.

    Attributes:
        by: ``"country"``, ``"hour"``, ``"weekday"``, ``"attempt"`` or ``"field:NAME"``.
        title: What its values are, for people.
        rows: Its values, in their natural order.
    """

    by: str
    title: str
    rows: tuple[BreakdownRow, ...]


@attrs.frozen(kw_only=True)
class Filters:
    """Which contacts were counted. Empty: all.

    Attributes:
        only: Those with one of these statuses.
        without: Those with none of these statuses.
        since: Those whose latest call was at this time or later.
        until: Those whose latest call was before this time.
    """

    only: frozenset[CallStatus] = frozenset()
    without: frozenset[CallStatus] = frozenset()
    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.only or self.without) or self.since is not None or self.until is not None


@attrs.frozen(kw_only=True)
class Comparison:
    """Campaigns side by side.

    In a notebook it shows itself as a table. ``unibatch.to_dict`` makes JSON of it, and `write_html` a page.

    Attributes:
        version: The version of the shape in JSON.
        created_at: When it was made.
        confidence: The confidence of all intervals, 0.95.
        baseline: The label of the side with which the others are compared; ``None`` if each is with each.
        filters: Which contacts were counted.
        sides: The sides, in the order in which they were given.
        differences: The differences of all shares, mean durations and mean attempts that both sides of a pair tell.
        mixes: How much the lists differ in countries and hours, for each pair.
        breakdowns: The metrics by what was asked for.
        sentences: What the figures say, for people.
        warnings: What has to be known before anything is concluded from them.
        metrics: What the figures mean.
    """

    version: int = VERSION
    created_at: datetime
    confidence: float = 0.95
    baseline: str | None = None
    filters: Filters = Filters()
    sides: tuple[Side, ...]
    differences: tuple[Difference, ...] = attrs.field(default=(), repr=False)
    mixes: tuple[Mix, ...] = attrs.field(default=(), repr=False)
    breakdowns: tuple[Breakdown, ...] = attrs.field(default=(), repr=False)
    sentences: tuple[str, ...] = attrs.field(default=(), repr=False)
    warnings: tuple[str, ...] = attrs.field(default=(), repr=False)
    metrics: tuple[Metric, ...] = attrs.field(default=tuple(METRICS.values()), repr=False)

    def side(self, label: str) -> Side:
        """The side with a label.

        Raises:
            InvalidInput: There is none.
        """
        for side in self.sides:
            if side.label == label:
                return side
        labels = ", ".join(side.label for side in self.sides)
        raise InvalidInput(f"there is no side {label!r}; there are {labels}")

    def to_rows(self) -> list[dict[str, Any]]:
        """One flat dictionary for each figure, as ``pandas.DataFrame`` and ``polars.DataFrame`` take them.

        The keys are `ROW_KEYS`. ``by`` and ``group`` are those of a breakdown, else ``None``; of money ``value`` is the
        amount as a text, and ``currency`` is beside it.
        """
        rows = [_row(side, figure) for side in self.sides for figure in side.figures]
        for breakdown in self.breakdowns:
            for row in breakdown.rows:
                for part in row.parts:
                    side = self.side(part.side)
                    rows += [_row(side, figure, breakdown.by, row.value) for figure in part.figures]
        return rows

    def to_html(self) -> str:
        """One self-contained page of HTML, with charts and the tables behind them.

        The page loads nothing and runs no script, and the same comparison gives the same page. There is no phone number
        in it, no contact's name, and of their fields only those by which the comparison is broken down.

        Raises:
            ConfigError: The extra ``report`` is not installed.
        """
        from unibatch.workflows.compare.page import page_of  # noqa: PLC0415 - it imports this module

        return page_of(self)

    def write_html(self, path: str | os.PathLike[str]) -> None:
        """Write `to_html` to a file, as a whole or not at all. It replaces a file of the same name.

        Raises:
            ConfigError: The extra ``report`` is not installed.
            InvalidInput: The file cannot be written.
        """
        from unibatch.workflows.compare.page import write_page  # noqa: PLC0415 - it imports this module

        write_page(self, path)

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        return _html_table(self)


ROW_KEYS = (
    "side",
    "provider",
    "by",
    "group",
    "metric",
    "title",
    "unit",
    "per",
    "value",
    "currency",
    "numerator",
    "denominator",
    "low",
    "high",
    "missing",
    "not_told",
    "note",
)
"""The keys of the dictionaries of `Comparison.to_rows`."""


def _row(side: Side, figure: Figure, by: str | None = None, group: str | None = None) -> dict[str, Any]:
    metric = METRICS[figure.metric]
    money = figure.value if isinstance(figure.value, Money) else None
    cells = (
        *(side.label, side.provider, by, group, metric.name, metric.title, metric.unit, metric.per),
        *((figure.value, None) if money is None else (str(money.amount), money.currency)),
        *(figure.numerator, figure.denominator),
        *((None, None) if figure.interval is None else (figure.interval.low, figure.interval.high)),
        *(figure.missing, figure.not_told, figure.note),
    )
    return dict(zip(ROW_KEYS, cells, strict=True))


def _html_table(comparison: Comparison) -> str:
    heads = "".join(f"<th>{html.escape(side.label)}</th>" for side in comparison.sides)
    return f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(_html_rows(comparison))}</tbody></table>"


def _html_rows(comparison: Comparison) -> Iterator[str]:
    from unibatch.workflows.compare.values import shown  # noqa: PLC0415 - not needed to count

    for metric in METRICS.values():
        figures = [side.figure(metric.name) for side in comparison.sides]
        if any(figure.not_told is None for figure in figures):
            cells = "".join(f"<td>{html.escape(shown(figure))}</td>" for figure in figures)
            yield f"<tr><th>{html.escape(metric.title)}</th>{cells}</tr>"
