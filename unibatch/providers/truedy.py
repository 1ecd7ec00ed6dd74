"""Truedy: batch calls, snake_case, paged by offset.

Sources: the pages "List Batch Call Contacts", "Add Contacts to Batch Call" and "Create Batch Call" of Truedy's API
reference, and its guides on errors, rate limits and idempotency. Two pages often show the same object in two shapes;
both occur, so both are read. In the wire types, *schema* and *example* say from which part of a page a key comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

from unibatch.core import phone
from unibatch.core.blank import maker_of_blank_contacts, seal_contacts
from unibatch.core.errors import ProviderError
from unibatch.core.flow import Flow, Request, Response, segment
from unibatch.core.model import (
    Campaign,
    Contact,
    Counts,
    Money,
    RetryPolicy,
    Schedule,
)
from unibatch.core.paging import Page, Paging, Position
from unibatch.core.phone import is_e164
from unibatch.core.provider import (
    CampaignFilter,
    Capabilities,
    ContactFilter,
    Limits,
    Provider,
    Refusal,
    Setting,
    Support,
)
from unibatch.core.raw import RawRows, decode
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.structuring import (
    StructureError,
    Unread,
    Wire,
    collect,
    instant_or_none,
    read,
    read_leniently,
    required,
    seconds,
    text_or_none,
    time_of_day,
    utc,
)
from unibatch.core.vocabulary import StatusTable

# Wire types -----------------------------------------------------------------------------------------------------------


class Pagination(Wire):
    total: int | None = None
    has_more: bool | None = None


class BatchCall(Wire):
    id: str
    name: str | None = None
    agent_id: str | None = None
    status: str | None = None
    total_contacts: int | None = None
    completed_contacts: int | None = None  # schema; means "were called"
    successful_contacts: int | None = None  # schema
    failed_contacts: int | None = None  # schema
    voicemail_contacts: int | None = None  # schema
    no_answer_contacts: int | None = None  # schema
    called: int | None = None  # example
    completed: int | None = None  # example; means "succeeded"
    failed: int | None = None  # example
    pending: int | None = None  # example
    phone_number_ids: list[str] | None = None  # schema
    from_number: str | None = None  # example
    total_cost_usd: Decimal | None = None
    average_duration_seconds: float | None = None
    scheduled_at: datetime | None = None
    timezone: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    working_days: list[int] | None = None
    max_calls_per_day: int | None = None
    max_concurrent_calls: int | None = None  # schema
    concurrency: int | None = None  # example
    retry_attempts: int | None = None  # example
    created_at: datetime | None = None
    updated_at: datetime | None = None


class BatchContact(Wire):
    contact_id: str | None = None  # schema
    id: str | None = None  # example
    phone_number: Any = None  # schema
    phone: Any = None  # example
    name: str | None = None  # example
    first_name: str | None = None  # schema
    last_name: str | None = None
    email: str | None = None
    custom_fields: Unread | None = None
    call_status: str | None = None
    call_id: str | None = None
    called_at: datetime | None = None


class BatchCallAnswer(Wire):
    data: BatchCall


class BatchCallsAnswer(Wire):
    data: list[BatchCall]
    pagination: Pagination | None = None


class ContactsAnswer(Wire):
    data: list[BatchContact]
    pagination: Pagination | None = None


# Status tables --------------------------------------------------------------------------------------------------------

CALL_STATUSES = StatusTable(
    {
        "pending": CallStatus.PENDING,
        "scheduled": CallStatus.PENDING,
        "queued": CallStatus.QUEUED,
        "ringing": CallStatus.RINGING,
        "in-progress": CallStatus.IN_PROGRESS,
        "completed": CallStatus.COMPLETED,
        "ended": CallStatus.COMPLETED,
        "voicemail": CallStatus.VOICEMAIL,
        "no_answer": CallStatus.NO_ANSWER,
        "failed": CallStatus.FAILED,
        "cancelled": CallStatus.CANCELLED,
    },
    unknown=CallStatus.UNKNOWN,
    # The filter is a free text, so every word is taken to be understood, but for "in-progress": with its hyphen it
    # stands only in the guide to another endpoint, and this one spells with underscores.
    filterable=frozenset({"queued", "ringing", "voicemail", "no_answer", "failed", "cancelled"}),
)

CAMPAIGN_STATUSES = StatusTable(
    {
        "draft": CampaignStatus.DRAFT,
        "scheduled": CampaignStatus.SCHEDULED,
        "active": CampaignStatus.RUNNING,
        "running": CampaignStatus.RUNNING,  # in examples only; the schema and the filter do not know it
        "paused": CampaignStatus.PAUSED,
        "completed": CampaignStatus.COMPLETED,
        "failed": CampaignStatus.FAILED,
        "cancelled": CampaignStatus.CANCELLED,
    },
    unknown=CampaignStatus.UNKNOWN,
    filterable=frozenset({"draft", "scheduled", "active", "paused", "completed", "failed", "cancelled"}),
)

# Capabilities ---------------------------------------------------------------------------------------------------------

CAPABILITIES = Capabilities(
    operations={
        "list_campaigns": Support(),
        "get_campaign": Support(),
        "list_contacts": Support(),
        "get_account": Support(available=False, note="Truedy's API does not tell about the account; see its dashboard"),
        "create_campaign": Support(note="stands in draft until started", idempotency_key=True),
        "add_contacts": Support(),
        "start_campaign": Support(),
        "pause_campaign": Support(note="while active or scheduled; calls under way go on"),
        "resume_campaign": Support(note="while paused"),
        "reschedule_campaign": Support(),
        "cancel_campaign": Support(available=False, note="pause it instead; Truedy documents no way to cancel"),
        "delete_campaign": Support(note="only draft, failed or cancelled ones"),
    },
    server_filters=frozenset({"list_campaigns.status", "list_campaigns.agent_id", "list_contacts.status"}),
    campaign_paging=Paging("offset", 100, size_param="limit", position_param="offset"),
    contact_paging=Paging("offset", 100, size_param="limit", position_param="offset"),
    limits=Limits(requests_per_minute=100, max_name_length=255),
    webhooks=Support(note="set up in the dashboard; signed"),
    contact_fields=frozenset(
        {"id", "phone_number", "name", "first_name", "last_name", "email", "fields", "status", "call_id"}
        | {"last_attempt_at"}
    ),
    campaign_fields=frozenset(
        {"id", "name", "status", "agent_id", "from_numbers", "counts", "schedule", "max_concurrency", "retry", "cost"}
        | {"average_duration", "created_at", "updated_at"}
    ),
)

_blank_contact = maker_of_blank_contacts("name", "first_name", "last_name", "email", "call_id")

# Flows ----------------------------------------------------------------------------------------------------------------


class Truedy(Provider):
    """Truedy's public API, version 1."""

    name: ClassVar[str] = "truedy"
    title: ClassVar[str] = "Truedy"
    base_url: ClassVar[str] = "https://api.truedy.ai/api/public/v1"
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    settings: ClassVar[Mapping[str, Setting]] = MappingProxyType(
        {
            "agent_id": Setting(purpose="the agent that talks in campaigns created with this profile"),
            "from_number_ids": Setting(
                purpose="ids of the numbers that such campaigns call from; left out: the agent's", is_list=True
            ),
        }
    )
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = MappingProxyType({})
    call_statuses: ClassVar[StatusTable[CallStatus]] = CALL_STATUSES
    campaign_statuses: ClassVar[StatusTable[CampaignStatus]] = CAMPAIGN_STATUSES

    def list_campaigns(self, position: Position, wanted: CampaignFilter) -> Flow[Page[Campaign]]:
        query = self.capabilities.campaign_paging.query(position)
        if wanted.agent_id is not None:
            query["agent_id"] = wanted.agent_id
        if word := CAMPAIGN_STATUSES.filter_word(wanted.status):
            query["status"] = word
        response = yield Request(operation="list_campaigns", path="/batch-calls", query=query)
        answer = read(response.content, BatchCallsAnswer)
        pagination = answer.pagination or Pagination()
        return Page(
            items=collect(map(self._campaign, answer.data, decode(response.content)["data"]), "$.data"),
            total=pagination.total,
            has_more=pagination.has_more,
        )

    def get_campaign(self, campaign_id: str) -> Flow[Campaign]:
        path = f"/batch-calls/{segment(campaign_id)}"
        response = yield Request(operation="get_campaign", path=path, subject=campaign_id)
        answer = read(response.content, BatchCallAnswer)
        try:
            return self._campaign(answer.data, decode(response.content)["data"])
        except StructureError as exc:
            raise exc.within("$.data") from exc

    def list_contacts(self, campaign_id: str, position: Position, wanted: ContactFilter) -> Flow[Page[Contact]]:
        query = self.capabilities.contact_paging.query(position)
        if word := CALL_STATUSES.filter_word(wanted.status):
            query["status"] = word
        path = f"/batch-calls/{segment(campaign_id)}/contacts"
        response = yield Request(operation="list_contacts", path=path, query=query, subject=campaign_id)
        answer = read(response.content, ContactsAnswer)
        raw_rows = RawRows(response.content, "data", custom=_custom)
        pagination = answer.pagination or Pagination()
        return Page(
            items=seal_contacts(collect(self._contacts(answer.data, raw_rows, campaign_id), "$.data")),
            total=pagination.total,
            has_more=pagination.has_more,
        )

    def refusal(self, response: Response) -> Refusal:
        body = read_leniently(response.content)
        error = body.get("error")
        error = error if isinstance(error, dict) else {}
        details = error.get("details")
        meta = body.get("meta")
        fields: dict[str, str] = {}
        retry_at = None
        if isinstance(details, dict):
            if text_or_none(details.get("field")):
                fields[details["field"]] = _reason(details.get("reason"))
            retry_at = instant_or_none(details.get("reset_at"))
        if isinstance(problems := body.get("detail"), list):
            details = problems
            for item in problems:
                if isinstance(item, dict):
                    field = _location(item.get("loc"))
                    fields[field] = "; ".join(filter(None, (fields.get(field), _reason(item.get("msg")))))
        return Refusal(
            code=text_or_none(error.get("code")),
            message=text_or_none(error.get("message")),
            details=details,
            request_id=text_or_none(meta.get("request_id")) if isinstance(meta, dict) else None,
            field_errors=fields,
            retry_at=retry_at,
        )

    def _campaign(self, wire: BatchCall, raw: Mapping[str, Any]) -> Campaign:
        schedule = Schedule(
            start=utc(wire.scheduled_at, "scheduled_at"),
            timezone=wire.timezone or None,
            window_start=time_of_day(wire.start_time),
            window_end=time_of_day(wire.end_time),
            weekdays=tuple(wire.working_days or ()),
            max_calls_per_day=wire.max_calls_per_day,
        )
        from_number = (wire.from_number,) if wire.from_number else ()
        return Campaign(
            id=required(wire.id, "id"),
            provider=self.name,
            name=wire.name or None,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            agent_id=wire.agent_id or None,
            from_numbers=tuple(wire.phone_number_ids or from_number),
            counts=Counts(
                total=wire.total_contacts,
                attempted=_first_told(wire.completed_contacts, wire.called),
                succeeded=_first_told(wire.successful_contacts, wire.completed),
                failed=_first_told(wire.failed_contacts, wire.failed),
                pending=wire.pending,
                voicemail=wire.voicemail_contacts,
                no_answer=wire.no_answer_contacts,
            ),
            schedule=schedule if schedule != Schedule() else None,
            max_concurrency=_first_told(wire.max_concurrent_calls, wire.concurrency),
            # The vendor counts the attempts after the first one.
            retry=None if wire.retry_attempts is None else RetryPolicy(max_attempts=wire.retry_attempts + 1),
            cost=_dollars(wire.total_cost_usd),
            average_duration=seconds(wire.average_duration_seconds, "average_duration_seconds"),
            created_at=utc(wire.created_at, "created_at"),
            updated_at=utc(wire.updated_at, "updated_at"),
            raw=raw,
        )

    def _contacts(self, rows: Sequence[BatchContact], raw_rows: RawRows, campaign_id: str) -> Iterator[Any]:
        provider = self.name
        known = self.read_call_status.known
        for index, row in enumerate(rows):
            contact = _blank_contact()
            contact.id = row.contact_id or required(row.id, "contact_id")
            contact.provider = provider
            contact.campaign_id = campaign_id
            number = row.phone if row.phone_number is None else row.phone_number
            if type(number) is str and is_e164(number):
                contact.phone_number = number
                contact.phone_valid = True
            else:
                contact.phone_number, contact.phone_valid = phone.from_vendor(number)
            contact.name = row.name or _full_name(row.first_name, row.last_name)
            contact.first_name = row.first_name or None
            contact.last_name = row.last_name or None
            contact.email = row.email or None
            contact.vendor_status = word = row.call_status
            contact.status, contact.is_final = known.get(word) or self.read_call_status.read_anew(word)
            contact.call_id = row.call_id or None
            if moment := row.called_at:
                contact.last_attempt_at = moment if moment.tzinfo is UTC else utc(moment, "called_at")
            contact._fields = contact._raw = (raw_rows, index)
            yield contact


def _custom(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return row.get("custom_fields")


def _full_name(first: str | None, last: str | None) -> str | None:
    return f"{first} {last}" if first and last else first or last or None


def _first_told(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _dollars(amount: Decimal | None) -> Money | None:
    if amount is None:
        return None
    if not amount.is_finite():  # a text may say "NaN"
        raise StructureError("$.total_cost_usd", "not an amount of money")
    return Money(amount, "USD")


def _location(loc: Any) -> str:
    """Where a validation error is: ``["body", "contacts", 0, "phone_number"]`` gives ``contacts.0.phone_number``."""
    parts = [str(part) for part in loc] if isinstance(loc, list) else []
    return ".".join(parts[1:] or parts) or "?"


def _reason(said: Any) -> str:
    return "rejected" if said is None else str(said)
