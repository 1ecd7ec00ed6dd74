"""Truedy's end of writing, with plain values: what is sent for a draft, and what its answers lead to."""
# ruff: noqa: DTZ001 - moments without a zone are among what is tested

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Any

import attrs
import pytest

from unibatch.core.draft import CampaignDraft, ContactDraft, Start
from unibatch.core.draft_fields import Composition, Placed
from unibatch.core.errors import Conflict, IncompleteListing, InvalidInput, OutcomeUnknown, PartlyDone
from unibatch.core.findings import Fit
from unibatch.core.flow import Flow, Request
from unibatch.core.looking import LOOKS
from unibatch.core.model import RedialPolicy, Schedule
from unibatch.core.preflight import compose, compose_contacts
from unibatch.core.provider import Added, OperationName
from unibatch.core.status import CampaignStatus
from unibatch.core.times import When
from unibatch.providers.truedy import TRANSITIONS, Truedy
from unibatch.testing import play

WINTER = timezone(timedelta(hours=1))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 20, 9)
PERSON = ContactDraft(phone_number="+12125550123", first_name="Ada")


def composed(**changes: Any) -> Composition:
    usual: dict[str, Any] = {"name": "Spring", "contacts": [PERSON], "start": Start.HOLD, "agent_id": "agt_1"}
    return compose(Truedy({}), CampaignDraft(**{**usual, **changes}), NOW)


def sent(composition: Composition) -> list[tuple[str, Any]]:
    assert composition.preflight.obstacles() == []
    return [(request.path, body(request)) for request in Truedy({}).creation(composition)]


def body(request: Request) -> Any:
    return json.loads(request.content)


def answer(status: str = "draft", total: int | None = 1) -> dict[str, Any]:
    return {"data": {"id": "batch_1", "status": status, "agent_id": "agt_1", "total_contacts": total}}


CREATED = (
    "/batch-calls",
    {
        "name": "Spring",
        "agent_id": "agt_1",
        "working_days": [1, 2, 3, 4, 5, 6, 7],
        "contacts": [{"phone_number": "+12125550123", "first_name": "Ada"}],
    },
)


NOTHING = {"data": [], "pagination": {"total": 0, "limit": 100, "offset": 0, "has_more": False}}
"""A listing without rows."""


def listing(row: dict[str, Any]) -> dict[str, Any]:
    return {"data": [row], "pagination": {"total": 1, "limit": 100, "offset": 0, "has_more": False}}


class TestStarting:
    def test_what_is_held_is_only_created(self) -> None:
        assert sent(composed()) == [CREATED]

    def test_what_begins_at_once_is_created_and_then_started(self) -> None:
        assert sent(composed(start=Start.NOW)) == [CREATED, ("/batch-calls/CAMPAIGN_ID/schedule", {})]

    @pytest.mark.parametrize(
        ("start", "at", "zone"),
        [
            (Start.at(LATER, "Europe/Berlin"), "2026-03-20T09:00:00+01:00", "Europe/Berlin"),
            (Start.at(datetime(2026, 3, 30, 9), "Europe/Berlin"), "2026-03-30T09:00:00+02:00", "Europe/Berlin"),
            (
                Start.at(datetime(2026, 10, 25, 2, 30, tzinfo=WINTER), "Europe/Berlin"),
                "2026-10-25T02:30:00+01:00",
                "Europe/Berlin",
            ),
            (Start.at(LATER, "UTC"), "2026-03-20T09:00:00Z", "UTC"),
        ],
    )
    def test_what_begins_later_is_created_and_then_scheduled(self, start: Start, at: str, zone: str) -> None:
        assert sent(composed(start=start)) == [
            CREATED,
            ("/batch-calls/CAMPAIGN_ID/schedule", {"scheduled_at": at, "timezone": zone}),
        ]

    @pytest.mark.parametrize("moment", [LATER.replace(tzinfo=UTC), LATER.replace(hour=10, tzinfo=WINTER)])
    def test_no_zone_is_sent_where_nobody_named_one(self, moment: datetime) -> None:
        (_, scheduling) = sent(composed(start=Start.at(moment)))
        assert scheduling == ("/batch-calls/CAMPAIGN_ID/schedule", {"scheduled_at": "2026-03-20T09:00:00Z"})

    def test_the_zone_of_the_window_goes_before_that_of_the_start(self) -> None:
        office = Schedule(timezone="Europe/Berlin", window_start=time(9), window_end=time(17))
        (_, (_, scheduling)) = sent(composed(start=Start.at(LATER, "America/New_York"), schedule=office))
        assert scheduling == {"scheduled_at": "2026-03-20T14:00:00+01:00", "timezone": "Europe/Berlin"}


class TestBody:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"from_number_ids": ["pn_1", "pn_2"]}, {"phone_number_ids": ["pn_1", "pn_2"]}),
            ({"max_concurrency": 5}, {"max_concurrent_calls": 5}),
            ({"retry": RedialPolicy(max_attempts=1)}, {"retry_failed": False}),
            ({"vendor": {"truedy": {"phone_rotation_strategy": "random"}}}, {"phone_rotation_strategy": "random"}),
            ({"vendor": {"truedy": {"contact_source": "manual"}}}, {"contact_source": "manual"}),
            (
                {
                    "schedule": Schedule(
                        timezone="Europe/Berlin",
                        window_start=time(9),
                        window_end=time(17, 30),
                        weekdays=(5, 1),
                        max_calls_per_day=9,
                    )
                },
                {
                    "timezone": "Europe/Berlin",
                    "start_time": "09:00",
                    "end_time": "17:30",
                    "working_days": [1, 5],
                    "max_calls_per_day": 9,
                },
            ),
        ],
    )
    def test_a_field_is_sent_in_the_vendors_spelling(self, changes: dict[str, Any], expected: dict[str, Any]) -> None:
        composition = composed(**changes)
        assert composition.preflight.obstacles() == []
        every_day = {"working_days": [1, 2, 3, 4, 5, 6, 7]}
        assert composition.body == {"name": "Spring", "agent_id": "agt_1", **every_day, **expected}

    @pytest.mark.parametrize("schedule", [None, Schedule(), Schedule(timezone="Europe/Berlin", max_calls_per_day=9)])
    def test_no_weekdays_are_every_day_and_a_finding_says_so(self, schedule: Schedule | None) -> None:
        """Truedy takes no days for Monday to Friday: whoever is due on Saturday would wait, unknown to anybody."""
        composition = composed(schedule=schedule)
        (finding,) = (found for found in composition.preflight.findings if found.field == "schedule.weekdays")
        assert (finding.fit, finding.sent) == (Fit.MAPPED, {"working_days": [1, 2, 3, 4, 5, 6, 7]})
        assert finding.reason == "every day is sent, because Truedy calls from Monday to Friday where no days are given"
        assert composition.body["working_days"] == [1, 2, 3, 4, 5, 6, 7]

    def test_a_name_with_the_mark_of_another_draft_is_refused(self) -> None:
        """It could not be recognised."""
        (found,) = composed(name=f"Spring [unibatch:{24 * 'a'}]").preflight.obstacles()
        assert (found.field, found.fit) == ("name", Fit.INVALID)


class TestContacts:
    @pytest.mark.parametrize(
        ("about", "expected"),
        [
            ({"name": "Ada"}, {"first_name": "Ada"}),
            ({"name": "Ada King Lovelace"}, {"first_name": "Ada", "last_name": "King Lovelace"}),
            ({"first_name": "Ada", "last_name": "Lovelace"}, {"first_name": "Ada", "last_name": "Lovelace"}),
            (
                {"name": "Ada Lovelace", "first_name": "Ada", "last_name": "Lovelace"},
                {"first_name": "Ada", "last_name": "Lovelace"},
            ),
            ({"name": "Countess", "first_name": "Ada"}, {"first_name": "Ada", "custom_fields": {"name": "Countess"}}),
            ({"email": "a@example.org"}, {"email": "a@example.org"}),
            ({"external_id": "7", "fields": {"plan": "gold"}}, {"custom_fields": {"plan": "gold", "external_id": "7"}}),
            ({"name": "Ada", "fields": {"name": "x"}}, {"first_name": "Ada", "custom_fields": {"name": "x"}}),
        ],
    )
    def test_nothing_that_is_known_is_lost(self, about: dict[str, Any], expected: dict[str, Any]) -> None:
        contact = ContactDraft(phone_number="+12125550123", **about)
        assert Truedy({}).contact_body(contact) == {"phone_number": "+12125550123", **expected}

    @pytest.mark.parametrize(
        ("about", "named"),
        [
            ({"external_id": "7", "fields": {"external_id": "8"}}, "external_id"),
            ({"name": "Countess", "first_name": "Ada", "fields": {"name": "x"}}, "name"),
        ],
    )
    def test_a_field_that_would_replace_the_contacts_own_is_refused(self, about: dict[str, Any], named: str) -> None:
        (found,) = composed(contacts=[ContactDraft(phone_number="+12125550123", **about)]).preflight.obstacles()
        assert (found.field, found.fit) == ("contacts", Fit.INVALID)
        assert found.reason.startswith(f"the fields {named} are needed for the contact's own; choose other names")

    def test_contacts_are_added_five_hundred_at_a_time(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555{index:04}") for index in range(1001)]
        bodies, _, _ = compose_contacts(Truedy({}), people)
        requests = Truedy({}).addition("batch_1", list(bodies.values()))
        assert [len(body(request)["contacts"]) for request in requests] == [500, 500, 1]

    def test_custom_fields_are_not_sent_when_contacts_are_added(self) -> None:
        (request,) = Truedy({}).addition("batch_1", [{"phone_number": "+12125550123", "custom_fields": {"a": 1}}])
        assert body(request) == {"contacts": [{"phone_number": "+12125550123"}]}


class TestCreating:
    def test_the_key_stands_in_a_header(self) -> None:
        (request,) = Truedy({}).creation(composed())
        assert [*request.headers] == ["X-Idempotency-Key"]
        assert request.headers["X-Idempotency-Key"].startswith("unibatch-")
        assert not request.repeatable

    def test_the_order_of_the_contacts_makes_no_other_request(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in (1, 0, 2)]
        (one,), (other,) = (Truedy({}).creation(composed(contacts=order)) for order in (people, people[::-1]))
        assert one == other
        assert [row["phone_number"] for row in body(one)["contacts"]] == sorted(
            person.phone_number for person in people
        )

    @pytest.mark.parametrize(
        "change", [{"name": "Summer"}, {"contacts": [attrs.evolve(PERSON, first_name="Eve")]}, {"max_concurrency": 2}]
    )
    def test_the_key_goes_with_the_whole_body(self, change: dict[str, Any]) -> None:
        (one,), (other,) = (Truedy({}).creation(composed(**changes)) for changes in ({}, change))
        assert one.headers != other.headers

    def test_a_key_of_the_users_own_is_sent(self) -> None:
        (request,) = Truedy({}).creation(composed(idempotency_key="mine"))
        assert request.headers["X-Idempotency-Key"] == "mine"

    def test_nobody_is_called_who_is_held(self) -> None:
        played = play(Truedy({}).create_campaign(composed()), NOTHING, answer(), answer())
        assert [request.method for request in played.requests] == ["GET", "POST", "GET"]
        assert played.value.status is CampaignStatus.DRAFT

    @pytest.mark.parametrize("status", ["scheduled", "active"])
    def test_one_that_is_not_held_by_itself_is_paused(self, status: str) -> None:
        """One of the vendor's examples shows such an answer."""
        flow = Truedy({}).create_campaign(composed())
        played = play(flow, NOTHING, answer(status), answer(status), answer("paused"), answer("paused"))
        assert played.requests[3].path == "/batch-calls/batch_1/pause"
        assert played.value.status is CampaignStatus.PAUSED

    def test_it_is_started_once_it_is_there(self) -> None:
        flow = Truedy({}).create_campaign(composed(start=Start.NOW))
        played = play(flow, NOTHING, answer(), answer(), NOTHING, answer("active"), answer("active"))
        assert [(request.method, request.path) for request in played.requests] == [
            ("GET", "/batch-calls"),
            ("POST", "/batch-calls"),
            ("GET", "/batch-calls/batch_1"),
            ("GET", "/batch-calls"),
            ("POST", "/batch-calls/batch_1/schedule"),
            ("GET", "/batch-calls/batch_1"),
        ]
        assert played.value.status is CampaignStatus.RUNNING

    def test_of_two_that_two_programs_created_at_the_same_moment_both_start_the_first(self) -> None:
        """Neither has seen the other's campaign when it looked, so each looks again before it starts one."""
        both = [
            answer()["data"] | {"id": name, "name": "Spring", "created_at": f"2026-03-01T09:00:0{name[-1]}Z"}
            for name in ("b_1", "b_2")
        ]
        rows = {"data": both, "pagination": {"total": 2, "has_more": False}}
        people = {"data": [{"contact_id": "c", "phone_number": PERSON.phone_number}], "pagination": {"total": 1}}
        running = {"data": {**both[0], "status": "active"}}
        flow = Truedy({}).create_campaign(composed(start=Start.NOW))
        answers = [{"data": both[1]}, {"data": both[1]}, rows, people, {"data": both[0]}, running, running]
        played = play(flow, NOTHING, *answers)
        assert [request.path for request in played.requests if request.method == "POST"] == [
            "/batch-calls",
            "/batch-calls/b_1/schedule",
        ]

    def test_one_that_was_started_before_is_not_started_again(self) -> None:
        flow = Truedy({}).create_campaign(composed(start=Start.NOW))
        assert len(play(flow, NOTHING, answer(), answer("active")).requests) == 3

    def test_another_number_of_contacts_is_an_error(self) -> None:
        with pytest.raises(PartlyDone, match="was created with 2 contacts where 1 were sent") as caught:
            play(Truedy({}).create_campaign(composed()), NOTHING, answer(total=2))
        assert caught.value.campaign is not None
        assert caught.value.campaign.id == "batch_1"

    def test_one_whose_name_would_not_be_recognised_is_not_started(self) -> None:
        cut = {"data": {**answer()["data"], "name": "Spri"}}
        flow = Truedy({}).create_campaign(composed(start=Start.NOW))
        with pytest.raises(PartlyDone, match=r"its name is 'Spri', not 'Spring'.*; it was not started"):
            play(flow, NOTHING, cut, cut)

    @pytest.mark.parametrize("key", [None, "mine"])
    def test_capitals_and_blanks_make_no_other_name(self, key: str | None) -> None:
        composition = composed(idempotency_key=key)
        there = {**answer()["data"], "name": f" {composition.body['name'].upper()}  "}
        look = Truedy({}).create_campaign(composition)
        played = play(look, listed(there), *([] if key else [listed(shown(PERSON.phone_number))]), {"data": there})
        assert played.value.id == "batch_1"

    @pytest.mark.parametrize("key", [None, "spring"])
    def test_one_that_was_placed_here_and_shows_nobody_is_not_created_again(self, key: str | None) -> None:
        """The vendor counts none of its contacts, and its name has lost the mark."""
        composition = attrs.evolve(composed(idempotency_key=key), noted=Placed("batch_1", None))
        there = answer(total=0)["data"] | {"name": "Spring"}
        flow, listed, got = Truedy({}).create_campaign(composition), listing(there), {"data": there}
        if key is None:  # it is this draft: its note goes with everything in it
            with pytest.raises(PartlyDone, match="contacts of the draft that are missing: 1"):
                play(flow, listed, NOTHING, got, NOTHING)
        else:
            with pytest.raises(IncompleteListing, match="it shows no contacts yet"):
                play(flow, listed, NOTHING, got)

    @pytest.mark.parametrize("total", [1, None])
    def test_one_that_shows_none_of_its_contacts_may_be_of_the_draft(self, total: int | None) -> None:
        """On another machine than that which placed it."""
        there = answer(total=total)["data"] | {"name": "Spring"}
        with pytest.raises(InvalidInput, match=r"batch_1 may be of this draft: .* the vendor lists 0"):
            play(Truedy({}).create_campaign(composed()), listing(there), NOTHING, *[NOTHING] * len(LOOKS))

    def test_one_that_took_few_of_its_contacts_is_not_created_again_here(self) -> None:
        people = [ContactDraft(phone_number=f"+1212555012{index}") for index in range(6)]
        composition = attrs.evolve(composed(contacts=people), noted=Placed("batch_1", None))
        there = answer(total=1)["data"] | {"name": "Spring"}
        row = {"contact_id": "c1", "phone_number": "+12125550120", "call_status": "pending"}
        listed, rows = listing(there), listing(row)
        with pytest.raises(InvalidInput, match="It was placed on this machine as this draft"):
            play(Truedy({}).create_campaign(composition), listed, rows, rows, {"data": there}, rows, rows)

    def test_one_whose_name_is_only_in_its_own_answer_is_recognised(self) -> None:
        composition = composed(idempotency_key="spring")
        whole = {"data": answer()["data"] | {"name": composition.body["name"]}}
        played = play(Truedy({}).create_campaign(composition), listing(answer()["data"]), whole, whole)
        assert [request.method for request in played.requests] == ["GET", "GET", "GET"]
        assert played.value.id == "batch_1"

    def test_one_that_may_be_of_the_draft_and_hides_its_numbers_is_not_created_again(self) -> None:
        there = {**answer(total=0)["data"], "name": "Spring"}
        with pytest.raises(InvalidInput, match=r"batch_1 may be of this draft: .* does not show some of its numbers"):
            play(Truedy({}).create_campaign(composed()), listed(there), listed(shown("+12*******23")))


def shown(number: object) -> dict[str, Any]:
    return {"contact_id": "ctc_1", "phone_number": number, "call_status": "pending"}


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"data": [*rows], "pagination": {"total": len(rows), "limit": 100, "offset": 0, "has_more": False}}


class TestAdding:
    @staticmethod
    def adding() -> Flow[Added]:
        bodies, _, _ = compose_contacts(Truedy({}), [PERSON])
        return Truedy({}).add_contacts("batch_1", bodies, lambda _settled, _total: None)

    def test_none_can_be_added_to_one_that_is_over(self) -> None:
        with pytest.raises(Conflict) as caught:
            play(self.adding(), answer("completed"))
        assert caught.value.present is CampaignStatus.COMPLETED

    @pytest.mark.parametrize("total", [0, 1])
    @pytest.mark.parametrize("number", [12125550123, "+1 (212) 555-0123"])
    def test_who_is_there_in_another_spelling_is_not_added(self, number: object, total: int) -> None:
        assert play(self.adding(), answer(total=total), listed(shown(number))).value.present == ["+12125550123"]

    @pytest.mark.parametrize(
        "number", [None, "hidden", "+12*******23", "+1212555xxxx", "(212) 555-0123", "+12125550123 Ada"]
    )
    def test_nobody_is_added_while_numbers_are_not_shown(self, number: str | None) -> None:
        with pytest.raises(InvalidInput, match=r"does not show some of its numbers; .* in Truedy's dashboard"):
            play(self.adding(), answer(), listed(shown(number)))

    def test_those_who_are_counted_and_not_listed_yet_are_waited_for(self) -> None:
        other, ours = shown("+12125550199"), {**shown(PERSON.phone_number), "contact_id": "ctc_2"}
        played = play(self.adding(), answer(total=2), listed(other), listed(other), listed(other, ours))
        assert played.value.present == ["+12125550123"]

    def test_those_who_were_added_in_part_and_are_not_listed_yet_are_waited_for(self) -> None:
        ours, counts = listed(shown(PERSON.phone_number)), {"data": {"added_count": 2, "failed_count": 1}}
        played = play(self.adding(), answer(total=0), listed(), counts, listed(), ours)
        assert played.value.added == ["+12125550123"]

    def test_whether_those_were_added_who_are_counted_and_never_listed_is_unknown(self) -> None:
        bodies, _, _ = compose_contacts(Truedy({}), [PERSON, attrs.evolve(PERSON, phone_number="+12125550124")])
        adding = Truedy({}).add_contacts("batch_1", bodies, lambda _settled, _total: None)
        counts = {"data": {"added_count": 1, "failed_count": 1}}
        added = play(adding, answer(total=0), listed(), counts, *[listed()] * len(LOOKS)).value
        assert (added.added, added.rejected, added.unknown) == ([], {}, ["+12125550123", "+12125550124"])
        assert isinstance(added.failed, OutcomeUnknown)

    @pytest.mark.parametrize("number", ["(212) 555-0199", "+12125550199 Ada"])
    def test_odd_numbers_of_others_do_not_matter(self, number: str) -> None:
        there, added = listed(shown(number)), {"data": {"added_count": 1, "failed_count": 0}}
        assert play(self.adding(), answer(), there, added).value.added == ["+12125550123"]


class TestChanging:
    @pytest.mark.parametrize(
        ("operation", "path", "content"),
        [
            ("start_campaign", "/batch-calls/batch_1/schedule", b"{}"),
            ("pause_campaign", "/batch-calls/batch_1/pause", b""),
            ("resume_campaign", "/batch-calls/batch_1/resume", b""),
            ("delete_campaign", "/batch-calls/bulk-delete", b'{"ids":["batch_1"]}'),
        ],
    )
    def test_each_has_a_request(self, operation: OperationName, path: str, content: bytes) -> None:
        request = Truedy({}).change(operation, "batch_1")
        assert (request.method, request.path, request.content) == ("POST", path, content)
        assert (request.operation, request.subject, request.repeatable) == (operation, "batch_1", False)

    def test_another_time(self) -> None:
        request = Truedy({}).change("reschedule_campaign", "batch_1", When(LATER.replace(tzinfo=UTC), "Europe/Berlin"))
        assert body(request) == {"scheduled_at": "2026-03-20T10:00:00+01:00", "timezone": "Europe/Berlin"}

    @pytest.mark.parametrize("operation", TRANSITIONS)
    def test_an_id_is_one_segment(self, operation: OperationName) -> None:
        with pytest.raises(InvalidInput):
            Truedy({}).change(operation, "..")
        assert "/../" not in Truedy({}).change(operation, "../x").path

    def test_one_that_the_vendor_does_not_delete(self) -> None:
        flow = Truedy({}).delete_campaign("batch_1")
        with pytest.raises(Conflict):
            play(flow, answer(), {"data": {"failed_ids": ["batch_1"]}}, answer("active"))
