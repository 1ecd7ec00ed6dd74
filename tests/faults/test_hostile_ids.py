"""Ids and filters that would like to be more than that: what arrives is one request, with exactly that id."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.bothways import VENDORS, AnyListing
from tests.faults.conftest import Enter, Scene
from unibatch import Contact, InvalidInput, UnibatchError
from unibatch.sandbox.fault_proxy import Arrival

IDS = [
    "a b", " a", "a\r\nX-Injected: yes", "a\nHost: evil", "a HTTP/1.1\r\n\r\nDELETE /everything HTTP/1.1",
    "../me", "..", ".", "...", "a/../../b", "/", "//evil.example/", "..\\me",
    "?status=all", "#top", "a;b=c", "a&b=c", "%2e%2e", "%2e%2e%2f", "%", "%zz", "%00", "\x00", "\x7f",
    "\u0085", "\u2028", "\ufeff", "\uff0e\uff0e", "é", "e\u0301", "🙂", "👩\u200d🚀", "\ud800", "a\udfffb",
    "", "   ", "\t", "a" * 8_000, "🙂" * 3_000, "a" * 70_000, "@evil.example", ":80", "[::1]", "*", "~", "+",
]  # fmt: skip


def require_as_it_is(scene: Scene, ask: Callable[[str], object], arrived: Callable[[Arrival], list[str]]) -> None:
    """Ask with each id, and require that nothing arrives, or one request that has this id and no other header."""
    for name in IDS:
        before = len(scene.emulator.arrivals)
        try:
            ask(name)
        except InvalidInput:
            assert len(scene.emulator.arrivals) == before, name
            continue
        except UnibatchError as exc:
            raise AssertionError(f"{name[:40]!r}: {exc}") from exc
        (arrival,) = scene.emulator.arrivals[before:]
        assert name in arrived(arrival)
        line, *headers = arrival.head.split(b"\r\n")
        assert line.count(b" ") == 2
        assert line.startswith(b"GET ")
        assert line.endswith(b" HTTP/1.1")
        assert line.isascii()
        names = sorted(header.partition(b":")[0].lower() for header in headers)
        assert names == [b"accept", b"accept-encoding", b"authorization", b"host", b"user-agent"]


def path_of(arrival: Arrival) -> list[str]:
    return [unquote(part) for part in urlsplit(arrival.target).path.split("/")]


def query_of(arrival: Arrival, name: str) -> list[str]:
    return parse_qs(arrival.target.partition("?")[2], keep_blank_values=True)[name]


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_id_arrives_as_it_is_or_not_at_all(enter: Enter, vendor: str) -> None:
    scene = enter(vendor)
    for name in IDS:
        scene.emulator.sandbox.create(vendor, 3, campaign_id=name)
    depth = urlsplit(scene.emulator.url).path.count("/") + {"truedy": 2, "techladder": 2, "talkifai": 3}[vendor]

    def last_of(arrival: Arrival) -> list[str]:
        parts = path_of(arrival)
        assert len(parts) == depth + 1
        return parts[-1:]

    def campaign(name: str) -> None:
        assert scene.client.get_campaign(name).id == name

    def contacts(name: str) -> None:
        assert [contact.campaign_id for contact in scene.client.list_contacts(name)] == [name] * 3

    require_as_it_is(scene, campaign, last_of)
    require_as_it_is(scene, contacts, path_of)


def test_a_filter_arrives_as_it_is_or_not_at_all(enter: Enter) -> None:
    scene = enter("techladder", 3)

    def contacts(text: str) -> None:
        listing: AnyListing[Contact] = scene.client.list_contacts("one", external_id=text)
        assert list(listing) == []

    def filters(arrival: Arrival) -> list[str]:
        assert set(parse_qs(urlsplit(arrival.target).query)) <= {"external_id", "limit", "page"}
        return query_of(arrival, "external_id")

    require_as_it_is(scene, contacts, filters)


def test_an_agent_arrives_as_it_is_or_not_at_all(enter: Enter) -> None:
    scene = enter("techladder")

    def campaigns(text: str) -> None:
        assert list(scene.client.list_campaigns(agent_id=text)) == []

    require_as_it_is(scene, campaigns, lambda arrival: query_of(arrival, "agent_id"))
