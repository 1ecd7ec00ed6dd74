"""Reading at Truedy, from recorded answers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.bothways import Connect
from tests.replay import replay
from unibatch import (
    CallStatus,
    Campaign,
    CampaignStatus,
    Contact,
    Counts,
    ListingReport,
    Money,
    RedialPolicy,
    Schedule,
)

MORNING = datetime(2026, 3, 10, 9, tzinfo=UTC)


class TestCampaigns:
    def test_all_are_listed_with_both_words_for_running(self, connect: Connect) -> None:
        with replay("truedy/campaigns"):
            campaigns = list(connect("truedy").list_campaigns())
        assert [(campaign.id, campaign.name, campaign.status, campaign.vendor_status) for campaign in campaigns] == [
            ("batch_9e3817e8", "Spring renewal reminders", CampaignStatus.RUNNING, "active"),
            ("batch_c74fc3db", "Clinic appointment check", CampaignStatus.RUNNING, "running"),
            ("batch_0fee0ebc", "Draft: summer survey", CampaignStatus.DRAFT, "draft"),
            ("batch_38a5cb2b", "Tomorrow's courier notice", CampaignStatus.SCHEDULED, "scheduled"),
            ("batch_ebddca58", "Paused: plan upgrade offers", CampaignStatus.PAUSED, "paused"),
            ("batch_fb6b4b59", "February satisfaction calls", CampaignStatus.COMPLETED, "completed"),
            ("batch_524dc8b2", "Cancelled: winter clearance", CampaignStatus.CANCELLED, "cancelled"),
            ("batch_c5b8aafb", "Failed: number not assigned", CampaignStatus.FAILED, "failed"),
            ("batch_ce89d8f8", "Empty draft", CampaignStatus.DRAFT, "draft"),
        ]

    def test_the_report_proves_the_listing_whole(self, connect: Connect) -> None:
        with replay("truedy/campaigns"):
            listing = connect("truedy").list_campaigns()
            list(listing)
        assert listing.report == ListingReport(expected_total=9, seen=9, duplicates=0, requests=1, complete=True)

    def test_one_word_for_a_status_is_filtered_by_the_vendor(self, connect: Connect) -> None:
        with replay("truedy/campaigns-paused"):
            campaigns = list(connect("truedy").list_campaigns(status=CampaignStatus.PAUSED))
        assert [campaign.id for campaign in campaigns] == ["batch_ebddca58"]

    def test_two_words_for_a_status_are_filtered_by_the_client(self, connect: Connect) -> None:
        with replay("truedy/campaigns-unfiltered"):
            campaigns = list(connect("truedy").list_campaigns(status=CampaignStatus.RUNNING))
        assert [campaign.id for campaign in campaigns] == ["batch_9e3817e8", "batch_c74fc3db"]

    def test_the_campaigns_of_an_agent_are_filtered_by_the_vendor(self, connect: Connect) -> None:
        with replay("truedy/campaigns-of-agent"):
            campaigns = list(connect("truedy").list_campaigns(agent_id="agt_0ff1ce00"))
        assert [campaign.id for campaign in campaigns] == ["batch_ebddca58"]

    def test_a_campaign_in_the_shape_of_the_schema(self, connect: Connect) -> None:
        with replay("truedy/campaign"):
            campaign = connect("truedy").get_campaign("batch_9e3817e8")
        assert campaign == Campaign(
            id="batch_9e3817e8",
            provider="truedy",
            name="Spring renewal reminders",
            status=CampaignStatus.RUNNING,
            vendor_status="active",
            agent_id="agt_5a1dc0de",
            from_numbers=("num_5ab05ab0-5ab0-5ab0-5ab0-5ab05ab05ab0",),
            counts=Counts(total=1250, attempted=559, succeeded=259, failed=80, voicemail=90, no_answer=130),
            cost=Money(Decimal("89.41"), "USD"),
            average_duration=timedelta(seconds=170),
            created_at=datetime(2026, 3, 8, 9, tzinfo=UTC),
            updated_at=datetime(2026, 3, 10, 8, 58, 51, 144000, tzinfo=UTC),
        )

    def test_a_campaign_in_the_shape_of_the_example(self, connect: Connect) -> None:
        with replay("truedy/campaign-as-in-example"):
            campaign = connect("truedy").get_campaign("batch_c74fc3db")
        assert campaign == Campaign(
            id="batch_c74fc3db",
            provider="truedy",
            name="Clinic appointment check",
            status=CampaignStatus.RUNNING,
            vendor_status="running",
            agent_id="agt_5a1dc0de",
            from_numbers=("+13125550199",),
            counts=Counts(total=48, attempted=32, succeeded=16, failed=16, pending=16),
            schedule=Schedule(timezone="Europe/London"),
            max_concurrency=5,
            retry=RedialPolicy(max_attempts=1),
            created_at=datetime(2026, 3, 9, 9, tzinfo=UTC),
            updated_at=datetime(2026, 3, 10, 8, 59, 59, tzinfo=UTC),
        )


class TestContacts:
    def test_three_pages_are_one_listing(self, connect: Connect) -> None:
        with replay("truedy/contacts"):
            contacts = list(connect("truedy").list_contacts("batch_6cc152a9"))
        assert Counter(contact.status for contact in contacts) == {
            CallStatus.PENDING: 80,
            CallStatus.COMPLETED: 58,
            CallStatus.NO_ANSWER: 32,
            CallStatus.VOICEMAIL: 16,
            CallStatus.FAILED: 14,
            CallStatus.QUEUED: 5,
        }

    def test_no_contact_comes_twice(self, connect: Connect) -> None:
        with replay("truedy/contacts"):
            contacts = list(connect("truedy").list_contacts("batch_6cc152a9"))
        assert len({contact.id for contact in contacts}) == 205

    def test_the_report_proves_the_listing_whole(self, connect: Connect) -> None:
        with replay("truedy/contacts"):
            listing = connect("truedy").list_contacts("batch_6cc152a9")
            list(listing)
        assert listing.report == ListingReport(expected_total=205, seen=205, duplicates=0, requests=3, complete=True)

    def test_a_contact_in_the_shape_of_the_schema(self, connect: Connect) -> None:
        with replay("truedy/contacts"):
            first, *_ = connect("truedy").list_contacts("batch_6cc152a9")
        assert first == Contact(
            id="ctc_0af8cc5a-ff2c-d5a7-2bd9-3d36ab6827d3",
            provider="truedy",
            campaign_id="batch_6cc152a9",
            phone_number="+13125550104",
            phone_valid=True,
            name="Wesley",
            first_name="Wesley",
            status=CallStatus.VOICEMAIL,
            vendor_status="voicemail",
            is_final=True,
            call_id="call_df161464",
            last_attempt_at=MORNING,
        )

    def test_contacts_in_the_shape_of_the_example(self, connect: Connect) -> None:
        with replay("truedy/contacts-as-in-example"):
            first, *_, last = connect("truedy").list_contacts("batch_6cc152a9")
        assert (first, last) == (
            Contact(
                id="cnt_0af8cc5a",
                provider="truedy",
                campaign_id="batch_6cc152a9",
                phone_number="+13125550104",
                phone_valid=True,
                name="Wesley Mbeki",
                status=CallStatus.VOICEMAIL,
                vendor_status="voicemail",
                is_final=True,
                call_id="call_df161464",
                last_attempt_at=MORNING,
            ),
            Contact(
                id="cnt_d75b06f5",
                provider="truedy",
                campaign_id="batch_6cc152a9",
                phone_number="+441184960032",
                phone_valid=True,
                name="Fatima Nakamura",
                status=CallStatus.QUEUED,
                vendor_status="queued",
                is_final=False,
            ),
        )

    def test_in_a_campaign_that_is_over_one_word_for_a_status_is_filtered_by_the_vendor(self, connect: Connect) -> None:
        with replay("truedy/contacts-voicemail"):
            contacts = list(connect("truedy").list_contacts("batch_6cc152a9", status=CallStatus.VOICEMAIL))
        assert Counter(contact.vendor_status for contact in contacts) == {"voicemail": 9}

    def test_two_words_for_a_status_are_filtered_by_the_client(self, connect: Connect) -> None:
        with replay("truedy/contacts-unfiltered"):
            contacts = list(connect("truedy").list_contacts("batch_6cc152a9", status=CallStatus.COMPLETED))
        assert Counter(contact.vendor_status for contact in contacts) == {"completed": 16, "ended": 2}
