"""Webhooks: who may have sent them, what they say, and that no bytes make anything else of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import unibatch
from tests.contract.kestrel import Kestrel
from tests.webhooks.signing import MESSAGES, NOW, SECRET, SIGN, STAMP, as_bytes, changed, mac, talkifai, truedy
from unibatch import CallStatus, CampaignStatus, EventType, provider_api, to_dict
from unibatch.webhooks import HmacSignature, SharedSecret, receive

OTHER = "whsec_of_last_month"


def received(vendor: Any, headers: Any, body: bytes, **how: Any) -> Any:
    """The only event."""
    (event,) = receive(vendor, headers, body, **{"secrets": SECRET, "now": NOW, **how})
    return event


@pytest.fixture(params=SIGN)
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestSignatures:
    def test_one_that_the_vendor_made_is_accepted(self, vendor: str) -> None:
        body = as_bytes(MESSAGES[vendor])
        event = received(vendor, SIGN[vendor](body), body)
        assert (event.type, event.vendor_type, event.id) == (EventType.CALL_ENDED, "call.ended", "evt_1")
        assert (event.call_id, event.status, event.duration) == ("call_1", "completed", timedelta(seconds=61.5))
        assert event.occurred_at == datetime(2026, 3, 10, 9, 14, 58, tzinfo=UTC)
        assert event.seen_at == NOW
        assert event.raw == MESSAGES[vendor]

    @pytest.mark.parametrize(
        "shape",
        [
            lambda headers: {name.upper(): value for name, value in headers.items()},
            lambda headers: {name.lower().encode(): value.encode() for name, value in headers.items()},
            lambda headers: list(headers.items()),
            lambda headers: {name: [value] for name, value in headers.items()},
            lambda headers: {name: f" {value}\t" for name, value in headers.items()},
        ],
        ids=["upper case", "bytes", "pairs", "lists", "blanks"],
    )
    def test_headers_come_in_any_form(self, vendor: str, shape: Callable[[Any], Any]) -> None:
        body = as_bytes(MESSAGES[vendor])
        assert received(vendor, shape(SIGN[vendor](body)), body).call_id == "call_1"

    @pytest.mark.parametrize("secrets", [[OTHER, SECRET], (SECRET, OTHER), [SECRET.encode()], {OTHER, SECRET}])
    def test_any_of_several_secrets_will_do(self, vendor: str, secrets: Any) -> None:
        body = as_bytes(MESSAGES[vendor])
        assert received(vendor, SIGN[vendor](body), body, secrets=secrets).call_id == "call_1"

    def test_the_bytes_are_signed_and_not_what_they_mean(self, vendor: str) -> None:
        body = as_bytes(MESSAGES[vendor])
        with pytest.raises(unibatch.InvalidSignature, match="the signature is not that of this body"):
            receive(vendor, SIGN[vendor](body), body + b" ", secrets=SECRET, now=NOW)

    @pytest.mark.parametrize("body", [b"", b"not json", b"[" * 100_000])
    def test_it_is_checked_before_anything_is_parsed(self, vendor: str, body: bytes) -> None:
        with pytest.raises(unibatch.InvalidSignature):
            receive(vendor, SIGN[vendor](body, OTHER), body, secrets=SECRET, now=NOW)

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            (None, "is missing"),
            ([], "is missing"),
            ("", "is missing"),
            ("\u017fha256=", "characters that no signature has"),
            ("\udcff" * 64, "characters that no signature has"),
            (["a" * 64, "a" * 64], "comes several times"),
            ("sha256=" + "g" * 64, "not that of this body"),
            ("sha256=" + "a" * 65, "not that of this body"),
        ],
    )
    def test_what_is_no_signature_is_refused(self, value: Any, said: str) -> None:
        headers = {"X-TalkifAI-Signature": value, "X-Other": None}
        with pytest.raises(unibatch.InvalidSignature, match=said) as caught:
            receive("talkifai", headers, b"{}", secrets=SECRET, now=NOW)
        assert SECRET not in str(caught.value)

    def test_the_prefix_must_be_there(self) -> None:
        body = as_bytes(MESSAGES["talkifai"])
        with pytest.raises(unibatch.InvalidSignature, match="begins with 'sha256='"):
            receive("talkifai", {"X-TalkifAI-Signature": mac(SECRET, body)}, body, secrets=SECRET, now=NOW)

    @pytest.mark.parametrize(
        ("secrets", "said"),
        [
            ((), "no secret was given"),
            ("", "is empty"),
            ([SECRET, "  "], "is empty"),
            ([b""], "is empty"),
            ([None], "a NoneType"),
            (None, "environment variable"),
            (f"{SECRET}\n", "line break"),
            ("\ud800", "not valid Unicode"),
        ],
    )
    def test_no_secret_never_means_no_check(self, vendor: str, secrets: Any, said: str) -> None:
        body = as_bytes(MESSAGES[vendor])
        with pytest.raises(unibatch.ConfigError, match=said):
            receive(vendor, SIGN[vendor](body, ""), body, secrets=secrets, now=NOW)

    def test_with_a_secret_unsigned_ones_are_refused_all_the_same(self, vendor: str) -> None:
        with pytest.raises(unibatch.InvalidSignature, match="is missing"):
            receive(vendor, {}, as_bytes(MESSAGES[vendor]), secrets=SECRET, now=NOW, allow_unsigned=True)

    def test_without_one_they_are_taken_if_the_application_says_so(self, vendor: str) -> None:
        assert received(vendor, {}, as_bytes(MESSAGES[vendor]), secrets=(), allow_unsigned=True).call_id == "call_1"


class TestTimes:
    @pytest.mark.parametrize(
        "stamp", [STAMP, f"{STAMP}.25", f"{STAMP}000", "2026-03-10T09:15:00Z", "2026-03-10t09:15:00z"]
    )
    def test_it_is_unix_or_iso(self, stamp: str) -> None:
        body = changed("truedy", timestamp=None)
        assert received("truedy", truedy(body, stamp=stamp), body).occurred_at.replace(microsecond=0) == NOW

    @pytest.mark.parametrize("seconds", [-300, 300])
    def test_within_five_minutes_to_either_side_it_is_present(self, seconds: int) -> None:
        body = as_bytes(MESSAGES["truedy"])
        assert received("truedy", truedy(body), body, now=NOW + timedelta(seconds=seconds)).call_id == "call_1"

    @pytest.mark.parametrize(("seconds", "said"), [(301, "5.0 minutes old"), (-301, "5.0 minutes ahead")])
    def test_beyond_that_it_is_refused(self, seconds: int, said: str) -> None:
        body = as_bytes(MESSAGES["truedy"])
        with pytest.raises(unibatch.InvalidSignature, match=said):
            receive("truedy", truedy(body), body, secrets=SECRET, now=NOW + timedelta(seconds=seconds))

    @pytest.mark.parametrize(
        "stamp", ["yesterday", "nan", "inf", "1e9", "9" * 15, "9999-99-99", "-1", "0", "2026-03-10"]
    )
    def test_what_is_no_present_time_is_refused_although_it_is_signed(self, stamp: str) -> None:
        body = as_bytes(MESSAGES["truedy"])
        with pytest.raises(unibatch.InvalidSignature):
            receive("truedy", truedy(body, stamp=stamp), body, secrets=SECRET, now=NOW)

    def test_another_time_than_the_signed_one_is_refused(self) -> None:
        body = as_bytes(MESSAGES["truedy"])
        headers = truedy(body) | {"X-Truedy-Timestamp": str(int(STAMP) + 1)}
        with pytest.raises(unibatch.InvalidSignature, match="not that of this body"):
            receive("truedy", headers, body, secrets=SECRET, now=NOW)


class TestUnsigned:
    """TechLadder documents no signature."""

    BODY = as_bytes({"type": "call.done", "id": "evt_1", "data": {"call_id": "call_1", "batch_id": "sched_1"}})

    @pytest.mark.parametrize("secrets", [(), SECRET])
    def test_they_are_refused_with_that_word(self, secrets: Any) -> None:
        with pytest.raises(unibatch.UnsignedWebhook, match="unsigned: techladder documents no signature") as caught:
            receive("techladder", {}, self.BODY, secrets=secrets, now=NOW)
        assert isinstance(caught.value, unibatch.InvalidSignature | unibatch.UnsupportedFeature)

    def test_the_application_can_take_them(self) -> None:
        event = received("techladder", {}, self.BODY, allow_unsigned=True)
        assert (event.type, event.vendor_type, event.campaign_id) == ("unknown", "call.done", "sched_1")

    def test_nothing_in_them_is_documented_so_nothing_must_be_there(self) -> None:
        assert received("techladder", {}, b"{}", allow_unsigned=True).vendor_type is None


class TestMessages:
    @pytest.mark.parametrize(
        ("vendor", "word", "kind", "cls"),
        [
            ("truedy", "call.started", EventType.CALL_STARTED, unibatch.ContactChanged),
            ("truedy", "call.joined", EventType.CALL_ANSWERED, unibatch.ContactChanged),
            ("truedy", "call.completed", EventType.CALL_ENDED, unibatch.ContactChanged),
            ("truedy", "call.failed", EventType.CALL_FAILED, unibatch.ContactChanged),
            ("truedy", "batch.status.changed", EventType.CAMPAIGN_CHANGED, unibatch.CampaignChanged),
            ("truedy", "batch.completed", EventType.CAMPAIGN_FINISHED, unibatch.Finished),
            ("truedy", "call.billed", EventType.UNKNOWN, unibatch.Event),
            ("truedy", "voice.training.failed", EventType.UNKNOWN, unibatch.Event),
            ("talkifai", "call.started", EventType.CALL_STARTED, unibatch.ContactChanged),
            ("talkifai", "call.failed", EventType.CALL_FAILED, unibatch.ContactChanged),
            ("talkifai", "credit.depleted", EventType.CREDIT_LOW, unibatch.Event),
            ("talkifai", "transcript.ready", EventType.UNKNOWN, unibatch.Event),
            ("talkifai", "something.new", EventType.UNKNOWN, unibatch.Event),
        ],
    )
    def test_words_have_a_type_and_a_class(self, vendor: str, word: str, kind: EventType, cls: type) -> None:
        body = changed(vendor, **{"event" if vendor == "truedy" else "type": word})
        event = received(vendor, SIGN[vendor](body), body)
        assert (type(event), event.type, event.vendor_type) == (cls, kind, word)
        assert event.raw["data"]["status"] == "completed"

    @pytest.mark.parametrize(
        "data",
        [{"call": {"callId": "c"}}, {"call_id": "c", "call": None}, {"callId": "c", "call": []}],
    )
    def test_ids_are_looked_for_wherever_they_are_documented(self, data: Any) -> None:
        body = changed("truedy", data={**data, "batch_id": "", "batchId": "batch_2"}, id=None, event_id=7)
        event = received("truedy", truedy(body), body)
        assert (event.call_id, event.campaign_id, event.id) == ("c", "batch_2", "7")

    def test_the_status_of_a_campaign_is_read_with_its_own_words(self) -> None:
        body = changed("truedy", event="batch.status.changed", data={"status": "active"})
        event = received("truedy", truedy(body), body)
        assert (event.status, event.vendor_status) == (CampaignStatus.RUNNING, "active")

    def test_a_new_word_for_a_status_is_kept(self, vendor: str) -> None:
        body = changed(vendor, data={"status": "abducted"})
        event = received(vendor, SIGN[vendor](body), body)
        assert (event.status, event.vendor_status) == (CallStatus.UNKNOWN, "abducted")

    def test_the_webhook_in_beta_is_read_where_unsigned_ones_are_taken(self) -> None:
        data = {"callId": "c", "roomName": "room-1"}
        beta = {"event": "call.ended", "timestamp": "2026-03-10T09:14:58", "data": data}
        event = received("talkifai", {}, as_bytes(beta), secrets=(), allow_unsigned=True)
        assert (event.type, event.call_id, event.dedupe_key) == ("call_ended", "c", "talkifai:call:room-1:over")
        assert event.occurred_at == datetime(2026, 3, 10, 9, 14, 58, tzinfo=UTC)  # without an offset: UTC

    @pytest.mark.parametrize("value", [None, True, [], {}, -1, "61", 1e300, float("nan"), 10**400])
    def test_a_length_that_is_none_is_left_out(self, vendor: str, value: Any) -> None:
        body = changed(vendor, data={"duration": value, "duration_seconds": value})
        assert received(vendor, SIGN[vendor](body), body).duration is None

    @pytest.mark.parametrize("value", ["\ud800", "  ", "x" * 5_000, True, 1.5, [], {"a": "b"}, float("nan")])
    def test_an_id_that_is_none_is_left_out(self, vendor: str, value: Any) -> None:
        body = changed(vendor, id=value, data={"callId": value, "call": {"callId": value}})
        event = received(vendor, SIGN[vendor](body), body)
        assert value != value or event.call_id is None  # noqa: PLR0124 - NaN is read as a text

    @pytest.mark.parametrize(
        "body", [b"", b"\xff", b"3", b'"call.ended"', b"null", b"[]", b"[3]", b"{", b"{}", b'{"data":1}']
    )
    def test_what_is_no_message_is_malformed(self, vendor: str, body: bytes) -> None:
        with pytest.raises(unibatch.MalformedWebhook) as caught:
            receive(vendor, SIGN[vendor](body), body, secrets=SECRET, now=NOW)
        assert caught.value.provider == vendor

    def test_several_messages_in_one_body_are_several_events(self, vendor: str) -> None:
        body = as_bytes([MESSAGES[vendor], json.loads(changed(vendor, data={"call": {"callId": "2"}, "callId": "2"}))])
        events = receive(vendor, SIGN[vendor](body), body, secrets=SECRET, now=NOW)
        assert [event.call_id for event in events] == ["call_1", "2"]

    def test_an_event_can_be_written_as_json(self, vendor: str) -> None:
        body = as_bytes(MESSAGES[vendor])
        plain = json.loads(json.dumps(to_dict(received(vendor, SIGN[vendor](body), body))))
        assert (plain["type"], plain["duration"], plain["raw"]["id"]) == ("call_ended", 61.5, "evt_1")


class TestDedupeKeys:
    def keys(self, vendor: str, *bodies: bytes) -> list[str]:
        return [received(vendor, SIGN[vendor](body), body).dedupe_key for body in bodies]

    def test_what_is_sent_again_has_the_same(self, vendor: str) -> None:
        one, again, other = self.keys(
            vendor, changed(vendor), changed(vendor), changed(vendor, data={"callId": "2", "call": {"callId": "2"}})
        )
        assert one == again != other

    def test_one_end_of_a_call_is_one_thing_in_all_words_and_messages(self) -> None:
        words = ("call.ended", "call.completed", "call.failed")
        bodies = [changed("truedy", event=word, id=f"evt_{word}") for word in words]
        assert set(self.keys("truedy", *bodies)) == {"truedy:call:call_1:over"}

    def test_without_a_call_the_message_is_what_counts(self) -> None:
        bodies = [changed("talkifai", type="credit.low", id=name) for name in ("evt_1", "evt_1", "evt_2")]
        first, again, other = self.keys("talkifai", *bodies)
        assert first == again != other

    def test_without_any_id_the_bytes_are(self) -> None:
        bodies = [changed("talkifai", type="credit.low", id=None, created=time) for time in ("1", "1", "2")]
        first, again, other = self.keys("talkifai", *bodies)
        assert first == again != other

    def test_a_campaign_may_be_paused_twice_and_ends_once(self) -> None:
        def change(status: str, name: str) -> bytes:
            return changed("truedy", event="batch.status.changed", id=name, data={"status": status})

        paused, again, over, once = self.keys(
            "truedy", change("paused", "1"), change("paused", "2"), change("completed", "3"), change("completed", "4")
        )
        assert paused != again
        assert over == once == "truedy:campaign:batch_1:completed"


class Other(Kestrel):
    """A provider from outside, whose webhooks are described by data only."""

    name = "other"


def outside(scheme: provider_api.Webhooks) -> Any:
    return type("Declared", (Other,), {"webhooks": scheme})


class TestDeclared:
    """The schemes of vendors that are not built in."""

    def test_a_time_and_a_signature_in_one_header(self) -> None:
        elevenlabs = outside(
            provider_api.Webhooks(
                signature=HmacSignature(
                    header="ElevenLabs-Signature",
                    signed="{timestamp}.{body}",
                    key="v0",
                    timestamp_key="t",
                    tolerance=timedelta(minutes=30),
                ),
                types={"post_call_transcription": EventType.CALL_ENDED},
                occurred_at="event_timestamp",
                campaign_id="data.metadata.batch_call.batch_call_id",
                contact_id="data.metadata.batch_call.batch_call_recipient_id",
                call_id="data.conversation_id",
                duration="data.metadata.call_duration_secs",
            )
        )
        call = {"batch_call_id": "batchcall_1", "batch_call_recipient_id": "rcp_1"}
        body = as_bytes(
            {
                "type": "post_call_transcription",
                "event_timestamp": int(STAMP) - 4,
                "data": {"conversation_id": "conv_1", "metadata": {"call_duration_secs": 22, "batch_call": call}},
            }
        )
        good = mac(SECRET, f"{STAMP}.".encode() + body)
        event = received(elevenlabs, {"elevenlabs-signature": f"t={STAMP},v0={'0' * 64},v0={good}"}, body)
        assert (event.campaign_id, event.contact_id, event.call_id) == ("batchcall_1", "rcp_1", "conv_1")
        assert (event.duration, event.occurred_at) == (timedelta(seconds=22), NOW - timedelta(seconds=4))
        for value in (f"t={STAMP}", f"v0={good}", f"t={STAMP},t={STAMP},v0={good}", f"t=1{STAMP},v0={good}"):
            with pytest.raises(unibatch.InvalidSignature):
                receive(elevenlabs, {"ElevenLabs-Signature": value}, body, secrets=SECRET, now=NOW)

    def test_a_secret_in_a_header_and_a_status_of_two_words(self) -> None:
        vapi = outside(
            provider_api.Webhooks(
                signature=SharedSecret(header="X-Vapi-Secret"),
                types={"contact.completed": EventType.CALL_ENDED},
                type="message.type",
                occurred_at="message.timestamp",
                campaign_id="message.campaignId",
                contact_id="message.contact.id",
                call_id="message.contact.callId",
                status="message.contact.status",
                reason="message.contact.endedReason",
            )
        )
        contact = {"id": "c-1", "callId": "call-1", "status": "customer.completed", "endedReason": "customer-busy"}
        body = as_bytes(
            {
                "message": {
                    "type": "contact.completed",
                    "timestamp": int(STAMP) * 1000,
                    "campaignId": "x",
                    "contact": contact,
                }
            }
        )
        event = received(vapi, {"x-vapi-secret": SECRET}, body)
        assert (event.status, event.occurred_at, event.contact_id) == (CallStatus.BUSY, NOW, "c-1")
        with pytest.raises(unibatch.InvalidSignature, match="the header X-Vapi-Secret has is none of the secrets"):
            receive(vapi, {"x-vapi-secret": OTHER}, body, secrets=SECRET, now=NOW)
        bearer = SharedSecret(header="Authorization", prefix="Bearer ")
        assert received(vapi, {"Authorization": f"Bearer {SECRET}"}, body, signature=bearer).call_id == "call-1"
        with pytest.raises(unibatch.InvalidSignature, match="does not begin with"):
            receive(vapi, {"Authorization": SECRET}, body, secrets=SECRET, now=NOW, signature=bearer)

    def test_an_id_that_is_signed_and_a_list_of_signatures_in_base64(self) -> None:
        how = HmacSignature(
            header="webhook-signature",
            signed="{id}.{timestamp}.{body}",
            encoding="base64",
            prefix="v1,",
            separator=" ",
            timestamp_header="webhook-timestamp",
            id_header="webhook-id",
            secret="base64",
            secret_prefix="whsec_",
        )
        key = b"\x00\xff of any bytes"
        body = as_bytes({"type": "anything", "id": "msg_1"})
        digest = hmac.new(key, f"msg_1.{STAMP}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "webhook-id": "msg_1",
            "webhook-timestamp": STAMP,
            "webhook-signature": f"v1,AAAA v1a,x v1,{base64.b64encode(digest).decode()}",
        }
        secret = f"whsec_{base64.b64encode(key).decode()}"
        assert received(outside(provider_api.Webhooks(signature=how)), headers, body, secrets=secret).id == "msg_1"
        with pytest.raises(unibatch.ConfigError, match="is not base64"):
            receive(outside(provider_api.Webhooks(signature=how)), headers, body, secrets="whsec_!", now=NOW)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"signed": "{timestamp}"},
            {"signed": "{body}", "timestamp_header": "T"},
            {"signed": "{timestamp}.{body}"},
            {"signed": "{id}.{body}"},
        ],
    )
    def test_a_scheme_in_which_something_counts_that_is_not_signed_cannot_be_declared(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match=r"signed|name"):
            HmacSignature(header="S", **wrong)

    def test_a_provider_without_webhooks_says_so(self) -> None:
        with pytest.raises(unibatch.UnsupportedFeature, match=r"kestrel does not support webhooks\.receive"):
            receive(Kestrel, {}, b"{}", secrets=SECRET)


class TestArguments:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"body": "{}"},
            {"body": {}},
            {"headers": 3},
            {"headers": ["ab", "c"]},
            {"headers": {"a": 3}},
            {"headers": None},
            {"now": NOW.replace(tzinfo=None)},
            {"now": float("nan")},
            {"now": STAMP},
        ],
    )
    def test_what_cannot_be_is_refused(self, wrong: Any) -> None:
        with pytest.raises(unibatch.InvalidInput):
            receive(**{"provider": "truedy", "headers": {}, "body": b"{}", "secrets": SECRET, "now": NOW, **wrong})

    def test_the_present_time_may_be_unix_seconds(self) -> None:
        body = as_bytes(MESSAGES["truedy"])
        assert received("truedy", truedy(body), body, now=NOW.timestamp()).seen_at == NOW

    def test_other_kinds_of_bytes_will_do(self) -> None:
        body = as_bytes(MESSAGES["talkifai"])
        assert received("talkifai", talkifai(body), memoryview(body)).call_id == "call_1"  # type: ignore[arg-type]  # what some servers give


ODD = [
    b"null", b"NaN", b"-Infinity", b"1e999", b"9" * 5_000, b'"\\ud800"', b"[" * 3_000 + b"]" * 3_000, b"true", b'""',
    b'{"a":' * 1_500 + b"1" + b"}" * 1_500, b"\xef\xbb\xbf", b"\xff\xfe", b'"\\u0000"', b"{}", b"[]", b"-0",
    b'"x":1,"x":2', b"2026-13-41", b'"0000-00-00"',
]  # fmt: skip


def mutated(draw: random.Random, body: bytes) -> bytes:
    """The body with something in it that should not be there."""
    for _ in range(draw.randint(1, 3)):
        at, upto = sorted(draw.randint(0, len(body)) for _ in range(2))
        kind = draw.randrange(5)
        if kind == 0:
            body = body[:at] + bytes(draw.randrange(256) for _ in range(draw.randint(1, 4))) + body[at:]
        elif kind == 1:
            body = body[:at] + body[upto:]
        elif kind == 2:
            body = body[:at] + draw.choice(ODD) + body[at:]
        else:  # the value of a key
            values = [index for index, byte in enumerate(body) if byte == ord(":")] or [0]
            begin = draw.choice(values) + 1
            ends = [end for end in (body.find(b",", begin), body.find(b"}", begin)) if end > 0] or [len(body)]
            body = body[:begin] + draw.choice(ODD) + body[min(ends) :]
    return body


def test_of_10_000_mutations_each_is_refused_or_an_event() -> None:
    """Whether the vendor has signed it or not; and what comes out can be written down."""
    draw = random.Random(13)
    outcomes = {True: 0, False: 0}
    for number in range(10_000):
        vendor = ("truedy", "talkifai", "techladder")[number % 3]
        body = mutated(draw, as_bytes(MESSAGES[vendor if vendor in MESSAGES else "truedy"]))
        is_signed = draw.random() < 0.8
        headers = SIGN[vendor](body) if vendor in SIGN else {}
        if not is_signed and headers:
            name = draw.choice([*headers])
            headers[name] = mutated(draw, headers[name].encode()).decode("latin-1")
        try:
            events = receive(vendor, headers, body, secrets=SECRET, now=NOW, allow_unsigned=True)
        except (unibatch.InvalidSignature, unibatch.MalformedWebhook):
            outcomes[False] += 1
            continue
        outcomes[True] += 1
        for event in events:
            json.dumps(to_dict(event))
            event.dedupe_key.encode()
            repr(event)
    assert min(outcomes.values()) > 1_000
