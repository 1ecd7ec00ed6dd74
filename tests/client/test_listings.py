"""Listings: read page by page as they are iterated, counted, and said to be whole only where that is proven."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.bothways import VENDORS, AnyListing, Connect
from tests.client.conftest import RUNNING, Visit
from tests.client.replies import CAMPAIGN, CONTACT, Replies, Reply, page
from unibatch import CallStatus, Contact, IncompleteListing, ListingReport
from unibatch.client import prefetch

pytestmark = pytest.mark.usefixtures("near")

LARGEST_PAGE = {"truedy": 100, "techladder": 500, "talkifai": 500}
FILTERS_PENDING = pytest.mark.parametrize("at", ["techladder", "talkifai"], indirect=True)
"""Truedy has two words for it, and its filter takes one."""


def two_pages(at: Visit) -> str:
    """A campaign with ten contacts more than fit on a page."""
    return at.sandbox.create(at.vendor, LARGEST_PAGE[at.vendor] + 10)


def numbers(at: Visit, campaign_id: str) -> set[str]:
    """The phone numbers of all who are in a campaign now."""
    return {contact.number for contact in at.sandbox.state(at.vendor, campaign_id).contacts}


def read(pages: Iterable[Sequence[Contact]]) -> tuple[list[Contact], IncompleteListing | None]:
    """All rows that come, and the error that comes after them."""
    contacts: list[Contact] = []
    try:
        for rows in pages:
            contacts += rows
    except IncompleteListing as exc:
        return contacts, exc
    return contacts, None


class TestStreaming:
    def test_each_page_is_asked_for_when_its_first_row_is_wanted(self, at: Visit) -> None:
        contacts = iter(at.client.list_contacts(two_pages(at)))
        assert at.requests == []
        for _ in range(LARGEST_PAGE[at.vendor]):
            next(contacts)
            assert len(at.requests) == 1
        next(contacts)
        assert len(at.requests) == 2

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
    def test_it_says_how_far_the_listing_has_been_read(self, at: Visit) -> None:
        most = LARGEST_PAGE[at.vendor]
        listing = at.client.list_contacts(two_pages(at))
        assert listing.report == ListingReport()
        contacts = iter(listing)
        next(contacts)
        assert listing.report == ListingReport(expected_total=most + 10, seen=most, requests=1, complete=False)
        list(contacts)
        assert listing.report == ListingReport(expected_total=most + 10, seen=most + 10, requests=2, complete=True)

    def test_the_repr_says_what_is_listed_and_how_far_it_has_been_read(self, at: Visit) -> None:
        campaign_id, most = two_pages(at), LARGEST_PAGE[at.vendor]
        listing = at.client.list_contacts(campaign_id)
        what = f"<Listing of contacts of {campaign_id} at {at.vendor}"
        assert repr(listing).replace("Async", "") == f"{what}: not read yet>"
        contacts = iter(listing)
        next(contacts)
        assert repr(listing).replace("Async", "") == f"{what}: {most} of {most + 10} rows read, not at the end>"
        list(contacts)
        assert repr(listing).replace("Async", "") == f"{what}: {most + 10} of {most + 10} rows read, complete>"

    def test_an_empty_campaign_is_complete(self, at: Visit) -> None:
        listing = at.client.list_contacts(at.sandbox.create(at.vendor, 0))
        assert list(listing) == []
        assert listing.report == ListingReport(expected_total=0, seen=0, duplicates=0, requests=1, complete=True)


class TestRowsThatMove:
    """They do between the first page and the second; the second pass finds who was passed over."""

    @pytest.mark.parametrize(
        ("change", "more", "report"),
        [
            ({"insert": 3}, 13, {"duplicates": 3, "requests": 4, "passes": 2}),
            ({"insert": 3, "where": "end"}, 13, {"requests": 2}),
            ({"remove": 3}, 10, {"requests": 4, "passes": 2}),
        ],
        ids=["inserted in front", "added at the end", "hidden by others that were removed"],
    )
    def test_everybody_is_found(self, at: Visit, change: dict[str, Any], more: int, report: dict[str, Any]) -> None:
        campaign_id = two_pages(at)
        at.sandbox.between_pages(at.vendor, campaign_id, **change)
        listing = at.client.list_contacts(campaign_id)
        contacts = list(listing)
        total = LARGEST_PAGE[at.vendor] + more
        assert len({contact.id for contact in contacts}) == len(contacts) == total
        assert numbers(at, campaign_id) <= {contact.phone_number for contact in contacts}
        assert listing.report == ListingReport(expected_total=total, seen=total, complete=True, **report)

    def test_a_listing_that_never_stands_still_raises_after_everything_was_yielded(self, at: Visit) -> None:
        campaign_id = two_pages(at)
        for first_pages in (1, 3, 5):
            at.sandbox.between_pages(at.vendor, campaign_id, remove=1, after_page=first_pages)
        contacts, error = read(at.client.list_contacts(campaign_id).pages())
        assert len({contact.id for contact in contacts}) == len(contacts)
        assert numbers(at, campaign_id) <= {contact.phone_number for contact in contacts}
        assert error is not None
        assert (error.provider, error.operation, error.subject) == (at.vendor, "list_contacts", campaign_id)
        assert (error.report.passes, error.report.requests, error.report.complete) == (3, 6, False)
        assert error.report.reason == (
            "rows were removed while it was read, so others may be missing; "
            "it was read 3 times, and rows moved each time"
        )

    @pytest.mark.parametrize("change", [{"insert": 3}, {"remove": 3}, {"insert": 3, "where": "end"}])
    def test_a_listing_that_is_read_ahead_finds_everybody_too(
        self, at: Visit, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prefetch, "_FAR", 0)
        campaign_id = at.sandbox.create(at.vendor, LARGEST_PAGE[at.vendor] * 4 + 10)
        at.sandbox.between_pages(at.vendor, campaign_id, after_page=2, **change)
        listing = at.client.list_contacts(campaign_id)
        contacts = list(listing)
        assert len({contact.id for contact in contacts}) == len(contacts)
        assert numbers(at, campaign_id) <= {contact.phone_number for contact in contacts}
        assert listing.report.complete


class TestCampaignsThatDial:
    """Two contacts out of ten are called between one page and the next, so nobody keeps a status for long."""

    def begin(self, at: Visit) -> str:
        campaign_id = at.sandbox.create(at.vendor, 3 * LARGEST_PAGE[at.vendor] + 10)
        at.sandbox.set_status(at.vendor, campaign_id, RUNNING[at.vendor])
        self.dial(at)
        return campaign_id

    def dial(self, at: Visit) -> None:
        at.sandbox.advance(calls=LARGEST_PAGE[at.vendor] // 5, vendor=at.vendor)

    def test_everybody_who_keeps_a_status_is_yielded_once(self, at: Visit) -> None:
        campaign_id = self.begin(at)
        before = list(at.client.list_contacts(campaign_id))
        listing = at.client.list_contacts(campaign_id, status=CallStatus.PENDING)
        yielded = self.read_while_dialling(at, listing)
        after = {contact.id: contact.status for contact in at.client.list_contacts(campaign_id)}
        keep = {row.id for row in before if row.status is after[row.id] is CallStatus.PENDING}
        assert keep
        assert len(set(yielded)) == len(yielded)
        assert keep <= set(yielded)
        assert (listing.report.seen, listing.report.passes, listing.report.complete) == (len(before), 1, True)

    def test_the_vendor_is_not_asked_to_filter(self, at: Visit) -> None:
        campaign_id = self.begin(at)
        list(at.client.list_contacts(campaign_id, status=CallStatus.PENDING))
        assert not any({"status", "contactStatus"} & set(query) for query in at.queries)

    @FILTERS_PENDING
    def test_a_vendor_that_filters_nevertheless_hides_nobody_unnoticed(self, at: Visit) -> None:
        """Contacts leave this status and never come back, so the totals shrink."""
        campaign_id = self.begin(at)
        listing = at.client.list_contacts(campaign_id, status=CallStatus.PENDING, server_filter=True)
        with pytest.raises(IncompleteListing) as caught:
            self.read_while_dialling(at, listing)
        assert caught.value.report is listing.report
        assert (listing.report.passes, listing.report.complete) == (3, False)

    @FILTERS_PENDING
    def test_it_is_complete_once_the_campaign_rests(self, at: Visit) -> None:
        campaign_id = self.begin(at)
        listing = at.client.list_contacts(campaign_id, status=CallStatus.PENDING, server_filter=True)
        pages = listing.pages()
        yielded = [contact.id for contact in next(pages)]
        self.dial(at)
        at.sandbox.set_status(at.vendor, campaign_id, "paused")
        yielded += [contact.id for rows in pages for contact in rows]
        still = {row.id for row in at.client.list_contacts(campaign_id) if row.status is CallStatus.PENDING}
        assert len(set(yielded)) == len(yielded)
        assert still
        assert still <= set(yielded)
        assert (listing.report.passes, listing.report.complete) == (2, True)

    def read_while_dialling(self, at: Visit, listing: AnyListing[Contact]) -> list[str]:
        yielded = []
        for rows in listing.pages():
            yielded += [contact.id for contact in rows]
            self.dial(at)
        return yielded


class TestServersThatCannotBeTrusted:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_fewer_rows_than_announced_are_not_complete(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=page(vendor, CONTACT[vendor], total=24)))
        contacts, error = read(connect(vendor, answer=server).list_contacts("c-1").pages())
        assert len(contacts) == 1
        assert str(error) == (
            f"{vendor} list_contacts of 'c-1': rows may be missing after the 1 that came: "
            "24 rows were announced, and 1 came; reading it again brought the same; read again when nothing moves"
        )

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


class TestRaising:
    def test_it_is_raised_where_the_last_row_was_taken(self, connect: Connect) -> None:
        server = Replies(Reply(body=page("truedy", CONTACT["truedy"], total=24)))
        contacts = iter(connect("truedy", answer=server).list_contacts("c-1"))
        assert next(contacts).id == "ctc_1"
        with pytest.raises(IncompleteListing):
            next(contacts)
        with pytest.raises(StopIteration):
            next(contacts)

    def test_a_listing_that_is_stopped_early_raises_nothing(self, connect: Connect) -> None:
        server = Replies(Reply(body=page("truedy", CONTACT["truedy"], total=24)))
        listing = connect("truedy", answer=server).list_contacts("c-1")
        for _ in listing:
            break
        assert (listing.report.complete, listing.report.reason) == (False, None)

    def test_a_listing_of_campaigns_names_none(self, connect: Connect) -> None:
        server = Replies(Reply(body={"data": [CAMPAIGN["truedy"]], "pagination": {"total": 7, "has_more": False}}))
        with pytest.raises(IncompleteListing) as caught:
            list(connect("truedy", answer=server).list_campaigns())
        assert (caught.value.operation, caught.value.subject) == ("list_campaigns", None)

    def test_the_repr_says_why_it_is_incomplete(self, connect: Connect) -> None:
        server = Replies(Reply(body={"data": [CAMPAIGN["truedy"]], "pagination": {"total": 7, "has_more": False}}))
        listing = connect("truedy", answer=server).list_campaigns()
        with pytest.raises(IncompleteListing):
            list(listing)
        assert repr(listing).replace("Async", "") == (
            "<Listing of campaigns at truedy: 1 of 7 rows read, incomplete: "
            "7 rows were announced, and 1 came; reading it again brought the same>"
        )
