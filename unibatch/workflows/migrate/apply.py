"""Applies a plan: stop the source, settle who moves, create the target on hold, compare it, start it if asked.

Every step is in the journal before and after it, and can be done again. A run that was killed leaves one of three
things open, and each is settled by looking: whether the source was stopped, whether a campaign was created, and whether
it was started.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Start, StartKind
from unibatch.core.errors import (
    Conflict,
    IncompleteListing,
    MigrationRefused,
    MigrationStopped,
    NotFound,
    PartlyDone,
    UnibatchError,
)
from unibatch.core.model import Campaign, Contact
from unibatch.core.phone import subscriber_key
from unibatch.core.provider import OperationName
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.workflows.migrate.context import MOVED, Context, contact_drafts, unfit
from unibatch.workflows.migrate.convert import attempts_left
from unibatch.workflows.migrate.decide import Decision, decide
from unibatch.workflows.migrate.ledger import MigrationStatus, Outcome, PartStep, Step, TargetPart
from unibatch.workflows.migrate.plan import load_plan
from unibatch.workflows.migrate.stored import (
    Reading,
    counts_of,
    read_campaign,
    read_start,
    store_campaign,
    store_contact,
)
from unibatch.workflows.migrate.target import TargetDraft, soonest, target_draft
from unibatch.workflows.migrate.verify import CALLS_NOBODY, Comparison, compare
from unibatch.workflows.migrate.work import ReadContacts, Work, call, read_contacts, wait

STOPPING = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait before each look whether the source has stopped, after it was asked to."""

CALLING = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds to wait before each look whether calls under way have ended; the last one repeats."""

SETTLING = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait before each look for a campaign whose creation was interrupted. A vendor may carry a request out long
after its connection broke, so only after all of them it is sent again."""

FILLING = (1.0, 3.0, 8.0, 20.0)
"""Seconds to wait before each look at a new campaign in which contacts are missing: a vendor may still fill it."""

_LONGEST_UNREAD = 60.0
"""Seconds after which everybody is read again while calls are under way, though the counts show no reason for it."""

_RESULTS = ("succeeded", "failed", "voicemail", "no_answer")
"""Counts of which one grows when a call ends."""

_MOST_STOPS = 3
_MOST_READINGS = 3
_PAUSE = "pause_campaign"
_logger = logging.getLogger("unibatch")


@attrs.frozen
class _Reading:
    """The contacts of the source, read when it stood still.

    Attributes:
        contacts: The contacts.
        counts: The campaign's counts right before; empty if they are unknown.
        has_waited: There was something to wait for.
    """

    contacts: Sequence[Contact]
    counts: dict[str, Any]
    has_waited: bool


@attrs.frozen(kw_only=True)
class Applying:
    """One run of ``apply``.

    Attributes:
        context: The migration.
        source_stopped: A person has stopped the source by other means.
        wait_for_calls: How many seconds to wait for calls under way at most.
        look_again_after: How many seconds a source that a person has stopped must stand still.
        created: What this run has created in the target, by its id, as it was then.
    """

    context: Context
    source_stopped: bool
    wait_for_calls: float
    look_again_after: float
    created: dict[str, Campaign] = attrs.field(factory=dict)

    @property
    def is_vouched(self) -> bool:
        """A person has said, now or in an earlier run, that the source is stopped."""
        return self.source_stopped or bool(self.context.journal.fact("source_stopped"))

    def run(self) -> Work[MigrationStatus]:
        """Do what is left to do."""
        context = self.context
        step = context.step
        if step in {Step.UNDOING, Step.UNDONE}:
            raise MigrationRefused("this migration was undone; plan another one, with another journal")
        if step is Step.FINISHED and not any(part.step is PartStep.CREATED for part in context.parts()):
            return context.status()
        if context.is_settled:
            yield from self._require_unchanged_source("before it goes on")
        else:
            yield from self._settle()
        yield from self._create()
        yield from self._check()
        yield from self._start()
        yield from self._rename()
        self._finish()
        return context.status()

    # The source stands still

    def _settle(self) -> Work[None]:
        """Stop the source, wait for calls under way, read it again, and settle who moves."""
        self._require_plan_fits()
        campaign: Campaign = yield from call("source", "get_campaign", self.context.source_id)
        campaign = yield from self._stop(campaign)
        for _ in range(_MOST_READINGS):
            reading = yield from self._read_at_rest(campaign)
            # One that is over, and calls nobody any more, is not asked once more: nothing can change.
            if not self.context.stands_still(campaign) or (campaign.status.is_terminal and not reading.has_waited):
                return self._freeze(campaign, reading.contacts)
            campaign = yield from call("source", "get_campaign", self.context.source_id)
            if not self.context.stands_still(campaign):
                raise MigrationStopped(
                    f"somebody resumed the source meanwhile: it is {campaign.status}; run the same command again"
                )
            if reading.counts in ({}, counts_of(campaign)):
                return self._freeze(campaign, reading.contacts)
        raise MigrationStopped(
            f"the source is {campaign.status}, and its counts change all the same; run the same command again"
        )

    def _require_plan_fits(self) -> None:
        """Raise before anything is changed if the target would refuse the plan."""
        if found := load_plan(self.context.journal.fact("plan")).obstacles:
            raise self._refused("; ".join(f"{each.field}: {each.reason}" for each in found))

    def _stop(self, campaign: Campaign) -> Work[Campaign]:
        """Bring the source to rest, by its API where that is possible."""
        context = self.context
        for _ in range(_MOST_STOPS):
            if context.stands_still(campaign):
                return campaign
            operation = context.way_to_stop(campaign.status)
            if operation is None:
                if self.is_vouched:
                    return campaign
                title = context.source.title
                raise self._refused(
                    f"the source is {campaign.status}, and {title}'s API cannot stop it: stop it in {title}'s "
                    "dashboard, then say so with source_stopped"
                )
            if operation == "cancel_campaign":
                yield from self._note_before_stop()
            context.journal.note(
                "the source is about to be stopped",
                step=Step.STOPPING,
                stop=operation,
                stopped_from=context.journal.fact("stopped_from") or str(campaign.status),
            )
            context.tell("stopping the source")
            try:
                campaign = yield from call("source", operation, context.source_id)
            except Conflict:  # its status has changed: it may be over by now
                campaign = yield from call("source", "get_campaign", context.source_id)
            for pause in STOPPING:
                if context.stands_still(campaign):
                    break
                yield from self._wait("waiting until the source has stopped", pause)
                campaign = yield from call("source", "get_campaign", context.source_id)
            context.journal.note("the source was stopped")
        if context.stands_still(campaign) or self.is_vouched:
            return campaign
        raise MigrationStopped(f"the source was asked to stop, and is {campaign.status}; run the same command again")

    def _note_before_stop(self) -> Work[None]:
        """Keep what is true right before the source is cancelled, which makes contacts cancelled."""
        context = self.context
        contacts = yield from context.read_source("reading the source, before it is stopped")
        was_asked = context.journal.fact("stop") is not None
        drafts = contact_drafts(contacts, context.placed())
        decisions = decide(contacts, context.choice, never=context.never(), unfit=unfit(drafts, context.target))
        if not was_asked and not any(decision.moves for decision in decisions):
            raise self._refused("nobody is to be moved any more; plan again to see why")
        known = {row["source_id"]: row["before_stop"] for row in context.journal.rows("SELECT * FROM contacts")}
        with context.journal.write("read before the stop") as database:
            for position, contact in enumerate(contacts):
                earlier = Reading.load(known.get(contact.id))
                # A stop that was asked for before may be carried out only now.
                is_hit = was_asked and contact.status is CallStatus.CANCELLED and earlier is not None
                reading = known[contact.id] if is_hit else Reading.of(contact).store()
                database.execute(
                    "INSERT INTO contacts (source_id, position, number, before_stop) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (source_id) DO UPDATE SET before_stop = excluded.before_stop",
                    (contact.id, position, contact.phone_number, reading),
                )

    def _read_at_rest(self, campaign: Campaign) -> Work[_Reading]:
        """All contacts, after calls under way have ended, and after it was seen that nothing moves."""
        context, counts = self.context, counts_of(campaign)
        contacts = yield from context.read_source("reading the source", stops_at_calls=self.wait_for_calls > 0)
        has_waited = self.wait_for_calls > 0 and bool(calling := _under_way(contacts))
        if has_waited:
            contacts, counts = yield from self._await_calls(calling, counts)
        if context.stands_still(campaign):
            return _Reading(contacts, counts, has_waited)
        yield from self._wait("watching whether the source stands still", self.look_again_after)
        again = yield from context.read_source("reading the source once more")
        earlier = {contact.id: Reading.of(contact) for contact in contacts}
        moved = [contact for contact in again if earlier.get(contact.id) != Reading.of(contact)]
        if moved or len(again) != len(contacts):
            raise self._refused(
                f"the source is not stopped: {_people(max(len(moved), 1))} of it changed within "
                f"{self.look_again_after:g} seconds"
            )
        return _Reading(again, {}, has_waited=True)

    def _await_calls(
        self, calling: Sequence[Contact], counts: dict[str, Any]
    ) -> Work[tuple[list[Contact], dict[str, Any]]]:
        """Wait until calls under way have ended, as long as that may take at most, with few requests.

        Returns:
            All contacts, as they are then, and the counts right before that; empty if they are unknown.
        """
        context, waited, pauses, pause, read_at = self.context, 0.0, iter(CALLING), CALLING[0], 0.0
        while waited < self.wait_for_calls:
            pause = min(next(pauses, pause), self.wait_for_calls - waited)
            context.tell("waiting for calls under way", 0, len(calling), self.wait_for_calls - waited)
            yield from wait(pause)
            waited += pause
            are_calling, now = yield from self._are_calling(calling, counts)
            if are_calling and waited - read_at < _LONGEST_UNREAD:
                continue
            contacts = yield from context.read_source("reading the source", stops_at_calls=True)
            read_at, calling = waited, _under_way(contacts)
            if not calling:
                return contacts, now
        return (yield from context.read_source("reading the source")), {}

    def _are_calling(self, calling: Sequence[Contact], counts: dict[str, Any]) -> Work[tuple[bool, dict[str, Any]]]:
        """Whether calls that were under way still are, as far as few requests can tell; and the counts now."""
        if all(self._filter_word(contact.status) for contact in calling):
            return bool((yield from self._still_calling(calling))), {}
        campaign: Campaign = yield from call("source", "get_campaign", self.context.source_id)
        now = counts_of(campaign)
        ended = sum(now.get(name, 0) - counts.get(name, 0) for name in _RESULTS)
        return bool(now) and ended < len(calling), now

    def _filter_word(self, status: CallStatus) -> str | None:
        """The word with which the source's own filter selects a status."""
        source = self.context.source
        if "list_contacts.status" not in source.capabilities.server_filters:
            return None
        return source.call_statuses.filter_word(frozenset({status}))

    def _still_calling(self, calling: Sequence[Contact]) -> Work[list[Contact]]:
        """Who of the statuses of these contacts is still in a call, asked of the vendor's filter."""
        found: list[Contact] = []
        for status in sorted({contact.status for contact in calling}):
            wish = ReadContacts(
                side="source",
                campaign_id=self.context.source_id,
                what="looking for calls under way",
                status=status,
            )
            try:
                found += yield from read_contacts(wish)
            except IncompleteListing:  # they come and go
                return list(calling)
        return found

    # Who moves is settled

    def _freeze(self, campaign: Campaign, contacts: Sequence[Contact]) -> None:
        """Decide again, and write down exactly what is placed in the target."""
        context = self.context
        journal = context.journal
        rows = {row["source_id"]: row for row in journal.rows("SELECT * FROM contacts")}
        drafts = contact_drafts(contacts, context.placed())
        decisions = decide(
            contacts,
            context.choice,
            never=context.never(),
            before=self._before(rows, contacts),
            unfit=unfit(drafts, context.target),
        )
        moving = [decision for decision in decisions if decision.moves]
        if not moving and context.step is Step.PLANNED:
            reasons = Counter(decision.reason for decision in decisions)
            said = "; ".join(f"{number:,}: {reason}" for reason, number in reasons.most_common())
            raise self._refused(
                f"nobody is to be moved any more ({said}). If you cancelled the source since the plan, to move it, say "
                "so with source_stopped"
            )
        made = self._target_draft(decisions, [drafts[each.contact.id] for each in moving]) if moving else None
        part_of = {
            subscriber_key(contact.phone_number): number
            for number, part in enumerate(made.parts if made else (), 1)
            for contact in part.contacts
        }
        now = datetime.now(UTC).isoformat()
        with journal.write(
            "settled who moves",
            step=Step.FROZEN,
            counts=counts_of(campaign),
            is_over=campaign.status.is_terminal,
            source_stopped=self.is_vouched,
            changes=_changes(rows, decisions),
            way=made and made.way,
            accepted=[each.field for each in made.findings if each.is_obstacle() and each.acceptable] if made else [],
        ) as database:
            database.execute("UPDATE contacts SET moves = 0, part = NULL, draft = NULL")
            database.executemany(
                "INSERT INTO contacts"
                " (source_id, position, number, latest, attempts, moves, reason, draft, part, outcome)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (source_id) DO UPDATE SET position = excluded.position, number = excluded.number,"
                " latest = excluded.latest, attempts = excluded.attempts, moves = excluded.moves,"
                " reason = excluded.reason, draft = excluded.draft, part = excluded.part, outcome = excluded.outcome",
                (
                    (
                        each.contact.id,
                        position,
                        each.contact.phone_number,
                        Reading.of(each.contact).store(),
                        each.attempts,
                        each.moves,
                        each.reason,
                        store_contact(drafts[each.contact.id]) if each.moves else None,
                        part_of[subscriber_key(each.contact.phone_number)] if each.moves else None,
                        Outcome.OPEN if each.moves else Outcome.KEPT_BACK,
                    )
                    for position, each in enumerate(decisions)
                ),
            )
            here = {contact.id for contact in contacts}
            database.executemany(
                "UPDATE contacts SET outcome = ?, reason = ? WHERE source_id = ?",
                ((Outcome.KEPT_BACK, "no longer in the source", gone) for gone in rows.keys() - here),
            )
            database.execute("DELETE FROM parts")
            database.executemany(
                "INSERT INTO parts (number, draft, contacts, step, frozen_at) VALUES (?, ?, ?, ?, ?)",
                (
                    (number, store_campaign(part), len(part.contacts), PartStep.READY, now)
                    for number, part in enumerate(made.parts if made else (), 1)
                ),
            )

    def _before(self, rows: Mapping[str, Any], contacts: Sequence[Contact]) -> dict[str, CallStatus]:
        """The status before the stop of each contact whom the stop may have made cancelled."""
        stop = self.context.journal.fact("stop")
        by_hand = self.is_vouched or self.context.journal.fact("needs_person")
        column = "before_stop" if stop == "cancel_campaign" else "planned" if by_hand else None
        found: dict[str, CallStatus] = {}
        for contact in contacts:
            row = rows.get(contact.id)
            earlier = Reading.load(row[column]) if row is not None and column is not None else None
            if contact.status is not CallStatus.CANCELLED or earlier is None:
                continue
            talked = Reading.of(contact).seconds not in {None, 0.0, earlier.seconds}
            # A call that had a length was answered, whatever the vendor says of it now.
            found[contact.id] = CallStatus.IN_PROGRESS if talked else earlier.status
        return found

    def _target_draft(self, decisions: Sequence[Decision], moving: Sequence[ContactDraft]) -> TargetDraft:
        context, journal = self.context, self.context.journal
        attempts, _ = attempts_left(decisions, context.choice.max_attempts)
        until = journal.fact("hold_until")
        made = target_draft(
            context.target,
            read_campaign(journal.fact("base")),
            moving,
            start=read_start(journal.fact("start")),
            hold_until=None if until is None else datetime.fromisoformat(until),
            attempts=attempts,
            most=journal.fact("most"),
            key=f"migrate-{context.id}",
        )
        faults = [each for each in made.findings if each.is_obstacle() and not each.acceptable]
        if faults:
            raise self._refused("; ".join(f"{each.field}: {each.reason}" for each in faults))
        return made

    def _refused(self, message: str) -> UnibatchError:
        """The error for what cannot go on; it says whether anything was changed."""
        is_untouched = self.context.step is Step.PLANNED
        return MigrationRefused(f"{message}. Nothing was changed") if is_untouched else MigrationStopped(message)

    def _require_unchanged_source(self, when: str) -> Work[None]:
        """Look whether the source still stands still, and has called nobody who is moved since that was settled.

        Raises:
            MigrationStopped: It goes on calling, or has called somebody.
        """
        context = self.context
        try:
            campaign: Campaign = yield from call("source", "get_campaign", context.source_id)
        except NotFound:
            return  # what was deleted calls nobody
        is_watched = not context.stands_still(campaign)
        if is_watched and not (self.is_vouched and context.way_to_stop(campaign.status) is None):
            raise MigrationStopped(
                f"somebody resumed the source: it is {campaign.status}, and would call people who are moved, too. Stop "
                "it, then run the same command again"
            )
        counts = counts_of(campaign)
        if counts and counts == context.journal.fact("counts"):
            return
        contacts = yield from context.read_source(f"reading the source, {when}")
        rows = {row["source_id"]: row for row in context.journal.rows("SELECT * FROM contacts WHERE moves")}
        called = [
            contact
            for contact in contacts
            if contact.id in rows
            and (latest := Reading.load(rows[contact.id]["latest"])) is not None
            and Reading.of(contact).shows_call_since(latest)
        ]
        if called:
            raise MigrationStopped(
                f"the source has called {_people(len(called))} since it was settled who moves, so nothing is started; "
                "undo this migration, and plan another one"
            )
        context.journal.note("the source was looked at again", counts=counts)

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
        accept_loss = context.journal.fact("accepted")
        if part.step is PartStep.SENDING:
            found = yield from self._look(part, accept_loss)
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

        try:
            created: Campaign = yield from call(
                "target", "create_campaign", draft, accept_loss=accept_loss, before_sending=sending
            )
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

    def _look(self, part: TargetPart, accept_loss: Sequence[str]) -> Work[Campaign | None]:
        """Look for a part whose creation was interrupted, until the vendor cannot be at work on it any more."""
        context = self.context
        draft, frozen_at = context.draft_of(part.number)
        (row,) = context.journal.rows("SELECT sent_at FROM parts WHERE number = ?", part.number)
        age = datetime.now(UTC) - datetime.fromisoformat(row["sent_at"])
        pauses = () if age > timedelta(seconds=2 * sum(SETTLING)) else SETTLING
        for pause in (*pauses, 0.0):
            found: Campaign | None = yield from call(
                "target", "find_campaign", draft, accept_loss=accept_loss, as_of=frozen_at
            )
            if found is not None or pause == 0.0:
                return found
            yield from self._wait(f"waiting whether part {part.number} appears in the target", pause)
        return None

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
            yield from self._wait("waiting until the target has everybody", pause)
        return result

    def _note_problems(self, database: Any, part: TargetPart, campaign: Campaign, result: Comparison) -> None:
        """Write down why a part is not as it should be."""
        problems = dict(self.context.journal.fact("problems") or {})
        problems.pop(str(part.number), None)
        said = [f"it is {campaign.status}, and calls nobody"] if campaign.status in CALLS_NOBODY else []
        missing = len(result.missing)
        if missing:
            said.append(f"{_people(missing)} not in it")
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
            yield from self._require_unchanged_source("once the target is there")
        if start.kind is StartKind.HOLD or context.journal.fact("way") == "ahead" or not parts:
            return
        if any(part.step is PartStep.CREATED for part in parts):
            return  # `_finish` says why
        if all(part.step is PartStep.STARTED for part in parts) or self._is_late(start, parts[0]):
            return
        if not self.created and not context.journal.fact("is_over"):
            yield from self._require_unchanged_source("before the target is started")
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
        name = str(journal.fact("source_name"))
        try:
            yield from call("source", "rename_campaign", context.source_id, MOVED + name.removeprefix(MOVED))
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
        if journal.fact("way") == "ahead":
            begins = draft.start.instant(zone)
            notes.append(f"the target {ids} begins to call at {begins:%Y-%m-%d %H:%M} UTC")
        elif any(part.step is PartStep.CHECKED for part in parts) or problems:
            if start.kind is StartKind.AT and self._is_late(start, parts[0]):
                notes.append("the time at which the target was to start has passed, so it was not started")
            can_start = context.target.capabilities.operations["start_campaign"].available
            how = "start_campaign starts it" if can_start else f"start it in {context.target.title}'s dashboard"
            until = draft.hold_until
            by_itself = "" if until is None else f"; it starts by itself at {until:%Y-%m-%d %H:%M} UTC"
            notes.append(f"the target {ids} calls nobody yet: {how}{by_itself}")
        if not journal.fact("is_over"):
            notes.append(
                f"whoever resumes or starts the source {source} has the moved people called once more; leave it as it "
                "is"
            )
        return notes

    def _wait(self, what: str, seconds: float) -> Work[None]:
        self.context.tell(what, seconds=seconds)
        yield from wait(seconds)


def _people(number: int) -> str:
    """So many contacts, in words."""
    return f"{number:,} contact{'' if number == 1 else 's'}"


def _under_way(contacts: Sequence[Contact]) -> list[Contact]:
    return [contact for contact in contacts if contact.status.is_under_way]


def _changes(rows: Mapping[str, Any], decisions: Sequence[Decision]) -> list[str]:
    """What has changed in the source since the plan, as sentences."""
    changed: Counter[tuple[str, str]] = Counter()
    new = 0
    for decision in decisions:
        row = rows.get(decision.contact.id)
        planned = Reading.load(row["planned"]) if row is not None else None
        if planned is None:
            new += 1
        elif planned.status is not decision.contact.status:
            changed[planned.status, decision.contact.status] += 1
    here = {decision.contact.id for decision in decisions}
    gone = len(rows.keys() - here)
    said = [f"{_people(number)}: {before} then, {now} now" for (before, now), number in sorted(changed.items())]
    if new:
        said.append(f"new in the source: {_people(new)}")
    if gone:
        said.append(f"no longer in the source: {_people(gone)}")
    return said
