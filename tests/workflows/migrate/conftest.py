"""Two vendors of the sandbox, a half-finished campaign in one of them, and waits that let simulated time pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.bothways import AnyClient, BlockingAsyncClient, Style, make_client
from unibatch.sandbox import CampaignState, Sandbox, serve
from unibatch.sandbox.campaign import VendorCampaign
from unibatch.workflows.migrate import AsyncMigrationPlan, LedgerEntry, MigrationStatus, Outcome
from unibatch.workflows.migrate import migration as migrating

VENDORS = ("truedy", "techladder", "talkifai")
DIRECTIONS = tuple((source, target) for source in VENDORS for target in VENDORS if source != target)

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "truedy": {"agent_id": "agt_1"},
    "techladder": {"agent_id": "agt-1", "version_id": "pmt-1"},
    "talkifai": {"from_number_ids": ["pn_1"]},
}
"""What a profile needs to create campaigns."""

RUNNING: Mapping[str, str] = {"truedy": "active", "techladder": "active", "talkifai": "running"}
"""The vendor's word for a campaign that calls."""


one_client = pytest.mark.parametrize("style", ["sync"], indirect=True)

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)
"""A start that no test lives to see."""


class _Blocking:
    """An `AsyncMigrationPlan` whose methods are called without ``await``."""

    def __init__(self, plan: AsyncMigrationPlan, client: BlockingAsyncClient) -> None:
        self._plan, self._client = plan, client

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._plan, name)
        if name not in {"apply", "verify", "undo"}:
            return attribute
        return lambda **options: self._client.run(attribute(**options))


@attrs.define
class Move:
    """A migration from one vendor of the sandbox to another, or to the same vendor of another sandbox.

    Attributes:
        here: Where the source is.
        there: Where the target is; the same sandbox unless a test says otherwise.
        source: The source's vendor.
        target: The target's vendor.
        campaign_id: The source.
        journal: The path of the journal.
        style: Which of the two clients is used.
    """

    here: Sandbox
    there: Sandbox
    source: str
    target: str
    campaign_id: str
    journal: Path
    style: Style = "sync"
    clients: list[tuple[AnyClient, AnyClient]] = attrs.field(factory=list)

    def connect(self) -> tuple[AnyClient, AnyClient]:
        """New clients of both sides, as a program has them that was just started."""
        made = self._client(self.here, self.source), self._client(self.there, self.target)
        self.clients.append(made)
        return made

    def _client(self, sandbox: Sandbox, vendor: str) -> AnyClient:
        profile = sandbox.profile(vendor)
        profile["defaults"] = {**profile["defaults"], **NEEDED[vendor]}
        del profile["provider"]
        return make_client(self.style, vendor, **profile)

    def plan(self, **how: Any) -> Any:
        source, target = self.connect()
        if isinstance(source, BlockingAsyncClient) and isinstance(target, BlockingAsyncClient):
            planning = migrating.plan_migration_async(
                (source.client, self.campaign_id), target.client, journal=self.journal, **how
            )
            return _Blocking(source.run(planning), source)
        return migrating.plan_migration((source, self.campaign_id), target, journal=self.journal, **how)

    def open(self) -> Any:
        """The migration in a program that was just started."""
        source, target = self.connect()
        if isinstance(source, BlockingAsyncClient) and isinstance(target, BlockingAsyncClient):
            opened = migrating.open_migration_async(self.journal, source=source.client, target=target.client)
            return _Blocking(opened, source)
        return migrating.open_migration(self.journal, source=source, target=target)

    def stop_by_hand(self) -> dict[str, Any]:
        """Stop a source that its API cannot stop, and what to tell `apply` then."""
        if self.source != "techladder":
            return {}
        if self.state.status == RUNNING["techladder"]:
            self.here.set_status(self.source, self.campaign_id, "cancelled")
        return {"source_stopped": True}

    @property
    def state(self) -> CampaignState:
        """What the source's vendor really has."""
        return self.here.state(self.source, self.campaign_id)

    @property
    def campaign(self) -> VendorCampaign:
        """The source itself, for a test that changes it."""
        return self.here._vendors[self.source].campaigns[self.campaign_id]

    @property
    def parts(self) -> list[CampaignState]:
        """The campaigns of the target."""
        ids = [name for name in self.there.campaign_ids(self.target) if name != self.campaign_id]
        return [self.there.state(self.target, name) for name in ids]

    def numbers(self) -> list[str]:
        """The numbers in the target, each as often as it is there."""
        return sorted(contact.number for part in self.parts for contact in part.contacts)

    def close(self) -> None:
        for source, target in self.clients:
            if isinstance(source, BlockingAsyncClient) and isinstance(target, BlockingAsyncClient):
                source.run(target.client.close())  # it was used there
                target.stop()
            source.close()
            if isinstance(source, BlockingAsyncClient):
                source.stop()
            else:
                target.close()

    def require_balance(self, status: MigrationStatus) -> None:
        """Nobody is twice in the target, nobody is lost, and nobody is called by both from now on.

        Lets time go on until nobody is left to call, whatever is started by hand before that.
        """
        report = self.open().report()
        outcomes = Counter(entry.outcome for entry in report)
        assert outcomes == +Counter(
            {Outcome.MOVED: status.moved, Outcome.KEPT_BACK: status.kept_back, Outcome.FAILED: status.failed}
        )
        assert sorted(entry.source_id for entry in report) == sorted(contact.id for contact in self.state.contacts)
        moved = sorted(entry.phone_number for entry in report if entry.outcome is Outcome.MOVED)
        assert moved == self.numbers()
        before_source, before_target = Counter(self.state.dialled), self.dialled_by_target()
        for part in self.parts:
            if part.status != RUNNING[self.target]:
                self.there.set_status(self.target, part.id, RUNNING[self.target])
        for sandbox in {id(each): each for each in (self.here, self.there)}.values():
            sandbox.advance(calls=10_000)
        assert Counter(self.state.dialled) == before_source
        assert sorted(self.dialled_by_target() - before_target) == moved

    def dialled_by_target(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for part in self.parts:
            total.update(part.dialled)
        return total


def apply(move: Move, plan: Any = None, **how: Any) -> MigrationStatus:
    status: MigrationStatus = (plan or move.open()).apply(**{**move.stop_by_hand(), **how})
    return status


def entry_of(move: Move, number: str) -> LedgerEntry:
    (found,) = (entry for entry in move.open().report() if entry.phone_number == number)
    assert isinstance(found, LedgerEntry)
    return found


def writes(move: Move, path: str = "") -> list[str]:
    """The requests that were to change something, by their paths."""
    return [each.path for each in move.there.requests if each.is_write and path in each.path]


@pytest.fixture(scope="session")
def two_sandboxes() -> Iterator[tuple[Sandbox, Sandbox]]:
    how: Any = {"seeded": False, "strict": True, "enforce_rate_limits": False, "start": datetime.now(UTC)}
    with serve(**how) as one, serve(**how, seed=2) as two:
        yield one, two


class Moving:
    """Makes migrations; the clients of the former one are closed."""

    def __init__(self, sandboxes: tuple[Sandbox, Sandbox], folder: Path, style: Style) -> None:
        self._sandboxes, self._folder, self._style = sandboxes, folder, style
        self._number = 0
        self.move: Move | None = None

    def __call__(
        self, source: str, target: str, contacts: int = 12, *, called: int = 5, status: str | None = None
    ) -> Move:
        """A campaign that has called some of its contacts, with one or two calls under way unless ``called`` is 0."""
        self.close()
        one, two = self._sandboxes
        for sandbox in self._sandboxes:
            sandbox.reset()
        campaign_id = one.create(source, contacts, concurrency=2)
        if called:
            one.set_status(source, campaign_id, RUNNING[source])
            one.advance(calls=called)
            one.advance(seconds=1)
        if status is not None:
            one.set_status(source, campaign_id, status)
        self._number += 1
        there = two if source == target else one
        self.move = Move(one, there, source, target, campaign_id, self._folder / f"{self._number}.sqlite", self._style)
        return self.move

    def close(self) -> None:
        if self.move is not None:
            self.move.close()
            self.move = None


@pytest.fixture
def moving(
    two_sandboxes: tuple[Sandbox, Sandbox], tmp_path: Path, style: Style, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Moving]:
    """Makes migrations in which waiting lets simulated time pass, and takes none."""

    def passes(seconds: float) -> None:
        for sandbox in two_sandboxes:
            sandbox.advance(seconds=seconds)

    async def passes_async(seconds: float) -> None:
        passes(seconds)

    monkeypatch.setattr("unibatch.workflows.migrate.work.sleep", passes)
    monkeypatch.setattr("unibatch.workflows.migrate.work.sleep_async", passes_async)
    monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.001, 0.002, 0.003))
    made = Moving(two_sandboxes, tmp_path, style)
    yield made
    made.close()
    for sandbox in two_sandboxes:
        assert sandbox.objections == ()
