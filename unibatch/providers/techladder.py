"""TechLadder: call batches, snake_case, pages by number.

Sources: the page "List calls in a batch" of TechLadder's API reference, and its pages on batches, the account, errors
and limits. The only documented host is a staging host, so that is the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar

from unibatch.core import phone
from unibatch.core.blank import maker_of_blank_contacts, seal_contacts
from unibatch.core.errors import (
    AuthenticationError,
    NotFound,
    PermissionDenied,
    ProviderError,
    RateLimited,
)
from unibatch.core.flow import Flow, Request, Response, segment
from unibatch.core.model import (
    Account,
    AccountLimits,
    Campaign,
    Contact,
    Counts,
    Schedule,
)
from unibatch.core.paging import Page, Paging, Position
from unibatch.core.phone import DIGITS
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
    read,
    read_leniently,
    required,
    seconds,
    text_or_none,
    utc,
)
from unibatch.core.vocabulary import StatusTable

# Wire types -----------------------------------------------------------------------------------------------------------


class Batch(Wire):
    schedule_id: str | None = None
    batch_id: str | None = None  # not documented; the path parameter has this name
    id: str | None = None  # not documented
    agent_id: str | None = None
    status: str | None = None
    did_number: str | None = None
    total_contacts: int | None = None
    completed_contacts: int | None = None
    failed_contacts: int | None = None
    pending_contacts: int | None = None
    concurrency: int | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Call(Wire):
    call_id: str
    external_id: str | int | None = None
    phone_number: Any = None  # digits with country code, no plus
    name: str | None = None
    status: str | None = None
    duration_seconds: int | float | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    metadata: Unread | None = None  # its keys come back respelt: company_name as "Company Name"


class BatchPage(Wire):
    items: list[Batch]
    total: int | None = None
    has_more: bool | None = None


class CallPage(Wire):
    items: list[Call]
    total: int | None = None
    has_more: bool | None = None


class AccountFacts(Wire):
    account_id: str
    name: str | None = None
    email: str | None = None
    limits: AccountFactsLimits | None = None


class AccountFactsLimits(Wire):
    max_batch_size: int | None = None
    max_concurrent_calls: int | None = None
    max_call_duration_seconds: int | float | None = None
    rate_limit_per_minute: int | None = None


class BatchAnswer(Wire):
    data: Batch


class BatchesAnswer(Wire):
    data: BatchPage


class CallsAnswer(Wire):
    data: CallPage


class AccountAnswer(Wire):
    data: AccountFacts


# Status tables --------------------------------------------------------------------------------------------------------

CALL_STATUSES = StatusTable(
    {
        "pending": CallStatus.PENDING,
        "queued": CallStatus.QUEUED,  # with the dialler; TalkifAI's word "queued" means something else
        "ringing": CallStatus.RINGING,
        "answered": CallStatus.ANSWERED,
        "in_progress": CallStatus.IN_PROGRESS,
        "completed": CallStatus.COMPLETED,
        "no_answer": CallStatus.NO_ANSWER,
        "busy": CallStatus.BUSY,
        "failed": CallStatus.FAILED,
        "cancelled": CallStatus.CANCELLED,
    },
    unknown=CallStatus.UNKNOWN,
    filterable=frozenset(
        {"pending", "queued", "ringing", "answered", "in_progress", "completed", "no_answer", "busy", "failed"}
        | {"cancelled"}
    ),
)

CAMPAIGN_STATUSES = StatusTable(
    {
        "pending": CampaignStatus.PENDING,
        "active": CampaignStatus.RUNNING,
        "completed": CampaignStatus.COMPLETED,
        "failed": CampaignStatus.FAILED,
        "cancelled": CampaignStatus.CANCELLED,
    },
    unknown=CampaignStatus.UNKNOWN,
    filterable=frozenset({"pending", "active", "completed", "failed", "cancelled"}),
)

# Capabilities ---------------------------------------------------------------------------------------------------------

_NOT_IN_API = "TechLadder's API does not offer it; use its dashboard"

CAPABILITIES = Capabilities(
    operations={
        "list_campaigns": Support(),
        "get_campaign": Support(),
        "list_contacts": Support(),
        "get_account": Support(),
        "create_campaign": Support(note="can hold, start at once, or at a set time; repeated numbers are dropped"),
        "add_contacts": Support(available=False, note="TechLadder's batches cannot be extended; create another one"),
        "start_campaign": Support(available=False, note=_NOT_IN_API),
        "pause_campaign": Support(available=False, note=_NOT_IN_API),
        "resume_campaign": Support(available=False, note=_NOT_IN_API),
        "reschedule_campaign": Support(available=False, note=_NOT_IN_API),
        "cancel_campaign": Support(available=False, note=_NOT_IN_API),
        "delete_campaign": Support(available=False, note=_NOT_IN_API),
    },
    server_filters=frozenset(
        {"list_campaigns.status", "list_campaigns.agent_id", "list_contacts.status", "list_contacts.external_id"}
    ),
    campaign_paging=Paging("page", 100, size_param="limit", position_param="page"),
    contact_paging=Paging("page", 500, size_param="limit", position_param="page"),
    limits=Limits(requests_per_minute=300, max_contacts=10_000, max_concurrency=20),
    webhooks=Support(available=False, note="what TechLadder sends, and how it is signed, is not documented"),
    contact_fields=frozenset(
        {"id", "phone_number", "name", "external_id", "fields", "status", "call_id", "started_at", "ended_at"}
        | {"duration"}
    ),
    campaign_fields=frozenset(
        {"id", "status", "agent_id", "from_numbers", "counts", "schedule", "max_concurrency", "created_at"}
        | {"updated_at", "started_at"}
    ),
)

_blank_contact = maker_of_blank_contacts("name", "call_id")

# Flows ----------------------------------------------------------------------------------------------------------------


class TechLadder(Provider):
    """TechLadder's public API, version 1."""

    name: ClassVar[str] = "techladder"
    title: ClassVar[str] = "TechLadder"
    base_url: ClassVar[str] = "https://api.staging.techladder.ai/api/v1/public"
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    settings: ClassVar[Mapping[str, Setting]] = MappingProxyType(
        {
            "agent_id": Setting(purpose="the agent that talks in campaigns created with this profile"),
            "version_id": Setting(purpose="the version of the agent's prompt in such campaigns"),
            "voice": Setting(purpose="the voice in such campaigns; left out: the agent's"),
            "from_number_ids": Setting(
                purpose="the number that such campaigns call from, in a list of one; left out: the account's",
                is_list=True,
            ),
        }
    )
    error_codes: ClassVar[Mapping[str, type[ProviderError]]] = MappingProxyType(
        {
            "UNAUTHORIZED": AuthenticationError,
            "FORBIDDEN": PermissionDenied,
            "NOT_FOUND": NotFound,
            "RATE_LIMITED": RateLimited,
        }
    )
    call_statuses: ClassVar[StatusTable[CallStatus]] = CALL_STATUSES
    campaign_statuses: ClassVar[StatusTable[CampaignStatus]] = CAMPAIGN_STATUSES

    def list_campaigns(self, position: Position, wanted: CampaignFilter) -> Flow[Page[Campaign]]:
        query = self.capabilities.campaign_paging.query(position)
        if wanted.agent_id is not None:
            query["agent_id"] = wanted.agent_id
        if word := CAMPAIGN_STATUSES.filter_word(wanted.status):
            query["status"] = word
        response = yield Request(operation="list_campaigns", path="/call-batches", query=query)
        page = read(response.content, BatchesAnswer).data
        return Page(
            items=collect(map(self._campaign, page.items, decode(response.content)["data"]["items"]), "$.data.items"),
            total=page.total,
            has_more=page.has_more,
        )

    def get_campaign(self, campaign_id: str) -> Flow[Campaign]:
        path = f"/call-batches/{segment(campaign_id)}"
        response = yield Request(operation="get_campaign", path=path, subject=campaign_id)
        answer = read(response.content, BatchAnswer)
        try:
            return self._campaign(answer.data, decode(response.content)["data"])
        except StructureError as exc:
            raise exc.within("$.data") from exc

    def list_contacts(self, campaign_id: str, position: Position, wanted: ContactFilter) -> Flow[Page[Contact]]:
        query = self.capabilities.contact_paging.query(position)
        if word := CALL_STATUSES.filter_word(wanted.status):
            query["status"] = word
        if wanted.external_id is not None:
            query["external_id"] = wanted.external_id
        path = f"/call-batches/{segment(campaign_id)}/calls"
        response = yield Request(operation="list_contacts", path=path, query=query, subject=campaign_id)
        page = read(response.content, CallsAnswer).data
        raw_rows = RawRows(response.content, "data", "items", custom=_custom)
        return Page(
            items=seal_contacts(collect(self._contacts(page.items, raw_rows, campaign_id), "$.data.items")),
            total=page.total,
            has_more=page.has_more,
        )

    def get_account(self) -> Flow[Account]:
        response = yield Request(operation="get_account", path="/me")
        facts = read(response.content, AccountAnswer).data
        limits = facts.limits or AccountFactsLimits()
        try:
            max_call_duration = seconds(limits.max_call_duration_seconds, "max_call_duration_seconds")
        except StructureError as exc:
            raise exc.within("$.data.limits") from exc
        return Account(
            id=required(facts.account_id, "data.account_id"),
            provider=self.name,
            name=facts.name,
            email=facts.email,
            limits=AccountLimits(
                max_contacts=limits.max_batch_size,
                max_concurrency=limits.max_concurrent_calls,
                max_call_duration=max_call_duration,
                requests_per_minute=limits.rate_limit_per_minute,
            ),
            raw=decode(response.content)["data"],
        )

    def refusal(self, response: Response) -> Refusal:
        body = read_leniently(response.content)
        error = body.get("error")
        error = error if isinstance(error, dict) else {}
        details = error.get("details")
        lines = [line for line in details if isinstance(line, str)] if isinstance(details, list) else []
        fields: dict[str, str] = {}
        for line in lines:
            field, colon, reason = line.partition(": ")
            if colon and " " not in field:
                fields[field] = f"{fields[field]}; {reason}" if field in fields else reason
        return Refusal(
            code=text_or_none(error.get("code")),
            message=text_or_none(body.get("message")),
            details=details,
            request_id=response.headers.get("x-request-id"),
            field_errors=fields,
        )

    def _campaign(self, wire: Batch, raw: Mapping[str, Any]) -> Campaign:
        start = utc(wire.scheduled_at, "scheduled_at")
        return Campaign(
            id=required(wire.schedule_id or wire.batch_id or wire.id, "schedule_id"),
            provider=self.name,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            agent_id=wire.agent_id or None,
            from_numbers=(phone.from_vendor(wire.did_number, bare_digits=True)[0],) if wire.did_number else (),
            counts=Counts(
                total=wire.total_contacts,
                succeeded=wire.completed_contacts,
                failed=wire.failed_contacts,
                pending=wire.pending_contacts,
            ),
            schedule=None if start is None else Schedule(start=start),
            max_concurrency=wire.concurrency,
            created_at=utc(wire.created_at, "created_at"),
            updated_at=utc(wire.updated_at, "updated_at"),
            started_at=utc(wire.started_at, "started_at"),
            raw=raw,
        )

    def _contacts(self, rows: Sequence[Call], raw_rows: RawRows, campaign_id: str) -> Iterator[Any]:
        provider = self.name
        known = self.read_call_status.known
        for index, row in enumerate(rows):
            contact = _blank_contact()
            contact.id = contact.call_id = row.call_id or required(row.call_id, "call_id")
            contact.provider = provider
            contact.campaign_id = campaign_id
            number = row.phone_number
            # An E.164 number without its plus. To ask so is twice as fast as a regular expression.
            if type(number) is str and len(number) in DIGITS and number.isdigit() and number.isascii() and number > "1":
                contact.phone_number = f"+{number}"
                contact.phone_valid = True
            else:
                contact.phone_number, contact.phone_valid = phone.from_vendor(number, bare_digits=True)
            contact.name = row.name or None
            if row.external_id is not None:
                contact.external_id = str(row.external_id) or None
            contact.vendor_status = word = row.status
            contact.status, contact.is_final = known.get(word) or self.read_call_status.read_anew(word)
            if moment := row.started_at:
                contact.started_at = moment if moment.tzinfo is UTC else utc(moment, "started_at")
            if moment := row.ended_at:
                contact.ended_at = moment if moment.tzinfo is UTC else utc(moment, "ended_at")
            if row.duration_seconds is not None:
                contact.duration = seconds(row.duration_seconds, "duration_seconds")
            contact._fields = contact._raw = (raw_rows, index)
            yield contact


def _custom(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return row.get("metadata")
