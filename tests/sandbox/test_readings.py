"""What the documents leave open can be read otherwise; what a vendor could object to is noted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import CREATE, READ
from unibatch.sandbox import Sandbox

BODY = {
    "truedy": {"name": "A", "agent_id": "agt_1"},
    "techladder": {"agent_name": "agt-1", "version_name": "pmt-1"},
    "talkifai": {"fromPhoneNumberId": "pn_1", "name": "A"},
}


def create(client: httpx.Client, vendor: str, numbers: tuple[str, ...] = ("+12125550100", "+12125550101")) -> Any:
    contacts = {
        "truedy": [{"phone_number": number} for number in numbers],
        "techladder": [{"contact_id": number, "phone_number": number[1:]} for number in numbers],
        "talkifai": [{"phone": number} for number in numbers],
    }[vendor]
    return client.post(CREATE[vendor], json={**BODY[vendor], "contacts": contacts})


def rows(client: httpx.Client, vendor: str) -> list[dict[str, Any]]:
    body = client.get(READ[vendor]).json()
    body = body.get("data", body)
    found: list[dict[str, Any]] = body if isinstance(body, list) else body.get("items") or body["batchJobs"]
    return found


class TestAnyVendor:
    def test_may_list_the_newest_first_and_less_than_there_is(
        self, sandbox: Sandbox, client: httpx.Client, vendor: str
    ) -> None:
        ids = [sandbox.create(vendor, 1) for _ in range(3)]
        sandbox.assume(vendor, order="newest", listing_lacks=["created_at", "createdAt"], largest_page=2)
        found = rows(client, vendor)
        assert [row.get("id") or row["schedule_id"] for row in found] == ids[:0:-1]
        assert not {"created_at", "createdAt"} & found[0].keys()

    def test_may_drop_a_number_without_a_word(self, sandbox: Sandbox, client: httpx.Client, vendor: str) -> None:
        sandbox.assume(vendor, drops=["+12125550100"])
        assert create(client, vendor).is_success
        (campaign_id,) = sandbox.campaign_ids(vendor)
        assert [contact.number for contact in sandbox.state(vendor, campaign_id).contacts] == ["+12125550101"]

    def test_ends_every_call_as_is_wanted(self, sandbox: Sandbox, vendor: str) -> None:
        sandbox.assume(vendor, outcome="completed")
        campaign_id = sandbox.create(vendor, 30, status="running" if vendor == "talkifai" else "active")
        assert sandbox.advance(calls=100) == 30
        assert {contact.status for contact in sandbox.state(vendor, campaign_id).contacts} == {"completed"}

    def test_has_no_readings_but_its_own(self, sandbox: Sandbox, vendor: str) -> None:
        with pytest.raises(LookupError, match="has no reading 'mood'"):
            sandbox.assume(vendor, mood="bad")
        for odd in ({"order": "random"}, {"drops": "+1"}, {"largest_page": 0}, {"outcome": "ok"}):
            with pytest.raises(ValueError, match=next(iter(odd))):
                sandbox.assume(vendor, **odd)

    def test_reads_as_usual_after_a_reset(self, sandbox: Sandbox, client: httpx.Client, vendor: str) -> None:
        sandbox.assume(vendor, largest_page=1)
        sandbox.reset()
        for _ in range(2):
            sandbox.create(vendor, 0)
        assert len(rows(client, vendor)) == 2


class TestTruedy:
    @pytest.mark.parametrize(
        ("created", "schedule_type", "status"),
        [
            ("draft", "immediate", "draft"),
            ("scheduled", None, "scheduled"),
            ("as schedule_type", None, "draft"),
            ("as schedule_type", "immediate", "scheduled"),
        ],
    )
    def test_a_new_campaign_is_a_draft_or_begins(
        self, sandbox: Sandbox, truedy: httpx.Client, created: str, schedule_type: str | None, status: str
    ) -> None:
        sandbox.assume("truedy", created=created)
        body = {"name": "A", "agent_id": "a", **({"schedule_type": schedule_type} if schedule_type else {})}
        data = truedy.post("/batch-calls", json=body).json()["data"]
        assert data["status"] == status
        assert (sandbox.state("truedy", data["id"]).starts_at is None) == (status == "draft")

    @pytest.mark.parametrize("status", [400, 409, 422])
    @pytest.mark.parametrize("shape", ["schema", "example"])
    def test_a_refusal_for_the_state_has_one_of_three_codes(
        self, sandbox: Sandbox, truedy: httpx.Client, shape: str, status: int
    ) -> None:
        sandbox.assume("truedy", conflict=status, shape=shape, pause_status=201)
        campaign_id = sandbox.create("truedy", 1)
        answer = truedy.post(f"/batch-calls/{campaign_id}/pause")
        assert (answer.status_code, "detail" in answer.json()) == (status, (status, shape) == (422, "schema"))
        sandbox.set_status("truedy", campaign_id, "active")
        assert truedy.post(f"/batch-calls/{campaign_id}/pause").status_code == 201

    @pytest.mark.parametrize(("kept", "campaigns"), [("before the work", 1), ("after the work", 2)])
    def test_a_key_that_comes_again_while_the_first_request_is_at_work(
        self, sandbox: Sandbox, truedy: httpx.Client, kept: str, campaigns: int
    ) -> None:
        sandbox.assume("truedy", key_kept=kept)
        sandbox.fail("truedy", drop="late")
        key = {"X-Idempotency-Key": "once"}
        with pytest.raises(httpx.RemoteProtocolError):
            truedy.post("/batch-calls", json=BODY["truedy"], headers=key)
        truedy.post("/batch-calls", json=BODY["truedy"], headers=key)
        sandbox.catch_up()
        assert len(sandbox.campaign_ids("truedy")) == campaigns


class TestTechLadder:
    @pytest.mark.parametrize("status", [201, 202])
    @pytest.mark.parametrize(
        ("data", "named", "keys"),
        [("batch", "batch_id", 18), ("id", "id", 1), ("id", "schedule_id", 1), ("nothing", "schedule_id", 0)],
    )
    def test_the_answer_to_a_creation_has_less_or_more(  # noqa: PLR0917  # one row of the table
        self, sandbox: Sandbox, techladder: httpx.Client, data: str, named: str, keys: int, status: int
    ) -> None:
        sandbox.assume("techladder", created_data=data, created_id=named, created_status=status)
        answer = create(techladder, "techladder")
        found = answer.json()["data"]
        assert (answer.status_code, len(found)) == (status, keys)
        assert found.get(named) == (sandbox.campaign_ids("techladder")[0] if keys else None)


def test_a_job_of_talkifai_s_without_a_start_may_be_pending_until_time_passes(
    sandbox: Sandbox, talkifai: httpx.Client
) -> None:
    sandbox.assume("talkifai", created="pending", outcome="completed")
    assert create(talkifai, "talkifai").json()["status"] == "pending"
    sandbox.advance(seconds=3600)
    assert set(sandbox.dialled.values()) == {1}


def test_readings_are_chosen_over_http(sandbox: Sandbox) -> None:
    with httpx.Client(base_url=sandbox.url, trust_env=False) as control:
        assert control.post("/_sandbox/assume", json={"vendor": "truedy", "conflict": 409}).json() == {}
        assert control.post("/_sandbox/assume", json={"vendor": "truedy", "mood": 1}).status_code == 404
        assert control.post("/_sandbox/assume", json={"vendor": "truedy", "conflict": 1}).status_code == 400


class TestObjectionsWithoutStrictMode:
    def test_are_noted_and_nothing_is_refused_for_them(
        self, sandbox: Sandbox, client: httpx.Client, vendor: str
    ) -> None:
        assert client.get(READ[vendor], params={"organizationId": "org_sandbox", "red": ""}).is_success
        assert "query.red: is not documented" in {objection.reason for objection in sandbox.objections}

    def test_are_read_and_forgotten_over_http(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        truedy.get("/batch-calls?red=1")
        noted = {"vendor": "truedy", "method": "GET", "path": "/batch-calls", "reason": "query.red: is not documented"}
        with httpx.Client(base_url=sandbox.url, trust_env=False) as control:
            assert control.get("/_sandbox/objections").json() == [noted]
            assert control.delete("/_sandbox/objections").json() == {}
        assert sandbox.objections == ()

    def test_are_forgotten_in_a_reset(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        truedy.get("/batch-calls?red=1")
        sandbox.reset()
        assert sandbox.objections == ()
