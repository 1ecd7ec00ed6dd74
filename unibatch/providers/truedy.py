"""Truedy: batch calls, snake_case, paged by offset.

Sources: the pages "List Batch Call Contacts", "Add Contacts to Batch Call" and "Create Batch Call" of Truedy's API
reference, and its guides on errors, rate limits and idempotency. Two pages often show the same object in two shapes;
both occur, so both are read. In the wire types, *schema* and *example* say in which part of a page a key is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import partial
from operator import itemgetter
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


class Pagination(Wire):
    total: int | None = None
    has_more: bool | None = None


class BatchCall(Wire):
    strict = frozenset({"status"})

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
    max_retry_attempts: int | None = None
    retry_attempts: int | None = None  # example
    created_at: datetime | None = None
    updated_at: datetime | None = None


class BatchContact(Wire):
    strict = frozenset({"contact_id", "id", "call_status"})

    contact_id: str | None = None  # schema
    id: str | None = None  # example
    phone_number: str | int | float | None = None  # schema
    phone: str | int | float | None = None  # example
    name: str | None = None  # example
    first_name: str | None = None  # schema
    last_name: str | None = None
    email: str | None = None
    custom_fields: api.Unread | None = None
    call_status: str | None = None
    call_id: str | None = None
    called_at: datetime | None = None


class BatchCallAnswer(Wire):
    data: BatchCall


class BatchCallsAnswer(Wire):
    strict = frozenset({"data"})

    data: list[BatchCall] | None = None
    pagination: Pagination | None = None


class ContactsAnswer(Wire):
    strict = frozenset({"data"})

    data: list[BatchContact] | None = None
    pagination: Pagination | None = None


class AddedCounts(Wire):
    added_count: int | None = None  # schema
    failed_count: int | None = None  # schema
    added: int | None = None  # example
    duplicates_skipped: int | None = None  # example
    invalid_skipped: int | None = None  # example


class AddedAnswer(Wire):
    data: AddedCounts


class DeletedIds(Wire):
    failed_ids: list[str] | None = None


class DeletedAnswer(Wire):
    data: DeletedIds


# Status tables --------------------------------------------------------------------------------------------------------

CALL_STATUSES = api.StatusTable(
    {
        "created": CallStatus.PENDING,  # in the guide to another endpoint
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
    filterable=True,
    # The filter takes any text, and only completed, failed and pending are documented. A wrong spelling gives no rows.
    not_filterable={
        *("created", "scheduled", "queued", "ringing", "in-progress", "ended", "voicemail", "no_answer", "cancelled")
    },
)

CAMPAIGN_STATUSES = api.StatusTable(
    {
        "draft": CampaignStatus.DRAFT,
        "scheduled": CampaignStatus.SCHEDULED,
        "active": CampaignStatus.RUNNING,
        "running": CampaignStatus.RUNNING,  # in examples only, not in the schema
        "paused": CampaignStatus.PAUSED,
        "completed": CampaignStatus.COMPLETED,
        "failed": CampaignStatus.FAILED,
        "cancelled": CampaignStatus.CANCELLED,
    },
    filterable=True,
    not_filterable={"running"},
)

# Capabilities ---------------------------------------------------------------------------------------------------------

_LONGEST_NAME = 255

CAPABILITIES = api.Capabilities(
    operations={
        "list_campaigns": Support(),
        "get_campaign": Support(),
        "list_contacts": Support(),
        "get_account": Support(available=False, note="Truedy's API does not show the account; use its dashboard"),
        "create_campaign": Support(note="stays a draft until started", idempotency_key=True),
        "add_contacts": Support(),
        "start_campaign": Support(),
        "pause_campaign": Support(note="while active or scheduled; calls under way go on"),
        "resume_campaign": Support(note="while paused"),
        "reschedule_campaign": Support(note="a paused one stays paused"),
        "cancel_campaign": Support(available=False, note="pause it instead; Truedy documents no way to cancel"),
        "delete_campaign": Support(note="only draft, failed or cancelled ones"),
        "retry_campaign": Support(available=False, note="create another campaign for those who were not reached"),
    },
    server_filters={"list_campaigns.status", "list_contacts.status"},
    campaign_paging=api.Paging("offset", 100, size_param="limit", position_param="offset"),
    contact_paging=api.Paging("offset", 100, size_param="limit", position_param="offset"),
    limits=api.Limits(requests_per_minute=100, max_concurrency=100, max_attempts=4, max_name_length=_LONGEST_NAME),
    webhooks=Support(note="set up in the dashboard; signed"),
    contact_fields={"id", "phone_number", "name", "first_name", "last_name", "email", "fields", "status", "call_id"}
    | {"last_attempt_at"},
    campaign_fields={"id", "name", "status", "agent_id", "from_numbers", "counts", "schedule", "max_concurrency"}
    | {"retry", "cost", "average_duration", "created_at", "updated_at"},
)

# Draft fields ---------------------------------------------------------------------------------------------------------


def _scheduled(start: api.When, _: Given) -> How:
    return How(Fit.MAPPED, f"created as a draft, then scheduled for {start.text}")


def _attempts(attempts: int, _: Given) -> How:
    if attempts == 1:
        return How(Fit.MAPPED, "nobody is called again", {"retry_failed": False})
    reason = "sent as the number of attempts after the first one"
    return How(Fit.MAPPED, reason, {"retry_failed": True, "max_retry_attempts": attempts - 1})


def _name(name: str, given: Given) -> How:
    if api.split_mark(name)[1] is not None:
        return How(Fit.INVALID, "ends with the mark of another draft, [unibatch:...]; leave that out")
    if not given.mark.body:
        return How(Fit.NATIVE, "", {"name": name})
    marked = given.mark.at_end_of(name)
    if len(marked) > _LONGEST_NAME >= len(name):
        over = len(marked) - _LONGEST_NAME
        return How(Fit.INVALID, f"{over:,} characters too long, with the mark by which the campaign is recognised")
    reason = "sent with a mark of the key at its end, since Truedy forgets keys"
    return How(Fit.MAPPED, reason, {"name": marked})


_OTHERS = (
    "these people are at Truedy: unibatch cannot count, check or recognise them, or see if somebody is called by "
    "another campaign, or twice by this one"
)


def _folder(folder_id: str, given: Given) -> How:
    if given.fields.get("vendor.truedy.contact_source", "folder") != "folder":
        return How(Fit.INVALID, "goes only with the contact_source folder")
    return How(Fit.LOSSY, _OTHERS, {"contact_folder_id": folder_id, "contact_source": "folder"})


def _source(source: str, given: Given) -> How:
    if source == "folder" and "vendor.truedy.contact_folder_id" not in given.fields:
        return How(Fit.INVALID, "the source folder needs a contact_folder_id")
    return How(Fit.NATIVE, "", {"contact_source": source})


def _minute(edge: time) -> str:
    return f"{edge:%H:%M}"


_NO_CUSTOM_FIELDS = How(Fit.UNSUPPORTED, "Truedy takes custom fields only when a campaign is created")
_SPLIT = "sent as first_name and last_name, split at the first space"

DRAFT_FIELDS: Mapping[str, How] = {
    "name": How.depends(_name),
    "contacts.name": How(Fit.MAPPED, f"{_SPLIT}; if you also give first_name or last_name, kept as a custom field"),
    "contacts.first_name": How(),
    "contacts.last_name": How(),
    "contacts.email": How(),
    "contacts.external_id": How(Fit.EMULATED, "kept among the custom fields; Truedy's listings do not return it"),
    "contacts.fields": How(Fit.NATIVE, "sent as custom_fields"),
    "start": How.by_start(
        hold=How(Fit.NATIVE, "stays a draft, and nobody is called, until it is started"),
        now=How(Fit.MAPPED, "created as a draft, then started at once"),
        at=How.depends(_scheduled),
    ),
    "hold_until": How(Fit.MAPPED, "not needed, and not sent: a draft waits until it is started"),
    "agent_id": How.sent("agent_id", required="an agent"),
    "from_number_ids": How.sent("phone_number_ids", list),
    "description": How(Fit.UNSUPPORTED, "Truedy's batch calls have no description"),
    "schedule.end": How(Fit.UNSUPPORTED, "Truedy's batch calls have no end; pause the campaign then"),
    "schedule.timezone": How.sent("timezone"),
    "schedule.window_start": How.sent("start_time", _minute),
    "schedule.window_end": How.sent("end_time", _minute),
    "schedule.weekdays": How.sent(
        "working_days",
        lambda days: sorted(set(days)),
        left_out=How(
            Fit.MAPPED,
            "every day is sent, because Truedy calls from Monday to Friday where no days are given",
            {"working_days": [1, 2, 3, 4, 5, 6, 7]},
        ),
    ),
    "schedule.max_calls_per_day": How.sent("max_calls_per_day"),
    "max_concurrency": How.sent("max_concurrent_calls"),
    "retry.max_attempts": How.depends(_attempts),
    "retry.retry_on": How(Fit.UNSUPPORTED, "Truedy decides itself after which results it calls again"),
    "metadata": How(Fit.UNSUPPORTED, "Truedy's batch calls have no metadata; put it into the contacts' fields"),
    "idempotency_key": How(
        Fit.NATIVE, "sent as X-Idempotency-Key; since Truedy forgets keys, the campaign is looked for first"
    ),
    "part": api.PART_IN_NAME,
    "vendor.contact_ids": How.sent("contact_ids", lambda ids: sorted(set(ids)), Fit.LOSSY, _OTHERS),
    "vendor.contact_folder_id": How.depends(_folder),
    "vendor.contact_source": How.depends(_source),
}

ADDED_CONTACT_FIELDS: Mapping[str, How] = {
    "contacts.name": How(Fit.MAPPED, f"{_SPLIT}, where neither of them is given"),
    "contacts.external_id": _NO_CUSTOM_FIELDS,
    "contacts.fields": _NO_CUSTOM_FIELDS,
}

# Transitions ----------------------------------------------------------------------------------------------------------

_NOT_BEGUN = frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED})
_BEGINS = frozenset({CampaignStatus.SCHEDULED, CampaignStatus.RUNNING})
_GOING = frozenset({CampaignStatus.RUNNING, CampaignStatus.COMPLETED})
_RESCHEDULABLE = frozenset({CampaignStatus.SCHEDULED, CampaignStatus.PAUSED})  # by PATCH, which keeps the status

TRANSITIONS: Mapping[api.OperationName, Transition] = MappingProxyType(
    {
        "start_campaign": Transition(
            allowed={CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}, done={CampaignStatus.RUNNING}, passed=_GOING
        ),
        "pause_campaign": Transition(
            allowed={CampaignStatus.RUNNING, CampaignStatus.SCHEDULED}, done={CampaignStatus.PAUSED}
        ),
        "resume_campaign": Transition(
            allowed={CampaignStatus.PAUSED}, done={CampaignStatus.RUNNING, CampaignStatus.SCHEDULED}, passed=_GOING
        ),
        "reschedule_campaign": Transition(allowed={CampaignStatus.DRAFT, *_RESCHEDULABLE}, done=_RESCHEDULABLE),
        "delete_campaign": Transition(
            allowed={CampaignStatus.DRAFT, CampaignStatus.FAILED, CampaignStatus.CANCELLED}, done=()
        ),
    }
)

# Webhooks -------------------------------------------------------------------------------------------------------------

_EVENT = api.EventType

WEBHOOKS = api.Webhooks(
    signature=api.HmacSignature(
        header="X-Truedy-Signature", signed="{timestamp}.{body}", timestamp_header="X-Truedy-Timestamp"
    ),
    types={
        "call.started": _EVENT.CALL_STARTED,
        "call.joined": _EVENT.CALL_ANSWERED,
        "call.ended": _EVENT.CALL_ENDED,
        "call.completed": _EVENT.CALL_ENDED,  # the same as call.ended
        "call.failed": _EVENT.CALL_FAILED,
        "batch.status.changed": _EVENT.CAMPAIGN_CHANGED,
        "batch.completed": _EVENT.CAMPAIGN_FINISHED,
    },
    type=("event", "type"),
    id=("id", "event_id", "data.eventId", "data.id"),
    occurred_at=("timestamp", "data.timestamp"),
    campaign_id=("data.batch_id", "data.batchId", "data.call.batch_id", "data.call.batchId"),
    call_id=("data.call.callId", "data.call_id", "data.callId", "data.call.call_id"),
    contact_id=("data.contact_id", "data.contactId"),
    phone_number=("data.phone_number", "data.call.phone_number"),
    status=("data.call.status", "data.call_status", "data.status"),
    duration=("data.duration_seconds", "data.call.duration_seconds", "data.duration", "data.call.duration"),
    setup="In Truedy's dashboard, add a webhook with this URL, and copy its signing secret (whsec_...).",
)

# Flows ----------------------------------------------------------------------------------------------------------------

_logger = logging.getLogger("unibatch")

_of_a_draft = partial(Setting, in_draft=True, in_profile=False)

_MOST_ADDED = 500
"""Contacts in one request that adds some."""

_blank_contact = api.maker_of_blank_contacts("name", "first_name", "last_name", "email", "call_id")


class Truedy(api.Provider):
    """Truedy's public API, version 1."""

    name = "truedy"
    title = "Truedy"
    base_url = "https://api.truedy.ai/api/public/v1"
    capabilities = CAPABILITIES
    settings = MappingProxyType(
        {
            "agent_id": Setting(purpose="the agent that talks in campaigns created with this profile"),
            "from_number_ids": Setting(
                purpose="ids of the numbers that such campaigns call from; default: the agent's numbers", is_list=True
            ),
            "phone_rotation_strategy": Setting(
                purpose="how such campaigns choose among their numbers",
                choices=("random", "sequential", "round_robin"),
                in_draft=True,
            ),
            "contact_ids": _of_a_draft(purpose="ids of contacts at Truedy, who are called too", is_list=True),
            "contact_folder_id": _of_a_draft(purpose="a folder of contacts at Truedy, who are called too"),
            "contact_source": _of_a_draft(
                purpose="where the contacts come from; folder is sent with a contact_folder_id",
                choices=("csv", "folder", "manual"),
            ),
        }
    )
    options_with_people = frozenset({"contact_ids", "contact_folder_id"})
    draft_fields = DRAFT_FIELDS
    added_contact_fields = ADDED_CONTACT_FIELDS
    transitions = TRANSITIONS
    rename_path = "/batch-calls/{id}"
    call_statuses = CALL_STATUSES
    campaign_statuses = CAMPAIGN_STATUSES
    webhooks = WEBHOOKS

    def list_campaigns(self, position: api.Position, wanted: api.CampaignFilter) -> api.Flow[api.Page[api.Campaign]]:
        query = self.capabilities.campaign_paging.query(position)
        query["status"] = CAMPAIGN_STATUSES.filter_word(wanted.status)
        response = yield Request(operation="list_campaigns", path="/batch-calls", query=query)

        def page(answer: BatchCallsAnswer) -> api.Page[api.Campaign]:
            about = answer.pagination or Pagination()
            rows = api.rows_or_none(answer.data, about.total, about.has_more, "$.data")
            campaigns = map(self._campaign, rows, api.decode(response.content)["data"] if rows else ())
            return api.Page(items=api.collect(campaigns, "$.data"), total=about.total, has_more=about.has_more)

        return self.read_answer(response, BatchCallsAnswer, page)

    def get_campaign(self, campaign_id: str) -> api.Flow[api.Campaign]:
        path = f"/batch-calls/{api.segment(campaign_id)}"
        return self._read_campaign((yield Request(operation="get_campaign", path=path, subject=campaign_id)))

    def _read_campaign(self, response: api.Response) -> api.Campaign:
        def campaign(answer: BatchCallAnswer) -> api.Campaign:
            return api.translate_at("$.data", self._campaign, answer.data, api.decode(response.content)["data"])

        return self.read_answer(response, BatchCallAnswer, campaign)

    def list_contacts(
        self, campaign_id: str, position: api.Position, wanted: api.ContactFilter
    ) -> api.Flow[api.Page[api.Contact]]:
        query = self.capabilities.contact_paging.query(position)
        query["status"] = CALL_STATUSES.filter_word(wanted.status)
        path = f"/batch-calls/{api.segment(campaign_id)}/contacts"
        response = yield Request(operation="list_contacts", path=path, query=query, subject=campaign_id)
        raw_rows = api.RawRows(response.content, "data", custom=_custom)

        def page(answer: ContactsAnswer) -> api.Page[api.Contact]:
            about = answer.pagination or Pagination()
            rows = api.rows_or_none(answer.data, about.total, about.has_more, "$.data")
            if wanted.results_only:
                results = api.translate_at("$.data", self._results, rows, campaign_id)
                return api.Page(items=results, ids=results.id, total=about.total, has_more=about.has_more)
            contacts = api.seal_contacts(api.collect(self._contacts(rows, raw_rows, campaign_id), "$.data"))
            return api.Page(items=contacts, total=about.total, has_more=about.has_more)

        return self.read_answer(response, ContactsAnswer, page)

    def contact_fault(self, contact: api.ContactDraft) -> str | None:
        return api.reserved_names_fault(contact, _as_custom_fields(contact))

    def contact_body(self, contact: api.ContactDraft) -> Mapping[str, Any]:
        first, last = contact.first_name, contact.last_name
        if contact.name is not None and first is None and last is None:
            first, _, last = contact.name.strip().partition(" ")
        custom = {**contact.fields, **_as_custom_fields(contact)}
        body = {"first_name": first, "last_name": (last or "").strip(), "email": contact.email, "custom_fields": custom}
        return {"phone_number": contact.phone_number, **{key: value for key, value in body.items() if value}}

    def creation(self, composition: api.Composition) -> Sequence[Request]:
        if composition.draft.start == api.Start.HOLD:
            return [self._creation(composition)]
        scheduling = self._scheduling("create_campaign", api.NEW_CAMPAIGN_ID, composition.start)
        return [self._creation(composition), scheduling]

    def _creation(self, composition: api.Composition) -> Request:
        # The same key must never come with another body, so the order of the draft makes no difference.
        body = dict(composition.body)
        if composition.contacts:
            body["contacts"] = sorted(composition.contacts, key=itemgetter("phone_number"))
        content, headers = api.encode(body), {"X-Idempotency-Key": composition.key_of(body)}
        return Request(
            operation="create_campaign", method="POST", path="/batch-calls", content=content, headers=headers
        )

    def create_campaign(self, composition: api.Composition) -> api.Flow[api.Campaign]:
        if self.asked != composition.due:
            return (yield from self.expecting(composition.due).create_campaign(composition))
        seen, number, body = list[api.Campaign](), len(composition.contacts), composition.body
        others = dict[str, int | None]()

        def settle(known: api.Campaign) -> api.Flow[api.Campaign]:
            advice = "start_campaign starts it as it is" if known.status in _NOT_BEGUN else "it goes on as it is"
            if not (composition.has_others and (known.counts.total or 0) >= number):
                api.require_all_taken(known, number, advice=advice)
            # The key may bring back the answer of an earlier run, so the present status has to be read.
            campaign = yield from api.reread_created(self, known)
            if campaign.status.is_terminal:
                return api.placed_before(campaign, composition)
            name = api.text_or_none(known.raw.get("name"))
            if name is not None and not api.is_same_text(name, body["name"]):
                departs = f"its name is {name!r}, not {body['name']!r}, by which this draft would recognise it"
                campaign, advice = yield from self._held(campaign, departs)
                raise api.not_as_asked(campaign, departs, advice)
            return (yield from api.going_on(campaign, self._begin(campaign, composition, others)))

        return (
            yield from api.create_once(
                self,
                self._creation(composition),
                self._read_campaign,
                lambda: self._look(composition, others, seen=seen),
                api.where_to_look("Truedy's dashboard", "batch call", None if composition.has_others else number),
                settle=settle,
                composition=composition,
                is_recognised=True,  # by its key; the vendor's guide to idempotency
                warn=lambda: api.judge_overlap(self, composition, seen, *api.by_text("name", seen)),
                go_on=lambda campaign: self._continue(campaign, composition),
                amend=self._stopped,
            )
        )

    def _begin(
        self, campaign: api.Campaign, composition: api.Composition, others: MutableMapping[str, int | None]
    ) -> api.Flow[api.Campaign]:
        """Bring a new campaign to the start that was asked for.

        Examples of the vendor show answers in which it is scheduled or runs. Nobody has asked for that.
        """
        if composition.draft.start == api.Start.HOLD:
            return (yield from self._paused(campaign)) if campaign.status in _BEGINS else campaign
        if campaign.status is CampaignStatus.DRAFT:
            campaign = yield from self._first_of_all(campaign, composition, others)
        if campaign.status in _NOT_BEGUN:
            return (yield from self._scheduled(campaign, composition))
        return campaign

    def _continue(self, campaign: api.Campaign, composition: api.Composition) -> api.Flow[api.Campaign]:
        """What an earlier run has left to do."""
        # One that Truedy scheduled when it was created, and that nobody has changed since.
        is_untouched = campaign.status is CampaignStatus.SCHEDULED and not api.is_touched(campaign)
        if composition.draft.start == api.Start.HOLD:
            if not campaign.counts.total:
                yield from api.require_everybody_once(self, composition, campaign)
            return (yield from self._paused(campaign)) if is_untouched else campaign
        if campaign.status is CampaignStatus.DRAFT or is_untouched:
            yield from api.require_everybody_once(self, composition, campaign)
            return (yield from self._scheduled(campaign, composition))
        return campaign

    def _stopped(self, campaign: api.Campaign, departs: str) -> api.Flow[tuple[api.Campaign, str]]:
        """Pause a new campaign that calls people before it should."""
        if campaign.status is CampaignStatus.UNKNOWN:
            return campaign, "look at it in Truedy's dashboard; pause_campaign stops it, start_campaign starts it"
        if campaign.status not in TRANSITIONS["pause_campaign"].allowed:
            return campaign, "look at it in Truedy's dashboard"
        try:
            campaign = yield from self._paused(campaign)
        except (api.UnibatchError, api.StructureError) as exc:
            advice = f"pausing it failed, so pause it in Truedy's dashboard now ({exc})"
            raise api.not_as_asked(campaign, departs, advice) from exc
        return campaign, "it was paused; resume_campaign lets it go on"

    def _held(self, campaign: api.Campaign, departs: str) -> api.Flow[tuple[api.Campaign, str]]:
        """Do not start a new campaign that could not be recognised, or pause it."""
        if campaign.status in _BEGINS:
            return (yield from self._stopped(campaign, departs))
        return campaign, "it was not started; start_campaign starts it as it is"

    def prepared(self, operation: api.OperationName, campaign: api.Campaign) -> api.Flow[api.Campaign]:
        is_held = campaign.status is CampaignStatus.PAUSED and campaign.schedule is not None and campaign.schedule.start
        if operation == "start_campaign" and is_held and not campaign.counts.attempted:
            # Truedy takes /schedule only for a draft, or for what is scheduled.
            resume, going = self.change("resume_campaign", campaign.id), TRANSITIONS["resume_campaign"].done
            return (yield from api.carry_out(self, resume, lambda now: now.status in going, campaign))
        return campaign

    def _paused(self, campaign: api.Campaign) -> api.Flow[api.Campaign]:
        pause = self.change("pause_campaign", campaign.id)
        return api.carry_out(self, pause, lambda now: now.status is CampaignStatus.PAUSED, campaign)

    def _scheduled(self, campaign: api.Campaign, composition: api.Composition) -> api.Flow[api.Campaign]:
        """Schedule a campaign for the start that was asked for."""
        when = composition.start
        operation: api.OperationName = "start_campaign" if when is None else "reschedule_campaign"
        done = TRANSITIONS[operation].done - {CampaignStatus.PAUSED}

        def is_done(now: api.Campaign) -> bool:
            starts = now.schedule.start if now.schedule else None
            return now.status in done and (when is None or starts == when.moment)

        return api.carry_out(self, self.change(operation, campaign.id, when), is_done, campaign, when)

    def _first_of_all(
        self, campaign: api.Campaign, composition: api.Composition, others: MutableMapping[str, int | None]
    ) -> api.Flow[api.Campaign]:
        """The campaign of this draft that all programs start, if several have just created one each."""
        first = yield from self._look(composition, others, campaign.id)
        if first is None or first.id == campaign.id:
            return campaign
        _logger.warning("truedy: %s and %s are of the same draft; only the first is started", first.id, campaign.id)
        return (yield from self.get_campaign(first.id))

    def _look(
        self,
        composition: api.Composition,
        others: MutableMapping[str, int | None],
        known: str | None = None,
        seen: list[api.Campaign] | None = None,
    ) -> api.Flow[api.Campaign | None]:
        """Look for a campaign of this draft.

        If the key is the user's, by the mark in its name; otherwise by its agent, its name, the number of contacts, its
        start, and its contacts.

        Args:
            composition: The draft.
            others: The campaigns of other people that earlier looks have found; see `has_everybody`.
            known: The id of a campaign whose contacts need no look.
            seen: Gets all campaigns that there are.
        """
        mark = composition.mark
        campaigns, report = yield from api.all_campaigns(self, composition)
        if seen is not None:
            seen[:] = campaigns
        found: list[api.Campaign] = []
        other: api.Campaign | None = None
        young = {campaign.id for campaign in api.recent(campaigns, composition.now)}
        for listed in campaigns:
            campaign = listed
            is_of_agent = listed.agent_id in {None, composition.draft.agent_id}
            if listed.raw.get("name") is None and listed.id in young and is_of_agent and listed.id != known:
                try:  # a list may leave out most of it
                    campaign = yield from self.get_campaign(listed.id)
                except api.NotFound:
                    continue
            if mark.body:
                likeness = mark.likeness(api.mark_in(campaign, "name"))
                found += [campaign] if likeness == "same" else []
                other = campaign if likeness == "other body" else other
            elif campaign.id == known or (
                api.may_be(campaign, composition)
                and (yield from api.has_everybody(self, campaign, composition, others))
            ):
                found.append(campaign)
        if not found and other is not None:
            yield from api.require_same_body(self, composition, other)
        if not found and (noted := (yield from api.noted_and_empty(self, composition, campaigns))) is not None:
            found.append(noted)
        if not found:
            api.require_whole(report, self)
        return min(found, key=api.by_age, default=None)

    def addition(self, campaign_id: str, bodies: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        path, size = f"/batch-calls/{api.segment(campaign_id)}/contacts", _MOST_ADDED
        parts = [bodies[begin : begin + size] for begin in range(0, len(bodies), size)]
        contents = [api.encode({"contacts": [*map(_without_custom_fields, part)]}) for part in parts]
        return [
            Request(operation="add_contacts", method="POST", path=path, content=content, subject=campaign_id)
            for content in contents
        ]

    def add_contacts(
        self, campaign_id: str, contacts: Mapping[str, Mapping[str, Any]], on_progress: Callable[[int, int], None]
    ) -> api.Flow[api.Added]:
        campaign = yield from self.get_campaign(campaign_id)
        api.require_open(campaign)
        adding = api.Adding(
            provider=self, campaign=campaign, bodies=contacts, count=_count, on_progress=on_progress, size=_MOST_ADDED
        )
        return (yield from adding.run())

    def change(self, operation: api.OperationName, campaign_id: str, when: api.When | None = None) -> Request:
        if operation in {"start_campaign", "reschedule_campaign"}:
            return self._scheduling(operation, campaign_id, when)
        if operation == "delete_campaign":
            api.segment(campaign_id)
            path, content = "/batch-calls/bulk-delete", api.encode({"ids": [campaign_id]})
        else:
            verb = {"pause_campaign": "pause", "resume_campaign": "resume"}[operation]
            path, content = f"/batch-calls/{api.segment(campaign_id)}/{verb}", b""
        return Request(operation=operation, method="POST", path=path, content=content, subject=campaign_id)

    def _scheduling(self, operation: str, campaign_id: str, when: api.When | None) -> Request:
        body = {} if when is None else {"scheduled_at": when.text}
        if when is not None and when.zone is not None:
            body["timezone"] = when.zone  # that of the daily window, too
        path = f"/batch-calls/{api.segment(campaign_id)}/schedule"
        return Request(operation=operation, method="POST", path=path, content=api.encode(body), subject=campaign_id)

    def fitted(self, request: Request, campaign: api.Campaign) -> Request:
        if request.operation != "reschedule_campaign" or campaign.status not in _RESCHEDULABLE:
            return request
        # The zone of the daily window cannot be changed here.
        start = {"schedule_type": "scheduled", "scheduled_at": api.decode(request.content)["scheduled_at"]}
        path, body = f"/batch-calls/{api.segment(campaign.id)}", api.encode(start)
        return Request(operation="reschedule_campaign", method="PATCH", path=path, content=body, subject=campaign.id)

    def delete_campaign(self, campaign_id: str) -> api.Flow[None]:
        def refused(response: api.Response) -> bool:
            return campaign_id in (api.read(response.content, DeletedAnswer).data.failed_ids or ())

        return (yield from api.delete_once(self, self.change("delete_campaign", campaign_id), refused))

    def _campaign(self, wire: BatchCall, raw: Mapping[str, Any]) -> api.Campaign:
        schedule = api.Schedule(
            start=api.starting_time(wire.scheduled_at, "scheduled_at", wire.timezone, self.asked),
            timezone=wire.timezone or None,
            window_start=api.time_of_day(wire.start_time, "start_time"),
            window_end=api.time_of_day(wire.end_time, "end_time"),
            weekdays=tuple(wire.working_days or ()),
            max_calls_per_day=wire.max_calls_per_day,
        )
        retries = _first_given(wire.max_retry_attempts, wire.retry_attempts)  # the attempts after the first one
        from_number = (wire.from_number,) if wire.from_number else ()
        return api.Campaign(
            id=api.required(wire.id, "id"),
            provider=self.name,
            name=api.split_mark(wire.name)[0] or None,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            agent_id=wire.agent_id or None,
            from_numbers=tuple(wire.phone_number_ids or from_number),
            counts=api.Counts(
                total=wire.total_contacts,
                attempted=_first_given(wire.completed_contacts, wire.called),
                succeeded=_first_given(wire.successful_contacts, wire.completed),
                failed=_first_given(wire.failed_contacts, wire.failed),
                pending=wire.pending,
                voicemail=wire.voicemail_contacts,
                no_answer=wire.no_answer_contacts,
            ),
            schedule=schedule if schedule != api.Schedule() else None,
            max_concurrency=_first_given(wire.max_concurrent_calls, wire.concurrency),
            retry=None if retries is None else api.RedialPolicy(max_attempts=retries + 1),
            cost=api.money(wire.total_cost_usd, "USD", "total_cost_usd"),
            average_duration=api.seconds(wire.average_duration_seconds, "average_duration_seconds"),
            created_at=api.utc(wire.created_at, "created_at"),
            updated_at=api.utc(wire.updated_at, "updated_at"),
            raw=raw,
        )

    def _results(self, rows: Sequence[BatchContact], campaign_id: str) -> api.Results:
        """As `_contacts`, by columns, and only what became of the calls."""
        ids = api.collect((row.contact_id or row.id or api.required(None, _id_key(row)) for row in rows), "$")
        sent = [row.phone if row.phone_number is None else row.phone_number for row in rows]
        called = api.utc_times([row.called_at for row in rows], "called_at")
        return self.make_results(campaign_id, ids, sent, [row.call_status for row in rows], last_attempt_at=called)

    def _contacts(self, rows: Sequence[BatchContact], raw_rows: api.RawRows, campaign_id: str) -> Iterator[Any]:
        provider = self.name
        known, no_time = self.read_call_status.known, api.NO_TIME
        sent = [row.phone if row.phone_number is None else row.phone_number for row in rows]
        numbers, are_valid = api.phones_from_vendor(sent)
        for row, number, is_valid, place in zip(rows, numbers, are_valid, raw_rows.places(), strict=False):
            contact = _blank_contact()
            contact.id = row.contact_id or row.id or api.required(None, _id_key(row))
            contact.provider = provider
            contact.campaign_id = campaign_id
            contact.phone_number = number
            contact.phone_valid = is_valid
            contact.first_name = first = row.first_name or None
            contact.last_name = last = row.last_name or None
            contact.name = row.name or (api.join_names(first, last) if last else first)
            contact.email = row.email or None
            contact.vendor_status = word = row.call_status
            contact.status, contact.is_final = known.get(word) or self.read_call_status.read_anew(word)
            contact.call_id = row.call_id or None
            if (moment := row.called_at) is not None:
                contact.last_attempt_at = (
                    moment if moment.tzinfo is UTC and moment > no_time else api.utc(moment, "called_at")
                )
            contact._fields = contact._raw = place
            yield contact


def _id_key(row: BatchContact) -> str:
    """The key of the id in the shape in which a row came."""
    return "id" if row.id is not None or (row.phone is not None and row.phone_number is None) else "contact_id"


def _count(response: api.Response) -> tuple[int, str]:
    counts = api.read(response.content, AddedAnswer).data
    added = _first_given(counts.added_count, counts.added)
    if added is None:
        is_example = counts.duplicates_skipped is not None or counts.invalid_skipped is not None
        raise api.StructureError(f"$.data.{'added' if is_example else 'added_count'}", "missing")
    counted = {"failed": counts.failed_count, "repeated": counts.duplicates_skipped, "invalid": counts.invalid_skipped}
    said = ", ".join(f"{number:,} {what}" for what, number in counted.items() if number)
    return added, f"Truedy did not take it; of that request it says: {said or f'{added:,} added'}"


def _as_custom_fields(contact: api.ContactDraft) -> Mapping[str, str]:
    """What the vendor has no key for: the id, and a full name that is not the first and the last name."""
    parts = api.join_names(contact.first_name, contact.last_name)
    name = contact.name if parts and contact.name != parts else None
    return {key: value for key, value in (("external_id", contact.external_id), ("name", name)) if value is not None}


def _without_custom_fields(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in body.items() if key != "custom_fields"}


def _custom(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return row.get("custom_fields")


def _first_given(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)
