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
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar

import attrs

from unibatch.core.errors import (
    Conflict,
    IncompleteListing,
    InvalidInput,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PartlyDone,
    ProviderError,
    UnibatchError,
)
from unibatch.core.flow import NO_CONTENT, Flow, Request, Response
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport, Page, Pager, Paging, Position
from unibatch.core.provider import Added, ContactFilter, OperationName, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import StructureError, read_leniently

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


_RECENT = timedelta(days=7)
"""An older campaign is not looked at: an earlier run did not create it."""


def where_to_look(place: str, what: str, contacts: int) -> str:
    """What to do if it is unknown whether a campaign was created, as the end of a sentence."""
    people = "1 contact" if contacts == 1 else f"{contacts:,} contacts"
    return f"wait some minutes, since it may still be at work on it, then look in {place} for a new {what} of {people}"


def recent(campaigns: Sequence[Campaign], now: datetime) -> list[Campaign]:
    """The campaigns that an earlier run may have created, including those without a time of creation.

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
) -> Flow[Campaign]:
    """Create a campaign, unless it is there already, at a vendor that does not recognise a repeated request.

    Args:
        provider: The vendor.
        request: What creates it.
        read: Makes a campaign of the answer.
        look: Returns the campaign if it is there, otherwise ``None``; raises if it cannot know. ``None`` instead of a
            function if there is no way to look.
        check: What a person should look at if the campaign is not found, as a sentence.

    Raises:
        OutcomeUnknown: An answer was lost, and the campaign was not found.
        IncompleteListing: Whether the campaign is there already is unknown; nothing was sent.
        InvalidInput: The campaign was created before, and is over.
    """
    if look is not None and (earlier := (yield from look())) is not None:
        return placed_before((yield from reread(provider, earlier)))
    try:
        return (yield from reread(provider, read((yield request))))
    except _Lost as exc:
        lost = exc
    for flow in () if look is None else (after(pause, look()) for pause in LOOKS):
        try:
            if (found := (yield from flow)) is not None:
                return (yield from reread(provider, found))
        except _Failed as exc:
            _logger.warning("%s: looking whether the campaign is there failed: %s", provider.name, exc)
    raise outcome_unknown(request, provider, lost, check) from lost


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


def placed_before(campaign: Campaign) -> Campaign:
    """A campaign that the same draft created before.

    Raises:
        InvalidInput: It is over.
    """
    require_not_over(campaign)
    _logger.warning("%s: this draft was placed before, as %s; it is not created again", campaign.provider, campaign.id)
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
) -> Flow[Campaign]:
    """Change a campaign's status or start, unless that is done already.

    Args:
        provider: The vendor.
        request: What changes it; its subject is the campaign's id.
        is_done: Whether a campaign is as it should be, so that nothing has to be sent.
        campaign: The campaign, if it was just read.

    Raises:
        Conflict: The campaign's status does not allow it.
        OutcomeUnknown: An answer was lost, and whether it was carried out is unknown.
    """
    operation: Any = request.operation
    transition = provider.transitions[operation]
    campaign_id = str(request.subject)
    if campaign is None:
        campaign = yield from provider.get_campaign(campaign_id)
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
        try:
            response = yield request
            if response.status == NO_CONTENT or read_leniently(response.content):
                return (yield from reread(provider, _of_unknown_status(campaign)))
            lost = StructureError("$", "the answer is no JSON object")
        except OutcomeUnknown as exc:
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
        done = Added(len(self.bodies))
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
        (request,) = self.provider.addition(self.campaign.id, [self.bodies[number] for number in chunk])
        try:
            added, remark = self.count((yield request))
        except _Lost as exc:
            lost = exc
        else:
            if added != len(chunk):
                return dict.fromkeys(chunk, remark)
            done.added += chunk
            return {}
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
        """The numbers of all contacts in the campaign.

        Raises:
            IncompleteListing: Some may be missing.
        """
        contacts, report = yield from read_all(
            self.provider.capabilities.contact_paging,
            lambda position: self.provider.list_contacts(self.campaign.id, position, ContactFilter()),
        )
        require_whole(report, self.provider, "add_contacts", self.campaign.id, consequence)
        return {contact.phone_number for contact in contacts}
