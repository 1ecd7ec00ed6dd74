"""Truedy: what is particular about it, tried with plain values.

The documented examples, whole, are in ``tests/documents/test_truedy_documents.py``.
"""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from unibatch.core.errors import UnsupportedFeature
from unibatch.core.flow import Response
from unibatch.core.model import Campaign, Contact, Counts, RedialPolicy, Schedule
from unibatch.core.provider import CampaignFilter, ContactFilter
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.structuring import StructureError
from unibatch.providers.truedy import Truedy
from unibatch.testing import play

TRUEDY = Truedy({})
SCHEMA = {"contact_id": "ctc_1", "phone_number": "+15551234567", "first_name": "John", "call_status": "completed"}
EXAMPLE = {"id": "cnt_2", "name": "Jane Doe", "phone": "+12125551234", "call_status": "completed"}


def contact_of(row: dict[str, Any]) -> Contact:
    return play(TRUEDY.list_contacts("batch_1", 0, ContactFilter()), {"data": [row]}).value.items[0]


def campaign_of(**row: Any) -> Campaign:
    return play(TRUEDY.get_campaign("b"), {"data": {"id": "b", **row}}).value


class TestRequests:
    @pytest.mark.parametrize(
        ("status", "word"),
        [
            (CallStatus.FAILED, "failed"),
            (CallStatus.NO_ANSWER, None),  # the spelling is not documented for the filter
            (CallStatus.PENDING, None),  # two words
            (CallStatus.BUSY, None),  # no word
            (CallStatus.IN_PROGRESS, None),  # spelled with a hyphen in the guide to another endpoint only
        ],
    )
    def test_the_vendor_filters_contacts_by_a_status_that_has_one_word(
        self, status: CallStatus, word: str | None
    ) -> None:
        wanted = ContactFilter(status=frozenset({status}))
        assert next(TRUEDY.list_contacts("batch_1", 0, wanted)).query.get("status") == word

    @pytest.mark.parametrize(
        ("status", "word"),
        [
            (CampaignStatus.PAUSED, "paused"),
            (CampaignStatus.RUNNING, None),  # its filter knows "active" only, and examples show "running" as well
        ],
    )
    def test_the_vendor_filters_campaigns_by_status_and_not_by_agent(
        self, status: CampaignStatus, word: str | None
    ) -> None:
        wanted = CampaignFilter(status=frozenset({status}), agent_id="agt_1")
        query = next(TRUEDY.list_campaigns(0, wanted)).query
        assert (query.get("status"), "agent_id" in query) == (word, False)

    def test_there_is_no_account(self) -> None:
        with pytest.raises(UnsupportedFeature):
            TRUEDY.get_account()


class TestContacts:
    def test_the_two_shapes_can_be_mixed_on_one_page(self) -> None:
        page = play(TRUEDY.list_contacts("batch_1", 0, ContactFilter()), {"data": [SCHEMA, EXAMPLE]}).value
        assert [contact.name for contact in page.items] == ["John", "Jane Doe"]
        assert [dict(contact.raw) for contact in page.items] == [SCHEMA, EXAMPLE]

    @pytest.mark.parametrize(
        ("first", "last", "name"),
        [("Jane", "Doe", "Jane Doe"), ("Jane", None, "Jane"), (None, "Doe", "Doe"), (None, None, None)],
    )
    def test_the_full_name_is_put_together(self, first: str | None, last: str | None, name: str | None) -> None:
        assert contact_of(SCHEMA | {"first_name": first, "last_name": last}).name == name

    def test_custom_fields_are_kept(self) -> None:
        assert contact_of(SCHEMA | {"custom_fields": {"plan": "pro"}}).fields == {"plan": "pro"}

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("in-progress", CallStatus.IN_PROGRESS),
            ("in_progress", CallStatus.IN_PROGRESS),
            ("ended", CallStatus.COMPLETED),
            ("scheduled", CallStatus.PENDING),
            ("hibernating", CallStatus.UNKNOWN),
        ],
    )
    def test_the_vendors_word_is_kept_beside_the_status(self, word: str, status: CallStatus) -> None:
        contact = contact_of(SCHEMA | {"call_status": word})
        assert (contact.status, contact.vendor_status, contact.is_final) == (status, word, status.is_terminal)

    @pytest.mark.parametrize(
        ("row", "path", "reason"),
        [
            ({"phone": "+12125551234"}, "$.data[0].id", "missing or empty"),
            ({"id": ""}, "$.data[0].id", "missing or empty"),
            ({"phone_number": "+12125551234"}, "$.data[0].contact_id", "missing or empty"),
            (SCHEMA | {"call_status": 3}, "$.data[0].call_status", "Expected `str`, got `int`"),
        ],
    )
    def test_what_is_malformed_is_named_by_its_path(self, row: dict[str, Any], path: str, reason: str) -> None:
        with pytest.raises(StructureError) as caught:
            contact_of(row)
        assert (caught.value.path, caught.value.reason) == (path, reason)


class TestCampaigns:
    @pytest.mark.parametrize(
        ("row", "counts"),
        [
            ({"completed_contacts": 350, "successful_contacts": 280}, Counts(attempted=350, succeeded=280)),
            ({"called": 350, "completed": 280}, Counts(attempted=350, succeeded=280)),
            ({"completed_contacts": 0, "called": 7}, Counts(attempted=0)),
        ],
    )
    def test_completed_contacts_means_attempted_and_completed_means_succeeded(
        self, row: dict[str, int], counts: Counts
    ) -> None:
        assert campaign_of(**row).counts == counts

    def test_one_attempt_more_than_retries(self) -> None:
        assert campaign_of(retry_attempts=0).retry == RedialPolicy(max_attempts=1)
        assert campaign_of().retry is None

    @pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity"])
    def test_a_cost_that_is_no_amount_is_none(self, amount: str) -> None:
        assert campaign_of(total_cost_usd=amount).cost is None

    @pytest.mark.parametrize(
        ("end", "is_read"),
        [("24:00", time(0)), ("9:30", time(9, 30)), ("09:30:15", time(9, 30, 15)), ("soon", None), (930, None)],
    )
    def test_the_end_of_the_window_is_read_where_it_is_plain(self, end: Any, is_read: time | None) -> None:
        schedule = campaign_of(start_time="08:00", end_time=end).schedule
        assert schedule == Schedule(window_start=time(8), window_end=is_read)

    def test_the_daily_window(self) -> None:
        campaign = campaign_of(start_time="09:00", end_time="17:30", working_days=[1, 5])
        assert campaign.schedule == Schedule(window_start=time(9), window_end=time(17, 30), weekdays=(1, 5))

    def test_the_least_that_an_answer_can_hold(self) -> None:
        assert campaign_of() == Campaign(id="b", provider="truedy", status=CampaignStatus.UNKNOWN)

    def test_what_is_malformed_is_named_by_its_path(self) -> None:
        wrong = {"id": "b", "status": 1}
        with pytest.raises(StructureError) as caught:
            campaign_of(**wrong)
        assert caught.value.path == "$.data.status"
        with pytest.raises(StructureError) as caught:
            play(TRUEDY.list_campaigns(0, CampaignFilter()), {"data": [{"id": "b"}, wrong]})
        assert caught.value.path == "$.data[1].status"


@pytest.mark.parametrize("pagination", [{}, {"pagination": None}, {"pagination": {}}])
def test_a_page_may_come_without_pagination(pagination: dict[str, Any]) -> None:
    page = play(TRUEDY.list_contacts("batch_1", 0, ContactFilter()), {"data": [], **pagination}).value
    assert (list(page.items), page.total, page.has_more) == ([], None, None)


class TestRefusals:
    def refusal(self, content: bytes) -> Any:
        return TRUEDY.refusal(Response(status=422, content=content))

    def test_the_error_envelope(self) -> None:
        refusal = self.refusal(
            b'{"error": {"code": "validation_error", "message": "Invalid",'
            b' "details": {"field": "name", "reason": "too long"}}, "meta": {"request_id": "req_1"}}'
        )
        assert (refusal.code, refusal.message, refusal.request_id) == ("validation_error", "Invalid", "req_1")
        assert refusal.details == {"field": "name", "reason": "too long"}
        assert refusal.field_errors == {"name": "too long"}

    def test_a_validation_error_as_the_schema_has_it(self) -> None:
        refusal = self.refusal(
            b'{"detail": [{"loc": ["body", "contacts", 0, "phone_number"], "msg": "bad pattern"},'
            b' {"loc": ["query"], "msg": "missing"}]}'
        )
        assert refusal.code is None
        assert refusal.field_errors == {"contacts.0.phone_number": "bad pattern", "query": "missing"}

    @pytest.mark.parametrize(
        ("reset_at", "retry_at"),
        [
            (b'"2026-03-05T09:01:00Z"', datetime(2026, 3, 5, 9, 1, tzinfo=UTC)),
            *((nonsense, None) for nonsense in (b"null", b'"soon"', b"1772701260", b"[]")),
        ],
    )
    def test_a_rate_limit_says_until_when_or_nonsense(self, reset_at: bytes, retry_at: datetime | None) -> None:
        assert self.refusal(b'{"error": {"details": {"reset_at": ' + reset_at + b"}}}").retry_at == retry_at

    def test_a_page_of_a_proxy_says_nothing(self) -> None:
        refusal = self.refusal(b"<html>Bad Gateway</html>")
        assert (refusal.code, refusal.message, refusal.details, refusal.field_errors) == (None, None, None, {})

    @pytest.mark.parametrize("reason", [b"9" * 5000, b"[" * 400 + b"]" * 400], ids=["long", "deep"])
    def test_a_reason_that_cannot_be_written_does_no_harm(self, reason: bytes) -> None:
        self.refusal(b'{"error": {"details": {"field": "x", "reason": ' + reason + b"}}}")
        self.refusal(b'{"detail": [{"loc": [' + reason + b'], "msg": ' + reason + b"}]}")
