"""Results are the columns of a page's contacts, for any rows: what is counted is what is listed."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unibatch.core.paging import Page
from unibatch.core.provider import ContactFilter, Provider
from unibatch.core.results import COLUMNS, Results
from unibatch.core.structuring import StructureError
from unibatch.providers import registry
from unibatch.testing import play

searched = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

TIMES = [
    *("2026-03-05T09:00:00Z", "2026-03-05T09:00:00.123456+05:30", "2026-03-05T09:00:00", "2026-03-05T24:00:00Z"),
    *("0001-01-01T00:00:00Z", "0001-12-31T23:59:59+01:00", "0002-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"),
    *("2026-02-30T00:00:00Z", "soon", "", None, 5),
]
IDS = ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "", None]
NUMBERS: list[Any] = ["+12125550123", "12125550123", "0171 234", "", None, 12125550123, 1.5e10, True, "+1,+2", []]
LENGTHS = [0, 1, 30, 30.5, -2, 1e12, 1e13, 1e300, None, "30", True]
COUNTS = [0, 1, 2, 3, -1, 2.0, 2.5, None, "2"]

VENDORS: Mapping[str, tuple[Mapping[str, list[Any]], Callable[[list[Any], str | None], Any]]] = {
    "truedy": (
        {
            "contact_id": IDS,
            "id": IDS,
            "phone_number": NUMBERS,
            "phone": NUMBERS,
            "first_name": ["Ada", None, 5],
            "call_status": ["completed", "No-Answer", "hibernating", "voicemail", None],
            "called_at": TIMES,
        },
        lambda rows, _: {"data": rows, "pagination": {"total": 4, "has_more": False}},
    ),
    "techladder": (
        {
            "call_id": IDS,
            "phone_number": NUMBERS,
            "external_id": ["101", "u102", 5, None, []],
            "status": ["completed", "BUSY", "hibernating", "queued", None],
            "started_at": TIMES,
            "ended_at": TIMES,
            "duration_seconds": LENGTHS,
        },
        lambda rows, _: {"data": {"items": rows, "total": 4, "has_more": False}},
    ),
    "talkifai": (
        {
            "id": IDS,
            "phoneNumber": NUMBERS,
            "contactData": [{"name": "Ada", "external_id": 5}, {"name": 5}, None],
            "status": ["completed", "no_answer", "busy", "dialing", "hibernating", "pending", None],
            "attemptCount": COUNTS,
            "maxAttempts": COUNTS,
            "lastAttemptAt": TIMES,
            "nextRetryAt": TIMES,
            "completedAt": TIMES,
            "callDuration": LENGTHS,
        },
        lambda rows, status: {"status": status, "contacts": rows, "contactsTotal": 4, "contactsHasMore": False},
    ),
}
"""For each vendor, what can be under each key of a row, right and wrong, and the answer that the rows are in."""


def rows_of(values: Mapping[str, list[Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some rows, each with any of the values under each key, or without the key."""
    row = st.fixed_dictionaries({key: st.sampled_from([*options, ...]) for key, options in values.items()})
    return st.lists(
        row.map(lambda fields: {key: value for key, value in fields.items() if value is not ...}), max_size=4
    )


def outcome(provider: Provider, body: bytes, *, results_only: bool) -> object:
    """What a page says of the calls, or why it is refused."""
    wanted = ContactFilter(results_only=results_only)
    flow = provider.list_contacts("c1", provider.capabilities.contact_paging.first, wanted)
    try:
        page: Page[Any] = play(flow, body).value
    except StructureError as exc:
        return type(exc), exc.path, exc.reason
    results = Results.of(page.items)
    assert isinstance(page.items, Results) == results_only
    assert page.ids is None or list(page.ids) == list(results.id)
    # As texts, since times that are equal may be in different zones.
    return [list(map(repr, getattr(results, name))) for name in COLUMNS], page.total, page.has_more, page.unread


@pytest.mark.parametrize("vendor", VENDORS)
def test_results_are_those_of_the_contacts(vendor: str) -> None:
    values, answer = VENDORS[vendor]

    @searched
    @given(rows_of(values), st.sampled_from(["running", "completed", None]))
    def holds(rows: list[dict[str, Any]], status: str | None) -> None:
        provider = registry.load(vendor)({})
        body = json.dumps(answer(rows, status)).encode()
        assert outcome(provider, body, results_only=True) == outcome(provider, body, results_only=False)

    holds()
