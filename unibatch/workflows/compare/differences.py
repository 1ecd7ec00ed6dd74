"""The differences of all pairs of sides: of shares by Newcombe, of means by Welch, corrected by Holm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from unibatch.workflows.compare.figures import spread
from unibatch.workflows.compare.intervals import CONFIDENCE, holm, newcombe, newcombe_p_value, welch
from unibatch.workflows.compare.metrics import METRICS, Metric
from unibatch.workflows.compare.mixes import distance, is_much
from unibatch.workflows.compare.model import Count, Difference, Interval, Mix, Side

_MEANS = {"average_duration": "durations", "attempts_per_contact": "attempts"}
"""The means that are compared, each with the attribute of a side that has its values."""

_COMPARED = tuple(
    metric
    for metric in METRICS.values()
    if metric.name in _MEANS or (metric.unit == "share" and metric.group in {"outcomes", "network"})
)


def pairs_of(sides: Sequence[Side], baseline: str | None) -> list[tuple[Side, Side]]:
    """Which sides are compared with which: the baseline with each other one, or each with each."""
    if baseline is None:
        return list(combinations(sides, 2))
    first = next(side for side in sides if side.label == baseline)
    return [(first, side) for side in sides if side is not first]


def differences_of(sides: Sequence[Side], baseline: str | None) -> tuple[Difference, ...]:
    """The differences of all metrics that both sides of a pair tell."""
    pairs = pairs_of(sides, baseline)
    return tuple(difference for metric in _COMPARED for difference in _corrected(metric, pairs))


def _corrected(metric: Metric, pairs: Sequence[tuple[Side, Side]]) -> Iterator[Difference]:
    known = [(first, second, found) for first, second in pairs if (found := _difference(metric, first, second))]
    corrected = holm([p_value for _, _, (_, _, p_value) in known])
    for (first, second, (value, interval, p_value)), together in zip(known, corrected, strict=True):
        yield Difference(
            metric=metric.name,
            first=first.label,
            second=second.label,
            value=value,
            interval=interval,
            p_value=p_value,
            corrected_p_value=together,
            is_noise=together >= 1 - CONFIDENCE,
        )


def _difference(metric: Metric, first: Side, second: Side) -> tuple[float, Interval, float] | None:
    """The difference of two sides, its interval and its p-value, or ``None`` if there is none."""
    figures = first.figure(metric.name), second.figure(metric.name)
    values = [figure.value for figure in figures if isinstance(figure.value, float | int)]
    if len(values) < len(figures):
        return None
    if attribute := _MEANS.get(metric.name):
        parts = [
            spread(_numbers(getattr(side, attribute)), value)
            for side, value in zip((first, second), values, strict=True)
        ]
        found = welch(parts[0], parts[1])
        if found is None:
            return None
        low, high, p_value = found
        return values[1] - values[0], Interval(low=low, high=high, method="welch"), p_value
    counts = [(round(figure.numerator or 0), figure.denominator or 0) for figure in figures]
    low, high = newcombe(counts[0], counts[1])
    p_value = newcombe_p_value(counts[0], counts[1])
    return values[1] - values[0], Interval(low=low, high=high, method="newcombe"), p_value


def _numbers(counts: Sequence[Count]) -> list[tuple[float, int]]:
    return [(each.value, each.count) for each in counts if isinstance(each.value, float | int)]


def mixes_of(sides: Sequence[Side], baseline: str | None) -> tuple[Mix, ...]:
    """How much the lists of each pair differ in countries and hours, where both are stated."""
    mixes = []
    for of in ("countries", "hours"):
        for first, second in pairs_of(sides, baseline):
            counts = _countries(first, second) if of == "countries" else _hours(first, second)
            if all(counts):
                apart, by_chance = distance(counts[0], counts[1])
                mixes.append(
                    Mix(
                        of=of,
                        first=first.label,
                        second=second.label,
                        distance=apart,
                        by_chance=by_chance,
                        differs_much=is_much(apart, by_chance),
                    )
                )
    return tuple(mixes)


def _countries(*sides: Side) -> list[Mapping[str, int]]:
    return [{str(each.value): each.count for each in side.countries} for side in sides]


def _hours(*sides: Side) -> list[Mapping[str, int]]:
    """The hours of the calls on one clock: that of the sides if it is the same, else UTC."""
    if len({side.timezone for side in sides}) == 1 and "," not in sides[0].timezone:
        return [{str(each.value): each.count for each in side.hours} for side in sides]
    counts: list[Mapping[str, int]] = []
    for side in sides:
        hours = Counter[str]()
        for each in side.pace:
            if isinstance(each.value, datetime):
                hours[str(each.value.hour)] += each.count
        counts.append(hours)
    return counts
