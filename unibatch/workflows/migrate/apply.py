"""Applies a plan: stop the source, settle who moves, create the target on hold, compare it, start it if asked.

Every step is in the journal before and after it, and can be done again. A run that was killed leaves one of three
things open, and each is settled by looking: whether the source was stopped, whether a campaign was created, and whether
it was started.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from unibatch.core.draft import CampaignDraft, Start, StartKind
from unibatch.core.errors import (
    Conflict,
    MigrationRefused,
    MigrationStopped,
    PartlyDone,
    UnibatchError,
)
from unibatch.core.model import Campaign
from unibatch.core.overlap import OverlapFound
from unibatch.core.provider import OperationName
from unibatch.core.status import CampaignStatus
from unibatch.workflows.migrate.context import MOVED, Context, people
from unibatch.workflows.migrate.finding import find_part
from unibatch.workflows.migrate.freeze import freeze
from unibatch.workflows.migrate.ledger import MigrationStatus, Outcome, PartStep, Step, TargetPart
from unibatch.workflows.migrate.plan import load_plan
from unibatch.workflows.migrate.standstill import Standstill
from unibatch.workflows.migrate.stored import read_campaign, read_start, store_campaign
from unibatch.workflows.migrate.target import soonest, start_of_held
from unibatch.workflows.migrate.verify import CALLS_NOBODY, Comparison, compare
from unibatch.workflows.migrate.work import ReadContacts, Work, call, read_contacts

FILLING = (1.0, 3.0, 8.0, 20.0)
"""Seconds to wait before each look at a new campaign in which contacts are missing: a vendor may still fill it."""

_PAUSE = "pause_campaign"

_ROOM_FOR_MARK = 60
"""Characters that are left at the end of a name for the mark by which a campaign is recognised."""

_logger = logging.getLogger("unibatch")


@attrs.frozen(kw_only=True)
class Applying:
    """One run of ``apply``.

    Attributes:
        context: The migration.
        standstill: How the source is brought to a standstill.
        created: What this run has created in the target, by its id, as it was then.
    """

    context: Context
    standstill: Standstill
    created: dict[str, Campaign] = attrs.field(factory=dict)

    def run(self) -> Work[MigrationStatus]:
        """Do what is left to do."""
        context = self.context
        step = context.step
        if step in {Step.UNDOING, Step.UNDONE}:
            raise MigrationRefused("this migration was undone; plan another one, with another journal")
        if step is Step.FINISHED and not any(part.step is PartStep.CREATED for part in context.parts()):
            return context.status()
        if context.is_settled:
            yield from self.standstill.require_unchanged("before it goes on")
        else:
            self._require_plan_fits()
            campaign, contacts = yield from self.standstill.reach()
            freeze(context, campaign, contacts, is_vouched=self.standstill.is_vouched)
        yield from self._create()
        yield from self._check()
        yield from self._start()
        yield from self._rename()
        self._finish()
        return context.status()

    def _require_plan_fits(self) -> None:
        """Raise before anything is changed if the target would refuse the plan."""
        if found := load_plan(self.context.journal.fact("plan")).obstacles:
            raise self.context.refused("; ".join(f"{each.field}: {each.reason}" for each in found))

    # The target

    def _create(self) -> Work[None]:
        """Create each part that is not there yet."""
        context = self.context
        parts = context.parts()
        for part in parts:
            if part.step not in {PartStep.READY, PartStep.SENDING}:
                continue
            context.tell("creating the target", part.number - 1, len(parts))
            campaign = yield from self._place(part)
            self.created[campaign.id] = campaign
            with context.journal.write(f"part {part.number} is there") as database:
                database.execute(
                    "UPDATE parts SET step = ?, campaign_id = ? WHERE number = ?",
                    (PartStep.CREATED, campaign.id, part.number),
                )
        if context.step is Step.FROZEN:
            context.journal.note("all parts are there", step=Step.CREATED)

    def _place(self, part: TargetPart) -> Work[Campaign]:
        """Place a part, or find it if an earlier run has placed it."""
        context = self.context
        accept_loss: list[str] = context.journal.fact("accepted")
        if part.step is PartStep.SENDING:
            found = yield from find_part(context, part)
            if found is not None:
                return found
            context.journal.note(f"part {part.number} is not there, and is sent again")
        draft = self._with_start_ahead(part)

        def sending() -> None:
            with context.journal.write(f"part {part.number} is being sent") as database:
                database.execute(
                    "UPDATE parts SET step = ?, sent_at = ? WHERE number = ?",
                    (PartStep.SENDING, datetime.now(UTC).isoformat(), part.number),
                )

        def create(accept_loss: list[str], *, refuse_overlap: bool) -> Work[Campaign]:
            how = {"accept_loss": accept_loss, "before_sending": sending, "refuse_overlap": refuse_overlap}
            return call("target", "create_campaign", draft, **how)

        try:
            try:
                created = yield from create(accept_loss, refuse_overlap=True)
            except OverlapFound as exc:
                self._note_overlap(exc)
                created = yield from create([*accept_loss, "idempotency_key"], refuse_overlap=False)
        except PartlyDone as exc:
            if exc.campaign is None:
                raise
            if exc.is_as_asked:
                return exc.campaign  # some contacts are missing, which comparing shows
            with context.journal.write(f"part {part.number} is there, and not as asked") as database:
                database.execute(
                    "UPDATE parts SET step = ?, campaign_id = ? WHERE number = ?",
                    (PartStep.CREATED, exc.campaign.id, part.number),
                )
            raise
        return created

    def _note_overlap(self, overlap: OverlapFound) -> None:
        """Note that another campaign would call the same people, such as that of an earlier migration.

        Raises:
            MigrationStopped: The target would begin by itself.
        """
        journal, other = self.context.journal, overlap.campaign
        said = f"most of its numbers are in {other.id} too, which is {other.status}, and would be called by both"
        if journal.fact("way") == "ahead":
            raise MigrationStopped(
                f"the target would begin by itself, and {said}. Remove {other.id}, then run the same command again"
            ) from overlap
        journal.note("another campaign has the same numbers", overlap=said)

    def _with_start_ahead(self, part: TargetPart) -> CampaignDraft:
        """The draft of a part; one that was to start some minutes ahead gets another start if that time has come."""
        context = self.context
        draft, _ = context.draft_of(part.number)
        begins = draft.start.instant(draft.schedule.timezone if draft.schedule else None)
        now = datetime.now(UTC)
        if begins is None or begins > now + timedelta(minutes=1):
            return draft
        if read_start(context.journal.fact("start")).kind is StartKind.AT:
            raise MigrationStopped("the time at which the target was to start has passed; undo this, and plan again")
        draft = attrs.evolve(draft, start=Start.at(soonest(now)))
        with context.journal.write(f"part {part.number} gets a later start") as database:
            database.execute(
                "UPDATE parts SET draft = ?, frozen_at = ? WHERE number = ?",
                (store_campaign(draft), now.isoformat(), part.number),
            )
        return draft

    def _check(self) -> Work[None]:
        """Compare each part with the journal, contact by contact."""
        context = self.context
        parts = context.parts()
        for part in parts:
            if part.step is not PartStep.CREATED or part.campaign_id is None:
                continue
            context.tell("comparing the target", part.number - 1, len(parts))
            campaign = yield from self._campaign_of(part.campaign_id)
            result = yield from self._compare(part)
            dead = f"its campaign in the target is {campaign.status}" if campaign.status in CALLS_NOBODY else None
            with context.journal.write(f"part {part.number} was compared") as database:
                database.executemany(
                    "UPDATE contacts SET outcome = ?, failure = ?, target_contact = ? WHERE source_id = ?",
                    (
                        (Outcome.FAILED, dead, there, source_id) if dead else (Outcome.MOVED, None, there, source_id)
                        for source_id, there in result.found.items()
                    ),
                )
                database.executemany(
                    "UPDATE contacts SET outcome = ?, failure = ?, target_contact = NULL WHERE source_id = ?",
                    ((Outcome.FAILED, "the target did not take it", source_id) for source_id in result.missing),
                )
                if not result.differences and dead is None:
                    database.execute("UPDATE parts SET step = ? WHERE number = ?", (PartStep.CHECKED, part.number))
                self._note_problems(database, part, campaign, result)
        if context.step is Step.CREATED:
            context.journal.note("all parts were compared", step=Step.CHECKED)

    def _campaign_of(self, campaign_id: str) -> Work[Campaign]:
        """A campaign of the target: as it was created just now, or as it is."""
        if (created := self.created.get(campaign_id)) is not None:
            return created
        campaign: Campaign = yield from call("target", "get_campaign", campaign_id)
        return campaign

    def _compare(self, part: TargetPart) -> Work[Comparison]:
        context, campaign_id = self.context, str(part.campaign_id)
        sent = context.drafts_of(part.number)
        wish = ReadContacts(side="target", campaign_id=campaign_id, what="comparing the target", total=part.contacts)
        for pause in (*FILLING, None):
            there = yield from read_contacts(wish)
            result = compare(campaign_id, sent, there, context.target.capabilities.contact_fields)
            if not result.missing or pause is None:
                break
            yield from self.context.wait("waiting until the target has everybody", pause)
        return result

    def _note_problems(self, database: Any, part: TargetPart, campaign: Campaign, result: Comparison) -> None:
        """Write down why a part is not as it should be."""
        problems = dict(self.context.journal.fact("problems") or {})
        problems.pop(str(part.number), None)
        said = [f"it is {campaign.status}, and calls nobody"] if campaign.status in CALLS_NOBODY else []
        missing = len(result.missing)
        if missing:
            said.append(f"{people(missing)} not in it")
        if others := len(result.differences) - missing:
            said.append(f"differences: {others:,}")
        if campaign.status in {CampaignStatus.RUNNING, CampaignStatus.COMPLETED}:
            said.append(f"it is {campaign.status}, though this migration has not started it")
        if said:
            problems[str(part.number)] = f"{part.campaign_id}: {'; '.join(said)}"
        self.context.journal.set(database, "problems", problems)

    def _start(self) -> Work[None]:
        """Start what was compared, if that was asked for, and if everything is as it should be."""
        context = self.context
        start = read_start(context.journal.fact("start"))
        parts = context.parts()
        if self.created and not context.journal.fact("is_over"):
            yield from self.standstill.require_unchanged("once the target is there")
        if start.kind is StartKind.HOLD or context.journal.fact("way") == "ahead" or not parts:
            return
        if context.journal.fact("overlap"):
            return  # a person has to decide; `_notes` says so
        if any(part.step is PartStep.CREATED for part in parts):
            return  # `_finish` says why
        if all(part.step is PartStep.STARTED for part in parts) or self._is_late(start, parts[0]):
            return
        if not self.created and not context.journal.fact("is_over"):
            yield from self.standstill.require_unchanged("before the target is started")
        for part in parts:
            if part.step is PartStep.STARTED or part.campaign_id is None:
                continue
            context.tell("starting the target", part.number - 1, len(parts))
            with context.journal.write(f"part {part.number} is about to be started") as database:
                database.execute("UPDATE parts SET step = ? WHERE number = ?", (PartStep.STARTING, part.number))
            yield from self._start_one(part, start)
            with context.journal.write(f"part {part.number} was started") as database:
                database.execute("UPDATE parts SET step = ? WHERE number = ?", (PartStep.STARTED, part.number))

    def _begins(self, start: Start, part: TargetPart) -> datetime | None:
        """When the target is to start; ``None`` for now."""
        (row,) = self.context.journal.rows("SELECT draft FROM parts WHERE number = ?", part.number)
        schedule = read_campaign(row["draft"]).schedule
        return start.instant(schedule.timezone if schedule else None)

    def _is_late(self, start: Start, part: TargetPart) -> bool:
        """Whether the time has passed at which the target was to start; then a person has to decide."""
        at = self._begins(start, part)
        return at is not None and at <= datetime.now(UTC)

    def _start_one(self, part: TargetPart, start: Start) -> Work[None]:
        at = self._begins(start, part)
        operation: OperationName = "start_campaign" if at is None else "reschedule_campaign"
        more: tuple[Any, ...] = () if at is None else (at,)
        try:
            yield from call("target", operation, part.campaign_id, *more)
        except Conflict:
            campaign: Campaign = yield from call("target", "get_campaign", part.campaign_id)
            if campaign.status not in {CampaignStatus.RUNNING, CampaignStatus.COMPLETED}:
                raise

    # The end

    def _rename(self) -> Work[None]:
        """Let the name of the source say that it was moved, where its vendor can rename it."""
        context, journal = self.context, self.context.journal
        is_renamable = context.source.renaming(context.source_id, MOVED) is not None
        if not context.parts() or not is_renamable or journal.fact("is_over") or journal.fact("renamed"):
            return
        name = MOVED + str(journal.fact("source_name")).removeprefix(MOVED)
        if (most := context.source.capabilities.limits.max_name_length) is not None:
            name = name[: most - _ROOM_FOR_MARK]
        try:
            yield from call("source", "rename_campaign", context.source_id, name)
        except UnibatchError as exc:  # the migration does not depend on it
            _logger.warning("the source %s could not be renamed: %s", context.source_id, exc)
        else:
            journal.note("the source was renamed", renamed=True)

    def _finish(self) -> None:
        self.context.journal.note("finished", step=Step.FINISHED, notes=self._notes(), interrupted=None)

    def _notes(self) -> list[str]:
        """What a person has to know at the end."""
        context, journal = self.context, self.context.journal
        source, stop, problems = context.source_id, journal.fact("stop"), journal.fact("problems") or {}
        parts = context.parts()
        if not parts:
            paused = f"; the source {source} is paused, and resume_campaign lets it go on" if stop == _PAUSE else ""
            return [f"nobody was moved; the report gives the reasons{paused}"]
        notes = [f"not as it should be: {text}" for text in problems.values()]
        draft, _ = context.draft_of(parts[0].number)
        zone = draft.schedule.timezone if draft.schedule else None
        ids, start = ", ".join(str(part.campaign_id) for part in parts), read_start(journal.fact("start"))
        if overlap := journal.fact("overlap"):
            notes.append(f"look at the target before you start it: {overlap}")
        if journal.fact("way") == "ahead":
            begins = draft.start.instant(zone)
            notes.append(f"the target {ids} begins to call at {begins:%Y-%m-%d %H:%M} UTC")
        elif any(part.step is PartStep.CHECKED for part in parts) or problems:
            if start.kind is StartKind.AT and self._is_late(start, parts[0]):
                notes.append("the time at which the target was to start has passed, so it was not started")
            notes.append(f"the target {ids} calls nobody yet: {start_of_held(context.target, draft.hold_until)}")
        can_retry = context.source.capabilities.operations["retry_campaign"].available
        if can_retry or not journal.fact("is_over"):
            verbs = "resume, start or retry" if can_retry else "resume or start"
            notes.append(f"do not {verbs} the source {source}: the contacts that were moved would be called again")
        return notes
