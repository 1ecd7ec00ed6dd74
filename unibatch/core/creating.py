"""Creating a campaign once: the parts of `Provider.create_campaign` that are the same for every vendor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import chain

import attrs

from unibatch.core.as_asked import BEGUN, is_as_asked, shown
from unibatch.core.draft_fields import Composition
from unibatch.core.errors import InvalidInput, NotFound, PartlyDone, RateLimited
from unibatch.core.flow import Flow, Request, Response
from unibatch.core.looking import FAILED, LOST, MOST_SENDS, looks, outcome_unknown, reread
from unibatch.core.model import Campaign
from unibatch.core.provider import Provider

_logger = logging.getLogger("unibatch")


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
        except LOST as lost:
            raise outcome_unknown(request, provider, lost, check) from lost
    if (earlier := (yield from look())) is not None:
        return placed_before((yield from reread(provider, earlier)), composition)
    if warn is not None:
        yield from warn()
    request = attrs.evolve(request, looks_first=True)
    for number in range(1, MOST_SENDS + 1):
        is_last = number == MOST_SENDS
        try:
            known = read((yield request))
        except RateLimited as exc:
            if is_last or not exc.waited:
                raise
            found = yield from look()
        except LOST as exc:
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
    for again in looks(look):
        try:
            found = yield from again
        except FAILED as exc:
            _logger.warning("%s: looking whether the campaign is there failed: %s", provider.name, exc)
            is_seen = False
        else:
            is_seen = True
            if found is not None:
                return found, True
    return None, is_seen


def where_to_look(place: str, what: str, contacts: int | None) -> str:
    """What to do if it is unknown whether a campaign was created, as the end of a sentence.

    ``contacts`` is ``None`` if their number is unknown.
    """
    people = "" if contacts is None else " of 1 contact" if contacts == 1 else f" of {contacts:,} contacts"
    return f"wait some minutes, since it may still be at work on it, then look in {place} for a new {what}{people}"


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
    except FAILED as exc:
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
    if due and start and campaign.status not in BEGUN and not is_as_asked(start, due):
        what = (campaign.provider, campaign.id, shown(start), shown(due.moment))
        _logger.warning("%s: %s starts at %s, and this draft says %s; somebody may have changed it", *what)
    return campaign


def reread_created(provider: Provider, known: Campaign) -> Flow[Campaign]:
    """Read a campaign that was created just now or by an earlier run: the vendor's answer does not say which.

    Raises:
        InvalidInput: It is gone.
    """
    for look in chain([provider.get_campaign(known.id)], looks(lambda: provider.get_campaign(known.id))):
        try:
            return (yield from look)
        except NotFound:
            continue
        except FAILED as exc:
            _logger.warning("%s: reading %s failed: %s", provider.name, known.id, exc)
            return known
    raise _placed_before(known, "and that is gone")
