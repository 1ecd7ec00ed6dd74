"""What is wrong with a connection is said when it is made, and a closed one says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bothways import VENDORS, Connect
from tests.client.conftest import Visitor
from tests.client.replies import CAMPAIGN, Replies, Reply, one, page
from unibatch import ConfigError


class TestKey:
    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize(
        "key", ["sk_1\n", "sk_1\r\nX-Evil: 1", "sk_1 sk_2", "\tsk_1", "schlüssel", "sk_1\x00", "\ufeffsk_1"]
    )
    def test_one_that_no_vendor_gives_out_is_refused(self, connect: Connect, vendor: str, key: str) -> None:
        with pytest.raises(ConfigError, match="copy it again from the vendor's dashboard") as caught:
            connect(vendor, api_key=key)
        assert key.strip() not in str(caught.value)

    def test_an_empty_one_is_refused(self, connect: Connect) -> None:
        with pytest.raises(ConfigError, match="the API key for truedy is empty"):
            connect("truedy", api_key="")

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_it_is_sent_as_bearer(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=one(vendor, CAMPAIGN[vendor])))
        connect(vendor, api_key="the-key", answer=server).get_campaign("c-1")
        assert server.requests[0].headers["Authorization"] == "Bearer the-key"

    def test_talkifai_can_be_sent_it_in_another_header(self, connect: Connect) -> None:
        server = Replies(Reply(body=one("talkifai", CAMPAIGN["talkifai"])))
        defaults = {"auth_header": "X-API-Key"}
        connect("talkifai", api_key="the-key", defaults=defaults, answer=server).get_campaign("c-1")
        headers = server.requests[0].headers
        assert (headers["X-API-Key"], "Authorization" in headers) == ("the-key", False)

    def test_talkifai_can_be_sent_it_in_no_third_header(self, connect: Connect) -> None:
        with pytest.raises(ConfigError, match='auth_header must be "Authorization" or "X-API-Key"'):
            connect("talkifai", defaults={"auth_header": "X-Token"})


class TestBaseUrl:
    @pytest.mark.parametrize(
        "url", ["http://api.truedy.ai/api/public/v1", "http://192.168.0.7", "http://127.0.0.1.evil.example"]
    )
    def test_an_unencrypted_one_is_refused(self, connect: Connect, url: str) -> None:
        with pytest.raises(ConfigError, match="use https://"):
            connect("truedy", base_url=url)

    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:8000/x", "http://127.8.8.8", "http://localhost", "http://[::1]:8000"]
    )
    def test_an_unencrypted_one_on_this_machine_is_accepted(self, connect: Connect, url: str) -> None:
        assert connect("truedy", base_url=url).base_url == url

    @pytest.mark.parametrize("url", ["api.truedy.ai", "ftp://api.truedy.ai", "https://", "https://x:port", "/v1"])
    def test_one_that_is_none_is_refused(self, connect: Connect, url: str) -> None:
        with pytest.raises(ConfigError, match="is not a URL"):
            connect("truedy", base_url=url)

    @pytest.mark.parametrize(
        "url", ["https://u:secret@api.truedy.ai", "https://api.truedy.ai/?key=secret", "https://api.truedy.ai/#secret"]
    )
    def test_one_with_more_than_host_and_path_is_refused_and_not_shown(self, connect: Connect, url: str) -> None:
        with pytest.raises(ConfigError, match="may not contain a user name, a query or a fragment") as caught:
            connect("truedy", base_url=url)
        assert "secret" not in str(caught.value)

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


class TestProvider:
    def test_an_unknown_one_is_refused_and_the_known_ones_are_named(self, connect: Connect) -> None:
        with pytest.raises(ConfigError, match="there is no provider 'trudey'; known are truedy, techladder, talkifai"):
            connect("trudey")


class TestSettings:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_an_unknown_one_is_refused_and_the_known_ones_are_named(self, connect: Connect, vendor: str) -> None:
        with pytest.raises(ConfigError, match=r"has no setting organisation_id; it has .*from_number_ids"):
            connect(vendor, defaults={"organisation_id": "org_1"})

    def test_talkifai_lists_no_campaigns_without_an_organization(self, connect: Connect) -> None:
        server = Replies(Reply(body=page("talkifai")))
        client = connect("talkifai", defaults={}, answer=server)
        with pytest.raises(ConfigError, match="organization_id is not set: add it to"):
            list(client.list_campaigns())
        assert server.requests == []

    @pytest.mark.parametrize("operation", ["get_campaign", "list_contacts"])
    def test_talkifai_reads_everything_else_without_one(self, connect: Connect, operation: str) -> None:
        body: Any = page("talkifai")
        client = connect("talkifai", defaults={}, answer=Replies(Reply(body=body)))
        if operation == "get_campaign":
            assert client.get_campaign("job_1").id == "job_1"
        else:
            assert list(client.list_contacts("job_1")) == []


class TestClosing:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_closed_client_says_so(self, visit: Visitor, vendor: str) -> None:
        client = visit(vendor).client
        client.close()
        with pytest.raises(RuntimeError, match="this client is closed"):
            client.get_campaign("c-1")

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
        with pytest.raises(RuntimeError, match="this client is closed"):
            client.get_campaign(campaign_id)

    def test_closing_twice_is_closing_once(self, visit: Visitor) -> None:
        client = visit("truedy").client
        client.close()
        client.close()
