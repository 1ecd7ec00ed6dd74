"""Truedy: rules for what is written, idempotency and states."""

from __future__ import annotations

from typing import Any, ClassVar

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


def require_places(truedy: httpx.Client, path: str, body: dict[str, Any], broken: dict[str, list[Any]]) -> None:
    """Require a 422 that says where for each value of a field; a place may be inside of the field."""
    for place, values in broken.items():
        name = place.partition(".")[0]
        for value in values:
            answer = truedy.post(path, json={**body, name: value})
            assert problem(answer) == f"body.{place}", (place, value)


class TestCreating:
    def test_a_new_batch_call_is_a_draft_that_nobody_is_called_for(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        campaign = create(truedy, schedule_type="immediate")
        sandbox.advance(seconds=86_400)
        assert status_of(sandbox, campaign) == "draft"
        assert sandbox.state("truedy", campaign).dialled == {}

    def test_everything_sent_is_kept(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        person = {"first_name": "Ada", "last_name": "Novak", "email": "ada@example.com"}
        contact = {"phone_number": "+12125550101", **person, "custom_fields": {"plan": "pro"}}
        kept = sandbox.state("truedy", create(truedy, contacts=[contact])).contacts[0]
        assert (kept.number, kept.name, kept.data) == ("+12125550101", "Ada Novak", {"plan": "pro"})

    def test_a_broken_rule_is_a_422_that_says_where(self, truedy: httpx.Client) -> None:
        bad_numbers = ["12125550100", "+0125550100", "+1234567890123456", "+1 212 555 0100"]
        broken: dict[str, list[Any]] = {
            "name": [None, "", "x" * 256],
            "agent_id": [None, 5],
            "contacts": ["none"],
            "contacts.0": [["none"]],
            "contacts.0.phone_number": [[{}], *([{"phone_number": bad}] for bad in bad_numbers)],
            "contacts.0.first_name": [[{"phone_number": "+12125550100", "first_name": None}]],
            "phone_number_ids": [[1]],
            "phone_rotation_strategy": ["shuffled"],
            "contact_source": ["post"],
            "contact_folder_id": ["folder_none"],
            "contact_ids": [["ctc_none"]],
            "schedule_type": ["later", None],
            "scheduled_at": ["tomorrow"],
            "timezone": ["Mars/Olympus"],
            "start_time": ["9:00"],
            "end_time": [17],
            "working_days": [[0], [8]],
            "max_calls_per_day": [0, True],
            "max_concurrent_calls": [0],
            "retry_failed": ["yes"],
        }
        require_places(truedy, "/batch-calls", DRAFT, broken)
        for change, needed in (
            ({"contact_source": "folder"}, "contact_folder_id"),
            ({"schedule_type": "scheduled"}, "scheduled_at"),
        ):
            assert problem(truedy.post("/batch-calls", json={**DRAFT, **change})) == f"body.{needed}"

    def test_contacts_can_come_from_a_folder_or_another_campaign(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy, contacts=None, contact_source="folder", contact_folder_id="folder_sandbox")
        assert len(sandbox.state("truedy", campaign).contacts) == 25
        row = truedy.get(f"/batch-calls/{campaign}/contacts").json()["data"][0]
        other = create(truedy, contacts=None, contact_ids=[row["contact_id"]])
        assert [contact.number for contact in sandbox.state("truedy", other).contacts] == [row["phone_number"]]


class TestIdempotency:
    KEY: ClassVar = {"X-Idempotency-Key": "once"}

    def test_the_same_key_and_body_get_the_first_answer_again(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        answers = [truedy.post("/batch-calls", json=DRAFT, headers=self.KEY) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert len(sandbox.campaign_ids("truedy")) == 1

    def test_without_a_key_each_request_creates(self, truedy: httpx.Client) -> None:
        assert create(truedy) != create(truedy)

    def test_the_same_key_with_another_body_is_a_new_request_and_an_objection(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        first, other, again = (
            truedy.post("/batch-calls", json={**DRAFT, "name": name}, headers=self.KEY) for name in ("A", "B", "A")
        )
        assert other.json()["data"]["id"] != first.json()["data"]["id"]
        assert again.json() == first.json()
        assert [str(objection) for objection in sandbox.objections] == [
            "POST /batch-calls: an idempotency key comes again with another body"
        ]
        sandbox.assume("truedy", key_with_other_body="refused")
        answer = truedy.post("/batch-calls", json={**DRAFT, "name": "C"}, headers=self.KEY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_reused")

    def test_a_refused_request_is_not_remembered(self, truedy: httpx.Client) -> None:
        assert truedy.post("/batch-calls", json={}, headers=self.KEY).status_code == 422
        assert truedy.post("/batch-calls", json=DRAFT, headers=self.KEY).status_code == 201

    def test_adding_contacts_ignores_the_key(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        for _ in range(2):
            contacts = {"contacts": [{"phone_number": "+12125550177"}]}
            truedy.post(f"/batch-calls/{campaign}/contacts", json=contacts, headers=self.KEY)
        assert len(sandbox.state("truedy", campaign).contacts) == 3


class TestAddingContacts:
    @pytest.mark.parametrize(
        ("shape", "rows", "counts"),
        [
            ("schema", ROWS, {"added_count": 2, "failed_count": 1}),
            (
                "example",
                [*ROWS, {"phone_number": "not a number"}],
                {"added": 1, "duplicates_skipped": 1, "invalid_skipped": 2, "total_contacts": 2},
            ),
        ],
    )
    def test_counts_come_back_in_the_shape_that_holds(
        self, sandbox: Sandbox, truedy: httpx.Client, shape: str, rows: list[Any], counts: dict[str, int]
    ) -> None:
        sandbox.shape("truedy", shape)
        campaign = create(truedy)
        answer = truedy.post(f"/batch-calls/{campaign}/contacts", json={"contacts": rows})
        assert (answer.status_code, answer.json()["data"]) == (200, counts)
        assert len(sandbox.state("truedy", campaign).contacts) == (3 if shape == "schema" else 2)

    def test_a_broken_rule_is_a_422(self, truedy: httpx.Client) -> None:
        broken: dict[str, list[Any]] = {
            "contacts": [None, []],
            "contacts.0.phone_number": [[{"phone_number": "12125550100"}]],
        }
        require_places(truedy, f"/batch-calls/{create(truedy)}/contacts", {}, broken)

    def test_contacts_added_to_a_running_campaign_are_called(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.create("truedy", 1, status="active")
        truedy.post(f"/batch-calls/{campaign}/contacts", json={"contacts": [{"phone_number": "+12125550111"}]})
        sandbox.advance(calls=2, vendor="truedy", campaign_id=campaign)
        assert sandbox.state("truedy", campaign).dialled["+12125550111"] == 1


class TestStates:
    def test_scheduling_without_a_time_starts_now(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        answer = truedy.post(f"/batch-calls/{campaign}/schedule")
        start = {"scheduled_at": "2026-03-10T09:00:00.000000Z", "timezone": "UTC"}
        assert (answer.status_code, answer.json()["data"]) == (200, {"id": campaign, "status": "scheduled", **start})
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

    def test_scheduling_needs_a_time_to_come(self, truedy: httpx.Client) -> None:
        broken = {"scheduled_at": ["2026-03-10T08:59:59Z", "soon", 5]}
        require_places(truedy, f"/batch-calls/{create(truedy)}/schedule", {}, broken)

    def test_a_paused_campaign_lets_calls_under_way_go_on(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.create("truedy", 20, status="active", concurrency=4)
        sandbox.advance(seconds=1)
        answer = truedy.post(f"/batch-calls/{campaign}/pause")
        assert (answer.status_code, answer.json()["data"]["status"]) == (200, "paused")
        sandbox.advance(seconds=3600)
        state = sandbox.state("truedy", campaign)
        assert sum(contact.final for contact in state.contacts) == sum(state.dialled.values()) < 10

    def test_a_paused_campaign_resumes_now_if_its_start_is_past_and_else_keeps_it(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        past, ahead = sandbox.create("truedy", 2, status="paused"), create(truedy)
        truedy.post(f"/batch-calls/{ahead}/schedule", json={"scheduled_at": "2026-03-10T10:00:00Z"})
        truedy.post(f"/batch-calls/{ahead}/pause")
        assert status_of(sandbox, ahead) == "paused"
        for campaign in (past, ahead):
            answer = truedy.post(f"/batch-calls/{campaign}/resume")
            assert (answer.status_code, set(answer.json()["data"])) == (201, {"id", "status", "resumed_at"})
            assert answer.json()["data"]["status"] == ("active" if campaign == past else "scheduled")
        assert status_of(sandbox, past) == "active"
        sandbox.advance(seconds=3600)
        assert status_of(sandbox, ahead) == "active"

    @pytest.mark.parametrize(
        ("action", "statuses"),
        [
            ("schedule", ["active", "paused", "completed"]),
            ("pause", ["draft", "paused", "cancelled"]),
            ("resume", ["draft", "active", "failed"]),
            ("contacts", ["completed", "failed", "cancelled"]),
        ],
    )
    def test_a_state_that_does_not_allow_it_is_a_400(
        self, sandbox: Sandbox, truedy: httpx.Client, action: str, statuses: list[str]
    ) -> None:
        for status in statuses:
            campaign = sandbox.create("truedy", 1, status=status)
            body = {"contacts": ROWS} if action == "contacts" else None
            answer = truedy.post(f"/batch-calls/{campaign}/{action}", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_state"), status
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
        require_places(truedy, "/batch-calls/bulk-delete", {}, {"ids": [None, [], [1]]})


class TestChanging:
    def test_touches_only_what_was_sent_and_keeps_the_rules(self, truedy: httpx.Client) -> None:
        path = f"/batch-calls/{create(truedy, max_calls_per_day=10)}"
        data = truedy.patch(path, json={"name": "Other"}).json()["data"]
        assert (data["name"], data["max_calls_per_day"]) == ("Other", 10)
        assert problem(truedy.patch(path, json={"working_days": [9]})) == "body.working_days"

    def test_moves_the_start_of_a_scheduled_campaign(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = create(truedy)
        truedy.post(f"/batch-calls/{campaign}/schedule", json={"scheduled_at": "2026-03-12T10:00:00Z"})
        truedy.patch(f"/batch-calls/{campaign}", json={"scheduled_at": "2026-03-10T09:30:00Z"})
        sandbox.advance(seconds=1800)
        assert status_of(sandbox, campaign) == "active"

    def test_is_refused_when_the_campaign_is_over(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.create("truedy", 1, status="cancelled")
        assert truedy.patch(f"/batch-calls/{campaign}", json={"name": "Other"}).status_code == 400

    def test_of_the_start_needs_one_to_come_and_a_campaign_that_does_not_run(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        paths = {
            status: f"/batch-calls/{sandbox.create('truedy', 1, status=status)}" for status in ("paused", "active")
        }
        start = {"schedule_type": "scheduled", "scheduled_at": "2026-03-12T10:00:00Z"}
        past = {"scheduled_at": "2026-03-01T10:00:00Z"}
        for body in (past, {"schedule_type": "scheduled"}):
            assert problem(truedy.patch(paths["paused"], json=body)) == "body.scheduled_at"
        data = truedy.patch(paths["paused"], json=start).json()["data"]
        assert (data["status"], data["schedule_type"], data["scheduled_at"][:10]) == (
            "paused",
            "scheduled",
            "2026-03-12",
        )
        assert truedy.patch(paths["active"], json=start).status_code == 400
