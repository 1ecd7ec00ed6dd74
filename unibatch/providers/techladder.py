"""TechLadder: call batches, snake_case, pages by number.

Sources: the page "List calls in a batch" of TechLadder's API reference, and its pages on batches, the account, errors
and limits. The only documented host is a staging host, so that is the default.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from unibatch import provider_api as api
from unibatch.provider_api import CallStatus, CampaignStatus, Fit, Given, How, Request, Setting, Support, Wire

# Wire types -----------------------------------------------------------------------------------------------------------


class Batch(Wire):
    strict = frozenset({"schedule_id", "batch_id", "id", "status"})

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
    schedule_timezone: str | None = None  # of scheduled_at, if that has no offset; not documented for this answer
    started_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Call(Wire):
    strict = frozenset({"status"})

    call_id: str
    external_id: str | int | None = None
    phone_number: str | int | float | None = None  # digits with country code, no plus
    name: str | None = None
    status: str | None = None
    duration_seconds: int | float | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    metadata: api.Unread | None = None  # its keys come back respelt: company_name as "Company Name"


class BatchPage(Wire):
    strict = frozenset({"items"})

    items: list[Batch] | None = None
    total: int | None = None
    has_more: bool | None = None


class CallPage(Wire):
    strict = frozenset({"items"})

    items: list[Call] | None = None
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

CALL_STATUSES = api.StatusTable(
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
    filterable=True,
)

CAMPAIGN_STATUSES = api.StatusTable(
    {
        "pending": CampaignStatus.PENDING,
        "active": CampaignStatus.RUNNING,
        "completed": CampaignStatus.COMPLETED,
        "failed": CampaignStatus.FAILED,
        "cancelled": CampaignStatus.CANCELLED,
    },
    filterable=True,
)

# Capabilities ---------------------------------------------------------------------------------------------------------

_NOT_IN_API = "TechLadder's API does not offer it; use its dashboard"

CAPABILITIES = api.Capabilities(
    operations={
        "list_campaigns": Support(),
        "get_campaign": Support(),
        "list_contacts": Support(),
        "get_account": Support(),
        "create_campaign": Support(note="can hold, start at once, or at a set time"),
        "add_contacts": Support(available=False, note="TechLadder's batches cannot be extended; create another one"),
        "start_campaign": Support(available=False, note=_NOT_IN_API),
        "pause_campaign": Support(available=False, note=_NOT_IN_API),
        "resume_campaign": Support(available=False, note=_NOT_IN_API),
        "reschedule_campaign": Support(available=False, note=_NOT_IN_API),
        "cancel_campaign": Support(available=False, note=_NOT_IN_API),
        "delete_campaign": Support(available=False, note=_NOT_IN_API),
        "retry_campaign": Support(available=False, note="create another batch for those who were not reached"),
    },
    server_filters={
        "list_campaigns.status",
        "list_campaigns.agent_id",
        "list_contacts.status",
        "list_contacts.external_id",
    },
    campaign_paging=api.Paging("page", 100, size_param="limit", position_param="page"),
    contact_paging=api.Paging("page", 500, size_param="limit", position_param="page"),
    limits=api.Limits(requests_per_minute=300, max_contacts=10_000, max_concurrency=20),
    webhooks=Support(available=False, note="what TechLadder sends, and how it is signed, is not documented"),
    contact_fields={
        "id",
        "phone_number",
        "name",
        "external_id",
        "fields",
        "status",
        "call_id",
        "started_at",
        "ended_at",
    }
    | {"duration"},
    campaign_fields={"id", "status", "agent_id", "from_numbers", "counts", "schedule", "max_concurrency", "created_at"}
    | {"updated_at", "started_at"},
)

# Draft fields ---------------------------------------------------------------------------------------------------------

_AS_METADATA = "kept in the contact's metadata, whose keys TechLadder respells"

_IN_METADATA = "a batch has none; kept in its metadata"
_NO_WINDOW = How(Fit.UNSUPPORTED, "TechLadder's batches call at any time from their start")
_NO_RETRY = "TechLadder documents no further attempts"
_AT_DASHBOARD = "held, and can only be started in TechLadder's dashboard: its API cannot start it"


def _scheduled(start: api.When) -> Mapping[str, str]:
    """A start in the vendor's form; in UTC if the clocks in the zone show that time twice."""
    whole = start.to_next(timedelta(minutes=1))
    if api.is_ambiguous(whole.local):
        whole = api.When(whole.moment, "UTC")
    local = whole.local
    offset = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    sign = "-" if offset < 0 else "+"
    hours, minutes = divmod(abs(offset), 60)
    return {
        "start_mode": "scheduled",
        "schedule_date": f"{local:%Y-%m-%d}",
        "schedule_time": f"{local:%H:%M}",
        "schedule_timezone": f"{whole.zone or 'UTC'} ({local:%Z}, UTC{sign}{hours}:{minutes:02})",
    }


_is_number = re.compile(r"[0-9]{10,15}").fullmatch


def _from_numbers(numbers: Sequence[str], _: Given) -> How:
    if len(numbers) > 1:
        return How(Fit.INVALID, "TechLadder calls from one number; name only one")
    number = numbers[0].removeprefix("+")
    if not _is_number(number):
        return How(Fit.INVALID, "TechLadder takes a number here, with its country code, not the id of one")
    return How(Fit.MAPPED, "did_number", {"did_number": number})


def _attempts(attempts: int, _: Given) -> How:
    if attempts > 1:
        return How(Fit.UNSUPPORTED, _NO_RETRY)
    return How(Fit.MAPPED, "not sent: TechLadder documents one attempt only")


def _part(part: api.Part) -> Mapping[str, str]:
    return {"part": f"{part.number} of {part.of}", "part_of": part.whole}


def _metadata(metadata: Mapping[str, Any], given: Given) -> How:
    own = {"name": ["name"], "description": ["description"], "part": ["part", "part_of"]}
    used = {key for field, keys in own.items() for key in keys if field == "name" or field in given.fields}
    if taken := sorted(used & metadata.keys()):
        return How(Fit.INVALID, f"the campaign's own {', '.join(taken)} go there; choose other keys")
    return How(Fit.NATIVE, "", {"metadata": dict(metadata)})


DRAFT_FIELDS: Mapping[str, How] = {
    "name": How.sent("metadata", lambda name: {"name": name}, Fit.EMULATED, _IN_METADATA),
    "contacts": How(Fit.NATIVE, "", {"deduplicate_by_phone": False}),  # repeated numbers are left out already
    "contacts.name": How(),
    "contacts.first_name": How(Fit.EMULATED, f"part of name, and {_AS_METADATA}"),
    "contacts.last_name": How(Fit.EMULATED, f"part of name, and {_AS_METADATA}"),
    "contacts.email": How(Fit.EMULATED, _AS_METADATA),
    "contacts.external_id": How(Fit.NATIVE, "contact_id"),
    "contacts.fields": How(Fit.MAPPED, _AS_METADATA),
    "start": How.by_start(
        hold=How(Fit.LOSSY, _AT_DASHBOARD, {"start_mode": "manual"}),
        now=How(Fit.NATIVE, "", {"start_mode": "immediate"}),
        at=How(Fit.MAPPED, "date, time to the minute, and zone", _scheduled),
    ),
    "hold_until": How(Fit.MAPPED, "not sent: the batch waits until somebody starts it in the dashboard"),
    "agent_id": How.sent("agent_name", None, Fit.MAPPED, "agent_name takes the agent's id", required="an agent"),
    "from_number_ids": How.depends(_from_numbers),
    "description": How.sent("metadata", lambda text: {"description": text}, Fit.EMULATED, _IN_METADATA),
    "schedule.end": _NO_WINDOW,
    "schedule.timezone": How(Fit.MAPPED, "used for the start only"),
    "schedule.window_start": _NO_WINDOW,
    "schedule.window_end": _NO_WINDOW,
    "schedule.weekdays": _NO_WINDOW,
    "schedule.max_calls_per_day": _NO_WINDOW,
    "max_concurrency": How.sent("concurrency"),
    "retry.max_attempts": How.depends(_attempts),
    "retry.retry_on": How(Fit.UNSUPPORTED, _NO_RETRY),
    "metadata": How.depends(_metadata),
    "vendor.version_id": How.sent("version_name", required="the version of the prompt"),
    "idempotency_key": How(Fit.EMULATED, "placed again, the batch is looked for first"),
    "part": How.sent("metadata", _part, Fit.EMULATED, _IN_METADATA),
}

# Webhooks -------------------------------------------------------------------------------------------------------------

# A batch has a callback_url; what is sent there, and whether it is signed, is not documented.
WEBHOOKS = api.Webhooks(
    signature=None,
    type=("type", "event"),
    id=("id", "event_id"),
    occurred_at=("timestamp", "created_at"),
    campaign_id=("data.schedule_id", "data.batch_id", "schedule_id", "batch_id"),
    call_id=("data.call_id", "call_id"),
    status=("data.status", "status"),
    duration=("data.duration_seconds", "duration_seconds"),
    setup="A batch may have a callback_url; TechLadder documents neither what it gets nor a signature.",
)

# Flows ----------------------------------------------------------------------------------------------------------------

_SHORTEST = 10
"""Digits of the shortest number that the vendor takes, country code included."""

_MARK = "unibatch_draft"
"""The key in the metadata of contacts with an id of the user's, by which their batch is recognised."""

_ACCEPTED = 202
"""The status of an answer that comes before the batch is complete."""

_blank_contact = api.maker_of_blank_contacts("name", "call_id")


class TechLadder(api.Provider):
    """TechLadder's public API, version 1."""

    name = "techladder"
    title = "TechLadder"
    base_url = "https://api.staging.techladder.ai/api/v1/public"
    capabilities = CAPABILITIES
    settings = MappingProxyType(
        {
            "agent_id": Setting(purpose="the agent that talks in campaigns created with this profile"),
            "version_id": Setting(purpose="the version of the agent's prompt in such campaigns", in_draft=True),
            "voice": Setting(purpose="the voice in such campaigns; default: the agent's", in_draft=True),
            "from_number_ids": Setting(
                purpose="the number that such campaigns call from, in a list of one; default: the account's number",
                is_list=True,
            ),
            "interruption": Setting(
                purpose="whether people may interrupt the agent in such campaigns", is_flag=True, in_draft=True
            ),
            "use_alternate_number": Setting(
                purpose="whether a contact's alternate number is called too in such campaigns",
                is_flag=True,
                in_draft=True,
            ),
            "recording_enabled": Setting(
                purpose="whether calls of such campaigns are recorded; default: they are", is_flag=True, in_draft=True
            ),
            "max_duration_seconds_per_call": Setting(
                purpose="the longest call in such campaigns, in seconds", numbers=range(1, 901), in_draft=True
            ),
            "callback_url": Setting(purpose="where TechLadder reports on such campaigns", in_draft=True),
        }
    )
    draft_fields = DRAFT_FIELDS
    error_codes = MappingProxyType(
        {
            "UNAUTHORIZED": api.AuthenticationError,
            "FORBIDDEN": api.PermissionDenied,
            "NOT_FOUND": api.NotFound,
            "RATE_LIMITED": api.RateLimited,
        }
    )
    call_statuses = CALL_STATUSES
    campaign_statuses = CAMPAIGN_STATUSES
    webhooks = WEBHOOKS

    def list_campaigns(self, position: api.Position, wanted: api.CampaignFilter) -> api.Flow[api.Page[api.Campaign]]:
        query = self.capabilities.campaign_paging.query(position)
        query |= {"agent_id": wanted.agent_id, "status": CAMPAIGN_STATUSES.filter_word(wanted.status)}
        response = yield Request(operation="list_campaigns", path="/call-batches", query=query)

        def page(answer: BatchesAnswer) -> api.Page[api.Campaign]:
            total, has_more = answer.data.total, answer.data.has_more
            rows = api.rows_or_none(answer.data.items, total, has_more, "$.data.items")
            campaigns = map(self._campaign, rows, api.decode(response.content)["data"]["items"] if rows else ())
            return api.Page(items=api.collect(campaigns, "$.data.items"), total=total, has_more=has_more)

        return self.read_answer(response, BatchesAnswer, page)

    def get_campaign(self, campaign_id: str) -> api.Flow[api.Campaign]:
        path = f"/call-batches/{api.segment(campaign_id)}"
        return self._read_campaign((yield Request(operation="get_campaign", path=path, subject=campaign_id)))

    def _read_campaign(self, response: api.Response) -> api.Campaign:
        def campaign(answer: BatchAnswer) -> api.Campaign:
            return api.translate_at("$.data", self._campaign, answer.data, api.decode(response.content)["data"])

        return self.read_answer(response, BatchAnswer, campaign)

    def list_contacts(
        self, campaign_id: str, position: api.Position, wanted: api.ContactFilter
    ) -> api.Flow[api.Page[api.Contact]]:
        query = self.capabilities.contact_paging.query(position)
        query |= {"status": CALL_STATUSES.filter_word(wanted.status), "external_id": wanted.external_id}
        path = f"/call-batches/{api.segment(campaign_id)}/calls"
        response = yield Request(operation="list_contacts", path=path, query=query, subject=campaign_id)
        raw_rows = api.RawRows(response.content, "data", "items", custom=_custom)

        def page(answer: CallsAnswer) -> api.Page[api.Contact]:
            total, has_more = answer.data.total, answer.data.has_more
            rows = api.rows_or_none(answer.data.items, total, has_more, "$.data.items")
            if wanted.results_only:
                results = api.translate_at("$.data.items", self._results, rows, campaign_id)
                return api.Page(items=results, ids=results.id, total=total, has_more=has_more)
            contacts = api.seal_contacts(api.collect(self._contacts(rows, raw_rows, campaign_id), "$.data.items"))
            return api.Page(items=contacts, total=total, has_more=has_more)

        return self.read_answer(response, CallsAnswer, page)

    def get_account(self) -> api.Flow[api.Account]:
        response = yield Request(operation="get_account", path="/me")

        def account(answer: AccountAnswer) -> api.Account:
            facts = answer.data
            limits = facts.limits or AccountFactsLimits()
            longest = limits.max_call_duration_seconds
            return api.Account(
                id=api.required(facts.account_id, "data.account_id"),
                provider=self.name,
                name=facts.name,
                email=facts.email,
                limits=api.AccountLimits(
                    max_contacts=limits.max_batch_size,
                    max_concurrency=limits.max_concurrent_calls,
                    max_call_duration=api.translate_at(
                        "$.data.limits", api.seconds, longest, "max_call_duration_seconds"
                    ),
                    requests_per_minute=limits.rate_limit_per_minute,
                ),
                raw=api.decode(response.content)["data"],
            )

        return self.read_answer(response, AccountAnswer, account)

    def contact_fault(self, contact: api.ContactDraft) -> str | None:
        if len(contact.phone_number) - 1 < _SHORTEST:
            return f"TechLadder takes numbers of at least {_SHORTEST} digits only"
        if fault := api.reserved_names_fault(contact, {*_as_metadata(contact), _MARK}):
            return fault
        if merged := _merged((*contact.fields, *_as_metadata(contact), _MARK)):
            return f"TechLadder respells the names of fields, so {' and '.join(merged)} become one; choose other names"
        return None

    def contact_body(self, contact: api.ContactDraft) -> Mapping[str, Any]:
        metadata = {**contact.fields, **_as_metadata(contact)}
        body = {"contact_id": contact.external_id, "name": contact.full_name, "metadata": metadata}
        number = contact.phone_number.removeprefix("+")
        return {"phone_number": number, **{key: value for key, value in body.items() if value}}

    def creation(self, composition: api.Composition) -> Sequence[Request]:
        contacts = []
        for contact_id, body in zip(_ids(composition), composition.contacts, strict=True):
            contact = {**body, "contact_id": contact_id}
            if "contact_id" in body:
                contact["metadata"] = {**contact.get("metadata", {}), _MARK: str(composition.mark)}
            contacts.append(contact)
        content = api.encode({**composition.body, "contacts": contacts})
        return [Request(operation="create_campaign", method="POST", path="/call-batches", content=content)]

    def create_campaign(self, composition: api.Composition) -> api.Flow[api.Campaign]:
        if self.asked != composition.due:
            return (yield from self.expecting(composition.due).create_campaign(composition))
        (request,) = self.creation(composition)
        still_growing = False

        def created(response: api.Response) -> api.Campaign:
            nonlocal still_growing
            still_growing = response.status == _ACCEPTED
            return self._read_campaign(response)

        number, seen, unreadable = len(composition.contacts), list[api.Campaign](), set[str]()
        mode = composition.body.get("start_mode")

        def differs(batch: api.Campaign) -> str | None:
            other = batch.raw.get("start_mode")
            return None if other in {None, mode} else f"its start_mode is {other!r}, not {mode!r}"

        campaign = yield from api.create_once(
            self,
            request,
            created,
            lambda: self._look(composition, seen, unreadable),
            api.where_to_look("TechLadder's dashboard", "batch", number),
            settle=lambda known: api.read_back(self, known, composition),
            composition=composition,
            warn=lambda: api.judge_overlap(self, composition, seen, functools.partial(_owner, composition), unreadable),
            differs=differs,
            amend=_not_amended,
        )
        # One that was there before: somebody may have started a held one in the dashboard.
        is_started = campaign.status is CampaignStatus.RUNNING and mode != "manual"
        departs = None if is_started or campaign.status.is_terminal else differs(campaign)
        if departs is not None:
            _, advice = yield from _not_amended(campaign, departs)
            raise api.not_as_asked(campaign, departs, advice)
        advice = "it may still be filled, so look again before you place the missing contacts as another campaign"
        return campaign if still_growing else api.require_all_taken(campaign, number, advice=advice)

    def _look(
        self, composition: api.Composition, seen: list[api.Campaign], unreadable: set[str]
    ) -> api.Flow[api.Campaign | None]:
        """Look for a batch of this draft: its contacts have an id, or a mark, that says so.

        Without a key of the user's, a batch of another agent, or with far more contacts, is of another draft.
        """
        number, mark = len(composition.contacts), composition.mark
        wanted = api.CampaignFilter(agent_id=None if mark.body else composition.draft.agent_id)
        batches, report = yield from api.all_campaigns(self, composition, wanted)
        seen[:] = batches
        alike = [batch for batch in batches if batch.counts.total == number]
        recent = api.recent(batches, composition.now)
        young = [batch for batch in recent if batch.counts.total != number]
        other: api.Campaign | None = None
        # The vendor may have left some out, or taken some twice.
        for batch in alike + [batch for batch in young if mark.body or (batch.counts.total or 0) <= 2 * number]:
            # Without a key of the user's, an old one with as many contacts has all of them, so any of them will do. A
            # younger one may still be filled, or lack that one.
            is_settled = (batch.counts.total or 0) >= number and not mark.body and batch not in recent
            first = api.ContactFilter(external_id=_first_id(composition) if is_settled else None)
            try:
                page = yield from self.list_contacts(batch.id, self.capabilities.contact_paging.first, first)
            except api.NotFound:
                continue
            if page.items and _owner(composition, batch, page.items) == "unreadable":
                unreadable.add(batch.id)
            likeness = {mark.likeness(_mark_of(contact)) for contact in page.items}
            if "same" in likeness:
                return batch
            if not page.items and composition.is_noted(batch):
                if mark.body:  # whether all else in the draft is the same as well is unknown
                    nobody = api.ListingReport(expected_total=batch.counts.total, reason="it shows no contacts yet")
                    api.require_whole(nobody, self, subject=batch.id)
                return batch
            other = batch if "other body" in likeness else other
        if other is not None:
            yield from api.require_same_body(self, composition, other)
        api.require_whole(report, self)
        return None

    def _campaign(self, wire: Batch, raw: Mapping[str, Any]) -> api.Campaign:
        start = api.starting_time(wire.scheduled_at, "scheduled_at", wire.schedule_timezone, self.asked)
        return api.Campaign(
            id=wire.schedule_id or wire.batch_id or wire.id or api.required(None, _id_key(wire)),
            provider=self.name,
            status=self.read_campaign_status(wire.status),
            vendor_status=wire.status,
            agent_id=wire.agent_id or None,
            from_numbers=(api.phone_from_vendor(wire.did_number, bare_digits=True)[0],) if wire.did_number else (),
            counts=api.Counts(
                total=wire.total_contacts,
                succeeded=wire.completed_contacts,
                failed=wire.failed_contacts,
                pending=wire.pending_contacts,
            ),
            schedule=None if start is None else api.Schedule(start=start),
            max_concurrency=wire.concurrency,
            created_at=api.utc(wire.created_at, "created_at"),
            updated_at=api.utc(wire.updated_at, "updated_at"),
            started_at=api.utc(wire.started_at, "started_at"),
            raw=raw,
        )

    def _results(self, rows: Sequence[Call], campaign_id: str) -> api.Results:
        """As `_contacts`, by columns, and only what became of the calls."""
        return self.make_results(
            campaign_id,
            api.required_ids([row.call_id for row in rows], "call_id"),
            [row.phone_number for row in rows],
            [row.status for row in rows],
            bare_digits=True,
            started_at=api.utc_times([row.started_at for row in rows], "started_at"),
            ended_at=api.utc_times([row.ended_at for row in rows], "ended_at"),
            duration=api.durations([row.duration_seconds for row in rows], "duration_seconds"),
        )

    def _contacts(self, rows: Sequence[Call], raw_rows: api.RawRows, campaign_id: str) -> Iterator[Any]:
        provider = self.name
        known, known_seconds, no_time = self.read_call_status.known, api.known_seconds, api.NO_TIME
        numbers, are_valid = api.phones_from_vendor([row.phone_number for row in rows], bare_digits=True)
        for row, number, is_valid, place in zip(rows, numbers, are_valid, raw_rows.places(), strict=False):
            contact = _blank_contact()
            contact.id = contact.call_id = row.call_id or api.required(row.call_id, "call_id")
            contact.provider = provider
            contact.campaign_id = campaign_id
            contact.phone_number = number
            contact.phone_valid = is_valid
            contact.name = row.name or None
            if (external_id := row.external_id) is not None:
                is_theirs = type(external_id) is str and external_id and external_id[0] != "u"
                contact.external_id = external_id if is_theirs else _users_own(str(external_id))
            contact.vendor_status = word = row.status
            contact.status, contact.is_final = known.get(word) or self.read_call_status.read_anew(word)
            if (moment := row.started_at) is not None:
                contact.started_at = (
                    moment if moment.tzinfo is UTC and moment > no_time else api.utc(moment, "started_at")
                )
            if (moment := row.ended_at) is not None:
                contact.ended_at = moment if moment.tzinfo is UTC and moment > no_time else api.utc(moment, "ended_at")
            if (length := row.duration_seconds) is not None:
                contact.duration = known_seconds.get(length) or api.seconds(length, "duration_seconds")
            contact._fields = contact._raw = place
            yield contact


def _id_key(wire: Batch) -> str:
    """The key of the id in the shape in which a batch came."""
    given = (("schedule_id", wire.schedule_id), ("batch_id", wire.batch_id), ("id", wire.id))
    return next((key for key, value in given if value is not None), "schedule_id")


def _ids(composition: api.Composition) -> list[str]:
    """The id of each contact: the user's own, or one that does not depend on the order of the contacts."""
    numbers = sorted(body["phone_number"] for body in composition.contacts)
    places = {number: place for place, number in enumerate(numbers)}
    mark = composition.mark
    return [body.get("contact_id", f"ub-{mark}-{places[body['phone_number']]}") for body in composition.contacts]


def _first_id(composition: api.Composition) -> str:
    """The id of the contact whose number comes first."""
    bodies = composition.contacts
    first = min(range(len(bodies)), key=lambda index: str(bodies[index]["phone_number"]))
    return _ids(composition)[first]


@functools.lru_cache(maxsize=100)
def _merged(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that become one when the vendor respells them, if there are any."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(" ".join(_BETWEEN_WORDS.split(name)).strip().casefold(), []).append(name)
    return next((tuple(sorted(same)) for same in alike.values() if len(same) > 1), ())


_BETWEEN_WORDS = re.compile(r"[\s_-]+|(?<=[a-z0-9])(?=[A-Z])")


def _as_metadata(contact: api.ContactDraft) -> Mapping[str, str]:
    """The attributes for which the vendor has no key."""
    kept = {"first_name": contact.first_name, "last_name": contact.last_name, "email": contact.email}
    return {key: value for key, value in kept.items() if value is not None}


_is_our_id = re.compile(r"ub-(?P<mark>[0-9a-f]{24}[0-9a-fo-]*)-[0-9]+").fullmatch


def _mark_of(contact: api.Contact) -> api.Mark | None:
    """The mark of the draft that created a contact."""
    ours = _is_our_id(str(contact.raw.get("external_id")))
    return api.read_mark(ours["mark"] if ours else contact.field(_MARK))


def _owner(composition: api.Composition, _: api.Campaign, contacts: Sequence[api.Contact]) -> api.Owner:
    """Whose a batch is that is not known by its mark. Every contact of a batch has an id, which is not always shown."""
    ids = {str(contact.raw["external_id"]) for contact in contacts if contact.raw.get("external_id")}
    if not ids and not any(map(_mark_of, contacts)):
        return "unreadable"
    has_metadata = any(contact.raw.get("metadata") for contact in contacts)
    return "another draft" if has_metadata or not ids <= set(_ids(composition)) else "any draft"


def _not_amended(campaign: api.Campaign, _: str) -> api.Flow[tuple[api.Campaign, str]]:
    """What to do about a batch that is not what was asked for."""
    yield from ()
    return campaign, "TechLadder's API cannot stop it: stop or correct it in TechLadder's dashboard now"


def _users_own(external_id: str) -> str | None:
    return None if not external_id or (external_id[0] == "u" and _is_our_id(external_id)) else external_id


def _custom(row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return row.get("metadata")
