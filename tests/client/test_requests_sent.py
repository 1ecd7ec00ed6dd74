"""Which requests are sent: never one too many, always for the largest page, with the parameters that are documented."""

from __future__ import annotations

import pytest

from tests.bothways import VENDORS, Connect
from tests.client.conftest import Visitor
from tests.client.rawserver import serving, well
from tests.client.replies import CAMPAIGN, CONTACT, Replies, Reply, one, page

LARGEST_PAGE = {"truedy": 100, "techladder": 500, "talkifai": 500}
LARGEST_PAGE_OF_CAMPAIGNS = 100


def cases(vendor: str) -> list[tuple[str, int, int]]:
    """Numbers of contacts, and how many pages these fill."""
    most = LARGEST_PAGE[vendor]
    return [
        (vendor, 0, 1),
        (vendor, 1, 1),
        (vendor, most - 1, 1),
        (vendor, most, 1),
        (vendor, most + 1, 2),
        (vendor, 2 * most, 2),
        (vendor, 2 * most + 3, 3),
    ]


class TestListingContacts:
    @pytest.mark.parametrize(("vendor", "contacts", "requests"), [case for vendor in VENDORS for case in cases(vendor)])
    def test_it_takes_as_many_requests_as_there_are_pages(
        self, visit: Visitor, vendor: str, contacts: int, requests: int
    ) -> None:
        at = visit(vendor)
        listing = at.client.list_contacts(at.sandbox.create(vendor, contacts))
        assert len(list(listing)) == contacts
        assert len(at.requests) == listing.report.requests == requests


class TestListingCampaigns:
    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize(("campaigns", "requests"), [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (203, 3)])
    def test_it_takes_as_many_requests_as_there_are_pages(
        self, visit: Visitor, vendor: str, campaigns: int, requests: int
    ) -> None:
        at = visit(vendor)
        for _ in range(campaigns):
            at.sandbox.create(vendor, 0)
        listing = at.client.list_campaigns()
        assert len(list(listing)) == campaigns
        assert len(at.requests) == requests
        assert listing.report.complete


class TestReadingOne:
    def test_the_account_takes_one_request(self, visit: Visitor) -> None:
        at = visit("techladder")
        at.client.get_account()
        assert [(request.method, request.path, request.query) for request in at.requests] == [("GET", "/me", ())]


class TestHeaders:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_they_are_few_and_the_same_for_every_request(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=one(vendor, CAMPAIGN[vendor])))
        client = connect(vendor, base_url="https://gateway.example:8443/x", answer=server)
        client.get_campaign("c-1")
        headers = dict(server.requests[0].headers)
        assert headers.pop("user-agent").startswith("unibatch/")
        assert headers == {
            "host": "gateway.example:8443",
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "authorization": "Bearer a-key-for-tests",
        }

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_request_has_no_body(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=page(vendor, CONTACT[vendor])))
        list(connect(vendor, answer=server).list_contacts("c-1"))
        assert [request.read() for request in server.requests] == [b""]


def test_no_connection_is_made_before_something_is_asked(connect: Connect) -> None:
    with serving(well) as server:
        connect("truedy", base_url=server.url).list_contacts("batch_1")
        assert server.connections == []
