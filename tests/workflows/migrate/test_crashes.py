"""A migration that is killed at any write of its journal goes on, and the ledger balances."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs
import pytest

from tests.workflows.migrate.conftest import DIRECTIONS, NEEDED, RUNNING, Moving
from unibatch import Start
from unibatch.providers.talkifai import TalkifAI
from unibatch.workflows.migrate import Outcome, Step
from unibatch.workflows.migrate.journal import Journal

_NOW = Start.NOW

one_client = pytest.mark.parametrize("style", ["sync"], indirect=True)


class Killed(BaseException):
    """The process is gone."""


@attrs.define
class Killer:
    """Kills at a write, right before or right after it is on the disk; a process that was killed writes no more."""

    at: int = 0
    when: Literal["before", "after"] = "before"
    writes: int = 0

    def commit(self, journal: Journal, write: Any) -> None:
        self.writes += 1
        if self.at and (self.writes > self.at or (self.writes == self.at and self.when == "before")):
            raise Killed
        write(journal)
        if self.writes == self.at:
            raise Killed


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    killer, write = Killer(), Journal._commit
    monkeypatch.setattr(Journal, "_commit", lambda journal: killer.commit(journal, write))
    return killer


ROUND = (("truedy", "talkifai"), ("talkifai", "techladder"), ("techladder", "truedy"))
"""Each vendor once as a source and once as a target."""


@one_client
@pytest.mark.parametrize(
    ("source", "target", "when"),
    [
        *((*direction, "before") for direction in (*DIRECTIONS, ("truedy", "truedy"))),  # what was done is not noted
        *((*direction, "after") for direction in ROUND),  # what is noted was not begun
    ],
)
def test_every_write_of_applying(source: str, target: str, when: Any, moving: Moving, killer: Killer) -> None:
    start = {"start": _NOW} if target != "techladder" else {}
    for at in range(1, 100):
        move = moving(source, target)
        killer.at, killer.writes = 0, 0
        plan = move.plan(**start)
        how = move.stop_by_hand()
        killer.at, killer.when, killer.writes = at, when, 0
        try:
            plan.apply(**how)
        except Killed:
            killer.at = 0
            left = move.open().status()
            assert left.is_finished or at == 1 or left.interrupted is not None
            status = move.open().apply(**how)
        else:
            break
        assert status.step is Step.FINISHED
        assert (status.open, status.failed) == (0, 0)
        assert status.moved > 0
        move.require_balance(status)
    assert at > 8


@one_client
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("source", "target"), [("truedy", "talkifai"), ("talkifai", "truedy")])
def test_every_write_of_undoing(source: str, target: str, when: Any, moving: Moving, killer: Killer) -> None:
    for at in range(1, 100):
        move = moving(source, target, status=RUNNING[source])
        killer.at = 0
        plan = move.plan()
        plan.apply()
        killer.at, killer.when, killer.writes = at, when, 0
        try:
            plan.undo()
        except Killed:
            killer.at = 0
            undone = move.open().undo()
        else:
            break
        assert undone.remaining == ()
        assert [part.status for part in move.parts] == ["cancelled"] * len(move.parts)
        assert {entry.outcome for entry in plan.report()} == {Outcome.KEPT_BACK}
        assert move.state.status == {"truedy": "active", "talkifai": "cancelled"}[source]
    assert at > 3


@one_client
def test_every_write_with_several_parts(moving: Moving, killer: Killer, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = attrs.evolve(TalkifAI.capabilities.limits, max_contacts=5)
    monkeypatch.setattr(TalkifAI, "capabilities", attrs.evolve(TalkifAI.capabilities, limits=limits))
    for at in range(1, 100):
        move = moving("truedy", "talkifai", called=0, status="active")
        killer.at = 0
        plan = move.plan(start=Start.NOW)
        killer.at, killer.writes = at, 0
        try:
            plan.apply()
        except Killed:
            killer.at = 0
            status = move.open().apply()
        else:
            break
        assert [part.contacts for part in status.parts] == [5, 5, 2]
        move.require_balance(status)


@one_client
def test_a_part_that_was_placed_unnoticed_is_found_although_its_start_has_passed(
    moving: Moving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would get a later start, with which it is another draft, and no vendor would know it again."""
    move = moving("truedy", "techladder", called=0, status="active")
    plan, write = move.plan(start=_NOW), Journal._commit

    def commit(journal: Journal) -> None:
        if move.parts:
            raise Killed
        write(journal)

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_commit", commit)
        with pytest.raises(Killed):
            plan.apply()

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(days=1)

    monkeypatch.setattr("unibatch.workflows.migrate.apply.datetime", Tomorrow)
    assert move.open().apply().is_finished
    assert len(move.parts) == 1


_PROGRAM = """
import json, os, sys
import unibatch
from unibatch.workflows.migrate import journal, open_migration, work

work.sleep = lambda seconds: None
write, left = journal.Journal._commit, int(sys.argv[2])

def commit(self):
    global left
    write(self)
    left -= 1
    if left == 0:
        os._exit(9)

journal.Journal._commit = commit
source, target = (unibatch.connect(**profile) for profile in json.loads(sys.argv[3]))
print(open_migration(sys.argv[1], source=source, target=target).apply().step)
"""


@one_client
@pytest.mark.parametrize("at", [2, 5, 8])
def test_a_process_that_dies_without_a_word(at: int, moving: Moving) -> None:
    """Nothing is cleaned up: no lock, no write-ahead log."""
    move = moving("truedy", "talkifai", called=0, status="active")
    move.plan()
    profiles = [move.here.profile("truedy"), move.here.profile("talkifai")]
    for profile, vendor in zip(profiles, ("truedy", "talkifai"), strict=True):
        profile["defaults"] = {**profile["defaults"], **NEEDED[vendor]}

    def run(left: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", _PROGRAM, str(move.journal), str(left), json.dumps(profiles)]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    died = run(at)
    assert (died.returncode, died.stdout) == (9, ""), died.stderr
    assert move.open().status().interrupted is not None
    went_on = run(0)
    assert (went_on.returncode, went_on.stdout) == (0, "finished\n"), went_on.stderr
    move.require_balance(move.open().status())
