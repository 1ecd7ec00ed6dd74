"""What the methods that change something would send, without sending it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from unibatch.client.exchange import Exchange, PlannedRequest
from unibatch.client.operations import Operations
from unibatch.core.draft import CampaignDraft, ContactDraft, Start
from unibatch.core.flow import Request
from unibatch.core.provider import OperationName


class Rehearsal:
    """Shows what each method of a client that changes something would send. Nothing is sent, so nothing is awaited.

    The arguments and the errors are those of the client's methods, as far as these send nothing. What depends on
    answers is left out: looking first, contacts that are there already, retries. ``CAMPAIGN_ID`` stands for the id of
    a campaign that is not created yet.
    """

    def __init__(self, exchange: Exchange, operations: Operations) -> None:
        """Made by a client; see `Client.rehearse`."""
        self._exchange = exchange
        self._operations = operations

    def create_campaign(
        self, draft: CampaignDraft, *, accept_loss: Collection[str] = (), refuse_overlap: bool = False
    ) -> list[PlannedRequest]:
        """What `Client.create_campaign` would send if nothing of it is there already."""
        del refuse_overlap  # that would have to be looked for
        return self._planned(self._operations.creation(draft, accept_loss))

    def add_contacts(
        self, campaign_id: str, contacts: Iterable[ContactDraft], *, accept_loss: Collection[str] = ()
    ) -> list[PlannedRequest]:
        """What `Client.add_contacts` would send."""
        return self._planned(self._operations.addition(campaign_id, contacts, accept_loss))

    def start_campaign(self, campaign_id: str) -> list[PlannedRequest]:
        """What `Client.start_campaign` would send."""
        return self._change("start_campaign", campaign_id)

    def pause_campaign(self, campaign_id: str) -> list[PlannedRequest]:
        """What `Client.pause_campaign` would send."""
        return self._change("pause_campaign", campaign_id)

    def resume_campaign(self, campaign_id: str) -> list[PlannedRequest]:
        """What `Client.resume_campaign` would send."""
        return self._change("resume_campaign", campaign_id)

    def reschedule_campaign(self, campaign_id: str, start: datetime | Start) -> list[PlannedRequest]:
        """What `Client.reschedule_campaign` would send."""
        return self._change("reschedule_campaign", campaign_id, start)

    def cancel_campaign(self, campaign_id: str) -> list[PlannedRequest]:
        """What `Client.cancel_campaign` would send."""
        return self._change("cancel_campaign", campaign_id)

    def rename_campaign(self, campaign_id: str, name: str) -> list[PlannedRequest]:
        """What `Client.rename_campaign` would send."""
        return self._planned([self._operations.renaming(campaign_id, name)])

    def delete_campaign(self, campaign_id: str) -> list[PlannedRequest]:
        """What `Client.delete_campaign` would send."""
        return self._change("delete_campaign", campaign_id)

    def retry_campaign(self, campaign_id: str) -> list[PlannedRequest]:
        """What `Client.retry_campaign` would send."""
        return self._change("retry_campaign", campaign_id)

    def _change(
        self, operation: OperationName, campaign_id: str, start: datetime | Start | None = None
    ) -> list[PlannedRequest]:
        return self._planned([self._operations.changing(operation, campaign_id, start)])

    def _planned(self, requests: Iterable[Request]) -> list[PlannedRequest]:
        return [self._exchange.planned(request) for request in requests]
