"""TechLadder's end of writing, with plain values: what is sent for a draft, and how a batch is recognised."""
# ruff: noqa: DTZ001 - moments without a zone are among what is tested

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start, digest
from unibatch.core.draft_fields import Composition, Placed
from unibatch.core.errors import IncompleteListing, InvalidInput, PartlyDone
from unibatch.core.findings import Fit
from unibatch.core.flow import Response
from unibatch.core.preflight import compose
from unibatch.core.status import CampaignStatus
from unibatch.providers.techladder import TechLadder
from unibatch.testing import play

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 20, 9)
PERSON = ContactDraft(phone_number="+12125550123", name="Ada")
OPTIONS = {"version_id": "pmt-1"}


def composed(**changes: Any) -> Composition:
    usual: dict[str, Any] = {"name": "Spring", "contacts": [PERSON], "start": Start.NOW, "agent_id": "agt-1"}
    vendor = {"techladder": OPTIONS}
    return compose(TechLadder({}), CampaignDraft(**{**usual, "vendor": vendor, **changes}), NOW)


def sent(composition: Composition) -> dict[str, Any]:
    assert composition.preflight.obstacles() == []
    (request,) = TechLadder({}).creation(composition)
    assert (request.method, request.path, request.repeatable) == ("POST", "/call-batches", False)
    body: dict[str, Any] = json.loads(request.content)
    return body


def batch(**about: Any) -> dict[str, Any]:
    return {"schedule_id": "sched_1", "agent_id": "agt-1", "status": "pending", "total_contacts": 1, **about}


def listed(*batches: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"items": list(batches), "total": len(batches), "page": 1, "limit": 100, "has_more": False}}


class TestStarting:
    @pytest.mark.parametrize(
        ("start", "expected"),
        [
            (Start.HOLD, {"start_mode": "manual"}),
            (Start.NOW, {"start_mode": "immediate"}),
            (Start.at(LATER, "America/New_York"), ("2026-03-20", "09:00", "America/New_York (EDT, UTC-4:00)")),
            (
                Start.at(datetime(2026, 12, 1, 9), "America/New_York"),
                ("2026-12-01", "09:00", "America/New_York (EST, UTC-5:00)"),
            ),
            (Start.at(LATER, "Asia/Kolkata"), ("2026-03-20", "09:00", "Asia/Kolkata (IST, UTC+5:30)")),
            (Start.at(LATER.replace(second=1, tzinfo=UTC)), ("2026-03-20", "09:01", "UTC (UTC, UTC+0:00)")),
            (
                Start.at(datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=1))), "Europe/Berlin"),
                ("2026-10-25", "01:30", "UTC (UTC, UTC+0:00)"),
            ),
        ],
    )
    def test_the_start_in_the_vendors_form(self, start: Start, expected: Any) -> None:
        if isinstance(expected, tuple):
            names = ("schedule_date", "schedule_time", "schedule_timezone")
            expected = {"start_mode": "scheduled", **dict(zip(names, expected, strict=True))}
        body = composed(start=start).body
        assert {key: value for key, value in body.items() if key.startswith(("start", "schedule"))} == expected


class TestBody:
    def test_the_least_that_is_sent(self) -> None:
        mark = digest(composed().draft.key)
        assert sent(composed()) == {
            "metadata": {"name": "Spring"},
            "agent_name": "agt-1",
            "start_mode": "immediate",
            "version_name": "pmt-1",
            "deduplicate_by_phone": False,
            "contacts": [{"contact_id": f"ub-{mark}-0", "phone_number": "12125550123", "name": "Ada"}],
        }

    @pytest.mark.parametrize(
        ("changes", "key", "expected"),
        [
            ({"from_number_ids": ["+12125550100"]}, "did_number", "12125550100"),
            ({"max_concurrency": 5}, "concurrency", 5),
            ({"description": "Words"}, "metadata", {"name": "Spring", "description": "Words"}),
            ({"metadata": {"a": [1]}}, "metadata", {"name": "Spring", "a": [1]}),
            (
                {"part": Part(number=1, of=2, whole="w")},
                "metadata",
                {"name": "Spring", "part": "1 of 2", "part_of": "w"},
            ),
            ({"vendor": {"techladder": {**OPTIONS, "recording_enabled": False}}}, "recording_enabled", False),
        ],
    )
    def test_a_field_is_sent_in_the_vendors_spelling(self, changes: dict[str, Any], key: str, expected: Any) -> None:
        assert sent(composed(**changes))[key] == expected

    @pytest.mark.parametrize(
        ("changes", "field", "fit"),
        [
            ({"agent_id": None}, "agent_id", Fit.INVALID),
            ({"vendor": {}}, "vendor.techladder.version_id", Fit.INVALID),
            ({"metadata": {"name": "x"}}, "metadata", Fit.INVALID),
            ({"contacts": [ContactDraft(phone_number="+49301234")]}, "contacts", Fit.INVALID),
        ],
    )
    def test_what_it_cannot_do_is_found(self, changes: dict[str, Any], field: str, fit: Fit) -> None:
        assert [(finding.field, finding.fit) for finding in composed(**changes).preflight.obstacles()] == [(field, fit)]


class TestContacts:
    @pytest.mark.parametrize(
        ("about", "expected"),
        [
            ({"external_id": "7"}, {"contact_id": "7"}),
            (
                {"first_name": "Ada", "last_name": "L."},
                {"name": "Ada L.", "metadata": {"first_name": "Ada", "last_name": "L."}},
            ),
            ({"email": "a@example.org", "fields": {"plan": 1}}, {"metadata": {"email": "a@example.org", "plan": 1}}),
        ],
    )
    def test_nothing_that_is_known_is_lost(self, about: dict[str, Any], expected: dict[str, Any]) -> None:
        contact = ContactDraft(phone_number="+12125550123", **about)
        assert TechLadder({}).contact_body(contact) == {"phone_number": "12125550123", **expected}

    def test_ids_of_ours_do_not_depend_on_the_order(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in range(3)]
        ids = [
            {contact["phone_number"]: contact["contact_id"] for contact in sent(composed(contacts=order))["contacts"]}
            for order in (people, people[::-1])
        ]
        assert ids[0] == ids[1]

    def test_everybody_with_an_id_of_the_users_own_carries_a_mark(self) -> None:
        people = [ContactDraft(phone_number=f"+12125550{100 + index}", external_id=str(index)) for index in range(30)]
        composition = composed(contacts=people)
        mark = {"unibatch_draft": digest(composition.draft.key)}
        assert [row.get("metadata") for row in sent(composition)["contacts"]] == [mark] * 30

    @pytest.mark.parametrize(
        "fields",
        [{"company_name": 1, "Company Name": 2}, {"companyName": 1, "company-name": 2}, {"Unibatch draft": 1}],
    )
    def test_fields_that_become_one_when_they_are_respelt_are_refused(self, fields: dict[str, Any]) -> None:
        person = ContactDraft(phone_number="+12125550123", fields=fields)
        (found,) = composed(contacts=[person]).preflight.obstacles()
        assert (found.field, found.fit) == ("contacts", Fit.INVALID)
        assert "become one; choose other names" in found.reason

    def test_everybody_with_an_id_that_stands_for_many_carries_a_mark(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}", external_id="same") for index in range(5)]
        composition = composed(contacts=people)
        mark = {"unibatch_draft": digest(composition.draft.key)}
        assert [row["metadata"] for row in sent(composition)["contacts"]] == [mark] * 5

    @pytest.mark.parametrize(
        ("about", "named"),
        [
            ({"first_name": "Ada", "fields": {"first_name": "Eve"}}, "first_name"),
            ({"email": "a@example.org", "last_name": "L.", "fields": {"email": 1, "last_name": 2}}, "email, last_name"),
            ({"fields": {"unibatch_draft": "x"}}, "unibatch_draft"),
        ],
    )
    def test_a_field_that_would_replace_the_contacts_own_is_refused(self, about: dict[str, Any], named: str) -> None:
        (found,) = composed(contacts=[ContactDraft(phone_number="+12125550123", **about)]).preflight.obstacles()
        assert (found.field, found.fit) == ("contacts", Fit.INVALID)
        assert found.reason.startswith(f"the fields {named} are needed for the contact's own; choose other names")

    def test_a_field_named_like_what_the_contact_has_not_is_a_field(self) -> None:
        (contact,) = sent(composed(contacts=[ContactDraft(phone_number="+12125550123", fields={"email": "x"})]))[
            "contacts"
        ]
        assert contact["metadata"] == {"email": "x"}


class TestCreating:
    def test_it_looks_sends_and_reads(self) -> None:
        played = play(TechLadder({}).create_campaign(composed()), listed(), {"data": batch()}, {"data": batch()})
        assert [request.method for request in played.requests] == ["GET", "POST", "GET"]
        assert played.requests[0].query["agent_id"] == "agt-1"
        assert played.value.id == "sched_1"

    def test_what_is_there_is_not_created_again(self) -> None:
        composition = composed()
        our_id = sent(composition)["contacts"][0]["contact_id"]
        call = {"call_id": "c1", "external_id": our_id, "phone_number": "12125550123", "status": "pending"}
        now = {"data": batch(status="active")}
        played = play(TechLadder({}).create_campaign(composition), listed(batch()), listed(call), now)
        assert [request.method for request in played.requests] == ["GET", "GET", "GET"]
        assert "external_id" not in played.requests[1].query
        assert (played.value.id, played.value.status) == ("sched_1", CampaignStatus.RUNNING)

    def test_an_old_batch_that_has_them_all_is_asked_for_one(self) -> None:
        composition = composed()
        our_id = sent(composition)["contacts"][0]["contact_id"]
        call = {"call_id": "c1", "external_id": our_id, "phone_number": "12125550123", "status": "pending"}
        there = batch(created_at=(NOW - timedelta(days=91)).isoformat())
        newest = batch(schedule_id="s2", created_at=NOW.isoformat(), total_contacts=9)
        flow = TechLadder({}).create_campaign(composition)
        played = play(flow, listed(there, newest), listed(call), {"data": there})
        assert played.requests[1].query["external_id"] == our_id

    def test_a_batch_that_counts_a_contact_it_has_not_taken_is_found(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in range(2)]
        composition = composed(contacts=people)
        ids = [contact["contact_id"] for contact in sent(composition)["contacts"]]
        call = {"call_id": "c1", "external_id": ids[1], "phone_number": "12125550121", "status": "pending"}
        there = batch(total_contacts=2)
        played = play(TechLadder({}).create_campaign(composition), listed(there), listed(call), {"data": there})
        assert (played.value.id, len(played.requests)) == ("sched_1", 3)

    @pytest.mark.parametrize("key", [None, "spring"])
    def test_a_batch_that_was_placed_here_and_shows_nobody_yet_is_not_created_again(self, key: str | None) -> None:
        composition = attrs.evolve(composed(idempotency_key=key), noted=Placed("sched_1", None))
        flow = TechLadder({}).create_campaign(composition)
        answers = listed(batch(status="active")), listed(), {"data": batch(status="active")}
        if key is None:
            assert play(flow, *answers).value.id == "sched_1"
        else:  # whether it is this draft, or another one with the key, is unknown
            with pytest.raises(IncompleteListing, match=r"it shows no contacts yet.*nothing was sent"):
                play(flow, *answers)

    def test_a_batch_that_was_placed_here_and_returns_no_metadata_is_not_created_again(self) -> None:
        """Contacts with ids of the user's have their mark there."""
        people = [ContactDraft(phone_number="+12125550123", external_id="7")]
        composition = attrs.evolve(composed(contacts=people), noted=Placed("sched_1", None))
        call = {"call_id": "c1", "external_id": "7", "phone_number": "12125550123", "status": "pending"}
        flow = TechLadder({}).create_campaign(composition)
        calls = [listed(call)] * 4
        with pytest.raises(InvalidInput, match="It was placed on this machine as this draft"):
            play(flow, listed(batch()), *calls[:2], {"data": batch()}, *calls[2:])

    def test_a_batch_with_fewer_contacts_is_asked_for_everybody(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in range(5)]
        composition = composed(contacts=people)
        ids = [contact["contact_id"] for contact in sent(composition)["contacts"]]
        call = {"call_id": "c1", "external_id": ids[4], "phone_number": "12125550124", "status": "pending"}
        answers = [listed(batch(total_contacts=4)), listed(call), {"data": batch(total_contacts=5)}]
        played = play(TechLadder({}).create_campaign(composition), *answers)
        assert "external_id" not in played.requests[1].query
        assert played.value.id == "sched_1"

    def test_a_held_batch_has_to_be_accepted_since_only_the_dashboard_starts_it(self) -> None:
        (found,) = composed(start=Start.HOLD).preflight.obstacles()
        assert (found.field, found.fit, found.acceptable) == ("start", Fit.LOSSY, True)
        assert "can only be started in TechLadder's dashboard" in found.reason
        assert composed(start=Start.HOLD).preflight.obstacles(["start"]) == []

    @pytest.mark.parametrize(
        ("start", "about"),
        [
            (Start.HOLD, {"status": "active"}),
            (Start.NOW, {"status": "on its way"}),
            (Start.NOW, {"scheduled_at": "2026-03-20T09:00:00Z"}),
            (Start.at(LATER, "UTC"), {"status": "active"}),
            (Start.at(LATER, "UTC"), {"scheduled_at": "2026-03-20T10:00:00Z"}),
            (Start.at(LATER, "UTC"), {"status": "failed"}),
        ],
    )
    def test_a_batch_that_is_not_what_was_asked_for_is_an_error(self, start: Start, about: dict[str, Any]) -> None:
        created = {"data": batch(**about)}
        with pytest.raises(PartlyDone, match=r"sched_1 is there, but .*dashboard now") as caught:
            play(TechLadder({}).create_campaign(composed(start=start)), listed(), created, created)
        assert caught.value.campaign is not None

    @pytest.mark.parametrize(("status", "is_as_asked"), [("pending", False), ("active", True)])
    def test_a_batch_that_would_never_start_is_an_error_again(self, status: str, *, is_as_asked: bool) -> None:
        """Unless somebody has started it in the dashboard since."""
        composition = composed(start=Start.NOW)
        our_id = sent(composition)["contacts"][0]["contact_id"]
        call = {"call_id": "c1", "external_id": our_id, "phone_number": "12125550123", "status": "pending"}
        there = batch(start_mode="manual", status=status)
        flow = TechLadder({}).create_campaign(composition)
        with nullcontext() if is_as_asked else pytest.raises(PartlyDone, match="its start_mode is 'manual'"):
            play(flow, listed(there), listed(call), {"data": there})

    def test_one_that_has_them_all_is_asked_before_one_that_has_not(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in range(2)]
        composition = composed(contacts=people)
        first = sent(composition)["contacts"][0]["contact_id"]
        call = {"call_id": "c1", "external_id": first, "phone_number": "12125550120", "status": "pending"}
        batches = listed(batch(schedule_id="fewer"), batch(schedule_id="all", total_contacts=2))
        now = {"data": batch(schedule_id="all", total_contacts=2)}
        played = play(TechLadder({}).create_campaign(composition), batches, listed(call), now)
        assert [request.path.rpartition("call-batches")[2] for request in played.requests] == ["", "/all/calls", "/all"]

    def test_fewer_contacts_than_were_sent_are_an_error(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in range(2)]
        flow = TechLadder({}).create_campaign(composed(contacts=people))
        with pytest.raises(PartlyDone, match=r"1 contacts where 2 were sent.*another campaign"):
            play(flow, listed(), {"data": batch()}, {"data": batch()})

    def test_an_accepted_batch_may_still_grow(self) -> None:
        """An answer with the status 202 comes before everybody is there."""
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in range(2)]
        accepted = Response(status=202, content=json.dumps({"data": batch()}).encode())
        flow = TechLadder({}).create_campaign(composed(contacts=people))
        played = play(flow, listed(), accepted, {"data": batch()})
        assert (played.value.id, played.value.counts.total) == ("sched_1", 1)

    def test_what_is_over_is_not_returned(self) -> None:
        composition = composed()
        our_id = sent(composition)["contacts"][0]["contact_id"]
        call = {"call_id": "c1", "external_id": our_id, "phone_number": "12125550123", "status": "completed"}
        over = batch(status="completed")
        with pytest.raises(InvalidInput, match="placed before, as sched_1, which is completed"):
            play(TechLadder({}).create_campaign(composition), listed(over), listed(call), {"data": over})

    def test_another_batch_is_not_taken_for_it(self) -> None:
        """Far larger, too old, or without one of our ids."""
        old = (NOW - timedelta(days=91)).isoformat()
        newest = batch(schedule_id="s3", created_at=NOW.isoformat())
        others = listed(batch(total_contacts=3), batch(schedule_id="s2", created_at=old, total_contacts=0), newest)
        flow = TechLadder({}).create_campaign(composed())
        played = play(flow, others, listed(), listed(), listed(), {"data": batch()}, {"data": batch()})
        assert [request.path.rpartition("call-batches")[2] for request in played.requests[:2]] == ["", "/s3/calls"]
        assert [request.method for request in played.requests].count("POST") == 1

    def test_nothing_is_sent_where_the_listing_is_not_whole(self) -> None:
        short = {"data": {"items": [], "total": 1, "has_more": False}}
        with pytest.raises(IncompleteListing):
            play(TechLadder({}).create_campaign(composed()), short, short)
