"""Listings: read page by page as they are iterated, counted, and said to be whole only where that is proven."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from bothways import VENDORS, Connect

from client.conftest import Visit, Visitor
from client.replies import CONTACT, Replies, Reply, page
from unibatch import ListingReport

LARGEST_PAGE = {"truedy": 100, "techladder": 500, "talkifai": 500}


@pytest.fixture(params=VENDORS)
def at(request: pytest.FixtureRequest, visit: Visitor) -> Visit:
    return visit(request.param)


def two_pages(at: Visit) -> str:
    """A campaign with ten contacts more than fit on a page."""
    return at.sandbox.create(at.vendor, LARGEST_PAGE[at.vendor] + 10)


class TestStreaming:
    def test_nothing_is_sent_before_it_is_iterated(self, at: Visit) -> None:
        at.client.list_contacts(two_pages(at))
        assert at.requests == []

    def test_the_first_contact_is_there_after_one_request(self, at: Visit) -> None:
        next(iter(at.client.list_contacts(two_pages(at))))
        assert len(at.requests) == 1

    def test_the_second_page_is_asked_for_when_the_first_is_used_up(self, at: Visit) -> None:
        contacts = iter(at.client.list_contacts(two_pages(at)))
        for _ in range(LARGEST_PAGE[at.vendor]):
            next(contacts)
        assert len(at.requests) == 1
        next(contacts)
        assert len(at.requests) == 2

    def test_stopping_early_sends_nothing_more(self, at: Visit) -> None:
        for _ in at.client.list_contacts(two_pages(at)):
            break
        assert len(at.requests) == 1

    def test_pages_come_as_the_vendor_cuts_them(self, at: Visit) -> None:
        pages = at.client.list_contacts(two_pages(at)).pages()
        assert [len(rows) for rows in pages] == [LARGEST_PAGE[at.vendor], 10]

    def test_contacts_come_in_the_vendors_order(self, at: Visit) -> None:
        campaign_id = two_pages(at)
        numbers = [contact.phone_number for contact in at.client.list_contacts(campaign_id)]
        assert numbers == [contact.number for contact in at.sandbox.state(at.vendor, campaign_id).contacts]

    def test_a_filter_of_the_client_leaves_empty_pages(self, at: Visit) -> None:
        pages = at.client.list_contacts(two_pages(at), status=["failed", "unknown"]).pages()  # type: ignore[list-item]  # on purpose
        assert [list(rows) for rows in pages] == [[], []]


class TestReadingAgain:
    def test_it_reads_again(self, at: Visit) -> None:
        listing = at.client.list_contacts(two_pages(at))
        assert list(listing) == list(listing)
        assert len(at.requests) == 4

    def test_it_sees_what_has_changed(self, at: Visit) -> None:
        campaign_id = at.sandbox.create(at.vendor, 1)
        listing = at.client.list_contacts(campaign_id)
        list(listing)
        at.sandbox.between_pages(at.vendor, campaign_id, insert=1)
        list(listing)  # the contact is inserted behind this page
        assert len(list(listing)) == 2

    def test_the_report_is_that_of_the_latest_reading(self, at: Visit) -> None:
        listing = at.client.list_contacts(two_pages(at))
        list(listing)
        next(iter(listing))
        assert (listing.report.requests, listing.report.complete) == (1, False)

    def test_two_readings_at_once_do_not_disturb_each_other(self, at: Visit) -> None:
        listing = at.client.list_contacts(two_pages(at))
        pairs = list(zip(listing, listing, strict=True))
        assert len(pairs) == LARGEST_PAGE[at.vendor] + 10
        assert all(one == other for one, other in pairs)


class TestReport:
    def test_before_reading_it_is_empty(self, at: Visit) -> None:
        assert at.client.list_contacts(two_pages(at)).report == ListingReport()

    def test_while_reading_it_says_how_far_it_has_come(self, at: Visit) -> None:
        most = LARGEST_PAGE[at.vendor]
        listing = at.client.list_contacts(two_pages(at))
        next(iter(listing))
        assert listing.report == ListingReport(
            expected_total=most + 10, seen=most, duplicates=0, requests=1, complete=False
        )

    def test_at_the_end_it_says_that_everything_was_seen(self, at: Visit) -> None:
        total = LARGEST_PAGE[at.vendor] + 10
        listing = at.client.list_contacts(two_pages(at))
        list(listing)
        assert listing.report == ListingReport(
            expected_total=total, seen=total, duplicates=0, requests=2, complete=True
        )

    def test_an_empty_campaign_is_complete(self, at: Visit) -> None:
        listing = at.client.list_contacts(at.sandbox.create(at.vendor, 0))
        assert list(listing) == []
        assert listing.report == ListingReport(expected_total=0, seen=0, duplicates=0, requests=1, complete=True)

    def test_it_counts_what_the_vendor_sent_and_not_what_a_filter_kept(self, at: Visit) -> None:
        listing = at.client.list_contacts(at.sandbox.create(at.vendor, 7), status=["failed", "unknown"])  # type: ignore[list-item]  # on purpose
        assert list(listing) == []
        assert listing.report == ListingReport(expected_total=7, seen=7, duplicates=0, requests=1, complete=True)


class TestRowsThatMove:
    def test_rows_inserted_in_front_bring_others_again_and_are_missed(self, at: Visit) -> None:
        campaign_id = two_pages(at)
        at.sandbox.between_pages(at.vendor, campaign_id, insert=3)
        listing = at.client.list_contacts(campaign_id)
        contacts = list(listing)
        total = LARGEST_PAGE[at.vendor] + 10
        assert len({contact.id for contact in contacts}) == len(contacts) == total
        assert listing.report == ListingReport(
            expected_total=total + 3, seen=total, duplicates=3, requests=2, complete=False
        )

    def test_rows_added_at_the_end_are_seen(self, at: Visit) -> None:
        campaign_id = two_pages(at)
        at.sandbox.between_pages(at.vendor, campaign_id, insert=3, where="end")
        listing = at.client.list_contacts(campaign_id)
        total = LARGEST_PAGE[at.vendor] + 13
        assert len(list(listing)) == total
        assert listing.report == ListingReport(
            expected_total=total, seen=total, duplicates=0, requests=2, complete=True
        )

    def test_rows_removed_in_front_hide_others_so_the_listing_is_not_proven_whole(self, at: Visit) -> None:
        campaign_id = two_pages(at)
        at.sandbox.between_pages(at.vendor, campaign_id, remove=3)
        listing = at.client.list_contacts(campaign_id)
        there = {contact.number for contact in at.sandbox.state(at.vendor, campaign_id).contacts}
        seen = {contact.phone_number for contact in listing}
        assert there - seen
        assert not listing.report.complete


class TestServersThatCannotBeTrusted:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_the_same_page_again_and_again_ends_the_listing(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=page(vendor, CONTACT[vendor], total=500, has_more=True)))
        listing = connect(vendor, answer=server).list_contacts("c-1")
        assert len(list(listing)) == 1
        assert listing.report == ListingReport(expected_total=500, seen=1, duplicates=1, requests=2, complete=False)

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_an_empty_page_that_promises_more_ends_the_listing(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=page(vendor, total=0, has_more=True)))
        listing = connect(vendor, answer=server).list_contacts("c-1")
        assert list(listing) == []
        assert listing.report == ListingReport(expected_total=0, seen=0, duplicates=0, requests=1, complete=False)

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_fewer_rows_than_announced_are_not_complete(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=page(vendor, CONTACT[vendor], total=24)))
        listing = connect(vendor, answer=server).list_contacts("c-1")
        list(listing)
        assert listing.report == ListingReport(expected_total=24, seen=1, duplicates=0, requests=1, complete=False)

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_one_row_twice_on_a_page_is_one_row(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=page(vendor, CONTACT[vendor], CONTACT[vendor], total=1)))
        listing = connect(vendor, answer=server).list_contacts("c-1")
        assert len(list(listing)) == 1
        assert listing.report == ListingReport(expected_total=1, seen=1, duplicates=1, requests=1, complete=True)

    @pytest.mark.parametrize(
        ("vendor", "body"),
        [
            ("truedy", {"data": [CONTACT["truedy"]], "pagination": {"total": 1}}),
            ("techladder", {"data": {"items": [CONTACT["techladder"]], "total": 1}}),
            ("talkifai", {"contacts": [CONTACT["talkifai"]], "contactsTotal": 1}),
        ],
    )
    def test_without_a_flag_the_total_tells_the_end(self, connect: Connect, vendor: str, body: Any) -> None:
        server = Replies(Reply(body=body))
        listing = connect(vendor, answer=server).list_contacts("c-1")
        list(listing)
        assert (listing.report.requests, listing.report.complete) == (1, True)

    @pytest.mark.parametrize(
        ("vendor", "body", "empty"),
        [
            ("truedy", {"data": [CONTACT["truedy"]]}, {"data": []}),
            ("techladder", {"data": {"items": [CONTACT["techladder"]]}}, {"data": {"items": []}}),
            ("talkifai", {"contacts": [CONTACT["talkifai"]]}, {"contacts": []}),
        ],
    )
    def test_without_a_flag_and_a_total_an_empty_page_tells_the_end(
        self, connect: Connect, vendor: str, body: Any, empty: Any
    ) -> None:
        server = Replies(Reply(body=body), Reply(body=empty))
        listing = connect(vendor, answer=server).list_contacts("c-1")
        assert len(list(listing)) == 1
        assert listing.report == ListingReport(expected_total=None, seen=1, duplicates=0, requests=2, complete=True)


class TestWarning:
    def test_one_tells_that_a_listing_ended_too_soon(self, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
        server = Replies(Reply(body=page("truedy", CONTACT["truedy"], total=24)))
        list(connect("truedy", answer=server).list_contacts("c-1"))
        [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert record.name == "unibatch"
        assert record.getMessage().startswith(
            "truedy list_contacts of 'c-1' ended before everything that was announced"
        )

    def test_none_is_given_for_a_whole_listing(self, at: Visit, caplog: pytest.LogCaptureFixture) -> None:
        list(at.client.list_contacts(two_pages(at)))
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []

    def test_none_is_given_for_a_listing_that_was_stopped(self, at: Visit, caplog: pytest.LogCaptureFixture) -> None:
        next(iter(at.client.list_contacts(two_pages(at))))
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
