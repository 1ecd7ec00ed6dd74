"""Truedy, as its documentation describes it. `docs/sandbox.md` says what was chosen where that is silent."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from http import HTTPStatus
from typing import Any, ClassVar

import attrs

from unibatch.sandbox.campaign import Outcome, Rules, VendorCampaign, VendorContact, as_text, as_uuid
from unibatch.sandbox.http import Answer, Refused, VendorRequest
from unibatch.sandbox.readings import Reading, positive
from unibatch.sandbox.validation import Form, Problem, read_zone
from unibatch.sandbox.vendors.vendor import DAY, HOUR, Endpoint, Vendor, keys_of
from unibatch.sandbox.webhooks import Notice, event_id

STATUSES = ("draft", "scheduled", "active", "paused", "completed", "failed", "cancelled")
FINAL = ("completed", "failed", "cancelled")
DELETABLE = ("draft", "failed", "cancelled")
STRATEGIES = ("random", "sequential", "round_robin")
SOURCES = ("csv", "folder", "manual")
SCHEDULES = ("immediate", "scheduled")
PHONE = r"\+[1-9][0-9]{1,14}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
SHORTEST_NUMBER = 8
LARGEST_PAGE = 100
MOST_ATTEMPTS = 3
MOST_CONCURRENT = 100
WEEK = range(1, 8)
FOLDERS = {"folder_sandbox": 25}
DOLLARS_A_MINUTE = 0.09
SUCCEEDED = ("completed", "ended")
ENDED = (*SUCCEEDED, "failed", "voicemail", "no_answer")

AGENT = "agt_5a1dc0de"

_KINDS = {
    "missing": "missing",
    "type": "type_error",
    "range": "value_error.out_of_range",
    "choice": "enum",
    "format": "string_pattern_mismatch",
    "value": "value_error",
}


class Truedy(Vendor):
    """Truedy's public API."""

    name = "truedy"
    prefix = "/truedy/api/public/v1"
    keys = keys_of("sandbox-truedy-key")
    endpoints: ClassVar = {
        ("GET", "/batch-calls"): Endpoint("list_campaigns", ("status", "agent_id", "limit", "offset")),
        ("POST", "/batch-calls"): Endpoint("create", body=True),
        ("POST", "/batch-calls/bulk-delete"): Endpoint("bulk_delete", body=True),
        ("GET", "/batch-calls/{id}"): Endpoint("show"),
        ("PATCH", "/batch-calls/{id}"): Endpoint("change", body=True),
        ("POST", "/batch-calls/{id}/schedule"): Endpoint("schedule", body=True),
        ("POST", "/batch-calls/{id}/pause"): Endpoint("pause"),
        ("POST", "/batch-calls/{id}/resume"): Endpoint("resume"),
        ("GET", "/batch-calls/{id}/contacts"): Endpoint("list_contacts", ("status", "limit", "offset")),
        ("POST", "/batch-calls/{id}/contacts"): Endpoint("add_contacts", body=True),
    }
    query_at = ("query",)
    own_readings: ClassVar = {
        "shape": Reading("schema", ("example",)),
        "conflict": Reading(400, (409, 422)),
        "created": Reading("draft", ("scheduled", "as schedule_type")),
        "pause_status": Reading(200, (201,)),
        "key_with_other_body": Reading("new", ("refused",)),
        "key_kept": Reading("before the work", ("after the work",)),
        "key_seconds": Reading(HOUR, takes=positive),
        "webhook_ids": Reading("nested", ("snake_case", "camelCase")),
        "webhook_time": Reading("unix", ("iso",)),
    }
    rules = Rules(
        running="active",
        completed="completed",
        waiting=frozenset({"pending", "scheduled", "queued"}),
        queued="queued",
        ringing="ringing",
        talking=("in-progress",),
        outcomes=(
            Outcome("completed", 42, talk=(35, 420)),
            Outcome("ended", 6, talk=(20, 240)),
            Outcome("no_answer", 22, ring=(28.0, 45.0)),
            Outcome("voicemail", 16, talk=(6, 28)),
            Outcome("failed", 14, ring=(0.4, 9.0)),
        ),
    )
    requests_per_minute = 100
    first_status = "draft"
    webhook_secret = "whsec_sandbox_truedy"  # noqa: S105  # nothing depends on it
    webhook_retries = (60.0, 600.0, HOUR)
    codes: ClassVar = {
        400: ("bad_request", "The request could not be read"),
        401: ("unauthorized", "The API key is missing or not valid"),
        402: ("payment_required", "The trial is over or the account has no credits left"),
        403: ("forbidden", "This address may not use the API"),
        404: ("not_found", "There is no such resource"),
        405: ("method_not_allowed", "This path does not take that method"),
        422: ("validation_error", "The request breaks a rule"),
        429: ("rate_limit_exceeded", "Too many requests"),
        500: ("internal_error", "Something went wrong at our end"),
    }
    defaults: ClassVar = {"agent_id": AGENT}
    usual_settings: ClassVar = {
        "agent_id": AGENT,
        "phone_number_ids": [f"num_{as_uuid('5ab0' * 8)}"],
        "phone_rotation_strategy": "random",
        "schedule_type": "immediate",
        "max_calls_per_day": None,
        "retry_failed": False,
    }

    # Envelopes

    def _meta(self) -> dict[str, Any]:
        digits = self.world.requests.next()
        return {"request_id": f"req_{digits[:8]}-{digits[-1]}", "ts": as_text(self.world.now, "microseconds")}

    def _success(self, data: Any, status: int = 200, *, pagination: Mapping[str, Any] | None = None) -> Answer:
        content = {"data": data, "meta": self._meta()}
        if pagination is not None:
            content["pagination"] = pagination
        return Answer.json(status, content)

    def error(self, status: int, code: str | None = None, message: str | None = None, details: Any = None) -> Answer:
        """Return the error envelope; a 422 in the shape "schema" is a list under `detail` instead."""
        if status == HTTPStatus.UNPROCESSABLE_ENTITY and details is None:
            return self.invalid([Problem(("body",), message or self.code_for(422)[1])])
        usual, text = self.code_for(status)
        error = {"code": code or usual, "message": message or text, "details": details}
        return Answer.json(status, {"error": error, "meta": self._meta()})

    def limited(self, wait: float) -> Answer:
        """Return the 429 with the moment at which the window is over, in wall-clock time."""
        reset_at = as_text(self.limit.wall() + wait, "microseconds")
        return self.error(429, details={"limit": self.limit.requests, "reset_at": reset_at})

    def invalid(self, problems: Sequence[Problem]) -> Answer:
        """Return the 422 in the shape that holds."""
        if self.reading["shape"] == "schema":
            detail = [
                {"loc": list(problem.at), "msg": problem.reason, "type": _KINDS[problem.kind]} for problem in problems
            ]
            return Answer.json(422, {"detail": detail})
        first = problems[0]
        field = ".".join(str(part) for part in first.at[1:]) or str(first.at[0])
        return self.error(422, details={"field": field, "reason": first.reason})

    def _wrong_state(self, campaign: VendorCampaign, action: str) -> Refused:
        status, message = self.reading["conflict"], f"A batch call that is {campaign.status} cannot be {action}"
        details = None if status == HTTPStatus.UNPROCESSABLE_ENTITY else {"status": campaign.status}
        return Refused(self.error(status, "invalid_state", message, details))

    # Reading

    def _find(self, campaign_id: str) -> VendorCampaign:
        campaign = self.campaigns.get(campaign_id)
        if campaign is None:
            raise Refused(self.error(404, details={"resource": "batch_call", "id": campaign_id}))
        return campaign

    def _window(self, form: Form) -> tuple[int, int]:
        limit = form.integer("limit", least=1, most=LARGEST_PAGE)
        offset = form.integer("offset", least=0)
        self.check(form)
        return self.page_size(50 if limit is None else limit), offset or 0

    def _list_campaigns(self, request: VendorRequest) -> Answer:
        form = self.query(request, "limit", "offset")
        status, agent_id = form.choice("status", STATUSES), form.text("agent_id")
        limit, offset = self._window(form)
        found = self.listed(status=status, agent_id=agent_id)
        rows = [self.in_listing(self._batch_call(campaign)) for campaign in found[offset : offset + limit]]
        return self._page(rows, len(found), limit, offset)

    def _show(self, _request: VendorRequest, campaign: VendorCampaign) -> Answer:
        return self._success(self._batch_call(campaign))

    def _list_contacts(self, request: VendorRequest, campaign: VendorCampaign) -> Answer:
        limit, offset = self._window(self.query(request, "limit", "offset"))
        contacts = campaign.contacts
        status = request.parameter("status")
        if status:
            contacts = [contact for contact in contacts if contact.status == status]
        render = _contact_of_schema if self._shape_of(campaign) == "schema" else _contact_of_example
        rows = [render(contact) for contact in contacts[offset : offset + limit]]
        answer = self._page(rows, len(contacts), limit, offset)
        self.page_read(campaign)
        return answer

    def _page(self, rows: list[dict[str, Any]], total: int, limit: int, offset: int) -> Answer:
        has_more = bool(rows) and offset + len(rows) < total
        pagination = {"total": total, "limit": limit, "offset": offset, "has_more": has_more}
        return self._success(rows, pagination=pagination)

    def _shape_of(self, campaign: VendorCampaign) -> str:
        return campaign.shape or str(self.reading["shape"])

    def _batch_call(self, campaign: VendorCampaign) -> dict[str, Any]:
        if self._shape_of(campaign) == "schema":
            return _batch_call_of_schema(campaign)
        return _batch_call_of_example(campaign)

    # Writing

    def _settings(self, form: Form) -> dict[str, Any]:
        days = form.array("working_days")
        if days is not None and not all(type(day) is int and day in WEEK for day in days):
            form.refuse("working_days", "must hold integers from 1 to 7", "range")
        first, last = form.body.get("start_time"), form.body.get("end_time")
        if isinstance(first, str) and isinstance(last, str) and first >= last:
            form.doubt("end_time", f"{last} is not later than {first}")
        if form.body.get("schedule_type") == "immediate" and form.body.get("scheduled_at") is not None:
            form.doubt("scheduled_at", "contradicts the schedule_type")
        return {
            "phone_number_ids": form.texts("phone_number_ids", nullable=True) or [],
            "phone_rotation_strategy": form.choice("phone_rotation_strategy", STRATEGIES) or "random",
            "schedule_type": form.choice("schedule_type", SCHEDULES) or "immediate",
            "max_calls_per_day": form.integer("max_calls_per_day", nullable=True, least=1),
            "start_time": form.text("start_time", nullable=True, pattern=CLOCK),
            "end_time": form.text("end_time", nullable=True, pattern=CLOCK),
            "working_days": days or [1, 2, 3, 4, 5],
            "retry_failed": form.boolean("retry_failed", default=False),
            "max_retry_attempts": form.integer("max_retry_attempts", least=0, most=MOST_ATTEMPTS),
        }

    def _create(self, request: VendorRequest) -> Answer:
        """Which keeps its promise about the idempotency key."""
        key = request.headers.get("x-idempotency-key")
        if key is None:
            return self._create_anew(request)
        if not re.fullmatch(r"[\x20-\x7e]+", key):
            self._require([f"header.x-idempotency-key: {key!r} is no printable text"])
        remembered = self._remembered(key)
        if request.body in remembered and not request.ignores_key:
            return remembered[request.body][1]
        if remembered and request.body not in remembered:
            reason = "an idempotency key comes again with another body"
            if self.reading["key_with_other_body"] == "refused":
                raise Refused(self.error(400, "idempotency_key_reused", "This key came with another body"), reason)
            self._require([reason])
        answer = self._create_anew(request)
        remembered[request.body] = self.world.now, answer
        return answer

    def _remembered(self, key: str) -> dict[bytes, tuple[float, Answer]]:
        """Return what is remembered of a key, and forget what is older than keys are kept."""
        seconds = self.reading["key_seconds"]
        oldest = -1.0 if seconds is None else self.world.now - seconds
        kept = {body: known for body, known in self.world.remembered.get(key, {}).items() if known[0] >= oldest}
        self.world.remembered[key] = kept
        return kept

    def received(self, request: VendorRequest) -> VendorRequest:
        """Look now whether the key is known, where keys are kept only after the work."""
        known = self._remembered(request.headers.get("x-idempotency-key", ""))
        ignores = self.reading["key_kept"] == "after the work" and request.body not in known
        return attrs.evolve(request, ignores_key=ignores)

    def _create_anew(self, request: VendorRequest) -> Answer:
        body = self.json_body(request)
        form = Form(body, ("body",), null_is_absent=False)
        name = form.text("name", required=True, most=255)
        agent_id = form.text("agent_id", required=True)
        settings = {"agent_id": agent_id, **self._settings(form)}
        zone = form.zone("timezone")
        scheduled_at = form.moment("scheduled_at", zone, nullable=True, offset=True)
        if scheduled_at is not None and scheduled_at < self.world.now:
            form.doubt("scheduled_at", "must not lie in the past")
        if settings["schedule_type"] == "scheduled" and body.get("scheduled_at") is None:
            form.refuse("scheduled_at", "required when schedule_type is scheduled", "missing")
        concurrency = form.integer("max_concurrent_calls", least=1, most=MOST_CONCURRENT) or 5
        source = form.choice("contact_source", SOURCES)
        folder = form.text("contact_folder_id", required=source == "folder", nullable=True)
        if folder is not None and folder not in FOLDERS:
            form.refuse("contact_folder_id", "there is no such folder")
        known = self._known_contacts(form.texts("contact_ids", nullable=True) or [], form)
        rows = form.array("contacts", nullable=True) or []
        _check_contacts(form, rows, later=False, phones=True)
        self.check(form)
        campaign = self.spawn(
            name or "",
            concurrency=concurrency,
            timezone=body.get("timezone") or "UTC",
            scheduled_at=scheduled_at,
            settings=settings,
        )
        for contact in known:
            campaign.add(attrs.evolve(self._uploaded({"phone_number": contact.number}), first_name=contact.first_name))
        for row in rows:
            if self.takes(row["phone_number"]):
                campaign.add(self._uploaded(row))
        self.fill(campaign, FOLDERS.get(folder or "", 0))
        self._begin(campaign, has_type="schedule_type" in body)
        return self._success(self._batch_call(campaign), 201)

    def _begin(self, campaign: VendorCampaign, *, has_type: bool) -> None:
        """Schedule a new campaign, in the readings in which it does not stay a draft."""
        now, at = self.world.now, campaign.scheduled_at
        if self.reading["created"] == "scheduled":
            super().plan(campaign, at or now + HOUR)
        elif self.reading["created"] == "as schedule_type" and has_type:
            super().plan(campaign, at or now)

    def plan(self, campaign: VendorCampaign, at: float | None) -> None:
        """Let a campaign start by itself at a moment, and show it at its contacts."""
        super().plan(campaign, at)
        for contact in campaign.contacts:
            if contact.status == "pending":
                campaign.mark(contact, "scheduled")

    def _known_contacts(self, ids: list[str], form: Form) -> list[VendorContact]:
        if not ids:
            return []
        known = {
            text: contact
            for campaign in self.campaigns.values()
            for contact in campaign.contacts
            for text in (f"ctc_{as_uuid(contact.id)}", f"cnt_{contact.id[:8]}")
        }
        unknown = [text for text in ids if text not in known]
        for text in unknown:
            form.refuse("contact_ids", f"there is no contact {text}")
        return [known[text] for text in ids if text in known]

    def _uploaded(self, row: Mapping[str, Any]) -> VendorContact:
        return self.contact(
            row["phone_number"],
            first_name=row.get("first_name"),
            last_name=row.get("last_name"),
            email=row.get("email"),
            data=row.get("custom_fields") or {},
            sent=row,
        )

    def _change(self, request: VendorRequest, campaign: VendorCampaign) -> Answer:
        body = self.json_body(request)
        form = Form(body, ("body",), null_is_absent=False)
        if not body:
            form.doubt("body", "changes nothing")
        name = form.text("name", required="name" in body, most=255)
        settings = self._settings(form)
        concurrency = form.integer("max_concurrent_calls", least=1, most=MOST_CONCURRENT)
        zone = read_zone(campaign.timezone) or UTC
        planned = campaign.starts_at is not None
        least = self.world.now if campaign.status in ("scheduled", "paused") else None
        scheduled_at = form.moment("scheduled_at", zone, nullable=not planned, offset=True, least=least)
        if body.get("schedule_type") == "scheduled" and (body.get("scheduled_at") or campaign.scheduled_at) is None:
            form.refuse("scheduled_at", "required when schedule_type is scheduled", "missing")
        self.check(form)
        if campaign.status in FINAL:
            raise self._wrong_state(campaign, "changed")
        if campaign.status == "active" and not body.keys().isdisjoint(("schedule_type", "scheduled_at")):
            raise self._wrong_state(campaign, "rescheduled")
        campaign.name = name or campaign.name
        campaign.concurrency = concurrency or campaign.concurrency
        campaign.settings.update({field: value for field, value in settings.items() if field in body})
        if "scheduled_at" in body:
            campaign.scheduled_at = scheduled_at
            if campaign.starts_at is not None:
                campaign.starts_at = scheduled_at
        campaign.updated_at = self.world.now
        return self._success(self._batch_call(campaign))

    def _bulk_delete(self, request: VendorRequest) -> Answer:
        form = Form(self.json_body(request), ("body",))
        ids = form.texts("ids", required=True, least=1)
        self.check(form)
        deleted: list[str] = []
        failed: list[str] = []
        for campaign_id in ids or []:
            campaign = self.campaigns.get(campaign_id)
            can_go = campaign is not None and campaign.status in DELETABLE
            (deleted if can_go else failed).append(campaign_id)
            if can_go:
                del self.campaigns[campaign_id]
        counts = {"deleted_count": len(deleted), "failed_count": len(failed)}
        return self._success({**counts, "deleted_ids": deleted, "failed_ids": failed})

    def _schedule(self, request: VendorRequest, campaign: VendorCampaign) -> Answer:
        body = self.json_body(request, optional=True)
        form = Form(body, ("body",))
        now = self.world.now
        at = form.moment("scheduled_at", form.zone("timezone"), offset=True, least=now)
        self.check(form)
        if campaign.status not in ("draft", "scheduled"):
            raise self._wrong_state(campaign, "scheduled")
        campaign.timezone = body.get("timezone") or campaign.timezone
        campaign.settings["schedule_type"] = "immediate" if at is None else "scheduled"
        campaign.updated_at = now
        self.plan(campaign, now if at is None else at)
        if at is None:
            campaign.start(now)
        start = {"scheduled_at": as_text(campaign.scheduled_at, "microseconds"), "timezone": campaign.timezone}
        return self._success({"id": campaign.id, "status": "scheduled", **start})

    def _pause(self, _request: VendorRequest, campaign: VendorCampaign) -> Answer:
        """Calls under way go on."""
        if campaign.status not in ("active", "scheduled"):
            raise self._wrong_state(campaign, "paused")
        campaign.status, campaign.starts_at, campaign.updated_at = "paused", None, self.world.now
        paused_at = as_text(self.world.now, "microseconds")
        content = {"id": campaign.id, "status": "paused", "paused_at": paused_at}
        return self._success(content, self.reading["pause_status"])

    def _resume(self, _request: VendorRequest, campaign: VendorCampaign) -> Answer:
        if campaign.status != "paused":
            raise self._wrong_state(campaign, "resumed")
        now = self.world.now
        if campaign.scheduled_at is not None and campaign.scheduled_at > now:
            campaign.status, campaign.starts_at, campaign.updated_at = "scheduled", campaign.scheduled_at, now
        else:
            campaign.start(now)
        word = self._batch_call(campaign)["status"]
        return self._success({"id": campaign.id, "status": word, "resumed_at": as_text(now, "microseconds")}, 201)

    def _add_contacts(self, request: VendorRequest, campaign: VendorCampaign) -> Answer:
        """No idempotency key is honoured here."""
        form = Form(self.json_body(request), ("body",))
        rows = form.array("contacts", required=True, least=1) or []
        lenient = self._shape_of(campaign) == "example"
        _check_contacts(form, rows, later=True, phones=not lenient)
        self.check(form)
        if campaign.status in FINAL:
            raise self._wrong_state(campaign, "extended")
        seen = {contact.number for contact in campaign.contacts} if lenient else set()
        added = repeated = invalid = 0
        for row in rows:
            number = row["phone_number"]
            if not re.fullmatch(PHONE, number) or len(number) <= SHORTEST_NUMBER or not self.takes(number):
                invalid += 1
            elif number in seen:
                repeated += 1
            else:
                campaign.add(self._uploaded(row))
                added += 1
                if lenient:
                    seen.add(number)
        campaign.updated_at = self.world.now
        if not lenient:
            return self._success({"added_count": added, "failed_count": invalid})
        skipped = {"duplicates_skipped": repeated, "invalid_skipped": invalid}
        return self._success({"added": added, **skipped, "total_contacts": len(campaign.contacts)})

    # Webhooks

    def messages(self, notice: Notice) -> list[dict[str, Any]]:
        """Return what a call or a batch call gives; a call that was paid for gives one more."""
        campaign, contact = notice.campaign, notice.contact
        if contact is None:
            words = ["batch.status.changed", *(["batch.completed"] if notice.status == "completed" else [])]
            data: dict[str, Any] = {**self._batch_named(campaign), "status": notice.status}
            return [self._message(word, notice.at, data) for word in words]
        data = {**self._batch_named(campaign), **self._call_named(contact)}
        if notice.kind != "ended":
            word = "call.started" if notice.kind == "started" else "call.joined"
            return [self._message(word, notice.at, {**data, "status": contact.status})]
        data |= {"status": contact.status, "duration_seconds": contact.duration}
        word = "call.failed" if contact.status == "failed" else "call.ended"
        billed = ["call.billed"] if contact.duration is not None else []
        return [self._message(each, notice.at, data) for each in (word, *billed)]

    def _message(self, word: str, at: float, data: Mapping[str, Any]) -> dict[str, Any]:
        name = "event_id" if self.reading["webhook_ids"] == "snake_case" else "id"
        return {name: event_id(self.world.events), "event": word, "timestamp": as_text(at, "seconds"), "data": data}

    def _batch_named(self, campaign: VendorCampaign) -> dict[str, Any]:
        return {"batchId" if self.reading["webhook_ids"] == "camelCase" else "batch_id": campaign.id}

    def _call_named(self, contact: VendorContact) -> dict[str, Any]:
        call_id = f"call_{str(contact.call_id)[:8]}"
        if self.reading["webhook_ids"] == "nested":
            return {"call": {"callId": call_id}}
        return {"callId" if self.reading["webhook_ids"] == "camelCase" else "call_id": call_id}

    def signed(self, body: bytes, wall: float) -> dict[str, str]:
        """Return the time, and the signature of the time and the body."""
        stamp = str(int(wall)) if self.reading["webhook_time"] == "unix" else str(as_text(wall, "seconds"))
        key = str(self.webhook_secret).encode()
        digest = hmac.new(key, stamp.encode() + b"." + body, "sha256").hexdigest()
        return {"X-Truedy-Timestamp": stamp, "X-Truedy-Signature": digest}

    # The seeded campaigns

    def campaign_id(self, digits: str) -> str:
        """Write a batch call's id."""
        return f"batch_{digits[:8]}"

    def contact_id(self, campaign: VendorCampaign, contact: VendorContact) -> str:
        """Write a contact's id in the campaign's shape."""
        is_schema = self._shape_of(campaign) == "schema"
        return f"ctc_{as_uuid(contact.id)}" if is_schema else f"cnt_{contact.id[:8]}"

    def invent(self, campaign: VendorCampaign) -> VendorContact:
        """Make up one more contact; every fortieth has no first name."""
        contact = super().invent(campaign)
        if int(contact.id[:8], 16) % 40 == 0:
            contact.first_name = None
        return contact

    def populate(self) -> None:
        """Make the seeded campaigns: first the large one, under way; then one in the shape "example"."""
        new_york, london = "America/New_York", "Europe/London"
        self.seed("Spring renewal reminders", 1_250, 2 * DAY, 3.25 * HOUR, concurrency=6, timezone=new_york)
        self.seed("Clinic appointment check", 48, DAY, 0.2 * HOUR, shape="example", timezone=london)
        self.seed("Draft: summer survey", 30, 3 * HOUR)
        self.seed("Tomorrow's courier notice", 60, 5 * HOUR, ahead=DAY, settings={"schedule_type": "scheduled"})
        survey = {"agent_id": "agt_0ff1ce00"}
        self.seed("Paused: plan upgrade offers", 80, 3 * DAY, 2 * DAY, 720, "paused", settings=survey)
        self.seed("February satisfaction calls", 40, 20 * DAY, 19 * DAY)
        self.seed("Cancelled: winter clearance", 24, 40 * DAY, 39 * DAY, 300, "cancelled")
        self.seed("Failed: number not assigned", 12, 10 * DAY, end="failed")
        self.seed("Empty draft", 0, HOUR)


def _check_contacts(form: Form, rows: list[Any], *, later: bool, phones: bool) -> None:
    """Check contacts of a creation, or of those that are added later, for which no custom fields are documented."""
    for one in form.each("contacts", rows, null_is_absent=later):
        one.text("phone_number", required=True, pattern=PHONE if phones else None)
        for field in ("first_name", "last_name", "email"):
            one.text(field, nullable=later)
        if one.mapping("custom_fields") and later:
            one.doubt("custom_fields", "is not documented here")


def _batch_call_of_schema(campaign: VendorCampaign) -> dict[str, Any]:
    minutes = campaign.talk_seconds / 60
    average = campaign.talk_seconds // campaign.conversations if campaign.conversations else 0
    return {
        "id": campaign.id,
        "name": campaign.name,
        "agent_id": campaign.settings["agent_id"],
        "status": campaign.status,
        "phone_number_ids": campaign.settings["phone_number_ids"],
        "phone_rotation_strategy": campaign.settings["phone_rotation_strategy"],
        "total_contacts": len(campaign.contacts),
        "completed_contacts": campaign.count(*ENDED),
        "successful_contacts": campaign.count(*SUCCEEDED),
        "failed_contacts": campaign.count("failed"),
        "voicemail_contacts": campaign.count("voicemail"),
        "no_answer_contacts": campaign.count("no_answer"),
        "total_cost_usd": round(minutes * DOLLARS_A_MINUTE, 2),
        "average_duration_seconds": average,
        "schedule_type": campaign.settings["schedule_type"],
        "scheduled_at": as_text(campaign.scheduled_at, "microseconds"),
        "max_calls_per_day": campaign.settings["max_calls_per_day"],
        "created_at": as_text(campaign.created_at, "microseconds"),
        "updated_at": as_text(campaign.updated_at, "microseconds"),
    }


def _batch_call_of_example(campaign: VendorCampaign) -> dict[str, Any]:
    total, called, completed = len(campaign.contacts), campaign.count(*ENDED), campaign.count(*SUCCEEDED)
    return {
        "id": campaign.id,
        "name": campaign.name,
        "status": "running" if campaign.status == "active" else campaign.status,
        "agent_id": campaign.settings["agent_id"],
        "from_number": "+13125550199",
        "schedule_type": campaign.settings["schedule_type"],
        "scheduled_at": as_text(campaign.scheduled_at, "seconds"),
        "timezone": campaign.timezone,
        "concurrency": campaign.concurrency,
        "retry_attempts": 2 if campaign.settings["retry_failed"] else 0,
        "total_contacts": total,
        "called": called,
        "completed": completed,
        "failed": called - completed,
        "pending": total - called,
        "created_at": as_text(campaign.created_at, "seconds"),
        "updated_at": as_text(campaign.updated_at, "seconds"),
    }


def _contact_of_schema(contact: VendorContact) -> dict[str, Any]:
    return {
        "contact_id": f"ctc_{as_uuid(contact.id)}",
        "phone_number": contact.number,
        "first_name": contact.first_name,
        "call_status": contact.status,
        "call_id": contact.call_id and f"call_{contact.call_id[:8]}",
        "called_at": as_text(contact.started_at, "microseconds"),
    }


def _contact_of_example(contact: VendorContact) -> dict[str, Any]:
    return {
        "id": f"cnt_{contact.id[:8]}",
        "name": contact.name or None,
        "phone": contact.number,
        "call_status": contact.status,
        "call_id": contact.call_id and f"call_{contact.call_id[:8]}",
        "called_at": as_text(contact.started_at, "seconds"),
    }
