"""Plain dictionaries of what is not read from vendors: drafts, findings, results. Also see ``test_structuring``."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

import unibatch
from unibatch import AddedContacts, CampaignDraft, ContactDraft, InvalidInput, RejectedContact, Start

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


def test_a_draft() -> None:
    start = Start.at(datetime(2026, 3, 5, 9, tzinfo=UTC))
    draft = CampaignDraft(name="Spring", contacts=[ADA], start=start, vendor={"truedy": {"tags": ["a"]}})
    said = {name: value for name, value in plain(draft).items() if value}
    assert said == {
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
