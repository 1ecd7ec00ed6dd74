"""Breaks the contacts of a campaign down by country, hour, weekday, number of attempts, or a field of theirs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import attrs

from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_text
from unibatch.core.model import Campaign, Contact
from unibatch.core.provider import Provider
from unibatch.core.results import Results
from unibatch.workflows.compare.countries import country_of
from unibatch.workflows.compare.figures import Source, figures_of
from unibatch.workflows.compare.model import Breakdown, BreakdownRow, Part
from unibatch.workflows.compare.sides import local, outcomes_of, zone_of
from unibatch.workflows.compare.tally import Tally

NOT_STATED = "not told"
OTHERS = "others"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_FIELD = "field:"
_MOST_VALUES = 200
"""How many values are counted apart; all further ones are counted together."""
_LONGEST_VALUE = 40

_Values: TypeAlias = Callable[[Any, Campaign, str], Iterable[str]]
"""Gives the value of each of some contacts: of `Results`, the campaign, and the attribute with the time of the latest
call."""


class Chosen:
    """The values that are counted apart: the first ones that are seen, the same for all campaigns of a comparison."""

    def __init__(self) -> None:
        """None was seen yet."""
        self._values: set[str] = set()
        self._guard = threading.Lock()

    def name(self, value: str) -> str:
        """The value itself, if it is counted apart."""
        if value in self._values or value == NOT_STATED:
            return value
        with self._guard:
            if value not in self._values and len(self._values) >= _MOST_VALUES:
                return OTHERS
            self._values.add(value)
            return value


@attrs.frozen
class Splitter:
    """One way to break contacts down.

    Attributes:
        by: How it was asked for.
        title: What its values are.
        values: Gives the value of each contact.
        reads_contacts: It needs more of the contacts than what became of their calls.
        order: What values are sorted by; ``None``: by how many contacts have them, most first.
        chosen: The values that are counted apart; threads share it.
    """

    by: str
    title: str
    values: _Values
    reads_contacts: bool = False
    order: Callable[[str], Any] | None = None
    chosen: Chosen = attrs.field(factory=Chosen)

    def split(self, rows: Sequence[Contact], campaign: Campaign, call_time: str, parts: dict[str, Tally]) -> None:
        """Count contacts by their value."""
        results = Results.of(rows)
        values = self.values(rows if self.reads_contacts else results, campaign, call_time)
        for name, members in results.by(values).items():
            parts.setdefault(self.chosen.name(name), Tally(call_time)).add(members)


def _countries(results: Results, _campaign: Campaign, _call_time: str) -> Iterable[str]:
    return (country_of(number[:5]) for number in results.phone_number)


def _local(results: Results, campaign: Campaign, call_time: str, shown: Callable[[datetime], str]) -> Iterable[str]:
    zone, times = zone_of(campaign), getattr(results, call_time)
    return (NOT_STATED if moment is None else shown(local(moment, zone)) for moment in times)


def _hours(results: Results, campaign: Campaign, call_time: str) -> Iterable[str]:
    return _local(results, campaign, call_time, lambda moment: f"{moment:%H}")


def _weekdays(results: Results, campaign: Campaign, call_time: str) -> Iterable[str]:
    return _local(results, campaign, call_time, lambda moment: WEEKDAYS[moment.weekday()])


def _attempts(results: Results, _campaign: Campaign, _call_time: str) -> Iterable[str]:
    return (NOT_STATED if attempts is None else str(attempts) for attempts in results.attempts)


def _field(name: str) -> _Values:
    def value(contact: Contact) -> str:
        found = contact.field(name)
        text = " ".join(str(found).split()) if found is not None else ""
        return mask_text(text[:_LONGEST_VALUE]) or NOT_STATED

    return lambda contacts, _campaign, _call_time: map(value, contacts)


_SPLITTERS: Mapping[str, Splitter] = {
    each.by: each
    for each in (
        Splitter("country", "country", _countries),
        Splitter("hour", "hour of the latest call", _hours, order=str),
        Splitter("weekday", "weekday of the latest call", _weekdays, order=WEEKDAYS.index),
        Splitter("attempt", "attempts", _attempts, order=int),
    )
}


def splitter(by: str) -> Splitter:
    """The way to break contacts down that ``by`` names, for one comparison.

    Raises:
        InvalidInput: There is none.
    """
    if by in _SPLITTERS:
        return attrs.evolve(_SPLITTERS[by], chosen=Chosen())
    if by.startswith(_FIELD) and (name := by.removeprefix(_FIELD).strip()):
        return Splitter(by, name, _field(name), reads_contacts=True)
    raise InvalidInput(f"by must be one of {', '.join(_SPLITTERS)} or field:NAME, not {by!r}")


def breakdown_of(
    each: Splitter, sides: Mapping[str, Sequence[tuple[Provider, Campaign, Mapping[str, Tally]]]]
) -> Breakdown:
    """Put the parts of all sides together.

    Args:
        each: How they were broken down.
        sides: For each label, the provider, the campaign and the parts of each of its campaigns.
    """
    merged: dict[str, dict[str, Tally]] = {}
    for label, members in sides.items():
        for _, _, parts in members:
            for value, tally in parts.items():
                mine = merged.setdefault(value, {})
                if label not in mine:
                    mine[label] = Tally(tally.call_time)
                mine[label].merge(tally)
    rows = [
        BreakdownRow(
            value=value,
            parts=tuple(
                _part(
                    label,
                    Source(
                        provider=sides[label][0][0],
                        campaigns=[campaign for _, campaign, _ in sides[label]],
                        tally=tally,
                        is_part=True,
                    ),
                )
                for label, tally in tallies.items()
            ),
        )
        for value, tallies in sorted(merged.items(), key=lambda item: _rank(each, item))
    ]
    return Breakdown(by=each.by, title=each.title, rows=tuple(rows))


def _part(label: str, source: Source) -> Part:
    return Part(side=label, figures=figures_of(source), outcomes=outcomes_of(source))


def _rank(each: Splitter, item: tuple[str, Mapping[str, Tally]]) -> tuple[bool, Any, str]:
    value, tallies = item
    is_last = value in {NOT_STATED, OTHERS}
    if is_last or each.order is None:
        return is_last, -sum(tally.contacts for tally in tallies.values()), value
    return False, each.order(value), value
