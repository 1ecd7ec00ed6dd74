"""Watching a campaign: every change once, politely, and wherever the program is killed and started again."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import unibatch
from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.conftest import RUNNING, Visit, Visitor
from tests.client.replies import CAMPAIGN, ID, STATUS, one, page
from tests.madeup import MadeUpTime
from unibatch import (
    CallStatus,
    CampaignChanged,
    CampaignStatus,
    ContactChanged,
    Event,
    EventType,
    Finished,
    Retry,
    to_dict,
)
from unibatch.client.transport import httpx

STATE: Mapping[str, Any] = {
    "version": 1,
    "provider": "truedy",
    "campaign_id": "c-1",
    "status": "running",
    "changes": 1,
    "finished": False,
    "contacts": {},
}

LATER = "2027-01-01T00:00:00Z"

SPEED = 10.0
"""How many seconds pass for the dialler in one second of the clients, so that much happens between two looks."""


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> MadeUpTime:
    return MadeUpTime(monkeypatch)


@pytest.fixture
def dialling(time: MadeUpTime, at: Visit) -> Visit:
    """A vendor that goes on dialling while somebody waits."""
    time.meanwhile = lambda seconds: at.sandbox.advance(seconds=seconds * SPEED)
    return at


def begun(at: Visit, contacts: int, concurrency: int = 20) -> str:
    campaign_id = at.sandbox.create(at.vendor, contacts, name="March", concurrency=concurrency)
    at.sandbox.set_status(at.vendor, campaign_id, RUNNING[at.vendor])
    return campaign_id


def finals(events: list[Event]) -> Counter[tuple[str | None, str | None]]:
    """How often each contact's final status was told."""
    return Counter(
        (event.contact_id, event.vendor_status)
        for event in events
        if isinstance(event, ContactChanged) and event.is_final
    )


def expected(at: Visit, campaign_id: str) -> Counter[tuple[str | None, str | None]]:
    """The final status of each contact that the vendor has."""
    contacts = at.sandbox.state(at.vendor, campaign_id).contacts
    if at.vendor != "techladder":
        return Counter((contact.id, contact.status) for contact in contacts if contact.final)
    words = {row.external_id: row.id for row in at.client.list_contacts(campaign_id)}  # whose ids are those of calls
    return Counter((words[contact.external_id], contact.status) for contact in contacts if contact.final)


class TestToTheEnd:
    def test_each_final_status_is_told_once_and_then_it_is_finished(self, dialling: Visit) -> None:
        campaign_id = begun(dialling, 120)
        events = list(dialling.client.watch(campaign_id))
        assert finals(events) == expected(dialling, campaign_id)
        assert len(finals(events)) == 120
        assert events[0].type == EventType.CAMPAIGN_CHANGED
        (finished,) = [event for event in events if isinstance(event, Finished)]
        assert finished is events[-1]
        assert (finished.status, finished.open, finished.complete) == (CampaignStatus.COMPLETED, 0, True)
        assert len({event.dedupe_key for event in events}) == len(events)

    def test_of_a_campaign_that_is_over_all_is_told_with_one_reading(self, dialling: Visit) -> None:
        campaign_id = begun(dialling, 40)
        dialling.sandbox.advance(seconds=86_400)
        before = len(dialling.requests)
        events = list(dialling.client.watch(campaign_id))
        assert len(dialling.requests) - before == 2
        assert [type(event) for event in events] == [CampaignChanged, *[ContactChanged] * 40, Finished]

    @pytest.mark.parametrize("seed", range(2))
    def test_killed_and_resumed_at_random_it_is_as_if_nothing_had_been(self, dialling: Visit, seed: int) -> None:
        campaign_id = begun(dialling, 60)
        draw = random.Random(seed)
        events: list[Event] = []
        state: Any = None
        while not events or not isinstance(events[-1], Finished):
            watch = dialling.client.watch(campaign_id, state=state)
            left = draw.choice([1, 2, 10, 40])
            for event in watch:
                events.append(event)
                state = json.loads(json.dumps(watch.state))
                left -= 1
                if not left:
                    break
        assert finals(events) == expected(dialling, campaign_id)
        assert len({event.dedupe_key for event in events}) == len(events)
        assert list(dialling.client.watch(campaign_id, state=state)) == []

    def test_before_each_pause_the_state_can_be_saved(self, dialling: Visit, time: MadeUpTime) -> None:
        campaign_id = begun(dialling, 60)
        saved: list[Any] = []
        moments: list[float] = []
        advance = time.meanwhile

        def meanwhile(seconds: float) -> None:
            moments.append(time.now - seconds)
            advance(seconds)

        time.meanwhile = meanwhile
        watch = dialling.client.watch(campaign_id, on_pause=lambda: saved.append((time.now, watch.state)))
        events = list(watch)
        assert [moment for moment, _ in saved] == moments
        begin = len(saved) // 2
        rest = list(dialling.client.watch(campaign_id, state=saved[begin][1]))
        assert len(finals(rest)) == sum("!" not in mark for mark in self.marks(saved[begin][1], events))

    def marks(self, state: Any, events: list[Event]) -> list[str]:
        """The marks in a state, of all contacts."""
        return [state["contacts"].get(name, "pending") for name, _ in finals(events)]

    def test_it_survives_what_passes(self, dialling: Visit, time: MadeUpTime) -> None:
        draw = random.Random(3)
        sandbox, vendor = dialling.sandbox, dialling.vendor
        faults: list[Mapping[str, Any]] = [
            {"status": 503},
            {"status": 500},
            {"drop": "after"},
            {"cut": 40},
            {"status": 429},
        ]
        advance = time.meanwhile

        def meanwhile(seconds: float) -> None:
            advance(seconds)
            if draw.random() < 0.3:
                sandbox.fail(vendor, after=draw.randrange(3), times=draw.randint(1, 3), **draw.choice(faults))

        time.meanwhile = meanwhile
        campaign_id = begun(dialling, 120)
        events = list(dialling.client.watch(campaign_id))
        sandbox.clear_faults()
        assert finals(events) == expected(dialling, campaign_id)
        assert isinstance(events[-1], Finished)

    def test_rows_that_come_and_go_are_no_reason_to_miss_one(self, dialling: Visit, time: MadeUpTime) -> None:
        """A listing that is not complete is read again, and contacts that are added are watched as well."""
        dialling.sandbox.assume(dialling.vendor, largest_page=20)
        campaign_id = begun(dialling, 80)
        sandbox, vendor, advance = dialling.sandbox, dialling.vendor, time.meanwhile
        left = [4]

        def meanwhile(seconds: float) -> None:
            advance(seconds)
            if left[0]:
                left[0] -= 1
                sandbox.between_pages(vendor, campaign_id, insert=3, remove=2, where="front")

        time.meanwhile = meanwhile
        events = list(dialling.client.watch(campaign_id))
        assert expected(dialling, campaign_id) - finals(events) == Counter()
        assert max(finals(events).values()) == 1
        assert events[-1].type == EventType.CAMPAIGN_FINISHED

    def test_who_is_left_over_in_a_cancelled_campaign_is_counted(self, visit: Visitor, time: MadeUpTime) -> None:
        at = visit("truedy")  # whose contacts stay pending then
        campaign_id = at.half_dialled(40)
        at.sandbox.set_status("truedy", campaign_id, "cancelled")
        for contact in at.sandbox._vendors["truedy"].campaigns[campaign_id].contacts[-3:]:
            contact.status, contact.final = "pending", False
        *_, finished = at.client.watch(campaign_id)
        assert isinstance(finished, Finished)
        assert (finished.status, finished.open) == (CampaignStatus.CANCELLED, 3)
        assert time.now < 1_000_000 + 60

    def test_calls_under_way_are_waited_for(self, dialling: Visit) -> None:
        campaign_id = begun(dialling, 30)
        watch = dialling.client.watch(campaign_id)
        events: list[Event] = []
        for event in watch:
            events.append(event)
            if len(events) == 10:
                dialling.sandbox.set_status(dialling.vendor, campaign_id, "cancelled")
        assert finals(events) == expected(dialling, campaign_id)
        assert isinstance(events[-1], Finished)
        assert events[-1].open == 0


class TestPoliteness:
    @ONE_CLIENT
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_it_takes_half_of_the_limit_and_no_more(self, visit: Visitor, time: MadeUpTime, vendor: str) -> None:
        at = visit(vendor)
        limit = at.client.capabilities.limits.requests_per_minute or 0
        client = at.again(requests_per_minute=limit, max_in_flight=1)
        at.sandbox.assume(vendor, largest_page=10)  # so that a reading takes many requests
        campaign_id = at.sandbox.create(vendor, 120, concurrency=20)
        at.sandbox.set_status(vendor, campaign_id, RUNNING[vendor])
        time.meanwhile = lambda seconds: at.sandbox.advance(seconds=seconds)
        time.asked_at.clear()
        events = list(client.watch(campaign_id))
        assert len(finals(events)) == 120
        assert time.most_in(60) <= limit
        minutes = (time.asked_at[-1] - time.asked_at[0]) / 60
        assert len(time.asked_at) / minutes <= limit / 2 + 2

    @pytest.mark.parametrize("vendor", ["truedy", "talkifai"])
    def test_it_looks_seldom_while_nothing_happens(self, visit: Visitor, time: MadeUpTime, vendor: str) -> None:
        at = visit(vendor)
        campaign_id = at.half_dialled(40)
        at.sandbox.set_status(vendor, campaign_id, "paused")
        with pytest.raises(unibatch.WaitTimeout):
            at.client.wait(campaign_id, timeout=7_200)
        assert len(time.asked_at) <= 2 * 60 + 10
        end = time.now + 3_600
        time.meanwhile = lambda _: at.sandbox.set_status(vendor, campaign_id, "cancelled") if time.now > end else None
        time.asked_at.clear()
        assert {event.status for event in at.client.watch(campaign_id)} >= {"paused", "cancelled"}
        assert len(time.asked_at) <= 60 + 60 / 5 + 20

    @ONE_CLIENT
    def test_the_end_of_a_campaign_that_takes_long_to_read_is_seen_soon(self, visit: Visitor, time: MadeUpTime) -> None:
        at = visit("truedy")
        at.sandbox.assume("truedy", largest_page=5)  # so that reading it takes 80 requests, of 50 a minute
        client = at.again(requests_per_minute=100, max_in_flight=1)
        campaign_id = at.sandbox.create("truedy", 400, concurrency=50)
        at.sandbox.set_status("truedy", campaign_id, "active")
        over = []

        def meanwhile(seconds: float) -> None:
            at.sandbox.advance(seconds=seconds)
            if at.sandbox.state("truedy", campaign_id).status == "completed":
                over.append(time.now)

        time.meanwhile = meanwhile
        assert len(finals(list(client.watch(campaign_id)))) == 400
        assert time.now - over[0] < 60 + 6 + 6  # the limit of a minute, and two looks
        assert time.most_in(60) <= 100

    def test_nobody_is_read_before_it_begins(self, at: Visit, time: MadeUpTime) -> None:
        campaign_id = at.sandbox.create(at.vendor, 5_000)
        time.meanwhile = lambda _: (
            at.sandbox.set_status(at.vendor, campaign_id, RUNNING[at.vendor]) if len(at.requests) == 5 else None
        )
        watch = iter(at.client.watch(campaign_id))
        assert [next(watch).status.is_terminal, next(watch).status] == [False, "running"]  # type: ignore[union-attr]  # they are told
        assert len(at.requests) == 6

    def test_a_scheduled_campaign_is_looked_at_when_it_begins(self, visit: Visitor, time: MadeUpTime) -> None:
        at = visit("truedy")
        campaign_id = at.sandbox.create("truedy", 5)
        start = datetime.now(UTC) + timedelta(seconds=20)
        at.sandbox.set_status("truedy", campaign_id, "scheduled", starts_at=start)
        begin = time.now
        time.meanwhile = lambda _: (
            at.sandbox.set_status("truedy", campaign_id, "active") if time.now > begin + 20 else None
        )
        assert at.client.wait(campaign_id, until="running").status == "running"
        assert time.now - begin < 30


class Story:
    """A campaign with one contact, of which each reading shows the next of the given words."""

    def __init__(self, vendor: str, campaign: str, *contact: Any) -> None:
        self.vendor = vendor
        self.campaign = campaign
        self.readings: list[Any] = list(contact)
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        is_contacts = (
            "contacts" in request.url.path or "contactsPage" in request.url.params or "/calls" in request.url.path
        )
        if not is_contacts:
            word = self.campaign if len(self.readings) > 1 else "completed"
            return self.json(one(self.vendor, {**CAMPAIGN[self.vendor], "status": word, "updated_at": None}))
        reading = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        if isinstance(reading, int):
            return httpx.Response(reading, text="no")
        reading = {STATUS[self.vendor]: reading} if isinstance(reading, str) else reading
        row = {ID[self.vendor]: "c-1", "phone_number": "+12125550123", "phoneNumber": "+12125550123", **reading}
        return self.json(page(self.vendor, row))

    def json(self, body: Any) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(body).encode()))


NEXT_UNKNOWN = {"status": "no_answer", "attemptCount": 1, "maxAttempts": 3, "nextRetryAt": None}
CALLED_LATER = {**NEXT_UNKNOWN, "nextRetryAt": LATER}
SECOND = {"status": "completed", "attemptCount": 2, "maxAttempts": 3, "nextRetryAt": None}


def told(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.type.value, str(event.status)) for event in events if isinstance(event, ContactChanged)]


@ONE_CLIENT
@pytest.mark.usefixtures("time")
class TestChanges:
    """What one contact goes through, and what is told of it."""

    @pytest.mark.parametrize(
        ("vendor", "readings", "events"),
        [
            (
                "techladder",
                ["pending", "queued", "ringing", "answered", "in_progress", "completed", "completed"],
                [
                    "contact_changed queued",
                    "call_started ringing",
                    "call_answered answered",
                    "contact_changed in_progress",
                    "call_ended completed",
                ],
            ),
            ("techladder", ["pending", "busy", "busy"], ["call_ended busy"]),
            ("techladder", ["ringing", "failed"], ["call_started ringing", "call_failed failed"]),
            ("techladder", ["queued", "cancelled"], ["contact_changed queued", "contact_changed cancelled"]),
            ("techladder", ["abducted", "completed"], ["contact_changed unknown", "call_ended completed"]),
            ("techladder", ["completed", "in_progress", "completed"], ["call_ended completed"]),  # from a cache
            ("techladder", ["completed", 503, "completed"], ["call_ended completed"]),
            (
                "truedy",
                [
                    {"call_status": word, "call_id": call}  # called again, by hand
                    for word, call in (("no_answer", "1"), ("queued", "1"), ("queued", "1"), ("completed", "2"))
                ],
                ["call_ended no_answer", "contact_changed queued", "call_ended completed"],
            ),
            (
                "truedy",
                [{"call_status": "failed", "call_id": "1"}, {"call_status": "failed", "call_id": "2"}],
                ["call_failed failed", "call_failed failed"],
            ),
            (
                "truedy",
                [{"call_status": "ended"}, {"call_status": "ended", "call_id": "1"}, {"call_status": "completed"}],
                ["call_ended completed"],
            ),
            (
                "talkifai",
                [
                    {"status": "no_answer", "attemptCount": number, "maxAttempts": 3, "nextRetryAt": LATER}
                    for number in (1, 2, 3)
                ],
                ["call_ended no_answer"] * 3,
            ),
            (
                "talkifai",
                [
                    {"status": "busy", "attemptCount": 1, "maxAttempts": 3, "nextRetryAt": LATER},
                    {"status": "busy", "attemptCount": 1, "maxAttempts": 3, "nextRetryAt": None},
                ],
                ["call_ended busy", "contact_changed busy"],  # no other attempt follows after all
            ),
        ],
    )  # fmt: skip
    def test_each_is_told_once(self, connect: Connect, vendor: str, readings: list[Any], events: list[str]) -> None:
        client = connect(vendor, answer=Story(vendor, RUNNING[vendor], *readings))
        happened = list(client.watch("c-1"))
        assert [" ".join(pair) for pair in told(happened)] == events
        assert len({event.dedupe_key for event in happened}) == len(happened)

    @pytest.mark.parametrize(
        ("readings", "events"),
        [
            ([NEXT_UNKNOWN], ["call_ended no_answer final"]),  # the campaign is over
            (
                [NEXT_UNKNOWN] * 3 + [CALLED_LATER] * 2 + [SECOND],
                ["call_ended no_answer", "call_ended completed final"],
            ),
            (
                [NEXT_UNKNOWN] * 20 + [CALLED_LATER] * 2 + [SECOND],
                ["call_ended no_answer final", "contact_changed no_answer", "call_ended completed final"],
            ),
            (
                [NEXT_UNKNOWN] * 20 + [CALLED_LATER] * 2 + [NEXT_UNKNOWN] * 20,
                ["call_ended no_answer final", "contact_changed no_answer"],
            ),
            ([NEXT_UNKNOWN] * 20 + [CALLED_LATER, NEXT_UNKNOWN], ["call_ended no_answer final"]),
        ],
    )
    def test_one_result_is_final_once_also_if_the_vendor_plans_another_attempt_later(
        self, connect: Connect, readings: list[Any], events: list[str]
    ) -> None:
        client = connect("talkifai", answer=Story("talkifai", "running", *readings))
        happened: list[Event] = []
        state: Any = None
        while not happened or not isinstance(happened[-1], Finished):  # begun anew after each event
            watch = client.watch("c-1", state=state)
            happened.append(next(iter(watch)))
            state = json.loads(json.dumps(watch.state))
        said = [event for event in happened if isinstance(event, ContactChanged)]
        assert [f"{event.type} {event.status}{' final' if event.is_final else ''}" for event in said] == events
        assert len({event.dedupe_key for event in happened}) == len(happened)

    def test_both_times_are_told(self, connect: Connect) -> None:
        over = {"status": "completed", "started_at": "2026-03-10T09:00:00Z", "ended_at": "2026-03-10T09:01:30Z"}
        client = connect("techladder", answer=Story("techladder", "active", over, over))
        (event,) = [event for event in client.watch("c-1") if isinstance(event, ContactChanged)]
        assert event.occurred_at == datetime(2026, 3, 10, 9, 1, 30, tzinfo=UTC)
        assert event.seen_at > datetime(2026, 3, 11, tzinfo=UTC)
        plain = to_dict(event)
        assert (plain["contact"]["status"], plain["previous"], plain["dedupe_key"]) == (
            "completed",
            None,
            "techladder:call:c-1:over",
        )

    def test_a_call_has_the_key_that_its_webhook_has(self, connect: Connect) -> None:
        rows: Mapping[str, Any] = {
            "truedy": {"call_status": "completed", "call_id": "call_1"},
            "talkifai": {"status": "completed", "roomName": "room-1"},
        }
        keys = []
        for vendor, row in rows.items():
            client = connect(vendor, answer=Story(vendor, RUNNING[vendor], row))
            keys += [event.dedupe_key for event in client.watch("c-1") if event.type == EventType.CALL_ENDED]
        bodies = {
            "truedy": {"event": "call.ended", "data": {"call_id": "call_1"}},
            "talkifai": {"event": "call.ended", "data": {"callId": "other", "roomName": "room-1"}},
        }
        for vendor, body in bodies.items():
            (event,) = unibatch.webhooks.receive(vendor, {}, json.dumps(body).encode(), allow_unsigned=True)
            assert event.dedupe_key == keys.pop(0)

    def test_the_campaign_is_told_to_be_finished_with_the_key_of_its_webhook(self, connect: Connect) -> None:
        client = connect("truedy", answer=Story("truedy", "active", "completed"))
        *_, changed, finished = [event for event in client.watch("c-1") if not isinstance(event, ContactChanged)]
        bodies = (
            {"event": "batch.status.changed", "data": {"batch_id": "c-1", "status": "completed"}},
            {"event": "batch.completed", "data": {"batch_id": "c-1"}},
        )
        for body, event in zip(bodies, (changed, finished), strict=True):
            (sent,) = unibatch.webhooks.receive("truedy", {}, json.dumps(body).encode(), allow_unsigned=True)
            assert (type(sent), sent.dedupe_key) == (type(event), event.dedupe_key)

    def test_a_campaign_that_is_completed_waits_a_while_for_who_is_not(
        self, connect: Connect, time: MadeUpTime
    ) -> None:
        story = Story("truedy", "active", "pending")
        begin = time.now
        *_, finished = connect("truedy", answer=story).watch("c-1")
        assert isinstance(finished, Finished)
        assert (finished.open, 60 <= time.now - begin < 90) == (1, True)

    def test_a_listing_that_is_never_complete_ends_too_and_says_so(self, connect: Connect) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            rows = page("truedy", {"contact_id": "c-1", "call_status": "completed"}, total=5)
            body = rows if "contacts" in request.url.path else one("truedy", {**CAMPAIGN["truedy"], "status": "failed"})
            return httpx.Response(200, json=body)

        *_, finished = connect("truedy", answer=answer).watch("c-1")
        assert isinstance(finished, Finished)
        assert finished.complete is False


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@ONE_CLIENT
@pytest.mark.usefixtures("time")
class TestErrors:
    @pytest.mark.parametrize(
        ("status", "error"),
        [(401, unibatch.AuthenticationError), (403, unibatch.PermissionDenied), (404, unibatch.NotFound)],
    )
    def test_what_does_not_pass_is_raised(self, connect: Connect, status: int, error: type[Exception]) -> None:
        client = connect("truedy", answer=Story("truedy", "active", "ringing", status))
        watch = client.watch("c-1")
        with pytest.raises(error):
            list(watch)
        assert watch.state["contacts"] == {"c-1": "ringing"}

    def test_an_outage_may_take_an_hour(self, connect: Connect, time: MadeUpTime) -> None:
        begin = time.now
        client = connect("truedy", answer=lambda _: httpx.Response(503))
        with pytest.raises(unibatch.ServerError):
            list(client.watch("c-1"))
        assert 3_600 <= time.now - begin <= 3_700

    def test_a_server_that_was_never_there_is_not_waited_for(self, connect: Connect, time: MadeUpTime) -> None:
        begin = time.now
        client = connect("truedy", answer=_refuse)
        with pytest.raises(unibatch.ConnectFailed):
            list(client.watch("c-1"))
        assert time.now - begin < 60

    def test_one_that_a_watch_goes_on_with_may_be_away_for_an_hour(self, connect: Connect, time: MadeUpTime) -> None:
        begin = time.now
        client = connect("truedy", answer=_refuse)
        with pytest.raises(unibatch.ConnectFailed):
            list(client.watch("c-1", state={**STATE, "status": "running"}))
        assert 3_600 <= time.now - begin <= 3_700

    def test_contacts_that_cannot_be_read_are_an_outage_too(self, connect: Connect, time: MadeUpTime) -> None:
        begin = time.now
        client = connect("truedy", answer=Story("truedy", "active", 503))
        with pytest.raises(unibatch.ServerError):
            list(client.watch("c-1"))
        assert 3_600 <= time.now - begin <= 3_700

    def test_answers_that_make_no_sense_are_not_waited_out(self, connect: Connect) -> None:
        client = connect("truedy", answer=lambda _: httpx.Response(200, text="<html>"))
        with pytest.raises(unibatch.MalformedResponse):
            client.wait("c-1")

    @pytest.mark.parametrize(
        "wrong",
        [
            3,
            {},
            {**STATE, "version": 2},
            {**STATE, "campaign_id": "c-2"},
            {**STATE, "provider": "talkifai"},
            {**STATE, "status": "odd"},
            {**STATE, "changes": "1"},
            {**STATE, "contacts": []},
            {**STATE, "contacts": {"a": "b"}},
        ],
    )
    def test_a_state_of_something_else_is_refused(self, connect: Connect, wrong: Any) -> None:
        with pytest.raises(unibatch.InvalidInput, match="state"):
            connect("truedy").watch("c-1", state=wrong)

    @pytest.mark.parametrize("method", ["watch", "wait"])
    def test_a_blank_id_is_refused_at_once(self, connect: Connect, method: str) -> None:
        with pytest.raises(unibatch.InvalidInput, match="an id must be"):
            getattr(connect("truedy"), method)(" ")

    def test_what_is_no_function_cannot_be_called(self, connect: Connect) -> None:
        with pytest.raises(unibatch.InvalidInput, match="on_pause is a function"):
            connect("truedy").watch("c-1", on_pause=3)  # type: ignore[arg-type]  # that is the point


@pytest.mark.usefixtures("time")
class TestWaiting:
    def test_for_the_end(self, dialling: Visit) -> None:
        campaign_id = begun(dialling, 100)
        campaign = dialling.client.wait(campaign_id)
        assert campaign.status == CampaignStatus.COMPLETED
        assert all(contact.is_final for contact in dialling.client.list_contacts(campaign_id))

    def test_for_a_status(self, dialling: Visit) -> None:
        campaign_id = begun(dialling, 20)
        assert dialling.client.wait(campaign_id, until="running").status == "running"
        assert dialling.client.wait(campaign_id, until=[CampaignStatus.COMPLETED, "failed"]).status == "completed"
        assert dialling.client.wait(campaign_id, until="running").status == "completed"  # it has run

    def test_for_what_a_function_says(self, dialling: Visit) -> None:
        campaign_id = begun(dialling, 60)
        campaign = dialling.client.wait(campaign_id, until=lambda campaign: (campaign.counts.succeeded or 0) >= 5)
        assert (campaign.counts.succeeded or 0) >= 5

    @pytest.mark.parametrize("until", ["paused", lambda _: False])
    def test_what_will_not_come_is_a_conflict(self, dialling: Visit, until: Any) -> None:
        campaign_id = begun(dialling, 5)
        with pytest.raises(unibatch.Conflict, match="will not become what was waited for") as caught:
            dialling.client.wait(campaign_id, until=until)
        assert caught.value.present == CampaignStatus.COMPLETED

    @pytest.mark.parametrize("timeout", [0, 95.5, timedelta(minutes=10)])
    def test_until_the_time_is_over(self, at: Visit, time: MadeUpTime, timeout: Any) -> None:
        campaign_id = at.sandbox.create(at.vendor, 1)
        begin = time.now
        with pytest.raises(TimeoutError, match="not within") as caught:
            at.client.wait(campaign_id, timeout=timeout)
        assert isinstance(caught.value, unibatch.WaitTimeout)
        assert caught.value.campaign is not None
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        assert time.now - begin == pytest.approx(seconds, abs=0.01)

    @ONE_CLIENT
    def test_until_the_time_is_over_although_nobody_answers(self, connect: Connect) -> None:
        client = connect("truedy", answer=lambda _: httpx.Response(503))
        with pytest.raises(unibatch.WaitTimeout, match="it could not be read") as caught:
            client.wait("c-1", timeout=30)
        assert isinstance(caught.value.__cause__, unibatch.ServerError)

    @pytest.mark.parametrize("timeout", [0, 7.5, 600])
    @pytest.mark.parametrize("reads", ["c-1", "contacts"])
    def test_the_time_is_over_during_the_attempts_of_one_request(
        self, connect: Connect, time: MadeUpTime, timeout: float, reads: str
    ) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith(reads):
                return httpx.Response(503)
            return httpx.Response(200, json=one("truedy", {**CAMPAIGN["truedy"], "status": "completed"}))

        client, begin = connect("truedy", answer=answer, retry=Retry(attempts=99, total=3_600)), time.now
        with pytest.raises(unibatch.WaitTimeout) as caught:
            client.wait("c-1", timeout=timeout)
        assert time.now - begin == pytest.approx(max(timeout, 1), abs=0.01)
        assert isinstance(caught.value.__cause__, unibatch.ServerError)

    @pytest.mark.parametrize("attempts", [1, 5])
    def test_the_time_is_over_while_a_request_hangs(self, connect: Connect, time: MadeUpTime, attempts: int) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            time.now += request.extensions["timeout"]["read"]
            raise httpx.ReadTimeout("nothing came")

        client, begin = connect("truedy", answer=answer, retry=Retry(attempts=attempts), timeout=30), time.now
        with pytest.raises(unibatch.WaitTimeout) as caught:
            client.wait("c-1", timeout=12)
        assert time.now - begin == pytest.approx(12, abs=0.01)
        assert isinstance(caught.value.__cause__, unibatch.ReadTimeout)

    @ONE_CLIENT
    @pytest.mark.parametrize("wrong", [{"timeout": -1}, {"timeout": "1"}, {"timeout": float("nan")}, {"until": "done"}])
    def test_what_cannot_be_is_refused(self, connect: Connect, wrong: Any) -> None:
        with pytest.raises(unibatch.InvalidInput):
            connect("truedy").wait("c-1", **wrong)


class TestLeaving:
    def test_leaving_the_loop_stops_everything(self, at: Visit) -> None:
        campaign_id = at.half_dialled(400)
        watch = at.client.watch(campaign_id)
        for event in watch:
            if event.type != EventType.CAMPAIGN_CHANGED:
                break
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("unibatch_")] == []
        before = len(watch.state["contacts"])
        assert before == 1
        for _, event in zip(range(9), watch, strict=False):
            assert isinstance(event, ContactChanged)
        assert len(watch.state["contacts"]) == 10

    @ONE_CLIENT  # a task of the other one is cancelled instead
    def test_another_thread_can_end_it_by_closing_the_client(self, visit: Visitor) -> None:
        at = visit("truedy")
        client = at.client
        campaign_id = at.sandbox.create("truedy", 1)
        closing = threading.Timer(0.05, client.close)
        closing.start()
        with pytest.raises(RuntimeError, match="this client is closed"):
            list(client.watch(campaign_id))
        closing.join()

    def test_a_watch_is_an_iterator(self, connect: Connect, style: str) -> None:
        client = connect("truedy", answer=Story("truedy", "active", "ringing", "ringing"))
        watch: Any = client.watch("c-1")
        if style == "sync":
            assert [next(watch).status, next(watch).status] == ["running", "ringing"]
        else:
            inner: Any = watch._watch

            async def two() -> list[Any]:
                return [(await anext(inner)).status, (await anext(inner)).status]

            assert client.run(two()) == ["running", "ringing"]  # type: ignore[attr-defined]  # a BlockingAsyncClient
        assert watch.counts == {CallStatus.RINGING: 1}
        assert watch.campaign.status == "running"


def test_a_state_of_100_000_contacts_is_quick_and_small(connect: Connect) -> None:
    marks = {f"ctc_{number:08x}-0000-4000-8000-000000000000": "completed!/a1b2c3d4" for number in range(100_000)}
    state = {**STATE, "contacts": marks}
    watch = connect("truedy").watch("c-1", state=state)
    assert watch.state == state
    assert len(json.dumps(watch.state)) < 8_000_000
