"""What a client can be asked, without saying whether the answer is awaited."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

import attrs

from unibatch.client.conversation import Conversation
from unibatch.client.exchange import Exchange
from unibatch.client.listing import Plan
from unibatch.core.errors import InvalidInput, UnsupportedFeature
from unibatch.core.flow import segment
from unibatch.core.model import Account, Campaign, Contact
from unibatch.core.provider import CampaignFilter, ContactFilter, OperationName
from unibatch.core.status import CallStatus, CampaignStatus

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F", CampaignFilter, ContactFilter)

_STANDS_STILL = frozenset({CampaignStatus.DRAFT, *filter(lambda status: status.is_terminal, CampaignStatus)})
"""Campaigns of which no contact changes its status while they are read."""


class Operations:
    """Checks what is asked, and makes the conversation or the plan that answers it."""

    def __init__(self, exchange: Exchange, max_in_flight: int) -> None:
        self._exchange = exchange
        self._max_in_flight = max_in_flight
        self._provider = exchange.provider

    def list_campaigns(
        self, status: CampaignStatus | Iterable[CampaignStatus] | None, agent_id: str | None
    ) -> Plan[Campaign]:
        """Plan the listing of campaigns."""
        self._insist("list_campaigns")
        _insist_on_text("agent_id", agent_id)
        wanted = CampaignFilter(status=_statuses(CampaignStatus, status), agent_id=agent_id)
        return Plan(
            provider=self._provider.name,
            operation="list_campaigns",
            subject=None,
            paging=self._provider.capabilities.campaign_paging,
            max_in_flight=self._max_in_flight,
            choose=lambda: _at_once(wanted),
            ask=lambda position, chosen: self._exchange.ask(self._provider.list_campaigns(position, chosen)),
            finish=self._exchange.finish,
            admits=wanted.admits if wanted else None,
        )

    def get_campaign(self, campaign_id: str) -> Conversation[Campaign]:
        """Read one campaign."""
        self._insist("get_campaign")
        return self._exchange.run(self._provider.get_campaign(campaign_id))

    def list_contacts(
        self,
        campaign_id: str,
        status: CallStatus | Iterable[CallStatus] | None,
        external_id: str | None,
        *,
        server_filter: bool,
    ) -> Plan[Contact]:
        """Plan the listing of a campaign's contacts."""
        self._insist("list_contacts")
        segment(campaign_id)  # refuses what is no id here already, and not only when the listing is iterated
        if external_id is not None and "external_id" not in self._provider.capabilities.contact_fields:
            instead = f"{self._provider.title} does not return external ids; look for the phone number"
            raise UnsupportedFeature(self._provider.name, "list_contacts(external_id=...)", instead)
        _insist_on_text("external_id", external_id)
        wanted = ContactFilter(status=_statuses(CallStatus, status), external_id=external_id)
        return Plan(
            provider=self._provider.name,
            operation="list_contacts",
            subject=campaign_id,
            paging=self._provider.capabilities.contact_paging,
            max_in_flight=self._max_in_flight,
            choose=lambda: _at_once(wanted) if server_filter else self._safe_filter(campaign_id, wanted),
            ask=lambda position, chosen: self._exchange.ask(
                self._provider.list_contacts(campaign_id, position, chosen)
            ),
            finish=self._exchange.finish,
            admits=wanted.admits if wanted else None,
        )

    def _safe_filter(self, campaign_id: str, wanted: ContactFilter) -> Conversation[ContactFilter]:
        """What the vendor may filter: the status only in a campaign that stands still.

        A contact that is called while a listing is read leaves the filtered set, and others move up past the reader.
        """
        if self._provider.call_statuses.filter_word(wanted.status) is None:
            return wanted
        campaign = yield from self._exchange.run(self._provider.get_campaign(campaign_id))
        return wanted if campaign.status in _STANDS_STILL else attrs.evolve(wanted, status=frozenset())

    def get_account(self) -> Conversation[Account]:
        """Read the account, and keep to the limit that it has."""
        self._insist("get_account")
        account = yield from self._exchange.run(self._provider.get_account())
        if account.limits.requests_per_minute:
            self._exchange.budget.tighten(account.limits.requests_per_minute)
        return account

    def _insist(self, operation: OperationName) -> None:
        support = self._provider.capabilities.operations[operation]
        if not support.available:
            raise UnsupportedFeature(self._provider.name, operation, support.note)


def _at_once(wanted: F) -> Conversation[F]:
    """Say nothing, and come to a result."""
    return wanted
    yield


def _insist_on_text(name: str, value: str | None) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text, not {value!r}: another type would match nobody")


def _statuses(kind: type[S], wanted: S | Iterable[S] | None) -> frozenset[S]:
    if wanted is None:
        return frozenset()
    words = [wanted] if isinstance(wanted, str) else list(wanted)
    if foreign := [word for word in words if isinstance(word, StrEnum) and not isinstance(word, kind)]:
        raise InvalidInput(f"{foreign[0]!r} is no {kind.__name__}")
    if not words:
        raise InvalidInput("status= names no status at all; leave it out to get every one")
    try:
        return frozenset(map(kind, words))
    except ValueError as exc:
        raise InvalidInput(f"{exc}; known are {', '.join(kind)}") from exc
