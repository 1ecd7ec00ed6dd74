"""A migration that is killed at any write of its journal goes on, and the ledger balances."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import pytest

from tests.workflows.migrate.conftest import DIRECTIONS, Moving
from unibatch import Start
from unibatch.workflows.migrate import Step
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


@one_client
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("source", "target"), [*DIRECTIONS, ("truedy", "truedy")])
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
