"""Cassettes: where they come from, that they hold no secret, and that the library's requests are those in them.

What stands in those that were transcribed from the vendors' pages is tested in ``tests/documents/``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException

import unibatch.sandbox
from tests import record
from tests.bothways import VENDORS, Connect
from tests.record import FAR_AHEAD, FARTHER, LIVES, TWO_MORE, WALL, Step, sandbox_address
from tests.replay import CASSETTES, interactions, names, replay
from unibatch import AddedContacts, Campaign, CampaignStatus
from unibatch.sandbox import Sandbox

RECORDED = [f"{vendor}/life" for vendor in VENDORS]

ADDRESSES = {
    "truedy": "https://api.truedy.ai/api/public/v1/",
    "techladder": "https://api.staging.techladder.ai/api/v1/public/",
    "talkifai": "https://api.talkifai.dev/",
}

NORTH_AMERICAN_FICTION = re.compile(r"\+?1[2-9][0-9]{2}55501[0-9]{2}")
BRITISH_FICTION = re.compile(
    r"\+?44(7700900|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960|1514960|1614960|1914980|2079460)[0-9]{3}"
)

IN_VENDORS_EXAMPLES = {"+15551234567", "+12125551234", "+15551230987", "+18005559876", "919876543210"}
"""Numbers outside of the fictional ranges: they stand like that in the vendors' own documents."""

LOOKS_LIKE_A_NUMBER = re.compile(r"\+[0-9]{7,15}|[0-9]{10,15}")

KEPT_HEADERS = {
    "request": {"accept", "x-idempotency-key"},
    "response": record.KEPT_HEADERS,
}


def text_of(name: str) -> str:
    return (CASSETTES / f"{name}.yaml").read_text(encoding="utf-8")


def offending(found: Callable[[str], Iterable[Any]]) -> dict[str, list[Any]]:
    """What was found in each cassette in which something was found."""
    return {name: offences for name in names() if (offences := list(found(name)))}


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, str):
        yield value


@pytest.fixture(scope="module")
def seeded() -> Iterator[Sandbox]:
    """A sandbox as `tests/record.py` starts it."""
    with unibatch.sandbox.serve(wall=lambda: WALL) as sandbox:
        yield sandbox


class TestFiles:
    def test_a_cassette_says_whether_it_was_recorded_or_transcribed(self) -> None:
        recorded = {name for name in names() if text_of(name).startswith("# Recorded from unibatch's sandbox ")}
        transcribed = {name for name in names() if re.match(r"# Transcribed from the examples? ", text_of(name))}
        assert recorded == set(RECORDED)
        assert recorded | transcribed == set(names())

    def test_its_addresses_are_the_vendors_if_it_was_transcribed_and_otherwise_the_sandboxs(
        self, seeded: Sandbox
    ) -> None:
        def elsewhere(name: str) -> Iterable[str]:
            vendor = name.partition("/")[0]
            here = sandbox_address(seeded, vendor) if name in RECORDED else ADDRESSES[vendor]
            uris = [interaction["request"]["uri"] for interaction in interactions(name)]
            return [uri for uri in uris if not uri.startswith(here)]

        assert offending(elsewhere) == {}

    @pytest.mark.parametrize("side", KEPT_HEADERS)
    def test_it_keeps_only_headers_that_matter_and_hold_no_key(self, side: str) -> None:
        def others(name: str) -> Iterable[str]:
            found = {header.lower() for interaction in interactions(name) for header in interaction[side]["headers"]}
            return found - KEPT_HEADERS[side]

        assert offending(others) == {}

    def test_no_key_stands_in_it_nor_anything_that_looks_like_one(self, seeded: Sandbox) -> None:
        keys = {seeded.api_key(vendor, kind) for vendor in VENDORS for kind in ("valid", "no_credits", "forbidden")}
        looks = r"\bsk_|(?i:bearer)\s+[\w-]{8,}|whsec_"
        assert offending(lambda name: [key for key in keys if key in text_of(name)]) == {}
        assert offending(lambda name: re.findall(looks, text_of(name))) == {}

    def test_every_phone_number_is_fictional_or_stands_in_the_vendors_documents(self) -> None:
        def real(name: str) -> Iterable[str]:
            bodies = [json.loads(interaction["response"]["body"]["string"]) for interaction in interactions(name)]
            found = {text for text in texts_in(bodies) if LOOKS_LIKE_A_NUMBER.fullmatch(text)}
            found |= set(re.findall(r"\+[0-9]{7,15}", text_of(name)))
            found -= set() if name in RECORDED else IN_VENDORS_EXAMPLES
            return {
                number
                for number in found
                if not NORTH_AMERICAN_FICTION.fullmatch(number) and not BRITISH_FICTION.fullmatch(number)
            }

        assert offending(real) == {}

    def test_it_can_be_read_in_any_encoding(self) -> None:
        assert [name for name in names() if not text_of(name).isascii()] == []


class TestReplaying:
    def test_an_answer_that_is_not_asked_for_is_a_failure(self) -> None:
        with (
            pytest.raises(AssertionError, match="played only in part: 0 of 1 answers"),
            replay("truedy/documented-campaign-of-example"),
        ):
            pass

    def test_a_request_that_is_not_in_the_cassette_is_not_sent(self, connect: Connect) -> None:
        client = connect("truedy")
        with (
            pytest.raises(CannotOverwriteExistingCassetteException),
            replay("truedy/documented-campaign-of-example"),
        ):
            client.get_campaign("another-one")

    def test_an_answer_is_given_once(self, connect: Connect) -> None:
        client = connect("truedy")
        with replay("truedy/documented-campaign-of-example"):
            client.get_campaign("batch_c3d4e5f6")
            with pytest.raises(CannotOverwriteExistingCassetteException):
                client.get_campaign("batch_c3d4e5f6")


class TestLives:
    """Each request of the cassette is sent, in its order, with its body."""

    @pytest.fixture
    def live(
        self, connect: Connect, seeded: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[str], list[Step]]:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # the same campaign is placed again, by the other client

        def live(vendor: str) -> list[Step]:
            with replay(f"{vendor}/life"):
                return LIVES[vendor](connect(vendor, base_url=sandbox_address(seeded, vendor)))

        return live

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_recording_again_gives_the_same_file(self, seeded: Sandbox, tmp_path: Path, vendor: str) -> None:
        again = record.record(seeded, vendor, tmp_path).read_text(encoding="utf-8")
        assert yaml.safe_load(again) == yaml.safe_load(text_of(f"{vendor}/life"))

    def test_a_campaign_at_truedy(self, live: Callable[[str], list[Step]]) -> None:
        created, added, *changed = live("truedy")
        assert isinstance(created, Campaign)
        assert (created.status, created.counts.total) == (CampaignStatus.DRAFT, 2)
        assert added == AddedContacts(campaign_id=created.id, added=(TWO_MORE[1],), duplicates=(TWO_MORE[0],))
        campaigns = [campaign for campaign in changed if isinstance(campaign, Campaign)]
        assert [(campaign.status, campaign.counts.total) for campaign in campaigns] == [
            (CampaignStatus.SCHEDULED, 3),
            (CampaignStatus.PAUSED, 3),
            (CampaignStatus.SCHEDULED, 3),
            (CampaignStatus.RUNNING, 3),
        ]
        assert campaigns[0].schedule is not None
        assert campaigns[0].schedule.start == FAR_AHEAD

    def test_a_campaign_at_techladder_that_is_asked_for_twice(self, live: Callable[[str], list[Step]]) -> None:
        first, second = live("techladder")
        assert isinstance(first, Campaign)
        assert (first.status, first.counts.total) == (CampaignStatus.PENDING, 2)
        assert first == second
        assert [sent["request"]["method"] for sent in interactions("techladder/life")].count("POST") == 1

    def test_a_campaign_at_talkifai(self, live: Callable[[str], list[Step]]) -> None:
        campaigns = [campaign for campaign in live("talkifai") if isinstance(campaign, Campaign)]
        assert [campaign.schedule and campaign.schedule.start for campaign in campaigns[:2]] == [FAR_AHEAD, FARTHER]
        assert [campaign.status for campaign in campaigns] == [
            CampaignStatus.SCHEDULED,
            CampaignStatus.SCHEDULED,
            CampaignStatus.RUNNING,
            CampaignStatus.CANCELLED,
        ]
