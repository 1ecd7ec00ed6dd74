"""Ids and filters that would like to be more than that: what arrives is one request, with exactly that id."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.bothways import VENDORS, AnyListing
from tests.faults.conftest import Enter, Scene
from unibatch import Contact, InvalidInput, UnibatchError
from unibatch.sandbox.fault_proxy import Arrival

IDS = [
    "a b",
    " a",
    "a\r\nX-Injected: yes",
    "a\nHost: evil",
    "a HTTP/1.1\r\n\r\nDELETE /everything HTTP/1.1",
    "../me",
    "..",
    ".",
    "...",
    "a/../../b",
    "/",
    "//evil.example/",
    "..\\me",
    "?status=all",
    "#top",
    "a;b=c",
    "a&b=c",
    "%2e%2e",
    "%2e%2e%2f",
    "%",
    "%zz",
    "%00",
    "\x00",
    "\x7f",
    "\u0085",
    "\u2028",
    "\ufeff",
    "\uff0e\uff0e",
    "é",
    "e\u0301",
    "🙂",
    "👩\u200d🚀",
    "\ud800",
    "a\udfffb",
    "",
    "   ",
    "\t",
    "a" * 8_000,
    "🙂" * 3_000,
    "a" * 70_000,
    "@evil.example",
    ":80",
    "[::1]",
    "*",
    "~",
    "+",
]


def path_of(arrival: Arrival) -> str:
    return urlsplit(arrival.target).path


def everywhere(scene: Scene) -> Scene:
    """The same scene, with a campaign for each id."""
    for name in IDS:
        scene.emulator.sandbox.create(scene.emulator.vendor, 3, campaign_id=name)
    return scene


def require_one_line(scene: Scene) -> None:
    """Every request has a line with two blanks, one host and no header that nobody wrote."""
    for arrival in scene.emulator.arrivals:
        line, *headers = arrival.head.split(b"\r\n")
        assert line.count(b" ") == 2
        assert line.startswith(b"GET ")
        assert line.endswith(b" HTTP/1.1")
        assert line.isascii()
        names = sorted(header.partition(b":")[0].lower() for header in headers)
        assert names == [b"accept", b"accept-encoding", b"authorization", b"host", b"user-agent"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_id_arrives_as_it_is_or_not_at_all(enter: Enter, vendor: str) -> None:
    scene = everywhere(enter(vendor))
    depth = urlsplit(scene.emulator.url).path.count("/") + {"truedy": 2, "techladder": 2, "talkifai": 3}[vendor]
    for name in IDS:
        before = len(scene.emulator.arrivals)
        try:
            campaign = scene.client.get_campaign(name)
        except InvalidInput:
            assert len(scene.emulator.arrivals) == before, name
            continue
        except UnibatchError as exc:
            raise AssertionError(f"{name[:40]!r}: {exc}") from exc
        (arrival,) = scene.emulator.arrivals[before:]
        path = path_of(arrival)
        assert path.count("/") == depth, name
        assert unquote(path.rsplit("/", 1)[1]) == name == campaign.id
    require_one_line(scene)


@pytest.mark.parametrize("vendor", VENDORS)
def test_contacts_of_an_id_are_asked_for_as_it_is_or_not_at_all(enter: Enter, vendor: str) -> None:
    scene = everywhere(enter(vendor))
    for name in IDS:
        before = len(scene.emulator.arrivals)
        try:
            contacts = list(scene.client.list_contacts(name))
        except InvalidInput:
            assert len(scene.emulator.arrivals) == before, name
            continue
        (arrival,) = scene.emulator.arrivals[before:]
        assert [contact.campaign_id for contact in contacts] == [name] * 3
        assert name in [unquote(part) for part in path_of(arrival).split("/")]
    require_one_line(scene)


def test_a_filter_arrives_as_it_is_or_not_at_all(enter: Enter) -> None:
    scene = enter("techladder", 3)
    for text in IDS:
        before = len(scene.emulator.arrivals)
        try:
            listing: AnyListing[Contact] = scene.client.list_contacts("one", external_id=text)
            assert list(listing) == []
        except InvalidInput:
            assert len(scene.emulator.arrivals) == before, text
            continue
        (arrival,) = scene.emulator.arrivals[before:]
        query = arrival.target.partition("?")[2]
        assert parse_qs(query, keep_blank_values=True)["external_id"] == [text]
        assert set(parse_qs(query)) <= {"external_id", "limit", "page"}
    require_one_line(scene)


def test_an_agent_arrives_as_it_is_or_not_at_all(enter: Enter) -> None:
    scene = enter("truedy")
    for text in IDS:
        before = len(scene.emulator.arrivals)
        try:
            assert list(scene.client.list_campaigns(agent_id=text)) == []
        except InvalidInput:
            assert len(scene.emulator.arrivals) == before, text
            continue
        (arrival,) = scene.emulator.arrivals[before:]
        assert parse_qs(arrival.target.partition("?")[2], keep_blank_values=True)["agent_id"] == [text]
    require_one_line(scene)
