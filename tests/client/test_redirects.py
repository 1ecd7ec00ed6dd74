"""Redirects: followed on the same server for reading, and refused wherever the key must not go."""

from __future__ import annotations

import pytest

from tests.bothways import Connect
from tests.client.replies import CAMPAIGN, Replies, Reply, one
from unibatch import OutcomeUnknown, RedirectRefused, ServerError
from unibatch.client import Options
from unibatch.client.exchange import Exchange
from unibatch.client.transport import httpx
from unibatch.core.flow import Flow, Request, Response
from unibatch.providers import registry

KEY = "a-key-for-tests"
FOUND = Reply(body=one("truedy", CAMPAIGN["truedy"]))
AT = "https://api.truedy.ai"


def to(location: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": location})


class TestOnTheSameServer:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(
        "location",
        [
            pytest.param(f"{AT}/api/v2/batch-calls/batch_1", id="absolute"),
            pytest.param(f"{AT}:443/api/v2/batch-calls/batch_1", id="with the port that goes without saying"),
            pytest.param("/api/v2/batch-calls/batch_1", id="path"),
            pytest.param("//api.truedy.ai/api/v2/batch-calls/batch_1", id="without scheme"),
            pytest.param("https:/api/v2/batch-calls/batch_1", id="scheme and path"),
            pytest.param("HTTPS://API.TRUEDY.AI/api/v2/batch-calls/batch_1", id="capitals"),
        ],
    )
    def test_they_are_followed(self, connect: Connect, status: int, location: str) -> None:
        server = Replies(to(location, status), FOUND)
        connect("truedy", answer=server).get_campaign("batch_1")
        assert server.urls == [f"{AT}/api/public/v1/batch-calls/batch_1", f"{AT}/api/v2/batch-calls/batch_1"]
        assert [request.headers["Authorization"] for request in server.requests] == [f"Bearer {KEY}"] * 2

    def test_a_relative_path_is_relative_to_what_was_asked(self, connect: Connect) -> None:
        server = Replies(to("batch_2?full=1"), FOUND)
        connect("truedy", answer=server).get_campaign("batch_1")
        assert server.urls[1] == f"{AT}/api/public/v1/batch-calls/batch_2?full=1"

    def test_they_may_lead_on(self, connect: Connect) -> None:
        server = Replies(*(to(f"/{step}") for step in range(5)), FOUND)
        connect("truedy", answer=server).get_campaign("batch_1")
        assert len(server.requests) == 6

    def test_without_end_they_are_refused(self, connect: Connect) -> None:
        server = Replies(to("/round/and/round"))
        with pytest.raises(RedirectRefused, match="more than 5 redirects"):
            connect("truedy", answer=server).get_campaign("batch_1")
        assert len(server.requests) == 6

    def test_one_that_leads_nowhere_is_a_fault_of_the_server(self, connect: Connect) -> None:
        with pytest.raises(ServerError):
            connect("truedy", answer=Replies(Reply(302))).get_campaign("batch_1")


ELSEWHERE = [
    pytest.param("https://evil.example/batch-calls/batch_1", id="another host"),
    pytest.param("//evil.example/batch-calls/batch_1", id="another host without scheme"),
    pytest.param("https://api.truedy.ai.evil.example/", id="a host that begins alike"),
    pytest.param("https://api.truedy.ai@evil.example/", id="a user name that looks like the host"),
    pytest.param("https://truedy.ai/", id="the domain above"),
    pytest.param("https://api.truedy.ai:8443/", id="another port"),
    pytest.param("http://api.truedy.ai/api/public/v1/batch-calls/batch_1", id="unencrypted"),
    pytest.param("ftp://api.truedy.ai/", id="another scheme"),
    pytest.param("https://[::1/", id="no URL"),
    pytest.param("https://api.truedy.ai:99999/", id="no port"),
]


@pytest.mark.parametrize("location", ELSEWHERE)
class TestToElsewhere:
    def test_they_are_refused_and_nothing_is_sent_there(self, connect: Connect, location: str) -> None:
        server = Replies(to(location), FOUND)
        with pytest.raises(RedirectRefused):
            connect("truedy", answer=server).get_campaign("batch_1")
        assert [request.url.host for request in server.requests] == ["api.truedy.ai"]


class TestWriting:
    """The client only reads as yet, so these conversations are led by hand."""

    def write(self, method: str) -> Flow[int]:
        response = yield Request(operation="write", method=method, path="/batch-calls")
        return response.status

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_it_is_not_repeated_even_on_the_same_server(self, method: str, status: int) -> None:
        exchange = Exchange(registry.load("truedy")({}), KEY, Options())
        conversation = exchange.run(self.write(method))
        asked = next(conversation)
        assert isinstance(asked, httpx.Request)
        assert asked.method == method
        kind = RedirectRefused if status in {307, 308} else OutcomeUnknown  # the others can mean: done, look there
        with pytest.raises(kind, match=f"HTTP {status} to {AT}"):
            conversation.send(Response(status=status, headers={"location": "/api/v2/batch-calls"}))


def test_the_refusal_names_where_it_would_have_gone(connect: Connect) -> None:
    with pytest.raises(RedirectRefused) as caught:
        connect("truedy", answer=Replies(to("https://evil.example/x?y=z"))).get_campaign("batch_1")
    assert str(caught.value) == (
        "truedy get_campaign: refused to follow a redirect; set base_url to where the API is "
        "(api.truedy.ai: HTTP 302 to https://evil.example)"
    )


def test_cookies_are_not_kept(connect: Connect) -> None:
    server = Replies(Reply(body=FOUND.body, headers={"Set-Cookie": "session=1; Path=/"}))
    client = connect("truedy", answer=server)
    client.get_campaign("batch_1")
    client.get_campaign("batch_1")
    assert not any("Cookie" in request.headers for request in server.requests)


def test_a_netrc_file_replaces_no_key(
    connect: Connect, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine api.truedy.ai login somebody password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    server = Replies(FOUND)
    connect("truedy", answer=server).get_campaign("batch_1")
    assert httpx.Headers(server.requests[0].headers)["Authorization"] == f"Bearer {KEY}"
