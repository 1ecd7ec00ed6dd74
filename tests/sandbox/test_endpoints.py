"""Each documented endpoint is there, and nothing else is."""

from __future__ import annotations

import httpx
import pytest

from tests.bothways import VENDORS
from tests.sandbox.conftest import CREATE, READ
from unibatch.sandbox import Sandbox
from unibatch.sandbox.vendors import VENDORS as CLASSES

DOCUMENTED = {
    "truedy": {
        "GET /batch-calls",
        "POST /batch-calls",
        "GET /batch-calls/{id}",
        "PATCH /batch-calls/{id}",
        "POST /batch-calls/bulk-delete",
        "POST /batch-calls/{id}/schedule",
        "POST /batch-calls/{id}/pause",
        "POST /batch-calls/{id}/resume",
        "GET /batch-calls/{id}/contacts",
        "POST /batch-calls/{id}/contacts",
    },
    "techladder": {
        "GET /me",
        "GET /call-batches",
        "POST /call-batches",
        "GET /call-batches/{id}",
        "GET /call-batches/{id}/calls",
    },
    "talkifai": {
        "POST /batch/create",
        "GET /batch/jobs",
        "GET /batch/jobs/{id}",
        "POST /batch/jobs/{id}/start",
        "POST /batch/jobs/{id}/cancel",
        "PATCH /batch/jobs/{id}/reschedule",
    },
}
CAMPAIGN = {"truedy": "/batch-calls/", "techladder": "/call-batches/", "talkifai": "/batch/jobs/"}


def error_of(vendor: str, answer: httpx.Response) -> str:
    """The code of an error, from the place where the vendor's envelope has it."""
    body = answer.json()
    if vendor == "talkifai":
        assert body["success"] is False
        assert isinstance(body["error"], str)
        return str(body["code"])
    if vendor == "techladder":
        assert body["data"] is None
        assert body["status_code"] == answer.status_code
        assert all(isinstance(detail, str) for detail in body["error"]["details"])
    return str(body["error"]["code"])


def test_what_is_documented_answers_and_nothing_else_is_there(
    sandbox: Sandbox, client: httpx.Client, vendor: str
) -> None:
    (built,) = (one.endpoints for one in CLASSES if one.name == vendor)
    assert {f"{method} {path}" for method, path in built} == DOCUMENTED[vendor]
    for method, template in built:
        path = template.replace("{id}", sandbox.create(vendor, 1))
        answer = client.request(method, path, json={} if method != "GET" else None)
        assert answer.status_code not in (404, 405, 500), path


def test_what_is_not_there_is_a_404_in_the_vendor_s_envelope(client: httpx.Client, vendor: str) -> None:
    unknown = "job_not_found" if vendor == "talkifai" else "not_found"
    for path, code in (("/nothing/here", "not_found"), (CAMPAIGN[vendor] + "none", unknown)):
        answer = client.get(path)
        assert (answer.status_code, error_of(vendor, answer).lower()) == (404, code)


def test_another_method_is_a_405_that_names_those_allowed(client: httpx.Client, vendor: str) -> None:
    answer = client.delete(READ[vendor])
    assert answer.status_code == 405
    assert answer.headers["allow"] == ("GET" if vendor == "talkifai" else "GET, POST")
    assert error_of(vendor, answer)
    assert client.head(READ[vendor]).status_code == 405


def test_an_id_is_percent_decoded_and_an_encoded_slash_stays_inside(sandbox: Sandbox, truedy: httpx.Client) -> None:
    campaign = sandbox.create("truedy", 1).replace("_", "%5F")
    assert truedy.get(f"/batch-calls/{campaign}").status_code == 200
    answer = truedy.get("/batch-calls/a%2Fcontacts")
    assert answer.json()["error"]["details"] == {"resource": "batch_call", "id": "a/contacts"}


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Basic sandbox"])
def test_without_a_valid_key_it_is_a_401(sandbox: Sandbox, vendor: str, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    answer = httpx.get(sandbox.base_url(vendor) + READ[vendor], headers=headers, trust_env=False)
    assert (answer.status_code, error_of(vendor, answer).lower()) == (401, "unauthorized")


@pytest.mark.parametrize(("kind", "status"), [("no_credits", 402), ("forbidden", 403)])
def test_special_keys_are_refused(sandbox: Sandbox, client: httpx.Client, vendor: str, kind: str, status: int) -> None:
    key = sandbox.api_key(vendor, kind=kind)
    answer = client.get(READ[vendor], headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == status
    assert error_of(vendor, answer)


def test_talkifai_takes_its_key_in_another_header_too(sandbox: Sandbox) -> None:
    url = sandbox.base_url("talkifai") + READ["talkifai"]
    answer = httpx.get(url, headers={"X-API-Key": sandbox.api_key("talkifai")}, trust_env=False)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        *((body, "application/json") for body in (b"", b"{", b"[]", b'{"name": NaN}', b'"text"', b"\xff\xfe")),
        (b"{}", "text/plain"),
    ],
)
def test_a_body_that_is_no_json_object_is_a_400(
    client: httpx.Client, vendor: str, body: bytes, media_type: str
) -> None:
    answer = client.post(CREATE[vendor], content=body, headers={"content-type": media_type})
    assert answer.status_code == 400
    assert error_of(vendor, answer)


def test_a_campaign_is_found_at_its_own_vendor_only(sandbox: Sandbox, client: httpx.Client, vendor: str) -> None:
    for other in VENDORS:
        answer = client.get(CAMPAIGN[vendor] + sandbox.create(other, 1))
        assert answer.status_code == (200 if other == vendor else 404)
