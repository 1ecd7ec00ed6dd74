"""What stands on the page of a comparison: its texts, its charts with their descriptions, and its tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from unibatch.core.masking import mask_text
from unibatch.core.model import Money
from unibatch.workflows.compare import charts
from unibatch.workflows.compare.charts import LAYOUTS, Block, Layout, Row, letter
from unibatch.workflows.compare.metrics import GROUPS, METRICS, OUTCOMES, Metric
from unibatch.workflows.compare.model import Breakdown, BreakdownRow, Comparison, Count, Difference, Figure, Side
from unibatch.workflows.compare.sentences import sentences_of
from unibatch.workflows.compare.svg import inline, settings, shorten
from unibatch.workflows.compare.values import NOT_TOLD, ends, seconds, share, shown, value

_RATES = (
    *("reached", "completed", "voicemail", "answer_seizure_ratio"),
    *("network_effectiveness_ratio", "delivered_share"),
)
"""What the chart of rates shows, where one of the sides tells it."""

_COSTS = ("cost_per_reached", "cost_per_completed")
_DURATIONS = ("average_duration", "median_duration", "p90_duration", "talk_time", "stated_average_duration")
_PACE = ("first_attempt", "last_attempt", "calling_time", "contacts_per_hour", "time_to_final")
_IN_PARTS = ("contacts", "concluded", "reached", "completed", "average_duration")
_MOST_COUNTRIES = 8
_MOST_DIFFERENCES = 400
_LONGEST = 80
"""How many characters of a label or a name are shown."""
_MOST_IN_BOTH_LAYOUTS = 12
"""With more sides, the narrow layout is on wide screens, too: the charts are most of a page's size."""
_MOST_PARTS = 200
"""How many rows, of all sides together, the page shows of a breakdown."""

_GROUPS = {**GROUPS, "outcomes": "Outcomes, of concluded contacts"}


# Texts ----------------------------------------------------------------------------------------------------------------

_HARMLESS = {"Cf": {"\u200c", "\u200d"}}  # emoji and some scripts join letters with them


def plain(text: Any) -> Any:
    """A text without what would break it or hide something in it: control characters and changes of direction."""
    if not isinstance(text, str) or (text.isascii() and text.isprintable()) or hasattr(text, "__html__"):
        return text
    return "".join(map(_harmless, text))


def _harmless(char: str) -> str:
    category = unicodedata.category(char)
    if char in " \n\t" or category not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return char
    return char if char in _HARMLESS.get(category, ()) else "\ufffd"


def _percent(part: float) -> str:
    return share(part)


# The page -------------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Chart:
    """A chart of the page.

    Attributes:
        drawings: The CSS classes of each layout, and the drawing.
        caption: How it is to be read.
    """

    drawings: tuple[tuple[str, Any], ...]
    caption: str


class PageContent:
    """What the template shows."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.sides = comparison.sides
        self.labels = [self.label(side.label) for side in self.sides]
        self.letters = {side.label: letter(number) for number, side in enumerate(self.sides)}

    # What is compared

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"{len(self.sides)} campaigns compared" if self._is_plain else f"{len(self.sides)} groups compared"

    @property
    def _is_plain(self) -> bool:
        return all(len(side.campaigns) == 1 for side in self.sides)

    @staticmethod
    def label(text: str) -> str:
        """A label, or as much of it as anybody reads."""
        return shorten(str(plain(text)), _LONGEST)

    @classmethod
    def name(cls, text: str | None) -> str:
        """The name of a campaign, without what looks like a phone number."""
        return cls.label(mask_text(text)) if text else "no name"

    @staticmethod
    def moment(moment: datetime) -> str:
        """A time, to the minute."""
        return f"{moment:%Y-%m-%d %H:%M} UTC"

    @staticmethod
    def colour(number: int) -> str:
        """The CSS class that gives a side its colour."""
        return f"side-{number % 6}"

    @property
    def fields(self) -> list[str]:
        """The fields of contacts whose values are on the page, because they were asked for."""
        return [each.by for each in self.comparison.breakdowns if each.by.startswith("field:")]

    @property
    def filters(self) -> list[str]:
        """Which contacts were counted, in words; nothing if all were."""
        filters = self.comparison.filters
        found = []
        for what, statuses in (("only", filters.only), ("without", filters.without)):
            if statuses:
                found.append(f"{what} the statuses {', '.join(sorted(statuses))}")
        if filters.since is not None:
            found.append(f"only calls since {filters.since.isoformat(timespec='minutes')}")
        if filters.until is not None:
            found.append(f"only calls until {filters.until.isoformat(timespec='minutes')}")
        return found

    @property
    def verdicts(self) -> list[tuple[str, str]]:
        """Each sentence, with letters for labels, and which kind it is: ``"noise"``, ``"clear"`` or ``"same"``."""
        lettered = attrs.evolve(
            self.comparison,
            sides=tuple(attrs.evolve(side, label=self.letters[side.label]) for side in self.sides),
            differences=tuple(
                attrs.evolve(each, first=self.letters[each.first], second=self.letters[each.second])
                for each in self.comparison.differences
            ),
        )
        return [(_kind(sentence), sentence) for sentence in sentences_of(lettered)]

    # Figures

    @staticmethod
    def shown(figure: Figure) -> str:
        """A figure without its interval."""
        return shown(figure, interval=False)

    @staticmethod
    def between(figure: Figure) -> str:
        """The ends of a figure's interval."""
        return ends(figure, METRICS[figure.metric])

    @staticmethod
    def fraction(figure: Figure) -> str:
        """What was divided, where that says more than the value."""
        if METRICS[figure.metric].unit == "share" and figure.numerator is not None and figure.denominator is not None:
            return f"{figure.numerator:,.0f} of {figure.denominator:,}"
        return ""

    @property
    def groups(self) -> list[tuple[str, list[Metric]]]:
        """All metrics, by what they are about."""
        return [
            (title, [metric for metric in METRICS.values() if metric.group == group])
            for group, title in _GROUPS.items()
        ]

    def metrics(self, names: Iterable[str]) -> list[Metric]:
        """The metrics with these names."""
        return [METRICS[name] for name in names]

    def reasons(self, names: Iterable[str]) -> list[tuple[str, str]]:
        """Why figures are not told: each side's label and reason, the same one only once."""
        found: dict[tuple[str, str], None] = {}
        for side in self.sides:
            for name in names:
                if reason := side.figure(name).not_told:
                    found[side.label, reason] = None
        return list(found)

    @property
    def outcomes(self) -> list[Metric]:
        """The metrics that are shares of outcomes."""
        return [METRICS[status.value] for status in OUTCOMES]

    @property
    def wordless(self) -> list[tuple[str, str]]:
        """The outcomes for which the vendor of a side has no word."""
        found = []
        for side in self.sides:
            missing = [METRICS[status.value].title for status in OUTCOMES if _has_no_word(side, status.value)]
            if missing:
                found.append((side.label, f"{side.vendor} has no word for {_listed(missing)}"))
        return found

    # Charts

    @property
    def outcome_mix(self) -> Chart | None:
        """The chart of outcomes, or ``None`` if there are none."""
        if not any(side.outcomes for side in self.sides):
            return None
        return self._chart(
            "outcomes",
            "How the calls of concluded contacts ended",
            ". ".join(
                f"{self.lettered(side)}: "
                + ", ".join(f"{METRICS[str(each.value)].title} {_part(each, side.outcomes)}" for each in side.outcomes)
                for side in self.sides
                if side.outcomes
            ),
            partial(charts.outcome_mix, self.sides),
            "Each bar is all concluded contacts of a side.",
        )

    @property
    def rate_names(self) -> list[str]:
        """The main rates that a side tells."""
        return [name for name in _RATES if any(side.figure(name).not_told is None for side in self.sides)]

    @property
    def rates(self) -> Chart | None:
        """The chart of the main rates, or ``None`` if none is told."""
        names = self.rate_names
        if not names:
            return None
        blocks = [self._block(METRICS[name]) for name in names]
        return self._chart(
            "rates",
            "The main rates",
            _described(blocks, self),
            partial(charts.dots, blocks),
            "The lines on both sides of a mark are the 95 % interval: between its ends the truth lies, if nothing but "
            "chance is at work.",
        )

    @property
    def durations(self) -> Chart | None:
        """The chart of durations, or ``None`` if no side tells them."""
        told = [side for side in self.sides if side.durations]
        if not told:
            return None
        return self._chart(
            "durations",
            "How long answered calls took",
            ". ".join(
                f"{self.lettered(side)}: median {self.shown(side.figure('median_duration'))}, nine of ten calls below "
                f"{self.shown(side.figure('p90_duration'))}"
                for side in told
            ),
            partial(charts.durations, self.sides),
            "The share of answered calls by their length. Solid line: the median. Dashed line: nine of ten calls are "
            "shorter. The last bar has all longer calls, too.",
        )

    @property
    def pace(self) -> Chart | None:
        """The chart of the pace, or ``None`` if no side tells when contacts were called."""
        told = [side for side in self.sides if side.pace]
        if not told:
            return None
        return self._chart(
            "pace",
            "Contacts an hour, over time",
            ". ".join(
                f"{self.lettered(side)}: {sum(each.count for each in side.pace):,} contacts, "
                f"{self.shown(side.figure('contacts_per_hour'))} an hour"
                if side.figure("contacts_per_hour").not_told is None
                else f"{self.lettered(side)}: {sum(each.count for each in side.pace):,} contacts"
                for side in told
            ),
            partial(charts.pace, self.sides),
            "Contacts by the time of their latest call, counted from the first of these. A contact who was called "
            "several times counts once.",
        )

    @property
    def costs(self) -> list[tuple[str, Chart]]:
        """A chart for each currency, since money of two currencies is never compared."""
        figures = [side.figure(name).value for side in self.sides for name in _COSTS]
        currencies = sorted({amount.currency for amount in figures if isinstance(amount, Money)})
        found = []
        for number, currency in enumerate(currencies):
            blocks = [self._money_block(METRICS[name], currency) for name in _COSTS]
            longest = max(row.value or 0 for block in blocks for row in block.rows)
            chart = self._chart(
                f"cost-{number}",
                f"Cost in {plain(currency)}",
                _described(blocks, self),
                partial(charts.bars, blocks, longest=longest),
                "What a contact cost, of those reached and of those completed.",
            )
            found.append((currency, chart))
        return found

    @property
    def countries(self) -> Chart | None:
        """The chart of countries, or ``None`` if there are no contacts."""
        names = self.country_names
        if not names:
            return None
        blocks = []
        for name in names:
            rows = []
            for number, side in enumerate(self.sides):
                part = self.country_share(side, name)
                rows.append(Row(side=number, value=part, text=_percent(part or 0)))
            blocks.append(Block(title=name, rows=tuple(rows)))
        return self._chart(
            "countries",
            "The countries of the numbers",
            _described(blocks, self),
            partial(charts.bars, blocks, longest=1),
            "The share of a side's contacts, by the country of their number.",
        )

    @property
    def country_names(self) -> list[str]:
        """The countries with the largest share at any side; a question mark is a number of no country."""
        largest: dict[str, float] = {}
        for side in self.sides:
            whole = sum(each.count for each in side.countries)
            for each in side.countries:
                name = str(each.value)
                largest[name] = max(largest.get(name, 0), each.count / whole)
        return sorted(largest, key=lambda name: (-largest[name], name))[:_MOST_COUNTRIES]

    @staticmethod
    def country_share(side: Side, country: str) -> float | None:
        """The share of a side's contacts whose number is of a country."""
        whole = sum(each.count for each in side.countries)
        return sum(each.count for each in side.countries if each.value == country) / whole if whole else None

    @property
    def hours(self) -> Chart | None:
        """The chart of hours, or ``None`` if no side tells when contacts were called."""
        if not any(side.hours for side in self.sides):
            return None
        return self._chart(
            "hours",
            "The hours of the latest calls",
            ". ".join(
                f"{self.lettered(side)}: most calls between {_busiest(side.hours)}" for side in self.sides if side.hours
            ),
            partial(charts.hours, self.sides),
            "The share of a side's contacts by the hour of their latest call, in the zone that stands at its right.",
        )

    def hour_share(self, side: Side, hour: int) -> str:
        """The share of a side's contacts whose latest call was in an hour of the day."""
        whole = sum(each.count for each in side.hours)
        return _percent(sum(each.count for each in side.hours if each.value == hour) / whole) if whole else NOT_TOLD

    def lettered(self, side: Side) -> str:
        """A side's letter and label, for descriptions."""
        return f"{self.letters[side.label]}, {self.label(side.label)}"

    def _block(self, metric: Metric) -> Block:
        rows = []
        for number, side in enumerate(self.sides):
            figure = side.figure(metric.name)
            rows.append(
                Row(
                    side=number,
                    value=figure.value if isinstance(figure.value, int | float) else None,
                    low=figure.interval.low if figure.interval else None,
                    high=figure.interval.high if figure.interval else None,
                    text=self.shown(figure),
                    between=self.between(figure),
                )
            )
        return Block(title=f"{metric.title[0].upper()}{metric.title[1:]}{_per(metric)}", rows=tuple(rows))

    def _money_block(self, metric: Metric, currency: str) -> Block:
        rows = []
        for number, side in enumerate(self.sides):
            found = side.figure(metric.name).value
            if isinstance(found, Money) and found.currency == currency:
                text = value(found, metric.unit).removesuffix(f" {currency}")
                rows.append(Row(side=number, value=float(found.amount), text=text))
            else:
                rows.append(Row(side=number, value=None, text=NOT_TOLD))
        return Block(title=metric.title[0].upper() + metric.title[1:], rows=tuple(rows))

    def _chart(self, name: str, title: str, description: str, draw: Callable[[Layout], Any], caption: str) -> Chart:
        from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2, which is an extra

        drawings = []
        is_small = len(self.sides) <= _MOST_IN_BOTH_LAYOUTS
        for layout in LAYOUTS if is_small else LAYOUTS[:1]:
            own = f"{name}-{layout.name}"
            with settings(own):
                drawn = inline(draw(layout), own, title=title, description=description, labels=self.labels)
            drawings.append((layout.name if is_small else f"{layout.name} alone", Markup(drawn)))  # noqa: S704 - escaped by the XML library that wrote it
        return Chart(drawings=tuple(drawings), caption=caption)

    # Tables

    @property
    def attempt_numbers(self) -> list[int]:
        """The numbers of attempts that concluded contacts took."""
        return sorted({int(str(each.value)) for side in self.sides for each in side.attempts})

    @staticmethod
    def attempt_share(side: Side, number: int) -> str:
        """The share of a side's concluded contacts that took a number of attempts."""
        whole = sum(each.count for each in side.attempts)
        return (
            _percent(sum(each.count for each in side.attempts if each.value == number) / whole) if whole else NOT_TOLD
        )

    @property
    def differences(self) -> list[tuple[Metric, list[Difference]]]:
        """The differences to show, by metric."""
        found = []
        for metric in METRICS.values():
            own = [each for each in self.comparison.differences if each.metric == metric.name]
            if own and (metric.is_main or not self.has_many_differences):
                found.append((metric, own))
        return found

    @property
    def has_many_differences(self) -> bool:
        """There are so many that only those of the main figures are shown."""
        return len(self.comparison.differences) > _MOST_DIFFERENCES

    @staticmethod
    def difference(each: Difference) -> str:
        """A difference with its sign."""
        return _signed(each.value, METRICS[each.metric])

    @staticmethod
    def difference_between(each: Difference) -> str:
        """The ends of a difference's interval, with their signs."""
        metric = METRICS[each.metric]
        return f"{_signed(each.interval.low, metric)} to {_signed(each.interval.high, metric)}"

    @staticmethod
    def probability(each: Difference) -> str:
        """How probable a difference is by chance alone."""
        return "<0.001" if each.corrected_p_value < 0.001 else f"{each.corrected_p_value:.3f}"  # noqa: PLR2004 - its digits

    @staticmethod
    def percent(part: float | None) -> str:
        """A share in percent."""
        return NOT_TOLD if part is None else _percent(part)

    @property
    def part_metrics(self) -> list[Metric]:
        """The metrics that a breakdown shows."""
        return [METRICS[name] for name in _IN_PARTS]

    def part_rows(self, breakdown: Breakdown) -> tuple[BreakdownRow, ...]:
        """The rows of a breakdown that are shown."""
        return breakdown.rows[: max(1, _MOST_PARTS // len(self.sides))]

    duration_names = _DURATIONS
    pace_names = _PACE
    cost_names = ("cost", *_COSTS)


def _kind(sentence: str) -> str:
    if sentence.endswith("is more than noise."):
        return "clear"
    return "same" if sentence.endswith("There is no difference.") else "noise"


def _per(metric: Metric) -> str:
    return ", per attempt" if metric.per == "attempt" else ""


def _has_no_word(side: Side, status: str) -> bool:
    reason = side.figure(status).not_told
    return reason is not None and reason.endswith("has no word for it")


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _part(each: Count, among: Sequence[Count]) -> str:
    return _percent(each.count / sum(other.count for other in among))


def _described(blocks: Iterable[Block], page: PageContent) -> str:
    def one(row: Row) -> str:
        text = NOT_TOLD if row.value is None else f"{row.text} ({row.between})" if row.between else row.text
        return f"{letter(row.side)} {text}"

    key = ", ".join(map(page.lettered, page.sides))
    return ". ".join([*(f"{block.title}: {', '.join(map(one, block.rows))}" for block in blocks), key])


def _busiest(hours: Sequence[Count]) -> str:
    hour = max(hours, key=lambda each: each.count).value
    return f"{hour}:00 and {int(str(hour)) + 1}:00"


def _signed(amount: float, metric: Metric) -> str:
    sign = "+" if amount > 0 else "\N{MINUS SIGN}" if amount < 0 else ""
    if metric.unit == "share":
        return f"{sign}{abs(amount) * 100:.1f}"
    if metric.unit == "seconds":
        return f"{sign}{seconds(abs(amount))}"
    return f"{sign}{abs(amount):.2f}"
