"""Whether a campaign is what was asked for: what comes back is compared, and a difference is an error that names it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from unibatch.core.draft import ContactDraft, Start
from unibatch.core.draft_fields import Composition
from unibatch.core.errors import InvalidInput, PartlyDone
from unibatch.core.flow import Flow
from unibatch.core.looking import FAILED, read_all
from unibatch.core.model import Campaign, Contact
from unibatch.core.phone import subscriber_key
from unibatch.core.provider import ContactFilter, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.times import When

_AS_ASKED = timedelta(minutes=1)
"""Vendors take times to the minute or to the second: a start that is later by less than this is as asked."""

_ABOUT_NOW = timedelta(minutes=5)
"""A start that is no further ahead is one that begins now: the vendor's clock may be wrong."""

BEGUN = frozenset({CampaignStatus.RUNNING, CampaignStatus.COMPLETED})
"""A campaign with one of these statuses has begun to call people."""

_NEVER = frozenset({CampaignStatus.FAILED, CampaignStatus.CANCELLED, CampaignStatus.EXPIRED})


def departure(composition: Composition, campaign: Campaign, *, is_new: bool = True, is_read: bool = True) -> str | None:
    """How a campaign is not what was asked for, as the end of a sentence; ``None`` if it is.

    What the vendor does not give is not compared. An earlier campaign may have been started, paused or finished by its
    owner since, which is no departure.

    Args:
        composition: The draft.
        campaign: The campaign.
        is_new: It was created just now, so nobody can have changed it. Otherwise an earlier run has created it.
        is_read: It is what the vendor gives for it. Otherwise it is an answer to a request, which may have no status.
    """
    due, status, is_held = composition.due, campaign.status, composition.draft.start == Start.HOLD
    start = campaign.schedule.start if campaign.schedule else None
    if status in _NEVER or (status is CampaignStatus.PAUSED and is_new and not is_held):
        return f"it is {status}"
    if status is CampaignStatus.UNKNOWN and (unclear := _unclear(campaign, is_read=is_read)):
        return f"{unclear}, so it is unknown whether it calls anybody"
    if status is CampaignStatus.DRAFT and not is_held:
        return "it is a draft, which calls nobody"
    if due is not None:
        is_early = due.moment > composition.now + _ABOUT_NOW and (is_new or not is_held)
        if start is not None and (is_new or status not in BEGUN) and not is_as_asked(start, due):
            return f"it starts at {shown(start)}, not at {shown(due.moment)}"
        if is_early and status in BEGUN:
            return f"it is {status} already, and was to start at {shown(due.moment)}"
        if is_early and status is CampaignStatus.PAUSED and campaign.counts.attempted:
            return f"it has called {campaign.counts.attempted:,} contacts, and was to start at {shown(due.moment)}"
    elif is_held:
        if is_new and status in {*BEGUN, CampaignStatus.SCHEDULED}:
            return f"it is {status}, and was to be held"
    elif status not in {*BEGUN, CampaignStatus.PAUSED} and start and start > _latest(composition.now, campaign):
        return f"it was to start now, and starts at {shown(start)}"
    return None


def _unclear(campaign: Campaign, *, is_read: bool) -> str | None:
    """What is unclear about a status that is unknown; ``None`` if the campaign just could not be read."""
    if campaign.vendor_status is not None:
        return f"its status is {campaign.vendor_status!r}, which is not documented"
    return "it has no status" if is_read and campaign.raw.get("status") is None else None


def _latest(now: datetime, campaign: Campaign) -> datetime:
    """The latest start that is one now, by this machine's clock or by the vendor's, whichever shows more."""
    return (now if campaign.created_at is None else max(now, campaign.created_at)) + _ABOUT_NOW


def subscribers(contacts: Iterable[Contact | ContactDraft]) -> set[str]:
    """Whom contacts are about, for comparing them: the same for all spellings of one subscriber's number."""
    return {subscriber_key(contact.phone_number) for contact in contacts}


def is_as_asked(start: datetime, due: When) -> bool:
    """Whether a vendor's start is that which was asked for, but for its rounding."""
    return timedelta(seconds=-1) <= start - due.moment < _AS_ASKED


def shown(moment: datetime) -> str:
    """A moment in UTC, as messages show it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def not_as_asked(campaign: Campaign, departs: str, advice: str, operation: str = "create_campaign") -> PartlyDone:
    """The error for a campaign that is not what was asked for.

    Args:
        campaign: The campaign.
        departs: How it is not what was asked for, as the end of a sentence.
        advice: What was done about that, or what to do, as a sentence.
        operation: The client's method.
    """
    error = PartlyDone(
        provider=campaign.provider,
        operation=operation,
        campaign=campaign,
        reason=f"{campaign.id} is there, but {departs}; {advice}",
    )
    error.is_as_asked = False
    return error


def require_all_taken(campaign: Campaign, expected: int, *, advice: str) -> Campaign:
    """Require that a new campaign has as many contacts as were sent, if the vendor states their number.

    Raises:
        PartlyDone: It has another number.
    """
    total = campaign.counts.total
    if total is not None and total != expected:
        check = "list them to see which are missing"
        if total > expected:
            check, advice = "list them to see who is there twice, or should not be", "it is not what was sent"
        raise PartlyDone(
            provider=campaign.provider,
            operation="create_campaign",
            campaign=campaign,
            reason=f"{campaign.id} was created with {total:,} contacts where {expected:,} were sent; {check}; {advice}",
        )
    return campaign


def require_everybody_once(provider: Provider, composition: Composition, campaign: Campaign) -> Flow[None]:
    """Before an earlier campaign is started: require that it has everybody of the draft, and nobody twice.

    Somebody may have added others. If the vendor states the number that was sent, no contacts are read.

    Raises:
        PartlyDone: Somebody is missing, or there twice.
    """
    if composition.has_others or campaign.counts.total in {None, len(composition.contacts)}:
        return
    rows, _ = yield from read_all(
        provider.capabilities.contact_paging,
        lambda position: provider.list_contacts(campaign.id, position, ContactFilter()),
    )
    there = subscribers(rows)
    missing, twice = len(subscribers(composition.draft.contacts) - there), len(rows) - len(there)
    if missing or twice:
        departs = f"contacts of the draft that are missing: {missing:,}; contacts that are there once more: {twice:,}"
        raise not_as_asked(campaign, departs, "it was not started; start_campaign starts it as it is")


def require_same_body(provider: Provider, composition: Composition, campaign: Campaign) -> Flow[None]:
    """Refuse a draft whose key belongs to a campaign that another draft created, and name what differs.

    Raises:
        InvalidInput: Always.
    """
    draft = composition.draft
    key = draft.part.whole if draft.part else draft.idempotency_key
    found = "; ".join((yield from differences(provider, composition, campaign)))
    raise InvalidInput(
        f"one key is one campaign: the idempotency_key {key!r} belongs to {campaign.id}, which is {campaign.status}, "
        f"and this draft differs from it: {found}. Nothing was sent. Go on with {campaign.id}; or, to call "
        "everybody in this draft, give it another idempotency_key"
    )


def differences(provider: Provider, composition: Composition, campaign: Campaign) -> Flow[list[str]]:
    """In what a draft differs from a campaign, as far as the vendor shows it. Reads all contacts of the campaign."""
    draft = composition.draft
    found = []
    try:
        rows, report = yield from read_all(
            provider.capabilities.contact_paging,
            lambda position: provider.list_contacts(campaign.id, position, ContactFilter()),
        )
    except FAILED as exc:
        found.append(f"its contacts could not be read ({exc})")
    else:
        there, asked = subscribers(rows), subscribers(draft.contacts)
        more, fewer = len(asked - there), len(there - asked)
        found += [
            f"{number:,} contact{'s' if number > 1 else ''} {word}"
            for number, word in ((more, "added"), (fewer, "removed"))
            if number and (word == "added" or (report.complete and not composition.has_others))
        ]
    due, start = composition.due, campaign.schedule and campaign.schedule.start
    if (due.moment if due else None) != start and not (due and start and is_as_asked(start, due)):
        begins = due.text if due else "when it is started" if draft.start == Start.HOLD else "now"
        found.append(f"start: {shown(start) if start else 'none'} there, {begins} here")
    for name, there_too, here in (
        ("agent", campaign.agent_id, draft.agent_id),
        ("name", campaign.name, draft.name),
        ("calls at the same time", campaign.max_concurrency, draft.max_concurrency),
    ):
        if there_too is not None and here is not None and there_too != here:
            found.append(f"{name}: {there_too} there, {here} here")
    return found or ["the start, a setting, or what is said about a contact"]
