"""Makes a side of what was counted of its campaigns: its figures, and the data behind charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from unibatch.core.errors import InvalidInput
from unibatch.core.model import Campaign
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus
from unibatch.core.times import time_zone
from unibatch.workflows.compare.countries import country_of
from unibatch.workflows.compare.figures import (
    Source,
    call_time_of,
    figures_of,
)
from unibatch.workflows.compare.model import ComparedCampaign, Count, Side
from unibatch.workflows.compare.tally import Tally, hours_in_utc, time_of

_MINUTE = 60


def zone_of(campaign: Campaign) -> tzinfo:
    """The zone of a campaign's daily window if the vendor states one, else UTC."""
    name = campaign.schedule and campaign.schedule.timezone
    try:
        return time_zone(name) if name else UTC
    except InvalidInput:  # what a vendor sent may be anything
        return UTC


def local(moment: datetime, zone: tzinfo) -> datetime:
    """A moment in a zone; where the calendar ends before that, as it is."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def side_of(
    label: str,
    provider: Provider,
    members: Sequence[tuple[ComparedCampaign, Campaign, Tally]],
    *,
    is_part: bool,
) -> Side:
    """Make one side of its campaigns.

    Args:
        label: Its label.
        provider: The vendor of all its campaigns.
        members: Each campaign as it is shown, as it was read, and the counts of its contacts.
        is_part: A filter left contacts out.
    """
    tally = members[0][2] if len(members) == 1 else Tally(call_time_of(provider))
    hours, weekdays = Counter[int](), Counter[int]()
    zones: dict[str, None] = {}
    for _, campaign, own in members:
        if own is not tally:
            tally.merge(own)
        zone = zone_of(campaign)
        zones[str(zone)] = None
        for (hour, weekday), count in _by_hour(own.times.counts, zone).items():
            hours[hour] += count
            weekdays[weekday] += count
    source = Source(provider=provider, campaigns=[campaign for _, campaign, _ in members], tally=tally, is_part=is_part)
    sums, lengths = source.sums, source.answered
    countries = Counter[str]()
    for prefix, count in tally.prefixes.items():
        countries[country_of(prefix)] += count
    attempts = {number: count for number, count in sums.by_attempts.items() if number}
    return Side(
        label=label,
        provider=provider.name,
        vendor=provider.title,
        campaigns=tuple(compared for compared, _, _ in members),
        figures=figures_of(source),
        statuses=_by_status(sums.by_status),
        outcomes=_by_status(sums.outcomes),
        attempts=_ascending(attempts),
        durations=tuple(Count(length, count) for length, count in lengths.values),
        duration_step=lengths.step,
        pace=tuple(Count(time_of(minute), count) for minute, count in sorted(tally.times.counts.items())),
        pace_step=tally.times.step * _MINUTE,
        countries=tuple(Count(country, count) for country, count in _most_first(countries)),
        hours=_ascending(hours),
        weekdays=_ascending(weekdays),
        timezone=", ".join(zones),
    )


def _by_hour(counts: Mapping[int, int], zone: tzinfo) -> Counter[tuple[int, int]]:
    """Counts of minutes as those of hours and ISO weekdays in a zone."""
    found = Counter[tuple[int, int]]()
    if zone is UTC:
        for (day, hour), count in hours_in_utc(counts).items():
            found[hour, date.fromordinal(day).isoweekday()] += count
        return found
    for minute, count in counts.items():
        moment = local(time_of(minute), zone)
        found[moment.hour, moment.isoweekday()] += count
    return found


def outcomes_of(source: Source) -> tuple[Count, ...]:
    """Concluded contacts by last status."""
    return _by_status(source.sums.outcomes)


def _by_status(counts: Mapping[CallStatus, int]) -> tuple[Count, ...]:
    return tuple(Count(status.value, counts[status]) for status in CallStatus if counts.get(status))


def _ascending(counts: Mapping[Any, int]) -> tuple[Count, ...]:
    return tuple(Count(value, count) for value, count in sorted(counts.items()))


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
