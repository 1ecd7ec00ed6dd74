"""Heron, a made-up vendor: a batch holds all its recipients, times are Unix seconds, batches are paged by cursor.

A 401 may mean that no money is left, no rate limit is documented, a deletion has an empty answer, and one endpoint
calls again those who were not reached. Some contacts have no phone number. A new batch begins at once, unless it has a
time; its reference comes back when batches are read. A cheap plan does not show old batches.

This is what a vendor's file in a package of its own looks like: it imports nothing of unibatch but
`unibatch.provider_api`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, get_args

from unibatch import provider_api as api
from unibatch.provider_api import CallStatus, CampaignStatus, Fit, Given, How, Request, Support, Transition, Wire

# Wire types -----------------------------------------------------------------------------------------------------------


class Recipient(Wire):
    strict = frozenset({"status"})

    id: str
    phone_number: str | None = None  # null for people who are reached by another messenger
    status: str | None = None
    updated_at_unix: int | None = None
    conversation_id: str | None = None
    variables: api.Unread | None = None


class Batch(Wire):
    strict = frozenset({"status"})

    id: str
    name: str | None = None
    agent_id: str | None = None
    status: str | None = None
    created_at_unix: int | None = None
    scheduled_at_unix: int | None = None
    calls_scheduled: int | None = None
    calls_finished: int | None = None


class BatchWithRecipients(Wire):
    recipients: list[Recipient]
    calls_scheduled: int | None = None


class BatchesAnswer(Wire):
    strict = frozenset({"next_doc", "has_more"})  # without them, rows would be missing

    batches: list[Batch]
    next_doc: str | None = None
    has_more: bool | None = None
    hides_older: bool | None = None


# Status tables --------------------------------------------------------------------------------------------------------

CALL_STATUSES = api.StatusTable(
    {
        "pending": CallStatus.PENDING,
        "dispatched": CallStatus.PLACED,
        "in_progress": CallStatus.IN_PROGRESS,
        "completed": CallStatus.COMPLETED,
        "voicemail": CallStatus.VOICEMAIL,
        "failed": CallStatus.FAILED,
        "cancelled": CallStatus.CANCELLED,
    },
)

CAMPAIGN_STATUSES = api.StatusTable(
    {
        "pending": CampaignStatus.PENDING,
        "in_progress": CampaignStatus.RUNNING,
        "completed": CampaignStatus.COMPLETED,
        "failed": CampaignStatus.FAILED,
        "cancelled": CampaignStatus.CANCELLED,
    },
)

# Capabilities ---------------------------------------------------------------------------------------------------------

CAPABILITIES = api.Capabilities(
    operations={
        **dict.fromkeys(get_args(api.OperationName), Support(available=False, note="Heron's API does not offer it")),
        "list_campaigns": Support(),
        "get_campaign": Support(),
        "list_contacts": Support(),
        "create_campaign": Support(note="without a time it begins at once"),
        "delete_campaign": Support(note="once it is over"),
        "retry_campaign": Support(note="calls failed recipients again"),
    },
    server_filters={"list_campaigns.agent_id"},
    campaign_paging=api.Paging("cursor", 100, size_param="limit", position_param="last_doc"),
    contact_paging=api.UNPAGED,
    limits=api.Limits(),
    webhooks=Support(available=False, note="not about batches"),
    contact_fields={"id", "phone_number", "fields", "status", "call_id", "last_attempt_at"},
    campaign_fields={"id", "name", "status", "agent_id", "counts", "schedule", "created_at"},
)

# Draft fields ---------------------------------------------------------------------------------------------------------


def _hold(_: api.Start, given: Given) -> How:
    if "hold_until" in given.fields:
        return How(Fit.EMULATED, "scheduled for hold_until; Heron cannot start it earlier")
    return How(Fit.UNSUPPORTED, "a batch without a time begins at once; give hold_until")


def _reference(_: str, given: Given) -> How:
    reason = (
        "its reference is a mark; placed again, a batch with it is looked for, as far back as the plan shows batches"
    )
    return How(Fit.EMULATED, reason, {"reference": given.mark.at_end_of("")})


def _time(when: api.When) -> Mapping[str, int]:
    return {"scheduled_at_unix": int(when.moment.timestamp())}


DRAFT_FIELDS: Mapping[str, How] = {
    **dict.fromkeys(api.DRAFT_FIELD_NAMES, How(Fit.UNSUPPORTED, "Heron's batches have nothing like it")),
    "name": How.sent("name"),
    "contacts.fields": How(Fit.NATIVE, "sent as variables"),
    "start": How.by_start(hold=How.depends(_hold), now=How(), at=How(Fit.NATIVE, "", _time)),
    "hold_until": How(Fit.NATIVE, "it begins by itself then", _time),
    "agent_id": How.sent("agent_id", required="an agent"),
    "idempotency_key": How.depends(_reference),
    "part": api.PART_IN_NAME,
}

# Transitions ----------------------------------------------------------------------------------------------------------

_OVER = frozenset({CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.CANCELLED})

TRANSITIONS: Mapping[api.OperationName, Transition] = MappingProxyType(
    {
        "delete_campaign": Transition(allowed=_OVER, done=()),
        "retry_campaign": Transition(allowed=_OVER, done=(), passed={CampaignStatus.PENDING, CampaignStatus.RUNNING}),
    }
)

# Flows ----------------------------------------------------------------------------------------------------------------

_blank_contact = api.maker_of_blank_contacts("call_id", "last_attempt_at")


class Heron(api.Provider):
    """Heron's batch API."""

    name = "heron"
    title = "Heron"
    base_url = "https://api.heron.example"
    capabilities = CAPABILITIES
    draft_fields = DRAFT_FIELDS
    transitions = TRANSITIONS
    error_codes = MappingProxyType({(401, "quota_exceeded"): api.PaymentRequired})
    call_statuses = CALL_STATUSES
    campaign_statuses = CAMPAIGN_STATUSES

    def headers(self, api_key: str) -> Mapping[str, str]:
        return {"X-Api-Key": api_key}

    def list_campaigns(self, position: api.Position, wanted: api.CampaignFilter) -> api.Flow[api.Page[api.Campaign]]:
        query = self.capabilities.campaign_paging.query(position)
        if wanted.agent_id is not None:
            query["agent_id"] = wanted.agent_id
        response = yield Request(operation="list_campaigns", path="/batches", query=query)

        def page(answer: BatchesAnswer) -> api.Page[api.Campaign]:
            batches = map(self._campaign, answer.batches, api.decode(response.content)["batches"])
            return api.Page(
                items=api.collect(batches, "$.batches"),
                has_more=answer.has_more,
                next_cursor=answer.next_doc,
                withheld="Heron's plan does not show older batches" if answer.hides_older else None,
            )

        return self.read_answer(response, BatchesAnswer, page)

    def get_campaign(self, campaign_id: str) -> api.Flow[api.Campaign]:
        path = f"/batches/{api.segment(campaign_id)}"
        return self._read_campaign((yield Request(operation="get_campaign", path=path, subject=campaign_id)))

    def _read_campaign(self, response: api.Response) -> api.Campaign:
        return self.read_answer(response, Batch, lambda batch: self._campaign(batch, api.decode(response.content)))

    def list_contacts(
        self,
        campaign_id: str,
        position: api.Position,
        wanted: api.ContactFilter,
    ) -> api.Flow[api.Page[api.Contact]]:
        path = f"/batches/{api.segment(campaign_id)}"
        response = yield Request(operation="list_contacts", path=path, subject=campaign_id)
        raw_rows = api.RawRows(response.content, "recipients", custom=_custom)

        def page(answer: BatchWithRecipients) -> api.Page[api.Contact]:
            rows = api.collect(self._contacts(answer.recipients, raw_rows, campaign_id), "$.recipients")
            return api.Page(items=api.seal_contacts(rows), total=answer.calls_scheduled)

        return self.read_answer(response, BatchWithRecipients, page)

    def contact_body(self, contact: api.ContactDraft) -> Mapping[str, Any]:
        return {"phone_number": contact.phone_number, "variables": contact.fields}

    def creation(self, composition: api.Composition) -> Sequence[Request]:
        content = api.encode({**composition.body, "recipients": composition.contacts})
        return [Request(operation="create_campaign", method="POST", path="/batches", content=content)]

    def create_campaign(self, composition: api.Composition) -> api.Flow[api.Campaign]:
        (request,) = self.creation(composition)
        number, seen = len(composition.contacts), list[api.Campaign]()
        campaign = yield from api.create_once(
            self,
            request,
            self._read_campaign,
            partial(self._look, composition, seen),
            api.where_to_look("Heron's dashboard", "batch", number),
            composition=composition,
            warn=lambda: api.judge_overlap(self, composition, seen, *api.by_text("reference", seen)),
        )
        return api.require_all_taken(campaign, number, advice="place the missing contacts as another campaign")

    def _look(self, composition: api.Composition, seen: list[api.Campaign]) -> api.Flow[api.Campaign | None]:
        """Look for a batch of this draft, by the mark in its reference."""
        seen[:], report = yield from api.all_campaigns(self, composition)
        other: api.Campaign | None = None
        for batch in seen:
            likeness = composition.mark.likeness(api.mark_in(batch, "reference"))
            if likeness == "same":
                return batch
            other = batch if likeness == "other body" else other
        if other is not None:
            yield from api.require_same_body(self, composition, other)
        api.require_whole(report, self, but_withheld=True)  # a batch that was just created is not too old to be shown
        return None

    def change(self, operation: api.OperationName, campaign_id: str, when: api.When | None = None) -> Request:
        path = f"/batches/{api.segment(campaign_id)}"
        if operation == "delete_campaign":
            return Request(operation=operation, method="DELETE", path=path, subject=campaign_id, may_be_empty=True)
        return Request(operation=operation, method="POST", path=f"{path}/retry", subject=campaign_id)

    def delete_campaign(self, campaign_id: str) -> api.Flow[None]:
        return api.delete_once(self, self.change("delete_campaign", campaign_id), lambda _: False)

    def refusal(self, response: api.Response) -> api.Refusal:
        detail = api.mapping_or_empty(api.read_leniently(response.content).get("detail"))
        return api.Refusal(code=api.text_or_none(detail.get("code")), message=api.text_or_none(detail.get("message")))

    def _campaign(self, wire: Batch, raw: Mapping[str, Any]) -> api.Campaign:
        start = api.from_unix_seconds(wire.scheduled_at_unix, "scheduled_at_unix")
        return api.Campaign(
            id=api.required(wire.id, "id"),
            provider=self.name,
            name=wire.name or None,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            agent_id=wire.agent_id or None,
            counts=api.Counts(total=wire.calls_scheduled, finished=wire.calls_finished),
            schedule=None if start is None else api.Schedule(start=start),
            created_at=api.from_unix_seconds(wire.created_at_unix, "created_at_unix"),
            raw=raw,
        )

    def _contacts(self, rows: list[Recipient], raw_rows: api.RawRows, campaign_id: str) -> Iterator[Any]:
        known = self.read_call_status.known
        for index, row in enumerate(rows):
            contact = _blank_contact()
            contact.id = api.required(row.id, "id")
            contact.provider = self.name
            contact.campaign_id = campaign_id
            contact.phone_number, contact.phone_valid = api.phone_from_vendor(row.phone_number)
            contact.vendor_status = row.status
            contact.status, contact.is_final = known.get(row.status) or self.read_call_status.read_anew(row.status)
            contact.call_id = row.conversation_id or None
            contact.last_attempt_at = api.from_unix_seconds(row.updated_at_unix, "updated_at_unix")
            contact._fields = contact._raw = (raw_rows, index)
            yield contact


def _custom(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return row.get("variables")
