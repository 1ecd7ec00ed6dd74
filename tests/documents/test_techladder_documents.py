"""Every example of an answer on TechLadder's page "List calls in a batch", and what it means in the canonical model.

TalkifAI's page "Batch job details" shows tables of fields and no example, so there is nothing of it here.
"""

from __future__ import annotations

import pytest

from tests.bothways import ONE_CLIENT, Connect
from tests.replay import answers, replay
from unibatch import AuthenticationError, CallStatus, Contact, ListingReport, NotFound

pytestmark = ONE_CLIENT


class TestCalls:
    CASSETTE = "techladder/documented-calls"

    def test_every_field_is_read(self, connect: Connect) -> None:
        with replay(self.CASSETTE):
            listing = connect("techladder").list_contacts(
                "sched_bdb2b840", status=CallStatus.PENDING, external_id="101", server_filter=True
            )
            contacts = list(listing)
        assert contacts == [
            Contact(
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
        ]

    def test_the_row_is_kept_as_it_came(self, connect: Connect) -> None:
        with replay(self.CASSETTE):
            [contact] = connect("techladder").list_contacts(
                "sched_bdb2b840", status=CallStatus.PENDING, external_id="101", server_filter=True
            )
        assert contact.raw == answers(self.CASSETTE)[0]["data"]["items"][0]

    def test_the_listing_is_complete(self, connect: Connect) -> None:
        with replay(self.CASSETTE):
            listing = connect("techladder").list_contacts(
                "sched_bdb2b840", status=CallStatus.PENDING, external_id="101", server_filter=True
            )
            list(listing)
        assert listing.report == ListingReport(expected_total=1, seen=1, duplicates=0, requests=1, complete=True)

    def test_custom_data_is_found_under_the_name_that_was_sent(self, connect: Connect) -> None:
        with replay(self.CASSETTE):
            [contact] = connect("techladder").list_contacts(
                "sched_bdb2b840", status=CallStatus.PENDING, external_id="101", server_filter=True
            )
        assert contact.field("company_name") == "Acme Corporation"


class TestErrors:
    def test_unauthorized(self, connect: Connect) -> None:
        with replay("techladder/documented-unauthorized"), pytest.raises(AuthenticationError) as caught:
            list(connect("techladder").list_contacts("sched_bdb2b840"))
        error = caught.value
        assert (error.provider, error.operation, error.subject) == ("techladder", "list_contacts", "sched_bdb2b840")
        assert (error.http_status, error.code) == (401, "UNAUTHORIZED")
        assert error.message == "Missing or invalid API key"
        assert error.details == ["Provide a valid Bearer token in the Authorization header"]
        assert error.request_id is None
        assert error.field_errors == {}

    def test_not_found(self, connect: Connect) -> None:
        with replay("techladder/documented-not-found"), pytest.raises(NotFound) as caught:
            list(connect("techladder").list_contacts("sched_bdb2b840"))
        error = caught.value
        assert (error.provider, error.operation, error.subject) == ("techladder", "list_contacts", "sched_bdb2b840")
        assert (error.http_status, error.code) == (404, "NOT_FOUND")
        assert error.message == "Batch not found"
        assert error.details == ["No batch found with id sched_bdb2b840"]
        assert error.request_id is None
        assert error.field_errors == {}
