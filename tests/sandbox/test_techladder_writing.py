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

    @pytest.mark.parametrize(("once", "kept"), [({}, 1), ({"deduplicate_by_phone": False}, 2)])
    def test_repeated_numbers_are_dropped_without_a_word_unless_they_are_asked_for(
        self, sandbox: Sandbox, techladder: httpx.Client, once: dict[str, bool], kept: int
    ) -> None:
        batch = create(techladder, contacts=[CONTACT, {**CONTACT, "contact_id": "8"}], **once)
        ids = [contact.external_id for contact in sandbox.state("techladder", batch).contacts]
        assert ids == ["7", "8"][:kept]

    def test_keys_of_metadata_come_back_respelt(self, techladder: httpx.Client) -> None:
        contact = {**CONTACT, "name": "Ada Novak", "metadata": {"company_name": "Elmgate", "plan": 3}}
        batch = create(techladder, contacts=[contact])
        call = techladder.get(f"/call-batches/{batch}/calls").json()["data"]["items"][0]
        assert call["metadata"] == {"Company Name": "Elmgate", "Plan": 3}
        assert (call["external_id"], call["phone_number"], call["name"]) == ("7", "12125550100", "Ada Novak")

    def test_a_broken_rule_is_a_422_that_says_where(self, techladder: httpx.Client) -> None:
        broken: dict[str, list[Any]] = {
            "agent_name": [None],
            "version_name": [""],
            "contacts": [None, []],
            "contacts[0]": [[7]],
            "contacts[0].contact_id": [[{"phone_number": "12125550100"}], [{**CONTACT, "contact_id": 7}]],
            "contacts[0].phone_number": [[{**CONTACT, "phone_number": bad}] for bad in ("+12125550100", "125550100")],
            "contacts[0].metadata": [[{**CONTACT, "metadata": []}]],
            "contacts[0].status": [[{**CONTACT, "status": "completed"}]],
            "start_mode": ["later"],
            "concurrency": [0, 21],
            "max_duration_seconds_per_call": [901],
            "callback_url": ["ftp://example.com"],
            "interruption": ["no"],
            "did_number": [13125550199],
            "metadata": [[]],
        }
        schedule = {"schedule_date": "2026-03-11", "schedule_time": "15:00", "schedule_timezone": "Asia/Kolkata"}
        scheduled: dict[str, list[Any]] = {
            "schedule_date": [None, "10.03.2026", "2026-02-30", "2026-03-09"],
            "schedule_time": ["3 pm"],
            "schedule_timezone": ["IST", None],
        }
        for body, table in ((DRAFT, broken), ({**DRAFT, "start_mode": "scheduled", **schedule}, scheduled)):
            for place, values in table.items():
                for value in values:
                    answer = techladder.post("/call-batches", json={**body, place.partition("[")[0]: value})
                    assert details(answer) == place, value

    def test_more_contacts_than_a_batch_may_have_are_refused(self, techladder: httpx.Client) -> None:
        answer = techladder.post("/call-batches", json={**DRAFT, "contacts": [CONTACT] * 10_001})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BATCH_SIZE_EXCEEDED")
