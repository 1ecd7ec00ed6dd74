"""Any answer of a vendor: canonical objects result, or an error that says where it is wrong. Nothing else."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bothways import ONE_CLIENT, VENDORS, AnyClient, Connect
from unibatch import Account, Campaign, Contact, MalformedResponse, ProviderError, RateLimited
from unibatch.client.rate_limit import forget_budgets
from unibatch.core.flow import Response
from unibatch.core.provider import Refusal
from unibatch.core.to_dict import to_dict
from unibatch.providers import registry

# Reproducible, so that a failure is never a matter of luck: change the tests to widen the search.
searched = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

TRUEDY_CONTACTS = {
    "data": [
        {
            "contact_id": "ctc_1",
            "phone_number": "+15551234567",
            "first_name": "John",
            "call_status": "completed",
            "call_id": "call_1",
            "called_at": "2026-03-05T09:15:00.000000Z",
            "custom_fields": {"plan": "pro"},
        },
        {
            "id": "cnt_2",
            "name": "Jane Doe",
            "phone": "+12125551234",
            "call_status": "pending",
            "call_id": None,
            "called_at": None,
        },
    ],
    "meta": {"request_id": "req_1", "ts": "2026-03-10T17:00:00Z"},
    "pagination": {"total": 2, "limit": 100, "offset": 0, "has_more": False},
}
TRUEDY_CAMPAIGN = {
    "id": "batch_1",
    "name": "March",
    "agent_id": "agt_1",
    "status": "active",
    "phone_number_ids": ["num_1"],
    "total_contacts": 500,
    "completed_contacts": 350,
    "successful_contacts": 280,
    "total_cost_usd": 147.5,
    "average_duration_seconds": 187,
    "scheduled_at": "2026-03-20T09:00:00Z",
    "start_time": "09:00",
    "working_days": [1, 2],
    "retry_attempts": 2,
    "created_at": "2026-03-05T10:00:00.000000Z",
}
TECHLADDER_CALL = {
    "call_id": "call_1",
    "external_id": "101",
    "phone_number": "919876543210",
    "name": "John Doe",
    "status": "completed",
    "duration_seconds": 61,
    "started_at": "2026-03-05T09:00:00Z",
    "ended_at": "2026-03-05T09:01:01Z",
    "metadata": {"Company Name": "Acme"},
}
TECHLADDER_BATCH = {
    "schedule_id": "sched_1",
    "agent_id": "agt-1",
    "status": "active",
    "did_number": "918000000000",
    "total_contacts": 10,
    "concurrency": 3,
    "scheduled_at": "2026-03-05T09:00:00Z",
    "created_at": "2026-03-04T12:00:00Z",
}
TALKIFAI_JOB = {
    "id": "job_1",
    "name": "Renewals",
    "status": "running",
    "agentId": "agent_1",
    "fromPhoneNumberId": "pn_1",
    "totalContacts": 2,
    "statusBreakdown": {"pending": 1, "no_answer": 1},
    "scheduledStartTime": "2026-03-05T08:00:00Z",
    "createdAt": "2026-03-04T12:00:00Z",
    "retryPolicy": {"maxAttempts": 3, "retryableStatuses": ["no_answer", "busy"]},
    "contacts": [
        {
            "id": "con_1",
            "phoneNumber": "+12125550123",
            "contactData": {"phone": "+12125550123", "name": "Jane Doe", "external_id": "101", "plan": "pro"},
            "status": "no_answer",
            "errorCode": "480",
            "attemptCount": 1,
            "maxAttempts": 3,
            "lastAttemptAt": "2026-03-05T09:00:00Z",
            "nextRetryAt": None,
            "callDuration": 12.5,
        }
    ],
    "contactsTotal": 1,
    "contactsHasMore": False,
}


def of_techladder(data: Any) -> dict[str, Any]:
    return {"status_code": 200, "message": "fetched", "error": None, "data": data}


DOCUMENTS: Mapping[tuple[str, str], Any] = {
    ("truedy", "list_campaigns"): {"data": [TRUEDY_CAMPAIGN], "pagination": {"total": 1, "has_more": False}},
    ("truedy", "get_campaign"): {"data": TRUEDY_CAMPAIGN, "meta": {"request_id": "req_1"}},
    ("truedy", "list_contacts"): TRUEDY_CONTACTS,
    ("techladder", "list_campaigns"): of_techladder({"items": [TECHLADDER_BATCH], "total": 1, "has_more": False}),
    ("techladder", "get_campaign"): of_techladder(TECHLADDER_BATCH),
    ("techladder", "list_contacts"): of_techladder({"items": [TECHLADDER_CALL], "total": 1, "has_more": False}),
    ("techladder", "get_account"): of_techladder(
        {"account_id": "acc_1", "name": "Acme", "limits": {"max_batch_size": 10, "max_call_duration_seconds": 900}}
    ),
    ("talkifai", "list_campaigns"): {"batchJobs": [TALKIFAI_JOB], "total": 1, "page": 1, "pageSize": 100},
    ("talkifai", "get_campaign"): TALKIFAI_JOB,
    ("talkifai", "list_contacts"): TALKIFAI_JOB,
}
"""A valid answer of each vendor to each operation."""

OPERATIONS: Mapping[str, Callable[[AnyClient], Any]] = {
    "list_campaigns": lambda client: next(client.list_campaigns().pages()),
    "get_campaign": lambda client: client.get_campaign("some-id"),
    "list_contacts": lambda client: next(client.list_contacts("some-id").pages()),
    "get_account": lambda client: client.get_account(),
}

RAW_AT: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("truedy", "list_campaigns"): ("data",),
    ("truedy", "get_campaign"): ("data",),
    ("truedy", "list_contacts"): ("data",),
    ("techladder", "list_campaigns"): ("data", "items"),
    ("techladder", "get_campaign"): ("data",),
    ("techladder", "list_contacts"): ("data", "items"),
    ("techladder", "get_account"): ("data",),
    ("talkifai", "list_campaigns"): ("batchJobs",),
    ("talkifai", "get_campaign"): (),
    ("talkifai", "list_contacts"): ("contacts",),
}
"""Where in an answer the vendor's own mappings stand."""

texts = st.text(st.characters(codec="utf-8"), max_size=20)
odd_texts = st.sampled_from(
    [
        *("", " ", "null", "0", "-1", "NaN", "sNaN", "Infinity", "1e400", "+1", "x" * 1000, "hibernating"),
        *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+01:00", "2026-02-30", "2026-03-05", "25:00"),
        *("\u0661\u0662", "\x00", "\U0001f4de"),
    ]
)
numbers = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -1, 2**63, 2**64, 10**30, 10**400, 1e308, -0.0, 1e-320])
)
leaves = st.none() | st.booleans() | numbers | texts | odd_texts
any_json = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
deep = st.integers(min_value=1, max_value=150).map(lambda depth: json.loads("[" * depth + "]" * depth))


def places(document: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything in a document."""
    found = [at]
    if isinstance(document, dict):
        for key, value in document.items():
            found += places(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            found += places(value, (*at, index))
    return found


def changed(document: Any, at: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    """A copy of a document in which what stands at a path is changed; a change to ``...`` leaves it out."""
    if not at:
        new = change(document)
        return None if new is ... else new
    if not isinstance(document, (dict, list)):
        return document  # an earlier change has taken this place away
    copy: Any = document.copy()
    key: Any = at[0]
    if key not in (copy if isinstance(copy, dict) else range(len(copy))):
        return copy
    if len(at) > 1:
        copy[key] = changed(copy[key], at[1:], change)
    elif (new := change(copy[key])) is ...:
        del copy[key]
    else:
        copy[key] = new
    return copy


def with_extra(value: Any, key: str, extra: Any) -> Any:
    return {**value, key: extra} if isinstance(value, dict) else value


changes: st.SearchStrategy[Callable[[Any], Any]] = st.one_of(
    (leaves | any_json | deep).map(lambda new: lambda _: new),
    st.just(lambda _: ...),
    st.tuples(texts, any_json).map(lambda extra: lambda value: with_extra(value, *extra)),
    st.just(lambda value: [value]),
    st.just(str),
)


def mutated(document: Any) -> st.SearchStrategy[Any]:
    """A document with up to three changes."""
    edits = st.lists(st.tuples(st.sampled_from(places(document)), changes), min_size=1, max_size=3)

    def apply(chosen: list[tuple[tuple[str | int, ...], Callable[[Any], Any]]]) -> Any:
        result = document
        for at, change in chosen:
            result = changed(result, at, change)
        return result

    return edits.map(apply)


class Vendor:
    """Answers every request with the same body."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        self.headers: dict[str, str] = {}

    def answer(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(self.status, content=self.body, headers=self.headers)


def objects_in(value: Any) -> list[Contact | Campaign | Account]:
    return [value] if isinstance(value, (Campaign, Account)) else list(value)


def check(client: AnyClient, operation: str) -> list[Contact | Campaign | Account] | None:
    """The canonical objects that came, or ``None`` if the answer was refused in the way it must be."""
    try:
        value = OPERATIONS[operation](client)
    except MalformedResponse as exc:
        assert exc.path.startswith("$")  # noqa: PT017 - either outcome is right
        assert str(exc).endswith(exc.path)  # noqa: PT017 - as above
        return None
    things = objects_in(value)
    for thing in things:
        assert type(thing) in (Contact, Campaign, Account)
        json.dumps(to_dict(thing))
        hash(thing)
        repr(thing)
    return things


def at_path(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


each_operation = pytest.mark.parametrize(
    ("vendor", "operation"), [pytest.param(*names, id="-".join(names)) for names in DOCUMENTS]
)


ODDITIES = [
    b"1e999",
    b"-1e999",
    b"9" * 4000,
    b"9" * 5000,
    b"[" * 400 + b"]" * 400,
    b"[" * 990 + b"]" * 990,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b"NaN",
    b"-Infinity",
]


@ONE_CLIENT
@each_operation
class TestSuccess:
    def test_a_valid_answer_is_understood(self, connect: Connect, vendor: str, operation: str) -> None:
        server = Vendor()
        server.body = json.dumps(DOCUMENTS[vendor, operation]).encode()
        things = check(connect(vendor, answer=server.answer), operation)
        assert things

    def test_a_changed_answer(self, connect: Connect, vendor: str, operation: str) -> None:
        server = Vendor()
        client = connect(vendor, answer=server.answer)

        @searched
        @given(mutated(DOCUMENTS[vendor, operation]))
        def holds(document: Any) -> None:
            server.body = json.dumps(document).encode()
            things = check(client, operation)
            if things:
                sent = at_path(document, RAW_AT[vendor, operation])
                sent = sent if isinstance(sent, list) else [sent]
                assert all(dict(thing.raw) in sent for thing in things)

        holds()

    def test_any_other_answer(self, connect: Connect, vendor: str, operation: str) -> None:
        server = Vendor()
        client = connect(vendor, answer=server.answer)

        @searched
        @given((any_json | deep).map(lambda document: json.dumps(document).encode()) | st.binary(max_size=50))
        def holds(body: bytes) -> None:
            server.body = body
            check(client, operation)

        holds()

    def test_what_json_can_hardly_hold_stands_anywhere(self, connect: Connect, vendor: str, operation: str) -> None:
        server = Vendor()
        client = connect(vendor, answer=server.answer)
        document = DOCUMENTS[vendor, operation]
        replaced = [changed(document, at, lambda _: "@") for at in places(document)]
        extended = [changed(document, at, lambda value: with_extra(value, "new", "@")) for at in places(document)]
        for body in {json.dumps(oddly).encode() for oddly in [*replaced, *extended]}:
            for oddity in ODDITIES:
                server.body = body.replace(b'"@"', oddity)
                check(client, operation)


@pytest.mark.parametrize("vendor", VENDORS)
class TestErrors:
    @ONE_CLIENT
    def test_any_error_is_an_error_of_the_vendor(self, connect: Connect, vendor: str) -> None:
        server = Vendor()
        errors = {
            "error": {
                "code": "X",
                "message": "m",
                "details": {"field": "name", "reason": "r", "reset_at": "2026-03-05T09:01:00Z"},
            },
            "detail": [{"loc": ["body", 0], "msg": "m"}],
            "meta": {"request_id": "req_1"},
            "message": "m",
            "code": "X",
        }

        @searched
        @given(st.sampled_from([400, 401, 402, 403, 404, 405, 409, 418, 422, 429, 500, 503, 599]), mutated(errors))
        def holds(status: int, document: Any) -> None:
            server.status, server.body = status, json.dumps(document).encode()
            forget_budgets()  # nobody waits for what the example before has said
            client = connect(vendor, answer=server.answer)
            with pytest.raises(ProviderError) as caught:
                client.get_campaign("some-id")
            assert caught.value.http_status == status

        holds()

    def test_any_bytes_can_be_a_refusal(self, vendor: str) -> None:
        provider = registry.load(vendor)({})

        @searched
        @given(st.binary(max_size=60) | any_json.map(lambda document: json.dumps(document).encode()))
        def holds(content: bytes) -> None:
            assert isinstance(provider.refusal(Response(status=500, content=content)), Refusal)

        holds()

    @ONE_CLIENT
    def test_any_header_can_say_when_to_try_again(self, connect: Connect, vendor: str) -> None:
        server = Vendor()
        server.status = 429
        printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
        dates = st.lists(
            st.sampled_from(
                ["Mon,", "05", "Mar", "2026", "99999999999", "09:00:00", "GMT", "+0530", "-9999", ",", "(", "-", ":"]
            ),
            max_size=8,
        ).map(" ".join)
        values = printable | dates | st.integers().map(str) | st.floats().map(str) | st.just("9" * 5000)

        @searched
        @given(values, values)
        def holds(retry_after: str, reset: str) -> None:
            server.headers = {"Retry-After": retry_after, "X-RateLimit-Reset": reset}
            forget_budgets()  # nobody waits for what the example before has said
            client = connect(vendor, answer=server.answer)
            with pytest.raises(RateLimited) as caught:
                client.get_campaign("some-id")
            assert caught.value.retry_at is None or caught.value.retry_at.utcoffset() is not None
            assert str(caught.value)

        holds()
