"""What is wrong with a connection is said when it is made, and a closed one says so."""

from __future__ import annotations

import pytest

from tests.bothways import Connect
from tests.client.conftest import Visitor
from tests.client.replies import CAMPAIGN, Replies, Reply, one
from unibatch import ConfigError


class TestKey:
    @pytest.mark.parametrize("key", ["sk_1\r\nX-Evil: 1", "sk_1 sk_2", "\tsk_1", "schlüssel", "sk_1\x00", "\ufeffsk_1"])
    def test_one_that_no_header_can_hold_is_refused_and_not_shown(self, connect: Connect, key: str) -> None:
        with pytest.raises(ConfigError, match="copy it again from the vendor's dashboard") as caught:
            connect("truedy", api_key=key)
        assert key.strip() not in str(caught.value)

    def test_an_empty_one_is_refused(self, connect: Connect) -> None:
        with pytest.raises(ConfigError, match="the API key for truedy is empty"):
            connect("truedy", api_key="")


class TestBaseUrl:
    @pytest.mark.parametrize("url", ["https://gateway.example/truedy", "https://gateway.example/truedy/"])
    def test_the_path_of_a_gateway_is_kept(self, connect: Connect, url: str) -> None:
        server = Replies(Reply(body=one("truedy", CAMPAIGN["truedy"])))
        connect("truedy", base_url=url, answer=server).get_campaign("batch_1")
        assert server.urls == ["https://gateway.example/truedy/batch-calls/batch_1"]

    @pytest.mark.parametrize(
        ("vendor", "url"),
        [
            ("truedy", "https://api.truedy.ai/api/public/v1"),
            ("techladder", "https://api.staging.techladder.ai/api/v1/public"),
            ("talkifai", "https://api.talkifai.dev"),
        ],
    )
    def test_left_out_it_is_the_documented_one(self, connect: Connect, vendor: str, url: str) -> None:
        assert connect(vendor).base_url == url


class TestClosing:
    def test_a_closed_client_goes_on_with_no_listing(self, visit: Visitor) -> None:
        at = visit("truedy")
        contacts = iter(at.client.list_contacts(at.sandbox.create("truedy", 101)))
        first_page = [next(contacts) for _ in range(100)]
        at.client.close()
        with pytest.raises(RuntimeError, match="this client is closed"):
            next(contacts)
        assert len(first_page) == 100

    def test_the_end_of_a_with_block_closes(self, visit: Visitor) -> None:
        at = visit("truedy")
        campaign_id = at.sandbox.create("truedy", 1)
        with at.client as client:
            client.get_campaign(campaign_id)
        client.close()
        with pytest.raises(RuntimeError, match="this client is closed"):
            client.get_campaign(campaign_id)
