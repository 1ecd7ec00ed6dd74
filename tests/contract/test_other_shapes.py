"""Vendors of quite other shapes than the built-in ones: `unibatch.provider_api` has what they need."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from inspect import signature
from typing import Any, ClassVar

import attrs
import pytest

from tests.bothways import Connect
from tests.client.replies import Replies, Reply
from tests.contract.heron import Heron
from tests.contract.kestrel import Kestrel
from unibatch import (
    AuthenticationError,
    CallStatus,
    Campaign,
    CampaignStatus,
    Conflict,
    IncompleteListing,
    InvalidRequest,
    ListingReport,
    MalformedResponse,
    OutcomeUnknown,
    PaymentRequired,
    RateLimited,
    UnibatchError,
    UnsupportedFeature,
)
from unibatch.client.transport import httpx
from unibatch.core.preflight import compose
from unibatch.provider_api import (
    CampaignDraft,
    CampaignFilter,
    Composition,
    ContactDraft,
    ContactFilter,
    Flow,
    OperationName,
    Provider,
    Request,
    Start,
    When,
    require_whole,
    retry_once,
)
from unibatch.providers import registry
from unibatch.testing import ProviderContract, VendorAccount, play

KEY = "a-key-for-tests"
NUMBER = "+12125550123"

RECIPIENTS: list[dict[str, Any]] = [
    {"id": "r1", "phone_number": NUMBER, "status": "pending", "variables": {"plan": "gold"}},
    {"id": "r2", "phone_number": NUMBER, "status": "dispatched", "updated_at_unix": 1_772_700_000},
    {"id": "r3", "phone_number": None, "status": "completed", "conversation_id": "conv_1"},
]
BATCHES: Mapping[str, dict[str, Any]] = {
    "b1": {"id": "b1", "name": "March", "agent_id": "a1", "status": "completed", "scheduled_at_unix": 1_772_700_000}
    | {"calls_scheduled": 3, "calls_finished": 1, "recipients": RECIPIENTS},
    "b2": {"id": "b2", "status": "in_progress", "calls_scheduled": 0, "recipients": []},
}

CUSTOMERS: list[dict[str, Any]] = [
    {"id": "c1", "number": NUMBER, "status": "customer.dispatched", "dispatched_at": 1_772_700_000_250},
    {"id": "c2", "number": NUMBER, "status": "customer.completed", "ended_reason": "customer-busy"},
    {"id": "c3", "number": NUMBER, "status": "customer.completed", "ended_reason": "customer-ended-call"},
    {"id": "c4", "number": NUMBER, "status": "customer.completed", "ended_reason": "struck-by-lightning"},
    {"id": "c5", "number": NUMBER, "status": "customer.skipped"},
    {"id": "c6", "number": NUMBER, "status": "customer.failed"},
]
BLASTS: Mapping[str, dict[str, Any]] = {
    "b1": {"id": "b1", "status": "timed-out", "plan": {"latest_at": 1_772_700_000_000}}
    | {"counters": {"completed": 3, "failed": 1, "skipped": 1}},
    "b2": {"id": "b2", "status": "scheduled"},
}


def heron_server() -> Callable[[httpx.Request], httpx.Response]:
    """What Heron answers; every page of its batches has one."""
    batches = {**BATCHES}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["x-api-key"] != KEY:
            return httpx.Response(401, json={"detail": {"code": "invalid_api_key"}})
        _, _, batch_id = request.url.path.partition("/batches/")
        if (request.method, batch_id) == ("POST", ""):
            batch = json.loads(request.content)
            recipients = [{"id": f"r{at}", "status": "pending", **each} for at, each in enumerate(batch["recipients"])]
            batch_id = f"b{len(batches) + 10}"
            own = {"id": batch_id, "status": "pending", "calls_scheduled": len(recipients), "recipients": recipients}
            batches[batch_id] = {**batch, **own}
        if not batch_id:
            at = list(batches).index(request.url.params.get("last_doc", "b1"))
            following = [*batches, None][at + 1]
            page = {"batches": [[*batches.values()][at]], "next_doc": following, "has_more": following is not None}
            return httpx.Response(200, json=page)
        if batch_id not in batches:
            return httpx.Response(404, json={"detail": {"code": "not_found"}})
        return httpx.Response(204) if request.method == "DELETE" else httpx.Response(200, json=batches[batch_id])

    return answer


heron = heron_server()


def kestrel(request: httpx.Request) -> httpx.Response:
    """What Kestrel answers."""
    if request.headers["authorization"] != f"Bearer {KEY}":
        return httpx.Response(401, json={"message": "no such key"})
    blast_id, *rest = request.url.path.split("/")[2:]
    if blast_id not in BLASTS:
        return httpx.Response(404, json={"message": "no such blast"})
    if not rest:
        return httpx.Response(200, json=BLASTS[blast_id])
    word = request.url.params.get("status")
    rows = [row for row in CUSTOMERS if blast_id == "b1" and word in {None, row["status"]}]
    return httpx.Response(200, json={"results": rows, "metadata": {"total_items": len(rows), "has_next_page": False}})


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are found by name, as if their packages were installed."""
    made_up = [EntryPoint(kind.name, f"{kind.__module__}:{kind.__name__}", registry.GROUP) for kind in (Heron, Kestrel)]
    monkeypatch.setattr(registry, "BUILT_IN", (*registry.BUILT_IN, *made_up))


def heron_account() -> VendorAccount:
    return VendorAccount(
        base_url=Heron.base_url,
        transport=httpx.MockTransport(heron_server()),
        api_key=KEY,
        campaign_id="b1",
        phone_numbers=[NUMBER, NUMBER, ""],
        empty_campaign_id="b2",
        unknown_campaign_id="b3",
        draft={"agent_id": "a1"},
    )


class TestHeronKeepsTheContract(ProviderContract):
    provider_class: ClassVar[type[Provider]] = Heron

    @pytest.fixture
    def account(self) -> VendorAccount:
        return heron_account()


class Resends(Heron):
    """Sends a creation again after a lost answer."""

    def create_campaign(self, composition: Composition) -> Flow[Campaign]:
        try:
            return (yield from super().create_campaign(composition))
        except OutcomeUnknown:
            (request,) = self.creation(composition)
            return self._read_campaign((yield request))


class LooksNot(Heron):
    """Does not look whether a campaign is there."""

    def _look(self, composition: Composition, seen: list[Campaign]) -> Flow[Campaign | None]:
        del composition, seen
        yield from self.list_campaigns("", CampaignFilter())
        return None


class SaysRepeatable(Heron):
    """Says that its vendor recognises a repetition, in the request alone."""

    def creation(self, composition: Composition) -> Sequence[Request]:
        return [attrs.evolve(request, repeatable=True) for request in super().creation(composition)]


class MindsOnlyTheKey(Heron):
    """Takes every campaign with the key for that of the draft."""

    def create_campaign(self, composition: Composition) -> Flow[Campaign]:
        mark = attrs.evolve(composition.mark, body="")
        return super().create_campaign(attrs.evolve(composition, mark=mark))


class IsLate(Heron):
    """Sends a start that is an hour too late, and compares nothing."""

    def creation(self, composition: Composition) -> Sequence[Request]:
        body = {**composition.body}
        body["scheduled_at_unix"] = body.get("scheduled_at_unix", 0) + 3600
        return super().creation(attrs.evolve(composition, body=body))


class HoldsNot(Heron):
    """Leaves out until when a batch is held, so that it begins at once."""

    def creation(self, composition: Composition) -> Sequence[Request]:
        body = {name: value for name, value in composition.body.items() if name != "scheduled_at_unix"}
        return super().creation(attrs.evolve(composition, body=body))


class AsksForAnother(Heron):
    """Changes something without saying of which campaign."""

    def change(self, operation: OperationName, campaign_id: str, when: When | None = None) -> Request:
        return attrs.evolve(super().change(operation, campaign_id, when), subject=None)


@pytest.mark.parametrize(
    ("broken", "test", "about"),
    [
        (Resends, "test_a_lost_answer_creates_nothing_twice", {"arrives": False}),
        (LooksNot, "test_a_lost_answer_creates_nothing_twice", {"arrives": True}),
        (LooksNot, "test_what_is_asked_for_twice_is_created_once", {}),
        (SaysRepeatable, "test_what_writes_is_repeated_only_where_the_vendor_recognises_it", {}),
        (MindsOnlyTheKey, "test_one_key_is_one_campaign", {}),
        (IsLate, "test_what_was_created_is_what_was_asked_for", {}),
        (HoldsNot, "test_who_is_held_is_not_called", {}),
        (AsksForAnother, "test_each_change_that_is_offered_is_a_request", {}),
    ],
)
def test_a_broken_provider_does_not_keep_the_contract(
    broken: type[Heron], test: str, about: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = TestHeronKeepsTheContract()
    monkeypatch.setattr(TestHeronKeepsTheContract, "provider_class", broken)
    account = heron_account()
    arguments = {"account": account, "client": contract._connect(account), **about}
    method = getattr(contract, test)
    with pytest.raises((AssertionError, UnibatchError, pytest.fail.Exception)):
        method(**{name: value for name, value in arguments.items() if name in signature(method).parameters})


class TestKestrelKeepsTheContract(ProviderContract):
    provider_class: ClassVar[type[Provider]] = Kestrel

    @pytest.fixture
    def account(self) -> VendorAccount:
        return VendorAccount(
            base_url=Kestrel.base_url,
            transport=httpx.MockTransport(kestrel),
            api_key=KEY,
            campaign_id="b1",
            phone_numbers=[NUMBER] * len(CUSTOMERS),
            empty_campaign_id="b2",
            unknown_campaign_id="b3",
        )


class TestHeron:
    def test_all_recipients_come_in_one_answer(self, connect: Connect) -> None:
        listing = connect("heron", answer=heron).list_contacts("b1")
        contacts = list(listing)
        assert [contact.status for contact in contacts] == ["pending", "placed", "completed"]
        assert (contacts[0].field("plan"), contacts[2].call_id) == ("gold", "conv_1")
        assert (listing.report.requests, listing.report.expected_total, listing.report.complete) == (1, 3, True)

    def test_recipients_who_are_missing_are_noticed(self, connect: Connect) -> None:
        short = Replies(Reply(body={"recipients": RECIPIENTS[:2], "calls_scheduled": 3}))
        listing = connect("heron", answer=short).list_contacts("b1")
        with pytest.raises(Exception, match="3 rows were announced, and 2 came"):
            list(listing)

    def test_a_contact_without_a_number_has_an_empty_one(self, connect: Connect) -> None:
        *_, contact = connect("heron", answer=heron).list_contacts("b1")
        assert (contact.phone_number, contact.phone_valid) == ("", False)

    def test_times_are_unix_seconds(self, connect: Connect) -> None:
        client = connect("heron", answer=heron)
        schedule = client.get_campaign("b1").schedule
        assert schedule is not None
        assert schedule.start == list(client.list_contacts("b1"))[1].last_attempt_at
        assert schedule.start == datetime(2026, 3, 5, 8, 40, tzinfo=UTC)

    def test_batches_are_read_by_cursor(self, connect: Connect) -> None:
        listing = connect("heron", answer=heron).list_campaigns()
        assert [campaign.id for campaign in listing] == ["b1", "b2"]
        assert (listing.report.requests, listing.report.expected_total, listing.report.complete) == (2, None, True)

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (401, "quota_exceeded", PaymentRequired),
            (401, "invalid_api_key", AuthenticationError),
            (400, "quota_exceeded", InvalidRequest),
        ],
    )
    def test_a_code_decides_at_the_status_that_it_is_declared_for(
        self, connect: Connect, status: int, code: str, kind: type[Exception]
    ) -> None:
        refused = Replies(Reply(status, {"detail": {"code": code}}))
        with pytest.raises(kind) as caught:
            connect("heron", answer=refused).get_campaign("b1")
        assert type(caught.value) is kind

    def test_a_deletion_without_a_body_is_done(self, connect: Connect) -> None:
        connect("heron", answer=heron).delete_campaign("b1")

    def test_a_read_without_a_body_is_not(self, connect: Connect) -> None:
        with pytest.raises(MalformedResponse):
            connect("heron", answer=Replies(Reply(204))).get_campaign("b1")

    def test_no_limit_makes_it_wait_but_the_vendors_word_does(self, connect: Connect) -> None:
        waits: list[object] = []
        limit = Reply(429, headers={"Retry-After": "3600"})
        replies = Replies(*[Reply(body=BATCHES["b1"])] * 200, limit)
        client = connect("heron", answer=replies, requests_per_minute=None, on_wait=waits.append)
        for _ in range(200):
            client.get_campaign("b1")
        for _ in range(2):
            with pytest.raises(RateLimited):
                client.get_campaign("b1")
        assert (waits, len(replies.requests)) == ([], 201)


class TestCallingAgain:
    DONE: ClassVar = BATCHES["b1"]
    RUNNING: ClassVar = {**DONE, "status": "in_progress"}
    LOST = OutcomeUnknown(provider="heron", operation="retry_campaign", subject="b1", reason="the connection broke")

    def test_it_is_sent_once_and_the_campaign_read_again(self, connect: Connect) -> None:
        replies = Replies(*(Reply(body=body) for body in (self.DONE, self.DONE, self.RUNNING)))
        campaign = connect("heron", answer=replies).retry_campaign("b1")
        assert campaign.status is CampaignStatus.RUNNING
        assert [(request.method, request.url.path) for request in replies.requests] == [
            ("GET", "/batches/b1"),
            ("POST", "/batches/b1/retry"),
            ("GET", "/batches/b1"),
        ]

    def test_an_empty_answer_is_a_success(self, connect: Connect) -> None:
        replies = Replies(Reply(body=self.DONE), Reply(204), Reply(body=self.RUNNING))
        assert connect("heron", answer=replies).retry_campaign("b1").status is CampaignStatus.RUNNING

    def test_a_campaign_that_is_not_over_is_refused(self, connect: Connect) -> None:
        replies = Replies(Reply(body=self.RUNNING))
        with pytest.raises(Conflict):
            connect("heron", answer=replies).retry_campaign("b1")
        assert [request.method for request in replies.requests] == ["GET"]

    def test_a_lost_answer_is_settled_by_the_campaigns_status(self) -> None:
        played = play(self.flow(), self.DONE, self.LOST, self.DONE, self.RUNNING)
        assert played.value.status is CampaignStatus.RUNNING
        assert [(request.method, request.after) for request in played.requests] == [
            ("GET", 0.0),
            ("POST", 0.0),
            ("GET", 0.5),
            ("GET", 2.0),
        ]

    @pytest.mark.parametrize("answer", [LOST, b"<html>welcome to this hotel</html>"], ids=["lost", "no JSON"])
    def test_what_looking_does_not_settle_is_unknown_and_never_sent_again(self, answer: object) -> None:
        with pytest.raises(OutcomeUnknown, match="look whether b1 calls people again"):
            play(self.flow(), self.DONE, answer, self.DONE, self.DONE, self.DONE)

    def test_the_status_proves_nothing_where_it_was_unknown_before(self) -> None:
        with pytest.raises(OutcomeUnknown):
            play(self.flow(), {**self.DONE, "status": "sleeping"}, self.LOST)

    def flow(self) -> Any:
        vendor = Heron({})
        return retry_once(vendor, vendor.change("retry_campaign", "b1"))


class TestCreating:
    PEOPLE: ClassVar = [ContactDraft(phone_number=NUMBER)]
    MARCH: ClassVar = CampaignDraft(
        name="March", contacts=PEOPLE, start=Start.NOW, agent_id="a1", idempotency_key="march"
    )
    CREATED: ClassVar = {
        "id": "b3",
        "status": "in_progress",
        "calls_scheduled": 1,
        "reference": compose(Heron({}), MARCH, datetime(2026, 3, 1, tzinfo=UTC)).body["reference"],
    }
    LOST = OutcomeUnknown(provider="heron", operation="create_campaign", subject=None, reason="the connection broke")

    def test_a_lost_answer_is_settled_by_the_reference(self) -> None:
        played = play(self.flow(), {"batches": []}, self.LOST, {"batches": [self.CREATED]}, self.CREATED)
        assert played.value.id == "b3"
        assert [request.method for request in played.requests] == ["GET", "POST", "GET", "GET"]

    def test_what_looking_does_not_find_is_unknown_and_never_sent_again(self) -> None:
        with pytest.raises(OutcomeUnknown, match="look in Heron's dashboard for a new batch of 1 contact"):
            play(self.flow(), {"batches": []}, self.LOST, *[{"batches": []}] * 3)

    def test_old_batches_that_the_plan_does_not_show_do_not_prevent_it(self) -> None:
        played = play(self.flow(), {"batches": [], "hides_older": True}, self.CREATED, self.CREATED)
        assert [request.method for request in played.requests] == ["GET", "POST", "GET"]

    @pytest.mark.parametrize(
        ("report", "but_withheld", "remedy"),
        [
            (ListingReport(reason="old ones", withheld="old ones"), False, "whenever you try again"),
            (ListingReport(reason="rows moved", withheld="old ones"), True, "when no rows move"),
        ],
        ids=["not allowed", "not all"],
    )
    def test_what_may_be_missing_prevents_it(
        self,
        report: ListingReport,
        but_withheld: bool,  # noqa: FBT001 - a parameter of the test
        remedy: str,
    ) -> None:
        with pytest.raises(IncompleteListing, match=remedy):
            require_whole(report, Heron({}), but_withheld=but_withheld)

    def flow(self) -> Any:
        vendor = Heron({})
        return vendor.create_campaign(compose(vendor, self.MARCH, datetime(2026, 3, 1, tzinfo=UTC)))


class TestKestrel:
    def test_two_fields_are_one_status(self, connect: Connect) -> None:
        contacts = list(connect("kestrel", answer=kestrel).list_contacts("b1"))
        assert [(contact.status, contact.end_reason, contact.is_final) for contact in contacts] == [
            (CallStatus.PLACED, None, False),
            (CallStatus.BUSY, "customer-busy", True),
            (CallStatus.COMPLETED, "customer-ended-call", True),
            (CallStatus.UNKNOWN, "struck-by-lightning", True),
            (CallStatus.SKIPPED, None, True),
            (CallStatus.FAILED, None, True),
        ]
        assert {contact.vendor_status for contact in contacts[1:4]} == {"customer.completed"}

    def test_the_vendor_filters_only_where_the_word_alone_is_the_status(self, connect: Connect) -> None:
        asked: list[httpx.URL] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.url)
            return kestrel(request)

        client = connect("kestrel", answer=answer)
        for status, ids in ((CallStatus.SKIPPED, ["c5"]), (CallStatus.BUSY, ["c2"]), (CallStatus.FAILED, ["c6"])):
            assert [contact.id for contact in client.list_contacts("b1", status=status)] == ids
        words = [url.params.get("status") for url in asked if url.path.endswith("/customers")]
        assert words == ["customer.skipped", None, None]

    def test_times_are_unix_milliseconds(self, connect: Connect) -> None:
        contact = next(iter(connect("kestrel", answer=kestrel).list_contacts("b1")))
        assert contact.last_attempt_at == datetime(2026, 3, 5, 8, 40, 0, 250_000, tzinfo=UTC)

    def test_a_campaign_has_an_end_and_may_expire(self, connect: Connect) -> None:
        campaign = connect("kestrel", answer=kestrel).get_campaign("b1")
        assert campaign.status is CampaignStatus.EXPIRED
        assert (campaign.counts.finished, campaign.counts.skipped) == (3, 1)
        assert campaign.schedule is not None
        assert campaign.schedule.end == datetime(2026, 3, 5, 8, 40, tzinfo=UTC)

    def test_what_it_does_not_offer_is_refused_before_anything_is_sent(self, connect: Connect) -> None:
        replies = Replies(Reply())
        client = connect("kestrel", answer=replies)
        for call in (client.list_campaigns, lambda: client.retry_campaign("b1")):
            with pytest.raises(UnsupportedFeature, match="use Kestrel's dashboard"):
                call()
        assert replies.requests == []


@pytest.mark.parametrize(
    ("flow", "answer", "path"),
    [
        (
            Heron({}).list_contacts("b1", 0, ContactFilter()),
            {"recipients": [{"id": "r1", "status": "pending", "updated_at_unix": "soon"}]},
            "$.recipients[].updated_at_unix",
        ),
        (
            Kestrel({}).list_contacts("b1", 1, ContactFilter()),
            {"results": [{"id": "c1", "status": "customer.pending", "number": {}}]},
            "$.results[].number",
        ),
    ],
    ids=["Heron", "Kestrel"],
)
def test_an_odd_value_is_left_out_and_counted(flow: Any, answer: Any, path: str) -> None:
    assert play(flow, answer).value.unread == {path: 1}
