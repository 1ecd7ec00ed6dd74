"""Creating a campaign once: the parts of `Provider.create_campaign` that are the same for every vendor."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import chain

import attrs

from unibatch.core.as_asked import departure, not_as_asked
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
    go_on: Callable[[Campaign], Flow[Campaign]] | None = None,
    differs: Callable[[Campaign], str | None] = lambda _: None,
    amend: Callable[[Campaign, str], Flow[tuple[Campaign, str]]] | None = None,
) -> Flow[Campaign]:
    """Create a campaign, unless it is there already, and require that it is what was asked for.

    Args:
        provider: The vendor.
        request: What creates it.
        read: Makes a campaign of the answer.
        look: Returns the campaign if it is there, otherwise ``None``; raises if it cannot know. ``None`` instead of a
            function if there is no way to look.
        check: What a person should look at if the campaign is not found, as a sentence. With a look, it goes on:
            placing the draft again looks for it first.
        settle: What to do with a campaign that was not there before: read it, and bring it to its start. If left out,
            it is read.
        composition: The draft, with which the campaign is compared. If it is a part of a larger one, it is no error
            that a campaign that was there before is over.
        is_recognised: The vendor recognises the same request for a while, so it is sent again if its answer was lost
            and all looks have not found the campaign.
        warn: Looks at other campaigns before the campaign is created; see `judge_overlap`.
        go_on: What an earlier run may have left to do for the campaign.
        differs: How else a new campaign is not what was asked for; see `departure`.
        amend: What to do about a new campaign that is not what was asked for, such as to stop it; it is given how that
            differs, and returns the campaign as it is then, and what was done or is to be done, as a sentence.

    Raises:
        OutcomeUnknown: An answer was lost, and the campaign was not found.
        PartlyDone: The campaign is not what was asked for, whether it is new or was there before.
        IncompleteListing: Whether the campaign is there already is unknown; nothing was sent.
        InvalidInput: The campaign was created before, and is over.
    """

    def finish(known: Campaign) -> Flow[Campaign]:
        campaign = yield from (settle(known) if settle else reread(provider, known))
        if composition is None:
            return campaign
        departs = departure(composition, campaign, is_read=campaign is not known) or differs(campaign)
        if departs is None:
            return campaign
        advice = f"look at it in {provider.title}'s dashboard"
        if amend is not None:
            campaign, advice = yield from amend(campaign, departs)
        raise not_as_asked(campaign, departs, advice)

    if look is None:
        try:
            known = read((yield request))
        except LOST as lost:
            raise outcome_unknown(request, provider, lost, check) from lost
        return (yield from finish(known))
    check += "; placing the draft again looks for it first"
    earlier = yield from look()
    if composition is not None and composition.was_denied:
        for again in looks(look, is_long=True):
            if earlier is not None:
                break
            earlier = yield from again
    if earlier is not None:
        campaign = placed_before((yield from reread(provider, earlier)), composition)
        if go_on is not None and not campaign.status.is_terminal:
            campaign = yield from going_on(campaign, go_on(campaign))
        return require_still_as_asked(campaign, composition)
    if warn is not None:
        yield from warn()
    request = attrs.evolve(request, looks_first=True)
    for number in range(1, MOST_SENDS + 1):
        is_last = number == MOST_SENDS
        try:
            known = read((yield request))
        except RateLimited as exc:  # which does not prove that nothing was done, or will be
            if is_last or not exc.waited:
                raise
            found, is_seen = yield from _look_after(provider, look, is_long=True)
            if not is_seen:
                raise outcome_unknown(request, provider, exc, check) from exc
        except LOST as exc:
            is_repeated = is_recognised and not is_last and getattr(exc, "may_repeat", False)
            found, is_seen = yield from _look_after(provider, look, is_long=is_repeated)
            if found is None and not (is_repeated and is_seen):
                raise outcome_unknown(request, provider, exc, check) from exc
        else:
            return (yield from finish(known))
        if found is not None:
            return (yield from finish(found))
    raise AssertionError("the last attempt raises")


def _look_after(
    provider: Provider, look: Callable[[], Flow[Campaign | None]], *, is_long: bool = False
) -> Flow[tuple[Campaign | None, bool]]:
    """Look some times for a campaign whose creation was not answered, or refused with a 429.

    Returns:
        The campaign, or ``None``; and whether the last look was complete.
    """
    is_seen = False
    for again in looks(look, is_long=is_long):
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


def read_back(provider: Provider, known: Campaign, composition: Composition) -> Flow[Campaign]:
    """Read a new campaign of a vendor that brings it to its start by itself.

    If what the vendor answered is not what was asked for, and what it gives now is, the answer counts: it may be true.
    """
    campaign = yield from reread(provider, known)
    if departure(composition, campaign) is None and departure(composition, known, is_read=False) is not None:
        as_answered = (known.status, known.vendor_status)
        status, word = (campaign.status, campaign.vendor_status) if known.vendor_status is None else as_answered
        return attrs.evolve(campaign, status=status, vendor_status=word, schedule=known.schedule or campaign.schedule)
    return campaign


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
    number = len(composition.contacts) if composition is not None and not composition.has_others else None
    if number is not None and (campaign.counts.total or 0) > number:
        others = "%s: %s has %d contacts, and this draft has %d; those who are only there are called, too"
        _logger.warning(others, campaign.provider, campaign.id, campaign.counts.total, number)
    return campaign


def require_still_as_asked(campaign: Campaign, composition: Composition | None) -> Campaign:
    """Require that a campaign that the same draft created before is what was asked for.

    Raises:
        PartlyDone: It is not, now as before; or somebody has given it another start.
    """
    is_part_over = campaign.status.is_terminal  # of a part only; see `placed_before`
    departs = None if composition is None or is_part_over else departure(composition, campaign, is_new=False)
    if departs is not None:
        advice = f"this draft was placed before, and nothing is created again; correct {campaign.id} if that is wrong"
        raise not_as_asked(campaign, departs, advice)
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
