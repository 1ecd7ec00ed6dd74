"""Every example of an answer on TechLadder's page "List calls in a batch", and what it means in the canonical model.

TalkifAI's page "Batch job details" shows tables of fields and no example, so there is nothing of it here.
"""

from __future__ import annotations

import pytest

from tests.bothways import ONE_CLIENT, Connect
from tests.replay import answers, replay
from unibatch import AuthenticationError, CallStatus, Contact, ListingReport, NotFound, ProviderError

pytestmark = ONE_CLIENT


def test_calls(connect: Connect) -> None:
    name = "techladder/documented-calls"
    with replay(name):
        listing = connect("techladder").list_contacts(
            "sched_bdb2b840", status=CallStatus.PENDING, external_id="101", server_filter=True
        )
        [contact] = listing
    assert contact == Contact(
        id="call_a1b2c3d4",
        provider="techladder",
        campaign_id="sched_bdb2b840",
        phone_number="+919876543210",
        phone_valid=True,
        name="John Doe",
        external_id="101",
        fields={"Name": "John Doe", "Company Name": "Acme Corporation"},
        status=CallStatus.PENDING,
        vendor_status="pending",
        is_final=False,
        call_id="call_a1b2c3d4",
    )
    assert contact.raw == answers(name)[0]["data"]["items"][0]
    assert contact.field("company_name") == "Acme Corporation", "found under the name that was sent"
    assert listing.report == ListingReport(expected_total=1, seen=1, requests=1, complete=True)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        (
            "documented-unauthorized",
            AuthenticationError,
            (
                *(401, "UNAUTHORIZED", "Missing or invalid API key"),
                ["Provide a valid Bearer token in the Authorization header"],
            ),
        ),
        (
            "documented-not-found",
            NotFound,
            (404, "NOT_FOUND", "Batch not found", ["No batch found with id sched_bdb2b840"]),
        ),
    ],
)
def test_errors(connect: Connect, name: str, kind: type[ProviderError], said: tuple[object, ...]) -> None:
    with replay(f"techladder/{name}"), pytest.raises(kind) as caught:
        list(connect("techladder").list_contacts("sched_bdb2b840"))
    error = caught.value
    assert (error.provider, error.operation, error.subject) == ("techladder", "list_contacts", "sched_bdb2b840")
    assert (error.http_status, error.code, error.message, error.details) == said
    assert (error.request_id, error.field_errors) == (None, {})
