"""When a vendor accepts requests again: by its own clock, and how long that is from now, whoever's clock is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from unibatch.client.retry_after import Reset, parse_remaining, parse_reset

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def as_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def as_number(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def after(headers: dict[str, str], in_body: datetime | None = None) -> timedelta | None:
    reset = parse_reset(headers, in_body, NOW)
    assert reset is not None
    return reset.after


class TestWhatIsSaid:
    def test_nothing(self) -> None:
        assert parse_reset({}, None, NOW) is None

    def test_the_date_alone_says_nothing(self) -> None:
        assert parse_reset({"date": as_date(NOW)}, None, NOW) is None

    def test_a_time_in_the_body(self) -> None:
        assert parse_reset({}, NOW + seconds(7), NOW) == Reset(NOW + seconds(7), seconds(7))

    def test_retry_after_in_seconds(self) -> None:
        assert parse_reset({"retry-after": "7"}, None, NOW) == Reset(NOW + seconds(7), seconds(7))

    def test_retry_after_with_blanks_around_it(self) -> None:
        assert parse_reset({"retry-after": " 7 "}, None, NOW) == Reset(NOW + seconds(7), seconds(7))

    def test_retry_after_as_a_date(self) -> None:
        headers = {"retry-after": as_date(NOW + seconds(7))}
        assert parse_reset(headers, None, NOW) == Reset(NOW + seconds(7), seconds(7))

    def test_a_reset_as_a_unix_time(self) -> None:
        headers = {"x-ratelimit-reset": as_number(NOW + seconds(7))}
        assert parse_reset(headers, None, NOW) == Reset(NOW + seconds(7), seconds(7))

    def test_a_reset_as_a_unix_time_with_fractions(self) -> None:
        headers = {"x-ratelimit-reset": f"{(NOW + seconds(7)).timestamp() + 0.5}"}
        assert parse_reset(headers, None, NOW) == Reset(NOW + seconds(7.5), seconds(7.5))

    @pytest.mark.parametrize("number", ["7", "7.0"])
    def test_a_reset_in_seconds(self, number: str) -> None:
        assert parse_reset({"x-ratelimit-reset": number}, None, NOW) == Reset(NOW + seconds(7), seconds(7))

    def test_every_time_is_told_in_utc(self) -> None:
        reset = parse_reset({"retry-after": "Tue, 10 Mar 2026 08:00:07 -0400"}, None, NOW)
        assert reset is not None
        assert (reset.at, reset.at.tzinfo) == (NOW + seconds(7), UTC)

    def test_a_date_of_no_zone_is_in_utc(self) -> None:
        assert after({"retry-after": "Tue, 10 Mar 2026 12:00:07 -0000"}) == seconds(7)


class TestWhichMoment:
    BODY = NOW + seconds(10)
    RETRY_AFTER = as_date(NOW + seconds(20))
    RESET = as_number(NOW + seconds(30))

    def at(self, headers: dict[str, str], in_body: datetime | None = None) -> datetime:
        reset = parse_reset(headers, in_body, NOW)
        assert reset is not None
        return reset.at

    def test_the_body_comes_first(self) -> None:
        headers = {"retry-after": self.RETRY_AFTER, "x-ratelimit-reset": self.RESET}
        assert self.at(headers, self.BODY) == NOW + seconds(10)

    def test_then_retry_after(self) -> None:
        assert self.at({"retry-after": self.RETRY_AFTER, "x-ratelimit-reset": self.RESET}) == NOW + seconds(20)

    def test_then_the_reset(self) -> None:
        assert self.at({"x-ratelimit-reset": self.RESET}) == NOW + seconds(30)

    def test_one_that_lies_in_the_past_still_comes_first(self) -> None:
        assert self.at({"retry-after": self.RETRY_AFTER}, NOW - seconds(5)) == NOW - seconds(5)


class TestHowLong:
    @pytest.mark.parametrize("body", [5, 10, 15])
    @pytest.mark.parametrize("retry_after", [4, 11, 16])
    @pytest.mark.parametrize("reset", [3, 12, 17])
    def test_the_longest_counts(self, body: int, retry_after: int, reset: int) -> None:
        headers = {"retry-after": str(retry_after), "x-ratelimit-reset": str(reset)}
        assert after(headers, NOW + seconds(body)) == seconds(max(body, retry_after, reset))

    @pytest.mark.parametrize("ago", [0, 1, 3600, 10**8])
    def test_what_lies_in_the_past_is_no_wait(self, ago: int) -> None:
        assert parse_reset({}, NOW - seconds(ago), NOW) == Reset(NOW - seconds(ago), None)

    def test_no_seconds_are_no_wait(self) -> None:
        assert parse_reset({"retry-after": "0"}, None, NOW) == Reset(NOW, None)

    def test_what_lies_in_the_past_gives_way_to_what_does_not(self) -> None:
        assert after({"retry-after": "7"}, NOW - seconds(5)) == seconds(7)

    def test_an_hour_can_be_meant(self) -> None:
        assert after({"retry-after": "3600", "x-ratelimit-reset": "7"}) == seconds(3600)

    def test_more_than_an_hour_gives_way_to_less(self) -> None:
        assert after({"retry-after": "3601", "x-ratelimit-reset": "7"}) == seconds(7)

    def test_more_than_an_hour_counts_if_there_is_nothing_else(self) -> None:
        assert after({"retry-after": "3601"}) == seconds(3601)

    def test_of_two_that_are_longer_than_an_hour_the_shorter_counts(self) -> None:
        assert after({"retry-after": "7200", "x-ratelimit-reset": "3601"}) == seconds(3601)

    def test_a_wait_in_the_past_is_no_reason_to_doubt_a_long_one(self) -> None:
        assert after({"retry-after": "7200"}, NOW - seconds(5)) == seconds(7200)


class TestClocksThatDisagree:
    OFFSETS = pytest.mark.parametrize(
        "ahead", [timedelta(hours=5), -timedelta(hours=5), timedelta(days=400), -timedelta(seconds=30), timedelta(0)]
    )

    @OFFSETS
    def test_a_time_is_read_by_the_clock_that_told_it(self, ahead: timedelta) -> None:
        theirs = NOW + ahead
        expected = Reset(theirs + seconds(7), seconds(7))
        date = {"date": as_date(theirs)}
        assert parse_reset(date, theirs + seconds(7), NOW) == expected
        assert parse_reset({**date, "retry-after": as_date(theirs + seconds(7))}, None, NOW) == expected
        assert parse_reset({**date, "x-ratelimit-reset": as_number(theirs + seconds(7))}, None, NOW) == expected

    @OFFSETS
    def test_seconds_are_seconds_by_every_clock(self, ahead: timedelta) -> None:
        date = {"date": as_date(NOW + ahead)}
        assert after({**date, "retry-after": "7"}) == seconds(7)
        assert after({**date, "x-ratelimit-reset": "7"}) == seconds(7)

    def test_a_date_in_another_zone_is_the_same_date(self) -> None:
        east = NOW.astimezone(timezone(timedelta(hours=9)))
        assert after({"date": format_datetime(east)}, NOW + seconds(7)) == seconds(7)

    @pytest.mark.parametrize("nonsense", ["", "noon", "Tue, 99 Mar 2026 12:00:00 GMT", "0"])
    def test_a_date_that_makes_no_sense_is_that_of_this_machine(self, nonsense: str) -> None:
        assert after({"date": nonsense}, NOW + seconds(7)) == seconds(7)

    def test_without_a_date_a_clock_ahead_is_believed_for_want_of_better(self) -> None:
        assert after({}, NOW + timedelta(hours=5)) == timedelta(hours=5)

    def test_without_a_date_seconds_are_believed_rather_than_a_clock_ahead(self) -> None:
        assert after({"retry-after": "7"}, NOW + timedelta(hours=5)) == seconds(7)


class TestNonsense:
    @pytest.mark.parametrize(
        "text",
        [
            *(
                "soon",
                "-7",
                "+7",
                "7 s",
                "1e2",
                "9" * 400,
                "\N{ARABIC-INDIC DIGIT SEVEN}",
                "\N{SUPERSCRIPT TWO}",
            ),
            *("Tue, 99 Mar 2026 12:00:00 GMT", "Fri, 31 Dec 9999 23:00:00 -1400"),
        ],
    )
    def test_in_retry_after_says_nothing(self, text: str) -> None:
        assert parse_reset({"retry-after": text}, None, NOW) is None

    @pytest.mark.parametrize("text", ["soon", "-7", "-1e300", "nan", "inf", "-inf", "1e300", "1e17", "7 s", ""])
    def test_in_the_reset_says_nothing(self, text: str) -> None:
        assert parse_reset({"x-ratelimit-reset": text}, None, NOW) is None

    def test_a_number_of_milliseconds_is_no_plausible_wait(self) -> None:
        headers = {"retry-after": "7", "x-ratelimit-reset": f"{NOW.timestamp() * 1000:.0f}"}
        assert after(headers) == seconds(7)

    @pytest.mark.parametrize("text", ["99999999", "1e7"])
    def test_a_number_that_is_no_time_of_day_is_seconds(self, text: str) -> None:
        assert after({"x-ratelimit-reset": text, "retry-after": "7"}) == seconds(7)

    def test_the_first_number_that_is_a_time_of_day(self) -> None:
        assert parse_reset({"x-ratelimit-reset": "100000000"}, None, NOW) == Reset(
            datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC), None
        )


class TestRemaining:
    def test_both_are_told(self) -> None:
        headers = {"x-ratelimit-remaining": "12", "x-ratelimit-reset": as_number(NOW + seconds(7))}
        assert parse_remaining(headers, NOW) == (12, 7.0)

    def test_a_reset_in_seconds(self) -> None:
        assert parse_remaining({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}, NOW) == (0, 7.0)

    def test_a_reset_in_the_past_is_told_as_it_is(self) -> None:
        headers = {"x-ratelimit-remaining": "12", "x-ratelimit-reset": as_number(NOW - seconds(7))}
        assert parse_remaining(headers, NOW) == (12, -7.0)

    @pytest.mark.parametrize("ahead", [timedelta(hours=5), -timedelta(hours=5)])
    def test_a_reset_is_read_by_the_clock_that_told_it(self, ahead: timedelta) -> None:
        theirs = NOW + ahead
        headers = {
            "date": as_date(theirs),
            "x-ratelimit-remaining": "12",
            "x-ratelimit-reset": as_number(theirs + seconds(7)),
        }
        assert parse_remaining(headers, NOW) == (12, 7.0)

    @pytest.mark.parametrize("remaining", [None, "", "many", "-1", "1.5", "\N{ARABIC-INDIC DIGIT SEVEN}"])
    def test_without_a_number_it_is_nothing(self, remaining: str | None) -> None:
        headers = {"x-ratelimit-reset": "7"} | ({} if remaining is None else {"x-ratelimit-remaining": remaining})
        assert parse_remaining(headers, NOW) is None

    @pytest.mark.parametrize("reset", [None, "", "soon", "-7", "nan", "1e300"])
    def test_without_a_reset_it_is_nothing(self, reset: str | None) -> None:
        headers = {"x-ratelimit-remaining": "12"} | ({} if reset is None else {"x-ratelimit-reset": reset})
        assert parse_remaining(headers, NOW) is None

    def test_retry_after_is_no_reset(self) -> None:
        assert parse_remaining({"x-ratelimit-remaining": "12", "retry-after": "7"}, NOW) is None

    def test_a_number_too_long_to_be_read_is_nothing(self) -> None:
        assert parse_remaining({"x-ratelimit-remaining": "9" * 5000, "x-ratelimit-reset": "7"}, NOW) is None


def test_a_fraction_of_a_second_is_waited_for_though_the_standard_knows_none() -> None:
    assert parse_reset({"retry-after": "7.5"}, None, NOW) == Reset(NOW + seconds(7.5), seconds(7.5))


def test_when_the_limit_is_counted_anew_is_left_out_where_the_limit_is_not_the_reason() -> None:
    assert parse_reset({"x-ratelimit-reset": "7"}, None, NOW, refused=False) is None
