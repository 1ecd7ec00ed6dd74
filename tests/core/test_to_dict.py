"""Plain dictionaries of canonical objects."""

import json
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

import unibatch
from unibatch import (
    Account,
    AccountLimits,
    AddedContacts,
    CallStatus,
    Campaign,
    CampaignDraft,
    CampaignStatus,
    Contact,
    ContactDraft,
    Counts,
    InvalidInput,
    ListingReport,
    Money,
    RedialPolicy,
    RejectedContact,
    Schedule,
    Start,
)

ADA = ContactDraft(phone_number="+12125550123", first_name="Ada", fields={"seats": 2})
ADA_PLAIN = {
    "phone_number": "+12125550123",
    "name": None,
    "first_name": "Ada",
    "last_name": None,
    "email": None,
    "external_id": None,
    "fields": {"seats": 2},
}


def plain(thing: Any) -> Any:
    """As a program gets it that reads the JSON."""
    return json.loads(json.dumps(unibatch.to_dict(thing)))


def given(thing: Any) -> Any:
    """Without what is empty; every public attribute has its key."""
    said = plain(thing)
    assert [*said] == [field.alias for field in attrs.fields(type(thing))]
    return {name: value for name, value in said.items() if value not in (None, [], {})}


def test_a_contact() -> None:
    contact = Contact(
        id="c1",
        provider="acme",
        campaign_id="b1",
        phone_number="+15551234567",
        phone_valid=True,
        fields={"plan": "pro", "tags": [1, None]},
        status=CallStatus.NO_ANSWER,
        is_final=False,
        attempts=1,
        last_attempt_at=datetime(2026, 3, 5, 9, 15, tzinfo=UTC),
        started_at=datetime(2026, 3, 5, 9, 15, 0, 250000, tzinfo=UTC),
        duration=timedelta(minutes=1, seconds=30),
        raw={"id": "c1"},
    )
    assert given(contact) == {
        "id": "c1",
        "provider": "acme",
        "campaign_id": "b1",
        "phone_number": "+15551234567",
        "phone_valid": True,
        "fields": {"plan": "pro", "tags": [1, None]},
        "status": "no_answer",
        "is_final": False,
        "attempts": 1,
        "last_attempt_at": "2026-03-05T09:15:00Z",
        "started_at": "2026-03-05T09:15:00.250000Z",
        "duration": 90,
        "raw": {"id": "c1"},
    }


def test_a_campaign() -> None:
    campaign = Campaign(
        id="b1",
        provider="acme",
        status=CampaignStatus.RUNNING,
        from_numbers=("+15551234567",),
        counts=Counts(total=2, by_status={CallStatus.BUSY: 1, CallStatus.PENDING: 1}),
        schedule=Schedule(start=datetime(2026, 3, 5, 9, tzinfo=UTC), window_end=time(17, 30), weekdays=(1, 2)),
        retry=RedialPolicy(max_attempts=3, retry_on=frozenset(CallStatus)),
        cost=Money(Decimal("147.50"), "USD"),
        average_duration=timedelta(seconds=61.5),
        raw={"id": "b1"},
    )
    said = given(campaign)
    assert {name: value for name, value in said.pop("counts").items() if value is not None} == {
        "total": 2,
        "by_status": {"busy": 1, "pending": 1},
    }
    assert {name: value for name, value in said.pop("schedule").items() if value is not None} == {
        "start": "2026-03-05T09:00:00Z",
        "window_end": "17:30:00",
        "weekdays": [1, 2],
    }
    assert said == {
        "id": "b1",
        "provider": "acme",
        "status": "running",
        "from_numbers": ["+15551234567"],
        "retry": {"max_attempts": 3, "retry_on": sorted(CallStatus)},  # in an order that does not depend on chance
        "cost": {"amount": "147.50", "currency": "USD"},
        "average_duration": 61.5,
        "raw": {"id": "b1"},
    }


def test_an_account_and_a_report() -> None:
    limits = AccountLimits(max_call_duration=timedelta(minutes=15), requests_per_minute=300)
    said = given(Account(id="acc_1", provider="acme", limits=limits, raw={"account_id": "acc_1"}))
    assert said["limits"] == {
        "max_contacts": None,
        "max_concurrency": None,
        "max_call_duration": 900,
        "requests_per_minute": 300,
    }
    assert given(ListingReport(expected_total=3, seen=3, requests=1, complete=True)) == {
        "expected_total": 3,
        "seen": 3,
        "duplicates": 0,
        "requests": 1,
        "passes": 1,
        "complete": True,
    }


def test_a_draft() -> None:
    start = Start.at(datetime(2026, 3, 5, 9, tzinfo=UTC))
    draft = CampaignDraft(name="Spring", contacts=[ADA], start=start, vendor={"truedy": {"tags": ["a"]}})
    assert given(draft) == {
        "name": "Spring",
        "contacts": [ADA_PLAIN],
        "start": {"kind": "at", "moment": "2026-03-05T09:00:00Z", "timezone": None},
        "vendor": {"truedy": {"tags": ["a"]}},
    }


def test_a_preflight() -> None:
    draft = CampaignDraft(name="Spring", contacts=[ADA], start=Start.HOLD, agent_id="agt-1", description="x")
    found = plain(unibatch.preflight(draft, "truedy"))
    lost = next(finding for finding in found["findings"] if finding["field"] == "description")
    assert found["provider"] == "truedy"
    assert (lost["fit"], lost["sent"], lost["acceptable"]) == ("unsupported", {}, True)


def test_what_happened_to_added_contacts() -> None:
    added = AddedContacts(campaign_id="c-1", added=(ADA,), rejected=(RejectedContact(ADA, "is blocked"),))
    assert plain(added) == {
        "campaign_id": "c-1",
        "added": [ADA_PLAIN],
        "duplicates": [],
        "rejected": [{"contact": ADA_PLAIN, "reason": "is blocked"}],
        "unknown": [],
    }


def test_a_list_of_contacts() -> None:
    rows: list[dict[str, Any]] = [
        {"phone": "+12125550123", "first name": "Ada", "seats": 2},
        {"phone": "12"},
        {"phone": "+12125550123"},
    ]
    read = plain(unibatch.read_contacts(rows))
    assert read["contacts"] == [ADA_PLAIN]
    assert (read["rejected"][0]["line"], read["rejected"][0]["row"]) == (2, {"phone": "12"})
    assert [(row["line"], row["first_line"]) for row in read["repeated"]] == [(3, 1)]
    assert read["columns"] == {"phone": "phone_number", "first name": "first_name", "seats": "fields.seats"}


@pytest.mark.parametrize("thing", [None, "text", {"a": 1}, [ADA], CampaignDraft])
def test_another_kind_of_object_is_refused(thing: Any) -> None:
    with pytest.raises(InvalidInput, match="to_dict takes an object of unibatch, such as a Campaign, not "):
        unibatch.to_dict(thing)


def test_words_are_plain_texts() -> None:
    """Other serializers than ``json`` refuse members of an ``Enum``."""
    policy = unibatch.to_dict(RedialPolicy(retry_on=frozenset({CallStatus.BUSY})))
    assert [type(word) for word in policy["retry_on"]] == [str]
    report = unibatch.to_dict(unibatch.preflight(CampaignDraft(name="x", contacts=[ADA], start=Start.NOW), "truedy"))
    assert {type(finding["fit"]) for finding in report["findings"]} == {str}
