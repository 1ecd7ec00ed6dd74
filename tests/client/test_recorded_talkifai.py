"""Reading at TalkifAI, from recorded answers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.bothways import Connect
from tests.replay import answers, replay
from unibatch import CallStatus, Campaign, CampaignStatus, Contact, Counts, ListingReport, RedialPolicy

RENEWALS = "a9d880f2-76d9-63c2-c2cc-4dd05b5ddac1"
RECORDED = "d00fc57c-2cd5-aefd-14c9-a196e597142b"


class TestCampaigns:
    def test_all_are_listed(self, connect: Connect) -> None:
        with replay("talkifai/campaigns"):
            campaigns = list(connect("talkifai").list_campaigns())
        assert [(campaign.name, campaign.status, campaign.vendor_status) for campaign in campaigns] == [
            ("Renewals, first quarter", CampaignStatus.RUNNING, "running"),
            ("Welcome calls", CampaignStatus.PENDING, "pending"),
            ("Delivery slots", CampaignStatus.SCHEDULED, "scheduled"),
            ("Event reminders", CampaignStatus.COMPLETED, "completed"),
            ("Winter offers", CampaignStatus.CANCELLED, "cancelled"),
            ("Number without an agent", CampaignStatus.FAILED, "failed"),
            ("Paused in the dashboard", CampaignStatus.PAUSED, "paused"),
        ]

    def test_the_report_proves_the_listing_whole_without_a_flag_for_more(self, connect: Connect) -> None:
        with replay("talkifai/campaigns"):
            listing = connect("talkifai").list_campaigns()
            list(listing)
        assert listing.report == ListingReport(expected_total=7, seen=7, duplicates=0, requests=1, complete=True)

    def test_one_status_is_filtered_by_the_vendor(self, connect: Connect) -> None:
        with replay("talkifai/campaigns-completed"):
            campaigns = list(connect("talkifai").list_campaigns(status=CampaignStatus.COMPLETED))
        assert [campaign.name for campaign in campaigns] == ["Event reminders"]

    def test_a_word_that_the_vendors_filter_does_not_know_is_filtered_by_the_client(self, connect: Connect) -> None:
        with replay("talkifai/campaigns-unfiltered"):
            campaigns = list(connect("talkifai").list_campaigns(status=CampaignStatus.PAUSED))
        assert [campaign.name for campaign in campaigns] == ["Paused in the dashboard"]

    def test_a_campaign(self, connect: Connect) -> None:
        with replay("talkifai/campaign"):
            campaign = connect("talkifai").get_campaign(RENEWALS)
        assert campaign == Campaign(
            id=RENEWALS,
            provider="talkifai",
            name="Renewals, first quarter",
            description="Policies that end in March",
            status=CampaignStatus.RUNNING,
            vendor_status="running",
            agent_id="agent_sandbox",
            from_numbers=("pn_sandbox",),
            counts=Counts(
                total=1240,
                attempted=544,
                succeeded=366,
                failed=178,
                pending=667,
                no_answer=22,
                by_status={
                    CallStatus.PENDING: 667,
                    CallStatus.RETRY_SCHEDULED: 16,
                    CallStatus.DIALING: 6,
                    CallStatus.COMPLETED: 366,
                    CallStatus.NO_ANSWER: 22,
                    CallStatus.BUSY: 8,
                    CallStatus.TIMEOUT: 3,
                    CallStatus.BLOCKED: 30,
                    CallStatus.INVALID_NUMBER: 42,
                    CallStatus.CARRIER_ERROR: 34,
                    CallStatus.FAILED: 46,
                },
            ),
            max_concurrency=6,
            retry=RedialPolicy(
                max_attempts=3,
                retry_on=frozenset({CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.TIMEOUT}),
            ),
            created_at=datetime(2026, 3, 8, 9, tzinfo=UTC),
            started_at=datetime(2026, 3, 10, 4, 30, tzinfo=UTC),
        )


class TestContacts:
    def test_two_pages_are_one_listing(self, connect: Connect) -> None:
        with replay("talkifai/contacts"):
            contacts = list(connect("talkifai").list_contacts(RECORDED))
        assert Counter(contact.status for contact in contacts) == {
            CallStatus.PENDING: 430,
            CallStatus.COMPLETED: 31,
            CallStatus.RETRY_SCHEDULED: 24,
            CallStatus.INVALID_NUMBER: 7,
            CallStatus.FAILED: 6,
            CallStatus.CARRIER_ERROR: 5,
            CallStatus.BUSY: 1,
            CallStatus.NO_ANSWER: 1,
        }

    def test_no_contact_comes_twice(self, connect: Connect) -> None:
        with replay("talkifai/contacts"):
            contacts = list(connect("talkifai").list_contacts(RECORDED))
        assert len({contact.id for contact in contacts}) == 505

    def test_the_report_proves_the_listing_whole(self, connect: Connect) -> None:
        with replay("talkifai/contacts"):
            listing = connect("talkifai").list_contacts(RECORDED)
            list(listing)
        assert listing.report == ListingReport(expected_total=505, seen=505, duplicates=0, requests=2, complete=True)

    def test_a_contact(self, connect: Connect) -> None:
        with replay("talkifai/contacts"):
            first, *_ = connect("talkifai").list_contacts(RECORDED)
        assert first == Contact(
            id="6e473f2d-edd9-5ae8-8d65-21f20085768c",
            provider="talkifai",
            campaign_id=RECORDED,
            phone_number="+441134960530",
            phone_valid=True,
            name="Tess O'Neill",
            fields={"company": "Lanternworks", "plan": "plus", "customerId": "35444"},
            status=CallStatus.COMPLETED,
            vendor_status="completed",
            is_final=True,
            attempts=2,
            max_attempts=3,
            last_attempt_at=datetime(2026, 3, 10, 9, 15, 6, 810000, tzinfo=UTC),
            ended_at=datetime(2026, 3, 10, 9, 19, 16, 24000, tzinfo=UTC),
            duration=timedelta(seconds=244),
        )

    def test_whoever_will_be_called_again_is_not_final(self, connect: Connect) -> None:
        due_again = {
            row["id"]
            for row in answers("talkifai/contacts-unfiltered")[0]["contacts"]
            if row["nextRetryAt"] is not None
        }
        with replay("talkifai/contacts-unfiltered"):
            contacts = list(connect("talkifai").list_contacts(RECORDED))
        assert {contact.id for contact in contacts if not contact.is_final} == due_again

    def test_in_a_job_that_is_over_one_status_is_filtered_by_the_vendor(self, connect: Connect) -> None:
        with replay("talkifai/contacts-invalid-number"):
            contacts = list(connect("talkifai").list_contacts(RECORDED, status=CallStatus.INVALID_NUMBER))
        assert Counter((contact.vendor_status, contact.sip_code) for contact in contacts) == {
            ("invalid_number", 404): 7
        }

    def test_several_statuses_are_filtered_by_the_client(self, connect: Connect) -> None:
        wanted = [CallStatus.NO_ANSWER, CallStatus.TIMEOUT]
        with replay("talkifai/contacts-unfiltered"):
            contacts = list(connect("talkifai").list_contacts(RECORDED, status=wanted))
        assert Counter(contact.vendor_status for contact in contacts) == {"no_answer": 3, "timeout": 1}
