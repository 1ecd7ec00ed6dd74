"""Writing without harm: the parts of flows that change something, the same for every vendor.

A request whose answer is lost may have been carried out, or may still be. So what creates a campaign or adds contacts
is never sent a second time: the flow looks whether it is there, and if it is not found, raises `OutcomeUnknown`. Every
flow looks first, too, so a program that was stopped can be run again. What only changes a campaign's status is sent
again if looking shows that it was not carried out: doing it twice does no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

import attrs

from unibatch.core.draft import ContactDraft, Start
from unibatch.core.draft_fields import Composition
from unibatch.core.errors import (
    Conflict,
    IncompleteListing,
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PartlyDone,
    ProviderError,
    RateLimited,
    UnibatchError,
)
from unibatch.core.flow import NO_CONTENT, Flow, Request, Response
from unibatch.core.model import Campaign, Contact
from unibatch.core.overlap import OverlapFound
from unibatch.core.paging import ListingReport, Page, Pager, Paging, Position
from unibatch.core.phone import subscriber_key
from unibatch.core.provider import Added, ContactFilter, OperationName, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import StructureError, read_leniently
from unibatch.core.times import When

T = TypeVar("T", Campaign, Contact)
R = TypeVar("R")

_logger = logging.getLogger("unibatch")

LOOKS = (0.5, 2.0, 5.0)
"""After a lost answer: how many seconds to wait before each look whether the request was carried out."""

_MOST_SENDS = 3
_NOT_SENT = "what is there already is unknown, so nothing was sent; try again when no rows move"
_TRY_AGAIN = "try again when no rows move; only contacts that are missing are sent"

_Lost = (OutcomeUnknown, StructureError)
"""The request may have been carried out: no answer came, or it cannot be read."""

_Failed = (UnibatchError, StructureError)
"""All that a flow can raise."""


def after(seconds: float, flow: Flow[R]) -> Flow[R]:
    """The same flow, with a wait before its first request."""
    try:
        request = attrs.evolve(next(flow), after=seconds)
        while True:
            try:
                response = yield request
            except UnibatchError as exc:
                request = flow.throw(exc)
            else:
                request = flow.send(response)
    except StopIteration as done:
        value: R = done.value
        return value


def read_all(paging: Paging, ask: Callable[[Position], Flow[Page[T]]]) -> Flow[tuple[list[T], ListingReport]]:
    """Read a listing to its end.

    Returns:
        The rows, and whether those are all.
    """
    pager: Pager[T] = Pager(paging, attrgetter("id"))
    rows: list[T] = []
    while pager.position is not None:
        try:
            page = yield from ask(pager.position)
        except NotFound:
            if not pager.is_behind_the_last:
                raise
            pager.accept_none()
        else:
            rows += pager.accept(page)
    return rows, pager.report


_RECENT = timedelta(days=90)
"""A campaign that is older is not looked into unless its listing alone makes it likely that it is the one."""

_AS_ASKED = timedelta(minutes=1)
"""Vendors take times to the minute or to the second: a start that is later by less than this is as asked."""

_ABOUT_NOW = timedelta(minutes=5)
"""A start that is no further ahead is one that begins now: the vendor's clock may be wrong."""

_MOST_COMPARED = 3
"""Campaigns whose contacts are compared with those of a draft, to warn if they are the same people."""

_BEGUN = frozenset({CampaignStatus.RUNNING, CampaignStatus.COMPLETED})
_NEVER = frozenset({CampaignStatus.FAILED, CampaignStatus.CANCELLED, CampaignStatus.EXPIRED})


def where_to_look(place: str, what: str, contacts: int | None) -> str:
    """What to do if it is unknown whether a campaign was created, as the end of a sentence.

    ``contacts`` is ``None`` if their number is unknown.
    """
    people = "" if contacts is None else " of 1 contact" if contacts == 1 else f" of {contacts:,} contacts"
    return f"wait some minutes, since it may still be at work on it, then look in {place} for a new {what}{people}"


def recent(campaigns: Sequence[Campaign], now: datetime) -> list[Campaign]:
    """The campaigns of the last 90 days, including those without a time of creation.

    Their age is counted from the newest one, or from ``now`` if that is earlier: the vendor's clock may be wrong.
    """
    newest = max((campaign.created_at for campaign in campaigns if campaign.created_at is not None), default=now)
    oldest = min(newest, now) - _RECENT
    return [campaign for campaign in campaigns if campaign.created_at is None or campaign.created_at >= oldest]


def create_once(
    provider: Provider,
    request: Request,
    read: Callable[[Response], Campaign],
    look: Callable[[], Flow[Campaign | None]] | None,
    check: str,
    *,
    settle: Callable[[Campaign], Flow[Campaign]] | None = None,
    composition: Composition | None = None,
    is_recognised: bool = False,
    warn: Callable[[], Flow[None]] | None = None,
) -> Flow[Campaign]:
    """Create a campaign, unless it is there already.

    Args:
        provider: The vendor.
        request: What creates it.
        read: Makes a campaign of the answer.
        look: Returns the campaign if it is there, otherwise ``None``; raises if it cannot know. ``None`` instead of a
            function if there is no way to look.
        check: What a person should look at if the campaign is not found, as a sentence.
        settle: What to do with a campaign that was not there before: read it, and compare it with what was asked. If
            left out, it is read.
        composition: The draft; if it is a part of a larger one, it is no error that its campaign is over.
        is_recognised: The vendor recognises the same request for a while, so it is sent again if its answer was lost
            and all looks have not found the campaign.
        warn: Warns of other campaigns, before the campaign is created.

    Raises:
        OutcomeUnknown: An answer was lost, and the campaign was not found.
        IncompleteListing: Whether the campaign is there already is unknown; nothing was sent.
        InvalidInput: The campaign was created before, and is over.
    """
    settled = settle or (lambda known: reread(provider, known))
    if look is None:
        try:
            return (yield from settled(read((yield request))))
        except _Lost as lost:
            raise outcome_unknown(request, provider, lost, check) from lost
    if (earlier := (yield from look())) is not None:
        return placed_before((yield from reread(provider, earlier)), composition)
    if warn is not None:
        yield from warn()
    request = attrs.evolve(request, looks_first=True)
    for number in range(1, _MOST_SENDS + 1):
        is_last = number == _MOST_SENDS
        try:
            known = read((yield request))
        except RateLimited as exc:
            if is_last or not exc.waited:
                raise
            found = yield from look()
        except _Lost as exc:
            found, is_seen = yield from _look_after(provider, look)
            if found is None and (is_last or not is_seen or not is_recognised or not getattr(exc, "may_repeat", False)):
                raise outcome_unknown(request, provider, exc, check) from exc
        else:
            return (yield from settled(known))
        if found is not None:
            return (yield from settled(found))
    raise AssertionError("the last attempt raises")


def _look_after(provider: Provider, look: Callable[[], Flow[Campaign | None]]) -> Flow[tuple[Campaign | None, bool]]:
    """Look some times for a campaign whose creation was not answered.

    Returns:
        The campaign, or ``None``; and whether the last look was complete.
    """
    is_seen = False
    for pause in LOOKS:
        try:
            found = yield from after(pause, look())
        except _Failed as exc:
            _logger.warning("%s: looking whether the campaign is there failed: %s", provider.name, exc)
            is_seen = False
        else:
            is_seen = True
            if found is not None:
                return found, True
    return None, is_seen


def warn_of_overlap(provider: Provider, composition: Composition, campaigns: Sequence[Campaign]) -> Flow[None]:
    """Warn if most numbers of a draft are in an open campaign of the same agent. Reads a page of the likely ones.

    Args:
        provider: The vendor.
        composition: The draft.
        campaigns: All campaigns, as they were just listed.

    Raises:
        OverlapFound: They are, and the draft is to be refused then.
    """
    draft, asked = composition.draft, {subscriber_key(contact.phone_number) for contact in composition.draft.contacts}
    open_ones = [
        campaign
        for campaign in campaigns
        if not campaign.status.is_terminal and campaign.agent_id in {None, draft.agent_id or campaign.agent_id}
    ]
    likely = [campaign for campaign in open_ones if len(asked) / 2 <= (campaign.counts.total or 0) <= len(asked) * 2]
    likely.sort(key=lambda campaign: campaign.created_at or composition.now, reverse=True)
    paging = provider.capabilities.contact_paging
    for campaign in likely[:_MOST_COMPARED] if draft.part is None else ():
        try:
            page = yield from provider.list_contacts(campaign.id, paging.first, ContactFilter())
        except _Failed:
            continue
        there = {subscriber_key(contact.phone_number) for contact in page.items}
        if len(there & asked) * 2 > min(len(asked), len(there)):
            if composition.refuse_overlap:
                raise OverlapFound(campaign, (yield from _missing(provider, composition, open_ones)))
            can_add = provider.capabilities.operations["add_contacts"].available
            _logger.warning(
                "%s: most numbers of this draft are in %s too, which is %s, and are called by both; %s",
                provider.name,
                campaign.id,
                campaign.status,
                "to call only who is new, use add_contacts" if can_add else "to prevent that, place only who is new",
            )


def _missing(
    provider: Provider, composition: Composition, campaigns: Sequence[Campaign]
) -> Flow[Sequence[ContactDraft] | None]:
    """The contacts of a draft that are in none of these campaigns; ``None`` if that is unknown."""
    there: set[str] = set()
    for campaign in campaigns:
        try:
            rows, report = yield from read_all(
                provider.capabilities.contact_paging, partial(_everybody, provider, campaign.id)
            )
        except _Failed:
            return None
        if not report.complete:
            return None
        there.update(subscriber_key(contact.phone_number) for contact in rows)
    return [contact for contact in composition.draft.contacts if subscriber_key(contact.phone_number) not in there]


def _everybody(provider: Provider, campaign_id: str, position: Position) -> Flow[Page[Contact]]:
    return provider.list_contacts(campaign_id, position, ContactFilter())


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
    except _Failed as exc:
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
    if (due.moment if due else None) != start and not (due and start and _is_as_asked(start, due)):
        begins = due.text if due else "when it is started" if draft.start == Start.HOLD else "now"
        found.append(f"start: {_moment(start) if start else 'none'} there, {begins} here")
    for name, there_too, here in (
        ("agent", campaign.agent_id, draft.agent_id),
        ("name", campaign.name, draft.name),
        ("calls at the same time", campaign.max_concurrency, draft.max_concurrency),
    ):
        if there_too is not None and here is not None and there_too != here:
            found.append(f"{name}: {there_too} there, {here} here")
    return found or ["the start, a setting, or what is said about a contact"]


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _is_as_asked(start: datetime, due: When) -> bool:
    return timedelta(seconds=-1) <= start - due.moment < _AS_ASKED


def departure(composition: Composition, campaign: Campaign) -> str | None:
    """How a campaign that was just created is not what was asked for; ``None`` if it is.

    What the vendor does not give is not compared.
    """
    due, status = composition.due, campaign.status
    start = campaign.schedule.start if campaign.schedule else None
    if status in _NEVER or (status is CampaignStatus.PAUSED and composition.draft.start != Start.HOLD):
        return f"it is {status}"
    if due is not None:
        if start is not None and not _is_as_asked(start, due):
            return f"it starts at {_moment(start)}, not at {_moment(due.moment)}"
        if status in _BEGUN and due.moment > composition.now + _ABOUT_NOW:
            return f"it is {status} already, and was to start at {_moment(due.moment)}"
    elif composition.draft.start == Start.HOLD:
        if status in {*_BEGUN, CampaignStatus.SCHEDULED}:
            return f"it is {status}, and was to be held"
    elif status is CampaignStatus.UNKNOWN and campaign.vendor_status is not None:
        return f"it was to start now, and its status is {campaign.vendor_status!r}, which is not documented"
    elif status not in _BEGUN and start is not None and start > _latest(composition.now, campaign) + _ABOUT_NOW:
        return f"it was to start now, and starts at {_moment(start)}"
    return None


def _latest(now: datetime, campaign: Campaign) -> datetime:
    """The time now, by this machine's clock or by that of the vendor, whichever shows more."""
    return now if campaign.created_at is None else max(now, campaign.created_at)


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


def require_whole(
    report: ListingReport,
    provider: Provider,
    operation: OperationName = "create_campaign",
    subject: str | None = None,
    consequence: str = _NOT_SENT,
) -> None:
    """Require that a listing is complete, because what was not found in it may be sent.

    Raises:
        IncompleteListing: It is not.
    """
    if not report.complete:
        raise IncompleteListing(
            provider=provider.name, operation=operation, subject=subject, report=report, consequence=consequence
        )


def outcome_unknown(request: Request, provider: Provider, lost: Exception, check: str) -> OutcomeUnknown:
    """The error that ends a flow whose request may have been carried out."""
    reason = lost.reason if isinstance(lost, OutcomeUnknown) else str(lost)
    return OutcomeUnknown(
        provider=provider.name, operation=request.operation, subject=request.subject, reason=reason, check=check
    )


def require_open(campaign: Campaign) -> None:
    """Require that contacts can be added to a campaign.

    Raises:
        Conflict: It is over.
    """
    if campaign.status.is_terminal:
        raise Conflict(
            provider=campaign.provider,
            operation="add_contacts",
            http_status=None,
            subject=campaign.id,
            present=campaign.status,
            allowed=[status for status in CampaignStatus if not status.is_terminal],
        )


def partly_created(campaign: Campaign, failed: Exception) -> PartlyDone:
    """The error for a campaign that was created before something failed."""
    return PartlyDone(
        provider=campaign.provider,
        operation="create_campaign",
        campaign=campaign,
        reason=f"{campaign.id} was created, then something failed; asking for the same again goes on with it: {failed}",
    )


def going_on(campaign: Campaign, rest: Flow[Campaign]) -> Flow[Campaign]:
    """What is left to do for a campaign that is there.

    Raises:
        PartlyDone: It failed.
    """
    try:
        return (yield from rest)
    except PartlyDone:
        raise
    except _Failed as exc:
        raise partly_created(campaign, exc) from exc


def require_not_over(campaign: Campaign) -> None:
    """Require that a campaign that the same draft created before is not over: returning it would call nobody.

    Raises:
        InvalidInput: It is over.
    """
    if campaign.status.is_terminal:
        raise _placed_before(campaign, f"which is {campaign.status}")


def _placed_before(campaign: Campaign, state: str) -> InvalidInput:
    return InvalidInput(
        f"this draft was placed before, as {campaign.id}, {state}; to place it once more, give it an idempotency_key "
        "of its own"
    )


def placed_before(campaign: Campaign, composition: Composition | None = None) -> Campaign:
    """A campaign that the same draft created before.

    Args:
        campaign: The campaign.
        composition: The draft. If it is a part of a larger one, the other parts may still have to be placed.

    Raises:
        InvalidInput: It is over, and no part.
    """
    if campaign.status.is_terminal and composition is not None and composition.draft.part is not None:
        _logger.warning(
            "%s: this part was placed before, as %s, and is over",
            campaign.provider,
            campaign.id,
            extra={"placed_before": campaign.id},
        )
        return campaign
    require_not_over(campaign)
    _logger.warning(
        "%s: this draft was placed before, as %s; it is not created again",
        campaign.provider,
        campaign.id,
        extra={"placed_before": campaign.id},  # for the command line, which says so of the campaign
    )
    due, start = composition and composition.due, campaign.schedule and campaign.schedule.start
    if due and start and campaign.status not in _BEGUN and not _is_as_asked(start, due):
        what = (campaign.provider, campaign.id, _moment(start), _moment(due.moment))
        _logger.warning("%s: %s starts at %s, and this draft says %s; somebody may have changed it", *what)
    return campaign


def reread(provider: Provider, known: Campaign) -> Flow[Campaign]:
    """Read a campaign that was just written; if reading fails, return ``known``, since the write did not fail.

    ``known`` is what the vendor answered, or has the status `UNKNOWN`. It never has the status from before the write.
    """
    try:
        return (yield from provider.get_campaign(known.id))
    except _Failed as exc:
        _logger.warning("%s: %s was written, and reading it failed: %s", provider.name, known.id, exc)
        return known


def wait_while(provider: Provider, campaign: Campaign, status: CampaignStatus) -> Flow[Campaign]:
    """Read a campaign again, some times, while it has this status."""
    for pause in LOOKS:
        if campaign.status is not status:
            break
        campaign = yield from after(pause, reread(provider, campaign))
    return campaign


def reread_created(provider: Provider, known: Campaign) -> Flow[Campaign]:
    """Read a campaign that was created just now or by an earlier run: the vendor's answer does not say which.

    Raises:
        InvalidInput: It is gone.
    """
    for flow in (after(pause, provider.get_campaign(known.id)) for pause in (0.0, *LOOKS)):
        try:
            return (yield from flow)
        except NotFound:
            continue
        except _Failed as exc:
            _logger.warning("%s: reading %s failed: %s", provider.name, known.id, exc)
            return known
    raise _placed_before(known, "and that is gone")


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
        PartlyDone: It was carried out, and the campaign starts at another time than was asked for.
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

    for _ in range(_MOST_SENDS):
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
                known = _of_unknown_status(campaign)
                if when is None and transition.done <= _STOPPED:
                    return (yield from _reread_stopped(provider, known, operation))
                return (yield from _reread_started(provider, known, operation, when))
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
            campaign = yield from after(LOOKS[0], provider.get_campaign(campaign_id))
        except _Failed as exc:
            raise outcome_unknown(request, provider, lost, f"look at the status of {campaign_id}") from exc
    if is_done(campaign):
        return campaign
    assert lost is not None  # noqa: S101  # the loop ends only after losses
    raise outcome_unknown(request, provider, lost, f"look at the status of {campaign_id}") from lost


_STOPPED = frozenset({CampaignStatus.PAUSED, CampaignStatus.CANCELLED})


def _reread_stopped(provider: Provider, known: Campaign, operation: OperationName) -> Flow[Campaign]:
    """Read a campaign that was just stopped, and require that it is; it may take a moment to show."""
    campaign = yield from reread(provider, known)
    for pause in LOOKS:
        if campaign.status not in provider.transitions[operation].allowed:
            return campaign
        campaign = yield from after(pause, reread(provider, known))
    if campaign.status not in provider.transitions[operation].allowed:
        return campaign
    departs = f"it is {campaign.status} still, although {provider.title} said that it was stopped"
    raise not_as_asked(campaign, departs, f"stop it in {provider.title}'s dashboard, or try again", operation)


def _reread_started(provider: Provider, known: Campaign, operation: str, when: When | None) -> Flow[Campaign]:
    """Read a campaign that was just given a start, and require that it has it; it may take a moment to show."""
    campaign = yield from reread(provider, known)
    for pause in LOOKS if when is not None else ():
        start = campaign.schedule.start if campaign.schedule else None
        if when is None or start is None or campaign.status is CampaignStatus.UNKNOWN or _is_as_asked(start, when):
            return campaign
        campaign = yield from after(pause, reread(provider, known))
    start = campaign.schedule.start if campaign.schedule else None
    if when is None or start is None or _is_as_asked(start, when):
        return campaign
    departs = f"it starts at {_moment(start)}, not at {_moment(when.moment)}, as was asked"
    raise not_as_asked(campaign, departs, "pause or cancel it, or give it another time", operation)


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
    for _ in range(_MOST_SENDS):
        if lost is None:
            require_allowed(provider, "delete_campaign", campaign)
        elif not is_allowed(provider, "delete_campaign", campaign):
            raise outcome_unknown(request, provider, lost, f"{campaign_id} is {campaign.status} now") from lost
        try:
            if not refused((yield request)):
                return
        except _Lost as exc:
            lost = exc
        try:
            campaign = yield from after(LOOKS[0] if lost else 0, provider.get_campaign(campaign_id))
        except NotFound:
            return
        except _Failed as exc:
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
    for pause in LOOKS if campaign.status in transition.allowed else ():
        now = yield from after(pause, reread(provider, _of_unknown_status(campaign)))
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


@attrs.frozen(kw_only=True)
class Adding:
    """How to add contacts to a campaign in several requests, each contact that is not there already.

    Attributes:
        provider: The vendor.
        campaign: The campaign, as it was just read.
        bodies: The contacts as the vendor takes them, by their numbers.
        count: Returns what an answer states: how many were added, and a remark about the others.
        on_progress: Called with the number of contacts that are settled, and of all.
        size: The most contacts in one request.
    """

    provider: Provider
    campaign: Campaign
    bodies: Mapping[str, Mapping[str, Any]]
    count: Callable[[Response], tuple[int, str]]
    on_progress: Callable[[int, int], None]
    size: int

    def run(self) -> Flow[Added]:
        """Add them.

        Returns:
            What happened to them; ``failed`` says why not all are settled.

        Raises:
            IncompleteListing: Which contacts are there already is unknown; nothing was sent.
        """
        done = Added(len(self.bodies), before=self.campaign.counts.total)
        there = set() if self.campaign.counts.total == 0 else (yield from self._there(_NOT_SENT))
        done.present = [number for number in self.bodies if number in there]
        left = iter([number for number in self.bodies if number not in there])
        doubtful: dict[str, str] = {}
        self.on_progress(done.settled, done.total)
        try:
            while chunk := list(islice(left, self.size)):
                doubtful.update((yield from self._add(chunk, done)))
                self.on_progress(done.settled, done.total)
            if doubtful:
                there = yield from self._there()
                done.added += [number for number in doubtful if number in there]
                done.rejected.update((number, remark) for number, remark in doubtful.items() if number not in there)
                self.on_progress(done.settled, done.total)
        except _Failed as exc:
            done.unknown += [number for number in doubtful if number not in {*done.added, *done.rejected}]
            done.failed = exc
        return done

    def _add(self, chunk: Sequence[str], done: Added) -> Flow[Mapping[str, str]]:
        """Add one chunk.

        Returns:
            The numbers for which the answer does not say whether they were added, with its remark.
        """
        for number_of_sends in range(1, _MOST_SENDS + 1):
            (request,) = self.provider.addition(self.campaign.id, [self.bodies[number] for number in chunk])
            try:
                added, remark = self.count((yield attrs.evolve(request, looks_first=True)))
            except RateLimited as exc:  # which does not prove that nothing was done
                if number_of_sends == _MOST_SENDS or not exc.waited:
                    raise
                try:
                    there = yield from self._there()
                except _Failed:
                    done.unknown += chunk
                    raise
                done.added += [number for number in chunk if number in there]
                if not (chunk := [number for number in chunk if number not in there]):
                    return {}
            except _Lost as lost:
                return (yield from self._settle(request, chunk, done, lost))
            else:
                if added != len(chunk):
                    return dict.fromkeys(chunk, remark)
                done.added += chunk
                return {}
        raise AssertionError("the last attempt returns or raises")

    def _settle(self, request: Request, chunk: Sequence[str], done: Added, lost: Exception) -> Flow[Mapping[str, str]]:
        """Look which contacts of a chunk whose answer was lost are there."""
        seen = yield from self._look(chunk)
        done.added += [number for number in chunk if number in seen]
        done.unknown += [number for number in chunk if number not in seen]
        if len(seen) == len(chunk):
            return {}
        check = f"wait some minutes, then look which contacts {self.campaign.id} has"
        raise outcome_unknown(request, self.provider, lost, check) from lost

    def _look(self, chunk: Sequence[str]) -> Flow[set[str]]:
        """Look which of the numbers are there now."""
        seen: set[str] = set()
        for pause in LOOKS:
            try:
                seen |= (yield from after(pause, self._there())).intersection(chunk)
            except _Failed as exc:
                _logger.warning("%s: looking which contacts are there failed: %s", self.provider.name, exc)
            if len(seen) == len(chunk):
                break
        return seen

    def _there(self, consequence: str = _TRY_AGAIN) -> Flow[set[str]]:
        """Which of the numbers are in the campaign, in whatever spelling of the same subscriber's number.

        Raises:
            IncompleteListing: Some may be missing.
        """
        contacts, report = yield from read_all(
            self.provider.capabilities.contact_paging,
            lambda position: self.provider.list_contacts(self.campaign.id, position, ContactFilter()),
        )
        require_whole(report, self.provider, "add_contacts", self.campaign.id, consequence)
        there = {subscriber_key(contact.phone_number) for contact in contacts}
        return {number for number in self.bodies if subscriber_key(number) in there}
