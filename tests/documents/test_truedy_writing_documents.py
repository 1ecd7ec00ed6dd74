"""The two examples of a 200 on Truedy's page "Add Contacts to Batch Call".

The client of this version only reads and decodes neither of them; what answers like that is the sandbox. Both are
transcribed here as they stand on the page: the one of the schema, under ``examples: success``, and the other, under
``example``, which contradicts the schema. The sandbox gives whichever of the two shapes it is set to.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

import unibatch.sandbox
from unibatch.sandbox import Sandbox

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
def test_the_sandbox_answers_with_the_documented_keys(sandbox: Sandbox, shape: str, documented: dict[str, Any]) -> None:
    answer = contacts_added(sandbox, shape)
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == documented.keys()
    assert body["data"].keys() == documented["data"].keys()
    assert body["meta"].keys() == documented["meta"].keys()


@both_shapes
def test_the_values_are_of_the_documented_types(sandbox: Sandbox, shape: str, documented: dict[str, Any]) -> None:
    body = contacts_added(sandbox, shape).json()
    assert {key: type(value) for key, value in body["data"].items()} == dict.fromkeys(documented["data"], int)
    assert isinstance(body["meta"]["request_id"], str)
    assert (
        datetime.fromisoformat(body["meta"]["ts"]).utcoffset()
        == datetime.fromisoformat(documented["meta"]["ts"]).utcoffset()
    )


def test_the_example_of_the_schema_answers_the_example_of_a_request(sandbox: Sandbox) -> None:
    assert contacts_added(sandbox, "schema").json()["data"] == OF_SCHEMA["data"]
