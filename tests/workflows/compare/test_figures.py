"""From counts to figures: what is a share of what, and what is not told."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import fmean, median
from typing import Any

import pytest

from unibatch.core.model import Campaign, Contact, Money, RedialPolicy, Schedule
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.providers import registry
from unibatch.workflows.compare import METRICS, ComparedCampaign, Figure
from unibatch.workflows.compare.breakdowns import splitter
from unibatch.workflows.compare.countries import country_of
from unibatch.workflows.compare.differences import mixes_of
from unibatch.workflows.compare.figures import Source, call_time_of, figures_of, reckon
from unibatch.workflows.compare.sides import side_of
from unibatch.workflows.compare.tally import Tally, time_of
from unibatch.workflows.compare.values import money

NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)
RETRIED = ("no_answer", "busy", "timeout")


def contact(status: str = "completed", **other: Any) -> Contact:
    word = CallStatus(status)
    given = {"id": "c", "provider": "p", "campaign_id": "b", "phone_number": "+12125550123", "phone_valid": True}
    return Contact(**{**given, "status": word, "is_final": word.is_terminal, **other})


def campaign(**other: Any) -> Campaign:
    return Campaign(**{"id": "b", "provider": "p", "status": CampaignStatus.COMPLETED, **other})


def figures(
    rows: Sequence[Contact], vendor: str = "talkifai", campaigns: Sequence[Campaign] | None = None, **how: Any
) -> dict[str, Figure]:
    provider: Provider = registry.load(vendor)({})
    tally = Tally(call_time_of(provider), with_ends=True)
    tally.add(rows)
    source = Source(provider=provider, campaigns=campaigns or [campaign()], tally=tally, **how)
    return {figure.metric: figure for figure in figures_of(source)}


def parts(figure: Figure) -> tuple[float | None, int | None]:
    assert figure.not_told is None
    return figure.numerator, figure.denominator


# Who counts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "other", "called", "concluded"),
    [
        ("pending", {}, False, False),
        ("pending", {"last_attempt_at": NINE}, True, False),
        ("queued", {}, False, False),
        ("retry_scheduled", {}, True, False),
        ("retry_scheduled", {"is_final": True}, True, False),
        ("dialing", {}, True, False),
        ("in_progress", {}, True, False),
        ("no_answer", {"is_final": False, "attempts": 1}, True, False),
        ("no_answer", {"attempts": 3}, True, True),
        ("completed", {}, True, True),
        ("voicemail", {}, True, True),
        ("failed", {}, True, True),
        ("failed", {"attempts": 0}, False, False),
        ("invalid_number", {"attempts": 0}, False, False),
        ("completed", {"attempts": 0}, True, True),
        ("cancelled", {}, False, False),
        ("cancelled", {"attempts": 2}, True, False),
        ("cancelled", {"last_attempt_at": NINE}, True, False),
        ("cancelled", {"last_attempt_at": NINE, "attempts": 0}, False, False),
        ("skipped", {}, False, False),
        ("expired", {}, False, False),
        ("unknown", {}, False, False),
        ("unknown", {"is_final": True, "attempts": 1}, True, False),
    ],
)
def test_who_was_called_and_who_is_concluded(
    status: str, other: dict[str, Any], *, called: bool, concluded: bool
) -> None:
    found = figures([contact(status, **other)])

    assert (found["attempted"].value, found["concluded"].value) == (float(called), float(concluded))


def test_every_contact_is_in_just_one_place() -> None:
    rows = [
        contact(status, is_final=is_final, attempts=attempts)
        for status in CallStatus
        for is_final in (True, False)
        for attempts in (None, 0, 1)
    ]
    tally = Tally("last_attempt_at")
    tally.add(rows)
    sums = reckon(tally)
    final_unknown = 3

    assert len(rows) == (sums.contacts - sums.final) + (
        sums.concluded + sums.set_aside.total() + sums.left_over + final_unknown
    )


@pytest.mark.parametrize(
    ("metric", "numerator"),
    [("reached", 3), ("completed", 2), ("voicemail", 1), ("no_answer", 1), ("failed", 1), ("delivered_share", 4)],
)
def test_outcomes_are_shares_of_concluded_contacts(metric: str, numerator: int) -> None:
    concluded = ["completed", "completed", "voicemail", "no_answer", "failed"]
    apart = ["pending", "cancelled", "dialing", "unknown"]
    found = figures(list(map(contact, concluded + apart)), "truedy")

    assert parts(found[metric]) == (numerator, len(concluded))
    assert found[metric].interval is not None


@pytest.mark.parametrize(
    ("vendor", "lacking"),
    [
        ("truedy", {"busy", "timeout", "rejected", "invalid_number", "blocked", "carrier_error"}),
        ("techladder", {"voicemail", "timeout", "rejected", "invalid_number", "blocked", "carrier_error"}),
        ("talkifai", {"voicemail", "rejected"}),
    ],
)
def test_an_outcome_without_a_word_is_not_told_and_not_zero(vendor: str, lacking: set[str]) -> None:
    found = figures([contact(), contact("no_answer")], vendor)
    untold = {name for name, figure in found.items() if METRICS[name].group == "outcomes" and figure.not_told}

    assert untold == lacking
    assert all(found[name].value is None for name in lacking)


def test_nobody_called_gives_no_share() -> None:
    found = figures([contact("pending")])

    assert (found["reached"].value, found["reached"].not_told) == (None, "nobody was called")
    assert found["average_duration"].not_told == "nobody was called"
    assert found["attempted"].value == 0


# Attempts -------------------------------------------------------------------------------------------------------------


def test_the_answer_seizure_ratio_is_that_of_all_attempts_one_by_one() -> None:
    draw = random.Random(3)
    outcomes = [*RETRIED, "completed", "blocked", "failed", "invalid_number"]
    rows, attempts = [], []
    for _ in range(500):
        tries = [draw.choice(outcomes)]
        while tries[-1] in RETRIED and len(tries) < 3 and draw.random() < 0.8:
            tries.append(draw.choice(outcomes))
        is_final = tries[-1] not in RETRIED or len(tries) == 3
        status = "cancelled" if not is_final and draw.random() < 0.3 else tries[-1]
        attempts += tries
        rows.append(contact(status, is_final=is_final or status == "cancelled", attempts=len(tries)))
    found = figures(rows, campaigns=[campaign(retry=RedialPolicy(max_attempts=3, retry_on=RETRIED))])

    assert parts(found["answer_seizure_ratio"]) == (attempts.count("completed"), len(attempts))
    assert found["attempts"].value == len(attempts)
    assert found["network_effectiveness_ratio"].not_told is not None
    concluded = [row.attempts or 0 for row in rows if row.is_final and row.status is not CallStatus.CANCELLED]
    assert found["attempts_per_contact"].value == pytest.approx(fmean(concluded))


@pytest.mark.parametrize(
    ("again", "effective"),
    [(("no_answer", "busy"), 5), (("timeout",), 2), (("no_answer", "timeout"), None), ((), None)],
)
def test_network_effectiveness_is_told_only_if_the_outcome_of_every_attempt_is_known(
    again: tuple[str, ...], effective: int | None
) -> None:
    rows = [contact("completed", attempts=3), contact("no_answer", attempts=2), contact("blocked", attempts=1)]
    found = figures(rows, campaigns=[campaign(retry=RedialPolicy(retry_on=again))])["network_effectiveness_ratio"]

    assert (found.numerator, found.denominator) == (effective, None if effective is None else 6)


def test_a_vendor_that_calls_again_after_voicemail_has_no_answer_seizure_ratio() -> None:
    policy = RedialPolicy(retry_on=("voicemail", "no_answer"))
    found = figures([contact(attempts=2)], campaigns=[campaign(retry=policy)])

    assert "after an answer" in str(found["answer_seizure_ratio"].not_told)


def test_attempts_under_way_are_left_out_and_counted_as_missing() -> None:
    found = figures([contact(attempts=1), contact("dialing", attempts=1), contact("completed")])

    assert parts(found["answer_seizure_ratio"]) == (1, 1)
    assert found["answer_seizure_ratio"].missing == 2


@pytest.mark.parametrize("vendor", ["truedy", "techladder"])
def test_ratios_of_attempts_are_not_told_where_attempts_are_not(vendor: str) -> None:
    found = figures([contact()], vendor)

    for name in ("answer_seizure_ratio", "network_effectiveness_ratio", "attempts", "attempts_per_contact"):
        assert "does not state attempts" in str(found[name].not_told)
    assert found["answer_share"].value == 1


# Durations ------------------------------------------------------------------------------------------------------------


def test_durations_are_of_answered_calls_only() -> None:
    seconds = [30, 31, 45, 200]
    rows = [contact(duration=timedelta(seconds=length)) for length in seconds]
    found = figures([*rows, contact("no_answer", duration=timedelta(seconds=20)), contact()], "techladder")

    assert found["average_duration"].value == fmean(seconds)
    assert found["median_duration"].value == median(seconds)
    assert found["p90_duration"].value == pytest.approx(45 + 0.7 * 155)
    assert found["talk_time"].value == sum(seconds)
    assert found["average_duration"].missing == 1
    assert parts(found["answered_without_duration"]) == (1, 5)
    assert parts(found["without_duration"]) == (1, 6)


def test_a_call_of_no_length_is_a_call() -> None:
    assert figures([contact(duration=timedelta(0))], "techladder")["average_duration"].value == 0


def test_a_length_or_a_number_of_attempts_that_cannot_be_is_not_stated() -> None:
    lengths = [timedelta(seconds=-5), timedelta(seconds=10), timedelta(seconds=20)]
    found = figures([contact(duration=length, attempts=length.days or 1) for length in lengths])
    found |= {"absurd": figures([contact(attempts=10**30), contact(attempts=2)])["attempts_per_contact"]}

    assert (found["average_duration"].value, found["median_duration"].value) == (15, 15)
    assert parts(found["answered_without_duration"]) == parts(found["without_duration"]) == (1, 3)
    assert (found["attempts"].value, found["attempts"].missing) == (2, 1)
    assert (found["absurd"].value, found["absurd"].missing) == (2, 1)


@pytest.mark.parametrize(("attempts", "off_by"), [([1], 1), ([1, 2, 3], 0)])
def test_lengths_that_all_differ_are_rounded_and_their_mean_is_exact(attempts: list[int], off_by: int) -> None:
    number = 29_000 // len(attempts)  # at most 10,000 different ones are kept as they came
    lengths = [timedelta(microseconds=30_000_000 + 7_001 * each) for each in range(number)]
    provider = registry.load("techladder")({})
    tally = Tally("started_at")
    for start in range(0, number, 500):
        part = lengths[start : start + 500]
        tally.add([contact(duration=length, attempts=each) for length in part for each in attempts])
        tally.add([contact("cancelled", started_at=NINE, duration=part[0])])
        tally.add([contact(duration=-part[0])])
    found = {f.metric: f.value for f in figures_of(Source(provider=provider, campaigns=[campaign()], tally=tally))}

    assert len(tally.kinds.lengths) <= 10_000
    assert found["attempted"] == 1
    assert found["talk_time"] == (sum(lengths, timedelta()) * len(attempts)).total_seconds()
    exact = median(length.total_seconds() for length in lengths)
    assert found["median_duration"] == pytest.approx(exact, abs=off_by or 1e-9)


def test_lengths_that_no_calendar_holds_are_added() -> None:
    assert figures([contact(duration=timedelta(days=999_999_999))] * 3)["talk_time"].value == 3 * 999_999_999 * 86_400


def test_the_average_that_a_vendor_states_is_apart() -> None:
    stated = campaign(average_duration=timedelta(seconds=74))
    found = figures([contact()], "truedy", [stated])

    assert found["stated_average_duration"].value == 74
    assert "does not state how long" in str(found["average_duration"].not_told)
    assert figures([contact()], "truedy", [stated, stated])["stated_average_duration"].value is None


# Cost -----------------------------------------------------------------------------------------------------------------

DOLLARS = Money(Decimal("9.50"), "USD")


def test_cost_is_exact_and_divided_by_contacts() -> None:
    found = figures([*map(contact, ["completed", "voicemail", "failed"])], "truedy", [campaign(cost=DOLLARS)] * 2)

    assert found["cost"].value == Money(Decimal("19.00"), "USD")
    assert found["cost_per_reached"].value == Money(Decimal("9.5"), "USD")
    assert found["cost_per_completed"].value == Money(Decimal(19), "USD")


@pytest.mark.parametrize(
    ("campaigns", "is_part", "reason"),
    [
        ([campaign()], False, "states no cost"),
        ([campaign(cost=DOLLARS), campaign()], False, "for 1 of the campaigns"),
        ([campaign(cost=DOLLARS), campaign(cost=Money(Decimal(3), "EUR"))], False, "9.50 USD, 3 EUR"),
        ([campaign(cost=DOLLARS)], True, "contacts are left out"),
    ],
)
def test_a_cost_that_is_not_that_of_these_contacts_is_not_told(
    campaigns: list[Campaign], reason: str, *, is_part: bool
) -> None:
    found = figures([contact()], "truedy", campaigns, is_part=is_part)

    for name in ("cost", "cost_per_reached", "cost_per_completed"):
        assert reason in str(found[name].not_told)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00 USD"),
        ("1234.565", "1,234.56 USD"),
        ("0.06139", "0.0614 USD"),
        ("0.00001", "<0.0001 USD"),
        ("1e30", f"1{',000' * 10}.00 USD"),
    ],
)
def test_money_of_any_size_is_shown_and_never_as_nothing(amount: str, text: str) -> None:
    assert money(Money(Decimal(amount), "USD")) == text


def test_nobody_reached_has_no_cost_for_each() -> None:
    found = figures([contact("failed")], "truedy", [campaign(cost=DOLLARS)])

    assert (found["cost"].value, found["cost_per_reached"].not_told) == (DOLLARS, "nobody was reached")


# Pace -----------------------------------------------------------------------------------------------------------------


def called_at(minutes: Sequence[int], **other: Any) -> list[Contact]:
    return [contact(last_attempt_at=NINE + timedelta(minutes=minute), **other) for minute in minutes]


def test_pace_is_counted_from_the_first_to_the_last_attempt() -> None:
    found = figures(called_at([0, 30, 90], attempts=1))

    assert (found["first_attempt"].value, found["calling_time"].value) == (NINE, 5400)
    assert found["contacts_per_hour"].value == 2


@pytest.mark.parametrize(
    ("vendor", "rows", "policy"),
    [
        ("talkifai", called_at([0, 30], attempts=2), None),
        ("talkifai", called_at([0, 30]), None),
        ("truedy", called_at([0, 30]), RedialPolicy(max_attempts=2)),
    ],
)
def test_the_first_attempt_is_not_told_if_earlier_ones_are_not(
    vendor: str, rows: list[Contact], policy: RedialPolicy | None
) -> None:
    found = figures(rows, vendor, [campaign(retry=policy)])

    assert [found[name].value for name in ("first_attempt", "calling_time", "contacts_per_hour")] == [None] * 3
    assert found["last_attempt"].value == NINE + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("ends", "completed_at", "seconds"),
    [([NINE, NINE + timedelta(hours=1)], None, 7200), ([NINE, None], None, None), ([NINE, None], NINE, 3600)],
)
def test_the_time_until_all_are_final_needs_every_end(
    ends: list[datetime | None], completed_at: datetime | None, seconds: int | None
) -> None:
    over = campaign(started_at=NINE - timedelta(hours=1), completed_at=completed_at)

    assert figures([contact(ended_at=end) for end in ends], campaigns=[over])["time_to_final"].value == seconds


def test_hours_and_weekdays_are_those_of_the_zone_that_a_campaign_calls_in() -> None:
    provider = registry.load("truedy")({})
    members = []
    for zone in ("Asia/Kolkata", None, "nowhere"):
        tally = Tally("last_attempt_at")
        tally.add([contact(last_attempt_at=datetime(2026, 3, 10, 22, 40, tzinfo=UTC))])
        found = campaign(schedule=Schedule(timezone=zone))
        members.append((compared(found), found, tally))
    side = side_of("a", provider, members, is_part=False)

    assert side.timezone == "Asia/Kolkata, UTC"
    assert [(each.value, each.count) for each in side.hours] == [(4, 1), (22, 2)]
    assert [(each.value, each.count) for each in side.weekdays] == [(2, 2), (3, 1)]
    assert [(each.value, each.count) for each in side.pace] == [(datetime(2026, 3, 10, 22, 40, tzinfo=UTC), 3)]


def compared(of: Campaign) -> ComparedCampaign:
    return ComparedCampaign(
        reference="p:b",
        id=of.id,
        name=None,
        status=of.status,
        is_running=False,
        contacts=1,
        is_complete=True,
        incomplete_because=None,
        unread=0,
        cost=None,
        started_at=None,
        completed_at=None,
    )


def test_many_different_times_are_kept_more_coarsely() -> None:
    tally = Tally("last_attempt_at")
    for start in range(0, 30_000, 500):
        tally.add(called_at(range(start, start + 500)))

    assert len(tally.times.counts) <= 10_000
    assert tally.times.step == 15
    assert tally.times.counts.total() == 30_000
    assert (tally.times.first, tally.times.last) == (NINE, NINE + timedelta(minutes=29_999))


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "America/New_York"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "Asia/Kolkata"),
    ],
)
def test_a_time_at_the_end_of_the_calendar_is_counted(moment: datetime, zone: str) -> None:
    of = campaign(schedule=Schedule(timezone=zone))
    tally = Tally("last_attempt_at")
    tally.add([contact(last_attempt_at=moment)] * 3)
    side = side_of("a", registry.load("truedy")({}), [(compared(of), of, tally)], is_part=False)

    assert [each.count for each in side.hours] == [each.count for each in side.pace] == [3]


def test_times_close_together_are_counted_by_the_minute() -> None:
    seconds = [0, 1, 59, 60, 61, 300, 3599, 3600, *[7200] * 600]
    tally = Tally("last_attempt_at")
    tally.add([contact(last_attempt_at=NINE + timedelta(seconds=second)) for second in reversed(seconds)])

    counts = {time_of(minute): count for minute, count in tally.times.counts.items()}
    assert counts == {
        NINE + timedelta(minutes=minute): count for minute, count in {0: 3, 1: 2, 5: 1, 59: 1, 60: 1, 120: 600}.items()
    }


def test_hours_in_different_zones_are_compared_on_one_clock() -> None:
    sides = []
    for zone in ("Asia/Kolkata", "UTC"):
        of = campaign(schedule=Schedule(timezone=zone))
        tally = Tally("last_attempt_at")
        tally.add(called_at(range(0, 300, 3)))
        sides.append(side_of(zone, registry.load("truedy")({}), [(compared(of), of, tally)], is_part=False))

    assert [mix.distance for mix in mixes_of(sides, None) if mix.of == "hours"] == [0]


# Quality --------------------------------------------------------------------------------------------------------------


def test_numbers_are_counted_that_are_repeated_or_none() -> None:
    numbers = ["+12125550123", "+12125550123", "+12125550124", "", "", "12 34"]
    rows = [contact(phone_number=number, phone_valid=number.startswith("+")) for number in numbers]
    found = figures(rows)

    assert parts(found["repeated_numbers"]) == (1, 4)
    assert parts(found["invalid_numbers"]) == (3, 6)


def test_repeated_numbers_are_found_among_many() -> None:
    tally = Tally("started_at")
    tally.numbers.add([f"+1212{number:07}" for number in range(150_000)])
    tally.numbers.add([f"+1212{number:07}" for number in range(0, 150_000, 3)])

    assert tally.numbers.repeated() == 50_000


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+12125550123", "US"),
        ("+14165550123", "CA"),
        ("+17875550123", "PR"),
        ("+442079460018", "GB"),
        ("+77012345678", "KZ"),
        ("+74951234567", "RU"),
        ("+919876543210", "IN"),
        ("+80012345678", "+800"),
        ("+10005550123", "+1"),
        ("12 34", "?"),
        ("", "?"),
    ],
)
def test_the_country_of_a_number_is_in_its_first_characters(number: str, country: str) -> None:
    assert country_of(number[:5]) == country


def test_the_values_that_are_counted_apart_are_the_same_for_all_campaigns() -> None:
    each, values = splitter("field:plan"), [f"plan {number}" for number in range(250)]
    counted: list[dict[str, Tally]] = [{}, {}]
    for parts, seen in zip(counted, (values, values[::-1]), strict=True):
        rows = [contact("completed", fields={"plan": value}) for value in ["", *seen]]
        each.split(rows, campaign(), "started_at", parts)

    assert [set(parts) for parts in counted] == [{*values[:200], "others", "not told"}] * 2
    assert [parts["others"].contacts for parts in counted] == [50, 50]
