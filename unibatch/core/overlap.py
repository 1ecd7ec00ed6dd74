"""Whether the contacts of a draft are in another campaign already.

A campaign without a mark may be of this very draft, changed since: rescheduled, renamed, or with a contact more or
less. Then the draft is refused. So it is if the campaign was placed on this machine with the same key, and does not
show that any more. What is of another draft is a warning.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from typing import Literal, TypeAlias

from unibatch.core.as_asked import BEGUN, differences, subscribers
from unibatch.core.base_errors import InvalidInput
from unibatch.core.draft import ContactDraft
from unibatch.core.draft_fields import Composition
from unibatch.core.flow import Flow
from unibatch.core.looking import FAILED, read_all, recent
from unibatch.core.mark import NO_MARK, Mark, split_mark
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import Page, Position
from unibatch.core.phone import subscriber_key
from unibatch.core.provider import ContactFilter, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import text_or_none

_logger = logging.getLogger("unibatch")

_MOST_COMPARED = 10
"""Campaigns whose contacts are compared with those of a draft: those most like it."""

_SMALL = 20
"""A campaign of so many contacts is looked into for any draft, one of more only if it is at most twice as large."""

_LOST = 0.1
"""The share of its contacts, or else one, that a campaign may have lost to be recognised although it is over."""

_PLACING = timedelta(minutes=1)
"""So much time may lie between the creation of a campaign and its start by the same program."""

Owner: TypeAlias = Literal["another draft", "any draft", "unreadable"]
"""Whose a campaign is in which no look has found the draft's mark. Of any draft: it has no mark, or has lost it.
Unreadable: the vendor leaves out what the mark is in."""


class OverlapFound(InvalidInput):
    """Most numbers of a draft are in another campaign, so nothing was sent.

    Attributes:
        campaign: That campaign.
        missing: The contacts that are in no open campaign of this agent; ``None`` if that is unknown, as for a part of
            a split draft.
    """

    def __init__(self, campaign: Campaign, missing: Sequence[ContactDraft] | None, note: str = "") -> None:
        self.campaign = campaign
        self.missing = None if missing is None else tuple(missing)
        new = "" if missing is None else f" {len(missing):,} of them are in no open campaign of this agent."
        again = "may have been called by it" if campaign.status.is_terminal else "would be called by both"
        super().__init__(
            f"most numbers of this draft are in {campaign.id}, which is {campaign.status}, and {again}.{new} "
            f"Nothing was sent{note}"
        )


def judge_overlap(
    provider: Provider,
    composition: Composition,
    campaigns: Sequence[Campaign],
    owner: Callable[[Campaign, Sequence[Contact]], Owner],
    unreadable: Collection[str] = (),
) -> Flow[None]:
    """Refuse a draft that may have been placed before, and warn if most of its numbers are in another open campaign.

    With `Composition.refuse_overlap`, it is refused then, too.

    Reads a page of the contacts of the campaigns that are most like it.

    Args:
        provider: The vendor.
        composition: The draft. Its mark was not found.
        campaigns: All campaigns, as they were just listed.
        owner: Whose a campaign is, by what the vendor gives for it and for some of its contacts.
        unreadable: The ids of campaigns for which that is known to be unreadable. They count even if they are over.

    Raises:
        OverlapFound: Most numbers are in a campaign that may be of this draft, or in any open one if the draft is to be
            refused then. Nothing was sent.
    """
    asked, paging = subscribers(composition.draft.contacts), provider.capabilities.contact_paging
    for likely in _likely(composition, campaigns, unreadable) if asked else ():
        try:
            page = yield from provider.list_contacts(likely.id, paging.first, ContactFilter())
            there = subscribers(page.items)
            if len(there & asked) * 2 <= min(len(asked), len(there)):
                continue
            campaign = yield from provider.get_campaign(likely.id)  # a list may leave out most of it
        except FAILED as exc:
            _logger.warning("%s: whether %s calls the same people is unknown: %s", provider.name, likely.id, exc)
            continue
        is_over, whose = campaign.status.is_terminal, owner(campaign, page.items)
        if not _has_agent(campaign, composition):
            continue
        note = None
        if "idempotency_key" not in composition.accepted:
            note = yield from _doubt(provider, composition, campaign, whose, is_within=there <= asked)
        if note is not None or (composition.refuse_overlap and not is_over):
            raise OverlapFound(campaign, (yield from _missing(provider, composition, campaigns)), note or "")
        if not is_over:
            _warn(provider, campaign)


def by_text(
    key: str, campaigns: Sequence[Campaign], mark: Mark = NO_MARK
) -> tuple[Callable[[Campaign, Sequence[Contact]], Owner], set[str]]:
    """For `judge_overlap`, where marks are at the end of a text: whose a campaign is, and which of these have no text.

    Args:
        key: The vendor's key of the text.
        campaigns: The campaigns, as they are listed.
        mark: The mark of the draft. A campaign that shows it only when it is read by itself is unreadable in a listing.
    """

    def owner(campaign: Campaign, _: Sequence[Contact]) -> Owner:
        has_text = text_or_none(campaign.raw.get(key)) is not None
        found = mark_in(campaign, key)
        if mark.likeness(found) != "none":
            return "unreadable"
        return "another draft" if found else "any draft" if has_text else "unreadable"

    return owner, {campaign.id for campaign in campaigns if text_or_none(campaign.raw.get(key)) is None}


def mark_in(campaign: Campaign, key: str) -> Mark | None:
    """The mark at the end of the text that a campaign has under a key of the vendor's, or ``None``."""
    return split_mark(text_or_none(campaign.raw.get(key)))[1]


def _likely(composition: Composition, campaigns: Sequence[Campaign], unreadable: Collection[str]) -> list[Campaign]:
    """The campaigns that are most like a draft, by what is listed of them."""
    draft, number = composition.draft, len(composition.draft.contacts)
    most = max(2 * number, _SMALL)
    young = {campaign.id for campaign in recent(campaigns, composition.now)}

    def may_be_over(campaign: Campaign) -> bool:
        """Whether a campaign counts although it is over."""
        if campaign.id == composition.placed:
            return True
        is_unreadable = campaign.id in unreadable and campaign.counts.total in {None, number}
        return campaign.id in young and (is_unreadable or _may_have_lost_some(campaign, composition))

    likely = [
        campaign
        for campaign in campaigns
        if _has_agent(campaign, composition)
        and (
            campaign.id == composition.placed
            or campaign.counts.total is None
            or number / 2 <= campaign.counts.total <= most
        )
        and (not campaign.status.is_terminal or may_be_over(campaign))
    ]

    def rank(campaign: Campaign) -> tuple[bool, bool, bool, float]:
        age = composition.now - (campaign.created_at or composition.now)
        is_other = campaign.id != composition.placed
        return is_other, campaign.counts.total != number, campaign.name != draft.name, age.total_seconds()

    return sorted(likely, key=rank)[:_MOST_COMPARED]


def _has_agent(campaign: Campaign, composition: Composition) -> bool:
    """Whether a campaign may be of the same agent, as far as both are known."""
    return campaign.agent_id in {None, composition.draft.agent_id or campaign.agent_id}


def _was_changed(campaign: Campaign) -> bool:
    """Whether a campaign that has called nobody yet was changed later than to be placed."""
    if campaign.updated_at is None or campaign.created_at is None or campaign.status in BEGUN:
        return False  # one that calls changes by itself
    to_be_placed = timedelta(0) if campaign.status is CampaignStatus.DRAFT else _PLACING
    return campaign.updated_at - campaign.created_at > to_be_placed


def _has_name(campaign: Campaign, composition: Composition) -> bool:
    return campaign.name is None or campaign.name.strip() == composition.draft.name.strip()


def _may_have_lost_some(campaign: Campaign, composition: Composition) -> bool:
    """Whether a campaign may be that of a draft without a key, which has lost a few of its contacts since."""
    number, total = len(composition.draft.contacts), campaign.counts.total
    is_fewer = total is not None and 0 < number - total <= max(1, number * _LOST)
    has_name = campaign.name is not None and _has_name(campaign, composition)
    return is_fewer and has_name and composition.given_key is None


def _may_be_changed(campaign: Campaign, composition: Composition) -> bool:
    """Whether a campaign without anybody else in it may be of a draft, and was changed since.

    Without a key: somebody may have given it another start, or taken contacts out. With another name, or if the draft
    has a key, whose mark was in the name, it is of another draft, unless it was changed and still has everybody.
    """
    if campaign.status.is_terminal:
        return _may_have_lost_some(campaign, composition)
    if composition.given_key is None and _has_name(campaign, composition):
        return True
    return _was_changed(campaign) and campaign.counts.total in {None, len(composition.draft.contacts)}


def _doubt(
    provider: Provider, composition: Composition, campaign: Campaign, whose: Owner, *, is_within: bool
) -> Flow[str | None]:
    """Why a campaign may be of the draft, and what to do; ``None`` if it is of another one."""
    has_nobody_else = is_within and (campaign.counts.total or 0) <= len(composition.draft.contacts)
    is_noted = whose != "another draft" and composition.noted is not None and composition.noted.is_there(campaign)
    place_it = "accept_loss=['idempotency_key'] places this one"
    why = "It may be of this draft, changed since"
    if is_noted:
        why = "It was placed on this machine as this draft, or with this key, and was changed since"
        otherwise = f"To call everybody in this draft once more, {place_it}"
    elif whose == "unreadable":
        if not is_within and campaign.status.is_terminal:
            return None
        if composition.given_key is None and not _has_name(campaign, composition):
            return None  # without a key, a draft of another name is another one
        otherwise = "The vendor leaves out by what campaigns are recognised; if it is of another draft, " + place_it
    elif whose == "any draft" and has_nobody_else and _may_be_changed(campaign, composition):
        if composition.given_key is None:
            otherwise = "To call everybody in this draft once more, give it an idempotency_key of its own"
            otherwise += " and accept_loss=['idempotency_key']" if _was_changed(campaign) else ""
        else:
            otherwise = f"Its name may have lost the mark of the key; if it is of another draft, {place_it}"
    else:
        return None
    found = "; ".join((yield from differences(provider, composition, campaign)))
    going_on = f"Go on with {campaign.id}{_adding(provider, campaign)}"
    return f". {why}. Different are: {found}. {going_on}. {otherwise}"


def _missing(
    provider: Provider, composition: Composition, campaigns: Sequence[Campaign]
) -> Flow[Sequence[ContactDraft] | None]:
    """The contacts of a draft that are in no open campaign of the same agent; ``None`` if that is unknown.

    Of a part it is not asked: without some of its contacts, it would be no part of that draft any more.
    """
    if composition.draft.part is not None:
        return None
    there: set[str] = set()
    for campaign in campaigns:
        if campaign.status.is_terminal or not _has_agent(campaign, composition):
            continue
        try:
            rows, report = yield from read_all(
                provider.capabilities.contact_paging, partial(_everybody, provider, campaign.id)
            )
        except FAILED:
            return None
        if not report.complete:
            return None
        there |= subscribers(rows)
    return [contact for contact in composition.draft.contacts if subscriber_key(contact.phone_number) not in there]


def _everybody(provider: Provider, campaign_id: str, position: Position) -> Flow[Page[Contact]]:
    return provider.list_contacts(campaign_id, position, ContactFilter())


def _adding(provider: Provider, campaign: Campaign) -> str:
    can_add = provider.capabilities.operations["add_contacts"].available and not campaign.status.is_terminal
    return "; add_contacts adds who is new" if can_add else ""


def _warn(provider: Provider, campaign: Campaign) -> None:
    can_add = provider.capabilities.operations["add_contacts"].available
    _logger.warning(
        "%s: most numbers of this draft are in %s too, which is %s, and are called by both; %s",
        provider.name,
        campaign.id,
        campaign.status,
        "to call only who is new, use add_contacts" if can_add else "to prevent that, place only who is new",
    )
