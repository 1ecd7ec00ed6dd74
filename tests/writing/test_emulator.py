"""The emulators are as the vendors' documents say."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
import pytest

from tests.writing.conftest import VENDORS, Emulating, draft, number
from tests.writing.emulator import (
    AFTER,
    BEFORE,
    Emulator,
    cut_after,
    cut_before,
    every_write,
    http_500_before,
    late,
    saying,
)
from unibatch.core.draft import Start

NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""The vendor's time in these tests: nine days before the clocks go forward in Europe, twelve after New York's did."""


@attrs.frozen
class Said:
    status: int
    body: Any


def ask(emulator: Emulator, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Said:
    address = urlsplit(emulator.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=0.2)
    told = {"Authorization": "Bearer a-key", **(headers or {})}
    if body is not None:
        told.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, address.path + path, None if body is None else json.dumps(body), told)
        response = connection.getresponse()
        raw = response.read()
    finally:
        connection.close()
    try:
        return Said(response.status, json.loads(raw))
    except ValueError:
        return Said(response.status, raw)


CREATE = {"truedy": "/batch-calls", "techladder": "/call-batches", "talkifai": "/batch/create"}

LISTING = {"truedy": "/batch-calls", "techladder": "/call-batches", "talkifai": "/batch/jobs?organizationId=org_1"}


def valid(vendor: str, n: int = 2, /, **changes: Any) -> dict[str, Any]:
    """A body with which a campaign is created that calls nobody yet."""
    numbers = [number(index) for index in range(100, 100 + n)]
    usual: dict[str, Any] = {
        "truedy": {"name": "A", "agent_id": "agt_1", "contacts": [{"phone_number": phone} for phone in numbers]},
        "techladder": {
            "agent_name": "agt-1",
            "version_name": "pmt-1",
            "contacts": [{"contact_id": phone, "phone_number": phone[1:]} for phone in numbers],
        },
        "talkifai": {
            "fromPhoneNumberId": "pn_1",
            "name": "A",
            "contacts": [{"phone": phone} for phone in numbers],
            "scheduledStartTime": "2099-01-01T00:00:00Z",
        },
    }[vendor]
    return {**usual, **changes}


def the_violations(emulator: Emulator) -> list[str]:
    """What was against the rules so far; a test that has seen it need not be told again."""
    found = list(emulator.violations)
    emulator.violations.clear()
    return found


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def truedy(emulating: Emulating) -> Emulator:
    emulator = emulating("truedy")
    emulator.now = NOON
    return emulator


@pytest.fixture
def techladder(emulating: Emulating) -> Emulator:
    emulator = emulating("techladder")
    emulator.now = NOON
    return emulator


@pytest.fixture
def talkifai(emulating: Emulating) -> Emulator:
    emulator = emulating("talkifai")
    emulator.now = NOON
    return emulator


class TestEveryVendor:
    def test_a_valid_campaign_is_kept_number_by_number_and_calls_nobody(
        self, emulating: Emulating, vendor: str
    ) -> None:
        emulator = emulating(vendor)
        assert ask(emulator, "POST", CREATE[vendor], valid(vendor)).status in {200, 201}
        (campaign_id,) = emulator.campaigns
        assert emulator.numbers(campaign_id) == [number(100), number(101)]
        assert emulator.dialled == []

    def test_a_key_is_required(self, emulating: Emulating, vendor: str) -> None:
        emulator = emulating(vendor)
        assert ask(emulator, "POST", CREATE[vendor], valid(vendor), {"Authorization": "a-key"}).status == 401
        assert the_violations(emulator) == [f"POST {CREATE[vendor]}: there is no bearer key"]
        assert emulator.campaigns == {}

    def test_a_body_must_say_that_it_is_json(self, emulating: Emulating, vendor: str) -> None:
        emulator = emulating(vendor)
        said = ask(emulator, "POST", CREATE[vendor], valid(vendor), {"Content-Type": "text/plain"})
        assert said.status == (400 if vendor == "talkifai" else 422)
        assert len(the_violations(emulator)) == 1

    @pytest.mark.parametrize("change", [{"color": "red"}, {"contacts": "all"}, {"contacts": [{"phone": "555"}]}])
    def test_what_is_not_documented_is_refused(self, emulating: Emulating, vendor: str, change: dict[str, Any]) -> None:
        emulator = emulating(vendor)
        said = ask(emulator, "POST", CREATE[vendor], valid(vendor, **change))
        assert said.status == (400 if vendor == "talkifai" else 422)
        assert the_violations(emulator) != []
        assert emulator.campaigns == {}

    def test_a_number_that_is_refused_is_missing_without_a_word(self, emulating: Emulating, vendor: str) -> None:
        emulator = emulating(vendor, refuses={number(100)})
        ask(emulator, "POST", CREATE[vendor], valid(vendor))
        assert emulator.all_numbers() == [number(101)]

    @pytest.mark.parametrize("oldest_first", [False, True])
    def test_listings_go_either_way(self, emulating: Emulating, vendor: str, *, oldest_first: bool) -> None:
        emulator = emulating(vendor, oldest_first=oldest_first)
        for _ in range(2):
            ask(emulator, "POST", CREATE[vendor], valid(vendor))
        body = ask(emulator, "GET", LISTING[vendor]).body
        listed = {"truedy": "data", "techladder": "data", "talkifai": "batchJobs"}[vendor]
        rows = body[listed]["items"] if vendor == "techladder" else body[listed]
        ids = [row.get("id") or row["schedule_id"] for row in rows]
        assert ids == (list(emulator.campaigns) if oldest_first else list(emulator.campaigns)[::-1])

    @pytest.mark.parametrize("path", ["/nothing", "/batch-calls/x/cancel", "/call-batches/x/start"])
    def test_paths_that_are_not_documented_are_violations(self, emulating: Emulating, vendor: str, path: str) -> None:
        emulator = emulating(vendor)
        assert ask(emulator, "POST", path).status == 404
        assert the_violations(emulator) == [f"POST {path}: no such path is documented"]

    def test_the_usual_draft_is_one(self, vendor: str) -> None:
        made = draft(vendor, 2, Start.NOW)
        assert [contact.phone_number for contact in made.contacts] == [number(100), number(101)]


class TestFaults:
    @pytest.mark.parametrize("fault", AFTER)
    def test_the_work_is_done_and_the_answer_lost(self, emulating: Emulating, vendor: str, fault: str) -> None:
        emulator = emulating(vendor)
        emulator.fail(1, AFTER[fault])
        told = self.try_to_create(emulator, vendor)
        assert told is None or told.status >= 500 or not isinstance(told.body, dict)
        assert emulator.all_numbers() == [number(100), number(101)]

    @pytest.mark.parametrize("fault", BEFORE)
    def test_nothing_is_done(self, emulating: Emulating, vendor: str, fault: str) -> None:
        emulator = emulating(vendor)
        emulator.fail(1, BEFORE[fault])
        told = self.try_to_create(emulator, vendor)
        assert told is None or told.status == 500
        assert emulator.campaigns == {}

    def test_the_work_is_done_late(self, emulating: Emulating, vendor: str) -> None:
        emulator = emulating(vendor)
        emulator.fail(1, late())
        assert self.try_to_create(emulator, vendor) is None
        assert emulator.campaigns == {}
        emulator.catch_up()
        assert emulator.all_numbers() == [number(100), number(101)]

    def test_only_the_write_that_was_meant_goes_wrong(self, emulating: Emulating, vendor: str) -> None:
        emulator = emulating(vendor)
        self.try_to_create(emulator, vendor)
        emulator.fail(2, cut_after)
        ask(emulator, "GET", LISTING[vendor])
        assert [self.try_to_create(emulator, vendor) is None for _ in range(3)] == [False, True, False]
        assert len(emulator.writes) == len(emulator.campaigns) == 4

    def test_faults_can_be_had_by_path_for_all_writes_and_for_reads(self, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        emulator.fail("/pause", saying(418, {"a": 1}))
        emulator.fail(lambda arrival: not arrival.is_write, saying(200, "a text"))
        assert ask(emulator, "POST", "/batch-calls/x/pause") == Said(418, {"a": 1})
        assert ask(emulator, "GET", "/batch-calls") == Said(200, b"a text")
        emulator.fail(every_write, http_500_before)
        assert ask(emulator, "POST", "/batch-calls/x/resume").status == 500
        emulator.no_faults()
        assert ask(emulator, "POST", "/batch-calls/x/resume").status == 404

    def test_a_cut_connection_is_no_longer_open(self, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        emulator.fail(1, cut_before)
        assert self.try_to_create(emulator, "truedy") is None
        assert (emulator.begun, len(emulator.arrivals)) == (1, 1)

    def try_to_create(self, emulator: Emulator, vendor: str) -> Said | None:
        """The answer, if there was a whole one."""
        try:
            return ask(emulator, "POST", CREATE[vendor], valid(vendor))
        except (OSError, http.client.HTTPException):
            return None


class TestTruedy:
    @pytest.mark.parametrize(
        ("change", "flaw"),
        [
            ({"name": ""}, 'body.name: "" is not a text of 1 to 255 characters'),
            ({"name": "A" * 256}, f'body.name: "{"A" * 59} is not a text of 1 to 255 characters'),
            ({"agent_id": None}, "body.agent_id: null is not a text"),
            ({"timezone": "Mars/Base"}, 'body.timezone: "Mars/Base" is not the IANA name of a time zone'),
            ({"timezone": None}, "body.timezone: null is not the IANA name of a time zone"),
            ({"start_time": "9:00"}, 'body.start_time: "9:00" is not a time like 09:00'),
            ({"start_time": "17:00", "end_time": "09:00"}, "body.end_time: 09:00 does not come after 17:00"),
            ({"working_days": [0]}, "body.working_days.0: 0 is not a whole number from 1 to 7"),
            ({"max_calls_per_day": True}, "body.max_calls_per_day: true is not a whole number from 1"),
            ({"schedule_type": "scheduled"}, "body.scheduled_at: is required with this schedule_type"),
            ({"scheduled_at": "2026-03-20T11:00:00Z"}, "body.scheduled_at: 2026-03-20T11:00:00Z does not lie ahead"),
            (
                {"scheduled_at": "2026-03-21T11:00:00"},
                'body.scheduled_at: "2026-03-21T11:00:00" is not a moment like 2026-03-20T09:00:00Z',
            ),
            (
                {"contacts": [{"phone_number": "+012125550100"}]},
                'body.contacts.0.phone_number: "+012125550100" is not a number in E.164 form',
            ),
            (
                {"contacts": [{"phone_number": "+12125550100", "first_name": None}]},
                "body.contacts.0.first_name: null is not a text",
            ),
        ],
    )
    def test_creation_is_judged_by_the_schema(self, truedy: Emulator, change: dict[str, Any], flaw: str) -> None:
        said = ask(truedy, "POST", "/batch-calls", valid("truedy", **change))
        assert (said.status, list(said.body)) == (422, ["detail"])
        assert the_violations(truedy) == [f"POST /batch-calls: {flaw}"]

    def test_null_is_allowed_where_the_schema_has_it(self, truedy: Emulator) -> None:
        names = ("phone_number_ids", "contact_folder_id", "contact_ids", "contacts", "scheduled_at", "start_time")
        assert ask(truedy, "POST", "/batch-calls", valid("truedy", **dict.fromkeys(names))).status == 201

    def test_the_same_key_gives_the_same_campaign(self, truedy: Emulator) -> None:
        key = {"X-Idempotency-Key": "k"}
        first, again = (ask(truedy, "POST", "/batch-calls", valid("truedy"), key) for _ in range(2))
        assert (first.status, again) == (201, first)
        assert list(truedy.campaigns) == [first.body["data"]["id"]]

    def test_the_same_key_with_another_body_is_a_violation(self, truedy: Emulator) -> None:
        key = {"X-Idempotency-Key": "k"}
        ask(truedy, "POST", "/batch-calls", valid("truedy"), key)
        assert ask(truedy, "POST", "/batch-calls", valid("truedy", name="B"), key).status == 400
        assert the_violations(truedy) == ["POST /batch-calls: an idempotency key comes again with another body"]

    def test_without_a_key_every_creation_is_another_campaign(self, truedy: Emulator) -> None:
        assert len({self.create(truedy) for _ in range(2)}) == 2

    def test_only_schedule_begins_a_campaign(self, truedy: Emulator) -> None:
        campaign_id = self.create(truedy, schedule_type="immediate")
        truedy.now += timedelta(days=365)
        assert (self.status(truedy, campaign_id), truedy.dialled) == ("draft", [])
        said = ask(truedy, "POST", f"/batch-calls/{campaign_id}/schedule", {})
        assert (said.status, said.body["data"]["status"]) == (200, "scheduled")
        assert (self.status(truedy, campaign_id), truedy.dialled) == ("active", [number(100), number(101)])

    def test_in_another_reading_the_schedule_type_begins_it(self, emulating: Emulating) -> None:
        emulator = emulating("truedy", obeys_schedule_type=True)
        self.create(emulator)
        assert emulator.dialled == []
        self.create(emulator, schedule_type="immediate")
        assert emulator.dialled == [number(100), number(101)]

    def test_a_scheduled_campaign_begins_when_its_time_comes(self, truedy: Emulator) -> None:
        campaign_id = self.create(truedy)
        when = {"scheduled_at": "2026-03-20T14:00:00+01:00", "timezone": "Europe/Berlin"}
        ask(truedy, "POST", f"/batch-calls/{campaign_id}/schedule", when)
        assert truedy.campaigns[campaign_id].start == NOON + timedelta(hours=1)
        truedy.now += timedelta(minutes=59)
        assert truedy.dialled == []
        truedy.now += timedelta(minutes=1)
        assert truedy.dialled == [number(100), number(101)]

    def test_pause_and_resume_follow_the_lifecycle(self, truedy: Emulator) -> None:
        path = f"/batch-calls/{self.create(truedy)}"
        assert ask(truedy, "POST", path + "/pause").status == 409
        ask(truedy, "POST", path + "/schedule", {"scheduled_at": "2026-03-20T13:00:00Z"})
        assert ask(truedy, "POST", path + "/resume").status == 409
        assert ask(truedy, "POST", path + "/pause").status == 200
        truedy.now += timedelta(hours=2)
        assert truedy.dialled == []
        said = ask(truedy, "POST", path + "/resume")
        assert (said.status, said.body["data"]["status"]) == (201, "active")
        assert truedy.dialled == [number(100), number(101)]

    def test_a_changed_start_counts(self, truedy: Emulator) -> None:
        path = f"/batch-calls/{self.create(truedy)}"
        ask(truedy, "POST", path + "/schedule", {"scheduled_at": "2026-03-20T13:00:00Z"})
        assert ask(truedy, "PATCH", path, {"scheduled_at": "2026-03-20T15:00:00Z"}).status == 200
        truedy.now += timedelta(hours=2)
        assert truedy.dialled == []
        truedy.now += timedelta(hours=1)
        assert truedy.dialled == [number(100), number(101)]

    def test_a_zone_cannot_be_changed(self, truedy: Emulator) -> None:
        path = f"/batch-calls/{self.create(truedy)}"
        assert ask(truedy, "PATCH", path, {"timezone": "UTC"}).status == 422
        assert the_violations(truedy) == [f"PATCH {path}: body.timezone: is not documented"]

    def test_only_what_calls_nobody_is_deleted(self, truedy: Emulator) -> None:
        idle, busy = self.create(truedy), self.create(truedy)
        ask(truedy, "POST", f"/batch-calls/{busy}/schedule", {})
        said = ask(truedy, "POST", "/batch-calls/bulk-delete", {"ids": [idle, busy, "nothing"]})
        assert said.body["data"] == {
            "deleted_count": 1,
            "failed_count": 2,
            "deleted_ids": [idle],
            "failed_ids": [busy, "nothing"],
        }
        assert list(truedy.campaigns) == [busy]

    def test_added_contacts_of_the_schema_are_not_compared(self, emulating: Emulating) -> None:
        emulator = emulating("truedy", refuses={number(103)})
        campaign_id = self.create(emulator)
        added = {"contacts": [{"phone_number": number(index), "first_name": None} for index in (101, 102, 102, 103)]}
        said = ask(emulator, "POST", f"/batch-calls/{campaign_id}/contacts", added)
        assert (said.status, said.body["data"]) == (200, {"added_count": 3, "failed_count": 1})
        assert emulator.numbers(campaign_id) == [number(index) for index in (100, 101, 101, 102, 102)]

    def test_added_contacts_of_the_example_are_compared(self, emulating: Emulating) -> None:
        emulator = emulating("truedy", shape="example", refuses={number(103)})
        campaign_id = self.create(emulator)
        added = {"contacts": [{"phone_number": number(index)} for index in (101, 102, 102, 103)]}
        said = ask(emulator, "POST", f"/batch-calls/{campaign_id}/contacts", added)
        counts = {"added": 1, "duplicates_skipped": 2, "invalid_skipped": 1, "total_contacts": 3}
        assert said.body["data"] == counts
        assert emulator.numbers(campaign_id) == [number(index) for index in (100, 101, 102)]

    def test_contacts_added_while_it_calls_are_called(self, truedy: Emulator) -> None:
        campaign_id = self.create(truedy)
        ask(truedy, "POST", f"/batch-calls/{campaign_id}/schedule", {})
        ask(truedy, "POST", f"/batch-calls/{campaign_id}/contacts", {"contacts": [{"phone_number": number(102)}]})
        assert truedy.dialled == [number(100), number(101), number(102)]

    @pytest.mark.parametrize(("shape", "word"), [("schema", "active"), ("example", "running")])
    def test_both_shapes_of_a_campaign(self, emulating: Emulating, shape: str, word: str) -> None:
        emulator = emulating("truedy", shape=shape)
        campaign_id = self.create(emulator)
        ask(emulator, "POST", f"/batch-calls/{campaign_id}/schedule", {})
        shown = ask(emulator, "GET", f"/batch-calls/{campaign_id}").body["data"]
        assert (shown["status"], "called" in shown) == (word, shape == "example")
        (row, _) = ask(emulator, "GET", f"/batch-calls/{campaign_id}/contacts").body["data"]
        assert row["phone" if shape == "example" else "phone_number"] == number(100)

    @pytest.mark.parametrize("status", [400, 409, 422])
    @pytest.mark.parametrize("shape", ["schema", "example"])
    def test_what_its_state_does_not_allow_is_refused_without_being_a_violation(
        self, emulating: Emulating, shape: str, status: int
    ) -> None:
        emulator = emulating("truedy", shape=shape, conflict=status)
        said = ask(emulator, "POST", f"/batch-calls/{self.create(emulator)}/pause")
        expected = "detail" if (status, shape) == (422, "schema") else "error"
        assert (said.status, expected in said.body) == (status, True)

    def test_pages_are_counted_by_offset(self, truedy: Emulator) -> None:
        path = f"/batch-calls/{self.create(truedy, n=5)}/contacts"
        said = ask(truedy, "GET", path + "?limit=2&offset=2").body
        assert [row["phone_number"] for row in said["data"]] == [number(102), number(103)]
        assert said["pagination"] == {"total": 5, "limit": 2, "offset": 2, "has_more": True}
        assert ask(truedy, "GET", path + "?limit=101").status == 422
        assert len(the_violations(truedy)) == 1

    def create(self, emulator: Emulator, n: int = 2, **changes: Any) -> str:
        said = ask(emulator, "POST", "/batch-calls", valid("truedy", n, **changes))
        assert said.status == 201
        campaign_id: str = said.body["data"]["id"]
        return campaign_id

    def status(self, emulator: Emulator, campaign_id: str) -> Any:
        return ask(emulator, "GET", f"/batch-calls/{campaign_id}").body["data"]["status"]


class TestTechLadder:
    @pytest.mark.parametrize(
        ("change", "flaw"),
        [
            ({"agent_name": "pmt-1"}, 'body.agent_name: "pmt-1" is not the id of an agent'),
            ({"contacts": []}, "body.contacts: has 0 items, and not 1 to any number"),
            ({"concurrency": 21}, "body.concurrency: 21 is not a whole number from 1 to 20"),
            ({"voice": None}, "body.voice: null is not a text"),
            ({"schedule_time": "09:00"}, "body.schedule_time: is pointless with start_mode manual"),
            (
                {"contacts": [{"contact_id": "a", "phone_number": "+12125550100"}]},
                'body.contacts.0.phone_number: "+12125550100" is not a country code and digits, without plus',
            ),
            (
                {"contacts": [{"contact_id": "a", "phone_number": "121255501"}]},
                'body.contacts.0.phone_number: "121255501" is not a country code and digits, without plus',
            ),
            ({"contacts": [{"phone_number": "12125550100"}]}, "body.contacts.0.contact_id: is required"),
        ],
    )
    def test_creation_is_judged_by_the_documents(self, techladder: Emulator, change: dict[str, Any], flaw: str) -> None:
        said = ask(techladder, "POST", "/call-batches", valid("techladder", **change))
        assert (said.status, said.body["error"]["code"]) == (422, "VALIDATION_ERROR")
        assert the_violations(techladder) == [f"POST /call-batches: {flaw}"]

    def test_a_batch_of_10001_is_too_large(self, techladder: Emulator) -> None:
        said = ask(techladder, "POST", "/call-batches", valid("techladder", 10_001))
        assert said.body["error"]["code"] == "BATCH_SIZE_EXCEEDED"
        assert the_violations(techladder) == ["POST /call-batches: 10001 contacts are more than 10000"]

    @pytest.mark.parametrize(
        ("day", "clock", "zone", "expected"),
        [
            ("2026-03-21", "09:00", "Asia/Kolkata (IST, UTC+5:30)", "2026-03-21T03:30:00Z"),
            ("2026-03-21", "09:00", "Europe/Berlin", "2026-03-21T08:00:00Z"),
            ("2026-03-21", "09:00", "Europe/Berlin (CET, UTC+1:00)", "2026-03-21T08:00:00Z"),
            ("2026-03-30", "09:00", "Europe/Berlin (CEST, UTC+02:00)", "2026-03-30T07:00:00Z"),
            ("2026-03-30", "09:00", "America/New_York (UTC-4)", "2026-03-30T13:00:00Z"),
            ("2026-03-30", "09:00", "America/Sao_Paulo (-03, UTC-3:00)", "2026-03-30T12:00:00Z"),
            ("2026-03-30", "09:00", "UTC (UTC, UTC+0:00)", "2026-03-30T09:00:00Z"),
            ("2026-10-25", "02:30", "Europe/Berlin (CET, UTC+1:00)", "2026-10-25T01:30:00Z"),
            ("2026-10-25", "02:30", "Europe/Berlin (CEST, UTC+2:00)", "2026-10-25T00:30:00Z"),
        ],
    )
    def test_date_time_and_zone_make_a_moment(
        self, techladder: Emulator, day: str, clock: str, zone: str, expected: str
    ) -> None:
        assert self.schedule(techladder, day, clock, zone).status == 201
        (campaign,) = techladder.campaigns.values()
        assert campaign.start == datetime.fromisoformat(expected)
        assert techladder.dialled == []
        techladder.now = campaign.start
        assert techladder.dialled == [number(100), number(101)]

    @pytest.mark.parametrize(
        ("day", "clock", "zone", "flaw"),
        [
            ("2026-03-21", "09:00", "Europe/Berlin (CEST, UTC+2:00)", "schedule_timezone: CEST is not what"),
            ("2026-03-30", "09:00", "Europe/Berlin (UTC+1:00)", "schedule_timezone: UTC+1:00 is not what"),
            ("2026-03-29", "02:30", "Europe/Berlin", "schedule_time: 2026-03-29 02:30:00 does not exist"),
            ("2026-10-25", "02:30", "Europe/Berlin", "schedule_time: 2026-10-25 02:30:00 comes twice"),
            ("2026-03-20", "12:00", "UTC", "schedule_time: 2026-03-20T12:00:00Z does not lie ahead"),
            ("2026-03-21", "09:00", "IST", 'schedule_timezone: "IST" is not the IANA name'),
            ("2026-02-30", "09:00", "UTC", 'schedule_date: "2026-02-30" is not a day'),
            ("2026-03-21", "9:00", "UTC", 'schedule_time: "9:00" is not a time'),
        ],
    )
    def test_what_makes_no_moment_is_refused(
        self, techladder: Emulator, day: str, clock: str, zone: str, flaw: str
    ) -> None:
        assert self.schedule(techladder, day, clock, zone).status == 422
        assert the_violations(techladder)[0].startswith(f"POST /call-batches: body.{flaw}")

    def test_repeated_numbers_are_dropped_unless_that_is_switched_off(self, techladder: Emulator) -> None:
        twice = {"contacts": [{"contact_id": name, "phone_number": number(100)[1:]} for name in "ab"]}
        ask(techladder, "POST", "/call-batches", valid("techladder", **twice))
        ask(techladder, "POST", "/call-batches", valid("techladder", **twice, deduplicate_by_phone=False))
        assert [techladder.numbers(name) for name in techladder.campaigns] == [[number(100)], [number(100)] * 2]

    def test_start_modes(self, techladder: Emulator) -> None:
        ask(techladder, "POST", "/call-batches", valid("techladder", start_mode="manual"))
        assert (techladder.dialled, self.statuses(techladder)) == ([], ["pending"])
        ask(techladder, "POST", "/call-batches", valid("techladder", start_mode="immediate"))
        assert (techladder.dialled, self.statuses(techladder)) == ([number(100), number(101)], ["active", "pending"])

    def test_calls_are_found_by_their_own_id_and_keys_come_back_respelt(self, techladder: Emulator) -> None:
        contact = {"contact_id": "mine", "phone_number": number(7)[1:], "metadata": {"company_name": "Acme"}}
        made = ask(techladder, "POST", "/call-batches", valid("techladder", contacts=[contact]))
        path = f"/call-batches/{made.body['data']['schedule_id']}/calls?external_id="
        (call,) = ask(techladder, "GET", path + "mine").body["data"]["items"]
        assert (call["phone_number"], call["metadata"]) == (number(7)[1:], {"Company Name": "Acme"})
        assert ask(techladder, "GET", path + "another").body["data"]["items"] == []

    @pytest.mark.parametrize("name", ["schedule_id", "batch_id", "id"])
    @pytest.mark.parametrize("status", [201, 202])
    def test_the_new_id_comes_under_any_name(self, emulating: Emulating, name: str, status: int) -> None:
        emulator = emulating("techladder", created_as=name, created_code=status)
        said = ask(emulator, "POST", "/call-batches", valid("techladder"))
        assert (said.status, said.body["data"]) == (status, {name: next(iter(emulator.campaigns))})

    def test_the_listing_tells_less_than_the_batch(self, techladder: Emulator) -> None:
        ask(techladder, "POST", "/call-batches", valid("techladder"))
        (campaign_id,) = techladder.campaigns
        (listed,) = ask(techladder, "GET", "/call-batches?agent_id=agt-1").body["data"]["items"]
        shown = ask(techladder, "GET", f"/call-batches/{campaign_id}").body["data"]
        assert (listed.items() < shown.items(), "version_id" in shown) == (True, True)
        assert ask(techladder, "GET", "/call-batches?agent_id=agt-2").body["data"]["items"] == []

    def schedule(self, emulator: Emulator, day: str, clock: str, zone: str) -> Said:
        when = {"schedule_date": day, "schedule_time": clock, "schedule_timezone": zone}
        return ask(emulator, "POST", "/call-batches", valid("techladder", start_mode="scheduled", **when))

    def statuses(self, emulator: Emulator) -> list[str]:
        return [row["status"] for row in ask(emulator, "GET", "/call-batches").body["data"]["items"]]


class TestTalkifAI:
    @pytest.mark.parametrize(
        ("change", "flaw"),
        [
            ({"fromPhoneNumberId": None}, "body.fromPhoneNumberId: null is not a text"),
            ({"name": "A" * 201}, f'body.name: "{"A" * 59} is not a text of 1 to 200 characters'),
            ({"description": "A" * 1001}, f'body.description: "{"A" * 59} is not a text of 0 to 1000 characters'),
            ({"concurrentCallLimit": 51}, "body.concurrentCallLimit: 51 is not a whole number from 1 to 50"),
            ({"maxAttempts": 0}, "body.maxAttempts: 0 is not a whole number from 1 to 10"),
            ({"contacts": [{"phone": "12125550100"}]},
             'body.contacts.0.phone: "12125550100" is not a number in E.164 form'),
            ({"scheduledStartTime": "2026-03-20T11:00:00Z"},
             "body.scheduledStartTime: 2026-03-20T11:00:00Z does not lie ahead"),
        ],
    )  # fmt: skip
    def test_creation_is_judged_by_the_documents(self, talkifai: Emulator, change: dict[str, Any], flaw: str) -> None:
        said = ask(talkifai, "POST", "/batch/create", valid("talkifai", **change))
        assert (said.status, said.body["success"]) == (400, False)
        assert the_violations(talkifai) == [f"POST /batch/create: {flaw}"]

    def test_a_job_of_10001_is_too_large(self, talkifai: Emulator) -> None:
        assert ask(talkifai, "POST", "/batch/create", valid("talkifai", 10_001)).status == 400
        assert len(the_violations(talkifai)) == 1

    def test_without_a_start_it_dials_at_once(self, talkifai: Emulator) -> None:
        body = valid("talkifai")
        del body["scheduledStartTime"]
        ask(talkifai, "POST", "/batch/create", body)
        assert talkifai.dialled == [number(100), number(101)]

    def test_a_start_without_offset_is_meant_in_the_zone(self, talkifai: Emulator) -> None:
        when = {"scheduledStartTime": "2026-03-30T09:00:00", "timezone": "Europe/Berlin"}
        campaign_id = self.create(talkifai, **when)
        assert talkifai.campaigns[campaign_id].start == datetime(2026, 3, 30, 7, tzinfo=UTC)

    def test_starting_brings_the_start_forward(self, talkifai: Emulator) -> None:
        path = f"/batch/jobs/{self.create(talkifai)}"
        assert (talkifai.dialled, ask(talkifai, "GET", path).body["status"]) == ([], "scheduled")
        assert ask(talkifai, "POST", path + "/start").body["contactsEnqueued"] == 2
        assert talkifai.dialled == [number(100), number(101)]
        again = ask(talkifai, "POST", path + "/start")
        assert (again.status, again.body["code"]) == (400, "invalid_status")

    def test_a_cancelled_job_calls_nobody(self, talkifai: Emulator) -> None:
        path = f"/batch/jobs/{self.create(talkifai)}"
        assert ask(talkifai, "POST", path + "/cancel").body["contactsCancelled"] == 2
        talkifai.now = datetime(2100, 1, 1, tzinfo=UTC)
        assert talkifai.dialled == []
        assert ask(talkifai, "POST", path + "/cancel").status == 400
        assert ask(talkifai, "GET", path).body["statusBreakdown"] == {"cancelled": 2}

    def test_a_new_start_comes_in_the_query(self, talkifai: Emulator) -> None:
        path = f"/batch/jobs/{self.create(talkifai)}"
        said = ask(talkifai, "PATCH", f"{path}/reschedule?scheduledStartTime={quote('2026-03-20T14:30:00+01:00')}")
        assert said.body["scheduledStartTime"] == "2026-03-20T13:30:00Z"
        talkifai.now += timedelta(minutes=90)
        assert talkifai.dialled == [number(100), number(101)]

    def test_a_plus_that_is_not_escaped_is_a_violation(self, talkifai: Emulator) -> None:
        path = f"/batch/jobs/{self.create(talkifai)}/reschedule"
        assert ask(talkifai, "PATCH", f"{path}?scheduledStartTime=2026-03-20T14:30:00+01:00").status == 400
        assert len(the_violations(talkifai)) == 1

    def test_jobs_are_told_only_to_their_organization(self, talkifai: Emulator) -> None:
        assert ask(talkifai, "GET", "/batch/jobs?organizationId=org_2").status == 403
        assert ask(talkifai, "GET", "/batch/jobs").status == 400
        assert the_violations(talkifai) == ["GET /batch/jobs: query.organizationId: is required"]

    def test_what_was_uploaded_comes_back(self, talkifai: Emulator) -> None:
        contact = {"phone": number(7), "name": "Ada", "company_name": ["Acme", None]}
        path = f"/batch/jobs/{self.create(talkifai, contacts=[contact], description='mine')}"
        job = ask(talkifai, "GET", path + "?contactsPageSize=1").body
        assert (job["contacts"][0]["contactData"], job["contactsHasMore"]) == (contact, False)
        (listed,) = ask(talkifai, "GET", LISTING["talkifai"]).body["batchJobs"]
        assert (listed["description"], "contacts" in listed) == ("mine", False)

    def test_the_listing_can_lack_what_a_client_would_like_to_know(self, emulating: Emulating) -> None:
        emulator = emulating("talkifai", list_lacks={"description"})
        self.create(emulator, description="mine")
        (listed,) = ask(emulator, "GET", LISTING["talkifai"]).body["batchJobs"]
        assert "description" not in listed

    def create(self, emulator: Emulator, **changes: Any) -> str:
        said = ask(emulator, "POST", "/batch/create", valid("talkifai", **changes))
        assert said.status == 200
        campaign_id: str = said.body["batchJobId"]
        return campaign_id
