"""Looking at a vendor: what flows that write do before they send something, and after an answer is lost.

A request whose answer is lost may have been carried out, or may still be. So what creates a campaign or adds contacts
is never sent a second time blindly: the flow looks whether it is there, several times, since a vendor may be late.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TypeVar

import attrs

from unibatch.core.draft_fields import Composition
from unibatch.core.errors import (
    IncompleteListing,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    UnibatchError,
)
from unibatch.core.flow import Ahead, Flow, Request, adapted
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport, Page, Pager, Paging, Position
from unibatch.core.provider import CampaignFilter, OperationName, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import StructureError

T = TypeVar("T", Campaign, Contact)

R = TypeVar("R")

_logger = logging.getLogger("unibatch")

LOOKS = (0.5, 2.0, 5.0)
"""After a lost answer: how many seconds to wait before each look whether the request was carried out."""

NOT_SENT = "what is there already is unknown, so nothing was sent; try again when no rows move"

_WITHHELD = "what is there already is unknown, so nothing was sent; the vendor does not show it, whenever you try again"

MOST_SENDS = 3
"""How often a request is sent at most where looking shows that nothing was done."""

LOST = (OutcomeUnknown, StructureError)
"""The request may have been carried out: no answer came, or it cannot be read."""

FAILED = (UnibatchError, StructureError)
"""All that a flow can raise."""

_IS_GONE = (NotFound, PermissionDenied, InvalidRequest)
"""What a vendor answers for the id of a campaign that is gone, or of another account."""


def after(seconds: float, flow: Flow[R]) -> Flow[R]:
    """The same flow, with a wait before its first request."""
    return _continued(flow, attrs.evolve(next(flow), after=seconds))


def _continued(flow: Flow[R], request: Request) -> Flow[R]:
    """The rest of a flow, with ``request`` in the place of the one that it is at."""
    return adapted(flow, lambda each: each, at=request)


def looks(look: Callable[[], Flow[R]], *, is_long: bool = False) -> Iterator[Flow[R]]:
    """The same look several times, each after a longer wait: one for each of `LOOKS`.

    Args:
        look: Makes the look.
        is_long: Look for half a minute, because what is not found is sent again.
    """
    for pause in (*LOOKS, 2 * LOOKS[-1], 3 * LOOKS[-1]) if is_long else LOOKS:
        yield after(pause, look())


def soon(look: Flow[R]) -> Flow[R]:
    """A look after the shortest of these waits."""
    return after(LOOKS[0], look)


def read_all(
    paging: Paging,
    ask: Callable[[Position], Flow[Page[T]]],
    *,
    is_enough: Callable[[Sequence[T]], bool] = lambda _: False,
) -> Flow[tuple[list[T], ListingReport]]:
    """Read a listing to its end. The client may send the requests for the next pages ahead (`Request.ahead`).

    Args:
        paging: How the listing is paged.
        ask: Returns the flow that asks for the page at a position, which begins with that request.
        is_enough: Whether to stop after a page, which has these new rows. Left out: at the end.

    Returns:
        The rows, and whether those are all.

    Raises:
        NotFound: What is listed is not there, or a page of it, which ``page`` names.
    """
    pager: Pager[T] = Pager(paging, attrgetter("id"))
    begun: dict[Position, tuple[Flow[Page[T]], Request]] = {}

    def upcoming(count: int) -> Sequence[Position]:
        positions = pager.upcoming(count)
        for position in positions:
            if position not in begun:
                flow = ask(position)
                begun[position] = flow, next(flow)
        return positions

    ahead = Ahead(upcoming, lambda position: begun[position][1])
    rows: list[T] = []
    while (position := pager.position) is not None:
        upcoming(1)
        flow, request = begun[position]
        try:
            page = yield from _continued(flow, attrs.evolve(request, ahead=ahead))
        except NotFound as exc:
            if not pager.is_behind_the_last:
                raise exc.of_page(pager.place) from None
            pager.accept_none()
        else:
            fresh = pager.accept(page)
            rows += fresh
            if is_enough(fresh):
                break
        del begun[position]
    return rows, pager.report


def with_placed(provider: Provider, campaigns: Sequence[Campaign], placed: str | None) -> Flow[list[Campaign]]:
    """Campaigns that were listed, and one that was placed lately: a vendor may take seconds to list it.

    Args:
        provider: The vendor.
        campaigns: Those that were listed.
        placed: The id of the one that was placed, or ``None``. It may be of another account, or deleted since.

    Raises:
        IncompleteListing: Whether that one is there is unknown, since reading it failed.
    """
    if placed is None or any(campaign.id == placed for campaign in campaigns):
        return list(campaigns)
    try:
        return [*campaigns, (yield from provider.get_campaign(placed))]
    except _IS_GONE as exc:
        _logger.info("%s: %s was placed lately, and is gone: %s", provider.name, placed, exc)
    except FAILED as exc:
        _logger.warning("%s: reading %s failed: %s", provider.name, placed, exc)
        require_whole(ListingReport(reason=f"{placed} was placed lately, and cannot be read"), provider)
    return list(campaigns)


def all_campaigns(
    provider: Provider, composition: Composition, wanted: CampaignFilter | None = None
) -> Flow[tuple[list[Campaign], ListingReport]]:
    """All campaigns among which that of a draft is looked for: those that are listed, and one that was placed lately.

    Args:
        provider: The vendor.
        composition: The draft.
        wanted: Which campaigns it can be. Left out: any.

    Returns:
        The campaigns, and whether the vendor has listed all that there are; see `require_whole`.
    """
    campaigns, report = yield from read_all(
        provider.capabilities.campaign_paging,
        lambda position: provider.list_campaigns(position, wanted or CampaignFilter()),
    )
    placed = composition.placed if report.has_all_shown else None
    return (yield from with_placed(provider, campaigns, placed)), report


_RECENT = timedelta(days=90)
"""A campaign that is older is not looked into unless its listing alone makes it likely that it is the one."""


def recent(campaigns: Sequence[Campaign], now: datetime) -> list[Campaign]:
    """The campaigns of the last 90 days, including those without a time of creation.

    Their age is counted from the newest one, or from ``now`` if that is earlier: the vendor's clock may be wrong.
    """
    newest = max((campaign.created_at for campaign in campaigns if campaign.created_at is not None), default=now)
    oldest = min(newest, now) - _RECENT
    return [campaign for campaign in campaigns if campaign.created_at is None or campaign.created_at >= oldest]


def require_whole(
    report: ListingReport,
    provider: Provider,
    operation: OperationName = "create_campaign",
    subject: str | None = None,
    consequence: str = NOT_SENT,
    *,
    but_withheld: bool = False,
) -> None:
    """Require that a listing is complete, because what was not found in it may be sent.

    Args:
        report: What was seen.
        provider: The vendor.
        operation: The client's method.
        subject: The id that it is about, or ``None``.
        consequence: What follows if it is not complete.
        but_withheld: What the vendor does not show at all (`Page.withheld`) may be missing: it is too old to be what is
            looked for.

    Raises:
        IncompleteListing: It is not.
    """
    if consequence == NOT_SENT and report.has_all_shown:
        consequence = _WITHHELD
    if not (report.complete or (but_withheld and report.has_all_shown)):
        raise IncompleteListing(
            provider=provider.name, operation=operation, subject=subject, report=report, consequence=consequence
        )


def outcome_unknown(request: Request, provider: Provider, lost: Exception, check: str) -> OutcomeUnknown:
    """The error that ends a flow whose request may have been carried out."""
    reason = lost.reason if isinstance(lost, OutcomeUnknown) else str(lost)
    unknown = OutcomeUnknown(
        provider=provider.name, operation=request.operation, subject=request.subject, reason=reason, check=check
    )
    unknown.was_denied = isinstance(lost, OutcomeUnknown) and lost.was_denied
    return unknown


def reread(provider: Provider, known: Campaign) -> Flow[Campaign]:
    """Read a campaign that was just written; if reading fails, return ``known``, since the write did not fail.

    ``known`` is what the vendor answered, or has the status `UNKNOWN`. It never has the status from before the write.
    """
    try:
        return (yield from provider.get_campaign(known.id))
    except FAILED as exc:
        _logger.warning("%s: %s was written, and reading it failed: %s", provider.name, known.id, exc)
        return known


def wait_while(provider: Provider, known: Campaign, status: CampaignStatus) -> Flow[Campaign]:
    """Read a campaign again, some times, while it has this status."""
    campaign = known
    for look in looks(lambda: reread(provider, known)):
        if campaign.status is not status:
            break
        campaign = yield from look
    return campaign
