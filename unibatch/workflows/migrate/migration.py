"""A migration in one's hands: plan it, apply it, verify it, undo it. Blocking and awaited, with one logic."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeAlias

from unibatch.client import AsyncClient, Client
from unibatch.core.draft import ContactDraft, Start
from unibatch.core.model import Contact
from unibatch.core.status import CallStatus
from unibatch.workflows.migrate.ledger import LedgerEntry, MigrationStatus, Progress, Undone, Verification
from unibatch.workflows.migrate.plan import PlanFacts

Watch: TypeAlias = Callable[[Progress], None]
Skip: TypeAlias = str | os.PathLike[str] | Iterable[str | int | ContactDraft | Contact]


class MigrationPlan:
    """A migration that is kept in a journal: ``plan_migration`` and ``open_migration`` return it. Blocking.

    Every method opens the journal, and closes it at its end. A method that was stopped, by an error, by Ctrl-C or
    because the machine lost power, is called again and goes on where it was.

    Attributes:
        facts: What the migration will do.
        journal: Where the journal is.
    """

    facts: PlanFacts
    journal: Path

    def apply(
        self,
        *,
        source_stopped: bool = False,
        wait_for_calls: float = 600.0,
        look_again_after: float = 15.0,
        on_progress: Watch | None = None,
    ) -> MigrationStatus:
        """Stop the source, create the campaigns of the target, compare them, and start them if that was asked for.

        Args:
            source_stopped: A person has stopped the source by other means, such as its dashboard. It is then watched
                for a while. Needed only where the vendor's API cannot stop it.
            wait_for_calls: How many seconds to wait at most until calls under way have ended. Who is still in a call
                then is kept back.
            look_again_after: With ``source_stopped``: how many seconds the source must stand still.
            on_progress: Called from time to time.

        Returns:
            Where the migration is: finished, or with contacts that the target did not take.

        Raises:
            MigrationRefused: Nothing was changed.
            MigrationStopped: It came to no end; ``status`` says how far it is. Call it again.
            JournalError: The journal cannot be used, or another process uses it.
        """
        raise NotImplementedError

    def status(self) -> MigrationStatus:
        """Where the migration is, by its journal; sends nothing, also while another process applies it."""
        raise NotImplementedError

    def verify(self, *, on_progress: Watch | None = None) -> Verification:
        """Read both sides again, and compare them with the ledger. Changes nothing."""
        raise NotImplementedError

    def undo(self, *, on_progress: Watch | None = None) -> Undone:
        """Cancel or delete what was created, and resume the source where that is possible.

        Raises:
            MigrationRefused: The target has started; nothing was changed.
            MigrationStopped: It came to no end. Call it again.
        """
        raise NotImplementedError

    def undo_plan(self) -> tuple[str, ...]:
        """What `undo` would do, and what it cannot undo, as sentences. Sends nothing."""
        raise NotImplementedError

    def report(self) -> Sequence[LedgerEntry]:
        """The ledger: one entry for each contact of the source, in the order of the source. Sends nothing."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the clients that were opened for this migration."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMigrationPlan:
    """As `MigrationPlan`: what sends requests is awaited (``apply``, ``verify``, ``undo``, ``close``)."""


def plan_migration(
    source: str | tuple[Client, str],
    target: str | Client,
    *,
    journal: str | os.PathLike[str],
    start: Start = Start.HOLD,
    hold_until: datetime | None = None,
    only: Collection[CallStatus | str] = (),
    also: Collection[CallStatus | str] = (),
    without: Collection[CallStatus | str] = (),
    accept_risk: Collection[CallStatus | str] = (),
    max_attempts: int | None = None,
    skip: Skip = (),
    fields_from: Mapping[str, ContactDraft] | None = None,
    region: str | None = None,
    changes: Mapping[str, Any] | None = None,
    profiles: tuple[str | None, str | None] = (None, None),
    on_progress: Watch | None = None,
) -> MigrationPlan:
    """Plan to move a campaign to another vendor or account. Changes nothing at any vendor.

    Args:
        source: The campaign: ``"PROFILE:CAMPAIGN_ID"``, or a client and the campaign's id.
        target: The name of a profile, or a client.
        journal: Where to keep the journal. A plan that is there and was not applied is replaced, if it is of the same
            source and target.
        start: When the target is to start, after it was compared with the source.
        hold_until: For a target that cannot hold without a time: when it starts by itself if nobody starts or cancels
            it; in 30 days if left out.
        only: Only contacts with these statuses are moved.
        also: Contacts with these statuses are moved, too.
        without: Contacts with these statuses are not moved.
        accept_risk: Statuses whose risk is accepted: ``rejected`` and ``blocked``.
        max_attempts: How often a subscriber is called at most, the calls of the source included.
        skip: Numbers that must never be called: a file, or an iterable of them; as in `read_contacts`.
        fields_from: What the source does not return, by number: the contacts that the campaign was placed with.
        region: The region of national numbers in ``skip``.
        changes: Attributes of `CampaignDraft` to set, such as ``{"name": "Spring, second half"}``.
        profiles: The names of the two profiles, for the journal, where clients are given.
        on_progress: Called from time to time.

    Raises:
        MigrationRefused: There is nothing to move, source and target are the same account, or the target cannot do it.
        IncompleteListing: Rows of the source may be missing.
        JournalError: The journal cannot be used, or is of another migration.
    """
    raise NotImplementedError


async def plan_migration_async(
    source: str | tuple[AsyncClient, str], target: str | AsyncClient, **options: Any
) -> AsyncMigrationPlan:
    """As `plan_migration`, awaited."""
    raise NotImplementedError


def open_migration(
    journal: str | os.PathLike[str], *, source: Client | None = None, target: Client | None = None
) -> MigrationPlan:
    """Open the journal of a migration, to apply it, to go on with it, or to look at it. Sends nothing.

    Args:
        journal: Where it is.
        source: A client of the source; by default the profile that the journal names is connected when it is needed.
        target: A client of the target; likewise.

    Raises:
        JournalError: It cannot be used.
    """
    raise NotImplementedError


def open_migration_async(
    journal: str | os.PathLike[str], *, source: AsyncClient | None = None, target: AsyncClient | None = None
) -> AsyncMigrationPlan:
    """As `open_migration`; connects with `connect_async`."""
    raise NotImplementedError
