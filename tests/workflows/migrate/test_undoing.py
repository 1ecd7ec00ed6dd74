"""Undoing a migration: what is removed, what cannot be, and whether the source goes on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.migrate.conftest import DIRECTIONS, RUNNING, SOON, Moving, apply, one_client
from unibatch import Start
from unibatch.core.errors import MigrationRefused, MigrationStopped
from unibatch.workflows.migrate import Outcome
from unibatch.workflows.migrate.journal import Journal


@one_client
class TestUndoing:
    @pytest.mark.parametrize(("source", "target"), DIRECTIONS)
    def test_nothing_is_left_and_the_source_goes_on_where_that_is_possible(
        self, source: str, target: str, moving: Moving
    ) -> None:
        move = moving(source, target, status=RUNNING[source])
        plan = move.plan()
        apply(move, plan)
        said = " ".join(plan.undo_plan())
        undone = plan.undo()
        if target == "techladder":
            assert "cannot be removed by TechLadder's API" in said
            assert len(undone.remaining) == 1
            assert not undone.source_resumed  # both would call the same people
            move.there.set_status(target, undone.remaining[0][0], "cancelled")  # a person did it in the dashboard
            undone = plan.undo()
        assert undone.remaining == ()
        assert undone.source_resumed == (source == "truedy")
        for part in move.parts:
            assert part.status == "cancelled"
        move.there.advance(seconds=40 * 86_400)
        assert sum(move.dialled_by_target().values()) == 0
        assert {entry.outcome for entry in plan.report()} == {Outcome.KEPT_BACK}
        with pytest.raises(MigrationRefused, match="undone"):
            plan.apply()

    def test_what_is_scheduled_and_cannot_be_deleted_is_paused(self, moving: Moving) -> None:
        move = moving("techladder", "truedy", called=0)
        plan = move.plan(start=Start.at(SOON))
        plan.apply(source_stopped=True)
        assert move.parts[0].status == "scheduled"
        undone = plan.undo()
        assert (move.parts[0].status, undone.remaining[0][1]) == (
            "paused",
            "it was paused; delete it in Truedy's dashboard",
        )

    def test_nothing_is_undone_before_anything_was_applied(self, moving: Moving) -> None:
        plan = moving("truedy", "talkifai").plan()
        with pytest.raises(MigrationRefused, match="nothing was applied yet"):
            plan.undo()
        with pytest.raises(MigrationRefused, match="nothing to verify"):
            plan.verify()

    def test_what_has_started_is_not_undone(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", status="active")
        plan = move.plan(start=Start.NOW)
        apply(move, plan)
        with pytest.raises(MigrationRefused, match=r"has started .* nothing was undone"):
            plan.undo()
        assert (move.state.status, move.parts[0].status) == ("paused", "running")

    @pytest.mark.parametrize("since", ["active", "cancelled"])
    def test_what_has_started_since_undoing_began_keeps_the_source_paused(self, since: str, moving: Moving) -> None:
        move = moving("truedy", "techladder", called=0, status="active")
        plan = move.plan()
        apply(move, plan)
        (target, _), *_ = plan.undo().remaining
        move.there.set_status("techladder", target, "active")  # a person, or its time had come
        move.there.advance(calls=2, vendor="techladder", campaign_id=target)
        move.there.set_status("techladder", target, since)
        undone = plan.undo()
        assert not undone.source_resumed
        assert move.state.status == "paused"
        assert f"it has started and is {'running' if since == 'active' else since}" in undone.remaining[0][1]

    def test_a_page_that_is_not_there_does_not_say_that_the_target_is_gone(self, moving: Moving) -> None:
        move = moving("truedy", "techladder", 510, called=0, status="active")
        plan = move.plan()
        apply(move, plan)
        (target, _), *_ = plan.undo().remaining
        move.there.set_status("techladder", target, "active")
        move.there.advance(calls=2, vendor="techladder", campaign_id=target)
        move.there.set_status("techladder", target, "pending")
        move.there.fail("techladder", status=404, times=None, when=lambda request: ("page", "2") in request.query)
        with pytest.raises(MigrationStopped, match="page=2 is not there"):
            plan.undo()
        assert move.state.status == "paused"
        move.there.clear_faults()

    def test_a_creation_that_was_interrupted_is_looked_for(self, moving: Moving, monkeypatch: Any) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan()
        commit = Journal._commit

        def killed(journal: Journal) -> None:
            if journal.rows("SELECT 1 FROM parts WHERE step = 'created'"):
                raise KeyboardInterrupt
            commit(journal)

        monkeypatch.setattr(Journal, "_commit", killed)
        with pytest.raises(KeyboardInterrupt):
            plan.apply()
        monkeypatch.setattr(Journal, "_commit", commit)
        assert len(move.parts) == 1
        undone = plan.undo()
        assert undone.removed == (move.parts[0].id,)
        assert (move.parts[0].status, undone.source_resumed) == ("cancelled", True)
