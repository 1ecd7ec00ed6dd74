"""Each documented endpoint is there, and nothing else is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from unibatch.sandbox import Sandbox
from unibatch.sandbox.vendors import VENDORS as CLASSES

DOCUMENTED = {
    "truedy": (
        ("GET", "/batch-calls"),
        ("POST", "/batch-calls"),
        ("GET", "/batch-calls/{id}"),
        ("PATCH", "/batch-calls/{id}"),
        ("POST", "/batch-calls/bulk-delete"),
        ("POST", "/batch-calls/{id}/schedule"),
        ("POST", "/batch-calls/{id}/pause"),
        ("POST", "/batch-calls/{id}/resume"),
        ("GET", "/batch-calls/{id}/contacts"),
        ("POST", "/batch-calls/{id}/contacts"),
    ),
    "techladder": (
        ("GET", "/me"),
        ("GET", "/call-batches"),
        ("POST", "/call-batches"),
        ("GET", "/call-batches/{id}"),
        ("GET", "/call-batches/{id}/calls"),
    ),
    "talkifai": (
        ("POST", "/batch/create"),
        ("GET", "/batch/jobs"),
        ("GET", "/batch/jobs/{id}"),
        ("POST", "/batch/jobs/{id}/start"),
        ("POST", "/batch/jobs/{id}/cancel"),
        ("PATCH", "/batch/jobs/{id}/reschedule"),
    ),
}
BUILT = {vendor.name: vendor.endpoints for vendor in CLASSES}
EVERY = [(vendor, method, path) for vendor, endpoints in DOCUMENTED.items() for method, path in endpoints]
VENDORS = tuple(DOCUMENTED)


def error_of(vendor: str, answer: httpx.Response) -> Any:
    """The code of an error, from the place where the vendor's envelope has it."""
    body = answer.json()
    if vendor == "talkifai":
        assert body["success"] is False
        assert isinstance(body["error"], str)
        return body["code"]
    if vendor == "techladder":
        assert body["data"] is None
        assert body["status_code"] == answer.status_code
        assert all(isinstance(detail, str) for detail in body["error"]["details"])
    return body["error"]["code"]


@pytest.mark.parametrize(("vendor", "method", "path"), EVERY)
def test_a_documented_endpoint_answers(
    sandbox: Sandbox, client: httpx.Client, vendor: str, method: str, path: str
) -> None:
    path = path.replace("{id}", sandbox.create(vendor, 1))
    answer = client.request(method, path, json={} if method != "GET" else None)
    assert answer.status_code not in (404, 405, 500)


def test_the_table_of_endpoints_is_the_documented_one(vendor: str) -> None:
    assert set(BUILT[vendor]) == set(DOCUMENTED[vendor])


@pytest.mark.parametrize(
    ("vendor", "code"), [("truedy", "not_found"), ("techladder", "NOT_FOUND"), ("talkifai", "not_found")]
)
def test_an_unknown_path_is_a_404_in_the_vendors_envelope(client: httpx.Client, vendor: str, code: str) -> None:
    answer = client.get("/nothing/here")
    assert (answer.status_code, error_of(vendor, answer)) == (404, code)


@pytest.mark.parametrize(
    ("vendor", "path", "allowed"),
    [
        ("truedy", "/batch-calls", "GET, POST"),
        ("techladder", "/call-batches", "GET, POST"),
        ("talkifai", "/batch/jobs", "GET"),
    ],
)
def test_another_method_is_a_405_that_names_those_allowed(
    client: httpx.Client, vendor: str, path: str, allowed: str
) -> None:
    answer = client.delete(path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert error_of(vendor, answer)


@pytest.mark.parametrize(("vendor", "path"), [("truedy", "/batch-calls"), ("talkifai", "/batch/jobs")])
def test_head_is_no_documented_method(client: httpx.Client, vendor: str, path: str) -> None:
    assert client.head(path).status_code == 405


def test_an_id_is_percent_decoded(sandbox: Sandbox, truedy: httpx.Client) -> None:
    campaign = sandbox.create("truedy", 1).replace("_", "%5F")
    assert truedy.get(f"/batch-calls/{campaign}").status_code == 200


def test_an_encoded_slash_stays_inside_the_id(truedy: httpx.Client) -> None:
    answer = truedy.get("/batch-calls/a%2Fcontacts")
    assert answer.json()["error"]["details"] == {"resource": "batch_call", "id": "a/contacts"}


UNKNOWN = {
    "truedy": ("/batch-calls/batch_none", "not_found"),
    "techladder": ("/call-batches/sched_none", "NOT_FOUND"),
    "talkifai": ("/batch/jobs/none", "job_not_found"),
}


def test_an_unknown_campaign_is_a_404(client: httpx.Client, vendor: str) -> None:
    path, code = UNKNOWN[vendor]
    answer = client.get(path)
    assert (answer.status_code, error_of(vendor, answer)) == (404, code)


ANY_READ = {
    "truedy": "/batch-calls",
    "techladder": "/call-batches",
    "talkifai": "/batch/jobs?organizationId=org_sandbox",
}


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer", "Basic sandbox"])
def test_without_a_valid_key_it_is_a_401(sandbox: Sandbox, vendor: str, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    answer = httpx.get(sandbox.base_url(vendor) + ANY_READ[vendor], headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert error_of(vendor, answer).lower() == "unauthorized"


@pytest.mark.parametrize(("kind", "status"), [("no_credits", 402), ("forbidden", 403)])
def test_special_keys_are_refused(sandbox: Sandbox, client: httpx.Client, vendor: str, kind: str, status: int) -> None:
    key = sandbox.api_key(vendor, kind=kind)
    answer = client.get(ANY_READ[vendor], headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == status
    assert error_of(vendor, answer)


def test_talkifai_takes_its_key_in_another_header_too(sandbox: Sandbox) -> None:
    url = sandbox.base_url("talkifai") + ANY_READ["talkifai"]
    answer = httpx.get(url, headers={"X-API-Key": sandbox.api_key("talkifai")}, trust_env=False)
    assert answer.status_code == 200


CREATE = {"truedy": "/batch-calls", "techladder": "/call-batches", "talkifai": "/batch/create"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": NaN}', b'"text"', b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_a_400(client: httpx.Client, vendor: str, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post(CREATE[vendor], content=body, headers=headers)
    assert answer.status_code == 400
    assert error_of(vendor, answer)


def test_json_must_be_sent_as_json(client: httpx.Client, vendor: str) -> None:
    answer = client.post(CREATE[vendor], content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 400


def test_a_campaign_is_listed_among_the_vendors_own_only(sandbox: Sandbox, client: httpx.Client, vendor: str) -> None:
    others = [name for name in VENDORS if name != vendor]
    for other in others:
        path = UNKNOWN[vendor][0].rsplit("/", 1)[0] + "/" + sandbox.create(other, 1)
        assert client.get(path).status_code == 404
