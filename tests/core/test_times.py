"""Moments and zones as people write them, and what the clocks do twice a year."""
# ruff: noqa: DTZ001, DTZ901 - moments without a zone are among what is tested

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytz
from dateutil import tz

from unibatch.core.errors import InvalidInput
from unibatch.core.times import When, instant, is_ambiguous, read_moment, time_zone

BERLIN = ZoneInfo("Europe/Berlin")
DATEUTIL = tz.gettz("Europe/Berlin")
PYTZ = pytz.timezone("Europe/Berlin")
NINE = datetime(2026, 3, 20, 9)
SKIPPED = datetime(2026, 3, 29, 2, 30)
TWICE = datetime(2026, 10, 25, 2, 30)


class ByHand(tzinfo):
    """Central Europe in 2026, as people wrote it before there was ``fold``."""

    def dst(self, dt: datetime | None) -> timedelta | None:
        assert dt is not None
        summer = datetime(2026, 3, 29, 2) <= dt.replace(tzinfo=None) < datetime(2026, 10, 25, 3)
        return timedelta(hours=summer)

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        return timedelta(hours=1) + (ByHand.dst(self, dt) or timedelta())

    def tzname(self, dt: datetime | None) -> str | None:  # noqa: ARG002 - the arguments are Python's
        return None


class OnlyOffsets(ByHand):
    """With which Python cannot convert from UTC."""

    def dst(self, dt: datetime | None) -> None:  # noqa: ARG002 - same
        return None


class NoOffset(ByHand):
    def utcoffset(self, dt: datetime | None) -> None:  # noqa: ARG002 - same
        return None


class NotATime(datetime):
    def __ne__(self, _: object) -> bool:
        return True


class TestReading:
    @pytest.mark.parametrize(
        ("text", "moment", "zone"),
        [
            ("2026-03-20T09:00[Europe/Berlin]", NINE, "Europe/Berlin"),
            (" 2026-03-20 09:00 [Europe/Berlin] ", NINE, "Europe/Berlin"),
            ("2026-03-20T09:00", NINE, None),
            ("2026-03-20T09", NINE, None),
            ("2026-03-20T09:00:30.5", NINE.replace(second=30, microsecond=500_000), None),
            ("2026-03-20T09:00Z", NINE.replace(tzinfo=UTC), None),
            ("2026-03-20T09:00+01:00", NINE.replace(tzinfo=timezone(timedelta(hours=1))), None),
            (
                "2026-03-20T09:00+01:00[Europe/Berlin]",
                NINE.replace(tzinfo=timezone(timedelta(hours=1))),
                "Europe/Berlin",
            ),
            ("2026-03-20T09:00[Mars]", NINE, "Mars"),
        ],
    )
    def test_a_moment_and_its_zone(self, text: str, moment: datetime, zone: str | None) -> None:
        assert read_moment(text) == (moment, zone)

    @pytest.mark.parametrize(
        "text", ["", "soon", "9:00", "2026-13-01T09:00", "2026-03-20T09:00[Europe/Berlin", "[UTC]", "20.3.2026 09:00"]
    )
    def test_what_is_no_moment(self, text: str) -> None:
        with pytest.raises(InvalidInput, match=r"is not a time; write it like 2026-03-20T09:00\[Europe/Berlin\]"):
            read_moment(text)

    @pytest.mark.parametrize("text", ["2026-03-20", "20260320", "2026-03-20[Europe/Berlin]"])
    def test_a_day_is_not_taken_for_its_midnight(self, text: str) -> None:
        with pytest.raises(InvalidInput, match="is a day without a time"):
            read_moment(text)

    @pytest.mark.parametrize("text", [None, 5, b"2026-03-20T09:00", NINE])
    def test_what_is_no_text(self, text: Any) -> None:
        with pytest.raises(InvalidInput, match="a time must be a text, not"):
            read_moment(text)


class TestZones:
    @pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "UTC", "Asia/Kathmandu"])
    def test_a_zone_is_found_by_its_iana_name(self, name: str) -> None:
        assert time_zone(name) == ZoneInfo(name)

    def test_a_misspelled_zone_names_the_right_one(self) -> None:
        with pytest.raises(InvalidInput, match=r"^'Europe/Berln' is not .* did you mean Europe/Berlin"):
            time_zone("Europe/Berln")

    @pytest.mark.parametrize(
        "name", ["", "Mars/Olympus", "localtime", "Factory", "../../etc/passwd", "CESTY", "\ud800"]
    )
    def test_what_is_no_zone(self, name: str) -> None:
        with pytest.raises(InvalidInput, match="is not the IANA name of a time zone"):
            time_zone(name)

    @pytest.mark.parametrize("name", [None, 5, b"UTC", ["UTC"], BERLIN])
    def test_what_is_no_name(self, name: Any) -> None:
        with pytest.raises(InvalidInput, match="a time zone must be a text, not"):
            time_zone(name)


class TestInstants:
    @pytest.mark.parametrize(
        ("moment", "zone"),
        [
            (NINE, "Europe/Berlin"),
            (NINE.replace(tzinfo=BERLIN), None),
            (NINE.replace(tzinfo=BERLIN), "America/New_York"),
            (NINE.replace(tzinfo=timezone(timedelta(hours=1))), None),
            (NINE.replace(tzinfo=timezone(timedelta(hours=1))), "Europe/Berlin"),
            (NINE.replace(hour=8, tzinfo=UTC), None),
        ],
    )
    def test_it_is_one_moment_in_utc(self, moment: datetime, zone: str | None) -> None:
        assert instant(moment, zone) == datetime(2026, 3, 20, 8, tzinfo=UTC)

    def test_summer_and_winter_differ(self) -> None:
        assert instant(datetime(2026, 7, 1, 9), "Europe/Berlin") == datetime(2026, 7, 1, 7, tzinfo=UTC)

    def test_without_offset_and_zone_it_could_be_anywhere(self) -> None:
        with pytest.raises(InvalidInput, match=r"^2026-03-20T09:00:00 has neither an offset nor a time zone"):
            instant(NINE, None)

    @pytest.mark.parametrize(
        "moment",
        [
            SKIPPED,
            SKIPPED.replace(tzinfo=BERLIN),
            SKIPPED.replace(tzinfo=BERLIN, fold=1),
            SKIPPED.replace(tzinfo=DATEUTIL),
            SKIPPED.replace(tzinfo=tz.tzstr("CET-1CEST,M3.5.0,M10.5.0/3")),
            SKIPPED.replace(tzinfo=ByHand()),
            PYTZ.localize(SKIPPED),
            PYTZ.localize(SKIPPED, is_dst=True),
        ],
    )
    def test_a_time_that_the_clocks_skip(self, moment: datetime) -> None:
        with pytest.raises(InvalidInput, match=r"^2026-03-29T02:30:00 does not exist in .*: the clocks skip it$"):
            instant(moment, "Europe/Berlin")

    @pytest.mark.parametrize(
        "moment", [NINE.replace(tzinfo=PYTZ), PYTZ.localize(NINE) + timedelta(days=30)], ids=["attached", "added to"]
    )
    def test_an_offset_that_its_own_zone_does_not_have_then(self, moment: datetime) -> None:
        """What pytz gives where it is not used as it asks to be."""
        with pytest.raises(InvalidInput, match=r"the offset is not that of Europe/Berlin at that time; .*localize\(\)"):
            instant(moment, None)

    @pytest.mark.parametrize(
        ("moment", "hour"),
        [
            (TWICE.replace(tzinfo=BERLIN), 0),
            (TWICE.replace(tzinfo=BERLIN, fold=1), 1),
            (TWICE.replace(tzinfo=DATEUTIL), 0),
            (TWICE.replace(tzinfo=DATEUTIL, fold=1), 1),
            (PYTZ.localize(TWICE, is_dst=True), 0),
            (PYTZ.localize(TWICE, is_dst=False), 1),
        ],
    )
    def test_a_moment_in_a_zone_has_chosen(self, moment: datetime, hour: int) -> None:
        assert instant(moment, None) == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    def test_a_zone_without_fold_cannot_choose(self) -> None:
        with pytest.raises(InvalidInput, match=r"go back about 2026-10-25T02:30:00; use zoneinfo\.ZoneInfo$"):
            instant(TWICE.replace(tzinfo=ByHand()), None)

    @pytest.mark.parametrize("zone", [ByHand(), OnlyOffsets(), DATEUTIL, tz.tzoffset(None, 3600), pytz.FixedOffset(60)])
    def test_other_times_pass_in_any_zone(self, zone: tzinfo) -> None:
        assert instant(NINE.replace(tzinfo=zone), None) == datetime(2026, 3, 20, 8, tzinfo=UTC)

    def test_a_zone_that_cannot_convert_is_not_trusted_when_its_offset_changes(self) -> None:
        with pytest.raises(InvalidInput, match=r"cannot convert from UTC; use zoneinfo\.ZoneInfo$"):
            instant(SKIPPED.replace(tzinfo=OnlyOffsets()), None)

    def test_a_zone_without_an_offset_is_none(self) -> None:
        """Python would take the zone of the machine."""
        with pytest.raises(InvalidInput, match="has neither an offset nor a time zone"):
            instant(NINE.replace(tzinfo=NoOffset()), None)

    def test_a_moment_that_is_none(self) -> None:
        """NaT of pandas is a datetime that is not equal to itself; it would begin now, since it is not later."""
        with pytest.raises(InvalidInput, match=r"^a time must be a datetime, not NotATime$"):
            instant(NotATime(2026, 3, 20, tzinfo=UTC), None)

    def test_a_time_that_the_clocks_show_twice(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            instant(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")
        assert str(caught.value) == (
            "2026-10-25T02:30:00 comes twice in Europe/Berlin, when the clocks go back; write "
            "2026-10-25T02:30+02:00[Europe/Berlin] or 2026-10-25T02:30+01:00[Europe/Berlin]"
        )

    @pytest.mark.parametrize(
        ("choice", "hour"), [("2026-10-25T02:30+02:00[Europe/Berlin]", 0), ("2026-10-25T02:30+01:00[Europe/Berlin]", 1)]
    )
    def test_either_of_the_two_can_be_chosen_as_the_message_says(self, choice: str, hour: int) -> None:
        assert instant(*read_moment(choice)) == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    def test_an_offset_that_is_not_that_of_the_zone(self) -> None:
        with pytest.raises(InvalidInput, match="the offset is not that of America/New_York at that time"):
            instant(NINE.replace(tzinfo=UTC), "America/New_York")

    @pytest.mark.parametrize(
        ("moment", "zone"),
        [
            (datetime.max, "America/New_York"),
            (datetime.min, "Asia/Tokyo"),
            (datetime.min.replace(tzinfo=UTC), "America/New_York"),
            (datetime.max.replace(tzinfo=UTC), "Asia/Tokyo"),
            (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), None),
        ],
    )
    def test_beyond_the_calendar(self, moment: datetime, zone: str | None) -> None:
        with pytest.raises(InvalidInput, match="is outside the years 1 to 9999"):
            instant(moment, zone)

    @pytest.mark.parametrize("moment", [None, 5, "2026-03-20T09:00", date(2026, 3, 20), NINE.time()])
    def test_what_is_no_moment(self, moment: Any) -> None:
        with pytest.raises(InvalidInput, match="a time must be a datetime, not"):
            instant(moment, "UTC")

    def test_what_is_ambiguous(self) -> None:
        assert is_ambiguous(datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN))
        assert not is_ambiguous(datetime(2026, 10, 25, 3, 30, tzinfo=BERLIN))


class TestWhen:
    def test_the_text_shows_the_clock_in_the_zone(self) -> None:
        when = When(datetime(2026, 7, 1, 7, tzinfo=UTC), "Europe/Berlin")
        assert (when.text, when.local) == ("2026-07-01T09:00:00+02:00", datetime(2026, 7, 1, 9, tzinfo=BERLIN))

    @pytest.mark.parametrize("zone", ["UTC", None])
    def test_utc_is_written_with_a_z_and_so_is_a_moment_without_a_zone(self, zone: str | None) -> None:
        assert When(datetime(2026, 7, 1, 7, tzinfo=UTC), zone).text == "2026-07-01T07:00:00Z"

    @pytest.mark.parametrize(
        ("second", "microsecond", "expected"), [(0, 0, "09:00:00"), (0, 1, "09:01:00"), (59, 0, "09:01:00")]
    )
    def test_a_whole_minute_is_never_an_earlier_one(self, second: int, microsecond: int, expected: str) -> None:
        when = When(datetime(2026, 7, 1, 9, 0, second, microsecond, tzinfo=UTC), "UTC")
        assert when.to_next(timedelta(minutes=1)).text == f"2026-07-01T{expected}Z"


def test_zones_do_not_depend_on_the_system() -> None:
    """A container may have no time zone data of its own; a package that is always installed brings them."""
    code = 'from unibatch import Start; print(Start.parse("2027-03-22T09:00[Europe/Berlin]").instant())'
    environment = {**os.environ, "PYTHONTZPATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2027-03-22 08:00:00+00:00\n", "")
