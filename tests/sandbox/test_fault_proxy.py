"""The proxy in front of the sandbox: what it spoils is spoilt, and the rest comes through as it is."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from unibatch.sandbox import FaultProxy, Sandbox, fault_proxy
from unibatch.sandbox.fault_proxy import Fault

SEEDED = True


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[FaultProxy]:
    with FaultProxy(sandbox.base_url("truedy")) as proxy:
        yield proxy


@pytest.fixture
def client(sandbox: Sandbox, proxy: FaultProxy) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {sandbox.api_key('truedy')}"}
    with httpx.Client(base_url=proxy.url, headers=headers, timeout=0.2, trust_env=False) as client:
        yield client


def test_without_a_plan_everything_comes_through(sandbox: Sandbox, proxy: FaultProxy, client: httpx.Client) -> None:
    campaign_id = sandbox.campaign_ids("truedy")[0]
    answers = [client.get(f"/batch-calls/{campaign_id}/contacts", params={"offset": offset}) for offset in (0, 200)]
    assert [answer.json()["pagination"]["offset"] for answer in answers] == [0, 200]
    assert [arrival.page for arrival in proxy.arrivals] == [0, 2]
    assert (proxy.begun, proxy.open) == (1, 1)
    assert client.post("/batch-calls", json={}).status_code == 422


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (fault_proxy.reset_at_once, httpx.ReadError),
        (fault_proxy.reset_in_body, httpx.ReadError),
        (fault_proxy.end_in_headers, httpx.RemoteProtocolError),
        (fault_proxy.cut_off, httpx.RemoteProtocolError),
        (fault_proxy.no_http, httpx.RemoteProtocolError),
        (fault_proxy.stall, httpx.ReadTimeout),
        (fault_proxy.stall_in_body, httpx.ReadTimeout),
    ],
)
def test_a_fault_applies_to_the_request_that_the_plan_names(
    proxy: FaultProxy, client: httpx.Client, fault: Fault, error: type[Exception]
) -> None:
    proxy.plan = lambda arrival: fault if arrival.number == 1 else None
    assert client.get("/batch-calls").status_code == 200
    with pytest.raises(error):
        client.get("/batch-calls")
    assert client.get("/batch-calls").status_code == 200


def test_connections_are_refused_for_a_while(proxy: FaultProxy, client: httpx.Client) -> None:
    proxy.plan = lambda arrival: fault_proxy.refuse if arrival.number == 0 else None
    with pytest.raises(httpx.TransportError):
        client.get("/batch-calls")
    while True:
        try:
            assert client.get("/batch-calls").status_code == 200
            break
        except httpx.TransportError:
            pass


def test_an_answer_is_edited(proxy: FaultProxy, client: httpx.Client) -> None:
    proxy.plan = lambda _: fault_proxy.editing(lambda arrival, content: [arrival.method, len(content["data"])])
    assert client.get("/batch-calls", params={"limit": 3}).json() == ["GET", 3]


def test_closing_ends_connections_and_threads(proxy: FaultProxy, client: httpx.Client) -> None:
    client.get("/batch-calls")
    for _ in range(2):
        proxy.close()
    assert proxy.open == 0
    with pytest.raises(httpx.TransportError):
        client.get("/batch-calls")
