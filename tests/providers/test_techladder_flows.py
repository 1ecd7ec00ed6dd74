"""TechLadder: what is particular about it, tried with plain values.

The documented example of a call, whole, is in ``tests/documents/test_techladder_documents.py``.
"""

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

TECHLADDER = TechLadder({})
BATCH = {
    "schedule_id": "sched_bdb2b840",
    "agent_id": "agt-1",
    "agent_name": "Sales",
    "status": "active",
    "start_mode": "scheduled",
    "did_number": "918000000000",
    "total_contacts": 10,
    "completed_contacts": 4,
    "failed_contacts": 1,
    "pending_contacts": 5,
    "concurrency": 3,
    "scheduled_at": "2026-03-05T09:00:00Z",
    "started_at": "2026-03-05T09:00:02Z",
    "created_at": "2026-03-04T12:00:00Z",
    "updated_at": "2026-03-05T09:30:00Z",
}


def enveloped(data: Any) -> dict[str, Any]:
    return {"status_code": 200, "message": "fetched successfully", "error": None, "data": data}


def contact_of(**row: Any) -> Contact:
    answer = enveloped({"items": [{"call_id": "call_1", **row}], "total": 1, "page": 1, "has_more": False})
    return play(TECHLADDER.list_contacts("sched_1", 1, ContactFilter()), answer).value.items[0]


def campaign_of(row: dict[str, Any]) -> Campaign:
    return play(TECHLADDER.get_campaign("sched_1"), enveloped(row)).value


class TestRequests:
    def test_the_vendor_filters_contacts(self) -> None:
        wanted = ContactFilter(status=frozenset({CallStatus.BUSY}), external_id="101")
        query = next(TECHLADDER.list_contacts("sched_1", 1, wanted)).query
        assert (query["status"], query["external_id"]) == ("busy", "101")

    @pytest.mark.parametrize(
        ("status", "word"),
        [(CampaignStatus.RUNNING, "active"), (CampaignStatus.PAUSED, None)],  # it would refuse a word it has not
    )
    def test_the_vendor_filters_campaigns(self, status: CampaignStatus, word: str | None) -> None:
        wanted = CampaignFilter(status=frozenset({status}), agent_id="agt-1")
        query = next(TECHLADDER.list_campaigns(1, wanted)).query
        assert (query.get("status"), query["agent_id"]) == (word, "agt-1")


class TestContacts:
    def test_a_call_that_took_place(self) -> None:
        contact = contact_of(
            status="completed",
            duration_seconds=61,
            started_at="2026-03-05T09:00:00Z",
            ended_at="2026-03-05T09:01:01Z",
        )
        assert contact.status is CallStatus.COMPLETED
        assert contact.duration == timedelta(seconds=61)
        assert contact.started_at == datetime(2026, 3, 5, 9, tzinfo=UTC)
        assert contact.ended_at == datetime(2026, 3, 5, 9, 1, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("number", "read", "valid"),
        [
            *((form, "+919876543210", True) for form in ("919876543210", "+919876543210", "+91 98765 43210")),
            ("12345", "12345", False),
            ("0123456789", "0123456789", False),
            (None, "", False),
        ],
    )
    def test_numbers_come_without_a_plus_or_with_it(self, number: str | None, read: str, *, valid: bool) -> None:
        contact = contact_of(phone_number=number)
        assert (contact.phone_number, contact.phone_valid) == (read, valid)

    def test_queued_is_with_the_dialler(self) -> None:
        assert contact_of(status="queued").status is CallStatus.QUEUED

    @pytest.mark.parametrize(("sent", "external_id"), [(101, "101"), (None, None)])
    def test_an_external_id_may_come_as_a_number(self, sent: int | None, external_id: str | None) -> None:
        assert contact_of(external_id=sent).external_id == external_id

    @pytest.mark.parametrize("status", [*TechLadder.call_statuses.words, "hibernating"])
    def test_an_attempt_that_is_over_is_final(self, status: str) -> None:
        over = {"no_answer", "busy", "failed", "cancelled", "completed"}
        assert contact_of(status=status).is_final == (status in over)

    @pytest.mark.parametrize("duration", ["61", 1e300])
    def test_a_duration_that_cannot_be_read_is_none(self, duration: Any) -> None:
        assert contact_of(duration_seconds=duration).duration is None

    @pytest.mark.parametrize("call_id", ["", None])
    def test_a_call_without_an_id_is_malformed(self, call_id: str | None) -> None:
        with pytest.raises(StructureError) as caught:
            contact_of(call_id=call_id)
        assert caught.value.path == "$.data.items[0].call_id"


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

    @pytest.mark.parametrize("key", ["schedule_id", "batch_id", "id"])
    def test_the_id_is_found_under_any_of_three_keys(self, key: str) -> None:
        least = Campaign(id="sched_1", provider="techladder", status=CampaignStatus.UNKNOWN)
        assert campaign_of({key: "sched_1"}) == least

    def test_the_documented_key_wins(self) -> None:
        assert campaign_of({"id": "other", "batch_id": "another", "schedule_id": "sched_1"}).id == "sched_1"

    @pytest.mark.parametrize("row", [{}, {"schedule_id": None}, {"schedule_id": ""}])
    def test_a_batch_without_any_is_malformed(self, row: dict[str, Any]) -> None:
        with pytest.raises(StructureError) as caught:
            campaign_of(row)
        assert (caught.value.path, caught.value.reason) == ("$.data.schedule_id", "missing or empty")
        with pytest.raises(StructureError) as caught:
            play(TECHLADDER.list_campaigns(1, CampaignFilter()), enveloped({"items": [BATCH, row]}))
        assert caught.value.path == "$.data.items[1].schedule_id"

    def test_a_page_of_batches(self) -> None:
        body = enveloped({"items": [BATCH], "total": 7, "page": 1, "limit": 100, "has_more": True})
        page = play(TECHLADDER.list_campaigns(1, CampaignFilter()), body).value
        assert ([campaign.id for campaign in page.items], page.total, page.has_more) == (["sched_bdb2b840"], 7, True)


class TestAccount:
    def test_as_documented(self) -> None:
        limits = {"max_batch_size": 10_000, "max_concurrent_calls": 20, "max_call_duration_seconds": 900}
        data = {
            "account_id": "acc_1",
            "name": "Acme",
            "email": "ops@example.com",
            "limits": {**limits, "rate_limit_per_minute": 300},
        }
        played = play(TECHLADDER.get_account(), enveloped(data))
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

    def test_without_limits(self) -> None:
        account = play(TECHLADDER.get_account(), enveloped({"account_id": "acc_1"})).value
        assert account == Account(id="acc_1", provider="techladder")

    def test_a_limit_that_cannot_be_read_is_none_and_named_once(self, caplog: pytest.LogCaptureFixture) -> None:
        techladder = TechLadder({})
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
        return TECHLADDER.refusal(Response(status=400, content=content, headers=headers))

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
