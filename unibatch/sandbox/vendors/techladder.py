"""TechLadder, as its documentation describes it. `docs/sandbox.md` says what was chosen where that is silent."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from unibatch.sandbox.campaign import Outcome, Rules, VendorCampaign, VendorContact, as_text
from unibatch.sandbox.http import Answer, Refused, VendorRequest
from unibatch.sandbox.readings import Reading
from unibatch.sandbox.validation import Form, Problem, by_the_clock, read_zone
from unibatch.sandbox.vendors.vendor import DAY, HOUR, Endpoint, Vendor, keys_of

STATUSES = ("pending", "active", "completed", "failed", "cancelled")
CALL_STATUSES = (
    "pending",
    "queued",
    "ringing",
    "answered",
    "in_progress",
    "completed",
    "failed",
    "no_answer",
    "busy",
    "cancelled",
)
SCHEDULE = ("schedule_date", "schedule_time", "schedule_timezone")
START_MODES = ("manual", "immediate", "scheduled")
MOST_CONTACTS = 10_000
MOST_CONCURRENT = 20
LONGEST_CALL = 900
PHONE = r"[0-9]{10,15}"
AGENT, VERSION = "agt-5a1dc0de", "pmt-5a1dc0de"
AGENTS = {AGENT: "Renewal assistant", "agt-0ff1ce00": "Survey assistant"}


class TechLadder(Vendor):
    """TechLadder's public API."""

    name = "techladder"
    prefix = "/techladder/api/v1/public"
    keys = keys_of("sk_sandbox_techladder", "_")
    endpoints: ClassVar = {
        ("GET", "/me"): Endpoint("me"),
        ("GET", "/call-batches"): Endpoint("list_batches", ("agent_id", "status", "limit", "page")),
        ("POST", "/call-batches"): Endpoint("create", body=True),
        ("GET", "/call-batches/{id}"): Endpoint("show"),
        ("GET", "/call-batches/{id}/calls"): Endpoint("list_calls", ("status", "external_id", "limit", "page")),
    }
    own_readings: ClassVar = {
        "created_status": Reading(201, (202,)),
        "created_data": Reading("batch", ("id", "nothing")),
        "created_id": Reading("schedule_id", ("batch_id", "id")),
    }
    rules = Rules(
        running="active",
        completed="completed",
        waiting=frozenset({"pending", "queued"}),
        queued="queued",
        ringing="ringing",
        talking=("answered", "in_progress"),
        outcomes=(
            Outcome("completed", 50, talk=(30, 400)),
            Outcome("no_answer", 24, ring=(28.0, 45.0)),
            Outcome("busy", 10, ring=(1.0, 4.0)),
            Outcome("failed", 12, ring=(0.4, 9.0)),
            Outcome("cancelled", 4, ring=(1.0, 12.0)),
        ),
    )
    requests_per_minute = 300
    planned_status = "pending"
    codes: ClassVar = {
        400: ("VALIDATION_ERROR", "The request could not be read"),
        401: ("UNAUTHORIZED", "API key missing or not valid"),
        402: ("PAYMENT_REQUIRED", "The account has no credits left"),
        403: ("FORBIDDEN", "API access is not enabled for this account"),
        404: ("NOT_FOUND", "Nothing found here"),
        405: ("METHOD_NOT_ALLOWED", "This path does not take that method"),
        422: ("VALIDATION_ERROR", "The request breaks a rule"),
        429: ("RATE_LIMITED", "Rate limit exceeded"),
        500: ("INTERNAL_ERROR", "Something went wrong at our end"),
    }
    defaults: ClassVar = {"agent_id": AGENT, "version_id": VERSION}
    usual_settings: ClassVar = {
        "agent_id": AGENT,
        "version_id": VERSION,
        "voice": "aria",
        "did_number": "13125550199",
        "start_mode": "manual",
        "recording_enabled": True,
    }

    # Envelopes

    def _success(self, data: Any, message: str, status: int = 200) -> Answer:
        return Answer.json(status, {"status_code": status, "message": message, "error": None, "data": data})

    def error(self, status: int, code: str | None = None, message: str | None = None, details: Any = None) -> Answer:
        """Return the error envelope; details are a list of texts."""
        usual, text = self.code_for(status)
        error = {"code": code or usual, "details": details or [message or text]}
        content = {"status_code": status, "message": message or text, "error": error, "data": None}
        return Answer.json(status, content)

    def limited(self, wait: float) -> Answer:
        """Return the 429, whose message has the seconds to wait."""
        return self.error(429, message=f"Rate limit exceeded. Please retry after {math.ceil(wait)} seconds.")

    def finished(self, answer: Answer) -> Answer:
        """Add the rate headers, which every answer carries."""
        return answer.with_headers(self.limit.headers())

    def invalid(self, problems: Sequence[Problem]) -> Answer:
        """Return the 422 with a text about each problem."""
        return self.error(422, details=[f"{_spell(problem.at)}: {problem.reason}" for problem in problems])

    # Reading

    def _find(self, batch_id: str) -> VendorCampaign:
        campaign = self.campaigns.get(batch_id)
        if campaign is None:
            raise Refused(self.error(404, message="Batch not found", details=[f"There is no batch {batch_id}"]))
        return campaign

    def _me(self, _request: VendorRequest) -> Answer:
        account = {
            "account_id": "acc-5a1dc0de",
            "name": "Sandbox account",
            "email": "owner@example.com",
            "limits": {
                "max_batch_size": MOST_CONTACTS,
                "max_concurrent_calls": MOST_CONCURRENT,
                "max_call_duration_seconds": LONGEST_CALL,
                "rate_limit_per_minute": round(self.limit.requests * 60 / self.limit.window),
            },
        }
        return self._success(account, "Account fetched")

    def _numbers(self, form: Form, usual: int, most: int) -> tuple[int, int]:
        page, limit = form.integer("page", least=1), form.integer("limit", least=1, most=most)
        self.check(form)
        return page or 1, self.page_size(limit or usual)

    def _page(self, items: list[dict[str, Any]], total: int, page: int, limit: int, message: str) -> Answer:
        has_more = page * limit < total
        data = {"items": items, "total": total, "page": page, "limit": limit, "has_more": has_more}
        return self._success(data, message)

    def _list_batches(self, request: VendorRequest) -> Answer:
        form = self.query(request, "page", "limit")
        status, agent_id = form.choice("status", STATUSES), form.text("agent_id")
        page, limit = self._numbers(form, 50, 100)
        found = self.listed(status=status, agent_id=agent_id)
        rows = [self.in_listing(_batch_in_list(campaign)) for campaign in found[(page - 1) * limit : page * limit]]
        return self._page(rows, len(found), page, limit, "Batches fetched")

    def _show(self, _request: VendorRequest, campaign: VendorCampaign) -> Answer:
        return self._success(_batch(campaign), "Batch fetched")

    def _list_calls(self, request: VendorRequest, campaign: VendorCampaign) -> Answer:
        form = self.query(request, "page", "limit")
        status, external_id = form.choice("status", CALL_STATUSES), form.text("external_id")
        page, limit = self._numbers(form, 100, 500)
        contacts = campaign.contacts
        if status is not None or external_id is not None:
            contacts = [
                contact
                for contact in contacts
                if status in (None, contact.status) and external_id in (None, contact.external_id)
            ]
        rows = [_call(contact) for contact in contacts[(page - 1) * limit : page * limit]]
        answer = self._page(rows, len(contacts), page, limit, "Calls fetched")
        self.page_read(campaign)
        return answer

    # Writing

    def _create(self, request: VendorRequest) -> Answer:
        body = self.json_body(request)
        form = Form(body)
        settings = {
            "agent_id": form.text("agent_name", required=True),
            "version_id": form.text("version_name", required=True),
            "voice": form.text("voice"),
            "did_number": form.text("did_number"),
            "start_mode": form.choice("start_mode", START_MODES) or "manual",
            "recording_enabled": form.boolean("recording_enabled", default=True),
            "callback_url": form.text("callback_url", pattern=r"https?://\S+"),
            "max_duration_seconds_per_call": form.integer("max_duration_seconds_per_call", least=1, most=LONGEST_CALL),
            "metadata": form.mapping("metadata"),
        }
        for name, start in (("agent_name", "agt-"), ("version_name", "pmt-")):
            if not str(body.get(name)).startswith(start):
                form.doubt(name, f"must be an id that begins with {start}")
        form.boolean("interruption", default=False)
        form.boolean("use_alternate_number", default=False)
        concurrency = form.integer("concurrency", least=1, most=MOST_CONCURRENT) or 5
        once_only = form.boolean("deduplicate_by_phone", default=True)
        is_scheduled = settings["start_mode"] == "scheduled"
        starts_at = self._start(form) if is_scheduled else None
        for name in SCHEDULE if not is_scheduled else ():
            if form.text(name) is not None:
                form.doubt(name, f"has no use with start_mode {settings['start_mode']}")
        rows = form.array("contacts", required=True, least=1) or []
        if len(rows) > MOST_CONTACTS:
            details = [f"contacts: {len(rows)} are more than {MOST_CONTACTS}"]
            raise Refused(self.error(400, "BATCH_SIZE_EXCEEDED", "The batch is too large", details), details[0])
        _check_contacts(form, rows)
        self.check(form)
        campaign = self.spawn("", concurrency=concurrency, settings=settings)
        self.plan(campaign, starts_at)
        seen = set()
        for row in rows:
            number = row["phone_number"]
            if self.takes("+" + number) and not (once_only and number in seen):
                campaign.add(self._uploaded(row))
            seen.add(number)
        if settings["start_mode"] == "immediate":
            campaign.start(self.world.now)
        created_id = {self.reading["created_id"]: campaign.id}
        batch = {name: value for name, value in _batch(campaign).items() if name != "schedule_id"}
        data = {"batch": {**created_id, **batch}, "id": created_id, "nothing": {}}[self.reading["created_data"]]
        return self._success(data, "Batch created", self.reading["created_status"])

    def _start(self, form: Form) -> float | None:
        texts = {}
        for name, pattern in zip(SCHEDULE, (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}", None), strict=True):
            texts[name] = form.text(name, required=True, pattern=pattern) or ""
        # The zone may carry an explanation in brackets, such as "Asia/Kolkata (IST, UTC+5:30)".
        name, _, remarks = texts["schedule_timezone"].partition(" (")
        zone = read_zone(name)
        if texts["schedule_timezone"] and zone is None:
            form.refuse("schedule_timezone", "must be an IANA time zone")
        if form.problems or zone is None:
            return None
        try:
            local = datetime.fromisoformat(f"{texts['schedule_date']}T{texts['schedule_time']}")
        except ValueError:
            form.refuse("schedule_date", "there is no such date or time")
            return None
        moments = by_the_clock(local, zone)
        names = {datetime.fromtimestamp(moment, zone).tzname() for moment in moments.values()}
        if not moments:
            form.doubt("schedule_time", f"{local} does not exist in {name}")
        for remark in remarks.removesuffix(")").split(", ") if remarks else ():
            offset = _offset(remark)
            if offset in moments:
                moments = {offset: moments[offset]}
            elif remark not in names:
                form.doubt("schedule_timezone", f"{remark} is not what {name} has at {local}")
        if len(moments) > 1:
            form.doubt("schedule_time", f"{local} comes twice in {name}")
        starts_at = next(iter(moments.values()), local.replace(tzinfo=zone).timestamp())
        if starts_at < self.world.now:
            form.refuse("schedule_date", "must not lie in the past")
        return starts_at

    def _uploaded(self, row: Mapping[str, Any]) -> VendorContact:
        return self.contact(
            "+" + row["phone_number"],
            first_name=row.get("name"),
            external_id=row["contact_id"],
            sent=row,
            data={_respelt(key): value for key, value in (row.get("metadata") or {}).items()},
        )

    # The seeded campaigns

    def campaign_id(self, digits: str) -> str:
        """Write a batch's id."""
        return f"sched_{digits[:8]}"

    def contact_id(self, campaign: VendorCampaign, contact: VendorContact) -> str:
        """Write a call's id."""
        del campaign
        return f"call_{contact.id[:8]}"

    def invent(self, campaign: VendorCampaign) -> VendorContact:
        """Make up one more contact, with metadata respelt as the vendor does."""
        contact = super().invent(campaign)
        data = contact.data
        contact.data = {"Name": contact.name, "Company Name": data["company"], "Plan": data["plan"]}
        return contact

    def populate(self) -> None:
        """Make the seeded batches: first the large one, under way."""
        survey = {"agent_id": "agt-0ff1ce00"}
        self.seed("", 1_300, 2 * DAY, 3.25 * HOUR, concurrency=6, settings={"start_mode": "immediate"})
        self.seed("", 36, 2 * HOUR, settings=survey)
        self.seed("", 50, HOUR, ahead=DAY, settings={"start_mode": "scheduled"})
        self.seed("", 45, 12 * DAY, 12 * DAY, settings=survey)
        self.seed("", 30, 25 * DAY, 25 * DAY, 240, "cancelled")
        self.seed("", 10, 8 * DAY, end="failed", settings={"did_number": None})


def _spell(at: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).lstrip(".")


def _offset(remark: str) -> timedelta | None:
    """Return the offset that a text such as `UTC+5:30` names."""
    matched = re.fullmatch(r"UTC(?:([+-])(\d{1,2})(?::([0-5]\d))?)?", remark, re.ASCII)
    if matched is None:
        return None
    sign, hours, minutes = matched.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return -offset if sign == "-" else offset


def _respelt(key: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in re.split(r"[_\s]+", key) if word)


def _check_contacts(form: Form, rows: list[Any]) -> None:
    for one in form.each("contacts", rows):
        one.text("contact_id", required=True)
        one.text("phone_number", required=True, pattern=PHONE)
        one.text("name")
        one.mapping("metadata")
        one.choice("status", ("pending",))
        if str(one.body.get("phone_number")).startswith("0"):
            one.doubt("phone_number", "must begin with a country code")


def _batch_in_list(campaign: VendorCampaign) -> dict[str, Any]:
    whole = _batch(campaign)
    left_out = ("version_id", "voice", "did_number", "recording_enabled", "concurrency", "updated_at")
    return {field: value for field, value in whole.items() if field not in left_out}


def _batch(campaign: VendorCampaign) -> dict[str, Any]:
    settings = campaign.settings
    return {
        "schedule_id": campaign.id,
        "agent_id": settings["agent_id"],
        "agent_name": AGENTS.get(settings["agent_id"], settings["agent_id"]),
        "version_id": settings["version_id"],
        "status": campaign.status,
        "start_mode": settings["start_mode"],
        "voice": settings["voice"],
        "did_number": settings["did_number"],
        "total_contacts": len(campaign.contacts),
        "completed_contacts": campaign.count("completed"),
        "failed_contacts": campaign.count("failed", "no_answer", "busy"),
        "pending_contacts": campaign.unfinished,
        "concurrency": campaign.concurrency,
        "recording_enabled": settings["recording_enabled"],
        "scheduled_at": as_text(campaign.scheduled_at, "seconds"),
        "started_at": as_text(campaign.started_at, "seconds"),
        "created_at": as_text(campaign.created_at, "seconds"),
        "updated_at": as_text(campaign.updated_at, "seconds"),
    }


def _call(contact: VendorContact) -> dict[str, Any]:
    return {
        "call_id": f"call_{contact.id[:8]}",
        "external_id": contact.external_id,
        "phone_number": contact.number[1:],
        "name": contact.name or None,
        "status": contact.status,
        "duration_seconds": contact.duration,
        "started_at": as_text(contact.started_at, "seconds"),
        "ended_at": as_text(contact.ended_at, "seconds"),
        "metadata": contact.data,
    }
