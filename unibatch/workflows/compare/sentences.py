"""What the figures say, in sentences for people, and what has to be known before anything is concluded from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unibatch.core.model import Money
from unibatch.core.status import CallStatus
from unibatch.workflows.compare.intervals import CONFIDENCE
from unibatch.workflows.compare.metrics import METRICS, Metric
from unibatch.workflows.compare.model import Comparison, Difference, Filters, Side
from unibatch.workflows.compare.values import seconds, share, value

_FEW = 30
"""With fewer concluded contacts, hardly any difference between vendors is more than noise."""

_OTHER_REASONS = (
    "Campaigns with other lists, hours or prompts differ for other reasons than the vendor. The intervals know "
    "of chance only."
)


def sentences_of(comparison: Comparison) -> tuple[str, ...]:
    """Which differences of the main figures are more than noise, and which are not."""
    mains = [metric for metric in METRICS.values() if metric.is_main]
    return tuple(
        _sentence(comparison, metric, difference)
        for metric in mains
        for difference in comparison.differences
        if difference.metric == metric.name
    )


def _sentence(comparison: Comparison, metric: Metric, difference: Difference) -> str:
    texts = []
    for label in (difference.first, difference.second):
        figure = comparison.side(label).figure(metric.name)
        texts.append("" if figure.value is None else value(figure.value, metric.unit))
    what = f"{metric.title.capitalize()}: {difference.second} {texts[1]}, {difference.first} {texts[0]}"
    if difference.value == 0:
        return f"{what}. There is no difference."
    size, between = _size(metric, difference)
    return f"{what}. The difference of {size} ({between}) {_verdict(difference)}."


def _verdict(difference: Difference) -> str:
    if not difference.is_noise:
        return "is more than noise"
    if difference.p_value < difference.corrected_p_value and difference.p_value < 1 - CONFIDENCE:
        return "is within noise: among so many comparisons, chance alone may explain it"
    return "is within noise: chance alone may explain it"


def _size(metric: Metric, difference: Difference) -> tuple[str, str]:
    """A difference without its sign, and its interval; with the sign where the interval has both."""
    interval = difference.interval
    sign = -1 if difference.value < 0 else 1
    low, high = sorted((interval.low * sign, interval.high * sign))
    if metric.unit == "share":
        return f"{abs(difference.value) * 100:.1f} points", f"{low * 100:.1f} to {high * 100:.1f}"
    return seconds(abs(difference.value)), f"{seconds(low)} to {seconds(high)}"


# Warnings -------------------------------------------------------------------------------------------------------------


def warnings_of(comparison: Comparison) -> tuple[str, ...]:
    """What has to be known before anything is concluded from the figures."""
    sides = comparison.sides
    found = [
        *(text for side in sides for text in _of_side(side, comparison.filters)),
        *_of_words(sides),
        *_of_currencies(sides),
        *_of_mixes(comparison),
        _OTHER_REASONS,
    ]
    return tuple(dict.fromkeys(found))


def _of_side(side: Side, filters: Filters) -> Iterator[str]:
    for campaign in side.campaigns:
        if campaign.incomplete_because is not None:
            yield f"{campaign.reference} is incomplete: {campaign.incomplete_because}."
        if campaign.is_running:
            yield f"{campaign.reference} is not over ({campaign.status}): its figures may still change."
        if campaign.unread:
            yield f"{campaign.reference}: {campaign.unread:,} values cannot be read, and are missing."
    concluded = side.figure("concluded").numerator or 0
    attempted = side.figure("attempted")
    if not side.figure("contacts").value:
        yield f"{side.label}: {'the filters leave no contact' if filters else 'there are no contacts'}."
    elif not attempted.numerator:
        yield f"{side.label}: nobody was called, so there is nothing to compare."
    elif concluded < _FEW:
        yield f"{side.label}: only {concluded:,.0f} contacts are concluded. Only large differences can show."
    for name, what in (("open", "are still open, and in no outcome"), ("unknown_words", "have an unknown status")):
        figure = side.figure(name)
        if figure.numerator and isinstance(figure.value, float):
            yield f"{side.label}: {figure.numerator:,.0f} contacts ({share(figure.value)}) {what}."


def _of_words(sides: Sequence[Side]) -> Iterator[str]:
    voicemail = CallStatus.VOICEMAIL.value
    lacking = sorted({side.vendor for side in sides if _lacks_word(side, voicemail)})
    if lacking and any(side.vendor not in lacking for side in sides):
        have = f"{' and '.join(lacking)} {'has' if len(lacking) == 1 else 'have'}"
        yield (
            f"{have} no word for voicemail: where a machine picked up, the call may be among the completed ones. "
            "Compare the contacts reached, not those completed."
        )


def _lacks_word(side: Side, status: str) -> bool:
    reason = side.figure(status).not_told
    return reason is not None and reason.endswith("has no word for it")


def _of_currencies(sides: Sequence[Side]) -> Iterator[str]:
    currencies = {
        side.label: figure.value.currency for side in sides if isinstance((figure := side.figure("cost")).value, Money)
    }
    if len(set(currencies.values())) > 1:
        listed = ", ".join(f"{label} in {currency}" for label, currency in currencies.items())
        yield f"The costs are in different currencies and cannot be compared: {listed}."


def _of_mixes(comparison: Comparison) -> Iterator[str]:
    what = {"countries": "the countries of the numbers", "hours": "the hours of the calls"}
    for mix in comparison.mixes:
        if mix.differs_much:
            yield (
                f"{mix.first} and {mix.second} differ much in {what[mix.of]}: {share(mix.distance)} of the contacts "
                "would have to be others for both to be alike."
            )
