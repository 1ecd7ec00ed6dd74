"""Kestrel, a made-up vendor: a contact's status is in two fields, and campaigns cannot be listed.

Like Heron beside it, it imports nothing of unibatch but `unibatch.provider_api`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from unibatch.provider_api import (
    CallStatus,
    Campaign,
    CampaignStatus,
    Capabilities,
    Contact,
    ContactFilter,
    Counts,
    Flow,
    Limits,
    OperationName,
    Page,
    Paging,
    Position,
    Provider,
    RawRows,
    Refusal,
    Request,
    Response,
    Schedule,
    StatusTable,
    Support,
    Wire,
    collect,
    decode,
    from_unix_milliseconds,
    maker_of_blank_contacts,
    phone_from_vendor,
    read,
    read_leniently,
    required,
    seal_contacts,
    segment,
    text_or_none,
)

# Wire types -----------------------------------------------------------------------------------------------------------


class Customer(Wire):
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

CALL_STATUSES = StatusTable(
    {
        "customer.pending": CallStatus.PENDING,
        "customer.dispatched": CallStatus.PLACED,
        "customer.completed": CallStatus.UNKNOWN,  # over, but for a reason that is not in this table
        ("customer.completed", "customer-ended-call"): CallStatus.COMPLETED,
        ("customer.completed", "assistant-ended-call"): CallStatus.COMPLETED,
        ("customer.completed", "customer-busy"): CallStatus.BUSY,
        ("customer.completed", "voicemail"): CallStatus.VOICEMAIL,
        "customer.failed": CallStatus.FAILED,
        ("customer.failed", "customer-busy"): CallStatus.BUSY,
        "customer.skipped": CallStatus.SKIPPED,
    },
    unknown=CallStatus.UNKNOWN,
    filterable=True,
)

CAMPAIGN_STATUSES = StatusTable(
    {
        "scheduled": CampaignStatus.SCHEDULED,
        "in-progress": CampaignStatus.RUNNING,
        "ended": CampaignStatus.COMPLETED,
        "timed-out": CampaignStatus.EXPIRED,
    },
    unknown=CampaignStatus.UNKNOWN,
)

# Capabilities ---------------------------------------------------------------------------------------------------------

CAPABILITIES = Capabilities(
    operations={
        **dict.fromkeys(get_args(OperationName), Support(available=False, note="use Kestrel's dashboard")),
        "get_campaign": Support(),
        "list_contacts": Support(),
    },
    server_filters=frozenset({"list_contacts.status"}),
    contact_paging=Paging("page", 1000, size_param="limit", position_param="page"),
    limits=Limits(max_contacts=10_000),
    webhooks=Support(available=False, note="without a fixed signature"),
    contact_fields=frozenset({"id", "phone_number", "status", "end_reason", "last_attempt_at"}),
    campaign_fields=frozenset({"id", "name", "status", "counts", "schedule"}),
)

_blank_contact = maker_of_blank_contacts("end_reason", "last_attempt_at")

# Flows ----------------------------------------------------------------------------------------------------------------


class Kestrel(Provider):
    """Kestrel's API."""

    name = "kestrel"
    title = "Kestrel"
    base_url = "https://api.kestrel.example"
    capabilities = CAPABILITIES
    call_statuses = CALL_STATUSES
    campaign_statuses = CAMPAIGN_STATUSES

    def get_campaign(self, campaign_id: str) -> Flow[Campaign]:
        path = f"/blasts/{segment(campaign_id)}"
        response = yield Request(operation="get_campaign", path=path, subject=campaign_id)
        wire = read(response.content, Blast)
        counters, plan = wire.counters or Counters(), wire.plan or Plan()
        schedule = Schedule(
            start=from_unix_milliseconds(plan.earliest_at, "plan.earliest_at"),
            end=from_unix_milliseconds(plan.latest_at, "plan.latest_at"),
        )
        return Campaign(
            id=required(wire.id, "id"),
            provider=self.name,
            name=wire.name or None,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            counts=Counts(finished=counters.completed, failed=counters.failed, skipped=counters.skipped),
            schedule=None if schedule == Schedule() else schedule,
            raw=decode(response.content),
        )

    def list_contacts(self, campaign_id: str, position: Position, wanted: ContactFilter) -> Flow[Page[Contact]]:
        query = self.capabilities.contact_paging.query(position)
        if word := CALL_STATUSES.filter_word(wanted.status):
            query["status"] = word
        path = f"/blasts/{segment(campaign_id)}/customers"
        response = yield Request(operation="list_contacts", path=path, query=query, subject=campaign_id)
        answer = read(response.content, CustomersAnswer)
        metadata = answer.metadata or Metadata()
        rows = self._contacts(answer.results, RawRows(response.content, "results", custom=_custom), campaign_id)
        return Page(
            items=seal_contacts(collect(rows, "$.results")),
            total=None if metadata.total_items is None else int(metadata.total_items),
            has_more=metadata.has_next_page,
        )

    def refusal(self, response: Response) -> Refusal:
        return Refusal(message=text_or_none(read_leniently(response.content).get("message")))

    def _contacts(self, rows: list[Customer], raw_rows: RawRows, campaign_id: str) -> Iterator[Any]:
        known = self.read_call_status.known
        for index, row in enumerate(rows):
            contact = _blank_contact()
            contact.id = required(row.id, "id")
            contact.provider = self.name
            contact.campaign_id = campaign_id
            contact.phone_number, contact.phone_valid = phone_from_vendor(row.number)
            contact.vendor_status, contact.end_reason = pair = row.status, row.ended_reason
            contact.status, contact.is_final = known.get(pair) or self.read_call_status.read_anew(*pair)
            contact.is_final |= row.status == "customer.completed"  # also for an unknown reason
            contact.last_attempt_at = from_unix_milliseconds(row.dispatched_at, "dispatched_at")
            contact._fields = contact._raw = (raw_rows, index)
            yield contact


def _custom(_: Mapping[str, Any]) -> None:
    return None
