"""The contacts of several campaigns: each whole and in order, read ahead over the ends of campaigns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bothways import AnyClient, Connect
from tests.client.conftest import Visit, Visitor
from tests.client.test_prefetch import Vendor, assert_at_rest, campaign_of, keep, names
from unibatch import CallStatus, IncompleteListing, InvalidInput, NotFound
from unibatch.client import prefetch

SIZES = (3, 0, 120, 510, 1)


@pytest.fixture(params=["near", "far"])
def campaigns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, at: Visit) -> list[str]:
    """The ids of campaigns of different sizes, whose vendor is near or far away."""
    monkeypatch.setattr(prefetch, "_FAR", 0.0 if request.param == "far" else float("inf"))
    monkeypatch.setattr(prefetch, "_NOT_NEAR", float("inf"))
    return [at.sandbox.create(at.vendor, size, name=f"March {size}") for size in SIZES]


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "_FAR", 0.0)


@contextlib.contextmanager
def client_of(connect: Connect, vendor: Vendor, **how: Any) -> Iterator[AnyClient]:
    with campaign_of(vendor) as url:
        yield connect(vendor.vendor, base_url=url, **how)


def ids_of(client: AnyClient, campaign_id: str) -> list[str]:
    return [contact.id for contact in client.list_contacts(campaign_id)]


class TestReading:
    def test_contacts_come_campaign_by_campaign_as_each_listing_gives_them(
        self, at: Visit, campaigns: list[str]
    ) -> None:
        contacts = at.client.list_contacts_of(iter([*campaigns, campaigns[0]]))
        assert at.requests == []
        read = [(contact.campaign_id, contact.id) for contact in contacts]
        asked = len(at.requests)
        assert read == [(one, contact) for one in campaigns for contact in ids_of(at.client, one)]
        assert asked == len(at.requests) - asked, "no page is asked for twice"
        assert [(one, report.seen, report.complete) for one, report in contacts.reports.items()] == [
            (one, size, True) for one, size in zip(campaigns, SIZES, strict=True)
        ]
        assert sum(report.requests for report in contacts.reports.values()) == asked
        assert repr(contacts).endswith("ContactsOf 5 campaigns: 5 read completely>")

    def test_each_campaign_can_be_read_by_itself_and_again(self, at: Visit, campaigns: list[str]) -> None:
        contacts = at.client.list_contacts_of(campaigns)
        for _ in range(2):
            read = [(each.campaign_id, len(list(each)), each.report) for each in contacts.by_campaign()]
            assert [(one, size) for one, size, _ in read] == list(zip(campaigns, SIZES, strict=True))
            assert all(report is contacts.reports[one] and report.complete for one, _, report in read)

    def test_a_filter_is_that_of_a_listing(self, at: Visit) -> None:
        campaigns = [at.half_dialled(), at.half_dialled(30)]
        wanted = [CallStatus.COMPLETED, CallStatus.PENDING]
        expected = [[row.id for row in at.client.list_contacts(one, status=wanted)] for one in campaigns]
        contacts = at.client.list_contacts_of(campaigns, status=iter(wanted))
        assert [[row.id for row in each] for each in contacts.by_campaign()] == expected
        assert all(expected)

    @pytest.mark.parametrize("vendor", ["techladder", "talkifai"])
    def test_an_external_id_is_looked_for_in_each(self, visit: Visitor, vendor: str) -> None:
        at = visit(vendor)
        campaigns = [at.sandbox.create(vendor, 5), at.sandbox.create(vendor, 5)]
        external_id = next(iter(at.client.list_contacts(campaigns[1]))).external_id
        expected = [[r.id for r in at.client.list_contacts(one, external_id=external_id)] for one in campaigns]
        contacts = at.client.list_contacts_of(campaigns, external_id=external_id)
        assert [[row.id for row in each] for each in contacts.by_campaign()] == expected

    def test_the_vendors_filter_needs_no_look_at_each_campaign(self, visit: Visitor) -> None:
        at = visit("techladder")
        campaigns = [at.half_dialled(40), at.half_dialled(30)]
        list(at.client.list_contacts_of(campaigns, status="completed"))
        assert len(at.requests) == 4
        list(at.client.list_contacts_of(campaigns, status="completed", server_filter=True))
        assert len(at.requests) == 6

    @pytest.mark.parametrize(
        ("wrong", "how"),
        [("batch_1", {}), ([""], {}), (["batch_1", ".."], {}), (["batch_1"], {"status": "lost"})],
    )
    def test_what_is_wrong_is_said_before_anything_is_sent(self, at: Visit, wrong: Any, how: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput):
            at.client.list_contacts_of(wrong, **how)
        assert at.requests == []


class TestAhead:
    @pytest.mark.parametrize("how", [{}, {"max_in_flight": 3}])
    def test_as_many_pages_are_under_way_over_campaigns_as_in_one(self, connect: Connect, how: dict[str, int]) -> None:
        most = how.get("max_in_flight", 8)
        vendor = Vendor(20, crowd=most)
        campaigns = [f"c-{number}" for number in range(20)]
        with client_of(connect, vendor, **how) as client:
            read = [(contact.campaign_id, contact.id) for contact in client.list_contacts_of(campaigns)]
        assert read == [(one, name) for one in campaigns for name in names(20)]
        assert (vendor.most, len(vendor.positions)) == (most, 20)

    def test_a_large_campaign_behind_small_ones_has_all_places(self, connect: Connect) -> None:
        vendor = Vendor(850, crowd=4)
        with client_of(connect, vendor, max_in_flight=4) as client:
            contacts = client.list_contacts_of(["c-1", "c-2", "c-3"])
            assert [len(list(each)) for each in contacts.by_campaign()] == [850] * 3
        assert vendor.most == 4
        assert [report.requests for report in contacts.reports.values()] == [9, 9, 9]

    @pytest.mark.usefixtures("far")
    def test_no_more_is_read_than_fits_into_memory(self, connect: Connect) -> None:
        vendor = Vendor(20)
        with client_of(connect, vendor, max_in_flight=3) as client:
            contacts = client.list_contacts_of(f"c-{number}" for number in range(1000))
            campaigns = iter(contacts.by_campaign())
            for number in range(1, 5):
                assert len(list(next(campaigns))) == 20
                assert len(vendor.positions) <= number + 3
            del campaigns
            assert_at_rest(client)


@pytest.mark.usefixtures("far")
class TestLeaving:
    def test_a_campaign_that_is_not_read_to_its_end_does_not_hold_up_the_next(self, connect: Connect) -> None:
        with client_of(connect, Vendor(850), max_in_flight=4) as client:
            first, *others = (
                [contact.id for contact, _ in zip(each, range(150 if each.campaign_id == "c-1" else 900), strict=False)]
                for each in client.list_contacts_of(["c-1", "c-2", "c-3"]).by_campaign()
            )
            assert (first, others) == (names(150), [names(850)] * 2)
            assert_at_rest(client)

    def test_an_error_of_one_campaign_does_not_touch_the_next(self, at: Visit, campaigns: list[str]) -> None:
        gone = campaigns[2].replace(campaigns[2][-6:], "000000")
        wanted = [*campaigns[:2], gone, *campaigns[3:]]
        read = {}
        for each in at.client.list_contacts_of(wanted).by_campaign():
            if each.campaign_id == gone:
                with pytest.raises(NotFound, match=gone):
                    list(each)
            read[each.campaign_id] = 0 if each.campaign_id == gone else len(list(each))
        assert read == dict(zip(wanted, [*SIZES[:2], 0, *SIZES[3:]], strict=True))

    def test_read_together_the_first_error_ends_it(self, connect: Connect) -> None:
        seen: list[str] = []
        with client_of(connect, Vendor(20, total=lambda rows: rows + 1)) as client:
            contacts = client.list_contacts_of(["c-1", "c-2"])
            with pytest.raises(IncompleteListing) as caught:
                keep(contacts, seen)
        assert caught.value.subject == "c-1"
        assert (seen, list(contacts.reports)) == (names(20), ["c-1"])

    def test_a_campaign_can_be_read_once_and_in_its_turn(self, connect: Connect) -> None:
        with client_of(connect, Vendor(20)) as client:
            contacts = client.list_contacts_of(["c-1", "c-2"])
            campaigns = contacts.by_campaign()
            first = next(campaigns)
            assert len(list(first)) == 20
            with pytest.raises(RuntimeError, match="the contacts of c-1 can be read once"):
                list(first)
            for late in list(contacts.by_campaign()):
                with pytest.raises(RuntimeError, match=f"the contacts of {late.campaign_id} can be read once"):
                    list(late)
