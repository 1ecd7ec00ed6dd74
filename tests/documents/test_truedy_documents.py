"""Every example of an answer on Truedy's pages, and what it means in the canonical model.

The examples of the page "Add Contacts to Batch Call" are in ``test_truedy_writing_documents.py``. An attribute that is
not named here is empty.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.bothways import ONE_CLIENT, Connect
from tests.replay import answers, replay
from unibatch import (
    CallStatus,
    Campaign,
    CampaignStatus,
    Contact,
    Counts,
    IncompleteListing,
    ListingReport,
    Money,
    NotFound,
    RedialPolicy,
    Schedule,
)
from unibatch.client.transport import httpx

pytestmark = ONE_CLIENT

OF_EXAMPLE = "truedy/documented-contacts-of-example"

MARCH_CAMPAIGN = Campaign(
    id="batch_m1n2o3p4",
    provider="truedy",
    name="March follow-up campaign",
    status=CampaignStatus.RUNNING,
    vendor_status="active",
    agent_id="agt_f9447372",
    from_numbers=("num_11111111-1111-1111-1111-111111111111",),
    counts=Counts(total=500, attempted=350, succeeded=280, failed=70, voicemail=45, no_answer=25),
    schedule=Schedule(start=datetime(2026, 3, 20, 9, tzinfo=UTC), max_calls_per_day=500),
    cost=Money(Decimal("147.5"), "USD"),
    average_duration=timedelta(seconds=187),
    created_at=datetime(2026, 3, 5, 10, tzinfo=UTC),
    updated_at=datetime(2026, 3, 5, 15, 30, tzinfo=UTC),
)


def first_page(connect: Connect, name: str, batch_id: str) -> tuple[list[Contact], ListingReport]:
    """The contacts of the page, which are the rows as they came, and the report so far."""
    with replay(name):
        listing = connect("truedy").list_contacts(batch_id)
        contacts = list(next(listing.pages()))
    assert [contact.raw for contact in contacts] == answers(name)[0]["data"]
    return contacts, listing.report


def campaign(connect: Connect, name: str, batch_id: str) -> Campaign:
    with replay(name):
        read = connect("truedy").get_campaign(batch_id)
    assert read.raw == answers(name)[0]["data"]
    return read


@pytest.mark.usefixtures("near")
def test_contact_in_the_shape_of_the_schema(connect: Connect) -> None:
    contacts, report = first_page(connect, "truedy/documented-contacts-of-schema", "batch_m1n2o3p4")
    assert contacts == [
        Contact(
            id="ctc_aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            provider="truedy",
            campaign_id="batch_m1n2o3p4",
            phone_number="+15551234567",
            phone_valid=True,
            name="John",
            first_name="John",
            status=CallStatus.COMPLETED,
            vendor_status="completed",
            is_final=True,
            call_id="call_a1b2c3d4",
            last_attempt_at=datetime(2026, 3, 5, 9, 15, tzinfo=UTC),
        )
    ]
    assert report == ListingReport(expected_total=500, seen=1, requests=1, complete=False)


def test_contacts_in_the_shape_of_the_example(connect: Connect) -> None:
    contacts, _ = first_page(connect, OF_EXAMPLE, "batch_c3d4e5f6")
    assert contacts == [
        Contact(
            id="cnt_d4e5f6a7",
            provider="truedy",
            campaign_id="batch_c3d4e5f6",
            phone_number="+12125551234",
            phone_valid=True,
            name="Jane Doe",
            status=CallStatus.COMPLETED,
            vendor_status="completed",
            is_final=True,
            call_id="call_a1b2c3d4",
            last_attempt_at=datetime(2026, 4, 5, 10, tzinfo=UTC),
        ),
        Contact(
            id="cnt_e5f6g7h8",
            provider="truedy",
            campaign_id="batch_c3d4e5f6",
            phone_number="+15551230987",
            phone_valid=True,
            name="John Smith",
            status=CallStatus.PENDING,
            vendor_status="pending",
            is_final=False,
        ),
    ]


def test_two_rows_of_24_come_and_are_no_complete_listing(connect: Connect) -> None:
    """The vendor's page announces more than it shows, however often it is read."""

    def documented(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answers(OF_EXAMPLE)[0])

    contacts = iter(connect("truedy", answer=documented).list_contacts("batch_c3d4e5f6"))
    assert [next(contacts).id, next(contacts).id] == ["cnt_d4e5f6a7", "cnt_e5f6g7h8"]
    with pytest.raises(IncompleteListing) as caught:
        next(contacts)
    assert caught.value.report == ListingReport(
        expected_total=24,
        seen=2,
        requests=2,
        passes=2,
        complete=False,
        reason="24 rows were announced, and 2 came; reading it again gave the same result",
    )


def test_campaign_in_the_shape_of_the_example(connect: Connect) -> None:
    assert campaign(connect, "truedy/documented-campaign-of-example", "batch_c3d4e5f6") == Campaign(
        id="batch_c3d4e5f6",
        provider="truedy",
        name="Q2 Outreach Campaign",
        status=CampaignStatus.DRAFT,
        vendor_status="draft",
        agent_id="agt_f9447372",
        from_numbers=("+18005559876",),
        counts=Counts(total=500, attempted=0, succeeded=0, failed=0, pending=500),
        schedule=Schedule(timezone="America/New_York"),
        max_concurrency=5,
        retry=RedialPolicy(max_attempts=3),
        created_at=datetime(2026, 4, 1, 9, tzinfo=UTC),
        updated_at=datetime(2026, 4, 5, 10, 22, tzinfo=UTC),
    )


def test_campaign_in_the_shape_of_the_schema(connect: Connect) -> None:
    assert campaign(connect, "truedy/documented-campaign-of-schema", "batch_m1n2o3p4") == MARCH_CAMPAIGN


@pytest.mark.usefixtures("near")
def test_page_of_campaigns(connect: Connect) -> None:
    with replay("truedy/documented-campaigns-page"):
        listing = connect("truedy").list_campaigns()
        page = next(listing.pages())
    assert list(page) == [MARCH_CAMPAIGN]
    assert listing.report == ListingReport(expected_total=156, seen=1, requests=1, complete=False)


def test_error(connect: Connect) -> None:
    with replay("truedy/documented-error"), pytest.raises(NotFound) as caught:
        list(connect("truedy").list_contacts("batch_c3d4e5f6"))
    error = caught.value
    assert (error.provider, error.operation, error.subject) == ("truedy", "list_contacts", "batch_c3d4e5f6")
    assert (error.http_status, error.code) == (404, "not_found")
    assert error.message == "The requested resource does not exist"
    assert error.details == {"resource": "agent", "id": "agt_invalid"}
    assert (error.request_id, error.field_errors) == (None, {})
