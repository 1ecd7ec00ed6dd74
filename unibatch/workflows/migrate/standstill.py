"""Brings the source to a standstill: stops it, waits for calls under way, reads it, and sees that nothing moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from unibatch.core.errors import Conflict, IncompleteListing, MigrationStopped, NotFound
from unibatch.core.model import Campaign, Contact
from unibatch.core.status import CallStatus
from unibatch.workflows.migrate.context import Context, contact_drafts, people, unfit
from unibatch.workflows.migrate.decide import decide
from unibatch.workflows.migrate.ledger import Step
from unibatch.workflows.migrate.stored import Reading, counts_of
from unibatch.workflows.migrate.work import ReadContacts, Work, call, read_contacts, wait

STOPPING = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait before each look whether the source has stopped, after it was asked to."""

CALLING = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds to wait before each look whether calls under way have ended; the last one repeats."""

_LONGEST_UNREAD = 60.0
"""Seconds after which everybody is read again while calls are under way, though the counts show no reason for it."""

_RESULTS = ("succeeded", "failed", "voicemail", "no_answer")
"""Counts of which one grows when a call ends."""

_MOST_STOPS = 3
_MOST_READINGS = 3


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
class Standstill:
    """How the source is brought to a standstill, and kept there.

    Attributes:
        context: The migration.
        source_stopped: A person has stopped the source by other means.
        wait_for_calls: How many seconds to wait for calls under way at most.
        look_again_after: How many seconds a source that a person has stopped must stand still.
    """

    context: Context
    source_stopped: bool
    wait_for_calls: float
    look_again_after: float

    @property
    def is_vouched(self) -> bool:
        """A person has said, now or in an earlier run, that the source is stopped."""
        return self.source_stopped or bool(self.context.journal.fact("source_stopped"))

    def reach(self) -> Work[tuple[Campaign, Sequence[Contact]]]:
        """Stop the source, wait for calls under way, and read it: the campaign and its contacts at a standstill."""
        campaign: Campaign = yield from call("source", "get_campaign", self.context.source_id)
        campaign = yield from self._stop(campaign)
        for _ in range(_MOST_READINGS):
            reading = yield from self._read_at_rest(campaign)
            # One that is over, and calls nobody any more, is not asked once more: nothing can change.
            if not self.context.stands_still(campaign) or (campaign.status.is_terminal and not reading.has_waited):
                return campaign, reading.contacts
            campaign = yield from call("source", "get_campaign", self.context.source_id)
            if not self.context.stands_still(campaign):
                raise MigrationStopped(
                    f"somebody resumed the source meanwhile: it is {campaign.status}; run the same command again"
                )
            if reading.counts in ({}, counts_of(campaign)):
                return campaign, reading.contacts
        raise MigrationStopped(
            f"the source is {campaign.status}, and its counts change all the same; run the same command again"
        )

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
                raise self.context.refused(
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
                yield from self.context.wait("waiting until the source has stopped", pause)
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
            raise self.context.refused("nobody is to be moved any more; plan again to see why")
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
        yield from self.context.wait("watching whether the source stands still", self.look_again_after)
        again = yield from context.read_source("reading the source once more")
        earlier = {contact.id: Reading.of(contact) for contact in contacts}
        moved = [contact for contact in again if earlier.get(contact.id) != Reading.of(contact)]
        if moved or len(again) != len(contacts):
            raise self.context.refused(
                f"the source is not stopped: {people(max(len(moved), 1))} of it changed within "
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

    def require_unchanged(self, when: str) -> Work[None]:
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
                f"the source has called {people(len(called))} since it was settled who moves, so nothing is started; "
                "undo this migration, and plan another one"
            )
        context.journal.note("the source was looked at again", counts=counts)


def _under_way(contacts: Sequence[Contact]) -> list[Contact]:
    return [contact for contact in contacts if contact.status.is_under_way]
