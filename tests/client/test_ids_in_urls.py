"""Ids and filters reach the server as they are, with any character in them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest

from tests.bothways import ONE_CLIENT, VENDORS, AnyClient, Connect
from tests.client.conftest import Visitor
from tests.client.replies import CAMPAIGN, Replies, Reply, one, page
from unibatch import InvalidInput, NotFound, UnibatchError

READERS: dict[str, Callable[[AnyClient, str], object]] = {
    "get_campaign": lambda client, campaign_id: client.get_campaign(campaign_id),
    "list_contacts": lambda client, campaign_id: list(client.list_contacts(campaign_id)),
}

BEFORE_THE_ID = {
    "truedy": "/api/public/v1/batch-calls/",
    "techladder": "/api/v1/public/call-batches/",
    "talkifai": "/batch/jobs/",
}


SEGMENTS = {
    "batch_1": "batch_1",
    "a/b?c#d é": "a%2Fb%3Fc%23d%20%C3%A9",
    "../me": "..%2Fme",
    "a%2Fb": "a%252Fb",
    "a+b&c=d;e": "a%2Bb%26c%3Dd%3Be",
    "\r\nX-Evil: 1": "%0D%0AX-Evil%3A%201",
    "\x00": "%00",
    "...": "...",
    "id:with@signs": "id%3Awith%40signs",
    "日本😀": "%E6%97%A5%E6%9C%AC%F0%9F%98%80",
}
"""Ids, and what stands for each in the path."""


@pytest.mark.parametrize("vendor", VENDORS)
class TestAtARealServer:
    def test_an_id_arrives_as_it_was(self, visit: Visitor, vendor: str) -> None:
        at = visit(vendor)
        for campaign_id in ("a/b?c#d é", "../jobs", "a%2Fb", "日本"):
            with pytest.raises(NotFound):
                at.client.get_campaign(campaign_id)
            assert at.requests[-1].path.endswith("/" + campaign_id)


@ONE_CLIENT
@pytest.mark.parametrize("vendor", VENDORS)
class TestCampaignId:
    def test_it_is_one_segment_of_the_path(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=one(vendor, CAMPAIGN[vendor])))
        client = connect(vendor, answer=server)
        for campaign_id in SEGMENTS:
            client.get_campaign(campaign_id)
        paths = [request.url.raw_path.decode().partition("?")[0] for request in server.requests]
        assert paths == [BEFORE_THE_ID[vendor] + segment for segment in SEGMENTS.values()]

    @pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
    def test_one_that_would_mean_something_else_is_refused(
        self, connect: Connect, vendor: str, read: Callable[[AnyClient, str], object]
    ) -> None:
        server = Replies(Reply(body=one(vendor, CAMPAIGN[vendor])))
        client = connect(vendor, answer=server)
        for campaign_id in ("", " ", "\t\n", ".", "..", "\ud800", "batch_\udfff"):
            with pytest.raises(InvalidInput):
                read(client, campaign_id)
        assert server.requests == []

    def test_one_that_is_too_long_for_a_url_is_refused(self, connect: Connect, vendor: str) -> None:
        with pytest.raises(InvalidInput, match="too long"):
            connect(vendor, answer=Replies(Reply())).get_campaign("x" * 70_000)

    def test_a_refused_one_is_printable_in_the_message(self, connect: Connect, vendor: str) -> None:
        with pytest.raises(UnibatchError) as caught:
            connect(vendor, answer=Replies(Reply())).get_campaign("batch_\ud800")
        assert str(caught.value).isprintable()


@ONE_CLIENT
class TestFilters:
    @pytest.mark.parametrize("external_id", ["a&status=busy", "a+b c", "é/?#", "100%", "日本", "="])
    def test_an_external_id_is_one_parameter(self, connect: Connect, external_id: str) -> None:
        server = Replies(Reply(body=page("techladder")))
        list(connect("techladder", answer=server).list_contacts("sched_1", external_id=external_id))
        assert parse_qsl(server.requests[0].url.query.decode()) == [
            ("limit", "500"),
            ("page", "1"),
            ("external_id", external_id),
        ]

    @pytest.mark.parametrize("agent_id", ["agt&limit=1", "agt 1", "é"])
    @pytest.mark.parametrize("vendor", ["truedy", "techladder"])
    def test_an_agent_id_is_one_parameter(self, connect: Connect, vendor: str, agent_id: str) -> None:
        server = Replies(Reply(body=page(vendor)))
        list(connect(vendor, answer=server).list_campaigns(agent_id=agent_id))
        assert dict(parse_qsl(server.requests[0].url.query.decode()))["agent_id"] == agent_id

    def test_one_that_is_not_unicode_is_refused(self, connect: Connect) -> None:
        server = Replies(Reply(body=page("techladder")))
        with pytest.raises(InvalidInput):
            list(connect("techladder", answer=server).list_contacts("sched_1", external_id="\ud800"))
        assert server.requests == []
