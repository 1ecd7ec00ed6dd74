"""What is read of the sandbox is what the sandbox holds: two readings of the vendors' documents that agree."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.conftest import RUNNING, Visitor
from tests.client.replies import CAMPAIGN, CONTACT, STATUS, Replies, Reply, one, page
from unibatch import Account, AccountLimits, CallStatus, CampaignStatus, ListingReport, Wait

each_shape = pytest.mark.parametrize(
    ("vendor", "shape"), [("truedy", "schema"), ("truedy", "example"), ("techladder", None), ("talkifai", None)]
)


@each_shape
class TestContacts:
    def test_all_are_read_with_number_status_and_name(self, visit: Visitor, vendor: str, shape: str | None) -> None:
        at = visit(vendor)
        held = at.sandbox.state(vendor, at.half_dialled(505, shape))
        listing = at.client.list_contacts(held.id)
        contacts = list(listing)
        assert [(contact.campaign_id, contact.phone_number, contact.vendor_status) for contact in contacts] == [
            (held.id, contact.number, contact.status) for contact in held.contacts
        ]
        if shape != "schema":  # which has no last names
            assert [contact.name for contact in contacts] == [contact.name for contact in held.contacts]
        pages = 6 if vendor == "truedy" else 2
        assert listing.report == ListingReport(expected_total=505, seen=505, requests=pages, complete=True)

    @pytest.mark.parametrize("over", [False, True])
    def test_those_who_will_not_be_called_again_are_final(
        self,
        visit: Visitor,
        vendor: str,
        shape: str | None,
        over: bool,  # noqa: FBT001  # a parameter
    ) -> None:
        at = visit(vendor)
        campaign_id = at.half_dialled(shape=shape)
        if over:
            at.sandbox.set_status(vendor, campaign_id, "cancelled")
        contacts = list(at.client.list_contacts(campaign_id))
        held = at.sandbox.state(vendor, campaign_id)
        assert [contact.is_final for contact in contacts] == [contact.final for contact in held.contacts]
        assert over or {contact.is_final for contact in contacts} == {False, True}


class TestWhatOneVendorHas:
    def test_techladder_keeps_external_ids_and_custom_data(self, visit: Visitor) -> None:
        at = visit("techladder")
        held = at.sandbox.state("techladder", at.half_dialled(12))
        contacts = list(at.client.list_contacts(held.id))
        assert [contact.external_id for contact in contacts] == [contact.external_id for contact in held.contacts]
        assert [contact.fields for contact in contacts] == [contact.data for contact in held.contacts]

    def test_talkifai_counts_attempts_and_keeps_custom_data(self, visit: Visitor) -> None:
        at = visit("talkifai")
        held = at.sandbox.state("talkifai", at.half_dialled(60))
        contacts = list(at.client.list_contacts(held.id))
        assert [contact.attempts for contact in contacts] == [contact.attempts for contact in held.contacts]
        assert [{"phone": contact.phone_number, "name": contact.name, **contact.fields} for contact in contacts] == [
            contact.data for contact in held.contacts
        ]

    def test_talkifai_counts_contacts_by_their_status(self, visit: Visitor) -> None:
        at = visit("talkifai")
        campaign_id = at.half_dialled(60)
        contacts = at.client.list_contacts(campaign_id)
        assert at.client.get_campaign(campaign_id).counts.by_status == Counter(contact.status for contact in contacts)


class TestCampaigns:
    @each_shape
    def test_one_is_read_with_name_and_counts(self, visit: Visitor, vendor: str, shape: str | None) -> None:
        at = visit(vendor)
        held = at.sandbox.state(vendor, at.half_dialled(60, shape))
        campaign = at.client.get_campaign(held.id)
        completed = [contact for contact in held.contacts if contact.status in {"completed", "ended"}]
        assert (campaign.id, campaign.status) == (held.id, "running")
        assert campaign.name == (None if vendor == "techladder" else "March")
        assert (campaign.counts.total, campaign.counts.succeeded) == (60, len(completed))

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_all_are_listed(self, visit: Visitor, vendor: str) -> None:
        at = visit(vendor)
        for word in ("completed", "failed", "cancelled", RUNNING[vendor]):
            at.sandbox.create(vendor, 2, status=word)
        listing = at.client.list_campaigns()
        found = {campaign.id: campaign.vendor_status for campaign in listing}
        assert found == {name: at.sandbox.state(vendor, name).status for name in at.sandbox.campaign_ids(vendor)}
        assert listing.report == ListingReport(expected_total=4, seen=4, requests=1, complete=True)


@ONE_CLIENT
@pytest.mark.parametrize("vendor", VENDORS)
class TestUnknownWords:
    """They break nothing, are kept, and each client warns of each once."""

    def test_of_contacts(self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture) -> None:
        row = {**CONTACT[vendor], STATUS[vendor]: "teleported"}
        for _ in range(2):
            listing = connect(vendor, answer=Replies(Reply(body=page(vendor, row)))).list_contacts("c-1")
            for found in (*listing, *listing):
                assert (found.status, found.vendor_status, found.is_final) == (CallStatus.UNKNOWN, "teleported", False)
        assert [record.getMessage() for record in caplog.records] == [
            f"{vendor}: unknown contact status 'teleported' is read as UNKNOWN; the word is kept in vendor_status"
        ] * 2

    def test_of_campaigns(self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture) -> None:
        client = connect(vendor, answer=Replies(Reply(body=one(vendor, {**CAMPAIGN[vendor], "status": "teleported"}))))
        for _ in range(2):
            campaign = client.get_campaign("c-1")
            assert (campaign.status, campaign.vendor_status) == (CampaignStatus.UNKNOWN, "teleported")
        assert [record.getMessage() for record in caplog.records] == [
            f"{vendor}: unknown campaign status 'teleported' is read as UNKNOWN; the word is kept in vendor_status"
        ]


class TooLong(Exception):
    """Raised instead of waiting."""


class TestAccount:
    def test_techladder_describes_it(self, visit: Visitor) -> None:
        assert visit("techladder").client.get_account() == Account(
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

    @ONE_CLIENT
    def test_its_limit_is_kept_from_then_on(self, connect: Connect) -> None:
        def refuse(wait: Wait) -> None:
            raise TooLong(wait.seconds)

        account = {"data": {"account_id": "acc_1", "limits": {"rate_limit_per_minute": 2}}}
        server = Replies(Reply(body=account), Reply(body=one("techladder", CAMPAIGN["techladder"])))
        client = connect("techladder", answer=server, on_wait=refuse)
        client.get_account()
        client.get_campaign("sched_1")
        with pytest.raises(TooLong):
            client.get_campaign("sched_1")
        assert len(server.requests) == 2
