"""The figures of one side: from counts to metrics, and why a metric is not told where it is not.

Nothing is guessed. Where a vendor has no word for an outcome, or does not state what is needed, the figure says so.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from unibatch.core.model import Campaign, Money
from unibatch.core.provider import Provider
from unibatch.core.status import UNDER_WAY, CallStatus
from unibatch.workflows.compare.intervals import mean_interval, quantile, quantile_interval, wilson
from unibatch.workflows.compare.metrics import ANSWERED, DELIVERED, METRICS, OUTCOMES, SET_ASIDE, Metric
from unibatch.workflows.compare.model import Figure, Interval
from unibatch.workflows.compare.tally import Tally

_CALLED = UNDER_WAY | {
    CallStatus.RETRY_SCHEDULED,
    CallStatus.COMPLETED,
    CallStatus.VOICEMAIL,
    CallStatus.NO_ANSWER,
    CallStatus.BUSY,
    CallStatus.TIMEOUT,
    CallStatus.REJECTED,
}
"""Statuses that only those have who were called."""

_CALLED_UNLESS_DENIED = frozenset(OUTCOMES) - _CALLED
"""Outcomes that a number can also have without a call; then the vendor states 0 attempts."""

_NOBODY = "nobody was called"
_NONE_CONCLUDED = "no call to anybody is over for good"
_NONE_ANSWERED = "no call was answered"
_WHOLE_ONLY = "contacts are left out here, and it is stated for the campaign as a whole"
_LATEST_ONLY = "some contacts were called several times, and only the time of their latest call is stated"
_HOUR = 3600


class Source:
    """What the figures of one side are made of.

    Attributes:
        provider: The vendor of all its campaigns.
        campaigns: Its campaigns.
        tally: The counts of their contacts.
        is_part: Some contacts are left out, so what is stated of a whole campaign does not belong to the rest.
        sums: What the counts mean.
        answered: The lengths of answered calls.
    """

    def __init__(
        self, *, provider: Provider, campaigns: Sequence[Campaign], tally: Tally, is_part: bool = False
    ) -> None:
        """Say what the counts mean."""
        self.provider = provider
        self.campaigns = campaigns
        self.tally = tally
        self.is_part = is_part
        self.sums = reckon(tally)
        self.answered = tally.lengths(ANSWERED)

    def gives(self, attribute: str) -> bool:
        """Whether the vendor states an attribute of contacts."""
        return attribute in self.provider.capabilities.contact_fields


def call_time_of(provider: Provider) -> str:
    """The attribute in which a vendor states when a contact was called last."""
    given = provider.capabilities.contact_fields
    return "started_at" if "started_at" in given and "last_attempt_at" not in given else "last_attempt_at"


class Reckoning:
    """The counts of a side by what they mean.

    Attributes:
        contacts: All contacts.
        final: Those whom the vendor will not call again.
        final_with_length: Those of them for whom the length of a call is stated.
        called: Those who were called.
        outcomes: Concluded contacts by status.
        set_aside: Final contacts by status, of those statuses that are no outcome.
        left_over: Final contacts without an outcome.
        unknown: Contacts with a word that is not documented.
        invalid: Contacts whose number has not the form of an E.164 number.
        by_status: All contacts by status.
        by_attempts: Concluded contacts by the number of attempts; ``None`` where it is not stated.
        attempts: All attempts that are stated.
        attempts_missing: Contacts who were called, and of whom no number of attempts is stated.
        attempts_over: Attempts that are over, of contacts whose latest attempt has an outcome or is followed by
            another.
        answered_attempts: Those of them that were answered.
        delivered_attempts: Those of them that are the latest of their contact and were delivered.
        earlier_attempts: Those of them whose own outcome is not stated, since another one followed or was to follow.
        unclear: Contacts whose attempts are left out: the call goes on, or its word is not documented.
        is_repeated: Somebody was called more than once.
    """

    def __init__(self) -> None:
        """Count nothing yet."""
        self.contacts = 0
        self.final = 0
        self.final_with_length = 0
        self.called = 0
        self.outcomes = Counter[CallStatus]()
        self.set_aside = Counter[CallStatus]()
        self.left_over = 0
        self.unknown = 0
        self.invalid = 0
        self.by_status = Counter[CallStatus]()
        self.by_attempts = Counter[int | None]()
        self.attempts = 0
        self.attempts_missing = 0
        self.attempts_over = 0
        self.answered_attempts = 0
        self.delivered_attempts = 0
        self.earlier_attempts = 0
        self.unclear = 0
        self.is_repeated = False

    @property
    def concluded(self) -> int:
        """Contacts that were called, are final and have an outcome."""
        return self.outcomes.total()

    @property
    def reached(self) -> int:
        """Concluded contacts for whom somebody picked up."""
        return self.count(ANSWERED)

    def count(self, statuses: Iterable[CallStatus]) -> int:
        """Concluded contacts with one of these statuses."""
        return sum(self.outcomes[status] for status in statuses)


def reckon(tally: Tally) -> Reckoning:
    """Say what the counts mean."""
    sums = Reckoning()
    sums.final_with_length = sum(count for (_, is_final, _), count in tally.kinds.lengths.items() if is_final)
    by_time = tally.called.counts
    for kind, count in tally.kinds.counts.items():
        status, is_final, attempts, phone_valid = kind
        sums.contacts += count
        sums.final += count if is_final else 0
        sums.invalid += 0 if phone_valid else count
        sums.unknown += count if status is CallStatus.UNKNOWN else 0
        sums.by_status[status] += count
        called = _called(status, attempts, count, by_time[kind])
        sums.called += called
        if called:
            _reckon_attempts(sums, status, attempts, called)
        if is_final and status in OUTCOMES and called:
            sums.outcomes[status] += count
            sums.by_attempts[attempts] += count
        elif is_final and status in SET_ASIDE:
            sums.set_aside[status] += count
        elif is_final and status is not CallStatus.UNKNOWN:
            sums.left_over += count
    return sums


def _called(status: CallStatus, attempts: int | None, count: int, by_time: int) -> int:
    """How many contacts of a kind were called."""
    if status in _CALLED or (attempts is not None and attempts > 0):
        return count
    if attempts is not None:
        return 0
    return count if status in _CALLED_UNLESS_DENIED else by_time


def _reckon_attempts(sums: Reckoning, status: CallStatus, attempts: int | None, called: int) -> None:
    if not attempts:
        sums.attempts_missing += called
        return
    sums.attempts += attempts * called
    sums.is_repeated |= attempts > 1
    if status in UNDER_WAY or status is CallStatus.UNKNOWN:
        sums.unclear += called
        return
    sums.attempts_over += attempts * called
    last = 1 if status in OUTCOMES else 0
    sums.earlier_attempts += (attempts - last) * called
    if status in ANSWERED:
        sums.answered_attempts += called
    if status in DELIVERED:
        sums.delivered_attempts += called


# Figures --------------------------------------------------------------------------------------------------------------


def figures_of(source: Source) -> tuple[Figure, ...]:
    """One figure for each metric, in the order of the table."""
    maker = _Maker(source)
    return tuple(maker.figure(metric) for metric in METRICS.values())


class _Maker:
    """Makes the figures of one source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.sums = source.sums
        self.words = frozenset(source.provider.call_statuses.words.values())
        self.vendor = source.provider.title
        self.answered = source.answered

    def figure(self, metric: Metric) -> Figure:
        if metric.statuses:
            return self._outcome(metric)
        return _MAKERS[metric.name](self, metric)

    def not_told(self, metric: Metric, reason: str) -> Figure:
        return Figure(metric=metric.name, not_told=reason)

    # Contacts

    def contacts(self, metric: Metric) -> Figure:
        return Figure(metric=metric.name, value=self.sums.contacts)

    def share_of_contacts(self, metric: Metric) -> Figure:
        sums = self.sums
        counted = {
            "attempted": sums.called,
            "concluded": sums.concluded,
            "open": sums.contacts - sums.final,
            "unknown_words": sums.unknown,
            "invalid_numbers": sums.invalid,
        }
        return _share(metric, counted[metric.name], sums.contacts, "there are no contacts")

    def set_aside(self, metric: Metric) -> Figure:
        status = CallStatus(metric.name)
        if status not in self.words:
            return self.not_told(metric, f"{self.vendor} has no word for it")
        return Figure(metric=metric.name, value=self.sums.set_aside[status])

    def left_over(self, metric: Metric) -> Figure:
        return Figure(metric=metric.name, value=self.sums.left_over)

    # Outcomes

    def _outcome(self, metric: Metric) -> Figure:
        if len(metric.statuses) == 1 and not metric.statuses & self.words:
            return self.not_told(metric, f"{self.vendor} has no word for it")
        figure = _share(metric, self.sums.count(metric.statuses), self.sums.concluded, self._none, interval=True)
        return attrs.evolve(figure, note=self._lacking(metric.statuses)) if figure.not_told is None else figure

    @property
    def _none(self) -> str:
        return _NONE_CONCLUDED if self.sums.called else _NOBODY

    def _lacking(self, statuses: Iterable[CallStatus]) -> str | None:
        lacking = [status.value for status in OUTCOMES if status in statuses and status not in self.words]
        if not lacking:
            return None
        return f"{self.vendor} has no word for {' and '.join(lacking)}; such calls are among its other words"

    # Attempts

    def _no_attempts(self) -> str | None:
        """Why nothing can be said of attempts, or ``None``."""
        if not self.source.gives("attempts"):
            return f"{self.vendor} does not state attempts"
        if not self.sums.called:
            return _NOBODY
        return None if self.sums.attempts else f"{self.vendor} stated no attempts of these contacts"

    def attempts(self, metric: Metric) -> Figure:
        if reason := self._no_attempts():
            return self.not_told(metric, reason)
        return Figure(metric=metric.name, value=self.sums.attempts, missing=self.sums.attempts_missing)

    def attempts_per_contact(self, metric: Metric) -> Figure:
        if reason := self._no_attempts():
            return self.not_told(metric, reason)
        stated = {attempts: count for attempts, count in self.sums.by_attempts.items() if attempts}
        number = sum(stated.values())
        if not number:
            return self.not_told(metric, self._none)
        total = sum(attempts * count for attempts, count in stated.items())
        return Figure(
            metric=metric.name,
            value=total / number,
            numerator=total,
            denominator=number,
            interval=_mean_interval(stated.items(), total / number),
            missing=self.sums.concluded - number,
        )

    def attempt_ratio(self, metric: Metric) -> Figure:
        reason = self._no_attempts()
        sums = self.sums
        again = self._called_again_after()
        counted = sums.answered_attempts
        if reason is None and sums.earlier_attempts:
            if again & ANSWERED:
                reason = (
                    f"{self.vendor} also calls again after an answer, and states only the last outcome of a contact"
                )
            elif metric.name == "network_effectiveness_ratio" and again & DELIVERED and again - DELIVERED:
                reason = (
                    f"{self.vendor} states only the last outcome of a contact: how {sums.earlier_attempts:,} of "
                    f"{sums.attempts_over:,} attempts ended is not told"
                )
        if reason is not None:
            return self.not_told(metric, reason)
        lacking = None
        if metric.name == "network_effectiveness_ratio":
            counted = sums.delivered_attempts + (sums.earlier_attempts if again & DELIVERED else 0)
            lacking = self._lacking(DELIVERED - ANSWERED)
        figure = _share(metric, counted, sums.attempts_over, "no attempt is over", interval=True)
        return attrs.evolve(figure, missing=sums.attempts_missing + sums.unclear, note=lacking)

    def _called_again_after(self) -> frozenset[CallStatus]:
        """The statuses after which the vendor may have called again."""
        again: set[CallStatus] = set()
        for campaign in self.source.campaigns:
            stated = campaign.retry.retry_on if campaign.retry is not None else frozenset[CallStatus]()
            again |= stated or {status for status in CallStatus if status.is_retryable}
        return frozenset(again)

    # Duration

    def _no_durations(self) -> str | None:
        if not self.source.gives("duration"):
            return f"{self.vendor} does not state how long a call took"
        if not self.sums.reached:
            return _NONE_ANSWERED if self.sums.called else _NOBODY
        return None if self.answered.values else f"{self.vendor} stated no length of these calls"

    def duration(self, metric: Metric) -> Figure:
        if reason := self._no_durations():
            return self.not_told(metric, reason)
        lengths, total, number = self.answered.values, self.answered.total, self.answered.number
        interval = None
        if metric.name == "talk_time":
            return Figure(metric=metric.name, value=total, denominator=number, missing=self.sums.reached - number)
        if metric.name == "average_duration":
            value, numerator = total / number, total
            interval = _mean_interval(lengths, value)
        else:
            probability = {"median_duration": 0.5, "p90_duration": 0.9}[metric.name]
            value, numerator = quantile(lengths, probability), None
            if ends := quantile_interval(lengths, probability):
                interval = Interval(low=ends[0], high=ends[1], method="order")
        return Figure(
            metric=metric.name,
            value=value,
            numerator=numerator,
            denominator=number,
            interval=interval,
            missing=self.sums.reached - number,
        )

    def stated_average(self, metric: Metric) -> Figure:
        stated = [campaign.average_duration for campaign in self.source.campaigns]
        if self.source.is_part:
            return self.not_told(metric, _WHOLE_ONLY)
        if len(stated) > 1:
            return self.not_told(metric, "the averages of several campaigns cannot be put together")
        if stated[0] is None:
            return self.not_told(metric, f"{self.vendor} states no average for the campaign")
        return Figure(metric=metric.name, value=stated[0].total_seconds())

    # Cost

    def cost(self, metric: Metric) -> Figure:
        if self.source.is_part:
            return self.not_told(metric, _WHOLE_ONLY)
        costs = [campaign.cost for campaign in self.source.campaigns]
        stated = [cost for cost in costs if cost is not None]
        if not stated:
            return self.not_told(metric, f"{self.vendor} states no cost")
        if len(stated) < len(costs):
            return self.not_told(
                metric, f"{self.vendor} states no cost for {len(costs) - len(stated)} of the campaigns"
            )
        sums = totals(stated)
        if len(sums) > 1:
            return self.not_told(metric, f"in several currencies, which are not added: {', '.join(map(str, sums))}")
        return Figure(metric=metric.name, value=sums[0])

    def cost_per_contact(self, metric: Metric) -> Figure:
        whole = self.cost(METRICS["cost"])
        if not isinstance(whole.value, Money):
            return attrs.evolve(whole, metric=metric.name)
        if metric.name == "cost_per_reached":
            number, none = self.sums.reached, "nobody was reached"
        else:
            number, none = self.sums.outcomes[CallStatus.COMPLETED], "no conversation was completed"
        if not number:
            return self.not_told(metric, none)
        money = Money(whole.value.amount / Decimal(number), whole.value.currency)
        return Figure(metric=metric.name, value=money, denominator=number)

    # Pace

    def _no_times(self) -> str | None:
        given = self.source.gives(call_time_of(self.source.provider))
        if not given:
            return f"{self.vendor} does not state when contacts were called"
        if self.source.tally.times.first is None:
            return f"{self.vendor} stated no time of a call" if self.sums.called else _NOBODY
        return None

    def _no_first_attempt(self) -> str | None:
        if reason := self._no_times():
            return reason
        if self.source.gives("attempts"):
            if self.sums.attempts_missing:
                return f"{self.vendor} does not state the attempts of {self.sums.attempts_missing:,} contacts"
            return _LATEST_ONLY if self.sums.is_repeated else None
        may_repeat = any(
            campaign.retry is not None and (campaign.retry.max_attempts or 1) > 1 for campaign in self.source.campaigns
        )
        return (
            "contacts may have been called several times, and only their latest call is stated" if may_repeat else None
        )

    def first_attempt(self, metric: Metric) -> Figure:
        if reason := self._no_first_attempt():
            return self.not_told(metric, reason)
        return Figure(metric=metric.name, value=self.source.tally.times.first)

    def last_attempt(self, metric: Metric) -> Figure:
        if reason := self._no_times():
            return self.not_told(metric, reason)
        return Figure(metric=metric.name, value=self.source.tally.times.last)

    def _span(self) -> timedelta:
        times = self.source.tally.times
        return times.last - times.first if times.last is not None and times.first is not None else timedelta()

    def calling_time(self, metric: Metric) -> Figure:
        if reason := self._no_first_attempt():
            return self.not_told(metric, reason)
        return Figure(metric=metric.name, value=self._span().total_seconds())

    def contacts_per_hour(self, metric: Metric) -> Figure:
        if reason := self._no_first_attempt():
            return self.not_told(metric, reason)
        hours = self._span().total_seconds() / _HOUR
        if not hours:
            return self.not_told(metric, "all attempts began at the same time")
        return Figure(metric=metric.name, value=self.sums.called / hours, numerator=self.sums.called)

    def time_to_final(self, metric: Metric) -> Figure:
        sums, tally, campaigns = self.sums, self.source.tally, self.source.campaigns
        starts = [campaign.started_at for campaign in campaigns if campaign.started_at is not None]
        ends = [campaign.completed_at for campaign in campaigns if campaign.completed_at is not None]
        if self.source.is_part:
            return self.not_told(metric, _WHOLE_ONLY)
        if not sums.called:
            return self.not_told(metric, _NOBODY)
        if sums.contacts > sums.final:
            return self.not_told(metric, "contacts are still open")
        if len(starts) < len(campaigns):
            return self.not_told(metric, f"{self.vendor} does not state when the campaign started")
        end: datetime | None = max(ends) if len(ends) == len(campaigns) else None
        if end is None and tally.ended >= sums.called:
            end = tally.last_end
        if end is None:
            return self.not_told(metric, f"{self.vendor} does not state when all its calls ended")
        return Figure(metric=metric.name, value=(end - min(starts)).total_seconds())

    # Quality

    def without_duration(self, metric: Metric) -> Figure:
        if not self.source.gives("duration"):
            return self.not_told(metric, f"{self.vendor} does not state how long a call took")
        if metric.name == "answered_without_duration":
            reached = self.sums.reached
            return _share(metric, reached - self.answered.number, reached, _NONE_ANSWERED)
        return _share(metric, self.sums.final - self.sums.final_with_length, self.sums.final, "no contact is final")

    def repeated_numbers(self, metric: Metric) -> Figure:
        tally = self.source.tally
        return _share(metric, tally.numbers.repeated(), len(tally.numbers), "no contact has a number")


_MAKERS: Mapping[str, Callable[[_Maker, Metric], Figure]] = {
    "contacts": _Maker.contacts,
    "attempted": _Maker.share_of_contacts,
    "concluded": _Maker.share_of_contacts,
    "open": _Maker.share_of_contacts,
    "cancelled": _Maker.set_aside,
    "skipped": _Maker.set_aside,
    "expired": _Maker.set_aside,
    "left_over": _Maker.left_over,
    "answer_seizure_ratio": _Maker.attempt_ratio,
    "network_effectiveness_ratio": _Maker.attempt_ratio,
    "attempts": _Maker.attempts,
    "attempts_per_contact": _Maker.attempts_per_contact,
    "average_duration": _Maker.duration,
    "median_duration": _Maker.duration,
    "p90_duration": _Maker.duration,
    "talk_time": _Maker.duration,
    "stated_average_duration": _Maker.stated_average,
    "cost": _Maker.cost,
    "cost_per_reached": _Maker.cost_per_contact,
    "cost_per_completed": _Maker.cost_per_contact,
    "first_attempt": _Maker.first_attempt,
    "last_attempt": _Maker.last_attempt,
    "calling_time": _Maker.calling_time,
    "contacts_per_hour": _Maker.contacts_per_hour,
    "time_to_final": _Maker.time_to_final,
    "unknown_words": _Maker.share_of_contacts,
    "without_duration": _Maker.without_duration,
    "answered_without_duration": _Maker.without_duration,
    "invalid_numbers": _Maker.share_of_contacts,
    "repeated_numbers": _Maker.repeated_numbers,
}
"""How each metric that is no share of outcomes is made."""


def _share(metric: Metric, part: int, whole: int, none: str, *, interval: bool = False) -> Figure:
    if not whole:
        return Figure(metric=metric.name, not_told=none)
    ends = wilson(part, whole) if interval else None
    return Figure(
        metric=metric.name,
        value=part / whole,
        numerator=part,
        denominator=whole,
        interval=Interval(low=ends[0], high=ends[1], method="wilson") if ends else None,
    )


def _mean_interval(counts: Iterable[tuple[float, int]], mean: float) -> Interval | None:
    known = list(counts)
    number, _, variance = spread(known, mean)
    deviation = math.sqrt(variance * (number - 1) / number) if number else 0.0
    cubes = sum(((value - mean) / deviation) ** 3 * count for value, count in known) if deviation else 0.0
    ends = mean_interval(number, mean, variance, cubes / number) if number else None
    return Interval(low=ends[0], high=ends[1], method="hall") if ends else None


def spread(counts: Iterable[tuple[float, int]], mean: float) -> tuple[int, float, float]:
    """Number, mean and variance of values with their numbers."""
    known = list(counts)
    number = sum(count for _, count in known)
    squares = sum((value - mean) ** 2 * count for value, count in known)
    return number, mean, squares / (number - 1) if number > 1 else 0.0


def totals(costs: Iterable[Money]) -> list[Money]:
    """The sum of each currency."""
    sums: dict[str, Decimal] = {}
    for cost in costs:
        sums[cost.currency] = sums.get(cost.currency, Decimal(0)) + cost.amount
    return [Money(amount, currency) for currency, amount in sums.items()]
