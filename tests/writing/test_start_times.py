"""A vendor understands the moment that was asked for, in any zone, and when the clocks change."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bothways import VENDORS
from tests.writing.conftest import LATER, Emulating, Emulator, draft, one_client
from unibatch import Schedule, Start
from unibatch.core.draft import CampaignDraft
from unibatch.core.errors import DraftRefused, InvalidInput, PartlyDone
from unibatch.core.model import Campaign

BERLIN = ZoneInfo("Europe/Berlin")

pytestmark = [pytest.mark.usefixtures("impatient"), one_client]


def understood(emulator: Emulator) -> datetime | None:
    """When the latest campaign begins, as the vendor takes it."""
    return list(emulator.campaigns.values())[-1].starts_at


def not_earlier(vendor: str, moment: datetime) -> datetime:
    """The moment; at TechLadder, which knows no seconds, the whole minute at it or after it."""
    step = timedelta(minutes=1) if vendor == "techladder" else timedelta(seconds=1)
    over = (moment - datetime(2000, 1, 1, tzinfo=UTC)) % step
    return moment + (step - over if over else over)


def placed_for(emulator: Emulator, start: Start) -> Campaign:
    """A campaign that begins then; Truedy takes one of the same name and contacts for the same, given another start."""
    return emulator.join().create(draft(emulator.vendor, start=start, name=f"{len(emulator.campaigns)} calls"))


def utc(*at: int) -> datetime:
    return datetime(*at, tzinfo=UTC)  # type: ignore[misc, arg-type]  # the numbers are no time zone


CLOCKS = {
    "before the clocks go forward in Berlin": ("2030-03-31T01:59", "Europe/Berlin", utc(2030, 3, 31, 0, 59)),
    "after the clocks went forward in Berlin": ("2030-03-31T03:00", "Europe/Berlin", utc(2030, 3, 31, 1, 0)),
    "before the clocks go back in Berlin": ("2030-10-27T01:59", "Europe/Berlin", utc(2030, 10, 26, 23, 59)),
    "after the clocks went back in Berlin": ("2030-10-27T03:00", "Europe/Berlin", utc(2030, 10, 27, 2, 0)),
    "before the clocks go forward in Sydney": ("2030-10-06T01:59", "Australia/Sydney", utc(2030, 10, 5, 15, 59)),
    "after the clocks went forward in Sydney": ("2030-10-06T03:00", "Australia/Sydney", utc(2030, 10, 5, 16, 0)),
    "after the clocks went back in Sydney": ("2030-04-07T03:00", "Australia/Sydney", utc(2030, 4, 6, 17, 0)),
    "a summer in New York": ("2030-07-01T09:00", "America/New_York", utc(2030, 7, 1, 13, 0)),
    "a winter in New York": ("2030-01-15T09:00", "America/New_York", utc(2030, 1, 15, 14, 0)),
    "half an hour of summer at Lord Howe": ("2030-01-15T09:00", "Australia/Lord_Howe", utc(2030, 1, 14, 22, 0)),
    "three quarters of an hour in Kathmandu": ("2030-01-15T09:00", "Asia/Kathmandu", utc(2030, 1, 15, 3, 15)),
    "three quarters of an hour at Chatham": ("2030-07-15T09:00", "Pacific/Chatham", utc(2030, 7, 14, 20, 15)),
    "half an hour in Kolkata": ("2030-01-15T09:00", "Asia/Kolkata", utc(2030, 1, 15, 3, 30)),
    "behind UTC by half an hour more": ("2030-01-15T09:00", "America/St_Johns", utc(2030, 1, 15, 12, 30)),
    "a day ahead": ("2030-01-15T09:00", "Pacific/Kiritimati", utc(2030, 1, 14, 19, 0)),
    "UTC": ("2030-01-15T09:00", "UTC", utc(2030, 1, 15, 9, 0)),
    "a distant year": ("2400-02-29T09:00", "Europe/Berlin", utc(2400, 2, 29, 8, 0)),
}
"""What the clocks show, where, and the moment that this is."""


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_the_clocks_show_is_understood_as_the_moment_that_it_is(vendor: str, emulating: Emulating) -> None:
    emulator, found = emulating(vendor), {}
    for clock, (shown, zone, _) in CLOCKS.items():
        placed_for(emulator, Start.at(datetime.fromisoformat(shown), zone))
        found[clock] = understood(emulator)
    assert found == {clock: moment for clock, (_, _, moment) in CLOCKS.items()}


TWICE = {
    "Berlin": (datetime(2030, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin")), utc(2030, 10, 27, 0, 30)),
    "Sydney": (datetime(2030, 4, 7, 2, 30, tzinfo=ZoneInfo("Australia/Sydney")), utc(2030, 4, 6, 15, 30)),
    "New York": (datetime(2030, 11, 3, 1, 0, tzinfo=ZoneInfo("America/New_York")), utc(2030, 11, 3, 5, 0)),
}
"""A time that the clocks show twice, and the moment at which they do so first."""


@pytest.mark.parametrize("vendor", VENDORS)
class TestAnHourThatComesTwice:
    def test_is_understood_as_the_one_that_is_meant(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        for place, (shown, first) in TWICE.items():
            for fold in (0, 1):
                placed_for(emulator, Start.at(shown.replace(fold=fold)))
                assert understood(emulator) == first + timedelta(hours=fold), (place, fold)

    def test_is_refused_where_it_is_not_said_which_is_meant(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        for shown, _ in TWICE.values():
            with pytest.raises(DraftRefused, match="comes twice"):
                emulator.join().create(draft(vendor, start=Start.at(shown.replace(tzinfo=None), str(shown.tzinfo))))
        assert emulator.arrivals == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_hour_that_is_skipped_is_refused(vendor: str, emulating: Emulating) -> None:
    emulator = emulating(vendor)
    for shown in (datetime(2030, 3, 31, 2, 30), datetime(2030, 3, 31, 2, 0)):  # noqa: DTZ001  # naive
        with pytest.raises(DraftRefused, match="does not exist in Europe/Berlin"):
            emulator.join().create(draft(vendor, start=Start.at(shown, "Europe/Berlin")))
    assert emulator.arrivals == []


SECONDS = {
    "the end of a day": (utc(2030, 1, 15, 23, 59), None),
    "before the clocks go back, an hour that must not be taken for the other": (utc(2030, 10, 26, 23, 59), BERLIN),
    "before the clocks go forward, a time that must not get into the gap": (utc(2030, 3, 31, 0, 59), BERLIN),
}


@pytest.mark.parametrize("case", SECONDS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_seconds_are_never_rounded_to_an_earlier_time(vendor: str, case: str, emulating: Emulating) -> None:
    minute, zone = SECONDS[case]
    emulator = emulating(vendor)
    for second in (0, 1, 30, 59):
        moment = minute.replace(second=second)
        campaign = placed_for(emulator, Start.at(moment.astimezone(zone or UTC)))
        assert understood(emulator) == not_earlier(vendor, moment)
        assert campaign.schedule is not None
        assert campaign.schedule.start == not_earlier(vendor, moment)


@pytest.mark.parametrize("vendor", VENDORS)
class TestATime:
    def test_that_has_passed_is_refused(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        for moment in (datetime.now(UTC) - timedelta(seconds=1), utc(1970, 1, 1), utc(1, 1, 1)):
            with pytest.raises(DraftRefused, match="is in the past"):
                emulator.join().create(draft(vendor, start=Start.at(moment)))
        assert emulator.arrivals == []

    @pytest.mark.parametrize("microsecond", [0, 5])
    def test_at_the_end_of_time_is_refused(self, vendor: str, microsecond: int, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        last = datetime(9999, 12, 31, 23, 59, 59, microsecond, tzinfo=UTC)
        with pytest.raises(DraftRefused, match="is too far ahead"):
            emulator.join().create(draft(vendor, start=Start.at(last)))
        assert emulator.arrivals == []

    def test_without_a_zone_is_refused(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        with pytest.raises(DraftRefused, match="name one"):
            emulator.join().create(draft(vendor, start=Start.at(datetime(2030, 1, 15, 9))))  # noqa: DTZ001  # naive
        assert emulator.arrivals == []

    def test_with_an_offset_of_its_own_is_understood(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        for minutes in (-719, -150, 0, 1, 345, 840):
            moment = datetime(2030, 1, 15, 9, tzinfo=timezone(timedelta(minutes=minutes)))
            placed_for(emulator, Start.at(moment))
            assert understood(emulator) == moment


class TestADailyWindow:
    OFFICE = Schedule(timezone="Europe/Berlin", window_start=time(9), window_end=time(17))

    def test_keeps_its_zone_with_a_start_in_any_zone(self, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        day = (datetime.now(UTC) + timedelta(days=3)).replace(tzinfo=None, microsecond=0)
        start = Start.at(day, "America/New_York")
        campaign = emulator.join().create(draft("truedy", start=start, schedule=self.OFFICE))
        assert emulator.campaigns[campaign.id].timezone == "Europe/Berlin"
        assert understood(emulator) == start.instant()

    @pytest.mark.parametrize("start", [Start.HOLD, Start.at(LATER - timedelta(days=1))], ids=["held", "scheduled"])
    def test_keeps_its_zone_when_the_campaign_is_put_off(self, start: Start, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        campaign = emulator.join().create(draft("truedy", start=start, schedule=self.OFFICE))
        emulator.join().change("reschedule_campaign", campaign.id)
        assert emulator.campaigns[campaign.id].timezone == "Europe/Berlin"
        assert understood(emulator) == LATER


ZONES = st.sampled_from([
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
    "Africa/Casablanca", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran", "Australia/Adelaide", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll", "Africa/Cairo", "Asia/Gaza", "America/Nuuk",
])  # fmt: skip

MOMENTS = st.datetimes(datetime(2027, 1, 1), datetime(2090, 1, 1), timezones=ZONES.map(ZoneInfo))  # noqa: DTZ001  # naive


def _instant(start: Start) -> datetime | None:
    try:
        return start.instant()
    except InvalidInput:
        return None


@pytest.mark.parametrize("vendor", VENDORS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=MOMENTS.map(Start.at).filter(_instant))
def test_any_moment_in_any_zone_is_understood(vendor: str, emulating: Emulating, start: Start) -> None:
    emulator = emulating(vendor)
    wanted: CampaignDraft = draft(vendor, 1, start)
    emulator.join().create(wanted)
    moment = _instant(start)
    assert moment is not None
    assert understood(emulator) == not_earlier(vendor, moment)


STARTS = {"scheduledStartTime": "timezone", "scheduled_at": "schedule_timezone"}
"""The keys under which vendors repeat a start, and those of a zone beside it."""


def in_local_time(answer: object, zone: str | None) -> object:
    """An answer with its starts as the clocks in Berlin show them, without an offset, beside this zone."""
    if isinstance(answer, list):
        return [in_local_time(item, zone) for item in answer]
    if not isinstance(answer, dict):
        return answer
    changed = {key: in_local_time(value, zone) for key, value in answer.items()}
    for key, beside in STARTS.items():
        if isinstance(text := answer.get(key), str):
            changed[key] = f"{datetime.fromisoformat(text).astimezone(BERLIN):%Y-%m-%dT%H:%M:%S}"
            if zone is not None:
                changed |= {beside: zone, "timezone": zone}
    return changed


ZONES_BESIDE = [
    *("Europe/Berlin", None),
    "Europe/Berlin (CET, UTC+1:00)",
    pytest.param("Central Europe, UTC+01:00", id="in words"),
]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("zone", ZONES_BESIDE)
def test_a_start_that_is_repeated_in_local_time_is_the_one_that_was_asked_for(
    emulating: Emulating, vendor: str, zone: str | None
) -> None:
    """What is repeated without an offset is read in the zone beside it, or as it was asked for."""
    emulator = emulating(vendor)
    emulator.sandbox.fail(vendor, times=None, edit=lambda _, answer: in_local_time(answer, zone))
    client = emulator.join()
    first, second = utc(2030, 1, 15, 8), utc(2030, 1, 16, 9, 30)
    campaign = client.create(draft(vendor, start=Start.at(first.astimezone(BERLIN))))
    assert (campaign.status, campaign.schedule and campaign.schedule.start) == (
        "pending" if vendor == "techladder" else "scheduled",
        first,
    )
    if vendor != "techladder":
        moved = client.reschedule(campaign.id, Start.at(second.astimezone(BERLIN)))
        assert moved.schedule is not None
        assert moved.schedule.start == second
    assert understood(emulator) == (first if vendor == "techladder" else second)


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_start_in_local_time_that_was_not_asked_for_is_noticed(emulating: Emulating, vendor: str) -> None:
    emulator = emulating(vendor)

    def an_hour_late(_: object, answer: object) -> object:
        text = json.dumps(in_local_time(answer, "Europe/Berlin"))
        return json.loads(text.replace("T09:00:00", "T10:00:00"))

    emulator.sandbox.fail(vendor, times=None, edit=an_hour_late)
    with pytest.raises(PartlyDone, match="starts at 2030-01-15T09:00:00Z"):
        emulator.join().create(draft(vendor, start=Start.at(utc(2030, 1, 15, 8).astimezone(BERLIN))))
