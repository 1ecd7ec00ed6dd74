"""TalkifAI: batch jobs, camelCase, contacts paged by number inside the job.

Sources: the page "Batch job details" of TalkifAI's API reference, and its pages on listing, creating, starting,
cancelling and rescheduling batch jobs, on errors and on limits.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from unibatch import provider_api as api
from unibatch.provider_api import (
    CallStatus,
    CampaignStatus,
    Fit,
    Given,
    How,
    Request,
    Setting,
    Support,
    Transition,
    Wire,
)

# Wire types -----------------------------------------------------------------------------------------------------------


class JobRetryPolicy(Wire):
    maxAttempts: int | None = None
    retryableStatuses: list[str] | None = None


class ContactData(Wire):  # as uploaded: these, phone, and keys of the user's own
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    external_id: str | int | None = None


class JobContact(Wire):
    strict = frozenset({"status"})

    id: str
    phoneNumber: str | int | float | None = None
    contactData: ContactData | None = None
    status: str | None = None
    errorCode: str | int | None = None  # a SIP response code, as text
    attemptCount: int | None = None
    maxAttempts: int | None = None
    lastAttemptAt: datetime | None = None
    # null says that there is no further attempt; a missing key says nothing
    nextRetryAt: datetime | api.UnsetType | None = api.UNSET
    completedAt: datetime | None = None
    failureReason: str | None = None
    callDuration: int | float | None = None  # seconds


class Job(Wire):
    strict = frozenset({"status"})

    id: str
    name: str | None = None
    description: str | None = None
    status: str | None = None
    agentId: str | None = None
    fromPhoneNumberId: str | None = None
    totalContacts: int | None = None
    contactsProcessed: int | None = None
    successfulCalls: int | None = None
    failedCalls: int | None = None
    statusBreakdown: dict[str, int] | None = None
    scheduledStartTime: datetime | None = None
    timezone: str | None = None  # of scheduledStartTime, if that has no offset; not documented for this answer
    actualStartTime: datetime | None = None
    completedAt: datetime | None = None
    createdAt: datetime | None = None
    concurrentCallLimit: int | None = None
    retryPolicy: JobRetryPolicy | None = None


class JobWithContacts(Wire):
    strict = frozenset({"contacts", "status"})

    contacts: list[JobContact] | None = None
    status: str | None = None
    contactsTotal: int | None = None
    contactsHasMore: bool | None = None


class CreatedJob(Wire):
    strict = frozenset({"batchJobId", "status"})

    batchJobId: str | None = None
    status: str | None = None
    scheduledStartTime: datetime | None = None
    timezone: str | None = None
    totalContacts: int | None = None


class JobsAnswer(Wire):
    strict = frozenset({"batchJobs"})

    batchJobs: list[Job] | None = None
    total: int | None = None


# Status tables --------------------------------------------------------------------------------------------------------

CALL_STATUSES = api.StatusTable(
    {
        "pending": CallStatus.PENDING,
        "queued": CallStatus.RETRY_SCHEDULED,  # queued for a retry; TechLadder's word "queued" means something else
        "dialing": CallStatus.DIALING,
        "connected": CallStatus.IN_PROGRESS,  # this and other words below: older pages only
        "running": CallStatus.IN_PROGRESS,  # a key of statusBreakdown
        "completed": CallStatus.COMPLETED,
        "no_answer": CallStatus.NO_ANSWER,
        "busy": CallStatus.BUSY,
        "timeout": CallStatus.TIMEOUT,
        "blocked": CallStatus.BLOCKED,
        "carrier_blocked": CallStatus.BLOCKED,
        "invalid_number": CallStatus.INVALID_NUMBER,
        "carrier_error": CallStatus.CARRIER_ERROR,
        "failed": CallStatus.FAILED,
        "permanently_failed": CallStatus.FAILED,
        "agent_error": CallStatus.FAILED,
        "cancelled": CallStatus.CANCELLED,
    },
    filterable=True,
    not_filterable={"connected", "running", "carrier_blocked", "permanently_failed", "agent_error"},
)

CAMPAIGN_STATUSES = api.StatusTable(
    {
        "pending": CampaignStatus.PENDING,
        "scheduled": CampaignStatus.SCHEDULED,
        "running": CampaignStatus.RUNNING,
        "paused": CampaignStatus.PAUSED,  # not in the documentation of the API, but the dashboard can pause a job
        "completed": CampaignStatus.COMPLETED,
        "failed": CampaignStatus.FAILED,
        "cancelled": CampaignStatus.CANCELLED,
    },
    filterable=True,
    not_filterable={"paused"},
)

UNDER_WAY = frozenset({CallStatus.DIALING, CallStatus.IN_PROGRESS})
"""Statuses of calls that go on when a job is over or cancelled."""

RETRIED_BY_VENDOR = frozenset({CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.TIMEOUT})
"""Statuses after which the vendor calls again while attempts remain."""

# Capabilities ---------------------------------------------------------------------------------------------------------

_ONLY_DASHBOARD = "only TalkifAI's dashboard can do it"
_LONGEST_DESCRIPTION = 1000
_MARK_BEGINS = "[unibatch"

CAPABILITIES = api.Capabilities(
    operations={
        "list_campaigns": Support(note="needs organization_id"),
        "get_campaign": Support(),
        "list_contacts": Support(),
        "get_account": Support(available=False, note="TalkifAI's API does not show the account; use its Studio"),
        "create_campaign": Support(note="without a start time it dials at once"),
        "add_contacts": Support(available=False, note="TalkifAI's jobs cannot be extended; create another one"),
        "start_campaign": Support(note="while pending or scheduled"),
        "pause_campaign": Support(available=False, note=_ONLY_DASHBOARD),
        "resume_campaign": Support(available=False, note=_ONLY_DASHBOARD),
        "reschedule_campaign": Support(note="while pending or scheduled"),
        "cancel_campaign": Support(note="while pending, scheduled, running or paused"),
        "delete_campaign": Support(available=False, note=_ONLY_DASHBOARD),
        "retry_campaign": Support(available=False, note="create another job for those who were not reached"),
    },
    server_filters={"list_campaigns.status", "list_contacts.status"},
    campaign_paging=api.Paging("page", 100, size_param="pageSize", position_param="page"),
    contact_paging=api.Paging("page", 500, size_param="contactsPageSize", position_param="contactsPage"),
    limits=api.Limits(
        requests_per_minute=60,
        max_contacts=10_000,
        max_concurrency=50,
        max_attempts=10,
        max_name_length=200,
        max_description_length=_LONGEST_DESCRIPTION,
    ),
    webhooks=Support(note="signed without a time stamp: recognise repeated ones by their id"),
    contact_fields={"id", "phone_number", "name", "first_name", "last_name", "email", "external_id", "fields", "status"}
    | {"attempts", "max_attempts", "last_attempt_at", "next_attempt_at", "ended_at", "duration", "sip_code"}
    | {"failure_reason"},
    campaign_fields={
        "id",
        "name",
        "description",
        "status",
        "agent_id",
        "from_numbers",
        "counts",
        "schedule",
        "max_concurrency",
    }
    | {"retry", "created_at", "started_at", "completed_at"},
)

# Draft fields ---------------------------------------------------------------------------------------------------------

OWN_ATTRIBUTES = frozenset({"first_name", "last_name", "email", "external_id"})
"""Keys of ``contactData`` that are attributes of a canonical contact, beside ``phone`` and ``name``.

The vendor knows only those two. Under these keys this library uploads what the vendor has no place for.
"""


def _described(given: Given) -> str:
    """The description as it is sent, with the mark at its end."""
    return given.mark.at_end_of(given.fields.get("description", ""))


def _description(text: str, given: Given) -> How:
    over = len(_described(given)) - _LONGEST_DESCRIPTION
    if over > 0 and len(text) <= _LONGEST_DESCRIPTION:
        return How(Fit.INVALID, f"{over:,} characters too long, with the mark by which the job is recognised")
    return How(Fit.NATIVE, "", {"description": _described(given)})


def _key(_: str, given: Given) -> How:
    # Without a description of the user's, only this entry sends one; with one, both send the same text.
    if given.settings.get("organization_id"):
        reason = "the description ends with a mark; placed again, a job with that mark is looked for first"
        return How(Fit.EMULATED, reason, {"description": _described(given)})
    reason = (
        "without organization_id TalkifAI lists no jobs, so a lost answer leaves it unknown whether the campaign is"
    )
    reason += " there; set it in the profile's defaults"
    return How(Fit.LOSSY, reason, {"description": _described(given)})


def _hold(_: api.Start, given: Given) -> How:
    if "hold_until" in given.fields:
        return How(Fit.EMULATED, "scheduled for hold_until; start_campaign can start it earlier")
    reason = "TalkifAI cannot hold a job without a time: it would begin to call at once. Give hold_until, a time at "
    reason += "which it starts unless start_campaign starts it earlier, or choose another start"
    return How(Fit.UNSUPPORTED, reason)


def _from_numbers(numbers: Sequence[str], _: Given) -> How:
    if len(numbers) > 1:
        return How(Fit.INVALID, "TalkifAI calls from one number; name only one")
    return How(Fit.NATIVE, "", {"fromPhoneNumberId": numbers[0]})


def _retry_on(statuses: Collection[CallStatus], _: Given) -> How:
    if set(statuses) == RETRIED_BY_VENDOR:
        return How(Fit.NATIVE, "what TalkifAI does anyway")
    return How(Fit.UNSUPPORTED, f"TalkifAI always calls again after {', '.join(sorted(RETRIED_BY_VENDOR))}")


def _times(when: api.When) -> Mapping[str, str]:
    """A start as the vendor takes it: what the clocks in the zone show; in UTC if they show that time twice."""
    if api.is_ambiguous(when.local):
        when = api.When(when.moment, "UTC")
    return {"scheduledStartTime": f"{when.local:%Y-%m-%dT%H:%M:%S}", "timezone": when.zone or "UTC"}


_AS_OWN_KEY = How(Fit.EMULATED, "kept under a key of this name in the contact's data")
_NO_WINDOW = How(Fit.UNSUPPORTED, "TalkifAI's jobs call at any time from their start")

DRAFT_FIELDS: Mapping[str, How] = {
    "name": How.sent("name"),
    "contacts.name": How(),
    "contacts.first_name": _AS_OWN_KEY,
    "contacts.last_name": _AS_OWN_KEY,
    "contacts.email": _AS_OWN_KEY,
    "contacts.external_id": _AS_OWN_KEY,
    "contacts.fields": How(),
    "start": How.by_start(
        hold=How.depends(_hold),
        now=How(Fit.NATIVE, "a job without a start time begins at once"),
        at=How(Fit.NATIVE, "", _times),
    ),
    "hold_until": How(Fit.NATIVE, "it starts by itself then, unless it is cancelled", _times),
    "agent_id": How(Fit.UNSUPPORTED, "TalkifAI's jobs name no agent: the agent assigned to the number talks"),
    "from_number_ids": How.depends(_from_numbers, required="the id of exactly one number"),
    "description": How.depends(_description),
    "schedule.end": _NO_WINDOW,
    "schedule.timezone": How(Fit.MAPPED, "used for the start only"),
    "schedule.window_start": _NO_WINDOW,
    "schedule.window_end": _NO_WINDOW,
    "schedule.weekdays": _NO_WINDOW,
    "schedule.max_calls_per_day": _NO_WINDOW,
    "max_concurrency": How.sent("concurrentCallLimit"),
    "retry.max_attempts": How.sent("maxAttempts"),
    "retry.retry_on": How.depends(_retry_on),
    "metadata": How(Fit.UNSUPPORTED, "TalkifAI's jobs have no metadata; put it into the contacts' fields"),
    "idempotency_key": How.depends(_key),
    "part": api.PART_IN_NAME,
}

# Transitions ----------------------------------------------------------------------------------------------------------

_NOT_BEGUN = frozenset({CampaignStatus.PENDING, CampaignStatus.SCHEDULED})

TRANSITIONS: Mapping[api.OperationName, Transition] = MappingProxyType(
    {
        "start_campaign": Transition(
            allowed=_NOT_BEGUN,
            done={CampaignStatus.RUNNING},
            passed={CampaignStatus.COMPLETED},
            doubtful={CampaignStatus.PENDING},  # its contacts may be enqueued already, and would be once more
        ),
        "cancel_campaign": Transition(
            allowed=_NOT_BEGUN | {CampaignStatus.RUNNING, CampaignStatus.PAUSED}, done={CampaignStatus.CANCELLED}
        ),
        "reschedule_campaign": Transition(allowed=_NOT_BEGUN, done={CampaignStatus.SCHEDULED}),
    }
)

# Webhooks -------------------------------------------------------------------------------------------------------------

_EVENT = api.EventType

WEBHOOKS = api.Webhooks(
    signature=api.HmacSignature(header="X-TalkifAI-Signature", prefix="sha256="),  # no time is signed
    types={
        "call.started": _EVENT.CALL_STARTED,
        "call.ended": _EVENT.CALL_ENDED,
        "call.failed": _EVENT.CALL_FAILED,
        "credit.low": _EVENT.CREDIT_LOW,
        "credit.depleted": _EVENT.CREDIT_LOW,
    },
    type=("type", "event"),  # event: the webhook of an agent, in beta
    occurred_at=("created", "timestamp"),
    campaign_id=("data.batchJobId",),
    call_id=("data.callId",),
    link=("data.roomName",),
    status=("data.status",),
    duration=("data.duration",),
    setup="In TalkifAI's Studio, add a webhook with this URL, and copy its signing secret.",
)

# Flows ----------------------------------------------------------------------------------------------------------------

_logger = logging.getLogger("unibatch")

_blank_contact = api.maker_of_blank_contacts("attempts", "max_attempts", "failure_reason")


class TalkifAI(api.Provider):
    """TalkifAI's batch API."""

    name = "talkifai"
    title = "TalkifAI"
    base_url = "https://api.talkifai.dev"
    capabilities = CAPABILITIES
    settings = MappingProxyType(
        {
            "organization_id": Setting(
                purpose="your organization's id, without which TalkifAI does not list campaigns"
            ),
            "from_number_ids": Setting(
                purpose="the id of the number that campaigns created with this profile call from, "
                "in a list of one; the agent assigned to that number talks",
                is_list=True,
            ),
            "auth_header": Setting(
                purpose='the header that carries the key: "Authorization" (if left out) or "X-API-Key"'
            ),
        }
    )
    error_codes = MappingProxyType({"job_not_found": api.NotFound, "insufficient_credits": api.PaymentRequired})
    draft_fields = DRAFT_FIELDS
    transitions = TRANSITIONS
    call_statuses = CALL_STATUSES
    campaign_statuses = CAMPAIGN_STATUSES
    webhooks = WEBHOOKS

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        super().__init__(defaults)
        self._organization_id = defaults.get("organization_id")
        self._auth_header = defaults.get("auth_header", "Authorization")
        if self._auth_header not in {"Authorization", "X-API-Key"}:
            raise api.ConfigError(f'auth_header must be "Authorization" or "X-API-Key", not {self._auth_header!r}')

    def headers(self, api_key: str) -> Mapping[str, str]:
        return {"X-API-Key": api_key} if self._auth_header == "X-API-Key" else super().headers(api_key)

    def call_of(self, contact: api.Contact) -> str | None:
        # A contact has no id of its call, but a room, which some webhooks name, too.
        return api.text_or_none(contact.raw.get("roomName"))

    def list_campaigns(self, position: api.Position, wanted: api.CampaignFilter) -> api.Flow[api.Page[api.Campaign]]:
        if not self._organization_id:
            raise api.ConfigError(
                "TalkifAI lists campaigns by organization, and organization_id is not set: add it to the table "
                '[profiles.NAME.defaults] of the configuration, or pass defaults={"organization_id": "..."}'
            )
        query = {"organizationId": self._organization_id, **self.capabilities.campaign_paging.query(position)}
        query["status"] = CAMPAIGN_STATUSES.filter_word(wanted.status)
        response = yield Request(operation="list_campaigns", path="/batch/jobs", query=query)

        def page(answer: JobsAnswer) -> api.Page[api.Campaign]:
            rows = api.rows_or_none(answer.batchJobs, answer.total, None, "$.batchJobs")
            jobs = map(self._campaign, rows, api.decode(response.content)["batchJobs"] if rows else ())
            return api.Page(items=api.collect(jobs, "$.batchJobs"), total=answer.total)

        return self.read_answer(response, JobsAnswer, page)

    def get_campaign(self, campaign_id: str) -> api.Flow[api.Campaign]:
        # The answer always brings contacts along; one is the fewest that can be asked for.
        path = f"/batch/jobs/{api.segment(campaign_id)}"
        query = {"contactsPageSize": "1"}
        response = yield Request(operation="get_campaign", path=path, query=query, subject=campaign_id)
        return self.read_answer(response, Job, lambda job: self._campaign(job, api.decode(response.content)))

    def list_contacts(
        self, campaign_id: str, position: api.Position, wanted: api.ContactFilter
    ) -> api.Flow[api.Page[api.Contact]]:
        query = self.capabilities.contact_paging.query(position)
        query["contactStatus"] = CALL_STATUSES.filter_word(wanted.status)
        path = f"/batch/jobs/{api.segment(campaign_id)}"
        response = yield Request(operation="list_contacts", path=path, query=query, subject=campaign_id)
        raw_rows = api.RawRows(response.content, "contacts", custom=_custom)

        def page(job: JobWithContacts) -> api.Page[api.Contact]:
            rows = api.rows_or_none(job.contacts, job.contactsTotal, job.contactsHasMore, "$.contacts")
            if wanted.results_only:
                results = api.translate_at("$.contacts", self._results, rows, job.status, campaign_id)
                return api.Page(items=results, ids=results.id, total=job.contactsTotal, has_more=job.contactsHasMore)
            contacts = api.collect(self._contacts(rows, job.status, raw_rows, campaign_id), "$.contacts")
            return api.Page(items=api.seal_contacts(contacts), total=job.contactsTotal, has_more=job.contactsHasMore)

        return self.read_answer(response, JobWithContacts, page)

    def contact_fault(self, contact: api.ContactDraft) -> str | None:
        return api.reserved_names_fault(contact, {"phone", "name", *OWN_ATTRIBUTES})

    def contact_body(self, contact: api.ContactDraft) -> Mapping[str, Any]:
        body = {"name": contact.full_name, **{name: getattr(contact, name) for name in sorted(OWN_ATTRIBUTES)}}
        own = {key: value for key, value in body.items() if value is not None}
        return {"phone": contact.phone_number, **own, **contact.fields}

    def creation(self, composition: api.Composition) -> Sequence[Request]:
        content = api.encode({**composition.body, "contacts": composition.contacts})
        return [Request(operation="create_campaign", method="POST", path="/batch/create", content=content)]

    def create_campaign(self, composition: api.Composition) -> api.Flow[api.Campaign]:
        if self.asked != composition.due:
            return (yield from self.expecting(composition.due).create_campaign(composition))
        (request,) = self.creation(composition)
        number, seen = len(composition.contacts), list[api.Campaign]()
        campaign = yield from api.create_once(
            self,
            request,
            self._created,
            (lambda: self._look(composition, seen)) if self._organization_id else None,
            api.where_to_look("TalkifAI's Studio", "job", number),
            settle=lambda known: self._settle(known, composition),
            composition=composition,
            warn=lambda: self._judge(composition, seen),
            differs=lambda job: self._other_organization(job) or _never_begins(job, composition),
            amend=self._cancelled,
        )
        text = api.text_or_none(campaign.raw.get("description"))
        if composition.mark.body and text is not None and api.mark_in(campaign, "description") is None:
            departs = "its description has lost the mark by which this draft would recognise it"
            advice = "do not place the draft again: everybody could be called twice"
            raise api.not_as_asked(campaign, departs, advice)
        advice = "TalkifAI's jobs cannot be extended: place the missing contacts as another campaign"
        return api.require_all_taken(campaign, number, advice=advice)

    def _settle(self, known: api.Campaign, composition: api.Composition) -> api.Flow[api.Campaign]:
        """Read a new job."""
        campaign = yield from api.read_back(self, known, composition)
        if composition.draft.start != api.Start.NOW or campaign.status not in _NOT_BEGUN:
            return campaign
        if campaign.status is CampaignStatus.SCHEDULED:
            if campaign.schedule is not None:
                return campaign
            return (yield from api.wait_while(self, campaign, CampaignStatus.SCHEDULED))
        # One that is pending may be enqueued already. To start it could enqueue everybody twice.
        campaign = yield from api.wait_while(self, campaign, CampaignStatus.PENDING)
        if campaign.status is CampaignStatus.PENDING:
            _logger.warning(
                "talkifai: %s was to start now, and is pending; if it does not begin soon, start it in TalkifAI's "
                "Studio: a request to start it could call everybody twice",
                campaign.id,
            )
        return campaign

    def _other_organization(self, job: api.Campaign) -> str | None:
        organization, ours = job.raw.get("organizationId"), self._organization_id
        if not ours or organization in {None, ours}:
            return None
        return f"it belongs to the organization {organization!r}, not to {ours!r}"

    def _cancelled(self, campaign: api.Campaign, departs: str) -> api.Flow[tuple[api.Campaign, str]]:
        """Cancel a new job that is not what was asked for."""
        if campaign.status.is_terminal or campaign.status is CampaignStatus.UNKNOWN:
            return campaign, "look at it in TalkifAI's Studio"
        cancel = self.change("cancel_campaign", campaign.id)
        try:
            campaign = yield from api.carry_out(
                self, cancel, lambda job: job.status is CampaignStatus.CANCELLED, campaign
            )
        except (api.UnibatchError, api.StructureError) as exc:
            advice = f"cancelling it failed, so cancel it in TalkifAI's Studio now ({exc})"
            raise api.not_as_asked(campaign, departs, advice) from exc
        return campaign, "it was cancelled; to place the draft again, give it an idempotency_key"

    def _created(self, response: api.Response) -> api.Campaign:
        def campaign(answer: CreatedJob) -> api.Campaign:
            start = api.starting_time(answer.scheduledStartTime, "scheduledStartTime", answer.timezone, self.asked)
            return api.Campaign(
                id=api.required(answer.batchJobId, "batchJobId"),
                provider=self.name,
                status=self.read_campaign_status(answer.status),
                vendor_status=answer.status,
                counts=api.Counts(total=answer.totalContacts),
                schedule=None if start is None else api.Schedule(start=start),
                raw=api.decode(response.content),
            )

        return self.read_answer(response, CreatedJob, campaign)

    def _look(self, composition: api.Composition, seen: list[api.Campaign]) -> api.Flow[api.Campaign | None]:
        """Look for a job of this draft, by the mark in its description."""
        jobs, report = yield from api.all_campaigns(self, composition)
        # A job of which an earlier look of this call has read a description is of another draft.
        read_before = {job.id: job for job in seen if api.text_or_none(job.raw.get("description"))}
        seen[:] = []
        # Without a key of the user's, a job with another name is of another draft.
        names = {None, composition.draft.name}
        are_shown = any(api.text_or_none(job.raw.get("description")) for job in jobs)
        to_be_asked = {
            job.id
            for job in api.recent(jobs, composition.now)
            if (composition.mark.body or job.name in names) and _may_hide_mark(job, composition, are_shown=are_shown)
        }
        other: api.Campaign | None = None
        for job in jobs:
            known = read_before.get(job.id, job)
            try:
                if job.id in to_be_asked and known is job:
                    known = yield from self.get_campaign(job.id)
            except api.NotFound:
                if job.name in names:  # it may be this draft's, and new
                    unread = api.ListingReport(reason=f"{job.id} is listed, and cannot be read")
                    api.require_whole(unread, self)
                continue
            seen.append(known)
            likeness = composition.mark.likeness(api.mark_in(known, "description"))
            if likeness == "same":
                return known
            other = known if likeness == "other body" else other
        if other is not None:
            yield from api.require_same_body(self, composition, other)
        api.require_whole(report, self)
        return None

    def _judge(self, composition: api.Composition, seen: Sequence[api.Campaign]) -> api.Flow[None]:
        """Refuse the draft if one of these jobs may be of it, although its description does not show that."""
        yield from api.judge_overlap(self, composition, seen, *api.by_text("description", seen, composition.mark))
        noted = None if "idempotency_key" in composition.accepted else composition.noted
        for job in seen if noted else ():
            if noted and noted.is_there(job) and api.mark_in(job, "description") is None:
                departs = "its description does not show that it was placed on this machine with the key of this draft"
                advice = "nothing was sent; accept_loss=['idempotency_key'] places the draft once more"
                raise api.not_as_asked(job, departs, advice)

    def change(self, operation: api.OperationName, campaign_id: str, when: api.When | None = None) -> Request:
        path = f"/batch/jobs/{api.segment(campaign_id)}"
        if when is not None:
            return Request(
                operation=operation, method="PATCH", path=f"{path}/reschedule", query=_times(when), subject=campaign_id
            )
        verb = {"start_campaign": "start", "cancel_campaign": "cancel"}[operation]
        return Request(operation=operation, method="POST", path=f"{path}/{verb}", subject=campaign_id)

    def prepared(self, operation: api.OperationName, campaign: api.Campaign) -> api.Flow[api.Campaign]:
        # Created to start now, or scheduled and started since.
        has_begun = api.mark_in(campaign, "description") is not None or campaign.schedule is not None
        if operation == "start_campaign" and has_begun and campaign.status is CampaignStatus.PENDING:
            instead = "it is pending, so its calls may be enqueued, and to start it could make them twice; if it does "
            instead += "not begin, start it in TalkifAI's Studio"
            raise api.UnsupportedFeature(self.name, f"start_campaign of {campaign.id}", instead)
        return (yield from super().prepared(operation, campaign))

    def _campaign(self, wire: Job, raw: Mapping[str, Any]) -> api.Campaign:
        by_status: dict[CallStatus, int] = {}
        for word, number in (wire.statusBreakdown or {}).items():
            status = self.read_call_status(word)
            by_status[status] = by_status.get(status, 0) + number
        start = api.starting_time(wire.scheduledStartTime, "scheduledStartTime", wire.timezone, self.asked)
        retry = wire.retryPolicy
        return api.Campaign(
            id=api.required(wire.id, "id"),
            provider=self.name,
            name=wire.name or None,
            description=api.split_mark(wire.description)[0] or None,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            agent_id=wire.agentId or None,
            from_numbers=(wire.fromPhoneNumberId,) if wire.fromPhoneNumberId else (),
            counts=api.Counts(
                total=wire.totalContacts,
                attempted=wire.contactsProcessed,
                succeeded=wire.successfulCalls,
                failed=wire.failedCalls,
                pending=by_status.get(CallStatus.PENDING),
                no_answer=by_status.get(CallStatus.NO_ANSWER),
                by_status=by_status,
            ),
            schedule=None if start is None else api.Schedule(start=start),
            max_concurrency=wire.concurrentCallLimit,
            retry=None
            if retry is None
            else api.RedialPolicy(
                max_attempts=retry.maxAttempts,
                retry_on=frozenset(map(self.read_call_status, retry.retryableStatuses or ())),
            ),
            created_at=api.utc(wire.createdAt, "createdAt"),
            started_at=api.utc(wire.actualStartTime, "actualStartTime"),
            completed_at=api.utc(wire.completedAt, "completedAt"),
            raw=raw,
        )

    def _results(self, rows: Sequence[JobContact], job_status: str | None, campaign_id: str) -> api.Results:
        """As `_contacts`, by columns, and only what became of the calls."""
        results = self.make_results(
            campaign_id,
            api.required_ids([row.id for row in rows], "id"),
            [row.phoneNumber for row in rows],
            [row.status for row in rows],
            attempts=[row.attemptCount for row in rows],
            last_attempt_at=api.utc_times([row.lastAttemptAt for row in rows], "lastAttemptAt"),
            next_attempt_at=api.utc_times([row.nextRetryAt or None for row in rows], "nextRetryAt"),
            ended_at=api.utc_times([row.completedAt for row in rows], "completedAt"),
            duration=api.durations([row.callDuration for row in rows], "callDuration"),
        )
        if self.read_campaign_status(job_status).is_terminal:
            results.is_final = [status not in UNDER_WAY for status in results.status]
        elif not RETRIED_BY_VENDOR.isdisjoint(results.status):
            results.is_final = [
                _is_last_attempt(row) if status in RETRIED_BY_VENDOR else is_final
                for row, status, is_final in zip(rows, results.status, results.is_final, strict=True)
            ]
        return results

    def _contacts(
        self, rows: Sequence[JobContact], job_status: str | None, raw_rows: api.RawRows, campaign_id: str
    ) -> Iterator[Any]:
        provider = self.name
        known, known_seconds, no_time = self.read_call_status.known, api.known_seconds, api.NO_TIME
        job_over = self.read_campaign_status(job_status).is_terminal
        numbers, are_valid = api.phones_from_vendor([row.phoneNumber for row in rows])
        for row, number, is_valid, place in zip(rows, numbers, are_valid, raw_rows.places(), strict=False):
            contact = _blank_contact()
            contact.id = row.id or api.required(row.id, "id")
            contact.provider = provider
            contact.campaign_id = campaign_id
            contact.phone_number = number
            contact.phone_valid = is_valid
            if (data := row.contactData) is not None:
                contact.name = data.name or None
                if not data.first_name is data.last_name is data.email is data.external_id is None:
                    _place_own(data, contact)
            contact.vendor_status = word = row.status
            status, contact.is_final = known.get(word) or self.read_call_status.read_anew(word)
            contact.status = status
            if job_over:
                contact.is_final = status not in UNDER_WAY
            elif status in RETRIED_BY_VENDOR:
                contact.is_final = _is_last_attempt(row)
            contact.attempts = row.attemptCount
            contact.max_attempts = row.maxAttempts
            if (moment := row.lastAttemptAt) is not None:
                contact.last_attempt_at = (
                    moment if moment.tzinfo is UTC and moment > no_time else api.utc(moment, "lastAttemptAt")
                )
            if retry := row.nextRetryAt:
                contact.next_attempt_at = (
                    retry if retry.tzinfo is UTC and retry > no_time else api.utc(retry, "nextRetryAt")
                )
            if (moment := row.completedAt) is not None:
                contact.ended_at = (
                    moment if moment.tzinfo is UTC and moment > no_time else api.utc(moment, "completedAt")
                )
            if (length := row.callDuration) is not None:
                contact.duration = known_seconds.get(length) or api.seconds(length, "callDuration")
            if row.errorCode is not None:
                contact.sip_code = _sip_code(row.errorCode)
            contact.failure_reason = row.failureReason or None
            contact._fields = contact._raw = place
            yield contact


def _may_hide_mark(job: api.Campaign, composition: api.Composition, *, are_shown: bool) -> bool:
    """Whether a job may have a mark that the listing leaves out, or cuts off.

    Args:
        job: The job, as it is listed.
        composition: The draft.
        are_shown: The listing shows the description of some job. Then a job without one has none.
    """
    text = api.text_or_none(job.raw.get("description"))
    if text is None or not text.strip():
        return "description" not in job.raw or not are_shown
    if api.mark_in(job, "description") is not None:
        return False
    begin = text.strip().removesuffix("…").removesuffix("...")
    return begin != text.strip() or _MARK_BEGINS in text or str(composition.body["description"]).startswith(begin)


def _never_begins(job: api.Campaign, composition: api.Composition) -> str | None:
    if composition.draft.start == api.Start.NOW and job.status is CampaignStatus.SCHEDULED and job.schedule is None:
        return "it was to start now, and is scheduled, without a time"
    return None


def _place_own(data: ContactData, contact: Any) -> None:
    """Place what this library uploaded with a contact in the attributes that it has for that."""
    for key in OWN_ATTRIBUTES:
        value = getattr(data, key)
        if value is not None:
            setattr(contact, key, str(value) or None)
    contact.name = contact.name or api.join_names(contact.first_name, contact.last_name)


def _custom(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was uploaded with a contact and has no attribute of its own."""
    data = api.mapping_or_empty(row.get("contactData"))
    return {key: value for key, value in data.items() if key != "phone" and not _has_attribute(key, value)}


def _has_attribute(key: str, value: Any) -> bool:
    if key == "external_id" and type(value) is int:
        return True
    return isinstance(value, str) and (key == "name" or key in OWN_ATTRIBUTES)


def _is_last_attempt(wire: JobContact) -> bool:
    if wire.attemptCount is not None and wire.maxAttempts is not None and wire.attemptCount >= wire.maxAttempts:
        return True
    return wire.nextRetryAt is None


@lru_cache(maxsize=256)
def _sip_code(code: str | int) -> int | None:
    text = str(code)
    return int(text) if re.fullmatch("[1-6][0-9][0-9]", text) else None
