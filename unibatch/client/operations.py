"""What a client can be asked, without saying whether the answer is awaited."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from unibatch.client.exchange import Conversation, Exchange
from unibatch.client.listing import Plan
from unibatch.core.errors import InvalidInput, UnsupportedFeature
from unibatch.core.flow import segment
from unibatch.core.model import Account, Campaign, Contact
from unibatch.core.provider import CampaignFilter, ContactFilter, OperationName
from unibatch.core.status import CallStatus, CampaignStatus

S = TypeVar("S", bound=StrEnum)


class Operations:
    """Checks what is asked, and makes the conversation or the plan that answers it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._provider = exchange.provider

    def list_campaigns(
        self, status: CampaignStatus | Iterable[CampaignStatus] | None, agent_id: str | None
    ) -> Plan[Campaign]:
        """Plan the listing of campaigns."""
        self._insist("list_campaigns")
        _insist_on_text("agent_id", agent_id)
        wanted = CampaignFilter(status=_statuses(CampaignStatus, status), agent_id=agent_id)
        return Plan(
            title=f"{self._provider.name} list_campaigns",
            paging=self._provider.capabilities.campaign_paging,
            read=lambda position: self._exchange.run(self._provider.list_campaigns(position, wanted)),
            admits=wanted.admits if wanted else None,
        )

    def get_campaign(self, campaign_id: str) -> Conversation[Campaign]:
        """Read one campaign."""
        self._insist("get_campaign")
        return self._exchange.run(self._provider.get_campaign(campaign_id))

    def list_contacts(
        self, campaign_id: str, status: CallStatus | Iterable[CallStatus] | None, external_id: str | None
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
            title=f"{self._provider.name} list_contacts of {campaign_id!r}",
            paging=self._provider.capabilities.contact_paging,
            read=lambda position: self._exchange.run(self._provider.list_contacts(campaign_id, position, wanted)),
            admits=wanted.admits if wanted else None,
        )

    def get_account(self) -> Conversation[Account]:
        """Read the account."""
        self._insist("get_account")
        return self._exchange.run(self._provider.get_account())

    def _insist(self, operation: OperationName) -> None:
        support = self._provider.capabilities.operations[operation]
        if not support.available:
            raise UnsupportedFeature(self._provider.name, operation, support.note)


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
