"""Writing with dial safety: the parts of flows that change something, the same for every vendor.

A request whose answer is lost may have been carried out, or may still be. What creates a campaign or adds contacts is
therefore never sent a second time: this looks whether it is there, and if it does not find it, the end is
`OutcomeUnknown`. Asking for the same thing again looks first, too, so a program that was stopped can be run again.
What only changes how a campaign stands is sent again if looking shows that it was not carried out: twice is as once.
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
"""How many seconds to wait before each look at what became of a request whose answer was lost."""

_MOST_SENDS = 3
_NOT_SENT = "it cannot be told what is there already, so nothing was sent; ask again when nothing moves"

_Lost = (OutcomeUnknown, StructureError)
"""What is raised where a request may have been carried out: its answer did not come, or cannot be read."""


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
        rows += pager.accept((yield from ask(pager.position)))
    return rows, pager.report


_RECENT = timedelta(days=7)
"""How old a campaign may be to be asked whether it is the one that an earlier run created."""


def where_to_look(place: str, what: str, contacts: int) -> str:
    """What to do when nobody knows whether a campaign was created, as the end of a sentence."""
    people = "1 contact" if contacts == 1 else f"{contacts:,} contacts"
    return f"wait some minutes, since it may still be at work on it, then look in {place} for a new {what} of {people}"


def recent(campaigns: Sequence[Campaign], now: datetime) -> list[Campaign]:
    """The campaigns that an earlier run may have created; those of which the vendor does not tell when are among them.

    Their age is counted from the newest one, or from ``now`` if that is earlier: the vendor's clock need not be right.
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
    """Create a campaign at a vendor that does not recognise a repeated request, unless it is there already.

    Args:
        provider: The vendor.
        request: What creates it.
        read: Reads the answer, as far as it tells about the campaign.
        look: Looks whether it is there, and raises what keeps it from telling; ``None`` if there is no way to look.
        check: What to look at by hand if looking does not settle it, as a sentence.

    Raises:
        OutcomeUnknown: An answer was lost, and the campaign was not found.
        IncompleteListing: It cannot be told whether the campaign is there already; nothing was sent.
        InvalidInput: The very same was created before, and is over.
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
        except (UnibatchError, StructureError) as exc:
            _logger.warning("%s: looking whether the campaign is there failed: %s", provider.name, exc)
    raise unknown(request, provider, lost, check) from lost


def insist_on_all(report: ListingReport, provider: Provider) -> None:
    """Insist that a listing in which a campaign was not found is whole.

    Raises:
        IncompleteListing: It is not.
    """
    if not report.complete:
        raise IncompleteListing(
            provider=provider.name, operation="create_campaign", subject=None, report=report, consequence=_NOT_SENT
        )


def unknown(request: Request, provider: Provider, lost: Exception, check: str) -> OutcomeUnknown:
    """The error that ends a flow whose request may have been carried out."""
    reason = lost.reason if isinstance(lost, OutcomeUnknown) else str(lost)
    return OutcomeUnknown(
        provider=provider.name, operation=request.operation, subject=request.subject, reason=reason, check=check
    )


def insist_on_open(campaign: Campaign) -> None:
    """Insist that contacts can be added to a campaign.

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
    """The error for a campaign that was created, and with which something failed afterwards."""
    return PartlyDone(
        provider=campaign.provider,
        operation="create_campaign",
        campaign=campaign,
        reason=f"{campaign.id} was created, then something failed; asking for the same again goes on with it: {failed}",
    )


def check_not_over(campaign: Campaign) -> None:
    """Insist that a campaign that was created of the very same draft before is not over.

    Raises:
        InvalidInput: It is, so that returning it would mean that nobody is called.
    """
    if campaign.status.is_terminal:
        raise InvalidInput(
            f"this very draft was placed before, as {campaign.id}, which is {campaign.status}; to place it once more, "
            "give it an idempotency_key of its own"
        )


def placed_before(campaign: Campaign) -> Campaign:
    """A campaign that was created of the very same draft before.

    Raises:
        InvalidInput: It is over, so that returning it would mean that nobody is called.
    """
    check_not_over(campaign)
    _logger.warning("%s: this draft was placed before, as %s; it is not created again", campaign.provider, campaign.id)
    return campaign


def reread(provider: Provider, known: Campaign) -> Flow[Campaign]:
    """Read a campaign that was just written; if that fails, what is known of it has to do, since the write did not.

    What is known of it is what the vendor answered, or that it has the status `UNKNOWN`: never how it stood before.
    """
    try:
        return (yield from provider.get_campaign(known.id))
    except (UnibatchError, StructureError) as exc:
        _logger.warning("%s: %s was written, and reading it failed: %s", provider.name, known.id, exc)
        return known


def present(provider: Provider, known: Campaign) -> Flow[Campaign]:
    """How a campaign stands now that was created just now, or by an earlier run, as the vendor's answer may mean.

    Raises:
        InvalidInput: It is gone.
    """
    for flow in (after(pause, provider.get_campaign(known.id)) for pause in (0.0, *LOOKS)):
        try:
            return (yield from flow)
        except NotFound:
            continue
        except (UnibatchError, StructureError) as exc:
            _logger.warning("%s: reading %s failed: %s", provider.name, known.id, exc)
            return known
    raise InvalidInput(
        f"this very draft was placed before, as {known.id}, and that is gone; to place it once more, give it an "
        "idempotency_key of its own"
    )


def check_taken(campaign: Campaign, expected: int, *, advice: str) -> Campaign:
    """Insist that a new campaign has as many contacts as were sent, where the vendor tells.

    Raises:
        PartlyDone: It has another number.
    """
    if campaign.counts.total not in {None, expected}:
        raise PartlyDone(
            provider=campaign.provider,
            operation="create_campaign",
            campaign=campaign,
            reason=f"{campaign.id} was created with {campaign.counts.total:,} contacts where {expected:,} were sent; "
            f"list them to see who is missing; {advice}",
        )
    return campaign


def carry_out(
    provider: Provider,
    request: Request,
    is_done: Callable[[Campaign], bool],
    campaign: Campaign | None = None,
) -> Flow[Campaign]:
    """Change how a campaign stands, unless it stands so already.

    Args:
        provider: The vendor.
        request: What changes it; its subject is the campaign's id.
        is_done: Whether a campaign stands as is wanted, so that nothing has to be sent.
        campaign: The campaign, if it was just read.

    Raises:
        Conflict: It is not possible as the campaign stands.
        OutcomeUnknown: An answer was lost, and looking did not tell what became of it.
    """
    operation: Any = request.operation
    transition = provider.transitions[operation]
    campaign_id = str(request.subject)
    if campaign is None:
        campaign = yield from provider.get_campaign(campaign_id)
    lost: Exception | None = None
    for _ in range(_MOST_SENDS):
        if is_done(campaign) or (lost is not None and campaign.status in transition.passed):
            return campaign
        if lost is None:
            check_allowed(provider, operation, campaign)
        elif not is_allowed(provider, operation, campaign):
            raise unknown(request, provider, lost, f"{campaign_id} is {campaign.status} now") from lost
        try:
            response = yield request
            if response.status == NO_CONTENT or read_leniently(response.content):
                return (yield from reread(provider, _of_unknown_status(campaign)))
            lost = StructureError("$", "the answer is no JSON object")
        except OutcomeUnknown as exc:
            lost = exc
        except (InvalidRequest, Conflict) as refused:
            campaign = yield from reread(provider, campaign)
            if is_done(campaign) or (lost is not None and campaign.status in transition.passed):
                return campaign
            if campaign.status in transition.allowed and not isinstance(refused, Conflict):
                raise
            raise _conflict(provider, operation, campaign, refused) from refused
        try:
            campaign = yield from after(LOOKS[0], provider.get_campaign(campaign_id))
        except (UnibatchError, StructureError) as exc:
            raise unknown(request, provider, lost, f"look how {campaign_id} stands") from exc
    if is_done(campaign):
        return campaign
    assert lost is not None  # noqa: S101  # the loop ends only after losses
    raise unknown(request, provider, lost, f"look how {campaign_id} stands") from lost


def _of_unknown_status(campaign: Campaign) -> Campaign:
    return attrs.evolve(campaign, status=CampaignStatus.UNKNOWN, vendor_status=None)


def delete_once(provider: Provider, request: Request, refused: Callable[[Response], bool]) -> Flow[None]:
    """Delete a campaign.

    Args:
        provider: The vendor.
        request: What deletes it; its subject is the campaign's id.
        refused: Whether an answer says that it was not deleted.

    Raises:
        Conflict: It cannot be deleted as it stands.
        NotFound: It was not there to begin with.
    """
    campaign_id = str(request.subject)
    campaign = yield from provider.get_campaign(campaign_id)
    lost: Exception | None = None
    for _ in range(_MOST_SENDS):
        if lost is None:
            check_allowed(provider, "delete_campaign", campaign)
        elif not is_allowed(provider, "delete_campaign", campaign):
            raise unknown(request, provider, lost, f"{campaign_id} is {campaign.status} now") from lost
        try:
            if not refused((yield request)):
                return
        except _Lost as exc:
            lost = exc
        try:
            campaign = yield from after(LOOKS[0] if lost else 0, provider.get_campaign(campaign_id))
        except NotFound:
            return
        except (UnibatchError, StructureError) as exc:
            if lost is None:
                raise
            raise unknown(request, provider, lost, f"look whether {campaign_id} is still there") from exc
        if lost is None:
            raise _conflict(provider, "delete_campaign", campaign)
    raise unknown(request, provider, lost or OSError(), f"look whether {campaign_id} is still there") from lost


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
    check_allowed(provider, "retry_campaign", campaign)
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
    raise unknown(request, provider, lost, f"look whether {campaign_id} calls people again") from lost


def is_allowed(provider: Provider, operation: OperationName, campaign: Campaign) -> bool:
    """Whether an operation is possible as a campaign stands; of an unknown status the vendor is the judge."""
    return campaign.status in {CampaignStatus.UNKNOWN, *provider.transitions[operation].allowed}


def check_allowed(provider: Provider, operation: OperationName, campaign: Campaign) -> None:
    """Insist that an operation is possible as a campaign stands.

    Raises:
        Conflict: It is not.
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


class AddingFailed(Exception):
    """Adding contacts came to an end before all were settled; ``__cause__`` says why."""

    def __init__(self, added: Added) -> None:
        """Keep what became of them so far; what is in none of its lists was not sent."""
        self.added = added
        super().__init__()


@attrs.frozen(kw_only=True)
class Adding:
    """How to add contacts to a campaign in several requests, each contact that is not there already.

    Attributes:
        provider: The vendor.
        campaign: The campaign, as it was just read.
        bodies: The contacts as the vendor takes them, by their numbers.
        count: Reads an answer: how many were added, and what it says about the others.
        on_progress: Told how many contacts are settled, and how many there are.
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

        Raises:
            AddingFailed: It came to an end before all were settled.
            IncompleteListing: It cannot be told who is there already; nothing was sent.
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
        except (UnibatchError, StructureError) as exc:
            done.unknown += [number for number in doubtful if number not in {*done.added, *done.rejected}]
            raise AddingFailed(done) from exc
        return done

    def _add(self, chunk: Sequence[str], done: Added) -> Flow[Mapping[str, str]]:
        """Add one chunk.

        Returns:
            The numbers of which the answer does not say whether they were added, with what it says.
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
        raise unknown(request, self.provider, lost, check) from lost

    def _look(self, chunk: Sequence[str]) -> Flow[set[str]]:
        """Look which of the numbers are there by now."""
        seen: set[str] = set()
        for pause in LOOKS:
            try:
                seen |= (yield from after(pause, self._there())).intersection(chunk)
            except (UnibatchError, StructureError) as exc:
                _logger.warning("%s: looking which contacts are there failed: %s", self.provider.name, exc)
            if len(seen) == len(chunk):
                break
        return seen

    def _there(self, consequence: str = "ask again when nothing moves; only who is missing is sent") -> Flow[set[str]]:
        return _numbers(self.provider, self.campaign.id, consequence)


def _numbers(provider: Provider, campaign_id: str, consequence: str) -> Flow[set[str]]:
    """The numbers of everybody in a campaign.

    Raises:
        IncompleteListing: Some may be missing.
    """
    contacts, report = yield from read_all(
        provider.capabilities.contact_paging,
        lambda position: provider.list_contacts(campaign_id, position, ContactFilter()),
    )
    if not report.complete:
        raise IncompleteListing(
            provider=provider.name,
            operation="add_contacts",
            subject=campaign_id,
            report=report,
            consequence=consequence,
        )
    return {contact.phone_number for contact in contacts}
