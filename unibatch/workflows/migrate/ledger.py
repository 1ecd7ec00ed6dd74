"""What a migration reports: where it is, what became of each contact, what differs, what was undone."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from unibatch.core.masking import mask_phone
from unibatch.core.status import CallStatus


class Step(StrEnum):
    """How far a migration is."""

    PLANNED = "planned"
    """Nothing was changed at any vendor."""
    STOPPING = "stopping"
    """The source was asked to stop, or is about to be."""
    FROZEN = "frozen"
    """The source stands still, and it is settled who moves. Campaigns are created in the target."""
    CREATED = "created"
    """Every campaign of the target is there. Its contacts are compared with the journal."""
    CHECKED = "checked"
    """The target was compared with the journal, and is started if that was asked for."""
    FINISHED = "finished"
    """Everything that was asked for is done."""
    UNDOING = "undoing"
    """It is being undone."""
    UNDONE = "undone"
    """It was undone, as far as that is possible."""


class Outcome(StrEnum):
    """What became of a contact of the source."""

    MOVED = "moved"
    """It is in the target."""
    KEPT_BACK = "kept_back"
    """It stays where it is; the reason says why."""
    FAILED = "failed"
    """It was to be moved, and the target did not take it; the reason says why."""
    OPEN = "open"
    """It is not settled yet, because the migration has not come to its end."""


class PartStep(StrEnum):
    """How far one campaign of the target is."""

    READY = "ready"
    """Settled in the journal, and not sent."""
    SENDING = "sending"
    """The request that creates it was sent, or is about to be; whether it is there is found by looking."""
    CREATED = "created"
    """It is there, and calls nobody."""
    CHECKED = "checked"
    """It has exactly the contacts that it should have."""
    STARTING = "starting"
    """It was asked to start, or is about to be."""
    STARTED = "started"
    """It calls people, or will at the time that was asked for."""
    REMOVED = "removed"
    """It was cancelled or deleted by undoing the migration."""


@attrs.frozen(kw_only=True)
class LedgerEntry:
    """What became of one contact of the source.

    Attributes:
        source_id: The vendor's id of the contact in the source.
        phone_number: Its number, as the source gives it.
        status: Its status when it was read last.
        vendor_status: The vendor's own word for that.
        attempts: How often the source called this subscriber, as far as it is known.
        outcome: What became of it.
        reason: Why, in plain words.
        target_campaign_id: The campaign in the target; ``None`` if it is in none.
        target_contact_id: The vendor's id of the contact there.
        lost: The fields of the contact that the target does not keep.
    """

    source_id: str
    phone_number: str = attrs.field(repr=lambda number: repr(mask_phone(number)))
    status: CallStatus
    vendor_status: str | None
    attempts: int
    outcome: Outcome
    reason: str
    target_campaign_id: str | None = None
    target_contact_id: str | None = None
    lost: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class TargetPart:
    """One campaign of the target.

    Attributes:
        number: 1 for the first.
        name: Its name.
        contacts: How many contacts it should have.
        step: How far it is.
        campaign_id: The vendor's id; ``None`` while it is not known to be there.
    """

    number: int
    name: str
    contacts: int
    step: PartStep
    campaign_id: str | None = None


@attrs.frozen(kw_only=True)
class MigrationStatus:
    """Where a migration is, by its journal alone.

    Attributes:
        id: The migration's own id.
        step: How far it is.
        total: How many contacts the source has.
        moved: How many of them are in the target.
        kept_back: How many stay where they are.
        failed: How many should have been moved, and are not in the target.
        open: How many are not settled yet.
        parts: The campaigns of the target.
        interrupted: Why the latest run ended before its end; ``None`` if it did not.
        changes: What has changed in the source since the plan, as sentences.
        notes: What a person has to know or to do now, as sentences.
        unstarted: The migration is finished, and the target was to be started and is not; ``notes`` say why.
        updated_at: When the journal was written last (aware, UTC).
    """

    id: str
    step: Step
    total: int
    moved: int
    kept_back: int
    failed: int
    open: int
    parts: tuple[TargetPart, ...] = ()
    interrupted: str | None = None
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unstarted: bool = False
    updated_at: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Everything that was asked for is done."""
        return self.step is Step.FINISHED


@attrs.frozen(kw_only=True)
class Difference:
    """One thing that is not as the ledger says.

    Attributes:
        where: ``"source"``, ``"target"`` or ``"ledger"``.
        campaign_id: The campaign in which it was seen.
        contact_id: The contact there, or that of the source; ``None`` if it is about the campaign.
        phone_number: The number that it is about.
        field: What differs, for example ``"contacts.name"`` or ``"status"``.
        expected: What the ledger says.
        found: What was found.
    """

    where: str
    campaign_id: str
    contact_id: str | None = None
    phone_number: str | None = attrs.field(default=None, repr=lambda number: repr(number and mask_phone(number)))
    field: str
    expected: str = attrs.field(repr=False)
    found: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Verification:
    """What reading both sides again has shown.

    Attributes:
        differences: Everything that is not as the ledger says; empty if the ledger is proven.
        source_stands_still: The source calls nobody, as far as its status shows.
        source_status: The source's status, as the vendor names it.
        contacts: How many contacts were compared.
        fields: How many of their values could be compared.
        not_compared: Fields that were sent and that the target does not return.
    """

    differences: tuple[Difference, ...]
    source_stands_still: bool
    source_status: str
    contacts: int
    fields: int
    not_compared: tuple[str, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Both sides are as the ledger says, and the source stands still."""
        return not self.differences and self.source_stands_still


@attrs.frozen(kw_only=True)
class Undone:
    """What undoing a migration has done.

    Attributes:
        removed: The campaigns of the target that were cancelled or deleted.
        remaining: Campaigns of the target that could not be removed, and what to do about each.
        source_resumed: The source was resumed, and goes on calling.
        notes: What a person has to know or to do now, as sentences.
    """

    removed: tuple[str, ...]
    remaining: tuple[tuple[str, str], ...]
    source_resumed: bool
    notes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Progress:
    """What is being done, for a progress bar.

    Attributes:
        what: What is being done, such as ``"reading the source"``.
        done: How much of it is done.
        total: How much there is; ``None`` if that is unknown.
        seconds: If it waits: how long it will wait at most from now.
    """

    what: str
    done: int = 0
    total: int | None = None
    seconds: float | None = None
