"""Changing a campaign's status or start, deleting it, having it call again: the same for every vendor.

What only changes a status is sent again if looking shows that it was not carried out: doing it twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from unibatch.core.as_asked import is_as_asked, not_as_asked, shown
from unibatch.core.errors import Conflict, InvalidRequest, NotFound, OutcomeUnknown, ProviderError, RateLimited
from unibatch.core.flow import NO_CONTENT, Flow, Request, Response
from unibatch.core.looking import FAILED, LOST, MOST_SENDS, looks, outcome_unknown, reread, soon
from unibatch.core.model import Campaign
from unibatch.core.provider import OperationName, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import StructureError, read_leniently
from unibatch.core.times import When


def carry_out(
    provider: Provider,
    request: Request,
    is_done: Callable[[Campaign], bool],
    campaign: Campaign | None = None,
    when: When | None = None,
) -> Flow[Campaign]:
    """Change a campaign's status or start, unless that is done already.

    Args:
        provider: The vendor.
        request: What changes it; its subject is the campaign's id.
        is_done: Whether a campaign is as it should be, so that nothing has to be sent.
        campaign: The campaign, if it was just read.
        when: The start that is asked for, with which that of the campaign is compared afterwards.

    Raises:
        Conflict: The campaign's status does not allow it.
        PartlyDone: The vendor accepted it, and the campaign has not started or stopped, or has another start.
        OutcomeUnknown: An answer was lost, and whether it was carried out is unknown.
    """
    operation: Any = request.operation
    transition = provider.transitions[operation]
    campaign_id = str(request.subject)
    if campaign is None:
        campaign = yield from provider.get_campaign(campaign_id)
    campaign = yield from provider.prepared(operation, campaign)
    request = attrs.evolve(request, looks_first=bool(transition.doubtful))
    lost: Exception | None = None

    def is_settled(campaign: Campaign) -> bool:
        return is_done(campaign) or (lost is not None and campaign.status in transition.passed)

    for _ in range(MOST_SENDS):
        if is_settled(campaign):
            return campaign
        if lost is None:
            require_allowed(provider, operation, campaign)
        elif not is_allowed(provider, operation, campaign):
            raise outcome_unknown(request, provider, lost, f"{campaign_id} is {campaign.status} now") from lost
        elif campaign.status in transition.doubtful:
            break
        try:
            response = yield provider.fitted(request, campaign)
            if response.status == NO_CONTENT or read_leniently(response.content):
                if when is None and transition.done <= _STOPPED:
                    return (yield from _reread_stopped(provider, _of_unknown_status(campaign), operation))
                return (yield from _reread_started(provider, campaign, operation, when))
            lost = StructureError("$", "the answer is no JSON object")
        except OutcomeUnknown as exc:
            lost = exc
        except RateLimited as exc:
            if not exc.waited:
                raise
            lost = exc
        except (InvalidRequest, Conflict) as refused:
            campaign = yield from reread(provider, campaign)
            if is_settled(campaign):
                return campaign
            if campaign.status in transition.allowed and not isinstance(refused, Conflict):
                raise
            raise _conflict(provider, operation, campaign, refused) from refused
        try:
            campaign = yield from soon(provider.get_campaign(campaign_id))
        except FAILED as exc:
            raise outcome_unknown(request, provider, lost, f"look at the status of {campaign_id}") from exc
    if is_done(campaign):
        return campaign
    assert lost is not None  # noqa: S101  # the loop ends only after losses
    raise outcome_unknown(request, provider, lost, f"look at the status of {campaign_id}") from lost


_STOPPED = frozenset({CampaignStatus.PAUSED, CampaignStatus.CANCELLED})


def _reread_stopped(provider: Provider, known: Campaign, operation: OperationName) -> Flow[Campaign]:
    """Read a campaign that was just stopped, and require that it is; it may take a moment to show."""
    campaign = yield from reread(provider, known)
    for look in looks(lambda: reread(provider, known)):
        if campaign.status not in provider.transitions[operation].allowed:
            return campaign
        campaign = yield from look
    if campaign.status not in provider.transitions[operation].allowed:
        return campaign
    departs = f"it is {campaign.status} still, although {provider.title} said that it was stopped"
    raise not_as_asked(campaign, departs, f"stop it in {provider.title}'s dashboard, or try again", operation)


def _reread_started(
    provider: Provider, before: Campaign, operation: OperationName, when: When | None
) -> Flow[Campaign]:
    """Read a campaign that was just started or given a start, and require that it is; it may take a moment to show."""
    known = _of_unknown_status(before)
    campaign = yield from reread(provider, known)
    for look in looks(lambda: reread(provider, known)):
        if _not_started(provider, before, campaign, operation, when) is None:
            return campaign
        campaign = yield from look
    departs = _not_started(provider, before, campaign, operation, when)
    if departs is None:
        return campaign
    advice = "pause or cancel it, or give it another time"
    if when is None:
        advice = f"look at it in {provider.title}'s dashboard"
    raise not_as_asked(campaign, departs, advice, operation)


def _not_started(
    provider: Provider, before: Campaign, campaign: Campaign, operation: OperationName, when: When | None
) -> str | None:
    """How a campaign is not as it should be after it was started, or given a start; ``None`` if it is."""
    status, start = campaign.status, campaign.schedule and campaign.schedule.start
    if status in _WAITING - provider.transitions[operation].done:
        return f"it is {status} still, although {provider.title} accepted {operation}"
    if when is not None and start and status is not CampaignStatus.UNKNOWN and not is_as_asked(start, when):
        return f"it starts at {shown(start)}, not at {shown(when.moment)}, as was asked"
    was_due = before.schedule and before.schedule.start
    if when is None and start and status is before.status is CampaignStatus.SCHEDULED and start == was_due:
        return f"it starts at {shown(start)} still, although {provider.title} accepted {operation}"
    return None


_WAITING = frozenset({CampaignStatus.DRAFT, CampaignStatus.PAUSED})


def _of_unknown_status(campaign: Campaign) -> Campaign:
    return attrs.evolve(campaign, status=CampaignStatus.UNKNOWN, vendor_status=None)


def delete_once(provider: Provider, request: Request, refused: Callable[[Response], bool]) -> Flow[None]:
    """Delete a campaign.

    Args:
        provider: The vendor.
        request: What deletes it; its subject is the campaign's id.
        refused: Whether an answer says that it was not deleted.

    Raises:
        Conflict: Its status does not allow it.
        NotFound: It was not there in the first place.
    """
    campaign_id = str(request.subject)
    campaign = yield from provider.get_campaign(campaign_id)
    lost: Exception | None = None
    for _ in range(MOST_SENDS):
        if lost is None:
            require_allowed(provider, "delete_campaign", campaign)
        elif not is_allowed(provider, "delete_campaign", campaign):
            raise outcome_unknown(request, provider, lost, f"{campaign_id} is {campaign.status} now") from lost
        try:
            if not refused((yield request)):
                return
        except LOST as exc:
            lost = exc
        try:
            look = provider.get_campaign(campaign_id)
            campaign = yield from soon(look) if lost else look
        except NotFound:
            return
        except FAILED as exc:
            if lost is None:
                raise
            raise outcome_unknown(request, provider, lost, f"look whether {campaign_id} is still there") from exc
        if lost is None:
            raise _conflict(provider, "delete_campaign", campaign)
    raise outcome_unknown(request, provider, lost or OSError(), f"look whether {campaign_id} is still there") from lost


def retry_once(provider: Provider, request: Request) -> Flow[Campaign]:
    """Have a campaign call again those it did not reach. It is never sent twice: everybody could be called twice.

    Args:
        provider: The vendor.
        request: What starts that; its subject is the campaign's id.

    Raises:
        Conflict: It is not possible in the campaign's status.
        OutcomeUnknown: The answer was lost, and the campaign's status does not show whether it was carried out.
    """
    campaign_id = str(request.subject)
    transition = provider.transitions["retry_campaign"]
    campaign = yield from provider.get_campaign(campaign_id)
    if campaign.status in transition.done:
        return campaign
    require_allowed(provider, "retry_campaign", campaign)
    lost: Exception = StructureError("$", "the answer is no JSON object")
    try:
        response = yield request
    except OutcomeUnknown as exc:
        lost = exc
    else:
        if response.status == NO_CONTENT or read_leniently(response.content):
            return (yield from reread(provider, _of_unknown_status(campaign)))
    again = looks(lambda: reread(provider, _of_unknown_status(campaign)))
    for look in again if campaign.status in transition.allowed else ():
        now = yield from look
        if now.status in transition.done | transition.passed:
            return now
    raise outcome_unknown(request, provider, lost, f"look whether {campaign_id} calls people again") from lost


def is_allowed(provider: Provider, operation: OperationName, campaign: Campaign) -> bool:
    """Whether a campaign's status allows an operation; if it is unknown, the vendor decides."""
    return campaign.status in {CampaignStatus.UNKNOWN, *provider.transitions[operation].allowed}


def require_allowed(provider: Provider, operation: OperationName, campaign: Campaign) -> None:
    """Require that a campaign's status allows an operation.

    Raises:
        Conflict: It does not.
    """
    if not is_allowed(provider, operation, campaign):
        raise _conflict(provider, operation, campaign)


def _conflict(
    provider: Provider, operation: OperationName, campaign: Campaign, refused: ProviderError | None = None
) -> Conflict:
    about: dict[str, Any] = {"http_status": None}
    if refused is not None:
        names = ("http_status", "code", "message", "details", "request_id", "field_errors")
        about = {name: getattr(refused, name) for name in names}
    return Conflict(
        provider=provider.name,
        operation=operation,
        subject=campaign.id,
        present=campaign.status,
        allowed=provider.transitions[operation].allowed,
        **about,
    )
