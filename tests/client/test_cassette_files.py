"""What holds for every cassette: it says where it comes from, is meant for the vendor, and holds no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException

import unibatch.sandbox
from tests.bothways import VENDORS, Connect
from tests.record import RECORDINGS, WALL, record
from tests.replay import CASSETTES, interactions, names, replay
from unibatch.sandbox import Sandbox

DOCUMENTED_AT = {
    "truedy": "https://api.truedy.ai/api/public/v1/",
    "techladder": "https://api.staging.techladder.ai/api/v1/public/",
    "talkifai": "https://api.talkifai.dev/",
}

ORIGINS = re.compile(
    r"""
      \#\ Recorded\ from\ unibatch's\ sandbox\ \(python\ tests/record\.py\):\ .
    | \#\ Transcribed\ from\ the\ examples?\ .
    """,
    re.VERBOSE,
)

NORTH_AMERICAN_FICTION = re.compile(r"\+?1[2-9][0-9]{2}55501[0-9]{2}")
BRITISH_FICTION = re.compile(
    r"\+?44(7700900|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960|1514960|1614960|1914980|2079460)[0-9]{3}"
)

IN_VENDORS_EXAMPLES = {
    "truedy/documented-contacts-of-schema": {"+15551234567"},
    "truedy/documented-contacts-of-example": {"+12125551234", "+15551230987"},
    "truedy/documented-campaign-of-example": {"+18005559876"},
    "techladder/documented-calls": {"919876543210"},
}
"""Numbers outside of the fictional ranges: they stand like that in the vendors' own documents."""

LOOKS_LIKE_A_NUMBER = re.compile(r"\+[0-9]{7,15}|[0-9]{10,15}")

ANSWER_HEADERS = {
    "content-type",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
}

MOST_BYTES = 300_000

all_cassettes = pytest.mark.parametrize("name", names())


def text_of(name: str) -> str:
    return (CASSETTES / f"{name}.yaml").read_text(encoding="utf-8")


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, str):
        yield value


@pytest.fixture(scope="module")
def keys() -> set[str]:
    """Every key that the sandbox knows."""
    with unibatch.sandbox.serve(seeded=False) as sandbox:
        return {sandbox.api_key(vendor, kind) for vendor in VENDORS for kind in ("valid", "no_credits", "forbidden")}


@pytest.fixture(scope="module")
def seeded() -> Iterator[Sandbox]:
    """A sandbox as `tests/record.py` starts it."""
    with unibatch.sandbox.serve(wall=lambda: WALL) as sandbox:
        yield sandbox


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_cassettes(vendor: str) -> None:
    assert any(name.startswith(f"{vendor}/") for name in names())


@all_cassettes
def test_the_first_line_says_where_it_comes_from(name: str) -> None:
    assert ORIGINS.match(text_of(name))


@all_cassettes
def test_every_request_goes_to_the_documented_address_of_the_vendor(name: str) -> None:
    elsewhere = [
        interaction["request"]["uri"]
        for interaction in interactions(name)
        if not interaction["request"]["uri"].startswith(DOCUMENTED_AT[name.partition("/")[0]])
    ]
    assert elsewhere == []


@all_cassettes
def test_requests_keep_no_header_that_could_hold_a_key(name: str) -> None:
    kept = {header.lower() for interaction in interactions(name) for header in interaction["request"]["headers"]}
    assert kept <= {"accept", "x-idempotency-key"}


@all_cassettes
def test_answers_keep_only_headers_that_matter(name: str) -> None:
    kept = {header.lower() for interaction in interactions(name) for header in interaction["response"]["headers"]}
    assert kept <= ANSWER_HEADERS


@all_cassettes
def test_no_key_stands_in_it(name: str, keys: set[str]) -> None:
    text = text_of(name)
    assert [key for key in {*keys, "this-key-is-wrong"} if key in text] == []


@all_cassettes
def test_nothing_in_it_looks_like_a_key(name: str) -> None:
    assert re.search(r"\bsk_|(?i:bearer)\s+[\w-]{8,}|whsec_", text_of(name)) is None


@all_cassettes
def test_every_phone_number_is_fictional_or_stands_in_the_vendors_documents(name: str) -> None:
    allowed = IN_VENDORS_EXAMPLES.get(name, set())
    numbers = {
        text
        for interaction in interactions(name)
        for text in texts_in(json.loads(interaction["response"]["body"]["string"]))
        if LOOKS_LIKE_A_NUMBER.fullmatch(text)
    } | set(re.findall(r"\+[0-9]{7,15}", text_of(name)))
    real = {
        number
        for number in numbers - allowed
        if not NORTH_AMERICAN_FICTION.fullmatch(number) and not BRITISH_FICTION.fullmatch(number)
    }
    assert real == set()


@all_cassettes
def test_it_is_not_large(name: str) -> None:
    assert (CASSETTES / f"{name}.yaml").stat().st_size < MOST_BYTES


@all_cassettes
def test_it_can_be_read_whatever_the_machines_encoding(name: str) -> None:
    assert text_of(name).isascii()


class TestRecordingAgain:
    @pytest.mark.parametrize("name", RECORDINGS)
    def test_it_gives_the_same_file(self, seeded: Sandbox, tmp_path: Path, name: str) -> None:
        again = record(seeded, RECORDINGS[name], tmp_path).read_text(encoding="utf-8")
        assert yaml.safe_load(again) == yaml.safe_load(text_of(name))

    def test_what_the_sandbox_said_is_recorded_and_nothing_else(self) -> None:
        recorded = {name for name in names() if text_of(name).startswith("# Recorded from")}
        assert recorded == set(RECORDINGS)

    @pytest.mark.parametrize("name", RECORDINGS)
    def test_reason_phrases_are_left_out_which_differ_between_versions_of_python(self, name: str) -> None:
        assert {interaction["response"]["status"]["message"] for interaction in interactions(name)} == {""}


class TestReplaying:
    def test_an_answer_that_nobody_asks_for_is_a_failure(self) -> None:
        with pytest.raises(AssertionError, match="played only in part: 0 of 3 answers"), replay("truedy/contacts"):
            pass

    def test_a_request_that_is_not_in_the_cassette_is_not_sent(self, connect: Connect) -> None:
        client = connect("truedy")
        with pytest.raises(CannotOverwriteExistingCassetteException), replay("truedy/campaign"):
            client.get_campaign("another-one")

    def test_an_answer_is_given_once(self, connect: Connect) -> None:
        client = connect("truedy")
        with replay("truedy/campaign"):
            client.get_campaign("batch_9e3817e8")
            with pytest.raises(CannotOverwriteExistingCassetteException):
                client.get_campaign("batch_9e3817e8")
