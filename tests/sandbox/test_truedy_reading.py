"""Truedy: envelopes, its two shapes, page limits and filters."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.conftest import problem
from unibatch.sandbox import Sandbox

SEEDED = True

EXAMPLE_CONTACT = {"id", "name", "phone", "call_status", "call_id", "called_at"}
SCHEMA_CONTACT = {"contact_id", "phone_number", "first_name", "call_status", "call_id", "called_at"}


class TestReading:
    def test_a_listing_has_data_meta_and_pagination(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        body = truedy.get("/batch-calls", params={"limit": 2, "offset": 1}).json()
        assert [row["id"] for row in body["data"]] == list(sandbox.campaign_ids("truedy")[1:3])
        assert body["pagination"] == {"total": 9, "limit": 2, "offset": 1, "has_more": True}
        assert set(body["meta"]) == {"request_id", "ts"}

    def test_limits_have_documented_defaults(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.campaign_ids("truedy")[0]
        pagination = truedy.get(f"/batch-calls/{campaign}/contacts").json()["pagination"]
        assert pagination == {"total": 1250, "limit": 50, "offset": 0, "has_more": True}

    def test_an_offset_beyond_the_end_is_an_empty_last_page(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.campaign_ids("truedy")[0]
        body = truedy.get(f"/batch-calls/{campaign}/contacts", params={"offset": 5000}).json()
        assert body["data"] == []
        assert body["pagination"]["has_more"] is False

    def test_request_ids_differ_and_are_the_same_after_a_reset(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        first = [truedy.get("/batch-calls").json()["meta"]["request_id"] for _ in range(2)]
        sandbox.reset()
        assert [truedy.get("/batch-calls").json()["meta"]["request_id"] for _ in range(2)] == first
        assert first[0] != first[1]

    def test_a_query_out_of_range_is_a_422_as_the_schema_says(self, truedy: httpx.Client) -> None:
        broken = {"limit": ("0", "101", "ten"), "offset": ("-1", "1.5"), "status": ("running",)}
        for parameter, values in broken.items():
            for value in values:
                assert problem(truedy.get("/batch-calls", params={parameter: value})) == f"query.{parameter}", value

    def test_in_the_other_shape_a_422_is_the_error_envelope(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.shape("truedy", "example")
        answer = truedy.get("/batch-calls", params={"limit": 0})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "validation_error")
        assert error["details"] == {"field": "limit", "reason": "must be 1 to 100"}

    def test_campaigns_are_filtered_by_status_and_agent(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        rows = truedy.get("/batch-calls", params={"status": "draft"}).json()["data"]
        assert {row["status"] for row in rows} == {"draft"}
        rows = truedy.get("/batch-calls", params={"agent_id": "agt_0ff1ce00"}).json()["data"]
        assert [row["id"] for row in rows] == [sandbox.campaign_ids("truedy")[4]]

    def test_contacts_are_filtered_by_any_word(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        path = f"/batch-calls/{sandbox.campaign_ids('truedy')[0]}/contacts"
        rows = truedy.get(path, params={"status": "voicemail"}).json()["data"]
        assert {row["call_status"] for row in rows} == {"voicemail"}
        assert truedy.get(path, params={"status": "unheard-of"}).json()["pagination"]["total"] == 0

    def test_the_counters_agree_with_the_contacts(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.campaign_ids("truedy")[0]
        batch = truedy.get(f"/batch-calls/{campaign}").json()["data"]
        words = [contact.status for contact in sandbox.state("truedy", campaign).contacts]
        assert batch["total_contacts"] == len(words) == 1250
        assert batch["successful_contacts"] == words.count("completed") + words.count("ended")
        parts = ("successful_contacts", "failed_contacts", "voicemail_contacts", "no_answer_contacts")
        assert batch["completed_contacts"] == sum(batch[part] for part in parts)
        assert batch["total_cost_usd"] > 0


class TestShapes:
    def test_the_first_campaign_is_in_the_shape_of_the_schema(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.campaign_ids("truedy")[0]
        assert truedy.get(f"/batch-calls/{campaign}").json()["data"]["status"] == "active"
        row = truedy.get(f"/batch-calls/{campaign}/contacts").json()["data"][0]
        assert set(row) == SCHEMA_CONTACT
        assert row["contact_id"].startswith("ctc_")

    def test_the_second_campaign_is_in_the_shape_of_the_examples(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        campaign = sandbox.campaign_ids("truedy")[1]
        batch = truedy.get(f"/batch-calls/{campaign}").json()["data"]
        assert batch["status"] == "running"
        assert batch["called"] == batch["completed"] + batch["failed"]
        assert batch["pending"] == batch["total_contacts"] - batch["called"]
        row = truedy.get(f"/batch-calls/{campaign}/contacts").json()["data"][0]
        assert set(row) == EXAMPLE_CONTACT
        assert row["id"].startswith("cnt_")

    def test_the_shape_of_all_others_can_be_chosen(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.shape("truedy", "example")
        campaign = sandbox.campaign_ids("truedy")[0]
        assert truedy.get(f"/batch-calls/{campaign}").json()["data"]["status"] == "running"
        assert set(truedy.get(f"/batch-calls/{campaign}/contacts").json()["data"][0]) == EXAMPLE_CONTACT

    def test_no_other_shape_and_no_other_vendor_with_shapes_is_there(self, sandbox: Sandbox) -> None:
        with pytest.raises(ValueError, match="one shape only"):
            sandbox.shape("techladder", "schema")
        with pytest.raises(ValueError, match="one shape only"):
            sandbox.create("talkifai", 1, shape="schema")
        with pytest.raises(ValueError, match="schema, example"):
            sandbox.shape("truedy", "other")
