"""Moving a campaign, from the plan to the ledger: who moves, what is refused, what the ledger proves."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from tests.workflows.migrate.conftest import (
    DIRECTIONS,
    RUNNING,
    SOON,
    Move,
    Moving,
    apply,
    entry_of,
    one_client,
    writes,
)
from unibatch import CampaignDraft, ContactDraft, Start
from unibatch.core.errors import (
    IncompleteListing,
    InvalidInput,
    JournalError,
    MigrationRefused,
    MigrationStopped,
    NotFound,
)
from unibatch.providers.talkifai import TalkifAI
from unibatch.sandbox import VendorRequest
from unibatch.workflows.migrate import Outcome, PartStep, Progress


class TestMoving:
    @pytest.mark.parametrize(("source", "target"), [*DIRECTIONS, ("truedy", "truedy"), ("talkifai", "talkifai")])
    def test_who_was_not_reached_is_called_by_the_target_and_nobody_else(
        self, source: str, target: str, moving: Moving
    ) -> None:
        move = moving(source, target, 20, called=9)
        plan = move.plan()
        assert not move.parts
        status = apply(move, plan)
        assert status.is_finished
        assert (status.open, status.failed, status.interrupted) == (0, 0, None)
        assert all(part.step is PartStep.CHECKED for part in status.parts)
        proof = plan.verify()
        assert (proof.differences, proof.is_proven, proof.contacts) == ((), True, status.moved)
        assert plan.status() == move.open().status() == status
        move.there.advance(seconds=86_400)
        assert sum(move.dialled_by_target().values()) == 0  # it is held
        move.require_balance(status)

    @pytest.mark.parametrize("start", [Start.NOW, Start.at(SOON)])
    @pytest.mark.parametrize("target", ["truedy", "talkifai", "techladder"])
    def test_it_starts_when_that_was_asked_for(self, start: Start, target: str, moving: Moving) -> None:
        move = moving("truedy", target, called=0)
        status = apply(move, move.plan(start=start))
        assert status.is_finished
        (part,) = move.parts
        if start == Start.NOW and target != "techladder":
            assert part.status == RUNNING[target]
            return
        # TechLadder's API cannot start what is held: there it starts far enough ahead to be looked at.
        due = SOON if start != Start.NOW else datetime.now(UTC) + timedelta(minutes=15)
        assert part.starts_at is not None
        assert timedelta(seconds=-1) <= part.starts_at - due <= timedelta(minutes=2)
        move.there.advance(seconds=(part.starts_at - move.there.now).total_seconds() - 60)
        assert sum(move.dialled_by_target().values()) == 0

    @one_client
    def test_in_as_many_parts_as_the_target_asks_for(self, moving: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
        limits = attrs.evolve(TalkifAI.capabilities.limits, max_contacts=5)
        monkeypatch.setattr(TalkifAI, "capabilities", attrs.evolve(TalkifAI.capabilities, limits=limits))
        move = moving("truedy", "talkifai", called=0)
        plan = move.plan(start=Start.NOW)
        assert plan.facts.parts == (5, 5, 2)
        status = apply(move, plan)
        assert [part.contacts for part in status.parts] == [len(part.contacts) for part in move.parts] == [5, 5, 2]
        move.require_balance(status)

    @one_client
    @pytest.mark.parametrize(("most", "parts"), [(10_000, ["those who move"]), (5, ["part 2 of 3", "part 3 of 3"])])
    def test_another_campaign_of_the_target_that_would_call_them_is_in_the_plan(
        self, most: int, parts: list[str], moving: Moving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        move = moving("truedy", "talkifai", called=0)
        numbers = sorted(contact.number for contact in move.state.contacts)[-9:]  # two of the five in the first part
        other = self.place(move, numbers)
        limits = attrs.evolve(TalkifAI.capabilities.limits, max_contacts=most)
        monkeypatch.setattr(TalkifAI, "capabilities", attrs.evolve(TalkifAI.capabilities, limits=limits))
        plan = move.plan(start=Start.NOW)
        found = [each for each in plan.facts.losses if "called by both" in each.reason]
        assert [each.field for each in found] == ["contacts"] * len(parts)
        assert all(f"{who} are in {other} in" in each.reason for who, each in zip(parts, found, strict=True))
        status = apply(move, plan)
        assert status.is_finished
        assert status.unstarted
        assert any(
            f"look at the target before you start it: most of its numbers are in {other}" in n for n in status.notes
        )
        assert all(part.status == "scheduled" for part in move.parts if part.id != other)

    @one_client
    def test_where_the_target_would_begin_by_itself_nothing_is_stopped_before(self, moving: Moving) -> None:
        move = moving("truedy", "techladder", called=0, status="active")
        other = self.place(move, [contact.number for contact in move.state.contacts])
        plan = move.plan(start=Start.NOW)
        (fault,) = plan.facts.obstacles
        assert f"are in {other} in the target" in fault.reason
        with pytest.raises(MigrationRefused, match=f"remove {other}.*plan again.*Nothing was changed"):
            apply(move, plan)
        assert (move.state.status, len(move.parts)) == ("active", 1)

    def place(self, move: Move, numbers: list[str]) -> str:
        """Another campaign in the target, and its id."""
        _, client = move.connect()
        wanted = CampaignDraft(
            name="Another",
            contacts=[ContactDraft(phone_number=number) for number in numbers],
            start=Start.at(datetime.now(UTC) + timedelta(days=2)),
            idempotency_key=f"another {len(numbers)}",
        )
        return client.create_campaign(wanted).id

    @one_client
    @pytest.mark.parametrize("stopped", ["before", "after"])
    @pytest.mark.parametrize(("source", "word"), [("truedy", "paused"), ("talkifai", "paused"), ("truedy", "draft")])
    def test_a_source_that_stands_still_is_left_as_it_is(
        self, stopped: str, source: str, word: str, moving: Moving
    ) -> None:
        move = moving(source, "techladder", called=0, status=word if stopped == "before" else None)
        plan = move.plan()
        move.here.set_status(source, move.campaign_id, word)
        status = apply(move, plan)
        assert move.state.status == word
        assert "do not resume or start the source" in " ".join(status.notes)
        assert plan.undo().source_resumed is False
        assert move.state.status == word

    @one_client
    @pytest.mark.parametrize("status", ["active", "paused"])
    def test_the_name_of_the_source_says_that_it_was_moved(self, status: str, moving: Moving) -> None:
        move = moving("truedy", "talkifai", status=status)
        name = move.state.name
        plan = move.plan()
        apply(move, plan)
        assert move.state.name == f"MOVED, do not resume: {name}"
        assert move.parts[0].name == name
        plan.undo()
        assert move.state.name == name

    @one_client
    def test_a_source_that_cannot_be_renamed_is_moved_all_the_same(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", status="active")
        plan = move.plan()
        move.here.fail("truedy", method="PATCH", times=None, status=400)
        assert apply(move, plan).is_finished

    @one_client
    def test_progress_says_what_is_done_and_what_is_awaited(self, moving: Moving) -> None:
        move, seen = moving("truedy", "talkifai"), list[Progress]()
        apply(move, move.plan(on_progress=seen.append), on_progress=seen.append)
        words = list(dict.fromkeys(each.what for each in seen))
        assert words == [
            "reading the source",
            "stopping the source",
            "waiting for calls under way",
            "creating the target",
            "comparing the target",
        ]
        assert [each.seconds for each in seen if each.seconds is not None][:2] == [180.0, 178.0]


@one_client
class TestWhoMoves:
    def test_who_was_called_since_the_plan_is_decided_on_again(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai")
        plan = move.plan()
        move.here.assume("truedy", outcome="completed")
        move.here.advance(calls=3)
        reached = {contact.number for contact in move.state.contacts if contact.status == "completed"}
        status = apply(move, plan)
        assert not reached & set(move.numbers())
        assert "completed now" in " ".join(status.changes)
        move.require_balance(status)

    @pytest.mark.parametrize("source", ["truedy", "talkifai"])
    def test_who_is_still_in_a_call_at_the_end_of_the_wait_is_kept_back(self, source: str, moving: Moving) -> None:
        move = moving(source, "techladder")
        calling = [contact.number for contact in move.state.contacts if contact.status in {"ringing", "dialing"}]
        assert calling
        apply(move, move.plan(), wait_for_calls=0)
        for number in calling:
            entry = entry_of(move, number)
            assert (entry.outcome, entry.reason) == (Outcome.KEPT_BACK, "a call is under way")

    def test_who_was_cancelled_by_stopping_moves_and_who_was_before_does_not(self, moving: Moving) -> None:
        move = moving("talkifai", "truedy", called=0, status="running")
        before = move.campaign.contacts[0]
        move.campaign.mark(before, "cancelled", final=True)
        status = apply(move, move.plan())
        assert {contact.status for contact in move.state.contacts} == {"cancelled"}
        assert (status.moved, status.kept_back) == (11, 1)
        assert entry_of(move, before.number).reason == "cancelled before the migration"

    @pytest.mark.parametrize(("ended_at", "duration"), [(9.0, 8), (None, None)], ids=["with a length", "without"])
    def test_a_call_that_was_cut_off_by_stopping_may_have_reached_somebody(
        self, ended_at: float | None, duration: int | None, moving: Moving
    ) -> None:
        move = moving("techladder", "truedy", called=0, status="active")
        plan = move.plan()
        how = move.stop_by_hand()
        cut_off = move.campaign.contacts[3]
        cut_off.started_at, cut_off.ended_at, cut_off.duration = 1.0, ended_at, duration
        plan.apply(**how)
        assert entry_of(move, cut_off.number).reason == "a call was under way, and its result is not known"

    @pytest.mark.parametrize(
        ("first", "second", "moves"),
        [("pending", "pending", 1), ("completed", "pending", 0), ("no_answer", "pending", 1)],
    )
    def test_of_two_rows_of_one_number_one_moves_at_most(
        self, first: str, second: str, moves: int, moving: Moving
    ) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        vendor = move.here._vendors["truedy"]
        one = move.campaign.contacts[0]
        move.campaign.add(vendor.contact(one.number, first_name="Twin"))
        for contact, word in ((one, first), (move.campaign.contacts[-1], second)):
            move.campaign.mark(contact, word, final=word == "completed")
        plan = move.plan()
        assert plan.facts.repeated == 1
        status = apply(move, plan)
        assert move.numbers().count(one.number) == moves
        move.require_balance(status)

    def test_numbers_that_must_never_be_called_stay(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        never = [contact.number for contact in move.state.contacts[:2]]
        plan = move.plan(skip=never)
        assert (plan.facts.never, plan.facts.moving) == (2, 10)
        apply(move, plan)
        assert not {*never} & {*move.numbers()}

    def test_statuses_can_be_chosen_and_the_choice_is_kept(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        for contact, word in zip(move.campaign.contacts, ("voicemail", "no_answer"), strict=False):
            move.campaign.mark(contact, word, final=True)
        move.plan(also=["voicemail"], without=["no_answer"])
        apply(move)
        assert [entry.status for entry in move.open().report() if entry.outcome is Outcome.KEPT_BACK] == ["no_answer"]

    def test_attempts_that_were_made_count(self, moving: Moving) -> None:
        move = moving("talkifai", "talkifai", called=0, status="paused")
        one, two = move.campaign.contacts[:2]
        one.attempts, two.attempts = 1, 3
        for contact in (one, two):
            move.campaign.mark(contact, "no_answer")
        plan = move.plan(max_attempts=3)
        apply(move, plan)
        assert entry_of(move, two.number).outcome is Outcome.KEPT_BACK
        (part,) = move.there._vendors["talkifai"].campaigns.values()
        assert part.max_attempts == 2  # 3 less the one that was made

    def test_a_number_of_no_country_has_no_zone(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        move.campaign.contacts[0].number = "+999123456789"
        zones = {zone.zone: zone.contacts for zone in move.plan().facts.zones}
        assert zones["Etc/Unknown"] == 1
        assert sum(zones.values()) == 12

    def test_whom_the_target_would_refuse_stays(self, moving: Moving) -> None:
        move = moving("truedy", "techladder", called=0, status="paused")
        move.campaign.contacts[0].number = "+37255123"  # TechLadder takes 10 digits or more
        status = apply(move, move.plan())
        assert status.failed == 0
        assert "TechLadder takes numbers of at least 10 digits" in entry_of(move, "+37255123").reason


@one_client
class TestWhatIsRefused:
    def test_the_same_account(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai")
        source, _ = move.connect()
        move.target = "truedy"
        with pytest.raises(MigrationRefused, match="same account"):
            move.plan()
        assert list(move.journal.parent.iterdir()) in ([], [move.journal.with_name("1.sqlite.lock")])
        del source

    def test_nobody_to_move(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        with pytest.raises(MigrationRefused, match=r"nobody is to be moved: 12: not called yet; you left pending out"):
            move.plan(without=["pending", "queued"])
        assert not move.journal.exists()

    def test_nobody_to_move_any_more(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan()
        move.here.assume("truedy", outcome="completed")
        move.here.advance(calls=100)
        with pytest.raises(MigrationRefused, match=r"nobody is to be moved any more .* Nothing was changed"):
            plan.apply()
        assert writes(move) == []

    def test_a_source_that_cannot_be_stopped(self, moving: Moving) -> None:
        move = moving("techladder", "truedy")
        plan = move.plan()
        with pytest.raises(MigrationRefused, match=r"API cannot stop it: stop it .* dashboard.* Nothing was changed"):
            plan.apply()
        assert writes(move) == []

    def test_a_source_that_is_said_to_be_stopped_and_is_not(self, moving: Moving) -> None:
        move = moving("techladder", "truedy", 40, called=0, status="active")
        plan = move.plan()
        with pytest.raises(MigrationRefused, match=r"the source is not stopped: [0-9]+ contacts of it changed"):
            plan.apply(source_stopped=True, wait_for_calls=10)
        assert move.parts == []

    def test_a_source_that_stands_still_though_its_status_does_not_say_so(self, moving: Moving) -> None:
        move = moving("techladder", "truedy", called=0)  # held: nobody has started it
        plan = move.plan(start=Start.NOW)
        move.there.fail("truedy", path="/batch-calls$", writes=False, status=503)
        with pytest.raises(MigrationStopped):
            plan.apply(source_stopped=True)
        status = plan.apply()  # it was said once
        assert (status.moved, move.state.status) == (12, "pending")
        assert plan.verify().source_stands_still
        move.here.set_status("techladder", move.campaign_id, "active")
        move.here.advance(calls=1, vendor="techladder")
        assert not plan.verify().source_stands_still

    def test_a_listing_in_which_rows_may_be_missing(self, moving: Moving) -> None:
        def one_less(_: VendorRequest, content: Any) -> Any:
            content["data"] = content["data"][:-1]
            return content

        move = moving("truedy", "talkifai", called=0, status="paused")
        move.here.fail("truedy", path="/contacts$", times=None, edit=one_less)
        with pytest.raises(IncompleteListing):
            move.plan()
        assert not move.journal.exists()
        move.here.clear_faults()
        move.plan()
        move.here.fail("truedy", path="/contacts$", times=None, edit=one_less)
        with pytest.raises(MigrationStopped) as stopped:
            apply(move)
        assert isinstance(stopped.value.__cause__, IncompleteListing)
        move.here.clear_faults()
        move.require_balance(apply(move))

    def test_a_page_that_is_not_there_does_not_say_that_the_campaign_is_gone(self, moving: Moving) -> None:
        """What is gone calls nobody, so the other side could call."""
        move = moving("truedy", "truedy", 150, called=0, status="active")
        apply(move, move.plan())
        for side in (move.here, move.there):
            side.fail("truedy", status=404, times=None, when=lambda request: ("offset", "100") in request.query)
            with pytest.raises(NotFound) as caught:
                move.open().verify()
            assert caught.value.page == "offset=100"
            side.clear_faults()
        assert not move.open().verify().differences

    @pytest.mark.parametrize("changed", ["key", "base_url", "defaults"])
    def test_a_target_whose_profile_has_changed(self, changed: str, moving: Moving, monkeypatch: Any) -> None:
        move = moving("truedy", "talkifai")
        move.plan()
        if changed == "base_url":
            move.there = next(each for each in moving._sandboxes if each is not move.there)
        else:
            profile = move.there.profile

            def other(vendor: str) -> dict[str, Any]:
                found = profile(vendor)
                if vendor == "talkifai" and changed == "key":
                    found["api_key"] += "x"
                if vendor == "talkifai" and changed == "defaults":
                    found["defaults"]["organization_id"] = "another"
                return found

            monkeypatch.setattr(move.there, "profile", other)
        with pytest.raises(MigrationRefused, match="the profile of the target has changed since the plan"):
            apply(move)
        assert writes(move) == []

    def test_what_was_moved_already(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        apply(move, move.plan())
        move.target, move.journal = "techladder", move.journal.with_name("other.sqlite")
        with pytest.raises(MigrationRefused, match="moved already, and moving it twice calls its people twice"):
            move.plan()

    def test_another_plan_in_its_place(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai")
        plan = move.plan()
        again = move.plan(without=["no_answer"])  # the same migration, not applied yet: replaced
        with pytest.raises(JournalError, match="replaced by another plan"):
            plan.apply()
        other = move.here.create("truedy", 3)
        first, move.campaign_id = move.campaign_id, other
        with pytest.raises(JournalError, match="another migration"):
            move.plan()
        move.campaign_id = first
        apply(move, again)
        with pytest.raises(JournalError, match="finished already"):
            move.plan()

    def test_a_start_in_the_past_and_a_target_that_cannot_be_asked(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai")
        with pytest.raises(MigrationRefused, match="in the past"):
            move.plan(start=Start.at(datetime.now(UTC) - timedelta(hours=1)))
        with pytest.raises(InvalidInput, match="start must be"):
            move.plan(start="now")
        with pytest.raises(MigrationRefused, match="in the past"):
            move.plan(hold_until=datetime.now(UTC) - timedelta(hours=1))

    def test_a_plan_whose_fields_must_be_corrected(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai")
        plan = move.plan(changes={"max_concurrency": 0})
        assert [finding.field for finding in plan.facts.obstacles] == ["max_concurrency"]
        with pytest.raises(MigrationRefused, match=r"max_concurrency: must be a whole number.* Nothing was changed"):
            plan.apply()
        assert writes(move) == []


def test_the_source_of_the_ledger_is_read_again_by_verifying(moving: Moving) -> None:
    """What differs is found: a call of the source, a row that went, a number that is there twice, a dead target."""
    move = moving("truedy", "talkifai", called=0, status="paused")
    plan = move.plan()
    plan.apply()
    called, gone = move.campaign.contacts[0], move.campaign.contacts[-1]
    called.started_at, called.status = move.here.now.timestamp(), "completed"
    move.campaign.remove()
    target = next(iter(move.there._vendors["talkifai"].campaigns.values()))
    vendor = move.there._vendors["talkifai"]
    target.add(vendor.contact(called.number, first_name="Twin"))
    move.there.set_status("talkifai", target.id, "cancelled")
    move.here.set_status("truedy", move.campaign_id, "active")
    proof = plan.verify()
    assert not proof.source_stands_still
    assert Counter((each.where, each.field, each.phone_number) for each in proof.differences) == Counter(
        [
            ("source", "status", called.number),
            ("source", "contacts", gone.number),
            ("target", "contacts", called.number),
            ("target", "status", None),
        ]
    )
