"""What a flow reads to its end, such as whom a campaign has, is read ahead as a listing is: no look is ever stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.bothways import AnyClient, BlockingAsyncClient, Connect
from tests.client.replies import CONTACT
from tests.client.test_contacts_of import client_of
from tests.client.test_prefetch import Vendor, assert_at_rest
from unibatch import AsyncClient, Client, ContactDraft, ServerError
from unibatch.client import prefetch
from unibatch.core.flow import Flow, Request, adapted
from unibatch.core.looking import read_all
from unibatch.core.paging import Position
from unibatch.core.provider import ContactFilter

THERE = ContactDraft(phone_number=CONTACT["truedy"]["phone_number"])
"""Who is in every row, so that adding only looks."""

OFFSETS = list(range(0, 900, 100))


@pytest.fixture(autouse=True)
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "_FAR", 0.0)


def run(client: AnyClient, flow: Callable[[Any], Flow[Any]]) -> Any:
    """Carry out a flow of the client's provider."""
    made = client.client if isinstance(client, BlockingAsyncClient) else client
    assert isinstance(made, Client | AsyncClient)
    conversation = made._exchange.run(flow(made._provider))
    if isinstance(client, BlockingAsyncClient):
        return client.run(client.client._driver.run(conversation))
    assert isinstance(made, Client)
    return made._driver.run(conversation)


def look(provider: Any) -> Flow[list[str]]:
    rows, report = yield from read_all(
        provider.capabilities.contact_paging,
        lambda position: provider.list_contacts("c-1", position, ContactFilter()),
    )
    assert report.complete
    return [row.id for row in rows]


@pytest.mark.parametrize(("how", "most"), [({}, 8), ({"max_in_flight": 3}, 3), ({"max_in_flight": 1}, 1)])
def test_whom_a_campaign_has_is_read_ahead_before_some_are_added(
    connect: Connect, how: dict[str, int], most: int
) -> None:
    vendor = Vendor(850, crowd=most)
    with client_of(connect, vendor, **how) as client:
        added = client.add_contacts("c-1", [THERE])
        assert_at_rest(client)
    assert (list(added.duplicates), vendor.most) == ([THERE], most)
    assert sorted(vendor.positions) == OFFSETS


def test_each_look_asks_for_every_page_anew(connect: Connect) -> None:
    vendor = Vendor(850)

    def two_looks(provider: Any) -> Flow[list[str]]:
        before = yield from look(provider)
        vendor.rows = 851
        after = yield from look(provider)
        return after[len(before) :]

    with client_of(connect, vendor) as client:
        assert run(client, two_looks) == ["contact_00850"]
    assert sorted(vendor.positions) == sorted([*OFFSETS, *OFFSETS])


def test_rows_that_move_are_read_again(connect: Connect) -> None:
    totals = iter([851, 851])
    vendor = Vendor(850, total=lambda rows: next(totals, rows))
    with client_of(connect, vendor) as client:
        assert len(run(client, look)) == 850
    assert sorted(vendor.positions) == sorted([*OFFSETS, *OFFSETS])


def test_a_page_that_fails_ends_the_look_and_stops_the_others(connect: Connect) -> None:
    vendor = Vendor(850, failing=300, stalling=700)
    with client_of(connect, vendor) as client:
        with pytest.raises(ServerError):
            client.add_contacts("c-1", [THERE])
        assert_at_rest(client)


def test_a_flow_that_leaves_a_look_can_go_on(connect: Connect) -> None:
    vendor = Vendor(850, stalling=500)

    def left(provider: Any) -> Flow[str]:
        looking = look(provider)
        response = yield next(looking)
        yield looking.send(response)
        looking.close()
        campaign = yield from provider.get_campaign("batch_1")
        return str(campaign.id)

    with client_of(connect, vendor) as client:
        assert run(client, left)
        assert_at_rest(client)


@pytest.mark.parametrize("count", [1, 3, 64])
def test_what_is_asked_ahead_is_what_is_asked_next(connect: Connect, count: int) -> None:
    asked: list[Position] = []

    def note(request: Request) -> Request:
        assert request.ahead is not None
        positions = request.ahead.upcoming(count)
        asked.append(positions[0])
        assert request.ahead.request(positions[0]) == request
        return request

    with client_of(connect, Vendor(850)) as client:
        assert len(run(client, lambda provider: adapted(look(provider), note))) == 850
    assert asked == OFFSETS
