"""The two examples of a 200 on Truedy's page "Add Contacts to Batch Call".

Both are transcribed here as they stand on the page: the one of the schema, under ``examples: success``, and the other,
under ``example``, which contradicts the schema. The provider understands both, and the sandbox gives whichever of the
two it is set to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

import unibatch.sandbox
from unibatch.client.transport import httpx
from unibatch.core.draft import ContactDraft
from unibatch.core.preflight import compose_contacts
from unibatch.core.provider import Added
from unibatch.providers.truedy import Truedy
from unibatch.sandbox import Sandbox
from unibatch.testing import play
from unibatch.testing.flows import Played

OF_SCHEMA: dict[str, Any] = {
    "data": {"added_count": 1, "failed_count": 0},
    "meta": {"request_id": "req_32e7531c-8", "ts": "2026-03-10T17:00:00.000000Z"},
}

OF_EXAMPLE: dict[str, Any] = {
    "data": {"added": 150, "duplicates_skipped": 5, "invalid_skipped": 2, "total_contacts": 655},
    "meta": {"request_id": "req_32e7531c", "ts": "2026-04-05T10:22:00Z"},
}

REQUEST = {"contacts": [{"phone_number": "+15551234567", "first_name": "John", "last_name": "Doe"}]}
"""The page's example of a request."""

both_shapes = pytest.mark.parametrize(
    ("shape", "documented"),
    [pytest.param("schema", OF_SCHEMA, id="schema"), pytest.param("example", OF_EXAMPLE, id="example")],
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with unibatch.sandbox.serve(seeded=False) as sandbox:
        yield sandbox


def contacts_added(sandbox: Sandbox, shape: str) -> httpx.Response:
    """What the sandbox answers to the page's request."""
    campaign_id = sandbox.create("truedy", 1, shape=shape)
    return httpx.post(
        f"{sandbox.base_url('truedy')}/batch-calls/{campaign_id}/contacts",
        json=REQUEST,
        headers={"Authorization": f"Bearer {sandbox.api_key('truedy')}"},
        trust_env=False,
    )


@both_shapes
def test_the_sandbox_answers_with_the_documented_form(sandbox: Sandbox, shape: str, documented: dict[str, Any]) -> None:
    answer = contacts_added(sandbox, shape)
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == documented.keys()
    assert body["meta"].keys() == documented["meta"].keys()
    assert {key: type(value) for key, value in body["data"].items()} == dict.fromkeys(documented["data"], int)
    assert isinstance(body["meta"]["request_id"], str)
    assert (
        datetime.fromisoformat(body["meta"]["ts"]).utcoffset()
        == datetime.fromisoformat(documented["meta"]["ts"]).utcoffset()
    )


def test_the_example_of_the_schema_answers_the_example_of_a_request(sandbox: Sandbox) -> None:
    assert contacts_added(sandbox, "schema").json()["data"] == OF_SCHEMA["data"]


def person(index: int) -> str:
    return f"+1555{1_234_567 + index}"


def rows(*numbers: str) -> dict[str, Any]:
    contacts = [{"contact_id": f"ctc_{number}", "phone_number": number, "call_status": "pending"} for number in numbers]
    return {"data": contacts, "pagination": {"total": len(contacts), "limit": 100, "offset": 0, "has_more": False}}


def added(answer: dict[str, Any], sent: int, *afterwards: Any) -> Played[Added]:
    """What the provider makes of an answer to so many contacts, sent to a campaign that had none."""
    provider = Truedy({})
    bodies, _, _ = compose_contacts(provider, [ContactDraft(phone_number=person(index)) for index in range(sent)])
    campaign = {"data": {"id": "batch_1", "status": "draft", "total_contacts": 0}}
    flow = provider.add_contacts("batch_1", bodies, lambda _settled, _total: None)
    return play(flow, campaign, rows(), answer, *afterwards)


def test_what_is_sent_is_the_documented_request_of_one_contact() -> None:
    provider = Truedy({})
    contact = ContactDraft(phone_number="+15551234567", first_name="John", last_name="Doe")
    bodies, _, _ = compose_contacts(provider, [contact])
    (request,) = provider.addition("batch_1", list(bodies.values()))
    assert (request.method, request.path) == ("POST", "/batch-calls/batch_1/contacts")
    assert json.loads(request.content) == REQUEST


@pytest.mark.parametrize(("answer", "sent"), [(OF_SCHEMA, 1), (OF_EXAMPLE, 150)], ids=["schema", "example"])
def test_an_answer_that_counts_everybody_settles_it(answer: dict[str, Any], sent: int) -> None:
    """Of the example, that is so if as many were sent as it says were added."""
    played = added(answer, sent)
    assert len(played.requests) == 3
    assert played.value == Added(sent, added=[person(index) for index in range(sent)])


@pytest.mark.parametrize(
    ("answer", "remark"),
    [
        ({"data": {"added_count": 1, "failed_count": 1}}, "1 failed"),
        ({"data": {"added": 1, "duplicates_skipped": 0, "invalid_skipped": 1, "total_contacts": 1}}, "1 invalid"),
        ({"data": {"added": 1, "duplicates_skipped": 1, "invalid_skipped": 0, "total_contacts": 1}}, "1 repeated"),
        ({"data": {"added": 1}}, "1 added"),
    ],
)
def test_an_answer_that_counts_fewer_is_settled_by_looking(answer: dict[str, Any], remark: str) -> None:
    played = added(answer, 2, rows(person(1)))
    assert played.value == Added(
        2,
        added=[person(1)],
        rejected={person(0): f"Truedy did not take it; of that request it says: {remark}"},
    )


def test_an_answer_without_a_count_is_settled_by_looking() -> None:
    played = added({"data": {"total_contacts": 1}}, 1, rows(person(0)))
    assert played.value == Added(1, added=[person(0)])
