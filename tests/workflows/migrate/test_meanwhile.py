"""What happens while a campaign is moved: time passes, and others change the source and the target."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.workflows.migrate.conftest import SOON, Moving, one_client, writes
from unibatch import Start
from unibatch.core.errors import MigrationStopped
from unibatch.sandbox import VendorRequest
from unibatch.workflows.migrate import PartStep


@one_client
class TestTimesThatPass:
    """A run that is continued hours later starts nothing at a time that nobody asked for."""

    @pytest.fixture
    def later(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
        def later(ahead: timedelta) -> None:
            class Clock(datetime):
                @classmethod
                def now(cls, tz: Any = None) -> Any:
                    return datetime.now(tz) + ahead

            monkeypatch.setattr("unibatch.workflows.migrate.apply.datetime", Clock)
            monkeypatch.setattr("unibatch.client.operations.datetime", Clock)

        return later

    def test_a_start_that_has_passed(self, moving: Moving, later: Callable[[timedelta], None]) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan(start=Start.at(SOON))
        move.there.fail("talkifai", path="/batch/jobs$", status=503)
        with pytest.raises(MigrationStopped):
            plan.apply()
        later(timedelta(hours=9))
        status = plan.apply()
        assert [part.step for part in status.parts] == [PartStep.CHECKED]
        assert "has passed, so it was not started" in " ".join(status.notes)
        assert move.parts[0].status == "scheduled"

    @pytest.mark.parametrize("start", [Start.NOW, Start.at(SOON)])
    def test_a_start_some_minutes_ahead_that_has_passed(
        self, start: Start, moving: Moving, later: Callable[[timedelta], None]
    ) -> None:
        move = moving("truedy", "techladder", called=0, status="active")
        plan = move.plan(start=start)
        move.there.fail("techladder", path="/call-batches$", method="GET", status=503)
        with pytest.raises(MigrationStopped):
            plan.apply()
        later(timedelta(hours=9))
        if start == Start.NOW:
            assert plan.apply().is_finished
            (part,) = move.parts
            assert part.starts_at is not None
            assert part.starts_at > datetime.now(UTC) + timedelta(hours=9, minutes=14)
        else:
            with pytest.raises(MigrationStopped, match="to start has passed; undo this, and plan again"):
                plan.apply()
            assert move.parts == []


@one_client
class TestWhatOthersDoMeanwhile:
    def test_the_source_is_resumed_while_it_is_read(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan()

        def resume() -> None:
            move.campaign.status = "active"

        move.here.fail("truedy", path="/contacts$", meanwhile=resume)
        with pytest.raises(MigrationStopped, match="somebody resumed the source meanwhile"):
            plan.apply()
        assert move.parts == []
        status = plan.apply()  # which stops it once more
        assert move.state.status == "paused"
        move.require_balance(status)

    def test_a_call_begins_although_the_source_is_paused(self, moving: Moving) -> None:
        """What a dialler had in its queue may be dialled after the pause: who was read already is read again."""
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan()

        def dial() -> None:
            move.here.set_status("truedy", move.campaign_id, "active")
            move.here.assume("truedy", outcome="completed")
            move.here.advance(calls=1)
            move.here.set_status("truedy", move.campaign_id, "paused")

        move.here.fail("truedy", method="GET", path=f"{move.campaign_id}$", after=3, meanwhile=dial)
        status = plan.apply()
        assert (status.moved, status.kept_back) == (11, 1)
        move.require_balance(status)

    @pytest.mark.parametrize("calls", [0, 2])
    def test_the_source_is_resumed_before_the_target_is_started(self, calls: int, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="active")
        plan = move.plan(start=Start.NOW)

        def resume() -> None:
            move.here.set_status("truedy", move.campaign_id, "active")
            move.here.advance(calls=calls)

        move.there.fail("talkifai", path="/batch/create", meanwhile=resume)
        with pytest.raises(MigrationStopped, match="somebody resumed the source: it is running"):
            plan.apply()
        move.here.set_status("truedy", move.campaign_id, "paused")
        if calls:
            with pytest.raises(MigrationStopped, match="has called 2 contacts since it was settled who moves"):
                plan.apply()
            assert writes(move, "/start") == []
            assert not plan.verify().is_proven
        else:
            status = plan.apply()
            move.require_balance(status)

    def test_a_target_that_calls_the_same_people_as_an_earlier_migration_is_not_started(self, moving: Moving) -> None:
        move = moving("techladder", "talkifai", called=0)
        move.plan().apply(source_stopped=True)
        move.journal = move.journal.with_name("planned again.sqlite")
        status = move.plan(start=Start.NOW).apply(source_stopped=True)
        assert [part.status for part in move.parts] == ["scheduled", "scheduled"]
        assert f"most of its numbers are in {move.parts[0].id} too" in " ".join(status.notes)
        assert status.unstarted

    def test_somebody_adds_to_the_target(self, moving: Moving) -> None:
        move = moving("techladder", "truedy", called=0)
        plan = move.plan(start=Start.NOW)

        def add() -> None:
            campaign = next(iter(move.there._vendors["truedy"].campaigns.values()))
            move.there._vendors["truedy"].fill(campaign, 1)

        move.there.fail("truedy", path="/contacts$", meanwhile=add)
        status = plan.apply(source_stopped=True)
        assert "not as it should be" in status.notes[0]
        assert (move.parts[0].status, status.parts[0].step) == ("draft", PartStep.CREATED)
        (difference,) = plan.verify().differences
        assert (difference.where, difference.field, difference.found) == ("target", "contacts", "there")

    def test_the_target_changes_what_was_sent(self, moving: Moving) -> None:
        move = moving("truedy", "talkifai", called=0, status="paused")
        plan = move.plan(start=Start.NOW)

        def rename(_: VendorRequest, content: Any) -> Any:
            if content.get("contacts"):
                content["contacts"][0]["contactData"]["name"] = "Somebody Else"
            return content

        move.there.fail("talkifai", method="GET", path="/batch/jobs/", times=None, edit=rename)
        status = plan.apply()
        assert (status.failed, status.parts[0].step) == (0, PartStep.CREATED)  # so it was not started
        (difference,) = plan.verify().differences
        assert difference.field == "contacts.name"
        move.there.clear_faults()
        status = plan.apply()  # which compares once more
        assert [part.step for part in status.parts] == [PartStep.STARTED]
