"""Settles who moves, once the source stands still: decides again, and writes down exactly what is placed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from unibatch.core.draft import ContactDraft
from unibatch.core.model import Campaign, Contact
from unibatch.core.phone import subscriber_key
from unibatch.core.status import CallStatus
from unibatch.workflows.migrate.context import Context, accepted, contact_drafts, people, unfit
from unibatch.workflows.migrate.convert import attempts_left
from unibatch.workflows.migrate.decide import Decision, decide
from unibatch.workflows.migrate.ledger import Outcome, PartStep, Step
from unibatch.workflows.migrate.stored import (
    Reading,
    counts_of,
    read_campaign,
    read_start,
    store_campaign,
    store_contact,
)
from unibatch.workflows.migrate.target import TargetDraft, target_draft


def freeze(context: Context, campaign: Campaign, contacts: Sequence[Contact], *, is_vouched: bool) -> None:
    """Decide again, and write down exactly what is placed in the target.

    Args:
        context: The migration.
        campaign: The source, at a standstill.
        contacts: Its contacts.
        is_vouched: A person has said that it is stopped.
    """
    journal = context.journal
    rows = {row["source_id"]: row for row in journal.rows("SELECT * FROM contacts")}
    drafts = contact_drafts(contacts, context.placed())
    decisions = decide(
        contacts,
        context.choice,
        never=context.never(),
        before=_before(context, rows, contacts, is_vouched=is_vouched),
        unfit=unfit(drafts, context.target),
    )
    moving = [decision for decision in decisions if decision.moves]
    if not moving and context.step is Step.PLANNED:
        reasons = Counter(decision.reason for decision in decisions)
        said = "; ".join(f"{number:,}: {reason}" for reason, number in reasons.most_common())
        raise context.refused(
            f"nobody is to be moved any more ({said}). If you cancelled the source since the plan, to move it, say "
            "so with source_stopped"
        )
    made = _target_draft(context, decisions, [drafts[each.contact.id] for each in moving]) if moving else None
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
        source_stopped=is_vouched,
        changes=_changes(rows, decisions),
        way=made and made.way,
        accepted=accepted(made.findings) if made else [],
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


def _before(
    context: Context, rows: Mapping[str, Any], contacts: Sequence[Contact], *, is_vouched: bool
) -> dict[str, CallStatus]:
    """The status before the stop of each contact whom the stop may have made cancelled."""
    stop = context.journal.fact("stop")
    by_hand = is_vouched or context.journal.fact("needs_person")
    column = "before_stop" if stop == "cancel_campaign" else "planned" if by_hand else None
    found: dict[str, CallStatus] = {}
    for contact in contacts:
        row = rows.get(contact.id)
        earlier = Reading.load(row[column]) if row is not None and column is not None else None
        if contact.status is not CallStatus.CANCELLED or earlier is None:
            continue
        # Who was called since then may have answered, whatever the vendor says of it now.
        was_called = Reading.of(contact).shows_attempt_since(earlier)
        found[contact.id] = CallStatus.IN_PROGRESS if was_called else earlier.status
    return found


def _target_draft(context: Context, decisions: Sequence[Decision], moving: Sequence[ContactDraft]) -> TargetDraft:
    journal = context.journal
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
        raise context.refused("; ".join(f"{each.field}: {each.reason}" for each in faults))
    return made


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
    said = [f"{people(number)}: {before} then, {now} now" for (before, now), number in sorted(changed.items())]
    if new:
        said.append(f"new in the source: {people(new)}")
    if gone:
        said.append(f"no longer in the source: {people(gone)}")
    return said
