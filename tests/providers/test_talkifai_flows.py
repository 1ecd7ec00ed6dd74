"""TalkifAI: what is particular about it, tried with plain values."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unibatch.core.errors import ConfigError, NotFound, PaymentRequired
from unibatch.core.flow import Response
from unibatch.core.model import Campaign, Contact, Counts, RedialPolicy, Schedule
from unibatch.core.paging import Page, Pager
from unibatch.core.provider import CampaignFilter, ContactFilter
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.structuring import StructureError
from unibatch.providers.talkifai import TalkifAI
from unibatch.testing import play

CONTACT = {
    "id": "con_1",
    "phoneNumber": "+12125550123",
    "contactData": {"phone": "+12125550123", "name": "Jane Doe", "plan": "pro"},
    "status": "no_answer",
    "errorCode": "480",
    "attemptCount": 1,
    "maxAttempts": 3,
    "lastAttemptAt": "2026-03-05T09:00:00Z",
    "nextRetryAt": "2026-03-05T09:15:00Z",
    "completedAt": None,
    "roomName": None,
    "failureReason": "Nobody answered",
    "callDuration": None,
}
JOB = {
    "id": "job_1",
    "name": "Renewals",
    "description": "First quarter",
    "status": "running",
    "organizationId": "org_1",
    "agentId": "agent_1",
    "fromPhoneNumberId": "pn_1",
    "totalContacts": 10,
    "contactsProcessed": 4,
    "successfulCalls": 3,
    "failedCalls": 1,
    "statusBreakdown": {"pending": 5, "completed": 3, "no_answer": 1, "queued": 1},
    "scheduledStartTime": "2026-03-05T08:00:00Z",
    "actualStartTime": "2026-03-05T08:00:01Z",
    "completedAt": None,
    "estimatedCompletionTime": "2026-03-05T10:00:00Z",
    "createdAt": "2026-03-04T12:00:00Z",
    "concurrentCallLimit": 5,
    "retryPolicy": {"maxAttempts": 3, "retryableStatuses": ["no_answer", "busy", "timeout"]},
    "contacts": [CONTACT],
    "contactsTotal": 1,
    "contactsPage": 1,
    "contactsPageSize": 500,
    "contactsHasMore": False,
}


TALKIFAI = TalkifAI({"organization_id": "org_1"})


def page_of(job: dict[str, Any]) -> Page[Contact]:
    return play(TalkifAI({}).list_contacts("job_1", 1, ContactFilter()), job).value


def contact_of(*, job: str | None = "running", without: tuple[str, ...] = (), **changes: Any) -> Contact:
    """The contact above with changes, in a job of this status."""
    row = {key: value for key, value in (CONTACT | changes).items() if key not in without}
    return page_of({"status": job, "contacts": [row]}).items[0]


def campaign_of(job: dict[str, Any]) -> Campaign:
    return play(TalkifAI({}).get_campaign("job_1"), job).value


class TestRequests:
    @pytest.mark.parametrize(("status", "word"), [(CallStatus.RETRY_SCHEDULED, "queued"), (CallStatus.QUEUED, None)])
    def test_the_vendor_filters_contacts_by_status(self, status: CallStatus, word: str | None) -> None:
        wanted = ContactFilter(status=frozenset({status}))
        assert next(TALKIFAI.list_contacts("job_1", 1, wanted)).query.get("contactStatus") == word

    @pytest.mark.parametrize(
        ("status", "filtered"),
        [(CampaignStatus.RUNNING, {"status": "running"}), (CampaignStatus.PAUSED, {})],  # its filter has no such word
    )
    def test_the_vendor_filters_campaigns_by_status_but_not_by_agent(
        self, status: CampaignStatus, filtered: dict[str, str]
    ) -> None:
        wanted = CampaignFilter(status=frozenset({status}), agent_id="agent_1")
        query = next(TALKIFAI.list_campaigns(1, wanted)).query
        assert query == {"organizationId": "org_1", "pageSize": "100", "page": "1", **filtered}

    def test_without_an_organization_nothing_is_sent_and_the_remedy_is_named(self) -> None:
        with pytest.raises(ConfigError) as caught:
            next(TalkifAI({}).list_campaigns(1, CampaignFilter()))
        assert str(caught.value) == (
            "TalkifAI lists campaigns by organization, and organization_id is not set: add it to the table "
            '[profiles.NAME.defaults] of the configuration, or pass defaults={"organization_id": "..."}'
        )

    def test_the_key_is_a_bearer_token_or_stands_in_another_header(self) -> None:
        assert TALKIFAI.headers("key") == {"Authorization": "Bearer key"}
        assert TalkifAI({"auth_header": "X-API-Key"}).headers("key") == {"X-API-Key": "key"}

    def test_any_other_header_is_refused(self) -> None:
        with pytest.raises(ConfigError) as caught:
            TalkifAI({"auth_header": "X-Other"})
        assert str(caught.value) == 'auth_header must be "Authorization" or "X-API-Key", not \'X-Other\''

    @pytest.mark.parametrize(
        ("name", "kind", "values"),
        [
            ("organization_id", "a text that is not blank", ["", " ", None, 1, True, ["X-API-Key"], {}]),
            ("from_number_ids", "a list of texts that is not blank", ["pn_1", [], [""], [1], None]),
        ],
    )
    def test_a_setting_of_the_wrong_kind_is_refused(self, name: str, kind: str, values: list[Any]) -> None:
        for value in values:
            with pytest.raises(ConfigError) as caught:
                TalkifAI({name: value})
            assert str(caught.value) == f"defaults: {name} must be {kind}, not {value!r}"


class TestContacts:
    def test_as_documented(self) -> None:
        assert contact_of() == Contact(
            id="con_1",
            provider="talkifai",
            campaign_id="job_1",
            phone_number="+12125550123",
            phone_valid=True,
            name="Jane Doe",
            fields={"plan": "pro"},
            status=CallStatus.NO_ANSWER,
            vendor_status="no_answer",
            is_final=False,
            attempts=1,
            max_attempts=3,
            last_attempt_at=datetime(2026, 3, 5, 9, tzinfo=UTC),
            next_attempt_at=datetime(2026, 3, 5, 9, 15, tzinfo=UTC),
            sip_code=480,
            failure_reason="Nobody answered",
        )
        assert contact_of().raw == CONTACT

    def test_a_call_that_took_place(self) -> None:
        contact = contact_of(status="completed", completedAt="2026-03-05T09:02:00Z", callDuration=61, errorCode=None)
        assert (contact.ended_at, contact.duration) == (
            datetime(2026, 3, 5, 9, 2, tzinfo=UTC),
            timedelta(seconds=61),
        )
        assert contact.sip_code is None

    def test_queued_is_a_retry_and_not_a_first_attempt(self) -> None:
        contact = contact_of(status="queued")
        assert (contact.status, contact.vendor_status) == (CallStatus.RETRY_SCHEDULED, "queued")

    @pytest.mark.parametrize(
        ("code", "sip_code"),
        [
            ("480", 480),
            (486, 486),
            ("100", 100),
            ("699", 699),
            ("000", None),
            ("099", None),
            ("700", None),
            ("48", None),
            ("4800", None),
            (" 480", None),
            ("\u0664\u0668\u0660", None),
            ("busy", None),
            ("", None),
            (None, None),
        ],
    )
    def test_the_sip_code_is_read_from_text(self, code: str | int | None, sip_code: int | None) -> None:
        assert contact_of(errorCode=code).sip_code == sip_code

    def test_an_unreadable_time_of_the_next_attempt_does_not_say_that_there_is_none(self) -> None:
        for unreadable in ("soon", "", "0001-01-01T00:00:00Z"):
            contact = contact_of(status="no_answer", attemptCount=1, maxAttempts=3, nextRetryAt=unreadable)
            assert (contact.is_final, contact.next_attempt_at) == (False, None)


class TestUploadedData:
    def test_what_the_canonical_model_has_a_place_for_is_lifted(self) -> None:
        data = {
            "phone": "+12125550123",
            "name": "Jane Doe",
            "first_name": "Jane",
            "last_name": "Doe",
            "email": "jane@example.com",
            "external_id": "101",
            "plan": "pro",
        }
        contact = contact_of(contactData=data)
        assert (contact.name, contact.first_name, contact.last_name) == ("Jane Doe", "Jane", "Doe")
        assert (contact.email, contact.external_id) == ("jane@example.com", "101")
        assert contact.fields == {"plan": "pro"}
        assert contact.raw["contactData"] == data

    def test_an_external_id_may_have_been_uploaded_as_a_number(self) -> None:
        assert contact_of(contactData={"external_id": 101}).external_id == "101"

    @pytest.mark.parametrize(
        "changes", [{"contactData": data} for data in (None, {}, {"name": ""})] + [{"without": ("contactData",)}]
    )
    def test_nothing_uploaded(self, changes: dict[str, Any]) -> None:
        contact = contact_of(**changes)
        assert (contact.name, contact.fields) == (None, {})

    @pytest.mark.parametrize("value", [True, 1.5, ["x"], {"a": 1}])
    def test_what_has_another_type_is_not_lifted_and_not_lost(self, value: Any) -> None:
        contact = contact_of(contactData={"name": value, "external_id": value})
        assert (contact.name, contact.external_id) == (None, None)
        assert contact.fields == {"name": value, "external_id": value}


RETRIED = ["no_answer", "busy", "timeout"]
OVER = ["completed", "failed", "blocked", "invalid_number", "carrier_error", "cancelled"]
WAITING = ["pending", "queued", "hibernating"]
MISSING = ("nextRetryAt",)


class TestFinality:
    """no_answer, busy and timeout are tried again by the vendor while attempts remain."""

    @pytest.mark.parametrize("status", RETRIED)
    @pytest.mark.parametrize(
        ("changes", "is_final"),
        [
            ({}, False),
            ({"attemptCount": 3}, True),
            ({"attemptCount": 3, "without": MISSING}, True),
            ({"nextRetryAt": None}, True),
            ({"without": MISSING}, False),
            ({"without": (*MISSING, "attemptCount", "maxAttempts")}, False),
            *(({"job": job}, True) for job in ("completed", "failed", "cancelled")),
            *(({"job": job}, False) for job in ("paused", "scheduled", "pending", "hibernating", None)),
        ],
    )
    def test_while_attempts_remain_it_is_not_final(
        self, status: str, changes: dict[str, Any], *, is_final: bool
    ) -> None:
        assert contact_of(status=status, **changes).is_final is is_final

    @pytest.mark.parametrize(
        ("statuses", "job", "is_final"),
        [
            (OVER, "running", True),
            ([*WAITING, "dialing"], "running", False),
            (WAITING, "cancelled", True),
            (["dialing"], "cancelled", False),  # the call is still under way
        ],
    )
    def test_what_is_not_tried_again(self, statuses: list[str], job: str, *, is_final: bool) -> None:
        for status in statuses:
            assert contact_of(status=status, job=job, nextRetryAt=None).is_final is is_final


class TestPages:
    def test_contacts_have_a_flag_and_a_total(self) -> None:
        page = page_of(JOB | {"contactsTotal": 7, "contactsHasMore": True})
        assert (len(page.items), page.total, page.has_more) == (1, 7, True)

    def test_campaigns_have_no_flag_and_go_by_the_total(self) -> None:
        body = {"batchJobs": [JOB], "total": 2, "page": 1, "pageSize": 100}
        page = play(TALKIFAI.list_campaigns(1, CampaignFilter()), body).value
        assert (page.total, page.has_more) == (2, None)
        pager: Pager[Campaign] = Pager(TALKIFAI.capabilities.campaign_paging, lambda campaign: campaign.id)
        pager.accept(page)
        assert pager.position == 2

    def test_a_campaign_in_a_list_is_named_by_its_path(self) -> None:
        with pytest.raises(StructureError) as caught:
            play(TALKIFAI.list_campaigns(1, CampaignFilter()), {"batchJobs": [JOB, JOB | {"id": ""}]})
        assert caught.value.path == "$.batchJobs[1].id"


class TestCampaigns:
    def test_as_documented(self) -> None:
        assert campaign_of(JOB) == Campaign(
            id="job_1",
            provider="talkifai",
            name="Renewals",
            description="First quarter",
            status=CampaignStatus.RUNNING,
            vendor_status="running",
            agent_id="agent_1",
            from_numbers=("pn_1",),
            counts=Counts(
                total=10,
                attempted=4,
                succeeded=3,
                failed=1,
                pending=5,
                no_answer=1,
                by_status={
                    CallStatus.PENDING: 5,
                    CallStatus.COMPLETED: 3,
                    CallStatus.NO_ANSWER: 1,
                    CallStatus.RETRY_SCHEDULED: 1,
                },
            ),
            schedule=Schedule(start=datetime(2026, 3, 5, 8, tzinfo=UTC)),
            max_concurrency=5,
            retry=RedialPolicy(
                max_attempts=3, retry_on=frozenset({CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.TIMEOUT})
            ),
            created_at=datetime(2026, 3, 4, 12, tzinfo=UTC),
            started_at=datetime(2026, 3, 5, 8, 0, 1, tzinfo=UTC),
        )
        assert campaign_of(JOB).raw == JOB

    def test_the_least_that_an_answer_can_hold(self) -> None:
        assert campaign_of({"id": "job_1"}) == Campaign(id="job_1", provider="talkifai", status=CampaignStatus.UNKNOWN)

    def test_unknown_words_of_the_breakdown_are_counted_together(self) -> None:
        counts = campaign_of({"id": "job_1", "statusBreakdown": {"dreaming": 1, "hibernating": 2}}).counts
        assert counts.by_status == {CallStatus.UNKNOWN: 3}

    def test_a_job_paused_in_the_dashboard_is_paused(self) -> None:
        assert campaign_of({"id": "job_1", "status": "paused"}).status is CampaignStatus.PAUSED


class TestRefusals:
    def refusal(self, content: bytes, **headers: str) -> Any:
        return TalkifAI({}).refusal(Response(status=400, content=content, headers=headers))

    def test_the_error_object(self) -> None:
        assert dict(TalkifAI.error_codes) == {"job_not_found": NotFound, "insufficient_credits": PaymentRequired}
        refusal = self.refusal(b'{"success": false, "error": "Invalid page", "code": "invalid_page"}')
        assert (refusal.code, refusal.message) == ("invalid_page", "Invalid page")

    def test_the_request_id_stands_in_a_header(self) -> None:
        assert self.refusal(b"{}", **{"x-request-id": "req_1"}).request_id == "req_1"

    @pytest.mark.parametrize("content", [b'{"error": {}, "code": 1}', b"[]", b"<html>", b""])
    def test_other_bodies_say_little(self, content: bytes) -> None:
        refusal = self.refusal(content)
        assert (refusal.code, refusal.message) == (None, None)


@pytest.mark.parametrize("text", ["2026-03-05T09:00:00", "2026-03-05T09:00", "20260305T090000"])
def test_a_start_is_read_in_the_zone_beside_it(text: str) -> None:
    """Also in an answer that is read value by value."""
    job = campaign_of(JOB | {"scheduledStartTime": text, "timezone": "America/New_York"})
    assert job.schedule == Schedule(start=datetime(2026, 3, 5, 14, tzinfo=UTC))


def test_a_start_in_an_unknown_zone_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    job = campaign_of(JOB | {"scheduledStartTime": "2026-03-05T09:00:00", "timezone": "Middle Earth"})
    assert job.schedule is None
    assert "$.scheduledStartTime" in caplog.text


@pytest.mark.parametrize("key", ["name", "first_name", "last_name", "email", "external_id"])
def test_what_was_uploaded_in_another_type_is_counted_and_kept_among_the_fields(key: str) -> None:
    row = CONTACT | {"contactData": {"phone": "+12125550123", key: ["odd"]}}
    page = page_of({"status": "running", "contacts": [row]})
    (contact,) = page.items
    assert (getattr(contact, key), dict(contact.fields)) == (None, {key: ["odd"]})
    assert page.unread == {f"$.contacts[].contactData.{key}": 1}
