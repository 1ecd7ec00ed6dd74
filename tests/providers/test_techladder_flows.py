"""TechLadder: what is particular about it, tried with plain values."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unibatch.core.errors import AuthenticationError, NotFound, PermissionDenied, RateLimited
from unibatch.core.flow import Request, Response
from unibatch.core.model import Account, AccountLimits, Campaign, Contact, Counts, Schedule
from unibatch.core.provider import CampaignFilter, ContactFilter
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.structuring import StructureError
from unibatch.providers.techladder import TechLadder
from unibatch.testing import play

CALL = {
    "call_id": "call_a1b2c3d4",
    "external_id": "101",
    "phone_number": "919876543210",
    "name": "John Doe",
    "status": "pending",
    "duration_seconds": None,
    "started_at": None,
    "ended_at": None,
    "metadata": {"Name": "John Doe", "Company Name": "Acme Corporation"},
}
BATCH = {
    "schedule_id": "sched_bdb2b840",
    "agent_id": "agt-1",
    "agent_name": "Sales",
    "version_id": "pmt-1",
    "status": "active",
    "start_mode": "scheduled",
    "voice": "Ava",
    "did_number": "918000000000",
    "total_contacts": 10,
    "completed_contacts": 4,
    "failed_contacts": 1,
    "pending_contacts": 5,
    "concurrency": 3,
    "recording_enabled": True,
    "scheduled_at": "2026-03-05T09:00:00Z",
    "started_at": "2026-03-05T09:00:02Z",
    "created_at": "2026-03-04T12:00:00Z",
    "updated_at": "2026-03-05T09:30:00Z",
}


@pytest.fixture
def techladder() -> TechLadder:
    return TechLadder({})


def enveloped(data: Any) -> dict[str, Any]:
    return {"status_code": 200, "message": "fetched successfully", "error": None, "data": data}


def contact_of(row: dict[str, Any]) -> Contact:
    flow = TechLadder({}).list_contacts("sched_1", 1, ContactFilter())
    return play(flow, enveloped({"items": [row], "total": 1, "page": 1, "limit": 500, "has_more": False})).value.items[
        0
    ]


def campaign_of(row: dict[str, Any]) -> Campaign:
    return play(TechLadder({}).get_campaign("sched_1"), enveloped(row)).value


class TestVocabulary:
    def test_calls(self) -> None:
        assert dict(TechLadder.call_statuses) == {
            "pending": CallStatus.PENDING,
            "queued": CallStatus.QUEUED,
            "ringing": CallStatus.RINGING,
            "answered": CallStatus.ANSWERED,
            "in_progress": CallStatus.IN_PROGRESS,
            "completed": CallStatus.COMPLETED,
            "failed": CallStatus.FAILED,
            "no_answer": CallStatus.NO_ANSWER,
            "busy": CallStatus.BUSY,
            "cancelled": CallStatus.CANCELLED,
        }

    def test_campaigns(self) -> None:
        assert dict(TechLadder.campaign_statuses) == {
            "pending": CampaignStatus.PENDING,
            "active": CampaignStatus.RUNNING,
            "completed": CampaignStatus.COMPLETED,
            "failed": CampaignStatus.FAILED,
            "cancelled": CampaignStatus.CANCELLED,
        }

    def test_the_filters_understand_every_word(self) -> None:
        assert TechLadder.call_statuses._filterable == set(TechLadder.call_statuses.words)
        assert TechLadder.campaign_statuses._filterable == set(TechLadder.campaign_statuses.words)


class TestRequests:
    def test_contacts_are_asked_for_by_the_five_hundred(self, techladder: TechLadder) -> None:
        request = next(techladder.list_contacts("sched_1", 3, ContactFilter()))
        assert request == Request(
            operation="list_contacts",
            path="/call-batches/sched_1/calls",
            query={"limit": "500", "page": "3"},
            subject="sched_1",
        )

    def test_campaigns_are_asked_for_by_the_hundred(self, techladder: TechLadder) -> None:
        request = next(techladder.list_campaigns(1, CampaignFilter()))
        assert request == Request(operation="list_campaigns", path="/call-batches", query={"limit": "100", "page": "1"})

    def test_a_campaign_is_asked_for_by_its_id(self, techladder: TechLadder) -> None:
        request = next(techladder.get_campaign("sched_1"))
        assert request == Request(operation="get_campaign", path="/call-batches/sched_1", subject="sched_1")

    def test_the_vendor_filters_contacts(self, techladder: TechLadder) -> None:
        wanted = ContactFilter(status=frozenset({CallStatus.BUSY}), external_id="101")
        query = next(techladder.list_contacts("sched_1", 1, wanted)).query
        assert (query["status"], query["external_id"]) == ("busy", "101")

    def test_the_vendor_filters_campaigns(self, techladder: TechLadder) -> None:
        wanted = CampaignFilter(status=frozenset({CampaignStatus.RUNNING}), agent_id="agt-1")
        query = next(techladder.list_campaigns(1, wanted)).query
        assert (query["status"], query["agent_id"]) == ("active", "agt-1")

    def test_a_word_that_the_vendor_would_refuse_is_not_sent(self, techladder: TechLadder) -> None:
        wanted = CampaignFilter(status=frozenset({CampaignStatus.PAUSED}))
        assert "status" not in next(techladder.list_campaigns(1, wanted)).query

    def test_the_key_is_a_bearer_token(self, techladder: TechLadder) -> None:
        assert techladder.headers("sk_1") == {"Authorization": "Bearer sk_1"}


class TestContacts:
    def test_as_documented(self) -> None:
        assert contact_of(CALL) == Contact(
            id="call_a1b2c3d4",
            provider="techladder",
            campaign_id="sched_1",
            phone_number="+919876543210",
            phone_valid=True,
            name="John Doe",
            external_id="101",
            fields={"Name": "John Doe", "Company Name": "Acme Corporation"},
            status=CallStatus.PENDING,
            vendor_status="pending",
            is_final=False,
            call_id="call_a1b2c3d4",
        )

    def test_a_call_that_took_place(self) -> None:
        contact = contact_of(
            CALL
            | {
                "status": "completed",
                "duration_seconds": 61,
                "started_at": "2026-03-05T09:00:00Z",
                "ended_at": "2026-03-05T09:01:01Z",
            }
        )
        assert contact.status is CallStatus.COMPLETED
        assert contact.duration == timedelta(seconds=61)
        assert contact.started_at == datetime(2026, 3, 5, 9, tzinfo=UTC)
        assert contact.ended_at == datetime(2026, 3, 5, 9, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize("number", ["919876543210", "+919876543210", "+91 98765 43210"])
    def test_numbers_come_without_a_plus_or_with_it(self, number: str) -> None:
        contact = contact_of(CALL | {"phone_number": number})
        assert (contact.phone_number, contact.phone_valid) == ("+919876543210", True)

    @pytest.mark.parametrize(("number", "kept"), [("12345", "12345"), ("0123456789", "0123456789"), (None, "")])
    def test_what_is_no_number_is_kept(self, number: str | None, kept: str) -> None:
        contact = contact_of(CALL | {"phone_number": number})
        assert (contact.phone_number, contact.phone_valid) == (kept, False)

    def test_metadata_are_found_by_the_key_as_it_was_sent(self) -> None:
        contact = contact_of(CALL)
        assert contact.field("company_name") == "Acme Corporation"
        assert dict(contact.fields) == {"Name": "John Doe", "Company Name": "Acme Corporation"}

    def test_queued_is_with_the_dialler(self) -> None:
        assert contact_of(CALL | {"status": "queued"}).status is CallStatus.QUEUED

    def test_an_external_id_may_come_as_a_number(self) -> None:
        assert contact_of(CALL | {"external_id": 101}).external_id == "101"

    def test_no_external_id(self) -> None:
        assert contact_of(CALL | {"external_id": None}).external_id is None

    @pytest.mark.parametrize("status", ["no_answer", "busy", "failed", "cancelled", "completed"])
    def test_an_attempt_that_is_over_is_final(self, status: str) -> None:
        assert contact_of(CALL | {"status": status}).is_final

    @pytest.mark.parametrize("status", ["pending", "queued", "ringing", "answered", "in_progress", "hibernating"])
    def test_an_attempt_that_is_not_over_is_not_final(self, status: str) -> None:
        assert not contact_of(CALL | {"status": status}).is_final

    def test_the_raw_mapping_is_kept(self) -> None:
        assert contact_of(CALL).raw == CALL

    @pytest.mark.parametrize("row", [{}, {"call_id": ""}, {"call_id": None}])
    def test_a_call_without_an_id_is_malformed(self, row: dict[str, Any]) -> None:
        with pytest.raises(StructureError) as caught:
            contact_of(row)
        assert caught.value.path.startswith("$.data.items[0]")


class TestCampaigns:
    def test_as_documented(self) -> None:
        assert campaign_of(BATCH) == Campaign(
            id="sched_bdb2b840",
            provider="techladder",
            status=CampaignStatus.RUNNING,
            vendor_status="active",
            agent_id="agt-1",
            from_numbers=("+918000000000",),
            counts=Counts(total=10, succeeded=4, failed=1, pending=5),
            schedule=Schedule(start=datetime(2026, 3, 5, 9, tzinfo=UTC)),
            max_concurrency=3,
            created_at=datetime(2026, 3, 4, 12, tzinfo=UTC),
            updated_at=datetime(2026, 3, 5, 9, 30, tzinfo=UTC),
            started_at=datetime(2026, 3, 5, 9, 0, 2, tzinfo=UTC),
        )

    def test_a_batch_has_no_name(self) -> None:
        assert campaign_of(BATCH).name is None

    @pytest.mark.parametrize("key", ["schedule_id", "batch_id", "id"])
    def test_the_id_is_found_under_any_of_three_keys(self, key: str) -> None:
        assert campaign_of({key: "sched_1"}) == Campaign(
            id="sched_1", provider="techladder", status=CampaignStatus.UNKNOWN
        )

    def test_the_documented_key_wins(self) -> None:
        assert campaign_of({"id": "other", "batch_id": "another", "schedule_id": "sched_1"}).id == "sched_1"

    @pytest.mark.parametrize("row", [{}, {"schedule_id": None}, {"schedule_id": ""}])
    def test_a_batch_without_any_is_malformed(self, row: dict[str, Any]) -> None:
        with pytest.raises(StructureError) as caught:
            campaign_of(row)
        assert (caught.value.path, caught.value.reason) == ("$.data.schedule_id", "missing or empty")

    def test_a_batch_in_a_list_is_named_by_its_path(self, techladder: TechLadder) -> None:
        with pytest.raises(StructureError) as caught:
            play(techladder.list_campaigns(1, CampaignFilter()), enveloped({"items": [BATCH, {}]}))
        assert caught.value.path == "$.data.items[1].schedule_id"

    def test_a_page_of_batches(self, techladder: TechLadder) -> None:
        body = enveloped({"items": [BATCH], "total": 7, "page": 1, "limit": 100, "has_more": True})
        page = play(techladder.list_campaigns(1, CampaignFilter()), body).value
        assert ([campaign.id for campaign in page.items], page.total, page.has_more) == (["sched_bdb2b840"], 7, True)


class TestAccount:
    def test_as_documented(self, techladder: TechLadder) -> None:
        data = {
            "account_id": "acc_1",
            "name": "Acme",
            "email": "ops@example.com",
            "limits": {
                "max_batch_size": 10_000,
                "max_concurrent_calls": 20,
                "max_call_duration_seconds": 900,
                "rate_limit_per_minute": 300,
            },
        }
        played = play(techladder.get_account(), enveloped(data))
        assert played.request == Request(operation="get_account", path="/me")
        assert played.value == Account(
            id="acc_1",
            provider="techladder",
            name="Acme",
            email="ops@example.com",
            limits=AccountLimits(
                max_contacts=10_000,
                max_concurrency=20,
                max_call_duration=timedelta(minutes=15),
                requests_per_minute=300,
            ),
        )
        assert played.value.raw == data

    def test_without_limits(self, techladder: TechLadder) -> None:
        account = play(techladder.get_account(), enveloped({"account_id": "acc_1"})).value
        assert account == Account(id="acc_1", provider="techladder")

    def test_a_limit_that_cannot_be_read_is_none_and_named_once(
        self, techladder: TechLadder, caplog: pytest.LogCaptureFixture
    ) -> None:
        data = {"account_id": "acc_1", "limits": {"max_call_duration_seconds": 1e300, "max_batch_size": 10}}
        path = "$.data.limits.max_call_duration_seconds"
        for _ in range(2):
            limits = play(techladder.get_account(), enveloped(data)).value.limits
            assert limits == AccountLimits(max_contacts=10)
        assert [record.getMessage() for record in caplog.records] == [
            f"techladder: {path} cannot be read and is left out; the value is kept in raw"
        ]


class TestRefusals:
    def refusal(self, content: bytes, **headers: str) -> Any:
        return TechLadder({}).refusal(Response(status=400, content=content, headers=headers))

    def test_the_error_envelope(self) -> None:
        refusal = self.refusal(
            b'{"status_code": 404, "message": "Batch not found",'
            b' "error": {"code": "NOT_FOUND", "details": ["No batch found with id sched_1"]}, "data": null}'
        )
        assert (refusal.code, refusal.message) == ("NOT_FOUND", "Batch not found")
        assert (refusal.details, refusal.field_errors) == (["No batch found with id sched_1"], {})

    def test_details_name_fields(self) -> None:
        refusal = self.refusal(
            b'{"error": {"code": "VALIDATION_ERROR", "details":'
            b' ["limit: must be at most 500", "contacts.0.phone_number: too short: 9 digits", "Try again: later"]}}'
        )
        assert refusal.field_errors == {
            "limit": "must be at most 500",
            "contacts.0.phone_number": "too short: 9 digits",
        }

    def test_the_request_id_stands_in_a_header(self) -> None:
        assert self.refusal(b"{}", **{"x-request-id": "req_1"}).request_id == "req_1"

    @pytest.mark.parametrize(
        "content", [b'{"error": null}', b'{"error": "x"}', b'{"error": {"details": {}}}', b"<html>"]
    )
    def test_other_bodies_say_little(self, content: bytes) -> None:
        refusal = self.refusal(content)
        assert (refusal.code, refusal.field_errors) == (None, {})

    def test_codes_that_tell_the_kind(self) -> None:
        assert dict(TechLadder.error_codes) == {
            "UNAUTHORIZED": AuthenticationError,
            "FORBIDDEN": PermissionDenied,
            "NOT_FOUND": NotFound,
            "RATE_LIMITED": RateLimited,
        }


def test_what_the_api_does_not_offer_is_declared_so() -> None:
    unavailable = {name for name, support in TechLadder.capabilities.operations.items() if not support.available}
    assert unavailable == {
        "add_contacts",
        "start_campaign",
        "pause_campaign",
        "resume_campaign",
        "reschedule_campaign",
        "cancel_campaign",
        "delete_campaign",
        "retry_campaign",
    }
