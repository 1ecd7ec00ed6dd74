"""Kestrel, a made-up vendor: a contact's status is in two fields, and campaigns cannot be listed.

Like Heron beside it, it imports nothing of unibatch but `unibatch.provider_api`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from unibatch import provider_api as api
from unibatch.provider_api import CallStatus, CampaignStatus, Request, Support, Wire

# Wire types -----------------------------------------------------------------------------------------------------------


class Customer(Wire):
    strict = frozenset({"status", "ended_reason"})  # the status is in both

    id: str
    number: str | None = None
    status: str | None = None
    ended_reason: str | None = None
    dispatched_at: int | None = None  # milliseconds


class Counters(Wire):
    completed: int | None = None
    failed: int | None = None
    skipped: int | None = None


class Plan(Wire):
    earliest_at: int | None = None  # milliseconds
    latest_at: int | None = None  # milliseconds


class Blast(Wire):
    strict = frozenset({"status"})

    id: str
    name: str | None = None
    status: str | None = None
    counters: Counters | None = None
    plan: Plan | None = None


class Metadata(Wire):
    total_items: int | float | None = None
    has_next_page: bool | None = None


class CustomersAnswer(Wire):
    results: list[Customer]
    metadata: Metadata | None = None


# Status tables --------------------------------------------------------------------------------------------------------

CALL_STATUSES = api.StatusTable(
    {
        "customer.pending": CallStatus.PENDING,
        "customer.dispatched": CallStatus.PLACED,
        "customer.completed": CallStatus.UNKNOWN,  # over, but for a reason that is not in this table
        ("customer.completed", "customer-ended-call"): CallStatus.COMPLETED,
        ("customer.completed", "assistant-ended-call"): CallStatus.COMPLETED,
        ("customer.completed", "customer-busy"): CallStatus.BUSY,
        ("customer.completed", "voicemail"): CallStatus.VOICEMAIL,
        ("customer.completed", "network-error-*"): CallStatus.CARRIER_ERROR,
        "customer.failed": CallStatus.FAILED,
        ("customer.failed", "customer-busy"): CallStatus.BUSY,
        "customer.skipped": CallStatus.SKIPPED,
    },
    filterable=True,
)

CAMPAIGN_STATUSES = api.StatusTable(
    {
        "scheduled": CampaignStatus.SCHEDULED,
        "in-progress": CampaignStatus.RUNNING,
        "ended": CampaignStatus.COMPLETED,
        "timed-out": CampaignStatus.EXPIRED,
    },
)

# Capabilities ---------------------------------------------------------------------------------------------------------

CAPABILITIES = api.Capabilities(
    operations={
        **dict.fromkeys(get_args(api.OperationName), Support(available=False, note="use Kestrel's dashboard")),
        "get_campaign": Support(),
        "list_contacts": Support(),
    },
    server_filters={"list_contacts.status"},
    contact_paging=api.Paging("page", 1000, size_param="limit", position_param="page"),
    limits=api.Limits(max_contacts=10_000),
    webhooks=Support(available=False, note="without a fixed signature"),
    contact_fields={"id", "phone_number", "status", "end_reason", "last_attempt_at"},
    campaign_fields={"id", "name", "status", "counts", "schedule"},
)

_blank_contact = api.maker_of_blank_contacts("end_reason", "last_attempt_at")

# Flows ----------------------------------------------------------------------------------------------------------------


class Kestrel(api.Provider):
    """Kestrel's API."""

    name = "kestrel"
    title = "Kestrel"
    base_url = "https://api.kestrel.example"
    capabilities = CAPABILITIES
    call_statuses = CALL_STATUSES
    campaign_statuses = CAMPAIGN_STATUSES

    def get_campaign(self, campaign_id: str) -> api.Flow[api.Campaign]:
        path = f"/blasts/{api.segment(campaign_id)}"
        response = yield Request(operation="get_campaign", path=path, subject=campaign_id)
        return self.read_answer(response, Blast, lambda blast: self._campaign(blast, api.decode(response.content)))

    def list_contacts(
        self, campaign_id: str, position: api.Position, wanted: api.ContactFilter
    ) -> api.Flow[api.Page[api.Contact]]:
        query = self.capabilities.contact_paging.query(position)
        query["status"] = CALL_STATUSES.filter_word(wanted.status)
        path = f"/blasts/{api.segment(campaign_id)}/customers"
        response = yield Request(operation="list_contacts", path=path, query=query, subject=campaign_id)
        raw_rows = api.RawRows(response.content, "results", custom=_custom)

        def page(answer: CustomersAnswer) -> api.Page[api.Contact]:
            metadata = answer.metadata or Metadata()
            rows = api.collect(self._contacts(answer.results, raw_rows, campaign_id), "$.results")
            return api.Page(
                items=api.seal_contacts(rows),
                total=None if metadata.total_items is None else int(metadata.total_items),
                has_more=metadata.has_next_page,
            )

        return self.read_answer(response, CustomersAnswer, page)

    def refusal(self, response: api.Response) -> api.Refusal:
        return api.Refusal(message=api.text_or_none(api.read_leniently(response.content).get("message")))

    def _campaign(self, wire: Blast, raw: Mapping[str, Any]) -> api.Campaign:
        counters, plan = wire.counters or Counters(), wire.plan or Plan()
        schedule = api.Schedule(
            start=api.from_unix_milliseconds(plan.earliest_at, "plan.earliest_at"),
            end=api.from_unix_milliseconds(plan.latest_at, "plan.latest_at"),
        )
        return api.Campaign(
            id=api.required(wire.id, "id"),
            provider=self.name,
            name=wire.name or None,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            counts=api.Counts(finished=counters.completed, failed=counters.failed, skipped=counters.skipped),
            schedule=None if schedule == api.Schedule() else schedule,
            raw=raw,
        )

    def _contacts(self, rows: list[Customer], raw_rows: api.RawRows, campaign_id: str) -> Iterator[Any]:
        known = self.read_call_status.known
        for index, row in enumerate(rows):
            contact = _blank_contact()
            contact.id = api.required(row.id, "id")
            contact.provider = self.name
            contact.campaign_id = campaign_id
            contact.phone_number, contact.phone_valid = api.phone_from_vendor(row.number)
            contact.vendor_status, contact.end_reason = pair = row.status, row.ended_reason
            contact.status, contact.is_final = known.get(pair) or self.read_call_status.read_anew(*pair)
            contact.is_final |= row.status == "customer.completed"  # also for an unknown reason
            contact.last_attempt_at = api.from_unix_milliseconds(row.dispatched_at, "dispatched_at")
            contact._fields = contact._raw = (raw_rows, index)
            yield contact


def _custom(_: Mapping[str, Any]) -> None:
    return None
