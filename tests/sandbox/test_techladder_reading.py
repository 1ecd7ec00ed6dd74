"""TechLadder: answers, page limits and filters."""

from __future__ import annotations

import httpx

from tests.sandbox.conftest import details
from unibatch.sandbox import Sandbox

SEEDED = True


class TestReading:
    def test_success_comes_in_the_envelope(self, techladder: httpx.Client) -> None:
        body = techladder.get("/me").json()
        assert (body["status_code"], body["error"]) == (200, None)
        assert body["data"]["limits"] == {
            "max_batch_size": 10_000,
            "max_concurrent_calls": 20,
            "max_call_duration_seconds": 900,
            "rate_limit_per_minute": 300,
        }

    def test_a_page_says_where_it_is(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        batch = sandbox.campaign_ids("techladder")[0]
        data = techladder.get(f"/call-batches/{batch}/calls", params={"limit": 500, "page": 3}).json()["data"]
        items = data.pop("items")
        assert data == {"total": 1300, "page": 3, "limit": 500, "has_more": False}
        assert len(items) == 300

    def test_limits_have_documented_defaults(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        batch = sandbox.campaign_ids("techladder")[0]
        assert techladder.get("/call-batches").json()["data"]["limit"] == 50
        assert techladder.get(f"/call-batches/{batch}/calls").json()["data"]["limit"] == 100

    def test_a_query_out_of_range_is_a_422(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        calls = f"/call-batches/{sandbox.campaign_ids('techladder')[0]}/calls"
        for path, parameter, values in (
            ("/call-batches", "limit", ("0", "101")),
            ("/call-batches", "page", ("0", "one")),
            ("/call-batches", "status", ("running",)),
            (calls, "limit", ("501", "-1")),
            (calls, "page", ("0",)),
            (calls, "status", ("voicemail",)),
        ):
            for value in values:
                assert details(techladder.get(path, params={parameter: value})) == parameter, value

    def test_batches_are_filtered(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        ids = sandbox.campaign_ids("techladder")
        items = techladder.get("/call-batches", params={"status": "active"}).json()["data"]["items"]
        assert [item["schedule_id"] for item in items] == [ids[0]]
        items = techladder.get("/call-batches", params={"agent_id": "agt-0ff1ce00"}).json()["data"]["items"]
        assert [item["schedule_id"] for item in items] == [ids[1], ids[3]]

    def test_calls_are_filtered_by_status_and_external_id(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        path = f"/call-batches/{sandbox.campaign_ids('techladder')[0]}/calls"
        busy = techladder.get(path, params={"status": "busy"}).json()["data"]["items"]
        assert {item["status"] for item in busy} == {"busy"}
        wanted = busy[0]["external_id"]
        found = techladder.get(path, params={"status": "busy", "external_id": wanted}).json()["data"]
        assert (found["total"], found["items"]) == (1, [busy[0]])

    def test_a_batch_has_no_name(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        batch = techladder.get(f"/call-batches/{sandbox.campaign_ids('techladder')[0]}").json()["data"]
        assert "name" not in batch
        assert batch["total_contacts"] == 1300
        assert 0 < batch["completed_contacts"] < batch["total_contacts"]

    def test_a_call_has_the_documented_fields(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        path = f"/call-batches/{sandbox.campaign_ids('techladder')[0]}/calls"
        call = techladder.get(path, params={"status": "completed", "limit": 1}).json()["data"]["items"][0]
        assert set(call) == {
            "call_id", "external_id", "phone_number", "name", "status", "duration_seconds", "started_at", "ended_at",
            "metadata",
        }  # fmt: skip
        assert call["phone_number"].isdigit()
        assert call["duration_seconds"] > 0
