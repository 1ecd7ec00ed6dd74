"""When a vendor accepts requests again: by its own clock, and how long that is from now if the clocks differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from tests.bothways import VENDORS, Connect
from tests.client.replies import Replies, Reply, refusal
from unibatch import RateLimited
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


SEVEN = NOW + seconds(7)
HOURS = timedelta(hours=5)


@pytest.mark.parametrize(
    ("headers", "in_body", "expected"),
    [
        ({}, None, None),
        ({"date": as_date(NOW)}, None, None),
        ({}, SEVEN, Reset(SEVEN, seconds(7))),
        ({"retry-after": "7"}, None, Reset(SEVEN, seconds(7))),
        ({"retry-after": " 7 "}, None, Reset(SEVEN, seconds(7))),
        ({"retry-after": "7.5"}, None, Reset(NOW + seconds(7.5), seconds(7.5))),  # though the standard knows none
        ({"retry-after": "0"}, None, Reset(NOW, None)),
        ({"retry-after": as_date(SEVEN)}, None, Reset(SEVEN, seconds(7))),
        ({"retry-after": "Tue, 10 Mar 2026 08:00:07 -0400"}, None, Reset(SEVEN, seconds(7))),
        ({"retry-after": "Tue, 10 Mar 2026 12:00:07 -0000"}, None, Reset(SEVEN, seconds(7))),
        ({"x-ratelimit-reset": as_number(SEVEN)}, None, Reset(SEVEN, seconds(7))),
        ({"x-ratelimit-reset": f"{SEVEN.timestamp() + 0.5}"}, None, Reset(NOW + seconds(7.5), seconds(7.5))),
        ({"x-ratelimit-reset": "7"}, None, Reset(SEVEN, seconds(7))),
        ({"x-ratelimit-reset": "7.0"}, None, Reset(SEVEN, seconds(7))),
        ({"x-ratelimit-reset": "100000000"}, None, Reset(datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC), None)),
    ],
)
def test_what_is_said_is_read(headers: dict[str, str], in_body: datetime | None, expected: Reset | None) -> None:
    reset = parse_reset(headers, in_body, NOW)
    assert reset == expected
    assert reset is None or reset.at.tzinfo is UTC


def test_the_end_of_the_window_is_left_out_if_the_limit_is_not_the_reason() -> None:
    assert parse_reset({"x-ratelimit-reset": "7"}, None, NOW, refused=False) is None


IN_20 = {"retry-after": as_date(NOW + seconds(20))}
IN_30 = {"x-ratelimit-reset": as_number(NOW + seconds(30))}


@pytest.mark.parametrize(
    ("headers", "in_body", "expected"),
    [
        ({**IN_20, **IN_30}, 10, 10),
        ({**IN_20, **IN_30}, None, 20),
        (IN_30, None, 30),
        (IN_20, -5, -5),
    ],
)
def test_the_body_comes_first_then_retry_after_then_the_reset(
    headers: dict[str, str], in_body: int | None, expected: int
) -> None:
    reset = parse_reset(headers, None if in_body is None else NOW + seconds(in_body), NOW)
    assert reset is not None
    assert reset.at == NOW + seconds(expected)


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

    @pytest.mark.parametrize(
        ("headers", "in_body", "expected"),
        [
            pytest.param({"retry-after": "7"}, -5, 7, id="the past gives way"),
            pytest.param({"retry-after": "3600", "x-ratelimit-reset": "7"}, None, 3600, id="an hour can be meant"),
            pytest.param({"retry-after": "3601", "x-ratelimit-reset": "7"}, None, 7, id="more gives way to less"),
            pytest.param({"retry-after": "3601"}, None, 3601, id="more counts if there is nothing else"),
            pytest.param({"retry-after": "7200", "x-ratelimit-reset": "3601"}, None, 3601, id="the shorter of two"),
            pytest.param({"retry-after": "7200"}, -5, 7200, id="the past is no reason to doubt more"),
        ],
    )
    def test_the_past_and_more_than_an_hour_count_last(
        self, headers: dict[str, str], in_body: int | None, expected: int
    ) -> None:
        assert after(headers, None if in_body is None else NOW + seconds(in_body)) == seconds(expected)


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
                "9" * 18,
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


def remaining(count: str | None, reset: str | None, **others: str) -> dict[str, str]:
    """The headers that say how many requests remain, and until when."""
    named = {"x-ratelimit-remaining": count, "x-ratelimit-reset": reset, **others}
    return {name: value for name, value in named.items() if value is not None}


NO_COUNT = (None, "", "many", "-1", "1.5", "\N{ARABIC-INDIC DIGIT SEVEN}", "9" * 5000)
NO_RESET = (None, "", "soon", "-7", "nan", "1e300")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (remaining("12", as_number(NOW + seconds(7))), (12, 7.0)),
        (remaining("12", as_number(NOW - seconds(7))), (12, -7.0)),
        (remaining("0", "7"), (0, 7.0)),
        *(
            (remaining("12", as_number(NOW + a + seconds(7)), date=as_date(NOW + a)), (12, 7.0))
            for a in (HOURS, -HOURS)
        ),
        *((remaining(count, "7"), None) for count in NO_COUNT),
        *((remaining("12", reset), None) for reset in NO_RESET),
        ({"x-ratelimit-remaining": "12", "retry-after": "7"}, None),
    ],
)
def test_how_many_requests_remain(headers: dict[str, str], expected: tuple[int, float] | None) -> None:
    assert parse_remaining(headers, NOW) == expected


def limited(connect: Connect, vendor: str, headers: dict[str, str], details: Any = None) -> RateLimited:
    body = refusal(vendor, "rate_limit_exceeded", "Slow down", details)
    with pytest.raises(RateLimited) as caught:
        connect(vendor, answer=Replies(Reply(429, body, headers))).get_campaign("c-1")
    return caught.value


class TestClients:
    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize("headers", [{"Retry-After": as_date(NOW)}, {"X-RateLimit-Reset": as_number(NOW)}])
    def test_the_error_says_when(self, connect: Connect, vendor: str, headers: dict[str, str]) -> None:
        assert limited(connect, vendor, headers).retry_at == NOW
        assert limited(connect, vendor, {}).retry_at is None

    @pytest.mark.parametrize(
        "reset_at", ["2026-03-10T12:00:00.000000Z", "2026-03-10T12:00:00Z", "2026-03-10T08:00:00-04:00"]
    )
    def test_truedy_says_it_in_the_body(self, connect: Connect, reset_at: str) -> None:
        retry_at = limited(connect, "truedy", {"Retry-After": "999"}, {"reset_at": reset_at}).retry_at
        assert retry_at is not None
        assert (retry_at, retry_at.tzinfo) == (NOW, UTC)

    @pytest.mark.parametrize("nonsense", ["soon", "", None, 1773144000, {}, "0001-01-01T00:00:00+14:00"])
    def test_a_time_in_the_body_that_makes_no_sense_gives_way(self, connect: Connect, nonsense: Any) -> None:
        assert limited(connect, "truedy", {"Retry-After": as_date(NOW)}, {"reset_at": nonsense}).retry_at == NOW
