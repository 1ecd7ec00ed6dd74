"""A made-up server for one test: it gives the answers that it is told to give, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from tests.bothways import AnyClient
from unibatch.client.transport import httpx


@attrs.frozen
class Reply:
    """One answer: JSON, text or bytes."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def response(self) -> httpx.Response:
        content = self.body
        if isinstance(content, str):
            content = content.encode()
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        return httpx.Response(self.status, headers=dict(self.headers), stream=httpx.ByteStream(content))


class Replies:
    """Gives one answer after the other, and the last one again and again; an exception is raised instead."""

    def __init__(self, *replies: Reply | Exception) -> None:
        self._replies = replies
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        reply = self._replies[min(len(self.requests), len(self._replies) - 1)]
        self.requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        return reply.response()

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]


CONTACT = {
    "truedy": {"contact_id": "ctc_1", "phone_number": "+12125550123", "call_status": "pending"},
    "techladder": {"call_id": "call_1", "phone_number": "12125550123", "status": "pending"},
    "talkifai": {"id": "contact_1", "phoneNumber": "+12125550123", "status": "pending"},
}
"""For each vendor, a contact with little more than what must be there."""

ID = {"truedy": "contact_id", "techladder": "call_id", "talkifai": "id"}
STATUS = {"truedy": "call_status", "techladder": "status", "talkifai": "status"}
"""For each vendor, the names of these fields of a contact."""

CAMPAIGN = {
    "truedy": {"id": "batch_1", "name": "March", "agent_id": "agt_1", "status": "draft"},
    "techladder": {"schedule_id": "sched_1", "agent_id": "agt-1", "status": "pending"},
    "talkifai": {"id": "job_1", "name": "March", "agentId": "agent_1", "status": "pending"},
}
"""For each vendor, a campaign with little more than what must be there."""


READ: Mapping[str, Callable[[AnyClient], object]] = {
    "get_campaign": lambda client: client.get_campaign("c-1"),
    "list_campaigns": lambda client: list(client.list_campaigns()),
    "list_contacts": lambda client: list(client.list_contacts("c-1")),
}
"""What can be read at every vendor."""


def one(vendor: str, campaign: Mapping[str, Any]) -> dict[str, Any]:
    """The answer that holds one campaign."""
    return dict(campaign) if vendor == "talkifai" else {"data": dict(campaign)}


def page(
    vendor: str,
    *contacts: Mapping[str, Any],
    total: int | None = None,
    has_more: bool = False,
) -> dict[str, Any]:
    """The answer that holds one page of contacts."""
    rows = [dict(contact) for contact in contacts]
    total = len(rows) if total is None else total
    if vendor == "truedy":
        return {"data": rows, "pagination": {"total": total, "limit": 100, "offset": 0, "has_more": has_more}}
    if vendor == "techladder":
        return {"data": {"items": rows, "total": total, "page": 1, "limit": 500, "has_more": has_more}}
    return {"id": "job_1", "status": "running", "contacts": rows, "contactsTotal": total, "contactsHasMore": has_more}


def refusal(vendor: str, code: str, message: str, details: Any = None) -> dict[str, Any]:
    """An error in the vendor's envelope."""
    if vendor == "truedy":
        return {"error": {"code": code, "message": message, "details": details}, "meta": {"request_id": "req_1"}}
    if vendor == "techladder":
        return {"status_code": 400, "message": message, "error": {"code": code, "details": details}, "data": None}
    return {"success": False, "error": message, "code": code}
