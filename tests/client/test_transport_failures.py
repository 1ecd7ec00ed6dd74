"""No usable answer: what the error holds, and that the client can go on. Which class it has is in ``test_retry``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bothways import Connect
from tests.client.conftest import Visitor
from tests.client.replies import CAMPAIGN, Replies, Reply, one
from unibatch import ConnectFailed, ConnectionLost, PoolTimeout, Timeout
from unibatch.client.transport import httpx


def test_it_keeps_the_cause_and_never_ends_in_nothing(connect: Connect) -> None:
    failure = httpx.PoolTimeout("")
    with pytest.raises(PoolTimeout) as caught:
        connect("truedy", answer=Replies(failure)).get_campaign("c-1")
    assert caught.value.__cause__ is failure
    assert str(caught.value).endswith("(api.truedy.ai: PoolTimeout)")


def test_it_can_strike_in_the_middle_of_a_listing(connect: Connect) -> None:
    first = Reply(body={"data": [{"contact_id": "ctc_1"}], "pagination": {"total": 2, "has_more": True}})
    listing = connect("truedy", answer=Replies(first, httpx.ReadError("reset"))).list_contacts("c-1")
    with pytest.raises(ConnectionLost):
        list(listing)
    assert (listing.report.seen, listing.report.complete) == (1, False)


def test_a_refused_connection_names_the_host(connect: Connect, unused_port: int) -> None:
    client = connect("truedy", base_url=f"http://127.0.0.1:{unused_port}")
    with pytest.raises(ConnectFailed) as caught:
        client.get_campaign("c-1")
    assert caught.value.host == f"127.0.0.1:{unused_port}"


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"cut": 20}, {"cut": 0}])
def test_a_connection_that_breaks_and_the_client_can_go_on(visit: Visitor, fault: dict[str, Any]) -> None:
    at = visit("truedy")
    campaign_id = at.sandbox.create("truedy", 3)
    at.sandbox.fail("truedy", **fault)
    with pytest.raises(ConnectionLost):
        list(at.client.list_contacts(campaign_id))
    assert len(list(at.client.list_contacts(campaign_id))) == 3


@pytest.mark.parametrize(
    ("timeout", "connecting", "reading"),
    [(None, 5.0, 30.0), (7, 7, 7), (Timeout(connect=1, read=2), 1, 2), (Timeout(read=60), 5.0, 60)],
)
def test_every_request_carries_the_time_outs(
    connect: Connect, timeout: float | Timeout | None, connecting: float, reading: float
) -> None:
    server = Replies(Reply(body=one("truedy", CAMPAIGN["truedy"])))
    connect("truedy", timeout=timeout, answer=server).get_campaign("batch_1")
    expected = {"connect": connecting, "read": reading, "write": reading, "pool": None}
    assert server.requests[0].extensions["timeout"] == expected
