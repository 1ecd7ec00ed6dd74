"""TalkifAI, as its documentation describes it. `docs/sandbox.md` says what was chosen where that is silent."""

from __future__ import annotations

import csv
import hmac
import io
import math
from collections.abc import Mapping, Sequence
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, ClassVar

from unibatch.sandbox.campaign import Outcome, Rules, VendorCampaign, VendorContact, as_text, as_uuid
from unibatch.sandbox.http import Answer, Refused, VendorRequest
from unibatch.sandbox.readings import Reading
from unibatch.sandbox.validation import Form, Problem
from unibatch.sandbox.vendors.vendor import DAY, HOUR, Endpoint, Vendor, keys_of, read_integer
from unibatch.sandbox.webhooks import Notice, event_id

ORGANIZATION = "org_sandbox"
STATUSES = ("pending", "scheduled", "running", "completed", "failed", "cancelled")
CONTACT_STATUSES = (
    "pending",
    "queued",
    "dialing",
    "completed",
    "no_answer",
    "busy",
    "timeout",
    "blocked",
    "invalid_number",
    "carrier_error",
    "failed",
    "cancelled",
)
UNSUCCESSFUL = ("no_answer", "busy", "timeout", "blocked", "invalid_number", "carrier_error", "failed")
RETRYABLE = ("no_answer", "busy", "timeout")
MOST_CONTACTS = 10_000
MOST_CONCURRENT = 50
MOST_ATTEMPTS = 10
PHONE = r"\+[1-9][0-9]{6,14}"
DOLLARS_A_CONTACT = 0.07
SECONDS_A_CALL = 90

NUMBER = "pn_sandbox"
CODES_BY_FIELD = {
    "organizationId": "missing_organization_id",
    "page": "invalid_page",
    "contactsPage": "invalid_page",
    "pageSize": "invalid_page_size",
    "contactsPageSize": "invalid_page_size",
    "status": "invalid_status",
    "contactStatus": "invalid_contact_status",
}
"""The codes for what is wrong in a query."""


class TalkifAI(Vendor):
    """TalkifAI's batch API."""

    name = "talkifai"
    prefix = "/talkifai"
    keys = keys_of("sandbox-talkifai-key")
    endpoints: ClassVar = {
        ("POST", "/batch/create"): Endpoint("create", body=True),
        ("GET", "/batch/jobs"): Endpoint("list_jobs", ("organizationId", "status", "page", "pageSize")),
        ("GET", "/batch/jobs/{id}"): Endpoint("show", ("contactStatus", "contactsPage", "contactsPageSize")),
        ("POST", "/batch/jobs/{id}/start"): Endpoint("start"),
        ("POST", "/batch/jobs/{id}/cancel"): Endpoint("cancel"),
        ("PATCH", "/batch/jobs/{id}/reschedule"): Endpoint("reschedule", ("scheduledStartTime", "timezone")),
    }
    own_readings: ClassVar = {"created": Reading("running", ("pending",))}
    rules = Rules(
        running="running",
        completed="completed",
        waiting=frozenset({"pending"}),
        ringing="dialing",
        talking=(),
        outcomes=(
            Outcome("completed", 44, talk=(30, 420)),
            Outcome("no_answer", 24, ring=(28.0, 45.0), sip_code="480", reason="Nobody answered"),
            Outcome("busy", 9, ring=(1.0, 4.0), sip_code="486", reason="The line was busy"),
            Outcome("timeout", 5, ring=(45.0, 60.0), sip_code="408", reason="The call timed out"),
            Outcome("blocked", 4, ring=(0.4, 3.0), sip_code="607", reason="The carrier blocked the call"),
            Outcome("invalid_number", 5, ring=(0.2, 1.0), sip_code="404", reason="The number does not exist"),
            Outcome("carrier_error", 4, ring=(0.4, 6.0), sip_code="503", reason="The carrier had a fault"),
            Outcome("failed", 5, ring=(0.4, 6.0), sip_code="500", reason="The call failed"),
        ),
        retried=frozenset(RETRYABLE),
        retry_queued="queued",
    )
    requests_per_minute = 60
    max_attempts = 3
    webhook_secret = "sandbox-talkifai-signing-secret"  # noqa: S105  # nothing depends on it
    webhook_retries = (30.0, 300.0, 1_800.0)
    codes: ClassVar = {
        400: ("validation_error", "The request could not be read"),
        401: ("unauthorized", "The API key is missing or not valid"),
        402: ("insufficient_credits", "The organization has no credits left"),
        403: ("forbidden", "This key may not do that"),
        404: ("not_found", "There is nothing at this address"),
        405: ("method_not_allowed", "This path does not take that method"),
        429: ("rate_limit_exceeded", "Too many requests"),
        500: ("internal_error", "Something went wrong at our end"),
    }
    defaults: ClassVar[Mapping[str, str | list[str]]] = {"organization_id": ORGANIZATION, "from_number_ids": [NUMBER]}
    usual_settings: ClassVar = {"agentId": "agent_sandbox", "fromPhoneNumberId": NUMBER}

    # Envelopes: success has none.

    def key_of(self, request: VendorRequest) -> str | None:
        """Return the API key of either header."""
        return super().key_of(request) or request.headers.get("x-api-key")

    def error(self, status: int, code: str | None = None, message: str | None = None, details: Any = None) -> Answer:
        """Return the error object; it has no room for details."""
        del details
        usual, text = self.code_for(status)
        return Answer.json(status, {"success": False, "error": message or text, "code": code or usual})

    def limited(self, wait: float) -> Answer:
        """Return the 429 with the seconds to wait in its headers."""
        seconds = math.ceil(wait)
        refusal = self.error(429, message=f"Too many requests; try again in {seconds} s")
        return refusal.with_headers({"retry-after": str(seconds)})

    def finished(self, answer: Answer) -> Answer:
        """Add the rate headers."""
        return answer.with_headers(self.limit.headers())

    def invalid(self, problems: Sequence[Problem]) -> Answer:
        """Return the 400 about the first problem."""
        where = ".".join(map(str, problems[0].at))
        return self.error(400, CODES_BY_FIELD.get(where), f"{where}: {problems[0].reason}")

    def _wrong_state(self, campaign: VendorCampaign, action: str, code: str = "invalid_status") -> Refused:
        return Refused(self.error(400, code, f"A job that is {campaign.status} cannot be {action}"))

    # Reading

    def _find(self, job_id: str) -> VendorCampaign:
        campaign = self.campaigns.get(job_id)
        if campaign is None:
            raise Refused(self.error(404, "job_not_found", f"There is no batch job {job_id}"))
        return campaign

    def _numbers(self, form: Form, page_name: str, size_name: str, usual: int, most: int) -> tuple[int, int]:
        page, size = form.integer(page_name, least=1), form.integer(size_name, least=1, most=most)
        self.check(form)
        return page or 1, self.page_size(size or usual)

    def _list_jobs(self, request: VendorRequest) -> Answer:
        form = self.query(request, "page", "pageSize")
        if form.text("organizationId", required=True) not in (None, "", ORGANIZATION):
            raise Refused(self.error(403, message="This key belongs to another organization"))
        status = form.choice("status", STATUSES)
        page, size = self._numbers(form, "page", "pageSize", 20, 100)
        found = self.listed(status=status)
        jobs = [self.in_listing(self._job(campaign)) for campaign in found[(page - 1) * size : page * size]]
        return Answer.json(200, {"batchJobs": jobs, "total": len(found), "page": page, "pageSize": size})

    def _show(self, request: VendorRequest, campaign: VendorCampaign) -> Answer:
        """The job with one page of its contacts."""
        form = self.query(request, "contactsPage", "contactsPageSize")
        status = form.choice("contactStatus", CONTACT_STATUSES)
        page, size = self._numbers(form, "contactsPage", "contactsPageSize", 50, 500)
        contacts = campaign.contacts
        if status is not None:
            contacts = [contact for contact in contacts if contact.status == status]
        job = self._job(campaign)
        job["contacts"] = [_contact(contact) for contact in contacts[(page - 1) * size : page * size]]
        job["contactsTotal"] = len(contacts)
        job["contactsPage"], job["contactsPageSize"] = page, size
        job["contactsHasMore"] = page * size < len(contacts)
        self.page_read(campaign)
        return Answer.json(200, job)

    def _job(self, campaign: VendorCampaign) -> dict[str, Any]:
        processed = sum(campaign.finished[word] for word in ("completed", *UNSUCCESSFUL))
        successful = campaign.finished["completed"]
        remaining = campaign.unfinished * SECONDS_A_CALL / campaign.concurrency
        estimate = self.world.now + remaining if campaign.is_running else None
        return {
            "id": campaign.id,
            "name": campaign.name,
            "description": campaign.description,
            "status": campaign.status,
            "organizationId": ORGANIZATION,
            **campaign.settings,
            "totalContacts": len(campaign.contacts),
            "contactsProcessed": processed,
            "successfulCalls": successful,
            "failedCalls": processed - successful,
            "statusBreakdown": {word: campaign.tally[word] for word in CONTACT_STATUSES if campaign.tally[word]},
            "scheduledStartTime": as_text(campaign.scheduled_at),
            "actualStartTime": as_text(campaign.started_at),
            "completedAt": as_text(campaign.completed_at),
            "estimatedCompletionTime": as_text(estimate),
            "createdAt": as_text(campaign.created_at),
            "concurrentCallLimit": campaign.concurrency,
            "retryPolicy": {"maxAttempts": campaign.max_attempts, "retryableStatuses": list(RETRYABLE)},
        }

    # Writing

    def _create(self, request: VendorRequest) -> Answer:
        """From JSON or from multipart with a CSV."""
        read = self._multipart if request.content_type == "multipart/form-data" else self.json_body
        body = read(request)
        form = Form(body)
        number_id = form.text("fromPhoneNumberId", required=True)
        name = form.text("name", required=True, most=200)
        description = form.text("description", most=1_000)
        concurrency = form.integer("concurrentCallLimit", least=1, most=MOST_CONCURRENT) or 5
        attempts = form.integer("maxAttempts", least=1, most=MOST_ATTEMPTS) or 3
        scheduled_at = form.moment("scheduledStartTime", form.zone("timezone"), least=self.world.now, local=True)
        rows = form.array("contacts", required=True, least=1, most=MOST_CONTACTS) or []
        _check_contacts(form, rows)
        self.check(form)
        campaign = self.spawn(
            name or "",
            description=description,
            concurrency=concurrency,
            max_attempts=attempts,
            timezone=body.get("timezone") or "UTC",
            settings={"fromPhoneNumberId": number_id},
        )
        for row in rows:
            if not self.takes(row["phone"]):
                continue
            about = {"first_name": row.get("name"), "data": row, "sent": row, "max_attempts": attempts}
            campaign.add(self.contact(row["phone"], **about))
        if scheduled_at is not None:
            self.plan(campaign, scheduled_at)
        elif self.reading["created"] == "running":
            campaign.start(self.world.now)
        else:
            campaign.starts_at = self.world.now
        minutes = math.ceil(len(rows) * SECONDS_A_CALL / concurrency / 60)
        about = {
            "success": True,
            "batchJobId": campaign.id,
            "totalContacts": len(campaign.contacts),
            "estimatedDuration": f"{minutes} minutes",
            "estimatedCost": f"${len(rows) * DOLLARS_A_CONTACT:.2f}",
            "status": campaign.status,
            "scheduledStartTime": as_text(scheduled_at),
            "message": "Batch job created",
        }
        return Answer.json(200, about)

    def _multipart(self, request: VendorRequest) -> dict[str, Any]:
        head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode("latin-1")
        message = BytesParser(policy=HTTP).parsebytes(head + request.body)
        if not message.is_multipart():
            raise Refused(self.error(400, message="The multipart body could not be read"))
        body: dict[str, Any] = {}
        for part in message.iter_parts():
            payload = part.get_payload(decode=True)
            try:
                text = payload.decode("utf-8-sig") if isinstance(payload, bytes) else ""
            except UnicodeDecodeError:
                raise Refused(self.error(400, message="The CSV must be encoded in UTF-8")) from None
            name = part.get_param("name", header="content-disposition")
            if part.get_filename() is not None:
                body["contacts"] = _read_csv(text)
            elif isinstance(name, str):
                text = text.strip()
                number = read_integer(text) if name in {"concurrentCallLimit", "maxAttempts"} else None
                body[name] = text if number is None else number
        return body

    def _start(self, _request: VendorRequest, campaign: VendorCampaign) -> Answer:
        if campaign.status not in ("pending", "scheduled"):
            code = "already_running" if campaign.is_running else "invalid_status"
            raise self._wrong_state(campaign, "started", code)
        was_scheduled = campaign.status == "scheduled"
        campaign.start(self.world.now)
        about = {"contactsEnqueued": campaign.tally["pending"], "redisJobCancelled": was_scheduled}
        return _done(campaign, "started", status="running", **about, startedAt=as_text(campaign.started_at))

    def _cancel(self, _request: VendorRequest, campaign: VendorCampaign) -> Answer:
        if campaign.status not in ("scheduled", "pending", "running", "paused"):
            raise self._wrong_state(campaign, "cancelled", "already_terminal")
        was_scheduled = campaign.status == "scheduled"
        cancelled = campaign.cancel(self.world.now, "cancelled", "cancelled")
        return _done(campaign, "cancelled", redisJobCancelled=was_scheduled, contactsCancelled=cancelled)

    def _reschedule(self, request: VendorRequest, campaign: VendorCampaign) -> Answer:
        # A plus that was not percent-encoded arrives as a space.
        query = {name: value.replace(" ", "+") for name, value in request.query}
        form = Form(query)
        at = form.moment("scheduledStartTime", form.zone("timezone"), required=True, least=self.world.now, local=True)
        if any(" " in value for _, value in request.query):
            form.doubt("scheduledStartTime", "a plus sign is not percent-encoded")
        self.check(form)
        if campaign.status not in ("pending", "scheduled"):
            raise self._wrong_state(campaign, "rescheduled")
        was_scheduled = campaign.status == "scheduled"
        self.plan(campaign, at)
        campaign.timezone = query.get("timezone", "UTC")
        campaign.updated_at = self.world.now
        about = {"status": "scheduled", "oldJobCancelled": was_scheduled}
        queued = f"queue-{self.world.requests.next()[:12]}"
        return _done(campaign, "rescheduled", scheduledStartTime=as_text(at), **about, newScheduledJobId=queued)

    # Webhooks

    def messages(self, notice: Notice) -> list[dict[str, Any]]:
        """Return what a call gives; nothing tells of a job as a whole, nor that somebody picked up."""
        contact = notice.contact
        if contact is None or notice.kind == "answered":
            return []
        call = {"callId": f"call_{str(contact.call_id)[:12]}", "agentId": notice.campaign.settings["agentId"]}
        if notice.kind == "started":
            return [self._message("call.started", notice.at, call)]
        call |= {"duration": contact.duration or 0, "status": contact.status, "endReason": contact.reason or "hangup"}
        if contact.status not in ("completed", *RETRYABLE):
            return [self._message("call.failed", notice.at, call)]
        ended = self._message("call.ended", notice.at, {**call, "recordingUrl": None})
        about = {"callId": call["callId"], "agentId": call["agentId"]}
        talked = [self._message("transcript.ready", notice.at, about)] if contact.duration else []
        return [ended, *talked]

    def _message(self, word: str, at: float, data: Mapping[str, Any]) -> dict[str, Any]:
        return {"id": event_id(self.world.events), "type": word, "created": as_text(at), "data": data}

    def signed(self, body: bytes, wall: float) -> dict[str, str]:
        """Return the signature of the body, which has no time."""
        del wall
        digest = hmac.new(str(self.webhook_secret).encode(), body, "sha256").hexdigest()
        return {"X-TalkifAI-Signature": f"sha256={digest}"}

    # The seeded campaigns

    def invent(self, campaign: VendorCampaign) -> VendorContact:
        """Make up one more contact, with its data as it would have been uploaded."""
        contact = super().invent(campaign)
        about = {"phone": contact.number, "name": contact.name}
        contact.data = {**about, **contact.data, "customerId": contact.external_id}
        return contact

    def populate(self) -> None:
        """Make the seeded jobs: first the large one, under way."""
        march = "Policies that end in March"
        self.seed("Renewals, first quarter", 1_240, 2 * DAY, 4.5 * HOUR, concurrency=6, description=march)
        self.seed("Welcome calls", 25, HOUR)
        self.seed("Delivery slots", 40, 3 * HOUR, ahead=DAY)
        self.seed("Event reminders", 50, 9 * DAY, 9 * DAY, max_attempts=2)
        self.seed("Winter offers", 45, 30 * DAY, 30 * DAY, 1_200, "cancelled")
        self.seed("Number without an agent", 8, 6 * DAY, end="failed")
        self.seed("Paused in the dashboard", 35, 4 * DAY, 4 * DAY, 600, "paused")


def _done(campaign: VendorCampaign, what: str, **about: Any) -> Answer:
    return Answer.json(200, {"success": True, "message": f"Batch job {what}", "batchJobId": campaign.id, **about})


def _read_csv(text: str) -> list[dict[str, Any]]:
    """Read the rows of a CSV; empty cells are left out."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    return [{name: cell for name, cell in row.items() if name and isinstance(cell, str) and cell} for row in reader]


def _check_contacts(form: Form, rows: list[Any]) -> None:
    for one in form.each("contacts", rows, takes_all=True):
        one.text("phone", required=True, pattern=PHONE)
        one.text("name")


def _contact(contact: VendorContact) -> Mapping[str, Any]:
    over = contact.final and contact.attempts > 0
    return {
        "id": as_uuid(contact.id),
        "phoneNumber": contact.number,
        "contactData": contact.data,
        "status": contact.status,
        "errorCode": contact.sip_code,
        "attemptCount": contact.attempts,
        "maxAttempts": contact.max_attempts,
        "lastAttemptAt": as_text(contact.started_at),
        "nextRetryAt": as_text(contact.retry_at),
        "completedAt": as_text(contact.ended_at) if over else None,
        "roomName": contact.call_id and f"room-{contact.call_id[:12]}" if contact.duration is not None else None,
        "failureReason": contact.reason,
        "callDuration": contact.duration,
    }
