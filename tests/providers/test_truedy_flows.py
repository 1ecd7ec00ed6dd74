"""Truedy: what is particular about it, tried with plain values."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from unibatch.core.errors import UnsupportedFeature
from unibatch.core.flow import Request, Response
from unibatch.core.model import Campaign, Contact, Counts, Money, RedialPolicy, Schedule
from unibatch.core.provider import CampaignFilter, ContactFilter
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.structuring import StructureError
from unibatch.providers.truedy import Truedy
from unibatch.testing import play

META = {"request_id": "req_32e7531c-8", "ts": "2026-03-10T17:00:00.000000Z"}

CONTACT_OF_SCHEMA = {
    "contact_id": "ctc_aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "phone_number": "+15551234567",
    "first_name": "John",
    "call_status": "completed",
    "call_id": "call_a1b2c3d4",
    "called_at": "2026-03-05T09:15:00.000000Z",
}
CONTACT_OF_EXAMPLE = {
    "id": "cnt_d4e5f6a7",
    "name": "Jane Doe",
    "phone": "+12125551234",
    "call_status": "completed",
    "call_id": "call_a1b2c3d4",
    "called_at": "2026-04-05T10:00:00Z",
}
CAMPAIGN_OF_SCHEMA = {
    "id": "batch_m1n2o3p4",
    "name": "March follow-up campaign",
    "agent_id": "agt_f9447372",
    "status": "active",
    "phone_number_ids": ["num_11111111-1111-1111-1111-111111111111"],
    "phone_rotation_strategy": "random",
    "total_contacts": 500,
    "completed_contacts": 350,
    "successful_contacts": 280,
    "failed_contacts": 70,
    "voicemail_contacts": 45,
    "no_answer_contacts": 25,
    "total_cost_usd": 147.5,
    "average_duration_seconds": 187,
    "schedule_type": "scheduled",
    "scheduled_at": "2026-03-20T09:00:00Z",
    "max_calls_per_day": 500,
    "created_at": "2026-03-05T10:00:00.000000Z",
    "updated_at": "2026-03-05T15:30:00.000000Z",
}
CAMPAIGN_OF_EXAMPLE = {
    "id": "batch_c3d4e5f6",
    "name": "Q2 Outreach Campaign",
    "status": "running",
    "agent_id": "agt_f9447372",
    "from_number": "+18005559876",
    "schedule_type": "immediate",
    "scheduled_at": None,
    "timezone": "America/New_York",
    "concurrency": 5,
    "retry_attempts": 2,
    "total_contacts": 500,
    "called": 120,
    "completed": 80,
    "failed": 40,
    "pending": 380,
    "created_at": "2026-04-01T09:00:00Z",
    "updated_at": "2026-04-05T10:22:00Z",
}


@pytest.fixture
def truedy() -> Truedy:
    return Truedy({})


def contact_of(row: dict[str, Any]) -> Contact:
    flow = Truedy({}).list_contacts("batch_1", 0, ContactFilter())
    return play(flow, {"data": [row], "meta": META}).value.items[0]


def campaign_of(row: dict[str, Any]) -> Campaign:
    return play(Truedy({}).get_campaign(str(row.get("id", "x"))), {"data": row, "meta": META}).value


class TestVocabulary:
    def test_calls(self) -> None:
        assert dict(Truedy.call_statuses) == {
            "pending": CallStatus.PENDING,
            "scheduled": CallStatus.PENDING,
            "queued": CallStatus.QUEUED,
            "ringing": CallStatus.RINGING,
            "in-progress": CallStatus.IN_PROGRESS,
            "completed": CallStatus.COMPLETED,
            "ended": CallStatus.COMPLETED,
            "voicemail": CallStatus.VOICEMAIL,
            "no_answer": CallStatus.NO_ANSWER,
            "failed": CallStatus.FAILED,
            "cancelled": CallStatus.CANCELLED,
        }

    def test_campaigns(self) -> None:
        assert dict(Truedy.campaign_statuses) == {
            "draft": CampaignStatus.DRAFT,
            "scheduled": CampaignStatus.SCHEDULED,
            "active": CampaignStatus.RUNNING,
            "running": CampaignStatus.RUNNING,
            "paused": CampaignStatus.PAUSED,
            "completed": CampaignStatus.COMPLETED,
            "failed": CampaignStatus.FAILED,
            "cancelled": CampaignStatus.CANCELLED,
        }

    def test_the_filters_words_are_in_the_tables(self) -> None:
        assert Truedy.call_statuses._filterable <= set(Truedy.call_statuses.words)
        assert Truedy.campaign_statuses._filterable <= set(Truedy.campaign_statuses.words)


class TestRequests:
    def test_contacts_are_asked_for_by_the_hundred(self, truedy: Truedy) -> None:
        request = next(truedy.list_contacts("batch_1", 200, ContactFilter()))
        assert request == Request(
            operation="list_contacts",
            path="/batch-calls/batch_1/contacts",
            query={"limit": "100", "offset": "200"},
            subject="batch_1",
        )

    def test_campaigns_are_asked_for_by_the_hundred(self, truedy: Truedy) -> None:
        request = next(truedy.list_campaigns(0, CampaignFilter()))
        assert request == Request(
            operation="list_campaigns", path="/batch-calls", query={"limit": "100", "offset": "0"}
        )

    def test_a_campaign_is_asked_for_by_its_id(self, truedy: Truedy) -> None:
        request = next(truedy.get_campaign("batch_1"))
        assert request == Request(operation="get_campaign", path="/batch-calls/batch_1", subject="batch_1")

    def test_the_vendor_filters_contacts_by_status(self, truedy: Truedy) -> None:
        wanted = ContactFilter(status=frozenset({CallStatus.NO_ANSWER}))
        assert next(truedy.list_contacts("batch_1", 0, wanted)).query["status"] == "no_answer"

    @pytest.mark.parametrize("status", [CallStatus.PENDING, CallStatus.COMPLETED, CallStatus.BUSY])
    def test_the_vendor_does_not_filter_by_a_status_that_it_has_two_words_for_or_none(
        self, truedy: Truedy, status: CallStatus
    ) -> None:
        wanted = ContactFilter(status=frozenset({status}))
        assert "status" not in next(truedy.list_contacts("batch_1", 0, wanted)).query

    def test_running_is_not_left_to_the_vendors_filter(self, truedy: Truedy) -> None:
        # It knows "active" only, and examples show "running" as well.
        wanted = CampaignFilter(status=frozenset({CampaignStatus.RUNNING}))
        assert "status" not in next(truedy.list_campaigns(0, wanted)).query

    def test_the_vendor_filters_campaigns_by_status_and_agent(self, truedy: Truedy) -> None:
        wanted = CampaignFilter(status=frozenset({CampaignStatus.PAUSED}), agent_id="agt_1")
        query = next(truedy.list_campaigns(0, wanted)).query
        assert (query["status"], query["agent_id"]) == ("paused", "agt_1")

    def test_the_key_is_a_bearer_token(self, truedy: Truedy) -> None:
        assert truedy.headers("key") == {"Authorization": "Bearer key"}

    def test_there_is_no_account(self, truedy: Truedy) -> None:
        with pytest.raises(UnsupportedFeature):
            truedy.get_account()


class TestContacts:
    def test_in_the_shape_of_the_schema(self) -> None:
        assert contact_of(CONTACT_OF_SCHEMA) == Contact(
            id="ctc_aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            provider="truedy",
            campaign_id="batch_1",
            phone_number="+15551234567",
            phone_valid=True,
            name="John",
            first_name="John",
            status=CallStatus.COMPLETED,
            vendor_status="completed",
            is_final=True,
            call_id="call_a1b2c3d4",
            last_attempt_at=datetime(2026, 3, 5, 9, 15, tzinfo=UTC),
        )

    def test_in_the_shape_of_the_example(self) -> None:
        assert contact_of(CONTACT_OF_EXAMPLE) == Contact(
            id="cnt_d4e5f6a7",
            provider="truedy",
            campaign_id="batch_1",
            phone_number="+12125551234",
            phone_valid=True,
            name="Jane Doe",
            status=CallStatus.COMPLETED,
            vendor_status="completed",
            is_final=True,
            call_id="call_a1b2c3d4",
            last_attempt_at=datetime(2026, 4, 5, 10, tzinfo=UTC),
        )

    def test_the_two_shapes_can_be_mixed_on_one_page(self, truedy: Truedy) -> None:
        flow = truedy.list_contacts("batch_1", 0, ContactFilter())
        page = play(flow, {"data": [CONTACT_OF_SCHEMA, CONTACT_OF_EXAMPLE]}).value
        assert [contact.name for contact in page.items] == ["John", "Jane Doe"]
        assert [dict(contact.raw) for contact in page.items] == [CONTACT_OF_SCHEMA, CONTACT_OF_EXAMPLE]

    @pytest.mark.parametrize(
        ("first", "last", "name"),
        [("Jane", "Doe", "Jane Doe"), ("Jane", None, "Jane"), (None, "Doe", "Doe"), (None, None, None)],
    )
    def test_the_full_name_is_put_together(self, first: str | None, last: str | None, name: str | None) -> None:
        assert contact_of(CONTACT_OF_SCHEMA | {"first_name": first, "last_name": last}).name == name

    def test_custom_fields_are_kept(self) -> None:
        assert contact_of(CONTACT_OF_SCHEMA | {"custom_fields": {"plan": "pro"}}).fields == {"plan": "pro"}

    @pytest.mark.parametrize("word", ["in-progress", "in_progress", "In Progress"])
    def test_the_hyphen_of_in_progress_does_not_matter(self, word: str) -> None:
        assert contact_of(CONTACT_OF_SCHEMA | {"call_status": word}).status is CallStatus.IN_PROGRESS

    def test_ended_is_completed(self) -> None:
        contact = contact_of(CONTACT_OF_SCHEMA | {"call_status": "ended"})
        assert (contact.status, contact.vendor_status) == (CallStatus.COMPLETED, "ended")

    def test_scheduled_is_pending(self) -> None:
        assert contact_of(CONTACT_OF_SCHEMA | {"call_status": "scheduled"}).status is CallStatus.PENDING

    def test_an_unknown_word_does_not_break_a_listing(self) -> None:
        contact = contact_of(CONTACT_OF_SCHEMA | {"call_status": "hibernating"})
        assert (contact.status, contact.vendor_status, contact.is_final) == (CallStatus.UNKNOWN, "hibernating", False)

    @pytest.mark.parametrize(
        ("row", "key"),
        [({"phone": "+12125551234"}, "id"), ({"id": ""}, "id"), ({"phone_number": "+12125551234"}, "contact_id")],
    )
    def test_a_contact_without_an_id_is_malformed(self, row: dict[str, Any], key: str) -> None:
        with pytest.raises(StructureError) as caught:
            contact_of(row)
        assert (caught.value.path, caught.value.reason) == (f"$.data[0].{key}", "missing or empty")

    def test_a_wrong_type_is_named_by_its_path(self) -> None:
        with pytest.raises(StructureError) as caught:
            contact_of(CONTACT_OF_SCHEMA | {"call_status": 3})
        assert (caught.value.path, caught.value.reason) == ("$.data[0].call_status", "Expected `str`, got `int`")


class TestCampaigns:
    def test_in_the_shape_of_the_schema(self) -> None:
        assert campaign_of(CAMPAIGN_OF_SCHEMA) == Campaign(
            id="batch_m1n2o3p4",
            provider="truedy",
            name="March follow-up campaign",
            status=CampaignStatus.RUNNING,
            vendor_status="active",
            agent_id="agt_f9447372",
            from_numbers=("num_11111111-1111-1111-1111-111111111111",),
            counts=Counts(total=500, attempted=350, succeeded=280, failed=70, voicemail=45, no_answer=25),
            schedule=Schedule(start=datetime(2026, 3, 20, 9, tzinfo=UTC), max_calls_per_day=500),
            cost=Money(Decimal("147.5"), "USD"),
            average_duration=timedelta(seconds=187),
            created_at=datetime(2026, 3, 5, 10, tzinfo=UTC),
            updated_at=datetime(2026, 3, 5, 15, 30, tzinfo=UTC),
        )

    def test_in_the_shape_of_the_example(self) -> None:
        assert campaign_of(CAMPAIGN_OF_EXAMPLE) == Campaign(
            id="batch_c3d4e5f6",
            provider="truedy",
            name="Q2 Outreach Campaign",
            status=CampaignStatus.RUNNING,
            vendor_status="running",
            agent_id="agt_f9447372",
            from_numbers=("+18005559876",),
            counts=Counts(total=500, attempted=120, succeeded=80, failed=40, pending=380),
            schedule=Schedule(timezone="America/New_York"),
            max_concurrency=5,
            retry=RedialPolicy(max_attempts=3),
            created_at=datetime(2026, 4, 1, 9, tzinfo=UTC),
            updated_at=datetime(2026, 4, 5, 10, 22, tzinfo=UTC),
        )

    def test_completed_contacts_means_attempted(self) -> None:
        counts = campaign_of({"id": "b", "completed_contacts": 350, "successful_contacts": 280}).counts
        assert (counts.attempted, counts.succeeded) == (350, 280)

    def test_completed_means_succeeded(self) -> None:
        counts = campaign_of({"id": "b", "called": 350, "completed": 280}).counts
        assert (counts.attempted, counts.succeeded) == (350, 280)

    def test_zero_is_not_none(self) -> None:
        counts = campaign_of({"id": "b", "completed_contacts": 0, "called": 7}).counts
        assert (counts.attempted, counts.succeeded) == (0, None)

    def test_one_attempt_more_than_retries(self) -> None:
        assert campaign_of({"id": "b", "retry_attempts": 0}).retry == RedialPolicy(max_attempts=1)
        assert campaign_of({"id": "b"}).retry is None

    @pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity"])
    def test_a_cost_that_is_no_amount_is_none(self, amount: str) -> None:
        assert campaign_of({"id": "b", "total_cost_usd": amount}).cost is None

    @pytest.mark.parametrize(
        ("end", "is_read"),
        [("24:00", time(0)), ("9:30", time(9, 30)), ("09:30:15", time(9, 30, 15)), ("soon", None), (930, None)],
    )
    def test_the_end_of_the_window_is_read_where_it_is_plain(self, end: Any, is_read: time | None) -> None:
        schedule = campaign_of({"id": "b", "start_time": "08:00", "end_time": end}).schedule
        assert schedule == Schedule(window_start=time(8), window_end=is_read)

    def test_the_daily_window(self) -> None:
        campaign = campaign_of({"id": "b", "start_time": "09:00", "end_time": "17:30", "working_days": [1, 5]})
        assert campaign.schedule == Schedule(window_start=time(9), window_end=time(17, 30), weekdays=(1, 5))

    def test_the_least_that_an_answer_can_hold(self) -> None:
        assert campaign_of({"id": "b"}) == Campaign(id="b", provider="truedy", status=CampaignStatus.UNKNOWN)

    def test_the_raw_mapping_is_kept(self) -> None:
        assert campaign_of(CAMPAIGN_OF_SCHEMA).raw == CAMPAIGN_OF_SCHEMA

    def test_a_campaign_in_a_list_is_named_by_its_path(self, truedy: Truedy) -> None:
        with pytest.raises(StructureError) as caught:
            play(truedy.list_campaigns(0, CampaignFilter()), {"data": [CAMPAIGN_OF_SCHEMA, {"id": ""}]})
        assert caught.value.path == "$.data[1].id"

    def test_a_campaign_by_itself_is_named_by_its_path(self) -> None:
        with pytest.raises(StructureError) as caught:
            campaign_of(CAMPAIGN_OF_SCHEMA | {"status": 1})
        assert caught.value.path == "$.data.status"


class TestPages:
    def test_the_pagination_is_taken_as_it_is(self, truedy: Truedy) -> None:
        body = {
            "data": [CONTACT_OF_SCHEMA],
            "meta": META,
            "pagination": {"total": 500, "limit": 50, "offset": 0, "has_more": True},
        }
        page = play(truedy.list_contacts("batch_1", 0, ContactFilter()), body).value
        assert (len(page.items), page.total, page.has_more) == (1, 500, True)

    @pytest.mark.parametrize("body", [{"data": []}, {"data": [], "pagination": None}, {"data": [], "pagination": {}}])
    def test_a_page_may_come_without_it(self, truedy: Truedy, body: dict[str, Any]) -> None:
        page = play(truedy.list_contacts("batch_1", 0, ContactFilter()), body).value
        assert (list(page.items), page.total, page.has_more) == ([], None, None)


class TestRefusals:
    def refusal(self, status: int, content: bytes) -> Any:
        return Truedy({}).refusal(Response(status=status, content=content))

    def test_the_error_envelope(self) -> None:
        refusal = self.refusal(
            404,
            b'{"error": {"code": "not_found", "message": "The requested resource does not exist",'
            b' "details": {"resource": "agent", "id": "agt_invalid"}}, "meta": {"request_id": "req_1"}}',
        )
        assert (refusal.code, refusal.message) == ("not_found", "The requested resource does not exist")
        assert (refusal.details, refusal.request_id) == ({"resource": "agent", "id": "agt_invalid"}, "req_1")

    def test_a_validation_error_in_the_envelope(self) -> None:
        refusal = self.refusal(
            422,
            b'{"error": {"code": "validation_error", "message": "Invalid",'
            b' "details": {"field": "name", "reason": "too long"}}}',
        )
        assert (refusal.code, refusal.field_errors) == ("validation_error", {"name": "too long"})

    def test_a_validation_error_as_the_schema_has_it(self) -> None:
        refusal = self.refusal(
            422,
            b'{"detail": [{"loc": ["body", "contacts", 0, "phone_number"], "msg": "bad pattern"},'
            b' {"loc": ["query"], "msg": "missing"}]}',
        )
        assert refusal.code is None
        assert refusal.field_errors == {"contacts.0.phone_number": "bad pattern", "query": "missing"}

    def test_a_rate_limit_says_until_when(self) -> None:
        refusal = self.refusal(
            429,
            b'{"error": {"code": "rate_limit_exceeded", "message": "Slow down",'
            b' "details": {"limit": 100, "reset_at": "2026-03-05T09:01:00Z"}}}',
        )
        assert refusal.retry_at == datetime(2026, 3, 5, 9, 1, tzinfo=UTC)

    @pytest.mark.parametrize("reset_at", [b"null", b'"soon"', b"1772701260", b"[]"])
    def test_a_rate_limit_may_say_nonsense(self, reset_at: bytes) -> None:
        refusal = self.refusal(429, b'{"error": {"details": {"reset_at": ' + reset_at + b"}}}")
        assert refusal.retry_at is None

    def test_a_page_of_a_proxy_says_nothing(self) -> None:
        refusal = self.refusal(502, b"<html>Bad Gateway</html>")
        assert (refusal.code, refusal.message, refusal.details, refusal.field_errors) == (None, None, None, {})

    def test_reasons_too_long_or_too_deep_to_be_written_are_no_obstacle(self) -> None:
        number, deep = b"9" * 5000, b"[" * 400 + b"]" * 400
        for reason in (number, deep):
            self.refusal(422, b'{"error": {"details": {"field": "x", "reason": ' + reason + b"}}}")
            self.refusal(422, b'{"detail": [{"loc": [' + reason + b'], "msg": ' + reason + b"}]}")
