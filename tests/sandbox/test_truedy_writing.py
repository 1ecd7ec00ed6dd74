"""Truedy: rules for what is written, idempotency and states."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import problem
from unibatch.sandbox import Sandbox

DRAFT = {"name": "Autumn offers", "agent_id": "agt_f00", "contacts": [{"phone_number": "+12125550100"}]}
ROWS = [
    {"phone_number": "+12125550100"},
    {"phone_number": "+12125550111", "first_name": None},
    {"phone_number": "+123"},
]


def create(truedy: httpx.Client, **changes: Any) -> str:
    answer = truedy.post("/batch-calls", json={**DRAFT, **changes})
    assert answer.status_code == 201
    return str(answer.json()["data"]["id"])


def status_of(sandbox: Sandbox, campaign_id: str) -> str:
    return sandbox.state("truedy", campaign_id).status


class TestCreating:
    def test_a_new_batch_call_is_a_draft_that_nobody_is_called_for(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        campaign = create(truedy, schedule_type="immediate")
        sandbox.advance(seconds=86_400)
        assert status_of(sandbox, campaign) == "draft"
        assert sandbox.state("truedy", campaign).dialled == {}

    def test_everything_sent_is_kept(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        contact = {
            "phone_number": "+12125550101",
            "first_name": "Ada",
            "last_name": "Novak",
            "email": "ada@example.com",
            "custom_fields": {"plan": "pro"},
        }
        kept = sandbox.state("truedy", create(truedy, contacts=[contact])).contacts[0]
        assert (kept.number, kept.name, kept.data) == ("+12125550101", "Ada Novak", {"plan": "pro"})

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"name": None}, "body.name"),
            ({"name": ""}, "body.name"),
            ({"name": "x" * 256}, "body.name"),
            ({"agent_id": None}, "body.agent_id"),
            ({"agent_id": 5}, "body.agent_id"),
            ({"contacts": "none"}, "body.contacts"),
            ({"contacts": ["none"]}, "body.contacts.0"),
            ({"contacts": [{}]}, "body.contacts.0.phone_number"),
            ({"contacts": [{"phone_number": "12125550100"}]}, "body.contacts.0.phone_number"),
            ({"contacts": [{"phone_number": "+0125550100"}]}, "body.contacts.0.phone_number"),
            ({"contacts": [{"phone_number": "+1234567890123456"}]}, "body.contacts.0.phone_number"),
            ({"contacts": [{"phone_number": "+1 212 555 0100"}]}, "body.contacts.0.phone_number"),
            ({"contacts": [{"phone_number": "+12125550100", "first_name": None}]}, "body.contacts.0.first_name"),
            ({"phone_number_ids": [1]}, "body.phone_number_ids"),
            ({"phone_rotation_strategy": "shuffled"}, "body.phone_rotation_strategy"),
            ({"contact_source": "post"}, "body.contact_source"),
            ({"contact_source": "folder"}, "body.contact_folder_id"),
            ({"contact_folder_id": "folder_none"}, "body.contact_folder_id"),
            ({"contact_ids": ["ctc_none"]}, "body.contact_ids"),
            ({"schedule_type": "later"}, "body.schedule_type"),
            ({"schedule_type": None}, "body.schedule_type"),
            ({"schedule_type": "scheduled"}, "body.scheduled_at"),
            ({"scheduled_at": "tomorrow"}, "body.scheduled_at"),
            ({"timezone": "Mars/Olympus"}, "body.timezone"),
            ({"start_time": "9:00"}, "body.start_time"),
            ({"end_time": 17}, "body.end_time"),
            ({"working_days": [0]}, "body.working_days"),
            ({"working_days": [8]}, "body.working_days"),
            ({"max_calls_per_day": 0}, "body.max_calls_per_day"),
            ({"max_calls_per_day": True}, "body.max_calls_per_day"),
            ({"max_concurrent_calls": 0}, "body.max_concurrent_calls"),
            ({"retry_failed": "yes"}, "body.retry_failed"),
        ],
    )
    def test_a_broken_rule_is_a_422_that_says_where(
        self, truedy: httpx.Client, changes: dict[str, Any], place: str
    ) -> None:
        assert problem(truedy.post("/batch-calls", json={**DRAFT, **changes})) == place

    def test_contacts_can_come_from_a_folder(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy, contacts=None, contact_source="folder", contact_folder_id="folder_sandbox")
        assert len(sandbox.state("truedy", campaign).contacts) == 25

    def test_contacts_can_come_from_another_campaign(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        first = sandbox.create("truedy", 2)
        row = truedy.get(f"/batch-calls/{first}/contacts").json()["data"][0]
        campaign = create(truedy, contacts=None, contact_ids=[row["contact_id"]])
        numbers = [contact.number for contact in sandbox.state("truedy", campaign).contacts]
        assert numbers == [row["phone_number"]]


class TestIdempotency:
    def test_the_same_key_and_body_get_the_first_answer_again(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        before = len(sandbox.campaign_ids("truedy"))
        answers = [truedy.post("/batch-calls", json=DRAFT, headers={"X-Idempotency-Key": "once"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert len(sandbox.campaign_ids("truedy")) == before + 1

    def test_without_a_key_each_request_creates(self, truedy: httpx.Client) -> None:
        assert create(truedy) != create(truedy)

    def test_the_same_key_with_another_body_is_a_new_request_and_an_objection(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        headers = {"X-Idempotency-Key": "once"}
        first, other, again = (
            truedy.post("/batch-calls", json={**DRAFT, "name": name}, headers=headers) for name in ("A", "B", "A")
        )
        assert other.json()["data"]["id"] != first.json()["data"]["id"]
        assert again.json() == first.json()
        assert [str(objection) for objection in sandbox.objections] == [
            "POST /batch-calls: an idempotency key comes again with another body"
        ]

    def test_in_another_reading_it_is_refused(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.assume("truedy", key_with_other_body="refused")
        headers = {"X-Idempotency-Key": "once"}
        truedy.post("/batch-calls", json=DRAFT, headers=headers)
        answer = truedy.post("/batch-calls", json={**DRAFT, "name": "Other"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_reused")

    def test_a_refused_request_is_not_remembered(self, truedy: httpx.Client) -> None:
        headers = {"X-Idempotency-Key": "once"}
        assert truedy.post("/batch-calls", json={}, headers=headers).status_code == 422
        assert truedy.post("/batch-calls", json=DRAFT, headers=headers).status_code == 201

    def test_adding_contacts_ignores_the_key(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        for _ in range(2):
            contacts = {"contacts": [{"phone_number": "+12125550177"}]}
            truedy.post(f"/batch-calls/{campaign}/contacts", json=contacts, headers={"X-Idempotency-Key": "once"})
        assert len(sandbox.state("truedy", campaign).contacts) == 3


class TestAddingContacts:
    def test_in_the_shape_of_the_schema_two_counts_come_back(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        answer = truedy.post(f"/batch-calls/{campaign}/contacts", json={"contacts": ROWS})
        assert (answer.status_code, answer.json()["data"]) == (200, {"added_count": 2, "failed_count": 1})
        assert len(sandbox.state("truedy", campaign).contacts) == 3

    def test_in_the_shape_of_the_examples_repeated_and_invalid_numbers_are_skipped(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        sandbox.shape("truedy", "example")
        campaign = create(truedy)
        rows = [*ROWS, {"phone_number": "not a number"}]
        answer = truedy.post(f"/batch-calls/{campaign}/contacts", json={"contacts": rows})
        counts = {"added": 1, "duplicates_skipped": 1, "invalid_skipped": 2, "total_contacts": 2}
        assert answer.json()["data"] == counts

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({}, "body.contacts"),
            ({"contacts": []}, "body.contacts"),
            ({"contacts": [{"phone_number": "12125550100"}]}, "body.contacts.0.phone_number"),
        ],
    )
    def test_a_broken_rule_is_a_422(self, truedy: httpx.Client, body: dict[str, Any], place: str) -> None:
        campaign = create(truedy)
        assert problem(truedy.post(f"/batch-calls/{campaign}/contacts", json=body)) == place

    def test_a_final_campaign_takes_no_contacts(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.create("truedy", 1, status="completed")
        answer = truedy.post(f"/batch-calls/{campaign}/contacts", json={"contacts": ROWS})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_state")

    def test_contacts_added_to_a_running_campaign_are_called(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.create("truedy", 1, status="active")
        truedy.post(f"/batch-calls/{campaign}/contacts", json={"contacts": [{"phone_number": "+12125550111"}]})
        sandbox.advance(calls=2, vendor="truedy", campaign_id=campaign)
        assert sandbox.state("truedy", campaign).dialled["+12125550111"] == 1


class TestStates:
    def test_scheduling_without_a_time_starts_at_once(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        answer = truedy.post(f"/batch-calls/{campaign}/schedule")
        assert answer.status_code == 200
        assert answer.json()["data"] == {
            "id": campaign,
            "status": "scheduled",
            "scheduled_at": "2026-03-10T09:00:00.000000Z",
            "timezone": "UTC",
        }
        assert status_of(sandbox, campaign) == "active"

    def test_scheduling_ahead_waits_for_the_time(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        body = {"scheduled_at": "2026-03-10T06:00:00", "timezone": "America/New_York"}
        data = truedy.post(f"/batch-calls/{campaign}/schedule", json=body).json()["data"]
        assert data["scheduled_at"] == "2026-03-10T10:00:00.000000Z"
        sandbox.advance(seconds=3599)
        assert status_of(sandbox, campaign) == "scheduled"
        sandbox.advance(seconds=1)
        assert status_of(sandbox, campaign) == "active"

    @pytest.mark.parametrize("at", ["2026-03-10T08:59:59Z", "soon", 5])
    def test_scheduling_needs_a_time_to_come(self, truedy: httpx.Client, at: Any) -> None:
        answer = truedy.post(f"/batch-calls/{create(truedy)}/schedule", json={"scheduled_at": at})
        assert problem(answer) == "body.scheduled_at"

    def test_a_paused_campaign_lets_calls_under_way_go_on(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.create("truedy", 20, status="active", concurrency=4)
        sandbox.advance(seconds=1)
        answer = truedy.post(f"/batch-calls/{campaign}/pause")
        assert (answer.status_code, answer.json()["data"]["status"]) == (200, "paused")
        sandbox.advance(seconds=3600)
        state = sandbox.state("truedy", campaign)
        assert sum(contact.final for contact in state.contacts) == sum(state.dialled.values()) < 10

    def test_a_paused_campaign_resumes_at_once_when_its_start_is_past(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        campaign = sandbox.create("truedy", 2, status="paused")
        answer = truedy.post(f"/batch-calls/{campaign}/resume")
        assert answer.status_code == 201
        assert set(answer.json()["data"]) == {"id", "status", "resumed_at"}
        assert status_of(sandbox, campaign) == "active"

    def test_a_paused_campaign_goes_back_to_its_schedule(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        truedy.post(f"/batch-calls/{campaign}/schedule", json={"scheduled_at": "2026-03-10T10:00:00Z"})
        truedy.post(f"/batch-calls/{campaign}/pause")
        assert status_of(sandbox, campaign) == "paused"
        assert truedy.post(f"/batch-calls/{campaign}/resume").json()["data"]["status"] == "scheduled"
        sandbox.advance(seconds=3600)
        assert status_of(sandbox, campaign) == "active"

    @pytest.mark.parametrize(
        ("status", "action"),
        [
            ("active", "schedule"),
            ("paused", "schedule"),
            ("completed", "schedule"),
            ("draft", "pause"),
            ("paused", "pause"),
            ("cancelled", "pause"),
            ("draft", "resume"),
            ("active", "resume"),
            ("failed", "resume"),
        ],
    )
    def test_a_state_that_does_not_allow_it_is_a_400(
        self, sandbox: Sandbox, truedy: httpx.Client, status: str, action: str
    ) -> None:
        campaign = sandbox.create("truedy", 1, status=status)
        answer = truedy.post(f"/batch-calls/{campaign}/{action}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_state")
        assert status_of(sandbox, campaign) == status

    def test_only_draft_failed_and_cancelled_ones_can_be_deleted(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        made = {
            status: sandbox.create("truedy", 1, status=status)
            for status in ("draft", "failed", "cancelled", "active", "scheduled", "paused", "completed")
        }
        body = {"ids": [*made.values(), "batch_none"]}
        data = truedy.post("/batch-calls/bulk-delete", json=body).json()["data"]
        assert data["deleted_ids"] == [made["draft"], made["failed"], made["cancelled"]]
        assert (data["deleted_count"], data["failed_count"]) == (3, 5)
        assert truedy.get(f"/batch-calls/{made['draft']}").status_code == 404

    @pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": [1]}])
    def test_deleting_needs_ids(self, truedy: httpx.Client, body: dict[str, Any]) -> None:
        assert problem(truedy.post("/batch-calls/bulk-delete", json=body)) == "body.ids"

    def test_a_change_touches_only_what_was_sent(self, truedy: httpx.Client) -> None:
        campaign = create(truedy, max_calls_per_day=10)
        data = truedy.patch(f"/batch-calls/{campaign}", json={"name": "Other"}).json()["data"]
        assert (data["name"], data["max_calls_per_day"]) == ("Other", 10)

    def test_a_change_moves_the_start_of_a_scheduled_campaign(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        truedy.post(f"/batch-calls/{campaign}/schedule", json={"scheduled_at": "2026-03-12T10:00:00Z"})
        truedy.patch(f"/batch-calls/{campaign}", json={"scheduled_at": "2026-03-10T09:30:00Z"})
        sandbox.advance(seconds=1800)
        assert status_of(sandbox, campaign) == "active"

    def test_a_change_keeps_the_rules_of_creation(self, truedy: httpx.Client) -> None:
        answer = truedy.patch(f"/batch-calls/{create(truedy)}", json={"working_days": [9]})
        assert problem(answer) == "body.working_days"

    def test_a_final_campaign_cannot_be_changed(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.create("truedy", 1, status="cancelled")
        assert truedy.patch(f"/batch-calls/{campaign}", json={"name": "Other"}).status_code == 400
