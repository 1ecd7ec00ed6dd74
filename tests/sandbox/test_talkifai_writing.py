"""TalkifAI: rules for what is written, and states."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import refusal
from unibatch.sandbox import Sandbox

CONTACT = {"phone": "+12125550100", "name": "Ada"}
DRAFT = {"fromPhoneNumberId": "pn_1", "name": "Welcome", "contacts": [CONTACT]}


def create(talkifai: httpx.Client, **changes: Any) -> str:
    answer = talkifai.post("/batch/create", json={**DRAFT, **changes})
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    return str(answer.json()["batchJobId"])


class TestCreating:
    def test_without_a_start_it_dials_at_once(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = create(talkifai)
        assert sandbox.state("talkifai", job).status == "running"
        sandbox.advance(seconds=1)
        assert sandbox.state("talkifai", job).dialled == {"+12125550100": 1}

    def test_with_a_start_it_waits(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        body = {**DRAFT, "scheduledStartTime": "2026-03-10T12:00:00", "timezone": "Europe/Berlin"}
        answer = talkifai.post("/batch/create", json=body).json()
        assert (answer["status"], answer["scheduledStartTime"]) == ("scheduled", "2026-03-10T11:00:00.000Z")
        sandbox.advance(seconds=7199)
        assert sandbox.state("talkifai", answer["batchJobId"]).status == "scheduled"
        sandbox.advance(seconds=1)
        assert sandbox.state("talkifai", answer["batchJobId"]).status == "running"

    def test_the_answer_estimates_time_and_cost(self, talkifai: httpx.Client) -> None:
        answer = talkifai.post("/batch/create", json={**DRAFT, "contacts": [CONTACT] * 50}).json()
        assert answer["totalContacts"] == 50
        assert (answer["estimatedDuration"], answer["estimatedCost"]) == ("15 minutes", "$3.50")

    def test_unknown_keys_of_a_contact_are_kept(self, talkifai: httpx.Client) -> None:
        contact = {"phone": "+12125550100", "name": "Ada", "seats": 4}
        job = create(talkifai, contacts=[contact])
        assert talkifai.get(f"/batch/jobs/{job}").json()["contacts"][0]["contactData"] == contact

    def test_a_broken_rule_is_a_400_that_says_where(self, talkifai: httpx.Client) -> None:
        contacts = [[], [{}], [{"phone": "12125550100"}], [{"phone": "+1-212-555-0100"}], [CONTACT] * 10_001]
        broken: dict[str, list[Any]] = {
            "fromPhoneNumberId": [None],
            "name": ["", "x" * 201],
            "description": ["x" * 1001],
            "contacts": contacts,
            "concurrentCallLimit": [0, 51],
            "maxAttempts": [0, 11],
            "timezone": ["Mars/Olympus"],
            "scheduledStartTime": ["noon", "2026-03-10T08:00:00Z"],
        }
        for name, values in broken.items():
            for value in values:
                answer = talkifai.post("/batch/create", json={**DRAFT, name: value})
                assert refusal(answer) == (400, "validation_error")
                assert name in answer.json()["error"]

    def test_contacts_can_come_as_csv(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        table = "phone,name,plan\r\n+12125550100,Zoë,pro\r\n+12125550101,,\r\n"
        answer = talkifai.post(
            "/batch/create",
            data={"fromPhoneNumberId": "pn_1", "name": "From a table", "maxAttempts": "2"},
            files={"file": ("people.csv", table.encode(), "text/csv")},
        )
        assert answer.status_code == 200
        contacts = sandbox.state("talkifai", answer.json()["batchJobId"]).contacts
        assert [contact.data for contact in contacts] == [
            {"phone": "+12125550100", "name": "Zoë", "plan": "pro"},
            {"phone": "+12125550101"},
        ]

    @pytest.mark.parametrize(
        "table", [b"number\n+12125550100\n", b"phone\n2125550100\n", b"phone\n", b"phone\n\xff\xff\n"]
    )
    def test_a_table_keeps_the_same_rules(self, talkifai: httpx.Client, table: bytes) -> None:
        answer = talkifai.post(
            "/batch/create",
            data={"fromPhoneNumberId": "pn_1", "name": "From a table"},
            files={"file": ("people.csv", table, "text/csv")},
        )
        assert refusal(answer) == (400, "validation_error")


class TestStates:
    def test_a_scheduled_job_can_be_started_early(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = create(talkifai, scheduledStartTime="2026-03-11T09:00:00Z")
        body = talkifai.post(f"/batch/jobs/{job}/start").json()
        assert (body["status"], body["contactsEnqueued"], body["redisJobCancelled"]) == ("running", 1, True)
        assert body["startedAt"] == "2026-03-10T09:00:00.000Z"
        assert sandbox.state("talkifai", job).status == "running"

    def test_cancelling_cancels_everybody_who_would_be_called(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = sandbox.create("talkifai", 40, status="running", concurrency=5)
        sandbox.advance(seconds=400)
        body = talkifai.post(f"/batch/jobs/{job}/cancel").json()
        words = [contact.status for contact in sandbox.state("talkifai", job).contacts]
        assert body["contactsCancelled"] == words.count("cancelled") > 0
        sandbox.advance(seconds=86_400)
        assert all(contact.final for contact in sandbox.state("talkifai", job).contacts)
        assert sandbox.state("talkifai", job).status == "cancelled"

    def test_rescheduling_takes_its_arguments_from_the_query(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        job = sandbox.create("talkifai", 1)
        answer = talkifai.patch(
            f"/batch/jobs/{job}/reschedule",
            params={"scheduledStartTime": "2026-03-10T06:00:00", "timezone": "America/New_York"},
        )
        body = answer.json()
        assert (body["status"], body["scheduledStartTime"]) == ("scheduled", "2026-03-10T10:00:00.000Z")
        assert (body["oldJobCancelled"], bool(body["newScheduledJobId"])) == (False, True)
        sandbox.advance(seconds=3600)
        assert sandbox.state("talkifai", job).status == "running"

    def test_rescheduling_needs_a_time_to_come(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        path = f"/batch/jobs/{sandbox.create('talkifai', 1)}/reschedule"
        for query in ({}, {"scheduledStartTime": "x"}, {"scheduledStartTime": "2026-03-09T09:00:00Z"}):
            assert refusal(talkifai.patch(path, params=query)) == (400, "validation_error")

    @pytest.mark.parametrize(
        ("action", "codes"),
        [
            ("start", {"running": "already_running", "completed": "invalid_status", "cancelled": "invalid_status"}),
            ("cancel", dict.fromkeys(("completed", "failed", "cancelled"), "already_terminal")),
            ("reschedule?scheduledStartTime=2026-03-11T09:00:00Z", {"running": "invalid_status"}),
        ],
    )
    def test_a_state_that_does_not_allow_it_is_a_400(
        self, sandbox: Sandbox, talkifai: httpx.Client, action: str, codes: dict[str, str]
    ) -> None:
        for status, code in codes.items():
            job = sandbox.create("talkifai", 1, status=status)
            method = "PATCH" if "?" in action else "POST"
            assert refusal(talkifai.request(method, f"/batch/jobs/{job}/{action}")) == (400, code)
            assert sandbox.state("talkifai", job).status == status

    def test_somebody_who_did_not_answer_is_tried_until_attempts_run_out(self, sandbox: Sandbox) -> None:
        job = sandbox.create("talkifai", 60, status="running", concurrency=20)
        sandbox.advance(seconds=86_400)
        state = sandbox.state("talkifai", job)
        assert state.status == "completed"
        unreached = [contact for contact in state.contacts if contact.status in ("no_answer", "busy", "timeout")]
        assert {contact.attempts for contact in unreached} == {3}
        assert any(contact.status == "completed" and contact.attempts > 1 for contact in state.contacts)
        assert {contact.attempts for contact in state.contacts if contact.status == "blocked"} <= {1, 2, 3}
