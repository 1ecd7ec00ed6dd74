"""No message, repr, log line or traceback holds an API key or a whole phone number."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tests.bothways import VENDORS, AnyClient, Connect
from tests.client.conftest import Visitor
from tests.client.rawserver import saying, serving
from tests.client.replies import CAMPAIGN, CONTACT, READ, Replies, Reply, one, page, refusal
from unibatch import (
    ConnectionLost,
    InvalidInput,
    InvalidRequest,
    ProviderError,
    Start,
    TransportError,
    UnibatchError,
    read_contacts,
)
from unibatch.client import one_connection
from unibatch.client.transport import httpx

KEY = "sk_live_5f0c2ba1d9e84"
PHONE = "+12125550123"
DIGITS = PHONE[1:]
ECHO = f"the key {KEY} may not call {PHONE}, that is {DIGITS} or 212-555-0123"
MASKED = "the key *** may not call +12*******23, that is 12*******23 or 21*-***-**23"

FAILURES: dict[str, Reply | Exception] = {
    "400": Reply(400, ECHO),
    "401": Reply(401, ECHO),
    "500": Reply(500, f"<html>{ECHO}</html>"),
    "HTML": Reply(200, f"<html>{ECHO}</html>"),
    "cut off": Reply(200, f'{{"data": "{ECHO}'),
    "another type": Reply(200, {"data": ECHO, "contacts": ECHO, "batchJobs": ECHO}),
    "redirect": Reply(302, headers={"Location": f"https://evil.example/?key={KEY}&phone={DIGITS}"}),
    "no connection": httpx.ConnectError(ECHO),
    "lost connection": httpx.ReadError(ECHO),
    "no time": httpx.ReadTimeout(ECHO),
}


def tells(text: str) -> list[str]:
    return [secret for secret in (KEY, DIGITS, "212-555-0123") if secret in text]


@pytest.mark.parametrize("vendor", VENDORS)
class TestErrors:
    def test_what_the_vendor_echoes_is_masked(self, connect: Connect, vendor: str) -> None:
        client = connect(vendor, api_key=KEY, answer=Replies(Reply(403, refusal(vendor, f"denied_{KEY}", ECHO))))
        with pytest.raises(ProviderError) as caught:
            client.get_campaign("c-1")
        error = caught.value
        assert (error.message, error.code) == (MASKED, "denied_***")
        assert tells(str(error) + repr(error) + repr(client)) == []

    @pytest.mark.parametrize("read", READ.values(), ids=READ.keys())
    @pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
    def test_no_failure_tells_in_its_message_or_in_the_log(
        self,
        connect: Connect,
        vendor: str,
        failure: Reply | Exception,
        read: Callable[[AnyClient], object],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        client = connect(vendor, api_key=KEY, answer=Replies(failure))
        with pytest.raises(UnibatchError) as caught:
            read(client)
        assert tells(str(caught.value) + repr(caught.value) + caplog.text) == []


ECHOES = [
    ("truedy", {"detail": [{"loc": ["body", PHONE], "msg": ECHO, "type": "x"}]}),
    ("truedy", {"error": {"code": "x", "message": "y", "details": {"field": PHONE, "reason": ECHO}}}),
    ("techladder", {"message": "y", "error": {"code": "x", "details": [f"{PHONE}: {ECHO}"]}}),
]


@pytest.mark.parametrize(("vendor", "body"), ECHOES)
def test_rejected_fields_and_their_reasons_are_masked(connect: Connect, vendor: str, body: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        connect(vendor, api_key=KEY, answer=Replies(Reply(422, body))).get_campaign("c-1")
    assert caught.value.field_errors == {"+12*******23": MASKED}
    assert tells(str(caught.value)) == []


def test_a_key_of_the_answer_that_is_a_number_is_not_told(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    job = {**CAMPAIGN["talkifai"], "statusBreakdown": {PHONE: "many"}}
    connect("talkifai", api_key=KEY, answer=Replies(Reply(body=job))).get_campaign("job_1")
    assert "$.statusBreakdown." in caplog.text
    assert tells(caplog.text) == []


class TestWrongArguments:
    @pytest.mark.parametrize("given", [PHONE, "020 7946 0018"])
    @pytest.mark.parametrize(
        "call",
        [
            lambda client, given: client.list_contacts("c-1", status=given),
            lambda client, given: client.list_contacts("c-1", status=[given]),
            lambda client, given: client.list_contacts("c-1", external_id=[given]),
            lambda client, given: client.get_campaign([given]),
            lambda _client, given: Start.parse(given),
            lambda _client, given: read_contacts([given], columns={given: "phone_number", "a": "phone_number"}),
            lambda _client, given: read_contacts([], region=given),
            lambda _client, given: read_contacts(f"{given}.csv"),
        ],
    )
    def test_a_number_that_is_given_is_not_told(
        self, connect: Connect, call: Callable[[AnyClient, str], object], given: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            call(connect("techladder", api_key=KEY, answer=Replies(Reply())), given)
        assert given not in str(caught.value)


class TestTracebacks:
    @pytest.mark.parametrize(
        "answer",
        [
            f"{ECHO} says Ada\r\n\r\n",
            f"HTTP/1.1 200 OK\r\nAda {ECHO}\r\n\r\n",
            f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nAda {ECHO}\r\n",
        ],
    )
    @pytest.mark.parametrize("is_pooled", [False, True])  # by httpcore, which reads what comes through a proxy
    def test_an_answer_that_is_not_http_is_not_quoted(
        self, connect: Connect, monkeypatch: pytest.MonkeyPatch, answer: str, *, is_pooled: bool
    ) -> None:
        if is_pooled:
            monkeypatch.setattr(one_connection, "_SEND", None)
            monkeypatch.setattr(one_connection, "_ASYNC_SEND", None)
        with serving(saying(answer.encode())) as server:
            client = connect("truedy", api_key=KEY, base_url=server.url)
            with pytest.raises(ConnectionLost) as caught:
                client.get_campaign("c-1")
        shown = "".join(traceback.format_exception(caught.value))
        link: BaseException | None = caught.value
        while link is not None:
            shown += str(link)
            link = link.__cause__ or link.__context__
        assert tells(shown) == []
        assert "Ada" not in shown

    def test_a_transport_failure_tells_nothing(self, connect: Connect, unused_port: int) -> None:
        client = connect("truedy", api_key=KEY, base_url=f"http://127.0.0.1:{unused_port}")
        with pytest.raises(TransportError) as caught:
            client.get_campaign("c-1")
        assert tells("".join(traceback.format_exception(caught.value))) == []

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_refusal_tells_nothing(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(403, refusal(vendor, "denied", ECHO)))
        with pytest.raises(ProviderError) as caught:
            connect(vendor, api_key=KEY, answer=server).get_campaign("c-1")
        assert tells("".join(traceback.format_exception(caught.value))) == []


class TestReprs:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_contact_tells_nothing(self, connect: Connect, vendor: str) -> None:
        number = "phoneNumber" if vendor == "talkifai" else "phone_number"
        row = {**CONTACT[vendor], number: PHONE, "name": f"Call me at {PHONE}", "contactData": {"phone": PHONE}}
        [contact] = connect(vendor, answer=Replies(Reply(body=page(vendor, row)))).list_contacts("c-1")
        assert contact.phone_number == PHONE
        assert tells(repr(contact)) == []

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_campaign_tells_nothing(self, connect: Connect, vendor: str) -> None:
        body = one(vendor, {**CAMPAIGN[vendor], "from_number": PHONE, "did_number": DIGITS, "fromPhoneNumberId": PHONE})
        campaign = connect(vendor, answer=Replies(Reply(body=body))).get_campaign("c-1")
        assert campaign.from_numbers
        assert tells(repr(campaign)) == []


class TestLog:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_listing_leaves_neither_key_nor_numbers_in_any_log(
        self, visit: Visitor, vendor: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        at = visit(vendor)
        campaign_id = at.sandbox.create(vendor, 3)
        caplog.set_level(logging.DEBUG)
        contacts = list(at.client.list_contacts(campaign_id))
        secrets = {at.sandbox.api_key(vendor), *(contact.phone_number[1:] for contact in contacts)}
        assert caplog.text
        assert [secret for secret in secrets if secret in caplog.text] == []

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_each_request_is_one_line_at_debug(
        self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="unibatch")
        server = Replies(Reply(body=one(vendor, CAMPAIGN[vendor])))
        connect(vendor, api_key=KEY, answer=server).get_campaign("c-1")
        [line] = [record.getMessage() for record in caplog.records if record.name == "unibatch"]
        assert line.startswith(f"{vendor} get_campaign: GET {server.urls[0]} -> 200, ")

    @pytest.mark.parametrize("external_id", [PHONE, DIGITS, f"id {PHONE}"])
    def test_a_number_in_a_filter_is_masked(
        self, connect: Connect, external_id: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="unibatch")
        server = Replies(Reply(body=page("techladder")))
        list(connect("techladder", api_key=KEY, answer=server).list_contacts("sched_1", external_id=external_id))
        assert tells(caplog.text) == []

    def test_a_number_in_an_unknown_status_word_is_masked(
        self, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        row = {**CONTACT["truedy"], "call_status": f"forwarded to {PHONE}"}
        list(connect("truedy", answer=Replies(Reply(body=page("truedy", row)))).list_contacts("c-1"))
        assert tells(caplog.text) == []
