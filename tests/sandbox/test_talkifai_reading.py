"""TalkifAI: answers, page limits and filters."""

from __future__ import annotations

import httpx

from tests.sandbox.conftest import refusal
from unibatch.sandbox import Sandbox

SEEDED = True

ORGANIZATION = {"organizationId": "org_sandbox"}


class TestReading:
    def test_a_list_needs_the_organization(self, talkifai: httpx.Client) -> None:
        assert refusal(talkifai.get("/batch/jobs")) == (400, "missing_organization_id")
        assert refusal(talkifai.get("/batch/jobs", params={"organizationId": "org_other"})) == (403, "forbidden")

    def test_a_list_does_not_say_whether_there_is_more(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        body = talkifai.get("/batch/jobs", params={**ORGANIZATION, "pageSize": 2, "page": 2}).json()
        jobs = body.pop("batchJobs")
        assert body == {"total": 7, "page": 2, "pageSize": 2}
        assert [job["id"] for job in jobs] == list(sandbox.campaign_ids("talkifai")[2:4])
        assert "contacts" not in jobs[0]

    def test_pages_and_filters_have_limits(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = f"/batch/jobs/{sandbox.campaign_ids('talkifai')[0]}"
        for path, parameter, values, code in (
            ("/batch/jobs", "page", ("0", "x"), "invalid_page"),
            ("/batch/jobs", "pageSize", ("0", "101"), "invalid_page_size"),
            ("/batch/jobs", "status", ("active",), "invalid_status"),
            (job, "contactsPage", ("0",), "invalid_page"),
            (job, "contactsPageSize", ("501", "0"), "invalid_page_size"),
            (job, "contactStatus", ("voicemail",), "invalid_contact_status"),
        ):
            for value in values:
                organization = ORGANIZATION if path == "/batch/jobs" else {}
                answer = talkifai.get(path, params={**organization, parameter: value})
                assert refusal(answer) == (400, code), (parameter, value)

    def test_a_job_holds_one_page_of_its_contacts(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = sandbox.campaign_ids("talkifai")[0]
        body = talkifai.get(f"/batch/jobs/{job}").json()
        assert (body["contactsTotal"], body["contactsPage"], body["contactsPageSize"]) == (1240, 1, 50)
        assert body["contactsHasMore"] is True
        assert len(body["contacts"]) == 50
        assert set(body["contacts"][0]["contactData"]) == {"phone", "name", "company", "plan", "customerId"}

    def test_the_filter_applies_to_the_total(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = sandbox.campaign_ids("talkifai")[0]
        body = talkifai.get(f"/batch/jobs/{job}", params={"contactStatus": "blocked"}).json()
        assert body["contactsTotal"] == len(body["contacts"]) == body["statusBreakdown"]["blocked"]
        assert body["totalContacts"] == 1240

    def test_the_breakdown_adds_up(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = sandbox.campaign_ids("talkifai")[0]
        body = talkifai.get(f"/batch/jobs/{job}").json()
        assert sum(body["statusBreakdown"].values()) == body["totalContacts"]
        assert body["contactsProcessed"] == body["successfulCalls"] + body["failedCalls"]

    def test_a_contact_that_will_be_tried_again_says_when(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = sandbox.campaign_ids("talkifai")[0]
        for word in ("no_answer", "queued"):
            rows = talkifai.get(f"/batch/jobs/{job}", params={"contactStatus": word}).json()["contacts"]
            waiting = [row for row in rows if row["nextRetryAt"]]
            assert waiting
            assert all(0 < row["attemptCount"] < row["maxAttempts"] for row in waiting)
            assert all(row["completedAt"] is None for row in waiting)
