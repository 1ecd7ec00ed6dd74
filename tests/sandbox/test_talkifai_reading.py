"""TalkifAI: answers, page limits and filters."""

from __future__ import annotations

import httpx
import pytest

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

    @pytest.mark.parametrize(
        ("parameter", "value", "code"),
        [
            ("page", "0", "invalid_page"),
            ("page", "x", "invalid_page"),
            ("pageSize", "0", "invalid_page_size"),
            ("pageSize", "101", "invalid_page_size"),
            ("status", "active", "invalid_status"),
        ],
    )
    def test_a_list_has_limits(self, talkifai: httpx.Client, parameter: str, value: str, code: str) -> None:
        answer = talkifai.get("/batch/jobs", params={**ORGANIZATION, parameter: value})
        assert refusal(answer) == (400, code)

    @pytest.mark.parametrize(
        ("parameter", "value", "code"),
        [
            ("contactsPage", "0", "invalid_page"),
            ("contactsPageSize", "501", "invalid_page_size"),
            ("contactsPageSize", "0", "invalid_page_size"),
            ("contactStatus", "voicemail", "invalid_contact_status"),
        ],
    )
    def test_the_contacts_of_a_job_have_limits(
        self, sandbox: Sandbox, talkifai: httpx.Client, parameter: str, value: str, code: str
    ) -> None:
        job = sandbox.campaign_ids("talkifai")[0]
        assert refusal(talkifai.get(f"/batch/jobs/{job}", params={parameter: value})) == (400, code)

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
