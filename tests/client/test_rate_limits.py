"""When a vendor says that requests are welcome again: its body first, then Retry-After, then X-RateLimit-Reset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bothways import VENDORS, Connect
from tests.client.replies import Replies, Reply, refusal
from unibatch import RateLimited

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOON_AS_DATE = "Tue, 10 Mar 2026 12:00:00 GMT"
NOON_AS_NUMBER = str(int(NOON.timestamp()))
LATER_AS_NUMBER = str(int(NOON.timestamp()) + 999)


def limited(connect: Connect, vendor: str, headers: dict[str, str], details: Any = None) -> RateLimited:
    body = refusal(vendor, "rate_limit_exceeded", "Slow down", details)
    with pytest.raises(RateLimited) as caught:
        connect(vendor, answer=Replies(Reply(429, body, headers))).get_campaign("c-1")
    return caught.value


@pytest.mark.parametrize("vendor", VENDORS)
class TestHeaders:
    def test_retry_after_in_seconds_counts_from_now(self, connect: Connect, vendor: str) -> None:
        before = datetime.now(UTC)
        retry_at = limited(connect, vendor, {"Retry-After": "120"}).retry_at
        after = datetime.now(UTC)
        assert retry_at is not None
        assert before <= retry_at - timedelta(seconds=120) <= after

    def test_retry_after_as_a_date(self, connect: Connect, vendor: str) -> None:
        assert limited(connect, vendor, {"Retry-After": NOON_AS_DATE}).retry_at == NOON

    def test_rate_limit_reset_as_a_number(self, connect: Connect, vendor: str) -> None:
        assert limited(connect, vendor, {"X-RateLimit-Reset": NOON_AS_NUMBER}).retry_at == NOON

    def test_retry_after_goes_before_rate_limit_reset(self, connect: Connect, vendor: str) -> None:
        headers = {"Retry-After": NOON_AS_DATE, "X-RateLimit-Reset": LATER_AS_NUMBER}
        assert limited(connect, vendor, headers).retry_at == NOON

    @pytest.mark.parametrize("nonsense", ["soon", "-5", "1.5", "9" * 30, ""])
    def test_a_retry_after_that_makes_no_sense_gives_way(self, connect: Connect, vendor: str, nonsense: str) -> None:
        headers = {"Retry-After": nonsense, "X-RateLimit-Reset": NOON_AS_NUMBER}
        assert limited(connect, vendor, headers).retry_at == NOON

    @pytest.mark.parametrize("nonsense", ["soon", "nan", "inf", "1e300", "-1e300", ""])
    def test_nothing_that_makes_sense_is_no_time_at_all(self, connect: Connect, vendor: str, nonsense: str) -> None:
        assert limited(connect, vendor, {"X-RateLimit-Reset": nonsense}).retry_at is None

    def test_nothing_said_is_no_time_at_all(self, connect: Connect, vendor: str) -> None:
        assert limited(connect, vendor, {}).retry_at is None


class TestTruedysBody:
    def test_it_says_when(self, connect: Connect) -> None:
        details = {"limit": 100, "reset_at": "2026-03-10T12:00:00.000000Z"}
        assert limited(connect, "truedy", {}, details).retry_at == NOON

    def test_it_goes_before_all_headers(self, connect: Connect) -> None:
        headers = {"Retry-After": "999", "X-RateLimit-Reset": LATER_AS_NUMBER}
        assert limited(connect, "truedy", headers, {"reset_at": "2026-03-10T12:00:00Z"}).retry_at == NOON

    def test_a_time_in_another_zone_is_told_in_utc(self, connect: Connect) -> None:
        retry_at = limited(connect, "truedy", {}, {"reset_at": "2026-03-10T08:00:00-04:00"}).retry_at
        assert retry_at is not None
        assert (retry_at, retry_at.tzinfo) == (NOON, UTC)

    @pytest.mark.parametrize("nonsense", ["soon", "", None, 1773144000, {}, "0001-01-01T00:00:00+14:00"])
    def test_a_time_that_makes_no_sense_gives_way(self, connect: Connect, nonsense: Any) -> None:
        assert limited(connect, "truedy", {"Retry-After": NOON_AS_DATE}, {"reset_at": nonsense}).retry_at == NOON


def test_the_message_says_when(connect: Connect) -> None:
    error = limited(connect, "truedy", {"Retry-After": NOON_AS_DATE})
    assert str(error) == (
        "truedy get_campaign of 'c-1': too many requests: Slow down "
        "(HTTP 429, code rate_limit_exceeded, request req_1); try again after 2026-03-10T12:00:00Z"
    )
