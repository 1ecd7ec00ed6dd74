"""Undoes a migration until its target has started: removes what was created, and resumes the source.

The source is resumed only if nothing is left in the target that could call the same people.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from unibatch.core.errors import Conflict, MigrationRefused, NotFound, UnibatchError
from unibatch.core.model import Campaign
from unibatch.core.provider import OperationName
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.workflows.migrate.context import MOVED, Context
from unibatch.workflows.migrate.decide import attempts_made
from unibatch.workflows.migrate.finding import find_part
from unibatch.workflows.migrate.ledger import Outcome, PartStep, Step, Undone
from unibatch.workflows.migrate.verify import CALLS_NOBODY
from unibatch.workflows.migrate.work import ReadContacts, Work, call, read_contacts

_logger = logging.getLogger("unibatch")

_REMOVALS: tuple[OperationName, ...] = ("delete_campaign", "cancel_campaign")
"""The ways to remove a campaign, the better one first."""

_BEGUN = frozenset({CampaignStatus.RUNNING, CampaignStatus.COMPLETED})

_THERE = frozenset({PartStep.SENDING, PartStep.CREATED, PartStep.CHECKED, PartStep.STARTING, PartStep.STARTED})
"""How far a part is that is in the target, or may be."""


def undo_plan(context: Context) -> tuple[str, ...]:
    """What undoing would do, and what it cannot undo."""
    parts = [part for part in context.parts() if part.step in _THERE]
    operations, title = context.target.capabilities.operations, context.target.title
    said = []
    if parts:
        ids = ", ".join(part.campaign_id or f"part {part.number}, if it is there" for part in parts)
        if any(operations[operation].available for operation in _REMOVALS):
            verb = "deleted" if operations["delete_campaign"].available else "cancelled"
            said.append(f"in the target, {ids}: {verb}")
        else:
            said.append(f"in the target, {ids}: cannot be removed by {title}'s API; cancel it in {title}'s dashboard")
    else:
        said.append("nothing is in the target")
    stop, title = context.journal.fact("stop"), context.source.title
    if stop == "cancel_campaign":
        said.append(f"the source was cancelled, which is final: {title} cannot resume it")
    elif stop == "pause_campaign" and context.source.capabilities.operations["resume_campaign"].available:
        said.append("the source is resumed, and goes on calling, if nothing is left in the target")
    else:
        said.append("the source stays as it is")
    return tuple(said)


def undoing(context: Context) -> Work[Undone]:
    """Undo a migration, or go on with undoing it.

    Raises:
        MigrationRefused: The target has started, or there is nothing to undo.
    """
    journal = context.journal
    if context.step is Step.PLANNED:
        raise MigrationRefused("nothing was applied yet, so there is nothing to undo")
    if context.step not in {Step.UNDOING, Step.UNDONE}:
        yield from _require_not_started(context)
        journal.note("about to be undone", step=Step.UNDOING)
    removed: list[str] = []
    remaining: list[tuple[str, str]] = []
    for part in context.parts():
        if part.step is PartStep.REMOVED and part.campaign_id is not None:
            removed.append(part.campaign_id)
        if part.step not in _THERE:
            continue
        campaign_id = part.campaign_id
        if campaign_id is None and (found := (yield from find_part(context, part))) is not None:
            campaign_id = found.id
        advice = None if campaign_id is None else (yield from _remove(context, campaign_id))
        if campaign_id is not None and advice is not None:
            remaining.append((campaign_id, advice))
            continue
        if campaign_id is not None:
            removed.append(campaign_id)
        with journal.write(f"part {part.number} was removed") as database:
            database.execute(
                "UPDATE parts SET step = ?, campaign_id = ? WHERE number = ?",
                (PartStep.REMOVED, campaign_id, part.number),
            )
    resumed, notes = yield from _resume(context, remaining)
    with journal.write("undone", step=Step.UNDONE, notes=notes) as database:
        if not remaining:
            database.execute(
                "UPDATE contacts SET outcome = ?, moves = 0, failure = ?, target_contact = NULL, part = NULL"
                " WHERE outcome <> ?",
                (Outcome.KEPT_BACK, "the migration was undone", Outcome.KEPT_BACK),
            )
    return Undone(removed=tuple(removed), remaining=tuple(remaining), source_resumed=resumed, notes=tuple(notes))


def _require_not_started(context: Context) -> Work[None]:
    for part in context.parts():
        if part.campaign_id is None or part.step is PartStep.REMOVED:
            continue
        try:
            campaign: Campaign = yield from call("target", "get_campaign", part.campaign_id)
        except NotFound:
            continue
        if (yield from _has_called(campaign)):
            raise _has_started(part.campaign_id, str(campaign.status))


def _has_called(campaign: Campaign) -> Work[bool]:
    """Whether a campaign of the target calls people, or has called somebody."""
    counts = campaign.counts
    if campaign.status in _BEGUN:
        return True
    if not (counts.attempted or counts.succeeded or counts.failed):
        return False
    # A vendor may count those as failed who were cancelled before they were called.
    contacts = yield from read_contacts(
        ReadContacts(side="target", campaign_id=campaign.id, what="looking whether the target has called anybody")
    )
    return any(contact.status is CallStatus.UNKNOWN or attempts_made(contact) for contact in contacts)


def _has_started(campaign_id: str, status: str) -> MigrationRefused:
    return MigrationRefused(
        f"the target {campaign_id} has started and is {status}, so people may have been called, and nothing was "
        "undone. To stop it, pause or cancel it; who was called there must not be called by the source"
    )


def _remove(context: Context, campaign_id: str) -> Work[str | None]:
    """Remove a campaign of the target; returns what to do if that is not possible."""
    target = context.target
    context.tell("removing what is in the target")
    try:
        campaign: Campaign = yield from call("target", "get_campaign", campaign_id)
        if (yield from _has_called(campaign)):  # since undoing began, or before this part was found
            return (
                f"it has started and is {campaign.status}, so people may have been called, who must not be called by "
                "the source. To stop it, pause or cancel it"
            )
        if campaign.status in CALLS_NOBODY:
            return None
        for operation in _REMOVALS:
            change = target.transitions.get(operation)
            if not target.capabilities.operations[operation].available:
                continue
            if change is not None and campaign.status not in change.allowed:
                continue
            yield from call("target", operation, campaign_id)
            return None
        pause = target.transitions.get("pause_campaign")
        if pause is not None and campaign.status in pause.allowed:
            yield from call("target", "pause_campaign", campaign_id)
            return f"it was paused; delete it in {target.title}'s dashboard"
    except NotFound as exc:
        if exc.page is not None:
            raise  # it may be there, and call people
        return None
    except Conflict as exc:
        return f"{exc}; remove it in {target.title}'s dashboard"
    return f"it is {campaign.status}, and {target.title}'s API cannot remove it: do it in {target.title}'s dashboard"


def _resume(context: Context, remaining: Sequence[tuple[str, str]]) -> Work[tuple[bool, list[str]]]:
    """Resume the source if this migration has paused it, and nobody can be called by both."""
    source_id = context.source_id
    try:
        campaign: Campaign = yield from call("source", "get_campaign", source_id)
        if campaign.status is CampaignStatus.CANCELLED and context.journal.fact("stop") == "cancel_campaign":
            return False, [f"the source {source_id} was cancelled, and cannot be resumed; it calls nobody"]
        if not remaining and (campaign.name or "").startswith(MOVED):
            try:
                yield from call("source", "rename_campaign", source_id, context.journal.fact("source_name"))
            except UnibatchError as exc:  # nothing depends on it
                _logger.warning("the source %s could not be renamed: %s", source_id, exc)
        can_resume = context.source.capabilities.operations["resume_campaign"].available
        if context.journal.fact("stop") != "pause_campaign" or not can_resume:
            return False, [f"the source {source_id} is {campaign.status}, as it was"]
        if remaining:
            ids = ", ".join(campaign_id for campaign_id, _ in remaining)
            reason = (
                "the target may call the same people, or has called them. If it has called nobody, remove "
                f"{ids} first, then undo once more"
            )
            return False, [f"the source {source_id} stays paused, because {reason}"]
        if campaign.status is CampaignStatus.PAUSED:
            context.tell("resuming the source")
            yield from call("source", "resume_campaign", source_id)
            return True, [f"the source {source_id} was resumed, and goes on calling"]
    except (Conflict, NotFound) as exc:
        return False, [f"the source {source_id} could not be resumed: {exc}"]
    return False, [f"the source {source_id} is {campaign.status}, and was left alone"]
