"""TalkifAI's end of writing, with plain values: what is sent for a draft, and how a job is recognised."""
# ruff: noqa: DTZ001 - moments without a zone are among what is tested

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest

from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start, digest
from unibatch.core.draft_fields import Composition, Placed
from unibatch.core.errors import (
    DraftRefused,
    IncompleteListing,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    PartlyDone,
    ServerError,
    UnsupportedFeature,
)
from unibatch.core.findings import Fit
from unibatch.core.looking import LOOKS
from unibatch.core.model import RedialPolicy
from unibatch.core.preflight import compose
from unibatch.core.provider import OperationName
from unibatch.core.status import CampaignStatus
from unibatch.core.steering import carry_out
from unibatch.core.times import When
from unibatch.providers.talkifai import RETRIED_BY_VENDOR, TalkifAI
from unibatch.testing import play

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 20, 9)
PERSON = ContactDraft(phone_number="+12125550123", name="Ada")
TALKIFAI = TalkifAI({"organization_id": "org_1"})


def composed(provider: TalkifAI = TALKIFAI, **changes: Any) -> Composition:
    usual: dict[str, Any] = {"name": "Spring", "contacts": [PERSON], "start": Start.NOW, "from_number_ids": ["pn_1"]}
    return compose(provider, CampaignDraft(**{**usual, **changes}), NOW)


def mark(composition: Composition) -> str:
    return f"[unibatch:{digest(composition.draft.key)}]"


def sent(composition: Composition) -> dict[str, Any]:
    assert composition.preflight.obstacles() == []
    (request,) = TALKIFAI.creation(composition)
    assert (request.method, request.path, request.repeatable) == ("POST", "/batch/create", False)
    body: dict[str, Any] = json.loads(request.content)
    return body


def job(**about: Any) -> dict[str, Any]:
    return {"id": "job_1", "status": "running", "totalContacts": 1, **about}


class TestStarting:
    def test_without_a_start_time_it_begins_at_once(self) -> None:
        assert not {"scheduledStartTime", "timezone"} & {*sent(composed())}

    @pytest.mark.parametrize(
        ("start", "text", "zone"),
        [
            (Start.at(LATER, "Europe/Berlin"), "2026-03-20T09:00:00", "Europe/Berlin"),
            (Start.at(datetime(2026, 3, 30, 9), "Europe/Berlin"), "2026-03-30T09:00:00", "Europe/Berlin"),
            (Start.at(LATER.replace(tzinfo=UTC)), "2026-03-20T09:00:00", "UTC"),
            (Start.at(datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN)), "2026-10-25T01:30:00", "UTC"),
        ],
    )
    def test_a_time_is_sent_as_the_clocks_in_its_zone_show_it(self, start: Start, text: str, zone: str) -> None:
        body = sent(composed(start=start))
        assert (body["scheduledStartTime"], body["timezone"]) == (text, zone)

    def test_it_cannot_hold_without_a_time(self) -> None:
        """It would begin at once, so no accepted loss makes it go on."""
        with pytest.raises(DraftRefused, match=r"start: TalkifAI cannot hold a job without a time.*Give hold_until"):
            composed(start=Start.HOLD).require("create_campaign", ["start", "hold_until"])

    def test_with_a_time_it_holds_until_then(self) -> None:
        composition = composed(start=Start.HOLD, hold_until=LATER.replace(tzinfo=UTC))
        assert sent(composition)["scheduledStartTime"] == "2026-03-20T09:00:00"
        assert {finding.field: finding.fit for finding in composition.preflight.findings}["start"] is Fit.EMULATED


class TestBody:
    def test_the_least_that_is_sent(self) -> None:
        composition = composed()
        assert sent(composition) == {
            "name": "Spring",
            "description": mark(composition),
            "fromPhoneNumberId": "pn_1",
            "contacts": [{"phone": "+12125550123", "name": "Ada"}],
        }

    def test_the_mark_ends_the_description(self) -> None:
        composition = composed(description="Words")
        assert sent(composition)["description"] == f"Words {mark(composition)}"

    @pytest.mark.parametrize(
        ("changes", "key", "expected"),
        [
            ({"max_concurrency": 5}, "concurrentCallLimit", 5),
            ({"retry": RedialPolicy(max_attempts=3)}, "maxAttempts", 3),
            ({"retry": RedialPolicy(max_attempts=3, retry_on=RETRIED_BY_VENDOR)}, "maxAttempts", 3),
            ({"part": Part(number=1, of=2, whole="w"), "name": "Spring (1 of 2)"}, "name", "Spring (1 of 2)"),
        ],
    )
    def test_a_field_is_sent_in_the_vendors_spelling(self, changes: dict[str, Any], key: str, expected: Any) -> None:
        assert sent(composed(**changes))[key] == expected

    @pytest.mark.parametrize(
        ("changes", "field", "fit"),
        [
            ({"from_number_ids": []}, "from_number_ids", Fit.INVALID),
            ({"description": "x" * 970}, "description", Fit.INVALID),
            ({"contacts": [ContactDraft(phone_number="+12125550123", fields={"phone": "x"})]}, "contacts", Fit.INVALID),
        ],
    )
    def test_what_it_cannot_do_is_found(self, changes: dict[str, Any], field: str, fit: Fit) -> None:
        assert [(finding.field, finding.fit) for finding in composed(**changes).preflight.obstacles()] == [(field, fit)]

    def test_without_an_organization_nobody_could_look(self) -> None:
        obstacles = composed(TalkifAI({})).preflight.obstacles()
        assert [(finding.field, finding.fit) for finding in obstacles] == [("idempotency_key", Fit.LOSSY)]
        assert composed(TalkifAI({})).preflight.obstacles(["idempotency_key"]) == []


class TestContacts:
    def test_nothing_that_is_known_is_lost(self) -> None:
        about: dict[str, Any] = {"first_name": "Ada", "last_name": "L.", "email": "a@example.org", "external_id": "7"}
        contact = ContactDraft(phone_number="+12125550123", fields={"plan": "gold"}, **about)
        assert TALKIFAI.contact_body(contact) == {
            "phone": "+12125550123",
            "name": "Ada L.",
            **about,
            "plan": "gold",
        }


class TestCreating:
    def test_it_looks_sends_and_reads(self) -> None:
        created = {"batchJobId": "job_1", "status": "running", "totalContacts": 1}
        played = play(TALKIFAI.create_campaign(composed()), {"batchJobs": [], "total": 0}, created, job())
        assert [request.method for request in played.requests] == ["GET", "POST", "GET"]
        assert played.value.id == "job_1"

    def test_what_is_there_is_not_created_again(self) -> None:
        composition = composed(description="Words")
        there = job(description=f"Words {mark(composition)}")
        now = {**there, "status": "running"}
        played = play(TALKIFAI.create_campaign(composition), {"batchJobs": [there], "total": 1}, now)
        assert [request.method for request in played.requests] == ["GET", "GET"]
        assert (played.value.id, played.value.description) == ("job_1", "Words")
        assert played.value.status is CampaignStatus.RUNNING

    def test_a_listing_without_descriptions_is_asked_for_each(self) -> None:
        composition = composed()
        jobs = {"batchJobs": [job(id="job_0"), job()], "total": 2}
        there = job(description=mark(composition))
        played = play(TALKIFAI.create_campaign(composition), jobs, job(id="job_0", description="x"), there, there)
        assert [request.path for request in played.requests] == [
            "/batch/jobs",
            "/batch/jobs/job_0",
            "/batch/jobs/job_1",
            "/batch/jobs/job_1",
        ]
        assert played.value.id == "job_1"


class TestHiddenMarks:
    """A job whose mark the listing hides is not created again."""

    @pytest.mark.parametrize("shown", [None, "", "[unibatch:12", "Call…", "Call..."])
    @pytest.mark.parametrize("key", [None, "spring"])
    def test_one_that_only_the_job_itself_shows_is_found(self, shown: str | None, key: str | None) -> None:
        composition = composed(description="Calls all", idempotency_key=key)
        there = job(description=sent(composition)["description"], name="Spring")
        listed = {"batchJobs": [{**there, "description": shown}], "total": 1}
        played = play(TALKIFAI.create_campaign(composition), listed, there, there)
        assert [request.method for request in played.requests] == ["GET"] * 3

    def test_a_job_without_a_description_is_not_asked_for_where_others_show_theirs(self) -> None:
        listed = {"batchJobs": [job(name="Spring", description=None), job(id="job_0", description="x.")], "total": 2}
        created = {"batchJobId": "job_2", "status": "running", "totalContacts": 1}
        nobody = {**job(), "contacts": [], "contactsTotal": 0}
        played = play(TALKIFAI.create_campaign(composed()), listed, nobody, nobody, created, job(id="job_2"))
        assert [request.method for request in played.requests] == ["GET", "GET", "GET", "POST", "GET"]
        assert all("contactsPage" in request.query for request in played.requests[1:3])  # only for overlaps

    def test_one_that_is_recognised_only_by_its_contacts_is_refused(self) -> None:
        composition = composed(name="Spring", description="Calls all")
        there = job(name="Spring", description=sent(composition)["description"])
        contact = {"id": "c1", "phoneNumber": "+12125550123", "status": "pending"}
        listed = {"batchJobs": [{**there, "description": "other words"}], "total": 1}
        page = {**there, "contacts": [contact], "contactsTotal": 1, "contactsHasMore": False}
        with pytest.raises(InvalidInput, match="most numbers of this draft are in job_1"):
            play(TALKIFAI.create_campaign(composition), listed, page, there, *[page] * 2)

    def test_one_that_is_listed_and_cannot_be_read_is_waited_for(self) -> None:
        listed = {"batchJobs": [job(name="Spring")], "total": 1}
        gone = NotFound(provider="talkifai", operation="get_campaign", subject="job_1", http_status=404)
        with pytest.raises(IncompleteListing, match=r"job_1 is listed, and cannot be read.*nothing was sent"):
            play(TALKIFAI.create_campaign(composed()), listed, gone)

    @pytest.mark.parametrize("key", [None, "spring"])
    @pytest.mark.parametrize("description", [None, "Words"])
    def test_one_that_was_placed_here_and_shows_neither_mark_nor_contacts_is_refused(
        self, key: str | None, description: str | None
    ) -> None:
        composition = attrs.evolve(composed(idempotency_key=key), noted=Placed("job_1", None))
        there = job(name="Spring", description=description, totalContacts=0)
        with pytest.raises(PartlyDone, match=r"does not show that it was placed on this machine.*nothing was sent"):
            play(TALKIFAI.create_campaign(composition), {"batchJobs": [there], "total": 1}, *[there] * 3)

    def test_one_that_was_placed_here_and_is_neither_listed_nor_readable_is_waited_for(self) -> None:
        composition = attrs.evolve(composed(), noted=Placed("job_1", None))
        failed = ServerError(provider="talkifai", operation="get_campaign", subject="job_1", http_status=500)
        with pytest.raises(IncompleteListing, match=r"job_1 was placed lately, and cannot be read.*nothing was sent"):
            play(TALKIFAI.create_campaign(composition), {"batchJobs": [], "total": 0}, failed)


class TestNotAsAsked:
    """A new job that is not what was asked for is cancelled before anybody is called."""

    @pytest.mark.parametrize(
        ("start", "about"),
        [
            (Start.at(LATER, "Europe/Berlin"), {"status": "scheduled", "scheduledStartTime": "2026-03-20T09:00:00Z"}),
            (Start.at(LATER, "Europe/Berlin"), {"status": "running"}),
            (Start.NOW, {"status": "scheduled", "scheduledStartTime": "2026-03-20T09:00:00Z"}),
            (Start.NOW, {"organizationId": "org_2"}),
            (Start.NOW, {"status": "scheduled"}),
        ],
    )
    def test_is_cancelled(self, start: Start, about: dict[str, Any]) -> None:
        created = {"batchJobId": "job_1", "status": about.get("status", "running"), "totalContacts": 1}
        nothing, cancelled = {"batchJobs": [], "total": 0}, job(status="cancelled")
        flow = TALKIFAI.create_campaign(composed(start=start))
        looks = [job(**about)] * (4 if about == {"status": "scheduled"} else 1)  # it may have no time yet
        answers = [nothing, created, *looks, {"success": True}, cancelled]
        with pytest.raises(PartlyDone, match=r"job_1 is there, but .*it was cancelled") as caught:
            play(flow, *answers)
        assert caught.value.campaign is not None
        assert caught.value.campaign.status is CampaignStatus.CANCELLED

    def test_a_description_without_the_mark_is_said(self) -> None:
        created = {"batchJobId": "job_1", "status": "running", "totalContacts": 1}
        flow = TALKIFAI.create_campaign(composed(idempotency_key="mine"))
        with pytest.raises(PartlyDone, match=r"lost the mark .*; do not place the draft again"):
            play(flow, {"batchJobs": [], "total": 0}, created, job(description="[unibatch:"))

    def test_what_cannot_be_cancelled_is_said(self) -> None:
        created = {"batchJobId": "job_1", "status": "running", "totalContacts": 1}
        lost = OutcomeUnknown(provider="talkifai", operation="cancel_campaign", subject="job_1", reason="cut")
        flow = TALKIFAI.create_campaign(composed(start=Start.at(LATER, "UTC")))
        with pytest.raises(PartlyDone, match="cancel it in TalkifAI's Studio now"):
            play(flow, {"batchJobs": [], "total": 0}, created, job(), lost, lost)

    def test_a_creation_that_repeats_the_local_time_is_as_asked(self) -> None:
        created = {"batchJobId": "job_1", "status": "scheduled", "scheduledStartTime": "2026-03-20T09:00:00"}
        there = job(status="scheduled", scheduledStartTime="2026-03-20T08:00:00Z")
        flow = TALKIFAI.create_campaign(composed(start=Start.at(LATER, "Europe/Berlin")))
        assert play(flow, {"batchJobs": [], "total": 0}, created, there).value.id == "job_1"


class TestChanging:
    def test_another_time_than_was_asked_for_is_an_error(self) -> None:
        when = When(LATER.replace(tzinfo=UTC), "Europe/Berlin")
        request = TALKIFAI.change("reschedule_campaign", "job_1", when)
        there = job(status="scheduled", scheduledStartTime="2026-03-20T10:00:00Z")
        flow = carry_out(TALKIFAI, request, lambda _: False, when=when)
        with pytest.raises(PartlyDone, match="starts at 2026-03-20T10:00:00Z, not at 2026-03-20T09:00:00Z"):
            play(flow, there, {"success": True}, *[there] * (1 + len(LOOKS)))

    def test_a_job_that_was_created_to_start_now_is_never_started(self) -> None:
        """It may be enqueued already, so everybody could be called twice."""
        flow = carry_out(TALKIFAI, TALKIFAI.change("start_campaign", "job_1"), lambda _: False)
        with pytest.raises(UnsupportedFeature, match="may be enqueued"):
            play(flow, job(status="pending", description=mark(composed())))

    @pytest.mark.parametrize(("operation", "verb"), [("start_campaign", "start"), ("cancel_campaign", "cancel")])
    def test_each_has_a_request(self, operation: OperationName, verb: str) -> None:
        request = TALKIFAI.change(operation, "job_1")
        assert (request.method, request.path, request.content) == ("POST", f"/batch/jobs/job_1/{verb}", b"")

    def test_another_time(self) -> None:
        when = When(LATER.replace(tzinfo=UTC), "Europe/Berlin")
        request = TALKIFAI.change("reschedule_campaign", "job_1", when)
        assert (request.method, request.path) == ("PATCH", "/batch/jobs/job_1/reschedule")
        assert request.query == {"scheduledStartTime": "2026-03-20T10:00:00", "timezone": "Europe/Berlin"}
