"""Faults on demand, rate limits, and rows that move while somebody reads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest

import unibatch.sandbox
from tests.sandbox.conftest import READ
from unibatch.sandbox import Sandbox

DRAFT = {"name": "Autumn offers", "agent_id": "agt_f00"}


class TestRateLimits:
    def test_truedy_tells_in_the_body_when_to_come_back(
        self, sandbox: Sandbox, truedy: httpx.Client, wall: list[float]
    ) -> None:
        sandbox.limit("truedy", requests=2, window=30)
        answers = [truedy.get("/batch-calls") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        error = answers[2].json()["error"]
        assert error["code"] == "rate_limit_exceeded"
        assert error["details"] == {"limit": 2, "reset_at": "2027-01-15T08:00:30.000000Z"}
        assert not [name for name in answers[2].headers if "limit" in name or name == "retry-after"]
        wall[0] += 30
        assert truedy.get("/batch-calls").status_code == 200

    def test_techladder_tells_in_headers_and_message(self, sandbox: Sandbox, techladder: httpx.Client) -> None:
        sandbox.limit("techladder", requests=1)
        first, second = techladder.get("/me"), techladder.get("/me")
        assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("1", "0")
        assert second.status_code == 429
        assert second.json()["message"] == "Rate limit exceeded. Please retry after 60 seconds."
        assert second.json()["error"]["code"] == "RATE_LIMITED"
        assert second.headers["x-ratelimit-reset"] == "1800000060"
        assert "retry-after" not in second.headers

    def test_talkifai_tells_in_headers(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        sandbox.limit("talkifai", requests=1, window=7.5)
        talkifai.get("/batch/jobs")
        answer = talkifai.get("/batch/jobs")
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limit_exceeded")
        assert (answer.headers["retry-after"], answer.headers["x-ratelimit-reset"]) == ("8", "1800000008")

    @pytest.mark.parametrize(("vendor", "requests"), [("truedy", 100), ("techladder", 300), ("talkifai", 60)])
    def test_the_documented_limits_are_the_default(self, client: httpx.Client, vendor: str, requests: int) -> None:
        statuses = [client.get(READ[vendor]).status_code for _ in range(requests + 1)]
        assert statuses == [200] * requests + [429]

    def test_a_wrong_key_does_not_use_the_limit_up(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.limit("truedy", requests=1)
        assert truedy.get("/batch-calls", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert truedy.get("/batch-calls").status_code == 200

    def test_refusals_can_be_switched_off(self) -> None:
        with unibatch.sandbox.serve(seeded=False, enforce_rate_limits=False) as sandbox:
            sandbox.limit("techladder", requests=1)
            headers = {"authorization": f"Bearer {sandbox.api_key('techladder')}"}
            with httpx.Client(base_url=sandbox.base_url("techladder"), headers=headers, trust_env=False) as client:
                answers = [client.get("/me") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["1", "1", "1"]


class TestStatusFaults:
    @pytest.mark.parametrize("status", [400, 402, 403, 404, 429, 500, 503])
    def test_a_status_comes_in_the_vendors_envelope(
        self, sandbox: Sandbox, client: httpx.Client, vendor: str, status: int
    ) -> None:
        sandbox.fail(vendor, status=status)
        answer = client.get(READ[vendor])
        assert answer.status_code == status
        assert "error" in answer.json()
        assert client.get(READ[vendor]).status_code == 200

    def test_a_429_on_demand_tells_how_long_to_wait(self, sandbox: Sandbox, talkifai: httpx.Client) -> None:
        sandbox.fail("talkifai", status=429, retry_after=3)
        assert talkifai.get(READ["talkifai"]).headers["retry-after"] == "3"

    def test_the_body_and_the_headers_can_be_given(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.fail(status=502, body="<html>Bad gateway</html>", headers={"Retry-After": "2"})
        answer = truedy.get("/batch-calls")
        assert (answer.status_code, answer.text) == (502, "<html>Bad gateway</html>")
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["retry-after"] == "2"

        sandbox.fail(body={"data": None})
        answer = truedy.get("/batch-calls")
        assert (answer.status_code, answer.json()) == (200, {"data": None})


class TestMatching:
    def test_a_fault_strikes_only_what_it_matches(
        self, sandbox: Sandbox, truedy: httpx.Client, techladder: httpx.Client
    ) -> None:
        sandbox.fail("truedy", method="get", path=r"/contacts$", status=500)
        path = f"/batch-calls/{sandbox.create('truedy', 1)}"
        assert techladder.get("/me").status_code == 200
        assert truedy.get(path).status_code == 200
        assert truedy.post(f"{path}/contacts", json={}).status_code == 422
        assert truedy.get(f"{path}/contacts").status_code == 500

    def test_a_fault_can_spare_the_first_requests_and_strike_several(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        sandbox.fail("truedy", after=1, times=2, status=503)
        assert [truedy.get("/batch-calls").status_code for _ in range(4)] == [200, 503, 503, 200]

    def test_a_fault_can_last(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.fail("truedy", times=None, status=503)
        assert [truedy.get("/batch-calls").status_code for _ in range(3)] == [503] * 3
        sandbox.clear_faults()
        assert truedy.get("/batch-calls").status_code == 200

    @pytest.mark.parametrize(
        "arguments",
        [
            {"drop": "later"},
            {"path": "("},
            {"status": "500"},
            {"vendor": "nobody"},
            {"times": "1"},
            {"drop": "after", "stall": "after"},
            {"reset": True},
            {"portion": 1, "drop": "late"},
            {"when": "always"},
        ],
    )
    def test_a_fault_that_makes_no_sense_is_refused(self, sandbox: Sandbox, arguments: dict[str, Any]) -> None:
        with pytest.raises((ValueError, TypeError, LookupError)):
            sandbox.fail(**arguments)


class TestBrokenConnections:
    @pytest.mark.parametrize("cut", [0, 20])
    def test_cut_off_in_the_body(self, sandbox: Sandbox, truedy: httpx.Client, cut: int) -> None:
        sandbox.fail("truedy", cut=cut)
        with truedy.stream("GET", "/batch-calls") as answer:
            assert int(answer.headers["content-length"]) > cut
            got = b""
            with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012  # what came before the error counts
                for chunk in answer.iter_raw():
                    got += chunk
            assert len(got) == cut

    def test_a_server_whose_connections_are_hidden_is_named_as_the_reason(self, sandbox: Sandbox) -> None:
        sandbox.fail(drop="before")

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: MutableMapping[str, Any]) -> None:
            raise AssertionError(message)

        scope = {"method": "GET", "raw_path": b"/truedy/api/public/v1/batch-calls", "query_string": b"", "headers": []}
        with pytest.raises(RuntimeError, match="uvicorn"):
            asyncio.run(sandbox._app(scope, receive, send))

    def test_a_delay_lets_others_pass(self, sandbox: Sandbox, truedy: httpx.Client, techladder: httpx.Client) -> None:
        sandbox.fail("truedy", delay=0.5)
        order: list[str] = []

        def wait() -> None:
            truedy.get("/batch-calls")
            order.append("delayed")

        thread = threading.Thread(target=wait)
        thread.start()
        while sandbox._app.faults[0].times != 0:
            pass
        techladder.get("/me")
        order.append("other")
        thread.join()
        assert order == ["other", "delayed"]

    def test_a_client_that_gives_up_does_no_harm(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.fail("truedy", delay=0.05)
        with pytest.raises(httpx.ReadTimeout):
            truedy.get("/batch-calls", timeout=httpx.Timeout(5, read=0.01))
        assert truedy.get("/batch-calls").status_code == 200


class TestTheMomentOfAFault:
    @pytest.mark.parametrize("moment", ["before", "after", "late"])
    @pytest.mark.parametrize("kind", ["drop", "stall", "answer"])
    def test_is_before_or_after_the_work_or_while_it_is_put_off(
        self, sandbox: Sandbox, truedy: httpx.Client, kind: str, moment: str
    ) -> None:
        fault: dict[str, Any] = {kind: moment, **({"status": 500} if kind == "answer" else {})}
        sandbox.fail("truedy", **fault)
        try:
            assert truedy.post("/batch-calls", json=DRAFT, timeout=0.2).status_code == 500
        except httpx.TransportError:
            assert kind != "answer"
        assert [request.status for request in sandbox.requests if request.is_write] == [fault.get("status")]
        assert len(sandbox.campaign_ids("truedy")) == (moment == "after")
        sandbox.catch_up()
        assert len(sandbox.campaign_ids("truedy")) == (moment != "before")

    def test_comes_before_work_that_is_done_after_a_delay(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.fail("truedy", drop="late", delay=0.01)
        with pytest.raises(httpx.RemoteProtocolError):
            truedy.post("/batch-calls", json=DRAFT)
        while not sandbox.campaign_ids("truedy"):
            pass

    def test_contacts_come_after_their_campaign_and_are_called_once(
        self, sandbox: Sandbox, talkifai: httpx.Client
    ) -> None:
        sandbox.assume("talkifai", outcome="completed")
        sandbox.fail("talkifai", portion=1)
        contacts = [{"phone": f"+1212555010{index}"} for index in range(3)]
        talkifai.post("/batch/create", json={"fromPhoneNumberId": "pn_1", "name": "A", "contacts": contacts})
        (campaign_id,) = sandbox.campaign_ids("talkifai")
        assert len(sandbox.state("talkifai", campaign_id).contacts) == 1
        sandbox.catch_up()
        sandbox.advance(calls=10)
        assert dict(sandbox.dialled) == {contact["phone"]: 1 for contact in contacts}

    def test_a_reset_is_seen_as_one(self, sandbox: Sandbox, truedy: httpx.Client) -> None:
        sandbox.fail("truedy", drop="before", reset=True)
        with pytest.raises(httpx.ReadError):
            truedy.get("/batch-calls")

    def test_something_can_happen_meanwhile_and_the_answer_be_edited(
        self, sandbox: Sandbox, truedy: httpx.Client
    ) -> None:
        campaign_id = sandbox.create("truedy", 1)
        sandbox.fail(
            "truedy",
            writes=False,
            when=lambda request: request.parameter("limit") is None,
            meanwhile=lambda: sandbox.set_status("truedy", campaign_id, "cancelled"),
            edit=lambda request, content: {**content, "path": request.path},
        )
        assert "path" not in truedy.get("/batch-calls?limit=1").json()
        answer = truedy.get(f"/batch-calls/{campaign_id}").json()
        assert (answer["data"]["status"], answer["path"]) == ("cancelled", f"/batch-calls/{campaign_id}")


def pages(client: httpx.Client, campaign: str) -> list[list[str]]:
    """Read all pages of contacts of a TechLadder batch, 10 a page."""
    read = []
    for page in range(1, 100):
        data = client.get(f"/call-batches/{campaign}/calls", params={"limit": 10, "page": page}).json()["data"]
        read.append([item["call_id"] for item in data["items"]])
        if not data["has_more"]:
            break
    return read


class TestBetweenPages:
    def test_rows_appear_and_vanish_at_the_front_and_at_the_end(
        self, sandbox: Sandbox, techladder: httpx.Client
    ) -> None:
        inserted, removed, longer = (sandbox.create("techladder", 30) for _ in range(3))
        sandbox.between_pages("techladder", inserted, insert=2, after_page=1, where="front")
        sandbox.between_pages("techladder", removed, remove=3, after_page=2, where="front")
        sandbox.between_pages("techladder", longer, insert=5, where="end")
        read = pages(techladder, inserted)
        assert read[0][-2:] == read[1][:2]  # seen twice
        assert len(sandbox.state("techladder", inserted).contacts) == 32
        assert [len(page) for page in pages(techladder, removed)] == [10, 10, 7]
        assert [len(page) for page in pages(techladder, longer)] == [10, 10, 10, 5]

    @pytest.mark.parametrize(
        ("vendor", "path"), [("truedy", "/batch-calls/{id}/contacts"), ("talkifai", "/batch/jobs/{id}")]
    )
    def test_it_works_at_every_vendor(self, sandbox: Sandbox, client: httpx.Client, vendor: str, path: str) -> None:
        campaign = sandbox.create(vendor, 3)
        sandbox.between_pages(vendor, campaign, remove=1)
        client.get(path.replace("{id}", campaign))
        assert len(sandbox.state(vendor, campaign).contacts) == 2

    def test_nonsense_is_refused(self, sandbox: Sandbox) -> None:
        campaign = sandbox.create("truedy", 1)
        with pytest.raises(ValueError, match="front"):
            sandbox.between_pages("truedy", campaign, where="middle")  # type: ignore[arg-type]  # it is nonsense
        with pytest.raises(ValueError, match="or more"):
            sandbox.between_pages("truedy", campaign, after_page=0)
