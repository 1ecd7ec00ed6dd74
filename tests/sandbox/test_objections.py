"""What a vendor could object to is refused in strict mode, and noted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import CREATE, READ, Clients
from unibatch.sandbox import Sandbox, serve

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""The vendors' time: nine days before the clocks go forward in Europe, twelve after New York's did."""

VALID: Mapping[str, Mapping[str, Any]] = {
    "truedy": {"name": "A", "agent_id": "agt_1", "contacts": [{"phone_number": "+12125550100"}]},
    "techladder": {
        "agent_name": "agt-1",
        "version_name": "pmt-1",
        "contacts": [{"contact_id": "a", "phone_number": "12125550100"}],
    },
    "talkifai": {"fromPhoneNumberId": "pn_1", "name": "A", "contacts": [{"phone": "+12125550100"}]},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with serve(seeded=False, enforce_rate_limits=False, strict=True, start=NOON) as sandbox:
        yield sandbox


def said(sandbox: Sandbox) -> list[str]:
    return [str(objection) for objection in sandbox.objections]


def post(clients: Clients, vendor: str, **changes: Any) -> int:
    body = {name: value for name, value in {**VALID[vendor], **changes}.items() if value is not ...}
    return clients[vendor].post(CREATE[vendor], json=body).status_code


class TestAnyVendor:
    def test_could_not_object_to_what_is_documented(self, sandbox: Sandbox, clients: Clients, vendor: str) -> None:
        assert post(clients, vendor) in {200, 201}
        assert sandbox.objections == ()

    def test_could_object_to_an_unknown_field(self, sandbox: Sandbox, clients: Clients, vendor: str) -> None:
        assert post(clients, vendor, color="red") == (400 if vendor == "talkifai" else 422)
        (objection,) = said(sandbox)
        assert objection.startswith(f"POST {CREATE[vendor]}: ")
        assert objection.endswith("color: is not documented")
        assert sandbox.campaign_ids(vendor) == ()

    def test_could_object_to_the_form_of_a_body(self, sandbox: Sandbox, client: httpx.Client, vendor: str) -> None:
        for content, kind, reason in (
            (b"{}", "text/plain", "The body must be sent as application/json"),
            (b"{", "application/json", "The body is not valid JSON"),
            (b"", "application/json", "body: is required"),
            (b'{"name": 1, "name": 2}', "application/json", "body: the key name comes twice in one object"),
        ):
            sandbox.clear_objections()
            answer = client.post(CREATE[vendor], content=content, headers={"content-type": kind})
            assert answer.status_code in {400, 422}
            assert said(sandbox)[0] == f"POST {CREATE[vendor]}: {reason}"

    def test_could_object_to_where_a_request_goes(self, sandbox: Sandbox, client: httpx.Client, vendor: str) -> None:
        listing = READ[vendor] + ("&" if "?" in READ[vendor] else "?")
        for method, path, headers, reason in (
            ("GET", "/nothing", {}, "no such path is documented"),
            ("DELETE", CREATE[vendor], {}, "this path is documented only for "),
            ("POST", CREATE[vendor], {"authorization": "Bearer x"}, "there is no key that the vendor knows"),
            ("GET", f"{listing}page=1&page=2", {}, "a name comes twice in the query: page"),
            ("GET", f"{listing}colour=red", {}, "query.colour: is not documented"),
        ):
            sandbox.clear_objections()
            client.request(method, path, headers=headers)
            assert any(reason in objection for objection in said(sandbox)), reason

    def test_does_not_object_to_what_only_the_state_forbids(
        self, sandbox: Sandbox, client: httpx.Client, vendor: str
    ) -> None:
        over = sandbox.create(vendor, 1, status="completed")
        path = {"truedy": f"/batch-calls/{over}/pause", "talkifai": f"/batch/jobs/{over}/start"}.get(vendor)
        if path is not None:
            assert client.post(path).status_code == 400
        missing = {"truedy": "/batch-calls/x", "techladder": "/call-batches/x", "talkifai": "/batch/jobs/x"}[vendor]
        assert client.get(missing).status_code == 404
        assert sandbox.objections == ()


FLAWS: list[tuple[str, dict[str, Any], str]] = [
    ("truedy", {"agent_id": None}, "body.agent_id: field required"),
    ("truedy", {"start_time": "17:00", "end_time": "09:00"}, "body.end_time: 09:00 is not later than 17:00"),
    ("truedy", {"working_days": [0]}, "body.working_days: must hold integers from 1 to 7"),
    ("truedy", {"max_concurrent_calls": 101}, "body.max_concurrent_calls: must be 1 to 100"),
    ("truedy", {"max_retry_attempts": 4}, "body.max_retry_attempts: must be 0 to 3"),
    (
        "truedy",
        {"schedule_type": "immediate", "scheduled_at": "2026-04-01T09:00:00Z"},
        "body.scheduled_at: contradicts the schedule_type",
    ),
    ("truedy", {"scheduled_at": "2026-03-20T11:00:00Z"}, "body.scheduled_at: must not lie in the past"),
    ("truedy", {"scheduled_at": "2026-03-21T11:00:00"}, "body.scheduled_at: 2026-03-21T11:00:00 is not written like"),
    (
        "truedy",
        {"contacts": [{"phone_number": "+12125550100", "first_name": None}]},
        "body.contacts.0.first_name: must not be null",
    ),
    ("truedy", {"contacts": [{"phone_number": "+12125550100", "plan": 1}]}, "body.contacts.0.plan: is not documented"),
    ("techladder", {"agent_name": "pmt-1"}, "agent_name: must be an id that begins with agt-"),
    ("techladder", {"voice": None}, "voice: must not be null"),
    ("techladder", {"schedule_time": "09:00"}, "schedule_time: has no use with start_mode manual"),
    (
        "techladder",
        {"contacts": [{"contact_id": "a", "phone_number": "02125550100"}]},
        "contacts.0.phone_number: must begin with a country code",
    ),
    (
        "talkifai",
        {"scheduledStartTime": "2026-03-29T02:30:00", "timezone": "Europe/Berlin"},
        "scheduledStartTime: 2026-03-29T02:30:00 comes 0 times in its time zone",
    ),
    ("talkifai", {"scheduledStartTime": "2026-03-21T9:00Z"}, "scheduledStartTime: must be an ISO 8601"),
]


@pytest.mark.parametrize(("vendor", "change", "reason"), FLAWS)
def test_a_creation_is_judged_by_the_documents(
    sandbox: Sandbox, clients: Clients, vendor: str, change: dict[str, Any], reason: str
) -> None:
    assert post(clients, vendor, **change) == (400 if vendor == "talkifai" else 422)
    (objection,) = said(sandbox)
    assert objection.startswith(f"POST {CREATE[vendor]}: {reason}")


class TestTruedy:
    @pytest.mark.parametrize(
        ("method", "path", "body", "reason"),
        [
            ("PATCH", "", {"timezone": "UTC"}, "body.timezone: is not documented"),
            ("PATCH", "", {}, "body.body: changes nothing"),
            (
                "POST",
                "/contacts",
                {"contacts": [{"phone_number": "+12125550101", "custom_fields": {"a": 1}}]},
                "body.contacts.0.custom_fields: is not documented here",
            ),
            ("POST", "/pause", {"why": "lunch"}, "body: is not documented"),
        ],
    )
    def test_changes_are_judged_by_the_documents(  # noqa: PLR0917  # one row of the table
        self, sandbox: Sandbox, truedy: httpx.Client, method: str, path: str, body: dict[str, Any], reason: str
    ) -> None:
        path = f"/batch-calls/{sandbox.create('truedy', 1)}{path}"
        assert truedy.request(method, path, json=body).status_code == 422
        assert said(sandbox) == [f"{method} {path}: {reason}"]

    def test_contacts_that_are_added_may_have_names_of_null(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        contacts = [{"phone_number": "+12125550101", "first_name": None}]
        path = f"/batch-calls/{sandbox.create('truedy', 1)}/contacts"
        assert truedy.post(path, json={"contacts": contacts}).status_code == 200
        assert sandbox.objections == ()


class TestTechLadder:
    @pytest.mark.parametrize(
        ("day", "zone", "expected"),
        [
            ("2026-03-21T09:00", "Asia/Kolkata (IST, UTC+5:30)", "2026-03-21T03:30:00Z"),
            ("2026-03-21T09:00", "Europe/Berlin", "2026-03-21T08:00:00Z"),
            ("2026-03-30T09:00", "Europe/Berlin (CEST, UTC+02:00)", "2026-03-30T07:00:00Z"),
            ("2026-03-30T09:00", "America/New_York (UTC-4)", "2026-03-30T13:00:00Z"),
            ("2026-10-25T02:30", "Europe/Berlin (CET, UTC+1:00)", "2026-10-25T01:30:00Z"),
            ("2026-10-25T02:30", "Europe/Berlin (CEST, UTC+2:00)", "2026-10-25T00:30:00Z"),
        ],
    )
    def test_day_time_and_zone_make_a_moment(
        self, sandbox: Sandbox, clients: Clients, day: str, zone: str, expected: str
    ) -> None:
        assert self.schedule(clients, day, zone) == 201
        (campaign_id,) = sandbox.campaign_ids("techladder")
        assert sandbox.state("techladder", campaign_id).starts_at == datetime.fromisoformat(expected)
        assert sandbox.objections == ()

    @pytest.mark.parametrize(
        ("day", "zone", "reason"),
        [
            ("2026-03-21T09:00", "Europe/Berlin (CEST, UTC+2:00)", "schedule_timezone: CEST is not what"),
            ("2026-03-29T02:30", "Europe/Berlin", "schedule_time: 2026-03-29 02:30:00 does not exist"),
            ("2026-10-25T02:30", "Europe/Berlin", "schedule_time: 2026-10-25 02:30:00 comes twice"),
            ("2026-03-20T11:00", "UTC", "schedule_date: must not lie in the past"),
            ("2026-03-21T09:00", "Mars/Base", "schedule_timezone: must be an IANA time zone"),
            ("2026-02-30T09:00", "UTC", "schedule_date: there is no such date or time"),
        ],
    )
    def test_what_makes_no_moment_is_objected_to(
        self, sandbox: Sandbox, clients: Clients, day: str, zone: str, reason: str
    ) -> None:
        assert self.schedule(clients, day, zone) == 422
        assert said(sandbox)[0].startswith(f"POST /call-batches: {reason}")

    def schedule(self, clients: Clients, at: str, zone: str) -> int:
        day, _, time = at.partition("T")
        when = {"schedule_date": day, "schedule_time": time, "schedule_timezone": zone}
        return post(clients, "techladder", start_mode="scheduled", **when)


def test_a_plus_sign_that_is_not_encoded_is_objected_to(sandbox: Sandbox, talkifai: httpx.Client) -> None:
    path = f"/batch/jobs/{sandbox.create('talkifai', 1)}/reschedule"
    answer = talkifai.patch(
        httpx.URL(talkifai.base_url).join(f"/talkifai{path}?scheduledStartTime=2026-03-21T09:00:00+01:00")
    )
    assert answer.status_code == 400
    assert said(sandbox) == [f"PATCH {path}: scheduledStartTime: a plus sign is not percent-encoded"]
