"""No usable answer: each way of failing has a class of its own, in both clients."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.bothways import Connect
from tests.client.conftest import Visitor
from tests.client.replies import CAMPAIGN, Replies, Reply, one
from unibatch import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    PoolTimeout,
    ReadTimeout,
    Timeout,
    TransportError,
    UnibatchError,
    WriteTimeout,
)

FAILURES: list[tuple[httpx.TransportError, type[TransportError]]] = [
    (httpx.ConnectTimeout("too slow"), ConnectTimeout),
    (httpx.ReadTimeout("too slow"), ReadTimeout),
    (httpx.WriteTimeout("too slow"), WriteTimeout),
    (httpx.PoolTimeout("too slow"), PoolTimeout),
    (httpx.ConnectError("[Errno -2] Name or service not known"), ConnectFailed),
    (httpx.ProxyError("407 Proxy Authentication Required"), ConnectFailed),
    (httpx.ReadError("connection reset"), ConnectionLost),
    (httpx.WriteError("broken pipe"), ConnectionLost),
    (httpx.CloseError("closed"), ConnectionLost),
    (httpx.RemoteProtocolError("peer closed connection"), ConnectionLost),
    (httpx.LocalProtocolError("illegal header"), ConnectionLost),
]


class TestClass:
    @pytest.mark.parametrize(("failure", "kind"), FAILURES, ids=lambda item: getattr(item, "__name__", ""))
    def test_each_failure_has_its_own(
        self, connect: Connect, failure: httpx.TransportError, kind: type[TransportError]
    ) -> None:
        with pytest.raises(TransportError) as caught:
            connect("truedy", answer=Replies(failure)).get_campaign("c-1")
        assert type(caught.value) is kind

    def test_a_failure_can_strike_in_the_middle_of_a_listing(self, connect: Connect) -> None:
        first = Reply(body={"data": [{"contact_id": "ctc_1"}], "pagination": {"total": 2, "has_more": True}})
        listing = connect("truedy", answer=Replies(first, httpx.ReadError("reset"))).list_contacts("c-1")
        with pytest.raises(ConnectionLost):
            list(listing)
        assert (listing.report.seen, listing.report.complete) == (1, False)

    def test_the_cause_is_kept(self, connect: Connect) -> None:
        failure = httpx.ReadTimeout("too slow")
        with pytest.raises(ReadTimeout) as caught:
            connect("truedy", answer=Replies(failure)).get_campaign("c-1")
        assert caught.value.__cause__ is failure
        assert isinstance(caught.value, UnibatchError)


class TestMessage:
    def test_it_names_vendor_operation_host_and_remedy(self, connect: Connect) -> None:
        with pytest.raises(ConnectTimeout) as caught:
            connect("truedy", answer=Replies(httpx.ConnectTimeout("too slow"))).get_campaign("c-1")
        assert str(caught.value) == (
            "truedy get_campaign: no connection in time; check the network, or raise the connect time-out "
            "(api.truedy.ai: too slow)"
        )

    def test_it_never_ends_in_nothing(self, connect: Connect) -> None:
        with pytest.raises(PoolTimeout) as caught:
            connect("truedy", answer=Replies(httpx.PoolTimeout(""))).get_campaign("c-1")
        assert str(caught.value).endswith("(api.truedy.ai: PoolTimeout)")


class TestRealConnections:
    def test_a_refused_connection(self, connect: Connect, unused_port: int) -> None:
        client = connect("truedy", base_url=f"http://127.0.0.1:{unused_port}")
        with pytest.raises(ConnectFailed) as caught:
            client.get_campaign("c-1")
        assert caught.value.host == f"127.0.0.1:{unused_port}"

    @pytest.mark.parametrize("fault", [{"drop": "before"}, {"cut": 20}, {"cut": 0}])
    def test_a_connection_that_breaks_and_the_client_can_go_on(self, visit: Visitor, fault: dict[str, Any]) -> None:
        at = visit("truedy")
        campaign_id = at.sandbox.create("truedy", 3)
        at.sandbox.fail("truedy", **fault)
        with pytest.raises(ConnectionLost):
            list(at.client.list_contacts(campaign_id))
        assert len(list(at.client.list_contacts(campaign_id))) == 3


class TestTimeouts:
    @pytest.mark.parametrize(
        ("timeout", "connecting", "reading"),
        [(None, 5.0, 30.0), (7, 7, 7), (Timeout(connect=1, read=2), 1, 2), (Timeout(read=60), 5.0, 60)],
    )
    def test_every_request_carries_them(
        self, connect: Connect, timeout: float | Timeout | None, connecting: float, reading: float
    ) -> None:
        server = Replies(Reply(body=one("truedy", CAMPAIGN["truedy"])))
        connect("truedy", timeout=timeout, answer=server).get_campaign("batch_1")
        assert server.requests[0].extensions["timeout"] == {
            "connect": connecting,
            "read": reading,
            "write": reading,
            "pool": None,
        }
