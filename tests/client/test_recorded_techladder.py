"""Reading at TechLadder, from recorded answers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.bothways import Connect
from tests.replay import replay
from unibatch import Account, AccountLimits, CallStatus, Campaign, CampaignStatus, Contact, Counts, ListingReport

FIRST_CALL = Contact(
    id="call_1850e053",
    provider="techladder",
    campaign_id="sched_7a1966a2",
    phone_number="+441414960280",
    phone_valid=True,
    name="Chidi Umarov",
    external_id="23472",
    fields={"Name": "Chidi Umarov", "Company Name": "Cobalt Couriers", "Plan": "basic"},
    status=CallStatus.COMPLETED,
    vendor_status="completed",
    is_final=True,
    call_id="call_1850e053",
    started_at=datetime(2026, 3, 10, 9, tzinfo=UTC),
    ended_at=datetime(2026, 3, 10, 9, 4, 28, tzinfo=UTC),
    duration=timedelta(seconds=263),
)


class TestCampaigns:
    def test_all_are_listed_and_none_has_a_name(self, connect: Connect) -> None:
        with replay("techladder/campaigns"):
            campaigns = list(connect("techladder").list_campaigns())
        assert [(campaign.id, campaign.name, campaign.status, campaign.vendor_status) for campaign in campaigns] == [
            ("sched_a4084c6d", None, CampaignStatus.RUNNING, "active"),
            ("sched_b3f5bcf2", None, CampaignStatus.PENDING, "pending"),
            ("sched_91fa5387", None, CampaignStatus.PENDING, "pending"),
            ("sched_170791ca", None, CampaignStatus.COMPLETED, "completed"),
            ("sched_84ff6f98", None, CampaignStatus.CANCELLED, "cancelled"),
            ("sched_adb72c07", None, CampaignStatus.FAILED, "failed"),
        ]

    def test_the_report_proves_the_listing_whole(self, connect: Connect) -> None:
        with replay("techladder/campaigns"):
            listing = connect("techladder").list_campaigns()
            list(listing)
        assert listing.report == ListingReport(expected_total=6, seen=6, duplicates=0, requests=1, complete=True)

    def test_one_status_is_filtered_by_the_vendor_in_its_own_word(self, connect: Connect) -> None:
        with replay("techladder/campaigns-running"):
            campaigns = list(connect("techladder").list_campaigns(status=CampaignStatus.RUNNING))
        assert [campaign.id for campaign in campaigns] == ["sched_a4084c6d"]

    def test_several_statuses_are_filtered_by_the_client(self, connect: Connect) -> None:
        over = [CampaignStatus.COMPLETED, CampaignStatus.CANCELLED, CampaignStatus.FAILED]
        with replay("techladder/campaigns-unfiltered"):
            campaigns = list(connect("techladder").list_campaigns(status=over))
        assert [campaign.id for campaign in campaigns] == ["sched_170791ca", "sched_84ff6f98", "sched_adb72c07"]

    def test_the_campaigns_of_an_agent_are_filtered_by_the_vendor(self, connect: Connect) -> None:
        with replay("techladder/campaigns-of-agent"):
            campaigns = list(connect("techladder").list_campaigns(agent_id="agt-0ff1ce00"))
        assert [campaign.id for campaign in campaigns] == ["sched_b3f5bcf2", "sched_170791ca"]

    def test_a_campaign(self, connect: Connect) -> None:
        with replay("techladder/campaign"):
            campaign = connect("techladder").get_campaign("sched_a4084c6d")
        assert campaign == Campaign(
            id="sched_a4084c6d",
            provider="techladder",
            status=CampaignStatus.RUNNING,
            vendor_status="active",
            agent_id="agt-5a1dc0de",
            from_numbers=("+13125550199",),
            counts=Counts(total=1300, succeeded=269, failed=239, pending=766),
            max_concurrency=6,
            created_at=datetime(2026, 3, 8, 9, tzinfo=UTC),
            updated_at=datetime(2026, 3, 10, 8, 59, 41, tzinfo=UTC),
            started_at=datetime(2026, 3, 10, 5, 45, tzinfo=UTC),
        )


class TestContacts:
    def test_two_pages_are_one_listing(self, connect: Connect) -> None:
        with replay("techladder/contacts"):
            contacts = list(connect("techladder").list_contacts("sched_7a1966a2"))
        assert Counter(contact.status for contact in contacts) == {
            CallStatus.PENDING: 410,
            CallStatus.COMPLETED: 36,
            CallStatus.NO_ANSWER: 27,
            CallStatus.FAILED: 15,
            CallStatus.BUSY: 10,
            CallStatus.QUEUED: 5,
            CallStatus.CANCELLED: 2,
        }

    def test_no_contact_comes_twice_and_every_number_has_its_plus(self, connect: Connect) -> None:
        with replay("techladder/contacts"):
            contacts = list(connect("techladder").list_contacts("sched_7a1966a2"))
        assert len({contact.id for contact in contacts if contact.phone_number.startswith("+")}) == 505

    def test_the_report_proves_the_listing_whole(self, connect: Connect) -> None:
        with replay("techladder/contacts"):
            listing = connect("techladder").list_contacts("sched_7a1966a2")
            list(listing)
        assert listing.report == ListingReport(expected_total=505, seen=505, duplicates=0, requests=2, complete=True)

    def test_a_contact(self, connect: Connect) -> None:
        with replay("techladder/contacts"):
            first, *_ = connect("techladder").list_contacts("sched_7a1966a2")
        assert first == FIRST_CALL

    def test_in_a_batch_that_is_over_one_status_is_filtered_by_the_vendor(self, connect: Connect) -> None:
        with replay("techladder/contacts-busy"):
            contacts = list(connect("techladder").list_contacts("sched_7a1966a2", status=CallStatus.BUSY))
        assert Counter(contact.vendor_status for contact in contacts) == {"busy": 6}

    def test_several_statuses_are_filtered_by_the_client(self, connect: Connect) -> None:
        wanted = [CallStatus.BUSY, CallStatus.NO_ANSWER]
        with replay("techladder/contacts-unfiltered"):
            contacts = list(connect("techladder").list_contacts("sched_7a1966a2", status=wanted))
        assert Counter(contact.vendor_status for contact in contacts) == {"busy": 6, "no_answer": 12}

    def test_an_external_id_is_filtered_by_the_vendor(self, connect: Connect) -> None:
        client = connect("techladder")
        with replay("techladder/contacts-external-id"):
            list(client.list_contacts("sched_7a1966a2"))
            contacts = list(client.list_contacts("sched_7a1966a2", external_id="23472"))
        assert contacts == [FIRST_CALL]


class TestAccount:
    def test_it_tells_the_limits(self, connect: Connect) -> None:
        with replay("techladder/account"):
            account = connect("techladder").get_account()
        assert account == Account(
            id="acc-5a1dc0de",
            provider="techladder",
            name="Sandbox account",
            email="owner@example.com",
            limits=AccountLimits(
                max_contacts=10_000,
                max_concurrency=20,
                max_call_duration=timedelta(minutes=15),
                requests_per_minute=300,
            ),
        )
