"""Whether a campaign is what was asked for: what comes back is compared, and a difference is an error that names it."""

from __future__ import annotations

from datetime import datetime, timedelta

from unibatch.core.draft import Start
from unibatch.core.draft_fields import Composition
from unibatch.core.errors import InvalidInput, PartlyDone
from unibatch.core.flow import Flow
from unibatch.core.looking import FAILED, read_all
from unibatch.core.model import Campaign
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


def departure(composition: Composition, campaign: Campaign) -> str | None:
    """How a campaign that was just created is not what was asked for; ``None`` if it is.

    What the vendor does not give is not compared.
    """
    due, status = composition.due, campaign.status
    start = campaign.schedule.start if campaign.schedule else None
    if status in _NEVER or (status is CampaignStatus.PAUSED and composition.draft.start != Start.HOLD):
        return f"it is {status}"
    if due is not None:
        if start is not None and not is_as_asked(start, due):
            return f"it starts at {shown(start)}, not at {shown(due.moment)}"
        if status in BEGUN and due.moment > composition.now + _ABOUT_NOW:
            return f"it is {status} already, and was to start at {shown(due.moment)}"
    elif composition.draft.start == Start.HOLD:
        if status in {*BEGUN, CampaignStatus.SCHEDULED}:
            return f"it is {status}, and was to be held"
    elif status is CampaignStatus.UNKNOWN and campaign.vendor_status is not None:
        return f"it was to start now, and its status is {campaign.vendor_status!r}, which is not documented"
    elif status not in BEGUN and start is not None and start > _latest(composition.now, campaign) + _ABOUT_NOW:
        return f"it was to start now, and starts at {shown(start)}"
    return None


def _latest(now: datetime, campaign: Campaign) -> datetime:
    """The time now, by this machine's clock or by that of the vendor, whichever shows more."""
    return now if campaign.created_at is None else max(now, campaign.created_at)


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
    if campaign.counts.total not in {None, expected}:
        raise PartlyDone(
            provider=campaign.provider,
            operation="create_campaign",
            campaign=campaign,
            reason=f"{campaign.id} was created with {campaign.counts.total:,} contacts where {expected:,} were sent; "
            f"list them to see which are missing; {advice}",
        )
    return campaign


def require_same_body(provider: Provider, composition: Composition, campaign: Campaign) -> Flow[None]:
    """Refuse a draft whose key belongs to a campaign that another draft created, and name what differs.

    Raises:
        InvalidInput: Always.
    """
    draft = composition.draft
    key = draft.part.whole if draft.part else draft.idempotency_key
    differences = "; ".join((yield from _differences(provider, composition, campaign)))
    raise InvalidInput(
        f"one key is one campaign: the idempotency_key {key!r} belongs to {campaign.id}, which is {campaign.status}, "
        f"and this draft differs from it: {differences}. Nothing was sent. Go on with {campaign.id}; or, to call "
        "everybody in this draft, give it another idempotency_key"
    )


def _differences(provider: Provider, composition: Composition, campaign: Campaign) -> Flow[list[str]]:
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
        there, asked = ({contact.phone_number for contact in each} for each in (rows, draft.contacts))
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
