"""TechLadder: rules for what is written, and states."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import details
from unibatch.sandbox import Sandbox

CONTACT = {"contact_id": "7", "phone_number": "12125550100"}
DRAFT = {"agent_name": "agt-5a1dc0de", "version_name": "pmt-5a1dc0de", "contacts": [CONTACT]}


def create(techladder: httpx.Client, **changes: Any) -> str:
    answer = techladder.post("/call-batches", json={**DRAFT, **changes})
    assert answer.status_code == 201
    return str(answer.json()["data"]["schedule_id"])


class TestCreating:
    def test_a_batch_waits_to_be_started_by_hand(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        batch = create(techladder)
        sandbox.advance(seconds=86_400)
        assert sandbox.state("techladder", batch).status == "pending"
        sandbox.set_status("techladder", batch, "active")
        sandbox.advance(seconds=86_400)
        assert sandbox.state("techladder", batch).status == "completed"

    def test_an_immediate_batch_is_active(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        assert sandbox.state("techladder", create(techladder, start_mode="immediate")).status == "active"

    def test_a_scheduled_batch_starts_in_its_time_zone(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        batch = create(
            techladder,
            start_mode="scheduled",
            schedule_date="2026-03-10",
            schedule_time="15:00",
            schedule_timezone="Asia/Kolkata (IST, UTC+5:30)",
        )
        assert sandbox.state("techladder", batch).status == "pending"
        sandbox.advance(seconds=1800)
        assert sandbox.state("techladder", batch).status == "active"

    def test_repeated_numbers_are_dropped_without_a_word(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        twice = [CONTACT, {**CONTACT, "contact_id": "8"}]
        batch = create(techladder, contacts=twice)
        assert [contact.external_id for contact in sandbox.state("techladder", batch).contacts] == ["7"]

    def test_repeated_numbers_stay_when_asked(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        batch = create(techladder, contacts=[CONTACT, CONTACT], deduplicate_by_phone=False)
        assert len(sandbox.state("techladder", batch).contacts) == 2

    def test_keys_of_metadata_come_back_respelt(self, techladder: httpx.Client) -> None:
        contact = {**CONTACT, "name": "Ada Novak", "metadata": {"company_name": "Elmgate", "plan": 3}}
        batch = create(techladder, contacts=[contact])
        call = techladder.get(f"/call-batches/{batch}/calls").json()["data"]["items"][0]
        assert call["metadata"] == {"Company Name": "Elmgate", "Plan": 3}
        assert (call["external_id"], call["phone_number"], call["name"]) == ("7", "12125550100", "Ada Novak")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"agent_name": None}, "agent_name"),
            ({"version_name": ""}, "version_name"),
            ({"contacts": None}, "contacts"),
            ({"contacts": []}, "contacts"),
            ({"contacts": [7]}, "contacts[0]"),
            ({"contacts": [{"phone_number": "12125550100"}]}, "contacts[0].contact_id"),
            ({"contacts": [{**CONTACT, "contact_id": 7}]}, "contacts[0].contact_id"),
            ({"contacts": [{**CONTACT, "phone_number": "+12125550100"}]}, "contacts[0].phone_number"),
            ({"contacts": [{**CONTACT, "phone_number": "125550100"}]}, "contacts[0].phone_number"),
            ({"contacts": [{**CONTACT, "metadata": []}]}, "contacts[0].metadata"),
            ({"contacts": [{**CONTACT, "status": "completed"}]}, "contacts[0].status"),
            ({"start_mode": "later"}, "start_mode"),
            ({"start_mode": "scheduled"}, "schedule_date"),
            ({"concurrency": 0}, "concurrency"),
            ({"concurrency": 21}, "concurrency"),
            ({"max_duration_seconds_per_call": 901}, "max_duration_seconds_per_call"),
            ({"callback_url": "ftp://example.com"}, "callback_url"),
            ({"interruption": "no"}, "interruption"),
            ({"did_number": 13125550199}, "did_number"),
            ({"metadata": []}, "metadata"),
        ],
    )
    def test_a_broken_rule_is_a_422_that_says_where(
        self, techladder: httpx.Client, changes: dict[str, Any], field: str
    ) -> None:
        assert details(techladder.post("/call-batches", json={**DRAFT, **changes})) == field

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"schedule_date": "10.03.2026"}, "schedule_date"),
            ({"schedule_date": "2026-02-30"}, "schedule_date"),
            ({"schedule_date": "2026-03-09"}, "schedule_date"),
            ({"schedule_time": "3 pm"}, "schedule_time"),
            ({"schedule_timezone": "IST"}, "schedule_timezone"),
            ({"schedule_timezone": None}, "schedule_timezone"),
        ],
    )
    def test_a_schedule_must_be_whole_and_ahead(
        self, techladder: httpx.Client, changes: dict[str, Any], field: str
    ) -> None:
        schedule = {"schedule_date": "2026-03-11", "schedule_time": "15:00", "schedule_timezone": "Asia/Kolkata"}
        body = {**DRAFT, "start_mode": "scheduled", **schedule, **changes}
        assert details(techladder.post("/call-batches", json=body)) == field

    def test_more_contacts_than_a_batch_may_have_are_refused(self, techladder: httpx.Client) -> None:
        answer = techladder.post("/call-batches", json={**DRAFT, "contacts": [CONTACT] * 10_001})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BATCH_SIZE_EXCEEDED")
