"""Answers that say 200 and are not what the vendor documents."""

from __future__ import annotations

import gzip
import json
from typing import Any

import attrs
import pytest

from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.conftest import Visitor
from tests.client.replies import CAMPAIGN, CONTACT, ID, READ, Replies, Reply, one, page
from unibatch import AuthenticationError, MalformedResponse, NotFound, ProviderError, RateLimited, ServerError

WHERE_ROWS_ARE = {"truedy": "$.data", "techladder": "$.data.items", "talkifai": "$.contacts"}
WHERE_CAMPAIGNS_ARE = {"truedy": "$.data", "techladder": "$.data.items", "talkifai": "$.batchJobs"}


def malformed(
    connect: Connect, vendor: str, body: Any, operation: str = "list_contacts", **headers: str
) -> MalformedResponse:
    client = connect(vendor, answer=Replies(Reply(200, body, headers)))
    with pytest.raises(MalformedResponse) as caught:
        READ[operation](client)
    return caught.value


NO_OBJECT = {
    "HTML": b"<html>Sign in to the hotel's network</html>",
    "empty": b"",
    "blank": b" \r\n",
    "cut off": b'{"meta": {"request_id": "req_7", "ts": "2026-03',
    "no JSON at all": b'{"data": nothing}',
    "nested without end": b"[" * 100_000,
    **{word: word.encode() for word in ("null", "[]", "5", '"text"', "true")},
}


@ONE_CLIENT
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("operation", READ)
def test_an_answer_that_is_no_json_object_is_wrong_as_a_whole(connect: Connect, vendor: str, operation: str) -> None:
    for what, body in NO_OBJECT.items():
        error = malformed(connect, vendor, body, operation)
        assert (what, error.operation, error.http_status, error.path) == (what, operation, 200, "$")


@ONE_CLIENT
def test_an_empty_body_is_called_empty(connect: Connect) -> None:
    assert malformed(connect, "truedy", b"").reason == "the body is empty"


@attrs.frozen
class Wrong:
    vendor: str
    operation: str
    body: Any
    path: str


def with_contact(vendor: str, **changes: Any) -> dict[str, Any]:
    good = CONTACT[vendor]
    return page(vendor, good, {**good, ID[vendor]: "second"}, {**good, ID[vendor]: "third", **changes})


def with_campaign(vendor: str, **changes: Any) -> dict[str, Any]:
    return one(vendor, {**CAMPAIGN[vendor], **changes})


WRONG = [
    Wrong("truedy", "list_contacts", {"data": None}, "$.data"),
    Wrong("truedy", "list_contacts", {"data": {}}, "$.data"),
    Wrong("truedy", "list_contacts", {"data": {}, "pagination": {"total": 0}}, "$.data"),
    Wrong("truedy", "list_contacts", {"data": None, "pagination": {"total": 3}}, "$.data"),
    Wrong("truedy", "list_contacts", {"data": None, "pagination": {"total": 0, "has_more": True}}, "$.data"),
    Wrong("truedy", "list_contacts", {"data": [[]]}, "$.data[0]"),
    Wrong("truedy", "list_contacts", with_contact("truedy", contact_id=5, first_name=5), "$.data[2].contact_id"),
    Wrong("truedy", "list_contacts", {"data": [None]}, "$.data[0]"),
    Wrong("truedy", "list_contacts", with_contact("truedy", call_status=5), "$.data[2].call_status"),
    Wrong("truedy", "list_contacts", with_contact("truedy", contact_id=None), "$.data[2].contact_id"),
    Wrong("truedy", "list_contacts", with_contact("truedy", contact_id=""), "$.data[2].contact_id"),
    Wrong("truedy", "get_campaign", {"data": None}, "$.data"),
    Wrong("truedy", "get_campaign", {"data": []}, "$.data"),
    Wrong("truedy", "get_campaign", {}, "$.data"),
    Wrong("truedy", "get_campaign", with_campaign("truedy", id=None), "$.data.id"),
    Wrong("truedy", "get_campaign", with_campaign("truedy", id=""), "$.data.id"),
    Wrong("truedy", "list_campaigns", {"data": {"items": []}}, "$.data"),
    Wrong("techladder", "list_contacts", {"data": None}, "$.data"),
    Wrong("techladder", "list_contacts", {"data": []}, "$.data"),
    Wrong("techladder", "list_contacts", {"data": {"items": {}}}, "$.data.items"),
    Wrong("techladder", "list_contacts", {"data": {"items": None}}, "$.data.items"),
    Wrong("techladder", "list_contacts", with_contact("techladder", status=False), "$.data.items[2].status"),
    Wrong("techladder", "list_contacts", with_contact("techladder", call_id=None), "$.data.items[2].call_id"),
    Wrong("techladder", "get_campaign", with_campaign("techladder", schedule_id=None), "$.data.schedule_id"),
    Wrong("techladder", "list_campaigns", {"data": {"items": "none"}}, "$.data.items"),
    Wrong("talkifai", "list_contacts", {"contacts": None}, "$.contacts"),
    Wrong("talkifai", "list_contacts", {"contacts": {}}, "$.contacts"),
    Wrong("talkifai", "list_contacts", {"contacts": [], "status": 5}, "$.status"),
    Wrong("talkifai", "list_contacts", with_contact("talkifai", id="\ud83d"), "$.contacts[2].id"),
    Wrong("talkifai", "list_contacts", with_contact("talkifai", id=""), "$.contacts[2].id"),
    Wrong("talkifai", "list_campaigns", {"batchJobs": {}}, "$.batchJobs"),
    Wrong("talkifai", "list_campaigns", {"batchJobs": [{"id": 5}]}, "$.batchJobs[0].id"),
]


@ONE_CLIENT
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.vendor}-{wrong.operation}-{wrong.path}")
def test_the_path_to_what_is_wrong_is_in_the_vendors_spelling(connect: Connect, wrong: Wrong) -> None:
    assert malformed(connect, wrong.vendor, wrong.body, wrong.operation).path == wrong.path


@ONE_CLIENT
class TestError:
    def test_it_keeps_the_request_id_of_truedys_envelope(self, connect: Connect) -> None:
        body = {"data": None, "meta": {"request_id": "req_7"}}
        assert malformed(connect, "truedy", body).request_id == "req_7"

    @pytest.mark.parametrize("vendor", ["techladder", "talkifai"])
    def test_it_keeps_the_request_id_of_a_header(self, connect: Connect, vendor: str) -> None:
        assert malformed(connect, vendor, b"<html>", **{"X-Request-Id": "r-9"}).request_id == "r-9"

    def test_its_message_names_vendor_operation_subject_request_and_path(self, connect: Connect) -> None:
        message = str(malformed(connect, "truedy", {"data": None, "meta": {"request_id": "req_7"}}))
        assert message.startswith(
            "truedy list_contacts of 'c-1': the answer is not what the vendor documents (HTTP 200, request req_7): "
        )
        assert message.endswith(" at $.data")


class TestCompression:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_compressed_answer_is_read(self, connect: Connect, vendor: str) -> None:
        body = gzip.compress(json.dumps(page(vendor, CONTACT[vendor])).encode())
        client = connect(vendor, answer=Replies(Reply(200, body, {"Content-Encoding": "gzip"})))
        assert len(list(client.list_contacts("c-1"))) == 1

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_broken_one_is_malformed(self, visit: Visitor, vendor: str) -> None:
        at = visit(vendor)
        at.sandbox.fail(vendor, body=b"this is not gzip", headers={"content-encoding": "gzip"})
        with pytest.raises(MalformedResponse, match="cannot be decompressed") as caught:
            at.client.get_campaign("c-1")
        assert (caught.value.operation, caught.value.path) == ("get_campaign", "$")

    @pytest.mark.parametrize(
        ("status", "kind"), [(401, AuthenticationError), (404, NotFound), (429, RateLimited), (500, ServerError)]
    )
    def test_a_broken_refusal_is_still_that_refusal(
        self, visit: Visitor, status: int, kind: type[ProviderError]
    ) -> None:
        at = visit("truedy")
        at.sandbox.fail("truedy", status=status, body=b"this is not gzip", headers={"content-encoding": "gzip"})
        with pytest.raises(kind) as caught:
            at.client.get_campaign("c-1")
        assert caught.value.http_status == status
