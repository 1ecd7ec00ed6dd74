"""What fails while a campaign is moved: contacts not taken, answers lost, vendors down, a full disk."""

from __future__ import annotations

import pytest

from tests.workflows.migrate.conftest import Moving, apply, entry_of, one_client
from unibatch import Start
from unibatch.core.errors import JournalError, MigrationStopped, OutcomeUnknown
from unibatch.workflows.migrate import PartStep, Progress, Step
from unibatch.workflows.migrate.journal import Journal


@one_client
class TestWhatGoesWrong:
    def test_numbers_that_the_target_does_not_take_have_failed(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        plan = move.plan(start=Start.NOW)
        dropped = move.state.contacts[4].number
        move.there.assume("talkifai", drops=[dropped])
        status = plan.apply()
        assert (status.moved, status.failed, status.parts[0].step) == (11, 1, PartStep.CREATED)
        assert entry_of(move, dropped).reason == "the target did not take it"
        assert "1 contact not in it" in status.notes[0]
        move.require_balance(status)

    @pytest.mark.parametrize("target", ["truedy", "techladder", "talkifai"])
    def test_a_creation_that_is_carried_out_long_after_its_answer_was_lost(
        self, target: str, moving: Moving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        move = moving("techladder" if target != "techladder" else "truedy", target, called=0)
        plan = move.plan()
        how = move.stop_by_hand()
        move.there.fail(target, writes=True, path="batch|create", drop="late")
        with pytest.raises(MigrationStopped) as stopped:
            plan.apply(**how)
        assert isinstance(stopped.value.__cause__, OutcomeUnknown)
        assert stopped.value.status.parts[0].step is PartStep.SENDING

        with Journal.open(move.journal, to_write=True) as journal, journal.write("it began long ago") as database:
            # Its last request may have waited for the rate limit, and been sent a moment ago all the same.
            database.execute("UPDATE parts SET sent_at = '2020-01-01T00:00:00+00:00'")

        waits = list[float]()

        def passes(seconds: float) -> None:
            waits.append(seconds)
            if sum(waits) > 20:
                move.there.catch_up()

        monkeypatch.setattr("unibatch.workflows.migrate.work.sleep", passes)
        status = plan.apply(**how)
        assert sum(waits) >= 20
        assert len(move.parts) == 1
        move.require_balance(status)

    def test_a_creation_that_never_arrived_is_sent_again_after_a_minute(
        self, moving: Moving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        plan = move.plan()
        move.there.fail("talkifai", writes=True, drop="before")
        with pytest.raises(MigrationStopped):
            plan.apply()
        waits = list[float]()
        monkeypatch.setattr("unibatch.workflows.migrate.work.sleep", waits.append)
        move.require_balance(plan.apply())
        assert sum(waits) == 60

    @pytest.mark.parametrize("side", ["source", "target"])
    def test_a_vendor_that_is_down_for_an_hour(self, side: str, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan()
        move.here.fail(getattr(move, side), times=None, status=503)
        for _ in range(2):
            with pytest.raises(MigrationStopped, match="run the same command again"):
                plan.apply()
        left = move.open().status()
        assert left.interrupted is not None
        assert left.open == 12 if side == "source" else left.step is Step.FROZEN
        move.here.clear_faults()
        status = apply(move)
        assert status.interrupted is None
        move.require_balance(status)

    def test_ctrl_c_leaves_a_journal_that_says_so(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan()

        def interrupt(progress: Progress) -> None:
            if progress.what == "creating the target":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            plan.apply(on_progress=interrupt)
        left = move.open().status()
        assert (left.interrupted, left.is_finished, left.open) == ("it was interrupted", False, 12)
        move.require_balance(apply(move))

    def test_a_full_disk_stops_it_and_room_lets_it_go_on(self, moving: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan, commit = move.plan(), Journal._commit

        def full(journal: Journal) -> None:
            if journal.rows("SELECT 1 FROM parts"):
                raise JournalError("the disk is full; make room, then run the same command again")
            commit(journal)

        monkeypatch.setattr(Journal, "_commit", full)
        with pytest.raises(JournalError, match="disk is full"):
            plan.apply()
        monkeypatch.setattr(Journal, "_commit", commit)
        move.require_balance(plan.apply())
