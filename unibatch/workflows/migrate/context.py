"""What planning, applying, verifying and undoing have in common: the journal and the two vendors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, StartKind
from unibatch.core.errors import MigrationRefused, MigrationStopped, UnibatchError
from unibatch.core.findings import Finding
from unibatch.core.model import Campaign, Contact
from unibatch.core.preflight import contact_faults
from unibatch.core.provider import OperationName, Provider
from unibatch.core.status import CampaignStatus
from unibatch.workflows.migrate.decide import Choice
from unibatch.workflows.migrate.join import PlacedFile
from unibatch.workflows.migrate.journal import Journal
from unibatch.workflows.migrate.ledger import MigrationStatus, Outcome, PartStep, Progress, Step, TargetPart
from unibatch.workflows.migrate.stored import read_campaign, read_contact, read_start
from unibatch.workflows.migrate.work import ReadContacts, Work, read_contacts, tell, wait

AT_REST = frozenset({CampaignStatus.DRAFT, CampaignStatus.PAUSED})
"""Statuses in which a campaign calls nobody before somebody starts or resumes it, beside those that are over."""

MOVED = "MOVED, do not resume: "
"""How the name of a source begins that was moved, where its vendor can rename it."""

_STOPS: tuple[OperationName, ...] = ("pause_campaign", "cancel_campaign")
"""The ways to stop a campaign, the better one first: what is cancelled cannot be resumed."""


@attrs.frozen(kw_only=True)
class Context:
    """A migration while something is done with it.

    Attributes:
        journal: Its journal, open.
        source: The source's provider.
        target: The target's provider, with the defaults of its profile.
        on_progress: Called from time to time.
    """

    journal: Journal
    source: Provider
    target: Provider
    on_progress: Callable[[Progress], None] | None = None

    def tell(self, what: str, done: int = 0, total: int | None = None, seconds: float | None = None) -> None:
        """Report progress, if anybody wants to know."""
        tell(self.on_progress, what, done, total, seconds)

    # The journal

    @property
    def id(self) -> str:
        """The migration's own id."""
        return str(self.journal.fact("id"))

    @property
    def step(self) -> Step:
        """How far it is."""
        return Step(self.journal.fact("step"))

    @property
    def is_settled(self) -> bool:
        """It is settled who moves."""
        return self.step not in {Step.PLANNED, Step.STOPPING}

    @property
    def source_id(self) -> str:
        """The campaign's id in the source."""
        return str(self.journal.fact("source")["campaign_id"])

    @property
    def choice(self) -> Choice:
        """What the user chose about who moves."""
        return Choice(**self.journal.fact("choice"))

    def parts(self) -> list[TargetPart]:
        """The campaigns of the target."""
        return [
            TargetPart(
                number=row["number"],
                name=read_campaign(row["draft"]).name,
                contacts=row["contacts"],
                step=PartStep(row["step"]),
                campaign_id=row["campaign_id"],
            )
            for row in self.journal.rows("SELECT * FROM parts ORDER BY number")
        ]

    def drafts_of(self, part: int) -> list[tuple[str, ContactDraft]]:
        """The contacts of a part: the id in the source, and the draft that is placed."""
        rows = self.journal.rows("SELECT source_id, draft FROM contacts WHERE part = ? ORDER BY position", part)
        return [(row["source_id"], read_contact(row["draft"])) for row in rows]

    def draft_of(self, part: int) -> tuple[CampaignDraft, datetime]:
        """The draft of a part, the same in every run, and when it was settled."""
        (row,) = self.journal.rows("SELECT draft, frozen_at FROM parts WHERE number = ?", part)
        contacts = [draft for _, draft in self.drafts_of(part)]
        return read_campaign(row["draft"], contacts), datetime.fromisoformat(row["frozen_at"])

    def status(self) -> MigrationStatus:
        """Where the migration is."""
        query = "SELECT outcome, count(*) AS number FROM contacts GROUP BY outcome"
        is_in_use = self.journal.is_in_use
        working = ("another process is at work on it now",) if is_in_use else ()
        counted = {row["outcome"]: row["number"] for row in self.journal.rows(query)}
        return MigrationStatus(
            id=self.id,
            step=self.step,
            total=sum(counted.values()),
            moved=counted.get(Outcome.MOVED, 0),
            kept_back=counted.get(Outcome.KEPT_BACK, 0),
            failed=counted.get(Outcome.FAILED, 0),
            open=counted.get(Outcome.OPEN, 0),
            parts=tuple(self.parts()),
            interrupted=None if is_in_use else self.journal.fact("interrupted"),
            changes=tuple(self.journal.fact("changes") or ()),
            notes=(*(self.journal.fact("notes") or ()), *working),
            unstarted=self._is_unstarted(),
            updated_at=self.journal.updated_at,
        )

    def _is_unstarted(self) -> bool:
        """Whether the migration is finished without the start that was asked for."""
        is_held = self.journal.fact("way") == "ahead" or read_start(self.journal.fact("start")).kind is StartKind.HOLD
        return (
            self.step is Step.FINISHED
            and not is_held
            and any(part.step is not PartStep.STARTED for part in self.parts())
        )

    # The source

    def read_source(self, what: str, *, stops_at_calls: bool = False) -> Work[list[Contact]]:
        """Read all contacts of the source; or up to the first page with one in a call, if that is enough."""
        (total,) = self.journal.rows("SELECT count(*) AS number FROM contacts")
        return read_contacts(
            ReadContacts(
                side="source",
                campaign_id=self.source_id,
                what=what,
                total=total["number"] or None,
                stops_at_calls=stops_at_calls,
            )
        )

    def stands_still(self, campaign: Campaign) -> bool:
        """Whether a campaign calls nobody before somebody starts or resumes it."""
        return campaign.status.is_terminal or campaign.status in AT_REST

    def way_to_stop(self, status: CampaignStatus) -> OperationName | None:
        """How the source can be stopped in a status; ``None`` if its API cannot do it."""
        return way_to_stop(self.source, status)

    # What both directions need

    def refused(self, message: str) -> UnibatchError:
        """The error for what cannot go on; it says whether anything was changed."""
        is_untouched = self.step is Step.PLANNED
        return MigrationRefused(f"{message}. Nothing was changed") if is_untouched else MigrationStopped(message)

    def wait(self, what: str, seconds: float) -> Work[None]:
        """Wait, and say for what."""
        self.tell(what, seconds=seconds)
        yield from wait(seconds)

    # What the plan has kept

    def placed(self) -> PlacedFile | None:
        """The file that the source was placed with, as it was when the migration was planned."""
        path = self.journal.fact("placed")
        rows = self.journal.rows("SELECT subscriber, draft FROM joined")
        people = {row["subscriber"]: read_contact(row["draft"]) for row in rows}
        return PlacedFile(path=path, people=people, never={}) if path is not None else None

    def never(self) -> dict[str, str]:
        """Who must never be called, and why."""
        return {row["subscriber"]: row["reason"] for row in self.journal.rows("SELECT subscriber, reason FROM never")}


def contact_drafts(contacts: Sequence[Contact], placed: PlacedFile | None) -> dict[str, ContactDraft]:
    """The contacts as drafts by their ids, with what a file says about them."""
    ids = [contact.id for contact in contacts]
    drafts = [ContactDraft.from_contact(contact) for contact in contacts]
    return dict(zip(ids, drafts if placed is None else placed.join(drafts).contacts, strict=True))


def unfit(drafts: Mapping[str, ContactDraft], target: Provider) -> Callable[[Contact], str | None]:
    """Says why the target would not take a contact, or ``None``."""

    def fault(contact: Contact) -> str | None:
        found = contact_faults(drafts[contact.id], target)
        return found[0][1] if found else None

    return fault


def way_to_stop(provider: Provider, status: CampaignStatus) -> OperationName | None:
    """How a campaign can be stopped in a status; ``None`` if the vendor's API cannot do it."""
    for operation in _STOPS:
        change = provider.transitions.get(operation)
        if not provider.capabilities.operations[operation].available:
            continue
        if status is CampaignStatus.UNKNOWN or change is None or status in change.allowed:
            return operation
    return None


def accepted(findings: Sequence[Finding]) -> list[str]:
    """The fields whose loss a plan shows, and so accepts by being applied."""
    return [finding.field for finding in findings if finding.is_obstacle() and finding.acceptable]


def people(number: int) -> str:
    """So many contacts, in words."""
    return f"{number:,} contact{'' if number == 1 else 's'}"
