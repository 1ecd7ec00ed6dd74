"""Any answer of a vendor: canonical objects result, or an error that says where it is wrong. Nothing else."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bothways import ONE_CLIENT, VENDORS, AnyClient, Connect
from tests.replay import answers
from unibatch import Account, Campaign, Contact, MalformedResponse, ProviderError, RateLimited
from unibatch.client.rate_limit import forget_budgets
from unibatch.client.transport import httpx
from unibatch.core.flow import Response
from unibatch.core.refusal import Refusal
from unibatch.core.to_dict import to_dict
from unibatch.providers import registry

# Reproducible, so that a failure is never a matter of luck: change the tests to widen the search.
searched = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

ACCOUNT = {"account_id": "acc_1", "name": "Acme", "limits": {"max_batch_size": 10, "max_call_duration_seconds": 900}}

DOCUMENTS: Mapping[tuple[str, str], Any] = {
    ("truedy", "list_campaigns"): answers("truedy/documented-campaigns-page")[0],
    ("truedy", "get_campaign"): answers("truedy/documented-campaign-of-schema")[0],
    ("truedy", "list_contacts"): answers("truedy/documented-contacts-of-example")[0],
    ("techladder", "list_campaigns"): answers("techladder/life")[0],
    ("techladder", "get_campaign"): answers("techladder/life")[2],
    ("techladder", "list_contacts"): answers("techladder/documented-calls")[0],
    ("techladder", "get_account"): {"status_code": 200, "message": "fetched", "error": None, "data": ACCOUNT},
    ("talkifai", "list_campaigns"): answers("talkifai/life")[0],
    ("talkifai", "get_campaign"): answers("talkifai/life")[2],
    ("talkifai", "list_contacts"): answers("talkifai/life")[2],
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


def shortened(document: Any) -> Any:
    """The same document with one row where it has several."""
    if isinstance(document, dict):
        return {key: shortened(value) for key, value in document.items()}
    return [shortened(value) for value in document[:1]] if isinstance(document, list) else document


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
    b"[" * 1_500 + b"]" * 1_500,
    b'{"a":' * 900 + b"1" + b"}" * 900,
    b'"\\ud800"',
    b'"\\udfff\\ud800"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b"NaN",
    b"-Infinity",
]
DEEPEST = b"[" * 20_000 + b"]" * 20_000
"""Takes as long as all others together, so it stands in every eighth place."""


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
        document = shortened(DOCUMENTS[vendor, operation])
        replaced = [changed(document, at, lambda _: "@") for at in places(document)]
        extended = [changed(document, at, lambda value: with_extra(value, "new", "@")) for at in places(document)]
        bodies = sorted({json.dumps(oddly).encode() for oddly in [*replaced, *extended]})
        for number, body in enumerate(bodies):
            for oddity in ODDITIES if number % 8 else [*ODDITIES, DEEPEST]:
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
